"""The bridge carries a terminal's results whole, in one round trip, and its secret safely."""

from __future__ import annotations

import math
import os
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.errors import ConfigError
from hedgetui.mt5bridge.answering import encode
from hedgetui.mt5bridge.calls import FUNCTIONS, Call, check, check_all, pack, unpack
from hedgetui.mt5bridge.client import BridgeLink, open_bridge
from hedgetui.mt5bridge.errors import CallRefused, HostileAnswer, LinkDown
from hedgetui.mt5bridge.server import BridgeServer
from hedgetui.mt5bridge.token_file import create_token, ensure_token, read_token
from hedgetui.mt5bridge.wire import RATES, decode, read_outcomes
from tests.mt5.fake.MetaTrader5.scripted import ScriptedTerminal, position, result
from tests.mt5.fake.MetaTrader5.structs import make

TOKEN = bytes(range(32))
LOOK = (
    Call("account_info"),
    Call("terminal_info"),
    Call("positions_get"),
    Call("orders_get"),
    Call("account_info"),
)


@pytest.fixture
def terminal() -> ScriptedTerminal:
    return ScriptedTerminal()


@pytest.fixture
def server(terminal: ScriptedTerminal) -> Iterator[BridgeServer]:
    server = BridgeServer(terminal, TOKEN, 0)
    server.start()
    yield server
    server.close()


@pytest.fixture
def link(server: BridgeServer) -> Iterator[BridgeLink]:
    link = open_bridge("127.0.0.1", server.port, TOKEN, timeout=5)
    yield link
    link.close()


def test_a_structure_of_the_terminal_cannot_leave_its_process_by_itself():
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(position(1))


def test_a_structure_arrives_with_its_names_and_the_request_inside(link, terminal):
    terminal.say("order_send", result(10009, {"symbol": "XAUUSD", "volume": 0.2}))
    (sent,) = link.ask([Call("order_send", ({"action": 6, "position": 1},))], 5)
    assert sent.value["retcode"] == 10009
    assert sent.value["request"]["volume"] == 0.2
    assert list(sent.value)[:3] == ["retcode", "deal", "order"]


def test_bars_arrive_to_the_last_bit(link, terminal):
    sent = terminal.copy_rates_from_pos("XAUUSD", 5, 0, 300)
    sent["close"] = np.random.default_rng(1).normal(2650, 1, 300)
    terminal.say("copy_rates_from_pos", sent)
    (got,) = link.ask([Call("copy_rates_from_pos", ("XAUUSD", 5, 0, 300))], 5)
    assert got.value.dtype == RATES
    assert np.array_equal(got.value, sent)


def test_an_error_comes_with_the_call_it_belongs_to(link, terminal):
    terminal.say("positions_get", None, (-10004, "No IPC connection"))
    terminal.say("symbol_select", False, (-4, "Not found"))
    account, held, chosen, again = link.ask(
        [Call("account_info"), Call("positions_get"), Call("symbol_select", ("A",)),
         Call("account_info")], 5,
    )  # fmt: skip
    assert not account.failed
    assert (held.value, held.code, held.words) == (None, -10004, "No IPC connection")
    assert (chosen.value, chosen.code) == (False, -4)
    assert not again.failed


BARS = (Call("copy_rates_from_pos", ("XAUUSD", 5, 0, 300)),)


@pytest.mark.parametrize("calls", [LOOK, BARS], ids=["look", "bars"])
def test_a_look_and_300_bars_are_one_round_trip_of_a_few_milliseconds(
    server, link, terminal, calls
):
    terminal.positions = [position(one) for one in range(1, 21)]
    took = []
    for _ in range(20):
        questions, began = server.questions, time.perf_counter()
        link.ask(calls, 5)
        took.append(time.perf_counter() - began)
        assert server.questions == questions + 1
    assert min(took) < 0.010


def test_two_clients_take_turns(server, terminal):
    busy, alone_each, never = threading.Lock(), [], threading.Event()

    def alone() -> object:
        alone_each.append(busy.acquire(blocking=False))
        never.wait(0.002)
        if alone_each[-1]:
            busy.release()
        return make("AccountInfo", **terminal.account)

    terminal.next["account_info"].extend([alone] * 60)

    def ask() -> None:
        link = open_bridge("127.0.0.1", server.port, TOKEN, timeout=5)
        for _ in range(20):
            link.ask([Call("account_info")], 5)
        link.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert alone_each == [True] * 60


def test_a_server_closes_at_once_and_leaves_no_thread(terminal):
    server = BridgeServer(terminal, TOKEN, 0)
    server.start()
    link = open_bridge("127.0.0.1", server.port, TOKEN, timeout=5)
    began = time.perf_counter()
    server.close()
    server.close()
    assert time.perf_counter() - began < 1
    assert not [one for one in threading.enumerate() if one.name.startswith("mt5-")]
    with pytest.raises(LinkDown):
        link.ask([Call("version")], 5)
    link.close()


def test_a_taken_port_is_said(server, terminal):
    with pytest.raises(ConfigError):
        BridgeServer(terminal, TOKEN, server.port).start()


def test_a_link_that_failed_is_never_used_again(link, terminal):
    terminal.fail("account_info", ValueError("boom"))
    with pytest.raises(LinkDown) as first:
        link.ask([Call("account_info")], 5)
    assert first.value.written
    with pytest.raises(LinkDown) as second:
        link.ask([Call("account_info")], 5)
    assert not second.value.written
    assert len(terminal.asked("account_info")) == 1


