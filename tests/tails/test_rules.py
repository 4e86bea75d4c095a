"""When a tail is hedged: the published table of modes, thresholds and orders, line by line."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.orders import Side
from hedgetui.domain.tails.model import Mode, Policy
from hedgetui.domain.tails.rules import (
    check_policy,
    check_ticks,
    limit_price,
    offer,
    propose,
    threshold_units,
)

SIZE = 5_000
TABLE = {
    16_000: ("SELL", 3, 1_000),
    18_000: ("SELL", 4, -2_000),
    6_000: ("SELL", 1, 1_000),
    3_000: ("SELL", 1, -2_000),
    2_550: ("SELL", 1, -2_450),
    2_549: None,
    0: None,
    -2_549: None,
    -2_550: ("BUY", 1, 2_450),
    -4_000: ("BUY", 1, 1_000),
    -16_000: ("BUY", 3, -1_000),
}
"""Balance before to (side, lots, balance after), at 51 percent."""
PLACES = {
    Mode.AUTO: {"SELL", "BUY"}, Mode.SELL: {"SELL"}, Mode.BUY: {"BUY"}, Mode.MANUAL: set(),
}  # fmt: skip


def told(proposal):
    return proposal and (proposal.side.value, proposal.lots, proposal.balance_after)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("balance", TABLE)
def test_the_table_of_modes(balance, mode):
    row = TABLE[balance]
    expected = row if row is not None and row[0] in PLACES[mode] else None
    assert told(propose(balance, SIZE, Policy(mode, 51))) == expected


def test_at_a_hundred_percent_a_whole_contract_is_kept():
    assert told(propose(18_000, SIZE, Policy(Mode.AUTO, 100))) == ("SELL", 3, 3_000)
    assert propose(4_999, SIZE, Policy(Mode.AUTO, 100)) is None
    assert told(propose(5_000, SIZE, Policy(Mode.AUTO, 100))) == ("SELL", 1, 0)


def test_what_is_working_counts_as_done():
    balance, pending, new_cash = 3_000, -5_000, 1_000
    assert propose(balance + pending + new_cash, SIZE, Policy(Mode.AUTO, 51)) is None


def test_a_person_who_asks_gets_both_sides_in_any_mode():
    for mode in Mode:
        assert told(offer(-4_000, SIZE, Policy(mode, 51))) == ("BUY", 1, 1_000)
        assert offer(2_549, SIZE, Policy(mode, 51)) is None


@given(st.integers(-(10**7), 10**7), st.integers(51, 100), st.sampled_from((1, 100, 1_000, 5_000)))
def test_one_order_of_a_two_sided_rule_leaves_the_balance_inside_the_band(balance, pct, size):
    policy = Policy(Mode.AUTO, pct)
    proposal = propose(balance, size, policy)
    after = balance if proposal is None else proposal.balance_after
    assert -policy.threshold(size) < after < policy.threshold(size)
    assert propose(after, size, policy) is None


@given(st.integers(-(10**6), 10**6), st.integers(1, 100))
def test_the_threshold_in_units_is_the_smallest_balance_that_sells(balance, pct):
    policy = Policy(Mode.SELL, pct)
    assert (propose(balance, SIZE, policy) is not None) == (
        balance >= threshold_units(SIZE, policy)
    )


def test_the_limit_goes_ticks_into_the_market():
    bid, ask, tick = Decimal("433.25"), Decimal("433.50"), Decimal("0.25")
    assert limit_price(Side.SELL, bid, ask, tick, 2) == Decimal("432.75")  # 433'2 to 432'6
    assert limit_price(Side.BUY, bid, ask, tick, 2) == Decimal("434.00")
    assert limit_price(Side.SELL, bid, ask, tick, 0) == bid
    assert limit_price(Side.BUY, bid, ask, tick, 0) == ask


@pytest.mark.parametrize(
    ("mode", "pct", "refused"),
    [
        (Mode.AUTO, 50, "for ever"), (Mode.AUTO, 1, "for ever"), (Mode.AUTO, 51, ""),
        (Mode.AUTO, 100, ""), (Mode.SELL, 30, ""), (Mode.BUY, 1, ""), (Mode.MANUAL, 50, ""),
        (Mode.SELL, 0, "out of range"), (Mode.BUY, 101, "out of range"),
    ],
)  # fmt: skip
def test_which_thresholds_a_mode_may_have(mode, pct, refused):
    why = check_policy(mode, pct)
    assert (refused in why) if refused else why == ""


def test_an_auto_of_fifty_percent_would_indeed_turn_for_ever():
    policy, balance, sides = Policy(Mode.AUTO, 50), 2_500, []
    for _ in range(4):
        proposal = propose(balance, SIZE, policy)
        sides.append(proposal.side)
        balance = proposal.balance_after
    assert sides == [Side.SELL, Side.BUY, Side.SELL, Side.BUY]


def test_ticks_into_the_market_are_bounded():
    assert check_ticks(0) == check_ticks(2) == ""
    assert "out of range" in check_ticks(-1)
    assert "out of range" in check_ticks(101)
