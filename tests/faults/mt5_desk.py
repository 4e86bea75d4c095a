"""A whole desk that defends MT5 trades over the real bridge's socket, with a broker that breaks.

The venue, its gateway, the bridge, the adapter, kernel and journal all run on one virtual clock;
the other half of the desk has a broker that told the time and went away. `play_mt5` tells a story
and at the end lays the broker's own deals and positions beside the journal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from hedgetui import config
from hedgetui.bootstrap.desk import Desk, open_desk
from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.book import DefenceBook
from hedgetui.domain.dtms.model import ActionKind, ActionRecord, ActionState, State, Trade
from hedgetui.domain.events import LinkState
from hedgetui.domain.mt5.identity import parse_magic
from hedgetui.domain.mt5.records import MarginMode, PositionId
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.mt5bridge.token_file import create_token
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.desk import Outcome
from hedgetui.ports.dtms import DefenceRow, DefenceView
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.mt5.control import Mt5Control
from hedgetui.simulation.mt5.orders import Booked
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.world import Mt5World
from hedgetui.simulation.mt5_gateway import Mt5Gateway
from hedgetui.simulation.scenarios import scenario
from hedgetui.simulation.tws_gateway import TwsGateway
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.simulation.worlds import exchange_of
from tests.faults.mt5_history import history_of

START = parse_utc("2025-11-19T14:31:00Z")
"""A Wednesday: every market is open."""
GOLD = "XAUUSD"
EAGER: dict[str, object] = {
    "dtms.l1_score": -0.5,
    "dtms.l2_score": -1.5,
    "dtms.hedge_score": -2.5,
    "dtms.calm_score": 9.0,
    "dtms.ease_score": -1.0,
    "dtms.unhedge_score": 8.0,
    "dtms.recovered_score": 9.0,
    "dtms.l2_u": -0.001,
    "dtms.hedge_u": -0.002,
    "dtms.emergency_u": -0.003,
    "dtms.grace_min": 0.0,
    "dtms.hedge_sl_atr": 20.0,
}
"""Rules by which a small loss in the market of `CALM` leads to a hedge within a minute, through L1
and L2, and no score leads back."""
CALM = Mt5World("calm", "Nobody trades; gold moves as a story pushes it", liveliness={GOLD: 0.25})
Story = Callable[["Mt5Desk"], Awaitable[None]]
Opening = Callable[[], AbstractAsyncContextManager[Desk]]


class Mt5Desk:
    """A desk, its MT5 broker and the way to it, with words to tell a story."""

    def __init__(self, gateway: Mt5Gateway, clock: LoopClock, opening: Opening) -> None:
        self.gateway, self.clock = gateway, clock
        self.venue = gateway.venue
        self._opening = opening
        self._life = AsyncExitStack()
        self._desk: Desk | None = None
        self.lines: list[str] = []
        self.facts: list[ev.Fact] = []
        """Everything journalled since the story began, over all lives of the desk."""

    # --- lives of the desk -------------------------------------------------------------------

    async def open(self) -> None:
        """Start a desk on the journal as it is."""
        self._desk = await self._life.enter_async_context(self._opening())
        say = self.kernel.recorder.say

        def hear(level: str, text: str, why: str = "") -> None:
            self.lines.append(text)
            say(level, text, why)

        self.kernel.recorder.say = hear
        self.kernel.recorder.listen(self.facts.append)

    async def ready(self, seconds: float = 60.0) -> None:
        """Wait until the MT5 link is ready and the first cycle was made."""
        await self.until(lambda: self.view.last_cycle_at is not None, seconds)

    def die(self) -> None:
        """From now on not one more word reaches the journal."""
        self.kernel.recorder.failed = "killed"

    async def watched(self, ticket: int) -> None:
        """Wait until a position is under watch."""
        await self.ready()
        await self.until(lambda: PositionId(ticket) in self.book.trades)

    async def kill(self) -> None:
        """End the process where it stands."""
        self.die()
        await self.close()

    async def close(self) -> None:
        """End the desk in order."""
        await self._life.aclose()
        self._life, self._desk = AsyncExitStack(), None

    async def again(self) -> None:
        """Kill the desk and start another on the same journal and broker."""
        await self.kill()
        await self.open()

    def when(self, kind: ActionKind, after: ActionState, do: Callable[[], object]) -> None:
        """Do something once, at the moment an action of a kind comes into a state."""
        waiting = [do]

        def hear(fact: ev.Fact) -> None:
            event = fact.event
            if not waiting or not isinstance(event, fx.ActionMoved) or event.after is not after:
                return
            if self.book.actions[event.action_id].kind is kind:
                waiting.pop()()

        self.kernel.recorder.listen(hear)

    # --- time --------------------------------------------------------------------------------

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def until(self, holds: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait for something to become true."""
        end = self.clock.now() + seconds
        while not holds():
            assert self.clock.now() < end, f"not within {seconds:g} s; log: {self.lines[-15:]}"
            await self.clock.sleep(0.1)

    # --- the broker --------------------------------------------------------------------------

    @contextmanager
    def broker(self) -> Iterator[Mt5Control]:
        """Hold the broker still at this moment and break something."""
        with self.gateway.lock:
            self.venue.advance(self.clock.now())
            yield self.venue.control

    def buys(self, symbol: str = GOLD, volume: str = "0.40", stop: float = 25.0) -> int:
        """Let a person buy, with a stop so far away (0: none); return the ticket."""
        with self.broker() as control:
            market = self.venue.markets[symbol]
            quote = market.quote(self.venue.at)
            assert quote is not None
            level = market.terms.rounded(quote.closing(1) - stop) if stop else 0.0
            return control.hand_open(symbol, "BUY", volume, sl=level)

    def price(self, symbol: str = GOLD) -> float:
        """Return the bid."""
        with self.broker():
            quote = self.venue.markets[symbol].quote(self.venue.at)
            assert quote is not None
            return quote.closing(1)

    def open_there(self) -> list[tuple[str, Decimal]]:
        """Return side and volume of everything that is open at the broker, oldest first."""
        with self.broker():
            held = self.venue.ledger.holdings.values()
            return [("BUY" if one.sign > 0 else "SELL", one.volume) for one in held]

    def deals(self, kind: ActionKind) -> list[Booked]:
        """Return the broker's deals that bear the magic number of a kind of action."""
        with self.broker():
            marked = [(parse_magic(deal.magic), deal) for deal in self.venue.ledger.deals]
        return [deal for mark, deal in marked if mark is not None and mark.kind is kind]

    def hedges_ever(self) -> list[Decimal]:
        """Return the volumes of all hedge positions the broker ever opened, oldest first."""
        volumes: dict[int, Decimal] = {}
        for deal in self.deals(ActionKind.OPEN_HEDGE):
            if not deal.closes:
                volumes[deal.position_id] = volumes.get(deal.position_id, Decimal(0)) + deal.volume
        return list(volumes.values())

    # --- the desk ----------------------------------------------------------------------------

    @property
    def desk(self) -> Desk:
        assert self._desk is not None
        return self._desk

    @property
    def kernel(self):
        return self.desk.kernel

    @property
    def book(self) -> DefenceBook:
        defence = self.kernel.defence.defence
        assert defence is not None
        return defence._parts.book

    @property
    def view(self) -> DefenceView:
        return self.kernel.snapshot().defence

    @property
    def link(self) -> LinkState:
        return LinkState(self.view.mt5.link)

    def trade(self, ticket: int) -> Trade:
        """Return a trade by its identifier: the ticket it was opened with."""
        return self.book.trades[PositionId(ticket)]

    def row(self, ticket: int) -> DefenceRow:
        """Return a trade as the screen shows it."""
        rows = (*self.view.rows, *self.view.closed)
        return next(row for row in rows if row.identifier == ticket)

    async def do(self, command: cm.Command) -> Outcome:
        return await self.kernel.dispatch(command, "test")

    async def confirmed(self, command: cm.Command) -> Outcome:
        outcome = await self.do(command)
        assert outcome.preview is not None, outcome
        return await self.do(cm.Confirm(outcome.preview.preview_id, outcome.preview.ask_typed))

    async def falls(self, volume: str = "0.40") -> int:
        """Let a person buy and gold fall a little: by eager rules a hedge follows by itself."""
        ticket = self.buys(volume=volume)
        with self.broker() as control:
            control.push(GOLD, -0.001, 60.0)
        await self.watched(ticket)
        return ticket

    async def hedges_by_hand(self, *, stop: float = 25.0) -> int:
        """Let a person buy 0.40 lots and hedge with the key; return the trade's ticket."""
        ticket = self.buys(stop=stop)
        await self.watched(ticket)
        outcome = await self.confirmed(cm.PreviewDefence(ticket, "hedge"))
        assert outcome.ok, outcome
        return ticket

    def has_one_hedge(self, ticket: int, volume: Decimal) -> None:
        """Assert that exactly one hedge was ever opened, that it stands and the trade knows it."""
        assert self.hedges_ever() == [volume]
        trade = self.trade(ticket)
        assert (trade.state, trade.hedges) == (State.HEDGED, 1)
        assert trade.hedge is not None
        assert trade.hedge.volume == volume
        assert self.open_there() == [("BUY", trade.volume), ("SELL", volume)]

    def actions(self, kind: ActionKind | None = None) -> list[ActionRecord]:
        """Return the outbox's actions of a kind, oldest first."""
        return [one for one in self.book.actions.values() if kind in {None, one.kind}]

    def ends(self, kind: ActionKind | None = None) -> list[str]:
        """Return actions as `open_hedge DONE 10009`."""
        return [
            f"{one.kind} {one.state}" + ("" if one.retcode is None else f" {one.retcode}")
            for one in self.actions(kind)
        ]

    def paths(self, kind: ActionKind) -> list[list[str]]:
        """Return the states each action of a kind went through, by the journal."""
        return [
            [
                fact.event.after.value for fact in self.facts
                if isinstance(fact.event, fx.ActionMoved)
                and fact.event.action_id == one.action_id
            ]
            for one in self.actions(kind)
        ]  # fmt: skip

    def moves(self, ticket: int) -> list[str]:
        """Return a trade's transitions as `T5`, by the journal."""
        return [
            fact.event.rule for fact in self.facts
            if isinstance(fact.event, fx.DefenceMoved) and fact.event.trade == ticket
        ]  # fmt: skip

    def heard(self, words: str) -> int:
        """How many log lines hold these words."""
        return sum(words in line for line in self.lines)


