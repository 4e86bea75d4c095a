"""Faults of orders at the MT5 broker, F90 to F92 and F112, over the bridge's socket.

A hedge is what must happen once or not at all, so every story is about one. Counted is what the
broker itself booked; the journal and its auditor are laid beside that at the end of every story.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import ActionKind, ActionState, State
from tests.faults.mt5_desk import EAGER, GOLD, Mt5Desk, play_mt5

HEDGE = ActionKind.OPEN_HEDGE
LOTS = Decimal("0.10")
"""The hedge of BUY 0.40: half was closed in L2, and half of the rest is hedged."""


def _moved_at(told: Mt5Desk, action_id: str, after: ActionState) -> float:
    return next(
        fact.at for fact in told.facts
        if isinstance(fact.event, fx.ActionMoved)
        and (fact.event.action_id, fact.event.after) == (action_id, after)
    )  # fmt: skip


# --- F90: nobody knows what became of the order


@pytest.mark.parametrize("how", ["none", "broken"])
def test_F90_no_answer_and_the_order_landed_is_one_hedge(tmp_path, how):
    """`None` with a code of the link, and the socket that breaks: found by its magic."""

    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.lose_next("landed", how, kind="open")
        ticket = await told.falls()
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 90)
        await told.wait(120)
        told.has_one_hedge(ticket, LOTS)
        assert told.paths(HEDGE) == [["SENT", "UNKNOWN", "DONE"]]
        assert told.moves(ticket) == ["T1", "T3", "T5"]
        assert told.trade(ticket).flat_at == told.trade(ticket).hedge.at + 4_500

    play_mt5(tmp_path, story, flags=EAGER)


@pytest.mark.parametrize("how", ["none", "broken"])
def test_F90_no_answer_and_nothing_landed_is_tried_again_only_when_proven_absent(tmp_path, how):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.lose_next("never", how, kind="open")
        ticket = await told.falls()
        await told.until(lambda: told.actions(HEDGE), 90)
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 330)
        await told.wait(120)
        told.has_one_hedge(ticket, LOTS)
        assert told.paths(HEDGE) == [["SENT", "UNKNOWN", "FAILED"], ["SENT", "DONE"]]
        lost, again = told.actions(HEDGE)
        assert "proven absent by 3 complete looks" in lost.message
        sent, proven = (_moved_at(told, lost.action_id, s) for s in (ActionState.SENT, "FAILED"))
        assert proven - sent >= 10.0
        assert again.planned_at >= proven
        assert again.cycle > lost.cycle
        assert again.magic != lost.magic

    play_mt5(tmp_path, story, flags=EAGER)


@pytest.mark.parametrize("landed", [True, False])
@pytest.mark.parametrize("retcode", [10011, 10012, 10031])
def test_F90_a_code_that_says_nothing_is_looked_into(tmp_path, retcode, landed):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.refuse_next(retcode, kind="open", landed=landed)
        ticket = await told.falls()
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 330)
        await told.wait(120)
        told.has_one_hedge(ticket, LOTS)
        first = told.actions(HEDGE)[0]
        assert first.retcode == retcode
        end = "DONE" if landed else "FAILED"
        assert told.paths(HEDGE)[0] == ["SENT", "UNKNOWN", end]
        assert len(told.actions(HEDGE)) == (1 if landed else 2)

    play_mt5(tmp_path, story, flags=EAGER)


def test_F90_an_answer_that_comes_too_late_is_one_hedge(tmp_path):
    """The terminal executes and is silent for longer than anybody waits."""

    async def story(told: Mt5Desk) -> None:
        ticket = told.buys()
        await told.watched(ticket)
        told.gateway.hold_next_order()
        told.when(HEDGE, ActionState.UNKNOWN, told.gateway.release)
        await told.confirmed(cm.PreviewDefence(ticket, "hedge"))
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 60)
        told.has_one_hedge(ticket, Decimal("0.20"))
        assert told.paths(HEDGE) == [["SENT", "UNKNOWN", "DONE"]]
        assert told.moves(ticket) == ["T15"]

    play_mt5(tmp_path, story, flags={"profile.paper.mt5.send_timeout_s": 1.0})


def test_F90_while_it_is_unknown_nothing_more_is_sent(tmp_path):
    """Five minutes in which the records cannot be read: no second try, and it is said."""

    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.lose_next("landed", "none", kind="open")
        ticket = await told.falls()
        await told.until(lambda: told.actions(HEDGE), 90)
        with told.broker() as control:
            control.positions_fail = -1
        await told.wait(300)
        assert told.ends(HEDGE) == ["open_hedge UNKNOWN"]
        assert told.trade(ticket).state is State.WARNING_L2
        assert told.row(ticket).pending == "open_hedge UNKNOWN"
        assert len(told.view.unknown) == 1
        with told.broker() as control:
            control.positions_fail = 0
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 30)
        told.has_one_hedge(ticket, LOTS)

    play_mt5(tmp_path, story, flags=EAGER)


@pytest.mark.parametrize("retcode", [10006, 10028])
def test_F90_a_reject_is_tried_once_more_after_it_is_proven_absent(tmp_path, retcode):
    async def story(told: Mt5Desk) -> None:
        ticket = told.buys()
        await told.watched(ticket)
        with told.broker() as control:
            control.refuse_next(retcode, kind="open", times=9)
        outcome = await told.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert not outcome.ok
        await told.wait(60)
        assert told.hedges_ever() == []
        assert told.paths(HEDGE) == [["SENT", "UNKNOWN", "FAILED"]] * 2
        assert told.trade(ticket).state is State.HEALTHY

    play_mt5(tmp_path, story)


# --- F91: the price is refused


@pytest.mark.parametrize("retcode", [10004, 10020, 10021])
def test_F91_refused_prices_are_tried_three_times_a_minute_each_a_new_action(tmp_path, retcode):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.refuse_next(retcode, kind="open", times=1000)
        ticket = await told.falls()
        await told.until(lambda: len(told.actions(HEDGE)) >= 3, 90)
        await told.wait(300)
        tries = told.actions(HEDGE)
        moments = [one.planned_at for one in tries]
        assert 6 <= len(tries) <= 18
        assert all(
            later - first >= 60.0 for first, later in zip(moments, moments[3:], strict=False)
        )
        assert [round(b - a, 1) for a, b in pairwise(moments[:3])] == [0.3, 0.6]
        assert len({one.magic for one in tries}) == len(tries)
        assert {one.state for one in tries} == {ActionState.FAILED}
        assert told.hedges_ever() == []
        assert told.trade(ticket).state is State.WARNING_L2

    play_mt5(tmp_path, story, flags=EAGER)


def test_F91_the_key_waits_for_the_minute_as_the_machine_does(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = told.buys()
        await told.watched(ticket)
        with told.broker() as control:
            control.refuse_next(10004, kind="open", times=3)
        first = await told.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert (first.ok, first.code) == (False, "requote")
        await told.wait(50)
        again = await told.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert (again.ok, again.code) == (False, "requoted")
        assert len(told.actions(HEDGE)) == 3
        await told.wait(11)
        last = await told.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert last.ok, last
        told.has_one_hedge(ticket, Decimal("0.20"))

    play_mt5(tmp_path, story)


def test_F91_a_new_price_beyond_the_collar_is_no_price_for_the_old_decision(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = told.buys()
        await told.watched(ticket)
        with told.broker() as control:
            control.refuse_next(10004, kind="open")
            control.push(GOLD, -0.01, 60.0)
        await told.wait(15.0 - told.clock.now() % 5.0 - 0.2)  # the next price is 0.2 s away
        before = told.price()
        outcome = await told.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert (outcome.ok, outcome.code) == (False, "price-moved")
        assert before - told.price() > 0.6
        assert told.ends(HEDGE) == ["open_hedge FAILED 10004"]
        assert told.hedges_ever() == []

    play_mt5(tmp_path, story)


# --- F92: done in part, and placed


def test_F92_half_a_fill_is_the_hedge_that_stands_and_no_blind_second_order(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = told.buys()
        await told.watched(ticket)
        with told.broker() as control:
            control.partial_share = 0.5
        outcome = await told.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert outcome.ok, outcome
        await told.wait(120)
        told.has_one_hedge(ticket, Decimal("0.10"))
        (action,) = told.actions(HEDGE)
        assert (action.volume, action.filled, action.retcode) == (
            Decimal("0.20"), Decimal("0.10"), 10010
        )  # fmt: skip

    play_mt5(tmp_path, story)


@pytest.mark.parametrize(("later", "path"), [
    (1.5, ["SENT", "DONE"]),
    (8.0, ["SENT", "UNKNOWN", "DONE"]),
])  # fmt: skip
def test_F92_a_placed_order_is_waited_for_until_its_deal_is_there(tmp_path, later, path):
    async def story(told: Mt5Desk) -> None:
        ticket = await told.falls()
        await told.until(lambda: told.trade(ticket).halved, 60)
        with told.broker() as control:
            control.placed_s = later
        await told.until(lambda: told.actions(HEDGE), 90)
        with told.broker() as control:
            control.placed_s = 0.0
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 60)
        await told.wait(60)
        told.has_one_hedge(ticket, LOTS)
        assert told.paths(HEDGE) == [path]

    play_mt5(tmp_path, story, flags=EAGER)


def test_F92_a_placed_order_that_is_cancelled_is_proven_absent_and_wished_again(tmp_path):
    async def story(told: Mt5Desk) -> None:
        ticket = await told.falls()
        await told.until(lambda: told.trade(ticket).halved, 60)
        with told.broker() as control:
            control.placed_s = 1.0
        await told.until(lambda: told.actions(HEDGE), 90)
        with told.broker() as control:
            control.placed_s = 0.0
            control.halt(GOLD)
        await told.wait(4)
        with told.broker() as control:
            control.reopen_market()
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 330)
        await told.wait(60)
        told.has_one_hedge(ticket, LOTS)
        assert told.paths(HEDGE)[0] == ["SENT", "UNKNOWN", "FAILED"]

    play_mt5(tmp_path, story, flags=EAGER)


# --- F112: HEDGED is what the broker's records prove


@pytest.mark.parametrize("retcode", [10006, 10013, 10014, 10015, 10018, 10030, 10036])
def test_F112_a_rejected_hedge_leaves_the_state_where_it_is(tmp_path, retcode):
    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.refuse_next(retcode, kind="open", times=1000)
        ticket = await told.falls()
        await told.until(lambda: told.actions(HEDGE), 90)
        await told.wait(240)
        trade = told.trade(ticket)
        assert (trade.state, trade.hedge, trade.hedges) == (State.WARNING_L2, None, 0)
        assert {one.state for one in told.actions(HEDGE)} <= {
            ActionState.FAILED, ActionState.UNKNOWN
        }  # fmt: skip
        assert told.moves(ticket) == ["T1", "T3"]
        assert told.open_there() == [("BUY", Decimal("0.20"))]
        assert told.heard("Hedge trigger conditions met") >= 1

    play_mt5(tmp_path, story, flags=EAGER)


def test_F112_no_money_goes_down_the_ladder_and_ends_degraded(tmp_path):
    """Plan, half, quarter; then the position gives the planned volume; and it is not hedged."""

    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.refuse_next(10019, kind="open", times=1000)
        ticket = await told.falls()
        await told.until(lambda: told.trade(ticket).degraded, 90)
        await told.wait(700)
        trade = told.trade(ticket)
        assert (trade.state, trade.hedge) == (State.WARNING_L2, None)
        assert trade.degraded.startswith("not hedged")
        tried = [one.volume for one in told.actions(HEDGE)[:3]]
        assert tried == [Decimal(one) for one in ("0.10", "0.05", "0.02")]
        assert told.open_there() == [("BUY", Decimal("0.10"))]
        assert told.hedges_ever() == []
        assert len(told.deals(ActionKind.PARTIAL_CLOSE)) == 2, "L2's, and once in place of a hedge"
        assert told.row(ticket).degraded == trade.degraded

    play_mt5(tmp_path, story, flags=EAGER)


def test_F112_a_margin_level_below_the_limit_is_money_that_is_short(tmp_path):
    """The broker would take the hedge, but what it asks for two legs leaves less than 200 %."""

    async def story(told: Mt5Desk) -> None:
        with told.broker() as control:
            control.set_terms(GOLD, margin_hedged=400.0)
        ticket = await told.falls()
        await told.until(lambda: told.trade(ticket).degraded, 90)
        trade = told.trade(ticket)
        assert (trade.state, trade.hedge) == (State.WARNING_L2, None)
        assert trade.degraded.startswith("not hedged: margin level after would be 15")
        assert told.actions(HEDGE) == [], "nothing was sent to find out"
        assert told.heard("hedge at 50% of plan") == 1
        assert told.open_there() == [("BUY", LOTS)]
        # With the next bar: of the 0.05 for what is left one step of the ladder can be paid for.
        await told.until(lambda: told.trade(ticket).state is State.HEDGED, 330)
        told.has_one_hedge(ticket, Decimal("0.02"))
        assert told.trade(ticket).degraded == "hedged in part: 0.02 of 0.05, money is short"

    play_mt5(tmp_path, story, flags=EAGER, balance=5_400.0)
