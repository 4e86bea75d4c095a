"""The twelve gates: each both ways, each code reached, and no number that is none ever passes."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import OrderType, Purpose, Side
from hedgetui.domain.pair import Pair
from hedgetui.domain.parity import Exposure
from hedgetui.domain.quotes import DataType, Quote
from hedgetui.domain.risk import Denial, RiskContext, RiskLimits, Sent
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.domain.vega.chase import limit_price

NOW = Timestamp(1_763_564_400.0)
MES, CALL = "MES 202512", "XSP 20251219 540 C"
NAN, INF = math.nan, math.inf


def draft(**changes) -> od.OrderDraft:
    base = od.OrderDraft(Purpose.HEDGE, MES, Side.SELL, Contracts(2), OrderType.MARKET)
    return replace(base, **changes)


def leg(**changes) -> od.OrderDraft:
    base = od.OrderDraft(
        Purpose.ENTRY, CALL, Side.BUY, Contracts(2), OrderType.LIMIT, limit_price=Decimal("4.05")
    )
    return replace(base, **changes)


def quote(key: str = MES, **changes) -> Quote:
    bid, ask = (5349.75, 5350.25) if key == MES else (4.0, 4.1)
    return replace(Quote(key, NOW, bid, ask, bid), **changes)


def context(key: str = MES, **changes) -> RiskContext:
    base = RiskContext(
        now=NOW, limits=RiskLimits(), instrument=parse_key(key), latches=(), frozen=False,
        armed=True, enabled=True, link_ready=True, synced=True, venue_open=True, venue_reason="",
        account="DU1", expected_account="DU1", position=0, live=(), quote=quote(key),
        exposure=Exposure(before=12 * 5350.0, per_contract=5 * 5350.0), sent=(), day_pnl=0.0,
        margin_headroom=50_000.0, margin_change=2_000.0, live_money=False,
    )  # fmt: skip
    return replace(base, **changes)


def sent(age: float = 1.0, **changes) -> Sent:
    base = Sent(Timestamp(NOW - age), Purpose.HEDGE, MES, Side.SELL, 1, 26_750.0, future=True)
    return replace(base, **changes)


def intent(order: od.OrderDraft, **changes) -> od.Intent:
    base = od.Intent("I1", "HT1.I1", 7, "DU1", "vega", order, NOW, 1, 1, 0)
    return replace(base, **changes)


def code(order: od.OrderDraft, ctx: RiskContext) -> Denial | None:
    found = risk.refusal(order, ctx)
    if found is not None:
        assert found.message
    return None if found is None else found.code


def test_a_sound_hedge_entry_exit_and_unwind_pass_every_gate() -> None:
    assert code(draft(), context()) is None
    assert code(leg(), context(CALL)) is None
    assert code(leg(purpose=Purpose.EXIT, side=Side.SELL), context(CALL, position=2)) is None
    assert code(draft(purpose=Purpose.UNWIND), context()) is None
    names = [(number, word) for number, word, found in risk.refusals(draft(), context())]
    assert [number for number, _ in names] == [f"G{n}" for n in range(1, 13)]
    assert all(found is None for _, _, found in risk.refusals(draft(), context()))


EXIT = {"purpose": Purpose.EXIT, "side": Side.SELL}
BUSY = tuple(sent(5 + n * 0.1, side=Side.BUY) for n in range(10))
CASES = [
    (Denial.FROZEN, draft(), context(latches=("x",), frozen=True)),
    (Denial.FROZEN, draft(), context(latches=("x",))),
    (Denial.FROZEN, leg(**EXIT), context(CALL, latches=("x",), frozen=True, position=2)),
    (Denial.DISARMED, draft(), context(armed=False)),
    (Denial.DISABLED, draft(), context(enabled=False)),
    (Denial.LINK, draft(), context(link_ready=False)),
    (Denial.UNSYNCED, draft(), context(synced=False)),
    (Denial.VENUE, draft(), context(venue_open=False, venue_reason="halted")),
    (Denial.ACCOUNT, draft(), context(account="U999")),
    (Denial.QUANTITY, draft(quantity=0), context()),
    (Denial.QUANTITY, draft(quantity=6), context()),
    (Denial.QUANTITY, draft(quantity=-1), context()),
    (Denial.QUANTITY, draft(quantity=1.5), context()),
    (Denial.QUANTITY, draft(quantity=NAN), context()),
    (Denial.QUANTITY, draft(quantity=1e308), context()),
    (Denial.QUANTITY, leg(quantity=11), context(CALL)),
    (Denial.POSITION, draft(), context(position=-19)),
    (Denial.POSITION, leg(), context(CALL, position=9)),
    (
        Denial.POSITION,
        draft(),
        context(position=-17, live=(intent(draft()), intent(leg()))),
    ),
    (Denial.PARITY, draft(), context(exposure=None)),
    (Denial.PARITY, draft(), context(exposure=Exposure(NAN, 26_750.0))),
    (Denial.PARITY, draft(), context(exposure=Exposure(64_200.0, 0.0))),
    (Denial.PARITY, draft(side=Side.BUY), context()),
    (Denial.PARITY, draft(quantity=4), context()),
    (Denial.COLLAR, draft(), context(quote=quote(ask=5353.0))),
    (Denial.COLLAR, draft(), context(quote=quote(ask=NAN))),
    (Denial.COLLAR, leg(limit_price=None), context(CALL)),
    (Denial.COLLAR, leg(limit_price=Decimal("4.30")), context(CALL)),
    (Denial.COLLAR, leg(limit_price=Decimal("3.80"), **EXIT), context(CALL)),
    (Denial.COLLAR, leg(limit_price=Decimal("-0.05")), context(CALL)),
    (Denial.COLLAR, leg(limit_price=Decimal("NaN")), context(CALL)),
    (Denial.COLLAR, leg(limit_price=Decimal("Infinity"), **EXIT), context(CALL)),
    (Denial.COLLAR, leg(), context(CALL, quote=quote(CALL, ask=NAN))),
    (Denial.NO_QUOTE, draft(), context(quote=None)),
    (Denial.NO_QUOTE, draft(), context(quote=quote(bid=None))),
    (Denial.NO_QUOTE, draft(), context(quote=quote(ask=None))),
    (Denial.NO_QUOTE, draft(), context(quote=quote(bid=5351.0))),
    (Denial.NO_QUOTE, leg(**EXIT), context(CALL, quote=quote(CALL, ask=INF))),
    (Denial.STALE, draft(), context(quote=quote(at=Timestamp(NOW - 5.1)))),
    (Denial.STALE, draft(), context(quote=quote(at=Timestamp(NAN)))),
    (Denial.DELAYED, draft(), context(quote=quote(data_type=DataType.DELAYED))),
    (Denial.DELAYED, draft(), context(quote=quote(data_type=DataType.FROZEN))),
    (Denial.NOTIONAL, draft(), context(limits=RiskLimits(max_order_notional=50_000.0))),
    (Denial.DAY_NOTIONAL, draft(), context(sent=(sent(3600, notional=4_990_000.0),))),
    (Denial.RATE, draft(), context(sent=(sent(0.5, side=Side.BUY),) * 2)),
    (Denial.RATE, draft(), context(sent=BUSY)),
    (Denial.RATE, draft(), context(sent=(sent(3600, side=Side.BUY),) * 60)),
    (Denial.RATE, draft(purpose=Purpose.UNWIND), context(sent=(sent(0.5),) * 2)),
    (Denial.THROTTLE, draft(), context(sent=tuple(sent(90 * n) for n in range(1, 7)))),
    (Denial.IN_FLIGHT, draft(), context(live=(intent(draft()),))),
    (Denial.DUPLICATE, draft(), context(sent=(sent(1.9, quantity=2),))),
    (Denial.LOSS, leg(), context(CALL, day_pnl=-2_000.0)),
    (Denial.LOSS, leg(), context(CALL, day_pnl=None)),
    (Denial.LOSS, leg(), context(CALL, day_pnl=NAN)),
    (Denial.MARGIN, leg(), context(CALL, margin_headroom=100.0)),
    (Denial.MARGIN, leg(), context(CALL, margin_headroom=NAN)),
    (Denial.MARGIN, leg(), context(CALL, margin_change=NAN)),
    (Denial.MARGIN, draft(), context(margin_headroom=None, live_money=True)),
    (Denial.MARGIN, draft(), context(margin_change=None, live_money=True)),
]


@pytest.mark.parametrize(("denial", "order", "ctx"), CASES)
def test_the_gate_refuses_with_its_code(denial, order, ctx) -> None:
    assert code(order, ctx) is denial


def test_money_that_is_missing_has_its_sign_before_the_dollar() -> None:
    lost = risk.refusal(leg(), context(CALL, day_pnl=-2_345.0))
    assert lost is not None
    assert "P&L -$2,345, limit" in lost.message
    short = risk.refusal(leg(), context(CALL, margin_headroom=-880_849.0))
    assert short is not None
    assert short.message.startswith("-$880,849 left")


def test_every_code_is_reached_and_explained() -> None:
    assert {denial for denial, _, _ in CASES} == set(Denial) == set(risk.MEANINGS)


PASSES = [
    (leg(**EXIT), context(CALL, latches=("throttle",), position=2)),
    (leg(**EXIT), context(CALL, latches=("x",), frozen=True, flattening=True, position=2)),
    (draft(purpose=Purpose.UNWIND), context(enabled=False)),
    (draft(), context(expected_account="", account="anything")),
    (draft(side=Side.BUY), context(position=-25, exposure=Exposure(-64_200.0, 26_750.0))),
    (leg(**EXIT), context(CALL, exposure=None, position=2)),
    (draft(purpose=Purpose.UNWIND), context(sent=(sent(3600, notional=9e9),))),
    (draft(purpose=Purpose.UNWIND), context(sent=BUSY)),
    (draft(), context(sent=tuple(replace(item, future=False) for item in BUSY))),
    (draft(), context(sent=tuple(sent(700 + n) for n in range(9)))),
    (draft(purpose=Purpose.UNWIND), context(sent=tuple(sent(90 * n) for n in range(1, 7)))),
    (draft(), context(sent=(sent(2.1, quantity=2),))),
    (draft(), context(sent=(sent(1.0, quantity=2, side=Side.BUY),))),
    (leg(), context(CALL, sent=(sent(1.0, instrument_key=CALL, side=Side.BUY, quantity=2),))),
    (draft(), context(live=(intent(leg()),))),
    (draft(), context(day_pnl=-99_999.0)),
    (leg(**EXIT), context(CALL, day_pnl=None, margin_headroom=-5.0, position=2)),
    (leg(), context(CALL, margin_headroom=None, margin_change=None)),
    (leg(), context(CALL, margin_headroom=0.0, margin_change=-10.0)),
    (draft(order_type=OrderType.LIMIT, limit_price=Decimal("5347.75")), context()),
]


@pytest.mark.parametrize(("order", "ctx"), PASSES)
def test_the_gate_lets_pass_what_it_should(order, ctx) -> None:
    assert code(order, ctx) is None


@pytest.mark.parametrize(
    ("ctx", "soon"),
    [
        (context(), False),
        (context(sent=(sent(0.5, side=Side.BUY),) * 2), True),
        (context(sent=BUSY), True),
        (context(sent=(sent(3600, side=Side.BUY),) * 60), False),
        (context(sent=(sent(1.9, quantity=2),)), True),
        (context(live=(intent(draft()),)), True),
        (context(armed=False), False),
    ],
)
def test_only_what_a_minute_mends_passes_soon(ctx, soon) -> None:
    assert risk.passes_soon(draft(), ctx) is soon


@pytest.mark.parametrize(
    ("text", "side", "price"),
    [("4.057", Side.BUY, "4.05"), ("4.052", Side.SELL, "4.06"), (4.05, Side.BUY, "4.05")],
)
def test_a_limit_is_never_rounded_to_the_worse_side(text, side, price) -> None:
    assert limit_price(text, parse_key(CALL), side) == Decimal(price)


def test_the_worth_of_an_order_without_a_market_is_its_limit_or_unknown() -> None:
    instrument = parse_key(CALL)
    assert risk.order_notional(leg(), instrument, None) == pytest.approx(810.0)
    assert math.isnan(risk.order_notional(draft(), parse_key(MES), None))
    found = risk._notional(draft(), context(quote=None))
    assert found is not None
    assert found.code is Denial.NOTIONAL


numbers = some.one_of(some.none(), some.floats(allow_nan=True, allow_infinity=True))


@given(numbers, numbers, some.floats(allow_nan=True), some.sampled_from(list(Purpose)))
def test_no_quote_that_is_none_lets_an_order_pass(bid, ask, at, purpose) -> None:
    ctx = context(quote=Quote(MES, Timestamp(at), bid, ask))
    if code(draft(purpose=purpose), ctx) is None:
        assert bid is not None
        assert ask is not None
        assert math.isfinite(bid)
        assert math.isfinite(ask)
        assert 0 <= ask - bid <= 2.0
        assert NOW - at <= 5.0


@given(some.floats(allow_nan=True), some.floats(allow_nan=True), some.integers(-9, 9))
def test_no_hedge_passes_that_does_not_shrink_a_known_exposure(before, per, signed) -> None:
    order = draft(side=Side.of(signed), quantity=Contracts(abs(signed)))
    if code(order, context(exposure=Exposure(before, per))) is None:
        held = before / per
        assert math.isfinite(held)
        assert held * signed < 0
        assert abs(signed) <= abs(held) + 0.5 + 1e-5 * max(1.0, abs(held))


PUT = "XSP 20251219 530 P"
BOTH = f"{PUT} + {CALL}"


def both(**changes) -> od.OrderDraft:
    return leg(**{"instrument_key": BOTH, "limit_price": Decimal("8.10"), **changes})


def combo_context(put: int = 0, call: int = 0, **changes) -> RiskContext:
    market = replace(quote(CALL), key=BOTH, bid=8.0, ask=8.2)
    return context(BOTH, **{"quote": market, "legs": {PUT: put, CALL: call}, **changes})


def test_a_sound_combo_passes_every_gate() -> None:
    assert code(both(), combo_context()) is None
    assert code(both(), combo_context(put=8, call=8)) is None
    assert risk.order_notional(both(), parse_key(BOTH), 8.1) == 2 * 8.1 * 100


def test_a_combo_is_held_to_the_position_limit_leg_by_leg() -> None:
    assert code(both(), combo_context(put=9)) is Denial.POSITION
    assert code(both(), combo_context(call=9)) is Denial.POSITION
    assert code(both(), combo_context(put=-9, call=-9)) is None


@pytest.mark.parametrize("working", [PUT, CALL, BOTH, f"XSP 20251219 500 P + {CALL}"])
def test_a_combo_waits_for_every_order_on_its_legs(working: str) -> None:
    live = (intent(leg(instrument_key=working)),)
    assert code(both(), combo_context(live=live)) is Denial.IN_FLIGHT


@pytest.mark.parametrize("key", [PUT, CALL])
def test_an_order_on_a_leg_waits_for_the_combo(key: str) -> None:
    ctx = context(CALL, live=(intent(both()),))
    assert code(leg(instrument_key=key), ctx) is Denial.IN_FLIGHT
    assert code(draft(), context(live=(intent(both()),))) is None


def test_a_combo_far_from_the_sum_of_its_market_or_without_one_is_refused() -> None:
    assert code(both(limit_price=Decimal("8.29")), combo_context()) is Denial.COLLAR
    assert code(both(), combo_context(quote=None)) is Denial.NO_QUOTE


NEXT = "MES 202603"


def roll_pair(held: int = -2, size: int = 2, **changes) -> Pair:
    out = draft(purpose=Purpose.ROLL, side=Side.BUY, quantity=size)
    return Pair(out, replace(out, instrument_key=NEXT, side=Side.SELL), held, **changes)


def test_a_roll_passes_as_a_pair_and_not_without_its_exposure_grown() -> None:
    pair = roll_pair()
    blind = context(exposure=None, position=-2, pair=pair)
    assert code(pair.out_of, blind) is None, "a roll needs no greeks"
    first = intent(pair.out_of)
    second = context(NEXT, quote=quote(NEXT, bid=5400.0, ask=5400.5), position=-2,
                     live=(first,), pair=replace(pair, first=first))  # fmt: skip
    assert code(pair.into, second) is None
    assert code(pair.out_of, replace(blind, pair=None)) is Denial.PARITY
    assert code(pair.into, replace(second, pair=replace(pair, held=-1))) is Denial.PARITY


def test_no_hedge_of_any_month_joins_a_live_roll_and_no_roll_a_live_hedge() -> None:
    pair = roll_pair()
    live = (intent(pair.into),)
    assert code(draft(), context(live=live)) is Denial.IN_FLIGHT
    hedge = (intent(draft(instrument_key=NEXT)),)
    assert code(pair.out_of, context(position=-2, pair=pair, live=hedge)) is Denial.IN_FLIGHT
    leg_at_work = (intent(leg()),)
    assert code(pair.out_of, context(position=-2, pair=pair, live=leg_at_work)) is None


def test_rolls_are_not_counted_by_the_throttle_and_not_stopped_by_it() -> None:
    rolls = tuple(sent(90 * n, purpose=Purpose.ROLL) for n in range(1, 7))
    assert code(draft(), context(sent=rolls)) is None
    pair = roll_pair()
    hedges = tuple(sent(90 * n, side=Side.BUY) for n in range(1, 7))
    assert code(pair.out_of, context(position=-2, pair=pair, sent=hedges)) is None


def test_the_position_limit_counts_what_works_in_another_month() -> None:
    first = intent(draft(instrument_key=NEXT, quantity=5))
    assert code(draft(), context(position=-15, live=(first,))) is Denial.POSITION
    assert code(draft(), context(position=-13, live=(first,))) is None


@pytest.mark.parametrize("trouble", [
    {"armed": False}, {"latches": ("frozen",)}, {"link_ready": False}, {"venue_open": False},
    {"enabled": False}, {"synced": False},
])  # fmt: skip
def test_a_roll_waits_for_all_that_a_hedge_waits_for(trouble) -> None:
    pair = roll_pair()
    found = code(pair.out_of, context(position=-2, pair=pair, **trouble))
    assert found is not None
    assert found.value.startswith("G1-")
