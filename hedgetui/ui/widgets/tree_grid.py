"""The grid every screen uses: keys, mouse, finding, sorting, folding and taking rows along.

Capitals trade and lower case looks, so nothing here can reach a broker: the grid only says which
row is highlighted or chosen, and the screen decides. Keys carry ids so that users may rebind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message

from hedgetui.ui.widgets.grid_columns import Cell, Column
from hedgetui.ui.widgets.grid_model import GridRow
from hedgetui.ui.widgets.grid_render import grid_csv, grid_text
from hedgetui.ui.widgets.grid_view import GridView

if TYPE_CHECKING:
    from textual import events

__all__ = ["Cell", "Column", "GridRow", "TreeGrid"]


class TreeGrid(GridView):
    """A table or a tree of up to thousands of rows; see `GridView.set_rows` for feeding it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="nav.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="nav.down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="nav.page_up"),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False, id="nav.page_down"),
        Binding("home,g", "top", "Top", show=False, id="nav.top"),
        Binding("end,G", "bottom", "Bottom", show=False, id="nav.bottom"),
        Binding("enter", "choose", "Details", show=False, id="grid.open"),
        Binding("space", "fold", "Fold", show=False, id="grid.toggle"),
        Binding("right,l", "go_in", "Into", show=False, id="grid.in"),
        Binding("left,h", "go_out", "Out of", show=False, id="grid.out"),
        Binding("plus", "fold_all(True)", "Open all", show=False, id="grid.open_all"),
        Binding("minus", "fold_all(False)", "Shut all", show=False, id="grid.shut_all"),
        Binding("slash", "find", "Find", show=False, id="grid.find"),
        Binding("n", "find_step(1)", "Next hit", show=False, id="grid.find_next"),
        Binding("N", "find_step(-1)", "Previous hit", show=False, id="grid.find_previous"),
        Binding("s", "sort_next", "Sort", show=False, id="grid.sort"),
        Binding("S", "sort_reverse", "Reverse", show=False, id="grid.reverse"),
        Binding("o", "columns", "Columns", show=False, id="grid.columns"),
        Binding("m", "mark", "Mark", show=False, id="grid.mark"),
        Binding("escape", "clear_filter", "Clear filter", show=False, id="grid.clear_filter"),
    ]

    class RowMessage(Message):
        """Something about one row of one grid."""

        def __init__(self, grid: TreeGrid, key: str) -> None:
            super().__init__()
            self.grid = grid
            self.key = key

        @property
        def control(self) -> TreeGrid:
            """The grid, for `@on(..., selector)`."""
            return self.grid

    class Highlighted(RowMessage):
        """The cursor stands on another row."""

    class Selected(RowMessage):
        """Enter or a double click on a row without anything to fold."""

    class GridMessage(Message):
        """A wish the screen fulfils for the grid."""

        def __init__(self, grid: TreeGrid) -> None:
            super().__init__()
            self.grid = grid

        @property
        def control(self) -> TreeGrid:
            """The grid, for `@on(..., selector)`."""
            return self.grid

    class FindRequested(GridMessage):
        """`/`: the screen asks for a text and calls `set_filter`."""

    class ColumnsRequested(GridMessage):
        """`o`: the screen asks for columns and sets `hidden_columns`."""

    def cursor_moved(self) -> None:
        """Tell the screen which row is highlighted now."""
        key = self.selected_key
        if key is not None:
            self.post_message(self.Highlighted(self, key))

    def rows_as_text(self) -> str:
        """Return what the grid shows as aligned text, header first, all lines, not only a page."""
        return grid_text(self.model, self.placed, self.icons)

    def rows_as_csv(self) -> str:
        """Return the visible rows as CSV: the key, then every column not hidden by hand."""
        return grid_csv(self.model, self.hidden_columns)

    def action_move(self, lines: int) -> None:
        """Move the cursor by lines."""
        self.move_to(self._cursor + lines)

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.move_to(self._cursor + pages * max(1, self.size.height - 2))

    def action_top(self) -> None:
        """Move to the first row."""
        self.move_to(0)

    def action_bottom(self) -> None:
        """Move to the last row."""
        self.move_to(len(self.model.lines) - 1)

    def action_choose(self) -> None:
        """Ask for the details of the row."""
        if self.selected_key is not None:
            self.post_message(self.Selected(self, self.selected_key))

    def action_fold(self) -> None:
        """Open or shut the row."""
        key = self.selected_key
        if key is not None:
            self._fold(key, is_open=self.model.lines[self._cursor].fold == "+")

    def action_go_in(self) -> None:
        """Open the row, or step to its first child when it is open."""
        key = self.selected_key
        if key is not None and not self._fold(key, is_open=True) and self.model.nodes[key].children:
            self.action_move(1)

    def action_go_out(self) -> None:
        """Shut the row, or step to its parent when there is nothing to shut."""
        key = self.selected_key
        if key is None or self._fold(key, is_open=False):
            return
        parent = self.model.nodes[key].parent
        if parent is not None:
            self.select(parent)

    def action_fold_all(self, is_open: bool) -> None:  # noqa: FBT001 - a binding's argument
        """Open or shut everything."""
        path, before = self._path(), self._shown()
        self.model.open_all(is_open=is_open)
        self._settle(path, before)

    def action_find(self) -> None:
        """Ask the screen for a filter text."""
        self.post_message(self.FindRequested(self))

    def action_find_step(self, step: int) -> None:
        """Move to the next or previous row the filter is about, around the end."""
        lines = self.model.lines
        for distance in range(1, len(lines) + 1):
            number = (self._cursor + step * distance) % len(lines)
            if self.model.is_hit(lines[number].key):
                self.move_to(number)
                return

    def action_clear_filter(self) -> None:
        """Drop the filter; without one the key belongs to somebody else."""
        if self.model.row_filter is None:
            raise SkipAction
        self.set_filter("")

    def action_sort_next(self) -> None:
        """Sort by the next column on the screen, then by none."""
        order = [None, *(place.number for place in self.placed)]
        now = self.model.sort_column
        following = order[(order.index(now) + 1) % len(order)] if now in order else None
        key = None if following is None else self.model.columns[following].key
        self.sort_by(key, reverse=False)

    def action_sort_reverse(self) -> None:
        """Turn the sorting around."""
        column = self.model.sort_column
        if column is not None:
            self.sort_by(self.model.columns[column].key, reverse=not self.model.sort_reverse)

    def action_columns(self) -> None:
        """Ask the screen which columns to hide."""
        self.post_message(self.ColumnsRequested(self))

    def action_mark(self) -> None:
        """Mark or unmark the row and go on to the next."""
        key = self.selected_key
        if key is None:
            return
        self.marked ^= {key}
        self._strips.pop(key, None)
        self._refresh_line(self._cursor)
        self.action_move(1)

    def _fold(self, key: str, *, is_open: bool) -> bool:
        """Open or shut a row and paint what moved; tell whether anything did."""
        path, before = self._path(), self._shown()
        if not self.model.set_open(key, is_open=is_open):
            return False
        self._settle(path, before)
        return True

    def on_click(self, event: events.Click) -> None:
        """Header: sort by that column. Row: cursor; the second click opens."""
        if event.y == 0:
            self._sort_at(event.x)
            return
        number = event.y - 1 + self.scroll_offset.y
        if number >= len(self.model.lines):
            return
        self.move_to(number)
        if event.chain == 2:
            if self.model.lines[number].fold:
                self.action_fold()
            else:
                self.action_choose()

    def _sort_at(self, x: int) -> None:
        """Sort by the column at a cell, or reverse it when it is already the one."""
        for column, index, left, cells in self.placed:
            if left <= x <= left + cells:
                again = index == self.model.sort_column
                self.sort_by(column.key, reverse=again and not self.model.sort_reverse)
                return
