"""Whoever is at the other end of the bridge: nothing is run, nothing learnt, nothing believed."""

from __future__ import annotations

import builtins
import contextlib
import math
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest
import rpyc
from rpyc.core import brine, consts
from rpyc.core.channel import Channel

from hedgetui.domain.errors import ConfigError
from hedgetui.mt5bridge.calls import Call
from hedgetui.mt5bridge.client import open_bridge
from hedgetui.mt5bridge.errors import HostileAnswer, LinkDown
from hedgetui.mt5bridge.handshake import MARK
from hedgetui.mt5bridge.hosts import is_loopback
from hedgetui.mt5bridge.plain_rpyc import BoundedChannel, DeadlineStream
from hedgetui.mt5bridge.server import BridgeServer
from tests.mt5.attackers import Evil, bomb, evil_server, reply, sequence, stock_client
from tests.mt5.fake.MetaTrader5.scripted import ScriptedTerminal

TOKEN = bytes(range(32))
HOST = "127.0.0.1"


@pytest.fixture
def terminal() -> ScriptedTerminal:
    return ScriptedTerminal()


@pytest.fixture
def server(terminal: ScriptedTerminal) -> Iterator[BridgeServer]:
    server = BridgeServer(terminal, TOKEN, 0)
    server.start()
    yield server
    server.close()


@pytest.mark.parametrize(
    "token",
    [b"x" * 32, TOKEN[:-1], b"", TOKEN + b"x", TOKEN[::-1]],
    ids=["other", "short", "empty", "long", "reversed"],
)
def test_a_wrong_token_opens_nothing(server, terminal, token):
    with pytest.raises(LinkDown) as caught:
        open_bridge(HOST, server.port, token, timeout=2)
    assert not caught.value.written
    assert terminal.calls == []


@pytest.mark.parametrize(
    "said",
    [b"", b"x", TOKEN, b"\0" * 64, b"GET / HTTP/1.0\r\n\r\n" * 8],
    ids=["nothing", "a byte", "the token", "noughts", "http"],
)
def test_a_stranger_on_the_port_reaches_nothing(server, terminal, said):
    with socket.create_connection((HOST, server.port), 5) as sock:
        greeting = sock.recv(len(MARK) + 32, socket.MSG_WAITALL)
        heard = b""
        with contextlib.suppress(OSError):  # it closes on what it does not want to hear
            sock.sendall(said)
            sock.shutdown(socket.SHUT_WR)
            heard = sock.recv(4096)
    assert greeting.startswith(MARK)
    assert heard == b""
    assert terminal.calls == []


def test_a_recorded_conversation_opens_nothing(server, terminal):
    with socket.create_connection((HOST, server.port), 5) as sock:
        sock.sendall(b"n" * 32 + b"p" * 32)
        first = sock.recv(4096)
    with socket.create_connection((HOST, server.port), 5) as sock:
        assert sock.recv(4096) != first
    assert terminal.calls == []


def test_a_server_without_the_token_learns_nothing_and_is_not_asked():
    heard: list[bytes] = []

    def pretend(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(5)
            sock.sendall(MARK + b"n" * 32)
            heard.append(sock.recv(4096))
            sock.sendall(b"p" * 32)
            heard.append(sock.recv(4096))

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=pretend, args=(listener,))
        thread.start()
        with pytest.raises(LinkDown, match="does not hold the token"):
            open_bridge(HOST, listener.getsockname()[1], TOKEN, timeout=2)
        thread.join(5)
    assert TOKEN not in heard[0]
    assert heard[1:] == [b""]


def test_what_is_no_bridge_is_said_in_time():
    with socket.create_server((HOST, 0)) as listener, pytest.raises(LinkDown, match="no bridge"):
        open_bridge(HOST, listener.getsockname()[1], TOKEN, timeout=0.1)


ELSEWHERE = ["0.0.0.0", "192.168.1.5", "::", "example.com", "127.0.0.1.nip.io"]  # noqa: S104 - refused


@pytest.mark.parametrize("host", ELSEWHERE)
def test_only_this_machine_unless_somebody_says_so(host):
    assert not is_loopback(host)
    with pytest.raises(ConfigError, match="not this machine"):
        BridgeServer(ScriptedTerminal(), TOKEN, 0, host)
    with pytest.raises(ConfigError, match="not this machine") as caught:
        open_bridge(host, 18812, TOKEN, timeout=1)
    assert "ssh -L" in caught.value.hint
    BridgeServer(ScriptedTerminal(), TOKEN, 0, host, allow_remote=True)


