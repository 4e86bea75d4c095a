"""What is listed: the option chain, the futures and a year of implied volatility.

The scanner ranks hundreds of strangles from one chain, so a chain must not contradict itself: no
crossed quotes, prices in the order of their strikes, both rights on one forward. A broker that
counts its lines may leave out strikes and expiries that no strangle wants.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from hedgetui.domain.instruments import Kind, third_friday
from hedgetui.domain.quotes import ChainSnapshot, ExpiryQuotes
from hedgetui.domain.units import parse_utc
from hedgetui.ports.broker import IndexLevel
from tests.contract.world import World, case

EXPIRY_DAY = parse_utc("2025-11-19T20:59:00Z")
"""One minute before the options of the day end."""
AFTER_HOURS = parse_utc("2025-11-19T21:20:00Z")
"""Options are closed, futures are not."""


def _month(chain: ChainSnapshot) -> ExpiryQuotes:
    """Return the expiry about thirty days out."""
    day = datetime.fromtimestamp(chain.at, UTC).date().toordinal() + 30
    return min(chain.expiries, key=lambda one: abs(one.expiry.toordinal() - day))


def _mids(bid: np.ndarray, ask: np.ndarray) -> np.ndarray:
    return (bid + ask) / 2


@case(17)
async def futures_are_listed_nearest_first_and_unknown_ones_not_at_all(world: World):
    await world.connect()
    months = await world.broker.futures("MES")
    assert len(months) >= 2
    assert all(one.expires_at < two.expires_at for one, two in pairwise(months))
    assert all(one.kind is Kind.FUTURE and one.symbol == "MES" for one in months)
    assert months[0].expires_at > world.clock.now()
    assert await world.broker.futures("NOSUCH") == ()


@case(18)
async def the_chain_matches_the_index_and_is_sorted(world: World):
    await world.connect()
    chain = await world.broker.chain()
    level = world.of(IndexLevel)[-1].level
    assert chain.spot / chain.root.index_ratio == pytest.approx(level, rel=0.01)
    expiries = [one.expiry for one in chain.expiries]
    assert expiries == sorted(set(expiries))
    assert len(expiries) >= 4
    for one in chain.expiries:
        assert (one.strikes[1:] > one.strikes[:-1]).all()
        assert len({len(one.strikes), len(one.call_bid), len(one.put_ask)}) == 1
        assert not (one.call_bid > one.call_ask).any()


@case(19)
async def the_volatility_history_is_a_year_of_plausible_figures_or_none(world: World):
    await world.connect()
    history = await world.broker.volatility_history()
    if history is not None:
        assert len(history.daily) >= 200
        assert all(0.03 < one < 1.5 for one in history.daily)


@case(76)
async def every_quoted_side_of_the_chain_is_positive_and_uncrossed(world: World):
    await world.connect()
    chain = await world.broker.chain()
    quoted = 0
    for one in chain.expiries:
        for bid, ask in ((one.call_bid, one.call_ask), (one.put_bid, one.put_ask)):
            both = np.isfinite(bid) & np.isfinite(ask)
            assert (bid[both] < ask[both]).all()
            assert (bid[np.isfinite(bid)] > 0).all()
            assert (ask[np.isfinite(ask)] > 0).all()
            quoted += int(both.sum())
    assert quoted >= 40


@case(77)
async def calls_fall_and_puts_rise_with_the_strike(world: World):
    await world.connect()
    month = _month(await world.broker.chain())
    for bid, ask, sign in (
        (month.call_bid, month.call_ask, -1),
        (month.put_bid, month.put_ask, 1),
    ):
        known = np.isfinite(bid) & np.isfinite(ask)
        steps = sign * np.diff(_mids(bid, ask)[known])
        assert len(steps) >= 4
        assert (steps > -0.25).all()
        assert steps.sum() > 2


@case(78)
async def both_rights_stand_on_one_forward(world: World):
    await world.connect()
    chain = await world.broker.chain()
    month = _month(chain)
    near = np.abs(month.strikes / chain.spot - 1) < 0.02
    call = _mids(month.call_bid, month.call_ask)[near]
    put = _mids(month.put_bid, month.put_ask)[near]
    forwards = (call - put) + month.strikes[near]
    forwards = forwards[np.isfinite(forwards)]
    assert len(forwards) >= 2
    assert forwards.max() - forwards.min() < 0.005 * chain.spot
    assert forwards.mean() == pytest.approx(chain.spot, rel=0.01)


@case(79)
async def time_costs_money_at_the_money(world: World):
    await world.connect()
    chain = await world.broker.chain()
    prices = []
    for one in chain.expiries[1:]:
        row = int(np.abs(one.strikes - chain.spot).argmin())
        straddle = _mids(one.call_bid, one.call_ask)[row] + _mids(one.put_bid, one.put_ask)[row]
        if np.isfinite(straddle):
            prices.append(float(straddle))
    assert len(prices) >= 3
    assert prices[-1] > prices[0]
    assert all(later > 0.9 * earlier for earlier, later in pairwise(prices))


@case(80)
async def a_watched_quote_agrees_with_the_chain(world: World):
    await world.connect()
    chain = await world.broker.chain()
    month = _month(chain)
    row = int(np.abs(month.strikes - chain.spot).argmin())
    key = f"{chain.root.symbol} {month.expiry:%Y%m%d} {month.strikes[row]:g} P"
    (quote,) = await world.watched(key)
    assert quote.bid == pytest.approx(float(month.put_bid[row]), abs=1.0)
    assert quote.ask == pytest.approx(float(month.put_ask[row]), abs=1.0)


@case(81)
async def a_second_chain_is_newer_and_lists_the_same(world: World):
    await world.connect()
    first = await world.broker.chain()
    await world.clock.sleep(30)
    second = await world.broker.chain()
    assert second.at > first.at
    assert second.at <= world.clock.now()
    assert [one.expiry for one in second.expiries] == [one.expiry for one in first.expiries]
    assert second.spot == pytest.approx(first.spot, rel=0.02)


@case(82)
async def the_strikes_reach_to_both_sides_of_the_money(world: World):
    await world.connect()
    chain = await world.broker.chain()
    month = _month(chain)
    assert (month.strikes < chain.spot).sum() >= 3
    assert (month.strikes > chain.spot).sum() >= 3
    row = int(np.abs(month.strikes - chain.spot).argmin())
    assert abs(month.strikes[row] - chain.spot) < 1.5
    sides = [month.call_bid, month.call_ask, month.put_bid, month.put_ask]
    assert all(np.isfinite(side[row]) for side in sides)


@case(83)
async def expiries_begin_soon_and_reach_a_month_out(world: World):
    await world.connect()
    chain = await world.broker.chain()
    today = datetime.fromtimestamp(world.clock.now(), UTC).date()
    days = [(one.expiry - today).days for one in chain.expiries]
    assert 0 <= days[0] <= 5
    assert any(20 <= one <= 40 for one in days)
    assert chain.root.multiplier == 100
    assert chain.root.index_ratio > 0


@case(84, start=AFTER_HOURS)
async def after_hours_the_chain_has_no_prices(world: World):
    await world.connect()
    chain = await world.broker.chain()
    for one in chain.expiries:
        assert not np.isfinite(one.call_bid).any()
        assert not np.isfinite(one.put_ask).any()


@case(85, start=EXPIRY_DAY)
async def an_expiry_leaves_the_chain_at_four_in_new_york(world: World):
    await world.connect()
    today = datetime.fromtimestamp(world.clock.now(), UTC).date()
    before = {one.expiry for one in (await world.broker.chain()).expiries}
    assert min(before) >= today
    await world.reach(70)
    after = {one.expiry for one in (await world.broker.chain()).expiries}
    assert min(after) > today


@case(86)
async def future_months_are_quarters_that_end_on_a_third_friday(world: World):
    await world.connect()
    for month in await world.broker.futures("MES"):
        assert month.expiry is not None
        assert month.expiry.month in {3, 6, 9, 12}
        assert month.expiry == third_friday(month.expiry.year, month.expiry.month)
        assert (month.multiplier, month.tick) == (Decimal(5), Decimal("0.25"))
        assert month.key == f"MES {month.expiry:%Y%m}"


@case(87)
async def the_volatility_history_is_the_same_when_asked_again(world: World):
    await world.connect()
    first = await world.broker.volatility_history()
    await world.clock.sleep(20)
    second = await world.broker.volatility_history()
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first.daily == second.daily
        for one in (first, second):
            assert one.current is None or 0.03 < one.current < 1.5


@case(88)
async def two_readers_of_the_chain_both_get_it(world: World):
    await world.connect()
    one, two = await asyncio.gather(world.broker.chain(), world.broker.chain())
    assert [row.expiry for row in one.expiries] == [row.expiry for row in two.expiries]
    assert one.spot == pytest.approx(two.spot, rel=0.01)
