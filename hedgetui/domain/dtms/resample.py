"""Longer bars made of shorter ones: only those whose time slot is over."""

from __future__ import annotations

import numpy as np

from hedgetui.domain.dtms.bars import Bars, Timeframe


def resampled(bars: Bars, timeframe: Timeframe) -> Bars:
    """Return the bars of a longer timeframe, as far as their slots are over at the last close.

    A slot that lacks bars (nothing traded) is made of those there are. The spread is that of the
    last bar.
    """
    slots = bars.at // timeframe.seconds
    first = np.flatnonzero(np.diff(slots, prepend=slots[:1] - 1))
    opened = slots[first] * timeframe.seconds
    last = np.append(first[1:], len(bars)) - 1
    if not len(bars):
        first = last = np.empty(0, np.int64)
        high = low = volume = np.empty(0)
    else:
        high = np.maximum.reduceat(bars.high, first)
        low = np.minimum.reduceat(bars.low, first)
        volume = np.add.reduceat(bars.volume, first)
    made = Bars(
        timeframe, opened.astype(np.int64), bars.open[first], high, low, bars.close[last],
        volume, bars.spread[last],
    )  # fmt: skip
    return made.closed(float(bars.at[-1]) + bars.timeframe.seconds) if len(bars) else made
