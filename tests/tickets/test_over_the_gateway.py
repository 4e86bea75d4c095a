"""Tickets over the TWS protocol: the client library, a socket, a wire that breaks, the gateway."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.ticket import TicketPlan, TicketStep
from hedgetui.domain.instruments import option, option_root
from hedgetui.domain.orders import Side
from hedgetui.ports.balance import TicketView
from hedgetui.ports.desk import Outcome
from hedgetui.ports.portfolio import ChainWindow
from tests.engine.stage import STILL
from tests.faults.proxy import is_order
from tests.faults.wire_desk import WireDesk, play

UP = Decimal("0.05")
NEAR = ChainWindow((20, 45), (1.0, 1.02), "C")


async def calls(wire: WireDesk) -> list[tuple[str, Decimal, Decimal]]:
    """Key, bid and ask of calls on SPY of one expiry, from the money upwards."""
    assert wire.desk is not None
    chain = await wire.desk.broker.security_chain("SPY", NEAR)
    assert chain is not None
    first = min(row.expiry for row in chain.rows)
    rows = sorted((one for one in chain.rows if one.expiry == first), key=lambda one: one.strike)
    return [
        (
            option(option_root("SPY"), row.expiry, row.strike, row.right).key,
            Decimal(str(row.bid)), Decimal(str(row.ask)),
        )
        for row in rows
    ]  # fmt: skip


async def spread(wire: WireDesk, count: int = 2) -> tuple[TicketStep, TicketStep]:
    (one, _, ask), (two, bid, _) = (await calls(wire))[:2]
    return (
        TicketStep(one, Side.BUY, count, ask + UP),
        TicketStep(two, Side.SELL, count, bid - UP),
    )


async def send(wire: WireDesk, *steps: TicketStep) -> Outcome:
    outcome = await wire.kernel.tickets.preview(TicketPlan("a test", "", "typed", steps))
    assert outcome.preview is not None
    if not outcome.preview.sendable:
        return Outcome(ok=False, code="refused", message=str(outcome.preview.checks))
    return await wire.do(cm.Confirm(outcome.preview.preview_id))


async def settled(wire: WireDesk, seconds: float = 180.0) -> TicketView:
    await wire.until(lambda: wire.kernel.tickets.view()[0].state != "working", seconds)
    return wire.kernel.tickets.view()[0]


def ticket_orders(wire: WireDesk) -> list[str]:
    """What of tickets the exchange took, in its own book."""
    return [one.draft.describe() for key, one in wire.exchange.book.orders.items() if "HT1." in key]


def test_a_call_a_spread_shares_and_a_trim_are_sent_and_filled(tmp_path: Path) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        opening = dict(wire.exchange.book.account.positions)
        assert wire.state.foreign == opening
        legs = await spread(wire)
        assert (await send(wire, legs[0])).ok
        assert (await settled(wire)).state == "done"
        await wire.wait(3)
        assert (await send(wire, *legs)).ok
        view = await settled(wire)
        assert (view.state, view.done) == ("done", 2), view
        await wire.wait(3)
        level = (await wire.desk.broker.levels(frozenset({"NVDA"})))["NVDA"].price
        limit = Decimal(str(round(level * 1.004, 2)))
        assert (await send(wire, TicketStep("NVDA STK", Side.BUY, 10, limit))).ok
        assert (await settled(wire)).state == "done"
        held = next(key for key in opening if key.startswith("HYG"))
        await wire.kernel.tickets.preview(_plan(TicketStep(held, Side.SELL, 1, UP, trims=True)))
        quote = wire.kernel.parts.board.quote(held)
        limit = Decimal(str(quote.bid)) - Decimal("0.02")
        assert (await send(wire, TicketStep(held, Side.SELL, 1, limit, trims=True))).ok
        assert (await settled(wire)).state == "done"
        spread_held = {legs[0].instrument_key: 4, legs[1].instrument_key: -2}
        mine = spread_held | {held: -1, "NVDA STK": 10}
        assert wire.state.positions == mine
        wire.agrees()
        assert wire.orders_said() == len(ticket_orders(wire)) == 5
        assert wire.state.differences == ()
        assert wire.hedges() == []

    play(tmp_path, story, world=STILL, portfolio="short")


def _plan(*steps: TicketStep) -> TicketPlan:
    return TicketPlan("a test", "", "typed", steps)


@pytest.mark.parametrize(("arrives", "state", "orders"), [(True, "done", 2), (False, "failed", 0)])
def test_a_link_lost_with_an_order_in_flight_sends_nothing_twice(
    tmp_path: Path, arrives: bool, state: str, orders: int
) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        legs = await spread(wire)
        cut: list[bytes] = []

        def break_off(body: bytes) -> list[bytes]:
            if not is_order(body) or cut:
                return [body]
            cut.append(body)
            wire.clock.call_later(0.001, wire.proxy.cable.abort)
            return [body] if arrives else []

        wire.proxy.up = break_off
        assert (await send(wire, *legs)).ok
        view = await settled(wire, 600)
        assert (view.state, view.done) == (state, orders), (view, wire.lines[-8:])
        await wire.wait(60)
        assert len(ticket_orders(wire)) == orders
        assert wire.orders_said() == max(1, orders)
        wire.agrees()

    play(tmp_path, story, world=STILL, portfolio="short")


def test_other_hands_disturb_no_book_and_count_against_trims_and_sales(tmp_path: Path) -> None:
    async def story(wire: WireDesk) -> None:
        await wire.ready()
        opening = dict(wire.exchange.book.account.positions)
        held = next(key for key in opening if key.startswith("HYG"))
        await wire.kernel.tickets.preview(_plan(TicketStep(held, Side.SELL, 1, UP, trims=True)))
        bid = Decimal(str(wire.kernel.parts.board.quote(held).bid))
        wire.control.foreign_order(held, -opening[held], bid * 3)
        wire.control.foreign_trade("NVDA STK", 7)
        await wire.wait(70)
        refused = await send(wire, TicketStep(held, Side.SELL, 1, bid, trims=True))
        assert "0 left to trim" in refused.message
        assert wire.state.foreign == opening | {"NVDA STK": 7}
        assert ticket_orders(wire) == []

        first, second = await spread(wire)
        assert (await send(wire, first, replace(second, limit=second.limit * 2))).ok
        await wire.until(lambda: len(ticket_orders(wire)) == 2)
        wire.control.foreign_trade(first.instrument_key, -1)
        view = await settled(wire)
        assert (view.state, view.done) == ("part", 1), view
        assert wire.heard("is taken back: 1 of it covered no more") == 1
        assert wire.state.positions == {first.instrument_key: 2}
        assert wire.exchange.book.account.positions[first.instrument_key] == 1
        assert wire.state.differences == ()
        assert wire.state.latches == {}
        assert wire.state.auto

    play(tmp_path, story, world=STILL, portfolio="short")
