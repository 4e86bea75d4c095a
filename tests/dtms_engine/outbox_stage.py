"""An outbox on a broker that answers exactly what a test says, with a journal on the disk.

The broker keeps positions and deals as a real one does; an `Answer` says what becomes of the next
request: its code, whether it landed, what is told about it. A process can be killed at any write
and at both ends of a request, and started again on the same journal and broker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random

from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.dtms.machine import Wish
from hedgetui.domain.dtms.model import ActionKind, ActionState, Automation, Rules, State, Trade
from hedgetui.domain.errors import BrokerUnreachable, StoreError
from hedgetui.domain.mt5.identity import parse_magic
from hedgetui.domain.mt5.records import (
    Account,
    AccountKind,
    Answered,
    CommittedRequest,
    Deal,
    DealEntry,
    DealReason,
    Incomplete,
    Look,
    Lots,
    Magic,
    MarginCheck,
    MarginMode,
    Position,
    PositionId,
    Reply,
    Request,
    Silent,
    SymbolSpec,
    Terminal,
    Tick,
    Ticket,
    TradeAction,
    WorkingOrder,
)
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.engine.bus import Bus
from hedgetui.engine.dtms.outbox import Acted, Outbox
from hedgetui.engine.dtms.parts import DefenceBoard, DefenceParts, DefenceSettings, Ledger
from hedgetui.engine.recorder import Recorder
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.ids import IdSource
from hedgetui.ports.journal import JournalPort
from hedgetui.ports.mt5 import Mt5Health, Mt5Session
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.store.journal import Journal
from tests.engine.bench import Lines

START = parse_utc("2025-11-19T14:31:00Z")
GOLD = "XAUUSD"
MAIN = PositionId(4417201)
LOGIN = 700123


class Killed(Exception):  # noqa: N818 - what happened to the process
    """The process ended here; nothing after this line ran."""


@dataclass(frozen=True)
class Answer:
    """What becomes of one request."""

    code: int | None = 10009
    """None: nobody says anything."""
    lands: bool = True
    share: str = "1"
    """Of the volume that is filled."""
    late: float | None = None
    """Seconds after which it lands; None for at once."""
    reply: Reply | None = None
    """Exactly this is answered, whatever happened."""
    working: bool = False
    """Until it lands, the order is listed."""


def refused(code: int) -> Answer:
    return Answer(code, lands=False)


LANDED_SILENT, LOST = Answer(None), Answer(None, lands=False)


def spec(**changes: object) -> SymbolSpec:
    gold = SymbolSpec(
        GOLD, 2, 0.01, 0.01, 1.0, 100.0, Decimal("0.01"), Decimal(50), Decimal("0.01"), Decimal(0),
        stops_level=10, freeze_level=0, exemode=2, trade_mode=4, filling_mask=3, order_mask=127,
        margin_hedged=50.0, currency_profit="USD",
    )  # fmt: skip
    return replace(gold, **changes)  # type: ignore[arg-type]


class ScriptedTerminal:
    """An `Mt5Port` whose every word the test speaks."""

    def __init__(self, clock: LoopClock, mode: MarginMode = MarginMode.HEDGING) -> None:
        self.clock = clock
        self.account = Account(
            LOGIN, AccountKind.DEMO, mode, trade_allowed=True, expert_allowed=True,
            fifo_close=False, leverage=100, currency="USD", balance=1e5, equity=1e5, profit=0.0,
            margin=100.0, margin_free=9e4, margin_level=5000.0, server="Demo", company="Broker",
        )  # fmt: skip
        self.terminal = Terminal(True, True, False, 4000, None, "MT5", "Broker")
        self.spec = spec()
        self.bid, self.ask = 2650.0, 2650.2
        self.tick_age = 0.5
        self.answers: deque[Answer] = deque()
        """For the next requests; when empty, everything is done at once."""
        self.answer: Callable[[Request], Answer | None] = lambda _: None
        """Asked first."""
        self.held: dict[PositionId, Position] = {}
        self.deals: list[Deal] = []
        self.orders: list[WorkingOrder] = []
        self.sent: list[Request] = []
        self.arrivals: list[Timestamp] = []
        self.blind = self.dumb = ""
        self.reachable = True
        self.deal_lag = 0.0
        self.margin: list[MarginCheck | Incomplete] = []
        self.kill_before_landing = self.kill_after_landing = False
        self.on_arrival: Callable[[], None] = lambda: None
        self.after_landing: Callable[[], None] = lambda: None
        self.most_hedges = 0
        self._number = 9000

    # --- questions ---------------------------------------------------------------------------

    async def _trip(self) -> None:
        await self.clock.sleep(0.005)
        if not self.reachable:
            raise BrokerUnreachable("connection reset")

    async def connect(self) -> Mt5Session:
        await self._trip()
        return self.session()

    def session(self) -> Mt5Session:
        return Mt5Session(self.account, self.terminal, 7200.0)

    async def disconnect(self) -> None:
        return

    async def look(self) -> Look | Incomplete:
        await self._trip()
        if self.blind:
            return Incomplete(self.blind)
        return Look(
            self.clock.now(), self.account, self.terminal, tuple(self.held.values()),
            tuple(self.orders),
        )  # fmt: skip

    async def symbol(self, name: str) -> SymbolSpec | Incomplete:
        await self._trip()
        return replace(self.spec, name=name)

    async def ticks(self, names: Sequence[str]) -> Mapping[str, Tick] | Incomplete:
        await self._trip()
        at = Timestamp(self.clock.now() - self.tick_age)
        return {name: Tick(name, self.bid, self.ask, at) for name in names}

    async def bars(self, name: str, timeframe: Timeframe, count: int) -> Bars | Incomplete:
        return Incomplete(f"no bars: {name} {timeframe} {count}")

    async def deals_of(self, position: PositionId) -> tuple[Deal, ...] | Incomplete:
        found = await self.deals_since(Timestamp(0.0))
        if isinstance(found, Incomplete):
            return found
        return tuple(deal for deal in found if deal.position_id == position)

    async def deals_since(self, since: Timestamp) -> tuple[Deal, ...] | Incomplete:
        await self._trip()
        if self.dumb:
            return Incomplete(self.dumb)
        shown = self.clock.now() - self.deal_lag
        return tuple(deal for deal in self.deals if since <= deal.at <= shown)

    async def check(self, request: Request) -> MarginCheck | Incomplete:
        await self._trip()
        assert request.action is TradeAction.DEAL
        return self.margin.pop(0) if self.margin else MarginCheck(0, 9e4, 2000.0, "Done")

    def health(self) -> Mt5Health:
        return Mt5Health("test")

    # --- requests ----------------------------------------------------------------------------

    async def send(self, request: CommittedRequest) -> Reply:
        asked = request.request
        self.sent.append(asked)
        self.arrivals.append(self.clock.now())
        if self.kill_before_landing:
            raise Killed
        await self.clock.sleep(0.02)
        self.on_arrival()
        answer = self.answer(asked)
        if answer is None:
            answer = self.answers.popleft() if self.answers else Answer()
        reply = self._act(asked, answer)
        if self.kill_after_landing:
            raise Killed
        return answer.reply or reply

    def _act(self, asked: Request, answer: Answer) -> Reply:
        order = self._next()
        if answer.lands and answer.late is None:
            deal, volume, price = self._execute(asked, order, Decimal(answer.share))
            self.after_landing()
        else:
            deal, volume, price = Ticket(0), Lots(Decimal(0)), 0.0
        if answer.late is not None:
            self._later(asked, order, answer)
        if answer.code is None:
            return Silent("timeout after 15 s")
        return Answered(answer.code, deal, order, volume, price, "said the server")

    def _later(self, asked: Request, order: Ticket, answer: Answer) -> None:
        work = WorkingOrder(
            order, asked.symbol, asked.side or Side.BUY, asked.volume or Lots(Decimal(0)),
            asked.magic, PositionId(0), asked.comment,
        )  # fmt: skip
        if answer.working:
            self.orders.append(work)

        def land() -> None:
            self.orders = [kept for kept in self.orders if kept.ticket != order]
            if answer.lands:
                self._execute(asked, order, Decimal(answer.share))

        self.clock.call_later(answer.late or 0.0, land)

    def _next(self) -> Ticket:
        self._number += 1
        return Ticket(self._number)

    def _execute(self, asked: Request, order: Ticket, share: Decimal) -> tuple[Ticket, Lots, float]:
        if asked.action is TradeAction.SLTP:
            position = self._by_ticket(asked.position)
            level = None if asked.sl is None else float(asked.sl)
            target = None if asked.tp is None else float(asked.tp)
            self.held[position.identifier] = replace(position, sl=level, tp=target)
            return Ticket(0), Lots(Decimal(0)), 0.0
        if asked.action is TradeAction.CLOSE_BY:
            one, two = self._by_ticket(asked.position), self._by_ticket(asked.position_by)
            volume = Lots(min(one.volume, two.volume))
            for leg in (one, two):
                self.reduce(leg.identifier, volume, asked.magic, order, DealEntry.OUT_BY)
            return self.deals[-1].ticket, volume, self.bid
        assert asked.volume is not None
        assert asked.side is not None
        lots = Lots(asked.volume * share)
        if asked.position:
            position = self._by_ticket(asked.position)
            assert asked.side is not position.side, "a close on the wrong side"
            assert lots <= position.volume, "more than is there"
            self.reduce(position.identifier, lots, asked.magic, order)
        elif self.account.hedging:
            self._open(asked, order, lots)
        else:
            self._net(asked, order, lots)
        deal = self.deals[-1]
        return deal.ticket, lots, deal.price

    def _by_ticket(self, ticket: Ticket) -> Position:
        return next(p for p in self.held.values() if p.ticket == ticket)

    def _open(self, asked: Request, order: Ticket, lots: Lots) -> None:
        assert asked.side is not None
        price = self.bid if asked.side is Side.SELL else self.ask
        sl = None if asked.sl is None else float(asked.sl)
        identifier = PositionId(order)
        self.held[identifier] = Position(
            order, identifier, asked.symbol, asked.side, lots, price, sl, None, price, 0.0, 0.0,
            asked.magic, "rewritten by the broker", self.clock.now(),
        )  # fmt: skip
        self._deal(identifier, order, asked.side, DealEntry.IN, lots, price, asked.magic)
        hedges = [p for p in self.held.values() if parse_magic(p.magic) is not None]
        self.most_hedges = max(self.most_hedges, len(hedges))

    def _net(self, asked: Request, order: Ticket, lots: Lots) -> None:
        """One position a symbol: what is opposite eats it, and beyond its volume reverses it."""
        assert asked.side is not None
        position = next(iter(self.held.values()), None)
        if position is None:
            self._open(asked, order, lots)
            return
        if asked.side is not position.side:
            raise AssertionError("an opposite order without position= on a netting account")
        grown = replace(position, volume=Lots(position.volume + lots))
        self.held[position.identifier] = grown
        self._deal(
            position.identifier, order, asked.side, DealEntry.IN, lots, self.ask, asked.magic
        )

    def reduce(
        self,
        identifier: PositionId,
        lots: Lots,
        magic: Magic = Magic(0),  # noqa: B008 - a NewType call is its argument
        order: Ticket = Ticket(0),  # noqa: B008 - the same
        entry: DealEntry = DealEntry.OUT,
        reason: DealReason = DealReason.EXPERT,
    ) -> None:
        """Close a part of a position, or all of it; also what others do."""
        position = self.held[identifier]
        side = Side.SELL if position.side is Side.BUY else Side.BUY
        price = self.bid if side is Side.SELL else self.ask
        left = Lots(position.volume - lots)
        if left:
            self.held[identifier] = replace(position, volume=left)
        else:
            del self.held[identifier]
        self._deal(identifier, order, side, entry, lots, price, magic, reason)

    def _deal(
        self,
        identifier: PositionId,
        order: Ticket,
        side: Side,
        entry: DealEntry,
        lots: Lots,
        price: float,
        magic: Magic,
        reason: DealReason = DealReason.EXPERT,
    ) -> None:
        self.deals.append(
            Deal(
                self._next(), order, identifier, GOLD, side, entry, reason, lots, price,
                0.0, 0.0, 0.0, magic, "", self.clock.now(),
            )
        )  # fmt: skip

    def hold(self, lots: str, side: Side = Side.BUY, sl: float | None = 2630.0) -> Position:
        """Let the trader's position stand, with the deal that opened it."""
        opened = Timestamp(self.clock.now() - 7200)
        position = Position(
            Ticket(MAIN), MAIN, GOLD, side, Lots(Decimal(lots)), 2655.0, sl, 2700.0, self.bid,
            0.0, 0.0, Magic(0), "", opened,
        )  # fmt: skip
        self.held[MAIN] = position
        self._deal(MAIN, Ticket(MAIN), side, DealEntry.IN, position.volume, 2655.0, Magic(0))
        self.deals[-1] = replace(self.deals[-1], at=opened)
        return position


