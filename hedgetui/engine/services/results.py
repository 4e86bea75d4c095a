"""What trades have made and lost: marks in, profit by origin out."""

from __future__ import annotations

from decimal import Decimal

from hedgetui.domain import events as ev
from hedgetui.domain.instruments import Kind, parse_key
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp
from hedgetui.domain.vega import strangle as st
from hedgetui.engine.board import Board
from hedgetui.engine.state import DeskState


def as_price(value: float | None) -> Decimal | None:
    """Return a mark as an exact number, or None."""
    return None if value is None else Decimal(str(round(value, 4)))


def hedge_mark(state: DeskState, board: Board, active: str) -> Decimal | None:
    """Return what one contract of the pooled hedge may be valued at, or None.

    Months differ by their basis, so a pool over several is worth their average by contracts; while
    nothing is held on balance the active month's mark stands for it.
    """
    held = {key: count for key, count in state.positions.items() if _hedges_index(key)}
    total = sum(held.values())
    if not total:
        return as_price(board.mark(active)) if active else None
    worth = 0.0
    for key, count in held.items():
        mark = board.mark(key)
        if mark is None:
            return None
        worth += count * mark
    return as_price(worth / total)


def _hedges_index(key: str) -> bool:
    instrument = parse_key(key)
    return instrument.kind is Kind.FUTURE and instrument.index_ratio > 0


def trade_ledger(
    state: DeskState, board: Board, trade: st.Strangle, hedge: Decimal | None
) -> st.TradeLedger | None:
    """Return a trade's profit now, or None when a mark it needs is missing."""
    share = state.shares.get(trade.trade_id)
    if share is not None and share.contracts and hedge is None:
        return None
    marks = {}
    for leg in trade.legs:
        mark = as_price(board.mark(leg.instrument.key))
        if leg.held and mark is None:
            return None
        if mark is not None:
            marks[leg.instrument.key] = mark
    return st.ledger(trade, marks, share, hedge_mark=hedge)


def open_profit(state: DeskState, board: Board, active: str) -> float | None:
    """Return the net profit of trades on the book, or None when a mark is missing."""
    hedge = hedge_mark(state, board, active)
    total = Decimal(0)
    for trade in state.open_strangles:
        ledger = trade_ledger(state, board, trade, hedge)
        if ledger is None:
            return None
        total += ledger.net
    return float(total)


def closed_profit(state: DeskState, since: Timestamp) -> float:
    """Return the net profit of trades closed since a moment."""
    return float(
        sum(
            (
                result.net
                for key, result in state.results.items()
                if isinstance(result, ev.TradeClosed) and state.ended_at[key] >= since
            ),
            Decimal(0),
        )
    )


def day_profit(state: DeskState, board: Board, active: str, now: Timestamp) -> float | None:
    """Return closed and open profit of the last 24 hours' book, or None when not known."""
    running = open_profit(state, board, active)
    if running is None:
        return None
    return running + closed_profit(state, Timestamp(now - SECONDS_PER_DAY))
