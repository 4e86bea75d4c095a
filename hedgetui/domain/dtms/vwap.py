"""Volume-weighted price since the session began, and who pushes: buyers or sellers.

Tick volume is the only volume a retail feed has, and its level is the broker's own affair; it is
therefore only a weight, or compared with its own past. Without real order flow the side of a bar's
volume is read from where it closed in its range. Counts are in M5 bars; where only M15 bars exist,
one of them stands for three.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.dtms.bars import Bars, Floats, Timeframe, Times
from hedgetui.domain.dtms.indicators import lagged, rolling_median, rolling_sum

Ints = NDArray[np.int64]

MUTED_BARS = 6
"""M5 bars at the start of a session, when VWAP is the price itself."""
_BAND = 0.10
_SLOPE_FULL = 0.10
_SLOPE_BARS = 3
_SLOPE_UNIT, _SLOPE_OLDEST = 12.0, 48
"""VWAP moves ever slower as its session ages: the slope is scaled by its age, up to four hours."""
_FLIP_BARS = 24
_SIDE_CLOSES = 2
_VOLUME_BARS = 6
_PAST_BARS = 3 * 288
_LEAST_PAST_BARS = 60
_CLOSE_SHARE = 0.60
_FLOW_SHARE = 0.65
_DELTA_LEAST, _DELTA_FULL = 0.5, 2.0
_NORMAL_QUARTILE = 0.6745
"""Half of a normal variable lies within so many deviations."""
_DAY = 86_400
_NEW_YORK = ZoneInfo("America/New_York")
_SATURDAY = 5


class Anchor(StrEnum):
    """When a session begins."""

    UTC_MIDNIGHT = "00:00 UTC"
    """Crypto."""
    NEW_YORK_CLOSE = "17:00 New York"
    """Currencies and metals; 21:00 or 22:00 UTC by the season."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Real order flow of each M5 bar, in the same unit; arrays of the length of the bars."""

    buy: Floats
    sell: Floats


@dataclass(frozen=True, slots=True)
class Vwap:
    """The session's VWAP at each bar; arrays of the length of the bars."""

    level: Floats
    """NaN where nothing traded since the session began."""
    muted: NDArray[np.bool_]
    """The session is too young."""
    side: Ints
    """+1 price holds above it, −1 below, 0 neither yet."""
    slope: Floats
    """−1 … +1."""
    flip: Ints
    """+1 price crossed to above lately, −1 to below, 0 neither."""


@dataclass(frozen=True, slots=True)
class VolumePush:
    """Who pushes; arrays of the length of the bars."""

    flip: Ints
    """+1 buyers, −1 sellers with more volume than usual, 0 neither."""
    known: NDArray[np.bool_]
    """Whether there is enough past to compare with."""


def session_starts(at: Times, anchor: Anchor) -> Times:
    """Return when the session of each moment began, UTC seconds."""
    if not len(at):
        return at
    if anchor is Anchor.UTC_MIDNIGHT:
        return at // _DAY * _DAY
    first = datetime.fromtimestamp(int(at[0]), UTC).date()
    days = (int(at[-1]) - int(at[0])) // _DAY + 3
    closes = np.array([_new_york_close(first + timedelta(n - 1)) for n in range(days)], np.int64)
    return closes[np.searchsorted(closes, at, side="right") - 1]


