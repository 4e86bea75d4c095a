"""Seeded prices: a volatility that clusters, sessions that are busy or not, ticks that follow both.

A day is drawn at once from (seed, symbol, day), never from who asked or how often. Levels are
anchored at the venue's start, so the first price a person sees is the one of the symbol's terms and
the history leads up to it. Scripted pushes are added cell by cell.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.units import Timestamp
from hedgetui.simulation.mt5.grid import DayGrid, Floats, Ints
from hedgetui.simulation.mt5.hours import (
    BLOCKS,
    CELL_S,
    CELLS,
    DAY_S,
    Hours,
    busy,
    open_cells,
    rollover,
)
from hedgetui.simulation.mt5.symbols import SymbolTerms

HISTORY_DAYS = 22
"""Days before the start that exist: more than 200 H1 bars across two weekends."""
_KEPT_DAYS = 4
_PER_BLOCK = CELLS // BLOCKS
_DRIFT_BLOCKS = 36
"""Blocks that lean one way together: three hours."""
_DRIFT_SHARE = 0.35
"""Size of such a lean, in standard deviations of its three hours."""
_PERSISTENCE = 0.96
_RESTLESSNESS = 0.11
_WIDE_S = 900.0
"""How far from the end of the day spreads are wide."""
_DAYS_OPEN = {Hours.FOREX: 1.0, Hours.BREAK: 23 / 24, Hours.ALWAYS: 1.0}


@dataclass(frozen=True, slots=True)
class Push:
    """A scripted move of one symbol, spread evenly over a while."""

    symbol: str
    at_s: float
    """Seconds after the venue's start."""
    for_s: float
    log_return: float
    own: float = 1.0
    """What the symbol's own volatility is multiplied with meanwhile."""


