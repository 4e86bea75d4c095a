"""What options on single names are worth at the simulated exchange, many at once.

Black-76 on a forward, with a volatility by strike that allows no arbitrage (one SSVI slice an
expiry). Options on the index fund are priced with the index's own volatility, so that they agree
with those on the index. Options on VIX are priced on a forward that returns to a usual level, with
less volatility the further it is away. All are valued as European ones; early exercise is not
modelled.

A quote is as wide as the name's market makers are shy. Some contracts nobody trades: which ones,
and what interest there is in the others, follows from the contract's terms and never changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.instruments import VIX
from hedgetui.domain.pricing import black76
from hedgetui.domain.units import SECONDS_PER_DAY
from hedgetui.simulation.securities import INDEX_FUND, OPTIONABLE, VIX_TERMS, Name, SecurityMarket
from hedgetui.simulation.smile import YEAR_S
from hedgetui.simulation.streams import stream
from hedgetui.simulation.volatility import total_variance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PREMIUM: Final = 1.08
"""Implied over expected volatility of a name."""
_CURVED: Final = 0.9
_VIX_RETURN: Final = 4.0
"""Speed, per year, at which VIX is expected back at its usual level."""
_VIX_VOL: Final = 1.1
"""Of VIX over the next instant."""
_SHORTEST_YEARS: Final = 60.0 / YEAR_S
_CENT: Final = 0.01
_QUARTER: Final = 0.25
_DEAD_SHARE: Final = 0.03
"""Of contracts that nobody trades; more of them where a name is thinly made."""
_DEAD_FACTOR: Final = 6.0
_DEAD_INTEREST: Final = 0.01
_BUSY, _QUIET = 0.3, 0.02
"""Most and least of its open interest that a contract trades in a day."""


@dataclass(frozen=True, slots=True)
class Contracts:
    """n options, each of one of several names."""

    symbols: tuple[str, ...]
    which: Ints
    """Place of each option's name in `symbols`, shape (n,) as everything below."""
    strikes: Floats
    settles: Floats
    """When they expire, seconds since the epoch."""
    signs: Floats
    """+1 for calls, -1 for puts."""

    def of_name(self, values: Sequence[float]) -> Floats:
        """Spread one value a name over the options."""
        return np.array(values, dtype=np.float64)[self.which]


@dataclass(frozen=True, slots=True)
class Worth:
    """Values of n options, shape (n,)."""

    greeks: black76.OptionGreeks
    vols: Floats
    bid: Floats
    """NaN where nobody bids."""
    ask: Floats


@dataclass(frozen=True, slots=True)
class Interest:
    """How much n options are traded, contracts, shape (n,)."""

    open: Floats
    volume: Floats


