"""A defence on a simulated terminal and virtual time, with words to tell a story with.

Recorder, ledger, supervisor and defence are the real ones, the venue is the built-in broker of MT5,
the journal is one in memory that takes its
time, or the one on disk. Whatever the broker must do by hand or break, its
`control` does; what only a test can say is said by `Terminal`'s own switches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from hedgetui.adapters.sim.mt5 import SimulatedMt5
from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import Trade
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.mt5.records import (
    CommittedRequest,
    Deal,
    Incomplete,
    Look,
    PositionId,
    Reply,
    Tick,
)
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.engine.bus import Bus
from hedgetui.engine.dtms.door import Door, door
from hedgetui.engine.dtms.parts import DefenceParts, DefenceSettings
from hedgetui.engine.dtms.service import Defence
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.supervisor import Supervisor
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.desk import Outcome
from hedgetui.ports.dtms import DefenceRow, DefenceView
from hedgetui.simulation.mt5.ledger import AccountTerms
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5.world import Mt5World
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.store.journal import Journal
from tests.engine.bench import Lines, MemoryJournal

START = parse_utc("2025-11-19T14:31:00Z")
"""A Wednesday: every market is open."""
GOLD, BITCOIN = "XAUUSD", "BTCUSD"
CALM = 0.25
"""Of gold's usual volatility: what happens is what a story pushes."""


class Terminal(SimulatedMt5):
    """The simulated terminal, with answers that only a test can spoil."""

    def __init__(self, venue: Venue, clock: LoopClock) -> None:
        super().__init__(venue, clock)
        self.blind = ""
        """Why looks fail; empty while they do not."""
        self.dumb = ""
        """Why asking for deals fails."""
        self.late = False
        """Whether the history shows no deals yet."""
        self.reachable = True
        self.hidden: set[int] = set()
        """Identifiers that looks do not show although the positions are there."""
        self.sent: list[CommittedRequest] = []
        self.looks = 0

    async def connect(self):
        if not self.reachable:
            raise BrokerUnreachable("the terminal does not answer")
        return await super().connect()

    async def look(self) -> Look | Incomplete:
        self.looks += 1
        found = await super().look()
        if self.blind:
            return Incomplete(self.blind)
        if isinstance(found, Incomplete):
            return found
        shown = tuple(p for p in found.positions if p.identifier not in self.hidden)
        return replace(found, positions=shown)

    async def deals_of(self, position: PositionId) -> tuple[Deal, ...] | Incomplete:
        if self.late:
            return ()
        return Incomplete(self.dumb) if self.dumb else await super().deals_of(position)

    async def deals_since(self, since: Timestamp) -> tuple[Deal, ...] | Incomplete:
        return () if self.late else await super().deals_since(since)

    async def ticks(self, names: Sequence[str]) -> Mapping[str, Tick] | Incomplete:
        return await super().ticks(names)

    async def send(self, request: CommittedRequest) -> Reply:
        self.sent.append(request)
        return await super().send(request)


