"""Prices of single names: a function of seed, name, moment and the index."""

from __future__ import annotations

import pytest

from hedgetui.domain.instruments import parse_key
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.simulation.market import Halt, MarketTerms, seeded_market
from hedgetui.simulation.securities import NAMES, SecurityMarket
from tests.securities.security_floor import START


def all_prices(market: SecurityMarket) -> dict[str, float]:
    return {symbol: market.price(symbol) for symbol in NAMES}


def test_a_price_is_the_same_whoever_asked_before_and_whatever_was_slept_through() -> None:
    often, seldom = (SecurityMarket(seeded_market(7, start=START), 7) for _ in range(2))
    for minute in range(5):
        often.market.step(Timestamp(START + 60.0 * minute + 17.0))
        all_prices(often)
    end = Timestamp(START + 257.0)
    often.market.step(end)
    seldom.market.step(end)
    assert all_prices(often) == all_prices(seldom)
    assert all_prices(SecurityMarket(seldom.market, 8)) != all_prices(seldom)


def test_a_resumed_market_goes_on_where_it_stood() -> None:
    first = SecurityMarket(seeded_market(7, start=START), 7)
    first.market.step(Timestamp(START + 300.0))
    resumed = SecurityMarket(seeded_market(7, start=START), 7)
    resumed.market.resume(first.market.state())
    assert all_prices(resumed) == all_prices(first)


def test_the_index_fund_is_a_tenth_of_the_index_and_the_others_begin_at_their_level() -> None:
    prices = SecurityMarket(seeded_market(7, start=START), 7)
    assert all_prices(prices) == pytest.approx({one: NAMES[one].level for one in NAMES})
    prices.market.step(Timestamp(START + 3_600.0))
    assert prices.price("SPY") == pytest.approx(prices.market.level / 10, abs=0.1)
    assert prices.price("GLD") / 245 == pytest.approx(prices.price("GLDM") / 52)
    assert prices.price("VIX") == round(100 * prices.market.iv30, 2)


def test_out_of_hours_a_price_moves_with_the_index_alone_and_never_jumps() -> None:
    prices = SecurityMarket(seeded_market(7, start=START, tick_s=15.0), 7)
    prices.market.step(parse_utc("2025-11-19T21:15:15Z"))
    closed, level = all_prices(prices), prices.market.level
    prices.market.step(parse_utc("2025-11-20T14:29:45Z"))
    for symbol, price in all_prices(prices).items():
        moved = (prices.market.level / level) ** NAMES[symbol].beta
        assert price / closed[symbol] == pytest.approx(moved)
    before = all_prices(prices)
    prices.market.step(parse_utc("2025-11-20T14:30:00Z"))
    assert all_prices(prices) == pytest.approx(before, rel=0.005)


def test_shares_trade_in_regular_hours_and_stop_with_the_index() -> None:
    halts = (Halt(60.0, 300.0, "news pending"),)
    prices = SecurityMarket(seeded_market(7, start=START, terms=MarketTerms(halts=halts)), 7)
    apple = parse_key("AAPL STK")
    quote = prices.quote(apple)
    assert quote.bid is not None
    assert quote.bid <= prices.price("AAPL") <= quote.ask <= quote.bid + 0.03
    prices.market.step(Timestamp(START + 120.0))
    venue = prices.venue()
    assert (venue.open, venue.reason, venue.until) == (False, "news pending", START + 360.0)
    assert prices.quote(apple).bid is prices.quote(apple).ask is None
    prices.market.step(parse_utc("2025-11-21T21:15:01Z"))
    venue = prices.venue()
    assert (venue.open, venue.reason) == (False, "outside regular hours")
    assert venue.until == parse_utc("2025-11-24T14:30:00Z")
    assert prices.quote(parse_key("FORD STK")).last is None
