"""Runs the simulation over a book: chunk by chunk, so that it can be watched and stopped.

Only one number a path is kept. What lies behind the worst paths is found by drawing their chunks
again, since a chunk's numbers depend on the seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from hedgetui.domain.errors import DataError, HedgetuiError
from hedgetui.domain.stress.book import FloatArray, StressBook
from hedgetui.domain.stress.figures import Blame, Figures, Scenario, figures, tail_paths
from hedgetui.domain.stress.paths import CHUNK, Market, StressSettings, walk
from hedgetui.domain.stress.revalue import Revaluation, Sensitivities, sensitivities

SCENARIOS = 3
BLAMED = 5
_MOVES = 4
"""Underlyings a scenario names."""

Progress = Callable[[int, int], None]
"""Is told how many paths are done, of how many."""
Stop = Callable[[], bool]
"""Says whether nobody waits for the answer any more."""


class StressStopped(HedgetuiError):  # noqa: N818 - a wish that was granted, not an error
    """The simulation was stopped before its end; there are no figures."""

    default_code = "stopped"
    default_exit_code = 130


@dataclass(frozen=True, slots=True)
class StressResult:
    """What a simulation found."""

    figures: Figures
    risk: Sensitivities
    blame: tuple[Blame, ...]
    """The five underlyings with the largest part in CVaR 95, largest first."""
    scenarios: tuple[Scenario, ...]
    """Three worst, worst first; then three best, best first."""
    profits: FloatArray
    """Of each path, in dollars."""


def simulate(
    book: StressBook,
    settings: StressSettings,
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> StressResult:
    """Simulate a book.

    Raises:
        DataError: the book holds nothing.
        StressStopped: `stop` said so, between two chunks.
    """
    priced = _priced(book, settings)
    profits = _profits(book, priced, settings, progress, stop)
    worst = tail_paths(profits)
    order = np.argsort(profits, kind="stable")
    ends = np.concatenate([order[:SCENARIOS], order[::-1][:SCENARIOS]])
    return StressResult(
        figures(profits, priced.nav),
        sensitivities(book, settings.rate),
        _blame(book, priced, settings, worst),
        tuple(_scenarios(book, priced, settings, ends)),
        profits,
    )


def simulated(
    book: StressBook, settings: StressSettings, *, stop: Stop | None = None
) -> tuple[FloatArray, float]:
    """Return the profit of each path and the value of the book now, and nothing behind them.

    The profits are those of `simulate`, which looks for causes too and takes longer.

    Raises:
        DataError: the book holds nothing.
        StressStopped: `stop` said so, between two chunks.
    """
    priced = _priced(book, settings)
    return _profits(book, priced, settings, None, stop), priced.nav


def _priced(book: StressBook, settings: StressSettings) -> Revaluation:
    if not book.holdings:
        raise DataError("the book holds nothing that can be stressed")
    return Revaluation(book, settings.horizon, settings.rate)


def _profits(
    book: StressBook,
    priced: Revaluation,
    settings: StressSettings,
    progress: Progress | None,
    stop: Stop | None,
) -> FloatArray:
    profits = np.empty(settings.paths)
    for chunk in range(settings.chunks):
        if stop is not None and stop():
            raise StressStopped("the stress test was stopped", hint="start it again")
        first = chunk * CHUNK
        last = first + settings.chunk_size(chunk)
        profits[first:last] = priced.profits(walk(book, settings, priced.times, chunk))
        if progress is not None:
            progress(last, settings.paths)
    return profits


def _again(
    book: StressBook, priced: Revaluation, settings: StressSettings, paths: np.ndarray
) -> Iterator[tuple[np.ndarray, list[Market]]]:
    """Draw some paths again: yield their numbers and their markets, chunk by chunk."""
    for chunk in np.unique(paths // CHUNK).tolist():
        mine = paths[paths // CHUNK == chunk]
        markets = walk(book, settings, priced.times, chunk)
        yield mine, [market.only(mine - chunk * CHUNK) for market in markets]


def _blame(
    book: StressBook, priced: Revaluation, settings: StressSettings, worst: np.ndarray
) -> tuple[Blame, ...]:
    """Share CVaR among the underlyings: the mean loss each has on the worst paths (Euler)."""
    parts = np.zeros(len(book.underlyings))
    for _, markets in _again(book, priced, settings, worst):
        parts -= priced.profits_by_name(markets).sum(axis=1)
    parts /= len(worst)
    total = float(parts.sum())
    found = [
        Blame(one.symbol, part + 0.0, part / total if total > 0 else None)
        for one, part in zip(book.underlyings, parts.tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (-one.cvar, one.symbol))[:BLAMED])


def _scenarios(
    book: StressBook, priced: Revaluation, settings: StressSettings, ends: np.ndarray
) -> Iterable[Scenario]:
    level = 100 * (settings.iv_now or settings.regime.iv_level)
    half = len(ends) // 2
    kinds = ["worst"] * half + ["best"] * half
    made: dict[int, Scenario] = {}
    for mine, markets in _again(book, priced, settings, np.unique(ends)):
        by_name, at_end = priced.profits_by_name(markets), markets[-1]
        moves = at_end.spots / book.spots[:, None] - 1
        for column, path in enumerate(mine.tolist()):
            weight = np.argsort(-np.abs(by_name[:, column]), kind="stable")[:_MOVES]
            made[path] = Scenario(
                kind="",
                profit=float(by_name[:, column].sum()),
                market=float(at_end.market[column] - 1),
                iv=float(level * (at_end.iv_ratio[column] - 1)),
                moves={
                    book.underlyings[i].symbol: float(moves[i, column]) for i in weight.tolist()
                },
            )
    for kind, path in zip(kinds, ends.tolist(), strict=True):
        one = made[path]
        yield Scenario(kind, one.profit, one.market, one.iv, one.moves)
