"""Daily closes of the simulated names: a past made up so that it ends where the market began.

The index's own past is a walk by the number of the day, and a name follows it as it will in the
market: by its beta, with its own walk. So betas measured on the past come out near those that the
market lives by, and the same day has the same close however often it is asked for. Days that the
market has lived are joined to the level of the last daily break, because it keeps no closes.

A regime bends the past: index, copper over gold and TIP over IEF are given the steady drift that
puts their last close on the wanted side of their mean, whatever the seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

import numpy as np

from hedgetui.domain.balance.closes import Closes
from hedgetui.domain.balance.regime import MEAN_DAYS, Regime
from hedgetui.domain.instruments import VIX
from hedgetui.domain.units import Timestamp
from hedgetui.simulation.bridge import business_day, day_of
from hedgetui.simulation.own_walk import Moment, OwnWalk
from hedgetui.simulation.securities import NAMES, SecurityMarket
from hedgetui.simulation.sessions import NEW_YORK
from hedgetui.simulation.volatility import Floats

_INDEX_VOL: Final = 0.14
"""Realised volatility of the index's past, per year."""
_BREAK: Final = time(17)
"""When a day's close is known."""
_GROWTH: Final = 0.04
"""By how much index and copper over gold end above or below their mean, in logarithms."""
_INFLATION: Final = 0.015
"""The same of TIP over IEF, which moves less."""
_BACK: Final = (MEAN_DAYS - 1) / 2
"""Days back that a mean is taken at, on average."""
_SIDES: Final = {
    Regime.STAGFLATION: (-1, 1),
    Regime.GOLDILOCKS: (1, -1),
    Regime.DISINFLATIONARY: (-1, -1),
    Regime.INFLATIONARY: (1, 1),
}
"""Side of the mean on which growth and inflation stand."""
_INDICES: Final = {"SPX": 1.0, "XSP": 0.1}


@dataclass(frozen=True, slots=True)
class _Drifts:
    """Log return a day that a regime adds to the past."""

    index: float = 0.0
    own: Mapping[str, float] | None = None

    def of(self, symbol: str) -> float:
        """Return that of a name by itself."""
        return (self.own or {}).get(symbol, 0.0)


class Histories:
    """Daily closes up to the last daily break."""

    def __init__(self, prices: SecurityMarket, implied: Sequence[float]) -> None:
        """End where `prices` began; `implied` is the market's daily volatility, oldest first."""
        self._prices = prices
        self._implied = np.array(implied) * 100
        self._walk = OwnWalk(prices.seed, "index history", _INDEX_VOL)
        self._drifts: tuple[Timestamp, _Drifts] | None = None

    def closes(self, symbols: frozenset[str], days: int) -> Closes:
        """Return the closes of the last `days` trading days; unknown names lack.

        Known are the names, VIX, and the index as SPX and XSP.
        """
        last = _closed(self._prices.market.at)
        numbers = range(last - max(0, days) + 1, last + 1)
        index = self._index(numbers, self._drift())
        table: dict[str, Floats] = {}
        for symbol in sorted(symbols):
            if symbol in NAMES:
                table[symbol] = _cents(np.exp(self._name(symbol, numbers, self._drift())))
            elif symbol in _INDICES:
                table[symbol] = _cents(np.exp(index) * _INDICES[symbol])
            elif symbol == VIX:
                table[symbol] = self._volatility(len(numbers))
        return Closes(tuple(map(day_of, numbers)), table)

    def _volatility(self, count: int) -> Floats:
        """Return VIX; NaN before the market's own history of volatility begins."""
        known = _cents(self._implied[max(0, len(self._implied) - count) :])
        return np.concatenate([np.full(count - len(known), np.nan), known])

    def _index(self, numbers: range, drifts: _Drifts) -> Floats:
        """Return the log level of the index at the ends of days."""
        market = self._prices.market
        begin, first = _closed(market.start), math.log(market.first_level)
        past = range(numbers.start, min(numbers.stop, begin + 1))
        lived = range(begin + 1, numbers.stop)
        parts = [np.empty(0)]
        if past:
            returns = self._walk.days(past.start + 1, begin - past.start) + drifts.index
            back = np.concatenate([np.cumsum(returns[::-1])[::-1], [0.0]])
            parts.append(first - back[: len(past)])
        if lived:
            returns = self._walk.days(lived.start, len(lived))
            returns += (math.log(market.closed_level) - first - returns.sum()) / len(lived)
            parts.append((first + np.cumsum(returns))[max(0, numbers.start - lived.start) :])
        return np.concatenate(parts)

    def _name(self, symbol: str, numbers: range, drifts: _Drifts) -> Floats:
        """Return the log price of a name at the ends of days."""
        prices = self._prices
        begin, first = _closed(prices.market.start), math.log(prices.market.first_level)
        own = self._own(symbol, numbers)
        drift = np.minimum(np.array(numbers) - begin, 0) * drifts.of(symbol)
        swing = NAMES[symbol].beta * (self._index(numbers, drifts) - first)
        result: Floats = math.log(prices.base(symbol)) + swing + own + drift
        return result

    def _own(self, symbol: str, numbers: range) -> Floats:
        """Return the own walk at the ends of days, 0 at the market's start."""
        walk, opening = self._prices.walk(symbol), self._prices.opening
        until = Moment(opening.day - 1, None)
        inside = walk.between(until, opening)
        low = min(numbers.start, opening.day - 1)
        high = max(numbers.stop, opening.day)
        ends = np.concatenate([[0.0], np.cumsum(walk.days(low + 1, high - low - 1))])
        ends -= ends[opening.day - 1 - low] + inside
        result: Floats = ends[numbers.start - low : numbers.stop - low]
        return result

    def _drift(self) -> _Drifts:
        """Return what the market's regime adds; found once, on the past before the start."""
        market = self._prices.market
        if self._drifts is None or self._drifts[0] != market.start:
            self._drifts = (market.start, self._found(market.terms.regime))
        return self._drifts[1]

    def _found(self, regime: Regime) -> _Drifts:
        if regime not in _SIDES:
            return _Drifts()
        growth, inflation = _SIDES[regime]
        begin = _closed(self._prices.market.start)
        numbers = range(begin - MEAN_DAYS + 1, begin + 1)
        bent = _Drifts(_missing(self._index(numbers, _Drifts()), growth * _GROWTH))
        found = {}
        for one, over, wanted in (
            ("CPER", "GLD", growth * _GROWTH),
            ("TIP", "IEF", inflation * _INFLATION),
        ):
            ratio = self._name(one, numbers, bent) - self._name(over, numbers, bent)
            found[one] = _missing(ratio, wanted)
        return _Drifts(bent.index, found)


def _cents(prices: Floats) -> Floats:
    return np.asarray(np.round(prices, 2), np.float64)


def _missing(logs: Floats, wanted: float) -> float:
    """Return the drift a day that puts the last of `logs` by `wanted` above their mean."""
    return (wanted - float(logs[-1] - logs.mean())) / _BACK


def _closed(at: Timestamp) -> int:
    """Return the number of the last day whose daily break has begun."""
    local = datetime.fromtimestamp(at, NEW_YORK)
    number = business_day(local.date())
    is_working = day_of(number) == local.date()
    return number - 1 if is_working and local.time() < _BREAK else number
