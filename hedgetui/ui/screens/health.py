"""The health page as a widget: it scrolls, and it is painted at most once a second.

Ages on it grow by whole seconds and the counters beside them are read at the same moment, so that a
quiet desk costs a slow line a few cells a second. A change of state is shown at once.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from hedgetui.ui import format as fmt
from hedgetui.ui.screens.health_mt5 import mt5_rows
from hedgetui.ui.screens.health_rows import HealthRow, health_rows
from hedgetui.ui.screens.health_text import as_text, page, window
from hedgetui.ui.screens.micro_text import first_line
from hedgetui.ui.widgets.text_line import StyledLines

if TYPE_CHECKING:
    from textual.widget import Widget

    from hedgetui.ports.desk import DeskSnapshot, HealthView
    from hedgetui.ui.screens.spans import Line
    from hedgetui.ui.screens.status_text import Look


class HealthPane(StyledLines, can_focus=True):
    """Link, data, truth and desk: how each is, and what to do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lines(-1)", "Up", show=False, id="nav.up"),
        Binding("down,j", "scroll_lines(1)", "Down", show=False, id="nav.down"),
        Binding("pageup,ctrl+u", "scroll_pages(-1)", "Page up", show=False, id="nav.page_up"),
        Binding("pagedown,ctrl+d", "scroll_pages(1)", "Page down", show=False, id="nav.page_down"),
        Binding("home,g", "scroll_pages(-99)", "Top", show=False, id="nav.top"),
        Binding("end,G", "scroll_pages(99)", "Bottom", show=False, id="nav.bottom"),
    ]

    def __init__(self, look: Look) -> None:
        super().__init__(id="health")
        self.look = look
        self._snapshot: DeskSnapshot | None = None
        self._shown: tuple[object, ...] = ()
        self._page: list[Line] = []
        self._top = 0
        self._is_micro = False

    def show(self, snapshot: DeskSnapshot, *, micro: bool = False) -> None:
        """Show one state of the desk; with `micro` the book's delta stands above."""
        self._snapshot = snapshot
        self._is_micro = micro
        shown = (math.floor(snapshot.status.now), micro, _state(snapshot))
        if shown != self._shown:
            self._shown = shown
            self._word()

    def use_look(self, look: Look) -> None:
        """Change the alphabet."""
        self.look = look
        self._word()

    def on_resize(self) -> None:
        """Word the page for the new size."""
        self._word()

    @property
    def panes(self) -> list[Widget]:
        """What Tab goes through here."""
        return [self]

    @property
    def row_view(self) -> HealthView | None:
        """The record behind the page; its account is masked, since it ends in bug reports."""
        if self._snapshot is None:
            return None
        health = self._snapshot.health
        return replace(health, account=fmt.account(health.account))

    @property
    def row_text(self) -> str:
        """The page as text."""
        return as_text(self._rows())

    @property
    def table_views(self) -> tuple[str, tuple[HealthRow, ...]]:
        """The page as a table."""
        return "health", self._rows()

    def action_scroll_lines(self, lines: int) -> None:
        """Scroll by lines."""
        self._top += lines
        self._paint()

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by pages."""
        self.action_scroll_lines(pages * max(1, self.size.height - 2))

    def on_mouse_scroll_down(self) -> None:
        """Scroll down."""
        self.action_scroll_lines(1)

    def on_mouse_scroll_up(self) -> None:
        """Scroll up."""
        self.action_scroll_lines(-1)

    def _rows(self) -> tuple[HealthRow, ...]:
        if self._snapshot is None:
            return ()
        return (*health_rows(self._snapshot, self.look), *mt5_rows(self._snapshot))

    def _word(self) -> None:
        """Word the page for the present snapshot and size."""
        width, height = self.size
        if self._snapshot is None or width == 0 or height == 0:
            return
        self._page = page(self._rows(), self.look.icons, width, height - self._is_micro)
        self._paint()

    def _paint(self) -> None:
        """Show the part of the page that is in view."""
        width, height = self.size
        head: list[Line] = []
        if self._is_micro and self._snapshot is not None:
            head.append(first_line(self._snapshot, self.look, width))
        body, self._top = window(self._page, self._top, height - len(head), self.look.icons)
        plain = self.look.icons.plain
        self.set_lines([[(plain(text), tone) for text, tone in line] for line in (*head, *body)])


def _state(snapshot: DeskSnapshot) -> tuple[object, ...]:
    """Return what is shown at once when it changes; the rest waits for the next second."""
    health, status, defence = snapshot.health, snapshot.status, snapshot.defence
    return (
        health.link, health.link_reason, health.reasons, health.farms, health.hints,
        health.differences, health.unknown_orders, health.missing, health.workers_down,
        health.journal_failed, health.log_failed, health.data_type, health.synced_at,
        status.armed, status.mode,
        snapshot.book.net_delta is None, snapshot.book.order,
        defence.mt5.link, defence.mt5.reason, defence.mt5.hints, defence.unknown, defence.frozen,
        defence.rails, defence.monitoring,
    )  # fmt: skip
