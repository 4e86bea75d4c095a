"""Money, moments and their spelling."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain import units
from hedgetui.domain.units import Timestamp


@pytest.mark.parametrize(
    ("value", "cents"),
    [(0.125, "0.13"), (-0.125, "-0.13"), ("2.005", "2.01"), (Decimal(49), "49.00"), (1, "1.00")],
)
def test_money_rounds_halves_away_from_zero(value, cents) -> None:
    assert str(units.money(value)) == cents


@given(some.integers(0, 4_000_000_000_000))
def test_a_moment_is_written_and_read_back_to_the_millisecond(milliseconds) -> None:
    at = Timestamp(milliseconds / 1000)
    assert units.parse_utc(units.iso_utc(at)) == pytest.approx(at, abs=6e-4)


def test_moments_are_utc_with_and_without_a_zone() -> None:
    assert units.parse_utc("2025-11-19T15:00:00") == units.parse_utc("2025-11-19T16:00:00+01:00")
    assert units.iso_utc(units.parse_utc("2025-11-19")) == "2025-11-19T00:00:00.000Z"
    assert units.utc_date(units.parse_utc("2025-11-19T23:59:59")) == date(2025, 11, 19)
    with pytest.raises(ValueError, match="Invalid isoformat"):
        units.parse_utc("yesterday")
