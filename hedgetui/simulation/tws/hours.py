"""Trading hours as contract details spell them, from the sessions the simulated venues keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hedgetui.domain.units import Timestamp
from hedgetui.simulation.grains import grain_session
from hedgetui.simulation.sessions import NEW_YORK, Session, session_at

CENTRAL = ZoneInfo("America/Chicago")
EASTERN = NEW_YORK
_DAYS = 7
_CASH_OPEN, _CASH_CLOSE = time(8, 30), time(15)
_BREAK = time(17)


def futures_hours(now: Timestamp) -> tuple[str, str]:
    """Return (trading, liquid) hours of index futures for a week, in Central time."""
    spans = tuple(_spans(now, _sessions(lambda session: session.futures_open)))
    trading = _spelled(now, spans, CENTRAL)
    liquid: list[str] = []
    for day in _days(now, CENTRAL):
        opens = datetime.combine(day, _CASH_OPEN, CENTRAL)
        closes = datetime.combine(day, _CASH_CLOSE, CENTRAL)
        trades = any(start <= opens.timestamp() < end for start, end in spans)
        liquid.append(_span(opens, closes) if trades else f"{day:%Y%m%d}:CLOSED")
    return trading, ";".join(liquid)


def options_hours(now: Timestamp) -> tuple[str, str]:
    """Return (trading, liquid) hours of index options for a week, in Eastern time."""
    spans = tuple(_spans(now, _sessions(lambda session: session.options_open)))
    hours = _spelled(now, spans, EASTERN)
    return hours, hours


def grain_hours(now: Timestamp) -> tuple[str, str]:
    """Return (trading, liquid) hours of grain futures for a week, in Central time."""
    spans = tuple(_spans(now, _grain_phase))
    by_day = tuple(
        (since, until) for since, until in spans
        if datetime.fromtimestamp(since, CENTRAL).date()
        == datetime.fromtimestamp(until, CENTRAL).date()
    )  # fmt: skip
    return _spelled(now, spans, CENTRAL), _spelled(now, by_day, CENTRAL)


def next_open(now: Timestamp, is_open: Callable[[Session], bool]) -> Timestamp:
    """Return `now` if a venue is in session, else when its next session begins."""
    at, session = now, session_at(now)
    while not is_open(session):
        at, session = session.until, session_at(session.until)
    return at


def eastern(at: Timestamp) -> str:
    """Return a moment as messages print it: `20251119 09:31:00 US/Eastern`."""
    return f"{datetime.fromtimestamp(at, EASTERN):%Y%m%d %H:%M:%S} US/Eastern"


_Phase = Callable[[Timestamp], tuple[bool, Timestamp]]
"""A moment to (whether a venue is open then, when that may change)."""


def _sessions(is_open: Callable[[Session], bool]) -> _Phase:
    def phase(at: Timestamp) -> tuple[bool, Timestamp]:
        session = session_at(at)
        return is_open(session), session.until

    return phase


def _grain_phase(at: Timestamp) -> tuple[bool, Timestamp]:
    session = grain_session(at)
    return session.open, session.until


def _spans(now: Timestamp, phase: _Phase) -> Iterator[tuple[Timestamp, Timestamp]]:
    """Yield the open stretches from yesterday's break on, for the week and its end."""
    yesterday = datetime.fromtimestamp(now, NEW_YORK).date() - timedelta(days=1)
    at = Timestamp(datetime.combine(yesterday, _BREAK, NEW_YORK).timestamp())
    end = at + (_DAYS + 2) * 86_400.0
    since: Timestamp | None = None
    while at < end:
        is_open, until = phase(at)
        if is_open:
            since = at if since is None else since
        elif since is not None:
            yield since, at
            since = None
        at = until


def _spelled(now: Timestamp, spans: tuple[tuple[Timestamp, Timestamp], ...], zone: ZoneInfo) -> str:
    """Spell each day's stretches under the day they end on."""
    ends: dict[date, list[str]] = {}
    for since, until in spans:
        begin, end = datetime.fromtimestamp(since, zone), datetime.fromtimestamp(until, zone)
        ends.setdefault(end.date(), []).append(_span(begin, end))
    return ";".join(
        entry for day in _days(now, zone) for entry in ends.get(day, [f"{day:%Y%m%d}:CLOSED"])
    )


def _span(begin: datetime, end: datetime) -> str:
    return f"{begin:%Y%m%d:%H%M}-{end:%Y%m%d:%H%M}"


def _days(now: Timestamp, zone: ZoneInfo) -> tuple[date, ...]:
    today = datetime.fromtimestamp(now, zone).date()
    return tuple(today + timedelta(days=n) for n in range(_DAYS))
