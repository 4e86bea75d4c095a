"""Faults in the life of an order, F21 to F37: codes, refusals, lost rows, hands in TWS."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import permutations

import pytest

from hedgetui.adapters.ibkr.memory import Memory
from hedgetui.adapters.ibkr.orders import OrderBook, WorkingOrder
from hedgetui.adapters.ibkr.parse import ErrorRow, status_row
from hedgetui.domain import commands as cm
from hedgetui.domain import orders as od
from hedgetui.domain.units import Contracts, Timestamp, parse_utc
from hedgetui.ports.broker import CommittedOrder, OrderEnded
from hedgetui.simulation.broker_book import Trade
from tests.faults.proxy import body_of, is_order, message_id
from tests.faults.wire_desk import WireDesk, play

_MES = "MES 202512"
_STATUS, _OPEN_ORDER = "3", "5"
_FOREIGN = "HT1.01KAE8ZZZZZZZZZZZZZZZZZZZZ"
"""Our mark, and a name no journal of ours gave."""


def _only(wire: WireDesk) -> od.Intent:
    (intent,) = wire.hedge_intents()
    return intent


async def _settled(wire: WireDesk, held: int, orders: int) -> None:
    """Two audits later everything is as it was, filled and equal on both sides."""
    await wire.until(lambda: wire.filled_hedges() == held, 90)
    await wire.wait(90)
    assert wire.held() == wire.filled_hedges() == held
    assert wire.hedge_orders_at_exchange() == orders
    assert not wire.state.live_intents
    wire.agrees()


def _order_of(wire: WireDesk, intent: od.Intent):
    return wire.gateway.registry.find(intent.client_key)


def _row(wire: WireDesk, intent: od.Intent, status: str, **changes: object) -> bytes:
    """An orderStatus row of an order as the gateway would send it, with another status."""
    order = _order_of(wire, intent)
    assert order is not None
    view = wire.gateway.registry.view(order, wire.exchange.truth(wire.exchange.at))
    values = {
        "filled": view.filled, "remaining": view.quantity - view.filled, "average": "0.0",
        "perm": wire.gateway.registry.perm_id(order), **changes,
    }  # fmt: skip
    return body_of(
        3, order.order_id, status, values["filled"], values["remaining"], values["average"],
        values["perm"], 0, "0.0", order.client_id, "", "0.0",
    )  # fmt: skip


# --- codes


@pytest.mark.parametrize("switch", ["tif_10349", "info_399", "warn_2109"])
def test_F21_an_informational_code_on_a_live_order_changes_nothing(tmp_path, switch):
    """10349 and then the fill: exactly one hedge."""

    async def story(wire: WireDesk) -> None:
        await wire.enter()
        setattr(wire.control, switch, True)
        await wire.until(wire.hedge_intents, 10)
        await _settled(wire, -2, 1)
        assert wire.hedges() == ["SELL 2 FILLED"]
        code = switch.rpartition("_")[2]
        assert wire.heard(f"Broker {code} #{_only(wire).number}") == 1
        assert wire.orders_said() == len(wire.state.intents)

    play(tmp_path, story)


@pytest.mark.parametrize(
    "code", [103, 104, 105, 135, 136, 161, 399, 404, 2109, 10147, 10148, 10349]
)
def test_F21_F24_a_code_about_a_working_order_never_ends_it(tmp_path, code):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.control.hold_quietly = True
        await wire.until(lambda: wire.hedges() == ["SELL 2 WORKING"], 10)
        intent = _only(wire)
        seen = len(wire.proxy.cable.said)
        wire.control.error(code, "said about a working order", _order_of(wire, intent).order_id)
        await wire.wait(20)
        assert wire.hedges() == ["SELL 2 WORKING"]
        asked = [message_id(body) for body in wire.proxy.cable.said[seen:]]
        assert "16" in asked, "the broker was asked"
        wire.control.hold_quietly = False
        wire.gateway.desk.send(_order_of(wire, intent))
        wire.gateway.drive()
        await _settled(wire, -2, 1)

    play(tmp_path, story)


def test_F21_an_order_held_until_the_opening_is_taken_back(tmp_path):
    """Decided on this market, it must not trade at the gap of the next one."""

    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.control.hold_399 = True
        await wire.until(lambda: wire.hedges() == ["SELL 2 CANCELLED"], 30)
        await wire.wait(120)
        assert wire.hedges() == ["SELL 2 CANCELLED"], "no blind repeat"
        assert not wire.state.auto
        wire.control.hold_399 = False
        await wire.do(cm.SwitchAuto(on=True))
        await _settled(wire, -2, 1)  # the held one never reached the exchange
        assert wire.hedges() == ["SELL 2 CANCELLED", "SELL 2 FILLED"]

    play(tmp_path, story)


@pytest.mark.parametrize("with_status", [True, False])
def test_F22_a_refused_hedge_is_told_and_not_repeated_blindly(tmp_path, with_status):
    """Whoever refuses once refuses again: tries are few, then auto stops and says what is open."""

    async def story(wire: WireDesk) -> None:
        def refuse(body: bytes) -> list[bytes]:
            if is_order(body) and b"\0MES\0" in body:
                wire.control.reject_next(201, "margin: CME reserved", with_status)
            return [body]

        await wire.enter()
        wire.proxy.up = refuse
        await wire.until(lambda: "SELL 2 REJECTED" in wire.hedges(), 30)
        await wire.wait(600)
        assert wire.held() == 0
        assert wire.hedge_orders_at_exchange() == 0
        tries = wire.hedges()
        assert set(tries) == {"SELL 2 REJECTED"}
        assert len(tries) <= 6
        assert "throttle" in wire.state.latches
        assert wire.heard("margin: CME reserved") >= 1
        assert wire.heard("Auto-hedge stopped by the throttle") == 1
        wire.agrees()

    play(tmp_path, story)


def test_F23_cancelled_by_the_broker_after_a_part_the_rest_is_computed_anew(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        wire.control.partial_fills(1.0)
        await wire.drift(30)
        await wire.until(lambda: wire.hedges()[-1] == "SELL 4 PARTIAL", 10)
        part = wire.hedge_intents()[1]
        wire.gateway.desk.cancel(_order_of(wire, part))
        wire.gateway.drive()
        await wire.until(lambda: wire.hedges()[1] == "SELL 4 CANCELLED", 10)
        wire.control.partial_fills(0.0)
        filled = wire.hedge_intents()[1].filled
        assert 0 < filled < 4
        await wire.wait(90)
        net = 30 - 5 * (2 + filled)
        rest = [i.draft.quantity for i in wire.hedge_intents()[2:]]
        assert rest == ([round(net / 5)] if net > 10 else [])
        assert wire.held() == -(2 + filled + sum(rest))
        assert wire.heard("Broker 202") == 1
        wire.agrees()

    play(tmp_path, story)


def test_F24_103_an_order_number_used_before_is_unknown_then_absent(tmp_path):
    """The code alone proves nothing: a new session and two looks do."""

    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.gateway.site.client(wire.client_id).floor = 10**6
        await wire.until(lambda: wire.heard("Broker 103 #"), 10)
        await wire.wait(4)
        assert wire.hedges() in (["SELL 2 SENDING"], ["SELL 2 UNKNOWN"])
        await wire.until(lambda: wire.hedges()[0] == "SELL 2 ABSENT", 90)
        await _settled(wire, -2, 1)
        assert wire.hedges() == ["SELL 2 ABSENT", "SELL 2 FILLED"]

    play(tmp_path, story)


# --- rows that never come, come twice, or in another order


def test_F25_executions_alone_fill_an_order(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.control.lose_statuses = 1.0
        await wire.until(lambda: wire.hedges() == ["SELL 2 FILLED"], 5)
        await _settled(wire, -2, 1)

    play(tmp_path, story)


def test_F26_repeated_and_reordered_rows_mean_the_same(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        wire.control.repeat_statuses = wire.control.reorder_statuses = True
        wire.control.partial_fills(1.0)
        await wire.hedged()
        for net, held in ((30, -6), (12, -2), (30, -6)):
            await wire.drift(net)
            await wire.until(lambda held=held: wire.held() == held, 20)
            await wire.until(lambda held=held: wire.filled_hedges() == held, 5)
        await _settled(wire, -6, 4)
        assert all(line.endswith("FILLED") for line in wire.hedges())

    play(tmp_path, story)


_LIFE = (("PreSubmitted", 0), ("Submitted", 0), ("Submitted", 1), ("Submitted", 1), ("Filled", 2))


def _book() -> tuple[OrderBook, WorkingOrder]:
    book = OrderBook(17)
    order = WorkingOrder("HT1.A", 5, Contracts(2), _MES, Timestamp(0.0))
    book.sent(order)
    return book, order


def _told(book: OrderBook, order: WorkingOrder, status: str, filled: int):
    row = status_row(
        ["3", "5", status, str(filled), str(2 - filled), "0", "77", "0", "0", "17", "", "0"]
    )
    assert row is not None
    assert book.of(row, "") is order
    return book.status(order, row)


def test_F26_every_order_of_the_rows_ends_in_the_same_state():
    for rows in set(permutations(_LIFE)):
        book, order = _book()
        told = [_told(book, order, *row) for row in rows]
        assert not any(isinstance(message, OrderEnded) for message in told), rows
        assert (order.final, order.filled, order.broker_order) == (True, 2, "77")


def test_F26_a_row_that_comes_late_does_not_revive_what_is_cancelled():
    for rows in set(permutations((("Submitted", 0), ("Submitted", 1), ("PendingCancel", 1)))):
        book, order = _book()
        ended = _told(book, order, "Cancelled", 1)
        assert isinstance(ended, OrderEnded)
        assert not ended.rejected
        assert [_told(book, order, *row) for row in rows] == [None] * 3, rows
        assert order.final


@pytest.mark.parametrize(
    "code", [103, 104, 105, 109, 110, 135, 161, 321, 399, 404, 2109, 10147, 10148, 10311, 10349]
)
def test_F21_a_code_ends_no_order_that_a_row_called_alive(code):
    book, order = _book()
    _told(book, order, "Submitted", 0)
    told = book.error(order, ErrorRow(5, code, "words"))
    assert not any(isinstance(message, OrderEnded) for message in told)


# --- cancels


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.08, 0.12, 0.5])
def test_F27_a_cancel_crosses_a_fill(tmp_path, after):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        wire.control.partial_fills(1.0)
        await wire.drift(30)
        await wire.until(lambda: len(wire.hedge_intents()) == 2, 10)
        await wire.wait(after)
        number = wire.hedge_intents()[1].number
        await wire.do(cm.SwitchAuto(on=False))
        await wire.do(cm.CancelOrder(number))
        await wire.until(lambda: not wire.state.live_intents, 30)
        intent = wire.hedge_intents()[1]
        assert intent.state in {od.IntentState.FILLED, od.IntentState.CANCELLED}
        assert (intent.filled == 4) == (intent.state is od.IntentState.FILLED)
        await wire.wait(70)
        assert wire.held() == -(2 + intent.filled)
        assert len(wire.hedge_intents()) == 2
        wire.agrees()

    play(tmp_path, story)


def test_F28_hours_after_its_end_a_fill_still_counts(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        wire.control.partial_fills(1.0)
        await wire.drift(30)
        await wire.until(lambda: wire.hedges()[-1] == "SELL 4 PARTIAL", 10)
        intent = wire.hedge_intents()[1]
        wire.gateway.desk.cancel(_order_of(wire, intent))
        wire.gateway.drive()
        wire.control.partial_fills(0.0)
        await wire.until(lambda: wire.hedges()[1] == "SELL 4 CANCELLED", 10)
        await wire.wait(3600)
        before, filled = wire.held(), wire.hedge_intents()[1].filled
        sent = len(wire.hedge_intents())
        booked = wire.exchange.book.orders[_order_of(wire, intent).key]
        late = [Trade(_MES, 1, Decimal("5413.00"))]
        for message in wire.exchange.book.execute(booked, late, od.Side.SELL, at=wire.exchange.at):
            wire.gateway.hear(message)
        await wire.until(lambda: wire.filled_hedges() == before - 1, 5)
        assert wire.hedge_intents()[1].filled == filled + 1
        assert wire.heard(f"late fill on #{intent.number}") == 1
        assert not wire.state.auto
        await wire.wait(70)
        assert len(wire.hedge_intents()) == sent, "auto is off: a person looks first"
        assert wire.held() == before - 1
        wire.agrees()

    play(tmp_path, story)


# --- orders that hang


def test_F29_an_order_that_hangs_in_tws_blocks_its_slot(tmp_path):
    """A dialog holds it: no answer, listed nowhere, and minutes later it executes after all."""

    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.control.stick_pending = True
        await wire.until(wire.hedges, 10)
        sent = wire.clock.now()
        await wire.until(lambda: wire.hedges() == ["SELL 2 UNKNOWN"], 6)
        assert wire.clock.now() - sent <= 5.2
        wire.control.stick_pending = False
        await wire.wait(300)
        assert wire.hedges() == ["SELL 2 UNKNOWN"]
        assert wire.heard("an order's fate is unknown") >= 1
        words = "SELL 2 MES 202512 MKT unknown for"
        assert wire.heard(words) >= 4, "said again each minute, with its age"
        assert wire.heard("min: the broker has it and does not list it") >= 3
        wire.control.release_pending()
        await _settled(wire, -2, 1)
        assert wire.hedges() == ["SELL 2 FILLED"]

    play(tmp_path, story)


def test_F29_the_next_number_tells_once_which_orders_had_arrived():
    memory = Memory()
    memory.left("LOST", 148)
    memory.opened(148)
    assert memory.seen == set()
    memory.left("HUNG", 148)  # the number of what was lost is given again
    memory.opened(149)
    memory.opened(500)
    assert memory.seen == {"HUNG"}


def test_F29_a_hung_order_is_ended_by_a_persons_word(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.control.stick_pending = True
        await wire.until(lambda: wire.hedges() == ["SELL 2 UNKNOWN"], 20)
        wire.control.stick_pending = False
        wire.gateway.desk.stuck.clear()  # the trader pressed cancel in the dialog
        await wire.wait(60)
        intent = _only(wire)
        outcome = await wire.do(
            cm.ResolveUnknown(intent.number, intent.client_key, "cancelled in the dialog")
        )
        assert outcome.ok, outcome
        await _settled(wire, -2, 1)
        assert wire.hedges() == ["SELL 2 RESOLVED_BY_HUMAN", "SELL 2 FILLED"]

    play(tmp_path, story)


def test_F30_inactive_is_no_end_while_the_broker_lists_the_order(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        wire.control.hold_quietly = True
        await wire.until(lambda: wire.hedges() == ["SELL 2 WORKING"], 10)
        intent = _only(wire)
        wire.proxy.cable.inject(_row(wire, intent, "Inactive"))
        await wire.wait(20)
        assert wire.hedges() == ["SELL 2 WORKING"]
        wire.proxy.cable.inject(_row(wire, intent, "Submitted"))
        await wire.wait(20)
        assert wire.hedges() == ["SELL 2 WORKING"]
        wire.control.hold_quietly = False
        wire.gateway.desk.send(_order_of(wire, intent))
        wire.gateway.drive()
        await _settled(wire, -2, 1)

    play(tmp_path, story)


# --- TWS or somebody in it changes an order


def test_F31_what_the_server_made_of_an_order_is_shown(tmp_path):
    """A preset turns DAY into GTC and moves the price: the row says so, the desk shows it."""

    async def story(wire: WireDesk) -> None:
        await wire.until(lambda: wire.kernel.snapshot().candidates, 120)

        def preset(body: bytes) -> list[bytes]:
            if message_id(body) == _OPEN_ORDER and b"\0BAG\0" in body:
                return [body.replace(b"\0DAY\0", b"\0GTC\0")]
            return [body]

        wire.proxy.down = preset
        outcome = await wire.confirmed(cm.PreviewEntry(1, 4))
        assert outcome.ok
        await wire.until(lambda: wire.filled_hedges() == -2, 120)
        assert wire.heard("changed at the broker: life DAY became GTC") >= 1
        assert wire.held() == -2
        wire.agrees()

    play(tmp_path, story)


def test_F37_an_order_changed_by_hand_keeps_the_brokers_terms(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.until(lambda: wire.kernel.snapshot().candidates, 120)
        outcome = await wire.confirmed(cm.PreviewEntry(1, 4))
        assert outcome.ok
        await wire.until(lambda: any(i.state is od.IntentState.WORKING
                                     for i in wire.state.live_intents), 10)  # fmt: skip
        entry = wire.state.live_intents[0]
        wire.control.modify_by_hand(entry.client_key, Decimal("1.25"))
        await wire.until(lambda: wire.filled_hedges() == -2, 120)
        filled = wire.state.intents[entry.intent_id]
        assert filled.state is od.IntentState.FILLED
        cost = sum(
            fill.price for fill in wire.state.fills.values() if fill.intent_id == entry.intent_id
        )
        assert cost <= Decimal("1.25")
        words = (
            f"#{entry.number}: changed at the broker: limit {entry.draft.limit_price} became 1.25"
        )
        assert wire.heard(words) == 1
        assert wire.held() == -2
        wire.agrees()

    play(tmp_path, story)


# --- one decision, one order


def test_F32_the_same_order_is_not_sent_twice_by_whoever_asks(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        intent = _only(wire)
        again = CommittedOrder(1, intent.client_key, intent.draft)
        said = wire.orders_said()
        await asyncio.gather(wire.desk.broker.submit(again), wire.desk.broker.submit(again))
        await wire.wait(70)
        assert wire.orders_said() == said
        assert wire.hedges() == ["SELL 2 FILLED"]
        assert wire.held() == -2
        wire.agrees()

    play(tmp_path, story)


def test_F33_hedge_now_in_two_places_and_auto_at_once_is_one_order(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.enter()
        await wire.wait(5)
        previews = [(await wire.do(cm.PreviewHedge())).preview for _ in range(2)]
        confirms = [cm.Confirm(one.preview_id, one.ask_typed) for one in previews]
        outcomes = await asyncio.gather(
            *(wire.do(one) for one in confirms), wire.do(cm.SwitchAuto(on=True))
        )
        assert sum(one.ok for one in outcomes[:2]) == 1, outcomes
        await _settled(wire, -2, 1)
        assert wire.orders_said() == len(wire.state.intents)

    play(tmp_path, story, auto=False)


# --- the venue, and other hands


def test_F34_a_halt_is_waited_out_and_the_delta_decided_anew(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        wire.control.halt(120)
        await wire.until(lambda: not wire.state.venue_open, 10)
        await wire.drift(30)
        await wire.wait(90)
        assert wire.hedges() == ["SELL 2 FILLED"], "nothing is queued into a halt"
        assert wire.heard("MES unhedgeable") >= 1
        await wire.until(lambda: wire.state.venue_open, 60)
        opened = wire.clock.now()
        await wire.until(lambda: len(wire.hedge_intents()) == 2, 90)
        assert wire.clock.now() - opened >= 59, "a venue that opens is given a while"
        await _settled(wire, -6, 2)

    play(tmp_path, story)


def test_F34_the_daily_break_is_waited_out(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        await wire.wait(parse_utc("2025-11-19T22:00:05Z") - wire.clock.now())
        assert not wire.state.venue_open
        await wire.drift(30)
        await wire.wait(60)
        assert wire.hedges() == ["SELL 2 FILLED"]
        assert wire.heard("MES unhedgeable until 2025-11-19 23:00 UTC") >= 1
        assert wire.orders_said() == len(wire.state.intents)

    play(tmp_path, story, start=parse_utc("2025-11-19T21:05:00Z"))


def test_F34_an_order_caught_by_a_halt_keeps_its_slot(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        wire.control.partial_fills(1.0)
        await wire.drift(30)
        await wire.until(lambda: wire.hedges()[-1] == "SELL 4 PARTIAL", 10)
        wire.control.halt(60)
        await wire.wait(50)
        assert wire.hedges() == ["SELL 2 FILLED", "SELL 4 PARTIAL"]
        await _settled(wire, -6, 2)

    play(tmp_path, story)


@pytest.mark.parametrize("traded", [-3, 2, 4])
def test_F35_a_trade_by_hand_in_tws_is_shown_and_never_fought(tmp_path, traded):
    """The desk stops until a person accepts it; then it goes on with its own book."""

    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        wire.control.foreign_trade(_MES, traded)
        await wire.until(lambda: wire.state.differences, 3)
        (row,) = wire.state.differences
        assert (row.journal, row.broker) == (-2, -2 + traded)
        assert wire.heard("External execution") == 1
        assert wire.heard(f"journal -2, broker {traded - 2:+d}") == 1
        await wire.drift(30)
        await wire.wait(120)
        assert wire.hedges() == ["SELL 2 FILLED"], "nobody is fought"
        assert wire.heard("positions differ from the broker: unfreeze accepts them") == 1
        outcome = await wire.do(cm.Unfreeze("hedged by hand"))
        assert outcome.ok, outcome
        await wire.until(lambda: wire.filled_hedges() == -6, 40)
        await wire.wait(90)
        assert wire.hedge_orders_at_exchange() == 2
        assert wire.held() == -6 + traded
        wire.agrees()

    play(tmp_path, story)


def test_F35_an_order_by_hand_that_only_works_changes_nothing(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        wire.control.foreign_order(_MES, -1, Decimal("5500.00"))
        await wire.drift(30)
        await _settled(wire, -6, 2)
        assert not wire.state.latches

    play(tmp_path, story)


def test_F35_own_fills_are_nobody_elses_trades(tmp_path):
    """Positions are pushed for our own fills too: that is no reason to read everything again."""

    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        await wire.wait(10)
        seen = len(wire.proxy.cable.said)
        await wire.drift(30)
        await wire.until(lambda: wire.filled_hedges() == -6, 10)
        await wire.wait(5)
        asked = [message_id(body) for body in wire.proxy.cable.said[seen:]]
        assert "16" not in asked

    play(tmp_path, story)


async def _stranger(wire: WireDesk, price: Decimal | None) -> None:
    """Another program sells one contract under a reference that begins as ours do."""
    kind = od.OrderType.MARKET if price is None else od.OrderType.LIMIT
    draft = od.OrderDraft(
        od.Purpose.HEDGE, _MES, od.Side.SELL, Contracts(1), kind, limit_price=price
    )
    number = wire.gateway.site.session_number()
    wire.exchange.submit(number, f"tws:9:7:{_FOREIGN}", draft)
    wire.gateway.drive()
    await wire.wait(0.2)


def test_F36_an_execution_with_our_mark_and_an_unknown_name_is_external(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        await _stranger(wire, None)
        await wire.until(lambda: wire.state.differences, 3)
        assert wire.heard("External execution: SELL 1 MES 202512") == 1
        assert _only(wire).filled == 2
        assert wire.filled_hedges() == -2
        await wire.drift(30)
        await wire.wait(120)
        assert wire.hedges() == ["SELL 2 FILLED"]
        assert wire.held() == -3

    play(tmp_path, story, audited=False)


def test_F36_a_working_order_with_our_mark_and_an_unknown_name_halts(tmp_path):
    async def story(wire: WireDesk) -> None:
        await wire.hedged()
        await _stranger(wire, Decimal("5500.00"))
        await wire.until(lambda: "halt" in wire.state.latches, 61)
        words = f"order {_FOREIGN} works at the broker but is not in the journal"
        assert words in wire.state.latches["halt"]
        assert wire.heard(words) >= 1
        await wire.drift(30)
        await wire.wait(90)
        assert wire.hedges() == ["SELL 2 FILLED"]
        assert wire.held() == -2
        stranger = wire.exchange.book.orders[f"tws:9:7:{_FOREIGN}"]
        assert not stranger.ended, "what is not ours is left alone"
        wire.agrees()

    play(tmp_path, story, audited=False)
