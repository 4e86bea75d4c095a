"""The painted half of a grid: lines on the screen, a cursor that stays on its row, few repaints.

`GridView` draws only visible lines, keeps each as a finished strip, and after new rows arrive
asks the screen for the cells that differ. `TreeGrid` adds keys and mouse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hedgetui.domain.text import safe
from hedgetui.ui.glyphs import UNICODE, IconSet
from hedgetui.ui.widgets.grid_columns import Column, Placed, RowFilter, fit_columns, fit_text
from hedgetui.ui.widgets.grid_model import GridModel, GridRow, Line, Node
from hedgetui.ui.widgets.grid_render import GridPaint, header_strip, row_strip
from hedgetui.ui.widgets.meanings import MEANING_CLASSES, Palette, WidgetOptions, widget_css

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from textual import events

_GRID_CSS = """
    height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
    & > .grid--header { background: $panel; color: $foreground; text-style: bold; }
    & > .grid--guide { color: $foreground-muted; }
    & > .grid--cursor {
        background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground;
    }
    &:focus > .grid--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    &:ansi > .grid--header { background: ansi_default; text-style: bold underline; }
    &:ansi > .grid--guide { color: ansi_default; text-style: dim; }
    &:ansi > .grid--cursor {
        background: ansi_default; color: ansi_default; text-style: underline;
    }
    &:ansi:focus > .grid--cursor {
        background: ansi_default; color: ansi_default; text-style: bold reverse;
    }
    &:nocolor > .grid--cursor {
        background: $surface; color: $foreground; text-style: underline;
    }
    &:nocolor:focus > .grid--cursor {
        background: $surface; color: $foreground; text-style: bold reverse;
    }
