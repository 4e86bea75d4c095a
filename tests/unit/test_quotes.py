"""Market data at the door: sentinels are missing, and everything has an age."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from hedgetui.domain.instruments import Right
from hedgetui.domain.quotes import (
    DataType,
    ExpiryQuotes,
    Greeks,
    Quote,
    combined,
    number,
    price_number,
)
from hedgetui.domain.units import Timestamp

SENTINELS = [None, "", "5", math.nan, math.inf, -math.inf, 1.797e308, -1.797e308, True,
             1.7976931348623157e308]  # fmt: skip


@pytest.mark.parametrize("value", SENTINELS)
def test_a_sentinel_is_no_number(value) -> None:
    assert number(value) is None
    assert price_number(value) is None


@pytest.mark.parametrize(("value", "price"), [(5, 5.0), (0.01, 0.01), (0, None), (-1, None)])
def test_a_price_exists_or_it_does_not(value, price) -> None:
    assert number(value) == float(value)
    assert price_number(value) == price


@pytest.mark.parametrize(
    ("bid", "ask", "last", "mid", "mark"),
    [
        (4.0, 4.1, 9.0, 4.05, 4.05), (4.0, None, 4.02, None, 4.02), (None, 4.1, None, None, None),
        (4.2, 4.1, 4.15, None, 4.15), (4.0, 4.0, None, 4.0, 4.0),
    ],
)  # fmt: skip
def test_a_mid_needs_two_sides_in_order(bid, ask, last, mid, mark) -> None:
    quote = Quote("X", Timestamp(10.0), bid, ask, last)
    assert quote.mid == (None if mid is None else pytest.approx(mid))
    assert quote.mark == (None if mark is None else pytest.approx(mark))


def test_ages_are_never_negative() -> None:
    assert Quote("X", Timestamp(10.0)).age(Timestamp(12.5)) == 2.5
    assert Quote("X", Timestamp(10.0)).age(Timestamp(9.0)) == 0.0
    assert GOOD.age(Timestamp(25.0)) == 15.0
    assert GOOD.age(Timestamp(0.0)) == 0.0


GOOD = Greeks("X", Timestamp(10.0), -1.0, 0.0, 0.0, -0.1, 0.0)


def test_greeks_at_their_limits_are_usable() -> None:
    assert GOOD.usable
    assert replace(GOOD, delta=1.0, vega=3.0, theta=0.2, iv=4.0).usable


@pytest.mark.parametrize("field", ["at", "delta", "gamma", "vega", "theta", "iv"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.797e308])
def test_greeks_with_a_sentinel_are_not(field, value) -> None:
    assert not replace(GOOD, **{field: value}).usable


@pytest.mark.parametrize(
    "bad", [{"delta": -2.0}, {"delta": 1.01}, {"gamma": -1.0}, {"vega": -2.0}, {"iv": -1.0}]
)
def test_greeks_that_cannot_be_are_not(bad) -> None:
    assert not replace(GOOD, **bad).usable


def test_sides_of_an_expiry() -> None:
    one, two = np.array([1.0]), np.array([2.0])
    quotes = ExpiryQuotes(date(2025, 12, 19), np.array([540.0]), one, two, two, one)
    assert quotes.sides(Right.CALL) == (one, two)
    assert quotes.sides(Right.PUT) == (two, one)


LEGS = (Quote("P", Timestamp(5.0), 4.04, 4.08, 4.06), Quote("C", Timestamp(3.0), 1.1, 1.35, 1.2))


def test_a_combos_quote_is_the_sum_of_its_legs_and_as_old_as_the_oldest() -> None:
    assert combined("P + C", LEGS) == Quote("P + C", Timestamp(3.0), 5.14, 5.43, 5.26)


@pytest.mark.parametrize("side", ["bid", "ask", "last"])
@pytest.mark.parametrize("leg", [0, 1])
def test_what_one_leg_lacks_the_combo_lacks(side, leg) -> None:
    legs = list(LEGS)
    legs[leg] = replace(legs[leg], **{side: None})
    found = combined("P + C", legs)
    assert {name for name in ("bid", "ask", "last") if getattr(found, name) is None} == {side}


def test_a_crossed_leg_leaves_the_combo_without_a_market() -> None:
    found = combined("P + C", (LEGS[0], replace(LEGS[1], bid=1.4)))
    assert (found.bid, found.ask, found.mid) == (None, None, None)


@pytest.mark.parametrize(
    ("one", "other", "worst"),
    [
        (DataType.LIVE, DataType.FROZEN, DataType.FROZEN),
        (DataType.DELAYED, DataType.FROZEN, DataType.DELAYED),
        (DataType.LIVE, DataType.DELAYED, DataType.DELAYED),
    ],
)
def test_a_combo_is_as_live_as_its_least_live_leg(one, other, worst) -> None:
    legs = (replace(LEGS[0], data_type=one), replace(LEGS[1], data_type=other))
    assert combined("P + C", legs).data_type is worst
