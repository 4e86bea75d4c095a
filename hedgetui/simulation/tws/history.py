"""Daily history for the past that the simulated market does not have.

Implied volatility and the closes of indices and shares are the exchange's own history. Those of
futures are walked backwards from where the market stood when the gateway opened, from a stream of
their own, so that a seed has one past.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from hedgetui.domain.instruments import GRAINS
from hedgetui.simulation.sessions import NEW_YORK, trading_day
from hedgetui.simulation.streams import stream
from hedgetui.simulation.tws.contracts import Listed
from hedgetui.simulation.tws.framing import Field
from hedgetui.simulation.tws.site import Site

_DAYS_REMEMBERED = 520
_TRADING_DAYS = 252
_WINDOW = 30
_SATURDAY = 5
_UNITS = {"D": 1.0, "W": 5.0, "M": 21.0, "Y": 252.0}
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: (open, high, low, close), volume and count unknown for volatilities."""

    day: str
    open: float
    high: float
    low: float
    close: float
    volume: int = _UNKNOWN

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of a bar in the order of the message."""
        prices = tuple(round(one, 6) for one in (self.open, self.high, self.low, self.close))
        return (self.day, *prices, self.volume, round(self.close, 6), self.volume)


class History:
    """Daily bars of what can be asked for."""

    def __init__(self, site: Site) -> None:
        """Remember where the market stands now."""
        self._site = site
        market = site.exchange.market
        self._since: date = trading_day(market.at)
        self._level = float(market.level)
        random = stream(site.seed, "tws", "history")
        step = market.iv30 / math.sqrt(_TRADING_DAYS)
        self._returns = [random.gauss(0.0002, step) for _ in range(_DAYS_REMEMBERED)]

    def daily(self, one: Listed, what: str, duration: str, end: str) -> list[Bar]:
        """Return the bars of a contract, oldest first; none if there is no such history."""
        count = _count(duration)
        if one.sec_type in {"IND", "STK"} and what in _PRICES:
            return self._known(one.symbol, what, count, self._last_day(end))
        series = self._series(one, what)
        days = _business_days(self._last_day(end), len(series))
        bars = [_bar(day, value, what) for day, value in zip(days, series, strict=True)]
        return bars[-count:] if count else []

    def _known(self, symbol: str, what: str, count: int, last: date) -> list[Bar]:
        """Return the bars of what the exchange itself remembers."""
        closes = self._site.exchange.closes(frozenset({symbol}), _DAYS_REMEMBERED)
        values = closes.table.get(symbol)
        if values is None or not count:
            return []
        days = zip(closes.days, values.tolist(), strict=True)
        known = [(day, value) for day, value in days if day <= last and math.isfinite(value)]
        return [_bar(day, value, what) for day, value in known[-count:]]

    def _series(self, one: Listed, what: str) -> list[float]:
        if one.sec_type not in {"IND", "STK", "FUT"} or one.symbol in GRAINS:
            return []
        if what == "OPTION_IMPLIED_VOLATILITY":
            return self._implied() if one.symbol in {"XSP", "SPX", "SPY"} else []
        closes = self._closes()
        if what == "HISTORICAL_VOLATILITY":
            return _realised(closes)
        return closes if what in _PRICES else []

    def _implied(self) -> list[float]:
        return list(self._site.exchange.volatility_history().daily)

    def _closes(self) -> list[float]:
        level, closes = self._level, [self._level]
        for change in self._returns:
            level *= math.exp(-change)
            closes.append(level)
        return closes[::-1]

    def _last_day(self, end: str) -> date:
        """Return the newest day with a close: the one asked for, or the day before today."""
        yesterday = trading_day(self._site.at) - timedelta(days=1)
        try:
            asked = datetime.strptime(end[:8], "%Y%m%d").replace(tzinfo=NEW_YORK).date()
        except ValueError:
            return yesterday
        return min(asked, yesterday)


_PRICES = frozenset({"TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST"})


def _bar(day: date, value: float, what: str) -> Bar:
    if what.endswith("VOLATILITY"):
        return Bar(f"{day:%Y%m%d}", value, value, value, value)
    return Bar(f"{day:%Y%m%d}", value, value * 1.004, value * 0.996, value, 1_000_000)


def _count(duration: str) -> int:
    number, _, unit = duration.partition(" ")
    if not number.isdigit() or unit[:1] not in _UNITS:
        return 0
    return math.ceil(int(number) * _UNITS[unit[:1]])


def _business_days(last: date, count: int) -> list[date]:
    """Return the last `count` weekdays up to and including `last`, oldest first."""
    days: list[date] = []
    day = last
    while len(days) < count:
        if day.weekday() < _SATURDAY:
            days.append(day)
        day -= timedelta(days=1)
    return days[::-1]


def _realised(closes: list[float]) -> list[float]:
    """Return the annualised standard deviation of log returns over a month, per day."""
    returns = [math.log(b / a) for a, b in pairwise(closes)]
    out: list[float] = []
    for end in range(_WINDOW, len(returns) + 1):
        window = returns[end - _WINDOW : end]
        mean = sum(window) / _WINDOW
        variance = sum((one - mean) ** 2 for one in window) / (_WINDOW - 1)
        out.append(math.sqrt(variance * _TRADING_DAYS))
    return out
