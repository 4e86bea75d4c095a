"""`hedgetui stress` and `hedgetui recommend` on files."""

from __future__ import annotations

import csv

import pytest

BOOK = """symbol,type,quantity,strike,expiry,right,price,multiplier
SPY,equity,100,,,,600.00
NVDA,equity,50,,,,185.00
SPY,option,2,570,2026-02-20,P,9.10
HYG,option,1,75,2026-02-20,P,0.50
"""
CHAIN = """expiry,strike,right,bid,ask,volume,open_interest,spot,day
2026-01-16,195,C,7.90,8.10,900,5000,185,2025-11-20
2026-01-16,210,C,3.90,4.00,900,5000,185,2025-11-20
2026-01-16,230,C,1.30,1.40,900,5000,185,2025-11-20
"""
FIGURES = {
    "nav", "mean", "median", "sd", "skew", "var95", "var99", "cvar95", "p_gain", "attribution",
    "scenarios",
}  # fmt: skip


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text(BOOK)
    return path


@pytest.fixture
def chain(tmp_path):
    path = tmp_path / "chain.csv"
    path.write_text(CHAIN)
    return path


@pytest.fixture
def stress(hedgetui, book):
    return lambda *words: hedgetui(
        "stress", "--positions", book, "--day", "2025-11-20", "-n", 2000, *words
    )


def test_the_same_seed_prints_the_same_document(stress):
    first, second = stress("--seed", 1, "--json"), stress("--seed", 1, "--json")
    assert (first.code, first.out) == (0, second.out)
    assert stress("--seed", 2, "--json").out != first.out
    found = first.json
    assert found.keys() >= FIGURES
    assert found["nav"] == pytest.approx(60_000 + 9_250 + 1_820, abs=0.5)
    assert 0 < found["var95"] < found["cvar95"] < found["nav"]
    assert len(found["scenarios"]) == 6
    assert (found["regime"], found["horizon_months"], found["paths"]) == ("ALL", 6, 2000)


def test_what_was_left_out_and_assumed_is_said(stress):
    found = stress("--json")
    assert [(one["line"], one["why"]) for one in found.json["left_out"]] == [(5, "no price of HYG")]
    assert "HYG" in found.err
    assert "NVDA: beta 1 and R² 0.5 assumed" in found.json["assumptions"]
    mended = stress("--json", "--spot", "HYG=79.5", "--beta", "HYG=0.4")
    assert mended.json["left_out"] == []


def test_a_regime_and_a_horizon_change_the_answer(stress):
    calm = stress("--regime", "goldilocks", "--horizon", 1, "--json").json
    rough = stress("--regime", "RISK_OFF", "--horizon", 1, "--json").json
    assert rough["sd"] > 1.5 * calm["sd"]
    assert rough["cvar95"] > calm["cvar95"]


def test_words_and_rows_for_people(stress):
    shown = stress("--grid").out
    assert "ALL: 2,000 paths over 6 months, seed 1, 3 positions" in shown
    for word in ("CVaR 95", "P(loss > 20 %)", "Part in CVaR 95", "worst", "P&L in 21 days"):
        assert word in shown
    rows = list(csv.reader(stress("--csv").out.splitlines()))
    assert rows[0] == ["section", "name", "value"]
    assert {row[0] for row in rows} >= {"figure", "attribution", "scenario best 3", "left out"}


@pytest.mark.parametrize(
    "words",
    [("--regime", "calm"), ("-n", 0), ("--horizon", 0), ("--horizon", "nan"), ("--seed", -1),
     ("--day", "tomorrow"), ("--spot", "SPY=free"), ("--cash", "nan")],
)  # fmt: skip
def test_a_bad_option_is_a_usage_error(stress, words):
    ended = stress(*words, "--json")
    assert ended.code == 2
    assert ended.error["message"]


def test_a_book_without_prices_is_refused(hedgetui, tmp_path):
    path = tmp_path / "bare.csv"
    path.write_text("symbol,type,quantity,strike,expiry,right\nHYG,option,1,75,2030-02-20,P\n")
    ended = hedgetui("stress", "--positions", path, "--json")
    assert (ended.code, ended.error["code"]) == (2, "data")
    assert "--spot" in ended.error["hint"]


def test_recommend_prints_one_contract(hedgetui, chain):
    words = ("recommend", "--ticker", "nvda", "--direction", "bullish", "--chain", chain)
    ended = hedgetui(*words, "--budget", 500, "--json")
    pick = ended.json["pick"]
    assert (ended.code, pick["contract"]) == (0, "NVDA 2026-01-16 210C")
    assert (pick["dte"], pick["quantity"], pick["cost"]) == (57, 1, 400)
    assert ended.json["reason"] == ""
    shown = hedgetui(*words)
    assert "contracts in budget  1 for $400.00" in shown.out
    assert hedgetui(*words, "--csv").out.startswith("contract,ticker,expiry")


def test_recommend_says_why_nothing_matched(hedgetui, chain):
    words = ("recommend", "--ticker", "NVDA", "--direction", "bullish", "--chain", chain)
    ended = hedgetui(*words, "--budget", 50)
    assert ended.code == 1
    assert ended.out.startswith("nothing matched: budget")
    assert "$140.00" in ended.out
    bearish = ("recommend", "--ticker", "NVDA", "--direction", "bearish", "--chain", chain)
    none = hedgetui(*bearish, "--json")
    assert (none.code, none.json["pick"], none.json["reason"]) == (1, None, "right")
    assert hedgetui("recommend", "--ticker", "NVDA", "--direction", "up").code == 2
