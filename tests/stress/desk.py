"""A desk whose portfolio the test holds, with real stress tests on a real worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from hedgetui.adapters.stress_process.process import StressProcess
from hedgetui.domain import commands as cm
from hedgetui.domain.balance.positions import Book, Position, Unparsed
from hedgetui.engine.balance.reading import Reading
from hedgetui.engine.balance.settings import BalanceSettings
from hedgetui.engine.balance.stressing import Stressing
from hedgetui.ports import desk as dk
from hedgetui.ports.balance import BalanceView, SourceView, StressView
from tests.balance.balance_stage import MARKET, option, share
from tests.engine.bench import START, Bench, play
from tests.ui.still_desk import StillDesk

LINES = (share("SPY", 100, 600.0), option("SPY", "P", 2, 570.0), share("NVDA", 50, 180.0))
UNREAD = (Unparsed(0, "BOND 912828", "kind: BOND is not known"),)
NAV = 100_000.0
SOURCE = SourceView("SIM DU-SIM-01", len(LINES), START)


class Watched(StressProcess):
    """Says when it gets somewhere; a virtual clock stands still meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.moving = asyncio.Event()

    async def run(self, book, settings, progress):
        def told(done: int, paths: int) -> None:
            progress(done, paths)
            self.moving.set()

        return await super().run(book, settings, told)


class StressedDesk(StillDesk):
    """What a front end sees of it, and what the test may change."""

    def __init__(self, bench: Bench, runner: Watched | None) -> None:
        super().__init__()
        self.bench, self.runner = bench, runner
        self.basket: tuple[Position, ...] = ()
        self.reading: Reading | None = None
        self.hold(*LINES)
        parts, settings = bench.kernel.parts, BalanceSettings()
        self.service = Stressing(parts, runner, settings, lambda: self.reading, lambda: self.basket)

    def hold(
        self, *lines: Position, nav: float | None = NAV, unread: tuple[Unparsed, ...] = UNREAD
    ) -> None:
        book, market = Book(lines, unread), replace(MARKET, vix=16.0)
        self.reading = Reading(START, (), book, market, nav, (SOURCE,))

    @property
    def seen(self) -> StressView:
        return self.service.view()

    def snapshot(self) -> dk.DeskSnapshot:
        balance = BalanceView(on=True, sources=(SOURCE,))
        return replace(super().snapshot(), balance=balance, stress=self.seen)

    async def dispatch(self, command: cm.Command, by: str = "you") -> dk.Outcome:
        if self.service.owns(command):
            return await self.service.dispatch(command, by)
        return await super().dispatch(command, by)

    async def ended(self, command: cm.Command) -> StressView:
        """Give a command and wait until nothing runs."""
        outcome = await self.dispatch(command)
        assert outcome.ok, outcome
        while self.seen.state == "running":
            await self.bench.wait(0.1)
        return self.seen

    async def under_way(self, command: cm.Command) -> int:
        """Start a test, wait until some of its paths are done, and return the worker's number."""
        self.runner.moving.clear()
        assert (await self.dispatch(command)).ok
        await self.runner.moving.wait()
        return self.runner.pid


Story = Callable[[StressedDesk], Awaitable[None]]


def on_a_desk(story: Story, *, worker: bool = True) -> None:
    """Play a story on virtual time."""

    async def act(bench: Bench) -> None:
        bench.journal.delay = 0.0
        desk = StressedDesk(bench, Watched() if worker else None)
        try:
            await story(desk)
        finally:
            await desk.service.stop()

    play(act)
