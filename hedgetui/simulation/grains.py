"""The grain futures of the simulated exchange: their hours, their prices, their quotes.

They trade in Chicago and have nothing to do with the index: neither its breaker nor its halts stop
them, and their prices draw from streams of their own. A price is a function of seed, commodity and
moment and of nothing else, so there is no state to keep, a resumed exchange walks on exactly, and
the same prices can be asked about the past when a history is made up.

The level of a commodity returns slowly to its usual one (a first-order autoregression of daily
closes); inside a trading day it is a Brownian bridge between two closes, first by minutes, then by
seconds. Times are Chicago wall times; exchange holidays are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.instruments import GRAINS, Instrument, contract_months, future
from hedgetui.domain.quotes import Quote
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.bridge import bridge, business_day, keep
from hedgetui.simulation.market import Venue
from hedgetui.simulation.streams import stream

CHICAGO = ZoneInfo("America/Chicago")
"""The zone these venues keep their hours in."""

_NIGHT_OPEN, _NIGHT_CLOSE = time(19), time(7, 45)
_DAY_OPEN, _DAY_CLOSE = time(8, 30), time(13, 20)
_FRIDAY, _SATURDAY, _WEEK = 4, 5, 7
_NIGHT_S, _DAY_S = 45_900, 17_400
_MINUTE_S = 60

_NIGHT_SHARE = 0.3
"""Share of a trading day's variance that falls into the night session."""
_RETURNING = 0.97
"""How much of the distance to the usual level is left a trading day later."""
_MEMORY_DAYS = 200
"""Older shocks have decayed to a quarter of a percent of themselves."""
LISTED_MONTHS = 6


@dataclass(frozen=True, slots=True)
class Crop:
    """How one commodity's price behaves."""

    level: float
    """Usual price, cents a bushel."""
    daily_vol: float
    """Standard deviation of a day's log return."""
    carry: float
    """By how much a later month is dearer, log per year."""


CROPS = {
    "ZC": Crop(433.0, 0.014, 0.05),
    "ZW": Crop(560.0, 0.016, 0.06),
    "ZS": Crop(1030.0, 0.012, 0.03),
}


@dataclass(frozen=True, slots=True)
class GrainSession:
    """What the venue does between two boundaries."""

    open: bool
    reason: str
    """Why nothing trades; empty while something does."""
    since: Timestamp
    until: Timestamp
    """When this changes."""
    day: date
    """The trading day that this belongs to, or that comes next; it begins the evening before."""

    @property
    def closes_at(self) -> Timestamp:
        """The end of the trading day, at which day orders end."""
        return _at(self.day, _DAY_CLOSE)

    def covers(self, now: Timestamp) -> bool:
        """Whether this is the session of `now`."""
        return self.since <= now < self.until


def grain_session(now: Timestamp) -> GrainSession:
    """Return the session that `now` lies in."""
    local = datetime.fromtimestamp(now, CHICAGO)
    today = local.date()
    day = today + timedelta(days=local.time() >= _NIGHT_OPEN)
    if day.weekday() >= _SATURDAY:
        monday = day + timedelta(days=_WEEK - day.weekday())
        return _closed("weekend", _evening(monday - timedelta(days=3), _DAY_CLOSE), monday)
    opens, pauses = _evening(day, _NIGHT_OPEN), _at(day, _NIGHT_CLOSE)
    resumes, closes = _at(day, _DAY_OPEN), _at(day, _DAY_CLOSE)
    if now < pauses:
        return GrainSession(open=True, reason="", since=opens, until=pauses, day=day)
    if now < resumes:
        return GrainSession(open=False, reason="pause", since=pauses, until=resumes, day=day)
    if now < closes:
        return GrainSession(open=True, reason="", since=resumes, until=closes, day=day)
    friday = day.weekday() == _FRIDAY
    following = day + timedelta(days=3 if friday else 1)
    return _closed("weekend" if friday else "daily break", closes, following)


def _closed(reason: str, since: Timestamp, day: date) -> GrainSession:
    until = _evening(day, _NIGHT_OPEN)
    return GrainSession(open=False, reason=reason, since=since, until=until, day=day)


def _at(day: date, clock: time) -> Timestamp:
    return Timestamp(datetime.combine(day, clock, CHICAGO).timestamp())


def _evening(day: date, clock: time) -> Timestamp:
    """Return a time of the evening before a trading day."""
    return _at(day - timedelta(days=1), clock)


