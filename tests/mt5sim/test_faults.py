"""What can be broken on purpose, and what it looks like from the program's side."""

from __future__ import annotations

import pytest

from hedgetui.domain.errors import DataError, UsageError
from hedgetui.simulation.mt5 import admin
from hedgetui.simulation.mt5.codes import Ret
from hedgetui.simulation.mt5.control import Mt5Control
from hedgetui.simulation.mt5.terminal import TerminalBroken
from tests.mt5sim.bench import BUY, SELL, Bench


@pytest.mark.parametrize(("lost", "held"), [("landed", 1), ("never", 0)])
def test_an_answer_is_lost_whether_or_not_the_order_landed(lost, held):
    bench = Bench()
    bench.control.lose_next(lost, "none")
    assert bench.deal("XAUUSD", BUY, 0.1) is None
    assert bench.terminal.last_error() == (-10005, "IPC timeout")
    assert len(bench.positions()) == held
    bench.control.lose_next(lost, "broken")
    with pytest.raises(TerminalBroken):
        bench.deal("XAUUSD", BUY, 0.1)
    assert len(bench.positions()) == 2 * held
    assert bench.deal("XAUUSD", BUY, 0.1).retcode == Ret.DONE  # once only


def test_a_failed_question_about_positions_is_none_and_never_empty():
    bench = Bench("demo")
    bench.control.positions_fail = 2
    assert [bench.positions() for _ in range(2)] == [None, None]
    assert bench.terminal.last_error()[0] == -1
    assert len(bench.positions()) == 4
    bench.control.positions_fail = -1
    assert [bench.positions() for _ in range(5)] == [None] * 5


def test_a_placed_order_is_done_later():
    bench = Bench()
    bench.control.placed_s = 30.0
    result = bench.deal("XAUUSD", BUY, 0.1, magic=5)
    assert (result.retcode, result.deal) == (Ret.PLACED, 0)
    order = bench.terminal.orders_get()[0]
    assert (order.ticket, order.magic, order.volume_current) == (result.order, 5, 0.1)
    assert bench.positions() == ()
    bench.wait(29)
    assert bench.positions() == ()
    bench.wait(2)
    assert bench.terminal.orders_get() == ()
    assert bench.positions()[0].ticket == result.order


def test_a_part_is_filled():
    bench = Bench()
    bench.control.partial_share = 0.4
    result = bench.deal("XAUUSD", BUY, 0.33)
    assert (result.retcode, result.volume) == (Ret.DONE_PARTIAL, 0.13)
    assert bench.positions()[0].volume == 0.13


def test_the_history_lags():
    bench = Bench()
    bench.control.history_lag_s = 5.0
    ticket = bench.deal("XAUUSD", BUY, 0.1).order
    assert bench.deals(ticket) == ()
    bench.wait(5)
    assert len(bench.deals(ticket)) == 1


def test_cut_off_from_its_broker_the_terminal_shows_what_it_saw_last():
    bench = Bench()
    ticket = bench.deal("XAUUSD", BUY, 0.1).order
    bench.control.disconnect()
    before = bench.positions(), bench.terminal.symbol_info_tick("XAUUSD")
    bench.control.hand_close(ticket)
    bench.wait(600)
    assert not bench.terminal.terminal_info().connected
    assert (bench.positions(), bench.terminal.symbol_info_tick("XAUUSD")) == before
    bench.control.reconnect()
    assert bench.positions() == ()
    assert bench.terminal.symbol_info_tick("XAUUSD") != before[1]


def test_ticks_stand_still_while_the_market_moves():
    bench = Bench()
    bench.control.freeze_ticks("XAUUSD")
    frozen = bench.terminal.symbol_info_tick("XAUUSD")
    bench.wait(300)
    assert bench.terminal.symbol_info_tick("XAUUSD") == frozen
    assert bench.deal("XAUUSD", BUY, 0.1).price != frozen.ask
    bench.control.thaw_ticks()
    assert bench.terminal.symbol_info_tick("XAUUSD").time == frozen.time + 300


def test_a_server_with_a_wrong_clock_stamps_everything_with_it():
    bench = Bench()
    right = bench.terminal.symbol_info_tick("XAUUSD").time
    bench.control.clock_offset_s = 3_600.0
    assert bench.terminal.symbol_info_tick("XAUUSD").time == right + 3_600
    bench.deal("XAUUSD", BUY, 0.1)
    assert bench.positions()[0].time == right + 3_600