def play_mt5(
    tmp_path: Path,
    story: Story,
    *,
    world: Mt5World = CALM,
    account: MarginMode = MarginMode.HEDGING,
    balance: float | None = None,
    flags: dict[str, object] | None = None,
    seed: int = 7,
    start: Timestamp = START,
    audited: bool = True,
) -> None:
    """Tell `story` on a desk whose MT5 side goes over the bridge to an account of that mode."""
    terms = replace(world.account, mode=account)
    if balance is not None:
        terms = replace(terms, balance=balance)
    chosen = replace(world, account=terms)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            clock = LoopClock(start)
            token = tmp_path / "bridge.token"
            gateway = Mt5Gateway(
                Venue(chosen, seed=seed, start=start), clock.now, create_token(token), port=0
            )
            settings: dict[str, object] = {
                "general.profile": "paper",
                "profile.paper.mt5.backend": "bridge",
                "profile.paper.mt5.port": gateway.start(),
                "profile.paper.mt5.token_file": str(token),
                "dtms.automation": "auto",
                **(flags or {}),
            }
            stack.callback(gateway.close)

            def opening() -> AbstractAsyncContextManager[Desk]:
                return _opened(settings, tmp_path / "paper.db", clock)

            told = Mt5Desk(gateway, clock, opening)
            await told.open()
            stack.push_async_callback(told.close)
            await story(told)
            if audited:
                _audit(told)

    run_virtual(main)


@asynccontextmanager
async def _opened(settings: dict[str, object], db: Path, clock: LoopClock) -> AsyncIterator[Desk]:
    """Open a desk whose other broker tells it the time and goes away: each half stands alone."""
    exchange = exchange_of(
        scenario("calm"), seed=7, start=clock.now(), tick_s=60.0, fees=Fees()
    )  # fmt: skip
    tws = TwsGateway(exchange, clock, account="DU1234567", seed=7)
    loaded = config.load(flags={**settings, "profile.paper.port": await tws.start()})
    async with open_desk(loaded, db=db, deterministic=True) as desk:
        await tws.close()
        exchange.close()
        yield desk


def _audit(told: Mt5Desk) -> None:
    auditor = told.desk.auditor
    with told.broker():
        auditor.compare_mt5(history_of(told.venue.ledger))
    assert [one.words for one in auditor.violations] == []
