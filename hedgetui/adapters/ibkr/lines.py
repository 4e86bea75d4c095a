"""Market-data lines: a hundred by default, shared with the windows of TWS.

Hedging needs a handful of them and a scan wants all. Scans therefore take only what is free and
leave a reserve; a refusal (code 101) shows that fewer exist than thought and lowers the budget.
"""

from __future__ import annotations

from enum import IntEnum


class Use(IntEnum):
    """What a line is for; a lower number keeps its line longer."""

    HEDGE = 0
    LEG = 1
    SCAN = 2


RESERVE = 4
"""Lines a scan leaves free for what may have to be watched in a hurry."""


class Lines:
    """Which request holds a line."""

    def __init__(self, budget: int) -> None:
        """Allow `budget` lines."""
        self.budget = budget
        self._held: dict[int, Use] = {}

    @property
    def used(self) -> int:
        """Lines held now."""
        return len(self._held)

    def free(self, use: Use) -> int:
        """Return how many more lines a use may take."""
        reserve = RESERVE if use is Use.SCAN else 0
        return max(0, self.budget - self.used - reserve)

    def take(self, request: int, use: Use) -> None:
        """Count a line; what is not for a scan is always tried, the broker knows its limit."""
        self._held[request] = use

    def drop(self, request: int) -> None:
        """Give a line back; one that is not held is none."""
        self._held.pop(request, None)

    def refused(self, request: int) -> None:
        """Learn from a refusal that only the other lines exist."""
        self.drop(request)
        self.budget = max(1, min(self.budget, self.used))
