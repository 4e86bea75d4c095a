"""What the adapter says of a terminal: answers, gaps and dead links, never a guess."""

from __future__ import annotations

import asyncio
import math
import threading
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from hedgetui.adapters.mt5.verdicts import TerminalRefused
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.records import (
    DealEntry,
    DealReason,
    Incomplete,
    Look,
    MarginCheck,
    PositionId,
    SymbolSpec,
)
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import Environment
from tests.mt5.fake.MetaTrader5.scripted import OFFSET, START, ScriptedTerminal, deal, position
from tests.mt5.fake.MetaTrader5.structs import make
from tests.mt5.requests_made import hedge
from tests.mt5.stage import Stage, play


def test_a_look_is_one_round_trip_in_our_units():
    async def story(stage: Stage) -> None:
        before = stage.server.questions
        seen = await stage.broker.look()
        assert stage.server.questions == before + 1
        assert isinstance(seen, Look)
        assert (seen.account.login, seen.account.hedging) == (1234567, True)
        assert seen.terminal.ping == pytest.approx(0.023)
        assert not seen.terminal.objection
        (held,) = seen.positions
        assert (held.identifier, held.side, held.volume) == (1001, Side.BUY, Decimal("0.4"))
        assert (held.sl, held.tp) == (2640.0, None)
        assert held.opened_at == START - 3600 + 0.25
        assert seen.orders == ()

    play(story)


def test_none_is_no_answer_and_an_empty_tuple_is_one():
    async def story(stage: Stage) -> None:
        stage.terminal.say("positions_get", None, (-1, "Terminal: Call failed"))
        assert await stage.broker.look() == Incomplete("Terminal: Call failed (-1)")
        stage.terminal.say("positions_get", ())
        seen = await stage.broker.look()
        assert isinstance(seen, Look)
        assert seen.positions == ()

    play(story)


@pytest.mark.parametrize(
    "changes",
    [
        {"price_open": math.nan},
        {"volume": math.inf},
        {"volume": -0.1},
        {"type": 7},
        {"identifier": 0},
        {"time_msc": -5},
        {"sl": "2640"},
        {"magic": -1},
    ],
    ids=str,
)
def test_a_position_that_cannot_be_read_hides_none_of_the_others(changes: dict[str, object]):
    async def story(stage: Stage) -> None:
        stage.terminal.positions = [position(1001), position(1002, **changes)]
        assert isinstance(await stage.broker.look(), Incomplete)
        assert stage.broker.health().connected_at is not None

    play(story)


def test_two_positions_with_one_identifier_are_no_answer():
    async def story(stage: Stage) -> None:
        stage.terminal.positions = [position(1001), position(1001, ticket=5)]
        assert isinstance(await stage.broker.look(), Incomplete)

    play(story)


def test_a_foreign_text_is_made_harmless_and_a_foreign_symbol_is_not_asked_for():
    async def story(stage: Stage) -> None:
        stage.terminal.positions = [
            position(1, comment="\x1b[2Jx", symbol="A\x1b B", magic=1 << 63)
        ]
        seen = await stage.broker.look()
        assert isinstance(seen, Look)
        assert seen.positions[0].comment == "␛[2Jx"
        assert seen.positions[0].magic == (1 << 63) - 1
        asked = len(stage.terminal.calls)
        assert isinstance(await stage.broker.symbol(seen.positions[0].symbol), Incomplete)
        assert len(stage.terminal.calls) == asked

    play(story)


@pytest.mark.parametrize("code", [-10000, -10001, -10002, -10003, -10004, -10005])
def test_a_terminal_that_lost_its_pipe_ends_the_session(code: int):
    async def story(stage: Stage) -> None:
        stage.terminal.say("account_info", None, (code, "IPC"))
        with pytest.raises(BrokerUnreachable) as caught:
            await stage.broker.look()
        assert not isinstance(caught.value, TerminalRefused)
        assert stage.broker.health().connected_at is None
        with pytest.raises(BrokerUnreachable):
            await stage.broker.look()
        await stage.broker.connect()
        assert isinstance(await stage.broker.look(), Look)
        assert stage.broker.health().reconnects == 1

    play(story)


@pytest.mark.parametrize("code", [-5, -6, -7, -8])
def test_what_only_a_person_can_mend_says_what_to_do(code: int):
    async def story(stage: Stage) -> None:
        stage.terminal.say("initialize", False, (code, "words"))
        with pytest.raises(TerminalRefused) as caught:
            await stage.broker.connect()
        assert caught.value.code == "mt5_refused"
        assert caught.value.hint

    play(story, connected=False)


