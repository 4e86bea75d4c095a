"""Combos: a put and a call bought or sold as one order, so that no strangle is ever half there.

The order has a key, a rest and an end of its own; what trades are its legs, each with its own
executions and charges, always the same number of each.
"""

from __future__ import annotations

from decimal import Decimal

from hedgetui.domain.instruments import combo, parse_key
from hedgetui.domain.orders import Side, TimeInForce
from hedgetui.ports.broker import Commission, Execution, OrderEnded, OrderListed
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.matching import FillModel
from tests.contract.world import ANSWER_S, World, case, draft, holdings, newest, xsp

PUT, CALL = xsp(525, "P"), xsp(550)
STRANGLE = combo(parse_key(PUT), parse_key(CALL)).key


async def _market(world: World) -> tuple[float, float]:
    """Return what the strangle can be sold and bought for at once."""
    quotes = await world.watched(PUT, CALL)
    return round(sum(one.bid or 0 for one in quotes), 2), round(sum(one.ask for one in quotes), 2)


async def _trade(world: World, key: str, signed: int, limit: float, seconds: float = 5) -> Decimal:
    """Trade the strangle and return the price of one unit."""
    await world.submit(key, draft(STRANGLE, signed, round(limit, 2)))
    both = {PUT: signed, CALL: signed}
    await world.until(lambda: holdings(world.of(Execution, key)) == both, seconds)
    await world.until(lambda: world.ids(key) <= {one.exec_id for one in world.of(Commission)})
    executions = newest(world.of(Execution, key)).values()
    return sum((one.price * one.quantity for one in executions), Decimal(0)) / abs(signed)


@case(167)
async def a_combo_at_the_asks_buys_both_legs_for_its_limit_or_less(world: World):
    await world.connect()
    _, ask = await _market(world)
    paid = await _trade(world, "K", 3, ask + 0.2)
    assert paid <= Decimal(str(round(ask + 0.2, 2)))
    assert float(paid) > ask - 0.5
    assert {one.side for one in world.of(Execution)} == {Side.BUY}
    assert len({one.exec_id for one in world.of(Execution)}) == len(set(world.of(Execution)))
    await world.clock.sleep(ANSWER_S)
    assert world.of(OrderEnded) == []
    truth = await world.truth()
    assert truth.positions == {PUT: 3, CALL: 3}
    assert truth.open_orders == ()


@case(168)
async def a_combo_below_its_market_rests_as_one_order(world: World):
    await world.connect()
    bid, _ = await _market(world)
    await world.submit("K", draft(STRANGLE, 2, round(bid - 1, 2)))
    await world.until(lambda: world.of(OrderListed, "K"))
    await world.clock.sleep(10)
    truth = await world.truth()
    (order,) = truth.open_orders
    assert (order.client_key, order.instrument_key) == ("K", STRANGLE)
    assert (order.signed_remaining, order.filled) == (2, 0)
    assert truth.positions == {}
    assert world.of(Execution) == world.of(OrderEnded) == []


@case(169)
async def a_resting_combo_is_cancelled_whole(world: World):
    await world.connect()
    bid, _ = await _market(world)
    await world.submit("K", draft(STRANGLE, 2, round(bid - 1, 2)))
    await world.until(lambda: world.of(OrderListed, "K"))
    await world.broker.cancel("K")
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert [one.rejected for one in world.of(OrderEnded)] == [False]
    truth = await world.truth()
    assert (truth.positions, truth.open_orders) == ({}, ())
    assert [(one.client_key, one.filled) for one in truth.ended_orders] == [("K", 0)]


@case(170, fills=FillModel(partial_rate=1.0))
async def a_combo_in_pieces_never_has_one_leg_more(world: World):
    await world.connect()
    _, ask = await _market(world)
    await world.submit("K", draft(STRANGLE, 60, round(ask + 1, 2)))
    seen = set()
    for _ in range(10):
        await world.clock.sleep(0.7)
        truth = await world.truth()
        legs = truth.positions.get(PUT, 0), truth.positions.get(CALL, 0)
        assert legs[0] == legs[1]
        assert truth.positions == holdings(truth.executions)
        for order in truth.open_orders:
            assert order.filled == legs[0] == 60 - order.signed_remaining
        seen.add(legs[0])
    assert len(seen) >= 2


