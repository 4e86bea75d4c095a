"""When the simulated MT5 symbols trade, and how busy each five minutes of a day are.

Hours follow New York, as they do at most MT5 brokers, so summer time moves them against UTC.
Holidays are not modelled.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

NEW_YORK = ZoneInfo("America/New_York")
DAY_S = 86_400
CELL_S = 5
"""Seconds between two prices of the grid."""
CELLS = DAY_S // CELL_S
BLOCKS = 288
"""Five-minute blocks of a day."""
_CLOSE = time(17)
_REOPEN = time(18)
_FRIDAY = 4
_LONGEST_CLOSURE_DAYS = 3

_FOREX_BUSY = (
    0.8, 0.8, 0.75, 0.7, 0.65, 0.7, 0.95, 1.2, 1.25, 1.15, 1.05, 1.0,
    1.2, 1.45, 1.5, 1.45, 1.25, 1.0, 0.85, 0.75, 0.65, 0.5, 0.6, 0.7,
)  # fmt: skip
_INDEX_BUSY = (
    0.45, 0.5, 0.5, 0.45, 0.45, 0.5, 0.7, 0.9, 0.9, 0.8, 0.75, 0.8,
    1.0, 1.3, 2.1, 1.7, 1.3, 1.15, 1.2, 1.5, 1.7, 0.6, 0.4, 0.4,
)  # fmt: skip
_CRYPTO_BUSY = (
    1.0, 0.95, 0.9, 0.85, 0.8, 0.8, 0.85, 0.95, 1.0, 1.0, 0.95, 1.0,
    1.15, 1.3, 1.45, 1.35, 1.2, 1.1, 1.05, 1.0, 0.95, 0.9, 0.9, 0.95,
)  # fmt: skip


class Hours(StrEnum):
    """A weekly timetable."""

    FOREX = "forex"
    """Sunday 17:00 to Friday 17:00 New York."""
    BREAK = "break"
    """Sunday 18:00 to Friday 17:00 New York, with a break from 17:00 to 18:00."""
    ALWAYS = "always"


def server_offset(at: float) -> int:
    """Return server time minus UTC in seconds: New York + 7 h, so that a week ends at midnight."""
    offset = datetime.fromtimestamp(at, NEW_YORK).utcoffset() or timedelta()
    return int(offset.total_seconds()) + 7 * 3600


def utc_of_server(server: float) -> float:
    """Return the UTC time of a server time; the repeated hour of autumn is taken as its first."""
    guess = server - server_offset(server)
    return server - server_offset(guess)


@lru_cache(maxsize=512)
def open_cells(hours: Hours, day: int) -> NDArray[np.bool_]:
    """Return which cells of a UTC day (days since 1970) trade; do not write to it."""
    cells = np.ones(CELLS, np.bool_)
    for begin, end in _closures(hours, day):
        first = max(0, (begin - day * DAY_S) // CELL_S)
        last = max(0, (end - day * DAY_S) // CELL_S)
        cells[first:last] = False
    cells.flags.writeable = False
    return cells


@lru_cache(maxsize=512)
def rollover(day: int) -> int:
    """Return when 17:00 New York falls on a UTC day, in UTC seconds."""
    return _moment(_date(day), _CLOSE)


@lru_cache(maxsize=8)
def busy(hours: Hours) -> NDArray[np.float64]:
    """Return the relative volatility of each block of a UTC day; its mean square is 1."""
    table = {Hours.FOREX: _FOREX_BUSY, Hours.BREAK: _INDEX_BUSY, Hours.ALWAYS: _CRYPTO_BUSY}
    hourly = np.array(table[hours])
    at = (np.arange(BLOCKS) + 0.5) / (BLOCKS / 24) - 0.5
    shape = np.interp(at, np.arange(-1, 25), np.r_[hourly[-1], hourly, hourly[0]])
    normal: NDArray[np.float64] = shape / np.sqrt(np.mean(shape**2))
    return normal


def _closures(hours: Hours, day: int) -> list[tuple[int, int]]:
    """Return the closed spans that may touch a day, in UTC seconds."""
    if hours is Hours.ALWAYS:
        return []
    reopen = _CLOSE if hours is Hours.FOREX else _REOPEN
    spans = []
    for number in range(day - _LONGEST_CLOSURE_DAYS, day + 2):
        local = _date(number)
        if local.weekday() == _FRIDAY:
            spans.append((_moment(local, _CLOSE), _moment(local + timedelta(days=2), reopen)))
        elif local.weekday() < _FRIDAY and hours is Hours.BREAK:
            spans.append((_moment(local, _CLOSE), _moment(local, reopen)))
    return spans


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * DAY_S, UTC).date()


def _moment(local: date, clock: time) -> int:
    return int(datetime.combine(local, clock, NEW_YORK).timestamp())
