"""The table T1 to T15 as guarded rules: what fires, what holds back, what is wished."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgetui.domain.dtms.guards import Guard
from hedgetui.domain.dtms.machine import (
    TRANSITIONS,
    Counters,
    View,
    deadlines,
    evaluate,
    guards_of,
    operator_move,
)
from hedgetui.domain.dtms.model import ActionKind, Rules, RuleSet, State, Trade
from hedgetui.domain.dtms.reading import Regime, SessionChip, StructureChip, VolatilityChip
from hedgetui.domain.units import Timestamp
from tests.dtms.machine_stage import (
    GUARDED,
    LONG_AGO,
    NOW,
    hedge,
    looked,
    lots,
    reading,
    trade,
    view,
)

H, L1, L2, G, R, X = (
    State.HEALTHY, State.WARNING_L1, State.WARNING_L2, State.HEDGED, State.RECOVERING,
    State.CLOSED,
)  # fmt: skip
EDGES = {(row.rule, before, row.after) for row in TRANSITIONS for before in row.before}


def made(verdict):
    """Return rule and new state of a verdict's move, None without one."""
    return verdict.move and (verdict.move.rule, verdict.move.after)


def kinds(verdict):
    """Return what is wished."""
    return [wish.kind for wish in verdict.wishes]


def test_the_table_has_every_rule_and_tries_it_in_order():
    order = list(dict.fromkeys(row.rule for row in TRANSITIONS))
    assert order == ["T14", "T6", "T7"] + [
        f"T{n}" for n in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 15)
    ]


@pytest.mark.parametrize(
    ("state", "score", "u", "rule", "after"),
    [
        (H, -2.0, 0.49, "T1", L1),
        (L1, 0.0, -0.3, "T2", H),
        (L1, -4.0, -0.10, "T3", L2),
        (L2, -2.0, -0.3, "T4", L1),
        (R, 1.0, -0.3, "T10", H),
        (R, -4.0, -0.3, "T11", G),
    ],
)
def test_twice_in_a_row_moves_and_once_does_not(state, score, u, rule, after):
    seen = view(score, u=u)
    assert made(looked(trade(state), seen)) is None
    assert made(looked(trade(state), seen, seen)) == (rule, after)
    neutral = view(-1.0 if state is H or score > -2 else -3.0, u=u)
    assert made(looked(trade(state), seen, neutral, seen)) is None, "not in a row"


@pytest.mark.parametrize(
    ("state", "score", "u"),
    [
        (H, -1.9, 0.0),
        (H, -9.0, 0.5),
        (L1, -0.1, -0.3),
        (L1, -3.9, -0.3),
        (L1, -9.0, -0.09),
        (L2, -2.1, -0.3),
        (L2, -5.9, -0.3),
        (L2, -9.0, -0.24),
        (R, 0.9, -0.3),
        (R, -3.9, -0.3),
    ],
)
def test_a_tenth_short_of_a_threshold_nothing_moves(state, score, u):
    seen = view(score, u=u)
    assert made(looked(trade(state), seen, seen, seen)) is None


def test_a_healthy_trade_in_danger_has_its_stop_tightened():
    verdict = looked(trade(H), view(-2.5), view(-2.5))
    assert (verdict.move.needs, kinds(verdict)) == (None, [ActionKind.TIGHTEN_SL])
    assert verdict.move.why == "score -2.5 ≤ -2.0 ×2 (2); u -0.30 < +0.50"


def test_the_partial_close_follows_the_second_warning_once_a_trade():
    first = looked(trade(L1), view(-4.0), view(-4.0))
    assert kinds(first) == [ActionKind.PARTIAL_CLOSE]
    assert first.move.arms_breakeven
    again = looked(trade(L1, halved=True), view(-4.0), view(-4.0))
    assert (made(again), kinds(again)) == (("T3", L2), [])


def test_a_partial_close_that_failed_is_wished_again_until_it_is_done():
    assert kinds(looked(trade(L2), view(-4.0))) == [ActionKind.PARTIAL_CLOSE]
    assert kinds(looked(trade(L2, halved=True), view(-4.0))) == []
    assert kinds(looked(trade(L2), view())) == [], "once a bar is often enough"


def test_loops_between_the_warnings_halve_once():
    one, counters, wished = trade(L1), Counters(), Counter()
    for score in (-4.0, -4.0, -2.0, -2.0) * 10:
        one = replace(one, since=LONG_AGO)
        verdict = evaluate(one, counters, view(score), GUARDED)
        counters = verdict.counters
        wished.update(kinds(verdict))
        if verdict.move:
            one = replace(one, state=verdict.move.after)
        if ActionKind.PARTIAL_CLOSE in kinds(verdict):
            one = replace(one, halved=True)
    assert wished[ActionKind.PARTIAL_CLOSE] == 1


