"""Implied volatility that never fails: a rational start, three high-order steps, a safety net.

A scanner inverts thousands of quotes at once and some of them are nonsense, so nothing here raises:
a price at or below intrinsic value, at or above its bound, or NaN has no volatility and gives NaN.

Prices become the undiscounted out-of-the-money time value b divided by √(F·K), a function of
x = -|ln F/K| and s = σ√T alone. It is convex in s below s_c = √(2|x|) and concave above. Below, the
equation is solved in 1/ln b, which is nearly quadratic in s; above, in b itself. This split is that
of P. Jäckel, "Let's be rational" (2015). The start is a rational interpolation of s² below and the
tangent at s_c above; three steps of Householder's third-order method (Halley's with one more
derivative, which is free here) then reach the last digits. What has not settled is bisected.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hedgetui.domain.pricing.normal import cumulative, cumulative_one

FloatArray = NDArray[np.float64]
Number = TypeVar("Number", float, FloatArray)
"""The algebra below serves one option and many alike."""

_STEPS = 3
_SETTLED = 1e-4
"""A last step below this share of s leaves an error of its fourth power."""
_HALVINGS = 100
_MOST_DEVIATION = 60.0
_MIDDLE_OF_NOTHING = 1e-300
"""Stands in for s_c = 0 at the money, so that x/s is zero and not 0/0."""
_LEAST_VALUE = 1e-290
"""Below this the logarithm's derivatives overflow; such a value is no quote."""
_ROOT_2PI = math.sqrt(2 * math.pi)


def implied_vol(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    sign: ArrayLike,
    discount: ArrayLike = 1.0,
) -> FloatArray:
    """Return the Black-76 volatility of each price; arguments broadcast.

    `sign` is +1 for calls and -1 for puts. NaN where the price allows no volatility: not finite, at
    or below intrinsic value, at or above its upper bound, or no time left.
    """
    given = (price, forward, strike, years, sign, discount)
    p, f, k, t, s, df = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in given))
    result = np.full(p.shape, np.nan)
    with np.errstate(all="ignore"):
        value = (p / df - np.maximum(s * (f - k), 0.0)) / np.sqrt(f * k)
        x = -np.abs(np.log(f / k))
        good = (value > _LEAST_VALUE) & (value < np.exp(x / 2)) & (t > 0)
        x, value = x[good], value[good]
        result[good] = _deviation(x, value) / np.sqrt(t[good])
    return result


def implied_vol_one(
    price: float, forward: float, strike: float, years: float, sign: int, discount: float = 1.0
) -> float:
    """Return the volatility of one price, without numpy; NaN where it allows none."""
    if not (forward > 0 and strike > 0 and years > 0 and discount > 0):
        return math.nan
    ratio, scale = forward / strike, math.sqrt(forward) * math.sqrt(strike)
    if not 0 < ratio < math.inf:
        return math.nan
    value = (price / discount - max(sign * (forward - strike), 0.0)) / scale
    x = -abs(math.log(ratio))
    if not _LEAST_VALUE < value < math.exp(x / 2):
        return math.nan
    try:
        deviation = _deviation_one(x, value)
    except (ArithmeticError, ValueError):  # a step left the domain; bisection cannot
        deviation = math.nan
    if math.isnan(deviation):
        deviation = _bisect_one(x, value)
    return deviation / math.sqrt(years)


def _deviation_one(x: float, value: float) -> float:
    """Return s = σ√T of one normalised time value, NaN where the steps do not settle."""
    middle = math.sqrt(-2 * x)
    inflection = _value_one(x, middle) if x else 0.0
    log_value, grow = math.log(value), math.exp(-x / 2)
    lower = value < inflection
    if lower:
        s = math.sqrt(_lower_start(middle, log_value, inflection, math.log(inflection), grow))
    else:
        s = _upper_start(middle, value, inflection, grow)
    change = math.inf
    for _ in range(_STEPS):
        now = _value_one(x, s)
        slope = math.exp(-0.5 * (x * x / (s * s) + s * s / 4)) / _ROOT_2PI
        if lower:
            change = _lower_step(x, s, now, math.log(now), slope, log_value)
        else:
            change = _upper_step(x, s, now, slope, value)
        s += change
    return s if abs(change) < _SETTLED * s else math.nan


def _deviation(x: FloatArray, value: FloatArray) -> FloatArray:
    """Return s = σ√T for normalised time values, shapes (n,)."""
    inflection = _value(x, np.maximum(np.sqrt(-2 * x), _MIDDLE_OF_NOTHING))
    s, last = np.empty_like(x), np.empty_like(x)
    lower = value < inflection
    for rows, solve in ((lower, _solve_lower), (~lower, _solve_upper)):
        s[rows], last[rows] = solve(x[rows], value[rows], inflection[rows])
    astray = ~(np.abs(last) < _SETTLED * s)
    if astray.any():
        s[astray] = _bisect(x[astray], value[astray])
    return s


