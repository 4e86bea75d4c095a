"""One way to print a table and to say whether a goal holds, for every script of this folder."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and what it has to be."""

    name: str
    value: float
    limit: float
    unit: str = ""
    bound: Literal["at most", "at least"] = "at most"

    @property
    def holds(self) -> bool:
        """Whether the figure keeps to its limit; an unknown figure (NaN) does not."""
        if self.bound == "at most":
            return self.value <= self.limit
        return self.value >= self.limit

    def __str__(self) -> str:
        word = "holds " if self.holds else "MISSED"
        return (
            f"{word}  {self.name}: {number(self.value)} {self.unit}".rstrip()
            + f" (goal {self.bound} {number(self.limit)} {self.unit}".rstrip()
            + ")"
        )


def number(value: float) -> str:
    """Return three significant digits, thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under a head: the first column to the left, figures to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        first = f"{row[0]:<{widths[0]}}"
        rest = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        return "  ".join([first, *rest]).rstrip()

    return "\n".join([line(head), "-" * (sum(widths) + 2 * len(widths) - 2), *map(line, rows)])


def verdict(goals: Sequence[Goal]) -> int:
    """Print every goal and return the exit code: 1 if one is missed."""
    for goal in goals:
        print(goal)
    return 0 if all(goal.holds for goal in goals) else 1


def p50(values: Sequence[float]) -> float:
    """Return the median."""
    return median(values)


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile, never beyond the greatest value; of one value that value."""
    return quantiles(values, n=100, method="inclusive")[98] if len(values) > 1 else values[0]


def machine() -> str:
    """Return the machine in one line: figures mean nothing without it."""
    cores = os.cpu_count() or 0
    return f"{cores} cores, {platform.system()}, Python {platform.python_version()}"
