"""What is held on each underlying: lines of both sides, dollars as a bar, and how sure the beta is.

Bars stand left and right of zero and share one scale, so that the eye adds them up. A beta that
explains less than half of what it should is dim and marked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hedgetui.domain.text import safe
from hedgetui.ports.balance import BalanceView, UnderlyingView
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens import balance_text as words
from hedgetui.ui.widgets.grid_columns import Cell, Column
from hedgetui.ui.widgets.grid_model import GridRow

HALF = 8
"""Cells of a bar on each side of zero."""
WEAK_R2 = 0.5
UNPARSED = "unparsed"
"""Key of the row for lines that could not be read; no underlying is written small."""

UNDERLYING_COLUMNS: tuple[Column, ...] = (
    Column("symbol", "Underlying", 10),
    Column("lines", "Lines", 6, priority=3),
    Column("delta", "Δ$/1%", 9, "right", priority=1),
    Column("bar", f"{'short':<{HALF}}0{'long':>{HALF}}", 2 * HALF + 1, priority=4),
    Column("beta", "β", 6, "right", priority=5),
    Column("r2", "R²", 5, "right", priority=6),
)


def scale_of(rows: Sequence[UnderlyingView]) -> float:
    """Return the dollars of a full bar; 0 while nothing is known."""
    deltas = [row.delta_per_pct for row in rows]
    known = [abs(one) for one in deltas if one is not None and math.isfinite(one)]
    return max(known, default=0.0)


def underlying_rows(view: BalanceView, icons: IconSet) -> list[GridRow]:
    """Return the table, heaviest first, and below it one row for what could not be read."""
    scale = scale_of(view.underlyings)
    rows = [underlying_row(row, scale, icons) for row in view.underlyings]
    if view.book.unparsed:
        many = len(view.book.unparsed)
        blank = Cell("")
        cells = (Cell("left out", "warn"), Cell(str(many), "warn", many), Cell(words.UNKNOWN,
                 "unknown"), Cell("Enter tells why", "muted"), blank, blank)  # fmt: skip
        rows.append(GridRow(UNPARSED, cells))
    return rows


def underlying_row(row: UnderlyingView, scale: float, icons: IconSet) -> GridRow:
    """Return one underlying; `scale` is the dollars of a full bar."""
    weak = row.r2 is not None and row.r2 < WEAK_R2
    dim = "stale" if weak else ""
    beta = words.UNKNOWN if row.beta is None else f"{row.beta:.2f}"
    r2 = words.NONE if row.r2 is None else f"{row.r2:.2f}{icons.stale if weak else ''}"
    return GridRow(
        row.symbol,
        (
            Cell(safe(row.symbol, 10)),
            Cell(lines_words(row), "", row.counts.net),
            Cell(words.money(row.delta_per_pct, sign=True), words.tone_of(row.delta_per_pct),
                 row.delta_per_pct),
            Cell(bar(row.delta_per_pct, scale), words.tone_of(row.delta_per_pct),
                 row.delta_per_pct),
            Cell(beta, "unknown" if row.beta is None else dim, row.beta),
            Cell(r2, dim, row.r2),
        ),
    )  # fmt: skip


def lines_words(row: UnderlyingView) -> str:
    """Return `+1/-2`, the lines of both sides; volatility has none: `vol 1`."""
    counts = row.counts
    if not counts.long_side and not counts.short_side and (counts.vol or counts.other):
        return f"vol {counts.vol}" if counts.vol else f"oth {counts.other}"
    return f"{_side('+', counts.long_side)}/{_side('-', counts.short_side)}"


def _side(sign: str, lines: int) -> str:
    return f"{sign}{lines}" if lines else "0"


def bar(value: float | None, scale: float) -> str:
    """Return a bar left or right of zero; a value that is not known has none."""
    if value is None or not math.isfinite(value):
        return f"{words.UNKNOWN:>{HALF}}│{'':{HALF}}"
    cells = 0 if not scale else min(HALF, math.ceil(abs(value) / scale * HALF - 0.5))
    if value and not cells:
        cells = 1
    drawn = "▇" * cells
    left, right = (drawn, "") if value < 0 else ("", drawn)
    return f"{left:>{HALF}}│{right:<{HALF}}"
