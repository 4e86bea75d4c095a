"""CVaR of any lines on the same paths: what a hedge removes from a book, without luck in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hedgetui.domain.balance.market import Market
from hedgetui.domain.balance.positions import Book, Position
from hedgetui.domain.errors import DataError
from hedgetui.domain.stress.from_positions import price_book
from hedgetui.domain.stress.monte_carlo import Stop, simulate
from hedgetui.domain.stress.paths import StressSettings


def stress_cvar(
    market: Market, settings: StressSettings, *, stop: Stop | None = None
) -> Callable[[Sequence[Position]], float]:
    """Return a function from positions to their CVaR 95 in dollars, losses positive.

    It is 0 for no positions. It raises `DataError` where a position cannot be priced, since the
    rest alone would look like a figure, and `StressStopped` once `stop` says so.
    """

    def cvar(positions: Sequence[Position]) -> float:
        if not positions:
            return 0.0
        priced = price_book(Book(tuple(positions)), market, settings.regime.iv_level)
        if priced.left_out:
            first = priced.left_out[0]
            raise DataError(f"{first.text} cannot be stressed: {first.why}")
        return simulate(priced.book, settings, stop=stop).figures.cvar95

    return cvar
