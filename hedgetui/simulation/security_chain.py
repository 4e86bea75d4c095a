"""What options on single names the simulated exchange lists and quotes.

Expiries are the Fridays of six weeks and the third Fridays of half a year; of VIX, Wednesdays, the
monthly ones thirty days before the next month's third Friday. Strikes lie around the price: near
it in the name's own step, further away in twice that. Nothing is valued before somebody asks.

Options settle in cash at 16:00 New York, VIX on its level; physical delivery is not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from hedgetui.domain.instruments import (
    BOOK_ROOTS,
    VIX,
    Instrument,
    Kind,
    Right,
    option,
    option_root,
    settles_at,
    third_friday,
)
from hedgetui.domain.quotes import Greeks, GreeksSource, Quote
from hedgetui.domain.recommend import ChainRow
from hedgetui.domain.units import Timestamp, iso_utc
from hedgetui.ports.portfolio import ChainWindow, SecurityChain
from hedgetui.simulation.market import Market, Venue
from hedgetui.simulation.option_models import Contracts, Floats, Interest, OptionModels, Worth
from hedgetui.simulation.securities import NAMES, OPTIONABLE, SecurityMarket, is_listed
from hedgetui.simulation.sessions import trading_day
from hedgetui.simulation.smile import Listing

_WEEKS_DAYS: Final = 45
_MONTHS_DAYS: Final = 190
_VIX_NOTICE: Final = timedelta(days=30)
_WEDNESDAY, _FRIDAY = 2, 4
_NEAR_SHARE: Final = 0.12
"""Strikes in the name's own step up to this share of the price away; in twice that beyond."""
_FAR_SHARE: Final = 0.36
_VIX_NEAR, _VIX_FAR = 0.6, 2.0
"""The same of VIX, upwards: it rises further than anything falls."""


@dataclass(frozen=True, slots=True)
class _Priced:
    quote: Quote
    greeks: Greeks


def expiries(symbol: str, day: date) -> tuple[date, ...]:
    """Return the expiries listed on a day, nearest first."""
    weekday = _WEDNESDAY if symbol == VIX else _FRIDAY
    weekly = {
        one
        for one in (day + timedelta(days=n) for n in range(_WEEKS_DAYS + 1))
        if one.weekday() == weekday
    }
    last = day + timedelta(days=_MONTHS_DAYS)
    return tuple(sorted(weekly | {one for one in _monthly(symbol, day) if day <= one <= last}))