GOOD = [
    Call("initialize", keywords={"timeout": 60_000}),
    Call("symbol_info", ("EURUSD.r",)),
    Call("symbol_info", ("US500#_+&!@-",)),
    Call("symbol_select", ("EURUSD",)),
    Call("symbol_select", ("EURUSD", True)),
    Call("positions_get", keywords={"symbol": "EURUSD"}),
    Call("history_deals_get", (0, 1_763_000_000)),
    Call("history_deals_get", keywords={"position": 1}),
    Call("copy_rates_from_pos", ("EURUSD", 16385, 0, 200)),
    Call("order_send", ({"action": 1, "comment": "é" * 29},)),
]
BAD = [
    Call("eval", ("1",)),
    Call("__class__"),
    Call("login"),
    Call("order_calc_profit"),
    Call("initialize", ("C:\\evil.exe",)),
    Call("initialize", keywords={"path": "C:\\evil.exe"}),
    Call("initialize", keywords={"timeout": 1e9}),
    Call("symbol_info", ("",)),
    Call("symbol_info", ('A",1) or ["',)),
    Call("symbol_info", ("EURUSD\n",)),
    Call("symbol_info", ("Ä",)),
    Call("symbol_info", ("A" * 33,)),
    Call("symbol_info", (b"EURUSD",)),
    Call("symbol_info"),
    Call("symbol_info", ("A", "B")),
    Call("symbol_select", ("A", 1)),
    Call("positions_get", ("EURUSD",)),
    Call("positions_get", keywords={"group": "*"}),
    Call("copy_rates_from_pos", ("A", 7, 0, 1)),
    Call("copy_rates_from_pos", ("A", 5, 0, 0)),
    Call("copy_rates_from_pos", ("A", 5, 0, 10**9)),
    Call("copy_rates_from_pos", ("A", 5, -1, 5)),
    Call("copy_rates_from_pos", ("A", True, 0, 5)),
    Call("order_calc_margin", (0, "A", math.nan, 1.0)),
    Call("order_send"),
    Call("order_send", ((("action", 1),),)),
    Call("order_send", ({},)),
    Call("order_send", ({"action": 5},)),
    Call("order_send", ({"action": 1, "volume": 1},)),
    Call("order_send", ({"action": 1, "volume": math.nan},)),
    Call("order_send", ({"action": 1, "price": math.inf},)),
    Call("order_send", ({"action": 1, "magic": -1},)),
    Call("order_send", ({"action": 1, "magic": True},)),
    Call("order_send", ({"action": 1, "evil": 1},)),
    Call("order_send", ({"action": 1, "symbol": "A B"},)),
    Call("order_send", ({"action": 1, "comment": "x" * 30},)),
    Call("order_send", ({"action": 1, "comment": "😀" * 15},)),
    Call("order_send", ({"action": 1, "comment": "\x1b[2J"},)),
]


@pytest.mark.parametrize("call", GOOD)
def test_a_call_on_the_list_travels_unchanged(call: Call):
    check(call)
    assert unpack(pack(call)) == call


@pytest.mark.parametrize("call", BAD)
def test_a_call_that_is_not_on_the_list_is_refused_before_it_is_written(call: Call, link, terminal):
    with pytest.raises(CallRefused):
        link.ask([call], 5)
    assert terminal.calls == []
    assert not link.ask([Call("version")], 5)[0].failed


def test_an_order_goes_alone_and_a_question_is_bounded():
    order = Call("order_send", ({"action": 1},))
    check_all((order,))
    for calls in ((order, Call("version")), (), (Call("version"),) * 65):
        with pytest.raises(CallRefused):
            check_all(calls)


def test_the_list_is_what_a_defence_needs_and_no_more():
    assert len(FUNCTIONS) == 17
    assert not FUNCTIONS & {"login", "eval", "market_book_add", "order_calc_profit"}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.tuples(st.sampled_from(["struct", "table", "tuple", "array", "ok"]), inner, inner)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_whatever_comes_is_read_or_refused(raw: object):
    for read in (decode, lambda one: read_outcomes(one, 1), unpack):
        try:
            read(raw)
        except (HostileAnswer, CallRefused):
            continue


RESULTS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)


@given(st.lists(RESULTS, max_size=6))
def test_plain_results_come_through_unchanged(items: list[object]):
    assert decode(encode(items)) == tuple(items)


def test_what_is_not_plain_is_not_carried():
    for odd in (object(), b"x", {1: 2}, lambda: None, np.zeros(3)):
        with pytest.raises(TypeError):
            encode(odd)
    assert encode((np.float64(0.5), np.int64(3))) == ("tuple", 0.5, 3)


def test_a_token_file_is_for_its_owner_only(tmp_path: Path):
    path = tmp_path / "token"
    token = create_token(path)
    assert (len(token), path.stat().st_mode & 0o777) == (32, 0o600)
    assert read_token(path) == ensure_token(path) == token
    with pytest.raises(ConfigError):
        create_token(path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others may read"):
        read_token(path)


def test_a_token_file_that_is_something_else_is_refused(tmp_path: Path):
    real, link, pipe = tmp_path / "real", tmp_path / "link", tmp_path / "pipe"
    create_token(real)
    link.symlink_to(real)
    os.mkfifo(pipe, 0o600)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "elsewhere")
    for path in (link, pipe, dangling, tmp_path, tmp_path / "absent"):
        with pytest.raises(ConfigError):
            read_token(path)
    for path in (link, dangling):
        with pytest.raises(ConfigError):
            ensure_token(path)
    assert not (tmp_path / "elsewhere").exists()
    for text in ("", "zz" * 32, "ab" * 31, "ab" * 33, "ab" * 32 + " " * 500):
        bad = tmp_path / "bad"
        bad.write_text(text)
        bad.chmod(0o600)
        with pytest.raises(ConfigError):
            read_token(bad)
