"""One symbol as the broker quotes it: the newest tick, bars of every length, windows to walk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hedgetui.domain.dtms.bars import Timeframe
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.mt5.grid import RATES, DayGrid, Floats, Grids, Ints, Rates, merged
from hedgetui.simulation.mt5.hours import CELL_S, CELLS, DAY_S
from hedgetui.simulation.mt5.symbols import SymbolTerms

_LONGEST_CLOSURE_DAYS = 5
_MOST_BARS = 100_000


@dataclass(frozen=True, slots=True)
class Quoted:
    """A tick at the broker, UTC."""

    bid: float
    ask: float
    at: Timestamp
    spread: int
    """Points."""
    ticks: int

    def closing(self, sign: int) -> float:
        """Return the price at which a position of that sign closes."""
        return self.bid if sign > 0 else self.ask

    def opening(self, sign: int) -> float:
        """Return the price at which an order of that sign fills."""
        return self.ask if sign > 0 else self.bid


@dataclass(frozen=True, slots=True)
class Window:
    """The ticks of a stretch of time, oldest first."""

    at: Floats
    bid: Floats
    ask: Floats


class SymbolMarket:
    """Prices of one symbol; everything it says is a function of the time it is asked for."""

    def __init__(self, terms: SymbolTerms, grids: Grids) -> None:
        """Quote `grids` on `terms`; terms may be exchanged later, prices stay."""
        self.terms = terms
        self.spread_factor = 1.0
        """What the usual spread is multiplied with, for a market that dried up."""
        self.grids = grids
        self._m5: dict[int, Rates] = {}

    def quote(self, now: float) -> Quoted | None:
        """Return the newest tick at `now`; None where there was none for days."""
        day = int(now // DAY_S)
        cell = int((now - day * DAY_S) // CELL_S)
        for back in range(_LONGEST_CLOSURE_DAYS):
            grid = self.grids.day(day - back)
            if grid is not None:
                live = np.flatnonzero(grid.ticks[: cell + 1] > 0)
                if len(live):
                    return self._quoted(grid, int(live[-1]))
            cell = CELLS - 1
        return None

    def is_open(self, now: float) -> bool:
        """Whether the symbol trades at `now`."""
        day = int(now // DAY_S)
        grid = self.grids.day(day)
        return grid is not None and bool(grid.ticks[int((now - day * DAY_S) // CELL_S)] > 0)

    def window(self, after: float, upto: float) -> Window:
        """Return the ticks later than `after` and not later than `upto`."""
        times: list[Floats] = [np.empty(0)]
        bids: list[Floats] = [np.empty(0)]
        asks: list[Floats] = [np.empty(0)]
        for day in range(int(after // DAY_S), int(upto // DAY_S) + 1):
            grid = self.grids.day(day)
            if grid is None:
                continue
            first = max(0, int((after - grid.begin) // CELL_S) + 1)
            last = min(CELLS, int((upto - grid.begin) // CELL_S) + 1)
            cells = first + np.flatnonzero(grid.ticks[first:last] > 0)
            times.append((grid.begin + cells * CELL_S).astype(np.float64))
            bids.append(grid.bid[cells])
            asks.append(self._asks(grid.bid[cells], grid.spread[cells]))
        return Window(np.concatenate(times), np.concatenate(bids), np.concatenate(asks))

    def bars(self, timeframe: Timeframe, now: float, count: int, skip: int = 0) -> Rates:
        """Return `count` bars, the last `skip` left out; the newest may be unfinished. UTC."""
        wanted = min(count, _MOST_BARS) + skip
        needed = (wanted + 1) * (timeframe.seconds // 300)
        pieces: list[Rates] = []
        have, day = 0, int(now // DAY_S)
        while have < needed and day >= self.grids.first_day:
            piece = self._day_bars(day, now)
            pieces.insert(0, piece)
            have += len(piece)
            day -= 1
        bars = merged(np.concatenate([np.empty(0, RATES), *pieces]), timeframe.seconds)
        end = len(bars) - skip
        return bars[max(0, end - count) : max(0, end)]

    def forget(self, since: float) -> None:
        """Drop what was computed of the days from `since` on: the path has been changed."""
        first = int(since // DAY_S)
        self._m5 = {day: bars for day, bars in self._m5.items() if day < first}

    def _day_bars(self, day: int, now: float) -> Rates:
        if day in self._m5:
            return self._m5[day]
        grid = self.grids.day(day)
        bars = np.empty(0, RATES) if grid is None else grid.m5(now)
        if now >= (day + 1) * DAY_S:
            self._m5[day] = bars
        return bars

    def _quoted(self, grid: DayGrid, cell: int) -> Quoted:
        bid, spread = float(grid.bid[cell]), self._spread(int(grid.spread[cell]))
        ask = self.terms.rounded(bid + spread * self.terms.point)
        at = Timestamp(float(grid.begin + cell * CELL_S))
        return Quoted(bid, ask, at, spread, int(grid.ticks[cell]))

    def _asks(self, bid: Floats, spread: Ints) -> Floats:
        points = np.maximum(1, np.rint(spread * self.spread_factor))
        asks: Floats = np.round(bid + points * self.terms.point, self.terms.digits)
        return asks

    def _spread(self, points: int) -> int:
        return max(1, round(points * self.spread_factor))
