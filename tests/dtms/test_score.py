"""The score as a whole: its mirror, its past, its weights, its sessions, and what it refuses."""

from __future__ import annotations

import gzip
import os
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgetui.domain.dtms.bars import Timeframe
from hedgetui.domain.dtms.bars_csv import read_bars_csv
from hedgetui.domain.dtms.reading import (
    Components,
    Regime,
    SessionChip,
    StructureChip,
    VolatilityChip,
)
from hedgetui.domain.dtms.regime import ThresholdScale, session_chip, threshold_multiplier
from hedgetui.domain.dtms.resample import resampled
from hedgetui.domain.dtms.score import WARM_UP_BARS, WEIGHTS, latest, read_all
from hedgetui.domain.dtms.vwap import Anchor, Flow, probable_anchor, session_starts, session_vwap
from hedgetui.domain.errors import DataError
from hedgetui.domain.orders import Side
from hedgetui.domain.units import parse_utc
from tests.dtms.bar_stage import MONDAY, drawn, mirrored, picked, walk

RECORDINGS = Path(os.environ.get("RECORDED_MARKET_DATA", "no such folder"))
UTC = Anchor.UTC_MIDNIGHT
WHOLE = walk(1500, 11)
HOLEY = walk(1500, 12, holes=0.05)
LIMITS = np.array(astuple(WEIGHTS)) * [1, 1, 1, 1, 2, 1]
"""A conviction bar through VWAP counts twice."""


def flow_of(bars, seed=1):
    rng = np.random.default_rng(seed)
    share = rng.random(len(bars))
    return Flow(bars.volume * share, bars.volume * (1 - share))


# Mirror


@pytest.mark.parametrize("seed", range(4))
def test_a_market_upside_down_has_the_opposite_score(seed):
    bars = walk(1500, seed, holes=0.02)
    flow = flow_of(bars)
    up = read_all(bars, anchor=UTC, flow=flow)
    down = read_all(mirrored(bars), anchor=UTC, flow=Flow(flow.sell, flow.buy))
    assert np.isfinite(up.score).any()
    np.testing.assert_allclose(down.parts, -up.parts, rtol=0, atol=1e-9)
    np.testing.assert_allclose(down.score, -up.score, rtol=0, atol=1e-9)
    for name in ("vwap_flip", "volume_flip", "structure_event"):
        assert (getattr(down, name) == -getattr(up, name)).all()
        assert getattr(up, name).any()


def test_a_short_sees_the_mirror_of_a_long():
    reading = read_all(WHOLE, anchor=UTC).at(-1)
    short = reading.seen_by(Side.SELL)
    assert short.score == -reading.score
    assert short.components.total == pytest.approx(short.score)
    assert short.structure_event == -reading.structure_event


# The past only


@settings(max_examples=60, deadline=None)
@given(end=st.integers(20, 1500))
@pytest.mark.parametrize("way", ["built", "given", "alone"])
def test_the_score_of_a_prefix_is_the_score_at_its_end(way, end):
    bars = HOLEY if way != "alone" else walk(1500, 13, timeframe=Timeframe.M15)
    end = min(end, len(bars))
    m15 = resampled(bars, Timeframe.M15) if way == "given" else None
    whole = read_all(bars, m15=m15, anchor=UTC).at(end - 1)
    prefix = read_all(bars.head(end), m15=m15, anchor=UTC).at(-1)
    assert repr(prefix) == repr(whole)  # to the last bit, and NaN equal to NaN


def test_an_m15_bar_counts_only_when_its_slot_is_over():
    # Bars 1200, 1201 and 1202 share a slot of a quarter of an hour.
    read = read_all(WHOLE, anchor=UTC)
    jump = picked(WHOLE, slice(None))
    jump.close[1200:1202] += 400.0
    jump.high[1200:1202] += 400.0
    jumped = read_all(jump, anchor=UTC)
    slow = [0, 2, 3]  # structure, momentum, ema
    assert (jumped.parts[slow, :1202] == read.parts[slow, :1202]).all()
    assert jumped.atr15[1201] == read.atr15[1201]
    assert jumped.atr15[1202] > read.atr15[1202]
    assert jumped.atr5[1200] > read.atr5[1200]