@case(171)
async def a_combo_is_sold_for_its_limit_or_more(world: World):
    await world.connect()
    _, ask = await _market(world)
    await _trade(world, "K1", 2, ask + 0.2)
    bid, _ = await _market(world)
    got = await _trade(world, "K2", -2, bid - 0.2)
    assert got >= Decimal(str(round(bid - 0.2, 2)))
    assert float(got) < bid + 0.5
    assert {one.side for one in world.of(Execution, "K2")} == {Side.SELL}
    assert (await world.truth()).positions == {}


@case(172)
async def a_combo_off_the_tick_is_refused(world: World):
    await world.connect()
    await world.submit("K", draft(STRANGLE, 1, 12.345))
    await world.until(lambda: world.of(OrderEnded, "K"))
    (ended,) = world.of(OrderEnded)
    assert ended.rejected
    assert ended.reason
    assert (await world.truth()).positions == {}


@case(173, fees=Fees(option=Decimal("0.70")))
async def each_leg_of_a_combo_is_charged_by_itself(world: World):
    await world.connect()
    before = (await world.truth()).cash
    _, ask = await _market(world)
    paid = await _trade(world, "K", 4, ask + 0.2)
    charges = {one.exec_id: one.amount for one in world.of(Commission)}
    by_leg = dict.fromkeys((PUT, CALL), Decimal(0))
    for one in newest(world.of(Execution)).values():
        by_leg[one.instrument_key] += charges[one.exec_id]
    assert by_leg == {PUT: Decimal("2.80"), CALL: Decimal("2.80")}
    truth = await world.truth()
    assert truth.cash == before - 4 * 100 * paid - Decimal("5.60")


@case(174, fills=FillModel(passive_rate=50.0))
async def a_patient_combo_adds_up_to_its_limit_or_better(world: World):
    await world.connect()
    bid, ask = await _market(world)
    limit = round((bid + ask) / 2, 2)
    paid = await _trade(world, "K", 2, limit, seconds=60)
    assert paid <= Decimal(str(limit))
    assert all(one.price > 0 for one in world.of(Execution))
    assert (await world.truth()).positions == {PUT: 2, CALL: 2}


@case(175)
async def an_immediate_combo_that_cannot_trade_ends_at_once(world: World):
    await world.connect()
    bid, _ = await _market(world)
    order = draft(STRANGLE, 1, round(bid - 1, 2), tif=TimeInForce.IMMEDIATE)
    await world.submit("K", order)
    await world.until(lambda: world.of(OrderEnded, "K"))
    truth = await world.truth()
    assert (truth.positions, truth.open_orders) == ({}, ())
    assert world.of(Execution) == []


@case(176)
async def a_combo_with_an_unlisted_leg_is_refused(world: World):
    await world.connect()
    strange = combo(parse_key(PUT), parse_key("XSP 20351221 540 C")).key
    await world.submit("K", draft(strange, 1, 10))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert [one.rejected for one in world.of(OrderEnded)] == [True]
    await world.clock.sleep(ANSWER_S)
    assert (await world.truth()).positions == {}


@case(177)
async def a_combo_is_the_same_in_the_next_session(world: World):
    await world.connect()
    bid, ask = await _market(world)
    await _trade(world, "K1", 2, ask + 0.2)
    await world.submit("K2", draft(STRANGLE, 1, round(bid - 1, 2)))
    await world.until(lambda: world.of(OrderListed, "K2"))
    before = await world.truth()
    await world.reconnect(10)
    after = await world.truth()
    assert after.positions == before.positions == {PUT: 2, CALL: 2}
    assert after.open_orders == before.open_orders
    assert set(after.executions) == set(before.executions)
    await world.broker.cancel("K2")
    await world.until(lambda: world.of(OrderEnded, "K2"))
    assert (await world.truth()).open_orders == ()


@case(178)
async def a_leg_held_already_and_a_combo_add_up(world: World):
    await world.connect()
    await world.trade("K1", draft(CALL, -1))
    _, ask = await _market(world)
    await _trade(world, "K2", 3, ask + 0.2)
    truth = await world.truth()
    assert truth.positions == {PUT: 3, CALL: 2}
    assert holdings(truth.executions) == truth.positions


@case(179, outages=((30.0, 10.0),))
async def a_combo_cut_off_by_an_outage_has_both_legs_or_none(world: World):
    await world.connect()
    _, ask = await _market(world)
    await world.reach(30 - 0.03)
    await world.submit("K", draft(STRANGLE, 2, round(ask + 1, 2)))
    await world.reach(42)
    await world.connect()
    truth = await world.truth()
    assert truth.positions in ({}, {PUT: 2, CALL: 2})
    assert truth.positions == holdings(truth.executions)
    assert truth.open_orders == ()
