"""Recorded bars: open, high, low, close and volume from the exports traders have.

Broker exports disagree on names, date formats and, worst, on the time zone, which they never state.
The zone is therefore an argument, and what comes out is UTC, sorted and checked bar by bar: an
indicator fed with one inverted bar would be wrong without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.errors import DataError, UsageError
from hedgetui.simulation.csv_table import cell_number, read_columns

FloatArray = NDArray[np.float64]

_NAMES = ("time", "open", "high", "low", "close", "volume")
_COLUMNS: tuple[tuple[str, ...], ...] = (
    ("time", "date", "datetime"),
    ("open",),
    ("high",),
    ("low",),
    ("close",),
    ("tick_volume", "tickvol", "volume"),
)
_US_FORMATS = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y")
_FIXED_ZONE = re.compile(r"(?:UTC|GMT)([+-])(\d{1,2})(?::([0-5]\d))?")
_FURTHEST_ZONE_HOURS = 14


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars as arrays of equal length n, oldest first, strictly increasing in time."""

    at: FloatArray
    """Opening time of each bar, seconds since 1970-01-01 UTC."""
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    """Tick volume where the file has it, else volume."""

    def __len__(self) -> int:
        """Return the number of bars."""
        return int(self.at.size)


def read_bars(path: Path, tz: str = "UTC") -> Bars:
    """Read bars from a CSV file, gzipped or not; `tz` is the zone of times that name none.

    `tz` is an IANA name (`America/New_York`) or a fixed offset (`UTC+3`).

    Raises:
        DataError: the file is unreadable, not in order, or a bar makes no sense; file, line and
            column are named.
        UsageError: there is no such time zone.
    """
    zone = parse_zone(tz)
    rows: list[tuple[float, ...]] = []
    previous = -np.inf
    for line, cells in read_columns(path, _COLUMNS):
        at = _time(path, line, cells[0], zone, previous)
        numbers = (
            cell_number(path, line, name, text)
            for name, text in zip(_NAMES[1:], cells[1:], strict=True)
        )
        row = (at, *numbers)
        _check(path, line, row)
        rows.append(row)
        previous = at
    if not rows:
        raise DataError(f"{path.name}: no bars in it")
    return Bars(*np.array(rows, np.float64).T.copy())


def parse_zone(text: str) -> tzinfo:
    """Return the zone named `text`.

    Raises:
        UsageError: there is no such zone.
    """
    if text.upper() in {"UTC", "GMT", "Z"}:
        return UTC
    if fixed := _FIXED_ZONE.fullmatch(text.upper()):
        sign, hours, minutes = fixed.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset <= timedelta(hours=_FURTHEST_ZONE_HOURS):
            return timezone(offset if sign == "+" else -offset)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"no time zone {text!r}", hint="an IANA name (America/New_York) or an offset (UTC+3)"
        ) from error


def _time(path: Path, line: int, text: str, zone: tzinfo, previous: float) -> float:
    moment = _moment(path, line, text)
    if moment.tzinfo is not None:
        at = moment.timestamp()
    else:
        at = moment.replace(tzinfo=zone).timestamp()
        if at <= previous:
            # The hour that repeats when summer time ends: its second pass.
            at = moment.replace(tzinfo=zone, fold=1).timestamp()
    if at <= previous:
        raise DataError(f"{path.name} line {line}: time {text!r} is not after the bar before it")
    return at


def _moment(path: Path, line: int, text: str) -> datetime:
    try:
        if "/" not in text:
            return datetime.fromisoformat(text.replace(".", "-", 2) if text[4:5] == "." else text)
    except ValueError:
        pass
    for form in _US_FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  the zone is the caller's
        except ValueError:
            continue
    raise DataError(f"{path.name} line {line}: time {text!r} is not a time")


def _check(path: Path, line: int, row: tuple[float, ...]) -> None:
    _, opened, high, low, close, volume = row
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise DataError(
            f"{path.name} line {line}: open {opened:g} and close {close:g} are not between "
            f"low {low:g} and high {high:g}"
        )
    if volume < 0:
        raise DataError(f"{path.name} line {line}: volume {volume:g} is negative")
