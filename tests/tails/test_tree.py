"""The tree: three levels, what a look-back hides and never hides, and its JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.errors import UsageError
from hedgetui.domain.orders import IntentState
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.model import Instance, Mode, Policy, Units
from hedgetui.domain.tails.tree import Market, Outlook, Tree, due, tails_view, tree_document
from hedgetui.domain.tails.windows import CHICAGO, local_day, look_back, midnight
from tests.tails.tails_stage import BEANS, CORN, DAY, START, Book, worked_example

QUOTED = Market(Decimal("433.25"), Decimal("433.50"), 0.08)
OUTLOOK = Outlook({"ZC 202512": QUOTED})
ZONES = [
    ZoneInfo(name)
    for name in ("America/Chicago", "UTC", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia")
]


def ids(row):
    return [hedge.hedge_id for hedge in row.hedges]


def test_the_json_of_the_worked_example():
    book = worked_example()
    book.fill("H4", 1)
    (document,) = tree_document(tails_view(book.ledger, book.now, 30))
    assert {name: document[name] for name in document if name != "hedges"} == {
        "account": "PSHAOTCHMS", "contract": "ZC 202512", "tail": -2_000, "hm_unhedged": -2_000,
        "pending": 0, "mode": "auto", "threshold": 51, "threshold_units": 2_550,
    }  # fmt: skip
    assert document["hedges"][0] == {
        "id": "H4", "side": "SELL", "lots": 1, "units": 5_000,
        "cash": [
            {"id": "C1", "size": 6_000, "hedged": 1_000, "unlinked": 0},
            {"id": "C4", "size": 2_000, "hedged": 2_000, "unlinked": 0},
        ],
    }  # fmt: skip
    assert [hedge["id"] for hedge in document["hedges"]] == ["H4", "H3", "H2", "H1"]


def test_a_tbd_row_says_what_will_have_to_be_done():
    book = worked_example()
    (document,) = tree_document(tails_view(book.ledger, book.now, 30))
    assert document["hedges"][0] == {
        "id": "TBD", "TBD": True, "side": "SELL", "lots": 0, "units": 3_000,
        "cash": [
            {"id": "C1", "size": 6_000, "hedged": 0, "unlinked": 1_000},
            {"id": "C4", "size": 2_000, "hedged": 0, "unlinked": 2_000},
        ],
    }  # fmt: skip
    assert document["pending"] == -5_000
    assert book.row().age_s == 12 * DAY


def test_cash_of_both_sides_waits_in_two_rows():
    book = Book(Policy(Mode.MANUAL, 51))
    book.cash("C1", 1_000)
    book.cash("C2", -400)
    row = book.row()
    assert [(one.hedge_id, one.side, one.units) for one in row.hedges] == [
        ("TBD", "SELL", 1_000), ("TBD", "BUY", 400),
    ]  # fmt: skip
    assert row.tail == 600


def test_one_day_and_thirty_days_show_the_same_tails():
    book = worked_example()
    book.fill("H4", 1)
    book.cash("C9", -700, BEANS)
    book.day(15)
    short, long = (tails_view(book.ledger, book.now, days) for days in (1, 30))
    for one, other in zip(short, long, strict=True):
        assert (one.tail, one.hm_unhedged, one.age_s) == (
            other.tail,
            other.hm_unhedged,
            other.age_s,
        )
    assert ids(short[0]) == ["H4"], "outright, so still there"
    assert ids(long[0]) == ["H4", "H3", "H2", "H1"]
    assert (short[0].carried_in, long[0].carried_in) == (-2_000, 0)


def test_a_tail_of_forty_five_days_stays_with_the_hedge_it_is_left_from():
    book = Book()
    book.cash("C1", 16_000)
    book.auto("H1", "C1")
    book.cash("C2", 5_000, BEANS)
    book.auto("H2", "C2", BEANS)
    book.day(46)
    for days in (1, 30):
        row = book.row(days=days)
        assert [(one.hedge_id, one.older) for one in row.hedges] == [("TBD", True), ("H1", True)]
        assert (row.tail, row.carried_in, row.age_s) == (1_000, 1_000, 45 * DAY)
        assert ids(book.row(BEANS, days)) == [], "over and old"
    assert ids(book.row(BEANS, None)) == ["H2"]


def test_new_cash_under_an_old_hedge_shows_the_hedge():
    book = Book()
    book.foreign("F1", -1)
    book.day(20)
    book.cash("C1", 5_000)
    (hedge,) = book.row(days=1).hedges
    assert (hedge.hedge_id, hedge.older, hedge.open) == ("F1", True, 0)
    assert [one.cash_id for one in hedge.cash] == ["C1"]


def test_what_a_row_says_of_mode_market_and_risk():
    book = Book()
    book.cash("C1", 16_000)
    row = book.row(outlook=OUTLOOK)
    assert (row.mode, row.mode_words, row.threshold_pct, row.threshold) == (
        "auto", "Auto", 51, 2_550,
    )  # fmt: skip
    assert row.proposal == "SELL 3 ZC 202512 @ 433.25"
    assert (row.bid, row.ask, row.at_risk) == (433.25, 433.5, pytest.approx(1_280.0))
    book.tell(tf.OffsetBooked(CORN, Units(-15_000), "you", "elsewhere"))
    row = book.row(outlook=OUTLOOK)
    assert (row.tail, row.hm_unhedged, row.offsets, row.proposal) == (16_000, 1_000, -15_000, "")


@pytest.mark.parametrize(
    ("outlook", "words"),
    [
        (Outlook(), "Auto (waiting: no price)"),
        (Outlook({"ZC 202512": replace(QUOTED, ask=None)}), "Auto (waiting: no price)"),
        (Outlook({"ZC 202512": replace(QUOTED, waiting="halted")}), "Auto (waiting: halted)"),
        (replace(OUTLOOK, waiting={CORN: "cooling down"}), "Auto (waiting: cooling down)"),
        (replace(OUTLOOK, online=False), "Auto (waiting: offline)"),
    ],
)
def test_a_rule_that_cannot_act_says_why(outlook, words):
    book = Book()
    book.cash("C1", 16_000)
    assert book.row(outlook=outlook).mode_words == words


def test_manual_waits_for_nothing_and_a_suspended_desk_says_what_is_due():
    book = Book(Policy(Mode.MANUAL, 51))
    book.cash("C1", 16_000)
    assert (book.row().mode_words, due(book.ledger)) == ("Manual", ())
    book = Book()
    book.cash("C1", 16_000)
    book.tell(tf.InstanceSet(Instance.SUSPENDED, "you", "lunch"))
    assert book.row().mode_words == "suspended"
    ((key, proposal),) = due(book.ledger)
    assert (key, proposal.side, proposal.lots) == (CORN, "SELL", 3)


def test_the_states_of_a_hedge_in_words():
    book = Book()
    book.cash("C1", 30_000)

    def state():
        return next(one.state for one in book.row().hedges if one.hedge_id == "H1")

    book.place("H1", -2)
    assert (state(), book.row().hedges[1].working) == ("working", 2)
    book.fill("H1", 1)
    assert state() == "part filled"
    book.move("H1", IntentState.UNKNOWN)
    assert state() == "unknown"
    book.move("H1", IntentState.CANCELLED)
    assert state() == "cancelled"
    book.fill("H1", 1, fill="late")
    assert state() == "filled"


def test_a_fill_projects_only_its_own_key():
    book = Book()
    book.cash("C1", 6_000)
    book.cash("C2", 6_000, BEANS)
    tree = Tree(book.ledger)
    before = tree.rows(book.now, 30)
    book.auto("H1", "C1")
    after = tree.rows(book.now + 1, 30)
    assert after[1].hedges is before[1].hedges
    assert ids(after[0]) == ["TBD", "H1"]
    assert after == tails_view(book.ledger, book.now + 1, 30), "what is remembered is right"
    assert tree.rows(book.now + 40 * DAY, 30)[1].carried_in == 6_000, "and forgotten at midnight"


@pytest.mark.parametrize("days", [0, 31, -1])
def test_a_look_back_is_one_to_thirty_days(days):
    with pytest.raises(UsageError, match="1 to 30"):
        look_back(START, days)


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_f89_days_across_clock_changes_and_month_ends_lose_and_double_nothing(zone):
    first = date(2010, 1, 1)
    days = [first + timedelta(days=number) for number in range(6_000)]
    starts = [midnight(day, zone) for day in days]
    assert starts == sorted(starts)
    for day, start, after in zip(days, starts, starts[1:], strict=False):
        if start == after:
            continue  # Apia skipped a day
        assert local_day(start, zone) == local_day(after - 1, zone) == day
        assert local_day(start - 1, zone) < day


@given(st.floats(1.0e9, 1.9e9), st.integers(1, 30), st.floats(0, 40 * DAY), st.sampled_from(ZONES))
def test_f89_a_moment_is_in_the_look_back_by_its_local_date(now, days, before, zone):
    window = look_back(now, days, zone)
    at = now - before
    age = (local_day(now, zone) - local_day(at, zone)).days
    assert (at in window) == (age < days)
    assert now in window


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2025, 3, 9), 23), (date(2025, 11, 2), 25), (date(2025, 11, 30), 24)]
)
def test_f89_a_day_of_changing_clocks_has_23_or_25_hours(day, hours):
    noon = datetime(day.year, day.month, day.day, 18, tzinfo=UTC).timestamp()
    window = look_back(noon, 1, CHICAGO)
    assert window.end - window.start == hours * 3_600
    assert window.start in window
    assert window.end not in window
