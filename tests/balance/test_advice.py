"""Recommendations: three books to the cent, and rules that hold for every book."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.cli import main
from hedgetui.domain.balance.advice import Action, recommend, with_quotes
from hedgetui.domain.balance.wanted import Quoted
from tests.balance.balance_stage import MARKET, at, books, budgets, option, share

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("book", "vix", "expected"),
    [
        ("balanced", "14.9", "balanced_vix_14_9"),
        ("balanced", "16", "balanced_vix_16"),
        ("net_short", "16", "net_short"),
        ("net_long", "16", "net_long"),
    ],
)
def test_the_reference_books(book, vix, expected, capsys):
    words = ["balance", "--positions", str(GOLDEN / f"{book}.csv"), "--vix", vix, "--json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    golden = json.loads((GOLDEN / f"{expected}.json").read_text(encoding="utf-8"))
    assert {key: document[key] for key in golden} == golden


def trades(situation, budget=500, most=9):
    return [row.trade for row in recommend(situation, Decimal(budget), most)]


def test_a_long_book_with_calls_protects_them_first_and_never_twice():
    book = at(share("AAPL", 1), option("NVDA", "C", 2, 180), share("NVDA", 1), vix=17.9)
    assert trades(book, 1000) == [
        "NVDA put spreads (buy ATM, sell 10% OTM)",
        "AAPL 3M puts (10% OTM)",
        "SPY 3M puts (10% OTM)",
        "VIX 1M calls (strike ~VIX+5)",
    ]
    assert "VIX 1M calls (strike ~VIX+5)" not in trades(replace(book, vix=18.0))


def test_underlyings_rank_by_dollars_then_by_name_and_unknown_ones_come_last():
    book = at(share("AAPL", 1), share("NVDA", 10), share("GLDM", 900))
    assert trades(book)[:2] == [
        "NVDA 3M puts (10% OTM)",
        "AAPL put spreads (buy ATM, sell 10% OTM)",
    ]


def test_a_book_of_market_shares_gets_market_puts_once():
    assert trades(at(share("SPY", 1), share("SPY", 2))) == ["SPY 3M puts (10% OTM)"]


@pytest.mark.parametrize(
    ("rows", "trade"),
    [
        ((share("TLT", -5), share("QQQ", -5)), "Cover short TLT by 30-50%"),
        (
            (option("SPY", "C", -1, 650), option("QQQ", "C", -1, 700)),
            "Buy back short QQQ calls by 30-50%",
        ),
    ],
)
def test_a_short_side_without_puts_is_reduced_by_what_it_is(rows, trade):
    assert trades(at(*rows))[2] == trade


def test_dear_vol_is_trimmed_where_there_is_some():
    book = at(option("VIX", "C", 5, 20), vix=25.1)
    assert trades(book) == ["Portfolio is balanced ✓", "Trim vol exposure by 20-30%"]
    assert trades(replace(book, vix=25.0)) == ["Portfolio is balanced ✓"]
    assert trades(at(vix=30.0)) == ["Portfolio is balanced ✓"]


@pytest.mark.parametrize(("vix", "insured"), [(14.9, True), (15.0, False), (16.0, False)])
def test_very_cheap_vol_insures_a_balanced_book(vix, insured):
    actions = [row.action for row in recommend(at(vix=vix))]
    assert (Action.INSURE in actions) is insured


def test_decay_is_said_when_it_is_more_than_a_thousandth_of_the_nav():
    puts = [option("SPY", "P", 5, 590), option("QQQ", "P", 5, 520)]
    *_, trim = recommend(at(*puts, nav=10_000.0))
    assert "bleeding $" in trim.why
    assert "of NAV" in trim.why
    *_, calm = recommend(at(*puts, nav=1e9))
    assert "bleeding" not in calm.why


def test_an_unprotected_book_hears_what_a_crash_costs():
    longs = [share("SPY", 100), share("NVDA", 100)]
    first = recommend(at(*longs, nav=100_000.0))[0]
    assert first.why.endswith("a −10 % day would cost $9,240 (9% of NAV)")
    protected = recommend(at(*longs, option("SPY", "P", 1, 590)))[0]
    assert "would cost" not in protected.why
    unknown = recommend(at(*longs, share("GLDM", 1)))[0]
    assert "would cost" not in unknown.why


@given(books, budgets, st.integers(1, 9), st.none() | st.floats(9, 60))
def test_costs_never_exceed_the_budget(positions, budget, most, vix):
    rows = recommend(at(*positions, vix=vix), budget, most)
    assert sum(row.cost for row in rows) <= budget
    assert len(rows) <= most
    assert all(row.cost >= 0 for row in rows)


def test_a_budget_with_more_digits_than_money_has_is_not_rounded_up():
    longs = [share(name, 10) for name in ("AAPL", "NVDA")]
    budget = Decimal("0." + "9" * 34)
    rows = recommend(at(*longs, vix=14.0), budget, 9)
    assert [row.share_pct for row in rows] == [30, 25, 30, 15]
    assert sum(row.cost for row in rows) < 1


@given(books, st.randoms(use_true_random=False))
def test_the_same_book_in_any_order_gets_the_same_answer(positions, order):
    shuffled = list(positions)
    order.shuffle(shuffled)
    told = recommend(at(*positions, vix=14.0), Decimal(777), 9)
    assert recommend(at(*shuffled, vix=14.0), Decimal(777), 9) == told


def quoted(quantity, price):
    return lambda _wanted, _money: Quoted("X", quantity, Decimal(price), Decimal(100))


def test_a_quote_makes_the_cost_real_and_never_larger():
    rows = recommend(at(share("AAPL", 1), share("NVDA", 1)))
    taken = with_quotes(rows, quoted(1, "1.20"))
    assert [(row.cost, row.estimated) for row in taken] == [(Decimal(120), False)] * 3
    dear = with_quotes(rows, quoted(1, "9.99"))
    assert [(row.cost, row.note) for row in dear] == [
        (row.cost, "the quote costs $999.00") for row in rows
    ]
    assert with_quotes(rows, quoted(0, "9.99"))[0].note == "one X costs $999.00"
    assert with_quotes(rows, lambda *_: None) == rows


def test_a_negative_budget_is_no_budget():
    with pytest.raises(ValueError, match="budget -1"):
        recommend(at(market=MARKET), Decimal(-1))
