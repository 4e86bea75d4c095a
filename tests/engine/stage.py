"""A whole desk on the simulated exchange and the virtual clock, for tests that read like a day.

Nothing is replaced: the same kernel, journal and adapter as in production, in a temporary folder.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from hedgetui import config
from hedgetui.bootstrap import Desk, open_desk
from hedgetui.console import trader
from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.units import Seconds
from hedgetui.ports.desk import Outcome
from hedgetui.simulation.price_path import PathParameters
from hedgetui.simulation.scenarios import Scenario, TraderPlan
from hedgetui.simulation.virtual_loop import run_virtual

STILL = Scenario(
    "still",
    "A market that does not move",
    path=PathParameters(spot_vol=1e-6, jumps_per_day=0.0),
    trader=TraderPlan(),
)
Story = Callable[["Stage"], Awaitable[None]]


class Stage:
    """A desk and a few words to tell a story with."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.kernel = desk.kernel
        self.lines: list[str] = []
        say = self.kernel.recorder.say

        def hear(level: str, text: str, why: str = "") -> None:
            self.lines.append(text)
            say(level, text, why)

        self.kernel.recorder.say = hear  # type: ignore[method-assign]

    @property
    def state(self):
        return self.kernel.recorder.state

    async def ready(self) -> None:
        await trader.until_ready(self.kernel, self.desk.clock)

    async def wait(self, seconds: float) -> None:
        await self.desk.clock.sleep(Seconds(seconds))

    async def do(self, command: cm.Command) -> Outcome:
        return await self.kernel.dispatch(command, "test")

    async def confirmed(self, command: cm.Command) -> Outcome:
        outcome = await self.do(command)
        assert outcome.preview is not None, outcome
        return await self.do(cm.Confirm(outcome.preview.preview_id, outcome.preview.ask_typed))

    async def enter(self, row: int = 1, lots: int = 10) -> str:
        """Enter and wait until both legs are filled; returns the trade id."""
        before = set(self.state.strangles)
        outcome = await self.confirmed(cm.PreviewEntry(row, lots))
        assert outcome.ok, outcome
        (trade_id,) = set(self.state.strangles) - before
        for _ in range(120):
            await self.wait(0.5)
            if trade_id in self.state.opened:
                return trade_id
        raise AssertionError(self.lines)

    def hedges(self) -> list[str]:
        """Every hedge order as `SELL 2`."""
        return [
            f"{intent.draft.side} {intent.draft.quantity}"
            for intent in self.state.intents.values()
            if intent.draft.purpose.is_hedge
        ]

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in ev.EVENT_TYPES.values()]


def run(
    tmp_path: Path,
    story: Story,
    world: Scenario = STILL,
    *,
    flags: dict[str, object] | None = None,
    name: str = "sim",
) -> None:
    """Tell `story` on a desk in `tmp_path`; at the end the outside checker must find nothing."""

    async def main() -> None:
        loaded = config.load(flags={"vega.max_cost": 5_000.0, **(flags or {})})
        async with open_desk(loaded, world, db=tmp_path / f"{name}.db", deterministic=True) as desk:
            stage = Stage(desk)
            await story(stage)
            auditor = await desk.audit()
            assert auditor.violations == []

    run_virtual(main)


def moving(world: Scenario = STILL, **changes: object) -> Scenario:
    """Return a scenario with another path."""
    return replace(world, path=replace(world.path, **changes))
