"""The Stress pane: what moves of price and volatility cost, and how profits are spread.

A test runs for seconds in a process of its own while the desk moves four times a second, so the
pane compares what it is given with what it shows: progress paints one line, everything else is made
again only when other figures, another size or another wish of the trader come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message

from hedgetui.ui.screens.health_text import window
from hedgetui.ui.screens.micro_text import first_line
from hedgetui.ui.screens.stress_charts import heat_table, spread
from hedgetui.ui.screens.stress_export import StressLine, figures_text, stress_lines
from hedgetui.ui.screens.stress_layout import VIEWS, Plan, View, plan
from hedgetui.ui.screens.stress_page import page_lines
from hedgetui.ui.screens.stress_text import empty_lines, state_line, title_line
from hedgetui.ui.widgets.heat_grid import HeatGrid
from hedgetui.ui.widgets.histogram import Histogram
from hedgetui.ui.widgets.text_line import StyledLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.widget import Widget

    from hedgetui.ports.balance import StressView
    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ui.app import HedgeApp
    from hedgetui.ui.screens.spans import Line
    from hedgetui.ui.screens.status_text import Look

PAGE_ID = "stress-page"
GRID_ID = "stress-grid"


class StressPage(StyledLines, can_focus=True):
    """Figures, blame, scenarios and assumptions: lines that scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lines(-1)", "Up", show=False, id="nav.up"),
        Binding("down,j", "scroll_lines(1)", "Down", show=False, id="nav.down"),
        Binding("pageup,ctrl+u", "scroll_pages(-1)", "Page up", show=False, id="nav.page_up"),
        Binding("pagedown,ctrl+d", "scroll_pages(1)", "Page down", show=False, id="nav.page_down"),
        Binding("home,g", "scroll_pages(-99)", "Top", show=False, id="nav.top"),
        Binding("end,G", "scroll_pages(99)", "Bottom", show=False, id="nav.bottom"),
        Binding("enter", "choose", "Details", show=False, id="grid.open"),
    ]

    class Chosen(Message):
        """Enter: everything about the test."""

    def __init__(self, look: Look) -> None:
        super().__init__(id=PAGE_ID)
        self.look = look
        self._page: list[Line] = []
        self._top = 0

    def set_page(self, lines: Sequence[Line]) -> None:
        """Show these lines, as far up as before."""
        self._page = list(lines)
        self._draw()

    def action_scroll_lines(self, lines: int) -> None:
        """Scroll by lines."""
        self._top += lines
        self._draw()

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by pages."""
        self.action_scroll_lines(pages * max(1, self.size.height - 2))

    def action_choose(self) -> None:
        """Ask for the details."""
        self.post_message(self.Chosen())

    def on_mouse_scroll_down(self) -> None:
        """Scroll down."""
        self.action_scroll_lines(1)

    def on_mouse_scroll_up(self) -> None:
        """Scroll up."""
        self.action_scroll_lines(-1)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def on_focus(self) -> None:
        """Say which keys scroll now."""
        self._draw()

    def on_blur(self) -> None:
        """Say how to come here."""
        self._draw()

    def _draw(self) -> None:
        icons = self.look.icons
        body, self._top = window(self._page, self._top, self.size.height, icons)
        hidden = len(self._page) - len(body)
        if hidden and not self.has_focus and body:
            body[-1] = ((f" {icons.down} {hidden + 1} lines more: Tab, then j", "muted"),)
        self.set_lines([[(icons.plain(text), tone) for text, tone in line] for line in body])


class StressPane(Vertical):
    """The screen of the stress test."""

    BORDER_TITLE: ClassVar[str] = "Stress"

    def __init__(self, look: Look) -> None:
        super().__init__(id="stress")
        self.look = look
        self.day = 0
        """Number of the day plane."""
        self.view: View = VIEWS[0]
        self._snapshot: DeskSnapshot | None = None
        self._is_micro = False
        self._plan: Plan | None = None
        self._had_figures = False
        self._made: tuple[object, ...] = ()
        self._top = StyledLines(id="stress-top")
        self._head = StyledLines(id="stress-head")
        self.grid = HeatGrid(icons=look.icons, id=GRID_ID)
        self.chart = Histogram(icons=look.icons, id="stress-chart")
        self._upper = Horizontal(self.grid, self.chart, id="stress-upper")
        self.page = StressPage(look)

    @property
    def owner(self) -> HedgeApp:
        """The app, as what it is."""
        app: HedgeApp = self.app  # type: ignore[assignment]
        return app

    def compose(self) -> ComposeResult:
        """Build the rows from top to bottom."""
        yield self._top
        yield self._head
        yield self._upper
        yield self.page

    def on_resize(self) -> None:
        """Word everything for the new size."""
        self.word()

    def on_heat_grid_chosen(self) -> None:
        """Show the chosen cell on every day, and all figures."""
        self.owner.stress.card(self.grid.cursor)

    def on_stress_page_chosen(self) -> None:
        """Show all figures."""
        self.owner.stress.card(None)

    def use_look(self, look: Look) -> None:
        """Change the alphabet."""
        self.look = self.page.look = look
        self.grid.icons = self.chart.icons = look.icons
        self._made = ()
        self.word()

    def show(self, snapshot: DeskSnapshot, *, micro: bool = False) -> None:
        """Show one state of the desk; with `micro` the book's delta stands above."""
        self._snapshot, self._is_micro = snapshot, micro
        self.word()
        self.owner.stress.begin(snapshot)

    def show_captions(self) -> None:
        """Nothing here is filtered or sorted."""

    def next_view(self) -> View:
        """Show the next of grid, distribution and scenarios; return which it is."""
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.word()
        self._keep_focus(first=True)
        return self.view

    def to_day(self, day: int) -> int:
        """Show a day plane, of those there are; return which it came to."""
        days = 0 if self.result is None else len(self.result.days)
        self.day = max(0, min(day, days - 1))
        self.word()
        return self.day

    @property
    def panes(self) -> list[Widget]:
        """What Tab goes through here."""
        shown = self._plan
        if shown is None:  # nobody knows the size yet
            return [self.grid]
        parts: tuple[tuple[int, Widget], ...] = (
            (shown.grid, self.grid), (shown.page, self.page),
        )  # fmt: skip
        return [part for cells, part in parts if cells]

    @property
    def result(self) -> StressView | None:
        """The stress test as it is shown."""
        return None if self._snapshot is None else self._snapshot.stress

    @property
    def row_view(self) -> StressView | None:
        """All of a finished test."""
        result = self.result
        return None if result is None or result.figures is None else result

    @property
    def row_text(self) -> str:
        """The figures in one line."""
        return "" if self.result is None else figures_text(self.result)

    @property
    def table_views(self) -> tuple[str, tuple[StressLine, ...]]:
        """Every figure as a record."""
        return "stress", () if self.result is None else stress_lines(self.result)

    def word(self) -> None:
        """Word the page for the present snapshot and size; what stands stays."""
        snapshot, width = self._snapshot, self.size.width
        if snapshot is None or width == 0:
            return
        view, look = snapshot.stress, self.look
        self.day = max(0, min(self.day, len(view.days) - 1))
        if self._is_micro:
            self._put(self._top, [first_line(snapshot, look, width)])
        page = self._page_lines(snapshot)
        self._arrange(page)
        title = title_line(view, self.day, width)
        state = state_line(view, self.owner.stress.wish, look, width)
        one_row = self._plan is not None and self._plan.head == 1
        calm = view.state in {"done", "idle"} and not view.stale
        self._put(self._head, [title if calm else state] if one_row else [title, state])
        if page is not None:
            self.page.set_page(page)
            self._draw_charts(view)

    def _page_lines(self, snapshot: DeskSnapshot) -> list[Line] | None:
        """Return the page, or None when it and the charts stand as they should."""
        view, (width, height) = snapshot.stress, self.size
        has_figures = view.figures is not None
        made: tuple[object, ...] = (
            width, height, self._is_micro, self.day, self.view, self._alone, view.state,
            view.stale, view.figures, view.grid, view.left_out, view.notes, view.problem,
            None if has_figures else (snapshot.balance, self.owner.stress.refusal),
        )  # fmt: skip
        if self._plan is not None and made == self._made:
            return None
        self._made = made
        if not has_figures:
            return empty_lines(view, snapshot.balance, width, self.owner.stress.refusal)
        return page_lines(view, width, self.look.icons, paths_first=self.view == "scenarios")

    @property
    def _alone(self) -> str:
        """Which part is zoomed."""
        if self.screen.has_class(f"-zoom-{GRID_ID}"):
            return "grid"
        return "page" if self.screen.has_class(f"-zoom-{PAGE_ID}") else ""

    def _arrange(self, page: list[Line] | None) -> None:
        """Give every part its place, when that changes."""
        view = self.result
        if page is None or view is None:
            return
        width, height = self.size
        made = plan(
            width, height - self._is_micro, self.view, page_rows=len(page),
            has_figures=view.figures is not None, alone=self._alone,
        )  # fmt: skip
        if made == self._plan:
            return
        figures_came = not self._had_figures and made.upper > 0
        self._plan, self._had_figures = made, view.figures is not None
        self._head.styles.height = made.head
        self._upper.display = made.upper > 0
        self._upper.styles.height = made.upper
        self.grid.display, self.chart.display = made.grid > 0, made.chart > 0
        self.grid.styles.width = made.grid
        self.page.display = made.page > 0
        self._keep_focus(first=figures_came)

    def _keep_focus(self, *, first: bool) -> None:
        """Leave no keys with a part that is gone; with `first` the first part gets them."""
        focused = self.screen.focused
        if focused in {self.grid, self.page} and (first or focused not in self.panes):
            self.panes[0].focus()

    def _draw_charts(self, view: StressView) -> None:
        """Draw grid and histogram where they have a place."""
        made = self._plan
        if made is None:
            return
        if made.grid:
            self.grid.set_table(heat_table(view, self.day, made.grid))
        if made.chart:
            self.chart.set_spread(spread(view, made.chart))

    def _put(self, widget: StyledLines, lines: list[Line]) -> None:
        plain = self.look.icons.plain
        widget.set_lines([[(plain(text), tone) for text, tone in line] for line in lines])
