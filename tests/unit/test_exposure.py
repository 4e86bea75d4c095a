"""Exposure in index terms: the unit that is hedged, and the curves that are drawn."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import SPX, XSP, Right, future, index, option
from hedgetui.domain.pricing import black76
from hedgetui.domain.quotes import Greeks, GreeksSource
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega.exposure import (
    OptionLeg,
    delta_at,
    dollar_delta,
    exposure,
    hedge_value,
    model_greeks,
    payoff_at_expiry,
    strike,
    value_at,
)
from hedgetui.domain.vega.sizing import hedge_contracts

EXPIRY = date(2025, 12, 19)
NOW = Timestamp(datetime(2025, 11, 19, 21, tzinfo=UTC).timestamp())
YEARS = 30 / 365
CALL = option(XSP, EXPIRY, 550, Right.CALL)
PUT = option(XSP, EXPIRY, 530, Right.PUT)
LEGS = (OptionLeg(PUT, 2, 4.0), OptionLeg(CALL, 2, 3.0))
VOLS = {PUT.key: 0.18, CALL.key: 0.15}


def broker(instrument, delta, gamma=0.02, vega=0.5, theta=-0.1, **more):
    return Greeks(instrument.key, NOW, delta, gamma, vega, theta, 0.15, **more)


def test_one_xsp_option_of_delta_one_is_ten_dollars_a_point():
    assert dollar_delta(CALL, 1) == 10
    assert dollar_delta(future("MES", "202512"), 1) == 5
    assert dollar_delta(option(SPX, EXPIRY, 5500, Right.CALL), 1) == 100
    total = exposure([OptionLeg(CALL, 1)], {CALL.key: broker(CALL, 1.0)})
    assert (total.delta, total.shares) == (10, 100)


def test_share_delta_is_ten_times_the_delta_that_sizes_orders():
    total = exposure([OptionLeg(CALL, 1)], {CALL.key: broker(CALL, 0.1)})
    assert total.shares == pytest.approx(10)
    assert total.delta == pytest.approx(1)
    assert hedge_contracts(total.delta) == 0


def test_sums_are_signed_and_in_dollars():
    greeks = {PUT.key: broker(PUT, -0.3), CALL.key: broker(CALL, 0.4, vega=0.6)}
    total = exposure((OptionLeg(PUT, 2), OptionLeg(CALL, -1)), greeks)
    assert total.delta == pytest.approx(10 * (2 * -0.3 - 0.4))
    assert total.gamma == pytest.approx(100 * 0.01 * (2 * 0.02 - 0.02))
    assert total.vega == pytest.approx(100 * (2 * 0.5 - 0.6))
    assert total.theta == pytest.approx(100 * (2 * -0.1 + 0.1))
    assert total.complete
    assert not total.approximate


def test_a_leg_without_greeks_is_named_and_own_greeks_are_marked():
    own = broker(CALL, 0.4, source=GreeksSource.MODEL)
    total = exposure(LEGS, {CALL.key: own})
    assert total.missing == (PUT.key,)
    assert total.approximate
    assert not total.complete


def test_delta_and_gamma_are_slopes_in_index_points():
    levels = np.array([5399.0, 5400.0, 5401.0])
    values = value_at(levels, LEGS, VOLS, NOW)
    deltas = delta_at(levels, LEGS, VOLS, NOW)
    assert (values[2] - values[0]) / 2 == pytest.approx(deltas[1], abs=1e-3)
    greeks = {
        leg.instrument.key: model_greeks(
            leg.instrument, float(value_at(levels, [OptionLeg(leg.instrument, 1)], VOLS, NOW)[1])
            / 100, 540.0, 540.0, NOW,
        )
        for leg in LEGS
    }  # fmt: skip
    total = exposure(LEGS, greeks)
    assert total.delta == pytest.approx(deltas[1])
    assert total.gamma == pytest.approx((deltas[2] - deltas[0]) / 2, rel=1e-3)
    wider = value_at(levels, LEGS, VOLS, NOW, vol_shift=0.005)[1]
    narrower = value_at(levels, LEGS, VOLS, NOW, vol_shift=-0.005)[1]
    assert total.vega == pytest.approx(wider - narrower, rel=1e-4)
    later = value_at(levels, LEGS, VOLS, NOW, shift_days=0.01)[1]
    assert total.theta == pytest.approx((later - values[1]) / 0.01, rel=1e-3)


def test_model_greeks_invert_the_mid():
    price = black76.price_one(541.0, 550.0, YEARS, 0.15, 1, 0.996)
    own = model_greeks(CALL, price, 540.0, 541.0, NOW, discount=0.996)
    assert own.iv == pytest.approx(0.15, abs=1e-10)
    assert own.source is GreeksSource.MODEL
    unit = black76.greeks_one(541.0, 550.0, YEARS, 0.15, 1, discount=0.996, spot=540.0)
    assert (own.delta, own.vega) == pytest.approx((unit.delta, unit.vega / 100))
    assert model_greeks(CALL, 0.0, 540.0, 541.0, NOW) is None
    assert model_greeks(CALL, float("nan"), 540.0, 541.0, NOW) is None


def test_the_payoff_at_expiry_in_index_points():
    levels = np.array([5000.0, 5300.0, 5400.0, 5500.0, 5800.0])
    paid = 2 * 100 * 7.0
    expected = [2 * 100 * 30 - paid, -paid, -paid, -paid, 2 * 100 * 30 - paid]
    assert payoff_at_expiry(levels, LEGS) == pytest.approx(expected)
    free = payoff_at_expiry(levels, [OptionLeg(CALL, 1)])
    assert free == pytest.approx([0, 0, 0, 0, 3000])


def test_the_value_decays_into_the_payoff():
    levels = np.linspace(5000, 5800, 41)
    paid = sum(leg.quantity * 100 * leg.price for leg in LEGS)
    late = value_at(levels, LEGS, VOLS, NOW, shift_days=30.0)
    assert late - paid == pytest.approx(payoff_at_expiry(levels, LEGS))
    assert (value_at(levels, LEGS, VOLS, NOW) >= late - 1e-9).all()


def test_a_volatility_shift_never_goes_below_zero():
    levels = np.array([5400.0])
    assert np.isfinite(value_at(levels, LEGS, VOLS, NOW, vol_shift=-1.0)).all()


def test_the_hedge_is_a_straight_line():
    assert hedge_value(np.array([5390.0, 5400.0, 5410.0]), -15, 5400).tolist() == [150, 0, -150]


def test_what_is_no_option_is_refused():
    with pytest.raises(DataError, match="no option"):
        strike(index("XSP"))
    with pytest.raises(DataError, match="no option"):
        payoff_at_expiry(np.array([5400.0]), [OptionLeg(future("MES", "202512"), 1)])
    assert strike(option(XSP, EXPIRY, Decimal("537.5"), Right.PUT)) == 537.5
