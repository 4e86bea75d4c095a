"""Follow-ups that a timer starts, all ended by one call.

A timer that outlives its desk writes into a closed journal; so whoever starts follow-ups keeps them
here and `close` leaves none behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hedgetui.domain.errors import StoreError
from hedgetui.ports.clock import Clock

Work = Callable[[], Coroutine[Any, Any, None]]


class Timers:
    """Timers and the tasks they started."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._handles: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def after(self, seconds: float, work: Work) -> None:
        """Run `work` once after a while; a store failure in it has already halted the desk."""
        if self._closed:
            return

        def start() -> None:
            self._handles.discard(handle)
            task = asyncio.create_task(_quietly(work()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        handle = self._clock.call_later(seconds, start)
        self._handles.add(handle)

    async def close(self) -> None:
        """Cancel what is due later and wait for what runs."""
        self._closed = True
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """Await a follow-up; `Recorder` has already halted and announced a store failure."""
    try:
        await work
    except StoreError:
        return
