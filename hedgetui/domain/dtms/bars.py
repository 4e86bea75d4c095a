"""Bars of one symbol and timeframe, as arrays.

Times are the UTC opening of the bar. Whether the last one is closed is decided by time, never by
its place in the array.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class Timeframe(IntEnum):
    """Length of a bar, as its number in the MT5 API."""

    M5 = 5
    M15 = 15
    H1 = 16385

    @property
    def seconds(self) -> int:
        """Length in seconds."""
        return {Timeframe.M5: 300, Timeframe.M15: 900, Timeframe.H1: 3600}[self]


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars oldest first; every array has the same length n."""

    timeframe: Timeframe
    at: Times
    """UTC seconds at which each bar opens, strictly growing."""
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    """Tick volume."""
    spread: Floats
    """Price units; NaN where not known."""

    def __len__(self) -> int:
        return len(self.at)

    def head(self, count: int) -> Bars:
        """Return the first `count` bars."""
        return self[0:count]

    def __getitem__(self, part: slice) -> Bars:
        return Bars(
            self.timeframe, self.at[part], self.open[part], self.high[part], self.low[part],
            self.close[part], self.volume[part], self.spread[part],
        )  # fmt: skip

    def closed(self, now: float) -> Bars:
        """Return the bars whose time slot is over at `now` (UTC seconds)."""
        return self.head(int(np.searchsorted(self.at, now - self.timeframe.seconds, side="right")))
