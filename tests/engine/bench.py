"""A desk on a broker whose every word the test speaks: for races, losses and contradictions.

The kernel is the real one. The broker is an adapter written for tests: it keeps orders, executions
and positions as an exchange would, and a `mode` says what becomes of the next order. Quotes and
greeks come every second of virtual time, so that the book's delta is a number the test sets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.audit import Auditor
from hedgetui.domain.errors import BrokerUnreachable, StoreError
from hedgetui.domain.instruments import XSP, Instrument, Kind, future, leg_keys, parse_key
from hedgetui.domain.quotes import ChainSnapshot, Greeks, Quote
from hedgetui.domain.units import Contracts, IndexPoints, Seconds, Timestamp, parse_utc
from hedgetui.engine.halves import Ports
from hedgetui.engine.kernel import Kernel
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports import broker as br
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.desk import Outcome
from hedgetui.ports.journal import SlotTaken
from hedgetui.simulation.virtual_loop import run_virtual

START = parse_utc("2025-11-19T15:00:00Z")
PUT, CALL, MES, NEXT = "XSP 20251219 530 P", "XSP 20251219 540 C", "MES 202512", "MES 202603"
LEVEL = 5350.0


@dataclass
class Order:
    """What the broker keeps of an order."""

    draft: od.OrderDraft
    number: str
    filled: int = 0
    alive: bool = True
    rejected: bool = False
    reason: str = ""


class ScriptedBroker:
    """A `BrokerPort` that does what the test says."""

    def __init__(self, clock: LoopClock, *, environment: br.Environment) -> None:
        self.clock, self.environment = clock, environment
        self.account = "DU100042"
        self.reasons: tuple[str, ...] = ()
        self.latency: Seconds | None = None
        self.heard_at: Timestamp | None = None
        self.mode = "fill"
        """fill | list | silent (arrives, nothing is told) | lost (never arrives) | reject |
        no combos (those are refused, the rest is filled) | cut"""
        self.muted: tuple[type, ...] = ()
        """Message types that never reach the desk although the link stands."""
        self.reachable = True
        self.incomplete = ""
        self.truth_delay = 0.01
        self.months: tuple[Instrument, ...] = (future("MES", "202512"), future("MES", "202603"))
        self.sent: list[br.CommittedOrder] = []
        self.cancels: list[str] = []
        self.cancel_mode = "done"
        self.orders: dict[str, Order] = {}
        self.executions: dict[str, br.Execution] = {}
        self.commissions: dict[str, br.Commission] = {}
        self.positions: dict[str, int] = {}
        self.since = Timestamp(START - 3600)
        self.session = 0
        self.sink: br.MessageSink | None = None
        self.margin_answer: br.Margin | None = None
        self.watched: frozenset[str] = frozenset()

    async def connect(self, sink: br.MessageSink) -> None:
        await self.clock.sleep(0.05)
        if not self.reachable:
            raise BrokerUnreachable("the broker does not answer")
        self.session += 1
        self.sink = sink
        if self.reasons:
            self.degrade(*self.reasons)
        else:
            self.recover("connected")
        self.tell(br.VenueReport("MES", open=True, reason="", until=None))

    async def disconnect(self) -> None:
        self.sink = None

    def tell(self, message: br.BrokerMessage) -> None:
        if self.sink is not None and not isinstance(message, self.muted):
            self.heard_at = self.clock.now()
            self.sink(message)

    def degrade(self, *reasons: str) -> None:
        """The session stands and must not be traded on."""
        self.reasons = reasons
        self.tell(br.LinkReport(ev.LinkState.DEGRADED, "; ".join(reasons), self.session))

    def recover(self, words: str = "all is well again") -> None:
        """The reasons are gone."""
        self.reasons = ()
        self.tell(br.LinkReport(ev.LinkState.READY, words, self.session))

    def cut(self, reason: str = "connection reset") -> None:
        sink, self.sink = self.sink, None
        if sink is not None:
            sink(br.LinkReport(ev.LinkState.DOWN, reason, self.session))

    def _reach(self) -> None:
        if self.sink is None:
            raise BrokerUnreachable("not connected")

    async def submit(self, order: br.CommittedOrder) -> None:
        self._reach()
        self.sent.append(order)
        mode = self.mode
        if mode == "cut":
            self.cut()
            raise BrokerUnreachable("connection reset")
        if mode != "lost":
            self.clock.call_later(0.02, lambda: self.arrive(order, mode))

    def arrive(self, order: br.CommittedOrder, mode: str) -> None:
        key = order.client_key
        kept = self.orders[key] = Order(order.draft, str(9000 + len(self.orders)))
        if mode == "silent":
            return
        if mode == "no combos":
            mode = "reject" if len(leg_keys(order.draft.instrument_key)) > 1 else "fill"
        if mode == "reject":
            self.end(key, rejected=True, reason="margin")
            return
        self.tell(br.OrderListed(key, kept.number, Contracts(0)))
        if mode == "fill":
            self.fill(key)

    def fill(self, key: str, quantity: int | None = None, price: str = "5350.00") -> str:
        order = self.orders[key]
        count = order.draft.quantity - order.filled if quantity is None else quantity
        order.filled += count
        if order.filled >= order.draft.quantity:
            order.alive, order.reason = False, "filled"
        limit = order.draft.limit_price
        if limit is not None:
            price = str(limit)
        legs = leg_keys(order.draft.instrument_key)
        if len(legs) > 1:
            price = str((Decimal(price) / len(legs)).quantize(Decimal("0.01")))
        return [self.trade(key, leg, order.draft.side, count, price) for leg in legs][-1]

    def trade(self, key: str, instrument: str, side: od.Side, count: int, price: str) -> str:
        """Book an execution, of an order of ours or (empty key) of nobody's."""
        exec_id = f"E{len(self.executions) + 1}"
        done = br.Execution(
            exec_id, 1, key, instrument, side, Contracts(count), Decimal(price), self.clock.now()
        )  # fmt: skip
        self.executions[exec_id] = done
        fee = Decimal("0.25") * count if instrument.startswith("MES") else Decimal(0)
        self.commissions[exec_id] = br.Commission(exec_id, fee)
        held = self.positions.get(instrument, 0) + side.sign * count
        self.positions = {k: v for k, v in self.positions.items() if k != instrument}
        if held:
            self.positions[instrument] = held
        self.tell(done)
        self.tell(self.commissions[exec_id])
        return exec_id

    def end(self, key: str, *, rejected: bool = False, reason: str = "cancelled") -> None:
        order = self.orders[key]
        order.alive, order.rejected, order.reason = False, rejected, reason
        self.tell(br.OrderEnded(key, order.number, rejected, reason))

    def health(self) -> br.LinkHealth:
        return br.LinkHealth(
            "scripted", client_id=17, latency=self.latency, last_message_at=self.heard_at,
            reconnects=max(0, self.session - 1), reasons=self.reasons,
        )  # fmt: skip

    async def cancel(self, client_key: str) -> None:
        self._reach()
        self.cancels.append(client_key)
        order = self.orders.get(client_key)
        if self.cancel_mode == "lost" or order is None:
            return
        if self.cancel_mode == "crosses":
            self.clock.call_later(0.02, lambda: self.fill(client_key))
        elif order.alive:
            self.clock.call_later(0.02, lambda: self.end(client_key))

    async def truth(self) -> br.Complete | br.Incomplete:
        self._reach()
        if self.incomplete:
            return br.Incomplete(self.incomplete)
        answer = br.BrokerTruth(
            session=self.session,
            at=self.clock.now(),
            positions=dict(self.positions),
            open_orders=tuple(
                br.OpenOrder(
                    key, one.number, one.draft.instrument_key,
                    one.draft.side.sign * (one.draft.quantity - one.filled), Contracts(one.filled),
                )
                for key, one in self.orders.items() if one.alive
            ),
            ended_orders=tuple(
                br.EndedOrder(key, one.number, Contracts(one.filled), one.rejected, one.reason)
                for key, one in self.orders.items() if not one.alive
            ),
            executions=tuple(self.executions.values()),
            commissions=tuple(self.commissions.values()),
            executions_since=self.since,
            cash=Decimal(0),
        )  # fmt: skip
        await self.clock.sleep(self.truth_delay)
        self._reach()
        return br.Complete(answer)

    async def futures(self, symbol: str) -> tuple[Instrument, ...]:
        self._reach()
        return tuple(month for month in self.months if month.symbol == symbol)

    async def chain(self) -> ChainSnapshot:
        self._reach()
        return ChainSnapshot(XSP, self.clock.now(), IndexPoints(LEVEL / 10), ())

    async def volatility_history(self) -> None:
        return None

    async def watch(self, keys: frozenset[str]) -> None:
        self._reach()
        self.watched = keys

    async def margin(self, draft: od.OrderDraft) -> br.Margin | None:
        self._reach()
        return self.margin_answer if draft.quantity else None