class Tape:
    """The journal on the disk, which may be where the process ends."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.kill_before: Callable[[Sequence[ev.Event]], bool] = lambda _: False
        self.kill_after: Callable[[Sequence[ev.Event]], bool] = lambda _: False
        self.on_append: Callable[[Sequence[ev.Event]], None] = lambda _: None
        self.broken = ""

    @property
    def head(self) -> str:
        return self._journal.head

    async def facts(self) -> tuple[ev.Fact, ...]:
        return await self._journal.facts()

    async def append(self, at: Timestamp, events: Sequence[ev.Event]) -> tuple[ev.Fact, ...]:
        if self.broken:
            raise StoreError(self.broken)
        if self.kill_before(events):
            raise Killed
        facts = await self._journal.append(at, events)
        self.on_append(events)
        if self.kill_after(events):
            raise Killed
        return facts


class Stage:
    """An outbox, its broker and words to tell a story with."""

    def __init__(self, journal: Journal, settings: DefenceSettings, mode: MarginMode) -> None:
        self.clock = LoopClock(START)
        self.broker = ScriptedTerminal(self.clock, mode)
        self.tape = Tape(journal)
        self.settings = settings
        self.log = Lines()
        self.outbox: Outbox
        self.parts: DefenceParts
        self._new(self.tape)

    def _new(self, journal: JournalPort) -> None:
        recorder = Recorder(journal, self.log, Bus(), self.clock)
        board = DefenceBoard()
        board.session = self.broker.session()
        board.hedge_atr[GOLD] = 24.0
        identities = IdSource(self.clock, Random(len(self.log.records)))  # noqa: S311
        self.parts = DefenceParts(
            self.broker, recorder, Ledger(recorder), board, self.clock, identities, self.settings
        )
        self.outbox = Outbox(self.parts)

    async def start(self, trade: Trade) -> None:
        """Arm, connect and watch one trade."""
        await self.record(
            ev.EngineStarted("sim", "", 1),
            ev.ArmSwitched(armed=True, by="test"),
            fx.Mt5LinkChanged("ready", "connected", 1, LOGIN, "Demo"),
            fx.DefenceAdopted(trade, "test"),
        )

    async def restart(self, *, ready: bool = True) -> None:
        """Start a new process on the same journal and broker, as the link worker would."""
        self.tape.kill_before = self.tape.kill_after = lambda _: False
        self.broker.kill_before_landing = self.broker.kill_after_landing = False
        self._new(self.tape)
        facts = await self.tape.facts()
        self.parts.recorder.load(facts)
        self.parts.ledger.load(facts)
        session = self.parts.book.session + 1
        await self.record(fx.Mt5LinkChanged("syncing", "connected", session, LOGIN, "Demo"))
        await self.outbox.resume()
        if ready:
            await self.record(fx.Mt5LinkChanged("ready", "connected", session, LOGIN, "Demo"))

    async def record(self, *events: ev.Event) -> None:
        await self.parts.recorder.record(*events)

    async def wish(
        self, kind: ActionKind, rule: str = "T5", *, by_hand: bool = False, by: str = "dtms"
    ) -> Acted:
        wish = Wish(kind, rule, "score -6.4 ≤ -6.0")
        return await self.outbox.act(MAIN, wish, by=by, by_hand=by_hand)

    async def hedge(self, rule: str = "T5") -> Acted:
        return await self.wish(ActionKind.OPEN_HEDGE, rule)

    @property
    def trade(self) -> Trade:
        return self.parts.book.trades[MAIN]

    @property
    def actions(self) -> list[str]:
        """Return `open_hedge DONE 10009`, oldest first."""
        return [
            f"{one.kind} {one.state}" + (f" {one.retcode}" if one.retcode is not None else "")
            for one in self.parts.book.actions.values()
        ]

    @property
    def unknown(self) -> bool:
        return any(a.state is ActionState.UNKNOWN for a in self.parts.book.actions.values())

    def hedges(self) -> list[Position]:
        return [p for p in self.broker.held.values() if p.identifier != MAIN]

    async def facts(self, kind: type) -> list:
        return [fact.event for fact in await self.tape.facts() if isinstance(fact.event, kind)]

    def heard(self, words: str) -> int:
        return sum(words in record.text for record in self.log.records)

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


def trade_of(position: Position, **changes: object) -> Trade:
    """Return a watched trade in WARNING_L2 whose partial close is done."""
    trade = Trade(
        position.identifier, position.ticket, position.symbol, position.side, position.price_open,
        initial_volume=Lots(position.volume * 2), volume=position.volume, risk=20.0,
        sl=position.sl, tp=position.tp, opened_at=position.opened_at,
        adopted_at=position.opened_at, state=State.WARNING_L2,
        since=Timestamp(START - 1200), automation=Automation.AUTO, halved=True,
        breakeven_armed=True,
    )  # fmt: skip
    return replace(trade, **changes)  # type: ignore[arg-type]


Story = Callable[[Stage], Awaitable[None]]


def play(
    story: Story,
    folder: Path,
    *,
    lots: str = "0.50",
    side: Side = Side.BUY,
    mode: MarginMode = MarginMode.HEDGING,
    rules: Rules | None = None,
    **changes: object,
) -> None:
    """Tell `story`; `changes` are those of the trade."""

    async def main() -> None:
        journal = await Journal.open(folder / "journal.db", profile="sim")
        try:
            stage = Stage(journal, DefenceSettings(rules=rules or Rules()), mode)
            await stage.start(trade_of(stage.broker.hold(lots, side), **changes))
            await story(stage)
        finally:
            await journal.close()

    run_virtual(main)
