"""Opening a desk: every file, the broker, the kernel; and taking it all down in reverse order."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random, SystemRandom

from hedgetui import config
from hedgetui.adapters.stress_process.process import StressProcess
from hedgetui.bootstrap import mt5, venues
from hedgetui.bootstrap.translation import (
    balance_settings,
    defence_settings,
    engine_settings,
    tail_settings,
)
from hedgetui.console import elevator, headless
from hedgetui.console.trader import Narrator, silently
from hedgetui.domain import commands as cm
from hedgetui.domain.audit import Auditor
from hedgetui.domain.dtms.audit import VenueHistory
from hedgetui.domain.errors import BrokerUnreachable, HedgetuiError
from hedgetui.domain.events import Fact
from hedgetui.domain.instruments import is_security
from hedgetui.domain.mt5.records import Incomplete
from hedgetui.domain.tails.facts import TailHedgePlaced
from hedgetui.domain.tails.policy import Levels
from hedgetui.domain.units import Timestamp
from hedgetui.engine.halves import Ports
from hedgetui.engine.kernel import Kernel
from hedgetui.engine.tails.parts import TailSettings
from hedgetui.ports.broker import BrokerPort, Complete, Environment
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.desk import DeskPort
from hedgetui.ports.mt5 import Mt5Port
from hedgetui.simulation.scenarios import Scenario, scenario
from hedgetui.store.journal import Journal
from hedgetui.store.log_store import LogStore


@dataclass(frozen=True, slots=True)
class Desk:
    """A running desk and what its caller may need besides the port."""

    kernel: Kernel
    clock: LoopClock
    auditor: Auditor
    broker: BrokerPort
    journal: Journal
    seed: int
    terminal: Mt5Port | None
    began: Timestamp
    """When the journal's first fact happened."""

    @property
    def port(self) -> DeskPort:
        """The desk as its front ends see it."""
        return self.kernel

    @property
    def head(self) -> str:
        """Hash of the newest fact."""
        return self.journal.head

    @property
    def failure(self) -> HedgetuiError | None:
        """Why the journal writes nothing more; None while it works."""
        return self.journal.failure

    def summary(self) -> dict[str, object]:
        """Return counts, net delta and profit since the journal began."""
        kernel = self.kernel
        return {**kernel.summary(), **kernel.defence.summary(), **kernel.tails.summary()}

    async def audit(self) -> Auditor:
        """Compare the journal with the broker's own history and return the auditor.

        An account at a broker may hold anything; what this journal never traded is not its affair.
        """
        await self._audit_mt5()
        answer = await self.broker.truth()
        if isinstance(answer, Complete) and self._moved_besides(answer.truth.positions):
            await self.port.dispatch(cm.Reconcile(), "audit")
            answer = await self.broker.truth()
        if not isinstance(answer, Complete):
            return self.auditor
        history = headless.history_of(answer.truth)
        if self.broker.environment is not Environment.SIM:
            state = self.kernel.recorder.state
            ours = {fill.instrument_key for fill in state.fills.values()} | set(state.foreign)
            held = {key: n for key, n in history.positions.items() if key in ours}
            history = replace(history, positions=held)
        self.auditor.compare(history)
        return self.auditor

    def _moved_besides(self, held: Mapping[str, int]) -> bool:
        """Whether securities moved at the broker since the desk compared them last."""
        expected = self.kernel.recorder.state.expected_positions
        keys = filter(is_security, {*held, *expected})
        return any(held.get(key, 0) != expected.get(key, 0) for key in keys)

    async def _audit_mt5(self) -> None:
        """Compare the MT5 side, if it answers."""
        if self.terminal is None:
            return
        with contextlib.suppress(BrokerUnreachable):
            look = await self.terminal.look()
            deals = await self.terminal.deals_since(self.began)
            if not isinstance(look, Incomplete) and not isinstance(deals, Incomplete):
                self.auditor.compare_mt5(VenueHistory(deals, look.positions))

    async def farmers(self, world: Scenario, seconds: float, narrate: Narrator = silently) -> None:
        """Let the elevator of a simulated world work: its last month once, then hour by hour.

        Returns when `seconds` have passed, at once where there is no elevator.
        """
        tails = self.kernel.tails.tails
        if tails is None or self.broker.environment is not Environment.SIM:
            return
        books = (tails.ledger.book(key) for key in tails.ledger.keys)
        if not any(book is not None and (book.cash or book.hedges) for book in books):
            await tails.enter(elevator.past(world, self.seed, self.clock.now()))
        await elevator.follow(self.port, self.clock, world, self.seed, seconds, narrate)

    def complain(self, words: str) -> None:
        """Warn in the log, where the screen and a headless run show it."""
        self.kernel.recorder.say("warn", f"🟡 {words}")


