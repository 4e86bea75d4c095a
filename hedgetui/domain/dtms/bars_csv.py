"""Bars from the CSV exports traders have, checked line by line.

Exports disagree on names, date formats and, worst, on the time zone, which they never state. The
zone is therefore an argument, and what comes out is UTC, growing, and possible as a market: an
indicator fed with one inverted bar would be wrong without a word.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.text import safe

MT5_ZONE = "mt5"
"""Most MT5 servers: New York plus seven hours, so that a week has five whole days."""
_MT5_AHEAD = timedelta(hours=7)
_NEW_YORK = "America/New_York"
_NUMBERS: tuple[tuple[str, ...], ...] = (
    ("open",),
    ("high",),
    ("low",),
    ("close",),
    ("tick_volume", "tickvol", "volume", "vol"),
)
_TIMES = ("time", "date", "datetime")
_SPREAD = "spread"
_DELIMITERS = ",;\t"
_US_FORMATS = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?")
_FURTHEST = timedelta(hours=14)
_EPOCH = re.compile(r"\d{9,11}")


@dataclass(frozen=True, slots=True)
class Zone:
    """How a file's clock is read."""

    info: tzinfo
    ahead: timedelta = timedelta(0)
    """What the file's clock is ahead of `info`."""

    def utc(self, moment: datetime, *, second_pass: bool = False) -> float:
        """Return UTC seconds of a time without a zone, or of one that names its own."""
        if moment.tzinfo is not None:
            return moment.timestamp()
        local = (moment - self.ahead).replace(tzinfo=self.info, fold=int(second_pass))
        return local.timestamp()


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where each column stands in a row."""

    times: tuple[int, ...]
    numbers: tuple[tuple[str, int], ...]
    spread: int | None

    @property
    def width(self) -> int:
        return 1 + max(*self.times, *(place for _, place in self.numbers))


def parse_zone(text: str) -> Zone:
    """Return the zone named `text`: IANA, a fixed offset (`+03:00`, `UTC+3`), `UTC` or `mt5`.

    Raises:
        UsageError: there is no such zone.
    """
    if text.lower() == MT5_ZONE:
        return Zone(ZoneInfo(_NEW_YORK), _MT5_AHEAD)
    if text.upper() in {"UTC", "GMT", "Z"}:
        return Zone(UTC)
    if fixed := _OFFSET.fullmatch(text.upper()):
        sign, hours, minutes = fixed.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset <= _FURTHEST:
            return Zone(timezone(offset if sign == "+" else -offset))
    try:
        return Zone(ZoneInfo(text))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "an IANA name (Europe/Athens), an offset (+03:00), UTC, or mt5 for New York + 7 h"
        raise UsageError(f"no time zone {safe(text)!r}", hint=hint) from error


def read_bars_csv(lines: Iterable[str], *, name: str, tz: str = "UTC") -> Bars:
    """Read bars from the lines of a CSV file; `tz` is the zone of times that name none.

    Column names are matched without regard to case and to MT5's `<>`; `date` and `time` may be two
    columns; a time may be Unix seconds of the file's clock. A whole-numbered spread is in points of
    the last digit of the prices, as MT5 writes it. The timeframe is the smallest step.

    Args:
        lines: the file, header first.
        name: of the file, for complaints.
        tz: as `parse_zone`.

    Raises:
        DataError: a line cannot be a bar, times do not grow, or the step is of no timeframe; file,
            line and column are named.
        UsageError: there is no such time zone.
    """
    zone = parse_zone(tz)
    stream = iter(lines)
    header = next(stream, "").lstrip("\ufeff")
    delimiter = max(_DELIMITERS, key=header.count)
    columns = _columns(name, header, delimiter)
    rows: list[tuple[float, ...]] = []
    digits = 0
    previous = -math.inf
    for line, cells in _cells(name, stream, delimiter, columns.width):
        where = f"{name} line {line}"
        at = _time(where, [cells[place] for place in columns.times], zone, previous)
        numbers = [_number(where, title, cells[place]) for title, place in columns.numbers]
        _check(where, *numbers)
        rows.append((at, *numbers, _spread(where, cells, columns.spread)))
        digits = max(digits, len(cells[columns.numbers[3][1]].partition(".")[2]))
        previous = at
    return _bars(name, rows, digits)


def _columns(name: str, header: str, delimiter: str) -> _Columns:
    found = [title.strip().strip('<>"').lower() for title in header.strip().split(delimiter)]
    times = tuple(found.index(title) for title in _TIMES if title in found)
    if "date" in found and "time" in found:
        times = (found.index("date"), found.index("time"))
    if not times:
        raise _no_column(name, found, _TIMES)
    numbers = []
    for titles in _NUMBERS:
        title = next((title for title in titles if title in found), None)
        if title is None:
            raise _no_column(name, found, titles)
        numbers.append((title, found.index(title)))
    spread = found.index(_SPREAD) if _SPREAD in found else None
    return _Columns(times if len(times) == 2 else times[:1], tuple(numbers), spread)


def _no_column(name: str, found: Sequence[str], titles: Sequence[str]) -> DataError:
    wanted = " or ".join(repr(title) for title in titles)
    listed = safe(", ".join(filter(None, found)) or "none")
    return DataError(f"{name} line 1: no column {wanted}", hint=f"columns found: {listed}")


def _cells(
    name: str, lines: Iterator[str], delimiter: str, width: int
) -> Iterator[tuple[int, list[str]]]:
    try:
        for line, row in enumerate(csv.reader(lines, delimiter=delimiter), start=2):
            if not row or not any(cell.strip() for cell in row):
                continue
            if len(row) < width:
                raise DataError(f"{name} line {line}: {len(row)} cells, need {width}")
            yield line, [cell.strip() for cell in row]
    except csv.Error as error:
        raise DataError(f"{name}: {error}") from error


def _time(where: str, cells: Sequence[str], zone: Zone, previous: float) -> float:
    text = " ".join(cells)
    moment = _moment(where, text)
    try:
        at = zone.utc(moment)
        if at <= previous:
            # The hour that repeats when summer time ends: its second pass.
            at = zone.utc(moment, second_pass=True)
    except (OverflowError, ValueError, OSError) as error:
        raise DataError(f"{where}: column time: {safe(text)!r} is out of range") from error
    if at <= previous:
        raise DataError(f"{where}: column time: {safe(text)!r} is not after the bar before it")
    return at


def _moment(where: str, text: str) -> datetime:
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC).replace(tzinfo=None)
    try:
        if "/" not in text:
            return datetime.fromisoformat(text.replace(".", "-", 2) if text[4:5] == "." else text)
    except ValueError:
        pass
    for form in _US_FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the caller's
        except ValueError:
            continue
    raise DataError(f"{where}: column time: {safe(text)!r} is not a time")


def _number(where: str, title: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{where}: column {title}: {safe(text)!r} is not a number")
    return value


def _spread(where: str, cells: Sequence[str], place: int | None) -> float:
    if place is None or place >= len(cells) or not cells[place]:
        return math.nan
    value = _number(where, _SPREAD, cells[place])
    if value < 0:
        raise DataError(f"{where}: column {_SPREAD}: {value:g} is negative")
    return value


def _check(where: str, opened: float, high: float, low: float, close: float, volume: float) -> None:
    if high < low:
        raise DataError(f"{where}: column high: {high:g} is below low {low:g}")
    for title, value in (("open", opened), ("close", close)):
        if not low <= value <= high:
            raise DataError(f"{where}: column {title}: {value:g} is not in {low:g} … {high:g}")
    if volume < 0:
        raise DataError(f"{where}: column volume: {volume:g} is negative")


def _bars(name: str, rows: Sequence[tuple[float, ...]], digits: int) -> Bars:
    if len(rows) < 2:
        raise DataError(f"{name}: {len(rows)} bars in it; two are needed to know the timeframe")
    table = np.array(rows, np.float64).T
    at = table[0].astype(np.int64)
    step = int(np.diff(at).min())
    timeframe = next((frame for frame in Timeframe if frame.seconds == step), None)
    if timeframe is None:
        known = ", ".join(f"{frame.name} ({frame.seconds} s)" for frame in Timeframe)
        raise DataError(
            f"{name}: column time: the smallest step is {step} s", hint=f"one of {known}"
        )
    crooked = np.flatnonzero(table[0] % step)
    if len(crooked):
        moment = datetime.fromtimestamp(float(table[0][crooked[0]]), UTC)
        raise DataError(
            f"{name}: column time: {moment:%Y-%m-%d %H:%M:%S} UTC begins no {timeframe.name} bar",
            hint="is the zone right? see --tz",
        )
    spread = table[6]
    known_spread = spread[np.isfinite(spread)]
    if len(known_spread) and (known_spread % 1 == 0).all():
        spread = spread * 10.0**-digits
    opened, high, low, close, volume = (row.copy() for row in table[1:6])
    return Bars(timeframe, at, opened, high, low, close, volume, spread.copy())
