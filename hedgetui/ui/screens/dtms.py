"""The DTMS pane: states, trades, positions nobody watches, and the chosen trade in full.

Tables compare what they are given with what they show, and lines only paint cells that differ; the
page is worded at most once a second while nothing but time passes, so a quiet desk costs a slow
line the digits of its countdowns.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from hedgetui.ports.dtms import DefenceRow, DefenceView, UnwatchedRow
from hedgetui.ui.screens.dtms_detail import MOST_ROWS, detail_lines
from hedgetui.ui.screens.dtms_export import TradeLine, trade_line
from hedgetui.ui.screens.dtms_rows import (
    TRADE_COLUMNS,
    UNWATCHED_COLUMNS,
    ordered,
    row_key,
    trade_row,
    unwatched_row,
)
from hedgetui.ui.screens.dtms_text import empty_lines, has_mt5, note_line, strip_line
from hedgetui.ui.screens.micro_text import first_line
from hedgetui.ui.screens.table_pane import TablePane
from hedgetui.ui.widgets.text_line import StyledLines
from hedgetui.ui.widgets.tree_grid import TreeGrid

if TYPE_CHECKING:
    from textual.widget import Widget

    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ui.app import HedgeApp
    from hedgetui.ui.screens.spans import Line
    from hedgetui.ui.screens.status_text import Look

_UNWATCHED_AT_MOST = 4
_SMALL = 13
"""Below this height the positions nobody watches have a line; Tab shows them."""
_TALL = 22
"""From this height on the pane spends a line on the account."""


class DtmsPane(TablePane):
    """The screen of the defended MT5 trades."""

    BORDER_TITLE: ClassVar[str] = "DTMS"

    def __init__(self, look: Look) -> None:
        trades = TreeGrid(TRADE_COLUMNS, icons=look.icons, id="trades")
        unwatched = TreeGrid(UNWATCHED_COLUMNS, icons=look.icons, id="unwatched")
        super().__init__(look, "dtms", trades, unwatched)
        self.trades, self.unwatched = trades, unwatched
        self._heights: tuple[int, int] = (0, 0)
        self._top = StyledLines(id="dtms-top")
        self._strip = StyledLines(id="dtms-strip")
        self._note = StyledLines(id="dtms-note")
        self._caption = StyledLines(id="unwatched-caption", classes="caption")
        self._detail = StyledLines(id="dtms-detail")

    def compose(self) -> ComposeResult:
        """Build the rows from top to bottom."""
        yield self._top
        yield self._strip
        yield self._note
        yield self.trades
        yield self._caption
        yield self.unwatched
        yield self._detail

    def on_tree_grid_highlighted(self, message: TreeGrid.Highlighted) -> None:
        """Show the trade the cursor came to."""
        if message.grid is self.trades:
            self._show_detail()

    def _matters(self, snapshot: DeskSnapshot) -> tuple[object, ...]:
        return math.floor(snapshot.status.now), snapshot.defence

    @property
    def panes(self) -> list[Widget]:
        """What Tab goes through here."""
        return [self.trades, self.unwatched] if self.has_class("-unwatched") else [self.trades]

    @property
    def grid(self) -> TreeGrid:
        """The table the keys are about."""
        return self.unwatched if self.unwatched.has_focus else self.trades

    @property
    def in_view(self) -> bool:
        """Tell whether the trader sees which row is chosen."""
        return self.grid.is_on_screen and self.grid.size.height > 1

    @property
    def row_view(self) -> DefenceRow | UnwatchedRow | None:
        """The record behind the row under the cursor."""
        key = self.grid.selected_key
        return None if key is None else self.view_of(self.grid, key)

    def view_of(self, grid: TreeGrid, key: str) -> DefenceRow | UnwatchedRow | None:
        """Return the record behind a row of one of the tables."""
        if self._snapshot is None:
            return None
        view = self._snapshot.defence
        if grid is self.unwatched:
            return next((row for row in view.unwatched if row_key(row) == key), None)
        return next((row for row in ordered(view) if row_key(row) == key), None)

    @property
    def row_text(self) -> str:
        """The row under the cursor as `title value` pairs."""
        key, model = self.grid.selected_key, self.grid.model
        if key is None:
            return ""
        pairs = zip(model.columns, model.nodes[key].cells, strict=True)
        return "  ".join(f"{column.title} {cell.text}" for column, cell in pairs if cell.text)

    @property
    def table_views(self) -> tuple[str, tuple[TradeLine, ...] | tuple[UnwatchedRow, ...]]:
        """The focused table's name and its records."""
        if self._snapshot is None:
            return "trades", ()
        view = self._snapshot.defence
        if self.grid is self.unwatched:
            return "unwatched", view.unwatched
        return "trades", tuple(trade_line(row) for row in ordered(view))

    def _word(self) -> None:
        """Word the page for the present snapshot and size."""
        snapshot, width = self._snapshot, self.size.width
        if snapshot is None or width == 0:
            return
        view, now, icons = snapshot.defence, float(math.floor(snapshot.status.now)), self.look.icons
        if self._is_micro:
            self._put(self._top, [first_line(snapshot, self.look, width)])
        self._put(self._strip, [strip_line(view, now, icons, width)])
        self._show_note(view, width)
        self.trades.set_rows([trade_row(row, view, now, icons) for row in ordered(view)])
        self.unwatched.set_rows([unwatched_row(row, icons) for row in view.unwatched])
        many = len(view.unwatched)
        self.set_class(many > 0, "-unwatched")
        caption = f" Not watched ({many}) · Tab, then I adopts"
        self._put(self._caption, [((caption, "strong"),)])
        self._show_detail()

    def _show_note(self, view: DefenceView, width: int) -> None:
        """Show what stops the defence, filter, order and account; a low screen only the first."""
        model, icons = self.trades.model, self.look.icons
        chips = []
        if model.row_filter is not None:
            chips.append(
                f"find: {'!' if model.row_filter.inverse else ''}{model.row_filter.needle}"
            )
        if model.sort_column is not None:
            mark = icons.down if model.sort_reverse else icons.up
            chips.append(f"sort: {model.columns[model.sort_column].title} {mark}")
        needed = bool(view.frozen or view.rails or chips)
        roomy = self.size.height >= _TALL and has_mt5(view)
        self.set_class(needed or roomy, "-note")
        self._put(self._note, [note_line(view, chips, width)])

    def _show_detail(self) -> None:
        """Show the chosen trade, or why there is none; the tables keep the rows they need."""
        snapshot = self._snapshot
        if snapshot is None or self.size.width == 0:
            return
        view, width = snapshot.defence, self.size.width
        rows, room = self._share(view)
        key = self.trades.selected_key
        row = None if key is None else self.view_of(self.trades, key)
        if isinstance(row, DefenceRow):
            now = float(math.floor(snapshot.status.now))
            lines = detail_lines(row, view, self.look, width, room, now)
        elif view.rows or view.closed:  # a filter hides them all
            lines = []
        else:
            app: HedgeApp = self.app  # type: ignore[assignment]
            lines = empty_lines(view, app.desk.settings.profile, width)
        self.set_class(not view.rows and not view.closed, "-no-trades")
        self._fit(rows, len(lines))
        self._put(self._detail, lines)

    def _share(self, view: DefenceView) -> tuple[int, int]:
        """Return the rows of the unwatched table and the room for the chosen trade."""
        many = len(view.unwatched)
        rows = 1 + min(many, _UNWATCHED_AT_MOST) if many else 0
        small = self.size.height < _SMALL
        self.set_class(small, "-small")
        fixed = 1 + self.has_class("-note") + self._is_micro + bool(rows)
        free = max(0, self.size.height - fixed - (0 if small else rows))
        wanted = 1 + len(view.rows) + len(view.closed)
        return rows, min(MOST_ROWS, max(free - wanted, free // 2))

    def _fit(self, unwatched: int, detail: int) -> None:
        """Set the two heights when they change."""
        if self._heights != (unwatched, detail):
            self._heights = unwatched, detail
            self.unwatched.styles.height = max(1, unwatched)
            self._detail.styles.height = max(1, detail)
            self._detail.set_class(detail == 0, "-empty")

    def _put(self, widget: StyledLines, lines: list[Line]) -> None:
        plain = self.look.icons.plain
        widget.set_lines([[(plain(text), tone) for text, tone in line] for line in lines])
