"""The simulated grain elevator at a desk: its history once, and its farmers as time goes by."""

from __future__ import annotations

from hedgetui.console.trader import Narrator, silently
from hedgetui.domain import commands as cm
from hedgetui.domain.tails.facts import TailEvent
from hedgetui.domain.units import Timestamp
from hedgetui.ports.clock import Clock
from hedgetui.ports.desk import DeskPort
from hedgetui.simulation.elevator import arrivals, history
from hedgetui.simulation.scenarios import Scenario

_BY = "elevator"


def past(world: Scenario, seed: int, now: Timestamp) -> tuple[TailEvent, ...]:
    """Return the month before `now`, for a desk that knows of no cash yet."""
    return () if world.cash_every_s is None else history(seed, now)


async def follow(
    desk: DeskPort,
    clock: Clock,
    world: Scenario,
    seed: int,
    seconds: float,
    narrate: Narrator = silently,
) -> None:
    """Bring the farmers of the next `seconds` to a desk, each at his time; narrate refusals."""
    if world.cash_every_s is None:
        return
    began = clock.now()
    for after, entered, filled in arrivals(seed, began, seconds, world.cash_every_s):
        wait = began + after - clock.now()
        if wait > 0:
            await clock.sleep(wait)
        command = cm.EnterCash(
            entered.key.account, entered.key.contract, entered.side.value, filled.units,
            str(filled.price), entered.comment, entered.cash,
        )  # fmt: skip
        outcome = await desk.dispatch(command, _BY)
        if not outcome.ok:
            narrate(f"elevator: {entered.cash}: {outcome.code}: {outcome.message}")
