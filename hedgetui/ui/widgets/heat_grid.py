"""A small matrix of profits: each cell says its sign by shape, its size by depth of colour.

Rows and columns are moves, so nothing here sorts or folds: the cursor goes from cell to cell, and
where the terminal is small the grid shows the part around it. Without colours the numbers, their
▲ and ▼ and bold type for large ones remain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message

from hedgetui.ui import format as fmt
from hedgetui.ui.glyphs import UNICODE, IconSet
from hedgetui.ui.widgets.grid_columns import fit_text
from hedgetui.ui.widgets.meanings import MEANING_CLASSES, Palette, WidgetOptions, part_styles
from hedgetui.ui.widgets.text_line import DrawnLines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from textual import events
    from textual.strip import Strip
    from textual.widget import Widget

    from hedgetui.ui.widgets.meanings import Fragment

STEPS: Final = 4
"""Depths of colour on each side of zero."""
_BOLD_FROM: Final = 3
_CELL_AT_MOST: Final = 10
_HEAD_ROWS: Final = 2
"""Title and names of the columns."""

_UNITS: Final = ((1e6, "M"), (1e3, "k"))
_WHOLE_BELOW: Final = 1e4

_HEATS = tuple(f"heat-{sign}-{step}" for sign in ("pos", "neg") for step in range(1, STEPS + 1))
_HEAT_CSS = """HeatGrid {
    & > .meaning--heat-pos-1 { background: $success 10%; }
    & > .meaning--heat-pos-2 { background: $success 20%; }
    & > .meaning--heat-pos-3 { background: $success 32%; }
    & > .meaning--heat-pos-4 { background: $success 45%; }
    & > .meaning--heat-neg-1 { background: $error 10%; }
    & > .meaning--heat-neg-2 { background: $error 20%; }
    & > .meaning--heat-neg-3 { background: $error 32%; }
    & > .meaning--heat-neg-4 { background: $error 45%; }
    & > .meaning--cursor { text-style: underline; }
    &:focus > .meaning--cursor { text-style: bold reverse; }
}
"""


@dataclass(frozen=True, slots=True)
class HeatTable:
    """What a grid shows: values in dollars, one row of them for each name of a row."""

    title: tuple[Fragment, ...]
    corner: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    scale: float
    """The value of the deepest colour, so that several tables can share one scale."""
    stale: bool = False


NO_TABLE: Final = HeatTable((), "", (), (), (), 0.0)


def heat(value: float, scale: float) -> int:
    """Return how deep a value is coloured, 0 to `STEPS`; only what rounds to zero is 0."""
    if not math.isfinite(value) or round(value) == 0 or not scale > 0:
        return 0
    return max(1, min(STEPS, math.ceil(STEPS * abs(value) / scale - 1e-9)))


def short_pnl(value: float, icons: IconSet) -> str:
    """Return `▲+857`, `▼-12.3k`, `▲+1.24M`: three figures at least, seven cells at most."""
    size = abs(value)
    if not math.isfinite(value) or round(size) < _WHOLE_BELOW:
        return fmt.pnl(value, icons)
    unit, name = next((unit, name) for unit, name in _UNITS if size >= unit * 0.9995)
    digits = max(0, 2 - math.floor(math.log10(size / unit * 1.0005)))
    return f"{fmt.pnl(value / unit, icons, digits)}{name}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the cells stand."""

    label: int
    cell: int
    first: int
    count: int
    short: bool
    """Whether values are rounded to three figures."""


