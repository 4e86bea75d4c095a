"""Ways to lose money with hedge accounts that a hostile reader found, each of them closed."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.errors import DataError
from hedgetui.domain.orders import IntentState
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.audit import TailAuditor
from hedgetui.domain.tails.model import CashId, Key, Mode, Policy, Units
from hedgetui.domain.tails.policy import KEY, Levels
from hedgetui.engine.tails.parts import TailSettings
from hedgetui.ports import broker as br
from tests.tails_engine.stage import FARM, NEXT, ZC, tell


def test_a_stray_bid_far_under_the_market_is_not_sold_to():
    async def story(bench):
        bench.feed.extra = {ZC: (300.0, 433.5)}
        await bench.wait(2)
        await bench.buys(16_000)
        await bench.wait(20)
        assert bench.tail_orders() == []
        assert "market 133.50 wide" in bench.row().mode_words
        assert not [f for f in bench.journal.kept if isinstance(f.event, ev.OrderDenied)]
        bench.feed.extra = {ZC: (433.25, 433.5)}
        await bench.wait(10)
        assert bench.tail_orders() == ["SELL 3"]

    tell(story)


def roll_half(bench):
    """Reject whatever goes to the new month."""
    arrive = bench.broker.arrive

    def picky(order, mode):
        arrive(order, "reject" if order.draft.instrument_key == NEXT else mode)

    bench.broker.arrive = picky
    return arrive


def test_what_half_a_roll_left_without_its_hedge_counts_again_and_is_hedged_once():
    async def story(bench):
        await bench.buys(16_000)
        await bench.wait(8)
        arrive = roll_half(bench)
        await bench.confirmed(cm.PreviewTailRoll(FARM, ZC, NEXT))
        await bench.wait(3)
        assert (bench.balance(), bench.balance(contract=NEXT)) == (0, 16_000)
        assert bench.heard("15,000 bu lost their hedge") == 1
        bench.broker.arrive = arrive
        await bench.wait(30)
        assert bench.state.positions == {NEXT: -3}
        assert (bench.balance(), bench.balance(contract=NEXT)) == (0, 1_000)

    tell(story)


def test_a_hand_that_mends_half_a_roll_is_not_traded_against():
    async def story(bench):
        await bench.buys(16_000)
        await bench.wait(8)
        roll_half(bench)
        await bench.confirmed(cm.PreviewTailRoll(FARM, ZC, NEXT))
        await bench.wait(1)
        await bench.do(cm.SuspendTails("by hand"))
        bench.broker.trade("", NEXT, od.Side.SELL, 3, "440.00")
        await bench.wait(5)
        await bench.do(cm.Unfreeze("the hand was mine"))
        await bench.do(cm.ResumeTails())
        await bench.wait(30)
        assert bench.balance(contract=NEXT) == 1_000
        assert "BUY 3" not in bench.tail_orders()[2:]

    tell(story, audited=False)


def test_a_death_between_the_legs_of_a_roll_is_counted_at_the_next_start():
    async def story(bench):
        await bench.buys(16_000)
        await bench.wait(8)
        shown = (await bench.do(cm.PreviewTailRoll(FARM, ZC, NEXT))).preview

        def dies(events):
            if any(isinstance(one, tf.TailHedgePlaced) for one in events):
                bench.journal.broken = "the disk is gone"

        bench.journal.on_append = dies
        await bench.do(cm.Confirm(shown.preview_id))
        bench.journal.on_append, bench.journal.broken = (lambda _: None), ""
        await bench.crash()
        await bench.wait(60)
        held = sum(bench.broker.positions.values())
        total = bench.balance() + bench.balance(contract=NEXT)
        assert (held, total) == (-3, 1_000)

    tell(story, audited=False)


@pytest.mark.parametrize("price", ["9e999999", "1e400", "1e-999999", "NaN", "99999999"])
def test_a_price_out_of_all_bounds_never_reaches_the_ledger(price):
    async def story(bench):
        assert not (await bench.do(cm.EnterCash(FARM, ZC, "BUY", 6_000, price))).ok
        head = "kind,id,account,contract,side,units|lots,price,at\n"
        row = f"hedge,H1,{FARM},ZCH26,SELL,1,{price},2025-11-18T15:00:05Z\n"
        assert not (await bench.do(cm.ImportTails("f.csv", head + row))).ok
        assert bench.ledger.keys == ()

    tell(story)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_time_beyond_the_calendar_is_a_bad_row(at):
    async def story(bench):
        head = "kind,id,account,contract,side,units|lots,price,at\n"
        outcome = await bench.do(
            cm.ImportTails("f.csv", f"{head}cash,C1,{FARM},ZCH26,BUY,1,430,{at}\n")
        )
        assert (outcome.ok, "line 2: at:" in outcome.message) == (False, True)

    tell(story)


def test_a_contract_of_no_year_is_refused_and_kills_no_worker():
    async def story(bench):
        outcome = await bench.do(cm.EnterCash(FARM, "ZC 000003", "BUY", 6_000, "430"))
        assert (outcome.ok, outcome.message.startswith("contract:")) == (False, True)

    tell(story)


def test_a_hedge_that_the_broker_holds_until_the_opening_is_sent_once():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(16_000)
        await bench.wait(2)
        words = "Your order will not be placed at the exchange until 2025-11-20 08:30:00"
        bench.broker.tell(br.OrderNotice(bench.last_key(), 399, words))
        await bench.wait(60)
        assert bench.tail_orders() == ["SELL 3"]
        assert bench.last().state is IntentState.CANCELLED
        assert "holds" in bench.state.tails_stopped
        assert not bench.state.latches

    tell(story)


def test_in_a_one_sided_mode_an_order_goes_with_the_cash_it_was_made_for():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(6_000, cash_id="C1")
        await bench.wait(2)
        bust = tf.CashFilled(CashId("C1"), "entered", 2, Units(0), Decimal(430), bench.clock.now())
        await bench.kernel.tails.enter([bust])
        await bench.wait(20)
        assert bench.tail_orders() == ["SELL 1"]
        assert (bench.last().state, bench.row().pending) == (IntentState.CANCELLED, 0)

    tell(story, Mode.SELL)


def test_a_low_threshold_does_not_take_its_own_order_back():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(1_500)
        await bench.wait(30)
        assert (bench.tail_orders(), bench.last().state) == (["SELL 1"], IntentState.WORKING)

    tell(story, Mode.SELL, 30)


def test_manual_takes_back_what_the_rule_sent_and_leaves_what_a_person_sent():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(16_000)
        await bench.wait(2)
        await bench.do(cm.SetTailMode(FARM, ZC, "manual"))
        await bench.wait(10)
        assert bench.last().state is IntentState.CANCELLED
        await bench.confirmed(cm.PreviewTail(FARM, ZC))
        await bench.wait(20)
        assert (bench.tail_orders(), bench.last().state) == (
            ["SELL 3", "SELL 3"], IntentState.WORKING,
        )  # fmt: skip

    tell(story)


def test_the_hedge_after_a_cancelled_one_is_made_for_the_same_cash():
    async def story(bench):
        await bench.buys(6_000, cash_id="C1")
        await bench.wait(8)
        bench.broker.mode = "list"
        await bench.buys(2_000, cash_id="C4")
        await bench.wait(2)
        bench.broker.mode = "fill"
        bench.broker.end(bench.last_key())
        await bench.wait(12)
        links = [(one.cash, one.units) for one in bench.ledger.links(Key(FARM, ZC))]
        assert links == [("C1", 5_000), ("C4", 2_000), ("C1", 1_000)]

    tell(story)


def test_a_mode_in_the_journal_and_a_threshold_set_later_never_make_auto_at_half():
    key = Key(FARM, ZC)
    levels = Levels(Policy(Mode.SELL, 40)).changed(
        tf.PolicySet(KEY, key, Mode.AUTO, None, None, "test")
    )
    assert levels.policy(key) == Policy(Mode.MANUAL, 40)

    async def story(bench):
        await bench.buys(2_000)
        await bench.wait(20)
        assert bench.tail_orders() == []
        assert (await bench.do(cm.SetTailMode("OTHER", ZC, "manual"))).ok

    tell(story, settings=TailSettings(levels))


def test_an_execution_elsewhere_that_a_death_left_unbooked_is_booked_at_the_next_start():
    async def story(bench):
        await bench.do(cm.Disarm())
        await bench.buys(16_000)

        def dies(events):
            if any(isinstance(one, ev.FillBooked) for one in events):
                bench.journal.broken = "the disk is gone"

        bench.journal.on_append = dies
        bench.broker.trade("", ZC, od.Side.SELL, 3, "433.25")
        await bench.wait(1)
        assert bench.balance() == 16_000
        bench.journal.on_append, bench.journal.broken = (lambda _: None), ""
        for _ in range(2):
            await bench.crash()
            await bench.wait(5)
            assert bench.balance() == 1_000

    tell(story, audited=False)


def test_a_pushed_batch_cannot_fill_more_than_its_order():
    async def story(bench):
        at, price = bench.clock.now(), Decimal(430)
        entered = tf.CashEntered(CashId("Z"), Key(FARM, ZC), od.Side.BUY, Units(9), price, at, "x")
        filled = tf.CashFilled(CashId("Z"), "f", 1, Units(10), price, at)
        with pytest.raises(DataError, match="units"):
            await bench.kernel.tails.enter([entered, filled])
        assert bench.ledger.cash(CashId("Z")) is None

    tell(story)


def test_an_order_of_the_wrong_side_is_taken_back_even_while_nothing_may_be_sent():
    async def story(bench):
        bench.broker.mode = "list"
        await bench.buys(6_000)
        await bench.wait(2)
        await bench.do(cm.Disarm())
        await bench.buys(-6_000)
        await bench.wait(10)
        assert (bench.tail_orders(), bench.last().state) == (["SELL 1"], IntentState.CANCELLED)

    tell(story)


def test_suspending_while_an_order_is_being_written_lets_nothing_leave():
    async def story(bench):
        told = []

        def suspends(events):
            if any(isinstance(one, tf.CashFilled) for one in events):
                told.append(asyncio.create_task(bench.do(cm.SuspendTails("now"))))

        bench.journal.on_append = suspends
        await bench.buys(16_000)
        await bench.wait(10)
        assert told[0].result().ok
        states = [one.state for one in bench.state.intents.values()]
        assert (states, bench.broker.sent) == ([IntentState.ABANDONED], [])
        assert bench.row().pending == 0

    tell(story)


def test_a_fill_of_an_order_nobody_entered_is_told_and_stops_no_replay():
    said = []
    auditor = TailAuditor(lambda *words: said.append(words))
    auditor.take(ev.Fact(1, 0.0, tf.CashFilled(CashId("C1"), "f", 1, Units(9), Decimal(430), 0.0)))
    assert [number for number, _, _ in said] == [28]
