"""What is refused before it is recorded: the field is named, the ledger stays as it is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain.orders import Side
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.checks import SAME, objection
from hedgetui.domain.tails.model import CashId, HedgeId, Key, Lots, Origin, Units
from tests.tails.tails_stage import BEANS, CORN, PRICE, START, Book

CASH = tf.CashEntered(CashId("C1"), CORN, Side.BUY, Units(6_000), PRICE, START, "you")
CASH_FILL = tf.CashFilled(CashId("C1"), "1", 1, Units(6_000), PRICE, START)
HEDGE = tf.HedgeEntered(HedgeId("F1"), CORN, Side.SELL, Lots(2), Origin.OUTSIDE, START, "you")
HEDGE_FILL = tf.HedgeFilled(HedgeId("F1"), "1", 1, Lots(1), PRICE, START)
OFFSET = tf.OffsetBooked(CORN, Units(5), "you", "count")
PLACED = tf.TailHedgePlaced(
    HedgeId("H9"), CORN, Side.SELL, Lots(1), "I-H9", Origin.HM, CashId("C1"), "rule", Units(0),
    Units(0), "rule",
)  # fmt: skip


@pytest.fixture
def book():
    stage = Book()
    stage.tell(CASH, CASH_FILL, HEDGE, HEDGE_FILL)
    stage.hedge("H1", -1)
    return stage


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (replace(CASH, key=Key("A", "ZZ 202512")), "contract: unknown contract"),
        (replace(CASH, key=Key("A", "ZCZ25")), "contract: unknown contract"),
        (replace(CASH, key=Key("", "ZC 202512")), "account:"),
        (replace(CASH, key=Key("A\x1b[2J", "ZC 202512")), "account:"),
        (replace(CASH, cash=CashId(" ")), "id:"),
        (replace(CASH, cash=CashId("C2"), units=1.5), "units: 1.5 is not a whole number"),
        (replace(CASH, cash=CashId("C2"), units=-5), "units: -5 is negative"),
        (replace(CASH, cash=CashId("C2"), units=0), "units: 0 is less than 1"),
        (replace(CASH, cash=CashId("C2"), price=Decimal("NaN")), "price:"),
        (replace(CASH, cash=CashId("C2"), price=Decimal(0)), "price:"),
        (replace(CASH, units=7_000), "units: cash C1 is known with 6000, not 7000"),
        (replace(CASH, side=Side.SELL), "side: cash C1 is known with BUY"),
        (replace(CASH, key=BEANS), "contract: cash C1 is known with ZC 202512"),
        (replace(CASH_FILL, cash=CashId("C7")), "id: no order C7"),
        (replace(CASH_FILL, units=5_000), "units: fill 1 is known with 6000"),
        (replace(CASH_FILL, fill_id="2", units=1), "units: 6,001 would be filled of 6,000"),
        (replace(CASH_FILL, revision=0), "revision: 1 is known with revision 1"),
        (replace(HEDGE, lots=0.5, hedge=HedgeId("F2")), "lots: 0.5 is not a whole number"),
        (replace(HEDGE, lots=-1, hedge=HedgeId("F2")), "lots: -1 is negative"),
        (replace(HEDGE, lots=Lots(3)), "lots: hedge F1 is known with 2"),
        (replace(HEDGE, origin=Origin.MANUAL), "origin: hedge F1"),
        (replace(HEDGE, hedge=HedgeId("F2"), covers=CashId("C7")), "covers: no cash order C7"),
        (replace(HEDGE, hedge=HedgeId("F2"), covers=CashId("C1"), key=BEANS), "covers: C1 is of"),
        (replace(HEDGE, hedge=HedgeId("F2"), covers=CashId("C1"), side=Side.BUY), "covers:"),
        (replace(HEDGE_FILL, lots=Lots(3), revision=2), "lots: 3 would be filled of 2"),
        (replace(HEDGE_FILL, lots=-1, revision=2), "lots: -1 is negative"),
        (replace(HEDGE_FILL, hedge=HedgeId("H1")), "id: hedge H1 is ours"),
        (replace(PLACED, hedge=HedgeId("H1")), "id: hedge H1 is known"),
        (replace(PLACED, intent_id="I-H1"), "intent_id:"),
        (replace(OFFSET, units=Units(0)), "units:"),
        (replace(OFFSET, units=1.5), "units:"),
        (replace(OFFSET, comment=" "), "comment:"),
        (replace(OFFSET, user=""), "user:"),
    ],
)
def test_what_is_refused_names_the_field(book, event, words):
    before = book.ledger.version
    assert objection(book.ledger, event).startswith(words)
    assert book.ledger.version == before


@pytest.mark.parametrize("event", [CASH, CASH_FILL, HEDGE, HEDGE_FILL])
def test_what_is_known_already_is_no_news(book, event):
    assert objection(book.ledger, event) == SAME


@pytest.mark.parametrize(
    "event",
    [
        replace(CASH, cash=CashId("C2"), key=BEANS),
        replace(CASH_FILL, units=Units(0), revision=2),
        replace(HEDGE, hedge=HedgeId("F2"), covers=CashId("C1")),
        replace(HEDGE_FILL, fill_id="2"),
        replace(HEDGE_FILL, lots=Lots(2), revision=2),
        PLACED,
        OFFSET,
        replace(OFFSET, units=Units(-5)),
    ],
)
def test_what_is_right_may_be_recorded(book, event):
    assert objection(book.ledger, event) == ""
