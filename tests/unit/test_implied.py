"""Implied volatility: what goes in comes out, and nonsense gives NaN, never an exception."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.pricing import black76
from hedgetui.domain.pricing.implied import implied_vol, implied_vol_one

anything = some.floats(allow_nan=True, allow_infinity=True)


def quotes(count: int, seed: int, width: float):
    rng = np.random.default_rng(seed)
    forward = 540.0
    strike = forward * np.exp(rng.normal(0, width, count))
    years = 10 ** rng.uniform(-3, 0.7, count)
    vol = 10 ** rng.uniform(-2, 0.5, count)
    sign = np.where(rng.random(count) < 0.5, 1.0, -1.0)
    return forward, strike, years, vol, sign


def test_no_failure_on_any_quote_of_a_cent_or_more():
    forward, strike, years, vol, sign = quotes(50_000, 11, 0.5)
    terms = black76.greeks(forward, strike, years, vol, sign)
    value = terms.price - np.maximum(sign * (forward - strike), 0)
    quoted = (value >= 0.01) & (value < np.minimum(forward, strike) * (1 - 1e-6))
    found = implied_vol(terms.price, forward, strike, years, sign)
    assert quoted.sum() > 20_000
    assert np.isfinite(found[quoted]).all()
    firm = quoted & (terms.vega > 0.1)
    assert np.abs(found - vol)[firm].max() < 1e-9
    again = black76.price(forward, strike, years, found, sign)
    assert np.abs(again - terms.price)[quoted].max() < 1e-9


def test_index_options_come_back_to_the_last_digits():
    rng = np.random.default_rng(5)
    strike = rng.uniform(450, 640, 2000)
    years = rng.uniform(7, 60, 2000) / 365
    vol = rng.uniform(0.08, 0.6, 2000)
    sign = np.where(strike > 540, 1.0, -1.0)
    price = black76.price(540.0, strike, years, vol, sign, 0.99)
    quoted = price >= 0.01
    found = implied_vol(price, 540.0, strike, years, sign, 0.99)
    assert np.abs(found - vol)[quoted].max() < 1e-12


def test_quantlib_agrees_to_its_own_accuracy():
    ql = pytest.importorskip("QuantLib")
    forward, strike, years, vol, sign = quotes(300, 3, 0.1)
    price = black76.price(forward, strike, years, vol, sign)
    found = implied_vol(price, forward, strike, years, sign)
    for i in range(300):
        value = price[i] - max(sign[i] * (forward - strike[i]), 0)
        if not 0.05 < value < 200:
            continue
        kind = ql.Option.Call if sign[i] > 0 else ql.Option.Put
        oracle = ql.blackFormulaImpliedStdDev(kind, float(strike[i]), forward, float(price[i]))
        assert found[i] == pytest.approx(oracle / math.sqrt(years[i]), rel=1e-4)


def test_one_and_many_agree():
    forward, strike, years, vol, sign = quotes(500, 21, 0.3)
    price = black76.price(forward, strike, years, vol, sign)
    many = implied_vol(price, forward, strike, years, sign)
    compared = 0
    for i in range(500):
        one = implied_vol_one(
            float(price[i]), forward, float(strike[i]), float(years[i]), int(sign[i])
        )
        if price[i] - max(sign[i] * (forward - strike[i]), 0) > 1e-4:
            assert one == pytest.approx(many[i], rel=1e-8)
            compared += 1
    assert compared > 100


NONSENSE = [
    (math.nan, 540, 540, 0.1, 1),
    (-1, 540, 540, 0.1, 1),
    (0, 540, 540, 0.1, 1),
    (39.99, 540, 500, 0.1, 1),
    (40.0, 540, 500, 0.1, 1),
    (540.0, 540, 560, 0.1, 1),
    (600.0, 540, 540, 0.1, -1),
    (math.inf, 540, 540, 0.1, 1),
    (1.0, 540, 540, 0.0, 1),
    (1.0, 540, 540, -0.1, 1),
    (1.0, 0.0, 540, 0.1, 1),
    (1.0, 540, -540, 0.1, 1),
    (0.0, 6e-277, 6e-277, 1.0, 1),
    (1.0, 6e-277, 2e47, 1.0, 1),
    (1.0, math.inf, math.inf, 1.0, 1),
]


@pytest.mark.parametrize("quote", NONSENSE)
def test_a_price_without_volatility_is_not_a_number(quote):
    assert math.isnan(implied_vol_one(*quote))
    assert np.isnan(implied_vol(*quote))


@given(anything, anything, anything, anything, some.sampled_from((1, -1)), anything)
def test_nothing_raises(price, forward, strike, years, sign, discount):
    assert isinstance(implied_vol_one(price, forward, strike, years, sign, discount), float)
    assert implied_vol(price, forward, strike, years, float(sign), discount).shape == ()


@given(some.floats(1e-12, 539.9), some.floats(60, 4000), some.floats(1e-4, 5))
def test_any_allowed_price_has_a_volatility_that_reprices_it(price, strike, years):
    intrinsic = max(540.0 - strike, 0.0)
    vol = implied_vol_one(price, 540.0, strike, years, 1)
    if price - intrinsic > 1e-9:
        assert black76.price_one(540.0, strike, years, vol, 1) == pytest.approx(price, abs=1e-8)
    elif price <= intrinsic:
        assert math.isnan(vol)


def test_far_corners_settle_by_bisection():
    deep = implied_vol_one(1e-200, 540.0, 560.0, 0.1, 1)
    assert black76.price_one(540.0, 560.0, 0.1, deep, 1) == pytest.approx(1e-200, rel=1e-6)
    rich = implied_vol(539.999999, 540.0, 540.0, 1.0, 1.0)
    assert black76.price_one(540.0, 540.0, 1.0, float(rich), 1) == pytest.approx(539.999999)


def test_shapes_broadcast_and_an_empty_chain_is_empty():
    strikes = np.array([530.0, 540.0, 550.0])
    price = black76.price(540.0, strikes, 0.1, 0.2, 1.0)
    assert implied_vol(price, 540.0, strikes, 0.1, 1.0) == pytest.approx([0.2] * 3)
    assert implied_vol(np.array([]), 540.0, np.array([]), 0.1, 1.0).shape == (0,)
