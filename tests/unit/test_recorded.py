"""Replayed markets: recorded times, recorded levels, recorded volatilities, and a clear end."""

from __future__ import annotations

import math
import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import SPX, XSP
from hedgetui.domain.quotes import ChainSnapshot, ExpiryQuotes
from hedgetui.domain.units import IndexPoints, Timestamp, parse_utc
from hedgetui.simulation.bars_csv import Bars, read_bars
from hedgetui.simulation.chain import QuoteBoard
from hedgetui.simulation.chain_csv import read_chains, scale_to_xsp
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.market import MarketTerms, seeded_market
from hedgetui.simulation.recorded import ENDED, recorded_market

RECORDINGS = Path(os.environ.get("RECORDED_MARKET_DATA", "no such folder"))
MONDAY = parse_utc("2025-11-17T15:00:00Z")


def bars() -> Bars:
    """Three minutes, a gap of two, and a fourth."""
    rows = [
        (0, 100.0, 104.0, 99.0, 103.0),
        (60, 103.0, 105.0, 101.0, 102.0),
        (120, 102.0, 103.0, 98.0, 98.0),
        (300, 99.0, 101.0, 99.0, 101.0),
    ]
    at, opened, high, low, close = np.array(rows).T * 1.0
    return Bars(at + MONDAY, opened * 54, high * 54, low * 54, close * 54, np.ones(4))


def chains(days: tuple[str, ...] = ("2025-11-17", "2025-11-18")) -> tuple[ChainSnapshot, ...]:
    """Snapshots of the synthetic market, as if it had been recorded at the close."""
    made = []
    for number, day in enumerate(days):
        market = seeded_market(number, start=parse_utc(f"{day}T20:59:00Z"))
        market.step(parse_utc(f"{day}T20:59:30Z"))
        made.append(QuoteBoard(market).snapshot())
    return tuple(made)


def test_the_level_walks_through_every_bar():
    market = recorded_market(bars=bars())
    assert (market.start, market.level) == (MONDAY, 5_400.0)
    seen = {}
    for second in range(1, 361):
        market.step(Timestamp(MONDAY + second))
        seen[second] = market.level / 54
    # open, the nearer extreme (99), the other (104), close
    assert seen[20] == pytest.approx(99.0)
    assert seen[40] == pytest.approx(104.0)
    assert seen[60] == pytest.approx(103.0)
    # a bar that closes at its low ends there and waits for the next one
    assert seen[180] == seen[299] == pytest.approx(98.0)
    assert seen[300] == pytest.approx(99.0)
    assert max(seen.values()) == pytest.approx(105.0)
    assert min(seen.values()) == pytest.approx(98.0)


def test_a_recording_ends_with_a_reason():
    market = recorded_market(bars=bars())
    market.step(Timestamp(MONDAY + 360))
    assert market.venue().open
    market.step(Timestamp(MONDAY + 362))
    assert (market.venue().open, market.venue().reason) == (False, ENDED)
    assert market.level == pytest.approx(101.0 * 54)
    market.step(Timestamp(MONDAY + 3_600))
    assert market.halted


def test_volatility_leans_against_a_recorded_level():
    market = recorded_market(bars=bars())
    before = market.iv30
    market.step(Timestamp(MONDAY + 20))
    assert market.iv30 > before


def test_a_start_inside_is_kept_and_one_outside_is_the_beginning():
    inside = recorded_market(bars=bars(), start=Timestamp(MONDAY + 60))
    assert (inside.start, inside.level) == (MONDAY + 60, 103.0 * 54)
    assert recorded_market(bars=bars(), start=Timestamp(0.0)).start == MONDAY


def test_a_replay_resumes_where_it_stood():
    first, second = (recorded_market(bars=bars()) for _ in range(2))
    first.step(Timestamp(MONDAY + 77))
    second.resume(first.state())
    for market in (first, second):
        market.step(Timestamp(MONDAY + 200))
    assert first.state() == second.state()


