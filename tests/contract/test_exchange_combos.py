"""Combos trade as one or not at all, and a working order takes other terms or stays as it was."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.domain.instruments import combo, leg_keys, parse_key
from hedgetui.domain.orders import TimeInForce
from hedgetui.domain.quotes import Quote
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.ports.broker import (
    Commission,
    EndedOrder,
    Execution,
    OpenOrder,
    OrderEnded,
    OrderListed,
    OrderNotice,
)
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults
from hedgetui.simulation.market import MarketTerms, seeded_market
from hedgetui.simulation.matching import FillModel, leg_prices
from hedgetui.simulation.price_path import PathParameters
from tests.contract.test_exchange import CALL, MES, PUT, START, Desk, desk, order

BOTH = combo(parse_key(PUT), parse_key(CALL)).key
WIDE = MarketTerms(spread_factor=6.0)
TODAY = "XSP 20251119 530 P + XSP 20251119 540 C"
STILL = PathParameters(spot_vol=1e-6, jumps_per_day=0.0)


def _market(one: Desk) -> tuple[Decimal, Decimal]:
    quote = one.exchange.board.quote(BOTH)
    return Decimal(str(quote.bid)), Decimal(str(quote.ask))


def _notices(one: Desk, key: str = "A") -> list[int]:
    return [notice.code for notice in one.of(OrderNotice, key)]


def test_a_combo_is_quoted_at_the_sums_of_its_legs():
    board = desk().exchange.board
    put, call = board.quotes((PUT, CALL))
    both = board.quote(BOTH)
    assert (both.key, both.at) == (BOTH, put.at)
    assert both.bid == pytest.approx(put.bid + call.bid, abs=1e-9)
    assert both.ask == pytest.approx(put.ask + call.ask, abs=1e-9)
    assert board.mark(BOTH) == board.mark(PUT) + board.mark(CALL)
    assert [one.key for one in board.greeks((BOTH, PUT))] == [PUT]


def test_a_combo_at_the_touch_trades_both_legs_in_one_moment_and_is_charged_per_leg():
    one = desk(fees=Fees(option=Decimal("0.65")))
    put, call = one.exchange.board.quotes((PUT, CALL))
    _, ask = _market(one)
    one.submit("A", order(BOTH, 3, limit=str(ask + 1)), wait=0.9)
    listed, first, first_fee, second, second_fee = one.heard
    assert isinstance(listed, OrderListed)
    assert isinstance(first, Execution)
    assert isinstance(second, Execution)
    assert [(e.instrument_key, e.quantity, float(e.price)) for e in (first, second)] == [
        (PUT, 3, put.ask), (CALL, 3, call.ask),
    ]  # fmt: skip
    assert first.at == second.at
    assert first_fee == Commission(first.exec_id, Decimal("1.95"))
    assert second_fee == Commission(second.exec_id, Decimal("1.95"))
    assert one.positions == {PUT: 3, CALL: 3}
    assert one.exchange.cash == 100_000 - 300 * ask - Decimal("3.90")
    assert one.exchange.truth(one.exchange.at).ended_orders == (
        EndedOrder("A", "1000001", 3, rejected=False, reason="filled"),
    )


def test_a_resting_combo_is_filled_by_patience_at_its_price_with_legs_inside_their_markets():
    filled = 0
    for seed in range(8):
        one = desk(seed=seed, terms=WIDE, parameters=STILL)
        bid, ask = _market(one)
        limit = (bid + ask) / 2 // Decimal("0.01") * Decimal("0.01")
        one.submit("A", order(BOTH, 2, limit=str(limit)))
        one.wait(120)
        fills = one.of(Execution, "A")
        if not fills:
            (waiting,) = one.exchange.truth(one.exchange.at).open_orders
            assert waiting == OpenOrder("A", "1000001", BOTH, 2, 0)
            continue
        filled += 1
        assert sum(fill.price for fill in fills) <= limit
        assert [fill.instrument_key for fill in fills] == [PUT, CALL]
        assert all(fill.price % Decimal("0.01") == 0 for fill in fills)
    assert filled >= 4


@pytest.mark.parametrize("steps", range(31))
def test_a_price_is_split_on_the_tick_inside_each_legs_market(steps: int):
    quotes = (Quote("P", START, 4.00, 4.05), Quote("C", START, 1.10, 1.35))
    tick, price = Decimal("0.01"), Decimal("5.10") + steps * Decimal("0.01")
    prices = leg_prices(price, quotes, tick)
    assert sum(prices) == price
    for part, quote in zip(prices, quotes, strict=True):
        assert part % tick == 0
        assert Decimal(str(quote.bid)) <= part <= Decimal(str(quote.ask))


def test_a_leg_without_a_bid_trades_at_its_ask():
    quotes = (Quote("P", START, None, 0.02), Quote("C", START, 1.10, 1.35))
    assert leg_prices(Decimal("1.37"), quotes, Decimal("0.01")) == (
        Decimal("0.02"), Decimal("1.35"),
    )  # fmt: skip


def test_parts_of_a_combo_are_whole_units():
    one = desk(fills=FillModel(partial_rate=1.0))
    _, ask = _market(one)
    one.submit("A", order(BOTH, 6, limit=str(ask + 1)), wait=120)
    by_leg = {leg: [f.quantity for f in one.of(Execution, "A") if f.instrument_key == leg]
              for leg in leg_keys(BOTH)}  # fmt: skip
    assert by_leg[PUT] == by_leg[CALL]
    assert len(by_leg[PUT]) > 1
    assert one.positions == {PUT: 6, CALL: 6}


def test_a_combo_is_sold_as_it_is_bought():
    one = desk()
    _, ask = _market(one)
    one.submit("A", order(BOTH, 2, limit=str(ask + 1)))
    bid, _ = _market(one)
    one.submit("B", order(BOTH, -2, limit=str(bid - 1)))
    assert [(f.instrument_key, f.side) for f in one.of(Execution, "B")] == [
        (PUT, "SELL"), (CALL, "SELL"),
    ]  # fmt: skip
    assert one.positions == {}


@pytest.mark.parametrize(
    ("key", "limit", "reason"),
    [
        (BOTH, None, "a combo trades by limit orders only"),
        (BOTH, "8.005", "the price 8.005 is not a multiple of 0.01"),
        ("XSP 20251219 530 P + XSP 20251220 540 C", "8.00", "is not listed"),
        ("XSP 20251219 540 C + XSP 20251219 530 P", "8.00", "the legs belong as"),
        (f"{PUT} + {MES}", "8.00", "a combo needs different options of one root"),
        (BOTH, "5000.00", "insufficient funds"),
    ],
)
def test_a_combo_is_refused_with_its_reason(key: str, limit: str | None, reason: str):
    one = desk()
    one.submit("A", order(key, 1, limit=limit))
    (ended,) = one.of(OrderEnded)
    assert ended.rejected
    assert reason in ended.reason
    assert _notices(one) == [201]
    assert one.positions == {}


def test_a_combo_binds_the_premium_of_all_its_legs_while_it_works():
    one = desk()
    free = one.exchange.margin(order(CALL, 1, limit="0.01")).headroom_after
    one.submit("A", order(BOTH, 10, limit="1.00"))
    left = one.exchange.margin(order(CALL, 1, limit="0.01")).headroom_after
    assert free - left == 1_000
    assert one.exchange.margin(order(BOTH, 1, limit="1.00")).initial_change == 0
    assert one.exchange.margin(order(BOTH, -1, limit="1.00")).initial_change == 0


def test_a_short_combo_needs_the_margin_of_both_legs():
    one = desk()
    put = one.exchange.margin(order(PUT, -1, limit="1.00")).initial_change
    call = one.exchange.margin(order(CALL, -1, limit="1.00")).initial_change
    assert one.exchange.margin(order(BOTH, -1, limit="1.00")).initial_change == put + call


def test_a_combo_still_working_when_a_leg_expires_ends():
    one = desk()
    after = parse_utc("2025-11-21T15:00:00Z")
    draft = order(TODAY, 1, limit="0.01", tif=TimeInForce.GOOD_TILL, good_till=after)
    one.submit("A", draft)
    one.exchange.advance(parse_utc("2025-11-19T20:59:59Z"))
    assert one.of(OrderEnded) == []
    one.exchange.advance(parse_utc("2025-11-19T21:00:01Z"))
    (ended,) = one.of(OrderEnded)
    assert ended.reason == "XSP 20251119 530 P has expired"


def test_the_legs_of_a_combo_settle_one_by_one():
    one = desk()
    one.submit("A", order(TODAY, 1, limit="50.00"))
    assert one.positions == dict.fromkeys(leg_keys(TODAY), 1)
    one.exchange.advance(parse_utc("2025-11-19T21:00:01Z"))
    assert one.positions == {}
    settled = [e for e in one.exchange.truth(one.exchange.at).executions if not e.client_key]
    assert sorted(e.instrument_key for e in settled) == list(leg_keys(TODAY))


def _kept(path: Path, seed: int = 1) -> Desk:
    exchange = Exchange(seeded_market(seed, start=START), seed=seed, state_path=path)
    made = Desk(exchange)
    made.attach()
    return made


def test_a_killed_exchange_remembers_combos_and_other_terms(tmp_path: Path):
    path = tmp_path / "sim.state"
    one = _kept(path)
    _, ask = _market(one)
    one.submit("A", order(BOTH, 2, limit=str(ask + 1)))
    one.submit("B", order(BOTH, 1, limit="1.00"))
    one.exchange.modify(one.session, "B", order(BOTH, 4, limit="1.25"))
    one.wait(1)
    told = one.exchange.truth(one.exchange.at)
    for _ in range(2):  # the second time from the rewritten file
        again = _kept(path).exchange
        truth = again.truth(again.at)
        assert truth.open_orders == told.open_orders == (OpenOrder("B", "1000002", BOTH, 4, 0),)
        assert truth.ended_orders == told.ended_orders
        assert truth.executions == told.executions
        assert truth.cash == told.cash


@pytest.mark.parametrize("lost", range(1, 6))
def test_no_kill_leaves_one_leg_without_the_other(tmp_path: Path, lost: int):
    path = tmp_path / "sim.state"
    one = _kept(path)
    _, ask = _market(one)
    one.submit("A", order(BOTH, 2, limit=str(ask + 1)))
    lines = path.read_bytes().splitlines(keepends=True)
    os.truncate(path, sum(map(len, lines[:-lost])) if lost < len(lines) else 0)
    held = _kept(path).positions
    assert held in ({}, {PUT: 2, CALL: 2})


def test_a_new_price_meets_the_market_at_once_and_keeps_what_is_filled():
    one = desk()
    bid, ask = _market(one)
    one.submit("A", order(BOTH, 2, limit=str(bid - 1)))
    one.heard.clear()
    one.exchange.modify(one.session, "A", order(BOTH, 2, limit=str(ask + 1)))
    assert one.exchange.truth(one.exchange.at).executions == (), "it arrives after the latency"
    one.wait(0.9)
    assert [type(message) for message in one.heard[:2]] == [OrderListed, Execution]
    assert one.positions == {PUT: 2, CALL: 2}
    assert _notices(one) == []


def test_a_new_quantity_counts_what_is_filled():
    one = desk(fills=FillModel(partial_rate=1.0))
    ask = Decimal(str(one.exchange.board.quote(MES).ask))
    one.submit("A", order(MES, 4, limit=str(ask)), wait=0.1)
    (first,) = one.of(Execution, "A")
    assert 0 < first.quantity < 4
    one.exchange.modify(one.session, "A", order(MES, first.quantity, limit=str(ask)))
    one.wait(0.1)
    assert _notices(one) == [201], "nothing would be left"
    one.exchange.modify(one.session, "A", order(MES, 5, limit=str(ask + 20)))
    one.wait(120)
    assert one.positions == {MES: 5}


def test_a_new_end_replaces_the_old_one():
    one = desk()
    soon = order(MES, 1, limit="5000.00", tif=TimeInForce.GOOD_TILL, good_till=START + 30)
    later = order(MES, 1, limit="5000.00", tif=TimeInForce.GOOD_TILL, good_till=START + 90)
    one.submit("A", soon)
    one.exchange.modify(one.session, "A", later)
    one.wait(60)
    assert one.of(OrderEnded) == []
    one.wait(40)
    assert one.of(OrderEnded)[0].reason == "good-till time reached"


def test_an_order_made_immediate_trades_now_or_ends():
    one = desk()
    one.submit("A", order(MES, 1, limit="5000.00"))
    now = order(MES, 1, limit="5000.25", tif=TimeInForce.IMMEDIATE)
    one.exchange.modify(one.session, "A", now)
    one.wait(1)
    (ended,) = one.of(OrderEnded)
    assert (ended.rejected, one.exchange.truth(one.exchange.at).open_orders) == (False, ())


@pytest.mark.parametrize(
    ("wanted", "code", "reason"),
    [
        (order(MES, 1, limit="5000.10"), 110, "not a multiple of 0.25"),
        (order(MES, -1, limit="5000.00"), 105, "does not match the original order"),
        (order(CALL, 1, limit="1.00"), 105, "does not match the original order"),
        (order(MES, 1), 105, "does not match the original order"),
        (order(MES, 60, limit="5000.00"), 201, "insufficient funds"),
        (order(MES, 1, limit="-5.00"), 201, "positive limit price"),
        (order(MES, 1, limit="5000.00", tif=TimeInForce.GOOD_TILL, good_till=START - 1), 201,
         "a moment in the future"),
    ],
)  # fmt: skip
def test_a_refused_change_leaves_the_order_as_it_was(wanted, code: int, reason: str):
    one = desk()
    one.submit("A", order(MES, 1, limit="5000.00"))
    before = one.exchange.truth(one.exchange.at).open_orders
    one.heard.clear()
    one.exchange.modify(one.session, "A", wanted)
    one.wait(1)
    notice, listed = one.heard
    assert isinstance(notice, OrderNotice)
    assert notice.code == code
    assert reason in notice.message
    assert listed == OrderListed("A", "1000001", 0)
    assert one.exchange.truth(one.exchange.at).open_orders == before
    one.exchange.advance(Timestamp(parse_utc("2025-11-19T22:00:01Z")))
    assert one.of(OrderEnded)[0].reason == "end of the trading day"


def test_a_change_does_not_pay_its_margin_twice():
    one = desk()
    most = int(Decimal(100_000) // 2_455)
    one.submit("A", order(MES, most, limit="5000.00"))
    one.exchange.modify(one.session, "A", order(MES, most, limit="5001.00"))
    one.wait(1)
    assert _notices(one) == []


def test_an_order_that_is_done_or_unknown_cannot_be_changed():
    one = desk(faults=Faults())
    one.submit("A", order(MES, 1))
    for key in ("A", "B"):
        one.exchange.modify(one.session, key, order(MES, 2))
    one.wait(1)
    assert _notices(one, "A") == [104]
    assert _notices(one, "B") == [135]
    assert one.positions == {MES: 1}