"""


_GRID_CLASSES = MEANING_CLASSES | {"grid--header", "grid--guide", "grid--cursor"}


class GridView(ScrollView, can_focus=True):
    """Columns and rows, painted cell by cell; text goes through `safe` and is never markup."""

    ALLOW_SELECT = False
    DEFAULT_CSS = widget_css("GridView", _GRID_CSS)

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "",
        icons: IconSet = UNICODE,
        **options: Unpack[WidgetOptions],
    ) -> None:
        super().__init__(**options)
        self.model = GridModel(columns)
        self.marked: set[str] = set()
        self.placed: tuple[Placed, ...] = ()
        self._empty = safe(empty)
        self._icons = icons
        self._hidden: frozenset[str] = frozenset()
        self._cursor = 0
        self._paint: GridPaint | None = None
        self._strips: dict[str, tuple[Line, bool, Strip]] = {}

    @property
    def selected_key(self) -> str | None:
        """The key of the row under the cursor; None without rows."""
        lines = self.model.lines
        return lines[self._cursor].key if self._cursor < len(lines) else None

    @property
    def icons(self) -> IconSet:
        """The alphabet; setting it repaints."""
        return self._icons

    @icons.setter
    def icons(self, icons: IconSet) -> None:
        self._icons = icons
        self.repaint()

    @property
    def hidden_columns(self) -> frozenset[str]:
        """Keys of the columns hidden by hand; setting them lays the grid out again."""
        return self._hidden

    @hidden_columns.setter
    def hidden_columns(self, keys: Collection[str]) -> None:
        self._hidden = frozenset(keys)
        self.placed = fit_columns(self.model.columns, self.size.width, self._hidden)
        self.repaint()

    def set_rows(self, rows: Sequence[GridRow]) -> None:
        """Show these rows: only cells that differ are painted, the cursor stays on its key."""
        before = self._shown()
        path = self._path()
        previous = self.model.lines
        changed = self.model.set_rows(rows)
        self.marked &= self.model.nodes.keys()
        for key in changed:
            self._strips.pop(key, None)
        if self.model.lines is not previous:
            self._settle(path, before, changed)
        else:
            self._repaint_lines(before, changed)

    def set_filter(self, text: str) -> None:
        """Keep rows containing `text` (`!text` without, `column:text` in one column; "" all)."""
        path, before = self._path(), self._shown()
        self.model.row_filter = RowFilter.parse(text, self.model.columns)
        self.model.rebuild()
        self._settle(path, before)

    def sort_by(self, column_key: str | None, *, reverse: bool = False) -> None:
        """Sort siblings by a column; None restores the given order. Unknown keys raise KeyError."""
        numbers = {column.key: number for number, column in enumerate(self.model.columns)}
        path, before = self._path(), self._shown()
        self.model.sort_column = None if column_key is None else numbers[column_key]
        self.model.sort_reverse = reverse
        self.model.rebuild()
        self._settle(path, before)
        self.refresh(Region(0, 0, self.size.width, 1))

    def select(self, key: str) -> bool:
        """Move the cursor to a row, opening what hides it; False when it is not there."""
        if key not in self.model.nodes:
            return False
        before, path = self._shown(), self._path()
        if key not in self.model.index:
            self.model.reveal(key)
            self._settle(path, before)
        if key not in self.model.index:
            return False
        self.move_to(self.model.index[key])
        return True

    def move_to(self, line: int) -> None:
        """Put the cursor on a line number, clamped, and bring it into view."""
        target = max(0, min(line, len(self.model.lines) - 1))
        if target != self._cursor:
            old, self._cursor = self._cursor, target
            self._refresh_line(old)
            self._refresh_line(target)
            self.cursor_moved()
        self._bring_into_view()

    def cursor_moved(self) -> None:
        """Called when another row, or another key, is under the cursor."""

    def repaint(self) -> None:
        """Drop every finished strip and paint all."""
        self._paint = None
        self._strips.clear()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the header, a row, the empty state, or a blank line."""
        width = self.size.width
        paint = self._paint or self._make_paint()
        model = self.model
        if y == 0:
            sort = None if model.sort_column is None else (model.sort_column, model.sort_reverse)
            return header_strip(self.placed, paint, width, sort)
        number = y - 1 + self.scroll_offset.y
        if number < len(model.lines):
            return self._row(number, paint, width)
        if number == 0 and self._empty:
            text = fit_text(" " + paint.icons.plain(self._empty), width)
            return Strip([Segment(text, paint.palette.style("muted"))], width)
        return Strip.blank(width, paint.palette.base)

    def _row(self, number: int, paint: GridPaint, width: int) -> Strip:
        """Return the finished strip of a line, made anew only when something about it changed."""
        line = self.model.lines[number]
        on_cursor = number == self._cursor
        kept = self._strips.get(line.key)
        if kept is not None and kept[0] == line and kept[1] == on_cursor:
            return kept[2]
        strip = row_strip(
            line,
            self.model.nodes[line.key],
            self.placed,
            paint,
            width,
            on_cursor=on_cursor,
            is_marked=line.key in self.marked,
        )
        self._strips[line.key] = (line, on_cursor, strip)
        return strip

    def _make_paint(self) -> GridPaint:
        """Resolve the styles once per style sheet change."""
        palette = Palette(self, _GRID_CLASSES)
        base = palette.base
        self._paint = GridPaint(
            palette=palette,
            icons=self._icons,
            header=base + palette.component("grid--header"),
            cursor=base + palette.component("grid--cursor"),
            guide=palette.component("grid--guide"),
            is_flat=self.model.is_flat,
        )
        return self._paint

    def _shown(self) -> list[Line]:
        """Return the lines now in view."""
        top = self.scroll_offset.y
        return self.model.lines[top : top + max(0, self.size.height - 1)]

    def _path(self) -> list[str]:
        """Return the cursor's key and its ancestors'."""
        key = self.selected_key
        return [] if key is None else self.model.ancestry(key)

    def _settle(
        self, path: Sequence[str], before: Sequence[Line], changed: dict[str, Node] | None = None
    ) -> None:
        """After lines moved: cursor to its row or the nearest ancestor, then paint differences."""
        index, old_cursor = self.model.index, self._cursor
        found = next((index[key] for key in path if key in index), self._cursor)
        self._cursor = max(0, min(found, len(self.model.lines) - 1))
        if self._paint is not None and self._paint.is_flat != self.model.is_flat:
            self.repaint()
        self._strips = {key: kept for key, kept in self._strips.items() if key in index}
        self.virtual_size = Size(self.size.width, len(self.model.lines) + 1)
        was_in_view = 0 <= old_cursor - self.scroll_offset.y < len(before)
        self._repaint_lines(before, changed or {})
        self._refresh_line(old_cursor)
        self._refresh_line(self._cursor)
        if was_in_view:
            self._bring_into_view()
        if path[:1] != [self.selected_key]:
            self.cursor_moved()

    def _repaint_lines(self, before: Sequence[Line], changed: dict[str, Node]) -> None:
        """Ask for the lines that moved and, in those that stayed, for the cells that changed."""
        after, width = self._shown(), self.size.width
        for y in range(max(len(before), len(after))):
            line = after[y] if y < len(after) else None
            if line is None or y >= len(before) or before[y] != line:
                self.refresh(Region(0, y + 1, width, 1))
            elif line.key in changed:
                old, new = changed[line.key], self.model.nodes[line.key]
                for x, cells in _changed_spans(self.placed, old, new):
                    self.refresh(Region(x, y + 1, cells, 1))

    def _refresh_line(self, number: int) -> None:
        """Ask for one line if it is in view."""
        y = number + 1 - self.scroll_offset.y
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _bring_into_view(self) -> None:
        """Scroll no further than needed to show the cursor."""
        top, rows = self.scroll_offset.y, max(1, self.size.height - 1)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + rows:
            self.scroll_to(y=self._cursor - rows + 1, animate=False)

    def on_resize(self, event: events.Resize) -> None:
        """Choose columns for the new width."""
        self.placed = fit_columns(self.model.columns, event.size.width, self._hidden)
        self.virtual_size = Size(event.size.width, len(self.model.lines) + 1)
        self.repaint()

    def notify_style_update(self) -> None:
        """Theme or pseudo class changed: styles are resolved again at the next paint."""
        if self._paint is not None:
            self.refresh()
        self._paint = None
        self._strips.clear()
        super().notify_style_update()


def _changed_spans(placed: Sequence[Placed], old: Node, new: Node) -> Iterator[tuple[int, int]]:
    """Yield left edge and width of each placed cell whose text or meaning differs."""
    whole = old.meaning != new.meaning
    for _, index, x, cells in placed:
        if whole or old.cells[index][:2] != new.cells[index][:2]:
            yield x, cells
