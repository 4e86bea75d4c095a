"""Averages and oscillators over closed bars, each a function of the past only.

Every value at i depends on inputs up to i and is computed the same way however long the array is,
so that the score of a prefix equals the score at that place, to the last bit. Recursions run over
lists: a Python float costs a tenth of a numpy scalar.
"""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np

from hedgetui.domain.dtms.bars import Bars, Floats

ATR_BARS = 14
RSI_BARS = 14
MACD_FAST, MACD_SLOW, MACD_SIGNAL = 12, 26, 9


def ema(values: Floats, bars: int) -> Floats:
    """Return the exponential average with weight 2/(bars + 1), begun at the first value."""
    if not len(values):
        return np.empty(0)
    weight = 2.0 / (bars + 1)
    items = values.tolist()
    level = items[0]
    return np.array([level := level + weight * (item - level) for item in items])


def wilder(values: Floats, bars: int) -> Floats:
    """Return Wilder's average: the mean of the first `bars`, then (bars − 1)/bars of itself.

    Source: J. W. Wilder, *New Concepts in Technical Trading Systems* (1978). NaN before it is full.
    """
    smooth = np.full(len(values), np.nan)
    if len(values) < bars:
        return smooth
    items = values.tolist()
    level = sum(items[:bars]) / bars
    rest = [level := (level * (bars - 1) + item) / bars for item in items[bars:]]
    smooth[bars - 1] = sum(items[:bars]) / bars
    smooth[bars:] = rest
    return smooth


def atr(bars: Bars) -> Floats:
    """Return Wilder's average true range of 14 bars, price units; NaN for the first 13."""
    if not len(bars):
        return np.empty(0)
    before = np.concatenate((bars.close[:1], bars.close[:-1]))
    ranges = np.maximum(bars.high, before) - np.minimum(bars.low, before)
    return wilder(ranges, ATR_BARS)


def centred_rsi(close: Floats) -> Floats:
    """Return Wilder's RSI of 14 bars minus 50: −50 … +50, 0 for a market that does not move.

    50·(gain − loss)/(gain + loss) is the same number as 100 − 100/(1 + gain/loss) − 50, and changes
    its sign exactly when the market is mirrored.
    """
    moves = np.diff(close, prepend=close[:1])
    gain = wilder(np.maximum(moves, 0.0), RSI_BARS)
    loss = wilder(np.maximum(-moves, 0.0), RSI_BARS)
    both = gain + loss
    return np.where(both == 0, 0.0, 50.0 * (gain - loss) / np.where(both == 0, 1.0, both))


def macd_histogram(close: Floats) -> Floats:
    """Return the MACD(12, 26, 9) histogram, price units."""
    line = ema(close, MACD_FAST) - ema(close, MACD_SLOW)
    return line - ema(line, MACD_SIGNAL)


def lagged(values: Floats, bars: int) -> Floats:
    """Return the values `bars` earlier; NaN where there were none."""
    late = np.full(len(values), np.nan)
    if bars < len(values):
        late[bars:] = values[: len(values) - bars]
    return late


def rolling_sum(values: Floats, bars: int) -> Floats:
    """Return the sum of the last `bars` values; NaN before there are as many.

    Added value by value, not as a difference of running totals, so that nothing of the distant past
    stays in the last digits.
    """
    total = values.astype(np.float64, copy=True)
    for back in range(1, bars):
        total += lagged(values, back)
    return total


def rolling_mean(values: Floats, bars: int) -> Floats:
    """Return the mean of up to `bars` last values, of those there are; leading NaN are skipped."""
    mean = np.full(len(values), np.nan)
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return mean
    first = int(known[0])
    totals = np.cumsum(values[first:])
    sums = totals.copy()
    sums[bars:] -= totals[:-bars]
    mean[first:] = sums / np.minimum(np.arange(1, len(sums) + 1), bars)
    return mean


def rolling_deviation(values: Floats, bars: int) -> Floats:
    """Return the standard deviation of the last `bars` values; NaN before there are as many."""
    mean = rolling_sum(values, bars) / bars
    squares = np.zeros(len(values))
    for back in range(bars):
        squares += (lagged(values, back) - mean) ** 2
    return np.asarray(np.sqrt(squares / bars), np.float64)


def rolling_median(values: Floats, bars: int, *, at_least: int) -> Floats:
    """Return the median of the last `bars` finite values; NaN while fewer than `at_least` exist."""
    window: list[float] = []
    queue: list[float] = []
    medians: list[float] = []
    nan = float("nan")
    for item in values.tolist():
        if item == item:  # noqa: PLR0124 - the fastest question whether it is a number
            queue.append(item)
            insort(window, item)
            if len(window) > bars:
                del window[bisect_left(window, queue[len(queue) - 1 - bars])]
        count = len(window)
        half = count // 2
        if count < at_least:
            medians.append(nan)
        elif count % 2:
            medians.append(window[half])
        else:
            medians.append((window[half - 1] + window[half]) / 2.0)
    return np.array(medians)
