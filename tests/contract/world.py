"""The stage of the broker contract: what a case sees, what it may ask to be staged, and its number.

A case sees a `World`: a broker, a clock and what it heard. What must be arranged beforehand is a
`Setting`, which `exchange_of` turns into an exchange; every world stands on such an exchange, in
process or behind a gateway, so that the same words stage the same faults.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial

from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.domain.events import LinkState
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.domain.units import Contracts, Timestamp, parse_utc
from hedgetui.ports.broker import (
    BrokerMessage,
    BrokerPort,
    BrokerTruth,
    Commission,
    CommittedOrder,
    Complete,
    Execution,
    IndexLevel,
    LinkReport,
    OrderListed,
)
from hedgetui.ports.clock import Clock, LoopClock
from hedgetui.simulation.account import OPENING_CASH
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults, Interval
from hedgetui.simulation.market import Halt, MarketTerms, seeded_market
from hedgetui.simulation.matching import FillModel
from hedgetui.simulation.portfolios import holdings_of
from hedgetui.simulation.security_chain import SecurityBoard

START = parse_utc("2025-11-19T14:31:00Z")
"""A Wednesday, one minute after the options' opening."""
ANSWER_S = 5.0
"""No answer to an order or a subscription takes longer, paced or not."""
FAR = 200
"""Points from the market at which a limit on the future rests for ever."""

Span = tuple[float, float]
"""(seconds after the start, for how long)."""


@dataclass(frozen=True)
class Setting:
    """What a world must be able to stage."""

    start: Timestamp = START
    outages: tuple[Span, ...] = ()
    halts: tuple[Span, ...] = ()
    faults: Faults = field(default_factory=Faults)
    fills: FillModel = field(default_factory=FillModel)
    fees: Fees = field(default_factory=Fees)
    cash: Decimal = OPENING_CASH
    portfolio: str = "none"
    """What the account holds from the start."""
    correction: tuple[float, Decimal] | None = None
    """(seconds after the start, how much every execution's price is corrected by)."""


def exchange_of(setting: Setting) -> Exchange:
    """Return an exchange on which `setting` will happen."""
    halts = tuple(Halt(*one, "news pending") for one in setting.halts)
    outages = tuple(Interval(*one, "gateway restart") for one in setting.outages)
    market = seeded_market(7, start=setting.start, terms=MarketTerms(halts=halts))
    exchange = Exchange(
        market,
        seed=7,
        fees=setting.fees,
        faults=replace(setting.faults, outages=outages),
        fills=setting.fills,
        cash=setting.cash,
        holdings=holdings_of(setting.portfolio, SecurityBoard(market, 7)),
    )
    if setting.correction is not None:
        at, change = setting.correction
        exchange._agenda.add(setting.start + at, partial(_correct_all, exchange, change))
    return exchange


def _correct_all(exchange: Exchange, change: Decimal) -> None:
    for one in tuple(exchange.book.executions.values()):
        exchange.correct(one.exec_id, one.price + change)


async def _nothing() -> None:
    """Stand in for a world that has nothing to prepare or to close."""


