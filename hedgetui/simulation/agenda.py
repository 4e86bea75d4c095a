"""What the exchange has still to do, in the order of time.

Latency, deadlines, settlements and outages all become entries of one heap; entries of the same
moment run in the order they were made, which is what makes two runs equal.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

from hedgetui.domain.units import Timestamp

NEVER = Timestamp(math.inf)


class Agenda:
    """A heap of (moment, action)."""

    def __init__(self) -> None:
        """Start empty."""
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._made = 0

    @property
    def next_at(self) -> Timestamp:
        """The moment of the first entry, `NEVER` when there is none."""
        return Timestamp(self._heap[0][0]) if self._heap else NEVER

    def add(self, at: float, action: Callable[[], None]) -> None:
        """Run `action` when time reaches `at`."""
        self._made += 1
        heapq.heappush(self._heap, (round(at, 6), self._made, action))

    def run_first(self) -> None:
        """Take the first entry off the heap and run it."""
        _, _, action = heapq.heappop(self._heap)
        action()
