"""Import and export of cash and hedge orders: all of a file or nothing, and never twice."""

from __future__ import annotations

import pytest

from hedgetui.domain.errors import DataError
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.csv_file import links_csv, orders_csv, read_orders
from hedgetui.domain.tails.csv_rows import COLUMNS
from hedgetui.domain.tails.ledger import Ledger
from tests.tails.tails_stage import CORN, Book, worked_example

WORKED = """\
kind,id,account,contract,side,units|lots,price,at,origin,covers
cash,C1,PSHAOTCHMS,ZCZ25,BUY,6000,433'2,2025-11-03T15:00:00Z
hedge,H1,PSHAOTCHMS,ZC 202512,SELL,1,433.25,2025-11-03T15:00:05Z,hm,C1
cash,C2,PSHAOTCHMS,ZCEZ25,BUY,5000,433.25,2025-11-04T15:00:00Z,,
hedge,H2,PSHAOTCHMS,ZC 202512,SELL,1,433.25,2025-11-04T15:00:05Z,hm,C2
cash,C3,PSHAOTCHMS,ZC 202512,BUY,10000,433.25,2025-11-05T15:00:00Z,,
hedge,H3,PSHAOTCHMS,ZC 202512,SELL,2,433.25,2025-11-05T15:00:05Z,hm,C3
hedge,H4,PSHAOTCHMS,ZC 202512,SELL,1,433.25,2025-11-15T15:00:05Z,hm,C4
cash,C4,PSHAOTCHMS,ZC 202512,BUY,2000,433.25,2025-11-15T15:00:00Z,,
"""


def read(text, ledger=None):
    lines = text.splitlines(keepends=True)
    return read_orders(lines, ledger or Ledger(), name="orders.csv", by="you")


def imported(text):
    book = Book()
    book.tell(*read(text).facts)
    return book


def test_the_worked_example_from_a_file():
    book = imported(WORKED)
    assert book.links() == {
        ("C1", "H1"): 5_000, ("C2", "H2"): 5_000, ("C3", "H3"): 10_000, ("C4", "H4"): 2_000,
        ("C1", "H4"): 1_000,
    }  # fmt: skip
    assert book.ledger.balance(CORN) == -2_000


def test_the_same_file_again_adds_nothing():
    found = read(WORKED)
    assert (found.cash, found.hedges, found.known) == (4, 4, 0)
    book = imported(WORKED)
    again = read(WORKED, book.ledger)
    assert (again.facts, again.known) == ((), 8)
    more = WORKED + "cash,C5,PSHAOTCHMS,ZCZ25,SELL,100,430,2025-11-16T15:00:00Z,,\n"
    assert [type(fact) for fact in read(more, book.ledger).facts] == [tf.CashEntered, tf.CashFilled]
    assert read(WORKED + WORKED.split("\n", 1)[1]).known == 8, "twice in one file is once"


GOOD = "cash,C1,A,ZCZ25,BUY,6000,433'2,2025-11-03T15:00:00Z"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("cash,C2,A,ZZZ25,BUY,1,433,2025-11-03", "line 3: contract: unknown contract 'ZZZ25'"),
        ("hedge,H1,A,ZCZ25,SELL,1.5,433,2025-11-03", "line 3: lots: '1.5' is not a whole number"),
        ("cash,C2,A,ZCZ25,BUY,-6000,433,2025-11-03", "line 3: units: -6,000 is negative"),
        ("cash,C2,A,ZCZ25,BUY,0,433,2025-11-03", "line 3: units: 0 is less than 1"),
        ("cash,C2,A,ZCZ25,BUY,1e999999,433,2025-11-03", "line 3: units: '1e999999' is not a"),
        ("cash,C2,A,ZCZ25,HOLD,1,433,2025-11-03", "line 3: side: 'HOLD'"),
        ("cash,C2,A,ZCZ25,BUY,1,four,2025-11-03", "line 3: price: 'four' is not a price"),
        ("cash,C2,A,ZCZ25,BUY,1,0,2025-11-03", "line 3: price: 0 is not positive"),
        ("cash,C2,A,ZCZ25,BUY,1,433,yesterday", "line 3: at: 'yesterday'"),
        ("cash,,A,ZCZ25,BUY,1,433,2025-11-03", "line 3: id: empty"),
        ("cash,C2,A,ZCZ25,BUY,1", "line 3: price: empty"),
        ("loan,C2,A,ZCZ25,BUY,1,433,2025-11-03", "line 3: kind: 'loan'"),
        ("hedge,H1,A,ZCZ25,SELL,1,433,2025-11-03,elf", "line 3: origin: 'elf'"),
        ("hedge,H1,A,ZCZ25,SELL,1,433,2025-11-03,,C9", "line 3: covers: no cash order C9"),
        ("hedge,H1,B,ZCZ25,SELL,1,433,2025-11-03,,C1", "line 3: covers: C1 is of A ZC 202512"),
        ("hedge,H1,A,ZCZ25,BUY,1,433,2025-11-03,,C1", "line 3: covers: C1 is a BUY too"),
        (GOOD.replace("6000", "7000"), "line 3: id: C1 stands in line 2 otherwise"),
        (GOOD + ",,,,,", "line 3: more cells than columns"),
        ('cash,"C2', "line 3: "),
        ("cash,C\x1b[2J,A,ZCZ25,BUY,1,433,2025-11-03", "line 3: id: a plain identity"),
    ],
)
def test_a_bad_row_is_named_with_line_and_reason_and_nothing_is_imported(row, words):
    with pytest.raises(DataError) as caught:
        read(f"{','.join(COLUMNS)}\n{GOOD}\n{row}\n")
    assert caught.value.message.startswith(f"orders.csv: {words}")
    assert caught.value.message.isprintable()
    assert "nothing was imported" in caught.value.hint


