"""Columns of a grid: which fit, where they stand, and what a row filter looks at.

A terminal is 40 to 200 cells wide and a horizontal scrollbar hides numbers, so columns leave by
priority until the rest fits, and one of them takes the slack up to the width an eye can cross.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

FLEX_CAP: Final = 40
"""Cells a stretched column may reach: wider, and the eye loses the row."""

_NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?")


class Cell(NamedTuple):
    """One cell: its text, its meaning, and the value it sorts by when the text does not tell."""

    text: str
    meaning: str = ""
    sort: float | str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column; the highest `priority` is dropped first, the first column never."""

    key: str
    title: str
    width: int
    align: Literal["left", "right"] = "left"
    priority: int = 0
    flex: bool = False


class Placed(NamedTuple):
    """A column that fits: its number among all, its left edge and its width in cells."""

    column: Column
    number: int
    x: int
    width: int


def fit_columns(
    columns: Sequence[Column], width: int, hidden: Collection[str] = ()
) -> tuple[Placed, ...]:
    """Choose the columns for `width` cells, one gap cell after each, and share out the slack."""
    chosen = [(i, c) for i, c in enumerate(columns) if i == 0 or c.key not in hidden]
    while len(chosen) > 1 and _needed(chosen) > width:
        chosen.remove(max(chosen[1:], key=lambda pair: (pair[1].priority, pair[0])))
    slack = width - _needed(chosen)
    placed: list[Placed] = []
    x = 0
    for index, column in chosen:
        # The gap after the last column may be cut off by the edge; its cells may not.
        cells = min(column.width, max(1, width))
        if column.flex and slack > 0:
            gain = min(slack, max(0, FLEX_CAP - cells))
            cells += gain
            slack -= gain
        placed.append(Placed(column, index, x, cells))
        x += cells + 1
    return tuple(placed)


def _needed(chosen: Sequence[tuple[int, Column]]) -> int:
    """Return the cells these columns take; the last needs no gap."""
    return sum(column.width + 1 for _, column in chosen) - 1


def fit_text(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """Return `text` in exactly `width` cells; what is cut ends in an ellipsis, never silently."""
    cells = len(text) if text.isascii() else cell_len(text)
    if cells > width:
        room = width - len(ellipsis)
        return set_cell_size(text, room) + ellipsis if room >= 0 else " " * width
    return " " * (width - cells) + text if right else text + " " * (width - cells)


def sort_rank(cell: Cell) -> tuple[int, float, str] | None:
    """Return what a cell sorts by, or None when it holds no value (unknown, `-`, NaN).

    Numbers come before words; a number is read from texts such as `▲+1,000`, `$450` or `−3`.
    """
    value = cell.sort
    if isinstance(value, str):
        return 1, 0.0, value.casefold()
    if value is not None:
        return (0, float(value), "") if math.isfinite(value) else None
    text = cell.text.strip()
    found = _NUMBER.search(text)
    if found and not any(character.isalpha() for character in text[: found.start()]):
        return 0, float(found[0].replace(",", "").replace("−", "-")), text.casefold()
    if not any(character.isalnum() for character in text):
        return None
    return 1, 0.0, text.casefold()


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A typed filter: `text`, `!text` for rows without it, `column:text` for one column."""

    needle: str
    inverse: bool = False
    column: int | None = None

    @classmethod
    def parse(cls, text: str, columns: Sequence[Column]) -> RowFilter | None:
        """Read what was typed; None when it asks for nothing. `09:41` is no column."""
        wanted = text.strip().casefold()
        inverse = wanted.startswith("!")
        wanted = wanted.removeprefix("!").strip()
        head, colon, tail = wanted.partition(":")
        column: int | None = None
        if colon:
            names = ((c.key.casefold(), c.title.casefold()) for c in columns)
            column = next((i for i, name in enumerate(names) if head.strip() in name), None)
        if column is not None:
            wanted = tail.strip()
        return cls(wanted, inverse, column) if wanted else None

    def matches(self, cells: Sequence[Cell]) -> bool:
        """Tell whether the text is in the row, before `inverse`."""
        looked_at = cells if self.column is None else (cells[self.column],)
        return any(self.needle in cell.text.casefold() for cell in looked_at)
