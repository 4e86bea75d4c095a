"""The futures month: increases trade the active one, reductions the one that is held."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import future, index
from hedgetui.domain.vega import roll

DEC, MAR, JUN = (future("MES", month) for month in ("202512", "202603", "202606"))
EXPIRY = date(2025, 12, 19)


def before(days: int) -> date:
    return EXPIRY - timedelta(days=days)


@pytest.mark.parametrize(("days", "month"), [(30, DEC), (9, DEC), (8, MAR), (0, MAR)])
def test_the_active_month_has_more_than_eight_days_left(days, month):
    assert roll.active_month([JUN, DEC, MAR], before(days)) is month


def test_no_month_left_is_an_error():
    with pytest.raises(DataError, match="no contract expires"):
        roll.active_month([DEC], before(3))
    with pytest.raises(DataError, match="does not expire"):
        roll.days_left(index("SPX"), EXPIRY)


def test_reductions_trade_the_month_held_and_increases_the_active_one():
    assert roll.allocate(3, {DEC: -5}, MAR) == [(DEC, 3)]
    assert roll.allocate(-3, {DEC: -5}, MAR) == [(MAR, -3)]
    assert roll.allocate(7, {DEC: -5}, MAR) == [(DEC, 5), (MAR, 2)]
    assert roll.allocate(4, {MAR: -3, DEC: -2}, MAR) == [(DEC, 2), (MAR, 2)]
    assert roll.allocate(6, {MAR: -3, DEC: -2}, MAR) == [(DEC, 2), (MAR, 4)]
    assert roll.allocate(0, {DEC: -5}, MAR) == []


@given(
    some.integers(-40, 40),
    some.dictionaries(some.sampled_from([DEC, MAR, JUN]), some.integers(-20, 20)),
)
def test_parts_add_up_and_no_month_is_traded_twice(order, held):
    parts = roll.allocate(order, held, MAR)
    assert sum(count for _, count in parts) == order
    assert len({contract for contract, _ in parts}) == len(parts)
    assert all(count * order > 0 for _, count in parts)
    for contract, count in parts:
        if contract is not MAR:
            assert abs(held[contract] + count) < abs(held[contract])


def test_a_roll_is_due_when_another_month_has_taken_over():
    assert not roll.roll_due({DEC: -5}, DEC, before(9))
    assert roll.roll_due({DEC: -5}, MAR, before(8))
    assert not roll.roll_due({DEC: 0, MAR: -5}, MAR, before(8))
    assert not roll.roll_due({JUN: -5}, MAR, before(8))


def test_a_roll_changes_no_delta():
    (step,) = roll.roll_plan({DEC: -5, MAR: -1}, MAR, before(5))
    assert step == roll.RollStep(DEC, MAR, -5)
    assert step.orders == ((DEC, 5), (MAR, -5))
    assert sum(count for _, count in step.orders) == 0


def test_the_red_banner_two_days_before_expiry():
    assert roll.overdue({DEC: -5}, before(3)) == ()
    assert roll.overdue({DEC: -5, MAR: 2}, before(2)) == (DEC,)
    assert roll.overdue({DEC: 0}, before(1)) == ()


@given(some.integers(-20, 20), some.integers(1, 7))
def test_a_split_moves_the_same_contracts_in_allowed_sizes(held, most):
    steps = roll.roll_plan({DEC: held}, MAR, before(5))
    parts = roll.split(steps, most)
    assert sum(part.contracts for part in parts) == held
    assert all(0 < abs(part.contracts) <= most for part in parts)
    assert all((part.out_of, part.into) == (DEC, MAR) for part in parts)
    assert len(parts) == -(-abs(held) // most)


def test_the_orders_of_a_step_close_first_and_add_up_to_nothing():
    (step,) = roll.roll_plan({DEC: -2}, MAR, before(5))
    assert step.orders == ((DEC, 2), (MAR, -2))