def test_this_machine_has_several_names():
    assert all(is_loopback(one) for one in ("127.0.0.1", "127.8.8.8", "::1", "localhost"))


REACHES = [
    lambda root: root.eval("1"),
    lambda root: root.execute("open('/tmp/x')"),
    lambda root: root.getmodule("os"),
    lambda root: root.exposed_call,
    lambda root: root.call,
    lambda root: root._api,
    lambda root: root.__dict__,
    lambda root: root._rpyc_getattr("_api"),
    lambda root: setattr(root, "_api", None),
    lambda root: delattr(root, "_lock"),
    lambda root: root.__reduce_ex__(2),
    rpyc.classic.obtain,
    dir,
    repr,
    hash,
]


@pytest.mark.parametrize("reach", REACHES, ids=range(len(REACHES)))
def test_a_client_with_the_token_reaches_nothing_but_the_two_doors(server, terminal, reach):
    with stock_client(server.port, TOKEN) as connection:
        root = connection.root
        with pytest.raises((AttributeError, KeyError, LinkDown, ValueError, TypeError)):
            reach(root)
    assert terminal.calls == []
    assert terminal.account["login"] == 1234567


NAMES = ["eval", "execute", "_answer", "exposed_call", "_rpyc_getattr", "__init__", "__class__"]


@pytest.mark.parametrize("name", NAMES)
def test_no_other_method_of_the_server_can_be_called(server, terminal, name):
    with stock_client(server.port, TOKEN) as connection:
        root = connection.root
        with pytest.raises(AttributeError, match="denied"):
            connection.sync_request(consts.HANDLE_CALLATTR, root, name, (), ())
        with pytest.raises(KeyError):
            connection.sync_request(consts.HANDLE_GETATTR, root, name)
    assert terminal.calls == []


def test_objects_of_a_client_are_not_taken_in(server, terminal):
    with stock_client(server.port, TOKEN) as connection:
        for args in ((object(),), (["EURUSD"],), ({"action": 1},), (print,)):
            with pytest.raises(builtins.Exception, match="reference"):
                connection.sync_request(
                    consts.HANDLE_CALLATTR, connection.root, "call", ("order_send", args, ()), ()
                )
    assert terminal.calls == []


@pytest.mark.parametrize(
    "packed",
    [
        (("eval", ("1",), ()),),
        (("__class__", (), ()),),
        (("symbol_info", ('A",1) or ["',), ()),),
        (("order_send", (("request", (("action", 1), ("evil", 1))),), ()),),
        (("order_send", (("request", (("action", 1), ("action", 6))),), ()),),
        (("initialize", (), (("path", "C:\\evil.exe"),)),),
        (("version", (), ()),) * 65,
        (("order_send", (("request", (("action", 1),)),), ()),) * 2,
        "version",
        (),
        ((("version",),),),
        (frozenset({1}), slice(1, 2, 3)),
    ],
    ids=[
        "eval",
        "a dunder",
        "a crafted symbol",
        "an unknown key",
        "a key twice",
        "a program",
        "too many",
        "two orders",
        "no list",
        "nothing",
        "no call",
        "odd values",
    ],
)
def test_calls_that_are_not_on_the_list_are_refused_by_the_server_too(server, terminal, packed):
    with stock_client(server.port, TOKEN) as connection:
        answers = connection.sync_request(
            consts.HANDLE_CALLATTR, connection.root, "batch", (packed,), ()
        )
    assert all(answer[0] == "refused" for answer in answers)
    assert terminal.calls == []


@pytest.mark.parametrize(
    "frame",
    [
        Channel.FRAME_HEADER.pack(1 << 31, 0),
        bomb(1 << 28),
        Channel.FRAME_HEADER.pack(4, 1) + b"junk\n",
        Channel.FRAME_HEADER.pack(4, 0) + b"\xff\xff\xff\xff\n",
        Channel.FRAME_HEADER.pack(2000, 0) + b"\x01" + b"\x10" * 1999 + b"\n",
    ],
    ids=["huge", "bomb", "junk", "no message", "too deep"],
)
def test_a_forged_frame_ends_that_client_and_nobody_else(server, frame):
    with stock_client(server.port, TOKEN) as connection:
        connection._channel.stream.sock.sendall(frame)
        with pytest.raises(EOFError):
            connection.ping(timeout=5)
    link = open_bridge(HOST, server.port, TOKEN, timeout=5)
    assert not link.ask([Call("version")], 5)[0].failed
    link.close()


