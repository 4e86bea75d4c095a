"""One contract by the stated rules, and the table of why there is none."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.instruments import Right
from hedgetui.domain.pricing import black76
from hedgetui.domain.recommend import ChainRow, Direction, Wish, recommend
from hedgetui.domain.recommend_chain import read_chain

TODAY = date(2025, 11, 20)
SPOT = 185.0
WISH = Wish("NVDA", Direction.BULLISH, 500.0, SPOT, TODAY)


def row(strike: float, days: int = 60, right: Right = Right.CALL, **change) -> ChainRow:
    """Return a contract quoted around 40 % volatility, 4 % wide, with an open interest of 500."""
    years, sign = days / 365, 1 if right is Right.CALL else -1
    growth = math.exp(0.04 * years)
    mid = black76.price_one(SPOT * growth, strike, years, 0.4, sign, 1 / growth)
    made = ChainRow(TODAY + timedelta(days), strike, right, mid * 0.98, mid * 1.02, 10.0, 500.0)
    return replace(made, **change)


CHAIN = [
    row(float(strike), days, right)
    for strike in range(140, 261, 5)
    for days in (10, 45, 60, 110, 200)
    for right in Right
]


def test_the_delta_is_near_thirty_and_the_decay_is_small():
    pick = recommend(CHAIN, WISH).pick
    assert pick.right is Right.CALL
    assert 30 <= pick.dte <= 120
    assert abs(pick.delta - 0.30) < 0.05
    assert pick.theta < 0
    assert pick.premium == pytest.approx(100 * pick.ask)
    assert pick.quantity == math.floor(500 / pick.premium) >= 1
    assert pick.cost == pytest.approx(pick.quantity * pick.premium)
    assert pick.cost <= 500
    assert pick.value_after_move > 100 * pick.bid


def test_of_equal_deltas_the_longer_one_decays_less():
    near, far = row(200.0, 35), row(215.0, 110)
    pick = recommend([near, far], replace(WISH, budget=5_000.0)).pick
    assert pick.strike == 215


def test_a_bearish_view_buys_puts_that_gain_from_a_fall():
    pick = recommend(CHAIN, replace(WISH, direction=Direction.BEARISH)).pick
    assert pick.right is Right.PUT
    assert pick.delta == pytest.approx(-0.30, abs=0.08)
    assert pick.value_after_move > pick.premium


@pytest.mark.parametrize(
    ("chain", "rule", "nearest"),
    [
        ([row(200.0, right=Right.PUT)], "right", "put"),
        ([row(200.0, 20), row(200.0, 200)], "days to expiry", "20 days"),
        ([row(200.0, bid=1.0, ask=2.0)], "spread", "67%"),
        ([row(200.0, bid=0.0)], "spread", "no two-sided quote"),
        ([row(200.0, bid=3.0, ask=2.0)], "spread", "no two-sided quote"),
        ([row(200.0, volume=99.0, open_interest=math.nan)], "interest", "99"),
        ([row(200.0, volume=math.nan, open_interest=math.nan)], "interest", "not known"),
        ([row(150.0)], "budget", "$3,786"),
        ([], "right", "nothing left"),
        ([row(100.0, bid=3.0, ask=3.1)], "volatility", ""),
    ],
)
def test_when_nothing_matches_the_rule_that_left_nothing_is_named(chain, rule, nearest):
    choice = recommend(chain, WISH)
    assert (choice.pick, choice.reason) == (None, rule)
    last = next(check for check in choice.checks if check.rule == rule)
    assert last.nearest.startswith(nearest)


def test_every_rule_counts_alone_and_after_the_others():
    checks = {check.rule: (check.passed, check.left) for check in recommend(CHAIN, WISH).checks}
    assert checks["right"] == (125, 125)
    assert checks["days to expiry"] == (150, 75)
    assert checks["spread"] == (250, 75)


@given(st.randoms(use_true_random=False), st.floats(20, 3_000))
def test_any_order_gives_the_same_answer_within_the_budget(shuffler: random.Random, budget):
    chain = CHAIN.copy()
    shuffler.shuffle(chain)
    wish = replace(WISH, budget=budget)
    choice = recommend(chain, wish)
    assert choice == recommend(CHAIN, wish)
    if choice.pick is not None:
        assert choice.pick.quantity >= 1
        assert choice.pick.cost <= budget


@pytest.mark.parametrize("change", [{"budget": 0.0}, {"budget": math.nan}, {"spot": -1.0}])
def test_a_wish_that_makes_no_sense_is_refused(change):
    with pytest.raises(UsageError):
        replace(WISH, **change)


def test_a_chain_is_read_under_its_vendors_names():
    chain = read_chain(
        [
            "underlying,underlying_last,type,expiration,quotedate,strike,bid,ask,volume,openinterest",
            "NVDA,185.5,call,01/16/2026,11/20/2025,200,5.1,5.3,12,900",
            "NVDA,185.5,put,01/16/2026,11/20/2025,170,4.1,4.2,,30",
            "NVDA,180.0,put,01/16/2026,11/19/2025,170,5.1,5.2,1,30",
            "AMD,240,put,01/16/2026,11/20/2025,220,5.1,5.2,1,30",
            "NVDA,185.5,call,someday,11/20/2025,200,5.1,5.3,12,900",
        ],
        "NVDA",
    )
    assert (chain.spot, chain.day, len(chain.rows)) == (185.5, TODAY, 2)
    assert chain.rows[0] == ChainRow(date(2026, 1, 16), 200, Right.CALL, 5.1, 5.3, 12, 900)
    assert math.isnan(chain.rows[1].volume)
    assert [(one.line, "day" in one.why) for one in chain.unparsed] == [(6, True)]


def test_a_file_that_is_no_chain_is_refused():
    with pytest.raises(DataError, match="empty"):
        read_chain([], "NVDA")
    with pytest.raises(DataError, match="no column 'ask'"):
        read_chain(["expiry,strike,right,bid"], "NVDA")
    with pytest.raises(DataError, match="none on NVDA"):
        read_chain(["underlying,expiry,strike,right,bid,ask", "AMD,2026-01-16,1,C,1,1"], "NVDA")
