"""Tickets on a desk: previewed, confirmed, sent one order after the other, and stopped."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import orders as od
from hedgetui.domain.balance import facts as pf
from hedgetui.domain.orders import IntentState
from hedgetui.domain.quotes import DataType, Quote
from hedgetui.domain.units import Contracts
from hedgetui.ports import broker as br
from tests.engine.bench import Order
from tests.tickets.stage import (
    CALL,
    HIGHER,
    MARKET,
    ONE,
    SHARES,
    SPREAD,
    VIX_CALL,
    TicketBench,
    buy,
    plan,
    sell,
    tell,
)


def test_a_call_is_shown_with_everything_then_bought() -> None:
    async def story(bench: TicketBench) -> None:
        shown = await bench.preview(ONE)
        lines = dict(shown.lines)
        assert shown.title == "TICKET: SPY call"
        assert shown.orders == ("BUY 1 SPY 20260220 580 C LMT 9.20",)
        assert lines["position"] == "SPY 20260220 580 C: +0 → +1"
        assert lines["cost"] == "$920.00 at the limits"
        assert lines["max loss"] == "$920.00, what it costs"
        assert lines["Δ"] == "SPY not known (in shares)"
        assert lines["why"] == "the book is short"
        assert shown.checks[-1].detail == "12 of 12 pass"
        assert shown.sendable
        assert shown.ask_typed == ""
        assert bench.orders == []
        outcome = await bench.confirm(shown)
        assert outcome.ok
        assert bench.heard("🎯 Ticket #1: BUY 1 SPY 20260220 580 C @ 9.20") == 1
        view = await bench.settled()
        assert (view.state, view.done, view.steps) == ("done", 1, 1)
        assert bench.orders == ["BUY 1 SPY 20260220 580 C LMT 9.20"]
        assert bench.state.positions == {CALL: 1}
        assert bench.last().strategy == "ticket"
        assert bench.heard("✅ Ticket filled: #1 SPY call") == 1
        assert CALL in bench.broker.watched

    tell(story)


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        (plan(buy(SHARES, 100, "180.02")), {SHARES: 100}),
        (plan(buy(VIX_CALL, 5, "1.20")), {VIX_CALL: 5}),
        (SPREAD, {CALL: 2, HIGHER: -2}),
    ],
)
def test_shares_a_call_on_vix_and_a_spread_end_done(wanted, held) -> None:
    async def story(bench: TicketBench) -> None:
        await bench.send(wanted)
        assert (await bench.settled()).state == "done"
        assert bench.state.positions == held
        assert bench.orders == [step.describe() for step in wanted.steps]

    tell(story)


def test_the_sold_leg_of_a_spread_waits_until_the_bought_one_is_filled() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        shown = await bench.preview(SPREAD)
        assert dict(shown.lines)["max loss"] == (
            "$1,240.00, what it costs; $1,840.00 until the rest of it is sold"
        )
        await bench.confirm(shown)
        await bench.wait(30)
        assert bench.orders == ["BUY 2 SPY 20260220 580 C LMT 9.20"]
        assert (bench.view.state, bench.view.why) == ("working", "order #1 is WORKING")
        bench.broker.fill(bench.last_key(), 1)
        await bench.wait(30)
        assert len(bench.orders) == 1
        bench.broker.fill(bench.last_key(), 1)
        await bench.wait(3)
        assert bench.orders[1] == "SELL 2 SPY 20260220 600 C LMT 3.00"
        bench.broker.fill(bench.last_key())
        assert (await bench.settled()).state == "done"

    tell(story)


def test_a_first_leg_filled_in_part_is_covered_for_no_more_than_that() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(SPREAD)
        bench.broker.fill(bench.last_key(), 1)
        await bench.wait(1)
        await bench.do(cm.CancelAll())
        await bench.wait(5)
        assert bench.orders[1:] == ["SELL 1 SPY 20260220 600 C LMT 3.00"]
        bench.broker.fill(bench.last_key())
        view = await bench.settled()
        assert view.state == "part"
        assert "#1 filled 1 of 2 and is CANCELLED" in view.why
        assert bench.state.positions == {CALL: 1, HIGHER: -1}

    tell(story)


def test_a_first_leg_that_is_not_filled_ends_the_ticket_and_sells_nothing() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "reject"
        await bench.send(SPREAD)
        view = await bench.settled()
        assert (view.state, view.done) == ("failed", 0)
        assert "REJECTED" in view.why
        assert "margin" in view.why
        assert len(bench.orders) == 1
        assert bench.heard("not sent: SELL 2 SPY 20260220 600 C LMT 3.00") == 1

    tell(story)


def test_independent_orders_stop_at_the_first_that_is_not_filled_whole() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(plan(buy(CALL, 2, "9.20"), buy(VIX_CALL, 1, "1.20")))
        bench.broker.fill(bench.last_key(), 1)
        await bench.do(cm.CancelAll())
        assert (await bench.settled()).state == "part"
        assert len(bench.orders) == 1

    tell(story)


# --- confirming ----------------------------------------------------------------------------------


def test_a_preview_is_confirmed_once_and_not_for_ever() -> None:
    async def story(bench: TicketBench) -> None:
        shown = await bench.preview(ONE)
        assert (await bench.confirm(shown)).ok
        assert (await bench.confirm(shown)).code == "preview-expired"
        await bench.settled()
        again = await bench.preview(ONE)
        await bench.wait(31)
        assert (await bench.confirm(again)).code == "preview-expired"
        assert len(bench.orders) == 1

    tell(story)


def test_two_previews_of_one_trade_confirmed_at_once_send_one_order() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        one, two = await bench.preview(ONE), await bench.preview(ONE)
        assert (await bench.confirm(one)).ok
        await bench.confirm(two)
        await bench.wait(PATIENT)
        assert len(bench.orders) == 1

    tell(story)


PATIENT = 35.0


def test_a_market_that_moved_through_the_limit_or_a_position_that_changed_is_shown_again() -> None:
    async def story(bench: TicketBench) -> None:
        shown = await bench.preview(ONE)
        bench.feed.extra[CALL] = (9.25, 9.45)
        await bench.wait(2)
        outcome = await bench.confirm(shown)
        assert outcome.code == "book-moved"
        assert outcome.preview is not None
        bench.feed.extra[CALL] = MARKET[CALL]
        await bench.wait(2)
        shown = await bench.preview(ONE)
        bench.broker.positions[CALL] = 3
        bench.broker.tell(br.PositionMoved(CALL, 3))
        await bench.wait(1)
        outcome = await bench.confirm(shown)
        assert outcome.code == "book-moved"
        assert dict(outcome.preview.lines)["position"] == "SPY 20260220 580 C: +3 → +4"
        assert (await bench.confirm(outcome.preview)).ok
        assert (await bench.settled()).state == "done"

    tell(story)


@pytest.mark.parametrize(
    ("quote", "code"),
    [
        ({"bid": 9.0, "ask": None}, "G7-no-quote"),
        ({"bid": 9.0, "ask": 9.2, "data_type": DataType.DELAYED}, "G7-delayed"),
        ({"bid": 5.0, "ask": 9.2}, "G6-collar"),
        ({"bid": 7.0, "ask": 7.2}, "G6-collar"),
        ({}, "G7-no-quote"),
    ],
)
def test_without_a_fresh_two_sided_narrow_market_nothing_can_be_sent(quote, code) -> None:
    async def story(bench: TicketBench) -> None:
        del bench.feed.extra[CALL]
        bench.kernel.parts.board.quotes.pop(CALL, None)
        if quote:
            bench.broker.tell(Quote(CALL, bench.clock.now(), **quote))
            await bench.wait(0.01)
        shown = await bench.preview(ONE)
        assert not shown.sendable
        assert (await bench.confirm(shown)).code == code
        assert bench.orders == []

    tell(story)


def test_a_name_whose_market_is_closed_or_never_heard_of_is_not_traded() -> None:
    async def story(bench: TicketBench) -> None:
        shown = await bench.preview(ONE)
        assert shown.sendable
        bench.broker.say_venue("SPY", opened=False)
        await bench.wait(0.1)
        assert (await bench.confirm(shown)).code == "book-moved"
        assert (await bench.send(ONE)).code == "G1-venue-closed"
        strange = plan(buy("QQQ 20260220 500 C", 1, "9.20"))
        bench.feed.extra["QQQ 20260220 500 C"] = (9.0, 9.2)
        assert (await bench.send(strange)).code == "G1-venue-closed"
        assert bench.state.venue_open, "the venue of the book is another one"
        assert bench.orders == []

    tell(story)


def test_live_money_needs_the_quantity_typed_for_a_large_ticket() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.margin_answer = br.Margin(Decimal(10), Decimal(100_000))
        await bench.do(cm.Arm("0042"))
        small = await bench.preview(plan(buy(CALL, 1, "9.20")))
        assert small.ask_typed == ""
        large = await bench.preview(plan(buy(CALL, 14, "9.20"), sell(HIGHER, 14, "3.00")))
        assert large.sendable, large.checks
        assert large.ask_typed == "14"
        assert (await bench.confirm(large, "y")).code == "not-typed"
        large = await bench.preview(plan(buy(CALL, 14, "9.20")))
        assert (await bench.confirm(large, "14")).ok

    tell(story, environment=br.Environment.LIVE)


# --- stopping ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "code"), [(cm.Freeze("K"), "G1-frozen"), (cm.Disarm(), "G1-disarmed")]
)
def test_what_stops_the_desk_between_two_steps_stops_the_ticket(stop, code) -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(SPREAD)
        await bench.do(stop)
        bench.broker.fill(bench.last_key())
        view = await bench.settled()
        assert view.state == "part"
        assert code in view.why
        assert bench.denials() == [code]
        assert len(bench.orders) == 1
        assert bench.heard("look at what stands alone") == 1
        await bench.do(cm.Unfreeze("go on"))
        await bench.wait(60)
        assert len(bench.orders) == 1, "a ticket that ended is not gone on with"

    tell(story)


def test_a_quote_that_is_late_for_the_second_step_is_waited_for_but_not_for_ever() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(SPREAD)
        del bench.feed.extra[HIGHER]
        await bench.wait(6)
        bench.broker.fill(bench.last_key())
        await bench.wait(10)
        assert bench.view.state == "working"
        assert "quote of SPY 20260220 600 C is" in bench.view.why
        view = await bench.settled()
        assert view.state == "part"
        assert bench.denials() == ["G7-stale"]

    tell(story)


def test_an_order_of_unknown_fate_blocks_the_rest_until_it_is_proven() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "silent"
        await bench.send(SPREAD, wait=8)
        bench.broker.reachable = False
        bench.broker.cut()
        await bench.wait(60)
        assert bench.last().state is IntentState.UNKNOWN
        assert bench.view.why == "order #1 is UNKNOWN"
        assert bench.heard("⏳ Ticket #1 waits: order #1 is UNKNOWN")
        assert len(bench.orders) == 1
        bench.broker.reachable, bench.broker.mode = True, "fill"
        bench.broker.fill(bench.broker.sent[0].client_key)
        assert (await bench.settled()).state == "done"
        assert len(bench.orders) == 2

    tell(story)


def test_a_person_s_word_about_an_order_ends_its_ticket() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "lost"
        bench.broker.since = bench.clock.now() + 1e6  # nothing can be proven absent
        await bench.send(SPREAD, wait=20)
        last = bench.last()
        assert last.state is IntentState.UNKNOWN
        await bench.do(cm.ResolveUnknown(last.number, last.client_key, "looked in TWS"))
        view = await bench.settled()
        assert view.state == "part"
        assert "looked in TWS" in view.why
        assert len(bench.orders) == 1

    tell(story)


def test_a_fill_after_the_end_corrects_the_position_and_leaves_auto_alone() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(ONE)
        await bench.do(cm.CancelAll())
        assert (await bench.settled()).state == "failed"
        bench.broker.fill(bench.last_key())
        await bench.wait(5)
        assert bench.state.positions[CALL] == 1
        assert bench.heard("late fill on #1") == 1
        assert bench.state.auto
        assert bench.state.latches == {}

    tell(story)


# --- trims and what the account holds besides ----------------------------------------------------


def test_a_trim_sells_of_what_the_account_held_before_and_never_turns_it_round() -> None:
    async def story(bench: TicketBench) -> None:
        await bench.send(plan(sell(CALL, 2, "9.00", trims=True)))
        assert (await bench.settled()).state == "done"
        assert bench.broker.positions[CALL] == 3
        too_many = plan(sell(CALL, 4, "9.00", trims=True))
        assert (await bench.send(too_many)).code == "G5-parity"
        shown = await bench.preview(plan(sell(CALL, 3, "9.00", trims=True)))
        bench.broker.positions[CALL] = 2  # sold elsewhere, and nobody has told us yet
        assert (await bench.confirm(shown)).code == "book-moved"
        bench.broker.incomplete = "positions: no end mark"
        assert (await bench.send(plan(sell(CALL, 1, "9.00", trims=True)))).code == "G5-parity"
        bench.broker.incomplete = ""
        assert len(bench.orders) == 1
        await bench.wait(61)  # the next look takes what was sold elsewhere for the new baseline

    tell(story, positions={CALL: 5})


def test_an_order_that_somebody_else_has_working_counts_against_a_trim() -> None:
    async def story(bench: TicketBench) -> None:
        theirs = od.OrderDraft(
            od.Purpose.EXIT, CALL, od.Side.SELL, Contracts(3), od.OrderType.LIMIT,
            limit_price=Decimal("9.50"),
        )  # fmt: skip
        bench.broker.orders["tws"] = Order(theirs, "77")
        assert (await bench.send(plan(sell(CALL, 3, "9.00", trims=True)))).code == "G5-parity"
        assert (await bench.send(plan(sell(CALL, 2, "9.00", trims=True)))).ok
        del bench.broker.orders["tws"]
        assert (await bench.settled()).state == "done"

    tell(story, positions={CALL: 5})


def test_foreign_securities_that_come_and_go_change_nothing_of_auto() -> None:
    async def story(bench: TicketBench) -> None:
        bench.feed.options(0, 4)
        await bench.wait(70)
        hedges = bench.hedges()
        before = len(bench.journal.kept)
        bench.broker.positions |= {SHARES: 50, "SPY 20260220 500 P": -3}
        bench.broker.tell(br.PositionMoved(SHARES, 50))
        bench.broker.trade("", CALL, od.Side.SELL, 2, "9.00")
        await bench.wait(200)
        assert bench.state.differences == ()
        assert bench.state.foreign == {CALL: 3, SHARES: 50, "SPY 20260220 500 P": -3}
        assert bench.state.auto
        assert bench.state.latches == {}
        assert bench.hedges() == hedges
        kinds = [type(fact.event).__name__ for fact in bench.journal.kept[before:]]
        assert set(kinds) == {"DifferencesAccepted", "FillBooked", "CommissionBooked"}
        assert bench.kernel.hedger.forbidden() == ""
        assert not any("differs" in line for line in bench.lines)
        bench.feed.options(12, 4)
        await bench.wait(40)
        assert bench.hedges() == [*hedges, "SELL 2 202512"]

    tell(story, lots=4, positions={CALL: 5})


def test_a_difference_in_the_book_is_an_alarm_beside_quiet_securities() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.positions |= {"MES 202512": 1, SHARES: 10}
        bench.broker.tell(br.PositionMoved(SHARES, 10))
        await bench.wait(5)
        assert [one.instrument_key for one in bench.state.differences] == ["MES 202512"]
        assert bench.state.foreign == {SHARES: 10}
        assert bench.heard("Position differs") == 1
        assert bench.kernel.hedger.forbidden() != ""
        bench.broker.positions[SHARES] = 20
        bench.broker.tell(br.PositionMoved(SHARES, 20))
        await bench.wait(5)
        assert len(bench.state.differences) == 1, "a baseline accepts nothing of the book"

    tell(story, lots=4, compared=False)


def test_own_securities_count_in_no_delta_profit_or_hedge_of_the_book() -> None:
    async def story(bench: TicketBench) -> None:
        bench.feed.options(4, 4)
        await bench.wait(2)
        before, summary = bench.kernel.snapshot(), bench.kernel.summary()
        await bench.send(plan(buy(CALL, 5, "9.20"), buy(SHARES, 100, "180.02")))
        assert (await bench.settled()).state == "done"
        bench.feed.extra |= {CALL: (1.0, 1.2), SHARES: (90.0, 90.02)}
        await bench.wait(40)
        after = bench.kernel.snapshot()
        assert bench.state.positions[CALL] == 5
        assert after.book.net_delta == before.book.net_delta
        assert after.book.option_delta == before.book.option_delta
        assert after.status.net_pnl == before.status.net_pnl
        changed = bench.kernel.summary() | {"orders": 0, "fills": 0}
        assert changed == summary | {"orders": 0, "fills": 0}
        assert bench.hedges() == []
        assert not any("Order #" in line and "filled" in line for line in bench.lines)

    tell(story, lots=4)


def test_while_an_order_is_in_flight_its_contract_s_baseline_stands_still() -> None:
    """A foreign trade beside a lost order leaves its fate unknown; it is never called absent."""

    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "lost"
        await bench.send(ONE, wait=6)
        bench.broker.positions |= {CALL: 1, SHARES: 7}
        bench.broker.tell(br.PositionMoved(CALL, 1))
        bench.broker.cut()
        await bench.wait(120)
        assert bench.last().state is IntentState.UNKNOWN
        assert bench.state.foreign == {SHARES: 7}
        bench.broker.positions.pop(CALL)
        view = await bench.settled()
        assert bench.last().state is IntentState.ABSENT
        assert view.state == "failed"

    tell(story)


# --- restarts ------------------------------------------------------------------------------------


def test_a_ticket_that_a_dead_process_left_is_followed_and_not_gone_on_with() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(SPREAD)
        await bench.crash()
        await bench.wait(20)
        assert bench.view.state == "working"
        assert bench.last().state is IntentState.WORKING
        bench.broker.fill(bench.broker.sent[0].client_key)
        view = await bench.settled()
        assert (view.state, view.done) == ("part", 1)
        assert len(bench.orders) == 1
        assert bench.heard("not sent: SELL 2 SPY 20260220 600 C") == 1

    tell(story)


def test_a_second_step_lost_with_the_process_is_proven_absent_and_not_sent_again() -> None:
    async def story(bench: TicketBench) -> None:
        bench.broker.mode = "list"
        await bench.send(SPREAD)
        bench.broker.mode = "lost"
        bench.broker.fill(bench.last_key())
        await bench.wait(1)
        assert len(bench.orders) == 2
        await bench.crash()
        view = await bench.settled()
        assert (view.state, view.done) == ("part", 1)
        assert bench.last().state is IntentState.ABSENT
        await bench.wait(120)
        assert len(bench.orders) == 2
        assert bench.state.positions == {CALL: 2}

    tell(story)


def test_a_ticket_opened_and_not_begun_when_the_process_died_sends_nothing() -> None:
    async def story(bench: TicketBench) -> None:
        shown = await bench.preview(SPREAD)
        bench.journal.on_append = _dies_after(bench, pf.TicketOpened)
        await bench.confirm(shown)
        await bench.crash()
        view = await bench.settled()
        assert view.state == "failed"
        assert bench.orders == []

    tell(story)


def _dies_after(bench: TicketBench, kind: type):
    def look(events) -> None:
        if any(isinstance(event, kind) for event in events):
            bench.tickets._worker._wake = _Never()

    return look


class _Never:
    """An event that wakes nobody: the worker has died."""

    def set(self) -> None:
        pass
