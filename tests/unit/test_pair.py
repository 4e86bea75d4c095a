"""Two orders that only make sense together: what the gates ask of a roll."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain import pair as pr
from hedgetui.domain.orders import (
    Intent,
    IntentState,
    OrderDraft,
    OrderType,
    Purpose,
    Side,
)
from hedgetui.domain.units import Contracts, Timestamp

DEC, MAR = "MES 202512", "MES 202603"


def draft(key: str, signed: int, purpose: Purpose = Purpose.ROLL) -> OrderDraft:
    return OrderDraft(purpose, key, Side.of(signed), Contracts(abs(signed)), OrderType.MARKET)


def pair(out: int = 2, into: int = -2, held: int = -2, **changes) -> pr.Pair:
    return replace(pr.Pair(draft(DEC, out), draft(MAR, into), held), **changes)


def intent(order: OrderDraft, number: int = 1, state: IntentState = IntentState.SENDING) -> Intent:
    return Intent(f"I{number}", f"HT1.I{number}", number, "DU1", "vega", order, Timestamp(0.0),
                  1, 1, 0, state)  # fmt: skip


def test_a_whole_pair_passes_both_times() -> None:
    whole = pair()
    assert pr.objection(whole, whole.out_of) == ""
    assert pr.objection(replace(whole, first=intent(whole.out_of)), whole.into) == ""
    assert pr.objection(pair(1, -1, held=-2), draft(DEC, 1)) == ""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (pair(out=2, into=-3), "changes no delta: +2 and -3"),
        (pair(out=2, into=2), "changes no delta: +2 and +2"),
        (pair(held=0), "+2 MES 202512 is more than closes the +0 held"),
        (pair(held=-1), "more than closes the -1 held"),
        (pair(held=2), "more than closes the +2 held"),
        (replace(pair(), into=draft(DEC, -2)), "are not two months of one future"),
        (replace(pair(), into=draft("ES 202603", -2)), "are not two months of one future"),
        (replace(pair(), into=draft("XSP 20251219 540 C", -2)), "not two months of one future"),
        (replace(pair(), into=draft(MAR, -2, Purpose.HEDGE)), "only rolls come in pairs"),
    ],
)  # fmt: skip
def test_what_is_no_roll_is_refused_in_both_orders(wrong, words) -> None:
    assert words in pr.objection(wrong, wrong.out_of)
    assert words in pr.objection(wrong, wrong.into)


def test_half_a_roll_is_refused() -> None:
    assert "half a roll" in pr.objection(None, draft(DEC, 2))
    assert "half a roll" in pr.objection(pair(), draft(MAR, -1))


@pytest.mark.parametrize("state", IntentState)
def test_the_second_order_follows_only_a_first_one_that_left(state) -> None:
    whole = pair()
    whole = replace(whole, first=intent(whole.out_of, 7, state))
    follows = state in {IntentState.SENDING, IntentState.WORKING, IntentState.PARTIAL,
                        IntentState.CANCELLING, IntentState.FILLED}  # fmt: skip
    found = pr.objection(whole, whole.into)
    assert found == ("" if follows else f"its first order #7 is {state}")


def test_only_the_other_half_joins_a_live_roll() -> None:
    whole = pair()
    first, other = intent(whole.out_of), intent(draft(MAR, -1), 2)
    known = replace(whole, first=first)
    assert not pr.stands_in_way(whole.into, first, known)
    assert pr.stands_in_way(whole.into, other, known)
    assert pr.stands_in_way(whole.out_of, first, whole)
    hedge, leg = draft(MAR, 1, Purpose.HEDGE), draft("XSP 20251219 540 C", 1, Purpose.ENTRY)
    assert pr.stands_in_way(hedge, first, None)
    assert pr.stands_in_way(whole.out_of, intent(hedge, 3), whole)
    assert not pr.stands_in_way(hedge, intent(hedge, 3), None), "the slot of its own month does"
    assert not pr.stands_in_way(leg, first, None)
    assert not pr.stands_in_way(whole.out_of, intent(leg, 4), whole)


@given(some.integers(-6, 6), some.integers(-6, 6), some.integers(-6, 6))
def test_whatever_passes_changes_nothing_and_never_turns_a_month_round(out, into, held) -> None:
    if not out or not into:
        return
    asked = pair(out, into, held)
    if not pr.objection(asked, asked.out_of):
        assert out + into == 0
        assert abs(held + out) < abs(held)
        assert (held + out) * held >= 0
