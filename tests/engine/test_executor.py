"""Sending and following orders: one decision is at most one order, whatever goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.orders import IntentState
from hedgetui.domain.units import Contracts
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports import broker as br
from tests.engine.bench import MES, Bench, play


async def _sent(bench: Bench, count: int = 1) -> None:
    """Wait until so many orders left."""
    for _ in range(600):
        if len(bench.broker.sent) >= count:
            return
        await bench.wait(0.05)
    raise AssertionError(bench.lines)


def test_no_answer_is_unknown_then_evidence_of_a_new_session_proves_it_absent() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "lost"
        await bench.ready()
        await _sent(bench)
        assert bench.last().state is IntentState.SENDING
        bench.broker.mode = "fill"
        await bench.wait(5.5)
        assert bench.last().state is IntentState.UNKNOWN
        first = bench.state.session
        await bench.wait(20)
        assert bench.last().state is IntentState.UNKNOWN, "one session proves nothing"
        assert len(bench.broker.sent) == 1
        await bench.wait(60)
        assert bench.state.session > first
        states = [i.state for i in bench.state.intents.values() if i.draft.purpose.is_hedge]
        assert states == [IntentState.ABSENT, IntentState.FILLED]
        assert bench.broker.positions[MES] == -2

    play(story)


def test_arrived_but_never_told_is_found_and_not_sent_again() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "silent"
        await bench.ready()
        await _sent(bench)
        await bench.wait(7)
        assert bench.last().state is IntentState.WORKING
        bench.broker.fill(bench.last_key())
        await bench.wait(120)
        assert bench.hedges() == ["SELL 2 202512"]
        assert bench.broker.positions[MES] == -2

    play(story)


@pytest.mark.parametrize("mode", ["cut", "silent", "lost"])
@pytest.mark.parametrize("down_s", [0.0, 45.0])
def test_link_lost_with_an_order_in_flight_ends_in_exactly_one_hedge(mode, down_s) -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = mode
        await bench.ready()
        await _sent(bench)
        key = bench.last_key()
        await bench.wait(0.03)
        bench.broker.reachable = down_s == 0.0
        bench.broker.cut()
        if mode == "silent":
            bench.broker.fill(key)
        bench.broker.mode = "fill"
        await bench.wait(0.1)
        assert bench.state.intents[bench.last().intent_id].state is IntentState.UNKNOWN
        await bench.wait(down_s)
        bench.broker.reachable = True
        await bench.wait(240)
        assert bench.broker.positions[MES] == -2
        assert len(bench.broker.sent) == (1 if mode == "silent" else 2)

    play(story)


def test_a_lost_execution_before_the_end_of_an_order_is_not_hedged_twice() -> None:
    """Three of five filled, the report lost, the rest cancelled: two are missing, not five."""

    async def story(bench: Bench) -> None:
        bench.feed.options(26, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await _sent(bench)
        key = bench.last_key()
        await bench.wait(0.1)
        bench.broker.muted = (br.Execution, br.Commission)
        bench.broker.fill(key, 3)
        bench.broker.mode = "fill"
        bench.broker.end(key)
        bench.broker.muted = ()
        await bench.wait(90)
        assert bench.broker.positions[MES] == -5
        assert bench.state.auto, "nothing came late"
        assert bench.state.intents[bench.state.by_key[key]].filled == 3

    play(story)


def test_a_fill_after_the_end_is_booked_said_and_stops_auto() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await _sent(bench)
        key = bench.last_key()
        await bench.do(cm.SwitchAuto(on=False))
        await bench.do(cm.CancelAll())
        await bench.wait(1)
        assert bench.last().state is IntentState.CANCELLED
        bench.broker.fill(key)
        await bench.wait(1)
        assert bench.last().state is IntentState.FILLED
        assert bench.state.hedge_position("MES") == -2
        assert bench.heard("late fill on #")
        assert not bench.state.auto

    play(story)


def test_a_cancel_that_crosses_the_fill_is_one_filled_order() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode, bench.broker.cancel_mode = "list", "crosses"
        await bench.ready()
        await _sent(bench)
        await bench.wait(0.1)
        bench.feed.options(-12, 4)
        await bench.wait(35)
        first = list(bench.state.intents.values())[2]
        assert bench.broker.cancels == [first.client_key]
        assert first.state is IntentState.FILLED
        assert bench.state.auto
        bench.broker.cancel_mode = "done"

    play(story)


def test_an_execution_told_twice_counts_once_and_a_correction_replaces_it() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await _sent(bench)
        await bench.wait(1)
        (execution,) = bench.broker.executions.values()
        bench.broker.tell(execution)
        await bench.wait(1)
        assert bench.state.hedge_position("MES") == -2
        corrected = replace(execution, revision=2, price=Decimal("5351.00"))
        bench.broker.executions[execution.exec_id] = corrected
        bench.broker.tell(corrected)
        bench.broker.tell(execution)
        await bench.wait(1)
        assert bench.state.fills[execution.exec_id].price == Decimal("5351.00")
        assert bench.state.hedge_position("MES") == -2
        assert bench.state.auto, "a better price is no late fill"
        assert not bench.heard("late fill")

    play(story)


def test_a_busted_execution_takes_its_contracts_away_and_says_so() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await _sent(bench)
        await bench.wait(1)
        (execution,) = bench.broker.executions.values()
        bust = replace(execution, revision=2, quantity=Contracts(0))
        bench.broker.executions[execution.exec_id] = bust
        bench.broker.positions.pop(MES)
        bench.broker.tell(bust)
        await bench.wait(1)
        assert bench.state.hedge_position("MES") == 0
        assert not bench.state.auto, "a person looks first"
        assert bench.last().filled == 0

    play(story)


@pytest.mark.parametrize("code", [10349, 399, 404, 201, 202, 103])
def test_a_code_alone_never_ends_an_order(code) -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await _sent(bench)
        await bench.wait(0.1)
        bench.broker.tell(br.OrderNotice(bench.last_key(), code, "order TIF was set to DAY"))
        await bench.wait(120)
        assert bench.last().state is IntentState.WORKING
        assert len(bench.broker.sent) == 1
        assert bench.heard(f"Broker {code} #")
        bench.broker.fill(bench.last_key())
        await bench.wait(1)

    play(story)


def test_two_sources_telling_different_fills_at_once_lose_none() -> None:
    """An execution on the wire and another in broker truth, while the disk is slow."""

    async def story(bench: Bench) -> None:
        bench.feed.options(50, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await _sent(bench)
        await bench.wait(0.1)
        bench.journal.delay = 0.05
        intent = bench.last()
        fills = [
            br.Execution(
                f"X{n}", 1, intent.client_key, MES, od.Side.SELL, Contracts(1), Decimal(5350),
                bench.clock.now(),
            )
            for n in (1, 2)
        ]  # fmt: skip
        tracker = bench.kernel.parts.tracker
        await asyncio.gather(*(tracker.executed(fills[n]) for n in (0, 1, 0, 1)))
        assert bench.last().filled == 2
        assert bench.state.hedge_position("MES") == -2
        bench.journal.delay = 0.002
        for fill in fills:
            bench.broker.executions[fill.exec_id] = fill
        bench.broker.orders[intent.client_key].filled = 2
        bench.broker.positions[MES] = -2
        bench.broker.fill(intent.client_key)
        await bench.wait(1)

    play(story)


def test_a_caller_that_goes_away_does_not_leave_the_state_behind_the_journal() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.journal.delay = 0.5
        asking = asyncio.create_task(bench.do(cm.Freeze("now")))
        await bench.wait(0.2)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await bench.wait(1)
        assert any(isinstance(f.event, ev.LatchSet) for f in bench.journal.kept)
        assert bench.state.latches == {"freeze": "now"}

    play(story)


# --- freeze, disarm, halt ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        ev.ArmSwitched(armed=False, by="test"),
        ev.LatchSet("freeze", on=True, by="test", why="now"),
        ev.LinkChanged(ev.LinkState.DOWN, "gone", 1),
        ev.StrategyEnabled(on=False, by="test"),
        ev.VenueChanged("MES", open=False, reason="halt"),
    ],
)
def test_what_changes_between_decision_and_send_abandons_the_order(change: ev.Event) -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        recorder = bench.kernel.recorder
        bench.feed.options(12, 4)

        def slip_in(fact: ev.Fact) -> None:
            # The fold runs in journal order; the change is written right behind the intent.
            if isinstance(fact.event, ev.IntentRecorded):
                from hedgetui.engine.state import reduce  # noqa: PLC0415

                recorder.state = reduce(recorder.state, replace(fact, event=change))

        recorder._listeners.insert(0, slip_in)
        await bench.wait(32)
        assert bench.broker.sent == []
        abandoned = [i for i in bench.state.intents.values() if i.draft.purpose.is_hedge]
        assert abandoned[0].state is IntentState.ABANDONED

    play(story)


def test_a_decision_that_waited_too_long_for_the_disk_is_abandoned() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.journal.delay = 2.5
        bench.feed.options(12, 4)
        await bench.wait(4)
        bench.journal.delay = 0.002
        await bench.wait(4)
        hedges = [i for i in bench.state.intents.values() if i.draft.purpose.is_hedge]
        assert hedges[0].state is IntentState.ABANDONED
        await bench.wait(60)
        assert bench.broker.positions[MES] == -2
        assert len(bench.broker.sent) == 1

    play(story)


def test_a_freeze_cancels_what_works_and_nothing_leaves_until_it_is_released() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await _sent(bench)
        await bench.wait(0.1)
        outcome = await bench.do(cm.Freeze("enough"))
        assert outcome.message == "frozen, 1 working orders asked to cancel"
        await bench.wait(300)
        assert bench.last().state is IntentState.CANCELLED
        assert len(bench.broker.sent) == 1
        bench.broker.mode = "fill"
        await bench.do(cm.Unfreeze("go on"))
        await bench.wait(40)
        assert len(bench.broker.sent) == 2

    play(story)


def test_a_cancel_that_got_lost_is_asked_again_until_the_order_ends() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode, bench.broker.cancel_mode = "list", "lost"
        await bench.ready()
        await _sent(bench)
        await bench.wait(0.1)
        await bench.do(cm.Freeze("enough"))
        await bench.wait(2)
        assert bench.last().state is IntentState.CANCELLING
        bench.broker.cancel_mode = "done"
        await bench.wait(90)
        assert bench.last().state is IntentState.CANCELLED
        assert len(bench.broker.cancels) >= 2

    play(story)


def test_a_freeze_while_the_link_is_down_cancels_when_it_is_back() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await _sent(bench)
        await bench.wait(0.1)
        bench.broker.reachable = False
        bench.broker.cut()
        await bench.wait(1)
        await bench.do(cm.Freeze("enough"))
        assert bench.heard("did not leave")
        bench.broker.reachable = True
        await bench.wait(90)
        assert bench.last().state is IntentState.CANCELLED
        assert bench.broker.positions.get(MES, 0) == 0

    play(story)


def test_a_freeze_of_a_dead_process_cancels_what_still_works_at_the_broker() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await _sent(bench)
        await bench.wait(0.1)
        # What `hedgetui freeze` writes when no desk runs: a latch, and no cancel.
        await bench.kernel._supervisor.stop()
        latch = ev.LatchSet("freeze", on=True, by="console", why="phone")
        await bench.kernel.recorder.record(latch)
        await bench.crash()
        await bench.wait(30)
        assert bench.last().state is IntentState.CANCELLED
        assert len(bench.broker.sent) == 1

    play(story)


def test_a_full_disk_halts_the_desk_and_nothing_is_sent_afterwards() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.journal.broken = "the disk is full"
        bench.feed.options(30, 4)
        await bench.wait(120)
        assert bench.broker.sent == []
        assert bench.heard("🛑 journal cannot be written: the disk is full")
        assert any("disk is full" in why for why in bench.kernel.snapshot().status.latches)
        bench.journal.broken = ""
        await bench.wait(120)
        assert bench.broker.sent == [], "a mended disk needs a restart"
        for command in (cm.SwitchAuto(on=False), cm.Disarm(), cm.Freeze("x")):
            outcome = await bench.do(command)
            assert not outcome.ok, "an answer, not an exception"

    play(story, audited=False)


def test_the_kill_switch_cancels_even_when_the_journal_is_gone() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await _sent(bench)
        await bench.wait(0.1)
        bench.journal.broken = "the disk is full"
        await bench.do(cm.Freeze("enough"))
        await bench.wait(5)
        assert bench.broker.cancels == [bench.last_key()]
        assert not bench.broker.orders[bench.last_key()].alive

    play(story, audited=False)


def test_market_data_go_on_when_the_journal_is_gone() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await _sent(bench)
        await bench.wait(0.1)
        bench.journal.broken = "the disk is full"
        bench.broker.fill(bench.last_key())
        await bench.wait(30)
        quote = bench.kernel.parts.board.quotes[MES]
        assert bench.clock.now() - quote.at < 2

    play(story, audited=False)


def test_a_broker_that_rejects_every_hedge_ends_in_the_throttle() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "reject"
        await bench.ready()
        await bench.wait(1200)
        limit = bench.settings.limits.throttle_hedges
        assert len(bench.broker.sent) == limit
        assert "throttle" in bench.state.latches
        assert all(not i.live for i in bench.state.intents.values())

    play(story)


def test_the_day_limit_is_said_and_does_not_spin() -> None:
    settings = EngineSettings("sim")
    tight = replace(settings, limits=replace(settings.limits, orders_per_day=1))

    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(60)
        bench.feed.options(40, 4)
        await bench.wait(120)
        assert len(bench.broker.sent) == 1
        assert bench.heard("❌ Hedge not sent (G9-rate)")
        denied = [f for f in bench.journal.kept if isinstance(f.event, ev.OrderDenied)]
        assert 1 <= len(denied) <= 6

    play(story, settings=tight)


def test_stopping_sends_nothing_more() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.do(cm.SwitchAuto(on=False))
        await bench.wait(10)
        sent = len(bench.broker.sent)
        bench.feed.options(30, 4)
        await bench.wait(5)
        plan = await bench.do(cm.PreviewHedge())
        await bench.kernel.stop("quit")
        assert plan.preview is not None
        outcome = await bench.do(cm.Confirm(plan.preview.preview_id))
        assert not outcome.ok
        assert len(bench.broker.sent) == sent
        assert isinstance(bench.journal.kept[-1].event, ev.EngineStopped | ev.OrderDenied)
        assert all(not i.live for i in bench.state.intents.values())

    play(story)