def test_a_recorded_chain_is_quoted_as_it_was():
    snapshots = chains()
    market = recorded_market(snapshots=snapshots)
    board = QuoteBoard(market)
    assert market.start == snapshots[0].at
    assert market.level == pytest.approx(snapshots[0].spot * 10, abs=0.01)
    month = date(2025, 12, 19)
    recorded, replayed = (
        next(one for one in chain.expiries if one.expiry == month)
        for chain in (snapshots[0], board.snapshot())
    )
    for strike in (520.0, 535.0, 540.0, 545.0, 555.0):
        was, now = (list(one.strikes).index(strike) for one in (recorded, replayed))
        mid = (recorded.put_bid[was] + recorded.put_ask[was]) / 2
        assert (replayed.put_bid[now] + replayed.put_ask[now]) / 2 == pytest.approx(mid, abs=0.03)


def test_between_two_chains_the_index_runs_straight_and_strikes_keep_their_volatility():
    snapshots = chains()
    market = recorded_market(snapshots=snapshots)
    strikes, end = np.array([5_300.0]), np.array([parse_utc("2025-12-19T21:00:00Z")])
    before = market.sigma(strikes, end)
    noon = Timestamp((snapshots[0].at + snapshots[1].at) / 2)
    market.step(noon)
    middle = 10 * math.sqrt(snapshots[0].spot * snapshots[1].spot)
    assert market.level == pytest.approx(middle, abs=0.01)
    assert market.sigma(strikes, end) == before
    market.step(snapshots[1].at)
    assert market.sigma(strikes, end) != before
    assert market.iv30 == pytest.approx(0.15, abs=0.03)
    market.step(Timestamp(snapshots[1].at + 5))
    assert market.venue().reason == ENDED


def test_recorded_options_can_be_traded():
    market = recorded_market(snapshots=chains(), start=parse_utc("2025-11-18T15:00:00Z"))
    exchange = Exchange(market, seed=1)
    key = "XSP 20251219 540 C"
    quote = exchange.board.quote(key)
    assert quote.bid is not None
    assert exchange.board.greeks([key])[0].delta == pytest.approx(0.5, abs=0.2)


def test_bars_and_chains_play_together_when_they_overlap():
    snapshots = chains(("2025-11-14", "2025-11-18"))
    market = recorded_market(bars=bars(), snapshots=snapshots)
    assert (market.start, market.root) == (MONDAY, XSP)
    assert market.listing is not None
    with pytest.raises(DataError, match="overlap"):
        recorded_market(bars=bars(), snapshots=chains(("2025-12-01", "2025-12-02")))


def test_nothing_to_replay_is_said():
    with pytest.raises(DataError, match="neither"):
        recorded_market()
    one = np.full(2, 1.0)
    empty = ChainSnapshot(
        SPX, MONDAY, IndexPoints(5_400.0),
        (ExpiryQuotes(date(2025, 12, 19), one * 5_400, one, one, one, one),),
    )  # fmt: skip
    with pytest.raises(DataError, match="no expiry with enough quotes"):
        recorded_market(snapshots=(empty,), terms=MarketTerms())


@pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="set RECORDED_MARKET_DATA to a folder of recordings"
)
def test_real_recordings_replay():
    index = read_bars(RECORDINGS / "mplfinance_SP500_M1_2019-11.csv.gz", "America/New_York")
    market = recorded_market(bars=index)
    market.step(Timestamp(market.start + 3_600))
    assert index.low.min() <= market.level <= index.high.max()
    days = tuple(map(scale_to_xsp, read_chains(RECORDINGS / "SPXW_chain_2018-01.csv.gz")))
    board = QuoteBoard(recorded_market(snapshots=days))
    expiry = board.snapshot().expiries[0]
    recorded = {strike: row for row, strike in enumerate(days[0].expiries[0].strikes)}
    for row, strike in enumerate(expiry.strikes):
        if 255 < strike < 268:
            was = days[0].expiries[0]
            mid = (was.put_bid[recorded[strike]] + was.put_ask[recorded[strike]]) / 2
            assert (expiry.put_bid[row] + expiry.put_ask[row]) / 2 == pytest.approx(mid, abs=0.04)