class MemoryJournal:
    """A `JournalPort` in memory that takes its time and can be told to fail."""

    def __init__(self, clock: LoopClock, facts: Sequence[ev.Fact] = ()) -> None:
        self.kept = list(facts)
        self.clock = clock
        self.delay = 0.002
        self.broken = ""
        self.on_append: Callable[[Sequence[ev.Event]], None] = lambda _: None
        self._turn = asyncio.Lock()

    @property
    def head(self) -> str:
        return f"{len(self.kept):064d}"

    async def facts(self) -> tuple[ev.Fact, ...]:
        return tuple(self.kept)

    async def append(self, at: Timestamp, events: Sequence[ev.Event]) -> tuple[ev.Fact, ...]:
        async with self._turn:
            await asyncio.shield(self.clock.sleep(self.delay))
            if self.broken:
                raise StoreError(self.broken, code="store_full")
            self._check_slots(events)
            facts = tuple(ev.Fact(len(self.kept) + n, at, one) for n, one in enumerate(events, 1))
            self.kept.extend(facts)
            self.on_append(events)
            return facts

    def _check_slots(self, events: Sequence[ev.Event]) -> None:
        live: dict[str, tuple[tuple[str, str, str], ...]] = {}
        for fact in self.kept:
            match fact.event:
                case ev.IntentRecorded(intent=intent):
                    live[intent.intent_id] = intent.slots
                case ev.IntentMoved(intent_id=key, after=after) if after in od.TERMINAL:
                    live.pop(key, None)
        for event in events:
            taken = {slot for slots in live.values() for slot in slots}
            if isinstance(event, ev.IntentRecorded) and not taken.isdisjoint(event.intent.slots):
                raise SlotTaken("second live order")


