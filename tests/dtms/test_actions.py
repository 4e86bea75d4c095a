"""What is sent for each action, to the lot and the tick, and what is refused in words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.dtms import actions
from hedgetui.domain.dtms.actions import Plan, Skip
from hedgetui.domain.dtms.model import ActionKind, HedgeMode, Rules, State
from hedgetui.domain.mt5.identity import label, magic_of, parse_magic
from hedgetui.domain.mt5.lots import stop_distance
from hedgetui.domain.mt5.records import PositionId, Ticket, TradeAction
from hedgetui.domain.orders import Side
from tests.dtms.actions_stage import ACCOUNT, EXCHANGE, GOLD, NETTING, TICK, position
from tests.dtms.machine_stage import hedge, lots, trade

RULES = Rules()
ATR = 8.0
MAIN = PositionId(4417201)
WARNED = trade(State.WARNING_L2)
SHORT = trade(State.WARNING_L2, side=Side.SELL, sl=2660.0, tp=2635.0)


def hedged(volume="1.00", *, account=ACCOUNT, rules=RULES, spec=GOLD, atr=ATR, ratio=1.0):
    """Return the plan to hedge a long position."""
    one = trade(State.WARNING_L2, initial_volume=lots("1.00"), volume=lots(volume))
    return actions.hedge(one, position(volume), spec, TICK, atr, rules, account, ratio)


def test_one_lot_is_halved_and_half_of_the_rest_is_hedged():
    half = actions.halve(WARNED, position("1.00"), GOLD, TICK, RULES)
    assert (half.request.side, half.volume) == (Side.SELL, Decimal("0.50"))
    assert (half.request.position, half.target) == (4417201, "volume ≤ 0.50")
    opened = hedged("0.50")
    assert (opened.request.side, opened.volume) == (Side.SELL, Decimal("0.25"))
    assert opened.request.position == 0
    assert opened.request.tp is None
    assert Decimal("0.50") - opened.volume == Decimal("0.25"), "net"


def test_a_request_names_its_trade():
    request = hedged().request
    assert request.comment == "DTMS_HEDGE_4417201"
    mark = parse_magic(request.magic)
    assert (mark.kind, mark.cycle, mark.of(MAIN)) == (ActionKind.OPEN_HEDGE, 1, True)


@pytest.mark.parametrize(
    ("volume", "half"), [("0.03", "0.01"), ("0.05", "0.02"), ("0.99", "0.49"), ("0.02", "0.01")]
)
def test_volumes_are_rounded_down(volume, half):
    assert hedged(volume).volume == Decimal(half)


def test_where_the_oldest_is_closed_first_a_hedge_is_a_reduction():
    plan = hedged(
        account=replace(ACCOUNT, fifo_close=True), rules=Rules(hedge_mode=HedgeMode.HEDGE)
    )
    assert (plan.request.position, plan.request.sl) == (4417201, None)


def test_the_smallest_lot_cannot_be_halved_nor_hedged():
    tiny = trade(State.WARNING_L2, initial_volume=lots("0.01"), volume=lots("0.01"))
    half = actions.halve(tiny, position("0.01"), GOLD, TICK, RULES)
    assert (half.code, half.words) == ("too-small", "⚠️ 0.01 cannot be halved")
    opened = hedged("0.01")
    assert (opened.code, opened.words) == ("too-small", "⚠️ too small to hedge: 0.01")


def test_a_remainder_below_the_minimum_is_not_left():
    coarse = replace(GOLD, volume_min=Decimal("0.30"), volume_step=Decimal("0.10"))
    odd = trade(State.WARNING_L2, initial_volume=lots("0.60"), volume=lots("0.60"))
    assert actions.halve(odd, position("0.60"), coarse, TICK, RULES).volume == Decimal("0.30")
    most = Rules(partial_ratio=0.8)
    assert actions.halve(odd, position("0.60"), coarse, TICK, most).code == "too-small"
    less = replace(odd, initial_volume=lots("0.50"))
    assert actions.halve(less, position("0.50"), coarse, TICK, RULES).code == "too-small"


def test_the_partial_close_is_a_target_not_an_amount():
    once = replace(WARNED, halved=True)
    assert actions.halve(once, position(), GOLD, TICK, RULES).code == "done"
    assert actions.halve(WARNED, position("0.50"), GOLD, TICK, RULES).code == "holds"
    assert actions.halve(WARNED, position("0.60"), GOLD, TICK, RULES).volume == Decimal("0.10")


def test_by_hand_the_present_volume_is_halved_as_often_as_asked():
    once = replace(WARNED, halved=True)
    plan = actions.halve(once, position("0.50"), GOLD, TICK, RULES, by_hand=True)
    assert plan.volume == Decimal("0.25")


def test_the_base_of_a_hedge_may_be_the_initial_volume_but_never_above_the_current():
    initial = Rules(hedge_of_initial=True)
    assert hedged("0.50", rules=initial).volume == Decimal("0.50")
    assert hedged("0.30", rules=initial).volume == Decimal("0.30")


def test_the_ladder_takes_a_share_of_the_plan():
    assert hedged("1.00", ratio=0.5).volume == Decimal("0.25")


def test_the_stop_of_a_hedge_is_half_an_atr_behind_its_fill():
    sold = hedged().request
    assert (sold.price, sold.sl) == (Decimal("2650.00"), Decimal("2654.00"))
    bought = actions.hedge(SHORT, position(side=Side.SELL), GOLD, TICK, ATR, RULES, ACCOUNT).request
    assert (bought.side, bought.price) == (Side.BUY, Decimal("2650.20"))
    assert bought.sl == Decimal("2646.20")


@pytest.mark.parametrize("atr", [None, float("nan"), 0.0])
def test_without_an_atr_there_is_no_hedge(atr):
    assert hedged(atr=atr).code == "no-atr"


def test_a_stop_nearer_than_the_broker_allows_is_widened_and_said():
    plan = hedged(atr=0.5)
    # A sold hedge closes at the ask, 2650.20; 20 points further is the nearest stop.
    assert plan.request.sl == Decimal("2650.40")
    assert plan.note == "stop widened from 2650.25 to 2650.40: the broker allows no nearer"


@pytest.mark.parametrize(
    ("account", "rules", "spec"),
    [
        (NETTING, RULES, GOLD),
        (EXCHANGE, RULES, GOLD),
        (NETTING, Rules(hedge_mode=HedgeMode.HEDGE), GOLD),
        (ACCOUNT, Rules(hedge_mode=HedgeMode.REDUCE), GOLD),
        (ACCOUNT, RULES, replace(GOLD, trade_mode=1)),
        (ACCOUNT, RULES, replace(GOLD, trade_mode=3)),
    ],
)
def test_where_an_opposite_position_cannot_stand_the_position_is_reduced(account, rules, spec):
    plan = hedged("0.50", account=account, rules=rules, spec=spec, atr=None)
    request = plan.request
    assert (plan.kind, plan.volume) == (ActionKind.OPEN_HEDGE, Decimal("0.25"))
    assert (request.position, request.sl, request.tp) == (4417201, None, None)
    assert plan.level is None


@given(
    held=st.integers(1, 500),
    initial=st.integers(1, 1_000),
    ratio=st.floats(0.01, 1.0),
    of_initial=st.booleans(),
)
def test_a_netting_account_is_never_reversed(held, initial, ratio, of_initial):
    one = trade(State.WARNING_L2, initial_volume=lots(f"{initial / 100:.2f}"))
    rules = Rules(hedge_ratio=ratio, hedge_of_initial=of_initial)
    there = position(f"{held / 100:.2f}")
    plan = actions.hedge(one, there, GOLD, TICK, ATR, rules, NETTING)
    if isinstance(plan, Plan):
        assert plan.request.position == there.ticket
        assert plan.request.volume < there.volume


def test_the_stop_is_tightened_to_six_tenths_of_r_and_the_target_kept():
    plan = actions.tighten(WARNED, position(), GOLD, TICK, RULES)
    request = plan.request
    assert (request.action, request.position) == (TradeAction.SLTP, 4417201)
    assert (request.sl, request.tp) == (Decimal("2644.00"), Decimal("2665.00"))
    sold = actions.tighten(SHORT, position(side=Side.SELL), GOLD, TICK, RULES).request
    assert (sold.sl, sold.tp) == (Decimal("2656.20"), Decimal("2635.00"))
    bare = actions.tighten(WARNED, position(sl=None, tp=None), GOLD, TICK, RULES).request
    assert (bare.sl, bare.tp) == (Decimal("2644.00"), None)


def test_the_stop_is_never_loosened_nor_moved_by_less_than_a_tick():
    for present in (2644.00, 2643.995, 2649.0):
        assert actions.tighten(WARNED, position(sl=present), GOLD, TICK, RULES).code == "holds"
    moved = actions.tighten(WARNED, position(sl=2643.99), GOLD, TICK, RULES)
    assert isinstance(moved, Plan)


def test_the_tightened_stop_respects_the_stops_level():
    wide = replace(GOLD, stops_level=800)
    assert actions.tighten(WARNED, position(), wide, TICK, RULES).level == pytest.approx(2642.0)


@pytest.mark.parametrize("levels", [{"sl": 2649.6}, {"tp": 2650.4}])
def test_frozen_levels_are_left_alone(levels):
    frozen = replace(GOLD, freeze_level=50)
    nearly = trade(State.WARNING_L1, risk=0.2)
    plan = actions.tighten(nearly, position(**levels), frozen, TICK, RULES)
    assert plan.code == "frozen"


def test_breakeven_is_refused_on_the_wrong_side_of_the_market():
    assert actions.breakeven(WARNED, position(), GOLD, TICK).code == "too-near"
    above = replace(TICK, bid=2652.0, ask=2652.2)
    plan = actions.breakeven(WARNED, position(), GOLD, above)
    assert (plan.request.sl, plan.request.tp) == (Decimal("2650.00"), Decimal("2665.00"))
    secured = position(sl=2650.0)
    assert actions.breakeven(WARNED, secured, GOLD, above).code == "holds"


def test_closing_names_the_ticket_and_takes_the_actual_volume():
    magic = magic_of(ActionKind.CLOSE_HEDGE, 4, MAIN)
    plan = actions.close(position("0.37", side=Side.SELL), GOLD, TICK, magic)
    request = plan.request
    assert (plan.kind, request.side, request.volume) == (
        ActionKind.CLOSE_HEDGE,
        Side.BUY,
        lots("0.37"),
    )
    assert (request.position, request.price) == (4417201, Decimal("2650.20"))


def test_a_position_above_the_largest_order_is_closed_in_pieces():
    small = replace(GOLD, volume_max=Decimal(5))
    magic = magic_of(ActionKind.CLOSE_ALL, 1, MAIN)
    assert actions.close(position("12.00"), small, TICK, magic).volume == Decimal("5.00")


def test_what_is_left_off_the_step_can_still_be_closed():
    magic = magic_of(ActionKind.CLOSE_ALL, 1, MAIN)
    assert actions.close(position("0.013"), GOLD, TICK, magic).volume == Decimal("0.013")


def test_two_legs_close_each_other_where_the_symbol_allows():
    magic = magic_of(ActionKind.CLOSE_ALL, 1, MAIN)
    other = position("0.25", side=Side.SELL, ticket=Ticket(900))
    plan = actions.close_by(position("0.50"), other, GOLD, magic)
    assert (plan.request.action, plan.request.position_by) == (TradeAction.CLOSE_BY, 900)
    assert plan.volume == Decimal("0.25")
    assert (
        actions.close_by(position(), other, replace(GOLD, order_mask=63), magic).code
        == "not-allowed"
    )
    assert actions.close_by(position(), position(), GOLD, magic).code == "not-allowed"


def test_adding_again_is_off_unless_wanted():
    closed = trade(State.HEALTHY, closed_volume=lots("0.50"))
    assert actions.re_add(closed, GOLD, TICK, RULES, ACCOUNT).code == "off"
    adding = Rules(re_add=True)
    plan = actions.re_add(closed, GOLD, TICK, adding, ACCOUNT)
    assert (plan.request.side, plan.volume) == (Side.BUY, Decimal("0.25"))
    assert actions.re_add(closed, GOLD, TICK, adding, NETTING).code == "not-allowed"


def test_a_virtual_hedge_is_bought_back_only_where_wanted():
    virtual = trade(State.HEDGED, hedge=hedge(virtual=True), volume=lots("0.25"))
    assert actions.buy_back(virtual, GOLD, TICK, RULES).code == "off"
    plan = actions.buy_back(virtual, GOLD, TICK, Rules(rebuy=True))
    assert (plan.request.side, plan.volume) == (Side.BUY, Decimal("0.25"))
    assert actions.buy_back(trade(State.HEDGED), GOLD, TICK, Rules(rebuy=True)).code == "done"


def test_a_hedge_opened_without_a_stop_is_given_one():
    sold = position("0.25", side=Side.SELL, sl=None, tp=None)
    plan = actions.set_stop(WARNED, sold, GOLD, TICK, 2654.0)
    assert (plan.kind, plan.request.sl) == (ActionKind.SET_STOP, Decimal("2654.00"))
    near = actions.set_stop(WARNED, sold, GOLD, TICK, 2650.1)
    assert near.request.sl == Decimal("2650.40")
    assert "widened" in near.note


@given(
    bid=st.floats(10, 5_000),
    spread=st.integers(0, 300),
    risk=st.floats(0.05, 50),
    stops=st.integers(0, 1_000),
    side=st.sampled_from(Side),
)
def test_every_tightened_stop_is_legal_and_tighter(bid, spread, risk, stops, side):
    tick = replace(TICK, bid=round(bid, 2), ask=round(bid, 2) + spread / 100)
    spec = replace(GOLD, stops_level=stops)
    present = bid - side.sign * 60
    one = trade(State.WARNING_L1, side=side, risk=risk)
    plan = actions.tighten(one, position(side=side, sl=present), spec, tick, RULES)
    if isinstance(plan, Skip):
        return
    away = side.sign * (tick.closing(side) - plan.level)
    assert away >= stop_distance(spec, tick) - 1e-6
    assert side.sign * (plan.level - present) >= 0.01 - 1e-6


def test_labels_fit_a_comment():
    for kind in ActionKind:
        assert len(label(kind, Ticket(10**18 - 1))) <= 29
