"""Where a defect of the program goes: a private file for who mends it, a sentence for the trader.

A traceback on a trading screen helps nobody and may quote an account, so it never reaches the
terminal unless `--debug` asks. It is kept, without the values of variables and with account numbers
masked, in the state folder, readable by its owner only.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from pathlib import Path

from hedgetui.domain.errors import HedgetuiError

KEPT_FILES = 20
_PACKAGE = f"{os.sep}hedgetui{os.sep}"


def describe(error: BaseException) -> HedgetuiError:
    """Return the sentence for an exception nobody expected, after keeping its traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _PACKAGE in frame.filename] or frames
    where = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    message = f"a defect in hedgetui ({type(error).__name__}{where}), not of your making"
    file = keep(_traceback(error))
    hint = f"the traceback is in {file}" if file else "run it again with --debug for the traceback"
    return HedgetuiError(message, hint=hint, code="defect")


def keep(text: str) -> Path | None:
    """Append `text` to this process's crash file; None when even that cannot be done."""
    try:
        from hedgetui.config.edit import redacted  # noqa: PLC0415 - only a crash needs it
        from hedgetui.config.paths import locate  # noqa: PLC0415 - the same

        folder = locate("sim", os.environ).state
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / f"crash-{os.getpid()}.txt"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with os.fdopen(os.open(file, flags, 0o600), "a", encoding="utf-8") as stream:
            stream.write(f"{stamp}\n{redacted(text)}\n")
        _forget_old(folder)
    except (OSError, ImportError, RuntimeError):
        return None  # a crash on a full disk or in a broken installation has nowhere to go
    return file


def _forget_old(folder: Path) -> None:
    files = sorted(folder.glob("crash-*.txt"), key=lambda file: file.stat().st_mtime)
    for file in files[:-KEPT_FILES]:
        file.unlink(missing_ok=True)


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


class CrashLog(logging.Handler):
    """Takes what workers and asyncio report as errors, which would else land on the screen."""

    def __init__(self, *, loud: bool) -> None:
        """Keep errors in the crash file; `loud` shows them on stderr as well."""
        super().__init__(logging.ERROR)
        self._loud = loud
        self.count = 0
        """Errors taken so far."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one report."""
        self.count += 1
        text = self.format(record)
        keep(text)
        if self._loud:
            sys.stderr.write(f"{text}\n")


def watch(*, loud: bool = False) -> CrashLog:
    """Take every logged error of this process from here on."""
    log = CrashLog(loud=loud)
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, CrashLog)]:
        root.removeHandler(handler)
    root.addHandler(log)
    return log


def errors_logged() -> int:
    """Return how many errors were logged since `watch`."""
    return sum(one.count for one in logging.getLogger().handlers if isinstance(one, CrashLog))
