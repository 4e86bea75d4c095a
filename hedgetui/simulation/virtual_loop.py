"""An event loop whose time jumps from timer to timer, so that a trading day takes seconds.

Nothing here is faked: callbacks, sockets, signals and threads are asyncio's own. Only waiting is
different. When the loop has nothing left to do at this virtual moment, it moves its clock to the
next timer instead of sleeping, at most `pace` virtual seconds per wall second if a pace is given.

Two rules make a run repeatable although threads are not. While work on a thread is announced
(`outside_began`), time stands still and the loop really blocks. And what threads hand in with
`call_soon_threadsafe` is kept aside and let in one by one, each only when everything before it has
come to rest; otherwise the place where a disk write's answer lands would depend on the disk. Work
that goes through one thread in order is therefore repeatable; of two threads running at once, the
order of their answers is not.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar

_T = TypeVar("_T")

_RESOLUTION_S = 1e-9
"""Timers closer than this fire together, or than two steps of a float if that is more: a timer due
exactly now must count as past, or asyncio would ask for ever."""

_LAG_FORGIVEN_S = 0.25
"""Wall seconds a paced loop makes up for; beyond (a suspended machine) it starts counting anew."""

_EventList = list[tuple[selectors.SelectorKey, int]]


class VirtualDeadlock(RuntimeError):  # noqa: N818 - the state is named
    """The loop waits, but no timer, thread or socket could ever wake it."""


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type,unused-ignore]
    """Asks the loop what to do where asyncio would sleep."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> _EventList:
        """Return ready file objects; the loop decides whether waiting is real."""
        return self.loop.wait(timeout)

    def select_really(self, timeout: float | None) -> _EventList:
        """Wait on the wall clock."""
        return super().select(timeout)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector event loop on virtual time; see the module's docstring for its two rules."""

    def __init__(self, *, pace: float | None = None, start: float = 0.0) -> None:
        """Start at virtual second `start`; `pace` None runs as fast as the machine allows."""
        self._outside = 0
        self._aside: deque[asyncio.Handle] = deque()
        self._jumping = _JumpingSelector()
        self._jumping.loop = self
        super().__init__(self._jumping)
        self._set_now(start)
        try:
            self.set_pace(pace)
        except ValueError:
            self.close()
            raise
        self._own_files = len(self._jumping.get_map())

    def time(self) -> float:
        """Return virtual seconds."""
        return self._now

    @property
    def pace(self) -> float | None:
        """Virtual seconds per wall second at most, or None for no bound."""
        return self._pace

    def set_pace(self, pace: float | None) -> None:
        """Change the pace from this moment on.

        Raises:
            ValueError: a pace that is not positive.
        """
        if pace is not None and not pace > 0:
            raise ValueError(f"pace must be positive, not {pace}")
        self._pace = pace
        self._anchor = (time.monotonic(), self._now)

    def outside_began(self) -> None:
        """Announce work that left the loop: time stands still until `outside_ended`."""
        self._outside += 1

    def outside_ended(self) -> None:
        """Say that announced work is back."""
        if self._outside == 0:
            raise RuntimeError("outside_ended() without outside_began()")
        self._outside -= 1

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        """Hand a callback in from a thread; it runs at the loop's next point of rest."""
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        handle = asyncio.Handle(callback, args, self, context)
        self._aside.append(handle)
        self._write_to_self()  # type: ignore[attr-defined]
        return handle

    def run_in_executor(  # type: ignore[override]
        self,
        executor: Any,  # noqa: ANN401 - asyncio's own
        func: Callable[..., _T],
        *args: Any,  # noqa: ANN401
    ) -> asyncio.Future[_T]:
        """Run `func` on a thread while time stands still."""
        future: asyncio.Future[_T] = super().run_in_executor(executor, func, *args)
        self.outside_began()
        future.add_done_callback(lambda _: self.outside_ended())
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:  # noqa: ANN401 - differs by version
        """Join the executor's threads while time stands still."""
        self.outside_began()
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self.outside_ended()

    def wait(self, timeout: float | None) -> _EventList:
        """Do what asyncio wants of `select`: poll, let a thread's answer in, or move time."""
        events = self._jumping.select_really(0)
        if events or timeout == 0:
            return events
        if self._aside:
            self._ready.append(self._aside.popleft())  # type: ignore[attr-defined]
            return []
        if self._outside:
            return self._jumping.select_really(None)
        if timeout is None:
            self._refuse_deadlock()
            return self._jumping.select_really(None)
        return self._move_time(timeout)

    def _move_time(self, seconds: float) -> _EventList:
        target = self._now + seconds
        if self._pace is None:
            self._set_now(target)
            return []
        wall, virtual = self._anchor
        due = wall + (target - virtual) / self._pace
        ahead = due - time.monotonic()
        if ahead < -_LAG_FORGIVEN_S:
            self._anchor = (time.monotonic(), target)
        events = self._jumping.select_really(ahead) if ahead > 0 else []
        reached = virtual + (time.monotonic() - wall) * self._pace if events else target
        self._set_now(max(self._now, min(target, reached)))
        return events

    def _set_now(self, now: float) -> None:
        self._now = now
        self._clock_resolution = max(_RESOLUTION_S, 2 * math.ulp(now))

    def _refuse_deadlock(self) -> None:
        reachable = len(self._jumping.get_map()) > self._own_files
        if reachable or self._signal_handlers:  # type: ignore[attr-defined]
            return
        waiting = sorted(task.get_name() for task in asyncio.all_tasks(self))
        raise VirtualDeadlock(
            f"nothing is scheduled at virtual second {self._now:g}, no thread is at work and no "
            f"socket is open; waiting for ever: {', '.join(waiting) or 'no task'}"
        )


def run_virtual(
    coro_factory: Callable[[], Coroutine[Any, Any, _T]],
    *,
    pace: float | None = None,
    start: float = 0.0,
) -> _T:
    """Run `coro_factory()` on a virtual loop of its own and return what it returns.

    Left-over tasks are cancelled, asynchronous generators and the default executor are shut down
    and the loop is closed, however it ends.

    Raises:
        VirtualDeadlock: everything waits for something that cannot happen.
    """

    def make_loop() -> VirtualLoop:
        loop = VirtualLoop(pace=pace, start=start)
        asyncio.set_event_loop(loop)
        return loop

    async def main() -> _T:
        return await coro_factory()

    try:
        with asyncio.Runner(loop_factory=make_loop) as runner:
            return runner.run(main())
    finally:
        asyncio.set_event_loop(None)
