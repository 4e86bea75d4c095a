"""The outside checker: silent on an honest journal, and every injected lie is caught by number."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import events as ev
from hedgetui.domain.audit import Auditor, BrokerHistory
from hedgetui.domain.orders import Intent, IntentState, OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.units import Contracts, Timestamp

MES = "MES 202512"
SENDING, WORKING, FILLED = IntentState.SENDING, IntentState.WORKING, IntentState.FILLED


def intent(number=1, quantity=2, side=Side.SELL, purpose=Purpose.HEDGE, **changes):
    draft = OrderDraft(purpose, MES, side, Contracts(quantity), OrderType.MARKET)
    made = Intent(
        intent_id=f"I{number}", client_key=f"HT-{number}", number=number, account="DU1",
        strategy="vega", draft=draft, created_at=Timestamp(0.0), epoch=1, session=1,
        position_before=0,
    )  # fmt: skip
    return replace(made, **changes)


def calculated(net="10.0", contracts=2, side=Side.SELL, **inputs):
    return ev.HedgeCalculated(side, Contracts(contracts), "band", {"net": net, **inputs})


def recorded(order):
    return ev.IntentRecorded(order, 1.0)


def moved(order, before, after, filled=0, **changes):
    event = ev.IntentMoved(order.intent_id, before, after, "test", Contracts(filled))
    return replace(event, **changes)


def fill(order, quantity=2, exec_id="E1", revision=1, **changes):
    event = ev.FillBooked(
        exec_id, revision, order.intent_id, MES, order.draft.side, Contracts(quantity),
        Decimal(5400), Timestamp(1.0),
    )  # fmt: skip
    return replace(event, **changes)


ORDER = intent()
HONEST = (
    calculated(),
    recorded(ORDER),
    moved(ORDER, SENDING, WORKING),
    fill(ORDER),
    moved(ORDER, WORKING, FILLED, 2),
)
TRUTH = BrokerHistory([("HT-1", "100")], [("HT-1", "E1")], {MES: -2})


def audit(*events, broker=None, first=1):
    auditor = Auditor()
    for seq, event in enumerate(events, start=first):
        auditor.take(ev.Fact(seq, Timestamp(float(seq)), event))
    if broker is not None:
        auditor.compare(broker)
    return [violation.invariant for violation in auditor.violations]


def test_an_honest_journal_is_silent():
    started = ev.EngineStarted("sim", "DU1", 1)
    assert audit(started, *HONEST, ev.EngineStopped("closed"), broker=TRUTH) == []
    assert audit(*HONEST, broker=TRUTH, first=41) == [], "an auditor may begin in the middle"


def test_a_second_order_after_the_first_ended_is_honest():
    again = intent(2)
    assert audit(*HONEST, calculated(), recorded(again)) == []


def test_a_partial_fill_a_correction_and_a_late_fill_are_honest():
    part = moved(ORDER, WORKING, IntentState.PARTIAL, 1)
    corrected = (fill(ORDER, 1), part, fill(ORDER, 2, revision=2),
                 moved(ORDER, IntentState.PARTIAL, FILLED, 2))  # fmt: skip
    assert audit(*HONEST[:3], *corrected, broker=TRUTH) == []
    cancelled = moved(ORDER, WORKING, IntentState.CANCELLED)
    late = (fill(ORDER), moved(ORDER, IntentState.CANCELLED, FILLED, 2))
    assert audit(*HONEST[:3], cancelled, *late, broker=TRUTH) == []


def test_what_was_not_ours_is_no_lie():
    strange = fill(ORDER, 1, exec_id="X", intent_id="", side=Side.BUY)
    truth = BrokerHistory([("HT-1", "100")], [("HT-1", "E1"), ("", "X")], {MES: -1})
    assert audit(*HONEST, strange, broker=truth) == []


LIES = [
    ("a gap in the sequence", 22, None),
    ("two live orders in one slot", 1, (*HONEST[:3], calculated(), recorded(intent(2)))),
    ("a client key used twice", 4, (*HONEST, calculated(), recorded(intent(2, client_key="HT-1")))),
    ("an order born in the middle of its life", 5, (calculated(), recorded(intent(state=WORKING)))),
    ("an order born with a fill", 5, (calculated(), recorded(intent(filled=Contracts(1))))),
    ("an unknown order moved", 5, (moved(ORDER, SENDING, WORKING),)),
    ("a move from where it was not", 5, (*HONEST[:2], moved(ORDER, WORKING, WORKING))),
    ("a dead order risen without a fill", 5, (*HONEST, moved(ORDER, FILLED, WORKING, 2))),
    ("a fill claimed and not booked", 6, (*HONEST[:3], moved(ORDER, WORKING, FILLED, 2))),
    ("a fill of an unknown order", 6, (fill(ORDER),)),
    ("a fill booked twice", 6, (*HONEST, fill(ORDER))),
    ("a hedge without its calculation", 14, (recorded(ORDER),)),
    ("a hedge of another size", 14, (calculated(contracts=3), recorded(ORDER))),
    ("a calculation used twice", 14, (*HONEST, recorded(intent(2)))),
    ("a calculation without a net", 14, (ev.HedgeCalculated(Side.SELL, Contracts(2), "x", {}),
                                        recorded(ORDER))),
    ("a net that is no number", 14, (calculated(net="?"), recorded(ORDER))),
    ("the wrong direction", 21, (calculated(net="-10.0"), recorded(ORDER))),
    ("ten times too much", 21, (calculated(net="1.0"), recorded(ORDER))),
    ("no smaller than before", 21, (calculated(net="5.0"), recorded(ORDER))),
]  # fmt: skip


@pytest.mark.parametrize(("number", "events"), [lie[1:] for lie in LIES[1:]],
                         ids=[lie[0] for lie in LIES[1:]])  # fmt: skip
def test_a_lie_is_caught(number, events):
    assert audit(*events) == [number]


def test_a_gap_in_the_sequence_is_caught():
    auditor = Auditor()
    for seq in (1, 2, 4):
        auditor.take(ev.Fact(seq, Timestamp(0.0), ev.EngineStopped("x")))
    [found] = auditor.violations
    assert (found.invariant, found.seq, found.words) == (22, 4, "follows 2")


def latch(*, on, name="freeze"):
    return ev.LatchSet(name, on, "you", "why")


def test_an_order_under_a_latch_is_caught_unless_it_reduces():
    assert audit(latch(on=True), *HONEST[:2]) == [13]
    assert audit(latch(on=True), latch(on=False), *HONEST[:2]) == []
    assert audit(latch(on=True), latch(on=False, name="halt"), *HONEST[:2]) == [13]
    out = intent(purpose=Purpose.EXIT)
    assert audit(latch(on=True), recorded(out)) == []


def test_a_hedge_may_leave_half_a_contract():
    assert audit(calculated(net="12.4"), recorded(ORDER)) == []
    assert audit(calculated(net="7.6"), recorded(ORDER)) == []
    one = intent(quantity=1)
    assert audit(calculated(net="2.6", contracts=1), recorded(one)) == []
    assert audit(calculated(net="2.4", contracts=1), recorded(one)) == [21]


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (3, {"orders": [("HT-1", "100"), ("HT-9", "101")]}),
        (4, {"orders": [("HT-1", "100"), ("HT-1", "101")]}),
        (6, {"executions": [("HT-1", "E1"), ("HT-1", "E2")]}),
        (9, {"positions": {MES: -4}}),
        (9, {"positions": {}}),
        (9, {"positions": {MES: -2, "MES 202603": 1}}),
    ],
)
def test_a_broker_that_knows_better_is_heard(number, changes):
    assert audit(*HONEST, broker=replace(TRUTH, **changes)) == [number]


def test_the_same_order_listed_twice_is_one():
    truth = replace(TRUTH, orders=[("HT-1", "100"), ("HT-1", "100")])
    assert audit(*HONEST, broker=truth) == []


PUT, CALL = "XSP 20251219 510 P", "XSP 20251219 560 C"
COMBO = intent(
    draft=OrderDraft(
        Purpose.ENTRY, f"{PUT} + {CALL}", Side.BUY, Contracts(2), OrderType.LIMIT
    ),
)  # fmt: skip


def leg_fill(key, quantity=2, exec_id="E1"):
    return fill(COMBO, quantity, exec_id, instrument_key=key)


def test_a_combo_that_fills_leg_by_leg_is_silent():
    events = (
        recorded(COMBO),
        moved(COMBO, SENDING, WORKING),
        leg_fill(PUT), moved(COMBO, WORKING, WORKING),
        leg_fill(CALL, 1, "E2"), moved(COMBO, WORKING, IntentState.PARTIAL, 1),
        leg_fill(CALL, 1, "E3"), moved(COMBO, IntentState.PARTIAL, FILLED, 2),
        recorded(intent(2, purpose=Purpose.EXIT, draft=replace(COMBO.draft, instrument_key=PUT))),
    )  # fmt: skip
    executions = [("HT-1", exec_id) for exec_id in ("E1", "E2", "E3")]
    truth = BrokerHistory([("HT-1", "100")], executions, {PUT: 2, CALL: 2})
    assert audit(*events, broker=truth) == []


@pytest.mark.parametrize("key", [PUT, CALL, f"XSP 20251219 500 P + {CALL}"])
def test_an_order_on_a_leg_beside_a_live_combo_breaks_the_first_promise(key):
    second = intent(2, draft=replace(COMBO.draft, instrument_key=key))
    assert audit(recorded(COMBO), recorded(second)) == [1]
    assert audit(recorded(second), recorded(COMBO)) == [1]


def test_a_combo_that_counts_one_leg_as_filled_is_caught():
    assert audit(recorded(COMBO), leg_fill(PUT), moved(COMBO, SENDING, FILLED, 2)) == [6]


def test_a_fill_of_the_combo_itself_is_caught():
    assert audit(recorded(COMBO), leg_fill(COMBO.draft.instrument_key)) == [6]


def roll_half(number, key, signed, roll_id="roll-2"):
    order = intent(number, abs(signed), Side.of(signed), Purpose.ROLL)
    return replace(order, draft=replace(order.draft, instrument_key=key, trade_id=roll_id))


def test_a_roll_needs_no_calculation_but_a_pair_that_adds_to_nothing():
    out, into = roll_half(2, MES, 2), roll_half(3, "MES 202603", -2)
    assert audit(*HONEST, recorded(out), recorded(into)) == []
    assert audit(*HONEST, recorded(out)) == []  # the second one may be refused
    again = roll_half(4, MES, 1, "roll-4")
    assert audit(*HONEST, recorded(out), recorded(again))[-1:] != []  # its slot is taken


@pytest.mark.parametrize(
    ("out", "into"),
    [
        (roll_half(2, MES, 3), None),  # more than is held
        (roll_half(2, MES, -2), None),  # the wrong way
        (roll_half(2, "MES 202603", -2), None),  # opens before it closes
        (roll_half(2, MES, 2), roll_half(3, "MES 202603", -1)),
        (roll_half(2, MES, 2), roll_half(3, "MES 202603", 2)),
        (roll_half(2, MES, 2), roll_half(4, "MES 202603", -2)),  # something came between
        (roll_half(2, MES, 2), roll_half(3, "ES 202603", -2)),
    ],
)
def test_a_roll_that_is_no_pair_is_caught(out, into):
    assert audit(*HONEST, *map(recorded, filter(None, (out, into)))) == [21]


def test_a_third_order_of_one_roll_is_caught():
    orders = (roll_half(2, MES, 2), roll_half(3, "MES 202603", -2), roll_half(4, "MES 202606", 2))
    assert audit(*HONEST, *map(recorded, orders)) == [21]
