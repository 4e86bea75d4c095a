"""The only reader of the desk: many updates in, at most a few messages a second out.

A busy market may update hundreds of times a second and a terminal over SSH may not. The bridge
empties the mailbox as fast as the desk fills it, keeps every log line, lets quotes overtake each
other, and calls `snapshot()` once per frame. Without news it looks once a second all the same: ages
must grow on the screen while a dead link says nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from hedgetui.ui.messages import DeskMoved

if TYPE_CHECKING:
    from hedgetui.ports.desk import DeskPort, Subscription
    from hedgetui.ports.journal import LogRecord

HEARTBEAT_S = 1.0
"""Longest time between two looks at a desk that says nothing."""

BACKLOG = 5_000
"""Log lines kept while no frame is painted; older ones stay in the log file."""


class Bridge:
    """Reads one desk for one screen."""

    def __init__(self, desk: DeskPort, emit: Callable[[DeskMoved], object], fps: int) -> None:
        """Prepare to `emit` at most `fps` messages a second."""
        self._desk = desk
        self._emit = emit
        self._frame_s = 1.0 / max(1, fps)
        self._lines: deque[LogRecord] = deque(maxlen=BACKLOG)
        self._news = asyncio.Event()

    def look(self) -> DeskMoved:
        """Return the present state and the lines that wait; for the first paint and each frame."""
        lines = tuple(self._lines)
        self._lines.clear()
        return DeskMoved(self._desk.snapshot(), lines)

    async def run(self) -> None:
        """Read until the desk stops; its failure is raised here."""
        mailbox = self._desk.subscribe()
        reader = asyncio.create_task(self._read(mailbox), name="bridge-mailbox")
        reader.add_done_callback(lambda _: self._news.set())
        try:
            while not reader.done():
                with suppress(TimeoutError):  # no news for a second: ages have grown all the same
                    await asyncio.wait_for(self._news.wait(), HEARTBEAT_S)
                self._news.clear()
                self._emit(self.look())
                await asyncio.sleep(self._frame_s)
            await reader
        finally:
            reader.cancel()
            mailbox.close()

    async def _read(self, mailbox: Subscription) -> None:
        async for update in mailbox:
            self._lines.extend(update.log)
            if update.log or update.facts or update.quotes:
                self._news.set()
