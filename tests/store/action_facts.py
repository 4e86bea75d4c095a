"""Facts about actions for the store's tests."""

from __future__ import annotations

from decimal import Decimal

from hedgetui.domain.dtms.facts import ActionMoved, ActionPlanned
from hedgetui.domain.dtms.model import ActionKind, ActionRecord, ActionState
from hedgetui.domain.mt5.records import Lots, Magic, PositionId
from tests.store.facts import NOON


def planned(
    number: int,
    symbol: str = "XAUUSD",
    *,
    kind: ActionKind = ActionKind.OPEN_HEDGE,
    cycle: int | None = None,
    state: ActionState = ActionState.PLANNED,
) -> ActionPlanned:
    """Return the plan of action `A<number>` on trade 4417201, by default in a cycle of its own."""
    return ActionPlanned(
        ActionRecord(
            action_id=f"A{number}", trade=PositionId(4417201), kind=kind,
            cycle=number if cycle is None else cycle, symbol=symbol,
            magic=Magic(0x4854_1000_0043_6691), request=f"SELL 0.20 {symbol}",
            volume=Lots(Decimal("0.20")), level=2648.12,
            target="exactly one position with the magic", before=Lots(Decimal("0.40")),
            position=PositionId(0), rule="T5", why="score -6.2 ≤ -6.0", by="dtms", state=state,
            planned_at=NOON,
        )
    )  # fmt: skip


def moved_action(number: int, before: str, after: str, **known: object) -> ActionMoved:
    """Return a move of `A<number>` between two states given by name."""
    states = ActionState(before), ActionState(after)
    return ActionMoved(f"A{number}", *states, "evidence", **known)  # type: ignore[arg-type]
