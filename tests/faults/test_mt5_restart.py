"""The desk dies while it defends: what the next one makes of the journal and the broker's records.

Death is a journal that takes not one more word; what was on its way arrives or does not. The next
desk must find the state that is true, send nothing twice, and keep every deadline.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import ActionKind, ActionState, State
from hedgetui.domain.events import LinkState
from tests.faults.mt5_desk import EAGER, GOLD, Mt5Desk, play_mt5

HEDGE = ActionKind.OPEN_HEDGE
LOTS = Decimal("0.10")
LASTING: dict[str, object] = {"dtms.hedge_sl_atr": 20.0, "dtms.unhedge_score": 9.0}
"""Nothing but time ends a hedge: its stop is far away, and no score is good enough."""


async def _dead(told: Mt5Desk) -> None:
    """Wait until the journal is closed to every word, then bury the desk."""
    await told.until(lambda: told.kernel.recorder.failed, 90)
    await told.kill()


async def _reborn(told: Mt5Desk, ticket: int, after: float = 600.0) -> None:
    """Open a desk ten minutes later and wait until the trade is hedged."""
    await told.wait(after)
    await told.open()
    await told.until(lambda: told.link is LinkState.READY, 60)
    assert not {one.state for one in told.actions()} & {ActionState.PLANNED, ActionState.SENT}
    await told.until(lambda: told.trade(ticket).state is State.HEDGED, 330)
    await told.wait(60)
    told.has_one_hedge(ticket, LOTS)


def test_killed_in_PLANNED_the_order_never_left_and_is_decided_anew(tmp_path):
    async def story(told: Mt5Desk) -> None:
        def die(fact: ev.Fact) -> None:
            if isinstance(fact.event, fx.ActionPlanned) and fact.event.action.kind is HEDGE:
                told.die()

        told.kernel.recorder.listen(die)
        ticket = await told.falls()
        await _dead(told)
        assert told.hedges_ever() == []
        await _reborn(told, ticket)
        assert told.paths(HEDGE) == [["FAILED"], ["SENT", "DONE"]]
        assert told.actions(HEDGE)[0].message == "never sent: interrupted"

    play_mt5(tmp_path, story, flags=EAGER)


def test_killed_in_SENT_before_a_byte_left_it_is_proven_absent_and_decided_anew(tmp_path):
    async def story(told: Mt5Desk) -> None:
        told.when(HEDGE, ActionState.SENT, told.die)
        ticket = await told.falls()
        await _dead(told)
        assert told.hedges_ever() == []
        await _reborn(told, ticket)
        assert told.paths(HEDGE) == [["SENT", "UNKNOWN", "FAILED"], ["SENT", "DONE"]]

    play_mt5(tmp_path, story, flags=EAGER)


def test_killed_in_SENT_and_the_order_landed_it_is_found_and_its_clock_runs_from_the_fill(tmp_path):
    async def story(told: Mt5Desk) -> None:
        async def die_on_the_way() -> None:
            for _ in range(50):
                await asyncio.sleep(0)
            told.die()

        dying: list[asyncio.Task[None]] = []
        told.when(
            HEDGE, ActionState.SENT, lambda: dying.append(asyncio.create_task(die_on_the_way()))
        )
        ticket = await told.falls()
        await _dead(told)
        assert told.hedges_ever() == [LOTS]
        filled_at = told.deals(HEDGE)[0].at
        await _reborn(told, ticket)
        assert told.paths(HEDGE) == [["SENT", "UNKNOWN", "DONE"]]
        assert told.moves(ticket)[-1] == "T5"
        assert told.trade(ticket).flat_at == pytest.approx(filled_at + 4_500, abs=1.0)

    play_mt5(tmp_path, story, flags=EAGER)


@pytest.mark.parametrize("lost", ["landed", "never"])
def test_killed_in_UNKNOWN_the_next_desk_finds_out(tmp_path, lost):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.lose_next(lost, "none", kind="open")
        told.when(HEDGE, ActionState.UNKNOWN, told.die)
        ticket = await told.falls()
        await _dead(told)
        await _reborn(told, ticket)
        first = told.paths(HEDGE)[0]
        assert first == ["SENT", "UNKNOWN", "DONE" if lost == "landed" else "FAILED"]
        assert len(told.actions(HEDGE)) == (1 if lost == "landed" else 2)

    play_mt5(tmp_path, story, flags=EAGER)


def test_killed_between_the_answer_and_its_proof_the_hedge_is_in_the_journal_once(tmp_path):
    """DONE, hedge and state are one write: the journal has all of it or none."""

    async def story(told: Mt5Desk) -> None:
        told.when(HEDGE, ActionState.DONE, told.die)
        ticket = await told.falls()
        await _dead(told)
        await _reborn(told, ticket)
        assert told.paths(HEDGE) == [["SENT", "DONE"]]
        opened = [fact for fact in told.facts if isinstance(fact.event, fx.HedgeOpened)]
        assert len(opened) == 1

    play_mt5(tmp_path, story, flags=EAGER)


def test_an_overdue_hedge_is_closed_with_its_trade_at_the_first_look(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=100.0)
        flat_at = told.trade(ticket).flat_at
        await told.kill()
        await told.wait(2 * 3600)
        assert len(told.open_there()) == 2
        await told.open()
        assert told.trade(ticket).flat_at == flat_at, "a restart does not stretch it"
        await told.until(lambda: told.link is LinkState.READY, 30)
        began = told.clock.now()
        await told.until(lambda: told.trade(ticket).state is State.CLOSED, 30)
        assert told.clock.now() - began <= 10.0
        assert told.moves(ticket) == ["T15", "T6"]
        assert told.open_there() == []

    play_mt5(tmp_path, story, flags=LASTING)


def test_a_deadline_that_is_not_due_is_kept_over_a_restart(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=100.0)
        flat_at = told.trade(ticket).flat_at
        assert flat_at is not None
        await told.again()
        await told.ready()
        await told.wait(flat_at - told.clock.now() - 1.0)
        assert told.trade(ticket).state is State.HEDGED
        await told.until(lambda: told.trade(ticket).state is State.CLOSED, 33)

    flags = LASTING | {"dtms.flat_after_min": 10.0}
    play_mt5(tmp_path, story, flags=flags)


@pytest.mark.parametrize(("gone", "state", "left"), [
    ("main", State.CLOSED, []),
    ("hedge", State.RECOVERING, [("BUY", Decimal("0.40"))]),
])  # fmt: skip
def test_what_ended_while_the_desk_was_down_is_learnt_from_its_deals(tmp_path, gone, state, left):
    """The trade: its orphan hedge is closed at once. The hedge: the trade recovers."""

    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=4.0 if gone == "main" else 100.0)
        await told.kill()
        with told.broker() as control:
            control.push(GOLD, -0.004 if gone == "main" else 0.006, 60.0)
        await told.wait(600)
        assert len(told.open_there()) == 1
        await told.open()
        await told.until(lambda: told.trade(ticket).state is state, 30)
        assert told.open_there() == left
        assert told.moves(ticket)[-1] == ("T14" if gone == "main" else "T9")
        assert len(told.hedges_ever()) == 1

    play_mt5(tmp_path, story)


def test_killed_while_it_closes_both_legs_nothing_is_left_and_nothing_reversed(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=100.0)
        told.when(ActionKind.CLOSE_ALL, ActionState.DONE, told.die)
        await told.confirmed(cm.PreviewDefence(ticket, "close"))
        await _dead(told)
        # The legs were closed by each other: 0.20 of the trade is left, and no hedge.
        assert told.open_there() == [("BUY", Decimal("0.20"))]
        await told.wait(300)
        await told.open()
        await told.until(lambda: told.trade(ticket).state is State.CLOSED, 60)
        assert told.open_there() == []

    play_mt5(tmp_path, story, flags=LASTING)


def test_another_account_in_the_terminal_closes_and_sends_nothing(tmp_path):
    """Its empty list of positions is not the end of ours."""

    async def story(told: Mt5Desk) -> None:
        ticket = await told.hedges_by_hand(stop=100.0)
        before = told.trade(ticket)
        await told.kill()
        with told.broker() as control:
            own = dict(told.venue.ledger.holdings)
            told.venue.ledger.holdings.clear()
            control.set_account(login=999_999)
        await told.open()
        await told.until(lambda: told.link is LinkState.DEGRADED, 60)
        await told.wait(300)
        assert told.trade(ticket) == before
        assert "account switched" in told.view.frozen
        assert len(told.actions()) == 1
        with told.broker() as control:
            told.venue.ledger.holdings.update(own)
            control.set_account(login=5_012_345)
        await told.until(lambda: told.link is LinkState.READY, 60)
        await told.wait(60)
        assert told.trade(ticket).state is State.HEDGED

    play_mt5(tmp_path, story, flags=LASTING)
