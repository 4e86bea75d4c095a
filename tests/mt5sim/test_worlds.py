"""The built-in worlds, and recorded bars in place of a seeded market."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hedgetui.console.dtms_files import read_bars_file
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.dtms.score import read_all
from hedgetui.domain.dtms.vwap import Anchor
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.mt5.records import DealReason, MarginMode
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.mt5.grid import Rates
from hedgetui.simulation.mt5.market import SymbolMarket
from hedgetui.simulation.mt5.path import SeededGrids
from hedgetui.simulation.mt5.symbols import SYMBOLS
from hedgetui.simulation.mt5.worlds import WORLDS, venue_of, world
from tests.mt5sim.bench import START, Bench

RECORDINGS = Path(os.environ.get("RECORDED_MARKET_DATA", "no such folder"))


def as_bars(rates: Rates, timeframe: Timeframe = Timeframe.M5) -> Bars:
    columns = ("open", "high", "low", "close", "tick_volume", "spread")
    at = rates["time"].astype(np.int64)
    return Bars(timeframe, at, *(rates[name].astype(float) for name in columns))


def test_a_new_user_meets_four_trades_with_stops():
    bench = Bench("demo")
    held = bench.positions()
    assert [(p.symbol, p.type, p.volume) for p in held] == [
        ("XAUUSD", 0, 0.40), ("EURUSD", 1, 1.00), ("BTCUSD", 0, 0.05), ("US500", 0, 0.30),
    ]  # fmt: skip
    assert all(p.sl > 0 and p.magic == 0 for p in held)
    before = [p.price_current for p in held]
    bench.wait(60)
    assert all(p.price_current != was for p, was in zip(bench.positions(), before, strict=True))


def test_an_unknown_world_is_answered_with_the_nearest():
    with pytest.raises(UsageError) as caught:
        world("dtms-dya")
    assert "dtms-day" in caught.value.hint
    assert set(WORLDS) >= {"quiet", "demo", "dtms-day"}


@pytest.mark.parametrize("name", ["XAUUSD", "BTCUSD"])
def test_the_scripted_day_turns_against_its_trades(name):
    bench = Bench("dtms-day")
    bench.wait(4 * 3_600)
    bars = as_bars(bench.venue.markets[name].bars(Timeframe.M5, bench.now, 900 + 48))
    anchor = Anchor.UTC_MIDNIGHT if name == "BTCUSD" else Anchor.NEW_YORK_CLOSE
    scores = read_all(bars.closed(bench.now), anchor=anchor).score[-48:]
    assert scores[0] > 2  # it begins well
    assert scores.min() < -6  # a hedge
    assert bool(scores[-6:].max() > 1) is (name == "XAUUSD")  # and one of the two comes back
    assert {p.symbol for p in bench.positions()} >= {"XAUUSD", "BTCUSD"}


@pytest.mark.parametrize("name", ["EURUSD", "XAUUSD", "BTCUSD"])
def test_a_seeded_market_scores_like_a_recorded_one(name):
    terms = SYMBOLS[name]
    market = SymbolMarket(terms, SeededGrids(terms, seed=3, start=START))
    bars = as_bars(market.bars(Timeframe.M5, START + 40 * 86_400, 12_000))
    anchor = Anchor.UTC_MIDNIGHT if name == "BTCUSD" else Anchor.NEW_YORK_CLOSE
    score = read_all(bars, anchor=anchor).score
    both = np.concatenate([score, -score])[np.isfinite(np.concatenate([score, score]))]
    shares = [float(np.mean(both <= level)) for level in (-2, -4, -6)]
    assert shares == pytest.approx([0.385, 0.235, 0.08], abs=0.03)


def recording(timeframe: Timeframe, count: int = 1_200) -> Bars:
    """Return bars of a market nobody lists, with a weekend in it."""
    rng = np.random.default_rng(5)
    at = START - 600_000 + timeframe.seconds * np.arange(count)
    at = np.where(np.arange(count) > 300, at + 2 * 86_400, at)
    close = np.round(90_000 + np.cumsum(rng.normal(0, 40, count)), 2)
    opened = np.r_[90_000.0, close[:-1]]
    high = np.round(np.maximum(opened, close) + rng.exponential(30, count), 2)
    low = np.round(np.minimum(opened, close) - rng.exponential(30, count), 2)
    volume = rng.integers(200, 900, count).astype(float)
    at = (at // timeframe.seconds * timeframe.seconds).astype(np.int64)
    return Bars(timeframe, at, opened, high, low, close, volume, np.full(count, np.nan))


@pytest.mark.parametrize("timeframe", [Timeframe.M5, Timeframe.M15])
def test_recorded_bars_are_read_back_exactly(timeframe):
    bars = recording(timeframe)
    start = Timestamp(float(bars.at[400]))
    venue = venue_of(world("quiet"), seed=1, start=start, recording=("BTCUSD", bars))
    upto = float(bars.at[900])
    played = as_bars(venue.markets["BTCUSD"].bars(timeframe, upto - 1, 700), timeframe)
    for part in ("at", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(played, part), getattr(bars, part)[200:900]), part


def test_within_a_recorded_bar_the_nearer_extreme_comes_first():
    bars = recording(Timeframe.M5)
    venue = venue_of(
        world("quiet"), seed=1, start=Timestamp(float(bars.at[10])), recording=("BTCUSD", bars)
    )
    for i in range(20, 40):
        ticks = venue.markets["BTCUSD"].window(bars.at[i] - 1, bars.at[i] + 299).bid
        high_first = bars.high[i] - bars.open[i] <= bars.open[i] - bars.low[i]
        assert (ticks.argmax() < ticks.argmin()) == high_first or len(set(ticks)) == 1
        assert (ticks[0], ticks[-1]) == (bars.open[i], bars.close[i])


def test_where_the_recording_has_no_bars_nothing_trades():
    bars = recording(Timeframe.M5)
    gap = Timestamp(float(bars.at[300]) + 600)
    venue = venue_of(
        world("quiet"), seed=1, start=Timestamp(float(bars.at[10])), recording=("BTCUSD", bars)
    )
    assert not venue.markets["BTCUSD"].is_open(gap)
    after = float(bars.at[-1]) + 3_600
    last = venue.markets["BTCUSD"].quote(after)
    assert last is not None
    assert last.bid == bars.close[-1]
    assert not venue.markets["BTCUSD"].is_open(after)


def test_a_recording_must_cover_the_start_and_belong_to_a_listed_symbol():
    bars = recording(Timeframe.M5)
    with pytest.raises(DataError, match="do not cover"):
        venue_of(world("quiet"), seed=1, start=Timestamp(0.0), recording=("BTCUSD", bars))
    with pytest.raises(DataError, match="lists no"):
        venue_of(world("quiet"), seed=1, start=START, recording=("DOGE", bars))


def test_a_world_can_be_had_on_a_netting_account():
    venue = venue_of(world("demo"), seed=1, start=START, mode=MarginMode.NETTING)
    venue.advance(START + 1)
    assert len(venue.ledger.holdings) == 4
    assert venue.ledger.terms.mode is MarginMode.NETTING


@pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="set RECORDED_MARKET_DATA to a folder of recordings"
)
def test_a_real_recording_plays():
    bars = read_bars_file(RECORDINGS / "BTCUSD_M5_2025Q2.csv.gz", "+03:00")
    start = Timestamp(float(bars.at[2_000]))
    venue = venue_of(world("demo"), seed=1, start=start, recording=("BTCUSD", bars))
    played = as_bars(venue.markets["BTCUSD"].bars(Timeframe.M5, start + 86_400, 900))
    known = np.searchsorted(bars.at, played.at)
    assert np.array_equal(played.high[:-1], bars.high[known][:-1])
    venue.advance(start + 86_400)
    stops = [deal for deal in venue.ledger.deals if deal.symbol == "BTCUSD" and deal.closes]
    assert [deal.reason for deal in stops] == [DealReason.STOP_LOSS]
    assert bars.low.min() < stops[0].price < bars.high.max()
