"""Which hedge covers which cash: worked examples, busts, outright and foreign hedges, rolls."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain import events as ev
from hedgetui.domain.orders import IntentState
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.model import HedgeId, Instance, Key, Linking, Units
from tests.tails.tails_stage import BEANS, CORN, MARCH, Book, worked_example


def tbd(book, key=CORN):
    """Return (side, units, cash) of the key's TBD rows."""
    return [
        (row.side, row.units, [one.cash_id for one in row.cash])
        for row in book.row(key).hedges
        if row.hedge_id == "TBD"
    ]


def test_the_worked_example_to_the_unit():
    book = worked_example()
    assert book.links() == {("C1", "H1"): 5_000, ("C2", "H2"): 5_000, ("C3", "H3"): 10_000}
    assert (book.ledger.balance(CORN), book.ledger.e(CORN)) == (3_000, -2_000)
    assert tbd(book) == [("SELL", 3_000, ["C1", "C4"])]
    book.fill("H4", 1)
    h4 = [(link.cash, link.units) for link in book.ledger.links(CORN) if link.hedge == "H4"]
    assert h4 == [("C4", 2_000), ("C1", 1_000)]
    assert book.ledger.hedge(HedgeId("H4")).open == 2_000
    assert book.ledger.balance(CORN) == -2_000
    under = {row.hedge_id: [(c.cash_id, c.hedged) for c in row.cash] for row in book.row().hedges}
    assert under["H1"] == [("C1", 5_000)]
    assert under["H4"] == [("C1", 1_000), ("C4", 2_000)]
    assert tbd(book) == []


def test_plain_fifo_closes_the_oldest_tail_first():
    book = worked_example(Linking.FIFO)
    assert book.links()["C1", "H2"] == 1_000
    assert book.ledger.balance(CORN) == 3_000, "linking changes no balance"


def test_sixteen_thousand_bushels_and_the_next_buy():
    book = Book()
    book.cash("C1", 16_000)
    assert book.auto("H1", "C1") == -3
    assert (book.ledger.tail(CORN), tbd(book)) == (1_000, [("SELL", 1_000, ["C1"])])
    book.day(14)
    book.cash("C2", 4_000)
    assert book.auto("H2", "C2") == -1
    assert book.links() == {("C1", "H1"): 15_000, ("C2", "H2"): 4_000, ("C1", "H2"): 1_000}
    assert (book.ledger.tail(CORN), tbd(book)) == (0, [])


def test_later_cash_takes_the_spare_of_the_oldest_outright_hedge():
    book = worked_example()
    book.fill("H4", 1)
    book.cash("C5", 3_000)
    assert book.links()["C5", "H4"] == 2_000
    assert book.ledger.balance(CORN) == 1_000


def test_only_fills_link_and_a_cancelled_order_leaves_what_is_pending():
    book = Book()
    book.cash("C1", 20_000, filled=12_000)
    book.place("H1", -2, trigger="C1")
    assert (book.ledger.balance(CORN), book.ledger.pending(CORN)) == (12_000, -10_000)
    assert book.links() == {}
    book.fill("H1", 1)
    assert (book.ledger.pending(CORN), book.links()) == (-5_000, {("C1", "H1"): 5_000})
    book.move("H1", IntentState.CANCELLED)
    assert (book.ledger.pending(CORN), book.ledger.e(CORN)) == (0, 7_000)
    book.fill("H1", 1, fill="late")
    assert (book.ledger.pending(CORN), book.ledger.e(CORN)) == (0, 2_000)


@pytest.mark.parametrize("state", [IntentState.UNKNOWN, IntentState.CANCELLING])
def test_an_order_in_doubt_stays_pending(state):
    book = Book()
    book.cash("C1", 6_000)
    book.place("H1", -1)
    book.move("H1", state)
    assert book.ledger.e(CORN) == 1_000


def test_a_bust_takes_the_newest_links_and_frees_the_hedge_for_the_oldest_cash():
    book = Book()
    book.cash("C1", 6_000)
    book.hedge("H1", -1, trigger="C1")
    book.day(2)
    book.cash("C2", 4_000)
    book.hedge("H2", -1, trigger="C2")  # C2 4,000 then C1 1,000
    book.day(3)
    book.cash("C3", 1_500)
    book.cash_fill("C1", 5_200, revision=2)
    assert book.links() == {
        ("C1", "H1"): 5_000, ("C2", "H2"): 4_000, ("C1", "H2"): 200, ("C3", "H2"): 800,
    }  # fmt: skip
    book.cash_fill("C1", 0, revision=3)
    assert book.links() == {("C2", "H2"): 4_000, ("C3", "H2"): 800, ("C3", "H1"): 700}
    assert [book.ledger.hedge(HedgeId(name)).open for name in ("H1", "H2")] == [4_300, 200]
    book.cash_fill("C1", 6_000, revision=3)
    assert book.ledger.balance(CORN) == -4_500, "one revision counts once"


def test_a_busted_hedge_fill_opens_its_cash_again_and_a_second_fill_covers_it():
    book = worked_example()
    book.fill("H4", 1)
    before = book.ledger.balance(CORN)
    book.fill("H4", 0, revision=2)
    assert book.ledger.balance(CORN) == 3_000
    assert tbd(book) == [("SELL", 3_000, ["C1", "C4"])]
    book.fill("H4", 1, fill="again")
    assert book.ledger.balance(CORN) == before
    assert book.links()["C1", "H4"] == 1_000


