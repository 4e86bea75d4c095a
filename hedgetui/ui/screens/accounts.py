"""The Accounts pane: every tail, the hedges that cover its cash, and the chosen order's story.

The look-back is a matter of this screen alone: it hides what is over and never what is open. Rows
are made again for keys whose orders changed, so a fill among ten thousand costs what a fill costs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from hedgetui.domain.tails.windows import LEAST_DAYS, MOST_DAYS
from hedgetui.ports.tails import CashRow, HedgeRow, TailRow
from hedgetui.ui.screens.accounts_detail import MOST_ROWS, detail_lines
from hedgetui.ui.screens.accounts_export import TailLine, tail_lines
from hedgetui.ui.screens.accounts_rows import (
    TAIL_COLUMNS,
    UNLINKED,
    TreeRows,
    first_moment,
    found,
)
from hedgetui.ui.screens.accounts_text import empty_lines, note_line, strip_line
from hedgetui.ui.screens.micro_text import first_line
from hedgetui.ui.screens.table_pane import TablePane
from hedgetui.ui.widgets.text_line import StyledLines
from hedgetui.ui.widgets.tree_grid import TreeGrid

if TYPE_CHECKING:
    from textual.widget import Widget

    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ports.tails import TailsView
    from hedgetui.ui.screens.spans import Line
    from hedgetui.ui.screens.status_text import Look

_SHARE = 4
"""The story takes one row in so many, and as many whatever it tells: the tree stands still."""


class AccountsPane(TablePane):
    """The screen of the hedge accounts."""

    BORDER_TITLE: ClassVar[str] = "Accounts"

    def __init__(self, look: Look) -> None:
        tails = TreeGrid(TAIL_COLUMNS, icons=look.icons, id="tails")
        tails.hidden_columns = frozenset({UNLINKED})
        super().__init__(look, "accounts", tails)
        self.tails = tails
        self.days = MOST_DAYS
        self._detail_rows = 0
        self._tree = TreeRows()
        self._top = StyledLines(id="accounts-top")
        self._strip = StyledLines(id="accounts-strip")
        self._note = StyledLines(id="accounts-note")
        self._detail = StyledLines(id="accounts-detail")

    def compose(self) -> ComposeResult:
        """Build the rows from top to bottom."""
        yield self._top
        yield self._strip
        yield self._note
        yield self.tails
        yield self._detail

    def on_tree_grid_highlighted(self) -> None:
        """Tell the story of the row the cursor came to."""
        self._show_detail()

    def _matters(self, snapshot: DeskSnapshot) -> tuple[object, ...]:
        return math.floor(snapshot.status.now), snapshot.tails, self.days

    def look_back(self, days: int) -> int:
        """Show so many days, within what there is; return how many it came to."""
        most = MOST_DAYS if self._snapshot is None else self._snapshot.tails.days
        self.days = max(LEAST_DAYS, min(days, most))
        self._word()
        return self.days

    @property
    def panes(self) -> list[Widget]:
        """What Tab goes through here."""
        return [self.tails]

    @property
    def grid(self) -> TreeGrid:
        """The table the keys are about."""
        return self.tails

    @property
    def in_view(self) -> bool:
        """Tell whether the trader sees which row is chosen."""
        return self.tails.is_on_screen and self.tails.size.height > 1

    @property
    def view(self) -> TailsView | None:
        """The tails as they are shown."""
        return None if self._snapshot is None else self._snapshot.tails

    @property
    def tail_row(self) -> TailRow | None:
        """The key that the row under the cursor belongs to."""
        return None if self.view is None else found(self.view, self.tails.selected_key)[0]

    @property
    def row_view(self) -> TailRow | HedgeRow | CashRow | None:
        """The record behind the row under the cursor."""
        key = self.tails.selected_key
        return None if key is None else self.view_of(key)

    def view_of(self, key: str) -> TailRow | HedgeRow | CashRow | None:
        """Return the record behind a row."""
        if self.view is None:
            return None
        row, order = found(self.view, key)
        return order or row

    @property
    def row_text(self) -> str:
        """The row under the cursor as `title value` pairs."""
        key, model = self.tails.selected_key, self.tails.model
        if key is None:
            return ""
        pairs = zip(model.columns, model.nodes[key].cells, strict=True)
        return "  ".join(f"{column.title} {cell.text}" for column, cell in pairs if cell.text)

    @property
    def table_views(self) -> tuple[str, tuple[TailLine, ...]]:
        """The table's name and all its rows, folded ones too."""
        view = self.view
        return "tails", () if view is None else tail_lines(view, self._start)

    @property
    def _start(self) -> float | None:
        """When the look-back begins; None where it is the desk's own."""
        if self._snapshot is None:
            return None
        now, view = self._snapshot.status.now, self._snapshot.tails
        return first_moment(now, self.days, view.days, self.look.zone)

    def _word(self) -> None:
        """Word the page for the present snapshot and size."""
        snapshot, width = self._snapshot, self.size.width
        if snapshot is None or width == 0:
            return
        view, look = snapshot.tails, self.look
        if self._is_micro:
            self._put(self._top, [first_line(snapshot, look, width)])
        self._put(self._strip, [strip_line(view, min(self.days, view.days), width)])
        self._show_note(view, width)
        self.tails.set_rows(self._tree.rows(view, self._start, look.zone, look.icons))
        self._show_detail()

    def _show_note(self, view: TailsView, width: int) -> None:
        """Show why hedging stands still, filter and order."""
        model, icons = self.tails.model, self.look.icons
        chips = []
        if model.row_filter is not None:
            chips.append(
                f"find: {'!' if model.row_filter.inverse else ''}{model.row_filter.needle}"
            )
        if model.sort_column is not None:
            mark = icons.down if model.sort_reverse else icons.up
            chips.append(f"sort: {model.columns[model.sort_column].title} {mark}")
        line = note_line(view, chips, width)
        self.set_class(any(text.strip() for text, _ in line), "-note")
        self._put(self._note, [line])

    def _show_detail(self) -> None:
        """Show the chosen tail and order, or why there is none."""
        snapshot = self._snapshot
        if snapshot is None or self.size.width == 0:
            return
        view, width = snapshot.tails, self.size.width
        row, order = found(view, self.tails.selected_key)
        room = self.size.height - 1 - self.has_class("-note") - self._is_micro
        if row is not None:
            most = min(MOST_ROWS, max(0, room // _SHARE))
            lines = detail_lines(row, order, self.look, width, most, snapshot.status.now)
            lines += [()] * (most - len(lines))
        else:
            lines = [] if view.rows else empty_lines(view, width)
        self.set_class(not view.rows, "-no-tails")
        self._fit(len(lines))
        self._put(self._detail, lines)

    def _fit(self, rows: int) -> None:
        """Set the height of the details when it changes."""
        if rows != self._detail_rows:
            self._detail_rows = rows
            self._detail.styles.height = max(1, rows)
            self._detail.set_class(rows == 0, "-empty")

    def _put(self, widget: StyledLines, lines: list[Line]) -> None:
        plain = self.look.icons.plain
        widget.set_lines([[(plain(text), tone) for text, tone in line] for line in lines])
