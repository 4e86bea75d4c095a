"""A leg's price walks from the middle to the touch and never past it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.orders import Side
from hedgetui.domain.vega.chase import leg_price

CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("side", "prices"),
    [
        (Side.BUY, ["4.05", "4.07", "4.08", "4.09", "4.10", "4.10"]),
        (Side.SELL, ["4.05", "4.03", "4.02", "4.01", "4.00", "4.00"]),
    ],
)
def test_four_even_steps_from_mid_to_the_touch(side, prices) -> None:
    found = [leg_price(side, 4.00, 4.10, CENT, step=n, steps=4) for n in range(6)]
    assert found == [Decimal(price) for price in prices]


def test_without_steps_the_touch_is_the_price_and_a_tick_is_the_least() -> None:
    assert leg_price(Side.BUY, 4.0, 4.1, CENT, step=0, steps=0) == Decimal("4.10")
    assert leg_price(Side.SELL, 0.0, 0.01, CENT, step=9, steps=4) == CENT


@given(
    some.integers(1, 5000), some.integers(0, 200), some.integers(0, 9),
    some.sampled_from([CENT, Decimal("0.05")]), some.sampled_from(list(Side)),
)  # fmt: skip
def test_every_price_is_on_the_grid_and_steps_only_go_one_way(bid, width, step, tick, side) -> None:
    low, high = float(bid * tick), float((bid + width) * tick)
    price = leg_price(side, low, high, tick, step=step, steps=5)
    after = leg_price(side, low, high, tick, step=step + 1, steps=5)
    assert price % tick == 0
    assert bid * tick <= price <= (bid + width) * tick
    assert side.sign * (after - price) >= 0