REFUSED_ACCOUNTS = [
    ({"trade_mode": 2}, {}),
    ({"trade_mode": 2}, {"environment": Environment.LIVE}),
    ({"trade_mode": 2}, {"environment": Environment.LIVE, "login": 1}),
    ({"trade_mode": 2}, {"login": 1234567}),
    ({"trade_mode": 0}, {"login": 1}),
]


@pytest.mark.parametrize(("account", "profile"), REFUSED_ACCOUNTS, ids=str)
def test_an_account_the_profile_does_not_mean_is_refused(account: object, profile: dict):
    async def story(stage: Stage) -> None:
        stage.terminal.account |= account
        with pytest.raises(TerminalRefused):
            await stage.broker.connect()
        assert stage.broker.health().connected_at is None

    play(story, connected=False, **profile)


def test_real_money_needs_a_live_profile_that_names_it():
    async def story(stage: Stage) -> None:
        stage.terminal.account["trade_mode"] = 2
        session = await stage.broker.connect()
        assert session.account.login == 1234567

    play(story, connected=False, environment=Environment.LIVE, login=1234567)


def test_another_account_in_the_terminal_ends_the_session_instead_of_closing_trades():
    async def story(stage: Stage) -> None:
        stage.terminal.account["login"] = 7
        stage.terminal.positions = []
        with pytest.raises(BrokerUnreachable):
            await stage.broker.look()
        with pytest.raises(BrokerUnreachable):
            await stage.broker.look()

    play(story)


def test_bars_are_one_round_trip_in_utc_with_spreads_as_prices():
    async def story(stage: Stage) -> None:
        before = stage.server.questions
        bars = await stage.broker.bars("XAUUSD", Timeframe.M5, 300)
        assert stage.server.questions == before + 1
        assert isinstance(bars, Bars)
        assert len(bars) == 300
        assert bars.at[-1] == START
        assert np.all(np.diff(bars.at) == 300)
        assert bars.spread[0] == pytest.approx(0.25)
        assert len(bars.closed(stage.clock.now())) == 299

    play(story)


def _broken_bars(terminal: ScriptedTerminal, how: str) -> None:
    rates = terminal.copy_rates_from_pos("XAUUSD", 5, 0, 10)
    match how:
        case "order":
            rates["time"][3] = rates["time"][5]
        case "nan":
            rates["close"][2] = math.nan
        case "zero":
            rates["open"][2] = 0.0
        case "inside out":
            rates["high"][2] = 1.0
        case "far future":
            rates["time"][-1] = 1 << 40
        case "none":
            rates = rates[:0]
    terminal.say("copy_rates_from_pos", rates)


@pytest.mark.parametrize("how", ["order", "nan", "zero", "inside out", "far future", "none"])
def test_bars_that_cannot_be_are_no_answer(how: str):
    async def story(stage: Stage) -> None:
        _broken_bars(stage.terminal, how)
        assert isinstance(await stage.broker.bars("XAUUSD", Timeframe.M5, 10), Incomplete)

    play(story)


def test_ticks_are_one_round_trip_and_leave_out_what_has_no_price():
    async def story(stage: Stage) -> None:
        before = stage.server.questions
        ticks = await stage.broker.ticks(["XAUUSD", "NOPE", "EURUSD", "no name!"])
        assert stage.server.questions == before + 1
        assert not isinstance(ticks, Incomplete)
        assert set(ticks) == {"XAUUSD", "EURUSD"}
        tick = ticks["XAUUSD"]
        assert (tick.bid, tick.ask, tick.at) == (2650.10, 2650.35, pytest.approx(START, abs=1e-3))

    play(story)


@pytest.mark.parametrize("prices", [(math.nan, 1.0), (2.0, 1.0), (0.0, 1.0)], ids=str)
def test_a_tick_without_two_sides_is_no_answer(prices: tuple[float, float]):
    async def story(stage: Stage) -> None:
        bid, ask = prices
        stage.terminal.say("symbol_info_tick", make("Tick", time=int(START), bid=bid, ask=ask))
        assert isinstance(await stage.broker.ticks(["XAUUSD"]), Incomplete)

    play(story)


