"""The day of the venues: halts, closes, weekends and expiries, as orders and quotes meet them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain.quotes import Quote
from hedgetui.domain.units import parse_utc
from hedgetui.ports.broker import (
    Execution,
    IndexLevel,
    OrderEnded,
    OrderListed,
    OrderNotice,
    VenueReport,
)
from tests.contract.world import ANSWER_S, World, case, draft, xsp

BEFORE_CLOSE = parse_utc("2025-11-19T21:59:00Z")
CLOSE = parse_utc("2025-11-19T22:00:00Z")
REOPENING = parse_utc("2025-11-19T23:00:00Z")
AFTER_HOURS = parse_utc("2025-11-19T21:20:00Z")
BEFORE_OPTIONS_CLOSE = parse_utc("2025-11-19T21:14:00Z")
SATURDAY = parse_utc("2025-11-22T15:00:00Z")
SUNDAY_OPENING = parse_utc("2025-11-23T23:00:00Z")
EXPIRY_DAY = parse_utc("2025-11-19T20:58:00Z")
EXPIRING = "XSP 20251119 500 C"
"""Deep in the money and two minutes from its end."""


@case(156, start=BEFORE_CLOSE)
async def the_close_is_announced_and_reported(world: World):
    await world.connect()
    await world.until(lambda: world.of(VenueReport))
    opened = world.of(VenueReport)[-1]
    assert opened.open
    assert opened.until == CLOSE
    await world.until(lambda: not world.of(VenueReport)[-1].open, 75)
    closed = world.of(VenueReport)[-1]
    assert closed.reason
    assert closed.until == REOPENING
    assert world.clock.now() >= CLOSE


@case(157, start=BEFORE_CLOSE)
async def a_closed_future_has_no_two_sides(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    assert quote.mid is not None
    await world.reach(70)
    assert world.of(Quote, hedge)[-1].mid is None


@case(158, start=BEFORE_CLOSE)
async def a_day_order_ends_with_the_day(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.rest("K", hedge, 1)
    await world.reach(58)
    assert world.of(OrderEnded) == []
    await world.reach(70)
    (ended,) = world.of(OrderEnded)
    assert (ended.client_key, ended.rejected) == ("K", False)
    assert world.of(Execution) == []
    assert (await world.truth()).open_orders == ()


@case(159, start=AFTER_HOURS)
async def after_hours_options_have_no_two_sides_and_futures_do(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.broker.watch(frozenset({hedge, xsp(540)}))
    await world.until(lambda: world.of(Quote, hedge))
    await world.clock.sleep(10)
    assert world.of(Quote, hedge)[-1].mid is not None
    assert [one for one in world.of(Quote, xsp(540)) if one.mid is not None] == []


@case(160, start=BEFORE_OPTIONS_CLOSE)
async def options_lose_their_quotes_at_their_own_close(world: World):
    await world.connect()
    hedge = await world.hedge()
    first = await world.watched(hedge, xsp(540))
    assert all(one.mid is not None for one in first)
    await world.reach(70)
    assert world.of(Quote, xsp(540))[-1].mid is None
    assert world.of(Quote, hedge)[-1].mid is not None
    assert world.of(VenueReport)[-1].open


@case(161, start=AFTER_HOURS)
async def after_hours_a_future_trades_and_an_option_does_not(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K1", draft(xsp(540), 1))
    await world.until(lambda: world.of(OrderEnded, "K1") or world.of(OrderNotice, "K1"))
    await world.trade("K2", draft(hedge, 1))
    assert world.of(Execution, "K1") == []
    assert (await world.truth()).positions == {hedge: 1}


@case(162, start=SATURDAY)
async def a_weekend_is_reported_with_its_end(world: World):
    await world.connect()
    await world.until(lambda: world.of(VenueReport))
    venue = world.of(VenueReport)[-1]
    assert not venue.open
    assert venue.reason
    assert venue.until == SUNDAY_OPENING


@case(163, start=SATURDAY)
async def an_order_on_a_closed_venue_does_not_trade(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K", draft(hedge, -1))
    await world.until(lambda: world.of(OrderEnded, "K") or world.of(OrderNotice, "K"))
    await world.clock.sleep(30)
    assert world.of(Execution) == []
    truth = await world.truth()
    assert (truth.positions, truth.executions) == ({}, ())


@case(164, halts=((30.0, 20.0),))
async def a_limit_waits_for_the_end_of_a_halt(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    limit = (quote.ask or 0) + 40
    await world.reach(35)
    await world.submit("K", draft(hedge, 1, limit))
    await world.until(lambda: world.of(OrderListed, "K"))
    await world.reach(49)
    assert world.of(Execution) == world.of(OrderEnded) == []
    await world.until(lambda: world.executed("K") == 1, 15)
    assert world.of(Execution)[0].price <= Decimal(str(limit))
    assert world.of(Execution)[0].at >= world.began + 49


@case(165, start=EXPIRY_DAY)
async def an_expired_option_leaves_and_pays_what_it_is_worth(world: World):
    await world.connect()
    await world.trade("K", draft(EXPIRING, 2))
    bought = await world.truth()
    assert bought.positions == {EXPIRING: 2}
    await world.reach(120)
    level = world.of(IndexLevel)[-1].level
    await world.reach(135)
    truth = await world.truth()
    assert truth.positions == {}
    paid = float(truth.cash - bought.cash)
    assert paid == pytest.approx(2 * 100 * (level / 10 - 500), rel=0.05)


@case(166, start=EXPIRY_DAY)
async def nothing_trades_in_an_option_that_has_expired(world: World):
    await world.connect()
    await world.reach(125)
    await world.submit("K", draft(EXPIRING, 1))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected
    await world.clock.sleep(ANSWER_S)
    assert (await world.truth()).positions == {}
