"""Whichever door a desk comes through, it meets the same broker."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.records import (
    Answered,
    Incomplete,
    Look,
    Magic,
    MarginCheck,
    MarginMode,
    NotSent,
    Request,
    Silent,
    SymbolSpec,
    Ticket,
    TradeAction,
)
from hedgetui.domain.orders import Side
from hedgetui.simulation.mt5.codes import Ret
from hedgetui.simulation.mt5.symbols import SYMBOLS
from tests.mt5sim.bench import START
from tests.mt5sim.doors import DOORS, Room, deal, enter

each_door = pytest.mark.parametrize("door", DOORS)


async def everything(room: Room):
    """Return what one tour through the port sees."""
    await room.clock.sleep(12 - (room.clock.now() - START))
    opened = await room.send(deal(Side.SELL, "0.20", magic=Magic(77), comment="DTMS_HEDGE_1"))
    await room.clock.sleep(3_600 - (room.clock.now() - START))
    look = await room.port.look()
    assert isinstance(look, Look)
    bars = await room.port.bars("XAUUSD", Timeframe.H1, 50)
    assert isinstance(bars, Bars)
    return (
        opened,
        look.account,
        [replace(held, opened_at=round(held.opened_at)) for held in look.positions],
        look.orders,
        [await room.port.symbol(name) for name in SYMBOLS],
        await room.port.ticks(tuple(SYMBOLS)),
        [getattr(bars, part).tolist() for part in ("at", "open", "high", "low", "close", "volume")],
        [_to_the_second(await room.port.deals_of(held.identifier)) for held in look.positions],
        _to_the_second(await room.port.deals_since(START)),
        await room.port.check(deal(Side.SELL, "0.20")),
    )


def _to_the_second(deals):
    """Return deals without what the way through the door takes."""
    return [replace(one, at=round(one.at)) for one in deals]


def test_both_doors_show_the_same():
    built_in, socket = (enter(door, everything) for door in DOORS)
    assert len(built_in[2]) >= 4
    assert built_in == socket


@each_door
def test_a_session_says_whose_account_it_is(door):
    async def story(room: Room):
        await room.port.disconnect()
        await room.port.disconnect()
        return await room.port.connect(), room.port.health()

    session, health = enter(door, story)
    assert session.account.login == 5_012_345
    assert session.account.hedging
    assert session.server_offset == 7_200
    assert session.terminal.objection == ""
    assert health.connected_at is not None
    assert health.server_offset == 7_200


@each_door
def test_what_is_read_is_utc_and_exact(door):
    async def story(room: Room):
        look = await room.port.look()
        bars = await room.port.bars("EURUSD", Timeframe.M5, 900)
        deals = await room.port.deals_since(START)
        return look, bars, deals, await room.port.symbol("US500"), room.clock.now()

    look, bars, deals, spec, now = enter(door, story)
    gold = next(held for held in look.positions if held.symbol == "XAUUSD")
    assert (gold.opened_at, gold.volume, gold.tp) == (START, Decimal("0.40"), None)
    assert START <= look.at <= now
    assert len(bars) == 900
    assert 0 <= now - bars.at[-1] < 300
    assert np.nanmax(bars.spread) < 0.001
    assert len(deals) == 4  # the deposit is no trade
    assert isinstance(spec, SymbolSpec)
    assert (spec.volume_step, spec.stops_level, spec.close_by) == (Decimal("0.1"), 50, True)


@each_door
@pytest.mark.parametrize(("lost", "held"), [("landed", 5), ("never", 4)])
@pytest.mark.parametrize("how", ["none", "broken"])
def test_a_lost_answer_is_silence(door, lost, held, how):
    async def story(room: Room):
        room.venue.control.lose_next(lost, how)
        reply = await room.send(deal(Side.SELL, "0.20"))
        await room.port.connect()
        look = await room.port.look()
        return reply, look

    reply, look = enter(door, story)
    assert isinstance(reply, Silent)
    assert len(look.positions) == held


@each_door
def test_after_a_broken_link_every_question_says_so(door):
    async def story(room: Room):
        room.venue.control.link = False
        with pytest.raises(BrokerUnreachable):
            await room.port.look()
        with pytest.raises(BrokerUnreachable):
            await room.port.connect()
        room.venue.control.link = True
        await room.port.connect()
        return await room.port.look()

    assert isinstance(enter(door, story), Look)


@each_door
def test_a_question_that_failed_is_incomplete_and_the_next_is_not(door):
    async def story(room: Room):
        control = room.venue.control
        control.positions_fail = control.deals_fail = control.rates_fail = 1
        first = await room.port.look(), await room.port.deals_since(START)
        return *first, await room.port.bars("XAUUSD", Timeframe.M5, 10), await room.port.look()

    *failed, look = enter(door, story)
    assert all(isinstance(answer, Incomplete) for answer in failed)
    assert isinstance(look, Look)


@each_door
def test_levels_are_replaced_and_positions_close_each_other(door):
    async def story(room: Room):
        look = await room.port.look()
        gold = next(held for held in look.positions if held.symbol == "XAUUSD")
        moved = await room.send(
            Request(TradeAction.SLTP, "XAUUSD", position=gold.ticket, sl=Decimal("2620.10"))
        )
        again = await room.send(
            Request(TradeAction.SLTP, "XAUUSD", position=gold.ticket, sl=Decimal("2620.10"))
        )
        hedge = await room.send(deal(Side.SELL, "0.20"))
        by = await room.send(Request(
            TradeAction.CLOSE_BY, "XAUUSD", position=gold.ticket, position_by=Ticket(hedge.order),
        ))  # fmt: skip
        look = await room.port.look()
        left = next(held for held in look.positions if held.symbol == "XAUUSD")
        return [moved.retcode, again.retcode, by.retcode], left

    codes, left = enter(door, story)
    assert codes == [Ret.DONE, Ret.NO_CHANGES, Ret.DONE]
    assert (left.volume, left.sl) == (Decimal("0.20"), 2620.10)


@each_door
def test_an_order_that_could_reverse_is_not_sent(door):
    async def story(room: Room):
        return await room.send(deal(Side.SELL, "0.20")), await room.port.look()

    reply, look = enter(door, story, mode=MarginMode.NETTING)
    assert isinstance(reply, NotSent)
    assert len(look.positions) == 4


@each_door
def test_the_other_filling_is_tried_once_and_kept(door):
    async def story(room: Room):
        await room.port.symbol("XAUUSD")
        room.venue.control.fillings("XAUUSD", 2)
        first = await room.send(deal(Side.SELL, "0.20"))
        room.venue.control.refuse_next(Ret.INVALID_FILL, times=2)
        return first, await room.send(deal(Side.SELL, "0.20"))

    first, second = enter(door, story)
    assert isinstance(first, Answered)
    assert first.retcode == Ret.DONE
    assert second.retcode == Ret.INVALID_FILL


@each_door
def test_a_check_does_nothing(door):
    async def story(room: Room):
        passed = await room.port.check(deal(Side.BUY, "0.10"))
        refused = await room.port.check(deal(Side.BUY, "40"))
        return passed, refused, await room.port.look()

    passed, refused, look = enter(door, story)
    assert isinstance(passed, MarginCheck)
    assert (passed.retcode, refused.retcode) == (0, Ret.NO_MONEY)
    assert len(look.positions) == 4


@each_door
def test_a_terminal_without_permission_is_seen(door):
    async def story(room: Room):
        room.venue.control.disconnect()
        cut_off = await room.port.look()
        room.venue.control.reconnect()
        room.venue.control.autotrading = False
        return cut_off, await room.port.look(), await room.send(deal(Side.BUY, "0.10"))

    cut_off, off, reply = enter(door, story)
    assert "not connected" in cut_off.terminal.objection
    assert "AutoTrading" in off.terminal.objection
    assert reply.retcode == Ret.CLIENT_DISABLES_AT


def test_an_answer_that_comes_too_late_is_silence_and_the_order_is_there():
    async def story(room: Room):
        room.gateway.obey("hold")
        reply = await room.send(deal(Side.SELL, "0.20"))
        room.gateway.obey("release")
        await room.port.connect()
        look = await room.port.look()
        return reply, [held.volume for held in look.positions if held.side is Side.SELL]

    reply, sold = enter("socket", story)
    assert isinstance(reply, Silent)
    assert sold == [Decimal("1.0"), Decimal("0.2")]


def test_faults_reach_a_served_broker_as_lines_of_text():
    async def story(room: Room):
        await room.clock.sleep(100)
        room.gateway.obey("hand_open BTCUSD SELL 0.3")
        look = await room.port.look()
        room.gateway.obey("drop")
        with pytest.raises(BrokerUnreachable):
            await room.port.look()
        await room.port.connect()
        return look.positions[-1]

    held = enter("socket", story)
    assert (held.side, held.volume, held.magic) == (Side.SELL, Decimal("0.3"), 0)
    assert held.opened_at - START == pytest.approx(100, abs=3)


def test_a_broker_that_cannot_keep_its_book_stops(tmp_path):
    async def story(room: Room):
        told: list[str] = []
        room.gateway.on_failure = lambda: told.append("stopped")
        room.venue._file._path = tmp_path / "folder" / "mt5.json"
        (tmp_path / "folder").write_text("in the way")
        reply = await room.send(deal(Side.SELL, "0.20"))
        return reply, told, room.gateway.failure

    reply, told, failure = enter("socket", story)
    assert isinstance(reply, Silent)
    assert told == ["stopped"]
    assert "cannot write" in failure.message
