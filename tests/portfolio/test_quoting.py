"""From a trade to orders: what comes into question, and that money holds whatever a chain says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.balance.advice import recommend
from hedgetui.domain.balance.basket import typed
from hedgetui.domain.balance.ideas import of_advice, quoted_advice
from hedgetui.domain.balance.listing import Listing
from hedgetui.domain.balance.positions import Kind, Position
from hedgetui.domain.balance.quoting import Line, exact, offer, reduce, shares_for
from hedgetui.domain.balance.wanted import Held, Reduction, Structure, Wanted
from hedgetui.domain.instruments import Right
from hedgetui.domain.recommend import ChainRow
from tests.balance.balance_stage import TODAY, at, books
from tests.portfolio.portfolio_stage import SPOTS, chain_rows

NVDA = Listing("NVDA", 180.0, tuple(chain_rows("NVDA", 180.0, TODAY)), TODAY)
CALL = Wanted("NVDA", Structure.CALL, 90, (1.0, 1.02))
SPREAD = Wanted("NVDA", Structure.PUT_SPREAD, 90, (0.9, 1.0))
PUTS = Reduction("NVDA", Held.PUTS, 30, 50)


def with_rows(change) -> Listing:
    return replace(NVDA, rows=tuple(map(change, NVDA.rows)))


def test_a_quote_whose_sides_are_far_apart_is_no_price():
    wide = with_rows(lambda row: replace(row, bid=row.ask / 2))
    assert not offer(CALL, Decimal(9_000), wide).steps
    one_sided = with_rows(lambda row: replace(row, bid=float("nan")))
    assert "with a quote" in offer(CALL, Decimal(9_000), one_sided).note


def test_the_next_strike_is_taken_where_the_money_does_not_buy_the_nearest():
    wanted = replace(CALL, moneyness=(1.0, 1.1))
    near, far = (offer(wanted, Decimal(money), NVDA).quoted for money in (2_000, 700))
    assert (near.contract, far.contract) != (far.contract, near.contract)
    assert near.ask > far.ask
    assert (near.quantity, far.quantity) == (1, 1)


@pytest.mark.parametrize(("held", "sold"), [(1, 0), (2, 1), (3, 1), (4, 2), (10, 3), (100, 30)])
def test_a_reduction_is_in_whole_units_within_its_bounds(held, sold):
    assert PUTS.whole(held) == sold
    assert sold == 0 or 0.3 <= sold / held <= 0.5


def line(quantity: float, right: Right = Right.PUT, strike: float = 180.0) -> Line:
    expiry = NVDA.rows[0].expiry
    one = Position("X", "NVDA", Kind.OPTION, quantity, 100.0, strike, expiry, right)
    return Line(one, f"NVDA {expiry:%Y%m%d} {strike:g} {right}")


def test_the_largest_line_is_trimmed_at_the_bid():
    lines = [line(2), line(6, strike=170.0), line(50, Right.CALL), line(-9, strike=160.0)]
    (step,) = reduce(PUTS, lines, NVDA, Decimal(0)).steps
    row = next(one for one in NVDA.rows if (one.strike, one.right) == (170.0, Right.PUT))
    assert step.describe() == f"SELL 2 {lines[1].key} LMT {row.bid}"
    assert step.trims


def test_short_calls_are_bought_back_only_with_money_that_is_left():
    wish = Reduction("NVDA", Held.CALLS, 30, 50)
    (step,) = reduce(wish, [line(-4, Right.CALL)], NVDA, Decimal(5_000)).steps
    assert (step.side, step.quantity, step.cost > 0) == ("BUY", 2, True)
    assert "is left" in reduce(wish, [line(-4, Right.CALL)], NVDA, step.cost - 1).note


def test_a_contract_that_was_typed_must_be_listed():
    option = typed("BUY 2 NVDA 2026-04-17 C 190 @ 3.333")
    (step,) = exact(option, NVDA, 0, None).steps
    assert step.describe() == "BUY 2 NVDA 20260417 190 C LMT 3.34", "cents, never in our favour"
    assert "is not listed" in exact(replace(option, strike=190.1), NVDA, 0, None).note
    assert "whole number" in exact(replace(option, quantity=1.5), NVDA, 0, None).note


money = st.decimals(min_value=0, max_value=10**6, places=2)
quotes = st.tuples(st.floats(0, 50), st.floats(0, 0.4), st.floats(0.005, 400))


@given(money, st.sampled_from([CALL, SPREAD, replace(CALL, structure=Structure.PUT)]),
       st.lists(quotes, min_size=1, max_size=6))  # fmt: skip
def test_an_offer_never_costs_more_than_its_money(dollars, wanted, seen):
    expiry = NVDA.rows[0].expiry.replace(year=2026, month=4, day=17)
    rows = tuple(
        ChainRow(expiry, 150.0 + 6 * n, right, bid, bid * (1 + wide))
        for n, (bid, wide, _) in enumerate(seen)
        for right in Right
    )
    found = offer(wanted, dollars, Listing("NVDA", 180.0, rows, TODAY))
    assert found.cost <= dollars
    assert all(step.quantity > 0 and step.limit > 0 for step in found.steps)
    shares = shares_for("NVDA", seen[0][2], dollars)
    assert shares.cost <= dollars


@given(books, st.decimals(min_value=0, max_value=10**6, places=2), st.integers(1, 9))
def test_rows_with_quotes_stay_within_the_budget(book, budget, most):
    situation = at(*book, vix=14.0)
    rows = recommend(situation, budget, most)
    left = budget - sum((row.cost for row in rows), Decimal(0))
    lines = [Line(one, f"{one.underlying} STK") for one in book if not one.is_option]
    spent = Decimal(0)
    for row in rows:
        idea = of_advice(row, left)
        if idea is None:
            continue
        name = idea.wanted.underlying if idea.wanted else idea.reduces.underlying
        spot = SPOTS.get(name, 14.0)
        listing = Listing(name, spot, LISTED.get(name, ()), TODAY)
        found = (
            offer(idea.wanted, idea.money, listing)
            if idea.wanted
            else reduce(idea.reduces, lines, listing, idea.money)
        )
        shown = quoted_advice(row, found)
        assert shown.trade == row.trade
        assert shown.cost <= (row.cost if idea.wanted else left)
        assert not found.steps or shown.cost == max(found.cost, Decimal(0))
        spent += max(shown.cost, found.cost)
    assert spent <= budget


LISTED = {name: tuple(chain_rows(name, SPOTS[name], TODAY)) for name in ("SPY", "NVDA", "VIX")}
