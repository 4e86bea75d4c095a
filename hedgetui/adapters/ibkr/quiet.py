"""The library's own words: kept for people, never on the terminal.

An unconfigured logger prints warnings to standard error, which is the screen. The library's loggers
therefore end here: the last lines are kept in memory, and a message it could not read is counted,
since that is a fault of the protocol and not of the day.
"""

from __future__ import annotations

import logging
from collections import deque

from hedgetui.domain.text import safe

LOGGERS = ("ib_insync", "ib_async", "eventkit", "aeventkit")
_KEPT = 200
_LONGEST = 400
_UNREADABLE = ("Error handling fields", "Error for ")


class LibraryLog(logging.Handler):
    """Keeps the last lines and counts what could not be read."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: deque[str] = deque(maxlen=_KEPT)
        self.unreadable = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line, made harmless."""
        text = safe(record.getMessage(), _LONGEST)
        if text.startswith(_UNREADABLE):
            self.unreadable += 1
        self.lines.append(f"{record.name} {record.levelname} {text}")


LIBRARY_LOG = LibraryLog()
"""The one place the library's words go to; the library has one set of loggers a process."""


def hush() -> None:
    """Send the library's loggers to `LIBRARY_LOG` and nowhere else."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        if LIBRARY_LOG not in logger.handlers:
            logger.handlers[:] = [LIBRARY_LOG]
