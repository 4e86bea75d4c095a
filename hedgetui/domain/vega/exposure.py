"""What the book gains or loses: exposures in index terms and values over index levels.

The trader hedges in dollars per S&P 500 point, whatever the options are on, so every function here
takes index levels and converts with the instrument's own multiplier and index ratio. A leg whose
greeks are missing is named, never counted as zero without saying so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import Instrument, Right
from hedgetui.domain.pricing import black76
from hedgetui.domain.pricing.implied import implied_vol_one
from hedgetui.domain.quotes import Greeks, GreeksSource
from hedgetui.domain.units import (
    SECONDS_PER_DAY,
    Contracts,
    DollarsPerPoint,
    IndexPoints,
    ShareDelta,
    Timestamp,
)

FloatArray = NDArray[np.float64]

_LEAST_VOL = 1e-4
"""A shifted volatility is never taken below one hundredth of a vol point."""


@dataclass(frozen=True, slots=True)
class OptionLeg:
    """A signed option position; `price` is what it was bought at, None when that is unknown."""

    instrument: Instrument
    quantity: Contracts
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """Sensitivities of a set of legs, summed."""

    delta: DollarsPerPoint
    """Δ$: dollars per +1.00 S&P 500 point. The only delta that sizes orders."""
    shares: ShareDelta
    """Shares of the underlying; ten times Δ$ for XSP, for display."""
    gamma: float
    """dΔ$ per index point."""
    vega: float
    """Dollars per +1 vol point."""
    theta: float
    """Dollars per calendar day."""
    missing: tuple[str, ...] = ()
    """Keys of legs without greeks; their part is in none of the sums."""
    approximate: bool = False
    """Whether any leg uses the console's own model (`≈`)."""

    @property
    def complete(self) -> bool:
        """Whether every leg is in the sums."""
        return not self.missing


def sign(instrument: Instrument) -> int:
    """Return +1 for a call, -1 for a put.

    Raises:
        DataError: the instrument is no option.
    """
    if instrument.right is None:
        message = f"{instrument.key} is no option"
        raise DataError(message)
    return 1 if instrument.right is Right.CALL else -1


def strike(instrument: Instrument) -> float:
    """Return the strike as a float, in points of the underlying.

    Raises:
        DataError: the instrument is no option.
    """
    if instrument.strike is None:
        message = f"{instrument.key} is no option"
        raise DataError(message)
    return float(instrument.strike)


def dollar_delta(instrument: Instrument, quantity: int, delta: float = 1.0) -> DollarsPerPoint:
    """Return Δ$ of `quantity` contracts of own delta `delta`: one XSP option of delta 1 is 10."""
    return DollarsPerPoint(quantity * delta * instrument.delta_per_unit)


def exposure(legs: Sequence[OptionLeg], greeks: Mapping[str, Greeks]) -> Exposure:
    """Sum the exposure of `legs`, given greeks by instrument key."""
    delta = shares = gamma = vega = theta = 0.0
    missing: list[str] = []
    approximate = False
    for leg in legs:
        unit = greeks.get(leg.instrument.key)
        if unit is None:
            missing.append(leg.instrument.key)
            continue
        approximate |= unit.source is not GreeksSource.BROKER
        ratio = leg.instrument.index_ratio
        count = leg.quantity * float(leg.instrument.multiplier)
        shares += count * unit.delta
        delta += count * unit.delta * ratio
        gamma += count * unit.gamma * ratio * ratio
        vega += count * unit.vega
        theta += count * unit.theta
    return Exposure(
        DollarsPerPoint(delta), ShareDelta(shares), gamma, vega, theta, tuple(missing), approximate
    )


def model_greeks(
    instrument: Instrument,
    mid: float,
    underlying_level: float,
    forward: float,
    now: Timestamp,
    *,
    discount: float = 1.0,
) -> Greeks | None:
    """Return the console's own greeks from the mid, or None where the mid implies no volatility.

    `underlying_level` and `forward` are in points of the option's own underlying (XSP, not the
    index); delta is taken in the underlying, vega per vol point, theta per calendar day.
    """
    years = instrument.years_left(now)
    side, exercise = sign(instrument), strike(instrument)
    vol = implied_vol_one(mid, forward, exercise, years, side, discount)
    if not math.isfinite(vol):
        return None
    unit = black76.greeks_one(
        forward, exercise, years, vol, side, discount=discount, spot=underlying_level
    )
    return Greeks(
        instrument.key, now, unit.delta, unit.gamma, unit.vega * black76.VOL_POINT, unit.theta, vol,
        GreeksSource.MODEL,
    )  # fmt: skip


def hedge_value(levels: FloatArray, hedge: DollarsPerPoint, at: IndexPoints) -> FloatArray:
    """Return the hedge's dollars at each index level: `hedge` Δ$ of futures, put on at `at`."""
    return np.asarray(hedge * (levels - at))


def payoff_at_expiry(levels: FloatArray, legs: Sequence[OptionLeg]) -> FloatArray:
    """Return dollars at expiry per index level: intrinsic value minus the price paid.

    A leg without a known price adds its value alone.
    """
    total = np.zeros(levels.shape)
    for leg in legs:
        own = levels * leg.instrument.index_ratio
        intrinsic = np.maximum(sign(leg.instrument) * (own - strike(leg.instrument)), 0.0)
        paid = leg.price if leg.price is not None else 0.0
        total += leg.quantity * float(leg.instrument.multiplier) * (intrinsic - paid)
    return total


def value_at(
    levels: FloatArray,
    legs: Sequence[OptionLeg],
    vols: Mapping[str, float],
    now: Timestamp,
    *,
    shift_days: float = 0.0,
    vol_shift: float = 0.0,
    carry: float = 1.0,
) -> FloatArray:
    """Return the dollars the legs are worth at each index level, by full reprice.

    `vols` are implied volatilities by instrument key and stay with their strike; `vol_shift` is
    added to each (0.01 is one vol point), `shift_days` moves the clock, `carry` is forward over
    spot. Subtract the cost to get a profit.

    Raises:
        KeyError: a leg has no volatility in `vols`.
    """
    later = Timestamp(now + shift_days * SECONDS_PER_DAY)
    total = np.zeros(levels.shape)
    for leg in legs:
        terms = leg.instrument
        vol = max(_LEAST_VOL, vols[terms.key] + vol_shift)
        own = levels * (terms.index_ratio * carry)
        unit = black76.price(own, strike(terms), terms.years_left(later), vol, sign(terms))
        total += leg.quantity * float(terms.multiplier) * unit
    return total


def delta_at(
    levels: FloatArray,
    legs: Sequence[OptionLeg],
    vols: Mapping[str, float],
    now: Timestamp,
    *,
    carry: float = 1.0,
) -> FloatArray:
    """Return the options' Δ$ at each index level, by full reprice with volatility per strike.

    Raises:
        KeyError: a leg has no volatility in `vols`.
    """
    total = np.zeros(levels.shape)
    for leg in legs:
        terms = leg.instrument
        own = levels * terms.index_ratio
        unit = black76.greeks(
            own * carry, strike(terms), terms.years_left(now), vols[terms.key], sign(terms),
            spot=own,
        )  # fmt: skip
        total += leg.quantity * terms.delta_per_unit * unit.delta
    return total
