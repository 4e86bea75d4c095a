"""Orders that trade or rest: submitted, listed, executed once, at a price they allow.

The engine sends an order once and then believes evidence, so the evidence must carry the client's
key whole, come once per order, and never depend on how busy the link is.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from hedgetui.domain.orders import Side, TimeInForce
from hedgetui.domain.quotes import Quote
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import (
    Commission,
    Execution,
    IndexLevel,
    OrderEnded,
    OrderListed,
    OrderNotice,
)
from hedgetui.simulation.matching import FillModel
from tests.contract.world import ANSWER_S, World, case, draft, holdings, xsp


@case(20)
async def submit_returns_before_any_answer(world: World):
    await world.connect()
    hedge = await world.hedge()
    heard = len(world.heard)
    await world.submit("K", draft(hedge, -1))
    answers = [one for one in world.heard[heard:] if not isinstance(one, Quote | IndexLevel)]
    assert answers == []


@case(21)
async def a_market_order_is_listed_executed_and_charged(world: World):
    await world.connect()
    hedge = await world.hedge()
    execution = await world.trade("K", draft(hedge, -5))
    kinds = [type(one) for one in world.heard]
    assert kinds.index(OrderListed) < kinds.index(Execution) < kinds.index(Commission)
    assert (execution.instrument_key, execution.side) == (hedge, Side.SELL)
    assert sum(one.quantity for one in world.of(Execution, "K")) == 5
    assert world.of(OrderEnded) == []
    assert {one.exec_id for one in world.of(Commission)} == {
        one.exec_id for one in world.of(Execution)
    }


@case(25)
async def a_resting_limit_is_open_with_its_signed_rest(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, -2)
    (order,) = (await world.truth()).open_orders
    assert (order.client_key, order.instrument_key) == ("K", hedge)
    assert (order.signed_remaining, order.filled) == (-2, 0)
    assert order.broker_order == world.of(OrderListed, "K")[0].broker_order


@case(29)
async def a_key_never_executes_twice(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, 1))
    await world.submit("K", draft(hedge, 1))
    await world.until(lambda: world.of(OrderNotice, "K"))
    await world.clock.sleep(ANSWER_S)
    assert (await world.truth()).positions == {hedge: 1}
    assert len({one.exec_id for one in world.of(Execution)}) == 1


@case(30)
async def a_marketable_limit_never_pays_more_than_its_limit(world: World):
    await world.connect()
    key = await world.strangle_leg()
    (quote,) = await world.watched(key)
    limit = round((quote.ask or 0) + 0.05, 2)
    execution = await world.trade("K", draft(key, 1, limit))
    assert execution.price <= Decimal(str(limit))


@case(31)
async def an_immediate_order_that_cannot_trade_ends_at_once(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    far = (quote.bid or 0) - 200
    await world.submit("K", draft(hedge, 1, far, tif=TimeInForce.IMMEDIATE))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(Execution) == []
    assert (await world.truth()).open_orders == ()


@case(32)
async def a_good_till_order_ends_by_itself(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    end = Timestamp(round(world.clock.now() + 10))
    far = (quote.bid or 0) - 200
    await world.submit("K", draft(hedge, 1, far, tif=TimeInForce.GOOD_TILL, good_till=end))
    await world.until(lambda: world.of(OrderListed, "K"))
    await world.clock.sleep(end - world.clock.now() + ANSWER_S)
    assert world.of(OrderEnded, "K")[0].rejected is False
    assert (await world.truth()).open_orders == ()


@case(39)
async def orders_sent_together_are_all_executed_once(world: World):
    await world.connect()
    near, far = (one.key for one in (await world.broker.futures("MES"))[:2])
    leg = await world.strangle_leg()
    keys = {"K1": near, "K2": far, "K3": leg}
    await asyncio.gather(*(world.submit(name, draft(key, 1)) for name, key in keys.items()))
    await world.until(lambda: len(world.of(Execution)) == 3)
    assert (await world.truth()).positions == {near: 1, far: 1, leg: 1}


@case(89)
async def a_market_order_trades_at_the_other_side_of_its_quote(world: World):
    await world.connect()
    hedge = await world.hedge()
    for name, signed in (("K1", 1), ("K2", -1)):
        (quote,) = await world.watched(hedge)
        execution = await world.trade(name, draft(hedge, signed))
        side = quote.ask if signed > 0 else quote.bid
        assert float(execution.price) == pytest.approx(side, abs=10)
        assert execution.price % Decimal("0.25") == 0
        assert execution.side is Side.of(signed)


@case(90)
async def an_execution_happened_between_sending_and_hearing(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.clock.sleep(7)
    sent = world.clock.now()
    await world.trade("K", draft(hedge, 2))
    for one in world.of(Execution, "K"):
        assert sent - 1 <= one.at <= world.clock.now()


@case(91)
async def both_legs_of_a_strangle_are_held_by_their_own_keys(world: World):
    await world.connect()
    quotes = await world.watched(xsp(530, "P"), xsp(550))
    for name, quote in zip(("K1", "K2"), quotes, strict=True):
        execution = await world.trade(name, draft(quote.key, 2))
        assert execution.instrument_key == quote.key
        assert float(execution.price) == pytest.approx(quote.ask, abs=1)
    assert (await world.truth()).positions == {xsp(530, "P"): 2, xsp(550): 2}


@case(92, fills=FillModel(passive_rate=50.0))
async def a_patient_limit_inside_the_spread_trades_at_its_limit_or_better(world: World):
    await world.connect()
    (quote,) = await world.watched(xsp(540))
    assert quote.mid is not None
    limit = round(quote.mid, 2)
    execution = await world.trade("K", draft(xsp(540), 1, limit), seconds=60)
    assert execution.price <= Decimal(str(limit))
    assert (await world.truth()).positions == {xsp(540): 1}


@case(93, fills=FillModel(passive_rate=0.0))
async def a_limit_nobody_wants_keeps_resting(world: World):
    await world.connect()
    (quote,) = await world.watched(xsp(540))
    await world.submit("K", draft(xsp(540), 1, round((quote.bid or 0) - 2, 2)))
    await world.until(lambda: world.of(OrderListed, "K"))
    await world.clock.sleep(30)
    assert world.of(Execution) == world.of(OrderEnded) == []
    assert [one.client_key for one in (await world.truth()).open_orders] == ["K"]


@case(94)
async def a_key_of_forty_characters_comes_back_whole(world: World):
    await world.connect()
    hedge = await world.hedge()
    key = "01JD3Q4W5E6R7T8Y9Z0A1B2C3D-HEDGE-0000001"
    assert len(key) == 40
    await world.trade(key, draft(hedge, 1))
    assert {one.client_key for one in world.of(OrderListed)} == {key}
    assert {one.client_key for one in world.of(Execution)} == {key}
    assert {one.client_key for one in (await world.truth()).executions} == {key}


@case(95)
async def the_brokers_own_number_is_one_per_order_and_the_same_everywhere(world: World):
    await world.connect()
    hedge = await world.hedge()
    for name in ("K1", "K2", "K3"):
        await world.rest(name, hedge, 1)
    numbers = {one.client_key: one.broker_order for one in world.of(OrderListed)}
    assert len(set(numbers.values())) == 3
    assert all(numbers.values())
    truth = await world.truth()
    assert {one.client_key: one.broker_order for one in truth.open_orders} == numbers
    await world.broker.cancel("K2")
    await world.until(lambda: world.of(OrderEnded, "K2"))
    assert world.of(OrderEnded, "K2")[0].broker_order == numbers["K2"]


@case(96)
async def twelve_orders_rest_side_by_side(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    names = [f"K{n}" for n in range(12)]
    for n, name in enumerate(names):
        await world.submit(name, draft(hedge, 1, (quote.bid or 0) - 200 - n))
    await world.until(lambda: {one.client_key for one in world.of(OrderListed)} == set(names))
    truth = await world.truth()
    assert sorted(one.client_key for one in truth.open_orders) == sorted(names)
    for name in names:
        await world.broker.cancel(name)
    await world.until(lambda: {one.client_key for one in world.of(OrderEnded)} == set(names))
    assert (await world.truth()).open_orders == ()


@case(97)
async def sixteen_orders_at_once_are_each_executed_once(world: World):
    await world.connect()
    hedge = await world.hedge()
    signed = {f"K{n}": (2 if n % 2 else -1) for n in range(16)}
    await asyncio.gather(*(world.submit(name, draft(hedge, n)) for name, n in signed.items()))
    await world.until(lambda: all(world.executed(name) == abs(n) for name, n in signed.items()), 20)
    await world.clock.sleep(ANSWER_S)
    assert holdings(world.of(Execution)) == {hedge: 8}
    assert (await world.truth()).positions == {hedge: 8}


@case(98)
async def an_order_does_not_wait_for_a_chain(world: World):
    await world.connect()
    hedge = await world.hedge()
    scan = asyncio.ensure_future(world.broker.chain())
    await world.clock.sleep(0.01)
    sent = world.clock.now()
    await world.trade("K", draft(hedge, 1))
    assert world.clock.now() - sent < 2
    assert (await scan).expiries


@case(99)
async def a_key_that_rests_is_not_taken_twice(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, 1)
    await world.submit("K", draft(hedge, 1))
    await world.until(lambda: world.of(OrderNotice, "K"))
    await world.clock.sleep(ANSWER_S)
    truth = await world.truth()
    assert [one.client_key for one in truth.open_orders] == ["K"]
    assert truth.positions == {}
    assert world.of(OrderEnded) == world.of(Execution) == []


@case(100)
async def a_key_of_an_earlier_session_is_not_taken_again(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, 1))
    await world.reconnect()
    await world.submit("K", draft(hedge, 1))
    await world.clock.sleep(ANSWER_S)
    truth = await world.truth()
    assert truth.positions == {hedge: 1}
    assert len(truth.executions) == 1


@case(101)
async def a_good_till_order_that_trades_does_not_end_later(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    end = Timestamp(round(world.clock.now() + 10))
    near = (quote.ask or 0) + 20
    order = draft(hedge, 1, near, tif=TimeInForce.GOOD_TILL, good_till=end)
    await world.trade("K", order)
    await world.clock.sleep(10 + ANSWER_S)
    assert world.of(OrderEnded) == []
    assert (await world.truth()).positions == {hedge: 1}


@case(102)
async def an_immediate_order_that_trades_whole_does_not_end(world: World):
    await world.connect()
    (quote,) = await world.watched(xsp(540))
    limit = round((quote.ask or 0) + 0.3, 2)
    await world.trade("K", draft(xsp(540), 3, limit, tif=TimeInForce.IMMEDIATE))
    await world.clock.sleep(ANSWER_S)
    assert world.executed("K") == 3
    assert world.of(OrderEnded) == []
