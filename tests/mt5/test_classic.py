"""A stock rpyc server is spoken to without trusting it, and told code once: a constant text."""

from __future__ import annotations

import ast
import inspect
import socket
import threading
from collections.abc import Iterator

import pytest
from rpyc.core import brine, consts
from rpyc.core.channel import Channel
from rpyc.core.stream import SocketStream

from hedgetui.adapters.mt5 import classic
from hedgetui.adapters.mt5.classic import ClassicLink, open_classic
from hedgetui.adapters.mt5.connection import Backend
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.errors import ConfigError
from hedgetui.domain.mt5.records import Answered, Look, NotSent
from hedgetui.mt5bridge import answering
from hedgetui.mt5bridge.calls import Call
from hedgetui.mt5bridge.errors import CallRefused, LinkDown
from tests.mt5.attackers import reply, sequence
from tests.mt5.processes import ROOT, classic_server
from tests.mt5.requests_made import committed, hedge, stops
from tests.mt5.stage import Stage, play

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with classic_server() as port:
        yield port


@pytest.fixture
def link(port: int) -> Iterator[ClassicLink]:
    link = open_classic(HOST, port, timeout=10)
    yield link
    link.close()


def test_structures_bars_and_errors_come_as_from_a_bridge(link):
    account, bars, unknown = link.ask(
        [
            Call("account_info"),
            Call("copy_rates_from_pos", ("XAUUSD", 5, 0, 300)),
            Call("symbol_info", ("NOPE",)),
        ],
        10,
    )
    assert account.value["login"] == 1234567
    assert len(bars.value) == 300
    assert (unknown.value, unknown.code) == (None, -4)


def test_a_symbol_cannot_become_code(link):
    for name in ('NOPE",1,0,1) or [__import__("os").getpid()] or ("', "A'B", "{0}", "A\nB"):
        with pytest.raises(CallRefused):
            link.ask([Call("symbol_info", (name,))], 10)
    assert not link.ask([Call("version")], 10)[0].failed


def test_the_whole_adapter_works_over_it(port):
    async def story(stage: Stage) -> None:
        await stage.broker.connect()
        assert isinstance(await stage.broker.look(), Look)
        assert isinstance(await stage.broker.bars("XAUUSD", Timeframe.M15, 300), Bars)
        assert isinstance(await stage.broker.send(committed(stops())), Answered)
        assert isinstance(await stage.broker.send(committed(hedge(comment="\x1b"))), NotSent)
        assert stage.broker.health().backend == "classic"

    stage = play(story, connected=False, backend=Backend.CLASSIC, port=port)
    assert stage.terminal.calls == []


def test_a_server_without_the_package_is_said():
    with classic_server(str(ROOT)) as port, pytest.raises(LinkDown, match="MetaTrader5"):
        open_classic(HOST, port, timeout=10)


def test_only_this_machine_unless_somebody_says_so():
    with pytest.raises(ConfigError, match="not this machine"):
        open_classic("192.168.1.5", 18812, timeout=1)


def test_what_is_sent_is_a_constant_that_needs_the_standard_library_only():
    source = inspect.getsource(answering) + classic._TAIL
    imported = {
        name
        for node in ast.walk(ast.parse(source))
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names] if isinstance(node, ast.Import) else []
        )
    }  # fmt: skip
    assert imported == {"__future__", "typing", "MetaTrader5"}


def test_a_hostile_server_gets_nothing_but_that_text():
    """The client of a plain server is as closed as that of a bridge: it shows no object."""
    answers: list[int] = []
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                channel = Channel(SocketStream(sock))
                seq = sequence(channel.recv())
                for handler in (consts.HANDLE_GETROOT, consts.HANDLE_CALL, consts.HANDLE_PICKLE):
                    request = (handler, (consts.LABEL_TUPLE, ()))
                    channel.send(brine.I1.pack(consts.MSG_REQUEST) + brine.dump((77, request)))
                    answers.append(channel.recv()[0])
                channel.send(reply(seq, (consts.LABEL_VALUE, "no object")))

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(LinkDown):
            open_classic(HOST, listener.getsockname()[1], timeout=5)
        thread.join(10)
    assert answers == [consts.MSG_EXCEPTION] * 3
