"""The second opinion: any wrong unit, sign or size is refused, and no right hedge ever is."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain import parity
from hedgetui.domain.instruments import XSP, Right, future, option
from hedgetui.domain.units import DollarsPerPoint
from hedgetui.domain.vega.sizing import hedge_contracts

MES = future("MES", "202512")
CALL = option(XSP, date(2025, 12, 19), 600, Right.CALL)


def _exposure(delta_dollars: float, held: int = 0, basis: float = 12.0) -> parity.Exposure:
    """A book of XSP calls worth `delta_dollars` $/pt plus `held` MES above the index by `basis`."""
    level = 6000.0
    mes = level + basis
    holdings = [
        parity.Holding(CALL, 1, delta_dollars / 10.0, level * 0.1),
        parity.Holding(MES, held, 1.0, mes),
    ]
    return parity.exposure_of(holdings, parity.Holding(MES, 1, 1.0, mes), level)


@given(
    options=some.floats(-400, 400).filter(lambda x: abs(x) > 2.6),
    held=some.integers(-20, 20),
    basis=some.floats(-40, 40),
)
def test_the_sized_hedge_always_passes(options: float, held: int, basis: float) -> None:
    net = options + 5 * held
    order = hedge_contracts(DollarsPerPoint(net))
    if order:
        assert parity.objection(_exposure(options, held, basis), order) == ""


def test_share_delta_divided_by_five_is_refused() -> None:
    # One strangle with share delta +10 is Δ$ +1; dividing 10 by 5 asks for two contracts.
    assert "larger than the exposure" in parity.objection(_exposure(1.0), -2)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_the_wrong_direction_is_refused_with_both_numbers(order: int) -> None:
    words = parity.objection(_exposure(12.0), order)
    assert words.startswith("wrong direction")
    assert f"{order:+d}" in words
    assert "+2.40" in words


def test_hedging_what_is_already_hedged_is_refused() -> None:
    # Constant +12 with two sold is net +2: a rule that forgets its hedge would sell two again.
    assert parity.objection(_exposure(12.0, held=-2), -2) != ""


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    assert parity.objection(parity.Exposure(bad, 30_000.0), -1) != ""
    assert parity.objection(parity.Exposure(30_000.0, bad), -1) != ""


def test_an_order_without_exposure_is_refused() -> None:
    assert parity.objection(_exposure(0.0), -1) != ""


@pytest.mark.parametrize(
    ("price", "level"), [(680.0, 6_800.0), (68_000.0, 6_800.0), (6_800.0, 680.0)]
)
def test_a_future_that_does_not_belong_to_the_index_is_refused(price: float, level: float) -> None:
    holdings = [parity.Holding(CALL, 1, 1.2, level * 0.1)]
    exposure = parity.exposure_of(holdings, parity.Holding(MES, 1, 1.0, price), level)
    words = parity.objection(exposure, -2)
    assert words == f"MES 202512 at {price:.2f} does not belong to an index at {level:.2f}"
