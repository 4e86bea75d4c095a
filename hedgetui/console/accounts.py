"""`hedgetui accounts tree | export | what-if`: hedge accounts in the journal, and their rule.

No desk is opened: a tree follows from the facts, whoever else is writing them.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from hedgetui.console import output
from hedgetui.console.accounts_ledger import recorded
from hedgetui.domain.errors import UsageError
from hedgetui.domain.tails.contracts import price_words
from hedgetui.domain.tails.csv_file import links_csv, orders_csv
from hedgetui.domain.tails.model import Mode, Policy
from hedgetui.domain.tails.rules import check_policy, propose
from hedgetui.domain.tails.tree import tails_view, tree_document
from hedgetui.domain.tails.windows import LEAST_DAYS, MOST_DAYS
from hedgetui.domain.units import Timestamp, iso_utc
from hedgetui.ports.tails import CashRow, HedgeRow, TailRow

_MOST = 10**15
"""Units; nobody owns more, and sums of them are still printed whole."""


def what_if(options: argparse.Namespace) -> int:
    """Print what the rule would place for a balance; nothing is sent.

    Raises:
        UsageError: a number is out of range, or the mode may not have that threshold.
    """
    for name in ("balance", "pending"):
        if abs(getattr(options, name)) > _MOST:
            message = f"--{name} is out of range (±{_MOST:,} units)"
            raise UsageError(message)
    if not 0 < options.contract_size <= _MOST:
        message = f"--contract-size {options.contract_size} is not a positive number of units"
        raise UsageError(message)
    policy = Policy(Mode(options.mode), options.threshold)
    if why := check_policy(policy.mode, policy.threshold_pct):
        message = f"--threshold: {why}"
        raise UsageError(message)
    e = options.balance + options.pending
    found = propose(e, options.contract_size, policy)
    side, lots, after = (
        (None, 0, e) if found is None else (found.side.value, found.lots, found.balance_after)
    )
    if output.wants_json(options):
        output.print_json({"side": side, "lots": lots, "balance_after": after})
    else:
        order = f"{side} {lots}" if side else "nothing to place"
        output.print_lines([f"{order}   balance {e:+,} → {after:+,}"])
    return 0


def tree(options: argparse.Namespace) -> int:
    """Print every tail with the hedges and the cash that make it.

    Raises:
        UsageError: the days are out of range, or both --days and --all are said.
        StoreError: the journal cannot be read.
    """
    if options.all and options.days is not None:
        message = "--days and --all exclude each other"
        raise UsageError(message)
    if options.days is not None and not LEAST_DAYS <= options.days <= MOST_DAYS:
        message = f"--days {options.days} is not {LEAST_DAYS} to {MOST_DAYS}"
        raise UsageError(message, hint="--all shows everything")
    found = recorded(options)
    days = options.days or found.settings.look_back_days
    rows = tails_view(found.ledger, found.now, None if options.all else days)
    if output.wants_json(options):
        output.print_json(tree_document(rows))
        return 0
    output.print_lines([line for row in rows for line in tree_lines(row, found.now)])
    if not rows:
        output.say("no hedge account has a cash or hedge order yet")
    return 0


def tree_lines(row: TailRow, now: Timestamp) -> Iterator[str]:
    """Yield one key as lines for people: the key, its hedges, the cash under them."""
    same = row.hm_unhedged == row.tail
    unhedged = "" if same else f"   HM unhedged {row.hm_unhedged:+,} ≠ by {row.offsets:+,}"
    pending = f"   pending {row.pending:+,}" if row.pending else ""
    head = f"{row.account} {row.contract}   tail {row.tail:+,} {row.unit}{unhedged}{pending}"
    yield f"{head}   {row.mode} {row.threshold_pct} %"
    if row.carried_in:
        yield f"  carried in {row.carried_in:+,}"
    for hedge in row.hedges:
        yield _hedge_line(hedge, now)
        yield from (_cash_line(cash) for cash in hedge.cash)


def _hedge_line(hedge: HedgeRow, now: Timestamp) -> str:
    if hedge.lots is None:
        days = "" if hedge.at is None else f" · {max(0.0, now - hedge.at) / 86_400:.0f} d"
        return f"  TBD · {hedge.side.lower()}s {hedge.units:,}{days}"
    price = "" if hedge.price is None else f" @ {price_words(hedge.price)}"
    spare = f" · {hedge.open:,} open" if hedge.open else ""
    at = "" if hedge.at is None else f" · {iso_utc(hedge.at)}"
    words = f"{hedge.hedge_id} {hedge.side} {hedge.lots}{price} · {hedge.state} {hedge.units:,}"
    return f"  {words}{spare} · {hedge.origin}{at}"


def _cash_line(cash: CashRow) -> str:
    rest = f" · {cash.unlinked:,} unlinked" if cash.unlinked else ""
    return f"    {cash.cash_id} {cash.side} {cash.size:,} · hedged {cash.hedged:,}{rest}"


def export(options: argparse.Namespace) -> int:
    """Write every cash and hedge order, or every link, as CSV.

    Raises:
        UsageError: the file exists or cannot be written.
        StoreError: the journal cannot be read.
    """
    ledger = recorded(options).ledger
    text = links_csv(ledger) if options.links else orders_csv(ledger)
    if options.file is None:
        if output.wants_json(options):
            output.print_json({"csv": text})
        else:
            output.write(text)
        return 0
    place = _written(options.file, text)
    rows = text.count("\n") - 1
    if output.wants_json(options):
        output.print_json({"code": "done", "message": f"{rows} rows", "file": str(place)})
    else:
        output.print_lines([f"{place}: {rows} rows"])
    return 0


def _written(file: str, text: str) -> Path:
    """Write a new file, readable by its owner alone; an existing one stays as it is."""
    place = Path(file).expanduser()
    try:
        with os.fdopen(
            os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as stream:
            stream.write(text)
    except FileExistsError as error:
        message = f"{file} exists and stays as it is"
        raise UsageError(message) from error
    except OSError as error:
        message = f"cannot write {file}: {error.strerror}"
        raise UsageError(message) from error
    return place
