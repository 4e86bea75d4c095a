"""The lines a log pane can show: a bounded, filtered list, newest first, without a screen."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from hedgetui.domain.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LINES: Final = 2000
MAX_TEXT: Final = 400


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line: its number in the journal, when it was said, how grave it is, the words."""

    seq: int
    at_text: str
    level: str
    text: str


class LogLines:
    """The last 2,000 entries and those of them a filter lets through; text goes through `safe`."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=MAX_LINES)
        self.shown: deque[LogEntry] = deque(maxlen=MAX_LINES)
        self.needle = ""

    def extend(self, entries: Iterable[LogEntry]) -> int:
        """Take new entries, oldest first; return how many of them are shown."""
        added = 0
        for entry in entries:
            kept = LogEntry(
                entry.seq, safe(entry.at_text), safe(entry.level), safe(entry.text, MAX_TEXT)
            )
            self._entries.append(kept)
            if self._matches(kept):
                self.shown.appendleft(kept)
                added += 1
        return added

    def set_filter(self, text: str) -> None:
        """Show entries containing `text`, or with `!` in front not containing it; "" shows all."""
        self.needle = safe(text).strip().casefold()
        chosen = [entry for entry in self._entries if self._matches(entry)]
        self.shown = deque(reversed(chosen), maxlen=MAX_LINES)

    def line(self, number: int) -> LogEntry | None:
        """Return a shown entry, 0 the newest; None beyond the last."""
        return next(islice(self.shown, number, number + 1), None)

    def _matches(self, entry: LogEntry) -> bool:
        """Tell whether the filter lets an entry through."""
        needle = self.needle.removeprefix("!")
        if not needle:
            return True
        return (needle in entry.text.casefold()) != self.needle.startswith("!")
