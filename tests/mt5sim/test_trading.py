"""What the simulated broker does with orders, stops and nights."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgetui.domain.mt5.records import DealEntry, DealReason, MarginMode
from hedgetui.domain.units import parse_utc
from hedgetui.simulation.mt5.codes import Ret
from hedgetui.simulation.mt5.path import Push
from hedgetui.simulation.streams import stream
from tests.mt5sim.bench import BUY, FRIDAY, SELL, START, Bench, netting


def only(items):
    assert len(items) == 1
    return items[0]


def test_an_order_opens_at_the_touch_and_its_result_names_the_position():
    bench = Bench()
    tick = bench.terminal.symbol_info_tick("XAUUSD")
    result = bench.deal("XAUUSD", BUY, 0.40, sl=2600.0, magic=77, comment="hello")
    held = only(bench.positions())
    assert (result.retcode, result.price, result.volume) == (Ret.DONE, tick.ask, 0.40)
    assert (held.ticket, held.identifier) == (result.order, result.order)
    assert (held.volume, held.sl, held.magic, held.comment) == (0.40, 2600.0, 77, "hello")
    assert held.price_current == tick.bid
    assert held.profit == pytest.approx((tick.bid - tick.ask) * 100 * 0.40, abs=0.005)
    entry = only(bench.deals(held.identifier))
    assert (entry.ticket, entry.entry, entry.reason) == (result.deal, DealEntry.IN, 3)


def test_on_a_hedging_account_an_opposite_order_stands_beside_the_first():
    bench = Bench()
    one = bench.deal("XAUUSD", BUY, 0.40).order
    bare = bench.terminal.account_info().margin
    other = bench.deal("XAUUSD", SELL, 0.20).order
    assert [(p.ticket, p.type, p.volume) for p in bench.positions()] == [
        (one, BUY, 0.40), (other, SELL, 0.20),
    ]  # fmt: skip
    assert bench.terminal.account_info().margin < bare  # covered volume binds less


def test_a_part_is_closed_by_naming_the_position():
    bench = Bench()
    ticket = bench.deal("XAUUSD", BUY, 0.40).order
    bench.wait(600)
    bench.deal("XAUUSD", SELL, 0.15, position=ticket)
    assert only(bench.positions()).volume == 0.25
    bench.deal("XAUUSD", SELL, 0.25, position=ticket)
    assert bench.positions() == ()
    assert [deal.entry for deal in bench.deals(ticket)] == [0, 1, 1]
    assert [deal.volume for deal in bench.deals(ticket)] == [0.40, 0.15, 0.25]


def test_two_positions_close_each_other_at_one_spread_less():
    bench = Bench()
    long, short = bench.deal("XAUUSD", BUY, 0.40), bench.deal("XAUUSD", SELL, 0.15)
    balance = bench.terminal.account_info().balance
    result = bench.close_by(long.order, short.order)
    assert result.retcode == Ret.DONE
    assert only(bench.positions()).volume == 0.25
    pair = [bench.deals(order)[-1] for order in (long.order, short.order)]
    assert [deal.entry for deal in pair] == [DealEntry.OUT_BY, DealEntry.OUT_BY]
    earned = round((short.price - long.price) * 100 * 0.15, 2)
    assert bench.terminal.account_info().balance == pytest.approx(balance + earned)


@pytest.mark.parametrize(
    ("volume", "left", "entry"),
    [(0.10, (BUY, 0.30), 1), (0.40, None, 1), (0.55, (SELL, 0.15), 2)],
)
def test_on_a_netting_account_an_opposite_order_reduces_closes_or_reverses(volume, left, entry):
    bench = netting()
    ticket = bench.deal("XAUUSD", BUY, 0.40, sl=2600.0).order
    result = bench.deal("XAUUSD", SELL, volume)
    held = bench.positions()
    assert [(p.type, p.volume) for p in held] == ([left] if left else [])
    assert bench.deals(ticket)[-1].entry == entry
    if entry == DealEntry.INOUT:
        assert held[0].identifier == ticket  # the same position
        assert held[0].ticket == result.order != ticket  # under another ticket
        assert held[0].sl == 0.0


def test_a_stop_sent_with_a_netting_order_overwrites_the_positions_own():
    bench = netting()
    bench.deal("XAUUSD", BUY, 0.40, sl=2600.0)
    bench.deal("XAUUSD", BUY, 0.10, sl=2611.0)
    assert only(bench.positions()).sl == 2611.0


@pytest.mark.parametrize("mode", [MarginMode.NETTING, MarginMode.EXCHANGE])
@pytest.mark.parametrize("seed", range(4))
def test_a_netting_account_never_holds_two_positions_of_a_symbol(mode, seed):
    bench, random = Bench(mode=mode, balance=1e6), stream(seed)
    for _ in range(60):
        symbol = random.choice(["XAUUSD", "EURUSD"])
        held = bench.positions(symbol)
        position = held[0].ticket if held and random.random() < 0.3 else 0
        bench.deal(symbol, random.randrange(2), random.randrange(1, 40) / 100, position=position)
        bench.wait(random.randrange(900))
        for name in ("XAUUSD", "EURUSD"):
            assert len(bench.positions(name)) <= 1
    signed = sum(
        (1 if deal.type == BUY else -1) * Decimal(str(deal.volume))
        for deal in bench.terminal.history_deals_get(0, 2e9)
        if deal.symbol == "XAUUSD"
    )
    held = bench.positions("XAUUSD")
    volume = Decimal(str(held[0].volume)) * (1 if held[0].type == BUY else -1) if held else 0
    assert signed == volume


@pytest.mark.parametrize("seed", range(4))
def test_the_money_adds_up(seed):
    bench, random = Bench("demo", seed=seed), stream(seed)
    for _ in range(50):
        symbol = random.choice(["XAUUSD", "USDJPY", "BTCUSD", "EURUSD"])
        side, volume = random.randrange(2), random.randrange(1, 30) / 100
        held = bench.positions(symbol)
        if held and random.random() < 0.5:
            bench.deal(symbol, 1 - held[0].type, held[0].volume, position=held[0].ticket)
        else:
            bench.deal(symbol, side, volume)
        bench.wait(random.randrange(30_000))
    account = bench.terminal.account_info()
    deals = bench.terminal.history_deals_get(0, 2e9)
    booked = sum(deal.profit + deal.commission + deal.swap for deal in deals)
    assert account.balance == pytest.approx(booked, abs=0.005)
    floating = sum(p.profit + p.swap for p in bench.positions())
    assert account.equity == pytest.approx(account.balance + floating, abs=0.005)
    assert account.margin_free == pytest.approx(account.equity - account.margin, abs=0.005)
    assert any(deal.swap for deal in deals)
    assert any(deal.commission for deal in deals)


def test_yen_are_counted_as_dollars():
    bench = Bench()
    ticket = bench.deal("USDJPY", BUY, 1.0).order
    bench.control.push("USDJPY", 0.004, 60)
    bench.wait(120)
    held = only(bench.positions())
    moved = (held.price_current - held.price_open) * 100_000 / held.price_current
    assert held.profit == pytest.approx(moved, rel=1e-3)
    assert bench.terminal.symbol_info("USDJPY").trade_tick_value == pytest.approx(0.65, abs=0.02)
    assert bench.terminal.account_info().margin == pytest.approx(1_000.0)
    assert ticket


def test_a_stop_fires_between_two_looks_at_its_tick_and_with_the_gap():
    fall = Push("XAUUSD", 600.0, 20.0, -0.004)
    bench = Bench(pushes=(fall,))
    stop = bench.venue.markets["XAUUSD"].terms.rounded(2_641.00)
    ticket = bench.deal("XAUUSD", BUY, 0.40, sl=stop).order
    bench.wait(7_200)  # nobody looked meanwhile
    assert bench.positions() == ()
    close = bench.deals(ticket)[-1]
    ticks = bench.venue.markets["XAUUSD"].window(START, START + 7_200)
    first = int((ticks.bid <= stop).argmax())
    assert close.reason == DealReason.STOP_LOSS
    assert close.price == ticks.bid[first] <= stop
    assert bench.terminal.utc(close.time) == ticks.at[first]
    assert close.comment == "[sl 2641.00]"


def test_a_stop_fires_the_same_whether_or_not_somebody_looks():
    fall = Push("XAUUSD", 30.0, 900.0, -0.01)
    results = []
    for step in (5, 61, 3_600):
        bench = Bench(pushes=(fall,))
        ticket = bench.deal("XAUUSD", SELL, 0.40, sl=2_690.0, tp=2_630.0).order
        for _ in range(7_200 // step):
            bench.wait(step)
        results.append(bench.deals(ticket)[-1])
    assert results[0] == results[1] == results[2]
    assert results[0].reason == DealReason.TAKE_PROFIT
    assert results[0].price == 2_630.0


def test_without_margin_the_broker_closes_what_loses_most():
    bench = Bench(balance=6_000.0, pushes=(Push("XAUUSD", 60.0, 600.0, -0.05),))
    gold, euro = bench.deal("XAUUSD", BUY, 0.40).order, bench.deal("EURUSD", BUY, 0.10).order
    bench.wait(3_600)
    out = bench.deals(gold)[-1]
    assert out.reason == DealReason.STOP_OUT
    assert only(bench.positions()).ticket == euro


def test_a_night_costs_swap_three_times_on_wednesday():
    bench = Bench(start=parse_utc("2025-11-18T14:00:00Z"))
    bench.deal("EURUSD", BUY, 1.0)
    bench.wait(86_400)
    one = only(bench.positions()).swap
    bench.wait(86_400)
    assert one == pytest.approx(-7.1)
    assert only(bench.positions()).swap == pytest.approx(4 * one)


def test_a_broker_that_reopens_over_night_changes_the_ticket_only():
    bench = Bench()
    ticket = bench.deal("EURUSD", BUY, 1.0).order
    bench.control.swap_reopen = True
    bench.wait(86_400)
    held = only(bench.positions())
    assert held.ticket != ticket
    assert held.identifier == ticket
    assert bench.deal("EURUSD", SELL, 1.0, position=ticket).retcode == Ret.POSITION_CLOSED
    assert bench.deal("EURUSD", SELL, 1.0, position=held.ticket).retcode == Ret.DONE
    assert bench.deals(ticket)[-1].entry == DealEntry.OUT


def test_over_the_weekend_nothing_trades_but_crypto():
    bench = Bench(start=FRIDAY)
    bench.deal("EURUSD", BUY, 0.10)
    bench.wait(86_400)
    assert bench.deal("EURUSD", SELL, 0.10).retcode == Ret.MARKET_CLOSED
    assert bench.deal("BTCUSD", BUY, 0.10).retcode == Ret.DONE
    frozen = bench.terminal.symbol_info_tick("EURUSD")
    bench.wait(3_600)
    assert bench.terminal.symbol_info_tick("EURUSD") == frozen


def test_hands_act_by_plan_also_when_nobody_asked_for_hours():
    bench = Bench("dtms-day")
    bench.wait(5 * 3_600)
    by_hand = [deal for deal in bench.terminal.history_deals_get(0, 2e9) if deal.symbol == "EURUSD"]
    assert [(deal.entry, deal.magic, deal.reason) for deal in by_hand] == [(0, 0, 0), (1, 0, 0)]
    assert [bench.terminal.utc(deal.time) - START for deal in by_hand] == [1_800, 14_400]


def test_a_plan_waits_for_its_market():
    bench = Bench("demo", start=parse_utc("2025-11-22T12:00:00Z"))
    assert {p.symbol for p in bench.positions()} == {"BTCUSD"}
    bench.wait(2 * 86_400)
    opened = {p.symbol: bench.terminal.utc(p.time) for p in bench.positions()}
    assert opened["EURUSD"] == parse_utc("2025-11-23T22:00:00Z")
    assert opened["XAUUSD"] == parse_utc("2025-11-23T23:00:00Z")
