"""What the journal says of tickets and securities: folded, audited, written and read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.audit import Auditor, BrokerHistory
from hedgetui.domain.balance import facts as pf
from hedgetui.domain.codec import from_plain, to_plain
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import IntentState, Purpose, Side
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.engine.desk_state import DeskState
from hedgetui.engine.state import reduce
from tests.tickets.stage import CALL, HIGHER, SHARES, SPREAD, buy, plan

T = Timestamp(1_763_564_400.0)
AFTER = Timestamp(parse_key(CALL).expires_at + 60)


def order(
    step: int, key: str, side: Side, count: int = 2, purpose: Purpose = Purpose.TICKET
) -> list[ev.Event]:
    """An order of a ticket from its announcement to its end."""
    draft = od.OrderDraft(
        purpose, key, side, Contracts(count), od.OrderType.LIMIT, limit_price=Decimal(9),
        trade_id="T1",
    )  # fmt: skip
    name = f"I{step}"
    intent = od.Intent(name, f"HT1.{name}", step + 1, "DU1", "ticket", draft, T, 1, 1, 0)
    done = Contracts(count)
    return [
        pf.TicketStepPlaced("T1", step, name, count),
        ev.IntentRecorded(intent, 100.0),
        ev.FillBooked(f"E{step}", 1, name, key, side, done, Decimal(9), T),
        ev.IntentMoved(name, IntentState.SENDING, IntentState.FILLED, "execution", done),
    ]


OPENED = pf.TicketOpened("T1", SPREAD, "you")
BOUGHT, SOLD = order(0, CALL, Side.BUY), order(1, HIGHER, Side.SELL)
ENDED = pf.TicketEnded("T1", "done")
SOUND: list[ev.Event] = [OPENED, *BOUGHT, *SOLD, ENDED]


def violations(events: list[ev.Event]) -> list[int]:
    auditor = Auditor()
    for seq, event in enumerate(events, 1):
        auditor.take(ev.Fact(seq, T, event))
    return [one.invariant for one in auditor.violations]


BROKEN: dict[str, tuple[list[ev.Event], int]] = {
    "an order that no ticket announced": ([OPENED, *BOUGHT[1:]], 3),
    "a ticket that nobody confirmed": (BOUGHT, 3),
    "an announcement without its order": ([OPENED, BOUGHT[0], ENDED], 3),
    "another order than was shown": ([OPENED, *order(0, HIGHER, Side.BUY)], 3),
    "more than was shown": ([OPENED, *order(0, CALL, Side.BUY, 3)], 3),
    "a step twice": ([OPENED, *BOUGHT, BOUGHT[0], BOUGHT[1]], 4),
    "a step that waits for nobody": ([OPENED, *BOUGHT[:2], *SOLD], 4),
    "the sale first": ([OPENED, *SOLD], 4),
    "a sale after half the buy": ([OPENED, *order(0, CALL, Side.BUY, 1), *SOLD], 21),
    "an order after the end": ([OPENED, *BOUGHT, ENDED, *SOLD], 13),
    "an end while an order is alive": ([OPENED, *BOUGHT[:2], ENDED], 5),
    "two ends": ([*SOUND, ENDED], 5),
    "a ticket opened twice": ([OPENED, OPENED], 4),
}


def test_a_sound_ticket_breaks_nothing() -> None:
    assert violations(SOUND) == []


@pytest.mark.parametrize("name", BROKEN)
def test_the_outside_checker_sees(name: str) -> None:
    events, invariant = BROKEN[name]
    assert invariant in violations(events)


def test_what_the_desk_never_traded_is_no_affair_of_the_checker_and_what_it_traded_is() -> None:
    auditor = Auditor()
    for seq, event in enumerate(SOUND, 1):
        auditor.take(ev.Fact(seq, T, event))
    orders = [("HT1.I0", "1"), ("HT1.I1", "2")]
    auditor.compare(BrokerHistory(orders, [], {CALL: 2, HIGHER: -2, SHARES: 70}))
    assert auditor.violations == []
    auditor.compare(BrokerHistory(orders, [], {CALL: 3, HIGHER: -2}))
    assert [one.invariant for one in auditor.violations] == [9]


def test_facts_of_tickets_are_read_as_they_were_written() -> None:
    for event in (OPENED, BOUGHT[0], ENDED, pf.TicketDenied("T1", "G6-collar", "too far")):
        assert from_plain(type(event), to_plain(event)) == event


# --- the state -----------------------------------------------------------------------------------


def folded(*events: ev.Event, at: Timestamp = T) -> DeskState:
    state = DeskState()
    for seq, event in enumerate(events, 1):
        state = reduce(state, ev.Fact(seq, at, event))
    return state


def baseline(key: str, broker: int) -> ev.DifferencesAccepted:
    return ev.DifferencesAccepted((ev.Difference(key, 0, broker),), "rule", "held besides")


def test_a_baseline_of_securities_leaves_differences_of_the_book_standing() -> None:
    book = ev.Difference("MES 202512", 0, 1)
    state = folded(ev.Reconciled(1, (book,), 0), baseline(SHARES, 50))
    assert state.differences == (book,)
    assert state.expected_positions == {SHARES: 50}
    accepted = ev.DifferencesAccepted((book,), "you", "mine")
    state = reduce(state, ev.Fact(3, T, accepted))
    assert state.differences == ()
    assert state.expected_positions == {SHARES: 50, "MES 202512": 1}


def test_own_and_foreign_are_counted_apart() -> None:
    state = folded(*BOUGHT, baseline(CALL, 7))
    assert (state.positions, state.foreign) == ({CALL: 2}, {CALL: 5})
    state = folded(*BOUGHT, baseline(CALL, 7), baseline(CALL, 2))
    assert (state.positions, state.foreign) == ({CALL: 2}, {})


def test_an_own_option_that_expired_and_is_gone_at_the_broker_is_gone_here() -> None:
    gone = baseline(CALL, 0)
    assert folded(*BOUGHT, gone).positions == {CALL: 2}
    state = folded(*BOUGHT, gone, at=AFTER)
    assert (state.positions, state.foreign) == ({}, {})
    assert folded(baseline("NOT A 20250101 KEY", 0), at=AFTER).foreign == {}


@pytest.mark.parametrize(("key", "left"), [(CALL, {}), (SHARES, {SHARES: 2})])
def test_a_cash_settlement_after_expiry_takes_an_option_and_never_shares(key, left) -> None:
    settled = ev.FillBooked("S1", 1, "", key, Side.SELL, Contracts(2), Decimal(12), AFTER)
    assert folded(*order(0, key, Side.BUY), settled).positions == left


def test_every_name_has_its_own_market_and_none_is_open_unheard() -> None:
    def venue(symbol: str, opened: bool) -> ev.VenueChanged:
        return ev.VenueChanged(symbol, opened, "" if opened else "shut")

    state = folded(venue("MES", True), venue("NVDA", False), venue("ZC", True))
    opens: Callable[[str], bool] = lambda symbol: state.venue(symbol).open  # noqa: E731 - short
    assert [opens(one) for one in ("MES", "ES", "XSP", "SPX", "ZC")] == [True] * 5
    assert [opens(one) for one in ("NVDA", "SPY", "VIX", "ZW")] == [False] * 4
    assert state.venue("SPY").reason == "not known yet"
    state = reduce(state, ev.Fact(9, T, venue("SPY", True)))
    state = reduce(state, ev.Fact(10, T, venue("MES", False)))
    assert (state.venue("SPY").open, state.venue_open) == (True, False)
    started = ev.EngineStarted("sim", "DU1", 2)
    assert not reduce(state, ev.Fact(11, T, started)).venue("SPY").open


def test_tickets_count_apart_in_what_was_sent() -> None:
    state = folded(OPENED, *BOUGHT)
    assert [one.pool for one in state.sent] == [Purpose.TICKET]
    assert state.last_hedge_at is None
    assert replace(state.sent[0], purpose=Purpose.ENTRY).pool is None
    assert plan(buy(CALL, 1, "9.20")).cost == Decimal("920.00")