def test_outright_hedges_of_opposite_sides_offset_oldest_first():
    book = Book()
    book.foreign("B1", 1)
    book.foreign("B2", 1)
    book.foreign("S1", -1)
    assert [book.ledger.hedge(HedgeId(name)).open for name in ("B1", "B2", "S1")] == [0, 5_000, 0]
    assert book.ledger.balance(CORN) == 5_000
    assert book.links() == {}
    book.auto("A1")
    assert book.ledger.balance(CORN) == 0, "an unmatched one counts, so the rule reverses it"


def test_a_foreign_hedge_links_to_the_oldest_cash_unless_it_says_which():
    book = Book()
    book.cash("C1", 5_000)
    book.day(2)
    book.cash("C2", 5_000)
    book.foreign("F1", -1, covers="C2")
    book.foreign("F2", -1)
    assert book.links() == {("C2", "F1"): 5_000, ("C1", "F2"): 5_000}


def test_oldest_is_by_the_order_and_not_by_when_it_was_told():
    book = Book()
    book.day(5)
    book.cash("new", 4_000)
    book.day(2)
    book.cash("old", 4_000)
    book.day(6)
    book.hedge("H1", -1)
    assert book.links() == {("old", "H1"): 4_000, ("new", "H1"): 1_000}


def test_a_key_knows_nothing_of_another():
    book = Book()
    book.cash("C1", 6_000)
    book.cash("C2", 6_000, BEANS)
    book.hedge("H1", -1, BEANS, trigger="C1")
    assert book.links(BEANS) == {("C2", "H1"): 5_000}
    assert (book.ledger.tail(CORN), book.ledger.tail(BEANS)) == (6_000, 1_000)


def test_an_adjustment_moves_the_balance_and_not_the_tail():
    book = Book()
    book.cash("C1", 6_000)
    book.tell(tf.OffsetBooked(CORN, Units(-4_000), "you", "sold across the street"))
    assert (book.ledger.tail(CORN), book.ledger.balance(CORN)) == (6_000, 2_000)
    (offset,) = book.ledger.book(CORN).offsets
    assert (offset.user, offset.at) == ("you", book.now)
    assert book.auto("H1") == 0


def test_a_leg_of_a_roll_moves_futures_and_no_balance():
    book = Book()
    book.cash("C1", 16_000)
    book.auto("H1", "C1")
    kept = book.links()
    book.tell(
        tf.OffsetBooked(CORN, Units(-1_000), "you", "roll", "R1"),
        tf.OffsetBooked(MARCH, Units(1_000), "you", "roll", "R1"),
    )
    book.place("R1a", 3, roll="R1")
    book.place("R1b", -3, MARCH, roll="R1")
    assert (book.ledger.pending(CORN), book.ledger.pending(MARCH)) == (0, 0)
    book.fill("R1a", 3)
    book.fill("R1b", 2)
    assert (book.ledger.balance(CORN), book.ledger.balance(MARCH)) == (0, 1_000)
    assert (book.ledger.position(CORN), book.ledger.position(MARCH)) == (0, -2)
    assert (book.links(), book.links(MARCH)) == (kept, {})
    book.cash("C2", 5_000, MARCH)
    assert book.links(MARCH) == {}, "its units are spoken for"


def test_fills_of_others_and_unknown_orders_change_nothing():
    book = Book()
    book.tell(
        ev.FillBooked("X", 1, "", "ZC 202512", "SELL", 1, Decimal(1), book.now),
        tf.CashFilled("nobody", "1", 1, Units(5), Decimal(1), book.now),
        tf.CashEntered("C1", Key("A", "ZZ 202512"), "BUY", Units(5), Decimal(1), book.now, "you"),
    )
    assert (book.ledger.keys, book.ledger.version) == ((), 0)


def test_charges_and_limits_of_our_orders_are_kept():
    book = Book()
    book.hedge("H1", -1)
    book.tell(ev.CommissionBooked("X-H1-1", Decimal("2.10")), ev.CommissionBooked("Y", Decimal(9)))
    assert book.ledger.hedge(HedgeId("H1")).fees == {"X-H1-1": Decimal("2.10")}


def test_suspension_and_refusals_are_remembered():
    book = Book()
    book.cash("C1", 6_000)
    book.tell(tf.InstanceSet(Instance.SUSPENDED, "you", "lunch"))
    book.tell(tf.TailDenied(CORN, "frozen", "the desk is frozen"))
    assert (book.ledger.instance, book.row().note) == (Instance.SUSPENDED, "the desk is frozen")
    book.tell(tf.InstanceSet(Instance.ONLINE, "you", "back"))
    book.auto("H1", "C1")
    assert (book.ledger.instance, book.row().note) == (Instance.ONLINE, "")


def test_a_restart_finds_the_same_links_and_the_same_tree():
    book = worked_example()
    book.fill("H4", 1)
    book.cash_fill("C1", 5_500, revision=2)
    again = book.again()
    assert again.links(CORN) == book.ledger.links(CORN)
    rows = book.row()
    book.ledger = again
    assert book.row() == rows
