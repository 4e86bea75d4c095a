"""What holds a hedge back, what gives it free again, and that nothing is sent twice meanwhile."""

from __future__ import annotations

from dataclasses import replace

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.orders import IntentState
from hedgetui.domain.risk import RiskLimits
from hedgetui.domain.tails.exposure import TailLimits
from hedgetui.domain.tails.model import Instance, Mode
from hedgetui.ports import broker as br
from tests.tails_engine.stage import ASK, BID, FARM, MILL, ZC, tell


def test_cash_that_offsets_a_working_hedge_sends_nothing_more():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(3_000)
        await bench.wait(2)
        assert (bench.tail_orders(), bench.row().pending) == (["SELL 1"], -5_000)
        await bench.buys(1_000)
        await bench.wait(20)
        assert bench.tail_orders() == ["SELL 1"]
        assert bench.ledger.e(bench.ledger.keys[0]) == -1_000
        bench.broker.fill(bench.last_key())
        await bench.wait(20)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 1"], -1_000)

    tell(story)


def test_a_part_filled_hedge_that_is_cancelled_keeps_its_fills_and_is_decided_after_the_cooldown():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(16_000)
        await bench.wait(2)
        bench.broker.fill(bench.last_key(), 1)
        await bench.wait(1)
        assert bench.last().state is IntentState.PARTIAL
        bench.broker.mode = "fill"
        bench.broker.end(bench.last_key())
        await bench.wait(4)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 3"], 11_000)
        assert "cooling down" in bench.row().mode_words
        await bench.wait(4)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 3", "SELL 2"], 1_000)
        assert bench.row().pending == 0

    tell(story)


def test_a_broker_that_always_rejects_is_asked_less_and_less_often():
    async def story(bench):
        bench.broker.mode = "reject"
        await bench.buys(6_000)
        sent = []
        for _ in range(16):
            await bench.wait(5)
            sent.append(len(bench.tail_orders()))
        assert sent == [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5]
        bench.broker.mode = "fill"
        await bench.wait(90)
        assert bench.balance() == 1_000

    tell(story)


def test_a_working_hedge_of_the_wrong_side_is_taken_back_when_the_balance_turns():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(6_000)
        await bench.wait(2)
        bench.broker.mode = "fill"
        await bench.buys(-6_000)
        await bench.wait(15)
        assert bench.tail_orders() == ["SELL 1"]
        assert bench.last().state is IntentState.CANCELLED
        assert bench.balance() == 0

    tell(story)


def test_without_a_price_it_waits_and_hedges_with_the_first_one():
    async def story(bench):
        bench.feed.extra = {ZC: (None, ASK)}
        await bench.wait(1)
        await bench.buys(16_000)
        await bench.wait(30)
        assert bench.tail_orders() == []
        assert bench.row().mode_words == "Auto (waiting: no price)"
        bench.feed.extra = {ZC: (BID, ASK)}
        await bench.wait(3)
        assert (bench.tail_orders(), bench.row().mode_words) == (["SELL 3"], "Auto")

    tell(story)


def test_a_closed_venue_holds_back_its_own_grain_and_not_the_strategy():
    async def story(bench):
        bench.broker.venue("ZC", opened=False, reason="closed until 19:00")
        await bench.wait(1)
        await bench.buys(16_000)
        await bench.wait(20)
        assert bench.tail_orders() == []
        assert bench.row().mode_words == "Auto (waiting: closed until 19:00)"
        assert bench.state.venue_open
        bench.broker.venue("ZC", opened=True)
        await bench.wait(3)
        assert bench.tail_orders() == ["SELL 3"]

    tell(story)


def test_the_books_own_halt_holds_no_tail_back():
    async def story(bench):
        bench.broker.tell(br.VenueReport("MES", open=False, reason="halted", until=None))
        await bench.wait(1)
        assert not bench.state.venue_open
        await bench.buys(16_000)
        await bench.wait(3)
        assert bench.tail_orders() == ["SELL 3"]

    tell(story)


def test_suspending_takes_orders_back_and_resuming_says_first_what_it_sends():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(6_000)
        await bench.wait(2)
        assert (await bench.do(cm.SuspendTails("end of crop"))).ok
        await bench.wait(2)
        assert bench.last().state is IntentState.CANCELLED
        bench.broker.mode = "fill"
        await bench.buys(10_000)
        await bench.wait(30)
        view = bench.kernel.snapshot().tails
        assert (view.instance, view.instance_why) == ("suspended", "end of crop")
        assert view.catch_up == (f"{FARM}: SELL 3 {ZC} @ 433'2",)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 1"], 16_000)
        refused = await bench.do(cm.PreviewTail(FARM, ZC))
        assert not refused.preview.sendable
        outcome = await bench.do(cm.ResumeTails())
        assert f"SELL 3 {ZC}" in outcome.message
        await bench.wait(10)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 1", "SELL 3"], 1_000)
        assert bench.ledger.instance is Instance.ONLINE

    tell(story)


