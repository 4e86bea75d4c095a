"""The simulated exchange keeps a broker's promises: order by order, cent by cent, after a kill."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgetui.domain.errors import BrokerUnreachable, DataError, StoreError
from hedgetui.domain.events import LinkState
from hedgetui.domain.instruments import Kind, leg_keys, parse_key
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side, TimeInForce
from hedgetui.domain.units import Contracts, Timestamp, parse_utc
from hedgetui.ports.broker import (
    BrokerMessage,
    Commission,
    Execution,
    LinkReport,
    OrderEnded,
    OrderListed,
    OrderNotice,
)
from hedgetui.simulation.broker_book import Fees, wire_exec_id
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults, Interval
from hedgetui.simulation.market import Halt, MarketTerms, seeded_market
from hedgetui.simulation.matching import FillModel
from hedgetui.simulation.price_path import Move, PathParameters

START = parse_utc("2025-11-19T14:31:00Z")
MES = "MES 202512"
CALL = "XSP 20251219 540 C"
PUT = "XSP 20251219 530 P"


@dataclass
class Desk:
    """An exchange with a client on it."""

    exchange: Exchange
    heard: list[BrokerMessage] = field(default_factory=list)
    session: int = 0

    def attach(self) -> int:
        self.session = self.exchange.attach(self.heard.append)
        return self.session

    def wait(self, seconds: float) -> None:
        self.exchange.advance(Timestamp(self.exchange.at + seconds))

    def submit(self, key: str, draft: OrderDraft, wait: float = 1.0) -> None:
        self.exchange.submit(self.session, key, draft)
        self.wait(wait)

    def of(self, kind: type, key: str | None = None) -> list:
        found = [one for one in self.heard if isinstance(one, kind)]
        return [one for one in found if key is None or one.client_key == key]

    @property
    def positions(self) -> dict[str, int]:
        return dict(self.exchange.truth(self.exchange.at).positions)


def desk(
    *,
    seed: int = 1,
    start: Timestamp = START,
    parameters: PathParameters | None = None,
    terms: MarketTerms | None = None,
    **options: object,
) -> Desk:
    market = seeded_market(seed, start=start, parameters=parameters, terms=terms)
    made = Desk(Exchange(market, seed=seed, **options))
    made.attach()
    return made


def order(
    key: str,
    signed: int,
    *,
    limit: str | None = None,
    tif: TimeInForce = TimeInForce.DAY,
    good_till: float | None = None,
) -> OrderDraft:
    return OrderDraft(
        Purpose.HEDGE,
        key,
        Side.of(signed),
        Contracts(abs(signed)),
        OrderType.MARKET if limit is None else OrderType.LIMIT,
        tif,
        None if limit is None else Decimal(limit),
        None if good_till is None else Timestamp(good_till),
    )


def test_a_market_order_is_listed_filled_at_the_touch_and_charged_in_that_order():
    one = desk()
    quote = one.exchange.board.quote(MES)
    one.submit("A", order(MES, -5), wait=0.9)
    listed, execution, commission = one.heard
    assert listed == OrderListed("A", "1000001", Contracts(0))
    assert isinstance(execution, Execution)
    assert (execution.side, execution.quantity) == (Side.SELL, 5)
    assert execution.price == Decimal(str(quote.bid))
    assert START < execution.at < START + 0.1
    assert commission == Commission(execution.exec_id, Decimal("1.25"))
    assert wire_exec_id(execution) == f"{execution.exec_id}.01"
    assert one.positions == {MES: -5}
    assert one.exchange.cash == Decimal("99998.75")


def test_latency_comes_before_every_answer():
    one = desk()
    one.exchange.submit(one.session, "A", order(MES, 1))
    one.wait(0.014)
    assert one.exchange.truth(one.exchange.at).open_orders == ()
    assert one.positions == {}
    one.wait(0.001)
    assert one.heard == []


def test_a_key_trades_once_and_the_second_is_told_103():
    one = desk()
    one.submit("A", order(MES, -2))
    one.submit("A", order(MES, -2))
    assert one.positions == {MES: -2}
    assert one.of(OrderNotice) == [OrderNotice("A", 103, "Duplicate order id")]
    assert len(one.of(Execution)) == 1


def test_a_long_option_is_paid_in_full_and_sold_back():
    one = desk(fees=Fees(option=Decimal("0.65")))
    ask = Decimal(str(one.exchange.board.quote(CALL).ask))
    one.submit("A", order(CALL, 2))
    assert one.exchange.cash == 100_000 - 2 * 100 * ask - Decimal("1.30")
    one.submit("B", order(CALL, -2))
    bid = one.of(Execution, "B")[0].price
    assert one.positions == {}
    assert one.exchange.cash == 100_000 + 200 * (bid - ask) - Decimal("2.60")


def test_a_future_turns_into_cash_first_in_first_out():
    one = desk()
    prices = []
    for key, signed in (("A", 2), ("B", 1), ("C", -2), ("D", -3)):
        one.submit(key, order(MES, signed), wait=30)
        prices.append(one.of(Execution, key)[0].price)
    a, b, c, d = prices
    realised = 5 * (2 * (c - a) + (d - b))
    assert one.exchange.cash == 100_000 + realised - Decimal("2.00")
    assert one.positions == {MES: -2}


def test_a_limit_waits_for_its_price_and_then_gets_it():
    one = desk()
    bid = Decimal(str(one.exchange.board.quote(MES).bid))
    one.submit("A", order(MES, 1, limit=str(bid - 3)))
    assert one.of(Execution) == []
    (open_order,) = one.exchange.truth(one.exchange.at).open_orders
    assert (open_order.client_key, open_order.signed_remaining) == ("A", 1)
    one.wait(3_600)
    (execution,) = one.of(Execution)
    assert execution.price <= bid - 3


def test_a_limit_at_mid_is_filled_by_patience_at_its_own_price():
    waits = []
    for seed in range(12):
        one = desk(seed=seed)
        quote = one.exchange.board.quote(CALL)
        mid = f"{quote.mid:.2f}"
        one.submit("A", order(CALL, 1, limit=mid), wait=120)
        if fills := one.of(Execution):
            assert fills[0].price <= Decimal(mid)
            waits.append(fills[0].at - START)
    assert len(waits) >= 8
    assert max(waits) > 1


def test_an_immediate_order_trades_now_or_ends():
    one = desk()
    one.submit("A", order(MES, 1, limit="5000.00", tif=TimeInForce.IMMEDIATE))
    (ended,) = one.of(OrderEnded)
    assert (ended.client_key, ended.rejected) == ("A", False)
    one.submit("B", order(MES, 1, limit="6000.00", tif=TimeInForce.IMMEDIATE))
    assert one.positions == {MES: 1}


def test_a_good_till_order_ends_at_its_moment():
    one = desk()
    one.submit(
        "A",
        order(MES, 1, limit="5000.00", tif=TimeInForce.GOOD_TILL, good_till=START + 30),
        wait=29,
    )
    assert one.of(OrderEnded) == []
    one.wait(2)
    assert one.of(OrderEnded)[0].reason == "good-till time reached"


@pytest.mark.parametrize(
    ("key", "close"), [(CALL, "2025-11-19T21:15:00Z"), (MES, "2025-11-19T22:00:00Z")]
)
def test_a_day_order_ends_with_its_own_session(key: str, close: str):
    one = desk()
    limit = "0.01" if key == CALL else "5000.00"
    one.submit("A", order(key, 1, limit=limit))
    one.exchange.advance(Timestamp(parse_utc(close) - 1))
    assert one.of(OrderEnded) == []
    one.exchange.advance(Timestamp(parse_utc(close) + 1))
    assert one.of(OrderEnded)[0].reason == "end of the trading day"


def test_partial_fills_add_up_and_an_immediate_rest_is_cancelled():
    one = desk(fills=FillModel(partial_rate=1.0))
    one.submit("A", order(MES, -5), wait=60)
    fills = one.of(Execution, "A")
    assert len(fills) > 1
    assert sum(fill.quantity for fill in fills) == 5
    assert one.positions == {MES: -5}
    one.submit("B", order(MES, -5, limit="5000.00", tif=TimeInForce.IMMEDIATE))
    (partly,) = one.of(Execution, "B")
    assert 0 < partly.quantity < 5
    (ended,) = one.of(OrderEnded, "B")
    assert not ended.rejected
    done = one.exchange.truth(one.exchange.at).ended_orders[-1]
    assert (done.client_key, done.filled, done.rejected) == ("B", partly.quantity, False)


def test_cancel_has_four_answers():
    one = desk()
    one.submit("A", order(MES, 1, limit="5000.00"))
    one.exchange.cancel(one.session, "A")
    one.wait(1)
    assert one.of(OrderEnded, "A")[0].rejected is False
    assert one.of(OrderNotice, "A")[0].code == 202
    for key in ("A", "nobody"):
        one.exchange.cancel(one.session, key)
    one.wait(1)
    assert one.of(OrderNotice, "A")[1].code == 10148
    assert one.of(OrderNotice, "nobody")[0].code == 135
    one.submit("B", order(MES, 1))
    one.exchange.cancel(one.session, "B")
    one.wait(1)
    assert one.of(OrderNotice, "B")[0].code == 10148
    assert one.positions == {MES: 1}


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (order("XSP 20251219 541.5 C", 1), "not listed"),
        (order("SPX 20251219 5400 C", 1), "XSP options only"),
        (order("nonsense", 1), "is not an instrument key"),
        (order(MES, 1, limit="5400.10"), "not a multiple of 0.25"),
        (order(MES, 1, limit="-5"), "positive limit price"),
        (order(MES, 1, limit="5400", tif=TimeInForce.GOOD_TILL, good_till=START - 1), "future"),
        (order(MES, 60), "insufficient funds"),
        (order(CALL, 200), "insufficient funds"),
        (OrderDraft(Purpose.HEDGE, MES, Side.BUY, Contracts(0), OrderType.MARKET), "at least 1"),
    ],
)
def test_a_bad_order_is_refused_with_its_reason_and_kept_as_evidence(
    draft: OrderDraft, reason: str
):
    one = desk()
    one.submit("A", draft)
    (ended,) = one.of(OrderEnded)
    assert ended.rejected
    assert reason in ended.reason
    assert one.of(OrderNotice)[0].code == 201
    truth = one.exchange.truth(one.exchange.at)
    assert truth.positions == {}
    assert [(done.client_key, done.rejected) for done in truth.ended_orders] == [("A", True)]


def test_margin_counts_net_futures_premium_and_what_is_working():
    one = desk()
    exchange = one.exchange
    first = exchange.margin(order(MES, -2))
    assert (first.initial_change, first.headroom_after) == (Decimal("4910.00"), Decimal("95090.00"))
    one.submit("A", order(MES, -2))
    assert exchange.margin(order(MES, 2)).initial_change == Decimal("-4910.00")
    assert exchange.margin(order("MES 202603", 2)).initial_change == Decimal("-4910.00")
    ask = Decimal(str(exchange.board.quote(CALL).ask))
    before = exchange.margin(order(MES, 1)).headroom_after
    long_call = exchange.margin(order(CALL, 1))
    assert long_call.initial_change == 0
    assert before - long_call.headroom_after == pytest.approx(
        ask * 100 + Decimal(2455), abs=Decimal("0.01")
    )
    assert exchange.margin(order(CALL, -1)).initial_change > 5_000
    one.submit("B", order(CALL, 3, limit="9.00"))
    assert before - exchange.margin(order(MES, 1)).headroom_after > 2_600


def test_positions_can_be_closed_without_free_money():
    one = desk(cash=Decimal(5_000))
    one.submit("A", order(MES, -2))
    one.submit("B", order(MES, -1))
    assert one.of(OrderEnded, "B")[0].rejected
    one.submit("C", order(MES, 2))
    assert one.positions == {}


def test_what_is_held_can_be_sold_after_the_strikes_have_moved_on():
    fall = PathParameters(spot_vol=0.1, jumps_per_day=0.0, moves=(Move(60.0, 600.0, -0.065),))
    one = desk(parameters=fall)
    key = "XSP 20251219 553 P"
    one.submit("A", order(key, 1))
    one.wait(1_200)
    assert one.exchange.board.refusal(parse_key(key)) == f"{key} is not listed"
    one.submit("B", order(key, 1, limit="0.50"))
    one.submit("C", order(key, -1, limit="30.00"))
    one.wait(30)
    assert not one.of(OrderEnded)
    assert one.of(Execution, "C")


def test_a_halt_refuses_market_orders_and_keeps_limits_waiting():
    one = desk(terms=MarketTerms(halts=(Halt(10.0, 60.0, "news pending"),)))
    one.wait(20)
    one.submit("A", order(MES, 1))
    assert one.of(OrderEnded, "A")[0].reason == (
        "MES is halted until 2025-11-19T14:32:10.000Z (news pending)"
    )
    one.submit("B", order(MES, 1, limit="6000.00"))
    one.submit("C", order(MES, 1, limit="6000.00", tif=TimeInForce.IMMEDIATE))
    assert one.of(OrderEnded, "C")[0].rejected
    assert one.of(Execution) == []
    one.wait(60)
    assert one.positions == {MES: 1}


def test_a_closed_venue_takes_nothing():
    one = desk(start=parse_utc("2025-11-19T21:30:00Z"))
    one.submit("A", order(CALL, 1, limit="1.00"))
    assert "XSP is closed" in one.of(OrderEnded, "A")[0].reason
    one.submit("B", order(MES, 1))
    assert one.positions == {MES: 1}
    one.exchange.advance(parse_utc("2025-11-19T22:10:00Z"))
    one.submit("C", order(MES, 1))
    assert "MES is closed until 2025-11-19T23:00:00.000Z" in one.of(OrderEnded, "C")[0].reason


def test_expired_options_settle_in_cash_and_say_so():
    one = desk(start=parse_utc("2025-11-19T19:00:00Z"))
    call, put = "XSP 20251119 535 C", "XSP 20251119 535 P"
    one.submit("A", order(call, 2))
    one.submit("B", order(put, 2))
    one.submit("R", order(put, 1, limit="0.01"))
    before = one.exchange.cash
    one.exchange.advance(parse_utc("2025-11-19T21:00:01Z"))
    level = Decimal(str(one.exchange.market.level))
    settled = {one.instrument_key: one for one in one.of(Execution, "")}
    assert settled[call].price == max(Decimal(0), level / 10 - 535).quantize(Decimal("0.01"))
    assert settled[put].price == 0
    assert one.positions == {}
    assert one.exchange.cash == before + 200 * settled[call].price
    assert one.of(OrderEnded, "R")[0].reason == f"{put} has expired"


def test_futures_settle_at_the_level():
    one = desk(start=parse_utc("2025-12-19T20:00:00Z"))
    one.submit("A", order("MES 202512", 1))
    paid = one.of(Execution)[0].price
    one.exchange.advance(parse_utc("2025-12-19T21:00:01Z"))
    assert one.positions == {}
    level = one.of(Execution, "")[0].price
    assert one.exchange.cash == 100_000 + 5 * (level - paid) - Decimal("0.25")


def test_a_correction_restates_the_cash_under_the_same_id():
    one = desk()
    one.submit("A", order(MES, 2))
    one.submit("B", order(MES, -2))
    first = one.of(Execution, "A")[0]
    before = one.exchange.cash
    one.exchange.correct(first.exec_id, first.price - 1)
    one.wait(1)
    revised = one.of(Execution, "A")[-1]
    assert (revised.exec_id, revised.revision) == (first.exec_id, 2)
    assert one.exchange.cash == before + 10
    assert one.positions == {}
    with pytest.raises(DataError):
        one.exchange.correct("SIM99999999", Decimal(1))


def test_a_dead_session_hears_nothing_and_the_truth_shows_everything():
    one = desk()
    first = one.session
    one.exchange.submit(first, "A", order(MES, -3))
    one.exchange.detach(first)
    one.wait(5)
    assert one.heard == []
    with pytest.raises(BrokerUnreachable):
        one.exchange.submit(first, "B", order(MES, 1))
    second = one.attach()
    one.wait(5)
    assert second == first + 1
    assert one.heard == []
    truth = one.exchange.truth(one.exchange.at)
    assert truth.positions == {MES: -3}
    assert [execution.client_key for execution in truth.executions] == ["A"]
    assert truth.executions_since == START
    assert truth.session == second


def test_an_outage_drops_the_link_with_orders_under_way_lost_or_not():
    fates = set()
    for seed in range(30):
        one = desk(seed=seed, faults=Faults(outages=(Interval(10.0, 20.0, "reset"),)))
        one.wait(9.99)
        one.exchange.submit(one.session, "A", order(MES, 1))
        one.wait(1)
        assert one.of(LinkReport) == [LinkReport(LinkState.DOWN, "reset", one.session)]
        assert one.of(Execution) == []
        with pytest.raises(BrokerUnreachable, match="reset"):
            one.attach()
        one.wait(20)
        one.attach()
        truth = one.exchange.truth(one.exchange.at)
        fates.add((truth.positions.get(MES, 0), len(truth.ended_orders)))
    assert fates == {(0, 0), (1, 1)}


def test_scripted_faults_happen():
    one = desk(faults=Faults(information_rate=1.0, duplicate_rate=1.0))
    one.submit("A", order(MES, 1))
    assert one.of(OrderNotice)[0].code == 399
    assert one.of(Execution)[0] == one.of(Execution)[1]
    assert one.positions == {MES: 1}
    lossy = desk(faults=Faults(lost_rate=1.0))
    lossy.submit("A", order(MES, 1))
    assert lossy.heard == []
    assert lossy.positions == {MES: 1}
    busy = desk(faults=Faults(reject_rate=1.0))
    busy.submit("A", order(MES, 1))
    assert busy.of(OrderEnded)[0].rejected


ORDERS = st.lists(
    st.tuples(
        st.sampled_from([MES, "MES 202603", CALL, PUT, "XSP 20251121 545 C", f"{PUT} + {CALL}"]),
        st.integers(-4, 4).filter(bool),
        st.sampled_from(["market", "near", "far", "immediate"]),
        st.floats(0.0, 400.0),
        st.sampled_from(["", "cancel", "modify"]),
    ),
    max_size=12,
)


def play(seed: int, orders: list, path: Path | None = None) -> Desk:
    one = desk(
        seed=seed,
        fills=FillModel(partial_rate=0.5),
        fees=Fees(Decimal("0.65")),
        faults=Faults(duplicate_rate=0.3, information_rate=0.3),
        state_path=path,
    )
    for number, (key, signed, style, pause, then) in enumerate(orders):
        quote = one.exchange.board.quote(key)
        tick = parse_key(key).tick
        offset = {"near": 0, "far": -20 * (1 if signed > 0 else -1)}.get(style, 0)
        limit = None
        if style != "market":
            limit = max(tick, Decimal(str(quote.last)) // tick * tick + offset * tick)
        tif = TimeInForce.IMMEDIATE if style == "immediate" else TimeInForce.DAY
        draft = order(key, signed, limit=None if limit is None else str(limit), tif=tif)
        one.submit(f"K{number}", draft, wait=pause)
        if then == "cancel":
            one.exchange.cancel(one.session, f"K{number}")
            one.wait(1)
        elif then == "modify" and limit is not None:
            better = order(key, signed, limit=str(max(tick, limit - offset * tick)))
            one.exchange.modify(one.session, f"K{number}", better)
            one.wait(pause)
    one.wait(5)
    return one


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_000), ORDERS)
def test_the_books_are_exact_and_every_fill_has_an_order(seed: int, orders: list):
    one = play(seed, orders)
    exchange = one.exchange
    truth = exchange.truth(exchange.at)
    positions: dict[str, int] = {}
    paid = Decimal(0)
    drafts = {f"K{n}": (key, signed) for n, (key, signed, *_) in enumerate(orders)}
    legs: dict[str, dict[str, int]] = {}
    for execution in truth.executions:
        ordered, signed = drafts[execution.client_key]
        key = execution.instrument_key
        assert key in leg_keys(ordered)
        assert execution.side is Side.of(signed)
        size = execution.side.sign * execution.quantity
        positions[key] = positions.get(key, 0) + size
        paid += size * execution.price * parse_key(key).multiplier
        done = legs.setdefault(execution.client_key, dict.fromkeys(leg_keys(ordered), 0))
        done[key] += execution.quantity
    assert all(len(set(done.values())) == 1 for done in legs.values()), "a combo trades as one"
    filled = {key: min(done.values()) for key, done in legs.items()}
    assert {key: held for key, held in positions.items() if held} == truth.positions
    assert all(count <= abs(drafts[key][1]) for key, count in filled.items())
    states = {one.client_key: one for one in (*truth.open_orders, *truth.ended_orders)}
    assert set(states) == set(drafts)
    assert {key: one.filled for key, one in states.items() if one.filled} == filled
    # cash + positions at any mark = opening cash - what was paid + what it is worth - fees
    marks = {key: exchange.board.mark(key) for key in truth.positions}
    worth = sum(
        (held * marks[key] * parse_key(key).multiplier for key, held in truth.positions.items()),
        Decimal(0),
    )
    fees = sum((charge.amount for charge in truth.commissions), Decimal(0))
    assert exchange.net_liquidation == 100_000 - paid + worth - fees
    flat_futures = all(parse_key(key).kind is not Kind.FUTURE for key in truth.positions)
    if flat_futures:
        assert truth.cash == 100_000 - paid - fees


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), ORDERS)
def test_same_seed_same_story(seed: int, orders: list):
    first, second = play(seed, orders), play(seed, orders)
    assert first.heard == second.heard
    assert first.exchange.truth(first.exchange.at) == second.exchange.truth(second.exchange.at)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000), ORDERS)
def test_trading_does_not_move_the_market(seed: int, orders: list):
    busy = play(seed, orders)
    idle = seeded_market(seed, start=START)
    idle.step(busy.exchange.at)
    assert busy.exchange.market.state() == idle.state()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1_000), orders=ORDERS, torn=st.integers(0, 40))
def test_a_killed_exchange_comes_back_with_everything_it_told(
    tmp_path_factory: pytest.TempPathFactory, seed: int, orders: list, torn: int
):
    path = tmp_path_factory.mktemp("exchange") / "broker.jsonl"
    one = play(seed, orders, path)
    before = one.exchange.truth(one.exchange.at)
    heard = one.heard
    # killed: no close; a torn line may follow the last whole one
    with path.open("ab") as file:
        file.write(b'{"kind":"execution","execution":{"exec_id":"SIM0'[:torn])
    again = Exchange(seeded_market(seed, start=START), seed=seed, state_path=path)
    after = again.truth(again.at)
    for part in ("positions", "open_orders", "ended_orders", "executions", "commissions", "cash"):
        assert getattr(after, part) == getattr(before, part), part
    told = {one.exec_id for one in heard if isinstance(one, Execution)}
    assert told <= {one.exec_id for one in after.executions}
    assert before.at - 60.001 <= again.at <= before.at
    reference = seeded_market(seed, start=START)
    reference.step(again.at)
    assert again.market.state() == reference.state()
    again.close()
    one.exchange.close()


def test_a_revived_exchange_goes_on_counting_and_refuses_old_keys(tmp_path: Path):
    path = tmp_path / "state" / "broker.jsonl"
    one = desk(state_path=path)
    one.submit("A", order(MES, -2))
    one.submit("L", order(MES, 1, limit="5000.00"))
    one.wait(200)
    again = Desk(Exchange(seeded_market(1, start=START), seed=1, state_path=path))
    assert again.exchange.at >= START + 180
    assert again.attach() == 2
    again.submit("A", order(MES, -2))
    assert again.of(OrderNotice, "A")[0].code == 103
    again.submit("B", order(MES, 1))
    assert again.of(OrderListed, "B")[0].broker_order == "1000003"
    assert again.of(Execution, "B")[0].exec_id == "SIM00000002"
    assert again.positions == {MES: -1}
    again.exchange.advance(parse_utc("2025-11-19T22:00:01Z"))
    assert again.of(OrderEnded, "L")[0].reason == "end of the trading day"
    assert path.stat().st_mode & 0o777 == 0o600
    again.exchange.close()
    one.exchange.close()


@pytest.mark.parametrize("lines_kept", range(1, 12))
def test_a_kill_between_any_two_lines_leaves_a_whole_story(tmp_path: Path, lines_kept: int):
    path = tmp_path / "broker.jsonl"
    one = desk(state_path=path)
    one.submit("R", order("XSP 20251219 541.5 C", 1))
    one.submit("I", order(MES, 1, limit="5000.00", tif=TimeInForce.IMMEDIATE))
    one.submit("M", order(MES, -2))
    one.submit("L", order(MES, 1, limit="5000.00"))
    one.exchange.cancel(one.session, "L")
    one.wait(1)
    one.exchange.close()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:lines_kept]))
    again = Exchange(seeded_market(1, start=START), seed=1, state_path=path)
    again.advance(Timestamp(again.at + 5))
    truth = again.truth(again.at)
    known = {done.client_key: done for done in truth.ended_orders}
    known |= {working.client_key: working for working in truth.open_orders}
    assert set(known) == {
        json.loads(line)["client_key"] for line in lines[:lines_kept] if b'"kind":"order"' in line
    }
    assert {key for key, done in known.items() if getattr(done, "rejected", False)} <= {"R"}
    assert "I" not in {working.client_key for working in truth.open_orders}
    assert truth.positions == ({MES: -2} if "M" in known else {})
    again.close()


def test_an_order_is_in_the_file_before_it_is_told(tmp_path: Path):
    path = tmp_path / "broker.jsonl"
    market = seeded_market(1, start=START)
    exchange = Exchange(market, seed=1, state_path=path)
    seen: list[tuple[str, bool]] = []

    def sink(message: BrokerMessage) -> None:
        records = [json.loads(line) for line in path.read_text().splitlines()]
        if isinstance(message, OrderListed):
            keys = [one["client_key"] for one in records if one["kind"] == "order"]
            seen.append(("order", message.client_key in keys))
        if isinstance(message, Execution):
            ids = [one["execution"]["exec_id"] for one in records if one["kind"] == "execution"]
            seen.append(("execution", message.exec_id in ids))

    session = exchange.attach(sink)
    exchange.submit(session, "A", order(MES, -2))
    exchange.advance(Timestamp(START + 1))
    assert seen == [("order", True), ("execution", True)]
    exchange.close()


def test_the_file_shrinks_at_start_and_a_broken_one_is_refused(tmp_path: Path):
    path = tmp_path / "broker.jsonl"
    one = desk(state_path=path)
    one.submit("A", order(MES, -2))
    one.wait(36_000)
    one.exchange.close()
    long = path.stat().st_size
    Exchange(seeded_market(1, start=START), seed=1, state_path=path).close()
    assert path.stat().st_size < long / 10
    lines = path.read_bytes().splitlines(keepends=True)
    for broken in (b"not json\n", b"[1]\n", b'{"kind":"order"}\n'):
        path.write_bytes(lines[0] + broken + lines[-1])
        with pytest.raises(DataError):
            Exchange(seeded_market(1, start=START), seed=1, state_path=path)


def test_a_full_disk_is_an_error_and_not_a_lost_order(tmp_path: Path):
    path = tmp_path / "broker.jsonl"
    exchange = Exchange(seeded_market(1, start=START), seed=1, state_path=path)
    session = exchange.attach([].append)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, exchange._book._store._file)
    os.close(full)
    exchange.submit(session, "A", order(MES, 1))
    for second in (1, 120):
        with pytest.raises(StoreError, match="cannot write"):
            exchange.advance(Timestamp(START + second))
    assert exchange.truth(exchange.at).positions == {}
    exchange.close()


def test_the_chain_and_history_come_with_the_exchange():
    one = desk()
    one.exchange.advance(Timestamp(START + 5))
    chain = one.exchange.board.snapshot()
    assert chain.at == START + 5
    assert chain.expiries[0].expiry == date(2025, 11, 19)
    history = one.exchange.volatility_history()
    assert len(history.daily) == 252
    assert history.current == pytest.approx(one.exchange.market.iv30)
