"""Time as the engine sees it, real or virtual.

Everything asks a `Clock`; nothing reads the machine's. On a wall loop the clock runs at the wall's
pace times `speed`; on the simulator's virtual loop it jumps from timer to timer. Work that leaves
the loop for a thread is announced with `outside_work`, so that a virtual clock stands still until
it is back: otherwise a disk write would take a random number of virtual minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from hedgetui.domain.units import Seconds, Timestamp


class Clock(Protocol):
    """A source of time."""

    def now(self) -> Timestamp:
        """Return the current time."""
        ...

    async def sleep(self, seconds: Seconds | float) -> None:
        """Wait for a duration of this clock's time."""
        ...

    def call_later(self, seconds: Seconds | float, callback: object) -> asyncio.TimerHandle:
        """Call `callback()` after a duration of this clock's time."""
        ...


class LoopClock:
    """A clock that follows the running event loop from a given starting time."""

    def __init__(self, start: Timestamp, speed: float = 1.0) -> None:
        """Start at `start`; `speed` is seconds of this clock per second of the loop."""
        self._loop = asyncio.get_running_loop()
        self._origin = self._loop.time()
        self._start = start
        self._speed = speed

    def now(self) -> Timestamp:
        """Return the current time, to the microsecond."""
        elapsed = (self._loop.time() - self._origin) * self._speed
        return Timestamp(round(self._start + elapsed, 6))

    async def sleep(self, seconds: Seconds | float) -> None:
        """Wait for a duration of this clock's time."""
        await asyncio.sleep(max(0.0, seconds) / self._speed)

    def call_later(self, seconds: Seconds | float, callback: object) -> asyncio.TimerHandle:
        """Call `callback()` after a duration of this clock's time."""
        if not callable(callback):
            message = "callback must be callable"
            raise TypeError(message)
        return self._loop.call_later(max(0.0, seconds) / self._speed, callback)


@contextmanager
def outside_work() -> Iterator[None]:
    """Mark an await on a thread, so that a virtual loop does not move time meanwhile."""
    loop = asyncio.get_running_loop()
    began = getattr(loop, "outside_began", None)
    if began is None:
        yield
        return
    began()
    try:
        yield
    finally:
        loop.outside_ended()  # type: ignore[attr-defined]
