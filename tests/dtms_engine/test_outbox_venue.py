"""The outbox at the simulated broker, whose rules and faults are not written for it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from hedgetui.domain.dtms.machine import Wish
from hedgetui.domain.dtms.model import ActionKind, State
from hedgetui.domain.mt5.records import MarginMode
from hedgetui.simulation.mt5.ledger import AccountTerms
from tests.dtms_engine.stage import GOLD, Stage, play

FAULTS: dict[str, Callable[[Stage], None]] = {
    "none": lambda _: None,
    "lost, landed": lambda s: s.control.lose_next("landed"),
    "lost, landed, broken": lambda s: s.control.lose_next("landed", "broken"),
    "lost, never": lambda s: s.control.lose_next("never"),
    "history late": lambda s: setattr(s.control, "history_lag_s", 4.0),
    "placed first": lambda s: setattr(s.control, "placed_s", 2.0),
    "in parts": lambda s: setattr(s.control, "partial_share", 0.5),
    "requote": lambda s: s.control.refuse_next(10004, 2),
    "reject, landed": lambda s: s.control.refuse_next(10006, landed=True),
    "reject": lambda s: s.control.refuse_next(10006),
    "stops refused": lambda s: s.control.refuse_next(10016),
    "no hedges": lambda s: s.control.rules(fifo=False, no_hedge=True),
    "positions fail": lambda s: setattr(s.control, "positions_fail", 2),
    "comments blank": lambda s: s.control.rewrite_comments("blank"),
}


async def _until(stage: Stage, ticket: int, wish: Wish, goal: State) -> None:
    """Wish as the machine would, until the state is reached."""
    for _ in range(8):
        if stage.trade(ticket).state is goal:
            return
        await stage.defence.outbox.act(stage.trade(ticket).identifier, wish)
        await stage.wait(20)
    raise AssertionError("\n".join(stage.lines[-20:]))


@pytest.mark.parametrize("mode", [MarginMode.HEDGING, MarginMode.NETTING])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_hedge_and_a_flat_end_whatever_breaks(mode, fault) -> None:
    async def story(stage: Stage) -> None:
        ticket = stage.open(GOLD, "BUY", "0.40", stop=200.0)
        await stage.ready()
        FAULTS[fault](stage)
        await _until(stage, ticket, Wish(ActionKind.OPEN_HEDGE, "T15", "test"), State.HEDGED)
        trade = stage.trade(ticket)
        assert trade.hedge is not None
        assert trade.hedges == 1
        volumes = sorted(Decimal(volume) for _, _, volume in stage.positions())
        if trade.hedge.virtual:
            assert volumes == [trade.volume]
            assert trade.volume + trade.hedge.volume == Decimal("0.40")
        else:
            assert volumes == [trade.hedge.volume, Decimal("0.40")]
        FAULTS[fault](stage)
        await _until(stage, ticket, Wish(ActionKind.CLOSE_ALL, "T15", "test"), State.CLOSED)
        assert stage.positions() == []
        assert stage.trade(ticket).hedge is None
        assert stage.book.live_action(GOLD) is None

    play(story, account=AccountTerms(mode=mode))
