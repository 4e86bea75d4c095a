"""Grain futures: priced in cents a bushel, traded at hours of their own, apart from the index.

A lot is 5,000 bushels and a cent of its price 50 dollars; a broker that counts in dollars a bushel,
or bushels a contract, is translated at the door.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import Side
from hedgetui.domain.quotes import DataType, Quote
from hedgetui.domain.units import parse_utc
from hedgetui.ports.broker import (
    Commission,
    Execution,
    IndexLevel,
    OrderEnded,
    OrderListed,
    VenueReport,
)
from tests.contract.world import ANSWER_S, World, case, draft

CORN, WHEAT, BEANS = "ZC 202512", "ZW 202512", "ZS 202601"
CENTS = {CORN: (300, 600), WHEAT: (400, 800), BEANS: (800, 1400)}
"""Prices in dollars, or in cents of a contract, are far outside."""

BEFORE_BREAK = parse_utc("2025-11-19T13:44:00Z")
DAY_SESSION = parse_utc("2025-11-19T14:30:00Z")
BEFORE_CLOSE = parse_utc("2025-11-19T19:19:00Z")
CLOSE = parse_utc("2025-11-19T19:20:00Z")
NIGHT_SESSION = parse_utc("2025-11-20T01:00:00Z")
AFTER_CLOSE = parse_utc("2025-11-19T19:25:00Z")


def venues(world: World, symbol: str) -> list[VenueReport]:
    """Return what was reported of one future's venue."""
    return [one for one in world.of(VenueReport) if one.symbol == symbol]


@case(180)
async def the_months_of_a_crop_are_listed_nearest_first(world: World):
    await world.connect()
    corn, beans = [await world.broker.futures(one) for one in ("ZC", "ZS")]
    assert [one.key for one in corn[:3]] == [CORN, "ZC 202603", "ZC 202605"]
    assert [one.key for one in beans[:3]] == [BEANS, "ZS 202603", "ZS 202605"]
    assert {(one.multiplier, one.tick) for one in corn + beans} == {(50, Decimal("0.25"))}


@case(181)
async def a_grain_is_quoted_in_cents_on_its_tick(world: World):
    await world.connect()
    for quote in await world.watched(*CENTS):
        low, high = CENTS[quote.key]
        bid, ask = (Decimal(str(side)) for side in (quote.bid, quote.ask))
        assert low < bid < ask < high
        assert [side % parse_key(quote.key).tick for side in (bid, ask)] == [0, 0]
        assert quote.data_type is DataType.LIVE


