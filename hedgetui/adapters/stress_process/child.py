"""The process that simulates: takes one job after the other from its stdin, answers on its stdout.

It is a guest on a machine where a desk trades: it yields the processor to whoever wants it, offers
itself first where memory runs out, ignores the keys of the terminal, and ends when the desk's end
of the pipe does, in the middle of a job if need be. Neither Textual nor asyncio is loaded here.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from hedgetui.adapters.stress_process.jobs import (
    Answer,
    Cvars,
    Failed,
    Job,
    Message,
    Progress,
    Simulate,
    receive,
    send,
)
from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.stress.book import StressBook
from hedgetui.domain.stress.figures import figures, histogram
from hedgetui.domain.stress.grid import scenario_grid
from hedgetui.domain.stress.monte_carlo import simulate, simulated
from hedgetui.domain.stress.paths import StressSettings
from hedgetui.domain.text import safe
from hedgetui.ports.stress import StressAnswer

_NICE: Final = 10
_FIRST_TO_GO: Final = "600"
"""Of 1000: the system ends this process before the desk when memory runs out."""

Tell = Callable[[Message], None]


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Do jobs until the other side leaves."""
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs, waiting.put), daemon=True).start()

    def tell(message: Message) -> None:
        send(message, answers)

    while True:
        tell(_done(waiting.get(), tell))


def _listen(jobs: BinaryIO, put: Callable[[Job], None]) -> None:
    """Read jobs; when nobody is there any more, what is being worked out is of no use."""
    try:
        while isinstance(job := receive(jobs), Simulate | Cvars):
            put(job)
    except (EOFError, OSError):
        pass
    os._exit(0)


def _done(job: Job, tell: Tell) -> Message:
    try:
        if isinstance(job, Cvars):
            return Answer(tuple(_cvar(book, job.settings) for book in job.books))
        return Answer(answer(job.book, job.settings, tell))
    except HedgetuiError as error:
        return Failed(error)
    except MemoryError:
        words = "there is not enough memory for this stress test"
        return Failed(HedgetuiError(words, hint="ask for fewer paths", code="no-memory"))
    except Exception as error:  # noqa: BLE001 - the last boundary: the desk has to hear of it
        words = f"the stress test failed: {type(error).__name__}: {safe(error)}"
        return Failed(HedgetuiError(words, code="stress-failed"))


def answer(book: StressBook, settings: StressSettings, tell: Tell) -> StressAnswer:
    """Simulate a book and price its grid.

    Raises:
        DataError: the book holds nothing.
    """
    result = simulate(book, settings, progress=lambda done, paths: tell(Progress(done, paths)))
    edges, counts = histogram(result.profits)
    grid = scenario_grid(book, rate=settings.rate)
    return StressAnswer(result, grid, tuple(edges.tolist()), tuple(counts.tolist()))


def _cvar(book: StressBook, settings: StressSettings) -> float:
    if not book.holdings:
        return 0.0
    profits, nav = simulated(book, settings)
    return figures(profits, nav).cvar95


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes and leave stdin and stdout empty: a stray print would spoil an answer."""
    pipes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("r+b") as nowhere:
        os.dup2(nowhere.fileno(), 0)
        os.dup2(nowhere.fileno(), 1)
    return pipes


def _step_back() -> None:
    """Be nobody's hindrance."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    with contextlib.suppress(OSError):  # Linux alone has it
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, "ascii")


if __name__ == "__main__":
    _step_back()
    try:
        serve(*_private_pipes())
    except OSError:  # the desk does not read any more
        sys.exit(0)
