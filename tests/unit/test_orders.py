"""The intent automaton: every interleaving ends in one of the states evidence allows."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from hedgetui.domain import orders as od
from hedgetui.domain.orders import Effect, IntentState
from hedgetui.domain.units import Contracts, Timestamp


def _intent(quantity: int = 3) -> od.Intent:
    draft = od.OrderDraft(
        od.Purpose.HEDGE, "MES 202512", od.Side.SELL, Contracts(quantity), od.OrderType.MARKET
    )
    return od.Intent(
        "01J0", "HT1.01J0", 1, "DU1", "vega", draft, Timestamp(0.0), epoch=1, session=1,
        position_before=0,
    )  # fmt: skip


EVIDENCE: tuple[od.Evidence, ...] = (
    od.Listed("77"),
    od.Executed(Contracts(1)),
    od.Executed(Contracts(2)),
    od.Ended(rejected=False, reason="cancelled"),
    od.Ended(rejected=True, reason="margin"),
    od.Noticed(10349, "tif set to DAY"),
    od.CancelAsked(),
    od.WentDark("link"),
    od.NeverSent("latch"),
    od.ProvenAbsent("two looks"),
    od.HumanVerdict("seen in TWS"),
)


def _states(depth: int) -> dict[od.Intent, set[frozenset[Effect]]]:
    """Explore every sequence of evidence up to `depth`; intents are hashable, so states merge."""
    reached = {_intent(): set[frozenset[Effect]]()}
    frontier = set(reached)
    for _ in range(depth):
        following = set()
        for intent, evidence in itertools.product(frontier, EVIDENCE):
            if intent.filled > 6:
                continue
            outcome = od.step(intent, evidence)
            if outcome.intent not in reached:
                following.add(outcome.intent)
            reached.setdefault(outcome.intent, set()).add(outcome.effects)
        frontier = following
    return reached


def test_no_interleaving_of_ten_messages_leaves_the_lattice() -> None:
    for intent in _states(10):
        filled_whole = intent.filled >= intent.draft.quantity
        assert filled_whole == (intent.state is IntentState.FILLED)
        if intent.state in {IntentState.ABANDONED, IntentState.ABSENT, IntentState.REJECTED}:
            # These say "nothing was done"; only a late fill, which moves on, may contradict them.
            assert intent.filled < intent.draft.quantity
        assert intent.live == (intent.state in od.LIVE)
        assert intent.working_signed <= 0
        assert -intent.working_signed <= intent.draft.quantity


def test_filled_is_absorbing_and_fills_are_taken_in_every_state() -> None:
    for intent in _states(6):
        for evidence in EVIDENCE:
            after = od.step(intent, evidence).intent
            assert after.filled >= intent.filled
            if intent.state is IntentState.FILLED:
                assert after.state is IntentState.FILLED
            if isinstance(evidence, od.Executed):
                assert after.filled == intent.filled + evidence.quantity


def test_a_terminal_state_is_left_only_by_a_fill() -> None:
    for intent in _states(6):
        if intent.state not in od.TERMINAL:
            continue
        for evidence in EVIDENCE:
            outcome = od.step(intent, evidence)
            if isinstance(evidence, od.Executed):
                assert Effect.LATE_FILL in outcome.effects
            else:
                assert outcome.intent == intent
                assert not outcome.effects


@pytest.mark.parametrize("code", [10349, 399, 404, 2109, 201, 202])
def test_an_error_code_alone_never_moves_a_live_order(code: int) -> None:
    for state in od.LIVE:
        intent = replace(_intent(), state=state)
        outcome = od.step(intent, od.Noticed(code, "words"))
        assert outcome.intent == intent
        assert outcome.effects == {Effect.ASK_BROKER}


def test_every_order_of_one_history_ends_the_same() -> None:
    script: tuple[od.Evidence, ...] = (
        od.Listed("77"),
        od.Executed(Contracts(1)),
        od.Executed(Contracts(2)),
        od.Noticed(399, "held"),
        od.CancelAsked(),
        od.Ended(rejected=False, reason="cancelled"),
    )
    ends = set()
    for order in itertools.permutations(script):
        intent = _intent()
        for evidence in order:
            intent = od.step(intent, evidence).intent
        ends.add((intent.state, intent.filled))
    assert ends == {(IntentState.FILLED, 3)}


def test_partial_then_cancelled_keeps_its_fill_and_frees_the_slot() -> None:
    intent = od.step(_intent(), od.Executed(Contracts(1))).intent
    assert intent.state is IntentState.PARTIAL
    outcome = od.step(intent, od.Ended(rejected=True, reason="margin"))
    assert outcome.intent.state is IntentState.CANCELLED
    assert outcome.intent.filled == 1
    assert outcome.effects == {Effect.SLOT_FREED}
    assert outcome.intent.working_signed == 0


def test_only_an_unsent_order_may_be_abandoned() -> None:
    working = od.step(_intent(), od.Listed("77")).intent
    assert od.step(working, od.NeverSent("latch")).intent == working
    assert od.step(_intent(), od.NeverSent("latch")).intent.state is IntentState.ABANDONED


def test_an_overfill_is_taken_and_said() -> None:
    outcome = od.step(_intent(1), od.Executed(Contracts(2)))
    assert outcome.intent.filled == 2
    assert Effect.OVERFILL in outcome.effects


PUT, CALL = "XSP 20251219 510 P", "XSP 20251219 560 C"


def _combo(**changes) -> od.Intent:
    made = _intent(2)
    key = f"{PUT} + {CALL}"
    draft = replace(made.draft, purpose=od.Purpose.ENTRY, instrument_key=key, side=od.Side.BUY)
    return replace(made, draft=draft, **changes)


def _legs(intent: od.Intent, *fills: tuple[str, int]) -> list[tuple[IntentState, int, set[str]]]:
    """Execute legs one after the other; returns (state, filled, effects) after each."""
    executed: dict[str, int] = {}
    seen = []
    for leg, change in fills:
        outcome = od.leg_step(intent, executed, leg, change)
        executed[leg] = executed.get(leg, 0) + change
        intent = outcome.intent
        seen.append((intent.state, intent.filled, set(outcome.effects)))
    return seen


def test_a_combo_fills_by_units_of_which_every_leg_is_filled() -> None:
    assert _legs(_combo(), (PUT, 2), (CALL, 1), (CALL, 1)) == [
        ("WORKING", 0, set()),
        ("PARTIAL", 1, set()),
        ("FILLED", 2, {Effect.SLOT_FREED}),
    ]


def test_a_leg_beyond_the_quantity_is_an_overfill_while_the_other_is_behind() -> None:
    assert _legs(_combo(), (PUT, 3), (CALL, 2), (CALL, 1)) == [
        ("WORKING", 0, {Effect.OVERFILL}),
        ("FILLED", 2, {Effect.SLOT_FREED}),
        ("FILLED", 3, {Effect.LATE_FILL, Effect.OVERFILL}),
    ]


@pytest.mark.parametrize("state", sorted(od.TERMINAL))
def test_a_leg_after_the_end_is_late_even_without_a_whole_unit(state: IntentState) -> None:
    ((after, filled, effects),) = _legs(_combo(state=state), (PUT, 1))
    assert (after, filled, effects) == (state, 0, {Effect.LATE_FILL})


def test_a_leg_proves_arrival_and_leaves_a_wanted_cancel_wanted() -> None:
    for state, wanted, after in (
        (IntentState.SENDING, False, IntentState.WORKING),
        (IntentState.SENDING, True, IntentState.CANCELLING),
        (IntentState.UNKNOWN, False, IntentState.UNKNOWN),
        (IntentState.CANCELLING, True, IntentState.CANCELLING),
    ):
        ((found, *_),) = _legs(_combo(state=state, cancel_wanted=wanted), (CALL, 1))
        assert found is after


def test_a_corrected_price_moves_nothing_and_a_corrected_leg_takes_its_unit_back() -> None:
    assert _legs(_combo(), (PUT, 2), (PUT, 0), (CALL, 2), (CALL, -1)) == [
        ("WORKING", 0, set()),
        ("WORKING", 0, set()),
        ("FILLED", 2, {Effect.SLOT_FREED}),
        ("FILLED", 1, {Effect.LATE_FILL}),
    ]


def test_a_combo_holds_the_slot_of_each_leg() -> None:
    combo = _combo()
    assert combo.slots == (("DU1", "vega", PUT), ("DU1", "vega", CALL))
    assert combo.trades(PUT)
    assert combo.trades(combo.draft.instrument_key)
    assert not combo.trades("MES 202512")
    assert _intent().slots == (("DU1", "vega", "MES 202512"),)
    assert od.units_filled(combo.draft, {PUT: 3, CALL: 1}) == 1
    assert od.units_filled(_intent().draft, od.executed_by_leg([("MES 202512", 2)] * 2)) == 4
