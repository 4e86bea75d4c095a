"""The truth: what reconciliation reads, in one piece, in every state of the account.

Whoever decides from it decides about money, so its parts must agree with each other at every
moment, also while orders trade, and it must be the same whether or not anybody listened.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hedgetui.domain.orders import TimeInForce
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import (
    BrokerTruth,
    Commission,
    Complete,
    Execution,
    LinkReport,
    OrderEnded,
    OrderListed,
)
from hedgetui.simulation.matching import FillModel
from tests.contract.world import ANSWER_S, World, case, draft, holdings, xsp


def _agrees(truth: BrokerTruth) -> None:
    """Check the parts of a truth against each other."""
    assert truth.positions == holdings(truth.executions)
    assert len({one.exec_id for one in truth.executions}) == len(truth.executions)
    for order in truth.open_orders:
        mine = [one for one in truth.executions if one.client_key == order.client_key]
        assert order.filled == sum(one.quantity for one in mine)
        assert order.signed_remaining != 0
    opened = {one.client_key for one in truth.open_orders}
    assert not opened & {one.client_key for one in truth.ended_orders}
    assert len(opened) == len(truth.open_orders)


def _set(truth: BrokerTruth) -> tuple[object, ...]:
    """Return everything in a truth that time and sessions do not change.

    Orders filled whole may be among the ended ones or not: their executions say it all.
    """
    unfilled = [one for one in truth.ended_orders if one.rejected or not one.filled]
    return (
        dict(truth.positions),
        frozenset(truth.open_orders),
        frozenset((one.client_key, one.filled, one.rejected) for one in unfilled),
        frozenset(truth.executions),
        frozenset(truth.commissions),
        truth.cash,
    )


@case(22)
async def the_truth_shows_what_the_messages_said(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, -3))
    truth = await world.truth()
    assert truth.positions == {hedge: -3}
    assert set(truth.executions) == set(world.of(Execution))
    assert set(truth.commissions) == set(world.of(Commission))
    assert truth.open_orders == ()
    assert truth.executions_since <= world.of(Execution)[0].at <= truth.at


@case(23)
async def a_fresh_account_is_flat_and_complete(world: World):
    await world.connect()
    truth = await world.truth()
    assert (truth.positions, truth.open_orders, truth.executions) == ({}, (), ())
    assert truth.cash > 0
    assert truth.session == world.of(LinkReport)[-1].session


@case(40)
async def two_readers_of_the_truth_both_get_it(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, 1))
    answers = await asyncio.gather(*(world.broker.truth() for _ in range(3)))
    assert all(isinstance(one, Complete) for one in answers)
    assert len({tuple(one.truth.positions.items()) for one in answers}) == 1


@case(135, fills=FillModel(partial_rate=1.0))
async def the_truth_agrees_with_itself_while_pieces_trade(world: World):
    await world.connect()
    (quote,) = await world.watched(xsp(540))
    await world.submit("K", draft(xsp(540), 60, round((quote.ask or 0) + 1, 2)))
    seen = set()
    for _ in range(12):
        truth = await world.truth()
        _agrees(truth)
        seen.add(truth.positions.get(xsp(540), 0))
        await world.clock.sleep(0.6)
    assert len(seen) >= 2


@case(136)
async def the_truth_agrees_with_itself_beside_new_orders(world: World):
    await world.connect()
    hedge = await world.hedge()
    for n in range(6):
        asked = asyncio.gather(*(world.broker.truth() for _ in range(2)))
        await world.submit(f"K{n}", draft(hedge, 1 if n % 3 else -2))
        for answer in await asked:
            assert isinstance(answer, Complete)
            _agrees(answer.truth)
    await world.until(lambda: len(world.of(Execution)) == 6)
    truth = await world.truth()
    _agrees(truth)
    assert len(truth.executions) == 6


@case(137)
async def the_truth_is_the_same_in_the_next_session(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K1", draft(hedge, -3))
    await world.trade("K2", draft(xsp(540), 2))
    await world.rest("K3", hedge, 1)
    await world.rest("K4", hedge, 2)
    await world.broker.cancel("K4")
    await world.until(lambda: world.of(OrderEnded, "K4"))
    before = await world.truth()
    await world.reconnect(20)
    after = await world.truth()
    assert _set(after) == _set(before)
    assert after.session > before.session
    assert after.at > before.at


@case(138)
async def ended_orders_say_how_they_ended(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("filled", draft(hedge, 1))
    await world.rest("cancelled", hedge, 1)
    await world.broker.cancel("cancelled")
    await world.submit("refused", draft(hedge, 1, 5000.10))
    await world.until(lambda: len(world.of(OrderEnded)) == 2)
    ended = {one.client_key: one for one in (await world.truth()).ended_orders}
    assert {"cancelled", "refused"} <= set(ended) <= {"filled", "cancelled", "refused"}
    assert (ended["cancelled"].filled, ended["cancelled"].rejected) == (0, False)
    assert (ended["refused"].filled, ended["refused"].rejected) == (0, True)
    assert ended["refused"].reason
    if "filled" in ended:
        assert (ended["filled"].filled, ended["filled"].rejected) == (1, False)


@case(139)
async def the_truth_knows_its_moment_and_its_session(world: World):
    await world.connect()
    moments = []
    for _ in range(3):
        asked = world.clock.now()
        truth = await world.truth()
        assert asked - 1 <= truth.at <= world.clock.now()
        assert truth.executions_since <= asked
        assert truth.session == world.session
        moments.append(truth.at)
        await world.clock.sleep(5)
    assert moments == sorted(set(moments))


@case(140)
async def asking_twice_changes_nothing(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K1", draft(hedge, 2))
    await world.rest("K2", hedge, -1)
    heard = len([one for one in world.heard if getattr(one, "client_key", "")])
    first, second = await world.truth(), await world.truth()
    assert replace(second, at=first.at) == first
    assert len([one for one in world.heard if getattr(one, "client_key", "")]) == heard


@case(141)
async def what_ended_while_away_is_in_the_truth(world: World):
    await world.connect()
    hedge = await world.hedge()
    end = Timestamp(round(world.clock.now() + 20))
    await world.rest("K", hedge, 1, tif=TimeInForce.GOOD_TILL, good_till=end)
    await world.reconnect(40)
    assert world.of(OrderEnded) == []
    truth = await world.truth()
    assert truth.open_orders == ()
    (ended,) = truth.ended_orders
    assert (ended.client_key, ended.filled, ended.rejected) == ("K", 0, False)


@case(142, fills=FillModel(passive_rate=5.0))
async def what_traded_while_away_is_in_the_truth(world: World):
    await world.connect()
    (quote,) = await world.watched(xsp(540))
    limit = round((quote.ask or 0) - 0.01, 2)
    await world.submit("K", draft(xsp(540), 1, limit))
    await world.reconnect(120)
    await world.clock.sleep(ANSWER_S)
    assert world.of(Execution) == []
    truth = await world.truth()
    assert truth.positions == {xsp(540): 1}
    assert [one.client_key for one in truth.executions] == ["K"]
    assert {one.exec_id for one in truth.commissions} == {truth.executions[0].exec_id}


@case(143, outages=((30.0, 20.0),))
async def a_resting_order_survives_an_outage_under_its_own_number(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, -2)
    number = world.of(OrderListed, "K")[0].broker_order
    await world.reach(55)
    await world.connect()
    (order,) = (await world.truth()).open_orders
    assert (order.client_key, order.broker_order) == ("K", number)
    assert (order.instrument_key, order.signed_remaining) == (hedge, -2)
    assert world.of(OrderEnded) == []


@case(144)
async def a_session_hears_of_orders_that_an_earlier_one_sent(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    end = Timestamp(round(world.clock.now() + 30))
    far = (quote.bid or 0) - 200
    await world.submit("K", draft(hedge, 1, far, tif=TimeInForce.GOOD_TILL, good_till=end))
    await world.until(lambda: world.of(OrderListed, "K"))
    await world.reconnect(3)
    await world.truth()
    await world.reach(end - world.began + ANSWER_S)
    (ended,) = world.of(OrderEnded)
    assert (ended.client_key, ended.rejected) == ("K", False)
