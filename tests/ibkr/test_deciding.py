"""What the adapter decides by itself: order evidence, turns, lines, strikes."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.adapters.ibkr.connection import IbkrConnection
from hedgetui.adapters.ibkr.door import choose_account
from hedgetui.adapters.ibkr.lines import RESERVE, Lines, Use
from hedgetui.adapters.ibkr.memory import Memory
from hedgetui.adapters.ibkr.orders import OrderBook, WorkingOrder, margin_of, reference
from hedgetui.adapters.ibkr.pacing import MOST_PER_SECOND, SCANS_PER_SECOND, Lane, Pacer, Window
from hedgetui.adapters.ibkr.parse import ErrorRow, StatusRow
from hedgetui.adapters.ibkr.reasons import Reasons
from hedgetui.adapters.ibkr.strikes import MOST_EXPIRIES, choose_expiries, choose_strikes
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.instruments import Right
from hedgetui.domain.text import safe
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import (
    BrokerMessage,
    Environment,
    LinkReport,
    OrderEnded,
    OrderListed,
    OrderNotice,
)
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.virtual_loop import run_virtual

PERM, CLIENT, NUMBER = 900001, 17, 7


def row(status: str, filled: int = 0, perm: int = PERM) -> StatusRow:
    return StatusRow(NUMBER, status, Contracts(filled), perm, CLIENT)


def told(*events: StatusRow | ErrorRow | int) -> list[BrokerMessage]:
    """Return what a fresh order of five tells after rows, codes and executions (numbers)."""
    book = OrderBook(CLIENT)
    order = WorkingOrder("K", NUMBER, Contracts(5), "MES 202512", Timestamp(0))
    book.sent(order)
    messages: list[BrokerMessage | None] = []
    for event in events:
        if isinstance(event, StatusRow):
            messages.append(book.status(order, event))
        elif isinstance(event, ErrorRow):
            messages.extend(book.error(order, event))
        else:
            book.executed("K", Contracts(event))
    messages.append(book.inactive(order))
    return [one for one in messages if one is not None]


def code(number: int) -> ErrorRow:
    return ErrorRow(NUMBER, number, safe(f"words of {number}"))


def ends(messages: list[BrokerMessage]) -> list[OrderEnded]:
    return [one for one in messages if isinstance(one, OrderEnded)]


# Evidence about orders


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_every_order_of_the_rows_of_a_cancelled_order_tells_one_end(order: tuple[int, ...]):
    rows = [row("PreSubmitted"), row("Submitted"), row("Cancelled"), row("Submitted")]
    messages = told(*(rows[n] for n in order))
    (end,) = ends(messages)
    assert not end.rejected
    assert isinstance(messages[-1], OrderEnded)


@given(st.lists(st.sampled_from(["PreSubmitted", "Submitted", "Filled", "PendingCancel"])))
def test_rows_of_a_filled_order_never_tell_an_end(statuses: list[str]):
    rows = [row(one, 5 if one == "Filled" else 0) for one in [*statuses, "Filled", *statuses]]
    assert ends(told(5, *rows)) == []


@given(st.lists(st.integers(2100, 2200) | st.sampled_from([399, 10349, 103, 105, 10148, 202, 7])))
def test_no_code_but_a_definite_refusal_ends_anything(numbers: list[int]):
    messages = told(row("Submitted"), *map(code, numbers), row("Submitted"))
    assert ends(messages) == []
    notices = [one for one in messages if isinstance(one, OrderNotice)]
    assert [one.code for one in notices] == numbers


@pytest.mark.parametrize("number", [200, 201, 203, 110, 321, 434])
def test_a_refusal_of_a_new_order_is_an_end_with_its_words(number: int):
    (end,) = ends(told(code(number)))
    assert (end.rejected, end.reason) == (True, f"words of {number}")


@pytest.mark.parametrize("number", [110, 321, 434])
def test_a_validation_code_leaves_a_working_order_alone(number: int):
    assert ends(told(row("Submitted"), code(number))) == []


def test_a_refused_order_that_lives_after_all_is_listed_again():
    messages = told(code(201), row("Submitted"))
    assert [type(one) for one in messages] == [OrderNotice, OrderEnded, OrderListed]


def test_inactive_ends_with_the_words_that_follow_and_may_wake():
    (end,) = ends(told(row("Inactive"), code(201)))
    assert (end.rejected, end.reason) == (True, "words of 201")
    (alone,) = ends(told(row("Inactive")))
    assert (alone.rejected, alone.reason) == (True, "inactive at the broker")
    messages = told(row("Inactive"), code(201), row("Submitted"))
    assert isinstance(messages[-1], OrderListed)


def test_what_was_partly_filled_is_never_rejected():
    assert [one.rejected for one in ends(told(row("Submitted", 2), code(201)))] == [False]
    assert [one.rejected for one in ends(told(2, row("Inactive", 2)))] == [False]


def test_a_row_without_a_permanent_number_proves_nothing():
    assert told(row("PendingSubmit", perm=0)) == []


def test_a_filled_row_tells_of_executions_that_did_not_come():
    (listed,) = told(row("Filled", 5))
    assert listed == OrderListed("K", str(PERM), Contracts(5))
    assert told(5, row("Filled", 5)) == []


def test_growing_fills_are_listed_and_repeated_rows_are_not():
    messages = told(row("Submitted"), row("Submitted"), row("Submitted", 2), row("Submitted", 2))
    assert [one.filled for one in messages if isinstance(one, OrderListed)] == [0, 2]


def test_a_row_belongs_to_whom_its_permanent_number_does():
    book, memory = OrderBook(CLIENT), Memory()
    old = WorkingOrder("OLD", 3, Contracts(1), "MES 202512", Timestamp(0))
    new = WorkingOrder("NEW", NUMBER, Contracts(1), "MES 202512", Timestamp(0))
    book.sent(old)
    book.sent(new)
    memory.met(PERM, "OLD")
    assert book.of(row("Submitted"), memory.known(PERM)) is old
    assert book.of(row("Submitted", perm=5), memory.known(5)) is new
    new.broker_order = "5"
    assert book.of(row("Submitted", perm=6), memory.known(6)) is None
    other = StatusRow(NUMBER, "Submitted", Contracts(0), 8, CLIENT + 1)
    assert book.of(other, "") is None


def test_only_our_references_are_ours():
    memory = Memory()
    memory.sent["K"] = "MES 202512"
    assert memory.owner("K") == "K"
    assert memory.owner("HT1.ABC", 4) == "HT1.ABC"
    assert memory.owner("", 4) == "HT1.ABC"
    assert memory.owner("somebody", 5) == ""


@pytest.mark.parametrize("key", ["", "ü", "x" * 41])
def test_a_key_the_broker_would_change_is_no_reference(key: str):
    with pytest.raises(ValueError, match="cannot be an order reference"):
        reference(key)


@pytest.mark.parametrize("text", ["", "1.7976931348623157E308", "nan", None])
def test_a_margin_with_a_hole_is_none(text: str | None):
    class State:
        initMarginChange = "2500.00"  # noqa: N815 - the library's names
        initMarginAfter = text  # noqa: N815
        equityWithLoanAfter = "100000.00"  # noqa: N815

    assert margin_of(State()) is None
    assert margin_of([]) is None
    assert margin_of(None) is None


# Turns


@given(st.lists(st.tuples(st.floats(0, 0.2), st.sampled_from(Lane)), max_size=200))
def test_what_is_admitted_never_breaks_a_ceiling(events: list[tuple[float, Lane]]):
    window, now = Window(), Timestamp(0.0)
    sent: list[tuple[float, Lane]] = []
    for step, lane in events:
        now = Timestamp(now + step)
        if lane is Lane.ORDER or window.admits(now, lane):
            window.add(now, lane)
            sent.append((now, lane))
            last = [one for at, one in sent if now - at < 1.0]
            if lane is not Lane.ORDER:
                assert len(last) <= MOST_PER_SECOND
            if lane is Lane.SCAN:
                assert last.count(Lane.SCAN) <= SCANS_PER_SECOND


def test_the_urgent_go_first_and_nobody_is_forgotten():
    async def story() -> None:
        clock = LoopClock(Timestamp(0))
        pacer = Pacer(clock)
        served: list[tuple[float, Lane]] = []

        async def speak(lane: Lane) -> None:
            await pacer.turn(lane)
            served.append((clock.now(), lane))

        scans = [asyncio.ensure_future(speak(Lane.SCAN)) for _ in range(60)]
        await asyncio.sleep(0.5)
        assert len(served) == SCANS_PER_SECOND
        assert pacer.queued == 45
        links = [asyncio.ensure_future(speak(Lane.LINK)) for _ in range(20)]
        await asyncio.sleep(0.01)
        assert [lane for _, lane in served].count(Lane.LINK) == 20
        pacer.order()
        await asyncio.gather(*scans, *links)
        assert clock.now() < 5
        scanned = [at for at, lane in served if lane is Lane.SCAN]
        assert all(two - one >= 0.999 for one, two in zip(scanned, scanned[15:], strict=False))
        pacer.close()

    run_virtual(story)


def test_who_waits_for_a_turn_wakes_when_the_session_ends():
    async def story() -> None:
        pacer = Pacer(LoopClock(Timestamp(0)))
        waiting = [asyncio.ensure_future(pacer.turn(Lane.SCAN)) for _ in range(30)]
        await asyncio.sleep(0)
        pacer.close()
        await asyncio.gather(*waiting)
        assert pacer.queued == 0

    run_virtual(story)


# Lines


def test_a_scan_leaves_a_reserve_and_a_refusal_lowers_the_budget():
    lines = Lines(10)
    for request in range(3):
        lines.take(request, Use.LEG)
    assert lines.free(Use.SCAN) == 7 - RESERVE
    assert lines.free(Use.LEG) == 7
    lines.take(3, Use.SCAN)
    lines.refused(3)
    assert (lines.used, lines.budget) == (3, 3)
    assert lines.free(Use.SCAN) == 0
    lines.drop(99)
    assert lines.used == 3


# Strikes

TODAY = date(2025, 11, 19)


@given(st.lists(st.integers(-3, 400), max_size=60))
def test_expiries_are_few_sorted_and_begin_with_the_nearest(offsets: list[int]):
    listed = [TODAY + timedelta(days=one) for one in offsets]
    chosen = choose_expiries(listed, TODAY)
    assert list(chosen) == sorted(set(chosen))
    assert len(chosen) <= MOST_EXPIRIES
    window = sorted({one for one in offsets if 0 <= one <= 65})
    if window:
        assert chosen[0] == TODAY + timedelta(days=window[0])
        month = min(window, key=lambda one: abs(one - 30))
        assert TODAY + timedelta(days=month) in chosen
    assert len(chosen) == min(MOST_EXPIRIES, len(window))


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("days", [0, 7, 30, 60])
def test_strikes_surround_the_money_and_reach_into_both_wings(days: int, dense: bool):
    listed = [float(one) for one in range(400, 700)]
    chosen = choose_strikes(listed, 540.3, days / 365, 0.16, dense=dense)
    puts = sorted(strike for strike, right in chosen if right is Right.PUT)
    calls = sorted(strike for strike, right in chosen if right is Right.CALL)
    assert len(chosen) == (28 if dense else 14)
    assert {540.0, 541.0} <= set(puts) & set(calls)
    assert len(set(chosen)) == len(chosen)
    assert puts[0] < 540 < calls[-1]
    assert all(one < two for one, two in pairwise(puts))


@given(
    st.lists(st.floats(1, 1000), max_size=20, unique=True),
    st.floats(0, 1000),
    st.floats(0, 1),
    st.floats(0, 2),
)
def test_strikes_are_always_listed_ones(
    listed: list[float], spot: float, years: float, volatility: float
):
    chosen = choose_strikes(listed, spot, years, volatility, dense=True)
    assert {strike for strike, _ in chosen} <= set(listed)


# Reasons


def test_reasons_are_a_set_told_as_one_line_and_ready_when_it_is_empty():
    said: list[LinkReport] = []
    reasons = Reasons(3, said.append)
    reasons.add("clock", "clock differs by 40 s")
    assert said == []
    reasons.open()
    reasons.add("farm", "data farm usopt is broken")
    reasons.add("farm", "data farm usopt is broken")
    reasons.drop("nothing")
    reasons.drop("clock")
    reasons.drop("farm")
    assert [(one.state, one.reason) for one in said] == [
        (LinkState.DEGRADED, "clock differs by 40 s"),
        (LinkState.DEGRADED, "clock differs by 40 s; data farm usopt is broken"),
        (LinkState.DEGRADED, "data farm usopt is broken"),
        (LinkState.READY, "fit to trade on again"),
    ]
    assert {one.session for one in said} == {3}


# Whose account


@pytest.mark.parametrize(
    ("account", "accounts", "words"),
    [
        ("", ("DU1", "DU2"), "several accounts: DU1, DU2"),
        ("", (), "several accounts"),
        ("", ("U1",), "is a live account, but the profile means paper"),
        ("DU3", ("DU1", "DU2"), "not among"),
    ],
)
def test_an_account_is_never_guessed(account: str, accounts: tuple[str, ...], words: str):
    connection = IbkrConnection("127.0.0.1", 7497, 1, account, Environment.PAPER)
    with pytest.raises(BrokerUnreachable, match=words):
        choose_account(connection, accounts)


def test_the_only_account_is_taken_and_the_named_one_of_several():
    connection = IbkrConnection("127.0.0.1", 7497, 1, "", Environment.PAPER)
    assert choose_account(connection, ("DU1",)) == "DU1"
    named = IbkrConnection("127.0.0.1", 7496, 1, "U2", Environment.LIVE)
    assert choose_account(named, ("U1", "U2")) == "U2"
