"""Prices a whole book on simulated paths, option by option, with nothing approximated.

`Revaluation` is the fast way: blocks that stay in the processor's cache, one logarithm per name and
path, calls alone (puts by parity), φ(d2) from φ(d1). `reference_profits` is the plain way, one
`black76.price` per holding; tests hold them together. An option that expires before the horizon is
settled at its intrinsic value on its own day, and the cash stays in the book without interest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.pricing import black76
from hedgetui.domain.pricing.normal import cumulative_from_density, density
from hedgetui.domain.stress.book import FloatArray, Holding, OptionTerms, StressBook
from hedgetui.domain.stress.paths import Market

_BLOCK = 16_384
"""Options times paths in one block: a few arrays of it fit into a second-level cache."""


@dataclass(frozen=True, slots=True)
class _Options:
    """Option holdings as arrays of one shape, sorted by underlying."""

    name: NDArray[np.intp]
    units: FloatArray
    strike: FloatArray
    years: FloatArray
    sign: FloatArray
    vol: FloatArray

    def rows(self, keep: NDArray[np.bool_] | slice) -> _Options:
        """Return some of them."""
        return _Options(
            self.name[keep], self.units[keep], self.strike[keep], self.years[keep],
            self.sign[keep], self.vol[keep],
        )  # fmt: skip


class Revaluation:
    """A book made ready for many prices.

    `times` are the moments it has to be seen at, in years: every expiry before the horizon, and
    the horizon.
    """

    def __init__(self, book: StressBook, horizon: float, rate: float = 0.0) -> None:
        self._book, self._rate = book, rate
        self._spots = book.spots
        place = {one.symbol: i for i, one in enumerate(book.underlyings)}
        self._linear = np.zeros(len(place))
        margined = np.zeros(len(place))
        for one in book.holdings:
            if one.option is None:
                self._linear[place[one.symbol]] += one.units
                margined[place[one.symbol]] += one.units if one.margined else 0.0
        options = _options(book, place)
        values = options.units * _model_values(options, self._spots, rate)
        self._start = self._linear * self._spots
        np.add.at(self._start, options.name, values)
        self.nav = float(book.cash + self._start.sum() - (margined * self._spots).sum())
        """Value of the book now: cash, shares and options; margined holdings are worth nothing."""
        early = options.years < horizon
        self._early = {
            years: options.rows(options.years == years)
            for years in sorted(set(options.years[early].tolist()))
        }
        self._late = options.rows(~early)
        self._horizon = horizon
        self.times = (*self._early, horizon)

    def profits(self, markets: Iterable[Market]) -> FloatArray:
        """Return the P&L of each path at the horizon, in dollars; `markets` at all of `times`."""
        return np.asarray(self.profits_by_name(markets).sum(axis=0))

    def profits_by_name(self, markets: Iterable[Market]) -> FloatArray:
        """Return the P&L by underlying and path, shape (underlyings, paths), in dollars."""
        total: FloatArray | None = None
        for market in markets:
            if total is None:
                total = np.repeat(-self._start[:, None], market.spots.shape[1], axis=1)
            if market.years < self._horizon:
                self._settle(self._early[market.years], market, total)
                continue
            total += self._linear[:, None] * market.spots
            self._add_options(market, total)
        if total is None:
            raise ValueError("no market to price the book on")
        return total

    @staticmethod
    def _settle(options: _Options, market: Market, total: FloatArray) -> None:
        for row, name in enumerate(options.name):
            inside = options.sign[row] * (market.spots[name] - options.strike[row])
            total[name] += options.units[row] * np.maximum(inside, 0.0)

    def _add_options(self, market: Market, total: FloatArray) -> None:
        """Add the value of every option that lives at the horizon."""
        left = self._late.years - self._horizon
        root = np.sqrt(np.maximum(left, 1e-12))
        deviation, carry = self._late.vol * root, self._rate * left
        owed = self._late.strike * np.exp(-carry)
        log_spots, inverse = np.log(market.spots), 1 / market.iv_ratio
        shift = carry - np.log(self._late.strike)
        paths = market.spots.shape[1]
        height = max(1, _BLOCK // paths)
        for first in range(0, len(deviation), height):
            rows = slice(first, first + height)
            name = self._late.name[rows]
            spots = market.spots[name]
            wide = np.multiply.outer(deviation[rows], market.iv_ratio)
            d1 = log_spots[name]
            d1 += shift[rows, None]
            d1 *= np.multiply.outer(1 / deviation[rows], inverse)
            d1 += 0.5 * wide
            value = _calls(spots, owed[rows, None], d1, wide)
            puts = self._late.sign[rows] < 0
            value[puts] += owed[rows][puts, None] - spots[puts]
            value *= self._late.units[rows, None]
            starts = np.flatnonzero(np.diff(name, prepend=-1))
            total[name[starts]] += np.add.reduceat(value, starts, axis=0)


def _calls(spots: FloatArray, owed: FloatArray, d1: FloatArray, wide: FloatArray) -> FloatArray:
    """Return call values; `owed` is the discounted strike, `wide` the deviation of each."""
    with np.errstate(under="ignore"):
        density1 = density(d1)
        value = spots * cumulative_from_density(d1, density1)
        density1 *= spots
        density1 /= owed
        d1 -= wide
        value -= owed * cumulative_from_density(d1, density1)
    return np.asarray(value)


def _options(book: StressBook, place: dict[str, int]) -> _Options:
    found: list[tuple[int, Holding, OptionTerms]] = [
        (place[one.symbol], one, one.option) for one in book.holdings if one.option is not None
    ]
    found.sort(key=lambda row: row[0])
    columns = [
        (one.units, terms.strike, terms.years, float(terms.sign), terms.vol)
        for _, one, terms in found
    ]
    units, strike, years, sign, vol = np.array(columns, np.float64).reshape(-1, 5).T.copy()
    names = np.array([name for name, _, _ in found], np.intp)
    return _Options(names, units, strike, years, sign, vol)


def _model_values(options: _Options, spots: FloatArray, rate: float) -> FloatArray:
    """Return the price of one unit of each option now."""
    forward = spots[options.name] * np.exp(rate * options.years)
    discount = np.exp(-rate * options.years)
    return black76.price(
        forward, options.strike, options.years, options.vol, options.sign, discount
    )


@dataclass(frozen=True, slots=True)
class Sensitivities:
    """First-order risk of a book now, in dollars."""

    delta: float
    """Beta-weighted dollars: what the book is worth in index."""
    vega: float
    """Per vol point."""
    theta: float
    """Per calendar day."""


def sensitivities(book: StressBook, rate: float = 0.0) -> Sensitivities:
    """Return the risk of a book now."""
    place = {one.symbol: i for i, one in enumerate(book.underlyings)}
    betas = np.array([one.beta for one in book.underlyings])
    delta = sum(
        one.units * betas[place[one.symbol]] * book.spots[place[one.symbol]]
        for one in book.holdings
        if one.option is None
    )
    options = _options(book, place)
    spots = book.spots[options.name]
    greeks = black76.greeks(
        spots * np.exp(rate * options.years), options.strike, options.years, options.vol,
        options.sign, discount=np.exp(-rate * options.years), spot=spots,
    )  # fmt: skip
    dollars = options.units * greeks.delta * spots * betas[options.name]
    return Sensitivities(
        float(delta + dollars.sum()),
        float((options.units * greeks.vega).sum() * black76.VOL_POINT),
        float((options.units * greeks.theta).sum()),
    )


def reference_profits(
    book: StressBook, markets: Iterable[Market], horizon: float, rate: float = 0.0
) -> FloatArray:
    """Return the P&L of each path the plain way: holding by holding, no blocks, no parity."""
    place = {one.symbol: i for i, one in enumerate(book.underlyings)}
    seen = {market.years: market for market in markets}
    total = np.zeros(seen[horizon].market.shape)
    for one in book.holdings:
        name = place[one.symbol]
        spot, terms = book.underlyings[name].spot, one.option
        if terms is None:
            total += one.units * (seen[horizon].spots[name] - spot)
            continue
        then = seen[min(terms.years, horizon)]
        left = max(0.0, terms.years - horizon)
        start = black76.price_one(
            spot * math.exp(rate * terms.years), terms.strike, terms.years, terms.vol, terms.sign,
            math.exp(-rate * terms.years),
        )  # fmt: skip
        end = black76.price(
            then.spots[name] * math.exp(rate * left), terms.strike, left,
            terms.vol * then.iv_ratio, terms.sign, math.exp(-rate * left),
        )  # fmt: skip
        total += one.units * (end - start)
    return total
