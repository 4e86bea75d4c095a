"""Who may speak to the broker next: orders at once, then the link and truth, then data, then scans.

TWS takes fifty messages a second and the library would queue them first in, first out, so that a
hedge waits seconds behind a scan. The library's queue is switched off; this one lets an order pass
everything, leaves room for it, and holds back what can wait.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from enum import IntEnum
from itertools import count

from hedgetui.domain.units import Timestamp
from hedgetui.ports.clock import Clock


class Lane(IntEnum):
    """How urgent a message is; a lower number goes first."""

    ORDER = 0
    LINK = 1
    DATA = 2
    SCAN = 3


MOST_PER_SECOND = 45
"""Messages of all kinds in any second; five below what TWS takes."""
SCANS_PER_SECOND = 15
_CEILING = {Lane.ORDER: 10**9, Lane.LINK: MOST_PER_SECOND, Lane.DATA: 40, Lane.SCAN: 30}
"""A lane waits while so many messages left in the last second: what is urgent keeps some room."""

_WINDOW_S = 1.0
_GRAIN_S = 0.001


class Window:
    """Messages of the last second."""

    def __init__(self) -> None:
        self._sent: deque[tuple[Timestamp, Lane]] = deque()
        self._scans = 0

    def add(self, now: Timestamp, lane: Lane) -> None:
        """Count a message that leaves now."""
        self._sent.append((now, lane))
        self._scans += lane is Lane.SCAN

    def count(self, now: Timestamp) -> int:
        """Return how many left within the last second."""
        while self._sent and now - self._sent[0][0] >= _WINDOW_S:
            _, lane = self._sent.popleft()
            self._scans -= lane is Lane.SCAN
        return len(self._sent)

    def admits(self, now: Timestamp, lane: Lane) -> bool:
        """Whether a message of `lane` may leave now."""
        if self.count(now) >= _CEILING[lane]:
            return False
        return lane is not Lane.SCAN or self._scans < SCANS_PER_SECOND

    def wait(self, now: Timestamp) -> float:
        """Return seconds until the oldest message is a second old."""
        return max(_GRAIN_S, self._sent[0][0] + _WINDOW_S - now) if self._sent else _GRAIN_S


class Pacer:
    """Hands out turns."""

    def __init__(self, clock: Clock) -> None:
        """Count seconds by `clock`."""
        self._clock = clock
        self._window = Window()
        self._waiting: list[tuple[Lane, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def queued(self) -> int:
        """Messages that wait for their turn."""
        return sum(not turn.done() for _, _, turn in self._waiting)

    @property
    def sent_last_second(self) -> int:
        """Messages that left within the last second."""
        return self._window.count(self._clock.now())

    def order(self) -> None:
        """Count an order that leaves at once."""
        self._window.add(self._clock.now(), Lane.ORDER)

    async def turn(self, lane: Lane) -> None:
        """Wait until one message of `lane` may leave; it must then leave without another await."""
        now = self._clock.now()
        if not self.queued and self._window.admits(now, lane):
            self._window.add(now, lane)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (lane, next(self._numbers), turn))
        self._serve()
        await turn

    def close(self) -> None:
        """Let nobody wait any longer: the session is over, and whoever wakes finds that out."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for _, _, turn in self._waiting:
            if not turn.done():
                turn.set_result(None)
        self._waiting.clear()

    def _serve(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.now()
        while self._waiting:
            lane, _, turn = self._waiting[0]
            if not turn.done():
                if not self._window.admits(now, lane):
                    break
                self._window.add(now, lane)
                turn.set_result(None)
            heapq.heappop(self._waiting)
        if self._waiting:
            self._timer = self._clock.call_later(self._window.wait(now), self._serve)
