"""The defence as its journal has it, for when no desk runs: what was, and nothing about now.

Prices, results and scores are not known without a terminal and stay empty; nobody is watching, and
the view says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hedgetui.config.edit import redacted
from hedgetui.domain.dtms.book import DefenceBook, fold
from hedgetui.domain.dtms.facts import DEFENCE_TYPES
from hedgetui.domain.dtms.model import ActionRecord, Hedge, Trade
from hedgetui.domain.events import Fact, LinkState
from hedgetui.ports.dtms import DefenceRow, DefenceView, HedgeView, LaneStep, Mt5View

KINDS = tuple(kind.__name__ for kind in DEFENCE_TYPES)
"""Kinds of the facts a book is folded from."""
NOBODY = "no desk is running: nothing is watched"


def book_of(facts: Iterable[Fact]) -> DefenceBook:
    """Fold the facts of a journal."""
    book = DefenceBook()
    for fact in facts:
        book = fold(book, fact)
    return book


def view_of(book: DefenceBook) -> DefenceView:
    """Return what the book says, in the shape a running desk answers in."""
    rows = [_row(book, trade) for trade in book.trades.values()]
    return DefenceView(
        Mt5View(
            LinkState.DOWN.value,
            NOBODY,
            login=masked(book.login),
            server=book.server,
        ),
        rows=tuple(row for row in rows if row.state != "CLOSED"),
        closed=tuple(reversed([row for row in rows if row.state == "CLOSED"])),
        frozen=NOBODY,
    )


def masked(login: int) -> str:
    """Return an account number without its middle, empty for none."""
    return str(redacted(str(login))) if login else ""


def result_of(action: ActionRecord) -> str:
    """Return what became of an action in a few words."""
    if action.price is not None and action.filled:
        return f"{action.filled} @ {action.price:g}"
    return action.message


def _row(book: DefenceBook, trade: Trade) -> DefenceRow:
    lane = book.past.get(trade.identifier, ())
    pending = next(
        (one for one in book.actions_of(trade.identifier) if one.state.live),
        None,
    )
    return DefenceRow(
        ticket=trade.ticket, identifier=trade.identifier, symbol=trade.symbol,
        side=trade.side.value, volume=float(trade.volume),
        initial_volume=float(trade.initial_volume), entry=trade.entry, price=None,
        digits=_digits(trade.entry), sl=trade.sl, tp=trade.tp, u=None, pnl=None,
        state=trade.state.value, since=trade.since, score=None, components=None, flags=(),
        regime="", flat_at=trade.flat_at, recover_by=trade.recover_by,
        hedge=None if trade.hedge is None else _hedge(trade.hedge),
        automation=trade.automation.value, degraded=trade.degraded,
        pending="" if pending is None else f"{pending.kind.value} {pending.state.value}",
        why=lane[-1].why if lane else "", guards=(),
        lane=tuple(LaneStep(one.at, one.state.value, one.rule, one.why) for one in lane),
        hedges=trade.hedges, breakeven_armed=trade.breakeven_armed, adopted_at=trade.adopted_at,
    )  # fmt: skip


def _hedge(hedge: Hedge) -> HedgeView:
    return HedgeView(
        ticket=hedge.ticket, side=hedge.side.value, volume=float(hedge.volume), price=hedge.price,
        sl=hedge.sl, soft_sl=hedge.soft_sl, virtual=hedge.virtual, profit=None, at=hedge.at,
    )  # fmt: skip


def _digits(price: float) -> int:
    """Return the decimals a price is written with."""
    exponent = Decimal(repr(price)).as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
