"""The roll of a tail: both balances, both positions, and what forbids it."""

from __future__ import annotations

import pytest

from hedgetui.domain.errors import DataError
from hedgetui.domain.orders import IntentState
from hedgetui.domain.tails.roll import plan_roll, roll_objection
from tests.tails.tails_stage import BEANS, CORN, MARCH, Book


def plan(book, to="ZC 202603"):
    return plan_roll(book.ledger, CORN, to, roll_id="R1", user="you", comment="to March")


def numbers(book):
    ledger = book.ledger
    return [(ledger.balance(key), ledger.position(key)) for key in (CORN, MARCH)]


def test_the_tail_moves_at_once_and_the_futures_when_they_fill():
    book = Book()
    book.cash("C1", 16_000)
    book.auto("H1", "C1")
    links = book.links()
    roll = plan(book)
    assert [(one.key, one.units, one.comment, one.roll) for one in roll.offsets] == [
        (CORN, -1_000, "to March", "R1"), (MARCH, 1_000, "to March", "R1"),
    ]  # fmt: skip
    assert [(leg.key, leg.side, leg.lots) for leg in roll.legs] == [
        (CORN, "BUY", 3), (MARCH, "SELL", 3),
    ]  # fmt: skip
    book.tell(*roll.offsets)
    assert numbers(book) == [(0, -3), (1_000, 0)]
    for number, leg in enumerate(roll.legs):
        book.hedge(f"R{number}", leg.side.sign * leg.lots, leg.key, roll="R1")
    assert numbers(book) == [(move.balance_after, move.lots_after) for move in roll.moves]
    assert numbers(book) == [(0, 0), (1_000, -3)]
    assert book.links() == links, "old links are history"


def test_an_over_hedged_tail_rolls_with_its_outright_hedge():
    book = Book()
    book.cash("C1", 3_000)
    book.auto("H1", "C1")
    roll = plan(book)
    book.tell(*roll.offsets)
    for number, leg in enumerate(roll.legs):
        book.hedge(f"R{number}", leg.side.sign * leg.lots, leg.key, roll="R1")
    assert numbers(book) == [(0, 0), (-2_000, -1)]


def test_a_roll_that_half_filled_is_rolled_on():
    book = Book()
    book.cash("C1", 15_000)
    book.auto("H1", "C1")
    roll = plan(book)
    assert roll.offsets == (), "nothing is uncovered"
    book.place("R0", 3, roll="R1")
    book.fill("R0", 1)
    assert "still working" in roll_objection(book.ledger, CORN, "ZC 202603")
    book.move("R0", IntentState.CANCELLED)
    assert [leg.lots for leg in plan(book).legs] == [2, 2]


@pytest.mark.parametrize(
    ("to", "words"),
    [("ZC 202512", "not later"), ("ZC 202509", "not later"), ("ZW 202603", "is wheat"),
     ("ZC 202604", "unknown contract")],
)  # fmt: skip
def test_where_a_tail_cannot_go(to, words):
    book = Book()
    book.cash("C1", 16_000)
    assert words in roll_objection(book.ledger, CORN, to)
    with pytest.raises(DataError, match=words):
        plan(book, to)


def test_nothing_is_not_rolled():
    assert "nothing to roll" in roll_objection(Book().ledger, BEANS, "ZS 202601")