def say(boxed: object, kind: int = consts.MSG_REPLY) -> Evil:
    return lambda _sock, channel, seq: channel.send(reply(seq, boxed, kind))


def value(plain: object) -> Evil:
    return say((consts.LABEL_VALUE, plain))


def raw(data: bytes) -> Evil:
    return lambda sock, _channel, _seq: sock.sendall(data)


def exception(module: str, name: str) -> Evil:
    attributes = (("__class__", "x"), ("_remote_tb", "\x1b[2J"), ("_remote_version", "9.9.9"))
    return say(((module, name), ("\x1b]0;x\x07",), attributes, "trace"), consts.MSG_EXCEPTION)


def cut_off(sock: socket.socket, channel: Channel, seq: int) -> None:
    frame = reply(seq, (consts.LABEL_VALUE, ()))
    sock.sendall(channel.FRAME_HEADER.pack(len(frame), 0) + frame[:3])


def stalled(sock: socket.socket, channel: Channel, seq: int) -> None:
    cut_off(sock, channel, seq)
    while sock.recv(4096):
        continue


def silent(sock: socket.socket, _channel: Channel, _seq: int) -> None:
    while sock.recv(4096):
        continue


def good(text: str) -> tuple[object, ...]:
    return (("ok", ("struct", ("comment",), (text,)), None),)


