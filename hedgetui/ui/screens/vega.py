"""The Vega pane: gauge, positions, scanner and charts, fed one snapshot at a time.

Every part compares what it is given with what it shows, so a quiet market paints nothing. Until all
pre-flight checks hold they stand where the positions would be, or in one line above them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from hedgetui.domain.text import safe
from hedgetui.ui import format as fmt
from hedgetui.ui.screens.charts import day_chart, payoff_chart
from hedgetui.ui.screens.spans import Line
from hedgetui.ui.screens.status_text import Look, market_line, want_line
from hedgetui.ui.screens.vega_rows import (
    ALIVE,
    CANDIDATE_COLUMNS,
    ORDER_COLUMNS,
    STRANGLE_COLUMNS,
    candidate_row,
    order_row,
    strangle_row,
)
from hedgetui.ui.widgets.delta_gauge import DeltaGauge
from hedgetui.ui.widgets.line_chart import LineChart
from hedgetui.ui.widgets.text_line import StyledLines
from hedgetui.ui.widgets.tree_grid import TreeGrid

if TYPE_CHECKING:
    from textual.widget import Widget

    from hedgetui.ports.desk import CandidateView, DeskSnapshot, OrderView, StrangleView

    Table = tuple[StrangleView, ...] | tuple[CandidateView, ...] | tuple[OrderView, ...]

CHART_MODES: tuple[str, ...] = ("both", "payoff", "day", "none")


class VegaPane(Horizontal):
    """The screen of the MES-hedged strangles."""

    BORDER_TITLE: ClassVar[str] = "Vega"

    def __init__(self, look: Look) -> None:
        super().__init__(id="vega")
        self.look = look
        self._snapshot: DeskSnapshot | None = None
        self._chart_mode = 0
        self._plan_rows = 0
        self._check_rows = 0
        self.positions = TreeGrid(
            STRANGLE_COLUMNS, empty="no positions: c scans, E enters", icons=look.icons,
            id="positions",
        )  # fmt: skip
        self.scanner = TreeGrid(
            CANDIDATE_COLUMNS, empty="nothing scanned yet: c scans the chain", icons=look.icons,
            id="scanner",
        )  # fmt: skip
        self.orders = TreeGrid(ORDER_COLUMNS, icons=look.icons, id="orders")
        self.payoff = LineChart("Payoff", icons=look.icons, id="payoff")
        self.day = LineChart("Day P&L", icons=look.icons, id="day")
        self._tables = Vertical(id="tables")
        self._gauge = DeltaGauge(icons=look.icons, id="gauge")
        self._want = StyledLines(id="want")
        self._plan = StyledLines(id="plan")
        self._compact = StyledLines(id="compact-checks")
        self._checks = StyledLines(id="checks")
        self._positions_caption = StyledLines(id="positions-caption", classes="caption")
        self._orders_caption = StyledLines(id="orders-caption", classes="caption")
        self._scanner_caption = StyledLines(id="scanner-caption", classes="caption")

    def compose(self) -> ComposeResult:
        """Build the left column and the charts."""
        with self._tables:
            yield self._gauge
            yield self._want
            yield self._plan
            yield self._compact
            yield self._positions_caption
            yield self._checks
            yield self.positions
            yield self._scanner_caption
            yield self.scanner
            yield self._orders_caption
            yield self.orders
        with Vertical(id="charts"):
            yield self.payoff
            yield self.day

    def on_mount(self) -> None:
        """Show both charts where there is room."""
        self.add_class("-chart-both")

    def on_resize(self) -> None:
        """Word the lines for the new width."""
        if self._snapshot is not None:
            self.show(self._snapshot)

    def use_look(self, look: Look) -> None:
        """Change the alphabet of everything here."""
        self.look = look
        for widget in (
            self.positions,
            self.scanner,
            self.orders,
            self.payoff,
            self.day,
            self._gauge,
        ):
            widget.icons = look.icons
        if self._snapshot is not None:
            self.show(self._snapshot)

    def show(self, snapshot: DeskSnapshot) -> None:
        """Show one state of the desk."""
        before, self._snapshot = self._snapshot, snapshot
        book, icons = snapshot.book, self.look.icons
        width = self._tables.size.width or self.app.size.width
        self._gauge.set_delta(book.net_delta, book.band)
        self._put(self._want, want_line(book, snapshot.status, self.look, width))
        self._show_plan(snapshot, width)
        self._show_checks(snapshot, width)
        self.positions.set_rows([strangle_row(row, icons) for row in snapshot.strangles])
        if before is None or before.candidates != snapshot.candidates:
            self.scanner.set_rows([candidate_row(row) for row in snapshot.candidates])
        if before is None or before.orders != snapshot.orders:
            self.orders.set_rows([order_row(row, self.look.zone) for row in snapshot.orders])
        self.set_class(bool(snapshot.orders), "-orders")
        self.set_class(not snapshot.strangles, "-flat-book")
        self.show_captions()
        if before is None or before.payoff != snapshot.payoff or before.book != book:
            self.payoff.set_data(*payoff_chart(snapshot.payoff, book))
        if before is None or before.samples != snapshot.samples:
            series, reach = day_chart(snapshot.samples)
            self.day.set_data(series, reach=reach)

    def _put(self, widget: StyledLines, *lines: Line) -> None:
        plain = self.look.icons.plain
        widget.set_lines([[(plain(text), tone) for text, tone in line] for line in lines])

    def _show_plan(self, snapshot: DeskSnapshot, width: int) -> None:
        """Show where the next hedges fire and what one point does, when the desk knows."""
        book = snapshot.book
        lines: list[Line] = [market_line(book, width)]
        if book.ladder:
            lines.append(((" next  ", "muted"), (safe(book.ladder), "")))
        if book.proof:
            lines.append(((" proof ", "muted"), (safe(book.proof), "")))
        if self._plan_rows != len(lines):
            self._plan_rows = len(lines)
            self._plan.styles.height = len(lines)
        self._put(self._plan, *lines)

    def _show_checks(self, snapshot: DeskSnapshot, width: int) -> None:
        """Show pre-flight checks until all hold: a list, or one line beside positions."""
        failing = [check for check in snapshot.preflight if not check.ok]
        as_list = bool(failing) and not snapshot.strangles
        self.set_class(as_list, "-checks")
        self.set_class(bool(failing) and not as_list, "-compact-checks")
        rows: list[Line] = []
        for check in snapshot.preflight:
            mark = self.look.check(ok=check.ok)
            detail = f"  {safe(check.detail)}" if check.detail else ""
            tone = "pos" if check.ok else "warn"
            name = safe(check.name, 34)
            rows.append(((f" {mark} ", tone), (f"{name:<25}", ""), (detail, "muted")))
        if self._check_rows != len(rows):
            self._check_rows = len(rows)
            self._checks.styles.height = max(1, len(rows))
        self._put(self._checks, *rows)
        if failing:
            text = "; ".join(
                safe(f"{check.name}: {check.detail}".removesuffix(": "), 60) for check in failing
            )
            line: Line = ((f" {self.look.check(ok=False)} pre-flight: {text}"[:width], "warn"),)
            self._put(self._compact, line)

    def show_captions(self) -> None:
        """Show what each table holds and how it is sorted and filtered."""
        snapshot = self._snapshot
        if snapshot is None:
            return
        count = len(snapshot.strangles)
        left = f" Positions ({count})"
        if self.has_class("-checks"):
            left = " Before the first trade"
        self._caption(self._positions_caption, left, self.positions)
        at = fmt.clock(snapshot.scanned_at, self.look.zone)
        when = f"{len(snapshot.candidates)} at {at}" if snapshot.scanned_at else "not yet"
        self._caption(self._scanner_caption, f" Scan: low-IV strangles ({when})", self.scanner)

        alive = sum(row.state in ALIVE for row in snapshot.orders)
        self._caption(self._orders_caption, f" Orders ({alive} alive)", self.orders)

    def _caption(self, widget: StyledLines, left: str, grid: TreeGrid) -> None:
        chips = []
        if grid.model.row_filter is not None:
            chips.append(f"find: {'!' if grid.model.row_filter.inverse else ''}"
                         f"{grid.model.row_filter.needle}")  # fmt: skip
        column = grid.model.sort_column
        if column is not None:
            icons = self.look.icons
            mark = icons.down if grid.model.sort_reverse else icons.up
            chips.append(f"sort: {grid.model.columns[column].title} {mark}")
        right = "  ".join(chips)
        gap = " " * max(2, widget.size.width - len(left) - len(right) - 1)
        self._put(widget, ((left, "strong"), (gap, ""), (right, "muted")))

    def next_chart(self) -> None:
        """Show the next choice of charts."""
        self._chart_mode = (self._chart_mode + 1) % len(CHART_MODES)
        for number, mode in enumerate(CHART_MODES):
            self.set_class(number == self._chart_mode, f"-chart-{mode}")

    @property
    def panes(self) -> list[Widget]:
        """What Tab goes through here."""
        orders = [self.orders] if self.has_class("-orders") else []
        return [self.positions, self.scanner, *orders, self.payoff, self.day]

    @property
    def grid(self) -> TreeGrid:
        """The table the keys are about: the focused one, else the positions."""
        tables = (self.scanner, self.orders)
        return next((grid for grid in tables if grid.has_focus), self.positions)

    @property
    def chosen_strangle(self) -> str | None:
        """The trade under the cursor, when the positions are in view."""
        return self.positions.selected_key if _in_view(self.positions) else None

    @property
    def chosen_candidate(self) -> int | None:
        """The candidate under the cursor, when the scanner is in view."""
        key = self.scanner.selected_key if _in_view(self.scanner) else None
        return None if key is None else int(key)

    @property
    def chosen_order(self) -> int | None:
        """The order under the cursor, while the orders have the focus."""
        key = self.orders.selected_key if self.orders.has_focus else None
        return None if key is None else int(key)

    @property
    def row_view(self) -> StrangleView | CandidateView | OrderView | None:
        """The record behind the row under the cursor."""
        key = self.grid.selected_key
        return None if key is None else self.view_of(self.grid, key)

    def view_of(self, grid: TreeGrid, key: str) -> StrangleView | CandidateView | OrderView | None:
        """Return the record behind a row of one of the tables."""
        snapshot = self._snapshot
        if snapshot is None:
            return None
        if grid is self.scanner:
            return next((row for row in snapshot.candidates if str(row.number) == key), None)
        if grid is self.orders:
            return next((row for row in snapshot.orders if str(row.number) == key), None)
        return next((row for row in snapshot.strangles if row.trade_id == key), None)

    @property
    def row_text(self) -> str:
        """The row under the cursor as `title value` pairs."""
        key, model = self.grid.selected_key, self.grid.model
        if key is None:
            return ""
        cells = model.nodes[key].cells
        pairs = zip(model.columns, cells, strict=True)
        return "  ".join(f"{column.title} {cell.text}" for column, cell in pairs if cell.text)

    @property
    def table_views(self) -> tuple[str, Table]:
        """The focused table's name and its records."""
        snapshot = self._snapshot
        if snapshot is None:
            return "positions", ()
        if self.grid is self.scanner:
            return "candidates", snapshot.candidates
        if self.grid is self.orders:
            return "orders", snapshot.orders
        return "positions", snapshot.strangles


def _in_view(widget: Widget) -> bool:
    """Tell whether a widget has a place on the screen."""
    return widget.is_on_screen and widget.size.height > 1
