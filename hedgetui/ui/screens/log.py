"""The desk's log as a pane: records in, lines out, and the record behind the top line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hedgetui.ports.journal import LogRecord
from hedgetui.ui import format as fmt
from hedgetui.ui.widgets.log_model import MAX_LINES, LogEntry
from hedgetui.ui.widgets.log_pane import LogPane

if TYPE_CHECKING:
    from hedgetui.ui.glyphs import IconSet

_LEVELS = {"alarm": "error"}
"""The desk's words for gravity, where the pane has another."""


class DeskLog(LogPane):
    """A log pane that keeps whole records, for the why-chain."""

    def __init__(self, *, zone: str, icons: IconSet) -> None:
        super().__init__(icons=icons, id="log")
        self._zone = zone
        self._records: dict[int, LogRecord] = {}

    def add(self, records: Iterable[LogRecord]) -> None:
        """Take new records, oldest first."""
        entries: list[LogEntry] = []
        for record in records:
            self._records[record.seq] = record
            level = _LEVELS.get(record.level, record.level)
            entries.append(
                LogEntry(record.seq, fmt.clock(record.at, self._zone), level, record.text)
            )
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
