"""What single moves would cost now: the market, its implied volatility and time, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from hedgetui.domain.errors import UsageError
from hedgetui.domain.stress.book import FloatArray, StressBook
from hedgetui.domain.stress.paths import Market
from hedgetui.domain.stress.revalue import Revaluation
from hedgetui.domain.units import DAYS_PER_YEAR

PRICE_MOVES = (-0.08, -0.05, -0.03, -0.01, 0.0, 0.01, 0.03, 0.05, 0.08)
IV_MOVES = (-0.2, -0.1, 0.0, 0.1, 0.2, 0.4)
DAYS = (0.0, 1.0, 5.0, 21.0)
_STILL = (0.0, 0.0)
"""Nothing moves."""
_NOW = 1e-9
"""Years that stand for now: no option expires in them."""


@dataclass(frozen=True, slots=True)
class ScenarioGrid:
    """P&L of a book in dollars, shape (days, prices, ivs)."""

    prices: tuple[float, ...]
    """Moves of the market, shares; each underlying follows by its beta, without noise."""
    ivs: tuple[float, ...]
    """Relative moves of every implied volatility."""
    days: tuple[float, ...]
    profits: FloatArray


def scenario_grid(
    book: StressBook,
    prices: Sequence[float] = PRICE_MOVES,
    ivs: Sequence[float] = IV_MOVES,
    days: Sequence[float] = DAYS,
    rate: float = 0.0,
) -> ScenarioGrid:
    """Price a book on every combination of moves.

    Raises:
        UsageError: a move of -100 % or less, or a day in the past.
    """
    if min(*prices, *ivs) <= -1 or min(days) < 0:
        raise UsageError("a scenario cannot lose 100 % or lie in the past")
    cells = list(product(prices, ivs))
    market = np.array([1 + price for price, _ in cells])
    ratio = np.array([1 + iv for _, iv in cells])
    beta = np.array([one.beta for one in book.underlyings])[:, None]
    iv_beta = np.array([one.iv_beta for one in book.underlyings])[:, None]
    spots = book.spots[:, None] * market**beta * ratio**iv_beta
    planes = []
    for day in days:
        priced = Revaluation(book, max(day / DAYS_PER_YEAR, _NOW), rate)
        # What expires on the way is settled after the move, which comes first.
        seen = (Market(years, market, ratio, spots) for years in priced.times)
        profits = priced.profits(seen)
        if not day and _STILL in cells:
            profits -= profits[cells.index(_STILL)]  # what the instant that stands for now costs
        planes.append(profits.reshape(len(prices), len(ivs)))
    return ScenarioGrid(tuple(prices), tuple(ivs), tuple(days), np.array(planes))