class OptionModels:
    """Values options at the market's present tick."""

    def __init__(self, prices: SecurityMarket) -> None:
        """Price on `prices`."""
        self._prices = prices
        self._salts: dict[str, int] = {}

    def worth(self, options: Contracts) -> Worth:
        """Return fair values, greeks and quotes."""
        market = self._prices.market
        years = np.maximum(options.settles - market.at, 0.0) / YEAR_S
        spots = options.of_name([self._prices.price(one) for one in options.symbols])
        is_vix = options.of_name([float(one == VIX) for one in options.symbols]) > 0
        carry = market.terms.rate - market.terms.dividend_yield
        forwards = spots * np.exp(carry * years)
        back = VIX_TERMS.level + (spots - VIX_TERMS.level) * np.exp(-_VIX_RETURN * years)
        forwards = np.where(is_vix, back, forwards)
        vols = self._vols(options, years, forwards)
        found = black76.greeks(
            forwards, options.strikes, years, vols, options.signs,
            discount=np.exp(-market.terms.rate * years),
            spot=np.where(is_vix, forwards, spots),
        )  # fmt: skip
        half = self._half_width(options, found) * market.terms.spread_factor
        bid = np.floor((found.price - half) / _CENT + 1e-9) * _CENT
        ask = np.ceil((found.price + half) / _CENT - 1e-9) * _CENT
        return Worth(
            found,
            vols,
            np.asarray(np.where(bid > _CENT / 2, np.round(bid, 2), np.nan), np.float64),
            np.asarray(np.round(np.maximum(ask, _CENT), 2), np.float64),
        )

    def interest(self, options: Contracts) -> Interest:
        """Return open interest and today's volume."""
        names = [OPTIONABLE[one] for one in options.symbols]
        around = options.of_name([self._usual(one) for one in names])
        usual = options.of_name([_yearly(one, 0.15) for one in names])
        away = np.log(options.strikes / around) / (usual * math.sqrt(_QUARTER))
        liking = 0.4 + 1.2 * self._chance(options, 2)
        dead = self._dead(options)
        most = options.of_name([float(one.interest) for one in names])
        held = np.floor(most * liking * np.exp(-0.5 * away**2) * np.where(dead, _DEAD_INTEREST, 1))
        today = int(self._prices.market.at // SECONDS_PER_DAY)
        share = _QUIET + (_BUSY - _QUIET) * self._chance(options, 3, today)
        return Interest(held, np.floor(held * share))

    def _usual(self, name: Name) -> float:
        return name.level if name is VIX_TERMS else self._prices.base(name.symbol)

    def _vols(self, options: Contracts, years: Floats, forwards: Floats) -> Floats:
        """Return the volatility of each option."""
        market = self._prices.market
        names = [OPTIONABLE[one] for one in options.symbols]
        alive = np.maximum(years, _SHORTEST_YEARS)
        implied = market.iv30
        flat = options.of_name([_yearly(one, implied) for one in names])
        fading = -np.expm1(-2 * _VIX_RETURN * alive) / (2 * _VIX_RETURN)
        is_vix = options.of_name([float(one is VIX_TERMS) for one in names]) > 0
        atm = np.where(is_vix, _VIX_VOL**2 * fading, flat**2 * alive)
        total = total_variance(
            np.log(options.strikes / forwards), atm,
            options.of_name([one.skew for one in names]), _CURVED,
        )  # fmt: skip
        vols: Floats = np.sqrt(total / alive)
        # A fund that is the index has the index's own smile.
        rows = options.of_name([float(one == INDEX_FUND) for one in options.symbols]) > 0
        if rows.any():
            spots = options.of_name([self._prices.price(one) for one in options.symbols])[rows]
            strikes = options.strikes[rows] / spots * market.level
            vols[rows] = market.sigma(strikes, options.settles[rows])
        return vols

    def _half_width(self, options: Contracts, found: black76.OptionGreeks) -> Floats:
        widths = options.of_name([OPTIONABLE[one].width for one in options.symbols])
        half = _CENT / 2 + 0.5 * widths * found.price + 0.02 * found.vega * black76.VOL_POINT
        return np.where(self._dead(options), _DEAD_FACTOR * half + 5 * _CENT, half)

    def _dead(self, options: Contracts) -> NDArray[np.bool_]:
        """Return which contracts nobody trades."""
        widths = [OPTIONABLE[one].width for one in options.symbols]
        return self._chance(options, 1) < _DEAD_SHARE + options.of_name(widths)

    def _chance(self, options: Contracts, *more: int) -> Floats:
        """Return a number in [0, 1) that each contract keeps, and another for other `more`."""
        salts = np.array([self._salt(one) for one in options.symbols], dtype=np.uint64)
        state = salts[options.which]
        terms = (options.strikes * 1000, options.settles, options.signs + 2)
        for term in terms:
            state = _mixed(state ^ np.round(term).astype(np.uint64))
        for one in more:
            state = _mixed(state ^ np.full(len(state), one, dtype=np.uint64))
        return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def _salt(self, symbol: str) -> int:
        if symbol not in self._salts:
            random = stream(self._prices.seed, "security interest", symbol)
            self._salts[symbol] = random.getrandbits(64)
        return self._salts[symbol]


def _yearly(name: Name, implied: float) -> float:
    """Return the usual implied volatility of a name, from the index's."""
    return _PREMIUM * math.hypot(name.beta * implied, name.own_vol)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
