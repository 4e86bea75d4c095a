"""The tail ledger of a journal, for verbs that need no desk: the facts, under the settings.

A running desk folds the same facts in the same order, so either tells the same tree.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hedgetui import config
from hedgetui.console.settings import journal_path, loaded, named_file
from hedgetui.domain import events as ev
from hedgetui.domain.errors import StoreError, UsageError
from hedgetui.domain.events import Fact
from hedgetui.domain.tails.contracts import contract_key
from hedgetui.domain.tails.facts import TAIL_TYPES
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import Key, Linking, Mode, Policy
from hedgetui.domain.tails.policy import Levels, Override
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp, utc_date
from hedgetui.store.reading import facts_of, newest_at

KINDS = tuple(
    kind.__name__
    for kind in (
        *TAIL_TYPES, ev.IntentRecorded, ev.IntentMoved, ev.FillBooked, ev.CommissionBooked,
    )
)  # fmt: skip
"""Kinds of the facts that a ledger folds."""
_EXACT = re.compile(
    r"(?P<account>.+?)(?:\s*[+:]\s*|\s+)"
    r"(?P<contract>[A-Za-z]{2,3} ?\d{6}|[A-Za-z]{3,4}(?:\d{4}|\d{1,2}))"
)
_LOOSE = re.compile(r"(?P<account>.+?)(?:\s*[+:]\s*|\s+)(?P<contract>.+)")


@dataclass(frozen=True, slots=True)
class Recorded:
    """The ledger of a journal and the moment it is of."""

    ledger: Ledger
    now: Timestamp
    settings: config.AccountsSettings


def recorded(options: argparse.Namespace) -> Recorded:
    """Fold the journal, which a desk may be writing; a profile that never ran has an empty ledger.

    Raises:
        StoreError: `--db` names no journal, or it cannot be read.
    """
    found, path = loaded(options), journal_path(options)
    settings = found.settings
    if not path.exists() and named_file(options, "db") is not None:
        message = f"there is no journal at {path}"
        raise StoreError(message, hint="run `hedgetui` once, or name one with --db")
    newest, facts = (newest_at(path), facts_of(path, KINDS)) if path.exists() else (None, ())
    return Recorded(
        ledger_of(settings.accounts, facts), moment(settings, newest), settings.accounts
    )


def ledger_of(accounts: config.AccountsSettings, facts: Iterable[Fact]) -> Ledger:
    """Return a ledger under the configured policies."""
    return Ledger(levels_of(accounts), Linking(accounts.linking), facts)


def levels_of(accounts: config.AccountsSettings) -> Levels:
    """Return the configured policies of the instance, the exchanges and the keys."""
    return Levels(
        Policy(Mode(accounts.mode), accounts.threshold_pct, accounts.ticks_into_market),
        {name: _override(one) for name, one in accounts.exchange.items()},
        {one.key: _override(one) for one in accounts.keys},
    )


def _override(one: config.OverrideSettings) -> Override:
    mode = None if one.mode is None else Mode(one.mode)
    return Override(mode, one.threshold_pct, one.ticks_into_market)


def moment(settings: config.Settings, newest: Timestamp | None) -> Timestamp:
    """Return what time it is for a journal whose newest fact is of `newest`.

    A simulator's time stands still while it does not run.
    """
    if settings.general.profile == "sim":
        start = Timestamp(settings.simulator.start.timestamp())
        return start if newest is None else newest
    return Timestamp(max(time.time(), newest or 0.0))


def key_of(words: Iterable[str], now: Timestamp) -> Key:
    """Read a key from the command line: `A+ZCEZ20`, `A:ZC 202512`, or in several words.

    Args:
        words: as they were typed.
        now: short years are the closest ones to it.

    Raises:
        UsageError: the words are no account and contract.
        DataError: the contract is not known.
    """
    text = " ".join(words).strip()
    read = _EXACT.fullmatch(text) or _LOOSE.fullmatch(text)
    if read is None:
        message = f"{safe(text, 60)!r} is not a key"
        raise UsageError(message, hint="ACCOUNT+CONTRACT, as in PSHAOTCHMS+ZCZ25")
    return Key(read["account"], contract_key(read["contract"], day_of(now)))


def day_of(now: Timestamp) -> date:
    """Return the date by which short years are read."""
    return utc_date(now)


def text_of(file: str) -> str:
    """Return a file's text.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        return Path(file).expanduser().read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{file} is not UTF-8 text (byte {error.start})"
        raise UsageError(message) from error
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"cannot read {file}: {reason}"
        raise UsageError(message) from error
