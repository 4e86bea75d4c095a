"""A process that sends a spread and is killed at a moment named on its command line.

Run as `tests.faults.ticket_victim DB MOMENT`: a desk on the exchange, a ticket of two orders, and
SIGKILL by its own hand when the journal has the fact the moment is about.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from hedgetui import config
from hedgetui.bootstrap import open_desk
from hedgetui.domain import events as ev
from hedgetui.domain.orders import IntentState
from hedgetui.simulation.virtual_loop import run_virtual
from tests.engine.stage import STILL, Stage
from tests.tickets.test_on_the_exchange import SHORT, sent, spread_of

FLAGS: dict[str, object] = {"vega.max_cost": 5_000.0, **SHORT}


MOMENTS: dict[str, Callable[[ev.Event], bool]] = {
    "written": lambda event: isinstance(event, ev.IntentRecorded),
    "filled": lambda event: isinstance(event, ev.IntentMoved) and event.after is IntentState.FILLED,
}


async def main(db: Path, moment: str) -> None:
    """Send the spread; the process does not outlive it."""
    due = MOMENTS[moment]

    def look(fact: ev.Fact) -> None:
        if due(fact.event):
            os.kill(os.getpid(), signal.SIGKILL)

    loaded = config.load(flags=FLAGS)
    async with open_desk(loaded, STILL, db=db, deterministic=True) as desk:
        stage = Stage(desk)
        await stage.ready()
        desk.kernel.recorder.listen(look)
        await sent(stage, desk.kernel.tickets, *await spread_of(stage))
        await asyncio.sleep(60)


if __name__ == "__main__":
    run_virtual(lambda: main(Path(sys.argv[1]), sys.argv[2]))