@pytest.mark.parametrize("threshold", [0.0, -2.0, -4.0, 1.0])
def test_no_flapping_around_a_threshold(threshold):
    one, counters, moves = trade(H), Counters(), 0
    for step in range(40):
        seen = view(threshold + (0.1 if step % 4 < 2 else -0.1), u=-0.3)
        verdict = evaluate(one, counters, seen, GUARDED)
        counters = verdict.counters
        if verdict.move:
            moves += 1
            one = replace(one, state=verdict.move.after, since=LONG_AGO, halved=True)
    assert moves <= 2


@pytest.mark.parametrize("state", [L1, L2, R])
def test_a_state_is_held_ten_minutes(state):
    score = -7.0
    young = trade(state, since=Timestamp(NOW - 590), recover_by=None)
    old = replace(young, since=Timestamp(NOW - 600))
    assert made(looked(young, view(score), view(score))) is None
    assert made(looked(old, view(score), view(score))) is not None
    words = [guard.words for guard in guards_of(young, Counters(), view(score), GUARDED)]
    assert f"9:50 of 10:00 in {state}" in words


@pytest.mark.parametrize(
    "changes",
    [
        {"u": -0.24},
        {"u": None},
        {"spread_ratio": 2.1},
        {"spread_ratio": None},
    ],
)
def test_each_guard_of_the_hedge_holds_it_back(changes):
    assert made(looked(trade(L2), view(-6.0))) == ("T5", G)
    assert made(looked(trade(L2), replace(view(-6.0), **changes))) is None
    assert made(looked(trade(L2, hedges=2), view(-6.0))) is None


def test_a_hedge_is_a_wish_until_its_fill():
    verdict = looked(trade(L2, halved=True), view(-6.0))
    assert verdict.move.needs is ActionKind.OPEN_HEDGE
    assert kinds(verdict) == [ActionKind.OPEN_HEDGE]


def test_confluence_hedges_from_minus_four():
    flips = {"vwap_flip": -1, "volume_flip": -1}

    def at(score, **values):
        return view(score, reading=reading(score, **(flips | values)))

    assert made(looked(trade(L2), at(-4.0))) == ("T5", G)
    assert made(looked(trade(L2), at(-3.9))) is None
    assert made(looked(trade(L2), at(-4.0, volume_flip=0))) is None
    assert made(looked(trade(L2), at(-4.0, vwap_flip=1))) is None


def test_what_blocks_opening_blocks_the_hedge_and_says_so():
    verdict = looked(trade(L2, halved=True), view(-6.0, opening_blocked="news USD FOMC"))
    assert (verdict.move, verdict.wishes) == (None, ())
    assert verdict.refused == "T5 to HEDGED held back: news USD FOMC"


def test_what_blocks_opening_never_blocks_closing():
    blocked = {"opening_blocked": "daily loss"}
    overdue = trade(R, recover_by=NOW)
    seen = view(-7.0, **blocked)
    verdict = looked(overdue, seen, seen)
    assert (made(verdict), kinds(verdict)) == (("T13", X), [ActionKind.CLOSE_ALL])
    assert made(looked(trade(G, flat_at=NOW), view(**blocked))) == ("T6", X)


def test_the_flat_deadline_closes_both_legs_without_a_score():
    late = trade(G, flat_at=NOW)
    verdict = looked(late, view(u=None))
    assert (made(verdict), verdict.move.needs) == (("T6", X), ActionKind.CLOSE_ALL)
    assert made(looked(replace(late, flat_at=Timestamp(NOW + 1)), view())) is None
    overdue = replace(late, flat_at=Timestamp(NOW - 86_400))
    assert kinds(looked(overdue, view())) == [ActionKind.CLOSE_ALL]


@pytest.mark.parametrize(
    ("event", "rule", "after", "needs"),
    [
        (-2, "T7", X, ActionKind.CLOSE_ALL),
        (-1, "T7", X, ActionKind.CLOSE_ALL),
        (1, "T8", R, ActionKind.CLOSE_HEDGE),
        (2, "T8", R, ActionKind.CLOSE_HEDGE),
    ],
)
def test_structure_after_the_hedge_decides(event, rule, after, needs):
    one = trade(G)
    fresh = view(-5.0, reading=reading(-5.0, structure_event=event))
    verdict = looked(one, fresh)
    assert (made(verdict), verdict.move.needs) == ((rule, after), needs)
    before = reading(-5.0, structure_event=event, structure_at=one.hedge.at)
    assert made(looked(one, view(-5.0, reading=before))) is None, "the bar closed before the hedge"


