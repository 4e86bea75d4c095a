"""Reading a chain: forward, implied volatility and delta of every strike, all expiries at once.

The forward comes from put-call parity, because the quotes know dividends and rates better than any
setting; the volatility of a strike from its out-of-the-money side, where the quote is tightest and
carries time value only. One vectorised pass serves the scanner, the study and the payoff chart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.instruments import OptionRoot, Right, option
from hedgetui.domain.pricing import black76
from hedgetui.domain.pricing.implied import implied_vol
from hedgetui.domain.quotes import ExpiryQuotes
from hedgetui.domain.units import Timestamp

FloatArray = NDArray[np.float64]

_NEAR_STRIKES = 9
_FEWEST_STRIKES = 3
_FARTHEST_FORWARD = 0.10
"""A parity forward further from spot than this is a broken quote, not carry."""


@dataclass(frozen=True, slots=True)
class ExpirySurface:
    """One expiry as the market prices it; arrays of length n, NaN where there is no quote."""

    quotes: ExpiryQuotes
    years: float
    forward: float
    discount: float
    spot: float
    vols: FloatArray
    """Implied volatility of each strike."""
    call_deltas: FloatArray
    put_deltas: FloatArray
    """Deltas in the underlying, negative for puts."""

    @property
    def expiry(self) -> date:
        """The expiry date."""
        return self.quotes.expiry

    @property
    def at_the_money(self) -> float:
        """Volatility of the quoted strike nearest the forward; NaN when nothing is quoted."""
        known = np.isfinite(self.vols)
        if not known.any():
            return math.nan
        nearest = np.argmin(np.abs(self.quotes.strikes[known] - self.forward))
        return float(self.vols[known][nearest])

    def vol_of(self, strike: float) -> float | None:
        """Return the volatility at a quoted strike, or None."""
        found = np.flatnonzero(self.quotes.strikes == strike)
        if not found.size or not math.isfinite(vol := float(self.vols[found[0]])):
            return None
        return vol


def mids(bid: FloatArray, ask: FloatArray) -> FloatArray:
    """Return the middle of two-sided, uncrossed quotes, NaN elsewhere."""
    return np.where(bid <= ask, 0.5 * (bid + ask), np.nan)


def parity_forward(quotes: ExpiryQuotes, spot: float, discount: float = 1.0) -> float:
    """Return the forward as the median of K + (C - P)/discount over the strikes nearest `spot`.

    The median is immune to a few stale strikes. With fewer than three two-sided strikes, or a
    result more than 10 % away from it, the answer is `spot`.
    """
    difference = mids(quotes.call_bid, quotes.call_ask) - mids(quotes.put_bid, quotes.put_ask)
    known = np.flatnonzero(np.isfinite(difference))
    if known.size < _FEWEST_STRIKES:
        return spot
    near = known[np.argsort(np.abs(quotes.strikes[known] - spot), kind="stable")[:_NEAR_STRIKES]]
    forward = float(np.median(quotes.strikes[near] + difference[near] / discount))
    return forward if abs(forward / spot - 1) <= _FARTHEST_FORWARD else spot


def read_surfaces(
    root: OptionRoot,
    expiries: Sequence[ExpiryQuotes],
    spot: float,
    now: Timestamp,
    *,
    rate: float = 0.0,
) -> tuple[ExpirySurface, ...]:
    """Return the surface of each expiry that still has time left; `rate` is per year."""
    live: list[tuple[ExpiryQuotes, float, float, float]] = []
    for quotes in expiries:
        years = option(root, quotes.expiry, 1, Right.CALL).years_left(now)
        if years > 0 and quotes.strikes.size:
            discount = math.exp(-rate * years)
            live.append((quotes, years, discount, parity_forward(quotes, spot, discount)))
    if not live:
        return ()
    counts = [quotes.strikes.size for quotes, *_ in live]
    years_each, discounts, forwards = (
        np.repeat(np.array(column), counts) for column in list(zip(*live, strict=True))[1:]
    )
    strikes = np.concatenate([quotes.strikes for quotes, *_ in live])
    calls = np.concatenate([mids(quotes.call_bid, quotes.call_ask) for quotes, *_ in live])
    puts = np.concatenate([mids(quotes.put_bid, quotes.put_ask) for quotes, *_ in live])
    prices, signs = _tighter_side(strikes, forwards, calls, puts)
    vols = implied_vol(prices, forwards, strikes, years_each, signs, discounts)
    deltas = black76.greeks(
        forwards, strikes, years_each, vols, 1.0, discount=discounts, spot=spot
    ).delta
    splits = np.cumsum(counts)[:-1]
    return tuple(
        ExpirySurface(
            quotes, years, forward, discount, spot, vol, delta, delta - discount * forward / spot
        )
        for (quotes, years, discount, forward), vol, delta in zip(
            live, np.split(vols, splits), np.split(deltas, splits), strict=True
        )
    )


def _tighter_side(
    strikes: FloatArray, forwards: FloatArray, calls: FloatArray, puts: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return (mid, sign) of the out-of-the-money side, or of the only side that is quoted."""
    use_call = strikes >= forwards
    use_call = np.where(use_call, np.isfinite(calls) | np.isnan(puts), np.isnan(puts))
    return np.where(use_call, calls, puts), black76.sign_of(use_call)