class Lines:
    """A `LogPort` that keeps everything."""

    def __init__(self) -> None:
        self.records: list = []
        self.samples: list = []

    def write(self, record) -> None:
        self.records.append(record)

    def sample(self, sample) -> None:
        self.samples.append(sample)


@dataclass
class Feed:
    """What the market says every second."""

    put_delta: float = -0.20
    call_delta: float = 0.20
    quotes_on: bool = True
    greeks_on: bool = True
    mes: tuple[float | None, float | None] = (5349.75, 5350.25)
    extra: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)

    def options(self, net: float, lots: int) -> None:
        """Make `lots` strangles worth `net` Δ$."""
        total = net / (10 * lots)
        self.put_delta, self.call_delta = total / 2 - 0.25, total / 2 + 0.25


class Bench:
    """A kernel, its broker and words to tell a story with."""

    def __init__(
        self, facts: Sequence[ev.Fact], settings: EngineSettings, environment: br.Environment
    ) -> None:
        self.clock = LoopClock(START if not facts else facts[-1].at)
        self.broker = ScriptedBroker(self.clock, environment=environment)
        self.journal = MemoryJournal(self.clock, facts)
        self.log = Lines()
        self.settings = settings
        self.feed = Feed()
        self.auditor = Auditor()
        for fact in facts:
            self.auditor.take(fact)
        self.kernel = self.new_kernel()
        self._feeding: asyncio.Task[None] | None = None

    def new_kernel(self) -> Kernel:
        seed = Random(len(self.journal.kept))  # noqa: S311 - repeatable
        ports = Ports(self.broker, self.journal, self.log, self.clock, seed)
        kernel = Kernel(ports, self.settings)
        kernel.recorder.listen(self.auditor.take)
        return kernel

    @property
    def state(self):
        return self.kernel.recorder.state

    @property
    def lines(self) -> list[str]:
        return [record.text for record in self.log.records]

    def heard(self, words: str) -> int:
        return sum(words in line for line in self.lines)

    async def start(self) -> None:
        if self._feeding is None:
            self._feeding = asyncio.create_task(self._feed())
        await self.kernel.start(self.state.epoch + 1, tuple(self.journal.kept))

    async def ready(self) -> None:
        await self.start()
        for _ in range(400):
            await self.wait(0.1)
            if self.state.link is ev.LinkState.READY and self.board_has(MES):
                return
        raise AssertionError(self.lines)

    def board_has(self, key: str) -> bool:
        return key in self.kernel.parts.board.quotes

    async def crash(self) -> None:
        """Kill the process: tasks end where they stand, nothing is said, the link is cut."""
        await self.kernel._supervisor.stop()
        await self.kernel.parts.tracker.timers.close()
        await self.broker.disconnect()
        epoch = self.state.epoch
        self.kernel = self.new_kernel()
        await self.kernel.start(epoch + 1, tuple(self.journal.kept))

    async def close(self) -> None:
        await self.kernel.stop("test over")
        if self._feeding is not None:
            self._feeding.cancel()

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def do(self, command: cm.Command) -> Outcome:
        return await self.kernel.dispatch(command, "test")

    async def confirmed(self, command: cm.Command) -> Outcome:
        outcome = await self.do(command)
        assert outcome.preview is not None, outcome
        return await self.do(cm.Confirm(outcome.preview.preview_id, outcome.preview.ask_typed))

    def hedges(self) -> list[str]:
        return [
            f"{i.draft.side} {i.draft.quantity} {i.draft.instrument_key.removeprefix('MES ')}"
            for i in self.state.intents.values()
            if i.draft.purpose.is_hedge
        ]

    def last_key(self) -> str:
        return self.broker.sent[-1].client_key

    def last(self) -> od.Intent:
        return list(self.state.intents.values())[-1]

    async def _feed(self) -> None:
        while True:
            self.publish()
            await self.clock.sleep(1.0)

    def publish(self) -> None:
        now, tell, feed = self.clock.now(), self.broker.tell, self.feed
        if feed.quotes_on:
            tell(br.IndexLevel(IndexPoints(LEVEL), now))
            tell(Quote(MES, now, *feed.mes, LEVEL))
            tell(Quote(NEXT, now, 5399.75, 5400.25, 5400.0))
            for key in (PUT, CALL):
                tell(Quote(key, now, 4.0, 4.1, 4.05))
            for key, (bid, ask) in feed.extra.items():
                tell(Quote(key, now, bid, ask))
        if feed.greeks_on:
            for key, delta in ((PUT, feed.put_delta), (CALL, feed.call_delta)):
                tell(Greeks(key, now, delta, 0.01, 0.5, -0.1, 0.18))


