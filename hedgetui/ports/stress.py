"""Where stress tests are worked out: away from the event loop, so that the screen stays quick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hedgetui.domain.stress.book import StressBook
from hedgetui.domain.stress.grid import ScenarioGrid
from hedgetui.domain.stress.monte_carlo import StressResult
from hedgetui.domain.stress.paths import StressSettings

StressProgress = Callable[[int, int], None]
"""Is told on the event loop how many paths are done, of how many."""


@dataclass(frozen=True, slots=True)
class StressAnswer:
    """A stress test of one book."""

    result: StressResult
    grid: ScenarioGrid
    edges: tuple[float, ...] = ()
    """Of the histogram of profits, dollars; one more than `bins`."""
    bins: tuple[int, ...] = ()
    """Paths in each bin."""


class StressRunner(Protocol):
    """Works out stress tests. Cancelling the task that awaits one ends the work."""

    async def run(
        self, book: StressBook, settings: StressSettings, progress: StressProgress
    ) -> StressAnswer:
        """Simulate a book and price its scenario grid.

        Raises:
            HedgetuiError: the book cannot be stressed, or the worker died.
        """
        ...

    async def cvars(
        self, books: Sequence[StressBook], settings: StressSettings
    ) -> tuple[float, ...]:
        """Return CVaR 95 of each book on the same paths, dollars, losses positive; 0 when empty.

        Raises:
            HedgetuiError: a book cannot be stressed, or the worker died.
        """
        ...

    async def close(self) -> None:
        """End the worker; safe to call twice."""
        ...
