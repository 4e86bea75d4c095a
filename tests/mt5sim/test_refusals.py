"""Every code of the trade server can be had, by the server's own rules or on demand."""

from __future__ import annotations

import pytest

from hedgetui.domain.mt5.records import MarginMode
from hedgetui.domain.mt5.retcodes import CODES
from hedgetui.simulation.mt5.codes import Ret
from hedgetui.simulation.mt5.path import Push
from tests.mt5sim.bench import BUY, FRIDAY, SELL, Bench, netting

GOLD = 2_644.0


def disabled(bench: Bench):
    bench.control.trade_mode("XAUUSD", 0)
    return bench.deal("XAUUSD", BUY, 0.1)


def closed(bench: Bench):
    bench.wait(90_000)
    return bench.deal("XAUUSD", BUY, 0.1)


def halted(bench: Bench):
    bench.control.halt("XAUUSD")
    return bench.deal("XAUUSD", BUY, 0.1)


def side(mode: int, kind: int):
    def case(bench: Bench):
        bench.control.trade_mode("XAUUSD", mode)
        return bench.deal("XAUUSD", kind, 0.1)

    return case


def too_much_of_a_position(bench: Bench):
    ticket = bench.deal("XAUUSD", BUY, 0.4).order
    return bench.deal("XAUUSD", SELL, 0.5, position=ticket)


def a_rest_below_the_minimum(bench: Bench):
    ticket = bench.deal("US500", BUY, 0.5).order
    bench.control.set_terms(
        "US500", volume_min=bench.venue.markets["XAUUSD"].terms.volume_step * 30
    )
    return bench.deal("US500", SELL, 0.4, position=ticket)


def gone(bench: Bench):
    ticket = bench.deal("XAUUSD", BUY, 0.4).order
    bench.deal("XAUUSD", SELL, 0.4, position=ticket)
    return bench.deal("XAUUSD", SELL, 0.4, position=ticket)


def stop_of_a_gone_position(bench: Bench):
    ticket = gone(bench).request.position
    return bench.stops(ticket, 2_600.0)


def same_stop(bench: Bench):
    ticket = bench.deal("XAUUSD", BUY, 0.4, sl=2_600.0).order
    return bench.stops(ticket, 2_600.0)


def frozen(bench: Bench):
    bench.control.levels("XAUUSD", 10, 400)
    ticket = bench.deal("XAUUSD", BUY, 0.4, sl=GOLD - 3.0).order
    return bench.deal("XAUUSD", SELL, 0.4, position=ticket)


def no_hedge(bench: Bench):
    bench.control.rules(fifo=False, no_hedge=True)
    bench.deal("XAUUSD", BUY, 0.4)
    return bench.deal("XAUUSD", SELL, 0.1)


def youngest_first(bench: Bench):
    bench.control.rules(fifo=True)
    bench.deal("XAUUSD", BUY, 0.4)
    ticket = bench.deal("XAUUSD", BUY, 0.2).order
    return bench.deal("XAUUSD", SELL, 0.2, position=ticket)


def over_the_limit(bench: Bench):
    bench.control.volume_limit("BTCUSD", "0.5")
    bench.deal("BTCUSD", BUY, 0.3)
    return bench.deal("BTCUSD", BUY, 0.3)


def one_too_many(bench: Bench):
    bench.control.set_account(most_positions=1)
    bench.deal("BTCUSD", BUY, 0.1)
    return bench.deal("BTCUSD", BUY, 0.1)


def orders_queue_up(bench: Bench):
    bench.control.set_account(most_orders=1)
    bench.control.placed_s = 60.0
    bench.deal("BTCUSD", BUY, 0.1)
    return bench.deal("BTCUSD", BUY, 0.1)


def closing_twice(bench: Bench):
    ticket = bench.deal("XAUUSD", BUY, 0.4).order
    bench.control.placed_s = 60.0
    bench.deal("XAUUSD", SELL, 0.4, position=ticket)
    return bench.deal("XAUUSD", SELL, 0.4, position=ticket)


def requote(bench: Bench):
    bench.control.set_terms("XAUUSD", exemode=1)
    ask = bench.terminal.symbol_info_tick("XAUUSD").ask
    return bench.deal("XAUUSD", BUY, 0.1, price=round(ask - 0.5, 2), deviation=20)


def switch(name: str, value: object):
    def case(bench: Bench):
        setattr(bench.control, name, value)
        return bench.deal("XAUUSD", BUY, 0.1)

    return case


def cut_off(bench: Bench):
    bench.control.disconnect()
    return bench.deal("XAUUSD", BUY, 0.1)


def send(symbol: str = "XAUUSD", kind: int = BUY, volume: float = 0.1, **more: object):
    return lambda bench: bench.deal(symbol, kind, volume, **more)


