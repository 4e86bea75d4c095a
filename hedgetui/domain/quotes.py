"""Market data with its age, because a number without its age cannot be traded on.

Missing values are `None` or NaN, never 0 or -1: `number()` turns every sentinel a broker is known
to send into a missing value at the door.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.instruments import OptionRoot, Right
from hedgetui.domain.units import IndexPoints, Seconds, Timestamp

_UNSET_MAGNITUDE = 1.797e308
"""A broker's "unset double" (the largest float), in every spelling seen on the wire."""


def number(value: object) -> float | None:
    """Return a finite float, or None for None, text, NaN, infinities and the unset double."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    result = float(value)
    if not math.isfinite(result) or abs(result) >= _UNSET_MAGNITUDE:
        return None
    return result


def price_number(value: object) -> float | None:
    """Return a price that can exist: finite and positive; -1 and 0 mean "no quote"."""
    result = number(value)
    return result if result is not None and result > 0 else None


class DataType(StrEnum):
    """How live a quote is, as the broker labels it."""

    LIVE = "live"
    FROZEN = "frozen"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask of one instrument at one moment."""

    key: str
    at: Timestamp
    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    data_type: DataType = DataType.LIVE

    @property
    def mid(self) -> float | None:
        """Middle of bid and ask; a one-sided quote has none."""
        if self.bid is None or self.ask is None or self.bid > self.ask:
            return None
        return (self.bid + self.ask) / 2

    @property
    def mark(self) -> float | None:
        """The mid, else the last trade: good enough to value, never to hedge on."""
        mid = self.mid
        return mid if mid is not None else self.last

    def age(self, now: Timestamp) -> Seconds:
        """Seconds since the quote was made."""
        return Seconds(max(0.0, now - self.at))


def combined(key: str, legs: Sequence[Quote]) -> Quote:
    """Return the quote of a combo from its legs' quotes: sums of prices, as old as the oldest.

    A side, or the last price, that one leg lacks is missing; a leg whose quote is crossed leaves
    no side. The data type is the least live of the legs'.
    """
    crossed = any(leg.bid is not None and leg.ask is not None and leg.bid > leg.ask for leg in legs)
    bid = None if crossed else _total([leg.bid for leg in legs])
    ask = None if crossed else _total([leg.ask for leg in legs])
    worst = max((leg.data_type for leg in legs), key=list(DataType).index)
    oldest = min(leg.at for leg in legs)
    return Quote(key, oldest, bid, ask, _total([leg.last for leg in legs]), worst)


def _total(prices: Sequence[float | None]) -> float | None:
    known = [price for price in prices if price is not None]
    return round(sum(known), 6) if len(known) == len(prices) else None


class GreeksSource(StrEnum):
    """Where greeks come from; anything but BROKER is shown with `≈`."""

    BROKER = "broker"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Greeks:
    """Sensitivities of one option contract per one point of its own underlying.

    `delta` is per unit of underlying (0..±1), `gamma` per point, `vega` dollars of option price
    per vol point (0.01), `theta` option price per calendar day; none is scaled by the multiplier.
    """

    key: str
    at: Timestamp
    delta: float
    gamma: float
    vega: float
    theta: float
    iv: float
    source: GreeksSource = GreeksSource.BROKER

    @property
    def usable(self) -> bool:
        """Whether every number can be one; brokers send -1, -2 and NaN for what they lack."""
        numbers = (self.at, self.delta, self.gamma, self.vega, self.theta, self.iv)
        known = all(number(value) is not None for value in numbers)
        return known and abs(self.delta) <= 1 and min(self.gamma, self.vega, self.iv) >= 0

    def age(self, now: Timestamp) -> Seconds:
        """Seconds since the broker computed them."""
        return Seconds(max(0.0, now - self.at))


@dataclass(frozen=True, slots=True)
class ExpiryQuotes:
    """Every quoted strike of one expiry, as arrays of equal length n (NaN where not quoted)."""

    expiry: date
    strikes: NDArray[np.float64]
    call_bid: NDArray[np.float64]
    call_ask: NDArray[np.float64]
    put_bid: NDArray[np.float64]
    put_ask: NDArray[np.float64]

    def sides(self, right: Right) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (bid, ask) of one right."""
        if right is Right.CALL:
            return self.call_bid, self.call_ask
        return self.put_bid, self.put_ask


@dataclass(frozen=True, slots=True)
class ChainSnapshot:
    """An option chain at one moment, in the points of its own underlying (XSP is a tenth)."""

    root: OptionRoot
    at: Timestamp
    spot: IndexPoints
    """Level of the option's own underlying, in its own points."""
    expiries: tuple[ExpiryQuotes, ...]


@dataclass(frozen=True, slots=True)
class VolatilityHistory:
    """Daily implied volatility of the underlying over the last year, oldest first."""

    daily: tuple[float, ...]
    current: float | None = None