def _monthly(symbol: str, day: date) -> Iterable[date]:
    for ahead in range(_MONTHS_DAYS // 30 + 3):
        years, month = divmod(day.month - 1 + ahead, 12)
        friday = third_friday(day.year + years, month + 1)
        yield friday - _VIX_NOTICE if symbol == VIX else friday


def strikes_around(symbol: str, price: float) -> Floats:
    """Return the listed strikes, growing."""
    step = OPTIONABLE[symbol].step
    above = (_VIX_NEAR, _VIX_FAR) if symbol == VIX else (_NEAR_SHARE, _FAR_SHARE)
    near = _steps(price * (1 - _NEAR_SHARE), price * (1 + above[0]), step)
    far = _steps(price * (1 - _FAR_SHARE), price * (1 + above[1]), 2 * step)
    return np.union1d(near, far)


def _steps(low: float, high: float, step: float) -> Floats:
    first, last = max(1, math.ceil(low / step)), math.floor(high / step)
    return np.arange(first, last + 1, dtype=np.float64) * step


class SecurityBoard:
    """Quotes, greeks and chains of the names, at the market's present tick."""

    def __init__(self, market: Market, seed: int = 0) -> None:
        """List and quote beside `market`; draw everything from `seed`."""
        self.market = market
        self.prices = SecurityMarket(market, seed)
        self._models = OptionModels(self.prices)
        self._valued_at = Timestamp(-math.inf)
        self._values: dict[str, _Priced] = {}

    def covers(self, one: Instrument) -> bool:
        """Return whether an instrument is quoted here and not by the market of the index."""
        if one.kind is Kind.OPTION:
            return one.symbol not in BOOK_ROOTS and one.symbol != self.market.root.symbol
        return one.kind is Kind.STOCK or one.key == VIX

    def venue(self, symbol: str) -> Venue | None:
        """Return whether a name trades, why not and when that may change; None for no name."""
        return self.prices.venue() if is_listed(symbol) else None

    def listing(self, symbol: str) -> Listing:
        """Return a name's living expiries with their strikes; none where it has no options."""
        if symbol not in OPTIONABLE:
            return ()
        strikes = strikes_around(symbol, self.prices.price(symbol))
        days = expiries(symbol, trading_day(self.market.at))
        return tuple((day, strikes) for day in days if settles_at(day) > self.market.at)

    def refusal(self, one: Instrument) -> str:
        """Return why an instrument cannot be traded here, empty when it can."""
        if one.kind is Kind.STOCK:
            return "" if one.symbol in NAMES else f"{one.key} is not listed"
        if one.kind is Kind.INDEX:
            return f"{one.key} cannot be traded: it is an index"
        if one.symbol not in OPTIONABLE:
            return f"no options on {one.symbol} are listed"
        for expiry, strikes in self.listing(one.symbol):
            if expiry == one.expiry and float(one.strike or 0) in strikes:
                return ""
        return f"{one.key} is not listed"

    def settlement(self, one: Instrument) -> Decimal:
        """Return what one unit of an option settles at when it expires now: intrinsic value."""
        inside = self._exact(one.symbol) - (one.strike or Decimal(0))
        worth = max(Decimal(0), -inside if one.right is Right.PUT else inside)
        return worth.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")

    def _exact(self, symbol: str) -> Decimal:
        return Decimal(str(round(self.prices.price(symbol), 2)))

    def value(self, options: Iterable[Instrument]) -> None:
        """Price options of the present tick that are not priced yet, all in one go.

        Options on what is not listed have no price.
        """
        if self._valued_at != self.market.at:
            self._values.clear()
            self._valued_at = self.market.at
        missing = [
            one for one in options if one.symbol in OPTIONABLE and one.key not in self._values
        ]
        if not missing:
            return
        worth = self._models.worth(_contracts(missing))
        for row, one in enumerate(missing):
            self._values[one.key] = self._priced(one, worth, row)

    def _priced(self, one: Instrument, worth: Worth, row: int) -> _Priced:
        at, found = self.market.at, worth.greeks
        last = round(float(found.price[row]), 2)
        quote = Quote(one.key, at, last=last)
        if self.market.options_open and one.expires_at > at:
            bid = float(worth.bid[row])
            quote = Quote(one.key, at, bid if bid > 0 else None, float(worth.ask[row]), last)
        greeks = Greeks(
            one.key, at, float(found.delta[row]), float(found.gamma[row]),
            float(found.vega[row]) * 0.01, float(found.theta[row]), float(worth.vols[row]),
            GreeksSource.BROKER,
        )  # fmt: skip
        return _Priced(quote, greeks)

    def quote(self, one: Instrument) -> Quote:
        """Return the quote of shares, of VIX, or of an option; one without a value is empty."""
        if one.kind is Kind.OPTION:
            priced = self._values.get(one.key)
            return priced.quote if priced else Quote(one.key, self.market.at)
        if one.kind is Kind.INDEX:
            return Quote(one.key, self.market.at, last=self.prices.vix)
        return self.prices.quote(one)

    def greeks(self, one: Instrument) -> Greeks | None:
        """Return the greeks of an option, None without a value."""
        priced = self._values.get(one.key)
        return priced.greeks if priced else None

    def interest(self, one: Instrument) -> tuple[int, int]:
        """Return open interest and today's volume of an option; none where it is not listed."""
        if one.symbol not in OPTIONABLE:
            return 0, 0
        found = self._models.interest(_contracts((one,)))
        return int(found.open[0]), int(found.volume[0])

    def chain(self, symbol: str, window: ChainWindow) -> SecurityChain | None:
        """Return the quotes of a name's options inside a window, None when it has none.

        Nothing is quoted (NaN) while securities do not trade.
        """
        if symbol not in OPTIONABLE:
            return None
        spot, at = self.prices.price(symbol), self.market.at
        contracts = self._inside(symbol, spot, window)
        rows: tuple[ChainRow, ...] = ()
        if len(contracts.which):
            interest = self._models.interest(contracts)
            rows = tuple(self._rows(contracts, self._models.worth(contracts), interest))
        venue = self.prices.venue()
        notes = () if venue.open else (f"closed until {iso_utc(venue.until)} ({venue.reason})",)
        return SecurityChain(symbol, at, round(spot, 2), rows, notes=notes)

    def _inside(self, symbol: str, spot: float, window: ChainWindow) -> Contracts:
        today = trading_day(self.market.at)
        strikes: list[float] = []
        settles: list[float] = []
        for expiry, listed in self.listing(symbol):
            if window.days[0] <= (expiry - today).days <= window.days[1]:
                low, high = (spot * one for one in window.moneyness)
                chosen = listed[(listed >= low - 1e-9) & (listed <= high + 1e-9)].tolist()
                strikes += chosen
                settles += [settles_at(expiry)] * len(chosen)
        signs = [sign for sign, right in ((1.0, "C"), (-1.0, "P")) if right in window.rights]
        count = len(strikes) * len(signs)
        return Contracts(
            (symbol,),
            np.zeros(count, dtype=np.int64),
            np.tile(np.array(strikes), len(signs)),
            np.tile(np.array(settles), len(signs)),
            np.repeat(np.array(signs), len(strikes)),
        )

    def _rows(self, options: Contracts, worth: Worth, interest: Interest) -> Iterable[ChainRow]:
        closed = not self.market.options_open
        unquoted = [math.nan] * len(options.which)
        columns: Sequence[Sequence[float]] = (
            options.settles.tolist(), options.strikes.tolist(), options.signs.tolist(),
            unquoted if closed else worth.bid.tolist(), unquoted if closed else worth.ask.tolist(),
            interest.volume.tolist(), interest.open.tolist(), worth.vols.tolist(),
        )  # fmt: skip
        days = {end: trading_day(Timestamp(end)) for end in set(columns[0])}
        for end, strike, sign, *numbers in zip(*columns, strict=True):
            right = Right.CALL if sign > 0 else Right.PUT
            yield ChainRow(days[end], strike, right, *numbers)


def _contracts(options: Sequence[Instrument]) -> Contracts:
    symbols = tuple(sorted({one.symbol for one in options}))
    return Contracts(
        symbols,
        np.array([symbols.index(one.symbol) for one in options]),
        np.array([float(one.strike or 0) for one in options]),
        np.array([one.expires_at for one in options], dtype=np.float64),
        np.array([1.0 if one.right is Right.CALL else -1.0 for one in options]),
    )


def listed_option(symbol: str, expiry: date, strike: float, right: Right) -> Instrument:
    """Return the option of a name with these terms."""
    return option(option_root(symbol), expiry, Decimal(str(strike)), right)
