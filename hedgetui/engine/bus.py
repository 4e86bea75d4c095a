"""Two lanes to every subscriber: lossless for facts and log, latest-wins for quotes.

A slow screen can therefore never lose a fill and never slow a hedge: publishing only appends to
lists and sets an event. A subscriber takes everything at once when it gets round to it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from hedgetui.ports.desk import Update
from hedgetui.ports.journal import LogRecord

_LOG_BACKLOG = 10_000
"""Log lines kept for a subscriber that does not read; older ones remain in the log file."""


class Mailbox:
    """One subscriber's place on the bus; an async iterator of `Update`."""

    def __init__(self, bus: Bus, recent: tuple[LogRecord, ...]) -> None:
        self._bus = bus
        self._log: deque[LogRecord] = deque(recent, maxlen=_LOG_BACKLOG)
        self._facts = 1
        self._quotes = True
        self._wake = asyncio.Event()
        self._wake.set()
        self._closed = False

    def put(self, log: LogRecord | None = None, *, facts: int = 0, quotes: bool = False) -> None:
        """Note what changed; never waits."""
        if log is not None:
            self._log.append(log)
        self._facts += facts
        self._quotes = self._quotes or quotes
        self._wake.set()

    def close(self) -> None:
        """End the iteration and leave the bus."""
        self._closed = True
        self._wake.set()
        self._bus.forget(self)

    async def __aiter__(self) -> AsyncIterator[Update]:
        """Yield batches until closed."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            update = Update(tuple(self._log), self._facts, self._quotes)
            self._log.clear()
            self._facts, self._quotes = 0, False
            if update.log or update.facts or update.quotes:
                yield update
            if self._closed:
                return


class Bus:
    """Delivers log lines, facts and quote marks to every mailbox."""

    def __init__(self, recent: int = 500) -> None:
        self._boxes: list[Mailbox] = []
        self.recent: deque[LogRecord] = deque(maxlen=recent)

    def subscribe(self) -> Mailbox:
        """Open a mailbox that begins with the recent log."""
        box = Mailbox(self, tuple(self.recent))
        self._boxes.append(box)
        return box

    def forget(self, box: Mailbox) -> None:
        """Drop a mailbox."""
        if box in self._boxes:
            self._boxes.remove(box)

    def log(self, record: LogRecord) -> None:
        """Deliver a log line."""
        self.recent.append(record)
        for box in self._boxes:
            box.put(record)

    def facts(self, count: int) -> None:
        """Say that facts were recorded."""
        for box in self._boxes:
            box.put(facts=count)

    def quotes(self) -> None:
        """Say that quotes moved."""
        for box in self._boxes:
            box.put(quotes=True)

    def close(self) -> None:
        """End every subscription."""
        for box in tuple(self._boxes):
            box.close()
