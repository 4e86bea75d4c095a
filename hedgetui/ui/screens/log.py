"""The desk's log at the foot of the screen: how tall it is, and the record behind its top line.

On a tall terminal it has a caption and its usual rows, on a short one two rows; the trader may hide
it or let it fill the screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from hedgetui.ports.journal import LogRecord
from hedgetui.ui import format as fmt
from hedgetui.ui.widgets.log_model import MAX_LINES, LogEntry
from hedgetui.ui.widgets.log_pane import LogPane
from hedgetui.ui.widgets.text_line import StyledLines

if TYPE_CHECKING:
    from hedgetui.ui.glyphs import IconSet
    from hedgetui.ui.screens.status_text import Look

TALL_ROWS = 30
"""Screens from this height on show the caption and all rows."""

FULL = -1

_LEVELS = {"alarm": "error"}
"""The desk's words for gravity, where the pane has another."""


class DeskLog(LogPane):
    """A log pane that keeps whole records, for the why-chain."""

    def __init__(self, *, zone: str, icons: IconSet) -> None:
        super().__init__(icons=icons, id="log")
        self._zone = zone
        self._records: dict[int, LogRecord] = {}
        self._count = 0

    def add(self, records: Iterable[LogRecord]) -> None:
        """Take new records, oldest first."""
        entries: list[LogEntry] = []
        for record in records:
            self._count += 1  # places in the log start again with every run, these do not
            self._records[self._count] = record
            level = _LEVELS.get(record.level, record.level)
            at_text = fmt.clock(record.at, self._zone)
            entries.append(LogEntry(self._count, at_text, level, record.text))
        while len(self._records) > MAX_LINES:
            del self._records[next(iter(self._records))]
        self.extend(entries)

    @property
    def chosen(self) -> LogRecord | None:
        """The record of the first line in view: the newest, or the one scrolled to."""
        entry = self._log.line(max(0, self.position[0] - 1))
        return None if entry is None else self._records.get(entry.seq)

    def newest(self, count: int) -> list[str]:
        """Return the last lines as `09:41 words`, newest first, for the micro view."""
        records = reversed(list(self._records.values())[-count:])
        return [
            f"{fmt.clock(one.at, self._zone, seconds=False)} {self._icons.line_icon(one.text)}"
            for one in records
        ]


class LogDock(Vertical):
    """The log pane with its caption and its size."""

    def __init__(self, look: Look, rows: int) -> None:
        super().__init__(id="log-dock")
        self.pane = DeskLog(zone=look.zone, icons=look.icons)
        self._caption = StyledLines(id="log-caption")
        self._look = look
        self._usual = rows
        self._chosen: int | None = None

    def compose(self) -> ComposeResult:
        """Build caption and pane."""
        yield self._caption
        yield self.pane

    @property
    def rows(self) -> int:
        """Rows wanted now, the caption included; `FULL` for all."""
        if self._chosen is not None:
            return self._chosen
        return self._usual if self.app.size.height >= TALL_ROWS else min(2, self._usual)

    @property
    def is_full(self) -> bool:
        """Tell whether the log fills the screen."""
        return self.rows == FULL

    def next_size(self) -> None:
        """Cycle: hidden, two rows, the usual size, full."""
        sizes = [0, 2, max(3, self._usual), FULL]
        at = sizes.index(self.rows) if self.rows in sizes else 1
        self._chosen = sizes[(at + 1) % len(sizes)]
        self.fit_rows()

    def fit_rows(self) -> None:
        """Take the height for the present size of the screen."""
        rows = self.rows
        self.set_class(rows == 0, "-off")
        self._caption.set_class(rows != FULL and rows <= 2, "-off")
        self.styles.height = "1fr" if rows == FULL else max(1, rows)
        self._show_caption()

    def toggle_follow(self) -> None:
        """Let the log follow new lines, or hold it still."""
        self.pane.follow = not self.pane.follow

    def use_look(self, look: Look) -> None:
        """Change the alphabet."""
        self._look = look
        self.pane.icons = look.icons
        self._show_caption()

    def on_log_pane_follow_changed(self) -> None:
        """Say in the caption whether the log follows."""
        self._show_caption()

    def _show_caption(self) -> None:
        icons = self._look.icons
        follow = icons.dot if self.pane.follow else "off"
        text = icons.plain(f"{icons.rule}Log · L size · F follow {follow} · x why ")
        rest = icons.rule * max(0, self.app.size.width - len(text))
        self._caption.set_lines([[(text, ""), (rest, "muted")]])
