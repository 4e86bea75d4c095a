"""The rule between a measured book and an order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.units import DollarsPerPoint
from hedgetui.domain.vega.decide import Action, BookDelta, Decision, HedgeRule, Trigger, decide
from hedgetui.domain.vega.sizing import RehedgeTo

RULE = HedgeRule(band=10.0)


def answer(options, filled=0, working=0, *, trigger=Trigger.MONITOR, trades=1, **more) -> Decision:
    book = BookDelta(
        None if options is None else DollarsPerPoint(options), filled, working, **more
    )  # fmt: skip
    return decide(book, RULE, trigger, trades=trades)


@pytest.mark.parametrize(
    ("options", "filled", "trigger", "trades", "order"),
    [
        (12, 0, Trigger.MONITOR, 1, -2), (12, -2, Trigger.MONITOR, 1, 0),
        (10, 0, Trigger.MONITOR, 1, 0), (10, 0, Trigger.INITIAL, 1, -2),
        (10, 0, Trigger.MANUAL, 1, -2), (8, 0, Trigger.CLOSE, 1, -2),
        (-15, -2, Trigger.BREACH, 1, 5), (-5, 3, Trigger.FILL, 1, 0),
        (0, 3, Trigger.MONITOR, 0, -3), (0, -1, Trigger.MONITOR, 0, 1),
        (1.8, 0, Trigger.MANUAL, 1, 0),
    ],
)  # fmt: skip
def test_the_order_of_the_specification(options, filled, trigger, trades, order) -> None:
    found = answer(options, filled, trigger=trigger, trades=trades)
    assert found.contracts == order
    assert found.action is (Action.ORDER if order else Action.HOLD)


def test_what_is_not_known_blocks_with_its_reason() -> None:
    assert answer(None).action is Action.BLOCKED
    assert answer(None).reason == "delta unknown"
    assert answer(None, problem="greeks stale 23 s XSP 540C").reason.endswith("XSP 540C")
    unknown = answer(40, 0, -2, live=1, unknown=True)
    assert (unknown.action, unknown.net) == (Action.BLOCKED, 30)


def test_a_live_order_waits_or_is_cancelled_and_never_joined_by_a_second() -> None:
    assert answer(40, 0, -2, live=1).action is Action.WAIT
    assert answer(5, 0, -1, live=1).action is Action.WAIT
    assert answer(-20, 0, -2, live=1).action is Action.CANCEL
    assert answer(40, 0, 0, live=1).action is Action.WAIT


def test_words_say_why_nothing_is_done() -> None:
    assert answer(3).reason == "inside the band"
    assert answer(2, trigger=Trigger.MANUAL).reason == "under half a contract"
    assert answer(12).reason == "net +12.0 $/pt, SELL 2"
    assert answer(-12).reason == "net -12.0 $/pt, BUY 2"


def test_the_target_is_dropped_and_the_ratio_is_one_when_no_trade_is_left() -> None:
    rule = HedgeRule(band=10.0, target=DollarsPerPoint(20.0), ratio=0.5)
    book = BookDelta(DollarsPerPoint(0.0), 4, 0)
    assert decide(book, rule, Trigger.MONITOR, trades=0).contracts == -4
    assert decide(book, rule, Trigger.MONITOR, trades=1).action is Action.HOLD


@given(some.floats(-400, 400), some.integers(-40, 40), some.sampled_from(list(Trigger)))
def test_one_order_is_enough(options, filled, trigger) -> None:
    first = answer(options, filled, trigger=trigger)
    again = answer(options, filled + first.contracts, trigger=trigger)
    assert again.action is Action.HOLD
    assert first.net is not None
    assert again.net is not None
    assert abs(again.net) <= abs(first.net)


@given(some.floats(-400, 400), some.sampled_from(list(RehedgeTo)))
def test_after_an_order_the_book_is_inside_the_band(options, mode) -> None:
    rule = HedgeRule(band=10.0, mode=mode)
    first = decide(BookDelta(DollarsPerPoint(options), 0, 0), rule, Trigger.MONITOR, trades=1)
    assert abs(options + 5 * first.contracts) <= 10.0 + 1e-6


@pytest.mark.parametrize("trigger", [Trigger.MONITOR, Trigger.BREACH, Trigger.MANUAL])
@pytest.mark.parametrize("options", [-60, 0, 60])
def test_a_roll_on_its_way_is_neither_joined_nor_cancelled(options, trigger) -> None:
    found = answer(options, 0, -2, live=1, rolling=True, trigger=trigger)
    assert (found.action, found.reason) == (Action.WAIT, "a roll is on its way")
    blind = answer(options, 0, -2, live=1, rolling=True, unknown=True, trigger=trigger)
    assert blind.action is Action.BLOCKED


def test_half_a_roll_is_mended_inside_the_band() -> None:
    found = answer(5, trigger=Trigger.HALF_ROLL)
    assert (found.action, found.contracts) == (Action.ORDER, -1)