def test_a_score_that_comes_back_ends_the_hedge():
    assert made(looked(trade(G), view(-2.0), view(-1.0))) == ("T8", R)
    assert made(looked(trade(G), view(-2.1), view(-1.0))) is None
    assert made(looked(trade(G), view(-2.0), view(-1.1))) is None


def test_a_hedge_that_is_gone_means_recovering_whatever_the_score():
    for seen in (view(hedge_gone="stop"), view(-9.0, hedge_gone="stop"), view(3.0, hedge_gone="x")):
        verdict = looked(trade(G), seen)
        assert (made(verdict), verdict.move.needs, verdict.wishes) == (("T9", R), None, ())
    back = view(3.0, hedge_gone="stop")
    assert made(looked(trade(G), back, back)) == ("T9", R), "there is nothing left to close"


def test_recovered_trades_add_again_only_where_switched_on():
    one = trade(R, closed_volume=lots("0.5"))
    up = view(1.0)
    assert kinds(looked(one, up, up)) == []
    adding = Rules(re_add=True)
    assert kinds(looked(one, up, up, rules=adding)) == [ActionKind.RE_ADD]
    blocked = view(1.0, opening_blocked="3 stops in a row")
    verdict = looked(one, blocked, blocked, rules=adding)
    assert (made(verdict), verdict.wishes) == (("T10", H), ())
    assert "3 stops in a row" in verdict.refused


def test_the_recovery_deadline_decides_by_the_score():
    late = trade(R, recover_by=NOW)
    assert made(looked(late, view(-1.9))) == ("T12", L1)
    verdict = looked(late, view(-2.0))
    assert (made(verdict), verdict.move.needs) == (("T13", X), ActionKind.CLOSE_ALL)


def test_without_a_score_the_recovery_deadline_waits_and_says_so():
    late = trade(R, recover_by=Timestamp(NOW - 60))
    verdict = looked(late, view())
    assert verdict.move is None
    assert Guard("T12", R, L1, "no score at the deadline", ok=False) in verdict.guards


def test_past_the_recovery_deadline_no_hedge_keeps_the_trade_open():
    late = trade(R, recover_by=Timestamp(NOW - 1))
    assert made(looked(late, view(-7.0), view(-7.0))) == ("T13", X)


@pytest.mark.parametrize("state", [H, L1, L2, G, R])
def test_a_main_leg_proven_gone_closes_from_anywhere(state):
    verdict = looked(trade(state, flat_at=NOW), view(-9.0, main_gone="stop loss"))
    assert made(verdict) == ("T14", X)


def test_an_orphan_hedge_keeps_the_trade_watched_until_it_is_closed():
    verdict = looked(trade(G), view(main_gone="stop loss"))
    assert (verdict.move.needs, kinds(verdict)) == (
        ActionKind.CLOSE_HEDGE,
        [ActionKind.CLOSE_HEDGE],
    )
    both = looked(trade(G), view(main_gone="stop loss", hedge_gone="closed by hand"))
    assert (made(both), both.move.needs) == (("T14", X), None)
    virtual = looked(trade(G, hedge=hedge(virtual=True)), view(main_gone="stop loss"))
    assert virtual.move.needs is None


def test_an_emergency_waives_repetition_and_dwell():
    young = trade(L1, since=Timestamp(NOW - 1))
    assert made(looked(young, view(-4.0, u=-0.8))) is None
    assert made(looked(young, view(-4.0, u=-0.8, emergency=True))) == ("T3", L2)


def test_a_new_trade_is_left_alone_unless_it_loses():
    young = trade(H, adopted_at=Timestamp(NOW - 899))
    assert made(looked(young, view(-5.0, u=-0.49), view(-5.0, u=-0.49))) is None
    assert made(looked(young, view(-5.0, u=-0.5), view(-5.0, u=-0.5))) == ("T1", L1)
    assert made(looked(young, view(-5.0, u=None), view(-5.0, u=None))) is None
    warned = replace(young, state=L1)
    assert made(looked(warned, view(0.0, u=None), view(0.0, u=None))) is None, "loss not known"
    assert made(looked(young, view(main_gone="closed by hand"))) == ("T14", X)
    old = replace(young, adopted_at=Timestamp(NOW - 900))
    assert made(looked(old, view(-5.0, u=-0.4), view(-5.0, u=-0.4))) == ("T1", L1)


def test_no_score_moves_nothing_and_begins_the_count_anew():
    blind = view(-3.0, reading=reading(None))
    assert made(looked(trade(H), view(-3.0), blind, view(-3.0))) is None
    assert looked(trade(H), view(-3.0), blind).counters == Counters(H)


def test_only_deep_looks_count():
    shallow = view(-3.0, deep=False)
    assert looked(trade(H), *[shallow] * 9).counters == Counters(H)
    assert made(looked(trade(L2), view(-9.0, deep=False))) is None, "nor do they decide"


