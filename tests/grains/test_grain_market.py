"""Grain prices and hours: a function of seed and moment, by the clock of Chicago."""

from __future__ import annotations

import statistics
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from hedgetui.domain.instruments import GRAINS, parse_key
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.simulation.chain import QuoteBoard
from hedgetui.simulation.grains import CROPS, GrainMarket, grain_session
from hedgetui.simulation.market import seeded_market

START = parse_utc("2025-11-19T14:31:00Z")
"""A Wednesday, one minute after the day session's opening."""
CORN, WHEAT, BEANS = "ZC 202603", "ZW 202603", "ZS 202603"
KEYS = (CORN, WHEAT, BEANS)


def price(market: GrainMarket, key: str, at: float) -> float:
    return market.price(parse_key(key), Timestamp(at))


@pytest.mark.parametrize(
    ("moment", "trades", "reason", "until", "closes"),
    [
        # winter: Chicago is six hours behind UTC
        ("2025-11-19T14:29:59Z", False, "pause", "2025-11-19T14:30:00Z", "2025-11-19T19:20:00Z"),
        ("2025-11-19T14:30:00Z", True, "", "2025-11-19T19:20:00Z", "2025-11-19T19:20:00Z"),
        ("2025-11-19T19:20:00Z", False, "daily break", "2025-11-20T01:00:00Z", "2025-11-20T19:20Z"),
        ("2025-11-20T01:00:00Z", True, "", "2025-11-20T13:45:00Z", "2025-11-20T19:20:00Z"),
        ("2025-11-20T05:59:00Z", True, "", "2025-11-20T13:45:00Z", "2025-11-20T19:20:00Z"),
        ("2025-11-20T06:01:00Z", True, "", "2025-11-20T13:45:00Z", "2025-11-20T19:20:00Z"),
        ("2025-11-21T19:20:00Z", False, "weekend", "2025-11-24T01:00:00Z", "2025-11-24T19:20:00Z"),
        ("2025-11-22T12:00:00Z", False, "weekend", "2025-11-24T01:00:00Z", "2025-11-24T19:20:00Z"),
        ("2025-11-23T23:30:00Z", False, "weekend", "2025-11-24T01:00:00Z", "2025-11-24T19:20:00Z"),
        ("2025-11-24T01:00:00Z", True, "", "2025-11-24T13:45:00Z", "2025-11-24T19:20:00Z"),
        # summer: five hours
        ("2025-07-15T13:30:00Z", True, "", "2025-07-15T18:20:00Z", "2025-07-15T18:20:00Z"),
        # the weekend on which the clock goes back
        ("2025-11-01T12:00:00Z", False, "weekend", "2025-11-03T01:00:00Z", "2025-11-03T19:20:00Z"),
    ],
)
def test_hours(moment, trades, reason, until, closes) -> None:
    session = grain_session(parse_utc(moment))
    assert (session.open, session.reason) == (trades, reason)
    assert (session.until, session.closes_at) == (parse_utc(until), parse_utc(closes))
    assert session.covers(parse_utc(moment))


def test_sessions_follow_each_other_without_a_hole_for_a_year() -> None:
    at = START
    opened = 0.0
    while at < START + 364 * 86_400:
        session = grain_session(at)
        assert at in {session.since, START}
        if session.open:
            opened += session.until - session.since
        at = session.until
    assert opened == pytest.approx(52 * 5 * 63_300, rel=0.005)


def test_a_price_depends_on_seed_and_moment_and_on_nothing_else() -> None:
    moments = [START + n * 997.0 for n in range(60)]
    forward, backward, other = GrainMarket(7), GrainMarket(7), GrainMarket(8)
    ahead = [price(forward, key, at) for at in moments for key in KEYS]
    back = [price(backward, key, at) for at in reversed(moments) for key in reversed(KEYS)]
    assert ahead == list(reversed(back))
    assert all(price(other, key, START) != price(forward, key, START) for key in KEYS)


def test_prices_shake_by_the_day_as_grains_do_and_stay_about_their_level() -> None:
    market = GrainMarket(3)
    first = date(2024, 1, 2)
    closes: dict[str, list[float]] = {symbol: [] for symbol in GRAINS}
    for n in range(500):
        moment = parse_utc(f"{first + timedelta(days=n)}T18:00:00Z")
        if grain_session(moment).open:
            for symbol, seen in closes.items():
                seen.append(market._paths[symbol].level(grain_session(moment), moment))
    for symbol, seen in closes.items():
        moves = [after / before - 1 for before, after in pairwise(seen)]
        assert statistics.pstdev(moves) == pytest.approx(CROPS[symbol].daily_vol, rel=0.12)
        assert 0.75 < min(seen) / CROPS[symbol].level < max(seen) / CROPS[symbol].level < 1.3


def test_the_path_is_whole_over_pauses_nights_and_weekends() -> None:
    """Nothing trades in between, so a price opens about where it closed."""
    market, at = GrainMarket(5), START
    for _ in range(40):
        session = grain_session(at)
        before = price(market, CORN, session.until - 1)
        after = price(market, CORN, session.until)
        assert after == pytest.approx(before, rel=0.001)
        at = session.until
    friday = parse_utc("2025-11-21T19:20:00Z")
    assert market.settlement(parse_key(CORN), Timestamp(friday + 60)) == market.settlement(
        parse_key(CORN), Timestamp(friday + 1200)
    )


def test_later_months_are_a_little_dearer() -> None:
    market = GrainMarket(7)
    for symbol in GRAINS:
        months = market.listed(symbol, START)
        prices = [market.price(one, START) for one in months]
        assert len(months) == 6
        assert prices == sorted(prices)
        assert prices[1] / prices[0] < 1.03


def test_the_board_lists_and_quotes_grains_one_tick_wide_while_they_trade() -> None:
    market = seeded_market(7, start=START)
    board = QuoteBoard(market, GrainMarket(7))
    assert [one.key for one in board.futures("ZC")][:3] == ["ZC 202512", "ZC 202603", "ZC 202605"]
    assert [one.key for one in board.futures("ZS")][:3] == ["ZS 202601", "ZS 202603", "ZS 202605"]
    assert [one.key for one in board.futures("MES")][:2] == ["MES 202512", "MES 202603"]
    for quote in board.quotes(KEYS):
        assert quote.bid is not None
        assert quote.ask == quote.bid + 0.25
        assert quote.last in {quote.bid, quote.ask}
        assert board.mark(quote.key) == Decimal(str(quote.last))
        assert quote.at == market.at
    market.step(parse_utc("2025-11-19T19:20:00Z"))
    closed = board.quote(CORN)
    assert (closed.bid, closed.ask) == (None, None)
    assert closed.last is not None
    assert board.venue("MES").open
    assert not board.venue("ZC").open
    assert board.quote("MES 202512").bid is not None


def test_a_month_that_is_not_listed_has_no_price() -> None:
    quote = QuoteBoard(seeded_market(7, start=START)).quote("ZC 203512")
    assert quote.bid is quote.ask is quote.last is None
