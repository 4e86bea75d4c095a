"""The one way to make something true: journal it, fold it into the state, tell everyone.

Whoever learnt a fact awaits `record`; when it returns, the fact is on disk and in the state. If the
journal cannot take it, nothing changed and the desk halts: a desk that cannot remember must not
trade.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from hedgetui.domain.errors import StoreError
from hedgetui.domain.events import Event, Fact
from hedgetui.engine.bus import Bus
from hedgetui.engine.state import DeskState, reduce
from hedgetui.ports.clock import Clock
from hedgetui.ports.journal import JournalPort, LogPort, LogRecord

_LOGGER = logging.getLogger(__name__)

FactListener = Callable[[Fact], None]


class Recorder:
    """Holds the state; the only writer of it."""

    def __init__(self, journal: JournalPort, log: LogPort, bus: Bus, clock: Clock) -> None:
        self._journal = journal
        self._log = log
        self._bus = bus
        self._clock = clock
        self._listeners: list[FactListener] = []
        self._writing: set[asyncio.Future[tuple[Fact, ...]]] = set()
        self._log_seq = 0
        self.state = DeskState()
        self.failed = ""
        """Why the journal cannot be written; set once, never cleared in this process."""
        self.whys: dict[int, str] = {}

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold an existing journal into the state."""
        for fact in facts:
            self.state = reduce(self.state, fact)

    def listen(self, listener: FactListener) -> None:
        """Call `listener` after each fact is in the state."""
        self._listeners.append(listener)

    async def record(self, *events: Event) -> tuple[Fact, ...]:
        """Write events, all or none, and fold them in.

        Raises:
            SlotTaken: an intent would be the second live one in its slot.
            StoreError: the journal cannot be written; the desk is halted from here on.
        """
        if self.failed:
            raise StoreError(self.failed, hint="restart after mending the cause")
        # A caller that goes away must not leave the state behind the journal: the write has begun.
        writing = asyncio.ensure_future(self._write(events))
        self._writing.add(writing)
        writing.add_done_callback(self._written)
        return await asyncio.shield(writing)

    def _written(self, writing: asyncio.Future[tuple[Fact, ...]]) -> None:
        self._writing.discard(writing)
        if not writing.cancelled():
            writing.exception()  # whoever asked has it; nobody may be left to ask

    async def _write(self, events: Sequence[Event]) -> tuple[Fact, ...]:
        """Append and fold; runs to its end whoever waits for it."""
        try:
            facts = await self._journal.append(self._clock.now(), events)
        except StoreError as error:
            self.failed = f"journal cannot be written: {error}"
            self.say("alarm", f"🛑 {self.failed}")
            raise
        for fact in facts:
            self.state = reduce(self.state, fact)
        for fact in facts:
            for listener in self._listeners:
                listener(fact)
        self._bus.facts(len(facts))
        return facts

    def say(self, level: str, text: str, why: str = "") -> None:
        """Write a line to the live log; `level` is ok, info, warn or alarm."""
        self._log_seq += 1
        record = LogRecord(self._clock.now(), level, text, why, self._log_seq)
        if why:
            self.whys[record.seq] = why
        self._log.write(record)
        self._bus.log(record)
        _LOGGER.debug("%s", text)
