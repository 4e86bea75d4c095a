"""Orders that are refused: always with a reason, never with a trace in positions or cash."""

from __future__ import annotations

from decimal import Decimal

from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side, TimeInForce
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import Execution, OrderEnded, VenueReport
from hedgetui.simulation.faults import Faults
from tests.contract.world import ANSWER_S, World, case, draft, xsp


async def _refused(world: World, order: OrderDraft, key: str = "K") -> OrderEnded:
    """Send an order that must be refused, and make sure that nothing came of it."""
    before = await world.truth()
    await world.submit(key, order)
    await world.until(lambda: world.of(OrderEnded, key))
    (ended,) = world.of(OrderEnded, key)
    assert ended.rejected
    assert ended.reason
    assert world.of(Execution, key) == []
    after = await world.truth()
    assert (after.positions, after.cash) == (before.positions, before.cash)
    assert key not in {one.client_key for one in after.open_orders}
    return ended


@case(33)
async def a_price_off_the_tick_is_rejected_with_a_reason(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K", draft(hedge, 1, 5000.10))
    await world.until(lambda: world.of(OrderEnded, "K"))
    ended = world.of(OrderEnded, "K")[0]
    assert ended.rejected
    assert ended.reason
    assert (await world.truth()).positions == {}


@case(34)
async def an_unknown_instrument_is_rejected(world: World):
    await world.connect()
    await world.submit("K", draft("XSP 20351221 540 C", 1))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected


@case(35)
async def more_than_the_account_can_carry_is_rejected(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K", draft(hedge, 5_000))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected
    assert (await world.truth()).positions == {}


@case(36, halts=((20.0, 60.0),))
async def a_market_order_in_a_halt_is_rejected(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.until(lambda: not world.of(VenueReport)[-1].open, 25)
    await world.submit("K", draft(hedge, 1))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected
    assert world.of(Execution) == []


@case(115)
async def a_moment_in_the_past_is_refused(world: World):
    await world.connect()
    hedge = await world.hedge()
    past = Timestamp(round(world.clock.now() - 60))
    await _refused(world, draft(hedge, 1, 5000, tif=TimeInForce.GOOD_TILL, good_till=past))


@case(116)
async def an_order_for_nothing_is_refused(world: World):
    await world.connect()
    hedge = await world.hedge()
    await _refused(
        world, OrderDraft(Purpose.HEDGE, hedge, Side.BUY, Contracts(0), OrderType.MARKET)
    )


@case(117)
async def a_limit_of_zero_is_refused(world: World):
    await world.connect()
    await _refused(world, draft(xsp(540), 1, 0))


@case(118)
async def a_month_nobody_lists_is_refused(world: World):
    await world.connect()
    await _refused(world, draft("MES 203003", 1))


@case(119)
async def a_strike_nobody_lists_is_refused(world: World):
    await world.connect()
    await _refused(world, draft("XSP 20251219 541.3 C", 1))


@case(120, faults=Faults(reject_rate=1.0))
async def a_refusal_without_fault_of_the_trader_is_one_refusal(world: World):
    await world.connect()
    hedge = await world.hedge()
    ended = await _refused(world, draft(hedge, -1))
    (known,) = (await world.truth()).ended_orders
    assert (known.client_key, known.rejected, known.filled) == ("K", True, 0)
    assert known.reason
    await world.clock.sleep(ANSWER_S)
    assert world.of(OrderEnded) == [ended]


@case(121, cash=Decimal(1_000))
async def a_poor_account_buys_no_future(world: World):
    await world.connect()
    hedge = await world.hedge()
    assert (await world.truth()).cash == 1_000
    await _refused(world, draft(hedge, 1))
    margin = await world.broker.margin(draft(hedge, 1))
    assert margin is None or margin.headroom_after < 0


@case(122, cash=Decimal(3_500))
async def a_poor_account_can_always_close(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K1", draft(hedge, 1))
    await _refused(world, draft(hedge, 1), "K2")
    await world.trade("K3", draft(hedge, -1))
    assert (await world.truth()).positions == {}


@case(123)
async def a_refusal_leaves_the_next_order_alone(world: World):
    await world.connect()
    hedge = await world.hedge()
    await _refused(world, draft(hedge, 1, 5000.10), "K1")
    await world.trade("K2", draft(hedge, 1))
    truth = await world.truth()
    assert truth.positions == {hedge: 1}
    assert {one.client_key for one in truth.ended_orders if one.rejected} == {"K1"}


@case(124)
async def a_refused_key_is_spent(world: World):
    await world.connect()
    hedge = await world.hedge()
    await _refused(world, draft(hedge, 1, 5000.10))
    await world.submit("K", draft(hedge, 1))
    await world.clock.sleep(ANSWER_S)
    assert world.of(Execution) == []
    assert (await world.truth()).positions == {}
