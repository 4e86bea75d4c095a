"""Shares and their options at the exchange: traded, refused, settled, remembered, kept apart."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.instruments import Right, parse_key
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side, TimeInForce
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import Commission, Execution
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults
from hedgetui.simulation.market import Halt, MarketTerms, seeded_market
from hedgetui.simulation.matching import FillModel
from hedgetui.simulation.scenarios import scenario
from hedgetui.simulation.securities import NAMES, OPTIONABLE
from hedgetui.simulation.worlds import exchange_of
from tests.securities.security_floor import MES, START, Floor, at_the_money, floor

NVDA, SPY = "NVDA STK", "SPY STK"
FREE = Fees(option=Decimal(0), share=Decimal(0), least=Decimal(0))


def draft(key: str, signed: int, limit: str) -> OrderDraft:
    return OrderDraft(
        Purpose.TICKET, key, Side.of(signed), Contracts(abs(signed)), OrderType.LIMIT,
        limit_price=Decimal(limit),
    )  # fmt: skip


def test_every_name_is_bought_and_sold_end_to_end() -> None:
    it = floor(fees=FREE)
    keys = [f"{symbol} STK" for symbol in NAMES]
    keys += [at_the_money(it.board, symbol) for symbol in OPTIONABLE]
    opening, spent = it.exchange.cash, Decimal(0)
    for n, key in enumerate(keys):
        it.send(f"B{n}", key, 2)
        ((bought, paid),) = it.fills(f"B{n}")
        assert bought == 2
        it.send(f"S{n}", key, -2)
        ((_, got),) = it.fills(f"S{n}")
        assert got < paid
        spent += 2 * (paid - got) * (1 if key.endswith("STK") else 100)
    assert it.positions == {}
    assert it.exchange.cash == opening - spent


@pytest.mark.parametrize(
    ("key", "quantity", "fee"),
    [(NVDA, 10, "0.35"), (NVDA, 200, "1.000"), ("option", 3, "1.95")],
)
def test_a_share_costs_half_a_cent_and_a_fill_at_least_35(key, quantity, fee) -> None:
    it = floor(fees=Fees(option=Decimal("0.65")))
    it.send("K", at_the_money(it.board, "TLT") if key == "option" else key, quantity)
    assert [one.amount for one in it.heard if isinstance(one, Commission)] == [Decimal(fee)]


def test_half_of_long_shares_is_margin_and_one_and_a_half_of_short_ones() -> None:
    it = floor(fees=FREE, cash=Decimal(10_000))
    assert it.exchange.margin(draft(NVDA, 100, "130.00")).initial_change == 6_500
    assert it.exchange.margin(draft(NVDA, 100, "130.00")).headroom_after == 3_500
    short = it.exchange.margin(draft(NVDA, -100, "130.00"))
    assert (short.initial_change, short.headroom_after) == (19_500, 3_500)
    it.send("TOO MUCH", NVDA, 160)
    assert "insufficient funds" in it.end("TOO MUCH")
    it.send("LONG", NVDA, 150)
    assert it.positions == {NVDA: 150}
    assert it.exchange.cash < 0, "half of it is borrowed"
    it.send("OUT", NVDA, -150)
    it.send("SHORT", NVDA, -150)
    assert it.positions == {NVDA: -150}
    it.send("MORE", NVDA, -20)
    assert "insufficient funds" in it.end("MORE")
    it.send("BACK", NVDA, 150)
    assert it.positions == {}


def test_a_short_option_is_margined_on_its_own_underlying() -> None:
    it = floor()
    put = at_the_money(it.board, "NVDA", Right.PUT)
    mark = it.exchange.board.mark(put)
    margin = it.exchange.margin(draft(put, -1, "8.00")).initial_change
    assert margin == (mark + Decimal("0.20") * 130) * 100
    vix = at_the_money(it.board, "VIX")
    spot = it.exchange.board.mark("VIX")
    margin = it.exchange.margin(draft(vix, -1, "3.00")).initial_change
    assert margin == (it.exchange.board.mark(vix) + Decimal("0.20") * spot) * 100


def test_orders_are_refused_with_the_reason() -> None:
    it = floor()
    it.send("V", "VIX", 1)
    it.send("F", "FORD STK", 1)
    it.send("U", "NVDA 20260220 131 C", 1)
    it.send("X", "SPX 20251219 5400 C", 1)
    assert it.end("V") == "VIX cannot be traded: it is an index"
    assert it.end("F") == "FORD STK is not listed"
    assert it.end("U") == "NVDA 20260220 131 C is not listed"
    assert it.end("X") == "this market lists XSP options only"


def test_closed_hours_take_no_order_and_a_halt_takes_what_can_wait() -> None:
    closed = floor(start="2025-11-19T22:30:00Z")
    closed.send("K", NVDA, 1)
    assert closed.end("K") == (
        "NVDA is closed until 2025-11-20T14:30:00.000Z (outside regular hours)"
    )
    halted = floor(terms=MarketTerms(halts=(Halt(5.0, 60.0, "news pending"),)))
    put = at_the_money(halted.board, "QQQ", Right.PUT)
    halted.exchange.advance(Timestamp(START + 10.0))
    halted.send("NOW", put, 1, tif=TimeInForce.IMMEDIATE)
    assert "QQQ is halted" in halted.end("NOW")
    halted.send("WAIT", put, 1, limit_price=Decimal(30))
    assert halted.fills("WAIT") == []
    halted.exchange.advance(Timestamp(START + 80.0))
    assert len(halted.fills("WAIT")) == 1


def test_a_resting_order_ends_with_the_day_and_shares_never_settle() -> None:
    it = floor(tick_s=30.0)
    it.send("K", NVDA, 1)
    it.send("R", NVDA, -1, off=40.0)
    it.until("2025-11-19T21:14:59Z")
    assert it.end("R") == ""
    it.until("2025-11-24T15:00:00Z")
    assert it.end("R") == "end of the trading day"
    assert it.positions == {NVDA: 1}


def test_expired_options_become_their_intrinsic_value_in_cash() -> None:
    it = floor(start="2025-11-21T20:00:00Z", fees=FREE)
    board = it.board
    strikes = {symbol: board.listing(symbol)[0] for symbol in ("TLT", "NVDA")}
    held = {
        f"TLT {strikes['TLT'][0]:%Y%m%d} {int(strikes['TLT'][1][0])} C": 2,
        f"NVDA {strikes['NVDA'][0]:%Y%m%d} {int(strikes['NVDA'][1][0])} P": 1,
    }
    for n, key in enumerate(held):
        it.send(f"K{n}", key, held[key], limit_price=Decimal(50))
    before = it.exchange.cash
    it.until("2025-11-21T21:00:01Z")
    settled = Decimal(str(round(it.board.prices.price("TLT"), 2)))
    assert it.positions == {}
    inside = settled - int(strikes["TLT"][1][0])
    assert it.exchange.cash - before == pytest.approx(2 * 100 * inside, abs=20)


def story(*, securities: bool, looks: bool = False) -> list[tuple[object, ...]]:
    it = floor(
        fills=FillModel(partial_rate=0.6), faults=Faults(reject_rate=0.2, information_rate=0.3)
    )
    call = at_the_money(it.board, "NVDA")
    for n in range(25):
        it.send(f"M{n}", MES, 4 if n % 2 else -4, off=0.25)
        if securities:
            it.send(f"K{n}", call if n % 3 else SPY, -5 if n % 2 else 5)
        if looks:
            look = it.exchange.volatility_history
            it.exchange.ask(it.session, look, lambda _: None, aside=True)
        it.exchange.advance(Timestamp(START + 30.0 * (n + 1)))
    if securities:
        assert any(it.fills(f"K{n}") for n in range(25))
    told: list[tuple[object, ...]] = [
        (one.client_key, one.quantity, one.price, one.at)
        for one in it.heard
        if isinstance(one, Execution) and one.client_key.startswith("M")
    ]
    assert len(told) > 10
    ends = [(f"M{n}", it.end(f"M{n}")) for n in range(25)]
    return [*told, *ends, (it.exchange.market.level, it.exchange.board.quote(MES).bid)]


def test_neither_trading_securities_nor_looking_at_them_changes_the_index_and_its_fills() -> None:
    plain = story(securities=False)
    assert story(securities=True) == plain
    assert story(securities=False, looks=True) == plain


def test_an_account_opens_with_its_holdings_and_keeps_them_over_a_kill(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    held = {NVDA: 60, "NVDA 20260220 130 P": 2, "XSP 20251219 520 P": -1}
    first = floor(state_path=state, holdings=held)
    assert first.positions == held
    assert first.exchange.cash == 100_000
    assert first.exchange.net_liquidation > 100_000 + 60 * 129
    first.send("S", NVDA, -20)
    first.exchange.book.close()
    second = floor(state_path=state, holdings={SPY: 1})
    assert second.positions == held | {NVDA: 40}
    second.exchange.book.close()
    third = floor(state_path=state)
    assert third.positions == held | {NVDA: 40}
    assert third.exchange.book.opening == held


def test_an_account_that_opened_with_nothing_stays_so(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    floor(state_path=state).exchange.book.close()
    assert floor(state_path=state, holdings={SPY: 1}).positions == {}


@pytest.mark.parametrize("key", ["MES 202512", "FORD STK", "FORD 20260220 10 C", "VIX"])
def test_an_account_cannot_open_with_what_has_no_price_or_no_past(key: str) -> None:
    with pytest.raises(DataError, match=f"cannot open with {key}"):
        Exchange(seeded_market(1, start=START), holdings={key: 1})


def world(portfolio: str) -> Floor:
    return Floor(
        exchange_of(
            scenario("calm"), seed=7, start=START, tick_s=1.0, fees=Fees(), portfolio=portfolio
        )
    )


def test_a_portfolio_by_name_opens_on_listed_contracts_that_can_be_sold() -> None:
    for name in ("short", "long", "balanced"):
        it = world(name)
        held = it.positions
        assert len(held) >= 5
        for n, (key, quantity) in enumerate(held.items()):
            assert it.exchange.board.securities.refusal(parse_key(key)) == ""
            it.send(f"K{n}", key, -quantity, limit_price=Decimal("0.01"))
        assert it.positions == {}
    assert world("none").positions == {}
    with pytest.raises(UsageError, match="unknown portfolio 'lonng'"):
        world("lonng")