TEXT_BOMB = value(good("x" * 5000))
LIES: dict[str, Evil] = {
    "an object": say((consts.LABEL_REMOTE_REF, ("builtins.dict", 1, 2))),
    "an object inside": say(
        (consts.LABEL_TUPLE, ((consts.LABEL_REMOTE_REF, ("os.system", 1, 0)),))
    ),
    "one of ours": say((consts.LABEL_LOCAL_REF, ("x", 1, 2))),
    "an unknown label": say((99, 1)),
    "nothing": value(None),
    "too few": value(()),
    "too many": value((("ok", 1, None),) * 2),
    "not an outcome": value((1,)),
    "an unknown kind": value((("done", 1, None),)),
    "ok with an error": value((("ok", 1, (1, "x")),)),
    "a failure with a result": value((("failed", 5, (1, "x")),)),
    "an error that is no error": value((("failed", None, ("x", 1)),)),
    "bytes": value((("ok", b"x", None),)),
    "a complex number": value((("ok", 1j, None),)),
    "a frozen set": value((("ok", frozenset({1}), None),)),
    "an ellipsis": value((("ok", ..., None),)),
    "a huge number": value((("ok", 1 << 80, None),)),
    "a huge text": TEXT_BOMB,
    "a forged field": value((("ok", ("struct", ("__class__ x",), (1,)), None),)),
    "a field twice": value((("ok", ("struct", ("a", "a"), (1, 2)), None),)),
    "a short row": value((("ok", ("table", ("a", "b"), ((1,),)), None),)),
    "an object array": value((("ok", ("array", (("x", "|O"),), b"\0" * 8, 1), None),)),
    "bars cut off": value(
        (
            (
                "ok",
                (
                    "array",
                    (
                        ("time", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8"),
                        ("close", "<f8"), ("tick_volume", "<u8"), ("spread", "<i4"),
                        ("real_volume", "<u8"),
                    ),
                    b"\0" * 59,
                    1,
                ),
                None,
            ),
        )
    ),
    "too deep": value((("ok", ("tuple", ("tuple", ("tuple", ("tuple", ("tuple", 1))))), None),)),
    "a bottomless value": raw(
        Channel.FRAME_HEADER.pack(5000, 0) + b"\x02" + b"\x10" * 4999 + b"\n"
    ),
    "a number of a million digits": raw(
        Channel.FRAME_HEADER.pack(100_006, 0)
        + b"\x02\x17" + struct.pack("!L", 100_000) + b"9" * 100_000 + b"\n"
    ),
    "an old rpyc": raw(Channel.FRAME_HEADER.pack(4, 0) + b"\x12abc\n"),
    "a huge frame": raw(Channel.FRAME_HEADER.pack(1 << 31, 0)),
    "a bomb": raw(bomb(1 << 28)),
    "an end": lambda _sock, _channel, _seq: None,
    "an end inside": cut_off,
    "an exception that ends programs": exception("builtins", "SystemExit"),
    "an interrupt": exception("builtins", "KeyboardInterrupt"),
    "an exception of ours": exception("hedgetui.domain.errors", "HedgetuiError"),
    "an exception that is none": say(5, consts.MSG_EXCEPTION),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_server_is_not_believed_and_its_link_is_closed(lie: str):
    with evil_server(TOKEN, LIES[lie]) as port:
        link = open_bridge(HOST, port, TOKEN, timeout=5)
        with pytest.raises(LinkDown) as caught:
            link.ask([Call("account_info")], 5)
        assert caught.value.message.isprintable()
        with pytest.raises(LinkDown) as again:
            link.ask([Call("account_info")], 5)
        assert not again.value.written


def test_a_frame_is_bounded_while_it_unpacks():
    mine, theirs = socket.socketpair()
    with mine, theirs:
        theirs.sendall(bomb(1 << 20))
        channel = BoundedChannel(DeadlineStream(mine), 1 << 16)
        with pytest.raises(HostileAnswer, match="more than it may hold"):
            channel.recv()
        theirs.sendall(Channel.FRAME_HEADER.pack(1 << 20, 0))
        with pytest.raises(HostileAnswer, match="1048576 bytes"):
            channel.recv()


def test_an_old_rpyc_is_named():
    with evil_server(TOKEN, LIES["an old rpyc"]) as port:
        link = open_bridge(HOST, port, TOKEN, timeout=5)
        with pytest.raises(HostileAnswer) as caught:
            link.ask([Call("account_info")], 5)
    assert "rpyc 6" in caught.value.hint


@pytest.mark.parametrize("evil", [silent, stalled])
def test_a_server_that_stalls_is_given_up_in_time_even_inside_a_frame(evil: Evil):
    with evil_server(TOKEN, evil) as port:
        link = open_bridge(HOST, port, TOKEN, timeout=5)
        began = time.perf_counter()
        with pytest.raises(LinkDown) as caught:
            link.ask([Call("account_info")], 0.2)
        assert 0.15 < time.perf_counter() - began < 2
        assert caught.value.written


def test_a_number_that_is_none_and_an_escape_arrive_as_what_they_are():
    odd = (("ok", ("struct", ("a", "b"), (math.nan, "\x1b[2J\u202e")), None),)
    with evil_server(TOKEN, value(odd)) as port:
        link = open_bridge(HOST, port, TOKEN, timeout=5)
        (got,) = link.ask([Call("account_info")], 5)
        link.close()
    assert math.isnan(got.value["a"])
    assert got.value["b"] == "␛[2J\N{REPLACEMENT CHARACTER}"


ORDERS = [
    (consts.HANDLE_GETROOT, ()),
    (consts.HANDLE_CALLATTR, ((consts.LABEL_VALUE, "x"), (consts.LABEL_VALUE, "upper"))),
    (consts.HANDLE_INSPECT, ((consts.LABEL_VALUE, ("x", 1, 2)),)),
    (consts.HANDLE_PICKLE, ((consts.LABEL_VALUE, 1), (consts.LABEL_VALUE, 2))),
    (consts.HANDLE_DIR, ((consts.LABEL_VALUE, 1),)),
]


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_a_server_that_gives_orders_gets_a_refusal(order: tuple[int, tuple[object, ...]]):
    heard: list[int] = []

    def command(_sock: socket.socket, channel: Channel, seq: int) -> None:
        handler, boxed = order
        request = (handler, (consts.LABEL_TUPLE, boxed))
        channel.send(brine.I1.pack(consts.MSG_REQUEST) + brine.dump((900, request)))
        said = channel.recv()
        heard.extend([said[0], sequence(said)])
        channel.send(reply(seq, (consts.LABEL_VALUE, (("ok", 1, None),))))

    with evil_server(TOKEN, command) as port:
        link = open_bridge(HOST, port, TOKEN, timeout=5)
        assert link.ask([Call("account_info")], 5)[0].value == 1
        link.close()
    assert heard == [consts.MSG_EXCEPTION, 900]


def test_an_answer_to_another_question_is_not_an_answer():
    def late(_sock: socket.socket, channel: Channel, seq: int) -> None:
        channel.send(reply(seq - 1, (consts.LABEL_VALUE, (("ok", "late", None),))))
        channel.send(reply(seq + 7, (consts.LABEL_VALUE, (("ok", "early", None),))))
        channel.send(reply(seq, (consts.LABEL_VALUE, (("ok", "this", None),))))

    with evil_server(TOKEN, late) as port:
        link = open_bridge(HOST, port, TOKEN, timeout=5)
        assert link.ask([Call("account_info")], 5)[0].value == "this"
        link.close()
