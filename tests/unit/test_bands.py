"""Presets as data, and the cost-aware bands by their papers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.vega.bands import (
    DEFAULT_PRESET,
    PRESETS,
    BandInputs,
    BandRule,
    band,
    whalley_wilmott,
    zakamouline,
)

BOOK = BandInputs(
    gamma=0.5, cost_per_contract=1.25, risk_aversion=0.001, vol=0.2, years=30 / 365, level=5400
)
COST_AWARE = (BandRule.WHALLEY_WILMOTT, BandRule.ZAKAMOULINE)


def test_the_presets_of_the_specification():
    table = {name: (preset.max_delta, preset.auto) for name, preset in PRESETS.items()}
    assert table == {
        "conservative": (5, True),
        "balanced": (10, True),
        "learning": (15, False),
        "aggressive": (20, False),
    }
    assert DEFAULT_PRESET is PRESETS["balanced"]


def test_whalley_and_wilmott_by_hand():
    # 3/2 · (1.25 / 5 dollars per unit) · 0.5² / 0.001 = 93.75
    assert whalley_wilmott(BOOK) == pytest.approx(93.75 ** (1 / 3))


def test_zakamouline_by_hand():
    cost = 1.25 / (5 * 5400)
    floor = cost / (0.001 * 5400 * 0.04 * 30 / 365)
    slope = 1.12 * cost**0.31 * (30 / 365) ** 0.05 * 5**0.25 * math.sqrt(500)
    assert zakamouline(BOOK) == pytest.approx(floor + slope)


@pytest.mark.parametrize("rule", COST_AWARE)
@given(factor=some.floats(1.1, 20))
def test_bands_widen_with_cost_and_gamma_and_narrow_with_aversion(rule, factor):
    base = band(rule, 10, BOOK).theory
    assert band(rule, 10, replace(BOOK, cost_per_contract=1.25 * factor)).theory > base
    assert band(rule, 10, replace(BOOK, gamma=0.5 * factor)).theory > base
    assert band(rule, 10, replace(BOOK, gamma=-0.5 * factor)).theory > base
    assert band(rule, 10, replace(BOOK, risk_aversion=0.001 * factor)).theory < base


@given(some.floats(0.5, 8))
def test_the_cube_root_law_and_the_square_root_law(factor):
    wider = replace(BOOK, gamma=BOOK.gamma * factor**3)
    assert whalley_wilmott(wider) == pytest.approx(whalley_wilmott(BOOK) * factor**2)
    floor = zakamouline(replace(BOOK, gamma=0.0))
    squared = zakamouline(replace(BOOK, gamma=BOOK.gamma * factor**2))
    assert squared - floor == pytest.approx((zakamouline(BOOK) - floor) * factor)


def test_no_band_is_under_half_a_contract_and_both_numbers_are_kept():
    calm = band(BandRule.WHALLEY_WILMOTT, 10, replace(BOOK, gamma=0.0))
    assert (calm.theory, calm.effective) == (0.0, 2.5)
    assert band(BandRule.FIXED, 10, BOOK).effective == 10
    assert band(BandRule.FIXED, 1).effective == 2.5


@pytest.mark.parametrize("rule", COST_AWARE)
@pytest.mark.parametrize(
    "change",
    [{"years": 0.0}, {"vol": 0.0}, {"gamma": math.nan}, {"level": -1.0}, {"risk_aversion": 0.0}],
)
def test_unusable_inputs_fall_back_to_the_fixed_band_and_say_so(rule, change):
    found = band(rule, 10, replace(BOOK, **change))
    assert (found.rule, found.theory, found.effective) == (BandRule.FIXED, 10, 10)
    assert band(rule, 10).rule is BandRule.FIXED
