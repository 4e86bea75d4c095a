"""Which parts of the Stress screen have room at a size, and how much of it.

A wide screen shows all at once. A narrow one shows one part at a time, and below it as much of the
figures as is left; the grid is never squeezed for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

View = Literal["grid", "distribution", "scenarios"]
VIEWS: tuple[View, ...] = ("grid", "distribution", "scenarios")

WIDE = 100
"""Cells from which grid and distribution stand side by side."""
GRID_ROWS = 11
"""Title, names of the columns, nine moves of the price."""
_UPPER_AT_MOST = 20
_GRID_CELLS = 68
_GRID_SHARE = 0.56
_FIGURES_BELOW = 6
_TALL = 8
"""Rows from which the state has a line of its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes in cells; 0 where a part is not shown."""

    head: int
    upper: int
    """Rows of grid and distribution."""
    grid: int
    """Columns of the grid."""
    chart: int
    """Columns of the distribution."""
    page: int
    """Rows of the page below."""


def plan(
    width: int, height: int, view: View, *, page_rows: int, has_figures: bool, alone: str = ""
) -> Plan:
    """Return who gets how much.

    Args:
        width: of the place, cells.
        height: of the place, rows.
        view: what the trader chose to see.
        page_rows: rows the page would like.
        has_figures: whether there is anything to draw.
        alone: `grid` or `page` where that part is zoomed.
    """
    head = 2 if height >= _TALL else 1
    rest = max(1, height - head)
    if not has_figures or alone == "page" or (view == "scenarios" and alone != "grid"):
        return Plan(head, 0, 0, 0, rest)
    if alone == "grid":
        return Plan(head, rest, width, 0, 0)
    if view == "distribution":
        below = _FIGURES_BELOW if rest >= 2 * _FIGURES_BELOW else 1
        upper = max(1, rest - max(1, min(below, page_rows)))
        return Plan(head, upper, 0, width, rest - upper)
    if width < WIDE:
        upper = min(rest, GRID_ROWS)
        return Plan(head, upper, width, 0, rest - upper)
    upper = min(rest, max(GRID_ROWS, min(_UPPER_AT_MOST, rest - page_rows)))
    grid = min(_GRID_CELLS, round(width * _GRID_SHARE))
    return Plan(head, upper, grid, width - grid - 1, rest - upper)
