"""Cancelling: a request, not a fact. Whatever wins the race, the order ends once."""

from __future__ import annotations

from decimal import Decimal

from hedgetui.domain.orders import OrderDraft
from hedgetui.ports.broker import Execution, OrderEnded, OrderListed, OrderNotice
from hedgetui.simulation.matching import FillModel
from tests.contract.world import ANSWER_S, World, case, draft, xsp


@case(26)
async def a_cancelled_order_ends_without_being_rejected(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, -2)
    await world.broker.cancel("K")
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected is False
    truth = await world.truth()
    assert truth.open_orders == ()
    (ended,) = truth.ended_orders
    assert (ended.client_key, ended.filled, ended.rejected) == ("K", 0, False)


@case(27)
async def cancelling_what_does_not_exist_is_a_notice_at_most(world: World):
    await world.connect()
    await world.broker.cancel("nobody")
    await world.clock.sleep(ANSWER_S)
    assert world.of(OrderEnded) == []
    assert {one.client_key for one in world.of(OrderNotice)} <= {"nobody", ""}


@case(28)
async def cancelling_a_filled_order_does_not_undo_it(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, 1))
    await world.broker.cancel("K")
    await world.clock.sleep(ANSWER_S)
    assert world.of(OrderEnded) == []
    assert (await world.truth()).positions == {hedge: 1}


async def _races(world: World, order: OrderDraft, pause_s: float) -> tuple[int, list[OrderEnded]]:
    """Send an order, cancel it after a pause, and return (contracts filled, how it ended)."""
    await world.submit("K", order)
    await world.clock.sleep(pause_s)
    await world.broker.cancel("K")
    await world.until(lambda: world.executed("K") == order.quantity or world.of(OrderEnded, "K"))
    await world.clock.sleep(ANSWER_S)
    filled, ended = world.executed("K"), world.of(OrderEnded, "K")
    assert (filled == order.quantity) is (ended == [])
    truth = await world.truth()
    assert truth.positions.get(order.instrument_key, 0) == order.side.sign * filled
    assert sum(one.quantity for one in truth.executions) == filled
    assert truth.open_orders == ()
    assert {one.filled for one in truth.ended_orders} <= {filled}
    return filled, ended


@case(125)
async def a_cancel_behind_a_market_order_comes_too_late_or_in_time(world: World):
    await world.connect()
    hedge = await world.hedge()
    filled, _ = await _races(world, draft(hedge, 3), 0.0)
    assert filled in {0, 3}


@case(126, fills=FillModel(partial_rate=1.0))
async def a_cancel_between_two_pieces_keeps_the_first(world: World):
    await world.connect()
    (quote,) = await world.watched(xsp(540))
    order = draft(xsp(540), 40, round((quote.ask or 0) + 1, 2))
    filled, ended = await _races(world, order, 0.5)
    assert filled > 0
    assert [one.rejected for one in ended] == [False] * len(ended)


@case(127)
async def a_cancel_right_behind_a_resting_order_finds_it(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    filled, ended = await _races(world, draft(hedge, 1, (quote.bid or 0) - 200), 0.0)
    assert filled == 0
    assert [one.rejected for one in ended] == [False]


@case(128, fills=FillModel(passive_rate=2.0))
async def a_cancel_beside_a_passive_fill_has_one_outcome(world: World):
    await world.connect()
    (quote,) = await world.watched(xsp(540))
    limit = round((quote.ask or 0) - 0.01, 2)
    await _races(world, draft(xsp(540), 2, limit), 1.0)
    for one in world.of(Execution, "K"):
        assert one.price <= Decimal(str(limit))


@case(129)
async def cancelling_twice_ends_an_order_once(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, 1)
    await world.broker.cancel("K")
    await world.broker.cancel("K")
    await world.until(lambda: world.of(OrderEnded, "K"))
    await world.broker.cancel("K")
    await world.clock.sleep(ANSWER_S)
    assert [one.rejected for one in world.of(OrderEnded)] == [False]
    assert (await world.truth()).open_orders == ()


@case(130)
async def cancelling_nobody_leaves_the_others_alone(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, 1)
    await world.broker.cancel("nobody")
    await world.clock.sleep(ANSWER_S)
    assert world.of(OrderEnded) == []
    assert [one.client_key for one in (await world.truth()).open_orders] == ["K"]


@case(131)
async def one_of_two_twins_is_cancelled(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K1", hedge, 1)
    await world.rest("K2", hedge, 1)
    await world.broker.cancel("K1")
    await world.until(lambda: world.of(OrderEnded))
    await world.clock.sleep(ANSWER_S)
    assert [one.client_key for one in world.of(OrderEnded)] == ["K1"]
    assert [one.client_key for one in (await world.truth()).open_orders] == ["K2"]


@case(132)
async def an_order_of_an_earlier_session_can_be_cancelled(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, 1)
    await world.reconnect(5)
    await world.truth()
    await world.broker.cancel("K")
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected is False
    assert (await world.truth()).open_orders == ()


@case(133, halts=((30.0, 60.0),))
async def a_halt_does_not_stop_a_cancel(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, 1)
    await world.reach(40)
    await world.broker.cancel("K")
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected is False
    assert (await world.truth()).open_orders == ()


@case(134)
async def cancelling_a_refused_order_changes_nothing(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K", draft(hedge, 1, 5000.10))
    await world.until(lambda: world.of(OrderEnded, "K"))
    await world.broker.cancel("K")
    await world.clock.sleep(ANSWER_S)
    assert [one.rejected for one in world.of(OrderEnded)] == [True]
    assert world.of(OrderListed) == []
