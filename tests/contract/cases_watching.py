"""Market data that is watched: quotes, greeks, the index, and what silence looks like.

A hedge stands on these numbers, so a missing one is missing (never zero or old and unmarked), and
one bad name among many never stops the others.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from hedgetui.domain.instruments import parse_key
from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.ports.broker import IndexLevel, VenueReport
from hedgetui.simulation.faults import Faults, Interval
from tests.contract.world import World, case, xsp


async def _greeks(world: World, *keys: str) -> list[Greeks]:
    await world.watched(*keys)
    await world.until(lambda: all(world.of(Greeks, key) for key in keys))
    return [world.of(Greeks, key)[-1] for key in keys]


@case(10)
async def the_index_keeps_coming_with_growing_time(world: World):
    await world.connect()
    await world.clock.sleep(10)
    levels = world.of(IndexLevel)
    assert len(levels) >= 5
    assert all(one.at < two.at for one, two in pairwise(levels))
    assert all(one.level > 0 and one.at <= world.clock.now() for one in levels)


@case(11)
async def the_venue_is_reported_open_with_its_end(world: World):
    await world.connect()
    await world.until(lambda: world.of(VenueReport))
    venue = world.of(VenueReport)[0]
    assert venue.symbol == "MES"
    assert venue.open
    assert venue.until is None or venue.until > world.clock.now()


@case(12, halts=((20.0, 30.0),))
async def a_halt_is_reported_with_reason_and_end_and_lifted(world: World):
    await world.connect()
    await world.until(lambda: not world.of(VenueReport)[-1].open, 25)
    halted = world.of(VenueReport)[-1]
    assert halted.reason
    assert halted.until is not None
    assert halted.until > world.clock.now()
    await world.until(lambda: world.of(VenueReport)[-1].open, 40)


@case(13)
async def a_watched_future_has_two_sides_on_its_tick(world: World):
    await world.connect()
    instrument = (await world.broker.futures("MES"))[0]
    (quote,) = await world.watched(instrument.key)
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid < quote.ask
    assert Decimal(str(quote.bid)) % instrument.tick == 0
    assert quote.bid == pytest.approx(world.of(IndexLevel)[-1].level, rel=0.03)


@case(14)
async def a_watched_option_has_a_quote_and_greeks(world: World):
    await world.connect()
    key = await world.strangle_leg()
    (quote,) = await world.watched(key)
    await world.until(lambda: world.of(Greeks, key))
    greeks = world.of(Greeks, key)[-1]
    assert quote.mid is not None
    assert 0 < greeks.delta < 1
    assert greeks.gamma > 0
    assert greeks.vega > 0
    assert greeks.theta < 0
    assert 0.02 < greeks.iv < 2


@case(15)
async def quotes_stay_young_while_watched(world: World):
    await world.connect()
    keys = [await world.hedge(), await world.strangle_leg()]
    await world.watched(*keys)
    for _ in range(20):
        await world.clock.sleep(1)
        assert all(world.of(Quote, key)[-1].age(world.clock.now()) < 5 for key in keys)
    assert world.of(Greeks, keys[1])[-1].age(world.clock.now()) < 5


@case(16)
async def watching_replaces_what_was_watched(world: World):
    await world.connect()
    near, far = (one.key for one in (await world.broker.futures("MES"))[:2])
    await world.watched(near)
    await world.watched(far)
    world.heard.clear()
    await world.clock.sleep(10)
    assert world.of(Quote, near) == []
    assert world.of(Quote, far) != []


@case(57)
async def a_name_that_means_nothing_does_not_stop_the_others(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.broker.watch(frozenset({hedge, "no such thing", xsp(540)}))
    await world.until(lambda: world.of(Quote, hedge) and world.of(Quote, xsp(540)))
    world.heard.clear()
    await world.clock.sleep(10)
    assert world.of(Quote, hedge)
    assert world.of(Greeks, xsp(540))
    assert world.of(Quote, "no such thing") == []


@case(58)
async def an_option_nobody_lists_does_not_stop_the_others(world: World):
    await world.connect()
    hedge, unlisted = await world.hedge(), "XSP 20351221 540 C"
    await world.broker.watch(frozenset({hedge, unlisted, xsp(530, "P")}))
    await world.until(lambda: world.of(Quote, hedge) and world.of(Quote, xsp(530, "P")))
    world.heard.clear()
    await world.clock.sleep(10)
    assert world.of(Quote, hedge)
    assert world.of(Greeks, xsp(530, "P"))
    assert (await world.truth()).positions == {}


@case(59)
async def watching_nothing_ends_quotes_and_not_the_index(world: World):
    await world.connect()
    await world.watched(await world.hedge(), xsp(540))
    await world.broker.watch(frozenset())
    await world.clock.sleep(1)
    world.heard.clear()
    await world.clock.sleep(10)
    assert world.of(Quote) == world.of(Greeks) == []
    assert len(world.of(IndexLevel)) >= 5


@case(60)
async def watching_the_same_again_leaves_no_gap(world: World):
    await world.connect()
    keys = [await world.hedge(), xsp(540)]
    await world.watched(*keys)
    for _ in range(8):
        await world.broker.watch(frozenset(keys))
        await world.clock.sleep(1.5)
        assert all(world.of(Quote, key)[-1].age(world.clock.now()) < 5 for key in keys)


@case(61)
async def a_growing_set_keeps_the_old_and_brings_the_new(world: World):
    await world.connect()
    keys = [await world.hedge(), xsp(540), xsp(530, "P"), xsp(550)]
    for size in range(1, len(keys) + 1):
        await world.watched(*keys[:size])
    world.heard.clear()
    await world.clock.sleep(5)
    assert {one.key for one in world.of(Quote)} == set(keys)
    assert {one.key for one in world.of(Greeks)} == set(keys[1:])


@case(62)
async def forty_instruments_are_watched_at_once(world: World):
    await world.connect()
    months = [one.key for one in (await world.broker.futures("MES"))[:2]]
    options = [xsp(540 + n, right) for n in range(-9, 10) for right in "CP"]
    quotes = await world.watched(*months, *options, seconds=20)
    assert len({one.key for one in quotes}) == 40
    await world.until(lambda: {one.key for one in world.of(Greeks)} == set(options), 20)
    world.heard.clear()
    await world.clock.sleep(5)
    assert len({one.key for one in world.of(Quote)}) == 40


@case(63)
async def quotes_of_one_instrument_never_go_back_in_time(world: World):
    await world.connect()
    keys = [await world.hedge(), xsp(540)]
    await world.watched(*keys)
    for _ in range(15):
        await world.clock.sleep(1)
        assert all(one.at <= world.clock.now() for one in world.of(Quote))
    for key in keys:
        times = [one.at for one in world.of(Quote, key)]
        assert len(times) >= 5
        assert times == sorted(times)


@case(64)
async def option_quotes_are_on_their_tick_with_bid_below_ask(world: World):
    await world.connect()
    keys = [xsp(strike, right) for strike in (500, 530, 540, 560) for right in "CP"]
    for quote in await world.watched(*keys):
        tick = parse_key(quote.key).tick
        sides = [Decimal(str(side)) for side in (quote.bid, quote.ask)]
        assert 0 < sides[0] < sides[1]
        assert [side % tick for side in sides] == [0, 0]


@case(65)
async def a_future_has_no_greeks(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.watched(hedge, xsp(540))
    await world.until(lambda: world.of(Greeks, xsp(540)))
    await world.clock.sleep(5)
    assert world.of(Greeks, hedge) == []


@case(66)
async def a_put_has_a_negative_delta_and_the_other_signs_of_a_long_option(world: World):
    await world.connect()
    (greeks,) = await _greeks(world, xsp(530, "P"))
    assert greeks.usable
    assert -1 < greeks.delta < 0
    assert greeks.gamma > 0
    assert greeks.vega > 0
    assert greeks.theta < 0
    assert 0.02 < greeks.iv < 2


@case(67)
async def the_deltas_of_both_rights_differ_by_about_one(world: World):
    await world.connect()
    for strike in (525, 540, 555):
        call, put = await _greeks(world, xsp(strike), xsp(strike, "P"))
        assert call.delta - put.delta == pytest.approx(1.0, abs=0.05)
        assert call.gamma == pytest.approx(put.gamma, rel=0.1)
        assert call.vega == pytest.approx(put.vega, rel=0.1)


@case(68)
async def gamma_and_vega_are_greatest_near_the_money(world: World):
    await world.connect()
    low, near, high = await _greeks(world, xsp(490), xsp(540), xsp(580))
    assert near.gamma > 2 * max(low.gamma, high.gamma)
    assert near.vega > 1.5 * max(low.vega, high.vega)
    assert 0.1 < near.vega < 2


@case(69)
async def the_delta_of_a_call_falls_with_its_strike(world: World):
    await world.connect()
    deltas = [one.delta for one in await _greeks(world, *map(xsp, (500, 520, 540, 560, 580)))]
    assert all(low > high + 0.02 for low, high in pairwise(deltas))
    assert deltas[0] > 0.8
    assert deltas[2] == pytest.approx(0.5, abs=0.1)
    assert deltas[-1] < 0.15


@case(70)
async def greeks_are_renewed_while_watched(world: World):
    await world.connect()
    await _greeks(world, xsp(540))
    await world.clock.sleep(20)
    times = sorted({one.at for one in world.of(Greeks, xsp(540))})
    assert len(times) >= 5
    assert all(two - one < 5 for one, two in pairwise(times))
    assert times[-1] > world.clock.now() - 5


@case(71, halts=((30.0, 40.0),))
async def in_a_halt_nothing_has_two_sides_and_the_index_keeps_coming(world: World):
    await world.connect()
    keys = [await world.hedge(), xsp(540)]
    await world.watched(*keys)
    await world.reach(40)
    for key in keys:
        quote = world.of(Quote, key)[-1]
        assert (quote.bid, quote.ask, quote.mid) == (None, None, None)
    world.heard.clear()
    await world.clock.sleep(20)
    assert len(world.of(IndexLevel)) >= 5
    assert not [one for one in world.of(Quote) if one.mid is not None]


@case(72, halts=((30.0, 20.0),))
async def after_a_halt_both_sides_come_back_by_themselves(world: World):
    await world.connect()
    keys = [await world.hedge(), xsp(540)]
    await world.watched(*keys)
    await world.reach(56)
    for key in keys:
        quote = world.of(Quote, key)[-1]
        assert quote.mid is not None
        assert quote.age(world.clock.now()) < 5


@case(73, faults=Faults(quotes_silent=(Interval(30.0, 20.0),)))
async def silent_quotes_grow_old_and_come_back_by_themselves(world: World):
    await world.connect()
    keys = [await world.hedge(), xsp(540)]
    await world.watched(*keys)
    await world.reach(49)
    assert all(world.of(Quote, key)[-1].at < world.began + 32 for key in keys)
    await world.reach(60)
    assert all(world.of(Quote, key)[-1].age(world.clock.now()) < 5 for key in keys)


@case(74, faults=Faults(greeks_silent=(Interval(30.0, 20.0),)))
async def silent_greeks_grow_old_while_quotes_stay_young(world: World):
    await world.connect()
    await _greeks(world, xsp(540))
    await world.reach(49)
    assert world.of(Greeks, xsp(540))[-1].at < world.began + 32
    assert world.of(Quote, xsp(540))[-1].age(world.clock.now()) < 5
    await world.reach(60)
    assert world.of(Greeks, xsp(540))[-1].age(world.clock.now()) < 5


@case(75)
async def every_month_of_the_future_is_near_the_index(world: World):
    await world.connect()
    months = [one.key for one in await world.broker.futures("MES")]
    quotes = await world.watched(*months)
    level = world.of(IndexLevel)[-1].level
    assert all(one.mid == pytest.approx(level, rel=0.04) for one in quotes)
    mids = [one.mid or 0.0 for one in quotes]
    assert len(set(mids)) == len(mids)
