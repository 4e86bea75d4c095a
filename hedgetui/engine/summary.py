"""What a journal amounts to, in the few numbers a script wants."""

from __future__ import annotations

from hedgetui.domain import events as ev
from hedgetui.domain.units import Timestamp
from hedgetui.engine.board import Board
from hedgetui.engine.services import results
from hedgetui.engine.state import DeskState


def of(state: DeskState, board: Board, active: str, net_delta: float | None) -> dict[str, object]:
    """Return counts, net delta and profit; None where a number is not known."""
    running = results.open_profit(state, board, active)
    closed = results.closed_profit(state, Timestamp(0.0))
    return {
        "entered": len(state.opened),
        "closed": sum(isinstance(end, ev.TradeClosed) for end in state.results.values()),
        "hedge_orders": sum(i.draft.purpose.changes_delta for i in state.intents.values()),
        "orders": len(state.intents),
        "fills": sum(bool(fill.intent_id) for fill in state.fills.values()),
        "net_delta": None if net_delta is None else round(net_delta, 4),
        "pnl": None if running is None else round(running + closed, 2),
    }