def test_disarmed_and_frozen_nothing_is_sent_and_it_is_said_once():
    async def story(bench):
        await bench.do(cm.Disarm())
        await bench.buys(16_000)
        await bench.wait(60)
        assert bench.tail_orders() == []
        assert bench.heard("No tail is hedged: orders are disarmed") == 1
        await bench.do(cm.Freeze("looking"))
        await bench.do(cm.Arm())
        await bench.wait(30)
        assert (bench.tail_orders(), bench.heard("No tail is hedged: frozen")) == ([], 1)
        await bench.do(cm.Unfreeze("looked"))
        await bench.wait(3)
        assert bench.tail_orders() == ["SELL 3"]

    tell(story)


def test_the_strategys_switch_does_not_hold_tails_back():
    async def story(bench):
        await bench.do(cm.EnableStrategy(on=False))
        await bench.buys(16_000)
        await bench.wait(3)
        assert bench.tail_orders() == ["SELL 3"]

    tell(story)


def test_an_unknown_order_counts_as_pending_and_blocks_its_key_alone():
    async def story(bench):
        bench.broker.mode = "silent"
        bench.broker.incomplete = "no answer"
        await bench.buys(16_000)
        await bench.wait(8)
        assert bench.last().state is IntentState.UNKNOWN
        assert bench.row().pending == -15_000
        bench.broker.mode = "fill"
        await bench.buys(20_000)
        await bench.buys(6_000, MILL)
        await bench.wait(12)
        assert bench.tail_orders() == ["SELL 3", "SELL 1"]
        assert "in doubt" in bench.row().mode_words
        assert (bench.balance(), bench.balance(MILL)) == (36_000, 1_000)

    tell(story, audited=False)


def test_two_accounts_work_in_one_contract_at_the_same_time():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(6_000)
        await bench.buys(11_000, MILL)
        await bench.wait(2)
        assert bench.tail_orders() == ["SELL 1", "SELL 2"]
        for order in bench.broker.sent:
            bench.broker.fill(order.client_key)
        await bench.wait(2)
        assert (bench.balance(), bench.balance(MILL)) == (1_000, 1_000)
        assert bench.state.positions == {ZC: -3}

    tell(story)


def test_sell_mode_never_buys_back_an_over_hedge():
    async def story(bench):
        await bench.buys(3_000)
        await bench.wait(3)
        await bench.buys(-10_000)
        await bench.wait(30)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 1"], -12_000)

    tell(story, Mode.SELL)


def test_sell_mode_may_have_a_threshold_under_half_a_contract():
    async def story(bench):
        await bench.buys(1_500)
        await bench.wait(3)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 1"], -3_500)

    tell(story, Mode.SELL, 30)


def test_a_large_tail_goes_in_orders_of_the_allowed_size():
    async def story(bench):
        await bench.buys(61_000)
        await bench.wait(10)
        assert (bench.tail_orders(), bench.balance()) == (["SELL 5", "SELL 5", "SELL 2"], 1_000)

    tell(story, limits=replace(RiskLimits(), tails=TailLimits(max_order=5)))


def test_a_refusal_that_stays_is_journalled_once():
    async def story(bench):
        await bench.buys(61_000)
        await bench.wait(60)
        denied = [f.event for f in bench.journal.kept if isinstance(f.event, ev.OrderDenied)]
        assert bench.tail_orders() == []
        assert [one.code for one in denied] == ["G4-position"]
        assert "exceeds" in bench.row().note

    tell(story, limits=replace(RiskLimits(), tails=TailLimits(max_net=2)))


def test_a_loop_is_stopped_by_the_throttle_for_tails_only():
    async def story(bench):
        bench.broker.mode = "reject"
        await bench.buys(6_000)
        await bench.wait(60)
        assert len(bench.tail_orders()) == 3
        assert "SELL hedges in 10 min" in bench.state.tails_stopped
        assert not bench.state.latches
        bench.broker.mode = "fill"
        await bench.wait(600)
        assert len(bench.tail_orders()) == 3
        await bench.do(cm.Unfreeze("mended"))
        await bench.wait(10)
        assert (len(bench.tail_orders()), bench.balance()) == (4, 1_000)

    tell(story, limits=replace(RiskLimits(), tails=TailLimits(repeats=3)))
