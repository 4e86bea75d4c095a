"""Recorded bars played as ticks: open, the near extreme, the far extreme, close.

The nearer extreme first is the usual assumption about a bar nobody watched; what is certain is that
the bars a client reads back are exactly those of the recording.
"""

from __future__ import annotations

import numpy as np

from hedgetui.domain.dtms.bars import Bars
from hedgetui.simulation.mt5.grid import DayGrid, Floats
from hedgetui.simulation.mt5.hours import CELL_S, CELLS, DAY_S
from hedgetui.simulation.mt5.symbols import SymbolTerms


class RecordedGrids:
    """The days of one symbol, out of recorded bars."""

    def __init__(self, terms: SymbolTerms, bars: Bars) -> None:
        """Play `bars`; a spread the recording does not know is the symbol's usual one."""
        self._terms = terms
        self._bars = bars
        self._days = bars.at // DAY_S
        self.first_day = int(self._days[0])
        self._last_day = int(self._days[-1])
        self._kept: DayGrid | None = None

    def day(self, day: int) -> DayGrid | None:
        """Return a day; None before and after the recording."""
        if not self.first_day <= day <= self._last_day:
            return None
        if self._kept is None or self._kept.day != day:
            self._kept = self._played(day)
        return self._kept

    def _played(self, day: int) -> DayGrid:
        bid, spread, ticks = np.zeros(CELLS), np.ones(CELLS, np.int64), np.zeros(CELLS, np.int64)
        first, last = np.searchsorted(self._days, [day, day + 1])
        length = self._bars.timeframe.seconds // CELL_S
        for i in range(int(first), int(last)):
            begin = int(self._bars.at[i] - day * DAY_S) // CELL_S
            cells = slice(begin, begin + length)
            bid[cells] = self._walk(i, length)
            known = self._bars.spread[i]
            points = self._terms.spread if np.isnan(known) else known / self._terms.point
            spread[cells] = max(1, round(points))
            volume = max(int(self._bars.volume[i]), length)
            ticks[cells] = np.diff(np.arange(length + 1) * volume // length)
        return DayGrid(day, bid, spread, ticks)

    def _walk(self, i: int, length: int) -> Floats:
        bars = self._bars
        opened, high, low = float(bars.open[i]), float(bars.high[i]), float(bars.low[i])
        near, far = (high, low) if high - opened <= opened - low else (low, high)
        corners = np.array([0.0, (length - 1) // 3, 2 * (length - 1) // 3, length - 1])
        prices = np.interp(np.arange(length), corners, [opened, near, far, float(bars.close[i])])
        return np.round(prices, self._terms.digits)
