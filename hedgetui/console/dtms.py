"""`hedgetui dtms status | trade | history`: the defence, asked of the running desk or the journal.

No broker is asked and no desk is opened for it: a desk opened for a moment would begin to defend.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from hedgetui.adapters.control.client import ControlClient
from hedgetui.config.edit import redacted
from hedgetui.console import dtms_documents as documents
from hedgetui.console import output
from hedgetui.console.dtms_book import KINDS, NOBODY, book_of, view_of
from hedgetui.console.settings import journal_path, loaded, named_file, socket_path
from hedgetui.domain.dtms.book import DefenceBook
from hedgetui.domain.errors import StoreError, UsageError
from hedgetui.domain.units import iso_utc
from hedgetui.ports.dtms import DefenceRow, DefenceView
from hedgetui.store.reading import facts_of

DESK = "desk"
JOURNAL = "journal"
_HALF = 10
"""Characters of half a component's bar."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The defence, and who told of it."""

    view: DefenceView
    source: str
    past: Callable[[], DefenceBook]
    """Reads what the journal holds, for a trade the desk shows no more."""

    def find(self, ticket: int) -> DefenceRow:
        """Return a trade by its ticket or its position's identifier, closed ones included.

        Raises:
            UsageError: there is none; the hint names the nearest.
        """
        rows: list[DefenceRow] = []
        for now in (True, False):
            view = self.view if now else view_of(self.past())
            rows += [*view.rows, *view.closed]
            if found := [row for row in rows if ticket in {row.ticket, row.identifier}]:
                return found[0]
        reasons = {row.ticket: row.why for row in self.view.unwatched}
        raise unknown_ticket(ticket, (row.ticket for row in rows), reasons.get(ticket, ""))


def unknown_ticket(
    ticket: int, known: Iterable[int], why: str = "", what: str = "watched trade"
) -> UsageError:
    """Return the refusal of a ticket that is not among the `known` ones, with the nearest."""
    if why:
        message = f"#{ticket} is not watched: {why}"
        return UsageError(message, hint=f"hedgetui dtms adopt {ticket}", code="no-such-trade")
    tickets = list(dict.fromkeys(str(one) for one in known))
    near = get_close_matches(str(ticket), tickets, n=1, cutoff=0.0)
    hint = f"did you mean {near[0]}?" if near else f"there is no {what}"
    return UsageError(f"no {what} #{ticket}", hint=hint, code="no-such-trade")


def seen(options: argparse.Namespace) -> Seen:
    """Ask the running desk; without one, or without MT5 there, read the journal.

    Raises:
        BrokerUnreachable: a desk runs and does not answer.
        StoreError: `--db` names no journal, or it cannot be read.
    """
    found = loaded(options)
    # A thread of its own: the Python functions may be called where a loop runs already.
    with ThreadPoolExecutor(1) as pool:
        live = pool.submit(asyncio.run, _ask(socket_path(options, found.paths))).result()
    if live is not None and live.mt5.link != "off":
        return Seen(live, DESK, lambda: recorded(options))
    book = recorded(options)
    if live is not None and not book.trades:
        return Seen(live, DESK, lambda: book)
    view = replace(view_of(book), rule_set=found.settings.dtms.profile)
    return Seen(view, JOURNAL, lambda: book)


def recorded(options: argparse.Namespace) -> DefenceBook:
    """Fold the journal; a profile that never ran has an empty book.

    Raises:
        StoreError: `--db` names no journal, or it cannot be read.
    """
    path = journal_path(options)
    if not path.exists():
        if named_file(options, "db") is not None:
            message = f"there is no journal at {path}"
            raise StoreError(message, hint="run `hedgetui` once, or name one with --db")
        return DefenceBook()
    return book_of(facts_of(path, KINDS))


async def _ask(path: Path) -> DefenceView | None:
    client = await ControlClient.connect(path)
    if client is None:
        return None
    try:
        return (await client.snapshot()).defence
    finally:
        await client.close()


# --- verbs -----------------------------------------------------------------------------------


def status(options: argparse.Namespace) -> int:
    """Print how many trades are defended and where they stand."""
    told = seen(options)
    _say_source(told.source)
    document = documents.status(told.view, told.source)
    if output.wants_json(options):
        output.print_json(document)
    else:
        _print_status(told.view)
    return 0


def trade(options: argparse.Namespace) -> int:
    """Print one trade: state, score, deadlines, guards."""
    told = seen(options)
    row = told.find(options.ticket)
    _say_source(told.source)
    if output.wants_json(options):
        output.print_json(documents.trade(row, told.source))
    else:
        output.print_lines(trade_lines(row))
    return 0


def history(options: argparse.Namespace) -> int:
    """Print every action, oldest first, or those of one trade; always from the journal."""
    rows = actions(recorded(options), options.ticket)
    if output.wants_json(options):
        output.print_json(rows)
        return 0
    head = ("Planned", "Ticket", "Symbol", "Action", "State", "Code", "Result", "Rule", "By")
    names = ("planned_at", "ticket", "symbol", "kind", "state", "retcode", "result", "rule", "by")
    output.print_table(head, [[_word(row[name]) for name in names] for row in rows])
    return 0