def probable_anchor(bars: Bars) -> Anchor:
    """Return the anchor of an instrument nobody described: what trades on Saturdays is crypto."""
    weekdays = (bars.at // _DAY + 3) % 7  # 1970-01-01 was a Thursday
    return Anchor.UTC_MIDNIGHT if (weekdays == _SATURDAY).any() else Anchor.NEW_YORK_CLOSE


def session_vwap(bars: Bars, atr: Floats, anchor: Anchor) -> Vwap:
    """Follow VWAP of the typical price by tick volume; `atr` (A15) is the unit of distance."""
    level, age = _levels(bars, session_starts(bars.at, anchor))
    each = _m5_bars(bars)
    muted = age * each <= MUTED_BARS
    beyond = (bars.close > level + _BAND * atr).astype(np.int64)
    beyond -= bars.close < level - _BAND * atr
    side, flip = _holds(beyond, age, muted, _FLIP_BARS // each)
    drift = (level - lagged(level, _SLOPE_BARS // each)) / atr
    drift *= np.minimum(age * each, _SLOPE_OLDEST) / _SLOPE_UNIT
    slope = np.where(muted, 0.0, np.clip(drift / _SLOPE_FULL, -1.0, 1.0))
    return Vwap(level, muted, side, slope, flip)


def _levels(bars: Bars, starts: Times) -> tuple[Floats, Ints]:
    """Return VWAP and the number of bars of the session so far, from 1."""
    count = len(bars)
    level = np.full(count, np.nan)
    age = np.zeros(count, np.int64)
    typical = (bars.high + bars.low + bars.close) / 3.0
    heads = np.flatnonzero(np.diff(starts, prepend=starts[:1] - 1))
    for head, end in zip(heads, np.append(heads[1:], count), strict=True):
        weight = np.cumsum(bars.volume[head:end])
        # Distances from the session's first price keep the digits that matter.
        worth = np.cumsum((typical[head:end] - typical[head]) * bars.volume[head:end])
        level[head:end] = typical[head] + worth / np.where(weight > 0, weight, np.nan)
        age[head:end] = np.arange(1, end - head + 1)
    return level, age


def volume_push(bars: Bars, flow: Flow | None = None) -> VolumePush:
    """Say who pushed over six M5 bars, if they traded at least their three-day median."""
    total = _recent(bars.volume, bars)
    usual = _usual(total, bars)
    if flow is None:
        ranges = bars.high - bars.low
        place = (2.0 * bars.close - bars.high - bars.low) / np.where(ranges > 0, ranges, 1.0)
        net = _recent(np.where(ranges > 0, place, 0.0) * bars.volume, bars)
        whole = total
        least = 2.0 * _CLOSE_SHARE - 1.0
    else:
        net = _recent(flow.buy - flow.sell, bars)
        whole = _recent(flow.buy + flow.sell, bars)
        least = 2.0 * _FLOW_SHARE - 1.0
    known = np.isfinite(usual) & np.isfinite(net) & (whole > 0)
    busy = known & (total >= usual)
    share = net / np.where(known, whole, 1.0)
    # The tolerance keeps a share of exactly 0.60 a push, whatever its last digit.
    flip = (busy & (share >= least - 1e-12)).astype(np.int64)
    flip -= busy & (share <= 1e-12 - least)
    return VolumePush(flip, known)


def delta_value(flow: Flow, bars: Bars) -> Floats:
    """Return −1 … +1 from the order flow of six M5 bars, in its own three-day deviations.

    Zero within half a deviation; full at two. NaN while there is too little past.
    """
    net = _recent(flow.buy - flow.sell, bars)
    deviation = np.sqrt(_usual(net * net, bars)) / _NORMAL_QUARTILE
    score = net / np.where(deviation > 0, deviation, np.nan)
    strong = np.abs(score) > _DELTA_LEAST
    value = np.where(strong, np.clip(score / _DELTA_FULL, -1.0, 1.0), 0.0)
    return np.where(np.isfinite(score), value, np.nan)


def _m5_bars(bars: Bars) -> int:
    """Return how many M5 bars one of these stands for."""
    return bars.timeframe.seconds // Timeframe.M5.seconds


def _recent(values: Floats, bars: Bars) -> Floats:
    """Return the sums over six M5 bars."""
    return rolling_sum(values, _VOLUME_BARS // _m5_bars(bars))


def _usual(values: Floats, bars: Bars) -> Floats:
    """Return the medians over three days, of as many as there are but at least five hours."""
    each = _m5_bars(bars)
    return rolling_median(values, _PAST_BARS // each, at_least=_LEAST_PAST_BARS // each)


def _holds(beyond: Ints, age: Ints, muted: NDArray[np.bool_], flip_bars: int) -> tuple[Ints, Ints]:
    """Return the side that is held and the active flip at each bar.

    A close within the band neither counts nor breaks a run. The side held in one session is what a
    flip of the next is measured against, but its closes do not count for the new VWAP.
    """
    sides: list[int] = []
    flips: list[int] = []
    run = held = flip = left = 0
    for place, bars, mute in zip(beyond.tolist(), age.tolist(), muted.tolist(), strict=True):
        if bars == 1:
            run = flip = left = 0
        if not mute:
            left -= 1
            if left <= 0:
                flip = 0
            if place:
                run = run + place if run * place >= 0 else place
            if abs(run) == _SIDE_CLOSES and place == -held:
                flip, left = place, flip_bars
            if abs(run) >= _SIDE_CLOSES:
                held = 1 if run > 0 else -1
        sides.append(held if abs(run) >= _SIDE_CLOSES else 0)
        flips.append(flip)
    return np.array(sides, np.int64), np.array(flips, np.int64)


@lru_cache(maxsize=4096)
def _new_york_close(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 17, tzinfo=_NEW_YORK).timestamp())
