"""`StressRunner` on a worker process, so that neither screen nor ticks wait for a simulation.

The process is `subprocess` and pickles over its pipes, held by a thread of ours. Of the other ways,
`fork` would copy a parent with threads and a loop; `multiprocessing` with `spawn` imports the
program's main module again and keeps a second helper process; asyncio's own subprocesses would let
a virtual clock run on while the worker computes, and leave transports behind when a loop ends. A
thread holds virtual time, and a blocking read of a pipe is ended for certain by killing the writer.

So stopping is killing: whoever cancels gets the processor back at once, even in the long steps that
ask nobody, and no late answer can be taken for the next one. A new process costs a quarter of a
second and 28 MB. One that has nothing to do is ended after some minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, cast

from hedgetui.adapters.stress_process.jobs import Cvars, Job, Simulate
from hedgetui.adapters.stress_process.worker import Worker
from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.stress.book import StressBook
from hedgetui.domain.stress.paths import StressSettings
from hedgetui.domain.units import Seconds
from hedgetui.ports.stress import StressAnswer, StressProgress

IDLE_S: Final = Seconds(300.0)


def _unheard(_: int, __: int) -> None:
    """Take progress that nobody asked for."""


def _heard(work: asyncio.Future[object]) -> None:
    """Take note of how a job ended that nobody waits for any more."""
    if not work.cancelled():
        work.exception()


class StressProcess:
    """One worker process, started when it is needed; jobs queue for it."""

    def __init__(self, idle_s: Seconds | float = IDLE_S) -> None:
        """Prepare; a worker without a job for `idle_s` seconds of the loop is ended."""
        self._idle_s = idle_s
        self._turn = asyncio.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stress")
        self._worker = Worker()
        self._idle: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Of the worker process, while there is one."""
        return self._worker.pid

    async def run(
        self, book: StressBook, settings: StressSettings, progress: StressProgress
    ) -> StressAnswer:
        """Simulate a book and price its scenario grid.

        Raises:
            HedgetuiError: the book cannot be stressed, or the worker died.
        """
        return cast("StressAnswer", await self._ask(Simulate(book, settings), progress))

    async def cvars(
        self, books: Sequence[StressBook], settings: StressSettings
    ) -> tuple[float, ...]:
        """Return CVaR 95 of each book on the same paths, dollars, losses positive; 0 when empty.

        Raises:
            HedgetuiError: a book cannot be stressed, or the worker died.
        """
        found = await self._ask(Cvars(tuple(books), settings), _unheard)
        return cast("tuple[float, ...]", found)

    async def close(self) -> None:
        """End the worker and whatever it does; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._worker.kill()
        async with self._turn:  # whoever waited for an answer has been told
            self._rest()
            await self._ended(self._worker)
        self._pool.shutdown(wait=False)

    async def _ask(self, job: Job, progress: StressProgress) -> object:
        loop = asyncio.get_running_loop()
        wanted = True

        def told(done: int, paths: int) -> None:
            if wanted:
                progress(done, paths)

        def tell(done: int, paths: int) -> None:
            with suppress(RuntimeError):  # the loop is gone, and with it whoever asked
                loop.call_soon_threadsafe(told, done, paths)

        async with self._turn:
            if self._closed:
                raise HedgetuiError("the desk is closing: no more stress tests", code="closed")
            self._rest()
            worker = self._worker
            work = loop.run_in_executor(self._pool, worker.ask, job, tell)
            work.add_done_callback(_heard)
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                worker.kill()
                await self._ended(worker)
                raise
            finally:
                wanted = False
                self._tidy()

    async def _ended(self, worker: Worker) -> None:
        """Wait until nothing is left of a worker; the one thread has then finished its job too."""
        loop = asyncio.get_running_loop()
        await asyncio.shield(loop.run_in_executor(self._pool, worker.end))

    def _tidy(self) -> None:
        """Replace a worker that is gone, or let one that stays wait for its next job."""
        if self.pid is None:
            self._worker = Worker()
        else:
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._dismiss)

    def _rest(self) -> None:
        """Forget the time a worker may still wait."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _dismiss(self) -> None:
        """End a worker that nobody needs."""
        worker, self._worker = self._worker, Worker()
        self._pool.submit(worker.end)
