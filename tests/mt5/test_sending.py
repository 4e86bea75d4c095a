"""A request leaves once, in MT5's own kinds, and its reply claims no more than is known."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgetui.domain.mt5.records import (
    Answered,
    Look,
    Lots,
    NotSent,
    Request,
    Silent,
    Ticket,
    TradeAction,
)
from hedgetui.domain.orders import Side
from tests.mt5.fake.MetaTrader5.scripted import DONE, position, result
from tests.mt5.requests_made import committed, hedge, stops
from tests.mt5.stage import QUICK, Stage, play

OPEN = hedge()
CLOSE = hedge(side=Side.SELL, position=Ticket(1001), sl=None)
DOCUMENTS = [
    (
        OPEN,
        {
            "action": 1, "symbol": "XAUUSD", "volume": 0.2, "type": 1, "price": 2650.1,
            "sl": 2662.1, "tp": 0.0, "deviation": 20, "type_filling": 1, "type_time": 0,
            "magic": 0x4854 << 48, "comment": "DTMS_HEDGE_1001",
        },
    ),
    (
        CLOSE,
        {
            "action": 1, "symbol": "XAUUSD", "volume": 0.2, "type": 1, "price": 2650.1,
            "sl": 0.0, "tp": 0.0, "deviation": 20, "type_filling": 1, "type_time": 0,
            "magic": 0x4854 << 48, "comment": "DTMS_HEDGE_1001", "position": 1001,
        },
    ),
    (
        stops(tp=Decimal(2700)),
        {"action": 6, "symbol": "XAUUSD", "position": 1001, "sl": 2645.5, "tp": 2700.0, "magic": 0},
    ),
    (
        stops(sl=None),
        {"action": 6, "symbol": "XAUUSD", "position": 1001, "sl": 0.0, "tp": 0.0, "magic": 0},
    ),
    (
        Request(TradeAction.CLOSE_BY, "XAUUSD", position=Ticket(1001), position_by=Ticket(1002)),
        {"action": 10, "position": 1001, "position_by": 1002, "magic": 0, "comment": ""},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "document"), DOCUMENTS)
def test_a_request_arrives_as_the_dictionary_mt5_takes(request_: Request, document: dict):
    async def story(stage: Stage) -> None:
        reply = await stage.broker.send(committed(request_))
        ((sent,),) = stage.terminal.asked("order_send")
        assert sent == document
        assert {key: type(one) for key, one in sent.items()} == {
            key: type(one) for key, one in document.items()
        }
        assert isinstance(reply, Answered)
        assert (reply.retcode, reply.order, reply.deal) == (DONE, 72, 71)

    play(story)


@pytest.mark.parametrize(("mask", "exemode", "filling"), [
    (3, 2, 0), (2, 2, 1), (0, 2, 0), (1, 3, 0), (2, 3, 1), (0, 3, 2), (2, 1, 0), (2, 0, 0),
])  # fmt: skip
def test_filling_is_an_enumeration_chosen_by_bits(mask: int, exemode: int, filling: int):
    async def story(stage: Stage) -> None:
        stage.terminal.symbol |= {"filling_mode": mask, "trade_exemode": exemode}
        await stage.broker.send(committed(OPEN))
        assert stage.terminal.asked("order_send")[0][0]["type_filling"] == filling

    play(story)


def test_a_refused_filling_is_replaced_once_and_remembered():
    async def story(stage: Stage) -> None:
        stage.terminal.say("order_send", result(10030, {}))
        reply = await stage.broker.send(committed(OPEN))
        assert isinstance(reply, Answered)
        assert reply.retcode == DONE
        await stage.broker.send(committed(OPEN))
        tried = [sent["type_filling"] for (sent,) in stage.terminal.asked("order_send")]
        assert tried == [1, 2, 2]

    play(story)


def test_a_filling_refused_twice_is_answered_so():
    async def story(stage: Stage) -> None:
        stage.terminal.say("order_send", result(10030, {}))
        stage.terminal.say("order_send", result(10030, {}))
        reply = await stage.broker.send(committed(OPEN))
        assert isinstance(reply, Answered)
        assert reply.retcode == 10030
        assert len(stage.terminal.asked("order_send")) == 2

    play(story)


NEVER_LEAVE = [
    hedge(comment="x" * 30),
    hedge(comment="a\x1bb"),
    hedge(symbol="XAU USD"),
    hedge(symbol="NOPE"),
    hedge(side=None),
    hedge(volume=None),
    hedge(volume=Lots(Decimal(0))),
    hedge(volume=Lots(Decimal("NaN"))),
    hedge(sl=Decimal("Infinity")),
    hedge(magic=-1),
    hedge(magic=1 << 64),
    stops(position=Ticket(0)),
    Request(TradeAction.CLOSE_BY, "XAUUSD", position=Ticket(1)),
]


@pytest.mark.parametrize("request_", NEVER_LEAVE)
def test_a_request_that_is_wrong_never_leaves(request_: Request):
    async def story(stage: Stage) -> None:
        assert isinstance(await stage.broker.send(committed(request_)), NotSent)
        assert stage.terminal.asked("order_send") == []

    play(story)


def test_on_a_netting_account_an_order_must_name_its_position():
    async def story(stage: Stage) -> None:
        stage.terminal.account["margin_mode"] = 0
        await stage.broker.connect()
        assert isinstance(await stage.broker.send(committed(OPEN)), NotSent)
        assert isinstance(await stage.broker.send(committed(CLOSE)), Answered)
        assert len(stage.terminal.asked("order_send")) == 1

    play(story, connected=False)


@pytest.mark.parametrize(
    ("held", "passes"),
    [
        ((position(1001),), True),
        ((position(1001, type=1),), False),
        ((position(1001, symbol="EURUSD"),), False),
        ((), False),
        (None, False),
    ],
    ids=["same side", "other side", "other symbol", "none", "unknown"],
)
def test_on_a_netting_account_an_order_may_add_to_what_is_held(held, passes):
    async def story(stage: Stage) -> None:
        stage.terminal.account["margin_mode"] = 0
        await stage.broker.connect()
        stage.terminal.say("positions_get", held, (1, "") if held is not None else (-1, "failed"))
        reply = await stage.broker.send(committed(replace(OPEN, side=Side.BUY, sl=None)))
        assert isinstance(reply, Answered if passes else NotSent)
        assert len(stage.terminal.asked("order_send")) == passes

    play(story, connected=False)


def test_nothing_is_sent_to_an_account_that_changed_since():
    async def story(stage: Stage) -> None:
        stage.terminal.account["login"] = 7
        assert isinstance(await stage.broker.send(committed(stops())), NotSent)
        assert stage.terminal.asked("order_send") == []

    play(story)


def test_only_invalid_parameters_prove_that_nothing_was_sent():
    async def story(stage: Stage) -> None:
        stage.terminal.say("order_send", None, (-2, 'Invalid "volume" argument'))
        assert isinstance(await stage.broker.send(committed(OPEN)), NotSent)
        for code in (-1, -4, -8, -10001, -10005):
            await stage.broker.connect()
            stage.terminal.say("order_send", None, (code, "words"))
            assert isinstance(await stage.broker.send(committed(OPEN)), Silent)

    play(story)


def test_a_call_that_breaks_inside_the_terminal_is_silence_and_ends_the_link():
    async def story(stage: Stage) -> None:
        stage.terminal.fail("order_send", SystemError("pipe"))
        assert isinstance(await stage.broker.send(committed(OPEN)), Silent)
        assert stage.broker.health().connected_at is None
        assert isinstance(await stage.broker.send(committed(OPEN)), NotSent)
        assert len(stage.terminal.asked("order_send")) == 1

    play(story)


def test_an_answer_that_cannot_be_read_is_silence():
    async def story(stage: Stage) -> None:
        stage.terminal.say("order_send", result(-3, {}))
        assert isinstance(await stage.broker.send(committed(OPEN)), Silent)
        assert stage.broker.health().connected_at is None

    play(story)


def test_a_late_answer_is_never_taken_for_the_next_one():
    gate = threading.Event()

    async def story(stage: Stage) -> None:
        def slow(request: dict) -> object:
            assert gate.wait(30)
            return result(DONE, request)

        stage.terminal.next["order_send"].append(slow)
        assert isinstance(await stage.broker.send(committed(OPEN)), Silent)
        assert stage.broker.health().connected_at is None
        gate.set()
        await stage.broker.connect()
        assert isinstance(await stage.broker.look(), Look)
        assert len(stage.terminal.asked("order_send")) == 1

    quick = type(QUICK)(connect_s=2.0, read_s=2.0, send_s=0.2, initialize_s=2.0)
    play(story, timeouts=quick)


def test_a_server_that_dies_with_the_order_in_hand_is_silence():
    async def story(stage: Stage) -> None:
        def dying(_: dict) -> object:
            threading.Thread(target=stage.server.drop_clients).start()
            assert stage.server._over.wait(0.2) is False
            return result(DONE, {})

        stage.terminal.next["order_send"].append(dying)
        assert isinstance(await stage.broker.send(committed(OPEN)), Silent)

    play(story)


def test_without_a_session_nothing_is_sent():
    async def story(stage: Stage) -> None:
        await stage.broker.disconnect()
        await stage.broker.disconnect()
        assert isinstance(await stage.broker.send(committed(OPEN)), NotSent)

    play(story)