def actions(book: DefenceBook, ticket: int | None) -> list[documents.Document]:
    """Return the documents of every action, oldest first, or of one trade's.

    Raises:
        UsageError: no such trade was ever watched; the hint names the nearest.
    """
    tickets = {trade.identifier: trade.ticket for trade in book.trades.values()}
    chosen = book.actions.values()
    if ticket is None:
        return [documents.history(action, tickets) for action in chosen]
    trades = {key for key, now in tickets.items() if ticket in {key, now}}
    if not trades:
        raise unknown_ticket(ticket, tickets.values())
    return [documents.history(action, tickets) for action in chosen if action.trade in trades]


def _say_source(source: str) -> None:
    if source == JOURNAL:
        output.say(f"{NOBODY}; this is what the journal holds, no broker was asked")


def _print_status(view: DefenceView) -> None:
    mt5 = view.mt5
    login = str(redacted(mt5.login))
    words = [mt5.link, mt5.reason, mt5.backend, login, mt5.server, mt5.margin_mode]
    lines = [f"MT5        {' · '.join(word for word in words if word)}"]
    if mt5.link == "off":
        lines.append("           this profile has no MT5: [profile.paper.mt5] backend")
    counts = documents.status(view, "")["trades_by_state"]
    told = ", ".join(f"{n} {state}" for state, n in counts.items() if n) or "none"
    lines.append(f"trades     {len(view.rows)}: {told}")
    lines += [f"frozen     {view.frozen}"] if view.frozen else []
    lines += [f"rail       {rail}" for rail in view.rails]
    lines += [f"UNKNOWN    #{one.ticket} {one.kind} {one.text}" for one in view.unknown]
    if view.last_cycle_at is not None:
        lines.append(f"checked    {iso_utc(view.last_cycle_at)}")
    output.print_lines(lines)
    if view.rows:
        _print_trades(view)
    lines = [
        f"unwatched  #{one.ticket} {one.symbol} {one.side}: {one.why}" for one in view.unwatched
    ]
    output.print_lines(lines)


def _print_trades(view: DefenceView) -> None:
    head = (
        "Ticket",
        "Symbol",
        "Side",
        "Lots",
        "u R",
        "Score",
        "State",
        "Hedge",
        "Auto",
        "Degraded",
    )
    output.print_table(
        head,
        [
            (
                str(row.ticket), row.symbol, row.side, row.volume, row.u, row.score, row.state,
                "-" if row.hedge is None else _hedge_words(row), row.automation, row.degraded,
            )
            for row in view.rows
        ],
    )  # fmt: skip


def _hedge_words(row: DefenceRow) -> str:
    hedge = row.hedge
    if hedge is None:
        return "none"
    name = "virtual" if hedge.virtual else f"#{hedge.ticket}"
    stop = "no stop" if hedge.sl is None else f"SL {hedge.sl:.{row.digits}f}"
    soft = " SOFT SL" if hedge.soft_sl else ""
    return f"{name} {hedge.side} {hedge.volume:g} {stop}{soft}"


def trade_lines(row: DefenceRow) -> list[str]:
    """Return one trade as lines for people."""
    score = "n/a" if row.score is None else f"{row.score:+.1f}"
    u = "n/a" if row.u is None else f"{row.u:+.2f} R"
    lines = [
        f"#{row.ticket} {row.symbol} {row.side} {row.volume:g} @ {row.entry:.{row.digits}f}",
        f"  state       {row.state} since {iso_utc(row.since)}",
        f"  score       {score}   u {u}",
    ]
    if row.components is not None:
        pairs = documents.trade(row, "")["components"].items()
        lines += [f"  {name:<11} {value:+5.2f} {_bar(value)}" for name, value in pairs]
    lines += [f"  {flag}" for flag in row.flags]
    lines.append(f"  hedge       {_hedge_words(row)}")
    for name, at in (("flat at", row.flat_at), ("recover by", row.recover_by)):
        if at is not None:
            lines.append(f"  {name:<11} {iso_utc(at)}")
    lines += [f"  {'✓' if one.ok else '✗'} {one.rule}: {one.words}" for one in row.guards]
    texts = (("automation", row.automation), ("pending", row.pending),
             ("degraded", row.degraded), ("why", row.why))  # fmt: skip
    lines += [f"  {name:<11} {text}" for name, text in texts if text]
    lines += [f"  {iso_utc(one.at)} {one.state} {one.rule} {one.why}" for one in row.lane]
    return lines


def _bar(value: float) -> str:
    """Return a component as a bar from the middle, three points a full half."""
    width = min(_HALF, round(abs(value) / 3 * _HALF))
    left, right = (width, 0) if value < 0 else (0, width)
    return f"{'▇' * left:>{_HALF}}│{'▇' * right}"


def _word(value: object) -> str:
    return "-" if value is None or value == "" else str(value)
