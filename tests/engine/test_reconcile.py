"""Comparing with the broker: evidence is used once it is complete, contradictions stop the desk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain import commands as cm
from hedgetui.domain import orders as od
from hedgetui.domain.orders import IntentState
from hedgetui.domain.units import Contracts
from hedgetui.ports import broker as br
from tests.engine.bench import MES, START, Bench, Order, play


def _orphan(key: str = "HT1.GHOST") -> tuple[str, Order]:
    draft = od.OrderDraft(
        od.Purpose.HEDGE, MES, od.Side.SELL, Contracts(2), od.OrderType.MARKET
    )  # fmt: skip
    return key, Order(draft, "8888")


def test_an_order_of_ours_that_the_journal_does_not_know_halts_the_desk() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        key, order = _orphan()
        bench.broker.orders[key] = order
        bench.broker.orders["MANUAL-1"] = order
        await bench.ready()
        await bench.wait(60)
        assert bench.broker.sent == []
        assert "works at the broker but is not in the journal" in bench.state.latches["halt"]
        assert bench.heard("🛑 order HT1.GHOST") == 1
        order.alive = False
        await bench.do(cm.Unfreeze("cancelled it in TWS"))
        await bench.wait(60)
        assert bench.hedges() == ["SELL 2 202512"]

    play(story)


def test_an_order_a_person_declared_dead_that_is_alive_halts_the_desk() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "lost"
        await bench.ready()
        await bench.wait(6)
        order = bench.last()
        assert order.state is IntentState.UNKNOWN
        wrong = await bench.do(cm.ResolveUnknown(order.number, "nonsense", "saw it"))
        assert wrong.code == "not-typed"
        await bench.do(cm.SwitchAuto(on=False))
        done = await bench.do(cm.ResolveUnknown(order.number, order.client_key[-6:], "not in TWS"))
        assert done.ok
        assert bench.last().state is IntentState.RESOLVED_BY_HUMAN
        bench.broker.orders[order.client_key] = _orphan()[1]
        await bench.wait(61)
        assert "RESOLVED_BY_HUMAN in the journal" in bench.state.latches["halt"]

    play(story)


def test_an_execution_while_truth_is_read_is_no_difference() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await bench.wait(1)
        key = bench.last_key()
        truth = bench.broker.truth

        async def slow() -> br.Complete | br.Incomplete:
            answer = await truth()
            if bench.broker.orders[key].alive:
                bench.broker.fill(key)
                await bench.wait(0.2)
            return answer

        bench.broker.truth = slow  # type: ignore[method-assign]
        await bench.do(cm.Reconcile())
        assert bench.last().state is IntentState.FILLED
        assert bench.state.differences == ()
        assert bench.heard("Position differs") == 0

    play(story)


def test_a_hand_behind_an_order_under_way_is_seen_as_soon_as_the_order_ends() -> None:
    """What differs while an order works may be its fill; the next hedge must not wait to know."""

    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await bench.wait(1)
        bench.broker.positions[MES] = -3
        bench.broker.tell(br.PositionMoved(MES, -3))
        await bench.wait(2)
        assert bench.state.differences == ()
        bench.broker.fill(bench.last_key())
        await bench.wait(2)
        bench.feed.options(60, 4)
        await bench.wait(30)
        (found,) = bench.state.differences
        assert (found.journal, found.broker) == (-2, -5)
        assert bench.hedges() == ["SELL 2 202512"]

    play(story)


def test_an_order_sent_while_truth_is_read_is_not_judged_by_it() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(2, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await bench.wait(5)
        bench.broker.truth_delay = 2.0
        bench.feed.options(30, 4)
        outcome = await bench.do(cm.Reconcile())
        assert outcome.ok
        assert len(bench.broker.sent) == 1
        states = [
            fact.event.after for fact in bench.journal.kept
            if getattr(fact.event, "intent_id", "") == bench.last().intent_id
            and hasattr(fact.event, "after")
        ]  # fmt: skip
        assert states == [IntentState.WORKING]

    play(story)


def test_an_end_that_truth_contradicts_does_not_count() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "list"
        await bench.ready()
        await bench.wait(1)
        key = bench.last_key()
        bench.broker.tell(br.OrderEnded(key, "9000", rejected=False, reason="cancelled"))
        await bench.wait(30)
        assert bench.last().state is IntentState.WORKING
        assert len(bench.broker.sent) == 1
        bench.broker.fill(key)
        await bench.wait(10)
        assert bench.hedges() == ["SELL 2 202512"]

    play(story)


def test_a_history_that_begins_after_the_order_proves_nothing_until_a_person_does() -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(12, 4)
        bench.broker.mode = "lost"
        await bench.ready()
        await bench.wait(2)
        bench.broker.since = START + 86_400.0
        await bench.wait(600)
        assert bench.last().state is IntentState.UNKNOWN
        assert len(bench.broker.sent) == 1
        status = bench.kernel.snapshot().status
        assert status.unknown_orders == 1
        order = bench.last()
        bench.broker.mode = "fill"
        done = await bench.do(cm.ResolveUnknown(order.number, order.client_key, "not in TWS"))
        assert done.ok
        await bench.wait(40)
        assert bench.broker.positions[MES] == -2

    play(story)


MESSAGES = ("listed", "fill one", "fill one again", "fill two", "notice", "end")


@pytest.mark.parametrize("truth_too", [False, True])
@given(order=some.permutations(MESSAGES))
def test_any_order_of_an_orders_messages_ends_in_the_same_state_and_book(order, truth_too) -> None:
    async def story(bench: Bench) -> None:
        bench.feed.options(16, 4)
        bench.broker.mode = "silent"
        await bench.ready()
        await bench.wait(1)
        key = bench.last_key()
        kept = bench.broker.orders[key]
        bench.broker.muted = (br.Execution, br.Commission, br.OrderEnded)
        first, second = bench.broker.fill(key, 1), bench.broker.fill(key, 1)
        bench.broker.end(key)
        bench.broker.muted = ()
        fills = bench.broker.executions
        words = {
            "listed": br.OrderListed(key, kept.number, Contracts(0)),
            "fill one": fills[first],
            "fill one again": fills[first],
            "fill two": fills[second],
            "notice": br.OrderNotice(key, 399, "held"),
            "end": br.OrderEnded(key, kept.number, rejected=False, reason="cancelled"),
        }
        bench.broker.mode = "fill"
        await bench.do(cm.SwitchAuto(on=False))
        for name in order:
            bench.broker.tell(words[name])
            if truth_too:
                await bench.do(cm.Reconcile())
        await bench.wait(2)
        intent = bench.state.intents[bench.state.by_key[key]]
        assert (intent.state, intent.filled) == (IntentState.CANCELLED, 2)
        assert bench.state.hedge_position("MES") == -2
        assert len(bench.state.fills) == 4
        assert not bench.heard("late fill")
        await bench.wait(20)
        assert bench.state.shares["TRADE001"].contracts == -2

    play(story)


def test_a_difference_in_what_has_expired_is_no_danger() -> None:
    async def story(bench: Bench) -> None:
        await bench.ready()
        bench.broker.positions["XSP 20251118 500 P"] = 3
        bench.feed.options(12, 4)
        await bench.do(cm.Reconcile())
        assert len(bench.state.differences) == 1
        await bench.wait(40)
        assert bench.hedges() == ["SELL 2 202512"]
        del bench.broker.positions["XSP 20251118 500 P"]
        await bench.wait(61)
        assert bench.state.differences == ()

    play(story)
