"""The log's words, one for one as the contract has them."""

from __future__ import annotations

import inspect

import pytest

from hedgetui.domain.orders import Side
from hedgetui.domain.units import parse_utc
from hedgetui.domain.vega import messages

LINES = [
    (messages.duration(45), "45 s"),
    (messages.outage("down", "token expired", 960), "link down for 16 min: token expired"),
    (messages.unhedged(None, 10.0, None), "Δ not known"),
    (messages.unhedged(14.0, 10.0, None), "Δ +14.0 $/pt (±10)"),
    (messages.unhedged(-14.0, 7.5, 900.0), "Δ -14.0 $/pt (±7.5, 15 min old)"),
    (messages.subscribed("MES", "202512"), "✅ Subscribed to MES futures 202512"),
    (messages.calculated(Side.SELL, 5, "MES"), "📊 Calculated hedge: SELL 5 MES"),
    (messages.hedge_sent(123, Side.SELL, 5, "MES"), "🛡 Hedge order #123: SELL 5 MES"),
    (messages.hedge_filled(Side.SELL, 5, "MES"), "✅ Hedge order placed: SELL 5 MES"),
    (messages.closing("01KAB"), "🔴 Closing vega position 01KAB"),
    (messages.hedge_closed(Side.BUY, 5, "MES"), "✓ Hedge closed: BUY 5 MES"),
    (messages.breached(17.2, 10.0), "⚠ Delta threshold breached: net +17.2 $/pt (±10)"),
    (messages.breached(-17.25, 2.5), "⚠ Delta threshold breached: net -17.2 $/pt (±2.5)"),
    (messages.neutral(2.0), "🟢 Delta neutral: net +2.0 $/pt"),
    (messages.not_initialized("MES"), "⏳ MES not initialized"),
    (messages.under_half(1.8), "Δ +1.8 $/pt is under half a contract"),
    (
        messages.roll_sent("BUY 2 MES 202512, SELL 2 MES 202603"),
        "🔁 Roll: BUY 2 MES 202512, SELL 2 MES 202603",
    ),
    (messages.rolled(2, "MES 202512", "MES 202603"), "✅ Rolled 2 MES 202512 → 202603"),
    (
        messages.roll_short(1, 2, "MES 202512", "MES 202603", "both cancelled"),
        "⚠ Rolled 1 of 2 MES 202512 → 202603: both cancelled",
    ),
    (
        messages.roll_broken("BUY 2 MES 202512", "SELL 2 MES 202603", "frozen"),
        "🛑 Roll broken: BUY 2 MES 202512 left, SELL 2 MES 202603 did not: frozen",
    ),
    (
        messages.half_rolled("BUY 2 of 2 MES 202512 FILLED", "the hedge rule mends it"),
        "🛑 Half a roll: BUY 2 of 2 MES 202512 FILLED; the hedge rule mends it",
    ),
    (messages.unhedgeable("MES", "halted", None), "MES unhedgeable: halted"),
    (
        messages.unhedgeable("MES", "daily break", parse_utc("2025-11-19T23:00:00Z")),
        "MES unhedgeable until 2025-11-19 23:00 UTC: daily break",
    ),
]


@pytest.mark.parametrize(("line", "words"), LINES)
def test_the_words_are_the_contract(line, words) -> None:
    assert line == words


def test_no_line_has_a_variation_selector_and_none_is_untested() -> None:
    assert all("\ufe0f" not in line for line, _ in LINES)
    written = [
        name for name, made in inspect.getmembers(messages, inspect.isfunction)
        if made.__module__ == messages.__name__
    ]  # fmt: skip
    assert len(written) == 19


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h"),
     (11_700, "3 h 15 min")],
)  # fmt: skip
def test_durations_are_short(seconds, words):
    assert messages.duration(seconds) == words
