"""Volumes go down to the step, prices to the tick."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.mt5.lots import Rounding, floor_lots, share_of, stop_distance, to_grid
from tests.dtms.actions_stage import GOLD, TICK

COARSE = replace(GOLD, volume_min=Decimal("0.3"), volume_step=Decimal("0.1"))


@pytest.mark.parametrize(
    ("volume", "spec", "floored"),
    [
        ("0.259", GOLD, "0.25"),
        ("0.25", GOLD, "0.25"),
        ("0.0099", GOLD, "0"),
        ("0.29", COARSE, "0"),
        ("0.39", COARSE, "0.3"),
        ("80", GOLD, "50"),
        ("-1", GOLD, "0"),
    ],
)
def test_volumes_are_floored(volume, spec, floored):
    assert floor_lots(Decimal(volume), spec) == Decimal(floored)


def test_a_ratio_is_taken_as_it_is_written():
    assert share_of(Decimal("0.30"), 0.1) == Decimal("0.030")


@given(units=st.integers(0, 100_000), ratio=st.floats(0.01, 1.0))
def test_a_floored_volume_is_on_the_step_and_never_above(units, ratio):
    wanted = share_of(Decimal(units) / 100, ratio)
    lots = floor_lots(wanted, GOLD)
    assert 0 <= lots <= wanted
    assert lots % GOLD.volume_step == 0
    assert lots == 0 or lots >= GOLD.volume_min


@pytest.mark.parametrize(
    ("price", "rounding", "level"),
    [
        (2650.123, Rounding.DOWN, "2650.12"),
        (2650.123, Rounding.UP, "2650.13"),
        (2650.127, Rounding.NEAREST, "2650.13"),
        (0.1 + 0.2, Rounding.UP, "0.30"),
        (2650.12, Rounding.DOWN, "2650.12"),
        (2649.9999999999, Rounding.DOWN, "2650.00"),
    ],
)
def test_prices_go_to_the_tick(price, rounding, level):
    assert str(to_grid(price, GOLD, rounding)) == level


def test_a_tick_may_be_wider_than_the_last_digit():
    index = replace(GOLD, tick_size=0.25)
    assert str(to_grid(5000.30, index, Rounding.DOWN)) == "5000.25"
    assert str(to_grid(5000.30, index, Rounding.UP)) == "5000.50"
    unnamed = replace(GOLD, tick_size=0.0)
    assert str(to_grid(5000.304, unnamed)) == "5000.30"


def test_a_stop_keeps_the_level_the_spread_and_two_ticks():
    assert stop_distance(GOLD, TICK) == pytest.approx(0.20)
    assert stop_distance(replace(GOLD, stops_level=150), TICK) == pytest.approx(1.50)
    tight = replace(TICK, ask=TICK.bid)
    assert stop_distance(replace(GOLD, stops_level=0), tight) == pytest.approx(0.02)
