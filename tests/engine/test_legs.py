"""Working the legs: no leg is bought or sold twice, and no entry lives longer than its reason."""

from __future__ import annotations

from decimal import Decimal

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.orders import IntentState
from hedgetui.domain.units import Contracts
from hedgetui.ports import broker as br
from tests.engine import stage
from tests.engine.bench import CALL, PUT, Bench, play


async def _enter(bench: Bench, lots: int = 4, trade_id: str = "TRADE002") -> None:
    """Order an entry as the confirmed preview does."""
    entering = ev.TradeEntering(trade_id, PUT, CALL, Contracts(lots), "test")
    await bench.kernel.recorder.record(entering)
    bench.kernel._legs_due.set()


def _legs(bench: Bench) -> list[str]:
    return [
        f"{o.draft.side} {o.draft.quantity} {o.draft.instrument_key[-1]} {o.draft.limit_price}"
        for o in bench.broker.sent
        if not o.draft.purpose.is_hedge
    ]


def test_legs_step_from_mid_to_the_touch_and_an_entry_without_fills_is_abandoned() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        bench.feed.extra = {PUT: (4.0, 4.08), CALL: (4.0, 4.08)}
        await bench.ready()
        await _enter(bench)
        await bench.wait(60)
        puts = [line for line in _legs(bench) if " P " in line]
        assert puts == [f"BUY 4 P {p}" for p in ("4.04", "4.05", "4.06", "4.07", "4.08")]
        assert isinstance(bench.state.results["TRADE002"], ev.TradeAbandoned)
        assert bench.state.live_intents == ()
        assert bench.heard("🟡 Entry TRADE002 ended: no fill within the steps")

    play(story, lots=0)


def test_a_partial_fill_then_a_new_price_buys_only_what_is_missing() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        first = [o.client_key for o in bench.broker.sent]
        bench.broker.fill(first[0], 3)
        bench.broker.mode = "fill"
        await bench.wait(30)
        assert sorted(line[:7] for line in _legs(bench)) == [
            "BUY 1 P", "BUY 4 C", "BUY 4 C", "BUY 4 P",
        ]  # fmt: skip
        assert bench.state.positions.get(PUT) == 4
        assert bench.state.positions.get(CALL) == 4
        assert "TRADE002" in bench.state.opened

    play(story, lots=0)


def test_a_fill_that_crosses_the_re_price_is_not_bought_again() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode, bench.broker.cancel_mode = "list", "crosses"
        await bench.ready()
        await _enter(bench)
        await bench.wait(40)
        assert len(_legs(bench)) == 2
        assert bench.state.positions.get(PUT) == 4
        assert bench.state.auto

    play(story, lots=0)


def test_a_leg_that_fills_while_the_other_is_placed_is_not_bought_again() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode, bench.broker.cancel_mode = "list", "lost"
        await bench.ready()
        await _enter(bench)
        await bench.wait(7)
        put, call = (o.client_key for o in bench.broker.sent)

        async def slow_margin(_: od.OrderDraft) -> None:
            bench.broker.fill(call)
            await bench.wait(0.3)

        bench.broker.margin = slow_margin
        bench.broker.end(put)
        await bench.wait(3)
        assert sorted(line[:7] for line in _legs(bench)) == ["BUY 4 C", "BUY 4 P", "BUY 4 P"]
        assert bench.state.positions.get(CALL) == 4

    play(story, lots=0)


def test_an_entry_that_a_freeze_interrupts_is_not_bought_hours_later() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        await bench.do(cm.Freeze("lunch"))
        await bench.wait(3600)
        bench.broker.mode = "fill"
        await bench.do(cm.Unfreeze("back"))
        await bench.wait(120)
        assert bench.state.positions == {}
        assert isinstance(bench.state.results["TRADE002"], ev.TradeAbandoned)

    play(story, lots=0)


def test_an_entry_confirmed_while_frozen_or_without_quotes_is_given_up() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.extra = {PUT: (None, None), CALL: (None, None)}
        await bench.ready()
        await _enter(bench)
        await bench.wait(120)
        assert _legs(bench) == []
        assert isinstance(bench.state.results["TRADE002"], ev.TradeAbandoned)

    play(story, lots=0)


def test_a_halt_between_two_legs_leaves_one_leg_on_the_book_hedged_after_the_open() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.put_delta, bench.feed.call_delta = -0.30, 0.30
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        call = next(o for o in bench.broker.sent if o.draft.instrument_key == CALL)
        bench.broker.fill(call.client_key)
        bench.broker.tell(br.VenueReport("MES", open=False, reason="halted", until=None))
        await bench.wait(300)
        assert bench.hedges() == []
        trade = bench.state.strangles["TRADE002"]
        assert (trade.state, trade.single_leg) == ("OPEN", True)
        bench.broker.mode = "fill"
        bench.broker.tell(br.VenueReport("MES", open=True, reason="", until=None))
        await bench.wait(90)
        assert bench.hedges() == ["SELL 2 202512"]
        assert bench.kernel.snapshot().strangles[0].note == "one leg"

    play(story, lots=0)


def test_a_link_lost_between_two_legs_ends_with_what_the_broker_has() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        keys = [o.client_key for o in bench.broker.sent]
        bench.broker.reachable = False
        bench.broker.cut()
        bench.broker.fill(keys[0])
        await bench.wait(60)
        assert all(i.state is IntentState.UNKNOWN for i in bench.state.live_intents)
        bench.broker.reachable = True
        bench.broker.mode = "fill"
        await bench.wait(120)
        assert bench.state.positions == bench.broker.positions
        assert abs(bench.state.positions.get(PUT, 0)) <= 4
        assert abs(bench.state.positions.get(CALL, 0)) <= 4
        assert bench.state.live_intents == ()

    play(story, lots=0)


