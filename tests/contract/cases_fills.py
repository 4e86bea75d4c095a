"""Fills in pieces and what they cost: executions add up, charges match, cash follows exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import TimeInForce
from hedgetui.ports.broker import Commission, Execution, OrderEnded
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.matching import FillModel
from tests.contract.world import ANSWER_S, World, case, draft, holdings, xsp

IN_PIECES = FillModel(partial_rate=1.0)
"""Every fill of more than one contract leaves a rest."""


@case(24)
async def a_closed_position_is_absent_and_not_zero(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K1", draft(hedge, -2))
    await world.trade("K2", draft(hedge, 2))
    assert (await world.truth()).positions == {}


@case(38)
async def cash_moves_by_exactly_what_was_paid_and_charged(world: World):
    await world.connect()
    key = await world.strangle_leg()
    before = (await world.truth()).cash
    bought = await world.trade("K1", draft(key, 1))
    await world.clock.sleep(60)
    sold = await world.trade("K2", draft(key, -1))
    truth = await world.truth()
    fees = sum((one.amount for one in truth.commissions), Decimal(0))
    multiplier = parse_key(key).multiplier
    assert truth.cash - before == multiplier * (sold.price - bought.price) - fees


@case(103, fills=IN_PIECES)
async def pieces_have_their_own_ids_and_add_up(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, 16), seconds=60)
    pieces = world.of(Execution, "K")
    assert len(pieces) >= 2
    assert len({one.exec_id for one in pieces}) == len(pieces)
    assert sum(one.quantity for one in pieces) == 16
    assert all(one.quantity >= 1 for one in pieces)
    assert [one.at for one in pieces] == sorted(one.at for one in pieces)
    await world.clock.sleep(ANSWER_S)
    assert world.of(OrderEnded) == []
    assert (await world.truth()).positions == {hedge: 16}


@case(104, fills=IN_PIECES, fees=Fees(option=Decimal("0.70"), future=Decimal("0.62")))
async def every_piece_is_charged_once_by_its_size(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K1", draft(hedge, 10), seconds=60)
    await world.trade("K2", draft(xsp(540), 3), seconds=60)
    charges = {one.exec_id: one.amount for one in world.of(Commission)}
    assert len(charges) == len(world.of(Commission))
    for one in world.of(Execution):
        rate = Decimal("0.62") if one.instrument_key == hedge else Decimal("0.70")
        assert charges[one.exec_id] == rate * one.quantity
    truth = await world.truth()
    assert {one.exec_id: one.amount for one in truth.commissions} == charges


@case(105, fills=IN_PIECES)
async def a_partly_filled_order_is_open_with_what_is_left(world: World):
    await world.connect()
    (quote,) = await world.watched(xsp(540))
    await world.submit("K", draft(xsp(540), 40, round((quote.ask or 0) + 1, 2)))
    await world.until(lambda: world.of(Execution, "K"))
    truth = await world.truth()
    filled = sum(one.quantity for one in truth.executions)
    assert filled > 0
    assert truth.positions == {xsp(540): filled}
    if filled < 40:
        (order,) = truth.open_orders
        assert (order.filled, order.signed_remaining) == (filled, 40 - filled)


@case(106, fills=IN_PIECES)
async def an_immediate_order_keeps_what_it_got_and_ends_the_rest(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    near = (quote.ask or 0) + 20
    await world.submit("K", draft(hedge, 10, near, tif=TimeInForce.IMMEDIATE))
    await world.until(lambda: world.of(OrderEnded, "K"))
    await world.until(lambda: world.executed("K"))
    ended = world.of(OrderEnded, "K")
    assert [one.rejected for one in ended] == [False]
    await world.clock.sleep(ANSWER_S)
    truth = await world.truth()
    got = world.executed("K")
    assert 0 < got < 10
    assert truth.positions == {hedge: got}
    assert [one.filled for one in truth.ended_orders] == [got]
    assert truth.open_orders == ()


@case(107)
async def sold_short_is_a_negative_position_and_cash_in_hand(world: World):
    await world.connect()
    before = (await world.truth()).cash
    execution = await world.trade("K", draft(xsp(560), -2))
    truth = await world.truth()
    assert truth.positions == {xsp(560): -2}
    fees = sum((one.amount for one in truth.commissions), Decimal(0))
    assert truth.cash - before == 200 * execution.price - fees
    assert truth.cash > before


@case(108)
async def one_order_may_turn_long_into_short(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K1", draft(hedge, 2))
    await world.trade("K2", draft(hedge, -5))
    assert (await world.truth()).positions == {hedge: -3}
    await world.trade("K3", draft(hedge, 4))
    assert (await world.truth()).positions == {hedge: 1}
    assert holdings(world.of(Execution)) == {hedge: 1}


@case(109, fees=Fees(future=Decimal("0.62")))
async def a_future_costs_its_fee_and_pays_when_it_is_closed(world: World):
    await world.connect()
    hedge = await world.hedge()
    before = (await world.truth()).cash
    sold = await world.trade("K1", draft(hedge, -3))
    assert (await world.truth()).cash == before - 3 * Decimal("0.62")
    await world.clock.sleep(60)
    bought = await world.trade("K2", draft(hedge, 3))
    profit = 3 * 5 * (sold.price - bought.price)
    assert (await world.truth()).cash == before + profit - 6 * Decimal("0.62")


@case(110)
async def months_of_one_future_are_not_netted(world: World):
    await world.connect()
    near, far = (one.key for one in (await world.broker.futures("MES"))[:2])
    await world.trade("K1", draft(near, -2))
    await world.trade("K2", draft(far, 2))
    assert (await world.truth()).positions == {near: -2, far: 2}


@case(111)
async def calls_and_puts_of_one_strike_are_not_netted(world: World):
    await world.connect()
    await world.trade("K1", draft(xsp(540), 1))
    await world.trade("K2", draft(xsp(540, "P"), -1))
    assert (await world.truth()).positions == {xsp(540): 1, xsp(540, "P"): -1}


@case(37)
async def margin_says_what_an_order_would_do_and_does_not_do_it(world: World):
    await world.connect()
    hedge = await world.hedge()
    one, two = [await world.broker.margin(draft(hedge, n)) for n in (1, 2)]
    if one is not None and two is not None:
        assert 0 < one.initial_change < two.initial_change
        assert one.headroom_after > two.headroom_after
    assert (await world.truth()).ended_orders == ()


@case(112)
async def asking_for_margin_leaves_no_trace(world: World):
    await world.connect()
    hedge = await world.hedge()
    before = await world.truth()
    for signed in (1, -3, 40):
        await world.broker.margin(draft(hedge, signed))
    await world.clock.sleep(ANSWER_S)
    after = await world.truth()
    assert not any(getattr(one, "client_key", "") for one in world.heard)
    assert (after.positions, after.open_orders, after.executions) == ({}, (), ())
    assert after.cash == before.cash


@case(113)
async def an_order_that_closes_frees_margin(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, -4))
    closing = await world.broker.margin(draft(hedge, 4))
    more = await world.broker.margin(draft(hedge, -4))
    if closing is not None and more is not None:
        assert closing.initial_change < 0 < more.initial_change
        assert closing.headroom_after > more.headroom_after


@case(114)
async def margin_grows_with_the_size_of_a_short_option(world: World):
    await world.connect()
    answers = [await world.broker.margin(draft(xsp(550), -n)) for n in (1, 2, 4)]
    known = [one for one in answers if one is not None]
    if len(known) == 3:
        changes = [one.initial_change for one in known]
        assert 0 < changes[0] < changes[1] < changes[2]
        assert float(changes[2]) == pytest.approx(4 * float(changes[0]), rel=0.1)