class Stage:
    """A defence, its terminal, and who plays."""

    def __init__(
        self,
        world: Mt5World,
        settings: DefenceSettings,
        facts: Sequence[ev.Fact],
        seed: int,
        start: Timestamp,
        journal: Journal | None = None,
    ) -> None:
        start = facts[-1].at if facts else start
        self.clock = LoopClock(start)
        self.venue = Venue(world, seed=seed, start=start)
        self.terminal = Terminal(self.venue, self.clock)
        self.journal = journal or MemoryJournal(self.clock, facts)
        self.seen = list(facts)
        """Every fact of every process."""
        self.log = Lines()
        self.settings = settings
        self.recorder: Recorder
        self.door: Door
        self.supervisor: Supervisor
        self._epoch = 0
        self._make()

    def _make(self) -> None:
        self.recorder = Recorder(self.journal, self.log, Bus(), self.clock)
        self.recorder.listen(self.seen.append)
        seed = Random(len(self.seen))  # noqa: S311 - repeatable
        self.door = door(self.terminal, self.settings, self.recorder, self.clock, seed)
        self.supervisor = Supervisor(self.clock, self._died)

    async def _died(self, name: str, why: str) -> None:
        raise AssertionError(f"{name} died: {why}")

    # --- life --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Fold the journal, arm as a simulator does, run the workers."""
        facts = await self.journal.facts()
        self.recorder.load(facts)
        self.door.load(facts)
        self._epoch += 1
        await self.recorder.record(ev.EngineStarted("sim", "", self._epoch))
        await self.recorder.record(ev.ArmSwitched(armed=True, by="test"))
        for name, worker in self.door.workers():
            self.supervisor.start(name, worker)

    async def ready(self) -> None:
        """Start, and wait for the first cycle."""
        await self.start()
        await self.until(lambda: self.defence.watch.last_cycle_at is not None, 30)

    async def crash(self) -> None:
        """Kill the process where it stands; nothing is said, the session is gone."""
        await self.supervisor.stop()
        await self.terminal.disconnect()
        self._make()

    async def restart(self) -> None:
        """Crash and start again on the same journal and broker."""
        await self.crash()
        await self.start()

    async def close(self) -> None:
        await self.supervisor.stop()
        await self.door.stop()
        assert self.supervisor.down == {}, self.supervisor.down

    # --- time --------------------------------------------------------------------------------

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def until(self, holds: Callable[[], bool], within: float) -> None:
        """Wait until something holds; fail with the log when it does not in time."""
        for _ in range(int(within * 10)):
            if holds():
                return
            await self.clock.sleep(0.1)
        assert holds(), "\n".join(self.lines[-25:])

    # --- the broker --------------------------------------------------------------------------

    def now(self) -> None:
        """Let the venue live up to this moment, before somebody does something in it."""
        self.venue.advance(self.clock.now())

    @property
    def control(self):
        self.now()
        return self.venue.control

    def open(
        self, symbol: str = GOLD, side: str = "BUY", volume: str = "0.40", stop: float = 20.0
    ) -> int:
        """Open a position by hand with a stop so far away (0: none); return its ticket."""
        self.now()
        quote = self.venue.markets[symbol].quote(self.venue.at)
        assert quote is not None
        sign = 1 if side == "BUY" else -1
        terms = self.venue.markets[symbol].terms
        level = terms.rounded(quote.closing(sign) - sign * stop) if stop else 0.0
        return self.control.hand_open(symbol, side, volume, sl=level)

    def price(self, symbol: str = GOLD) -> float:
        self.now()
        quote = self.venue.markets[symbol].quote(self.venue.at)
        assert quote is not None
        return quote.closing(1)

    def positions(self) -> list[tuple[int, str, str]]:
        """Return (ticket, side, volume) of everything that is open at the broker."""
        self.now()
        held = self.venue.ledger.holdings.values()
        return [(h.ticket, "BUY" if h.sign > 0 else "SELL", str(h.volume)) for h in held]

    # --- the desk ----------------------------------------------------------------------------

    @property
    def defence(self) -> Defence:
        assert self.door.defence is not None
        return self.door.defence

    @property
    def parts(self) -> DefenceParts:
        return self.defence._parts

    @property
    def book(self):
        return self.parts.book

    @property
    def view(self) -> DefenceView:
        return self.door.view()

    def trade(self, ticket: int | None = None) -> Trade:
        """Return a trade by its identifier, else the only one."""
        trades = self.book.trades
        return trades[PositionId(ticket)] if ticket else next(iter(trades.values()))

    def row(self, ticket: int) -> DefenceRow:
        rows = (*self.view.rows, *self.view.closed)
        return next(row for row in rows if ticket in {row.ticket, row.identifier})

    async def do(self, command: cm.Command) -> Outcome:
        return await self.door.dispatch(command, "test")

    async def confirmed(self, command: cm.Command) -> Outcome:
        outcome = await self.do(command)
        assert outcome.preview is not None, outcome
        return await self.do(cm.Confirm(outcome.preview.preview_id))

    @property
    def link(self) -> LinkState:
        return self.defence.link.state

    @property
    def lines(self) -> list[str]:
        return [record.text for record in self.log.records]

    def heard(self, words: str) -> int:
        return sum(words in line for line in self.lines)

    def facts(self, kind: type) -> list:
        return [fact.event for fact in self.seen if isinstance(fact.event, kind)]

    def moves(self, ticket: int | None = None) -> list[str]:
        """Return the rules of a trade's transitions, or of all."""
        return [
            move.rule for move in self.facts(fx.DefenceMoved) if ticket in {None, int(move.trade)}
        ]


Story = Callable[[Stage], Awaitable[None]]


def play(
    story: Story,
    *,
    world: Mt5World | None = None,
    account: AccountTerms | None = None,
    facts: Sequence[ev.Fact] = (),
    seed: int = 7,
    at: Timestamp = START,
    folder: Path | None = None,
    **settings: object,
) -> None:
    """Tell `story` on a defence; `settings` are those of `DefenceSettings`.

    With a `folder` the journal is the real one, on disk.
    """
    quiet = world or Mt5World(
        "quiet", "nobody trades", account=account or AccountTerms(), liveliness={GOLD: CALM}
    )
    chosen = replace(DefenceSettings(), **settings)  # type: ignore[arg-type]

    async def main() -> None:
        journal = await Journal.open(folder / "journal.db", profile="sim") if folder else None
        stage = Stage(quiet, chosen, facts, seed, at, journal)
        try:
            await story(stage)
        finally:
            await stage.close()
            if journal is not None:
                await journal.close()

    run_virtual(main)