def test_m15_bars_are_made_of_slots_that_are_over():
    quarter = WHOLE[3:6]
    made = resampled(WHOLE.head(8), Timeframe.M15)
    assert made.at.tolist() == [MONDAY, MONDAY + 900]
    assert (made.open[1], made.close[1]) == (quarter.open[0], quarter.close[2])
    assert (made.high[1], made.low[1]) == (quarter.high.max(), quarter.low.min())
    assert made.volume[1] == quarter.volume.sum()
    assert len(resampled(WHOLE.head(9), Timeframe.M15)) == 3
    assert len(resampled(WHOLE.head(0), Timeframe.M15)) == 0


def test_a_slot_without_its_last_bar_is_over_when_time_says_so():
    holed = picked(WHOLE, np.arange(len(WHOLE)) != 1202)
    read = read_all(holed, anchor=UTC)
    assert read.structure_at[1201] == WHOLE.at[1200]
    assert read.structure_at[1202] == WHOLE.at[1203]


def test_m15_bars_of_the_broker_give_the_same_as_those_made_of_m5():
    built = resampled(HOLEY, Timeframe.M15)
    theirs, ours = read_all(HOLEY, m15=built, anchor=UTC), read_all(HOLEY, anchor=UTC)
    assert (theirs.parts == ours.parts).all()


def test_m15_bars_that_stopped_coming_leave_no_score():
    late = resampled(WHOLE, Timeframe.M15)
    reading = read_all(WHOLE, m15=late.head(len(late) - 1), anchor=UTC).at(-1)
    assert reading.score is None
    assert "no structure: M15 bars are behind M5" in reading.flags


# Weights


@pytest.mark.parametrize("seed", range(4))
def test_each_weight_is_applied_once(seed):
    read = read_all(walk(3000, seed), anchor=UTC)
    known = np.isfinite(read.score)
    assert (np.abs(read.parts).max(axis=1) <= LIMITS + 1e-12).all()
    assert read.score[known] == pytest.approx(read.parts.sum(axis=0)[known])
    reading = read.at(-1)
    assert reading.components.total == reading.score


def test_every_component_reaches_its_weight():
    most = np.abs(
        np.concatenate([read_all(walk(4000, seed), anchor=UTC).parts for seed in range(6)], axis=1)
    ).max(axis=1)
    assert most[:5] == pytest.approx(LIMITS[:5], rel=0.15)
    assert sum(LIMITS) == 11.5


def test_a_conviction_bar_fades_over_three_bars():
    bars = drawn([*[100.0] * 700, 102, 102, 102, 102], timeframe=Timeframe.M5)
    bars.open[700], bars.low[700] = 100.25, 100.25  # beyond VWAP from the start
    bars.open[701:] = bars.close[701:]
    part = read_all(bars, anchor=UTC).part("conviction")[699:]
    assert part == pytest.approx([0, 1, 2 / 3, 1 / 3, 0])


def test_a_conviction_bar_through_vwap_counts_twice():
    bars = drawn([*[100.0, 101.0] * 350, 99.0], timeframe=Timeframe.M5)
    bars.open[-1] = bars.high[-1] = 102.0
    assert read_all(bars, anchor=UTC).part("conviction")[-1] == -2


# Sessions and VWAP


def test_a_session_begins_at_17_in_new_york_in_the_weeks_the_clocks_change():
    cases = {
        "2025-03-07T22:30:00Z": "2025-03-07T22:00:00Z",  # winter: 22:00 UTC
        "2025-03-09T21:00:00Z": "2025-03-09T21:00:00Z",  # the clocks changed this Sunday
        "2025-03-10T20:55:00Z": "2025-03-09T21:00:00Z",
        "2025-03-10T21:00:00Z": "2025-03-10T21:00:00Z",
        "2025-10-31T21:30:00Z": "2025-10-31T21:00:00Z",
        "2025-11-02T21:55:00Z": "2025-11-01T21:00:00Z",  # and back
        "2025-11-02T22:00:00Z": "2025-11-02T22:00:00Z",
    }
    at = np.array([parse_utc(moment) for moment in cases], np.int64)
    expected = [parse_utc(start) for start in cases.values()]
    assert session_starts(at, Anchor.NEW_YORK_CLOSE).tolist() == expected


