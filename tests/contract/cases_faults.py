"""Words lost, repeated, corrected or without meaning: the truth stands against all of them."""

from __future__ import annotations

from decimal import Decimal

from hedgetui.domain.events import LinkState
from hedgetui.ports.broker import (
    Execution,
    LinkReport,
    OrderEnded,
    OrderListed,
    OrderNotice,
)
from hedgetui.simulation.faults import Faults
from tests.contract.world import ANSWER_S, World, case, draft, holdings, newest, xsp

CUT = ((30.0, 10.0),)
"""One outage, half a minute after the start."""


@case(145, faults=Faults(information_rate=1.0))
async def a_notice_does_not_end_a_resting_order(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, 1)
    await world.until(lambda: world.of(OrderNotice, "K"))
    await world.clock.sleep(ANSWER_S)
    assert all(one.code for one in world.of(OrderNotice, "K"))
    assert world.of(OrderEnded) == []
    assert [one.client_key for one in (await world.truth()).open_orders] == ["K"]
    await world.broker.cancel("K")
    await world.until(lambda: world.of(OrderEnded, "K"))


@case(146, faults=Faults(information_rate=1.0))
async def a_notice_does_not_stop_a_fill(world: World):
    await world.connect()
    hedge = await world.hedge()
    for n in range(4):
        await world.trade(f"K{n}", draft(hedge, 1))
        await world.until(lambda n=n: world.of(OrderNotice, f"K{n}"))
    await world.clock.sleep(ANSWER_S)
    assert world.of(OrderEnded) == []
    assert (await world.truth()).positions == {hedge: 4}


@case(147, faults=Faults(duplicate_rate=1.0))
async def a_repeated_execution_has_the_same_id_and_revision(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K1", draft(hedge, 3))
    await world.trade("K2", draft(hedge, -1))
    await world.clock.sleep(ANSWER_S)
    heard = world.of(Execution)
    assert len(set(heard)) == len({(one.exec_id, one.revision) for one in heard}) == 2
    truth = await world.truth()
    assert len(truth.executions) == 2
    assert truth.positions == holdings(heard) == {hedge: 2}


@case(148, faults=Faults(lost_rate=1.0))
async def what_nobody_heard_is_in_the_truth(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K1", draft(hedge, -2))
    await world.submit("K2", draft(hedge, 1, 4000))
    await world.clock.sleep(ANSWER_S)
    truth = await world.truth()
    assert truth.positions == {hedge: -2}
    assert [one.client_key for one in truth.executions] == ["K1"]
    assert [one.exec_id for one in truth.commissions] == [truth.executions[0].exec_id]
    assert [one.client_key for one in truth.open_orders] == ["K2"]
    assert world.of(OrderEnded) == []


@case(149, faults=Faults(lost_rate=1.0))
async def an_order_nobody_heard_of_can_be_cancelled(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K", draft(hedge, 1, 4000))
    await world.clock.sleep(ANSWER_S)
    await world.broker.cancel("K")
    await world.clock.sleep(ANSWER_S)
    truth = await world.truth()
    assert truth.open_orders == ()
    (ended,) = truth.ended_orders
    assert (ended.client_key, ended.filled, ended.rejected) == ("K", 0, False)


@case(150, faults=Faults(lost_rate=0.4, duplicate_rate=0.3))
async def what_was_heard_is_part_of_the_truth(world: World):
    await world.connect()
    hedge = await world.hedge()
    for n in range(12):
        await world.submit(f"K{n}", draft(hedge, 1))
        await world.clock.sleep(0.2)
    await world.clock.sleep(ANSWER_S)
    truth = await world.truth()
    assert truth.positions == {hedge: 12}
    assert {one.client_key for one in truth.executions} == {f"K{n}" for n in range(12)}
    assert set(world.of(Execution)) <= set(truth.executions)


@case(151, outages=CUT, faults=Faults(arrival_rate=0.0))
async def an_order_lost_with_the_link_is_nowhere(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.reach(30 - 0.005)
    await world.submit("K", draft(hedge, 1))
    await world.reach(42)
    assert world.of(LinkReport)[-1].state is LinkState.DOWN
    await world.connect()
    truth = await world.truth()
    assert truth.positions == {}
    assert (truth.open_orders, truth.ended_orders, truth.executions) == ((), (), ())
    assert world.of(OrderEnded) == []


@case(152, outages=CUT, faults=Faults(arrival_rate=1.0))
async def an_order_that_arrived_as_the_link_fell_is_in_the_truth(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.reach(30 - 0.005)
    await world.submit("K", draft(hedge, 1))
    await world.reach(42)
    assert world.of(Execution) == []
    await world.connect()
    truth = await world.truth()
    assert truth.positions == {hedge: 1}
    assert [one.client_key for one in truth.executions] == ["K"]
    await world.clock.sleep(ANSWER_S)
    assert world.of(Execution) == world.of(OrderListed) == []


@case(153, correction=(40.0, Decimal("0.25")))
async def a_corrected_execution_replaces_the_first_one(world: World):
    await world.connect()
    hedge = await world.hedge()
    first = await world.trade("K", draft(hedge, 2))
    await world.reach(45)
    heard = world.of(Execution, "K")
    assert {one.exec_id for one in heard} == {first.exec_id}
    corrected = newest(heard)[first.exec_id]
    assert corrected.revision > first.revision
    assert corrected.price == first.price + Decimal("0.25")
    assert (corrected.quantity, corrected.client_key) == (2, "K")
    truth = await world.truth()
    assert newest(truth.executions) == {first.exec_id: corrected}
    assert truth.positions == {hedge: 2}


@case(154, correction=(40.0, Decimal("-0.10")))
async def a_corrected_price_moves_the_cash(world: World):
    await world.connect()
    await world.trade("K", draft(xsp(540), 3))
    before = (await world.truth()).cash
    await world.reach(45)
    assert (await world.truth()).cash == before + 3 * 100 * Decimal("0.10")


@case(155, correction=(60.0, Decimal("0.25")))
async def a_correction_while_away_is_in_the_truth(world: World):
    await world.connect()
    hedge = await world.hedge()
    first = await world.trade("K", draft(hedge, -1))
    await world.broker.disconnect()
    await world.reach(70)
    world.heard.clear()
    await world.connect()
    (known,) = newest((await world.truth()).executions).values()
    assert (known.exec_id, known.price) == (first.exec_id, first.price + Decimal("0.25"))
    assert world.of(Execution) == []