def _place(table: HeatTable, width: int, column: int, icons: IconSet) -> _Place:
    """Choose wording and columns for a width; the column of the cursor is always among them."""
    names = [cell_len(icons.plain(name)) for name in (table.corner, *table.rows)]
    label, columns = max(names) + 1, len(table.columns)
    heads = [cell_len(icons.plain(name)) for name in table.columns]
    values = [value for row in table.values for value in row]
    need = 0
    for word in (fmt.pnl, short_pnl):
        need = 1 + max([*heads, *(cell_len(word(value, icons)) for value in values)])
        if label + columns * need <= width:
            cell = min(max(need, _CELL_AT_MOST), (width - label) // columns)
            return _Place(label, cell, 0, columns, word is short_pnl)
    count = max(1, min(columns, (width - label) // need))
    first = max(0, min(column - count // 2, columns - count))
    return _Place(label, need, first, count, short=True)


def heat_rows(
    table: HeatTable, size: tuple[int, int], cursor: tuple[int, int], icons: IconSet = UNICODE
) -> list[list[Fragment]]:
    """Return title, names of the columns and the rows that fit `size`, around the cursor.

    `cursor` is row and column. Where rows or columns are left out, an ellipsis stands at that side.
    """
    width, height = size
    if not table.rows or not table.columns or width < 1:
        return []
    place = _place(table, width, cursor[1], icons)
    shown = range(place.first, place.first + place.count)
    top, high = _window(table, height, cursor[0])
    cut = icons.ellipsis
    head = icons.plain(table.corner)
    left = cut if place.first else ""
    lines: list[list[Fragment]] = [
        list(table.title),
        [(fit_text(head, place.label - len(left), ellipsis="") + left, "muted strong")],
    ]
    last = len(table.columns) - 1
    for column in shown:
        name = icons.plain(table.columns[column])
        more = cut if column == shown[-1] < last else ""
        text = fit_text(name + more, place.cell, right=True, ellipsis=cut)
        lines[1].append((text, "muted strong"))
    for row in range(top, top + high):
        hidden = (row == top > 0) or (row == top + high - 1 < len(table.rows) - 1)
        name = icons.plain(table.rows[row]) + (cut if hidden else "")
        line: list[Fragment] = [(fit_text(name, place.label, ellipsis=""), "strong")]
        line += [
            _cell(table, (row, column), place, icons, on_cursor=(row, column) == cursor)
            for column in shown
        ]
        lines.append(line)
    return lines


def _window(table: HeatTable, height: int, row: int) -> tuple[int, int]:
    """Return the first of the rows shown, and how many there are; the cursor's is among them."""
    high = max(1, min(len(table.rows), height - _HEAD_ROWS))
    return max(0, min(row - high // 2, len(table.rows) - high)), high


def cell_at(
    table: HeatTable,
    size: tuple[int, int],
    cursor: tuple[int, int],
    point: tuple[int, int],
    icons: IconSet = UNICODE,
) -> tuple[int, int] | None:
    """Return row and column of the cell drawn at `point` (x, y); None where there is none."""
    if not table.rows or not table.columns:
        return None
    place, (top, high) = (
        _place(table, size[0], cursor[1], icons),
        _window(table, size[1], cursor[0]),
    )
    across, down = (point[0] - place.label) // place.cell, point[1] - _HEAD_ROWS
    if not (0 <= across < place.count and 0 <= down < high):
        return None
    return top + down, place.first + across


def _cell(
    table: HeatTable, at: tuple[int, int], place: _Place, icons: IconSet, *, on_cursor: bool
) -> Fragment:
    """Return one cell with its gap; a stale one is grey, whatever it says."""
    value = table.values[at[0]][at[1]]
    word = short_pnl(value, icons) if place.short else fmt.pnl(value, icons)
    tone = fmt.tone(value)
    depth = heat(value, table.scale)
    if table.stale:
        meaning = "stale"
    elif depth:
        strong = " strong" if depth >= _BOLD_FROM else ""
        meaning = f"{tone} heat-{tone}-{depth}{strong}"
    else:
        meaning = tone or "muted"
    text = fit_text(word, place.cell, right=True, ellipsis=icons.ellipsis)
    return text, f"{meaning} cursor" if on_cursor else meaning


_HEAT_CLASSES = MEANING_CLASSES | {"meaning--cursor", *(f"meaning--{name}" for name in _HEATS)}


class _HeatPalette(Palette):
    """Blends fills over the real background, which strips do not do; ANSI colours cannot."""

    def __init__(self, widget: Widget) -> None:
        super().__init__(widget, _HEAT_CLASSES)
        self._under = widget.background_colors[1]
        self._owner = widget

    def component(self, name: str) -> Style:
        """Return what the class of a part sets; a fill is mixed, and left out without RGB."""
        if not name.startswith("meaning--heat-"):
            return super().component(name)
        tint = part_styles(self._owner, name).background
        if self._under.ansi is not None or tint.ansi is not None or self._owner.app.no_color:
            return Style()
        # On a fill the text keeps the colour that can be read on it; the sign says the rest.
        text = self._owner.rich_style.color
        return Style(color=text, bgcolor=(self._under + tint).rich_color)


class HeatGrid(DrawnLines, can_focus=True):
    """The matrix on the screen: `set_table` feeds it, Enter asks for the details of a cell."""

    DEFAULT_CSS = _HEAT_CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1, 0)", "Up", show=False, id="nav.up"),
        Binding("down,j", "move(1, 0)", "Down", show=False, id="nav.down"),
        Binding("left,h", "move(0, -1)", "Left", show=False, id="grid.out"),
        Binding("right,l", "move(0, 1)", "Right", show=False, id="grid.in"),
        Binding("home,g", "move(-99, 0)", "Top", show=False, id="nav.top"),
        Binding("end,G", "move(99, 0)", "Bottom", show=False, id="nav.bottom"),
        Binding("enter", "choose", "Details", show=False, id="grid.open"),
    ]

    class Chosen(Message):
        """Enter or a second click on a cell."""

    def __init__(self, *, icons: IconSet = UNICODE, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(icons=icons, **options)
        self._table = NO_TABLE
        self.cursor = (0, 0)
        """Row and column."""

    def set_table(self, table: HeatTable) -> None:
        """Show a table; one of another shape puts the cursor into its middle."""
        if (table.rows, table.columns) != (self._table.rows, self._table.columns):
            self.cursor = (len(table.rows) // 2, max(0, len(table.columns) - 1) // 2)
        self._table = table
        self.draw()

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor, as far as there are cells."""
        row, column = self.cursor
        self.cursor = (
            max(0, min(row + rows, len(self._table.rows) - 1)),
            max(0, min(column + columns, len(self._table.columns) - 1)),
        )
        self.draw()

    def action_choose(self) -> None:
        """Ask for the details of the cell."""
        self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """Come to the cell; ask for its details at the second click."""
        cell = cell_at(self._table, self._room, self.cursor, (event.x, event.y), self._icons)
        if cell is None:
            return
        self.cursor = cell
        self.draw()
        if event.chain == 2:
            self.action_choose()

    def render_line(self, y: int) -> Strip:
        """Return one line; fills are blended."""
        if self._palette is None:
            self._palette = _HeatPalette(self)
        return super().render_line(y)

    def draw(self) -> None:
        """Draw for the present size; only lines that differ are painted."""
        self.set_lines(heat_rows(self._table, self._room, self.cursor, self._icons))

    @property
    def _room(self) -> tuple[int, int]:
        return self.size.width, self.size.height


def largest(values: Sequence[Sequence[Sequence[float]]]) -> float:
    """Return the largest finite size among the cells of several tables; 0 without any."""
    sizes = (abs(cell) for plane in values for row in plane for cell in row)
    return max((size for size in sizes if math.isfinite(size)), default=0.0)
