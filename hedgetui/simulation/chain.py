"""What the simulated exchange lists and quotes: options around the index, futures, single names.

Expiries and strikes follow the real listing of index options (dailies for two weeks, Fridays for
ten, one-point strikes near the money and five-point strikes beyond). A quote is the Black-76 price
on the market's own volatility, widened to both sides by what makes a market maker careful: vega and
distance from the money. Everything is a function of the market's present tick; nothing here has a
memory that could drift.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.instruments import (
    FUTURES,
    GRAINS,
    Instrument,
    Kind,
    OptionRoot,
    Right,
    future,
    option,
    parse_key,
    quarterly_months,
)
from hedgetui.domain.pricing import black76
from hedgetui.domain.quotes import (
    ChainSnapshot,
    ExpiryQuotes,
    Greeks,
    GreeksSource,
    Quote,
    combined,
)
from hedgetui.domain.units import IndexPoints, Timestamp
from hedgetui.simulation.grains import GrainMarket
from hedgetui.simulation.market import Market, Venue
from hedgetui.simulation.security_chain import SecurityBoard
from hedgetui.simulation.sessions import trading_day
from hedgetui.simulation.smile import YEAR_S, Listing

Floats = NDArray[np.float64]
_Number = TypeVar("_Number", float, Floats)

LONGEST_DTE = 70
_DAILY_DTE = 14
_FRIDAY, _SATURDAY = 4, 5
_NEAR_SHARE = 0.06
"""One-point strikes up to this share of the level away; five-point strikes beyond."""
_FAR_SHARE = 0.25
_FAR_STEP = 5
_FUTURES_LISTED = 4

_BASE = 0.01
_PER_VEGA = 0.04
_PER_DEVIATION = 0.01


@dataclass(frozen=True, slots=True)
class _Value:
    """Fair value of one option and how wide it is quoted, in its own points."""

    price: float
    half_spread: float
    greeks: Greeks


def usual_listing(day: date, spot: float) -> Listing:
    """Return the expiries listed on `day` and their strikes around `spot` (root points)."""
    days = (day + timedelta(days=n) for n in range(LONGEST_DTE + 1))
    expiries = [
        one for n, one in enumerate(days)
        if one.weekday() == _FRIDAY or (n <= _DAILY_DTE and one.weekday() < _SATURDAY)
    ]  # fmt: skip
    strikes = usual_strikes(spot)
    return tuple((expiry, strikes) for expiry in expiries)


def usual_strikes(spot: float) -> Floats:
    """Return the listed strikes: every point near the money, every five points beyond."""
    centre = _FAR_STEP * round(spot / _FAR_STEP)
    near = _FAR_STEP * math.ceil(_NEAR_SHARE * spot / _FAR_STEP)
    far = _FAR_STEP * math.ceil(_FAR_SHARE * spot / _FAR_STEP)
    low = np.arange(max(_FAR_STEP, centre - far), centre - near, _FAR_STEP)
    middle = np.arange(max(1, centre - near), centre + near + 1)
    high = np.arange(centre + near + _FAR_STEP, centre + far + 1, _FAR_STEP)
    return np.concatenate([low, middle, high]).astype(np.float64)


class QuoteBoard:
    """Quotes and greeks of the market's present tick."""

    def __init__(
        self,
        market: Market,
        grains: GrainMarket | None = None,
        securities: SecurityBoard | None = None,
    ) -> None:
        """Quote `market`, and `grains` and `securities` beside it, read at the same moment."""
        self.market = market
        self.grains = grains or GrainMarket()
        self.securities = securities or SecurityBoard(market)
        self._valued_at = Timestamp(-math.inf)
        self._values: dict[str, _Value] = {}

    @property
    def spot(self) -> float:
        """Level of the options' own underlying, in its own points."""
        return self.market.level * self.market.root.index_ratio

    def quotes(self, keys: Iterable[str]) -> tuple[Quote, ...]:
        """Return a quote of each instrument; one that does not trade now has no bid and no ask."""
        instruments = [parse_key(key) for key in keys]
        self._value(
            leg for one in instruments for leg in one.legs or (one,) if leg.kind is Kind.OPTION
        )
        return tuple(self._quote(one) for one in instruments)

    def quote(self, key: str) -> Quote:
        """Return the quote of one instrument."""
        return self.quotes((key,))[0]

    def greeks(self, keys: Iterable[str]) -> tuple[Greeks, ...]:
        """Return the greeks of each option that has a value; everything else is left out."""
        options = [one for one in map(parse_key, keys) if one.kind is Kind.OPTION]
        self._value(options)
        found = (
            self.securities.greeks(one)
            if self.securities.covers(one)
            else self._values[one.key].greeks
            for one in options
        )
        return tuple(one for one in found if one is not None)

    def mark(self, key: str) -> Decimal:
        """Return the fair value to the instrument's tick: what margin and settlement look at."""
        last = self.quote(key).last
        return Decimal(str(last)) if last is not None else Decimal(0)

    def settlement(self, instrument: Instrument) -> Decimal:
        """Return what one unit settles at when it expires now: intrinsic value, or the level."""
        if instrument.symbol in GRAINS:
            return self.grains.settlement(instrument, self.market.at)
        if self.securities.covers(instrument):
            return self.securities.settlement(instrument)
        level = Decimal(str(self.market.level))
        if instrument.right is None:
            return level
        intrinsic = level * Decimal(str(instrument.index_ratio)) - (instrument.strike or Decimal(0))
        if instrument.right is Right.PUT:
            intrinsic = -intrinsic
        return max(Decimal(0), intrinsic).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")

    def futures(self, symbol: str) -> tuple[Instrument, ...]:
        """Return the listed contract months of a future, nearest first; none if unknown."""
        if symbol not in FUTURES:
            return ()
        if symbol in GRAINS:
            return self.grains.listed(symbol, self.market.at)
        months = quarterly_months(trading_day(self.market.at), _FUTURES_LISTED)
        return tuple(future(symbol, month) for month in months)

    def venue(self, symbol: str) -> Venue:
        """Return whether a future or a name trades, why not, and when that may change."""
        if symbol in GRAINS:
            return self.grains.venue(self.market.at)
        return self.securities.venue(symbol) or self.market.venue()

    def listing(self) -> Listing:
        """Return the listed expiries, nearest first, with their strikes."""
        listed = self.market.listing
        return listed or usual_listing(trading_day(self.market.at), self.spot)

    def refusal(self, instrument: Instrument) -> str:
        """Return why an instrument cannot be traded here, empty when it can."""
        if instrument.kind is Kind.COMBO:
            return next((why for leg in instrument.legs if (why := self.refusal(leg))), "")
        if instrument.kind is Kind.FUTURE:
            known = instrument in self.futures(instrument.symbol)
            return "" if known else f"{instrument.key} is not listed"
        if self.securities.covers(instrument):
            return self.securities.refusal(instrument)
        if instrument.kind is not Kind.OPTION:
            return f"{instrument.key} cannot be traded: it is an index"
        if instrument.symbol != self.market.root.symbol:
            return f"this market lists {self.market.root.symbol} options only"
        for expiry, strikes in self.listing():
            if expiry == instrument.expiry and float(instrument.strike or 0) in strikes:
                return "" if instrument.expires_at > self.market.at else "the option has expired"
        return f"{instrument.key} is not listed"

    def snapshot(self) -> ChainSnapshot:
        """Return the whole chain; nothing is quoted (NaN) while options do not trade."""
        market = self.market
        alive = [
            (expiry, strikes, end) for expiry, strikes in self.listing()
            if (end := _settles(market.root, expiry)) > market.at
        ]  # fmt: skip
        expiries: tuple[ExpiryQuotes, ...] = ()
        if alive:
            strikes = np.concatenate([strikes for _, strikes, _ in alive])
            settles = np.repeat([end for *_, end in alive], [len(row) for _, row, _ in alive])
            sides = [side for sign in (1, -1) for side in self._both_sides(strikes, settles, sign)]
            cuts = np.cumsum([len(row) for _, row, _ in alive])[:-1]
            columns = [np.split(side, cuts) for side in (strikes, *sides)]
            expiries = tuple(
                ExpiryQuotes(expiry, *arrays)
                for (expiry, *_), arrays in zip(alive, zip(*columns, strict=True), strict=True)
            )
        return ChainSnapshot(market.root, market.at, IndexPoints(self.spot), expiries)

    def _both_sides(self, strikes: Floats, settles: Floats, sign: int) -> tuple[Floats, Floats]:
        if not self.market.options_open:
            nothing = np.full(len(strikes), np.nan)
            return nothing, nothing.copy()
        market, root = self.market, self.market.root
        years = (settles - market.at) / YEAR_S
        vols = market.sigma(strikes / root.index_ratio, settles)
        carry = market.terms.rate - market.terms.dividend_yield
        forwards = self.spot * np.exp(carry * years)
        discounts = np.exp(-market.terms.rate * years)
        values = black76.greeks(forwards, strikes, years, vols, sign, discount=discounts)
        deviations = np.abs(np.log(strikes / forwards)) / (vols * np.sqrt(years))
        half = _half_spread(values.vega * 0.01, deviations) * market.terms.spread_factor
        tick = float(root.tick)
        bid = np.floor((values.price - half) / tick + 1e-9) * tick
        ask = np.ceil((values.price + half) / tick - 1e-9) * tick
        bid = np.where(bid > 0, np.round(bid, 2), np.nan)
        return bid, np.asarray(np.round(np.maximum(ask, tick), 2), np.float64)

    def _value(self, options: Iterable[Instrument]) -> None:
        """Price options of the present tick that are not priced yet."""
        market = self.market
        if self._valued_at != market.at:
            self._values.clear()
            self._valued_at = market.at
        missing, foreign = [], []
        for one in options:
            if self.securities.covers(one):
                foreign.append(one)
            elif one.key not in self._values:
                missing.append(one)
        if foreign:
            self.securities.value(foreign)
        if not missing:
            return
        ratio = market.root.index_ratio
        strikes = np.array([float(one.strike or 0) / ratio for one in missing])
        settles = np.array([one.expires_at for one in missing], dtype=np.float64)
        vols = market.sigma(strikes, settles).tolist()
        for one, vol in zip(missing, vols, strict=True):
            self._values[one.key] = self._value_one(one, vol)

    def _value_one(self, one: Instrument, vol: float) -> _Value:
        market = self.market
        strike = float(one.strike or 0)
        years = one.years_left(market.at)
        forward = market.forward(one.expires_at) * one.index_ratio
        sign = 1 if one.right is Right.CALL else -1
        value = black76.greeks_one(
            forward, strike, years, vol, sign,
            discount=math.exp(-market.terms.rate * years), spot=self.spot,
        )  # fmt: skip
        vega = value.vega * 0.01
        spread = vol * math.sqrt(years)
        deviation = abs(math.log(strike / forward)) / spread if spread > 0 else 0.0
        half = _half_spread(vega, deviation) * market.terms.spread_factor
        greeks = Greeks(
            one.key, market.at, value.delta, value.gamma, vega, value.theta, vol,
            GreeksSource.BROKER,
        )  # fmt: skip
        return _Value(value.price, half, greeks)

    def _quote(self, one: Instrument) -> Quote:
        market = self.market
        if one.symbol in GRAINS:
            return self.grains.quote(one, market.at)
        if one.kind is Kind.COMBO:
            return combined(one.key, [self._quote(leg) for leg in one.legs])
        if self.securities.covers(one):
            return self.securities.quote(one)
        if one.kind is Kind.INDEX:
            return Quote(one.key, market.at, last=round(market.level * one.index_ratio, 2))
        tick = float(one.tick)
        if one.kind is Kind.FUTURE:
            fair = market.forward(one.expires_at)
            bid = round(math.floor(fair / tick) * tick, 2)
            ask = round(bid + tick * max(1, round(market.terms.spread_factor)), 2)
            trades = market.venue().open
        else:
            value = self._values[one.key]
            fair = value.price
            bid = round(math.floor((fair - value.half_spread) / tick + 1e-9) * tick, 2)
            ask = round(max(tick, math.ceil((fair + value.half_spread) / tick - 1e-9) * tick), 2)
            trades = market.options_open and one.expires_at > market.at
        last = round(round(fair / tick) * tick, 2)
        if not trades:
            return Quote(one.key, market.at, last=last)
        return Quote(one.key, market.at, bid if bid > 0 else None, ask, last)


def _half_spread(vega_per_point: _Number, deviations: _Number) -> _Number:
    """Return half the quoted width in root points (before the scenario's factor)."""
    return _BASE + _PER_VEGA * vega_per_point + _PER_DEVIATION * deviations


def _settles(root: OptionRoot, expiry: date) -> Timestamp:
    return option(root, expiry, Decimal(1), Right.CALL).expires_at