def test_what_was_counted_in_one_state_means_nothing_in_the_next():
    counted = looked(trade(L1, since=NOW), view(-9.0), view(-9.0)).counters
    assert counted.l2 == 2
    moved = evaluate(trade(R), counted, view(-9.0), GUARDED)
    assert (moved.move, moved.counters.l2) == (None, 1)


def test_breakeven_is_wished_once_armed_and_far_enough():
    armed = trade(L1, breakeven_armed=True)
    assert kinds(looked(armed, view(u=0.15))) == [ActionKind.BREAKEVEN_SL]
    assert kinds(looked(armed, view(u=0.14))) == []
    assert kinds(looked(armed, view(u=None))) == []
    assert kinds(looked(trade(L1), view(u=0.5))) == []
    assert kinds(looked(replace(armed, sl=2650.0), view(u=0.5))) == [], "secured already"


def test_a_closed_trade_never_moves():
    assert looked(trade(X), view(-9.0, main_gone="x")).move is None


def test_a_restless_market_must_speak_louder_when_adaptive():
    regime = Regime(SessionChip.LONDON, VolatilityChip.HIGH, StructureChip.MIXED)
    seen = view(-6.2, reading=reading(-6.2, regime=regime))
    assert made(looked(trade(L2), seen)) == ("T5", G)
    assert made(looked(trade(L2), seen, rules=Rules(adaptive=True))) is None


def test_the_operator_moves_by_the_same_actions():
    assert operator_move(trade(H), ActionKind.OPEN_HEDGE).after is G
    assert operator_move(trade(G), ActionKind.OPEN_HEDGE) is None
    assert operator_move(trade(G), ActionKind.CLOSE_HEDGE).after is R
    assert operator_move(trade(G), ActionKind.CLOSE_ALL).after is X
    assert operator_move(trade(H), ActionKind.TIGHTEN_SL) is None


def test_deadlines_are_moments():
    assert deadlines(G, NOW, GUARDED) == (NOW + 75 * 60, None)
    assert deadlines(R, NOW, GUARDED) == (None, NOW + 30 * 60)
    assert deadlines(L1, NOW, GUARDED) == (None, None)


def test_guards_shown_are_the_guards_that_decide():
    seen = view(-6.0)
    verdict = looked(trade(L2), seen)
    assert guards_of(trade(L2), Counters(), seen, GUARDED) == verdict.guards
    hedging = [guard for guard in verdict.guards if guard.rule == "T5"]
    assert hedging[0].title == "T5 WARNING_L2→HEDGED"
    assert all(guard.ok for guard in hedging)
    assert verdict.move.why == "; ".join(guard.words for guard in hedging)


VIEWS = st.builds(
    View,
    now=st.just(NOW),
    reading=st.none()
    | st.builds(
        reading,
        st.none() | st.floats(-11.5, 11.5),
        structure_event=st.sampled_from([-2, -1, 0, 1, 2]),
        vwap_flip=st.sampled_from([-1, 0, 1]),
        volume_flip=st.sampled_from([-1, 0, 1]),
    ),
    deep=st.booleans(),
    u=st.none() | st.floats(-3, 3),
    spread_ratio=st.none() | st.floats(0, 5),
    emergency=st.booleans(),
    main_gone=st.sampled_from(["", "", "", "", "stop"]),
    hedge_gone=st.sampled_from(["", "", "stop"]),
    opening_blocked=st.sampled_from(["", "", "rail"]),
)


def carried_out(one: Trade, verdict, at: Timestamp) -> Trade:
    """Return the trade after a move whose needs were met at once."""
    move = verdict.move
    flat_at, recover_by = deadlines(move.after, at, GUARDED)
    stands = move.needs is ActionKind.OPEN_HEDGE
    return replace(
        one, state=move.after, since=at, flat_at=flat_at, recover_by=recover_by,
        hedge=hedge(at=at) if stands else None, hedges=one.hedges + stands,
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    views=st.lists(st.tuples(st.floats(1, 2_000), VIEWS), min_size=1, max_size=60),
    rule_set=st.sampled_from(RuleSet),
)
def test_no_walk_leaves_the_table(views, rule_set):
    one, counters, now = trade(H), Counters(), NOW
    rules = Rules(rule_set=rule_set)
    for step, seen in views:
        now = Timestamp(now + step)
        verdict = evaluate(one, counters, replace(seen, now=now), rules)
        counters = verdict.counters
        opening = any(wish.kind.opens for wish in verdict.wishes)
        assert not (opening and seen.opening_blocked)
        if verdict.move is None:
            continue
        assert (verdict.move.rule, one.state, verdict.move.after) in EDGES
        assert verdict.move.why
        one = carried_out(one, verdict, now)
        assert one.hedges <= rules.max_hedges