@dataclass(frozen=True, slots=True)
class Files:
    """Where a desk keeps what it must not forget."""

    journal: Path
    log: Path
    exchange: Path
    """Of the simulator alone, as is the next."""
    mt5: Path


def files(loaded: config.Loaded, folder: Path | None, db: Path | None) -> Files:
    """Return the files of a desk: beside `db`, in `folder`, or the profile's own."""
    if db is not None:
        return Files(
            db, db.with_name(f"{db.stem}-log.db"), db.with_name(f"{db.stem}-exchange.jsonl"),
            db.with_name(f"{db.stem}-mt5.json"),
        )  # fmt: skip
    paths = loaded.paths
    if folder is not None:
        paths = replace(paths, state=folder)
    else:
        paths.prepare()
    return Files(paths.journal, paths.log, paths.exchange, paths.mt5)


@asynccontextmanager
async def open_desk(
    loaded: config.Loaded,
    world: Scenario | None = None,
    *,
    folder: Path | None = None,
    db: Path | None = None,
    speed: float = 1.0,
    deterministic: bool = False,
    listener: Callable[[Fact], None] | None = None,
    must_reach: bool = False,
) -> AsyncIterator[Desk]:
    """Open every file and start a desk on the profile's broker; closes all of it at the end.

    `world` is the simulator's scenario (None: the configured one), `folder` replaces the state
    folder, `db` the journal's own path. A broker that does not answer is tried again for as long
    as the desk is open, unless it `must_reach`.

    Raises:
        BrokerUnreachable: the broker must be reached and does not answer.
        StoreError: a file cannot be opened, or another desk has it.
    """
    settings = loaded.settings
    where = files(loaded, folder, db)
    async with AsyncExitStack() as stack:
        journal, log = await _stores(where, settings.general.profile, stack)
        facts = await journal.facts()
        newest = facts[-1].at if facts else None
        if settings.general.profile == Environment.SIM.value:
            world = world or scenario(settings.simulator.scenario)
            venue = venues.simulator(
                settings, world, where.exchange, stack, newest=newest, speed=speed
            )
        else:
            venue = await venues.broker(settings, newest=newest, speed=speed, must_reach=must_reach)
        name = world.name if world is not None else settings.simulator.scenario
        port = mt5.terminal(loaded, name, where.mt5, venue.clock)
        desk = _assembled(venue, port, journal, log, facts, loaded, deterministic=deterministic)
        if listener is not None:
            desk.kernel.recorder.listen(listener)
        run = await journal.begin_run(venue.clock.now())
        await desk.kernel.start(run.epoch, facts)
        try:
            yield desk
        finally:
            await desk.kernel.stop("closed")
            if journal.failure is None:
                await journal.end_run(venue.clock.now())


async def _stores(where: Files, profile: str, stack: AsyncExitStack) -> tuple[Journal, LogStore]:
    """Open journal and log; `stack` closes them."""
    journal = await Journal.open(where.journal, profile=profile)
    stack.push_async_callback(journal.close)
    log = await LogStore.open(where.log)
    stack.push_async_callback(log.close)
    return journal, log


def _levels(tails: TailSettings | None, facts: Sequence[Fact]) -> Levels | None:
    """Return the policies to audit by; none where earlier hedges had settings that nobody kept."""
    if tails is None or any(isinstance(fact.event, TailHedgePlaced) for fact in facts):
        return None
    return tails.levels


def _assembled(
    venue: venues.Venue,
    terminal: Mt5Port | None,
    journal: Journal,
    log: LogStore,
    facts: Sequence[Fact],
    loaded: config.Loaded,
    *,
    deterministic: bool,
) -> Desk:
    """Return a desk that is not started, its auditor caught up with the journal."""
    settings = loaded.settings
    seed = settings.simulator.seed
    # Order identities must differ between runs on one journal, and repeat with its length.
    random = Random(seed + len(facts)) if deterministic else SystemRandom()  # noqa: S311
    balance = balance_settings(settings)
    ports = Ports(
        venue.broker, journal, log, venue.clock, random,
        mt5=terminal, defence=defence_settings(settings) if terminal else None,
        tails=tail_settings(settings),
        portfolio=venue.portfolio if balance else None, balance=balance,
        stress=StressProcess() if balance else None,
    )  # fmt: skip
    kernel = Kernel(ports, replace(engine_settings(settings), scan_at_start=loaded.scan))
    auditor = Auditor(_levels(ports.tails, facts))
    for fact in facts:
        auditor.take(fact)
    kernel.recorder.listen(auditor.take)
    began = facts[0].at if facts else venue.clock.now()
    return Desk(kernel, venue.clock, auditor, venue.broker, journal, seed, terminal, began)
