"""Black-76: European options on a forward, for arrays and for single numbers.

Index options are priced off their forward because put-call parity shows the forward in the quotes,
while rates and dividends are guesses. Conventions, everywhere in the product:

- `sign` is +1 for a call and -1 for a put; times are calendar years, volatilities are annual.
- `discount` is the price today of one dollar at expiry, exp(-rT).
- Delta, gamma and theta are taken in `spot`, the level of the underlying itself, with carry
  e^{(r-q)T} = forward/spot held fixed: delta = sign · e^{-qT} · N(sign·d1) = sign · discount ·
  forward/spot · N(sign·d1). With `spot` left out it is the forward, and delta is the discounted
  forward delta: one formula serves both.
- Vega is per 1.00 of volatility (times `VOL_POINT` per vol point), theta per calendar day.

Formulas: F. Black, "The pricing of commodity contracts", J. Financial Economics 3 (1976); theta
from the Black-Scholes equation, theta = (r·V - (r-q)·S·delta - σ²S²·gamma/2) per year.
Arrays pay about 100 µs of overhead, so below some sixteen legs the `_one` functions are faster.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hedgetui.domain.pricing.normal import (
    cumulative_from_density,
    cumulative_one,
    density,
    density_one,
)
from hedgetui.domain.units import DAYS_PER_YEAR

FloatArray = NDArray[np.float64]

VOL_POINT = 0.01
"""One vol point: vega times this is dollars per point."""

_TINY = 1e-300
"""Stands in for a zero deviation, so that d1 is ±infinity in effect and nothing divides by 0."""


@dataclass(frozen=True, slots=True)
class OptionGreeks:
    """Price and sensitivities of n options, arrays of one shape; see the module for the units."""

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray


@dataclass(frozen=True, slots=True)
class OneOptionGreeks:
    """Price and sensitivities of one option; see the module for the units."""

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float


def sign_of(is_call: NDArray[np.bool_]) -> FloatArray:
    """Return +1.0 where a call, -1.0 where a put."""
    return np.where(is_call, 1.0, -1.0)


def price(
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    sign: ArrayLike,
    discount: ArrayLike = 1.0,
) -> FloatArray:
    """Return option prices; arguments broadcast. At zero time or volatility: intrinsic value."""
    f, k, s = (np.asarray(value, np.float64) for value in (forward, strike, sign))
    deviation = np.maximum(np.asarray(vol) * np.sqrt(years), _TINY)
    with np.errstate(over="ignore"):
        d1 = np.log(f / k) / deviation + 0.5 * deviation
        d2 = d1 - deviation
        first = cumulative_from_density(s * d1, density(d1))
        second = cumulative_from_density(s * d2, density(d2))
    return np.asarray(np.asarray(discount) * s * (f * first - k * second))


def greeks(
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    sign: ArrayLike,
    *,
    discount: ArrayLike = 1.0,
    spot: ArrayLike | None = None,
) -> OptionGreeks:
    """Return prices and greeks; arguments broadcast, NaN in gives NaN out.

    At zero time or volatility the option is worth its intrinsic value, with delta 0 or ±1 (times
    the carry) and no gamma, vega or theta.
    """
    f, k, s, t = (np.asarray(value, np.float64) for value in (forward, strike, sign, years))
    df = np.asarray(discount, np.float64)
    level = f if spot is None else np.asarray(spot, np.float64)
    root = np.sqrt(t)
    deviation = np.maximum(vol * root, _TINY)
    dead = deviation <= _TINY
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        d1 = np.log(f / k) / deviation + 0.5 * deviation
        d2 = d1 - deviation
        density1 = density(d1)
        first = cumulative_from_density(s * d1, density1)
        second = cumulative_from_density(s * d2, density(d2))
        carried = df * f
        value = s * (carried * first - df * k * second)
        delta = s * carried * first / level
        vega = carried * density1 * root
        gamma = np.where(dead, 0.0, carried * density1 / (level * level * deviation))
        per_year = (
            np.log(df) * value
            + np.log(f / level) * level * delta
            + 0.5 * deviation * deviation * level * level * gamma
        ) / -t
    theta = np.where(dead, 0.0, per_year / DAYS_PER_YEAR)
    return OptionGreeks(value, delta, gamma, vega, theta)


def price_one(
    forward: float, strike: float, years: float, vol: float, sign: int, discount: float = 1.0
) -> float:
    """Return the price of one option, without numpy."""
    deviation = vol * math.sqrt(years)
    if deviation <= 0:
        return discount * max(0.0, sign * (forward - strike))
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    first = cumulative_one(sign * d1)
    second = cumulative_one(sign * (d1 - deviation))
    return discount * sign * (forward * first - strike * second)


def greeks_one(
    forward: float,
    strike: float,
    years: float,
    vol: float,
    sign: int,
    *,
    discount: float = 1.0,
    spot: float | None = None,
) -> OneOptionGreeks:
    """Return price and greeks of one option, without numpy; the same numbers as `greeks`."""
    level = forward if spot is None else spot
    carried = discount * forward
    deviation = vol * math.sqrt(years)
    if deviation <= 0:
        inside = _inside(sign * (forward - strike))
        value = inside * sign * discount * (forward - strike)
        return OneOptionGreeks(value, inside * sign * carried / level, 0.0, 0.0, 0.0)
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    density1 = density_one(d1)
    first = cumulative_one(sign * d1)
    second = cumulative_one(sign * (d1 - deviation))
    value = sign * (carried * first - discount * strike * second)
    delta = sign * carried * first / level
    gamma = carried * density1 / (level * level * deviation)
    per_year = -(
        math.log(discount) * value
        + math.log(forward / level) * level * delta
        + 0.5 * (deviation * level) ** 2 * gamma
    )
    theta = per_year / years / DAYS_PER_YEAR
    return OneOptionGreeks(value, delta, gamma, carried * density1 * math.sqrt(years), theta)


def _inside(moneyness: float) -> float:
    """1 in the money, 0 out of it, one half exactly at the strike: the limit of N(d1)."""
    return 0.5 if moneyness == 0 else float(moneyness > 0)
