"""`vega size`: the whole table of the rule, and what is no number at all."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TABLE = [
    (5, "SELL", 1), (10, "SELL", 2), (25, "SELL", 5), (50, "SELL", 10), (100, "SELL", 20),
    (47, "SELL", 9), (-30, "BUY", 6), (2.5, None, 0), (-2.5, None, 0), (7.5, "SELL", 1),
    (12.5, "SELL", 2), (17.5, "SELL", 3), (-7.5, "BUY", 1), (-5, "BUY", 1), (0, None, 0),
]  # fmt: skip


@pytest.mark.parametrize(("delta", "side", "contracts"), TABLE)
def test_the_table(hedgetui, delta, side, contracts):
    ended = hedgetui("vega", "size", delta, "--json")
    after = delta + 5.0 * contracts * {"BUY": 1, "SELL": -1, None: 0}[side]
    expected = {"side": side, "contracts": contracts, "net_before": delta, "net_after": after}
    assert (ended.code, ended.json) == (0, expected)


@pytest.mark.parametrize("words", [("--", "-30"), ("-30",), ("-3e1",), ("--json", "--", "-30.0")])
def test_negative_numbers_need_no_dashes(hedgetui, words):
    ended = hedgetui("vega", "size", *words, *([] if "--json" in words else ["--json"]))
    assert (ended.code, ended.json["side"], ended.json["contracts"]) == (0, "BUY", 6)


def test_what_is_on_already_counts(hedgetui):
    assert hedgetui("vega", "size", 10, "--hedge", -2, "--json").json["side"] is None
    assert hedgetui("vega", "size", 10, "--working", -2, "--json").json["side"] is None
    assert hedgetui("vega", "size", 47, "--hedge", -3, "--json").json == {
        "side": "SELL", "contracts": 6, "net_before": 32.0, "net_after": 2.0,
    }  # fmt: skip


def test_inside_the_band_nothing_is_sent(hedgetui):
    assert hedgetui("vega", "size", 10, "--band", 10, "--json").json["side"] is None
    assert hedgetui("vega", "size", 10.1, "--band", 10, "--json").json["contracts"] == 2


def test_words_for_people(hedgetui):
    assert hedgetui("vega", "size", 47).out == "SELL 9 MES   net +47 → +2 $/pt\n"
    assert hedgetui("vega", "size", 2.5).out.startswith("nothing to send")
    assert "-0" not in hedgetui("vega", "size", "-0", "--json").out


@pytest.mark.parametrize(
    "words",
    [
        ("nan",), ("inf",), ("-inf",), ("-nan",), ("1e400",), ("1e308",), ("ten",), ("",), (),
        ("5", "--band", "nan"), ("5", "--band", "-1"), ("5", "--band", "inf"),
        ("5", "--hedge", "2.5"), ("5", "--hedge", "9" * 30), ("5", "--working", "-" + "9" * 30),
        ("5", "6"),
    ],
)  # fmt: skip
def test_no_number_is_a_usage_error(hedgetui, words):
    ended = hedgetui("vega", "size", *words, "--json")
    assert ended.code == 2
    assert ended.error["code"] == "usage"
    assert ended.error["message"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delta=st.floats(-1e6, 1e6), held=st.integers(-500, 500))
def test_never_leaves_more_than_half_a_contract(hedgetui, delta, held):
    sized = hedgetui("vega", "size", f"--hedge={held}", "--json", "--", repr(delta)).json
    sign = {"BUY": 5, "SELL": -5, None: 0}[sized["side"]]
    assert abs(sized["net_after"]) <= 2.5 + 1e-6
    assert sized["net_after"] == pytest.approx(sized["net_before"] + sign * sized["contracts"])
    assert abs(sized["net_after"]) <= abs(sized["net_before"]) + 1e-9
