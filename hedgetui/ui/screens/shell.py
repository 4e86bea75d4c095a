"""What stands around every pane: status, tabs, alarms, log and keys, at any size.

The shell owns the arrangement and nothing else: which pane is shown, which one is zoomed, how tall
the log is. Below 60 columns or 15 rows it gives way to the micro view; the banner and the key row
stay at every size, since an alarm nobody can see is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.screen import Screen

from hedgetui.ui.screens.accounts import AccountsPane
from hedgetui.ui.screens.balance import BalancePane
from hedgetui.ui.screens.dtms import DtmsPane
from hedgetui.ui.screens.footer_text import footer_line
from hedgetui.ui.screens.health import HealthPane
from hedgetui.ui.screens.log import TALL_ROWS, LogDock
from hedgetui.ui.screens.micro import MicroView
from hedgetui.ui.screens.spans import Line
from hedgetui.ui.screens.status_text import Look, alarms, banner_line, cautions, status_line
from hedgetui.ui.screens.stress import StressPane
from hedgetui.ui.screens.tabs import TABS, tab_line
from hedgetui.ui.screens.vega import VegaPane
from hedgetui.ui.widgets.text_line import StyledLines
from hedgetui.ui.widgets.tree_grid import TreeGrid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual import events
    from textual.widget import AwaitMount, Widget

    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ports.journal import LogRecord
    from hedgetui.ui.app import HedgeApp
    from hedgetui.ui.notices import Notices


_Pane = VegaPane | DtmsPane | BalancePane | AccountsPane | StressPane | HealthPane


class Shell(Screen[None], inherit_bindings=False):
    """The one screen; panes change inside it."""

    AUTO_FOCUS = "#positions"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-thin"),
        (60, "-narrow"),
        (100, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-flat"),
        (15, "-short"),
        (TALL_ROWS, "-tall"),
    ]

    def __init__(
        self,
        look: Look,
        *,
        log_rows: int,
        show_clock: bool,
        keymap: Mapping[str, str],
        notices: Notices,
    ) -> None:
        super().__init__(id="shell")
        self.look = look
        self.screen_name = "vega"
        self.vega = VegaPane(look)
        self.dtms = DtmsPane(look)
        self.balance = BalancePane(look)
        self.accounts = AccountsPane(look)
        self.stress = StressPane(look)
        self.health = HealthPane(look)
        self.log_dock = LogDock(look, log_rows)
        self.log_pane = self.log_dock.pane
        self.micro = MicroView(id="micro")
        self._status = StyledLines(id="status")
        self._tabs = StyledLines(id="tabs")
        self._banner = StyledLines(id="banner")
        self._footer = StyledLines(id="footer")
        self._show_clock = show_clock
        self._keymap = keymap
        self._zoomed: Widget | None = None
        self._zoomed_by_tab = False
        self._snapshot: DeskSnapshot | None = None
        self._notices = notices

    @property
    def owner(self) -> HedgeApp:
        """The app, as what it is."""
        app: HedgeApp = self.app  # type: ignore[assignment]
        return app

    def compose(self) -> ComposeResult:
        """Build the rows from top to bottom; other panes come when they are looked at first."""
        yield self._status
        yield self._tabs
        yield self._banner
        yield self.vega
        yield self.micro
        yield self.log_dock
        yield self._footer

    def on_mount(self) -> None:
        """Show the desk's state in the very first paint."""
        self._put_tabs()
        self.fit_rows()
        self.owner.first_look()

    def on_resize(self) -> None:
        """Word the rows for the new size."""
        self.fit_rows()
        if self._snapshot is not None:
            self.show(self._snapshot, ())

    def on_key(self, event: events.Key) -> None:
        """Remember the key, for the kill ladder; bindings see it afterwards."""
        self.owner.key_seen(event.key)

    def show(self, snapshot: DeskSnapshot, log: Sequence[LogRecord]) -> None:
        """Show one state of the desk and the log lines since the last one."""
        self._snapshot = snapshot
        if log:
            self.log_pane.add(log)
        self.show_alarms(snapshot)
        pane = self.pane
        if not isinstance(pane, VegaPane):
            pane.show(snapshot, micro=self.is_micro)
        if self.is_micro:
            self.micro.show(snapshot, self.log_pane.newest(2), self.look)
            return
        self._put_tabs()
        line = status_line(snapshot, self.look, self.app.size.width, clock=self._show_clock)
        self._put(self._status, line)
        if pane is self.vega:
            self.vega.show(snapshot)

    def show_alarms(self, snapshot: DeskSnapshot | None) -> None:
        """Show what must never be out of sight: the screen's own notices and the desk's alarms."""
        red, yellow = self._notices.alarms, self._notices.calm
        if snapshot is not None:
            red += alarms(snapshot)
            yellow = (*cautions(snapshot), *yellow, *snapshot.reminders)
        line = banner_line((*red, *yellow), self.app.size.width)
        self._banner.set_class(not line, "-empty")
        self._banner.set_class(bool(red), "-red")
        self._put(self._banner, line)

    @property
    def pane(self) -> _Pane:
        """The pane of the screen that is shown; it is named as its screen."""
        pane: _Pane = getattr(self, self.screen_name)
        return pane

    @property
    def is_micro(self) -> bool:
        """Tell whether only the micro view has room."""
        return self.app.size.width < 60 or self.app.size.height < 15

    def fit_rows(self) -> None:
        """Fit the log and the key row to the present size."""
        keys = footer_line(self._keymap, self.app.size.width, self.screen_name)
        self._put(self._footer, keys)
        self.log_dock.fit_rows()
        self.set_class(self.log_dock.is_full, "-log-full")

    def next_log_size(self) -> None:
        """Cycle the size of the log."""
        self.log_dock.next_size()
        self.fit_rows()

    def use_look(self, look: Look) -> None:
        """Change the alphabet of everything."""
        self.look = look
        self.log_dock.use_look(look)
        self.vega.use_look(look)
        self.dtms.use_look(look)
        self.balance.use_look(look)
        self.accounts.use_look(look)
        self.stress.use_look(look)
        self.health.use_look(look)
        self._put_tabs()
        self.fit_rows()
        if self._snapshot is not None:
            self.show(self._snapshot, ())

    def show_screen(self, name: str) -> None:
        """Show one of `tabs.TABS` and give its main part the keys."""
        if name != self.screen_name:
            self._zoom(None)
            self.screen_name = name
            for _, _, one in TABS:
                self.set_class(one == name, f"-at-{one}")
            self.fit_rows()
            if not self.pane.is_attached:
                self.call_later(self._settle, self.mount(self.pane, before=self.micro))
                return
            if self._snapshot is not None:
                self.show(self._snapshot, ())
        self.pane.panes[0].focus()

    async def _settle(self, mounted: AwaitMount) -> None:
        """Fill a pane that has just come and give it the keys."""
        await mounted
        if self._snapshot is not None:
            self.show(self._snapshot, ())
        self.pane.panes[0].focus()

    def focus_next_pane(self, step: int) -> None:
        """Focus the next pane; one that has no room is zoomed while it has the focus."""
        panes: list[Widget] = [*self.pane.panes, self.log_pane]
        if self.is_micro:  # the micro view and the health page have no tables
            panes = [] if self.pane in {self.vega, self.health} else self.pane.panes
        if not panes:
            return
        at = panes.index(self.focused) if self.focused in panes else -step
        target = panes[(at + step) % len(panes)]
        if self._zoomed is not None and self._zoomed_by_tab:
            self._zoom(None)
        if not target.is_on_screen or target.size.height < 2:
            self._zoom(target)
            self._zoomed_by_tab = True
        target.focus()

    def zoom(self) -> None:
        """Give the focused pane the whole screen, or take it back."""
        self._zoom(None if self._zoomed is not None else self.focused or self.pane.panes[0])

    def _zoom(self, widget: Widget | None) -> None:
        self._zoomed, self._zoomed_by_tab = widget, False
        for name in [one for one in self.classes if one.startswith("-zoom-")]:
            self.remove_class(name)
        if widget is not None:
            self.add_class(f"-zoom-{widget.id}")
        if widget is None and self._snapshot is not None:
            self.call_after_refresh(self.show, self._snapshot, ())

    def step_back(self) -> bool:
        """Undo the nearest view state; tell whether there was one."""
        if self._zoomed is not None:
            self._zoom(None)
            self.pane.panes[0].focus()
            return True
        return False

    def on_tree_grid_selected(self, message: TreeGrid.Selected) -> None:
        """Show the details of a row."""
        self.owner.tables.details(message.grid, message.key)

    def on_tree_grid_find_requested(self, message: TreeGrid.FindRequested) -> None:
        """Ask for a filter."""
        self.owner.tables.find(message.grid)

    def on_tree_grid_columns_requested(self, message: TreeGrid.ColumnsRequested) -> None:
        """Ask for columns."""
        self.owner.tables.columns(message.grid)

    def on_log_pane_find_requested(self) -> None:
        """Ask for a filter of the log."""
        self.owner.tables.find(self.log_pane)

    def _put_tabs(self) -> None:
        mode = "" if self._snapshot is None else self._snapshot.status.mode
        self._put(self._tabs, tab_line(self.screen_name, mode, self.look, self.app.size.width))

    def _put(self, widget: StyledLines, line: Line) -> None:
        plain = self.look.icons.plain
        widget.set_lines([[(plain(text), tone) for text, tone in line]] if line else [])
