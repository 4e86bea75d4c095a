"""How profits are spread: bars, and flags where the figures stand.

A bar is as tall as its bin is full. Losses stand left of the pole at $0, so that no colour is
needed to tell them; each figure is a flag with name and dollars, and its foot stands on the axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from hedgetui.ui.glyphs import UNICODE, IconSet
from hedgetui.ui.widgets.chart_plot import Mark, nice_ticks
from hedgetui.ui.widgets.text_line import DrawnLines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from hedgetui.ui.widgets.meanings import Fragment, WidgetOptions

MIN_SIZE: Final = (16, 6)
"""Fewest cells across and down that show a shape."""
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_EIGHTHS: Final = 8
_FLAG_ROWS: Final = 4
_PLOT_AT_LEAST: Final = 3
_FEET: Final = 2
"""Rows below the bars: axis and dollars."""
_TICK_CELLS: Final = 12


@dataclass(frozen=True, slots=True)
class Spread:
    """A histogram: `edges` rise and are one more than `counts`."""

    title: tuple[Fragment, ...]
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    marks: tuple[Mark, ...] = ()
    stale: bool = False

    @property
    def can_be_drawn(self) -> bool:
        """Whether there is a bar, on an axis that has a length."""
        rising = len(self.edges) > 1 and self.edges[-1] > self.edges[0]
        return rising and len(self.edges) == len(self.counts) + 1 and max(self.counts) > 0


NO_SPREAD: Final = Spread((), (), ())


def short_dollars(value: float) -> str:
    """Return `$0`, `-$412`, `$12.3k`, `-$1.2M`: at most seven cells."""
    size, sign = abs(value), "-" if value < 0 else ""
    for limit, unit in ((1e6, "M"), (1e4, "k")):
        if size >= limit * 0.9995:
            scaled = size / (1e3 if unit == "k" else limit)
            digits = max(0, 2 - math.floor(math.log10(scaled * 1.0005)))
            return f"{sign}${scaled:,.{digits}f}{unit}"
    whole = round(size)
    return f"{sign}${whole:,}" if whole else "$0"


def _round_dollars(value: float) -> str:
    """Return round dollars without zeros that say nothing: `$50k`."""
    text = short_dollars(value)
    number, unit = (text[:-1], text[-1]) if text[-1] in "kM" else (text, "")
    return f"{number.rstrip('0').rstrip('.')}{unit}" if "." in number else text


def histogram_rows(
    spread: Spread, size: tuple[int, int], icons: IconSet = UNICODE
) -> list[list[Fragment]]:
    """Return title, flags, bars, axis and dollars for a place of `size` cells."""
    width, height = size
    if not spread.can_be_drawn:
        return []
    if width < MIN_SIZE[0] or height < MIN_SIZE[1]:
        return [[*spread.title], [(" too small to draw", "muted")]][:height]
    counts, edges = _merged(spread, width)
    at = _placed(spread.marks, edges, width)
    room = max(1, min(_FLAG_ROWS, height - 1 - _FEET - _PLOT_AT_LEAST))
    flags = _flags(at, width, room, icons)
    bars = _bars(counts, edges, (width, height - 1 - _FEET - len(flags)), icons)
    for column, mark in at.items():
        _plant(flags, bars, column, mark.meaning, icons)
    stale = "stale" if spread.stale else ""
    rows = [_joined(row, stale) for row in (*flags, *bars)]
    return [[*spread.title], *rows, _axis(at, width, icons), _ticks(edges, width)]


def _merged(spread: Spread, width: int) -> tuple[list[int], list[float]]:
    """Return counts and edges with neighbours put together until each has a cell."""
    step = -(-len(spread.counts) // width)
    firsts = range(0, len(spread.counts), step)
    counts = [sum(spread.counts[first : first + step]) for first in firsts]
    return counts, [*(spread.edges[first] for first in firsts), spread.edges[-1]]


def _placed(marks: Sequence[Mark], edges: Sequence[float], across: int) -> dict[int, Mark]:
    """Return the marks by cell, from left to right; two in one cell share a flag."""
    at: dict[int, Mark] = {}
    for mark in sorted(marks, key=lambda one: one.x):
        column = _column(mark.x, edges, across)
        if column in at:
            at[column] = replace(at[column], label=f"{at[column].label} {mark.label}".strip())
        elif edges[0] <= mark.x <= edges[-1]:
            at[column] = mark
    return at


def _column(x: float, edges: Sequence[float], across: int) -> int:
    """Return the cell of a value."""
    share = (x - edges[0]) / (edges[-1] - edges[0])
    return min(across - 1, max(0, math.floor(share * across)))


Cells = list[list[tuple[str, str]]]


def _flags(at: dict[int, Mark], across: int, rows: int, icons: IconSet) -> Cells:
    """Return rows of flags; each stands in the first row where it covers nothing else.

    Flags wave to the right of their pole, or to the left at the right edge. Taken from the left,
    one in a higher row never hides the poles of those below it. A flag without a place goes.
    """
    made: Cells = [[(" ", "")] * across for _ in range(rows)]
    for column, mark in at.items():
        text = icons.plain(mark.label)
        if not text:
            continue  # a pole alone
        length = cell_len(text)
        start = column + 1 if column + 1 + length <= across else column - length
        if start < 0:
            continue
        low, high = min(start, column), max(start + length, column + 1)
        for number, row in enumerate(made):
            clear = all(row[cell][0] == " " for cell in range(max(0, low - 1), high))
            if clear and all(below[column][0] == " " for below in made[number + 1 :]):
                row[start : start + length] = [(character, mark.meaning) for character in text]
                row[column] = (_pole(icons), mark.meaning)
                break
    used = [row for row in made if any(text != " " for text, _ in row)]
    return used or made[:1]


def _pole(icons: IconSet) -> str:
    return icons.plain("┊")


def _plant(flags: Cells, bars: Cells, column: int, meaning: str, icons: IconSet) -> None:
    """Draw the pole of a flag from the flag down to the bars, past what stands there."""
    rows = [*flags, *bars]
    start = next((y for y, row in enumerate(flags) if row[column][0] == _pole(icons)), len(flags))
    for row in rows[start:]:
        if row[column][0] == " ":
            row[column] = (_pole(icons), meaning)


def _bars(
    counts: Sequence[int], edges: Sequence[float], size: tuple[int, int], icons: IconSet
) -> Cells:
    """Return the cells of the bars, top row first; the fullest bin is as tall as there is room.

    Every cell shows the bin under its middle, so the axis is true at any width.
    """
    (across, tall), most = size, max(counts)
    rows: Cells = [[] for _ in range(tall)]
    for cell in range(across):
        number = (2 * cell + 1) * len(counts) // (2 * across)
        count = counts[number]
        level = max(1, round(count / most * tall * _EIGHTHS)) if count else 0
        meaning = _side(edges[number], edges[number + 1])
        for y, row in enumerate(rows):
            part = max(0, min(_EIGHTHS, level - (tall - 1 - y) * _EIGHTHS))
            row.append((_block(part, icons), meaning if part else ""))
    return rows


def _side(low: float, high: float) -> str:
    """Return the meaning of a bin: loss, gain, or both."""
    if high <= 0:
        return "neg"
    return "pos" if low >= 0 else ""


def _block(eighths: int, icons: IconSet) -> str:
    if icons.name != "ascii":
        return _BLOCKS[eighths]
    return " " if not eighths else "#" if eighths * 2 >= _EIGHTHS else "."


def _axis(at: dict[int, Mark], across: int, icons: IconSet) -> list[Fragment]:
    """Return the line under the bars; every mark has its foot there, also one behind a bar."""
    cells = [(icons.rule, "muted")] * across
    for column, mark in at.items():
        foot = "+" if icons.name == "ascii" else "┴"
        cells[column] = (foot, f"{mark.meaning} strong".strip())
    return _joined(cells, "")


def _ticks(edges: Sequence[float], across: int) -> list[Fragment]:
    """Return dollars under the axis, round ones."""
    foot = [" "] * across
    for tick in nice_ticks(edges[0], edges[-1], max(2, across // _TICK_CELLS)):
        text = _round_dollars(tick)
        start = _column(tick, edges, across) - len(text) // 2
        start = max(0, min(across - len(text), start))
        if all(one == " " for one in foot[max(0, start - 1) : start + len(text) + 1]):
            foot[start : start + len(text)] = text
    return [("".join(foot), "muted")]


def _joined(cells: Sequence[tuple[str, str]], instead: str) -> list[Fragment]:
    """Return cells as fragments, neighbours of one meaning together."""
    row: list[Fragment] = []
    for text, own in cells:
        meaning = instead or own
        if row and row[-1][1] == meaning:
            row[-1] = (row[-1][0] + text, meaning)
        else:
            row.append((text, meaning))
    return row


class Histogram(DrawnLines):
    """The spread on the screen; `set_spread` paints the lines that differ."""

    def __init__(self, *, icons: IconSet = UNICODE, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(icons=icons, **options)
        self._spread = NO_SPREAD

    def set_spread(self, spread: Spread) -> None:
        """Show a spread."""
        self._spread = spread
        self.draw()

    def draw(self) -> None:
        """Draw the spread for the present size."""
        size = (self.size.width, self.size.height)
        self.set_lines(histogram_rows(self._spread, size, self._icons))