def test_a_symbol_is_selected_and_read():
    async def story(stage: Stage) -> None:
        spec = await stage.broker.symbol("XAUUSD")
        assert isinstance(spec, SymbolSpec)
        assert (spec.volume_step, spec.volume_min) == (Decimal("0.01"), Decimal("0.01"))
        assert spec.close_by
        assert ("XAUUSD", True) in stage.terminal.asked("symbol_select")
        assert isinstance(await stage.broker.symbol("NOPE"), Incomplete)

    play(story)


def test_deals_are_utc_oldest_first_and_only_those_that_trade():
    async def story(stage: Stage) -> None:
        out = int((START - 60 + OFFSET) * 1000)
        stage.terminal.deals = [
            deal(3, 1001, type=1, entry=1, reason=4, time_msc=out),
            deal(1, 1001),
            deal(2, 2002),
            make("TradeDeal", ticket=9, type=2, profit=10_000.0),
        ]
        deals = await stage.broker.deals_of(PositionId(1001))
        assert not isinstance(deals, Incomplete)
        assert [one.ticket for one in deals] == [1, 3]
        assert (deals[1].entry, deals[1].reason) == (DealEntry.OUT, DealReason.STOP_LOSS)
        assert deals[1].at == START - 60
        assert deals[1].side is Side.SELL
        recent = await stage.broker.deals_since(Timestamp(START - 60))
        assert not isinstance(recent, Incomplete)
        assert [one.ticket for one in recent] == [3]
        (first, last) = stage.terminal.asked("history_deals_get")[-1]
        assert first <= START - 60 + OFFSET
        assert last == START + OFFSET + 86_400

    play(story)


def test_a_check_reads_the_margin_and_sends_nothing():
    async def story(stage: Stage) -> None:
        checked = await stage.broker.check(hedge())
        assert checked == MarginCheck(0, 9_500.0, 1997.5, "Done")
        assert stage.terminal.asked("order_send") == []
        stage.terminal.say("order_check", None, (-2, 'Invalid "volume" argument'))
        assert isinstance(await stage.broker.check(hedge()), Incomplete)
        assert isinstance(await stage.broker.check(replace(hedge(), volume=None)), Incomplete)

    play(story)


def test_a_session_tells_the_servers_time_and_says_when_it_guesses():
    async def told(stage: Stage) -> None:
        session = await stage.broker.connect()
        assert session.server_offset == OFFSET
        assert stage.broker.health().hints == ()

    async def guessed(stage: Stage) -> None:
        stage.terminal.symbols = set()
        stage.terminal.positions = []
        session = await stage.broker.connect()
        assert session.server_offset == OFFSET
        assert "server's time" in stage.broker.health().hints[0]

    play(told, connected=False)
    play(guessed, connected=False)


def test_a_server_on_its_own_time_is_believed_only_when_its_ticks_move():
    async def story(stage: Stage) -> None:
        stage.terminal.now = lambda: stage.clock.now() + 3 * 3600
        session = await stage.broker.connect()
        assert session.server_offset == OFFSET + 3 * 3600
        frozen = stage.clock.now() + 1800
        stage.terminal.now = lambda: frozen
        again = await stage.broker.connect()
        assert again.server_offset == OFFSET + 3 * 3600

    play(story, connected=False)


def test_nobody_there_is_said_with_what_to_do():
    async def story(stage: Stage) -> None:
        stage.server.close()
        with pytest.raises(BrokerUnreachable) as caught:
            await stage.broker.connect()
        assert "mt5-bridge" in caught.value.hint

    play(story, connected=False)


def test_a_token_file_that_is_not_set_is_for_a_person_to_mend():
    async def story(stage: Stage) -> None:
        with pytest.raises(TerminalRefused):
            await stage.broker.connect()

    play(story, connected=False, token_file=None)


def test_questions_queue_and_none_blocks_the_loop():
    async def story(stage: Stage) -> None:
        looks = await asyncio.gather(*(stage.broker.look() for _ in range(5)))
        assert all(isinstance(one, Look) for one in looks)
        assert stage.broker.health().queued == 0

    play(story)


def test_a_connection_given_up_half_way_is_closed_all_the_same():
    async def story(stage: Stage) -> None:
        task = asyncio.create_task(stage.broker.connect())
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gone = threading.Event()  # never set: only its bounded wait is wanted, off the server's way
        for _ in range(500):
            if stage.server.clients == 0:
                break
            gone.wait(0.01)
        assert stage.server.clients == 0

    play(story, connected=False)