def test_vwap_begins_anew_and_is_muted_for_six_bars():
    start = int(parse_utc("2025-03-07T20:00:00Z"))
    bars = walk(60, 3, start=start)
    vwap = session_vwap(bars, np.ones(60), Anchor.NEW_YORK_CLOSE)
    first = int(np.searchsorted(bars.at, parse_utc("2025-03-07T22:00:00Z")))
    assert vwap.muted.tolist() == [*[True] * 6, *[False] * (first - 6), *[True] * 6] + (
        [False] * (60 - first - 6)
    )
    typical = (bars.high + bars.low + bars.close) / 3
    assert vwap.level[first] == typical[first]
    weighed = np.average(typical[first:50], weights=bars.volume[first:50])
    assert vwap.level[49] == pytest.approx(weighed)


def test_a_flip_needs_two_closes_and_lasts_24_bars():
    below, above = [100.0] * 10 + [90.0] * 10, [120.0] * 40
    vwap = session_vwap(drawn(below + above, timeframe=Timeframe.M5), np.ones(60), UTC)
    assert vwap.side[[12, 19, 20, 21]].tolist() == [-1, -1, 0, 1]
    assert np.flatnonzero(vwap.flip == 1).tolist() == list(range(21, 21 + 24))
    assert not (vwap.flip < 0).any()


def test_a_flip_ends_when_the_side_is_regained():
    path = [100.0] * 10 + [90.0] * 10 + [120.0] * 4 + [60.0] * 10
    flip = session_vwap(drawn(path, timeframe=Timeframe.M5), np.ones(34), UTC).flip
    assert flip[[20, 21, 24, 25]].tolist() == [0, 1, 1, -1]


def test_volume_flips_only_with_more_of_it_than_usual():
    bars = drawn([100.0 + 0.001 * n for n in range(700)], timeframe=Timeframe.M5)
    bars.close[-6:] = bars.high[-6:]
    assert read_all(bars, anchor=UTC).volume_flip[-1] == 1
    bars.volume[-1] = 99.0
    assert read_all(bars, anchor=UTC).volume_flip[-1] == 0
    bars.volume[-1] = 100.0
    bars.close[-6:] = bars.low[-6:]
    assert read_all(bars, anchor=UTC).volume_flip[-1] == -1


def test_what_trades_on_saturdays_is_crypto():
    assert probable_anchor(walk(288 * 6, 1)) is UTC
    assert probable_anchor(walk(288 * 5, 1)) is Anchor.NEW_YORK_CLOSE


# Order flow


def test_real_order_flow_speaks_and_without_it_the_delta_is_not_available():
    quiet = Flow(WHOLE.volume * 0.5, WHOLE.volume * 0.5)
    noisy = flow_of(WHOLE)
    selling = Flow(noisy.buy.copy(), noisy.sell.copy())
    selling.buy[-6:] = 0.0
    selling.sell[-6:] = 1e5
    sold = read_all(WHOLE, anchor=UTC, flow=selling).at(-1)
    assert sold.components.delta == -1
    assert "delta n/a" not in sold.flags
    assert "delta n/a" in read_all(WHOLE, anchor=UTC, flow=quiet).at(-1).flags  # nothing to measure
    without = read_all(WHOLE, anchor=UTC).at(-1)
    assert (without.components.delta, "delta n/a" in without.flags) == (0.0, True)


# What is missing


def test_900_m5_bars_are_enough_and_too_few_give_no_score():
    assert read_all(WHOLE.head(900), anchor=UTC).at(-1).score is not None
    needed = 3 * WARM_UP_BARS
    read = read_all(WHOLE.head(needed), anchor=UTC)
    assert read.at(-1).score is not None
    assert read.at(-2).score is None
    assert read.at(-2).flags[0].startswith("warming up")