def test_an_id_the_ledger_knows_with_other_content_is_refused():
    book = imported(WORKED)
    told = {
        ("cash,C1,", "BUY,6000", "BUY,6001"): "line 2: units: cash C1 is known with 6000",
        ("hedge,H1,", "SELL,1,", "SELL,2,"): "line 3: lots: hedge H1 is known with 1",
        ("hedge,H1,", "hm,C1", "manual,C1"): "line 3: origin: hedge H1 is known with hm",
        ("hedge,H1,", "433.25", "434.25"): "line 3: price: H1 is known with 433.25",
    }
    for (start, before, after), words in told.items():
        lines = [
            line.replace(before, after) if line.startswith(start) else line
            for line in WORKED.splitlines(keepends=True)
        ]
        with pytest.raises(DataError) as caught:
            read("".join(lines), book.ledger)
        assert caught.value.message.startswith(f"orders.csv: {words}")


def test_every_bad_row_is_named_up_to_twenty():
    rows = [f"cash,C{number},A,ZCZ25,BUY,-1,433,2025-11-03" for number in range(25)]
    with pytest.raises(DataError) as caught:
        read("\n".join([",".join(COLUMNS), *rows]))
    message = caught.value.message
    assert [f"line {number}: units" in message for number in (2, 21, 22)] == [True, True, False]
    assert message.endswith("and 5 more")


SEMICOLONS = """\
\ufeffKind;ID;Account;Contract;Side;Units;Lots;Price;At
Cash;C1;A;ZCZ25;buy;6000;;433'2;2025-11-03T15:00:00Z
"""
OWN_ORDER = """\
id,kind,account,contract,side,units,lots,price,at,weather
C1,cash,A,ZC 202512,BUY,6000.0,,433.25,2025-11-03T09:00:00-06:00,fair
"""


@pytest.mark.parametrize("text", [SEMICOLONS, OWN_ORDER, GOOD + "\n\n"])
def test_headers_as_traders_have_them(text):
    entered, filled = read(text).facts
    expected, _ = read(f"{','.join(COLUMNS)}\n{GOOD}\n").facts
    assert (entered.cash, entered.key, entered.side, entered.at) == (
        expected.cash, expected.key, expected.side, expected.at,
    )  # fmt: skip
    assert (entered.units, filled.units) == (6_000, 6_000)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "line 1: the file is empty"), ("id,kind\nC1,cash", "line 1: no column")],
)
def test_a_file_that_is_none_is_refused(text, words):
    with pytest.raises(DataError, match=words):
        read(text)


def test_an_export_is_a_file_that_changes_nothing_and_rebuilds_the_balances():
    book = worked_example()
    book.day(13.00000123)
    book.cash("C5", 9_000, filled=4_000)
    book.fill("H4", 1)
    text = orders_csv(book.ledger)
    assert read(text, book.ledger).facts == ()
    elsewhere = imported(text)
    assert elsewhere.ledger.balance(CORN) == book.ledger.balance(CORN)
    assert "cash,C5,PSHAOTCHMS,ZC 202512,BUY,9000,,433.25," in text
    assert "PSHAOTCHMS,ZC 202512,C4,H4,2000," in links_csv(book.ledger)


def test_what_is_half_done_comes_in_half_done():
    text = GOOD + ",,,\n"
    header = ",".join((*COLUMNS, "filled"))
    _, filled = read(f"{header}\n{text.replace(',,,', ',,,2500')}").facts
    assert filled.units == 2_500
    with pytest.raises(DataError, match="filled: 7,000 of 6,000"):
        read(f"{header}\n{text.replace(',,,', ',,,7000')}")