class GrainPath:
    """The price of one commodity, as a function of the moment."""

    def __init__(self, seed: int, symbol: str) -> None:
        """Draw everything from `seed`, in streams that carry the commodity's name."""
        self._seed = seed
        self._symbol = symbol
        self._crop = CROPS[symbol]
        self._shocks: dict[int, float] = {}
        self._minutes: dict[int, list[float]] = {}
        self._seconds: dict[tuple[int, int], list[float]] = {}

    def level(self, session: GrainSession, now: Timestamp) -> float:
        """Return the price in cents at `now`, which `session` covers."""
        number = business_day(session.day)
        minute, second = divmod(_elapsed(session, now), _MINUTE_S)
        minutes = self._of_day(number)
        log = minutes[minute]
        if second:
            log = self._of_minute(number, minute, minutes)[second]
        return self._crop.level * math.exp(log)

    def _close(self, number: int) -> float:
        """Return the log distance of a day's close from the usual level."""
        shocks = (self._shock(number - age) for age in range(_MEMORY_DAYS))
        return sum(shock * _RETURNING**age for age, shock in enumerate(shocks))

    def _shock(self, number: int) -> float:
        if number not in self._shocks:
            random = stream(self._seed, "grain", self._symbol, number)
            self._shocks[number] = random.gauss(0.0, self._crop.daily_vol)
        return self._shocks[number]

    def _of_day(self, number: int) -> list[float]:
        """Return the log levels at the minutes of a trading day, its last one included."""
        if number not in self._minutes:
            shares = np.array(_SHARES)
            before, after = self._close(number - 1), self._close(number)
            walk = self._bridge(shares, after - before, number)
            keep(self._minutes, number, [before + part for part in walk])
        return self._minutes[number]

    def _of_minute(self, number: int, minute: int, minutes: Sequence[float]) -> list[float]:
        key = (number, minute)
        if key not in self._seconds:
            shares = np.full(_MINUTE_S, _SHARES[minute] / _MINUTE_S)
            walk = self._bridge(shares, minutes[minute + 1] - minutes[minute], number, minute)
            keep(self._seconds, key, [minutes[minute] + part for part in walk])
        return self._seconds[key]

    def _bridge(self, shares: NDArray[np.float64], total: float, *name: int) -> list[float]:
        """Return a walk from 0 to `total`; a step's variance is its share of a day's."""
        random = stream(self._seed, "grain", self._symbol, *name, "walk")
        return bridge(random, self._crop.daily_vol, shares, total)


_NIGHT_MINUTES, _DAY_MINUTES = _NIGHT_S // _MINUTE_S, _DAY_S // _MINUTE_S
_SHARES = (
    *(_NIGHT_SHARE / _NIGHT_MINUTES for _ in range(_NIGHT_MINUTES)),
    *((1.0 - _NIGHT_SHARE) / _DAY_MINUTES for _ in range(_DAY_MINUTES)),
)


@lru_cache(maxsize=64)
def _listed(symbol: str, day: date) -> tuple[Instrument, ...]:
    return tuple(future(symbol, one) for one in contract_months(symbol, day, LISTED_MONTHS))


def _elapsed(session: GrainSession, now: Timestamp) -> int:
    """Return the whole seconds of open market that a trading day has had."""
    is_night = session.until == _at(session.day, _NIGHT_CLOSE)
    if session.open:
        return int(now - session.since) + (0 if is_night else _NIGHT_S)
    return _NIGHT_S if session.reason == "pause" else 0


class GrainMarket:
    """Prices and hours of every grain future."""

    def __init__(self, seed: int = 0) -> None:
        """Draw everything from `seed`."""
        self._paths = {symbol: GrainPath(seed, symbol) for symbol in GRAINS}
        self._session = grain_session(Timestamp(0.0))

    def session(self, now: Timestamp) -> GrainSession:
        """Return the session that `now` lies in."""
        if not self._session.covers(now):
            self._session = grain_session(now)
        return self._session

    def venue(self, now: Timestamp) -> Venue:
        """Return whether grains trade, why not, and when that changes."""
        session = self.session(now)
        return Venue(session.open, session.reason, session.until)

    def listed(self, symbol: str, now: Timestamp) -> tuple[Instrument, ...]:
        """Return the listed contract months of a grain, nearest first."""
        return _listed(symbol, datetime.fromtimestamp(now, CHICAGO).date())

    def price(self, instrument: Instrument, now: Timestamp) -> float:
        """Return the fair price of a contract in cents: the level, carried to its last day."""
        level = self._paths[instrument.symbol].level(self.session(now), now)
        return level * math.exp(CROPS[instrument.symbol].carry * instrument.years_left(now))

    def settlement(self, instrument: Instrument, now: Timestamp) -> Decimal:
        """Return the fair price to the tick: what marks and settlements look at."""
        ticks = round(self.price(instrument, now) / float(instrument.tick))
        return ticks * instrument.tick

    def quote(self, instrument: Instrument, now: Timestamp) -> Quote:
        """Return a market one tick wide; nothing is bid or offered while the venue is closed.

        A contract that is not listed has no price at all.
        """
        if instrument not in self.listed(instrument.symbol, now):
            return Quote(instrument.key, now)
        tick, fair = float(instrument.tick), self.price(instrument, now)
        last = round(fair / tick) * tick
        if not self.session(now).open or instrument.expires_at <= now:
            return Quote(instrument.key, now, last=last)
        bid = math.floor(fair / tick) * tick
        return Quote(instrument.key, now, bid, bid + tick, last)
