"""Prices and greeks against QuantLib, and the identities every price must keep."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.pricing import black76
from hedgetui.domain.pricing.normal import cumulative, cumulative_one

GREEKS = ("price", "delta", "gamma", "vega", "theta")

forwards = some.floats(50, 8000)
moneyness = some.floats(-0.4, 0.4)
times = some.floats(1 / 365, 2)
vols = some.floats(0.03, 1.5)
discounts = some.floats(0.8, 1.0)


def sample(count: int, seed: int = 7) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    forward = rng.uniform(300, 600, count)
    return {
        "forward": forward,
        "strike": forward * np.exp(rng.uniform(-0.3, 0.3, count)),
        "years": rng.uniform(1, 500, count) / 365,
        "vol": rng.uniform(0.05, 1.0, count),
        "sign": np.where(rng.random(count) < 0.5, 1.0, -1.0),
    }


def test_the_normal_distribution_keeps_its_digits_far_into_the_tail():
    z = np.linspace(-37, 9, 5001)
    exact = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in z])
    found = cumulative(z)
    assert np.abs(found - exact).max() < 1e-15
    near = z > -6
    assert np.abs(found[near] / exact[near] - 1).max() < 1e-14
    assert np.abs(found / exact - 1).max() < 5e-13


def test_the_normal_distribution_of_odd_numbers():
    assert cumulative(np.array([-np.inf, 0.0, np.inf])) == pytest.approx([0.0, 0.5, 1.0])
    assert np.isnan(cumulative(np.array([np.nan]))).all()
    assert cumulative_one(0.0) == 0.5


def test_every_number_agrees_with_quantlib():
    ql = pytest.importorskip("QuantLib")
    terms = sample(400)
    discount, spot = 0.97, terms["forward"] * 0.985
    found = black76.greeks(**terms, discount=discount, spot=spot)
    for i in range(400):
        forward, strike, years, vol, sign = (float(terms[name][i]) for name in terms)
        kind = ql.Option.Call if sign > 0 else ql.Option.Put
        oracle = ql.BlackCalculator(
            ql.PlainVanillaPayoff(kind, strike), forward, vol * math.sqrt(years), discount
        )
        level = float(spot[i])
        expected = {
            "price": oracle.value(),
            "delta": oracle.delta(level),
            "gamma": oracle.gamma(level),
            "vega": oracle.vega(years),
            "theta": oracle.theta(level, years) / 365,
        }
        for name, value in expected.items():
            assert getattr(found, name)[i] == pytest.approx(value, abs=1e-12, rel=1e-12), name


def test_one_option_and_many_give_the_same_numbers():
    terms = sample(50)
    many = black76.greeks(**terms, discount=0.99, spot=terms["forward"] * 0.998)
    for i in range(50):
        forward, strike, years, vol, sign = (float(terms[name][i]) for name in terms)
        one = black76.greeks_one(
            forward, strike, years, vol, int(sign), discount=0.99, spot=forward * 0.998
        )
        alone = black76.price_one(forward, strike, years, vol, int(sign), 0.99)
        assert alone == pytest.approx(one.price, abs=1e-12)
        for name in GREEKS:
            value = getattr(many, name)[i]
            assert getattr(one, name) == pytest.approx(value, abs=1e-12, rel=1e-12)


@given(forwards, moneyness, times, vols, discounts)
def test_call_minus_put_is_the_discounted_forward(forward, log_strike, years, vol, discount):
    strike = forward * math.exp(log_strike)
    call = black76.price_one(forward, strike, years, vol, 1, discount)
    put = black76.price_one(forward, strike, years, vol, -1, discount)
    assert call - put == pytest.approx(discount * (forward - strike), abs=1e-9)
    assert min(call, put) >= -1e-12


@given(forwards, moneyness, times, vols, some.sampled_from((1, -1)))
def test_greeks_are_the_slopes_of_the_price(forward, log_strike, years, vol, sign):
    strike = forward * math.exp(log_strike)
    unit = black76.greeks_one(forward, strike, years, vol, sign)
    step = forward * 1e-4
    up, down = (
        black76.price_one(forward + move, strike, years, vol, sign) for move in (step, -step)
    )
    assert unit.delta == pytest.approx((up - down) / (2 * step), abs=2e-3)
    wider, narrower = (
        black76.price_one(forward, strike, years, vol + move, sign) for move in (1e-5, -1e-5)
    )
    assert unit.vega == pytest.approx((wider - narrower) / 2e-5, abs=1e-4 * forward)
    assert unit.theta <= 0
    assert unit.gamma >= 0


def test_an_expired_option_is_worth_its_intrinsic_value_in_both_forms():
    for years, vol in ((0.0, 0.2), (0.1, 0.0)):
        strikes = np.array([500.0, 540.0, 560.0])
        many = black76.greeks(540.0, strikes, years, vol, 1.0)
        assert many.price.tolist() == [40.0, 0.0, 0.0]
        assert many.delta.tolist() == [1.0, 0.5, 0.0]
        assert not many.gamma.any()
        assert not many.theta.any()
        for i, strike in enumerate(strikes.tolist()):
            one = black76.greeks_one(540.0, strike, years, vol, 1)
            assert (one.price, one.delta) == (many.price[i], many.delta[i])
            assert black76.price_one(540.0, strike, years, vol, 1) == many.price[i]


def test_missing_numbers_stay_missing():
    found = black76.greeks(540.0, 550.0, 0.1, np.array([np.nan, 0.2]), 1.0)
    for name in GREEKS:
        values = getattr(found, name)
        assert np.isnan(values[0])
        assert np.isfinite(values[1])


def test_signs_follow_the_right():
    assert black76.sign_of(np.array([True, False])).tolist() == [1.0, -1.0]
