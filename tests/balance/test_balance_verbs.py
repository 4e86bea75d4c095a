"""`balance` and `grow` as commands: documents, words and exit codes."""

from __future__ import annotations

import json

import pytest

from hedgetui.cli import main
from tests.balance.balance_stage import closes_lines

BOOK = """symbol,type,quantity,strike,expiry,right,price,iv
SPY,equity,10,,,,,
NVDA,equity,10,,,,180,
SPY,option,-1,90,2099-01-16,P,,20%
junk,equity,many,,,,,
"""


@pytest.fixture
def run(capsys):
    """A command line, with its exit code, stdout and stderr."""

    def run(*words):
        code = main([str(word) for word in words])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def positions(tmp_path):
    file = tmp_path / "book.csv"
    file.write_text(BOOK)
    return file


def document(run, *words):
    code, out, err = run(*words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_document_has_the_promised_shape(run, positions):
    found = document(run, "balance", "--positions", positions, "--budget", "99.99")
    assert found["counts"] == {"long_equity": 2, "short_equity": 0, "puts": 1, "calls": 0, "vol": 0}
    assert (found["net"], found["bias"]) == (3, "NET LONG")
    assert set(found["recommendations"][0]) >= {"action", "trade", "why", "payoff", "cost"}
    assert [row["cost"] for row in found["recommendations"]] == [29.99, 24.99, 29.99]
    assert found["unparsed"] == [
        {"line": 5, "text": "junk,equity,many,,,,,", "why": "quantity: 'many' is not a number"}
    ]


def test_what_nobody_knows_is_null_and_named(run, positions):
    dollars = document(run, "balance", "--positions", positions)["dollars"]
    assert (dollars["delta_per_pct"], dollars["bias"], dollars["vix"]) == (None, None, None)
    reasons = {one["why"] for one in dollars["unknown"]}
    assert reasons == {"no price of SPY", "no beta for NVDA"}


def test_closes_give_levels_and_betas(run, positions, tmp_path):
    closes = tmp_path / "closes.csv"
    closes.write_text("\n".join(closes_lines({"SPY": 1.0, "NVDA": 1.8, "VIX": -5.0}, 200)))
    dollars = document(run, "balance", "--positions", positions, "--closes", closes)["dollars"]
    assert dollars["unknown"] == []
    assert dollars["delta_per_pct"] > 0
    assert dollars["delta_per_point"] == pytest.approx(
        dollars["delta_per_pct"] * 100 / dollars["index_level"]
    )
    nvda = next(line for line in dollars["lines"] if line["symbol"] == "NVDA")
    assert nvda["beta"] == pytest.approx(1.8, abs=0.1)
    assert dollars["vix"] is not None


def test_the_command_line_goes_before_every_file(run, positions):
    words = ("--spot", "SPY=100", "--spot", "nvda=200", "--beta", "NVDA=2", "--nav", "5000")
    dollars = document(run, "balance", "--positions", positions, *words)["dollars"]
    nvda = next(line for line in dollars["lines"] if line["symbol"] == "NVDA")
    assert nvda["delta_per_pct"] == pytest.approx(10 * 200 * 2 * 0.01)
    assert dollars["nav"] == 5000


def test_the_day_of_the_positions_can_be_another(run, positions):
    words = ("--spot", "SPY=100", "--beta", "NVDA=2", "--day")
    (near, far) = (
        document(run, "balance", "--positions", positions, *words, day)["dollars"]["theta"]
        for day in ("2098-12-01", "2098-02-01")
    )
    assert near > far > 0
    late = document(run, "balance", "--positions", positions, *words, "2099-01-17")["dollars"]
    assert [one["why"] for one in late["unknown"]] == ["SPY expired on 2099-01-16"]


def test_lines_for_people_say_what_is_left_out(run, positions):
    code, out, _ = run("balance", "--positions", positions)
    assert code == 0
    assert "NET LONG +3 (under-hedged)" in out
    assert "line 5 left out: quantity: 'many' is not a number" in out
    assert "line 2: no price of SPY" in out


def test_rows_as_csv(run, positions):
    code, out, err = run("balance", "--positions", positions, "--csv")
    assert (code, len(out.splitlines())) == (0, 4)
    assert out.startswith("action,trade,why,payoff,cost")
    assert "1 rows left out" in err


def test_grow_tells_regime_inputs_and_trades(run):
    found = document(run, "grow", "--regime", "Stagflation", "--vix", "14")
    assert found["regime"] == "STAGFLATION"
    assert found["inputs"] == [{"name": "VIX", "value": 14, "mean_200d": None, "up": None}]
    assert set(found["recommendations"][0]) == {"trade", "why", "target", "allocation"}
    code, out, _ = run("grow", "--vix", "20")
    assert (code, out.splitlines()[0]) == (0, "DEFAULT: not known: SPY, HG/GC, TIP/IEF")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--positions", "/none.csv"), "cannot read /none.csv"),
        (("--budget", "many"), "--budget 'many' is not a number of dollars"),
        (("--budget", "-5"), "--budget -5 is not a number of dollars from 0"),
        (("--budget", "nan"), "--budget nan is not"),
        (("--max", "0"), "--max 0 is not 1 or more"),
        (("--vix", "0"), "--vix 0 is not within 0 to 200"),
        (("--vix", "nan"), "--vix nan is not within 0 to 200"),
        (("--spot", "SPY=-1"), "--spot 'SPY=-1' is not SYMBOL=PRICE"),
        (("--beta", "SPY"), "--beta 'SPY' is not SYMBOL=NUMBER"),
        (("--nav", "0"), "--nav 0.0 is not a positive number"),
        (("--day", "soon"), "--day 'soon' is not a day"),
        (("--csv", "--json"), "--csv and --json exclude each other"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_name(run, positions, words, message):
    where = ("--positions", positions) if words[0] != "--positions" else ()
    code, out, err = run("balance", *where, *words)
    assert code == 2
    assert message in (out if "--json" in words else err)
