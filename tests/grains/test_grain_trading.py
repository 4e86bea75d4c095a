"""Grain futures at the exchange: filled, refused, settled, remembered; nobody else notices."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side, TimeInForce
from hedgetui.domain.units import Contracts, Timestamp, parse_utc
from hedgetui.ports.broker import BrokerMessage, Execution, VenueReport
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults
from hedgetui.simulation.market import Halt, MarketTerms, seeded_market
from hedgetui.simulation.matching import FillModel
from hedgetui.simulation.price_path import Move, PathParameters
from hedgetui.simulation.virtual_loop import run_virtual
from tests.securities.security_floor import Floor, floor

START = parse_utc("2025-11-19T14:31:00Z")
CORN, BEANS, MES = "ZC 202603", "ZS 202603", "MES 202512"


def desk(**options: object) -> Floor:
    """Return the exchange with a client who hedges on it."""
    return floor(purpose=Purpose.HEDGE, **options)


def test_a_limit_at_the_touch_trades_at_once_and_a_cent_is_fifty_dollars() -> None:
    it = desk(fees=Fees(future=Decimal(0)))
    opening = it.exchange.cash
    it.send("S", CORN, -3)
    ((sold, high),) = it.fills("S")
    assert sold == 3
    assert it.positions == {CORN: -3}
    it.until("2025-11-19T16:00:00Z")
    it.send("B", CORN, 3)
    ((_, low),) = it.fills("B")
    assert it.exchange.cash - opening == 3 * (high - low) * 50
    assert it.positions == {}


def test_a_limit_fills_in_pieces_that_add_up() -> None:
    it = desk(fills=FillModel(partial_rate=0.8))
    it.send("K", BEANS, -9)
    it.until("2025-11-19T15:31:00Z")
    assert sum(quantity for quantity, _ in it.fills("K")) == 9
    assert len(it.fills("K")) > 1


def test_a_resting_order_outlives_the_morning_pause_and_ends_with_the_trading_day() -> None:
    it = desk(start="2025-11-20T01:05:00Z")
    it.send("K", CORN, -1, off=60.0)
    it.until("2025-11-20T19:19:59Z")
    assert it.end("K") == ""
    it.until("2025-11-20T19:20:02Z")
    assert it.end("K") == "end of the trading day"
    assert it.positions == {}


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2025-11-19T14:00:00Z", "ZC is closed until 2025-11-19T14:30:00.000Z (pause)"),
        ("2025-11-19T20:00:00Z", "ZC is closed until 2025-11-20T01:00:00.000Z (daily break)"),
        ("2025-11-21T20:00:00Z", "ZC is closed until 2025-11-24T01:00:00.000Z (weekend)"),
    ],
)
def test_a_closed_venue_takes_no_order_and_says_until_when(moment, words) -> None:
    it = desk(start=moment)
    it.send("K", CORN, -1)
    assert it.end("K") == words
    it.send("M", MES, -1)
    assert it.fills("M"), "the index trades meanwhile"


def test_neither_halt_nor_breaker_of_the_index_stops_grains() -> None:
    halted = desk(terms=MarketTerms(halts=(Halt(10.0, 600.0),)))
    fallen = desk(path=PathParameters(moves=(Move(0.0, 300.0, -0.09),)))
    for it in (halted, fallen):
        it.until("2025-11-19T14:37:30Z")
        assert it.exchange.market.halted
        it.send("M", MES, -1, tif=TimeInForce.IMMEDIATE)
        it.send("K", CORN, -2)
        assert it.fills("M") == []
        assert sum(quantity for quantity, _ in it.fills("K")) == 2


@pytest.mark.parametrize(("key", "margin"), [("ZC", 1_200), ("ZW", 2_000), ("ZS", 2_200)])
def test_margin_by_lot_and_an_order_beyond_it_is_refused(key, margin) -> None:
    it = desk(cash=Decimal(30_000))
    contract = f"{key} 202603"
    draft = OrderDraft(
        Purpose.HEDGE, contract, Side.SELL, Contracts(3), OrderType.LIMIT, limit_price=Decimal(400)
    )
    assert it.exchange.margin(draft).initial_change == 3 * margin
    it.send("K", contract, -(30_000 // margin + 1))
    assert "insufficient funds" in it.end("K")


@pytest.mark.parametrize("contract", ["ZC 202601", "ZC 203512", "ZC 202509"])
def test_only_listed_months_trade(contract) -> None:
    it = desk()
    draft = OrderDraft(
        Purpose.HEDGE, contract, Side.SELL, Contracts(1), OrderType.LIMIT, limit_price=Decimal(400)
    )
    it.exchange.submit(it.session, "K", draft)
    it.exchange.advance(Timestamp(it.exchange.at + 1))
    assert it.end("K")
    assert it.positions == {}


def test_a_held_contract_settles_on_its_last_day_at_its_last_price() -> None:
    it = desk(start="2025-12-12T14:31:00Z", fees=Fees(future=Decimal(0)))
    opening = it.exchange.cash
    it.send("K", "ZC 202512", -2)
    ((_, sold),) = it.fills("K")
    it.until("2025-12-12T19:30:00Z")
    last = it.exchange.board.mark("ZC 202512")
    assert it.positions == {"ZC 202512": -2}
    it.until("2025-12-12T21:00:05Z")
    assert it.positions == {}
    assert it.exchange.cash - opening == 2 * (sold - last) * 50


def test_trading_grains_changes_neither_the_index_nor_its_fills() -> None:
    def run(*, grains: bool) -> list[tuple[object, ...]]:
        it = desk(
            fills=FillModel(partial_rate=0.6), faults=Faults(reject_rate=0.2, information_rate=0.3)
        )
        for n in range(30):
            it.send(f"M{n}", MES, 4 if n % 2 else -4, off=0.25)
            if grains:
                it.send(f"K{n}", CORN, -5 if n % 2 else 5)
            it.exchange.advance(Timestamp(START + 30.0 * (n + 1)))
        story: list[tuple[object, ...]] = [
            (one.client_key, one.quantity, one.price, one.at)
            for one in it.heard
            if isinstance(one, Execution) and one.client_key.startswith("M")
        ]
        assert len(story) > 10
        ends = [(f"M{n}", it.end(f"M{n}")) for n in range(30)]
        if grains:
            assert any(it.fills(f"K{n}") for n in range(30))
        return [*story, *ends, (it.exchange.market.level, it.exchange.board.quote(MES).bid)]

    assert run(grains=True) == run(grains=False)


def test_a_killed_exchange_comes_back_to_the_same_prices_orders_and_lots(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    first = desk(state_path=state)
    first.send("S", CORN, -2)
    first.send("R", BEANS, -1, off=100.0)
    first.until("2025-11-19T15:00:00Z")
    first.exchange.book.mark_market()
    sold = first.exchange.board.quotes((CORN, BEANS))
    positions, cash = first.positions, first.exchange.cash
    first.exchange.book.close()
    second = desk(state_path=state)
    assert second.exchange.board.quotes((CORN, BEANS)) == sold
    assert (second.positions, second.exchange.cash) == (positions, cash)
    assert [one.client_key for one in second.exchange.book.open_orders()] == ["R"]
    second.until("2025-11-19T19:20:02Z")
    assert second.end("R") == "end of the trading day"


def test_the_broker_reports_the_venues_of_grains_that_are_asked_for_or_watched() -> None:
    async def play() -> list[VenueReport]:
        clock = LoopClock(parse_utc("2025-11-19T19:19:50Z"))
        market = seeded_market(7, start=clock.now())
        broker = SimulatedBroker(Exchange(market, seed=7), clock)
        heard: list[BrokerMessage] = []
        await broker.connect(heard.append)
        await clock.sleep(1.0)
        await broker.watch(frozenset({CORN, MES}))
        await clock.sleep(1.0)
        await broker.futures("ZS")
        await clock.sleep(20.0)
        await broker.disconnect()
        return [one for one in heard if isinstance(one, VenueReport)]

    reports = run_virtual(play)
    told = [(one.symbol, one.open, one.reason) for one in reports]
    assert told == [
        ("MES", True, ""), ("ZC", True, ""), ("ZS", True, ""),
        ("ZC", False, "daily break"), ("ZS", False, "daily break"),
    ]  # fmt: skip
    assert reports[-1].until == parse_utc("2025-11-20T01:00:00Z")
