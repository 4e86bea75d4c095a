"""Entries as one order for both legs: nothing is bought twice, and single legs finish what is left.

The broker of these tests reports executions leg by leg, as brokers do, and a test decides which of
them arrive.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.instruments import combo, parse_key
from hedgetui.domain.orders import IntentState
from hedgetui.domain.risk import Denial, Refusal
from hedgetui.domain.units import Contracts
from hedgetui.domain.vega.chase import EntryStyle
from hedgetui.engine.executor import Placed
from hedgetui.ports import broker as br
from tests.engine import stage
from tests.engine.bench import CALL, PUT, Bench, Story, play

BOTH = combo(parse_key(PUT), parse_key(CALL)).key
TRADE = "TRADE002"


def _tell(story: Story, **options: object) -> None:
    play(story, lots=0, entry_style=EntryStyle.COMBO, **options)


async def _enter(bench: Bench, lots: int = 4) -> None:
    entering = ev.TradeEntering(TRADE, PUT, CALL, Contracts(lots), "test")
    await bench.kernel.recorder.record(entering)
    bench.kernel._legs_due.set()


def _orders(bench: Bench) -> list[str]:
    names = {BOTH: "both", PUT: "put", CALL: "call"}
    return [
        f"{o.draft.side} {o.draft.quantity} {names[o.draft.instrument_key]} {o.draft.limit_price}"
        for o in bench.broker.sent
        if not o.draft.purpose.is_hedge
    ]


def _held(bench: Bench) -> tuple[int, int]:
    return bench.state.positions.get(PUT, 0), bench.state.positions.get(CALL, 0)


def test_one_order_opens_the_trade_with_both_legs() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        assert _orders(bench) == ["BUY 4 both 8.10"]
        trade = bench.state.strangles[TRADE]
        assert (trade.state, trade.put.held, trade.call.held) == ("OPEN", 4, 4)
        assert trade.cost == 4 * 810
        assert TRADE in bench.state.opened
        assert {fill.instrument_key for fill in bench.state.fills.values()} == {PUT, CALL}
        assert bench.last().state is IntentState.FILLED
        await bench.wait(4)
        assert bench.hedges() == ["SELL 2 202512"], "the first hedge follows as after single legs"

    _tell(story)


def test_a_combo_steps_from_the_sum_of_mids_to_the_touch_and_is_abandoned() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        bench.feed.extra = {PUT: (4.0, 4.08), CALL: (4.0, 4.08)}
        await bench.ready()
        await _enter(bench)
        await bench.wait(60)
        prices = ("8.08", "8.10", "8.12", "8.14", "8.16")
        assert _orders(bench) == [f"BUY 4 both {price}" for price in prices]
        assert isinstance(bench.state.results[TRADE], ev.TradeAbandoned)
        assert bench.state.live_intents == ()

    _tell(story)


def test_a_partly_filled_combo_is_re_priced_for_the_units_that_are_missing() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        bench.broker.fill(bench.last_key(), 3)
        await bench.wait(0.1)
        assert (bench.last().state, bench.last().filled) == (IntentState.PARTIAL, 3)
        bench.broker.mode = "fill"
        await bench.wait(10)
        assert [line[:10] for line in _orders(bench)] == ["BUY 4 both", "BUY 1 both"]
        assert _held(bench) == (4, 4)
        assert TRADE in bench.state.opened

    _tell(story)


def test_a_fill_that_crosses_the_re_price_is_not_bought_again() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode, bench.broker.cancel_mode = "list", "crosses"
        await bench.ready()
        await _enter(bench)
        await bench.wait(40)
        assert len(_orders(bench)) == 1
        assert _held(bench) == (4, 4)
        assert bench.state.auto

    _tell(story)


def test_a_broker_that_refuses_the_combo_gets_single_legs_and_it_is_said_once() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "no combos"
        await bench.ready()
        await _enter(bench)
        await bench.wait(10)
        assert _orders(bench) == ["BUY 4 both 8.10", "BUY 4 put 4.05", "BUY 4 call 4.05"]
        assert _held(bench) == (4, 4)
        assert bench.heard("combo #1 refused by the broker: single legs for what is missing") == 1
        assert bench.heard("next try") == 0

    _tell(story)


@pytest.mark.parametrize(("put", "call"), [(3, 1), (4, 0), (0, 2)])
def test_a_leg_that_is_behind_is_bought_alone_where_the_combo_stood(put: int, call: int) -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        key = bench.last_key()
        for leg, count in ((PUT, put), (CALL, call)):
            if count:
                bench.broker.trade(key, leg, od.Side.BUY, count, "4.05")
        bench.broker.orders[key].filled = min(put, call)
        await bench.wait(0.1)
        assert bench.last().filled == min(put, call)
        assert bench.last().live
        bench.broker.mode = "fill"
        await bench.wait(15)
        missing = {"put": 4 - put, "call": 4 - call}
        alone = [f"BUY {count} {leg} 4.05" for leg, count in missing.items() if count]
        assert _orders(bench)[1:] == alone
        assert _held(bench) == (4, 4)
        assert bench.heard("one leg is ahead: single legs for what is missing") == 1
        assert bench.state.auto

    _tell(story)


def test_a_leg_ahead_of_the_other_on_its_way_is_no_reason_to_order_more() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        bench.broker.trade(bench.last_key(), PUT, od.Side.BUY, 4, "4.05")
        await bench.wait(2)
        assert len(_orders(bench)) == 1
        bench.broker.trade(bench.last_key(), CALL, od.Side.BUY, 4, "4.05")
        bench.broker.orders[bench.last_key()].alive = False
        bench.broker.orders[bench.last_key()].filled = 4
        await bench.wait(20)
        assert len(_orders(bench)) == 1
        assert bench.last().state is IntentState.FILLED
        assert TRADE in bench.state.opened

    _tell(story)


def test_a_leg_whose_report_was_lost_comes_with_the_truth_and_is_not_bought_again() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.muted = (br.Execution, br.OrderListed)
        await _enter(bench)
        await bench.wait(3)
        assert _held(bench) == (0, 0)
        bench.broker.muted = ()
        await bench.wait(30)
        assert _held(bench) == (4, 4)
        assert len(_orders(bench)) == 1
        assert bench.state.differences == ()
        assert TRADE in bench.state.opened

    _tell(story)


def test_an_end_told_before_its_legs_waits_for_them() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        key = bench.last_key()
        bench.broker.muted = (br.Execution,)
        bench.broker.fill(key, 2)
        bench.broker.end(key)
        bench.broker.muted = ()
        bench.broker.mode = "fill"
        await bench.wait(20)
        assert [line[:10] for line in _orders(bench)] == ["BUY 4 both", "BUY 2 both"]
        assert _held(bench) == (4, 4)

    _tell(story)


def test_a_leg_filled_beyond_the_order_is_an_overfill() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        bench.broker.trade(bench.last_key(), CALL, od.Side.BUY, 1, "4.05")
        await bench.wait(1)
        assert _held(bench) == (4, 5)
        assert bench.last().filled == 4
        assert not bench.state.auto
        assert bench.heard("late fill on #1") == 1

    _tell(story)


def test_a_leg_filled_beyond_a_working_order_is_an_overfill_before_the_other_comes() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        bench.broker.trade(bench.last_key(), PUT, od.Side.BUY, 5, "4.05")
        await bench.wait(0.2)
        assert bench.heard("overfill on #1") == 1
        assert not bench.state.auto
        bench.broker.mode = "fill"
        await bench.wait(20)
        assert _held(bench) == (5, 4), "only the leg that is behind is bought"

    _tell(story)


def test_a_combo_that_never_arrived_is_proven_absent_by_both_legs() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "lost"
        await bench.ready()
        await _enter(bench)
        await bench.wait(8)
        lost = bench.last()
        assert lost.state is IntentState.UNKNOWN
        bench.broker.mode = "list"
        bench.broker.cut()
        await bench.wait(60)
        assert bench.state.intents[lost.intent_id].state is IntentState.ABSENT

    _tell(story)


@pytest.mark.parametrize("leg", [PUT, CALL])
def test_a_combo_is_not_absent_while_one_leg_is_not_where_the_journal_says(leg: str) -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "lost"
        await bench.ready()
        await _enter(bench)
        await bench.wait(8)
        lost = bench.last()
        bench.broker.positions = {leg: 4}
        bench.broker.cut()
        await bench.wait(60)
        assert bench.state.intents[lost.intent_id].state is IntentState.UNKNOWN
        missing = bench.kernel.link._reconciler.missing[lost.intent_id]
        assert missing == "position +4 at the broker, +0 in the journal"
        assert bench.state.differences == (), "what a live order trades is in motion"
        assert len(_orders(bench)) == 1

    _tell(story)


def test_a_live_combo_blocks_single_legs_and_they_block_it() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        whole = bench.last().draft
        await bench.do(cm.CancelAll())
        executor, context_of = bench.kernel.parts.executor, bench.kernel.contexts.of
        leg = replace(whole, instrument_key=PUT, limit_price=Decimal("4.05"))
        for wanted in (leg, replace(leg, instrument_key=CALL)):
            refused = await executor.place(wanted, context_of)
            assert isinstance(refused, Refusal)
            assert refused.code is Denial.IN_FLIGHT
        await bench.wait(0.1)
        assert bench.state.live_intents == ()
        assert isinstance(await executor.place(leg, context_of), Placed)
        refused = await executor.place(whole, context_of)
        assert isinstance(refused, Refusal)
        assert refused.code is Denial.IN_FLIGHT

    _tell(story)


def test_closing_an_entry_that_still_works_waits_for_its_end_and_sells_single_legs() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode, bench.broker.cancel_mode = "list", "crosses"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        await bench.confirmed(cm.PreviewClose(TRADE))
        bench.broker.mode = "fill"
        await bench.wait(1)
        bench.broker.cancel_mode = "done"
        await bench.wait(60)
        assert bench.state.positions == {}
        assert _orders(bench)[0] == "BUY 4 both 8.10"
        assert sorted(line[:11] for line in _orders(bench)[1:]) == ["SELL 4 call", "SELL 4 put "]
        assert isinstance(bench.state.results[TRADE], ev.TradeClosed)

    _tell(story)


def test_a_combo_found_half_done_after_a_crash_is_settled_not_continued() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        bench.broker.fill(bench.last_key(), 1)
        bench.broker.trade(bench.last_key(), PUT, od.Side.BUY, 2, "4.05")
        await bench.wait(0.1)
        bench.broker.mode = "fill"
        await bench.crash()
        await bench.wait(60)
        assert len(_orders(bench)) == 1
        assert _held(bench) == (3, 1)
        assert bench.state.live_intents == ()
        assert bench.state.strangles[TRADE].state == "OPEN"
        assert bench.heard(f"⚠ Entry {TRADE} is incomplete: holds 3 XSP 530P and 1 XSP 540C")

    _tell(story)


def test_a_link_lost_under_a_combo_ends_with_what_the_broker_has() -> None:
    async def story(bench: Bench) -> None:
        bench.broker.mode = "list"
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        bench.broker.reachable = False
        bench.broker.cut()
        bench.broker.fill(bench.last_key(), 2)
        await bench.wait(60)
        assert bench.last().state is IntentState.UNKNOWN
        bench.broker.reachable, bench.broker.mode = True, "fill"
        await bench.wait(120)
        assert bench.state.positions == {k: v for k, v in bench.broker.positions.items() if v}
        assert _held(bench) in {(2, 2), (4, 4)}
        assert bench.state.live_intents == ()

    _tell(story)


def test_a_summary_line_for_the_whole_combo_moves_no_position() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        await _enter(bench)
        await bench.wait(1)
        first = next(iter(bench.broker.executions.values()))
        bench.broker.tell(replace(first, exec_id="WHOLE", instrument_key=BOTH))
        await bench.wait(1)
        assert "WHOLE" not in bench.state.fills
        assert _held(bench) == (4, 4)
        assert bench.state.auto

    _tell(story)


def test_a_trade_that_is_open_is_not_sold_as_a_combo() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(0, 4)
        await bench.ready()
        await bench.confirmed(cm.PreviewClose("TRADE001"))
        await bench.wait(30)
        assert _orders(bench) == ["SELL 4 put 4.05", "SELL 4 call 4.05"]
        assert bench.state.positions == {}

    play(story, entry_style=EntryStyle.COMBO)


COMBO = {"vega.entry_style": "combo"}


def test_the_preview_shows_the_one_order_and_the_exchange_takes_it(tmp_path) -> None:
    async def story(desk: stage.Stage) -> None:
        await desk.ready()
        plan = await desk.do(cm.PreviewEntry(1, 2))
        assert plan.preview is not None
        (line,) = plan.preview.orders
        best = desk.kernel.market.candidates[0]
        both = combo(best.put.instrument, best.call.instrument)
        assert line.startswith(f"BUY 2 {both.key} LMT ")
        legs = dict(plan.preview.lines)["legs"]
        assert f"one order at {best.put.mid + best.call.mid:.2f}" in legs
        assert plan.preview.sendable, plan.preview.checks
        await desk.enter(lots=2)
        (first, *_) = desk.state.intents.values()
        assert first.draft.instrument_key == both.key
        assert {leg.key: 2 for leg in both.legs}.items() <= desk.state.positions.items()

    stage.run(tmp_path, story, flags=COMBO)
