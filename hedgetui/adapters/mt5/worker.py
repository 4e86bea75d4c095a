"""One thread that owns the link, so that questions queue and none blocks the loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from hedgetui.adapters.mt5.connection import Mt5Connection
from hedgetui.adapters.mt5.opening import open_link
from hedgetui.adapters.mt5.verdicts import objection
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.mt5bridge.calls import Call
from hedgetui.mt5bridge.client import Link
from hedgetui.mt5bridge.errors import LinkDown
from hedgetui.mt5bridge.wire import Outcome
from hedgetui.ports.clock import Clock


class Worker:
    """The thread and the link; a link that failed once is never asked again."""

    def __init__(self, connection: Mt5Connection, clock: Clock) -> None:
        """Prepare to work; `open` starts the thread."""
        self._connection = connection
        self._clock = clock
        self._pool: ThreadPoolExecutor | None = None
        self._link: Link | None = None
        self.queued = 0
        """Questions asked and not yet answered."""
        self.latency: Seconds | None = None
        """Seconds the newest question took, its wait for earlier ones included."""

    @property
    def up(self) -> bool:
        """Whether there is a link that has not failed."""
        return self._link is not None

    async def open(self) -> None:
        """Open the link.

        Raises:
            ConfigError: the connection is not described as it must be.
            LinkDown: nobody is there, or somebody who cannot be believed.
        """
        await self.close()
        pool = self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mt5")
        opened: list[Link] = []
        try:
            await asyncio.get_running_loop().run_in_executor(pool, self._open_into, opened)
        except asyncio.CancelledError:
            # There is one thread: this runs when what is under way has opened what it could.
            pool.submit(_close_all, opened)
            raise
        (self._link,) = opened

    def _open_into(self, opened: list[Link]) -> None:
        opened.append(open_link(self._connection))

    async def ask(self, *calls: Call, limit_s: float | None = None) -> tuple[Outcome, ...]:
        """Make calls in one round trip; `limit_s` None gives them the time of a read.

        Raises:
            CallRefused: a call is not allowed; nothing was written.
            BrokerUnreachable: the link or the terminal is gone; the link is closed.
        """
        link, limit = self._link, limit_s or self._connection.timeouts.read_s
        if link is None or self._pool is None:
            raise LinkDown("there is no session with the terminal", written=False)
        self.queued += 1
        began: Timestamp = self._clock.now()
        try:
            loop = asyncio.get_running_loop()
            outcomes = await loop.run_in_executor(self._pool, link.ask, calls, limit)
        except LinkDown:
            self._forget(link)
            raise
        finally:
            self.queued -= 1
        self.latency = Seconds(self._clock.now() - began)
        if against := objection(outcomes):
            await self.drop()
            raise against
        return outcomes

    async def drop(self) -> None:
        """Close the link, because what came over it cannot be built upon."""
        link, self._link = self._link, None
        if link is not None and self._pool is not None:
            loop = asyncio.get_running_loop()
            await asyncio.shield(loop.run_in_executor(self._pool, link.close))

    async def close(self) -> None:
        """Break what is under way, close the link and end the thread; safe to call twice."""
        if self._link is not None and self.queued:
            self._link.abort()
        await self.drop()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)

    def _forget(self, link: Link) -> None:
        if self._link is link:
            self._link = None


def _close_all(links: list[Link]) -> None:
    for link in links:
        link.close()
