"""Single names: shares and the options on them, what the account holds of them, what they cost.

They are no part of the book of strangles. An account may hold any of them before the desk trades
its first one; what was there and what is the desk's own must come back from one reading.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from hedgetui.domain.balance.positions import Kind
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import Right
from hedgetui.domain.orders import Side
from hedgetui.domain.quotes import DataType
from hedgetui.domain.units import parse_utc
from hedgetui.ports.broker import (
    Commission,
    Execution,
    Incomplete,
    OrderEnded,
    OrderListed,
    PositionMoved,
    VenueReport,
)
from hedgetui.ports.portfolio import ChainWindow, Holdings, SecurityChain
from tests.contract.world import World, case, draft

SHARES = "NVDA STK"
EVENING = parse_utc("2025-11-19T22:00:00Z")
WINDOW = ChainWindow((20, 100), (0.8, 1.2))
TODAY = date(2025, 11, 19)


async def chain_of(world: World, symbol: str, window: ChainWindow = WINDOW) -> SecurityChain:
    """Return the options on a name, which must have some."""
    chain = await world.broker.security_chain(symbol, window)
    assert chain is not None
    return chain


async def an_option(world: World, symbol: str = "NVDA") -> str:
    """Return the key of a call that is quoted, near the money."""
    chain = await chain_of(world, symbol, ChainWindow((25, 45), (0.95, 1.05), "C"))
    row = min(
        (one for one in chain.rows if one.spread < 0.1),
        key=lambda one: abs(one.strike - chain.spot),
    )
    return f"{symbol} {row.expiry:%Y%m%d} {row.strike:g} {row.right}"


async def holdings_of(world: World) -> Holdings:
    """Return what the account holds, which must be complete."""
    answer = await world.broker.holdings()
    assert isinstance(answer, Holdings), answer
    return answer


@case(195)
async def shares_are_quoted_and_their_name_is_reported_open(world: World):
    await world.connect()
    (quote,) = await world.watched(SHARES)
    assert 0 < quote.bid < quote.ask < quote.bid * 1.01
    assert quote.data_type is DataType.LIVE
    await world.until(lambda: [one for one in world.of(VenueReport) if one.symbol == "NVDA"])
    report = [one for one in world.of(VenueReport) if one.symbol == "NVDA"][-1]
    assert report.open
    assert report.until > world.clock.now()


@case(196)
async def a_marketable_limit_on_shares_fills_and_is_charged(world: World):
    await world.connect()
    (quote,) = await world.watched(SHARES)
    execution = await world.trade("K", draft(SHARES, 7, round(quote.ask + 0.5, 2)), 60)
    assert (execution.instrument_key, execution.side) == (SHARES, Side.BUY)
    assert sum(one.amount for one in world.of(Commission)) > 0
    assert (await world.truth()).positions == {SHARES: 7}
    await world.trade("S", draft(SHARES, -7, round(quote.bid - 0.5, 2)), 60)
    assert (await world.truth()).positions == {}
    assert world.of(PositionMoved) == []


@case(197)
async def an_option_on_a_name_is_bought_and_sold_again(world: World):
    await world.connect()
    key = await an_option(world)
    (quote,) = await world.watched(key)
    await world.trade("K", draft(key, 2, round(quote.ask + 0.05, 2)), 60)
    assert (await world.truth()).positions == {key: 2}
    (line,) = (await holdings_of(world)).held
    assert (line.key, line.position.quantity, line.position.multiplier) == (key, 2, 100)
    await world.trade("S", draft(key, -2, round(quote.bid - 0.05, 2)), 60)
    truth = await world.truth()
    assert truth.positions == {}
    assert {one.instrument_key for one in truth.executions} == {key}


@case(198)
async def an_order_in_shares_rests_until_it_is_cancelled(world: World):
    await world.connect()
    (quote,) = await world.watched(SHARES)
    await world.submit("K", draft(SHARES, 3, round(quote.bid * 0.9, 2)))
    await world.until(lambda: world.of(OrderListed, "K"))
    (order,) = (await world.truth()).open_orders
    assert (order.client_key, order.instrument_key, order.signed_remaining) == ("K", SHARES, 3)
    await world.broker.cancel("K")
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert not world.of(OrderEnded, "K")[0].rejected
    assert world.of(Execution) == []


@case(199, portfolio="short")
async def what_was_held_before_has_marks_and_adds_up_to_the_accounts_value(world: World):
    await world.connect()
    found = await holdings_of(world)
    held = {one.key: one.position for one in found.held}
    assert (found.unparsed, len(held)) == ((), 6)
    assert held["SPY STK"].kind is Kind.EQUITY
    puts = [one for one in held.values() if one.right is Right.PUT]
    assert {one.underlying for one in puts} == {"SPY", "QQQ", "IWM", "HYG", "TLT"}
    assert all(one.strike and one.expiry and one.kind is Kind.OPTION for one in puts)
    assert all(one.price is not None and one.price >= 0 for one in held.values())
    worth = sum(one.price * one.quantity * one.multiplier for one in held.values())
    truth = await world.truth()
    assert float(found.nav) == pytest.approx(float(truth.cash) + worth, rel=1e-3)
    assert {key: one.quantity for key, one in held.items()} == truth.positions
    assert truth.executions == ()


@case(200)
async def levels_are_told_and_an_unknown_name_lacks(world: World):
    await world.connect()
    levels = await world.broker.levels(frozenset({"SPY", "NVDA", "VIX", "SPX", "NOSUCH"}))
    assert set(levels) == {"SPY", "NVDA", "VIX", "SPX"}
    assert levels["SPX"].price == pytest.approx(10 * levels["SPY"].price, rel=0.01)
    assert 5 < levels["VIX"].price < 100
    assert all(world.clock.now() - one.at < 5 and not one.delayed for one in levels.values())
    (quote,) = await world.watched(SHARES)
    assert levels["NVDA"].price == pytest.approx(quote.mid, rel=0.01)


@case(201)
async def closes_are_daily_end_before_today_and_lack_who_has_no_history(world: World):
    await world.connect()
    closes = await world.broker.closes(frozenset({"SPY", "NVDA", "VIX", "NOSUCH"}), 60)
    assert set(closes.table) == {"SPY", "NVDA", "VIX"}
    assert len(closes.days) == 60
    assert list(closes.days) == sorted(set(closes.days))
    assert closes.days[-1] == TODAY - timedelta(days=1)
    assert all(np.isfinite(values).all() and (values > 0).all() for values in closes.table.values())
    levels = await world.broker.levels(frozenset({"SPY"}))
    assert closes.last("SPY") == pytest.approx(levels["SPY"].price, rel=0.1)


@case(202)
async def a_chain_has_what_a_choice_needs_and_nothing_outside_its_window(world: World):
    await world.connect()
    chain = await chain_of(world, "NVDA")
    assert (chain.symbol, chain.multiplier, chain.delayed) == ("NVDA", 100, False)
    assert len({one.expiry for one in chain.rows}) >= 4
    assert {one.right for one in chain.rows} == set(Right)
    for row in chain.rows:
        assert 20 <= (row.expiry - TODAY).days <= 100
        assert 0.8 <= row.strike / chain.spot <= 1.2
        assert row.bid <= row.ask or np.isnan(row.bid)
    rows = [one for one in chain.rows if abs(one.strike / chain.spot - 1) < 0.05]
    assert rows
    assert all(one.open_interest >= 0 and one.volume >= 0 for one in rows)
    assert all(0.1 < one.iv < 2 for one in rows)
    assert max(one.open_interest for one in rows) > 500


@case(203)
async def the_vix_has_options_and_what_has_none_says_so(world: World):
    await world.connect()
    chain = await chain_of(world, "VIX", ChainWindow((10, 60), (0.8, 1.6), "C"))
    assert {one.right for one in chain.rows} == {Right.CALL}
    assert {one.expiry.weekday() for one in chain.rows} == {2}
    assert await world.broker.security_chain("TIP", WINDOW) is None
    assert await world.broker.security_chain("NOSUCH", WINDOW) is None


@case(204)
async def margin_of_shares_is_told_and_trades_nothing(world: World):
    await world.connect()
    (quote,) = await world.watched(SHARES)
    limit = round(quote.ask, 2)
    effect = await world.broker.margin(draft(SHARES, 100, limit))
    assert 0 < float(effect.initial_change) <= 100 * limit
    assert effect.headroom_after < 100_000
    await world.clock.sleep(2)
    truth = await world.truth()
    assert (truth.positions, truth.open_orders) == ({}, ())


@case(205, start=EVENING)
async def in_the_evening_a_name_is_closed_until_the_morning(world: World):
    await world.connect()
    await world.broker.watch(frozenset({SHARES}))
    await world.until(lambda: [one for one in world.of(VenueReport) if one.symbol == "NVDA"])
    report = [one for one in world.of(VenueReport) if one.symbol == "NVDA"][-1]
    assert not report.open
    assert report.until == parse_utc("2025-11-20T14:30:00Z")
    chain = await chain_of(world, "NVDA", ChainWindow((25, 35), (0.95, 1.05)))
    assert all(np.isnan(one.bid) and np.isnan(one.ask) for one in chain.rows)


@case(206)
async def without_a_link_nothing_is_known_and_nothing_is_flat(world: World):
    await world.connect()
    await world.broker.disconnect()
    assert isinstance(await world.broker.holdings(), Incomplete)
    for question in (
        world.broker.levels(frozenset({"SPY"})),
        world.broker.closes(frozenset({"SPY"}), 5),
        world.broker.security_chain("NVDA", WINDOW),
    ):
        with pytest.raises(BrokerUnreachable):
            await question
