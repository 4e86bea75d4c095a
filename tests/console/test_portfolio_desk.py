"""The portfolio verbs on a desk that is opened for the question, on the simulator, end to end."""

from __future__ import annotations

import pytest

from hedgetui.store.verify import verify


@pytest.fixture
def ask(hedgetui, tmp_path):
    """A verb on the journal of this test."""
    return lambda *words: hedgetui(*words, "--db", tmp_path / "x.db")


@pytest.mark.parametrize(
    ("portfolio", "bias", "first"),
    [("short", "NET SHORT", "calls"), ("long", "NET LONG", "puts"), ("balanced", "BALANCED", "✓")],
)
def test_the_book_of_the_account_has_its_verdict(ask, monkeypatch, portfolio, bias, first):
    monkeypatch.setenv("HEDGETUI_SIMULATOR__PORTFOLIO", portfolio)
    found = ask("balance", "--budget", 9000, "--json")
    rows = found.json["recommendations"]
    assert (found.code, found.json["bias"]) == (0, bias)
    assert first in rows[0]["trade"]
    assert sum(row["cost"] for row in rows) <= 9000
    bought = [row for row in rows if row["contract"] and row["action"] != "REDUCE"]
    assert bought, "a share of this budget buys a real contract"
    assert all(not row["estimated"] and row["orders"] for row in bought)
    assert "MT5 is not in it" in found.err
    [line] = [one for one in ask("doctor", "--json").json if one["name"] == "portfolio"]
    assert "betas of 2025-11-19" in line["detail"]


def test_a_row_becomes_a_filled_order_with_a_yes_and_nothing_without(ask, tmp_path):
    rows = ask("balance", "--json").json["recommendations"]
    number, row = next((n, one) for n, one in enumerate(rows, 1) if one["orders"])
    assert row["action"] == "REDUCE"
    shown = ask("balance", "send", number, "--json")
    assert (shown.code, shown.json["preview"]["sendable"]) == (0, True)
    assert "nothing sent" in shown.err
    kinds = {fact["kind"] for fact in ask("journal", "export").lines}
    assert not {"TicketOpened", "IntentRecorded"} & kinds
    sent = ask("balance", "send", number, "--yes", "--json")
    assert (sent.code, sent.json["ticket"]["state"], sent.json["ticket"]["done"]) == (0, "done", 1)
    [fill] = [one for one in ask("journal", "export").lines if one["kind"] == "FillBooked"]
    assert (fill["payload"]["instrument_key"], verify(tmp_path / "x.db").ok) == (
        row["contract"], True,
    )  # fmt: skip


def test_one_contract_is_found_and_bought_or_the_table_says_why_not(ask):
    verb = ("recommend", "--ticker", "NVDA", "--direction", "bullish")
    sent = ask(*verb, "--budget", 500, "--send", "--yes", "--json")
    pick = sent.json["pick"]
    assert (sent.code, sent.json["ticket"]["state"]) == (0, "done")
    assert 30 <= pick["dte"] <= 120
    assert pick["cost"] <= 500
    none = ask(*verb, "--budget", 1)
    assert (none.code, none.out.startswith("nothing matched: budget")) == (1, True)
    assert ask("recommend", "--ticker", "ZZZZ", "--direction", "bullish").code == 2


def test_a_regime_that_is_measured_shows_its_inputs(ask):
    found = ask("grow", "--json").json
    assert [one["name"] for one in found["inputs"]] == ["SPY", "CPER/GLD", "TIP/IEF", "VIX"]
    assert all(one["value"] is not None for one in found["inputs"])


def test_a_portfolio_that_is_switched_off_is_not_an_empty_one(ask, monkeypatch):
    monkeypatch.setenv("HEDGETUI_BALANCE__ENABLED", "false")
    ended = ask("balance", "--json")
    assert (ended.code, ended.error["code"]) == (1, "no-portfolio")