def strangle_facts(
    lots: int = 4, *, hedge: int = 0, trade_id: str = "TRADE001", at: Timestamp = START
) -> list[ev.Fact]:
    """Return the journal of a desk that holds `lots` strangles and `hedge` MES, all settled."""
    events: list[ev.Event] = [
        ev.EngineStarted("sim", "DU100042", 1),
        ev.StrategyEnabled(on=True, by="test"),
        ev.AutoSwitched(on=True, by="test"),
        ev.BandSet("balanced", 10.0, "test"),
        ev.TradeEntering(trade_id, PUT, CALL, Contracts(lots), "test"),
    ]
    wanted = [(PUT, lots, od.Purpose.ENTRY), (CALL, lots, od.Purpose.ENTRY)]
    if hedge:
        wanted.append((MES, hedge, od.Purpose.HEDGE))
    for number, (key, count, purpose) in enumerate(wanted, 1):
        events += _filled(number, key, count, purpose, trade_id)
        if key == CALL:
            events.append(ev.TradeOpened(trade_id, Decimal(lots * 810)))
    if hedge:
        events.append(ev.HedgeShared({trade_id: hedge}, Decimal(5350), Decimal(5), "H3"))
    events.append(ev.EngineStopped("test"))
    return [ev.Fact(n, at, event) for n, event in enumerate(events, 1)]


def _filled(
    number: int, key: str, signed: int, purpose: od.Purpose, trade_id: str
) -> list[ev.Event]:
    hedge = parse_key(key).kind is Kind.FUTURE
    side = od.Side.of(signed)
    price = Decimal(5350) if hedge else Decimal("4.05")
    draft = od.OrderDraft(
        purpose, key, side, Contracts(abs(signed)),
        od.OrderType.MARKET if hedge else od.OrderType.LIMIT,
        limit_price=None if hedge else price, trade_id=None if hedge else trade_id,
    )  # fmt: skip
    intent = od.Intent(
        f"I{number}", f"HT1.I{number}", number, "DU100042", "vega", draft, START, 1, 0, 0
    )
    end = od.IntentState.FILLED
    count = Contracts(abs(signed))
    calculated: list[ev.Event] = []
    if hedge:
        inputs = {"net": f"{-5.0 * signed:+.4f}"}
        calculated = [ev.HedgeCalculated(side, count, "monitor", inputs)]
    return [
        *calculated,
        ev.IntentRecorded(intent, 100.0),
        ev.FillBooked(f"H{number}", 1, intent.intent_id, key, side, count, price, START),
        ev.IntentMoved(intent.intent_id, od.IntentState.SENDING, end, "execution", count),
        ev.CommissionBooked(f"H{number}", Decimal(0)),
    ]


Story = Callable[[Bench], Awaitable[None]]


def play(
    story: Story,
    *,
    lots: int = 4,
    hedge: int = 0,
    settings: EngineSettings | None = None,
    environment: br.Environment = br.Environment.SIM,
    audited: bool = True,
    at: Timestamp = START,
    **rules: object,
) -> None:
    """Tell `story` on a desk that holds `lots` strangles (none: 0) and `hedge` MES.

    At the end the outside checker must have found nothing.
    """
    base = settings or EngineSettings(environment.value, expected_account="DU100042")
    if rules:
        base = replace(base, vega=replace(base.vega, **rules))

    async def main() -> None:
        facts = strangle_facts(lots, hedge=hedge, at=at) if lots else []
        bench = Bench(facts, base, environment)
        if lots:
            bench.broker.positions = {PUT: lots, CALL: lots} | ({MES: hedge} if hedge else {})
        try:
            await story(bench)
            if audited:
                broken = [one.words for one in bench.auditor.violations]
                assert broken == [], broken
        finally:
            await bench.close()

    run_virtual(main)
