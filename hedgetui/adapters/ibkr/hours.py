"""When a contract trades, read from the hours its details spell out; a day not listed is closed.

`20251119:1700-20251120:1600;20251121:CLOSED` in the contract's own time zone. Never constants: the
broker knows the holidays and the half days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hedgetui.domain.units import SECONDS_PER_DAY, Seconds, Timestamp

_ZONES = {
    "US/Central": "America/Chicago",
    "US/Eastern": "America/New_York",
    "CST": "America/Chicago",
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "CST6CDT": "America/Chicago",
}
"""Names the broker uses, where the time zone database has another or none."""
_UNKNOWN_FOR: Seconds = Seconds(3600.0)
_BREAK_S = 4 * 3600.0
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Phase:
    """What a venue does at a moment."""

    open: bool
    reason: str
    """Why it is closed; empty while it is open."""
    until: Timestamp
    """When this may change."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Open stretches, in order and apart."""

    spans: tuple[tuple[Timestamp, Timestamp], ...]
    zone: ZoneInfo

    def at(self, now: Timestamp) -> Phase:
        """Return what the venue does at `now`."""
        previous: Timestamp | None = None
        for start, end in self.spans:
            if now < start:
                return Phase(open=False, reason=self._why(previous, start), until=start)
            if now < end:
                return Phase(open=True, reason="", until=end)
            previous = end
        known = "no trading hours known"
        return Phase(open=False, reason=known, until=Timestamp(now + _UNKNOWN_FOR))

    def _why(self, since: Timestamp | None, until: Timestamp) -> str:
        if since is None:
            return "closed"
        if until - since <= _BREAK_S:
            return "daily break"
        day, last = (
            datetime.fromtimestamp(since, self.zone),
            datetime.fromtimestamp(until, self.zone),
        )
        while day <= last:
            if day.weekday() == _SATURDAY:
                return "weekend"
            day += timedelta(days=1)
        return "closed" if until - since < SECONDS_PER_DAY else "holiday"


def zone_of(name: str) -> ZoneInfo | None:
    """Return the zone the broker means: `US/Central`, or the first word of `CST (Central ...)`."""
    first = name.split(" ", maxsplit=1)[0] if name else ""
    try:
        return ZoneInfo(_ZONES.get(first, first))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=64)
def read_hours(text: str, zone_name: str) -> Schedule | None:
    """Read the hours of contract details; None when nothing in them can be read."""
    zone = zone_of(zone_name)
    if zone is None:
        return None
    spans: list[tuple[Timestamp, Timestamp]] = []
    for entry in text.split(";"):
        for part in entry.split(","):
            span = _span(part.strip(), zone, entry[:8])
            if span is not None:
                spans.append(span)
    return Schedule(_joined(spans), zone) if spans else None


def _span(text: str, zone: ZoneInfo, day: str) -> tuple[Timestamp, Timestamp] | None:
    """Read `20251119:0930-20251119:1600`, or `20251119:0930-1600` of older servers."""
    begin, dash, end = text.partition("-")
    if not dash:
        return None
    begin = begin if ":" in begin else f"{day}:{begin}"
    end = end if ":" in end else f"{begin[:8]}:{end}"
    try:
        start, stop = (
            datetime.strptime(one, "%Y%m%d:%H%M").replace(tzinfo=zone).timestamp()
            for one in (begin, end)
        )
    except ValueError:
        return None
    return (Timestamp(start), Timestamp(stop)) if start < stop else None


def _joined(
    spans: list[tuple[Timestamp, Timestamp]],
) -> tuple[tuple[Timestamp, Timestamp], ...]:
    joined: list[tuple[Timestamp, Timestamp]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
