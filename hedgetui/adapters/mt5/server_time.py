"""The server's clock: found in live ticks, never configured blindly.

MT5 stamps everything with its server's wall time as if that were UTC. The difference is a whole
number of half hours. A tick tells it only when it is fresh, and a tick is fresh only when it moved
between two looks: the last tick before a weekend would lie by however long it is old.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from hedgetui.domain.dtms.bars import Times
from hedgetui.domain.units import Seconds, Timestamp

STEP_S: Final = 1800
"""Offsets are whole half hours."""
_NEW_YORK = ZoneInfo("America/New_York")
_AHEAD = timedelta(hours=7)
_WESTMOST_S, _EASTMOST_S = -12 * 3600, 14 * 3600
_FRESH_S = 60.0
"""Farthest a fresh tick may be from a whole offset: its own age and a clock that is a bit wrong."""
_BETWEEN_S = 120.0
"""Longest time between two looks after which a tick that moved still counts as fresh."""
_PLAUSIBLE_S = 4e9


def candidate(tick_time: float, now: Timestamp | float) -> Seconds | None:
    """Return the offset a tick suggests: `round((tick - now) / 1800) * 1800`.

    `tick_time` is server seconds, `now` UTC. None when the tick is no number, or too far from any
    offset on Earth to be fresh.
    """
    if not math.isfinite(tick_time) or not 0 < tick_time < _PLAUSIBLE_S:
        return None
    apart = tick_time - now
    offset = round(apart / STEP_S) * STEP_S
    if abs(apart - offset) > _FRESH_S or not _WESTMOST_S <= offset <= _EASTMOST_S:
        return None
    return Seconds(float(offset))


def new_york_plus_seven(now: Timestamp | float) -> Seconds:
    """Return the offset of servers that begin their day with New York's trading day, at 17:00."""
    away = datetime.fromtimestamp(now, UTC).astimezone(_NEW_YORK).utcoffset() or timedelta()
    return Seconds((away + _AHEAD).total_seconds())


class ServerTime:
    """The offset as far as it is known, and times converted with it."""

    def __init__(self, known: Seconds | None = None) -> None:
        """Start from the offset seen last, or from the rule until ticks say otherwise."""
        self._known = known
        self._seen: dict[str, tuple[float, float]] = {}
        self.confirmed = False
        """Whether fresh ticks have told the offset since this object exists."""

    @property
    def told(self) -> Seconds | None:
        """The offset that ticks told, or that was known before."""
        return self._known

    def offset(self, now: Timestamp | float) -> Seconds:
        """Return server time minus UTC, seconds."""
        return new_york_plus_seven(now) if self._known is None else self._known

    def observe(self, ticks: Mapping[str, float], now: Timestamp | float) -> None:
        """Take newest tick times (server seconds) of several symbols into account.

        What most of the fresh ones say counts. Ticks that agree with what is already assumed
        confirm it without having moved.
        """
        votes: Counter[float] = Counter()
        for symbol, time in ticks.items():
            before, self._seen[symbol] = self._seen.get(symbol), (time, now)
            said = candidate(time, now)
            if said is None:
                continue
            moved = before is not None and time > before[0] and now - before[1] <= _BETWEEN_S
            if moved or said == self.offset(now):
                votes[said] += 1
        if votes:
            self._known = Seconds(votes.most_common(1)[0][0])
            self.confirmed = True

    def to_utc(self, server: float, now: Timestamp | float) -> Timestamp:
        """Return UTC of a server time; past summer-time changes follow New York if it does now.

        Raises:
            ValueError: the time is not a number of this era.
        """
        if not math.isfinite(server) or not 0 <= server < _PLAUSIBLE_S:
            raise ValueError("a time out of range")
        if server == 0:
            return Timestamp(0.0)
        return Timestamp(server - self._offset_at(server, now))

    def times_to_utc(self, server: Times, now: Timestamp | float) -> Times:
        """Return UTC seconds of an array of growing server times.

        Raises:
            ValueError: a time is not of this era.
        """
        if not len(server):
            return server
        first, last = float(server[0]), float(server[-1])
        if not 0 < first <= last < _PLAUSIBLE_S:
            raise ValueError("a time out of range")
        if self._offset_at(first, now) == self._offset_at(last, now):
            return server - np.int64(self._offset_at(last, now))
        return np.array([one - self._offset_at(float(one), now) for one in server], dtype=np.int64)

    def to_server(self, utc: Timestamp | float, now: Timestamp | float) -> int:
        """Return the server's time at a UTC time, whole seconds."""
        offset = self.offset(now)
        if offset == new_york_plus_seven(now):
            offset = new_york_plus_seven(utc)
        return round(utc + offset)

    def _offset_at(self, server: float, now: Timestamp | float) -> Seconds:
        offset = self.offset(now)
        if offset != new_york_plus_seven(now):
            return offset
        local = datetime.fromtimestamp(server, UTC).replace(tzinfo=None) - _AHEAD
        away = local.replace(tzinfo=_NEW_YORK).utcoffset() or timedelta()
        return Seconds((away + _AHEAD).total_seconds())