@pytest.mark.parametrize(("policy", "seen"), [("keep", "mine"), ("blank", ""), ("rewrite", "#")])
def test_a_broker_rewrites_comments_and_keeps_the_magic(policy, seen):
    bench = Bench()
    bench.control.rewrite_comments(policy)
    bench.deal("XAUUSD", BUY, 0.1, comment="mine", magic=2**63 - 1)
    held = bench.positions()[0]
    assert held.comment[: len(seen) or None] == seen
    assert held.magic == 2**63 - 1


def test_without_a_terminal_nothing_answers():
    bench = Bench("demo")
    bench.control.link = False
    for answer in (
        bench.positions(),
        bench.terminal.account_info(),
        bench.deal("XAUUSD", BUY, 1.0),
    ):
        assert answer is None
        assert bench.terminal.last_error()[0] == -10004
    bench.control.link = True
    bench.control.login_refused = True
    assert bench.terminal.initialize() is False
    assert bench.terminal.last_error()[0] == -6


def test_python_trading_can_be_switched_off_in_the_terminal():
    bench = Bench()
    bench.control.api_disabled = True
    assert bench.terminal.terminal_info().tradeapi_disabled
    assert bench.deal("XAUUSD", BUY, 0.1) is None
    assert bench.terminal.last_error()[0] == -8


def test_a_person_trades_in_between():
    bench = Bench()
    ticket = bench.control.hand_open("XAUUSD", "BUY", "0.30", sl=2_600.0)
    bench.control.hand_stop(ticket, sl=2_610.0)
    bench.control.hand_close(ticket, "0.10")
    held = bench.positions()[0]
    assert (held.volume, held.sl, held.magic, held.reason) == (0.2, 2_610.0, 0, 0)
    assert [deal.reason for deal in bench.deals(ticket)] == [0, 0]
    with pytest.raises(DataError, match="10014"):
        bench.control.hand_close(ticket, "0.001")


def test_a_push_by_hand_moves_the_market_from_now_on():
    bench = Bench()
    before = bench.terminal.copy_rates_from_pos("XAUUSD", 5, 1, 500)
    price = bench.terminal.symbol_info_tick("XAUUSD").bid
    bench.control.push("XAUUSD", -0.02, 60)
    bench.wait(120)
    assert bench.terminal.symbol_info_tick("XAUUSD").bid < price * 0.985
    assert (bench.terminal.copy_rates_from_pos("XAUUSD", 5, 1, 500) == before).all()


def test_a_dry_market_is_wide():
    bench = Bench()
    bench.control.widen("XAUUSD", 4.0)
    tick = bench.terminal.symbol_info_tick("XAUUSD")
    assert round((tick.ask - tick.bid) / 0.01) == bench.terminal.symbol_info("XAUUSD").spread > 50


def test_every_word_of_the_admin_channel_exists():
    bench = Bench("demo")
    for name in (*admin.DEEDS, *admin.SWITCHES):
        assert hasattr(bench.control, name), name
    assert all(callable(getattr(Mt5Control, name)) for name in admin.DEEDS)


def test_faults_are_lines_of_text():
    bench = Bench("demo")
    ticket = bench.positions("XAUUSD")[0].ticket
    for line in (
        "refuse_next 10004 1 open XAUUSD", "positions_fail 1", "autotrading off",
        f"hand_close {ticket} 0.1", "push BTCUSD -0.01", "levels EURUSD 30 10",
    ):  # fmt: skip
        admin.obey(bench.control, line)
    assert bench.positions() is None
    assert bench.deal("XAUUSD", SELL, 0.1).retcode == Ret.CLIENT_DISABLES_AT
    admin.obey(bench.control, "autotrading on")
    assert bench.deal("XAUUSD", SELL, 0.1).retcode == Ret.REQUOTE
    assert bench.positions("XAUUSD")[0].volume == 0.3
    with pytest.raises(UsageError, match="refuse_next"):
        admin.obey(bench.control, "refuse_nex 10004")
    with pytest.raises(DataError, match="no kind"):
        admin.obey(bench.control, "refuse_next 10004 1 everything")
    with pytest.raises(DataError, match="no symbol"):
        admin.obey(bench.control, "widen NOSUCH 2")
