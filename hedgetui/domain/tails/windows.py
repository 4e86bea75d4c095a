"""Local days as half-open spans of UTC, so that a look back loses and doubles nothing.

A day is from its midnight to the next one by the calendar of a zone: 23 or 25 hours where clocks
change. A moment belongs to exactly one day, that of its local date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hedgetui.domain.errors import UsageError
from hedgetui.domain.units import Timestamp

CHICAGO = ZoneInfo("America/Chicago")
"""Where grain futures trade; the clock of the Accounts screen."""
LEAST_DAYS, MOST_DAYS = 1, 30


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` on, up to but without `end`."""

    start: Timestamp
    end: Timestamp

    def __contains__(self, at: Timestamp) -> bool:
        return self.start <= at < self.end


def local_day(at: Timestamp, zone: tzinfo) -> date:
    """Return the date on a calendar of `zone`."""
    return datetime.fromtimestamp(at, zone).date()


def midnight(day: date, zone: tzinfo) -> Timestamp:
    """Return the first moment of a local day.

    Where clocks skip midnight it is the moment of the change, which is when the day begins.
    """
    return Timestamp(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def look_back(now: Timestamp, days: int, zone: tzinfo = CHICAGO) -> Window:
    """Return the window of the last `days` local days, today's included and whole.

    Raises:
        UsageError: the days are not 1 to 30.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise UsageError(f"a look-back of {days} days is not {LEAST_DAYS} to {MOST_DAYS}")
    today = local_day(now, zone)
    first, after = today - timedelta(days=days - 1), today + timedelta(days=1)
    return Window(midnight(first, zone), midnight(after, zone))
