"""A day of prices on a fine grid, and the bars and windows that come out of it.

Everything a client can see of a symbol (ticks, bars, the moment a stop fires) is read from the
same cells, so a chart and a fill can never disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hedgetui.simulation.mt5.hours import BLOCKS, CELL_S, CELLS, DAY_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rates = NDArray[np.void]

RATES = np.dtype(
    [
        ("time", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8"), ("close", "<f8"),
        ("tick_volume", "<u8"), ("spread", "<i4"), ("real_volume", "<u8"),
    ]
)  # fmt: skip
"""What `copy_rates_from_pos` returns, field by field."""
M5_S = 300
_PER_BLOCK = CELLS // BLOCKS


@dataclass(frozen=True, slots=True)
class DayGrid:
    """One UTC day of a symbol; arrays of `CELLS`, one price every `CELL_S` seconds."""

    day: int
    """Days since 1970-01-01."""
    bid: Floats
    """On the symbol's grid; meaningless where `ticks` is 0."""
    spread: Ints
    """Points."""
    ticks: Ints
    """Tick volume; 0 where the symbol does not trade."""

    @property
    def begin(self) -> int:
        """UTC seconds at which the day begins."""
        return self.day * DAY_S

    def m5(self, upto: float) -> Rates:
        """Return the M5 bars of what had traded at `upto` (UTC seconds)."""
        live = self.ticks > 0
        known = int((upto - self.begin) // CELL_S) + 1
        if known < CELLS:
            live = live.copy()
            live[max(0, known) :] = False
        table = live.reshape(BLOCKS, _PER_BLOCK)
        rows = np.flatnonzero(table.any(axis=1))
        table = table[rows]
        bid = self.bid.reshape(BLOCKS, _PER_BLOCK)[rows]
        each = np.arange(len(rows))
        bars = np.zeros(len(rows), RATES)
        bars["time"] = self.begin + rows * M5_S
        bars["open"] = bid[each, table.argmax(axis=1)]
        bars["close"] = bid[each, _PER_BLOCK - 1 - table[:, ::-1].argmax(axis=1)]
        bars["high"] = np.where(table, bid, -np.inf).max(axis=1, initial=-np.inf)
        bars["low"] = np.where(table, bid, np.inf).min(axis=1, initial=np.inf)
        ticks = self.ticks.reshape(BLOCKS, _PER_BLOCK)[rows]
        bars["tick_volume"] = np.where(table, ticks, 0).sum(axis=1)
        spread = self.spread.reshape(BLOCKS, _PER_BLOCK)[rows]
        widest = np.iinfo(np.int32).max
        bars["spread"] = np.where(table, spread, widest).min(axis=1, initial=widest)
        return bars


class Grids(Protocol):
    """Where a symbol's days come from."""

    @property
    def first_day(self) -> int:
        """The first day there is."""
        ...

    def day(self, day: int) -> DayGrid | None:
        """Return a day; None before the first one and after the end of a recording."""
        ...


def merged(bars: Rates, seconds: int) -> Rates:
    """Return M5 bars put together into longer ones."""
    if seconds == M5_S or not len(bars):
        return bars
    slot = bars["time"] // seconds
    first = np.r_[0, np.flatnonzero(np.diff(slot)) + 1]
    last = np.r_[first[1:] - 1, len(bars) - 1]
    longer = np.zeros(len(first), RATES)
    longer["time"] = slot[first] * seconds
    longer["open"] = bars["open"][first]
    longer["close"] = bars["close"][last]
    longer["high"] = np.maximum.reduceat(bars["high"], first)
    longer["low"] = np.minimum.reduceat(bars["low"], first)
    longer["tick_volume"] = np.add.reduceat(bars["tick_volume"], first)
    longer["spread"] = np.minimum.reduceat(bars["spread"], first)
    return longer
