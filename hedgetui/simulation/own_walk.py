"""What a single name does by itself, whatever the index does: a walk of its own.

A walk is a function of seed, name and moment, so there is no state to keep, a resumed exchange
walks on exactly, and the same days can be asked about the past when a history is made up. It moves
in regular hours only; a day's end is drawn by the day's number, and what happens inside the day is
a bridge to it, by minutes and then by seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.units import Timestamp
from hedgetui.simulation.bridge import bridge, business_day, keep
from hedgetui.simulation.price_path import TRADING_DAYS_PER_YEAR
from hedgetui.simulation.sessions import NEW_YORK, Session
from hedgetui.simulation.streams import stream

_STREAM: Final = 7
_BLOCK: Final = 256
_OPEN_S: Final = 34_200
"""Regular hours begin so many seconds after midnight."""
_MINUTE_S: Final = 60
_MINUTES: Final = 405
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a moment lies among trading days."""

    day: int
    """The number of the day that trades, or of the last one that ended."""
    second: int | None
    """Since the day opened; none where it has ended."""


def moment_of(session: Session, at: Timestamp) -> Moment:
    """Return where `at` lies, which `session` covers."""
    if session.options_open:
        return _open_moment(session.midnight, at)
    return Moment(_ended(session.since), None)


def _open_moment(midnight: Timestamp, at: Timestamp) -> Moment:
    return Moment(_number_at(midnight), int(at - midnight) - _OPEN_S)


@lru_cache(maxsize=64)
def _number_at(at: Timestamp) -> int:
    return business_day(datetime.fromtimestamp(at, NEW_YORK).date())


@lru_cache(maxsize=64)
def _ended(at: Timestamp) -> int:
    """Return the number of the last day that ended at or before a moment out of hours."""
    local = datetime.fromtimestamp(at, NEW_YORK)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    over = (local.replace(tzinfo=None) - midnight.replace(tzinfo=None)).seconds >= _OPEN_S
    return business_day(local.date() if over else _weekday_before(local.date()))


def _weekday_before(day: date) -> date:
    before = day - timedelta(days=1)
    while before.weekday() >= _SATURDAY:
        before -= timedelta(days=1)
    return before


class OwnWalk:
    """A Brownian motion in logarithms, 0 at the end of the day before an origin."""

    def __init__(self, seed: int, name: str, yearly: float) -> None:
        """Draw from `seed` under `name`, with a standard deviation of `yearly` a year."""
        self._seed = seed
        self._name = name
        self._daily = yearly / math.sqrt(TRADING_DAYS_PER_YEAR)
        self._blocks: dict[int, NDArray[np.float64]] = {}
        self._minutes: dict[int, list[float]] = {}
        self._seconds: dict[tuple[int, int], list[float]] = {}

    def days(self, first: int, count: int) -> NDArray[np.float64]:
        """Return the log returns of `count` days from number `first` on."""
        parts = []
        while count > 0:
            block, row = divmod(first, _BLOCK)
            part = self._block(block)[row : row + count]
            parts.append(part)
            first, count = first + len(part), count - len(part)
        return np.concatenate(parts) if parts else np.empty(0)

    def between(self, begin: Moment, end: Moment) -> float:
        """Return the log return from one moment to a later one."""
        if begin == end:
            return 0.0
        whole = float(self.days(begin.day, end.day - begin.day).sum())
        return whole + self._inside(end) - self._inside(begin)

    def _inside(self, moment: Moment) -> float:
        """Return the log return of a day up to a moment in it."""
        if moment.second is None:
            return float(self.days(moment.day, 1)[0])
        minute, second = divmod(min(moment.second, _MINUTES * _MINUTE_S), _MINUTE_S)
        minutes = self._of_day(moment.day)
        return self._of_minute(moment.day, minute, minutes)[second] if second else minutes[minute]

    def _block(self, block: int) -> NDArray[np.float64]:
        if block not in self._blocks:
            name = crc32(self._name.encode())
            draws = np.random.default_rng([self._seed, _STREAM, name, block])
            self._blocks[block] = self._daily * draws.standard_normal(_BLOCK)
        return self._blocks[block]

    def _of_day(self, day: int) -> list[float]:
        if day not in self._minutes:
            total = float(self.days(day, 1)[0])
            keep(self._minutes, day, self._bridge(_MINUTES, 1.0, total, day))
        return self._minutes[day]

    def _of_minute(self, day: int, minute: int, minutes: Sequence[float]) -> list[float]:
        if (day, minute) not in self._seconds:
            total = minutes[minute + 1] - minutes[minute]
            walk = self._bridge(_MINUTE_S, 1 / _MINUTES, total, day, minute)
            keep(self._seconds, (day, minute), [minutes[minute] + part for part in walk])
        return self._seconds[day, minute]

    def _bridge(self, steps: int, share: float, total: float, *name: int) -> list[float]:
        random = stream(self._seed, "security", self._name, *name)
        return bridge(random, self._daily, np.full(steps, share / steps), total)