def test_a_refused_exit_asks_less_often_and_does_not_flood_the_journal() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        await bench.ready()
        bench.broker.tell(br.VenueReport("MES", open=False, reason="daily break", until=None))
        await bench.wait(1)
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(3600)
        denied = [f for f in bench.journal.kept if isinstance(f.event, ev.OrderDenied)]
        assert 2 <= len(denied) <= 2 * (3600 / 30 + 10)
        assert bench.heard("not sent: MES daily break") == 0
        bench.broker.tell(br.VenueReport("MES", open=True, reason="", until=None))
        await bench.wait(120)
        assert bench.state.positions == {}

    play(story)


def test_closing_an_entry_before_its_first_fill_sells_what_still_arrives() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode, bench.broker.cancel_mode = "list", "crosses"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        await bench.confirmed(cm.PreviewClose("TRADE002"))
        bench.broker.mode = "fill"
        await bench.wait(1)
        bench.broker.cancel_mode = "done"
        await bench.wait(120)
        assert bench.state.positions == {}
        assert isinstance(bench.state.results["TRADE002"], ev.TradeClosed)

    play(story, lots=0)


def test_an_exit_that_is_refused_by_the_broker_waits_longer_each_time() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(0, 4)
        await bench.ready()
        bench.broker.mode = "reject"
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(600)
        assert 4 <= len(_legs(bench)) <= 16
        assert bench.heard("refused by the broker; next try in 10 s")
        assert bench.heard("refused by the broker; next try in 80 s")
        bench.broker.mode = "fill"
        await bench.wait(310)
        assert bench.state.positions == {}

    play(story)


def test_an_exit_left_at_the_touch_is_re_priced_until_it_is_filled() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(0, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(60)
        bench.feed.extra = {PUT: (3.0, 3.1), CALL: (3.0, 3.1)}
        await bench.wait(12)
        assert any(line == "SELL 4 P 3.00" for line in _legs(bench)[-4:])
        bench.broker.mode = "fill"
        await bench.wait(30)
        assert bench.state.positions == {}

    play(story)


def test_an_entry_found_half_done_after_a_crash_is_settled_not_continued() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        bench.broker.fill(bench.broker.sent[0].client_key)
        await bench.wait(0.1)
        bench.broker.mode = "fill"
        await bench.crash()
        await bench.wait(60)
        assert len(_legs(bench)) == 2
        trade = bench.state.strangles["TRADE002"]
        assert trade.state == "OPEN"
        assert trade.single_leg
        assert bench.heard("⚠ Entry TRADE002 is incomplete: holds 4 XSP 530P and 0 XSP 540C")

    play(story, lots=0)


def test_a_fill_after_an_entry_was_abandoned_is_on_the_book_again() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(60)
        assert "TRADE002" in bench.state.results
        bench.feed.put_delta, bench.feed.call_delta = -0.30, 0.30
        late = next(o for o in bench.broker.sent if o.draft.instrument_key == CALL)
        bench.broker.orders[late.client_key].reason = ""
        bench.broker.fill(late.client_key)
        await bench.wait(1)
        (trade,) = bench.state.open_strangles
        assert trade.single_leg
        assert bench.kernel.snapshot().book.option_delta == 12.0
        bench.broker.mode = "fill"
        await bench.confirmed(cm.PreviewClose("TRADE002"))
        await bench.wait(30)
        assert bench.state.positions == {}

    play(story, lots=0)


def test_a_late_fill_of_an_exit_is_bought_back() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(0, 4)
        await bench.ready()
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(60)
        assert bench.state.positions == {}
        exit_key = next(o.client_key for o in bench.broker.sent if o.draft.instrument_key == PUT)
        bench.broker.trade(exit_key, PUT, od.Side.SELL, 2, "4.05")
        await bench.wait(1)
        (trade,) = bench.state.open_strangles
        assert trade.put.held == -2
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(60)
        assert bench.state.positions == {}
        assert isinstance(bench.state.results["TRADE001"], ev.TradeClosed)

    play(story)


def test_a_link_lost_at_the_confirmation_refuses_the_entry_and_keeps_no_trace(tmp_path) -> None:
    async def story(desk: stage.Stage) -> None:
        await desk.ready()
        plan = await desk.do(cm.PreviewEntry(1, 1))
        assert plan.preview is not None
        broker = desk.desk.broker
        broker._lost("cut by the test")
        desk.kernel.market._watched = frozenset()
        outcome = await desk.do(cm.Confirm(plan.preview.preview_id))
        assert outcome.code == "broker_unreachable"
        assert desk.state.strangles == {}
        await desk.kernel.link.drop("cut by the test")
        await desk.wait(30)
        assert desk.state.intents == {}

    stage.run(tmp_path, story)


def test_commissions_of_legs_count_for_their_trade() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        await _enter(bench)
        await bench.wait(3)
        exec_id = next(iter(bench.broker.executions))
        bench.broker.tell(br.Commission("unknown", Decimal(1)))
        bench.broker.tell(br.Commission(exec_id, Decimal(9)))
        await bench.wait(1)
        assert bench.state.strangles["TRADE002"].commissions == 0

    play(story, lots=0)
