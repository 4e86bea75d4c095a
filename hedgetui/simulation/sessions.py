"""When the simulated venues trade, and how busy each second of the day is.

A hedge that cannot be sent is the case a hedger must rehearse, so the futures break every afternoon
at 17:00 New York and every weekend, and the options only trade 09:30 to 16:15. Times are New York
wall times, so summer time moves them against UTC as it does in life. Exchange holidays are not
modelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hedgetui.domain.units import Timestamp

NEW_YORK = ZoneInfo("America/New_York")
"""The zone both venues keep their hours in."""

_OPTIONS_OPEN = time(9, 30)
_OPTIONS_CLOSE = time(16, 15)
_FUTURES_BREAK = time(17)
_FUTURES_OPEN = time(18)
_BOUNDARIES = (_OPTIONS_OPEN, _OPTIONS_CLOSE, _FUTURES_BREAK, _FUTURES_OPEN)
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_LONGEST_WAIT_DAYS = 4

_CASH_OPEN_S = 34_200.0
_CASH_SECONDS = 23_400.0
_NIGHT_SECONDS = 59_400.0
_CASH_SHARE = 0.8
"""Share of a day's variance that falls into 09:30-16:00; the rest spreads over the night."""


@dataclass(frozen=True, slots=True)
class Session:
    """What trades between two boundaries of the week."""

    options_open: bool
    futures_open: bool
    reason: str
    """Why the futures do not trade; empty while they do."""
    since: Timestamp
    until: Timestamp
    """The next moment at which any of this changes."""
    midnight: Timestamp
    """New York midnight at or before `since`."""

    def covers(self, now: Timestamp) -> bool:
        """Whether this is the session of `now`."""
        return self.since <= now < self.until


def session_at(now: Timestamp) -> Session:
    """Return the session `now` lies in."""
    local = datetime.fromtimestamp(now, NEW_YORK)
    options, futures, reason = _open_at(local)
    until = _next_change(local, options=options, futures=futures)
    midnight = datetime.combine(local.date(), time(0), NEW_YORK)
    return Session(options, futures, reason, now, until, Timestamp(midnight.timestamp()))


def futures_close(session: Session) -> Timestamp:
    """Return when the futures' trading day ends, seen from `session`: the next one if closed."""
    end = session.until
    while (following := session_at(end)).futures_open:
        end = following.until
    return end


def options_session(now: Timestamp, least_s: float) -> Timestamp:
    """Return the first moment from `now` on at which options trade for `least_s` more seconds."""
    session = session_at(now)
    while not session.options_open or session.until - session.since < least_s:
        session = session_at(session.until)
    return session.since


def trading_day(now: Timestamp) -> date:
    """Return the New York date of `now`."""
    return datetime.fromtimestamp(now, NEW_YORK).date()


def variance_share_per_second(second_of_day: float) -> float:
    """Return the share of a trading day's variance that falls into one second.

    U-shaped over the cash session (three times as busy at its ends as at noon, as intraday returns
    of the index are), flat over the night; the shares of one day add up to 1.
    """
    x = (second_of_day - _CASH_OPEN_S) / _CASH_SECONDS
    if not 0.0 <= x < 1.0:
        return (1.0 - _CASH_SHARE) / _NIGHT_SECONDS
    u = 2.0 * x - 1.0
    return _CASH_SHARE / _CASH_SECONDS * (0.6 + 1.2 * u * u)


def _open_at(local: datetime) -> tuple[bool, bool, str]:
    weekday, clock = local.weekday(), local.time()
    if weekday == _SATURDAY or (weekday == _SUNDAY and clock < _FUTURES_OPEN):
        return False, False, "weekend"
    if weekday == _FRIDAY and clock >= _FUTURES_BREAK:
        return False, False, "weekend"
    if weekday == _SUNDAY:
        return False, True, ""
    if _FUTURES_BREAK <= clock < _FUTURES_OPEN:
        return False, False, "daily break"
    return _OPTIONS_OPEN <= clock < _OPTIONS_CLOSE, True, ""


def _next_change(local: datetime, *, options: bool, futures: bool) -> Timestamp:
    for days in range(_LONGEST_WAIT_DAYS):
        day = local.date() + timedelta(days=days)
        for boundary in _BOUNDARIES:
            moment = datetime.combine(day, boundary, NEW_YORK)
            if moment > local and _open_at(moment)[:2] != (options, futures):
                return Timestamp(moment.timestamp())
    raise AssertionError("a week without a session boundary")
