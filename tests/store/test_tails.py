"""What a check of the journal asks of hedge accounts: orders in pairs, executions that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain.events import Event, Fact, FillBooked, IntentRecorded
from hedgetui.domain.orders import Purpose, Side
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.model import CashId, HedgeId, Key, Lots, Origin, Units
from hedgetui.store.tails import TailProjection
from tests.store.facts import NOON, fill, recorded

CORN = Key("PSHAOTCHMS", "ZC 202512")
PRICE = Decimal("433.25")
CASH = tf.CashEntered(CashId("C1"), CORN, Side.BUY, Units(6000), PRICE, NOON, "test")
DONE = tf.CashFilled(CashId("C1"), "F1", 1, Units(6000), PRICE, NOON)
MORE = tf.CashFilled(CashId("C1"), "F2", 1, Units(1), PRICE, NOON)
OUTSIDE = tf.HedgeEntered(HedgeId("H0"), CORN, Side.SELL, Lots(2), Origin.OUTSIDE, NOON, "test")
PLACED = tf.TailHedgePlaced(
    HedgeId("H1"), CORN, Side.SELL, Lots(1), "I1", Origin.HM, CashId("C1"), "auto 51 %",
    Units(6000), Units(0), "rule",
)  # fmt: skip


def order(quantity: int = 1, side: Side = Side.SELL) -> IntentRecorded:
    told = recorded(1, "ZC 202512", quantity)
    draft = replace(told.intent.draft, purpose=Purpose.TAIL, side=side)
    return IntentRecorded(replace(told.intent, draft=draft), told.notional)


def execution(quantity: int = 1, key: str = "ZC 202512", revision: int = 1) -> FillBooked:
    return replace(fill(1, quantity, revision=revision), instrument_key=key)


def broken(events: Sequence[Event]) -> list[tuple[int, str]]:
    check = TailProjection()
    facts = [Fact(seq, NOON, event) for seq, event in enumerate(events, start=1)]
    return [(found.seq, found.rule) for fact in facts for found in check.apply(fact)]


def test_cash_a_hedge_and_its_order_are_whole():
    assert (
        broken([CASH, DONE, OUTSIDE, PLACED, order(), execution(), execution(0, revision=2)]) == []
    )


@pytest.mark.parametrize(
    ("events", "seq", "rule"),
    [
        ([CASH, DONE, PLACED, DONE], 3, "a tail's hedge has its order"),
        ([order()], 1, "a tail's hedge has its order"),
        ([PLACED, order(2)], 2, "a tail's hedge has its order"),
        ([PLACED, order(side=Side.BUY)], 2, "a tail's hedge has its order"),
        ([CASH, CASH], 2, "an order is entered once"),
        ([OUTSIDE, replace(PLACED, hedge=HedgeId("H0")), order()], 2, "an order is entered once"),
        ([DONE], 1, "an execution fits its order"),
        ([CASH, replace(DONE, units=Units(6001))], 2, "an execution fits its order"),
        ([CASH, DONE, MORE], 3, "an execution fits its order"),
        ([PLACED, order(), execution(2)], 3, "an execution fits its order"),
        ([PLACED, order(), execution(key="ZW 202512")], 3, "an execution fits its order"),
        ([replace(CASH, units=Units(0))], 1, "an amount is a whole positive number"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_row(events: list[Event], seq: int, rule: str):
    assert broken(events) == [(seq, rule)]


def test_a_corrected_execution_counts_once():
    corrected = replace(DONE, revision=2, units=Units(5000))
    late = replace(DONE, revision=1, units=Units(6000))
    rest = replace(DONE, fill_id="F2", units=Units(1000))
    assert broken([CASH, DONE, corrected, late, rest]) == []
