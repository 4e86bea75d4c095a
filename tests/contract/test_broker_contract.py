"""What every broker adapter must do, as numbered cases against `BrokerPort` and nothing else.

A case sees a `World`: a broker, a clock and what it heard. `WORLDS` holds one factory per adapter;
an adapter joins by adding its own, and the cases stay as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

import pytest

from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.instruments import Kind, parse_key
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side, TimeInForce
from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.domain.units import Contracts, Timestamp, parse_utc
from hedgetui.ports.broker import (
    BrokerMessage,
    BrokerPort,
    BrokerTruth,
    Commission,
    CommittedOrder,
    Complete,
    Environment,
    Execution,
    Incomplete,
    IndexLevel,
    LinkReport,
    OrderEnded,
    OrderListed,
    OrderNotice,
    VenueReport,
)
from hedgetui.ports.clock import Clock, LoopClock
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults, Interval
from hedgetui.simulation.market import Halt, MarketTerms, seeded_market
from hedgetui.simulation.virtual_loop import run_virtual

START = parse_utc("2025-11-19T14:31:00Z")
ANSWER_S = 3.0


@dataclass(frozen=True)
class Setting:
    """What a world must be able to stage: (seconds after the start, for how long)."""

    outage: tuple[float, float] | None = None
    halt: tuple[float, float] | None = None


@dataclass
class World:
    """A broker under test."""

    broker: BrokerPort
    clock: Clock
    heard: list[BrokerMessage] = field(default_factory=list)
    sent: int = 0

    async def connect(self) -> None:
        await self.broker.connect(self.heard.append)
        await self.until(lambda: self.of(IndexLevel))

    async def until(self, holds: Callable[[], object], seconds: float = ANSWER_S) -> None:
        waited = 0.0
        while not holds():
            assert waited < seconds, f"still not so after {seconds} s; heard {self.heard[-5:]}"
            await self.clock.sleep(0.05)
            waited += 0.05

    def of(self, kind: type, key: str | None = None) -> list:
        named = "key" if kind in {Quote, Greeks} else "client_key"
        found = [one for one in self.heard if isinstance(one, kind)]
        return [one for one in found if key is None or getattr(one, named) == key]

    async def submit(self, key: str, draft: OrderDraft) -> None:
        self.sent += 1
        await self.broker.submit(CommittedOrder(self.sent, key, draft))

    async def trade(self, key: str, draft: OrderDraft) -> Execution:
        await self.submit(key, draft)
        await self.until(lambda: sum(one.quantity for one in self.of(Execution, key)) > 0)
        await self.until(lambda: self.of(Commission))
        return self.of(Execution, key)[0]

    async def truth(self) -> BrokerTruth:
        answer = await self.broker.truth()
        assert isinstance(answer, Complete), answer
        return answer.truth

    async def hedge(self) -> str:
        return (await self.broker.futures("MES"))[0].key

    async def strangle_leg(self) -> str:
        """Return the key of a listed call about a month out, a few points out of the money."""
        chain = await self.broker.chain()
        day = min(one.expiry for one in chain.expiries).toordinal() + 30
        month = min(chain.expiries, key=lambda one: abs(one.expiry.toordinal() - day))
        strike = min(month.strikes, key=lambda one: abs(one - chain.spot * 1.01))
        return f"{chain.root.symbol} {month.expiry:%Y%m%d} {strike:g} C"

    async def watched(self, *keys: str) -> list[Quote]:
        await self.broker.watch(frozenset(keys))
        await self.until(lambda: all(self.of(Quote, key) for key in keys))
        return [self.of(Quote, key)[-1] for key in keys]


def draft(key: str, signed: int, limit: float | None = None, **options: object) -> OrderDraft:
    kind = OrderType.MARKET if limit is None else OrderType.LIMIT
    price = None if limit is None else Decimal(str(limit))
    return OrderDraft(
        Purpose.HEDGE,
        key,
        Side.of(signed),
        Contracts(abs(signed)),
        kind,
        limit_price=price,
        **options,
    )


def sim_world(setting: Setting) -> World:
    clock = LoopClock(START)
    outages = tuple(Interval(*one, "gateway restart") for one in (setting.outage,) if one)
    halts = tuple(Halt(*one, "news pending") for one in (setting.halt,) if one)
    market = seeded_market(7, start=START, terms=MarketTerms(halts=halts))
    exchange = Exchange(market, seed=7, faults=Faults(outages=outages))
    return World(SimulatedBroker(exchange, clock), clock)


WORLDS: dict[str, Callable[[Setting], World]] = {"sim": sim_world}


@dataclass(frozen=True)
class Case:
    """One numbered promise."""

    number: int
    name: str
    play: Callable[[World], Awaitable[None]]
    setting: Setting


BROKER_CASES: list[Case] = []


def case(
    outage: tuple[float, float] | None = None, halt: tuple[float, float] | None = None
) -> Callable[[Callable[[World], Awaitable[None]]], Callable[[World], Awaitable[None]]]:
    def add(play: Callable[[World], Awaitable[None]]) -> Callable[[World], Awaitable[None]]:
        setting = Setting(outage, halt)
        BROKER_CASES.append(Case(len(BROKER_CASES) + 1, play.__name__, play, setting))
        return play

    return add


# Session


@case()
async def ready_is_the_first_word_and_names_the_session(world: World):
    await world.connect()
    first = world.heard[0]
    assert isinstance(first, LinkReport)
    assert first.state is LinkState.READY
    assert first.session >= 1
    assert first.latency is None or first.latency >= 0


@case()
async def the_account_and_its_environment_are_named(world: World):
    await world.connect()
    assert world.broker.account
    assert world.broker.environment in Environment


@case()
async def disconnecting_twice_is_safe_and_ends_all_messages(world: World):
    await world.broker.disconnect()
    await world.connect()
    await world.watched(await world.hedge())
    await world.broker.disconnect()
    await world.broker.disconnect()
    heard = len(world.heard)
    await world.clock.sleep(30)
    assert len(world.heard) == heard


@case()
async def without_a_link_every_question_is_unreachable_or_incomplete(world: World):
    order = CommittedOrder(1, "K", draft("MES 202512", 1))
    for ask in (
        world.broker.chain,
        world.broker.volatility_history,
        lambda: world.broker.futures("MES"),
        lambda: world.broker.submit(order),
        lambda: world.broker.cancel("K"),
        lambda: world.broker.watch(frozenset()),
        lambda: world.broker.margin(order.draft),
    ):
        with pytest.raises(BrokerUnreachable):
            await ask()
    assert isinstance(await world.broker.truth(), Incomplete)


@case()
async def a_new_session_has_a_higher_number_and_replays_nothing(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, -1))
    await world.broker.disconnect()
    first = world.of(LinkReport)[0].session
    world.heard.clear()
    await world.connect()
    await world.clock.sleep(2)
    assert world.of(LinkReport)[0].session > first
    assert world.of(Execution) == []
    assert [one.client_key for one in (await world.truth()).executions] == ["K"]


@case()
async def an_order_sent_just_before_the_end_is_found_in_the_truth(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K", draft(hedge, -2))
    await world.broker.disconnect()
    await world.clock.sleep(5)
    assert world.of(Execution) == []
    await world.connect()
    truth = await world.truth()
    assert truth.positions == {hedge: -2}
    assert truth.session == world.of(LinkReport)[-1].session


@case(outage=(20.0, 30.0))
async def an_outage_is_reported_and_lasts_until_it_ends(world: World):
    await world.connect()
    await world.until(lambda: world.of(LinkReport)[-1].state is LinkState.DOWN, 25)
    assert world.of(LinkReport)[-1].reason
    for _ in range(3):
        with pytest.raises(BrokerUnreachable):
            await world.broker.connect(world.heard.append)
        await world.clock.sleep(5)
    await world.clock.sleep(20)
    await world.connect()
    assert world.of(LinkReport)[-1].state is LinkState.READY
    await world.truth()


@case(outage=(20.0, 30.0))
async def a_truth_cut_short_is_incomplete(world: World):
    await world.connect()
    until = START + 20 - 0.01 - world.clock.now()
    await world.clock.sleep(until)
    answer = await world.broker.truth()
    assert isinstance(answer, Incomplete)
    assert answer.why


@case(outage=(20.0, 30.0))
async def a_question_cut_short_is_unreachable(world: World):
    await world.connect()
    await world.clock.sleep(START + 20 - 0.01 - world.clock.now())
    with pytest.raises(BrokerUnreachable):
        await world.broker.chain()


# Market data


@case()
async def the_index_keeps_coming_with_growing_time(world: World):
    await world.connect()
    await world.clock.sleep(10)
    levels = world.of(IndexLevel)
    assert len(levels) >= 5
    assert all(one.at < two.at for one, two in pairwise(levels))
    assert all(one.level > 0 and one.at <= world.clock.now() for one in levels)


@case()
async def the_venue_is_reported_open_with_its_end(world: World):
    await world.connect()
    venue = world.of(VenueReport)[0]
    assert venue.symbol == "MES"
    assert venue.open
    assert venue.until is None or venue.until > world.clock.now()


@case(halt=(20.0, 30.0))
async def a_halt_is_reported_with_reason_and_end_and_lifted(world: World):
    await world.connect()
    await world.until(lambda: not world.of(VenueReport)[-1].open, 25)
    halted = world.of(VenueReport)[-1]
    assert halted.reason
    assert halted.until is not None
    assert halted.until > world.clock.now()
    await world.until(lambda: world.of(VenueReport)[-1].open, 40)


@case()
async def a_watched_future_has_two_sides_on_its_tick(world: World):
    await world.connect()
    instrument = (await world.broker.futures("MES"))[0]
    (quote,) = await world.watched(instrument.key)
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid < quote.ask
    assert Decimal(str(quote.bid)) % instrument.tick == 0
    assert quote.bid == pytest.approx(world.of(IndexLevel)[-1].level, rel=0.03)


@case()
async def a_watched_option_has_a_quote_and_greeks(world: World):
    await world.connect()
    key = await world.strangle_leg()
    (quote,) = await world.watched(key)
    await world.until(lambda: world.of(Greeks, key))
    greeks = world.of(Greeks, key)[-1]
    assert quote.mid is not None
    assert 0 < greeks.delta < 1
    assert greeks.gamma > 0
    assert greeks.vega > 0
    assert greeks.theta < 0
    assert 0.02 < greeks.iv < 2


@case()
async def quotes_stay_young_while_watched(world: World):
    await world.connect()
    keys = [await world.hedge(), await world.strangle_leg()]
    await world.watched(*keys)
    for _ in range(20):
        await world.clock.sleep(1)
        assert all(world.of(Quote, key)[-1].age(world.clock.now()) < 5 for key in keys)
    assert world.of(Greeks, keys[1])[-1].age(world.clock.now()) < 5


@case()
async def watching_replaces_what_was_watched(world: World):
    await world.connect()
    near, far = (one.key for one in (await world.broker.futures("MES"))[:2])
    await world.watched(near)
    await world.watched(far)
    world.heard.clear()
    await world.clock.sleep(10)
    assert world.of(Quote, near) == []
    assert world.of(Quote, far) != []


@case()
async def futures_are_listed_nearest_first_and_unknown_ones_not_at_all(world: World):
    await world.connect()
    months = await world.broker.futures("MES")
    assert len(months) >= 2
    assert all(one.expires_at < two.expires_at for one, two in pairwise(months))
    assert all(one.kind is Kind.FUTURE and one.symbol == "MES" for one in months)
    assert months[0].expires_at > world.clock.now()
    assert await world.broker.futures("NOSUCH") == ()


@case()
async def the_chain_matches_the_index_and_is_sorted(world: World):
    await world.connect()
    chain = await world.broker.chain()
    level = world.of(IndexLevel)[-1].level
    assert chain.spot / chain.root.index_ratio == pytest.approx(level, rel=0.01)
    expiries = [one.expiry for one in chain.expiries]
    assert expiries == sorted(set(expiries))
    assert len(expiries) >= 4
    for one in chain.expiries:
        assert (one.strikes[1:] > one.strikes[:-1]).all()
        assert len({len(one.strikes), len(one.call_bid), len(one.put_ask)}) == 1
        assert not (one.call_bid > one.call_ask).any()


@case()
async def the_volatility_history_is_a_year_of_plausible_figures_or_none(world: World):
    await world.connect()
    history = await world.broker.volatility_history()
    if history is not None:
        assert len(history.daily) >= 200
        assert all(0.03 < one < 1.5 for one in history.daily)


# Orders


@case()
async def submit_returns_before_any_answer(world: World):
    await world.connect()
    hedge = await world.hedge()
    heard = len(world.heard)
    await world.submit("K", draft(hedge, -1))
    answers = [one for one in world.heard[heard:] if not isinstance(one, Quote | IndexLevel)]
    assert answers == []


@case()
async def a_market_order_is_listed_executed_and_charged(world: World):
    await world.connect()
    hedge = await world.hedge()
    execution = await world.trade("K", draft(hedge, -5))
    kinds = [type(one) for one in world.heard]
    assert kinds.index(OrderListed) < kinds.index(Execution) < kinds.index(Commission)
    assert (execution.instrument_key, execution.side) == (hedge, Side.SELL)
    assert sum(one.quantity for one in world.of(Execution, "K")) == 5
    assert world.of(OrderEnded) == []
    assert {one.exec_id for one in world.of(Commission)} == {
        one.exec_id for one in world.of(Execution)
    }


@case()
async def the_truth_shows_what_the_messages_said(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, -3))
    truth = await world.truth()
    assert truth.positions == {hedge: -3}
    assert set(truth.executions) == set(world.of(Execution))
    assert set(truth.commissions) == set(world.of(Commission))
    assert truth.open_orders == ()
    assert truth.executions_since <= world.of(Execution)[0].at <= truth.at


@case()
async def a_fresh_account_is_flat_and_complete(world: World):
    await world.connect()
    truth = await world.truth()
    assert (truth.positions, truth.open_orders, truth.executions) == ({}, (), ())
    assert truth.cash > 0
    assert truth.session == world.of(LinkReport)[-1].session


@case()
async def a_closed_position_is_absent_and_not_zero(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K1", draft(hedge, -2))
    await world.trade("K2", draft(hedge, 2))
    assert (await world.truth()).positions == {}


@case()
async def a_resting_limit_is_open_with_its_signed_rest(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    await world.submit("K", draft(hedge, -2, (quote.ask or 0) + 200))
    await world.until(lambda: world.of(OrderListed, "K"))
    (order,) = (await world.truth()).open_orders
    assert (order.client_key, order.instrument_key) == ("K", hedge)
    assert (order.signed_remaining, order.filled) == (-2, 0)
    assert order.broker_order == world.of(OrderListed, "K")[0].broker_order


@case()
async def a_cancelled_order_ends_without_being_rejected(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    await world.submit("K", draft(hedge, -2, (quote.ask or 0) + 200))
    await world.until(lambda: world.of(OrderListed, "K"))
    await world.broker.cancel("K")
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected is False
    truth = await world.truth()
    assert truth.open_orders == ()
    (ended,) = truth.ended_orders
    assert (ended.client_key, ended.filled, ended.rejected) == ("K", 0, False)


@case()
async def cancelling_what_does_not_exist_is_a_notice_at_most(world: World):
    await world.connect()
    await world.broker.cancel("nobody")
    await world.clock.sleep(ANSWER_S)
    assert world.of(OrderEnded) == []
    assert {one.client_key for one in world.of(OrderNotice)} <= {"nobody", ""}


@case()
async def cancelling_a_filled_order_does_not_undo_it(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, 1))
    await world.broker.cancel("K")
    await world.clock.sleep(ANSWER_S)
    assert world.of(OrderEnded) == []
    assert (await world.truth()).positions == {hedge: 1}


@case()
async def a_key_never_executes_twice(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, 1))
    await world.submit("K", draft(hedge, 1))
    await world.until(lambda: world.of(OrderNotice, "K"))
    await world.clock.sleep(ANSWER_S)
    assert (await world.truth()).positions == {hedge: 1}
    assert len({one.exec_id for one in world.of(Execution)}) == 1


@case()
async def a_marketable_limit_never_pays_more_than_its_limit(world: World):
    await world.connect()
    key = await world.strangle_leg()
    (quote,) = await world.watched(key)
    limit = round((quote.ask or 0) + 0.05, 2)
    execution = await world.trade("K", draft(key, 1, limit))
    assert execution.price <= Decimal(str(limit))


@case()
async def an_immediate_order_that_cannot_trade_ends_at_once(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    far = (quote.bid or 0) - 200
    await world.submit("K", draft(hedge, 1, far, tif=TimeInForce.IMMEDIATE))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(Execution) == []
    assert (await world.truth()).open_orders == ()


@case()
async def a_good_till_order_ends_by_itself(world: World):
    await world.connect()
    hedge = await world.hedge()
    (quote,) = await world.watched(hedge)
    end = Timestamp(round(world.clock.now() + 10))
    far = (quote.bid or 0) - 200
    await world.submit("K", draft(hedge, 1, far, tif=TimeInForce.GOOD_TILL, good_till=end))
    await world.until(lambda: world.of(OrderListed, "K"))
    await world.clock.sleep(end - world.clock.now() + ANSWER_S)
    assert world.of(OrderEnded, "K")[0].rejected is False
    assert (await world.truth()).open_orders == ()


@case()
async def a_price_off_the_tick_is_rejected_with_a_reason(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K", draft(hedge, 1, 5000.10))
    await world.until(lambda: world.of(OrderEnded, "K"))
    ended = world.of(OrderEnded, "K")[0]
    assert ended.rejected
    assert ended.reason
    assert (await world.truth()).positions == {}


@case()
async def an_unknown_instrument_is_rejected(world: World):
    await world.connect()
    await world.submit("K", draft("XSP 20351221 540 C", 1))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected


@case()
async def more_than_the_account_can_carry_is_rejected(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.submit("K", draft(hedge, 5_000))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected
    assert (await world.truth()).positions == {}


@case(halt=(20.0, 60.0))
async def a_market_order_in_a_halt_is_rejected(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.until(lambda: not world.of(VenueReport)[-1].open, 25)
    await world.submit("K", draft(hedge, 1))
    await world.until(lambda: world.of(OrderEnded, "K"))
    assert world.of(OrderEnded, "K")[0].rejected
    assert world.of(Execution) == []


@case()
async def margin_says_what_an_order_would_do_and_does_not_do_it(world: World):
    await world.connect()
    hedge = await world.hedge()
    one, two = [await world.broker.margin(draft(hedge, n)) for n in (1, 2)]
    if one is not None and two is not None:
        assert 0 < one.initial_change < two.initial_change
        assert one.headroom_after > two.headroom_after
    assert (await world.truth()).ended_orders == ()


@case()
async def cash_moves_by_exactly_what_was_paid_and_charged(world: World):
    await world.connect()
    key = await world.strangle_leg()
    before = (await world.truth()).cash
    bought = await world.trade("K1", draft(key, 1))
    await world.clock.sleep(60)
    sold = await world.trade("K2", draft(key, -1))
    truth = await world.truth()
    fees = sum((one.amount for one in truth.commissions), Decimal(0))
    multiplier = parse_key(key).multiplier
    assert truth.cash - before == multiplier * (sold.price - bought.price) - fees


@case()
async def orders_sent_together_are_all_executed_once(world: World):
    await world.connect()
    near, far = (one.key for one in (await world.broker.futures("MES"))[:2])
    leg = await world.strangle_leg()
    keys = {"K1": near, "K2": far, "K3": leg}
    await asyncio.gather(*(world.submit(name, draft(key, 1)) for name, key in keys.items()))
    await world.until(lambda: len(world.of(Execution)) == 3)
    assert (await world.truth()).positions == {near: 1, far: 1, leg: 1}


@case()
async def two_readers_of_the_truth_both_get_it(world: World):
    await world.connect()
    hedge = await world.hedge()
    await world.trade("K", draft(hedge, 1))
    answers = await asyncio.gather(*(world.broker.truth() for _ in range(3)))
    assert all(isinstance(one, Complete) for one in answers)
    assert len({tuple(one.truth.positions.items()) for one in answers}) == 1


@pytest.mark.parametrize("world_name", WORLDS)
@pytest.mark.parametrize("one", BROKER_CASES, ids=lambda one: f"B{one.number:02d}-{one.name}")
def test_broker(one: Case, world_name: str):
    async def play() -> None:
        world = WORLDS[world_name](one.setting)
        try:
            await one.play(world)
        finally:
            await world.broker.disconnect()

    run_virtual(play)


def test_the_suite_is_numbered_without_gaps():
    assert [one.number for one in BROKER_CASES] == list(range(1, len(BROKER_CASES) + 1))
    assert len(BROKER_CASES) >= 25
    assert len({one.name for one in BROKER_CASES}) == len(BROKER_CASES)