class SeededGrids:
    """The days of one symbol, drawn from a seed."""

    def __init__(
        self,
        terms: SymbolTerms,
        *,
        seed: int,
        start: Timestamp,
        pushes: tuple[Push, ...] = (),
        liveliness: float = 1.0,
    ) -> None:
        """Anchor the path at `start`; `liveliness` scales the symbol's volatility."""
        self._terms = terms
        self._key = [seed, zlib.crc32(terms.name.encode())]
        self._start = float(start)
        self._pushes = tuple(push for push in pushes if push.symbol == terms.name)
        self._volatility = terms.daily_volatility * liveliness
        self._start_day = int(start // DAY_S)
        self.first_day = self._start_day - HISTORY_DAYS
        self._kept: dict[int, DayGrid] = {}
        self._opens: dict[int, float] = {}
        """Log level at which each day begins."""

    def push(self, push: Push) -> None:
        """Add a scripted move; days from its beginning on are drawn anew around it."""
        self._pushes = (*self._pushes, push)
        first = int((self._start + push.at_s) // DAY_S)
        self._kept = {day: grid for day, grid in self._kept.items() if day < first}
        self._opens = {day: level for day, level in self._opens.items() if day <= first}

    def day(self, day: int) -> DayGrid | None:
        """Return a day; None before the history."""
        if day < self.first_day:
            return None
        if day not in self._kept:
            opening = self._open_of(day)  # may keep other days on its way
            self._keep(self._drawn(day, opening))
        return self._kept[day]

    def _open_of(self, day: int) -> float:
        if not self._opens:
            self._anchor()
        known = max(number for number in self._opens if number <= day)
        while known < day:
            returns = self._returns(known, np.random.default_rng([*self._key, known]))[0]
            self._opens[known + 1] = self._opens[known] + float(returns.sum())
            known += 1
        return self._opens[day]

    def _anchor(self) -> None:
        """Find the level the history begins at, so that it leads up to the terms' own."""
        level, climbed = np.log(self._terms.level), 0.0
        before: list[tuple[int, float]] = []
        for day in range(self.first_day, self._start_day + 1):
            before.append((day, climbed))
            returns = self._returns(day, np.random.default_rng([*self._key, day]))[0]
            cells = CELLS
            if day == self._start_day:
                cells = int((self._start - day * DAY_S) // CELL_S) + 1
            climbed += float(returns[:cells].sum())
        self._opens = {day: float(level - climbed + part) for day, part in before}

    def _returns(self, day: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Return the log returns of a day's cells and the volatility each was drawn with."""
        shock = rng.standard_normal(CELLS)
        cluster = _clustered(rng.standard_normal(BLOCKS))
        lean = rng.standard_normal(BLOCKS // _DRIFT_BLOCKS)
        mood = np.exp(0.25 * rng.standard_normal() - 0.03)
        per_cell = self._volatility / np.sqrt(CELLS * _DAYS_OPEN[self._terms.hours])
        sigma = np.repeat(per_cell * mood * busy(self._terms.hours) * cluster, _PER_BLOCK)
        lean_cells = _DRIFT_BLOCKS * _PER_BLOCK
        drift = np.repeat(lean * _DRIFT_SHARE / np.sqrt(lean_cells), lean_cells)
        begin = day * DAY_S - self._start + np.arange(CELLS) * CELL_S
        pushed = np.zeros(CELLS)
        for push in self._pushes:
            overlap = np.minimum(begin, push.at_s + push.for_s)
            overlap = np.clip(overlap - np.maximum(begin - CELL_S, push.at_s), 0.0, None)
            pushed += overlap / push.for_s * push.log_return
            sigma = np.where(overlap > 0, sigma * push.own, sigma)
        returns = np.where(open_cells(self._terms.hours, day), sigma * (shock + drift), 0.0)
        returns += pushed
        return returns, sigma

    def _drawn(self, day: int, opening: float) -> DayGrid:
        terms = self._terms
        rng = np.random.default_rng([*self._key, day])
        returns, sigma = self._returns(day, rng)
        self._opens.setdefault(day + 1, opening + float(returns.sum()))
        levels: Floats = opening + np.cumsum(returns)
        bid: Floats = np.exp(levels).round(terms.digits)
        live = open_cells(terms.hours, day)
        return DayGrid(
            day, bid, self._spreads(day, sigma, rng), self._ticks(returns, sigma, live, rng)
        )

    def _ticks(
        self, returns: Floats, sigma: Floats, live: NDArray[np.bool_], rng: np.random.Generator
    ) -> Ints:
        """Return tick volumes: more where the price really moved, as at every normal broker."""
        usual = self._volatility / np.sqrt(CELLS)
        moved = np.abs(returns.reshape(BLOCKS, _PER_BLOCK).sum(axis=1))
        moved = moved / (usual * np.sqrt(_PER_BLOCK))
        restless = sigma[::_PER_BLOCK] / usual
        noise = np.exp(0.28 * rng.standard_normal(BLOCKS))
        block = self._terms.ticks_per_minute * 5.0 * (0.55 * restless + 0.45 * moved) * noise
        share = 0.5 + rng.random(CELLS).reshape(BLOCKS, _PER_BLOCK)
        share /= share.sum(axis=1, keepdims=True)
        spread_out = np.floor(np.cumsum(share, axis=1) * block[:, None])
        cells = np.diff(spread_out, axis=1, prepend=0.0).ravel().astype(np.int64)
        ticks: Ints = np.where(live, np.maximum(cells, 1), 0)
        return ticks

    def _spreads(self, day: int, sigma: Floats, rng: np.random.Generator) -> Ints:
        usual = self._volatility / np.sqrt(CELLS)
        noise = np.exp(0.08 * rng.standard_normal(CELLS))
        points = self._terms.spread * noise * (0.85 + 0.15 * sigma / usual)
        if self._terms.hours is not Hours.ALWAYS:
            at = day * DAY_S + np.arange(CELLS) * CELL_S
            away = np.abs(at - rollover(day))
            if self._terms.hours is Hours.BREAK:  # wide when it closes and when it opens again
                away = np.minimum(away, np.abs(at - rollover(day) - 3600))
            points *= 1.0 + 3.0 * np.clip(1.0 - away / _WIDE_S, 0.0, 1.0)
        whole: Ints = np.maximum(1, np.rint(points)).astype(np.int64)
        return whole

    def _keep(self, grid: DayGrid) -> None:
        while len(self._kept) >= _KEPT_DAYS:
            del self._kept[min(self._kept)]
        self._kept[grid.day] = grid


_LAGS = np.subtract.outer(np.arange(BLOCKS), np.arange(BLOCKS))
_DECAY = np.where(_LAGS >= 0, _PERSISTENCE ** np.maximum(_LAGS, 0), 0.0)


def _clustered(shocks: Floats) -> Floats:
    """Return the day's volatility multipliers: they wander, and stay where they are for a while."""
    log = _RESTLESSNESS * (_DECAY @ shocks)
    multipliers: Floats = np.exp(log - 0.5 * np.mean(log**2))
    return multipliers
