"""The pooled hedge, shown trade by trade: rows add up, in contracts and in cents."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.vega.pool import HedgeShare, apportion, rebook, split_fees
from hedgetui.domain.vega.sizing import hedge_contracts

ids = some.text("ABCDEF", min_size=1, max_size=3)
books = some.dictionaries(ids, some.floats(-200, 200), max_size=8)
pools = some.integers(-300, 300)
FIVE = Decimal(5)


def test_the_pool_of_the_specification():
    book = {"A": 30.0, "B": 20.0}
    assert hedge_contracts(50.0) == -10
    assert apportion(-10, book) == {"A": -6, "B": -4}
    assert hedge_contracts(20.0 + 5 * -10) == 6
    assert apportion(-4, {"B": 20.0}) == {"B": -4}


@given(pools, books)
def test_rows_add_up(pool, book):
    shares = apportion(pool, book)
    assert set(shares) == set(book)
    assert sum(shares.values()) == (pool if book else 0)


@given(pools, books)
def test_the_order_of_the_book_does_not_matter(pool, book):
    backwards = dict(reversed(list(book.items())))
    assert apportion(pool, book) == apportion(pool, backwards)


@given(pools, books)
def test_a_mirrored_book_has_mirrored_rows(pool, book):
    mirrored = {key: -delta for key, delta in book.items()}
    assert apportion(-pool, mirrored) == {k: -share for k, share in apportion(pool, book).items()}


@given(some.integers(-300, 0), some.dictionaries(ids, some.floats(0, 200), min_size=1, max_size=8))
def test_long_books_share_a_short_pool_in_proportion(pool, book):
    shares = apportion(pool, book)
    total = sum(book.values())
    if total > 1e-3:
        for key, delta in book.items():
            assert abs(shares[key] - pool * delta / total) < 1 + 1e-6


def test_opposite_deltas_each_show_their_own_hedge():
    assert apportion(-2, {"A": 30.0, "B": -20.0}) == {"A": -6, "B": 4}
    assert apportion(0, {"A": 30.0, "B": -30.0}) == {"A": -6, "B": 6}


def test_ties_zeros_and_unknown_deltas():
    assert apportion(-1, {"B": 10.0, "A": 10.0}) == {"B": 0, "A": -1}
    assert apportion(-3, {"A": 0.0, "B": 0.0}) == {"A": -2, "B": -1}
    assert apportion(-4, {"A": 0.0, "B": 20.0}) == {"A": 0, "B": -4}
    assert apportion(-4, {"A": float("nan"), "B": 20.0}) == {"A": 0, "B": -4}
    assert apportion(-4, {}) == {}


def test_moving_a_share_between_trades_costs_the_pool_nothing():
    accounts = rebook({}, {"A": -6, "B": -4}, price=Decimal("5400.25"), multiplier=FIVE)
    accounts = rebook(accounts, {"A": -5, "B": -5}, price=Decimal("5410.00"), multiplier=FIVE)
    accounts = rebook(accounts, {"B": -4}, price=Decimal("5420.50"), multiplier=FIVE)
    mark = Decimal("5400.00")
    rows = [share.profit(mark, FIVE) for share in accounts.values()]
    # The pool itself: sold 10 at 5400.25, bought 6 at 5420.50, 4 left at 5400.00.
    pool = (10 * Decimal("5400.25") - 6 * Decimal("5420.50") - 4 * mark) * FIVE
    assert sum(rows) == pool
    assert accounts["A"].contracts == 0


@given(
    some.lists(
        some.tuples(pools, books.filter(bool), some.decimals(4000, 7000, places=2)), max_size=6
    )
)
def test_row_profits_add_up_to_the_pool(steps):
    accounts: dict[str, HedgeShare] = {}
    held, cash, mark = 0, Decimal(0), Decimal(5000)
    for pool, book, mark in steps:
        accounts = rebook(accounts, apportion(pool, book), price=mark, multiplier=FIVE)
        cash -= (pool - held) * mark * FIVE
        held = pool
    rows = sum((share.profit(mark, FIVE) for share in accounts.values()), Decimal(0))
    assert rows == cash + held * mark * FIVE
    assert sum(share.contracts for share in accounts.values()) == held


@given(some.decimals(-5, 50, places=3), some.dictionaries(ids, some.integers(-9, 9), min_size=1))
def test_fees_add_up_to_the_cent(fees, moves):
    parts = split_fees(fees, moves)
    assert sum(parts.values(), Decimal(0)) == fees


def test_fees_go_to_the_trades_the_fill_was_for():
    assert split_fees(Decimal("1.00"), {"A": -3, "B": -1, "C": 2}) == {
        "A": Decimal("0.75"),
        "B": Decimal("0.25"),
        "C": Decimal(0),
    }
    assert split_fees(Decimal(0), {"A": 1}) == {}


def test_a_held_share_needs_a_mark():
    with pytest.raises(ValueError, match="needs a mark"):
        HedgeShare(contracts=-2).profit(None, FIVE)
    assert HedgeShare(cash=Decimal("12.50")).profit(None, FIVE) == Decimal("12.50")