NATURAL = [
    (Ret.DONE, send()),
    (Ret.INVALID, send(kind=3)),
    (Ret.INVALID_VOLUME, send(volume=0.0)),
    (Ret.INVALID_VOLUME, send(volume=0.015)),
    (Ret.INVALID_VOLUME, send(volume=51.0)),
    (Ret.INVALID_VOLUME, send("US500", volume=0.05)),
    (Ret.INVALID_FILL, send(type_filling=2)),
    (Ret.INVALID_FILL, send("BTCUSD", type_filling=0)),
    (Ret.INVALID_STOPS, send(sl=GOLD + 5.0)),
    (Ret.INVALID_STOPS, send(sl=GOLD + 0.05)),
    (Ret.INVALID_STOPS, send(kind=SELL, sl=GOLD - 5.0)),
    (Ret.INVALID_STOPS, send(sl=GOLD - 5.001)),
    (Ret.INVALID_STOPS, send(tp=GOLD - 5.0)),
    (Ret.NO_MONEY, send(volume=10.0)),
    (Ret.TRADE_DISABLED, disabled),
    (Ret.MARKET_CLOSED, halted),
    (Ret.LONG_ONLY, side(1, SELL)),
    (Ret.SHORT_ONLY, side(2, BUY)),
    (Ret.CLOSE_ONLY, side(3, BUY)),
    (Ret.INVALID_CLOSE_VOLUME, too_much_of_a_position),
    (Ret.POSITION_CLOSED, gone),
    (Ret.POSITION_CLOSED, stop_of_a_gone_position),
    (Ret.NO_CHANGES, same_stop),
    (Ret.FROZEN, frozen),
    (Ret.HEDGE_PROHIBITED, no_hedge),
    (Ret.FIFO_CLOSE, youngest_first),
    (Ret.LIMIT_VOLUME, over_the_limit),
    (Ret.LIMIT_POSITIONS, one_too_many),
    (Ret.LIMIT_ORDERS, orders_queue_up),
    (Ret.CLOSE_ORDER_EXIST, closing_twice),
    (Ret.REQUOTE, requote),
    (Ret.CONNECTION, cut_off),
    (Ret.CLIENT_DISABLES_AT, switch("autotrading", value=False)),
    (Ret.SERVER_DISABLES_AT, switch("expert_allowed", value=False)),
    (Ret.TRADE_DISABLED, switch("trade_allowed", value=False)),
    (Ret.PLACED, switch("placed_s", value=1.0)),
    (Ret.DONE_PARTIAL, switch("partial_share", value=0.5)),
]


@pytest.mark.parametrize(("code", "case"), NATURAL)
def test_the_server_refuses_by_its_own_rules(code, case):
    assert case(Bench()).retcode == code


def test_closed_after_friday():
    assert closed(Bench(start=FRIDAY)).retcode == Ret.MARKET_CLOSED


def test_a_stop_lies_exactly_at_the_least_distance():
    bench = Bench()
    bid = bench.terminal.symbol_info_tick("XAUUSD").bid
    assert bench.deal("XAUUSD", BUY, 0.1, sl=round(bid - 0.09, 2)).retcode == Ret.INVALID_STOPS
    assert bench.deal("XAUUSD", BUY, 0.1, sl=round(bid - 0.10, 2)).retcode == Ret.DONE


def test_what_is_refused_changes_nothing():
    for code, case in NATURAL:
        bench = Bench()
        result = case(bench)
        if code in {Ret.DONE, Ret.PLACED, Ret.DONE_PARTIAL}:
            continue
        assert (result.deal, result.order) == (0, 0)
        assert not any(deal.ticket == 0 for deal in bench.terminal.history_deals_get(0, 2e9))


@pytest.mark.parametrize("code", [code for code in Ret if code >= Ret.REQUOTE])
def test_every_code_can_be_asked_for(code):
    bench = Bench()
    bench.control.refuse_next(int(code), times=2, kind="open", symbol="XAUUSD")
    assert bench.deal("EURUSD", BUY, 0.1).retcode == Ret.DONE
    assert [bench.deal("XAUUSD", BUY, 0.1).retcode for _ in range(3)] == [code, code, Ret.DONE]
    assert len(bench.positions("XAUUSD")) == 1


def test_closing_by_needs_a_hedging_account_and_two_sides():
    bench = Bench()
    one, other = (bench.deal("XAUUSD", BUY, 0.1).order for _ in range(2))
    assert bench.close_by(one, other).retcode == Ret.INVALID
    assert bench.close_by(one, 99).retcode == Ret.POSITION_CLOSED
    bench = netting()
    one = bench.deal("XAUUSD", BUY, 0.1).order
    assert bench.close_by(one, one).retcode == Ret.INVALID_ORDER


def test_a_check_tells_without_doing():
    bench = Bench()
    bench.deal("XAUUSD", BUY, 0.4)
    asked = {"action": 1, "symbol": "XAUUSD", "volume": 0.2, "type": SELL, "price": GOLD}
    before = bench.terminal.account_info()
    passed = bench.terminal.order_check(asked)
    refused = bench.terminal.order_check(asked | {"volume": 20.0})
    assert (passed.retcode, passed.comment) == (0, "Done")
    assert passed.margin < before.margin
    assert (refused.retcode, refused.margin_free < 0) == (Ret.NO_MONEY, True)
    assert bench.terminal.account_info() == before


def test_the_desk_knows_every_code_the_server_sends():
    assert {int(code) for code in Ret if code} <= set(CODES)


def test_an_exchange_account_takes_what_is_left_as_return():
    bench = Bench(mode=MarginMode.EXCHANGE)
    bench.control.set_terms("XAUUSD", exemode=3, filling_mask=0)
    assert bench.deal("XAUUSD", BUY, 0.1, type_filling=0).retcode == Ret.INVALID_FILL
    assert bench.deal("XAUUSD", BUY, 0.1, type_filling=2).retcode == Ret.DONE


def test_margin_is_counted_at_the_price_of_the_fill():
    bench = Bench(pushes=(Push("XAUUSD", 30.0, 30.0, 0.01),))
    bench.deal("XAUUSD", BUY, 0.1)
    bound = bench.terminal.account_info().margin
    assert bound == pytest.approx(0.1 * 100 * bench.positions()[0].price_open * 0.05, abs=0.01)
    bench.wait(300)
    assert bench.terminal.account_info().margin == bound