def test_a_session_in_which_nothing_traded_has_no_vwap_and_no_score():
    bars = picked(WHOLE, slice(0, 900))
    bars.volume[bars.at >= bars.at[-1] // 86_400 * 86_400] = 0.0
    reading = read_all(bars, anchor=UTC).at(-1)
    assert reading.score is None
    assert "no VWAP: nothing traded since the session began" in reading.flags
    assert reading.components.vwap_volume == 0
    assert reading.components.structure != 0


def test_a_market_that_stands_still_has_no_score():
    reading = read_all(drawn([100.0] * 900, timeframe=Timeframe.M5, wick=0.0), anchor=UTC).at(-1)
    assert (reading.score, reading.components) == (None, Components())


def test_a_broken_price_never_becomes_a_score():
    bars = picked(WHOLE, slice(None))
    bars.close[1301] = np.nan  # the close of an M15 bar, too
    read = read_all(bars, anchor=UTC)
    assert np.isfinite(read.score[1000:1301]).all()
    assert np.isnan(read.score[1301:]).all()


def test_the_latest_reading_drops_the_bar_that_is_not_over():
    end = float(WHOLE.at[-1]) + 300
    read = read_all(WHOLE, anchor=UTC)
    assert latest(WHOLE, now=end - 1, anchor=UTC) == read.at(-2)
    assert latest(WHOLE, now=end, anchor=UTC) == read.at(-1)
    m15 = resampled(WHOLE, Timeframe.M15)
    assert latest(WHOLE, m15, now=end, anchor=UTC) == read.at(-1)
    flow = flow_of(WHOLE)
    flowing = read_all(WHOLE, anchor=UTC, flow=flow).at(-2)
    assert latest(WHOLE, now=end - 1, anchor=UTC, flow=flow) == flowing


def test_bars_older_than_ten_minutes_give_no_score():
    end = float(WHOLE.at[-1]) + 300
    assert latest(WHOLE, now=end + 600, anchor=UTC).score is not None
    old = latest(WHOLE, now=end + 601, anchor=UTC)
    assert (old.score, old.flags[0]) == (None, "bars 10 min old")
    assert old.components == latest(WHOLE, now=end, anchor=UTC).components


def test_no_bars_at_all_give_no_score():
    assert latest(WHOLE.head(0), now=float(MONDAY), anchor=UTC).score is None
    assert latest(WHOLE, now=float(MONDAY), anchor=UTC).flags[0] == "no bars"


def test_other_bars_are_refused():
    with pytest.raises(DataError, match="H1"):
        read_all(replace(WHOLE, timeframe=Timeframe.H1), anchor=UTC)
    with pytest.raises(DataError, match="M5 bars given where M15"):
        read_all(WHOLE, m15=WHOLE, anchor=UTC)
    with pytest.raises(DataError, match="order flow"):
        read_all(WHOLE, anchor=UTC, flow=flow_of(WHOLE.head(3)))


# Regime


@pytest.mark.parametrize(
    ("hour", "chip"),
    [(0, "Asian"), (6.99, "Asian"), (7, "London"), (12, "Overlap"), (16, "NY"), (21, "Off")],
)
def test_the_session_is_told_by_the_hour(hour, chip):
    assert session_chip(MONDAY + 3600 * hour) == chip


def test_a_wild_market_is_known_by_its_range():
    flat = [100.0, 101.0] * 350
    calm = read_all(drawn(flat, timeframe=Timeframe.M5), anchor=UTC).at(-1).regime
    assert (calm.volatility, calm.structure) == (VolatilityChip.NORMAL, StructureChip.MIXED)
    run = [101.0 + 5 * n for n in range(40)]
    wild = read_all(drawn([*flat, *run], timeframe=Timeframe.M5), anchor=UTC).at(-1).regime
    assert (wild.volatility, wild.structure) == (VolatilityChip.HIGH, StructureChip.TREND)


def test_thresholds_scale_within_bounds():
    scale = ThresholdScale()
    plain = Regime(SessionChip.LONDON, VolatilityChip.NORMAL, StructureChip.MIXED)
    rough = Regime(SessionChip.OFF, VolatilityChip.HIGH, StructureChip.RANGE)
    assert threshold_multiplier(None, scale) == threshold_multiplier(plain, scale) == 1.0
    assert threshold_multiplier(rough, scale) == pytest.approx(1.1 * 1.15 * 1.1)
    assert threshold_multiplier(rough, replace(scale, most=1.2)) == 1.2


# Recorded markets


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recorded bars (RECORDED_MARKET_DATA)")
@pytest.mark.parametrize(
    ("file", "zone"),
    [("BTCUSD_M5_2025Q2.csv.gz", "+03:00"), ("EURUSD_M15_2022-2023.csv.gz", "mt5")],
)
def test_recorded_markets_score_as_calibrated(file, zone):
    with gzip.open(RECORDINGS / file, "rt") as lines:
        bars = read_bars_csv(lines, name=file, tz=zone)
    score = read_all(bars, anchor=probable_anchor(bars)).score
    both = np.concatenate((score, -score))
    both = both[np.isfinite(both)]
    shares = [100 * (both <= threshold).mean() for threshold in (-2, -4, -6)]
    assert len(both) > 2 * 0.96 * len(bars)
    assert 36 <= shares[0] <= 39
    assert 21 <= shares[1] <= 24
    assert 6.4 <= shares[2] <= 8.6
