"""The Balance pane: how the book leans, what would change that, and what it holds where.

The screen reads one view of the desk and nothing else. Rows of underlyings are made again only when
the desk has read anew, and only lines in view are painted, so that a book of thousands of lines
costs what a small one costs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Container

from hedgetui.ui.screens.balance_detail import detail_lines, wanted_rows
from hedgetui.ui.screens.balance_export import (
    TradeRow,
    UnderlyingRow,
    trade_rows,
    underlying_records,
)
from hedgetui.ui.screens.balance_rows import ADVICE_COLUMNS, Entry, Record, entries, entry_row
from hedgetui.ui.screens.balance_text import (
    bars_line,
    counts_line,
    dollars_line,
    empty_lines,
    note_lines,
)
from hedgetui.ui.screens.balance_under import UNDERLYING_COLUMNS, underlying_rows
from hedgetui.ui.screens.micro_text import first_line
from hedgetui.ui.screens.table_pane import TablePane
from hedgetui.ui.widgets.text_line import StyledLines
from hedgetui.ui.widgets.tree_grid import TreeGrid

if TYPE_CHECKING:
    from textual.widget import Widget

    from hedgetui.ports.balance import BalanceView, UnderlyingView
    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ui.screens.spans import Line
    from hedgetui.ui.screens.status_text import Look

_WIDE = 100
"""From this width on the underlyings stand beside the story of the chosen row."""
_UNDER_CELLS = 59
_LOW = 11
"""Below this height of the pane only the lean and the dollars stand above the tables."""
_LEAST_UNDER = 3
_NOTES = 2
"""Lines that doubts may take above the tables."""


class BalancePane(TablePane):
    """The screen of the portfolio."""

    BORDER_TITLE: ClassVar[str] = "Balance"

    def __init__(self, look: Look) -> None:
        advice = TreeGrid(ADVICE_COLUMNS, icons=look.icons, id="advice")
        underlyings = TreeGrid(UNDERLYING_COLUMNS, icons=look.icons, id="underlyings")
        super().__init__(look, "balance", advice, underlyings)
        self.advice, self.underlyings = advice, underlyings
        self._entries: dict[str, Entry] = {}
        self._under: tuple[object, ...] = ()
        self._heights: tuple[int, int, int, bool] = (0, 0, 0, False)
        self._head = StyledLines(id="balance-head")
        self._detail = StyledLines(id="balance-detail")
        self._foot = Container(id="balance-foot")

    def compose(self) -> ComposeResult:
        """Build the rows from top to bottom."""
        yield self._head
        yield self.advice
        with self._foot:
            yield self.underlyings
            yield self._detail

    def on_tree_grid_highlighted(self, message: TreeGrid.Highlighted) -> None:
        """Tell the story of the row the cursor came to."""
        if message.grid is self.advice:
            self._show_detail()

    def _matters(self, snapshot: DeskSnapshot) -> tuple[object, ...]:
        """Return what the words follow from; time passes on the hedge book's line alone."""
        second = math.floor(snapshot.status.now) if self._is_micro else 0
        return second, snapshot.balance

    @property
    def panes(self) -> list[Widget]:
        """What Tab goes through here."""
        return [self.advice, self.underlyings]

    @property
    def grid(self) -> TreeGrid:
        """The table the keys are about."""
        return self.underlyings if self.underlyings.has_focus else self.advice

    @property
    def view(self) -> BalanceView | None:
        """The portfolio as it is shown."""
        return None if self._snapshot is None else self._snapshot.balance

    @property
    def chosen(self) -> Entry | None:
        """The row under the cursor of the upper table, where the trader sees which one it is."""
        key, grid = self.advice.selected_key, self.advice
        if key is None or not grid.is_on_screen or grid.size.height < 2:
            return None
        return self._entries.get(key)

    def entry_of(self, key: str) -> Entry | None:
        """Return what stands behind a row of the upper table."""
        return self._entries.get(key)

    def underlying_of(self, key: str) -> UnderlyingView | None:
        """Return the record behind a row of the lower table."""
        view = self.view
        rows = () if view is None else view.underlyings
        return next((row for row in rows if row.symbol == key), None)

    @property
    def row_view(self) -> Record | UnderlyingView | None:
        """The record behind the row under the cursor."""
        key = self.grid.selected_key
        if key is None:
            return None
        if self.grid is self.underlyings:
            return self.underlying_of(key)
        entry = self._entries.get(key)
        return None if entry is None else entry.record

    @property
    def row_text(self) -> str:
        """The row under the cursor as `title value` pairs."""
        key, model = self.grid.selected_key, self.grid.model
        if key is None:
            return ""
        pairs = zip(model.columns, model.nodes[key].cells, strict=True)
        return "  ".join(
            f"{column.title} {cell.text.strip()}"
            for column, cell in pairs
            if cell.text and column.key != "bar"
        )

    @property
    def table_views(self) -> tuple[str, tuple[TradeRow, ...] | tuple[UnderlyingRow, ...]]:
        """The focused table's name and its records."""
        view = self.view
        if self.grid is self.underlyings:
            return "underlyings", () if view is None else underlying_records(view)
        return "balance", () if view is None else trade_rows(view)

    def _word(self) -> None:
        """Word the page for the present snapshot and size."""
        snapshot, width = self._snapshot, self.size.width
        if snapshot is None or width == 0:
            return
        view, look = snapshot.balance, self.look
        low = self.size.height < _LOW
        head = [first_line(snapshot, look, width)] if self._is_micro else []
        head.append(counts_line(view, width))
        bars = () if low else bars_line(view, width)
        head += [line for line in (bars, dollars_line(view, width)) if line]
        head += note_lines(view, self._chips(), look.zone, width, 1 if low else _NOTES)
        self._put(self._head, head)
        self._entries = {one.key: one for one in entries(view)}
        self.advice.set_rows([entry_row(one, look.icons) for one in self._entries.values()])
        self._show_underlyings(view)
        self._share(view, len(head))
        self._show_detail()

    def _show_underlyings(self, view: BalanceView) -> None:
        """Make the lower table's rows again where the desk has read anew."""
        about = (view.underlyings, view.book.unparsed, self.look.icons)
        if len(about) != len(self._under) or any(
            one is not two for one, two in zip(about, self._under, strict=True)
        ):
            self._under = about
            self.underlyings.set_rows(underlying_rows(view, self.look.icons))

    def _chips(self) -> list[str]:
        chips = []
        for grid in (self.advice, self.underlyings):
            model, icons = grid.model, self.look.icons
            if model.row_filter is not None:
                sign = "!" if model.row_filter.inverse else ""
                chips.append(f"find: {sign}{model.row_filter.needle}")
            if model.sort_column is not None:
                mark = icons.down if model.sort_reverse else icons.up
                chips.append(f"sort: {model.columns[model.sort_column].title.strip()} {mark}")
        return chips

    def _share(self, view: BalanceView, head: int) -> None:
        """Share the height: what the cursor stands on decides nothing, so that no row jumps."""
        free = max(0, self.size.height - head)
        lines = len(self.underlyings.model.nodes)
        under = 1 + lines if lines else 0
        story = wanted_rows(view) if self._entries or lines else free
        wide, wanted = self.size.width >= _WIDE and under > 0, 1 + max(1, len(self._entries))
        if wide:
            under = story = min(max(under, story), max(free // 2, free - wanted))
        else:
            story = min(story, max(2, free // 4) if self._entries or lines else free - 2)
            under = min(under, max(_LEAST_UNDER, free - story - wanted))
            under = under if under + story + 3 <= free else 0
        self._fit(head, under, story, wide=wide)

    def _fit(self, head: int, under: int, story: int, *, wide: bool) -> None:
        """Set the heights when they change."""
        if self._heights == (head, under, story, wide):
            return
        self._heights = head, under, story, wide
        self._head.styles.height = head
        self._foot.styles.layout = "horizontal" if wide else "vertical"
        self._foot.styles.height = max(1, story if wide else under + story)
        self.underlyings.styles.width = _UNDER_CELLS if wide else "100%"
        self.underlyings.styles.height = max(1, under)
        self._detail.styles.height = max(1, story)
        self.set_class(under == 0, "-no-under")
        self.set_class(story == 0, "-no-story")

    def _show_detail(self) -> None:
        """Show the chosen row, basket and tickets, or why there is nothing."""
        view, zone = self.view, self.look.zone
        if view is None or self.size.width == 0:
            return
        _, _, height, wide = self._heights
        width = self.size.width - (_UNDER_CELLS if wide else 0)
        key = self.advice.selected_key
        lines = detail_lines(view, self._entries.get(key or ""), zone, width, height)
        if not lines:
            lines = empty_lines(view, zone, width)[: max(1, height)]
        self._put(self._detail, lines)

    def _put(self, widget: StyledLines, lines: list[Line]) -> None:
        plain = self.look.icons.plain
        widget.set_lines([[(plain(text), tone) for text, tone in line] for line in lines])