@case(182)
async def grain_quotes_stay_young_and_do_not_touch_the_index(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.watched(hedge, *CENTS)
    for _ in range(10):
        await world.clock.sleep(1)
        assert all(world.of(Quote, key)[-1].age(world.clock.now()) < 5 for key in (hedge, *CENTS))
    levels = [one.level for one in world.of(IndexLevel)]
    assert levels == pytest.approx([levels[0]] * len(levels), rel=0.02)


@case(183)
async def a_marketable_limit_on_a_grain_fills_at_a_price_in_cents(world: World):
    await world.connect()
    (quote,) = await world.watched(CORN)
    limit = (quote.bid or 0) - 0.5
    execution = await world.trade("K", draft(CORN, -3, limit), 60)
    assert (execution.instrument_key, execution.side) == (CORN, Side.SELL)
    for one in world.of(Execution, "K"):
        assert Decimal(str(limit)) <= one.price < 600
        assert one.price % parse_key(CORN).tick == 0
    assert (await world.truth()).positions == {CORN: -3}
    assert world.of(OrderEnded) == []


@case(184)
async def a_grain_order_rests_until_it_is_cancelled(world: World):
    await world.connect()
    await world.rest("K", CORN, -2)
    (order,) = (await world.truth()).open_orders
    assert (order.client_key, order.instrument_key) == ("K", CORN)
    assert (order.signed_remaining, order.filled) == (-2, 0)
    await world.broker.cancel("K")
    await world.until(lambda: world.of(OrderEnded, "K"))
    (ended,) = world.of(OrderEnded)
    assert not ended.rejected
    after = await world.truth()
    assert (after.open_orders, after.positions, after.executions) == ((), {}, ())


@case(185)
async def crops_months_and_the_index_are_never_netted(world: World):
    await world.connect()
    hedge = await world.hedge()
    far = "ZC 202603"
    for number, (key, signed) in enumerate([(CORN, -2), (far, 2), (WHEAT, 1), (hedge, -1)]):
        (quote,) = await world.watched(key)
        limit = (quote.bid or 0) - 2 if signed < 0 else (quote.ask or 0) + 2
        await world.trade(f"K{number}", draft(key, signed, limit), 60)
    truth = await world.truth()
    assert truth.positions == {CORN: -2, far: 2, WHEAT: 1, hedge: -1}
    assert {one.instrument_key for one in truth.executions} == set(truth.positions)


@case(186)
async def a_cent_of_a_grain_is_fifty_dollars(world: World):
    await world.connect()
    before = (await world.truth()).cash
    prices: list[Decimal] = []
    for key, signed in (("K1", 1), ("K2", -1)):
        (quote,) = await world.watched(CORN)
        limit = (quote.ask or 0) + 2 if signed > 0 else (quote.bid or 0) - 2
        prices.append((await world.trade(key, draft(CORN, signed, limit), 60)).price)
        await world.clock.sleep(20)
    charges = {one.exec_id: one.amount for one in world.of(Commission)}
    truth = await world.truth()
    assert truth.positions == {}
    assert truth.cash - before == (prices[1] - prices[0]) * 50 - sum(charges.values())


@case(187)
async def asking_for_months_reports_the_venue_beside_the_hedges(world: World):
    await world.connect()
    await world.until(lambda: venues(world, "MES"))
    assert venues(world, "ZC") == []
    await world.broker.futures("ZC")
    await world.until(lambda: venues(world, "ZC"))
    report = venues(world, "ZC")[-1]
    assert report.open
    assert report.until == CLOSE
    assert venues(world, "MES")[-1].until != CLOSE
    assert venues(world, "ZW") == []


@case(188, start=BEFORE_CLOSE)
async def a_watched_grain_reports_its_close_while_the_hedge_trades_on(world: World):
    await world.connect()
    hedge = await world.hedge()
    quote, _ = await world.watched(BEANS, hedge)
    assert quote.mid is not None
    await world.until(lambda: venues(world, "ZS"))
    assert venues(world, "ZS")[-1].open
    await world.until(lambda: not venues(world, "ZS")[-1].open, 75)
    closed = venues(world, "ZS")[-1]
    assert closed.reason
    assert closed.until == NIGHT_SESSION
    assert world.clock.now() >= CLOSE
    await world.clock.sleep(10)
    assert world.of(Quote, BEANS)[-1].mid is None
    assert world.of(Quote, hedge)[-1].mid is not None
    assert venues(world, "MES")[-1].open


@case(189, start=BEFORE_BREAK)
async def the_morning_break_of_the_grains_is_reported_with_its_end(world: World):
    await world.connect()
    await world.broker.futures("ZW")
    await world.until(lambda: venues(world, "ZW"))
    await world.until(lambda: not venues(world, "ZW")[-1].open, 75)
    assert venues(world, "ZW")[-1].until == DAY_SESSION


@case(190, halts=((20.0, 30.0),))
async def a_halt_of_the_index_does_not_halt_the_grains(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.watched(CORN, hedge)
    await world.until(lambda: venues(world, "ZC"))
    await world.reach(40)
    assert not venues(world, "MES")[-1].open
    assert venues(world, "ZC")[-1].open
    assert world.of(Quote, hedge)[-1].mid is None
    quote = world.of(Quote, CORN)[-1]
    assert quote.mid is not None
    assert quote.age(world.clock.now()) < 5


@case(191, start=AFTER_CLOSE)
async def a_grain_order_outside_its_hours_does_not_trade(world: World):
    await world.connect()
    limit = CENTS[CORN][0] + 1
    await world.submit("K", draft(CORN, -1, limit))
    await world.clock.sleep(2 * ANSWER_S)
    assert world.of(Execution) == []
    assert [one.rejected for one in world.of(OrderEnded, "K")] in ([True], [])
    assert (await world.truth()).positions == {}


@case(192)
async def a_grain_price_off_its_tick_is_refused(world: World):
    await world.connect()
    (quote,) = await world.watched(CORN)
    await world.submit("K", draft(CORN, 1, (quote.bid or 0) + 0.1))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected
    assert world.of(OrderListed, "K") == world.of(Execution, "K") == []


@case(193)
async def a_month_no_crop_has_does_not_stop_the_others(world: World):
    await world.connect()
    await world.broker.watch(frozenset({CORN, "ZC 202511", "ZS 202512"}))
    await world.until(lambda: world.of(Quote, CORN))
    world.heard.clear()
    await world.clock.sleep(5)
    assert world.of(Quote, CORN)
    assert {one.key for one in world.of(Quote)} == {CORN}


@case(194)
async def margin_of_a_grain_is_dollars_a_lot(world: World):
    await world.connect()
    one, three = [await world.broker.margin(draft(CORN, -n, 400)) for n in (1, 3)]
    if one is not None and three is not None:
        assert 500 < one.initial_change < 5_000
        assert three.initial_change == 3 * one.initial_change
