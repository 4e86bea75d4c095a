"""The vendor's module, as strict and as silent as it is."""

from __future__ import annotations

import numpy as np
import pytest

from hedgetui.domain.units import parse_utc
from hedgetui.simulation.mt5.codes import Ret
from tests.mt5sim.bench import BUY, START, Bench

GOOD = {
    "action": 1, "symbol": "XAUUSD", "volume": 0.1, "type": BUY, "price": 0.0, "type_filling": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"volume": 1}, {"price": 2644}, {"sl": 0}, {"tp": "2700"}, {"volume": float("nan")},
        {"type": 0.0}, {"magic": -1}, {"magic": 2**64}, {"position": 1.0}, {"deviation": "20"},
        {"comment": "x" * 30}, {"comment": "\N{GRINNING FACE}" * 15}, {"comment": 5},
        {"volumes": 0.1}, {"symbol": None},
    ],
)  # fmt: skip
def test_a_request_of_wrong_types_fails_on_this_side(wrong):
    bench = Bench()
    assert bench.terminal.order_send(GOOD | wrong) is None
    assert bench.terminal.last_error() == (-2, f'Invalid "{next(iter(wrong))}" argument')
    assert bench.terminal.order_check(GOOD | wrong) is None
    assert bench.positions() == ()


def test_a_request_is_a_plain_dictionary():
    bench = Bench()
    assert bench.terminal.order_send(tuple(GOOD.items())) is None
    assert bench.terminal.last_error()[0] == -2
    longest = GOOD | {"comment": "x" * 29}
    assert bench.terminal.order_send(longest).retcode == Ret.DONE
    assert bench.terminal.last_error() == (1, "Success")


def test_without_initialize_there_is_no_answer():
    bench = Bench()
    bench.terminal.shutdown()
    assert bench.terminal.account_info() is None
    assert bench.terminal.last_error() == (-10004, "No IPC connection")


def test_arguments_of_positions_are_named():
    with pytest.raises(TypeError):
        Bench().terminal.positions_get("XAUUSD")


def test_positions_are_found_by_symbol_ticket_and_group():
    bench = Bench("demo")
    held = bench.terminal.positions_get()
    assert bench.terminal.positions_total() == len(held) == 4
    assert bench.terminal.positions_get(ticket=held[1].ticket) == (held[1],)
    assert [p.symbol for p in bench.terminal.positions_get(group="*USD,!EUR*")] == [
        "XAUUSD", "BTCUSD",
    ]  # fmt: skip
    assert bench.terminal.positions_get(symbol="NOSUCH") == ()


def test_results_have_the_vendors_fields():
    bench = Bench("demo")
    assert list(bench.terminal.account_info()._asdict())[:3] == ["login", "trade_mode", "leverage"]
    assert len(bench.terminal.account_info()) == 28
    assert len(bench.terminal.symbol_info("XAUUSD")) == 96
    assert len(bench.terminal.terminal_info()) == 22
    assert len(bench.positions()[0]) == 19
    assert len(bench.terminal.history_deals_get(0, 2e9)[0]) == 18
    result = bench.terminal.order_send(GOOD)
    assert result.request._asdict()["symbol"] == "XAUUSD"


def test_an_unknown_symbol_is_not_found():
    terminal = Bench().terminal
    for answer in (
        terminal.symbol_info("NOSUCH"), terminal.symbol_info_tick("NOSUCH"),
        terminal.copy_rates_from_pos("NOSUCH", 5, 0, 10),
    ):  # fmt: skip
        assert answer is None
        assert terminal.last_error()[0] == -4
    assert terminal.symbol_select("NOSUCH", True) is False
    assert terminal.order_send(GOOD | {"symbol": "NOSUCH"}).retcode == Ret.INVALID


def test_bars_are_an_array_in_server_time():
    bench = Bench()
    bars = bench.terminal.copy_rates_from_pos("XAUUSD", 16385, 0, 200)
    assert bars.dtype.descr == [
        ("time", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8"), ("close", "<f8"),
        ("tick_volume", "<u8"), ("spread", "<i4"), ("real_volume", "<u8"),
    ]  # fmt: skip
    assert bench.terminal.utc(int(bars["time"][-1])) == START - 31 * 60
    skipped = bench.terminal.copy_rates_from_pos("XAUUSD", 16385, 3, 10)
    assert np.array_equal(skipped, bars[-13:-3])
    assert bench.terminal.copy_rates_from_pos("XAUUSD", 7, 0, 10) is None
    assert bench.terminal.last_error()[0] == -2


def test_bars_grow_in_time_also_when_the_servers_clock_goes_back():
    bench = Bench(start=parse_utc("2025-11-03T12:00:00Z"))
    bars = bench.terminal.copy_rates_from_pos("BTCUSD", 5, 0, 900)
    assert np.all(np.diff(bars["time"]) > 0)
    assert len(bars) == 900 - 12


def test_history_is_asked_by_server_time():
    bench = Bench()
    ticket = bench.deal("XAUUSD", BUY, 0.1).order
    bench.wait(10)
    stamp = bench.positions()[0].time
    found = bench.terminal.history_deals_get(stamp, stamp + 1)
    assert [deal.position_id for deal in found] == [0, ticket]  # the deposit comes first
    assert bench.terminal.history_deals_get(stamp + 1, stamp + 86_400) == ()
    assert bench.terminal.history_deals_get(ticket=ticket) == (found[1],)
    assert bench.terminal.history_orders_get(position=ticket)[0].state == 4
    assert bench.terminal.history_deals_get() is None
