"""Bars for tests: drawn from closes, walked at random, mirrored, written as a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.units import parse_utc

MONDAY = int(parse_utc("2025-11-17T00:00:00Z"))
LEVEL = 4096.0
"""What random walks start at; with steps of 1/16 every price is exact in binary."""


def drawn(
    closes: Sequence[float],
    *,
    timeframe: Timeframe = Timeframe.M15,
    wick: float = 0.5,
    start: int = MONDAY,
    volume: float | Sequence[float] = 100.0,
) -> Bars:
    """Bars that open half way from the close before, with a wick on both ends."""
    close = np.array(closes, np.float64)
    opened = (np.concatenate((close[:1], close[:-1])) + close) / 2
    count = len(close)
    return Bars(
        timeframe,
        start + timeframe.seconds * np.arange(count, dtype=np.int64),
        opened,
        np.maximum(opened, close) + wick,
        np.minimum(opened, close) - wick,
        close,
        np.broadcast_to(np.array(volume, np.float64), (count,)).copy(),
        np.full(count, np.nan),
    )


def walk(
    count: int,
    seed: int,
    *,
    timeframe: Timeframe = Timeframe.M5,
    start: int = MONDAY,
    holes: float = 0.0,
) -> Bars:
    """A market that drifts, rests and trends; `holes` is the share of bars that never traded."""
    rng = np.random.default_rng(seed)
    drift = np.repeat(rng.normal(0, 0.6, count // 60 + 1), 60)[:count]
    moves = np.round(16 * (drift + rng.normal(0, 2.0, count))) / 16
    close = LEVEL + np.cumsum(moves)
    opened = close - moves
    high = np.maximum(opened, close) + rng.integers(0, 24, count) / 16
    low = np.minimum(opened, close) - rng.integers(0, 24, count) / 16
    volume = rng.integers(20, 200, count) * (1.0 + np.abs(moves).round())
    at = start + timeframe.seconds * np.arange(count, dtype=np.int64)
    bars = Bars(timeframe, at, opened, high, low, close, volume, np.full(count, np.nan))
    return picked(bars, rng.random(count) >= holes)


def picked(bars: Bars, keep: object) -> Bars:
    """A copy of some of the bars: a mask, places or a slice."""
    arrays = (bars.at, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.spread)
    return Bars(bars.timeframe, *(array[keep].copy() for array in arrays))


def mirrored(bars: Bars) -> Bars:
    """The market upside down."""
    opened, high, low, close = (
        2 * LEVEL - array for array in (bars.open, bars.low, bars.high, bars.close)
    )
    return Bars(bars.timeframe, bars.at, opened, high, low, close, bars.volume, bars.spread)


def csv_lines(bars: Bars, head: str = "time,open,high,low,close,tick_volume") -> Iterable[str]:
    """The bars as a CSV file in UTC."""
    stamps = np.datetime_as_string(bars.at.astype("datetime64[s]"))
    rows = zip(stamps, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    return [head + "\n", *(",".join(str(cell) for cell in row) + "\n" for row in rows)]