def _solve_lower(
    x: FloatArray, value: FloatArray, inflection: FloatArray
) -> tuple[FloatArray, FloatArray]:
    log_value, log_inflection = np.log(value), np.log(inflection)
    middle, grow = np.sqrt(-2 * x), np.exp(-x / 2)
    s = np.sqrt(_lower_start(middle, log_value, inflection, log_inflection, grow))
    change = np.full_like(s, np.inf)
    for _ in range(_STEPS):
        now = _value(x, s)
        change = _lower_step(x, s, now, np.log(now), _slope(x, s), log_value)
        s = s + change
    return s, change


def _solve_upper(
    x: FloatArray, value: FloatArray, inflection: FloatArray
) -> tuple[FloatArray, FloatArray]:
    s = _upper_start(np.sqrt(-2 * x), value, inflection, np.exp(-x / 2))
    change = np.full_like(s, np.inf)
    for _ in range(_STEPS):
        change = _upper_step(x, s, _value(x, s), _slope(x, s), value)
        s = s + change
    return s, change


def _lower_start(
    middle: Number, log_value: Number, inflection: Number, log_inflection: Number, grow: Number
) -> Number:
    """Interpolate s² in 1/ln b between 0 (slope -x²/2, the far tail) and s_c = `middle`.

    The form is the monotone rational quadratic of J. Gregory and R. Delbourgo (1982); `grow` is
    e^{-x/2}, so that the density at the inflection is 1/(grow·√(2π)).
    """
    share = log_inflection / log_value
    end = middle * middle
    first = end * end / (-8 * log_inflection)
    last = -2 * middle * inflection * log_inflection * _ROOT_2PI * grow
    cross = share * (1 - share)
    return end * (end * share * share + first * cross) / (end + (first + last - 2 * end) * cross)


def _upper_start(middle: Number, value: Number, inflection: Number, grow: Number) -> Number:
    """Follow the tangent at s_c = `middle`; `grow` is e^{-x/2}."""
    return middle + (value - inflection) * _ROOT_2PI * grow


def _lower_step(
    x: Number, s: Number, now: Number, log_now: Number, slope: Number, log_value: Number
) -> Number:
    """Return the change of s that solves 1/ln b(s) = 1/ln value to fourth order."""
    q = x * x / (s * s * s) - s / 4
    c = q * q - 3 * x * x / (s * s * s * s) - 0.25
    r = slope / now
    # Derivatives of ln b, each divided by the first.
    second = q - r
    third = c - 3 * q * r + 2 * r * r
    lead = r / log_now
    newton = (log_now / log_value - 1) * log_now / -r
    return _householder(newton, second - 2 * lead, third - 6 * lead * second + 6 * lead * lead)


def _upper_step(x: Number, s: Number, now: Number, slope: Number, value: Number) -> Number:
    """Return the change of s that solves b(s) = value to fourth order."""
    q = x * x / (s * s * s) - s / 4
    c = q * q - 3 * x * x / (s * s * s * s) - 0.25
    return _householder((value - now) / slope, q, c)


def _householder(newton: Number, second: Number, third: Number) -> Number:
    """Householder's third-order step; `second` and `third` are f''/f' and f'''/f'."""
    return newton * (1 + 0.5 * second * newton) / (1 + newton * (second + third * newton / 6))


def _slope(x: FloatArray, s: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * (x * x / (s * s) + s * s / 4)) / _ROOT_2PI)


def _value(x: FloatArray, s: FloatArray) -> FloatArray:
    """Return the normalised out-of-the-money time value b(x, s)."""
    h, half, grow = x / s, s / 2, np.exp(-x / 2)
    # Both arguments in one pass: for a chain, the calls cost more than the arithmetic.
    first, second = cumulative(np.stack((h + half, h - half)))
    return np.asarray(first / grow - grow * second)


def _value_one(x: float, s: float) -> float:
    h, grow = x / s, math.exp(-x / 2)
    return cumulative_one(h + s / 2) / grow - grow * cumulative_one(h - s / 2)


def _bisect(x: FloatArray, value: FloatArray) -> FloatArray:
    low, high = np.zeros_like(x), np.full_like(x, _MOST_DEVIATION)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        below = _value(x, middle) < value
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)


def _bisect_one(x: float, value: float) -> float:
    low, high = 0.0, _MOST_DEVIATION
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _value_one(x, middle) < value:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
