"""The life of one session: whoever waits on it wakes when it ends, and nothing outlives it.

Waiting goes through the desk's clock, so that a virtual or a scaled clock waits as long as the desk
thinks. A question's future is never cancelled when time is up: the library still owns it, and an
answer that comes late must find it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.ports.clock import Clock

_T = TypeVar("_T")


class Lifetime:
    """Everything that must stop when a session does."""

    def __init__(self, clock: Clock) -> None:
        """Live until `end`."""
        self.clock = clock
        self.reason = ""
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self.on_defect: Callable[[BaseException], None] = lambda _: None
        """Called with what a task of this session died of."""

    @property
    def alive(self) -> bool:
        """Whether the session stands."""
        return not self._over.done()

    def check(self) -> None:
        """Pass while the session stands.

        Raises:
            BrokerUnreachable: it does not.
        """
        if not self.alive:
            raise BrokerUnreachable(f"the link went down: {self.reason}")

    async def within(self, future: asyncio.Future[_T], seconds: float) -> _T:
        """Return what `future` brings, within a time.

        Raises:
            TimeoutError: it brought nothing in time; it stays as it is.
            BrokerUnreachable: the session ended first.
        """
        future.add_done_callback(_taken)
        late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.clock.call_later(seconds, lambda: _let_go(late))
        first: set[asyncio.Future[Any]] = {future, late, self._over}
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        if future.done() and not future.cancelled():
            return future.result()
        self.check()
        raise TimeoutError

    async def pause(self, seconds: float) -> None:
        """Wait; returns early when the session ends."""
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with suppress(TimeoutError, BrokerUnreachable):
            await self.within(never, seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call `callback` after a time, unless the session ends before."""

        def fire() -> None:
            self._timers.discard(handle)
            if self.alive:
                callback()

        handle = self.clock.call_later(seconds, fire)
        self._timers = {timer for timer in self._timers if not timer.cancelled()}
        self._timers.add(handle)
        return handle

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a task that ends with the session; the session's end ends it without a word."""
        task = asyncio.get_running_loop().create_task(work, name=f"ibkr {name}")
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def end(self, reason: str) -> None:
        """End the session; the first reason stays."""
        if not self.alive:
            return
        self.reason = reason
        self._over.set_result(None)
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    async def rest(self) -> None:
        """Wait until every task has ended."""
        current = asyncio.current_task()
        others = [task for task in self._tasks if task is not current]
        await asyncio.gather(*others, return_exceptions=True)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, BrokerUnreachable):
            self.on_defect(error)


def _let_go(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _taken(future: asyncio.Future[Any]) -> None:
    """Look at an error nobody waits for any more, or asyncio would complain to the terminal."""
    if not future.cancelled():
        future.exception()
