"""The reference profile: bare thresholds, hysteresis and timers, nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgetui.domain.dtms.actions import Plan
from hedgetui.domain.dtms.actions import hedge as plan_hedge
from hedgetui.domain.dtms.machine import deadlines
from hedgetui.domain.dtms.model import ActionKind, State
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp
from tests.dtms.actions_stage import ACCOUNT, GOLD, TICK, position
from tests.dtms.machine_stage import NOW, REFERENCE, looked, lots, reading, trade, view


def made(one, *views):
    """Return the state after looks under the reference rules."""
    move = looked(one, *views, rules=REFERENCE).move
    return move and move.after


def new(state, **values):
    """Return a trade that came into its state, and under watch, a moment ago."""
    return trade(state, since=Timestamp(NOW - 1), adopted_at=Timestamp(NOW - 1), **values)


@pytest.mark.parametrize(
    ("state", "score", "after"),
    [
        (State.HEALTHY, -2.0, State.WARNING_L1),
        (State.HEALTHY, -1.9, None),
        (State.WARNING_L1, -4.0, State.WARNING_L2),
        (State.WARNING_L1, -3.9, None),
        (State.WARNING_L1, 0.0, State.HEALTHY),
        (State.WARNING_L1, -0.1, None),
        (State.WARNING_L2, -6.0, State.HEDGED),
        (State.WARNING_L2, -5.9, None),
        (State.WARNING_L2, -2.0, State.WARNING_L1),
        (State.WARNING_L2, -2.1, None),
    ],
)
def test_one_look_decides_whatever_the_trade_earns(state, score, after):
    for u in (None, -0.2, 2.0):
        seen = view(score, u=u, spread_ratio=None)
        assert made(new(state), seen) is after


def test_two_flips_hedge_alone():
    flips = reading(-1.0, vwap_flip=-1, volume_flip=-1)
    one_flip = replace(flips, volume_flip=0)
    # The score alone would ease the trade; it does not, at -3.
    flips, one_flip = replace(flips, score=-3.0), replace(one_flip, score=-3.0)
    assert made(new(State.WARNING_L2), view(-3.0, reading=flips)) is State.HEDGED
    assert made(new(State.WARNING_L2), view(-3.0, reading=one_flip)) is None


def test_the_hedge_is_half_of_what_is_left_with_a_stop_half_an_atr_away():
    verdict = looked(new(State.WARNING_L2), view(-6.0), rules=REFERENCE)
    assert verdict.wishes[0].kind is ActionKind.OPEN_HEDGE
    one = trade(State.WARNING_L2, volume=lots("0.50"))
    plan = plan_hedge(one, position("0.50"), GOLD, TICK, 8.0, REFERENCE, ACCOUNT)
    assert isinstance(plan, Plan)
    request = plan.request
    assert (request.side, request.volume) == (Side.SELL, lots("0.25"))
    assert request.comment == "DTMS_HEDGE_4417201"
    assert float(request.sl) == TICK.bid + 0.5 * 8.0


def test_everything_is_closed_at_75_minutes_and_not_before():
    opened = Timestamp(NOW - 75 * 60)
    flat_at, _ = deadlines(State.HEDGED, opened, REFERENCE)
    hedged = trade(State.HEDGED, flat_at=flat_at)
    verdict = looked(hedged, view(), rules=REFERENCE)
    assert (verdict.move.rule, verdict.wishes[0].kind) == ("T6", ActionKind.CLOSE_ALL)
    assert made(hedged, view(now=Timestamp(NOW - 1))) is None


def test_a_break_of_structure_in_favour_recovers():
    bos = view(-5.0, reading=reading(-5.0, structure_event=2))
    assert made(trade(State.HEDGED), bos) is State.RECOVERING
    assert made(trade(State.HEDGED), view(-5.0)) is None
