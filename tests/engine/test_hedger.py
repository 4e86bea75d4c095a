"""When the desk hedges by itself: the specification's numbers, and everything that forbids it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.instruments import future
from hedgetui.domain.orders import IntentState
from hedgetui.domain.quotes import Greeks
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.domain.vega.sizing import RehedgeTo
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports import broker as br
from hedgetui.simulation.scenarios import scenario
from tests.engine import stage
from tests.engine.bench import CALL, LEVEL, MES, NEXT, PUT, Bench, play


def test_constant_delta_twelve_for_an_hour_is_exactly_one_order_sell_two() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(3600)
        assert bench.hedges() == ["SELL 2 202512"]
        assert bench.kernel.snapshot().book.net_delta == pytest.approx(2.0)

    play(story)


def test_constant_delta_with_a_restart_in_the_middle_is_still_one_order() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(1800)
        await bench.crash()
        await bench.wait(1800)
        assert bench.hedges() == ["SELL 2 202512"]
        assert bench.state.auto
        assert bench.state.enabled

    play(story)


def test_the_constant_delta_scenario_hedges_once_on_the_exchange(tmp_path) -> None:
    world = scenario("constant-delta")

    async def first(desk: stage.Stage) -> None:
        await desk.ready()
        await desk.enter(lots=4)
        await desk.wait(1800)
        assert desk.hedges() == ["SELL 2"]

    async def second(desk: stage.Stage) -> None:
        await desk.ready()
        await desk.wait(1800)
        assert desk.hedges() == ["SELL 2"]
        assert desk.state.positions["MES 202512"] == -2

    stage.run(tmp_path, first, world)
    stage.run(tmp_path, second, world)


def test_the_worked_example_of_the_specification() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        for options, position, orders in (
            (10, 0, 0),  # at the band, not outside it
            (10.1, -2, 1),
            (12, -2, 1),
            (-15, 3, 2),
            (-5, 3, 2),
        ):
            bench.feed.options(options, 4)
            await bench.wait(70)
            assert bench.state.hedge_position("MES") == position, options
            assert len(bench.hedges()) == orders
        assert (await bench.confirmed(cm.PreviewClose("TRADE001"))).ok
        await bench.wait(70)
        sizes = [int(word.split()[1]) * (1 if word[0] == "B" else -1) for word in bench.hedges()]
        assert sum(sizes[2:]) == -3, "it follows the legs as they fill"
        assert bench.state.positions == {}
        assert "🟢 Delta neutral: net +0.0 $/pt" in bench.lines

    play(story)


def test_the_edge_rule_brings_seventeen_to_seven() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(17, 4)
        await bench.ready()
        await bench.wait(70)
        assert bench.hedges() == ["SELL 2 202512"]
        assert "⚠ Delta threshold breached: net +17.0 $/pt (±10)" in bench.lines

    play(story, rehedge_to=RehedgeTo.EDGE)


def test_a_configured_target_is_reached_and_held_and_dropped_with_the_last_trade() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(0, 4)
        await bench.ready()
        await bench.wait(70)
        assert bench.hedges() == ["BUY 4 202512"]
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(70)
        assert bench.state.positions == {}

    play(story, target=20.0)


def test_while_a_hedge_works_the_same_way_waits_and_the_other_way_cancels_first() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await bench.wait(5)
        bench.feed.options(30, 4)
        await bench.wait(65)
        assert len(bench.broker.sent) == 1
        assert bench.broker.cancels == []
        bench.broker.mode = "fill"
        bench.feed.options(-20, 4)
        await bench.wait(65)
        assert len(bench.broker.cancels) == 1
        assert bench.hedges() == ["SELL 2 202512", "BUY 4 202512"]
        states = [i.state for i in bench.state.intents.values() if i.draft.purpose.is_hedge]
        assert states == [IntentState.CANCELLED, IntentState.FILLED]

    play(story)


# --- months --------------------------------------------------------------------------------------

LATE = Timestamp(datetime(2025, 12, 12, 15, tzinfo=UTC).timestamp())


def test_near_expiry_reductions_trade_the_month_held_and_increases_the_next() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.months = (future("MES", "202512"), future("MES", "202603"))
        bench.feed.options(20, 4)
        await bench.ready()
        await bench.wait(60)
        assert bench.hedges() == ["SELL 4 202512"]
        bench.kernel.orders.months = bench.broker.months = (future("MES", "202603"),)
        bench.feed.options(4, 4)
        await bench.wait(40)
        assert bench.hedges()[1:] == ["BUY 3 202512"]
        bench.feed.options(26, 4)
        await bench.wait(40)
        assert bench.hedges()[2:] == ["SELL 4 202603"]
        bench.feed.options(-30, 4)
        await bench.wait(80)
        assert bench.hedges()[3:6] == ["BUY 1 202512", "BUY 5 202603", "BUY 5 202603"]
        assert set(bench.state.positions) - {PUT, CALL} == {NEXT}
        assert bench.kernel.snapshot().book.net_delta == pytest.approx(0.0)

    play(story)


def test_a_list_of_dead_months_stops_increases_but_never_a_worker_or_a_reduction() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.months = (future("MES", "202511"),)
        bench.feed.options(30, 4)
        await bench.ready()
        await bench.wait(60)
        assert bench.kernel._supervisor.down == {}
        assert bench.state.armed
        assert bench.hedges()[1:] == []
        assert "⏳ MES not initialized" in bench.lines
        bench.feed.options(-5, 4)
        await bench.wait(60)
        assert bench.hedges()[1:] == ["BUY 2 202512"], "what is held can be reduced"
        bench.broker.months = (future("MES", "202512"), future("MES", "202603"))
        bench.feed.options(30, 4)
        await bench.wait(120)
        assert len(bench.hedges()) >= 3, "months are asked for again"

    play(story, hedge=-2)


def test_no_months_are_asked_for_six_times_and_then_said_clearly() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.months = ()
        await bench.start()
        await bench.wait(60)
        assert bench.heard("⏳ MES not initialized") >= 6
        assert "❌ the broker lists no MES months; hedging is not possible" in bench.lines
        plan = await bench.do(cm.PreviewHedge())
        assert not plan.ok

    play(story)


# --- what is not known ---------------------------------------------------------------------------


def test_stale_greeks_block_auto_in_words_and_hedge_now_asks_for_an_override() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(8, 4)
        await bench.ready()
        bench.feed.greeks_on = bench.feed.quotes_on = False
        bench.feed.extra = {}
        await bench.wait(23)
        book = bench.kernel.snapshot().book
        assert book.blocked == "greeks stale 23 s XSP 530P"
        assert book.option_delta is None
        await bench.wait(40)
        assert bench.heard("🟡 No auto-hedge: greeks stale ")
        refused = await bench.do(cm.PreviewHedge())
        assert refused.code == "stale-greeks"
        assert "≈" in refused.hint
        bench.feed.quotes_on = True
        bench.publish()
        bench.feed.quotes_on = False
        await bench.wait(16)
        again = await bench.do(cm.PreviewHedge())
        assert again.code == "stale-greeks"
        plan = await bench.do(cm.PreviewHedge(accept_stale=True))
        if plan.preview is None:
            assert plan.message.endswith("under half a contract")
        else:
            assert dict(plan.preview.lines)["Δ now"].startswith("≈")
        assert bench.hedges() == []

    play(story)


def test_fresh_quotes_without_greeks_are_hedged_on_own_greeks_and_marked() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.greeks_on = False
        bench.feed.extra = {PUT: (1.0, 1.1), CALL: (12.0, 12.1)}
        await bench.ready()
        await bench.wait(20)
        book = bench.kernel.snapshot().book
        assert book.estimated
        assert book.option_delta is not None

    play(story, auto=True)


@pytest.mark.parametrize(
    "bad",
    [
        {"delta": float("nan")}, {"delta": -2.0}, {"delta": 1.797e308}, {"delta": float("inf")},
        {"vega": -2.0}, {"iv": float("nan")}, {"gamma": -1.0}, {"theta": float("-inf")},
        {"at": float("nan")}, {"at": float("inf")},
    ],
)  # fmt: skip
def test_a_sentinel_in_the_greeks_is_missing_and_never_a_number(bad) -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(4, 4)
        bench.feed.greeks_on = False
        bench.feed.quotes_on = False
        await bench.start()
        await bench.wait(2)
        bench.feed.quotes_on = True
        for key in (PUT, CALL):
            good = Greeks(key, bench.clock.now(), 0.9, 0.01, 0.5, -0.1, 0.18)
            bench.broker.tell(replace(good, **bad))
        await bench.wait(3)
        snapshot = bench.kernel.snapshot()
        assert snapshot.book.option_delta is None or snapshot.book.estimated
        assert bench.kernel._supervisor.down == {}
        assert all("0.9" not in i.draft.reason for i in bench.state.intents.values())

    play(story)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0, -1.0])
def test_an_index_level_that_is_none_is_forgotten(bad) -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        bench.broker.tell(br.IndexLevel(bad, bench.clock.now()))
        await bench.wait(0.5)
        assert bench.kernel.parts.board.index_level == LEVEL
        assert bench.kernel.snapshot().book.net_delta is not None

    play(story)


def test_a_quote_of_nan_is_no_quote_and_kills_nothing() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(30, 4)
        bench.feed.mes = (float("nan"), float("nan"))
        bench.feed.extra = {PUT: (float("nan"), 4.1), CALL: (-1.0, -1.0)}
        await bench.start()
        await bench.wait(90)
        assert bench.hedges() == []
        assert bench.kernel._supervisor.down == {}
        assert bench.heard("❌ Hedge not sent (G")
        bench.kernel.snapshot()

    play(story)


def test_nothing_is_hedged_before_the_first_complete_snapshot() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(30, 4)
        bench.broker.incomplete = "executions did not end"
        await bench.start()
        await bench.wait(300)
        assert bench.broker.sent == []
        assert bench.state.link is ev.LinkState.SYNCING
        assert bench.heard("⏳ Broker truth incomplete: executions did not end")
        bench.broker.incomplete = ""
        await bench.wait(60)
        assert bench.broker.positions[MES] == -5 or bench.broker.positions[MES] == -6

    play(story)


def test_a_position_that_differs_stops_auto_until_it_is_explained() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.positions[MES] = -3
        await bench.ready()
        await bench.wait(90)
        assert bench.broker.sent == []
        assert bench.heard("🔴 Position differs, the broker stands: MES 202512: journal +0, ")
        assert bench.kernel.snapshot().book.blocked == (
            "positions differ from the broker: unfreeze accepts them"
        )
        del bench.broker.positions[MES]
        await bench.wait(60)
        assert bench.hedges() == ["SELL 2 202512"]

    play(story)


def test_an_accepted_position_is_expected_from_then_on() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.positions[MES] = -3
        await bench.ready()
        await bench.wait(30)
        outcome = await bench.do(cm.Unfreeze("the three are mine, by hand"))
        assert outcome.message == "released: -3 MES 202512"
        await bench.wait(120)
        assert bench.hedges() == ["SELL 2 202512"], "own contracts only are counted"
        assert bench.state.differences == ()
        assert bench.state.foreign == {MES: -3}
        bench.broker.positions[MES] = bench.broker.positions[MES] - 1
        await bench.wait(90)
        assert [item.broker for item in bench.state.differences] == [-6]

    play(story)


def test_shares_of_somebody_else_in_the_account_do_not_stop_the_desk() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.positions["AAPL STK SMART"] = 100
        bench.broker.trade("", "AAPL STK SMART", od.Side.BUY, 1, "200.0")
        await bench.ready()
        bench.broker.trade("", "AAPL STK SMART", od.Side.BUY, 1, "200.0")
        await bench.wait(90)
        assert bench.kernel._supervisor.down == {}
        assert bench.hedges() == ["SELL 2 202512"]
        assert bench.heard("External execution: BUY 1 AAPL")

    play(story)


# --- venue ---------------------------------------------------------------------------------------


def test_a_halt_queues_nothing_and_decides_after_the_open_and_its_delay() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        await bench.ready()
        reopens = parse_utc("2025-11-19T20:30:00Z")
        halt = br.VenueReport("MES", open=False, reason="trading halted", until=reopens)
        bench.broker.tell(halt)
        await bench.wait(1)
        bench.feed.options(30, 4)
        await bench.wait(300)
        assert bench.broker.sent == []
        words = "MES unhedgeable until 2025-11-19 20:30 UTC: trading halted"
        assert bench.heard(f"🔒 {words}")
        assert bench.kernel.snapshot().book.blocked == words
        bench.broker.tell(br.VenueReport("MES", open=True, reason="", until=None))
        await bench.wait(59)
        assert bench.broker.sent == []
        assert bench.kernel.snapshot().book.blocked == "the venue has just opened"
        await bench.wait(3)
        assert len(bench.broker.sent) >= 1

    play(story)


def test_a_venue_that_was_open_when_the_process_died_is_not_taken_for_open() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        await bench.ready()
        assert bench.state.venue_open
        bench.broker.muted = (br.VenueReport,)
        bench.feed.options(30, 4)
        await bench.crash()
        await bench.wait(90)
        assert not bench.state.venue_open
        assert bench.broker.sent == []

    play(story)


# --- auto, strategy, latches ---------------------------------------------------------------------


def test_with_auto_off_closing_one_trade_never_hedges_another(tmp_path) -> None:
    world = scenario("constant-delta")

    async def story(desk: stage.Stage) -> None:
        await desk.ready()
        await desk.do(cm.SwitchAuto(on=False))
        first = await desk.enter(1, 4)
        await desk.enter(12, 4)
        net = desk.kernel.snapshot().book.net_delta
        assert net is not None
        assert abs(net) > 5
        await desk.confirmed(cm.PreviewClose(first))
        await desk.wait(120)
        assert len(desk.state.open_strangles) == 1
        assert desk.hedges() == []

    stage.run(tmp_path, story, world)


def test_killed_in_the_middle_of_a_close_with_auto_off_the_hedge_still_comes_off() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.do(cm.SwitchAuto(on=False))
        bench.kernel.hedger.forbidden = lambda **_: "held by the test"  # type: ignore[method-assign]
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(5)
        assert bench.state.positions == {MES: -2}
        await bench.crash()
        await bench.wait(60)
        assert bench.state.positions == {}
        assert isinstance(bench.state.results["TRADE001"], ev.TradeClosed)

    play(story, hedge=-2)


def test_flatten_under_a_freeze_takes_the_hedge_off_too() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(10, 4)
        await bench.ready()
        await bench.do(cm.Freeze("enough"))
        assert (await bench.confirmed(cm.PreviewFlatten())).ok
        await bench.wait(60)
        assert bench.state.positions == {}
        assert bench.state.latches == {"freeze": "enough"}
        assert bench.hedges()[1:] == ["BUY 2 202512"]

    play(story, hedge=-2)


def test_a_second_freeze_stops_a_flattening() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(10, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await bench.do(cm.Freeze("enough"))
        await bench.confirmed(cm.PreviewFlatten())
        await bench.wait(2)
        assert len(bench.broker.sent) == 2
        await bench.do(cm.Freeze("stop that as well"))
        await bench.wait(120)
        assert len(bench.broker.sent) == 2
        assert bench.state.live_intents == ()

    play(story, hedge=-2)


def test_a_hedge_without_options_can_be_flattened() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        await bench.do(cm.SwitchAuto(on=False))
        bench.broker.positions.clear()
        bench.broker.positions[MES] = -2
        for key in (PUT, CALL):
            state = bench.kernel.recorder.state
            positions = {k: v for k, v in state.positions.items() if k != key}
            bench.kernel.recorder.state = replace(state, positions=positions, strangles={})
        outcome = await bench.confirmed(cm.PreviewFlatten())
        assert outcome.message == "closing the hedge"
        await bench.wait(30)
        assert bench.state.hedge_position("MES") == 0
        assert (await bench.do(cm.PreviewFlatten())).code == "nothing-to-do"

    play(story, hedge=-2, audited=False)


def test_arming_decides_at_once() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(30, 4)
        await bench.ready()
        await bench.do(cm.Disarm())
        bench.feed.options(60, 4)
        await bench.wait(45)
        sent = len(bench.broker.sent)
        await bench.do(cm.Arm())
        await bench.wait(1)
        assert len(bench.broker.sent) == sent + 1

    play(story)


def test_being_blocked_for_hours_does_not_multiply_timers() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(40)
        bench.feed.greeks_on = bench.feed.quotes_on = False
        turns = 0
        turn = bench.kernel.hedger._turn

        async def counted(reasons) -> None:
            nonlocal turns
            turns += 1
            await turn(reasons)

        bench.kernel.hedger._turn = counted  # type: ignore[method-assign]
        await bench.wait(30)
        for _ in range(60):
            await bench.do(cm.SetBand("custom", 9.0))
            await bench.wait(10.3)
        turns = 0
        await bench.wait(60)
        assert turns <= 65

    play(story)


# --- entries -------------------------------------------------------------------------------------


def test_the_first_hedge_comes_two_seconds_after_the_first_fill_whatever_the_band(
    tmp_path,
) -> None:
    world = replace(scenario("constant-delta"), faults=replace(
        scenario("constant-delta").faults, stuck_deltas=(-0.10, 0.20)))  # fmt: skip

    async def story(desk: stage.Stage) -> None:
        await desk.ready()
        assert (await desk.confirmed(cm.PreviewEntry(1, 8))).ok
        await desk.wait(60)
        fills = [f for f in desk.state.fills.values() if not f.instrument_key.startswith("MES")]
        first = min(f.executed_at for f in fills)
        last = max(f.executed_at for f in fills)
        hedge = next(i for i in desk.state.intents.values() if i.draft.purpose.is_hedge)
        due = max(first + 2.0, last)
        assert due <= hedge.created_at <= due + 2.5
        assert desk.hedges() == ["SELL 2"], "Δ +8 lies inside the band of 10"

    stage.run(tmp_path, story, world)


def test_one_leg_only_is_hedged_after_the_grace_and_announced() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.feed.put_delta, bench.feed.call_delta = -0.30, 0.30
        await bench.kernel.recorder.record(ev.TradeEntering("TRADE002", PUT, CALL, 4, "test"))
        sent: list[br.CommittedOrder] = []

        async def submit(order: br.CommittedOrder) -> None:
            sent.append(order)
            bench.broker.sent.append(order)
            mode = "list" if order.draft.instrument_key == PUT else "fill"
            bench.clock.call_later(0.02, lambda: bench.broker.arrive(order, mode))

        bench.broker.submit = submit  # type: ignore[method-assign]
        bench.kernel._legs_due.set()
        await bench.wait(9)
        assert bench.hedges() == []
        await bench.wait(3)
        assert bench.hedges() == ["SELL 2 202512"]
        assert bench.heard("⚠ One leg of XSP 530P/540C")
        bench.broker.mode = "fill"
        await bench.wait(200)

    play(story, lots=0)


def test_a_first_hedge_that_has_to_wait_is_not_forgotten() -> None:
    """Two entries due at once with equal hedges: the duplicate rule holds the second back."""

    async def story(bench: Bench) -> None:
        bench.feed.put_delta, bench.feed.call_delta = -0.10, 0.20
        await bench.ready()
        recorder = bench.kernel.recorder
        fills = []
        for number, trade_id in enumerate(("TRADE00A", "TRADE00B"), 1):
            await recorder.record(ev.TradeEntering(trade_id, PUT, CALL, 8, "test"))
            fills.append((number, trade_id))
        bench.kernel._legs_due.set()
        await bench.wait(60)
        net = bench.kernel.snapshot().book.net_delta
        assert net is not None
        assert abs(net) <= 2.5, bench.hedges()

    play(story, lots=0)


def test_the_part_of_a_first_hedge_above_the_order_limit_follows() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.put_delta, bench.feed.call_delta = -0.10, 0.45
        await bench.ready()
        await bench.kernel.recorder.record(ev.TradeEntering("TRADE00A", PUT, CALL, 10, "test"))
        bench.kernel._legs_due.set()
        await bench.wait(60)
        assert bench.hedges() == ["SELL 5 202512", "SELL 2 202512"]

    play(story, lots=0)


def test_hedging_by_hand_on_stale_greeks_shows_them_as_estimates() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.extra = {PUT: (0.4, 0.5), CALL: (9.0, 9.1)}
        bench.feed.options(2, 4)
        await bench.ready()
        await bench.do(cm.SwitchAuto(on=False))
        bench.feed.greeks_on = False
        await bench.wait(16)
        bench.feed.extra = {}
        plan = await bench.do(cm.PreviewHedge(accept_stale=True))
        assert plan.preview is not None, plan
        assert dict(plan.preview.lines)["Δ now"].startswith("≈")
        await bench.do(cm.Confirm(plan.preview.preview_id))
        await bench.wait(1)
        assert len(bench.hedges()) == 1
        assert bench.state.fills["E1"].price == Decimal("5350.00")

    play(story, settings=EngineSettings("sim"))


def test_a_new_session_waits_for_the_brokers_greeks_before_it_trusts_its_own() -> None:
    """Own greeks of the first quotes would hedge a moment before the broker's hedge back."""

    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.wait(40)
        assert bench.hedges() == ["SELL 2 202512"]
        bench.feed.greeks_on = False
        bench.feed.extra = {PUT: (9.0, 9.1), CALL: (1.0, 1.1)}
        bench.broker.cut("reset")
        await bench.wait(12)
        assert bench.state.link is ev.LinkState.READY
        assert bench.kernel.snapshot().book.blocked.startswith("no greeks yet for XSP")
        assert bench.hedges() == ["SELL 2 202512"]
        await bench.wait(20)
        assert bench.kernel.snapshot().book.estimated

    play(story)


def test_a_hedge_by_hand_on_live_money_is_shown_with_its_margin_and_can_be_sent() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.margin_answer = br.Margin(Decimal(900), Decimal(50_000))
        bench.feed.options(12, 4)
        await bench.ready()
        await bench.do(cm.SwitchAuto(on=False))
        await bench.do(cm.Arm(bench.broker.account[-4:]))
        shown = (await bench.do(cm.PreviewHedge())).preview
        assert shown is not None
        assert shown.sendable
        assert (await bench.do(cm.Confirm(shown.preview_id))).ok
        await bench.wait(5)
        assert bench.hedges() == ["SELL 2 202512"]

    play(story, environment=br.Environment.LIVE)