@dataclass
class World:
    """A broker under test."""

    broker: BrokerPort
    clock: Clock
    heard: list[BrokerMessage] = field(default_factory=list)
    sent: int = 0
    prepare: Callable[[], Awaitable[None]] = _nothing
    """Runs once before the case."""
    ending: Callable[[], Awaitable[None]] = _nothing
    """Runs once after the last disconnect."""

    def __post_init__(self) -> None:
        self.began = self.clock.now()

    async def connect(self) -> None:
        """Open a session and wait for its first market data."""
        since = len(self.heard)
        await self.broker.connect(self.heard.append)
        await self.until(lambda: any(isinstance(one, IndexLevel) for one in self.heard[since:]))

    async def reconnect(self, away_s: float = 0.0) -> None:
        """End the session, stay away, and open a new one with nothing heard yet."""
        await self.broker.disconnect()
        await self.clock.sleep(away_s)
        self.heard.clear()
        await self.connect()

    async def close(self) -> None:
        """End the session and whatever the world stands on."""
        await self.broker.disconnect()
        await self.ending()

    async def reach(self, seconds: float) -> None:
        """Wait until so many seconds after the start."""
        await self.clock.sleep(max(0.0, self.began + seconds - self.clock.now()))

    async def until(self, holds: Callable[[], object], seconds: float = ANSWER_S) -> None:
        """Wait until something holds; fail when it does not within `seconds`."""
        waited = 0.0
        while not holds():
            assert waited < seconds, f"still not so after {seconds} s; heard {self.heard[-5:]}"
            await self.clock.sleep(0.05)
            waited += 0.05

    def of(self, kind: type, key: str | None = None) -> list:
        """Return what was heard of one kind, about one instrument or order if asked."""
        named = "key" if kind in {Quote, Greeks} else "client_key"
        found = [one for one in self.heard if isinstance(one, kind)]
        return [one for one in found if key is None or getattr(one, named) == key]

    @property
    def session(self) -> int:
        """Number of the newest session that came up."""
        return [one for one in self.of(LinkReport) if one.state is LinkState.READY][-1].session

    def executed(self, key: str) -> int:
        """Return how many contracts of an order are executed, each execution counted once."""
        return sum(newest(self.of(Execution, key))[one].quantity for one in self.ids(key))

    def ids(self, key: str) -> set[str]:
        """Return the ids of an order's executions."""
        return {one.exec_id for one in self.of(Execution, key)}

    async def submit(self, key: str, draft: OrderDraft) -> None:
        """Send an order whose intent counts as durable."""
        self.sent += 1
        await self.broker.submit(CommittedOrder(self.sent, key, draft))

    async def trade(self, key: str, draft: OrderDraft, seconds: float = ANSWER_S) -> Execution:
        """Send an order and wait until it is executed whole and charged."""
        await self.submit(key, draft)
        await self.until(lambda: self.executed(key) >= draft.quantity, seconds)
        await self.until(lambda: self.ids(key) <= {one.exec_id for one in self.of(Commission)})
        return self.of(Execution, key)[0]

    async def rest(self, key: str, instrument: str, signed: int, **options: object) -> None:
        """Send a limit order on a future so far away that it rests, and wait until it does."""
        (quote,) = await self.watched(instrument)
        limit = (quote.bid or 0) - FAR if signed > 0 else (quote.ask or 0) + FAR
        await self.submit(key, draft(instrument, signed, limit, **options))
        await self.until(lambda: self.of(OrderListed, key))

    async def truth(self) -> BrokerTruth:
        """Return the broker's truth, which must be complete."""
        answer = await self.broker.truth()
        assert isinstance(answer, Complete), answer
        return answer.truth

    async def hedge(self) -> str:
        """Return the key of the nearest future."""
        return (await self.broker.futures("MES"))[0].key

    async def strangle_leg(self) -> str:
        """Return the key of a listed call about a month out, a few points out of the money."""
        chain = await self.broker.chain()
        day = min(one.expiry for one in chain.expiries).toordinal() + 30
        month = min(chain.expiries, key=lambda one: abs(one.expiry.toordinal() - day))
        strike = min(month.strikes, key=lambda one: abs(one - chain.spot * 1.01))
        return f"{chain.root.symbol} {month.expiry:%Y%m%d} {strike:g} C"

    async def watched(self, *keys: str, seconds: float = ANSWER_S) -> list[Quote]:
        """Watch exactly these instruments and return the first quote of each."""
        since = len(self.heard)
        await self.broker.watch(frozenset(keys))

        def fresh(key: str) -> list[Quote]:
            news = self.heard[since:]
            return [one for one in news if isinstance(one, Quote) and one.key == key]

        await self.until(lambda: all(fresh(key) for key in keys), seconds)
        return [fresh(key)[-1] for key in keys]


def draft(key: str, signed: int, limit: float | None = None, **options: object) -> OrderDraft:
    """Return a market order, or a limit order when a price is given."""
    return OrderDraft(
        Purpose.HEDGE,
        key,
        Side.of(signed),
        Contracts(abs(signed)),
        OrderType.MARKET if limit is None else OrderType.LIMIT,
        limit_price=None if limit is None else Decimal(str(limit)),
        **options,
    )


def xsp(strike: int, right: str = "C") -> str:
    """Return the key of an option that the staged market lists, a month out; 540 is at the money.

    Cases that are about the chain ask for it; the others need not wait for one.
    """
    return f"XSP 20251219 {strike} {right}"


def newest(executions: Iterable[Execution]) -> dict[str, Execution]:
    """Return the highest revision of each execution by id."""
    found: dict[str, Execution] = {}
    for one in executions:
        if one.exec_id not in found or one.revision > found[one.exec_id].revision:
            found[one.exec_id] = one
    return found


def holdings(executions: Iterable[Execution]) -> dict[str, int]:
    """Return the signed positions that executions add up to; flat instruments are absent."""
    total: dict[str, int] = {}
    for one in newest(executions).values():
        signed = one.side.sign * one.quantity
        total[one.instrument_key] = total.get(one.instrument_key, 0) + signed
    return {key: signed for key, signed in total.items() if signed}


def sim_world(setting: Setting) -> World:
    """Return the built-in exchange in process."""
    clock = LoopClock(setting.start)
    return World(SimulatedBroker(exchange_of(setting), clock), clock)


Play = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """One numbered promise."""

    number: int
    name: str
    play: Play
    setting: Setting


BROKER_CASES: list[Case] = []


def case(number: int, **staged: object) -> Callable[[Play], Play]:
    """Register a case under a number that stays its own; `staged` are fields of `Setting`."""

    def add(play: Play) -> Play:
        BROKER_CASES.append(Case(number, play.__name__, play, Setting(**staged)))
        return play

    return add
