"""Walks between two known ends, and the days they are drawn for.

What trades by the day and is asked for by the second needs both to agree: a day's close is drawn
first, and what happened inside the day is a Brownian bridge to it.
"""

from __future__ import annotations

from datetime import date
from itertools import accumulate
from random import Random
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_WEEK, _WORKING, _FRIDAY = 7, 5, 4
_KEPT = 64
_Key = TypeVar("_Key", int, tuple[int, int])


def business_day(day: date) -> int:
    """Return the number of a day, counting Mondays to Fridays; a weekend has its Friday's."""
    weeks, weekday = divmod(day.toordinal() - 1, _WEEK)
    return weeks * _WORKING + min(weekday, _FRIDAY)


def day_of(number: int) -> date:
    """Return the day that has a number."""
    weeks, weekday = divmod(number, _WORKING)
    return date.fromordinal(weeks * _WEEK + weekday + 1)


def bridge(
    random: Random, deviation: float, shares: NDArray[np.float64], total: float
) -> list[float]:
    """Return a walk from 0 to `total`, one point more than shares.

    The variance of a step is its share of `deviation` squared.
    """
    draws = np.random.default_rng(random.getrandbits(64)).standard_normal(len(shares))
    steps = deviation * np.sqrt(shares) * draws
    steps += shares / shares.sum() * (total - steps.sum())
    return [0.0, *accumulate(steps.tolist())]


def keep(cache: dict[_Key, list[float]], key: _Key, walk: list[float]) -> None:
    """Remember a walk; a clock that runs on forgets the old ones."""
    if len(cache) >= _KEPT:
        cache.clear()
    cache[key] = walk
