"""What a full-screen program sends to its terminal, measured from the terminal's side.

The program runs in a pseudo-terminal. This end answers the questions a modern terminal answers,
because programs wait for them, and reads every byte: what arrives here is what SSH would encrypt
and carry. Nothing inside the program is touched, so that ours and others are measured alike.
"""

from __future__ import annotations

import fcntl
import math
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from types import TracebackType
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parent.parent
FRAME: Final = b"\x1b[?2026h"
"""Begin of a synchronised update: one frame of Textual's."""

_ANSWERS: Final[tuple[tuple[re.Pattern[bytes], bytes], ...]] = (
    (re.compile(rb"\x1b\[\?2026\$p"), b"\x1b[?2026;2$y"),  # synchronised output: yes
    (re.compile(rb"\x1b\[\?2048\$p"), b"\x1b[?2048;0$y"),  # in-band resize: no
    (re.compile(rb"\x1b\[\?u"), b"\x1b[?0u"),  # keyboard protocol flags
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?62;22c"),  # device attributes: a colour terminal
    (re.compile(rb"\x1b\[>0?c"), b"\x1b[>41;354;0c"),
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),  # cursor position
)
_LONGEST_QUESTION = 16
_NOT_HANDED_ON: Final = (
    *("COLUMNS", "LINES", "TMUX", "SSH_CONNECTION", "NO_COLOR"),  # they change what is drawn
    "PYTHONDONTWRITEBYTECODE",  # with it no start is ever warm
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a program sent and used in a stretch of time."""

    seconds: float
    stream: bytes
    cpu_share: float
    """Of one core; NaN where the system does not tell."""

    @property
    def bytes_per_s(self) -> float:
        """Bytes a second."""
        return len(self.stream) / self.seconds

    @property
    def frames_per_s(self) -> float:
        """Synchronised updates a second; 0 for programs without them."""
        return self.stream.count(FRAME) / self.seconds


class Probe:
    """One program in a pseudo-terminal; a context manager that ends it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 36,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `command` in the repository's folder on a terminal of `columns` × `rows`.

        Raises:
            OSError: there is no such program.
        """
        settings = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        for name in _NOT_HANDED_ON:
            settings.pop(name, None)
        settings.update(environment or {})
        self.stream = bytearray()
        """Everything the program has written."""
        self.alive = True
        self._answered = 0
        self._terminal, far_end = pty.openpty()
        fcntl.ioctl(far_end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._began = perf_counter()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=far_end,
                stdout=far_end,
                stderr=far_end,
                cwd=ROOT,
                env=settings,
                start_new_session=True,
            )
        except OSError:
            os.close(self._terminal)
            raise
        finally:
            os.close(far_end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def age(self) -> float:
        """Seconds since the program was started."""
        return perf_counter() - self._began

    def pump(self, seconds: float) -> bytes:
        """Wait at most `seconds` for output, read it once and answer what it asks."""
        if not self.alive:  # nothing more comes; the wait is all that is left of the question
            sleep(max(0.0, seconds))
            return b""
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, seconds))
        if not ready:
            return b""
        try:
            data = os.read(self._terminal, 1 << 20)
        except OSError:  # Linux says so when the program's end is closed
            data = b""
        self.alive = bool(data)
        self.stream += data
        self._answer()
        return data

    def _answer(self) -> None:
        """Answer each question once, also one that arrived in two pieces."""
        start = max(self._answered - _LONGEST_QUESTION, 0)
        recent = bytes(self.stream[start:])
        for question, answer in _ANSWERS:
            for found in question.finditer(recent):
                if start + found.end() > self._answered:
                    self.send(answer)
        self._answered = len(self.stream)

    def send(self, keys: bytes) -> None:
        """Type `keys`; a program that has ended takes none."""
        try:
            os.write(self._terminal, keys)
        except OSError:
            self.alive = False

    def run(self, seconds: float) -> None:
        """Let the program run while reading its output."""
        end = perf_counter() + seconds
        while self.alive and (left := end - perf_counter()) > 0:
            self.pump(left)

    def wait_for(self, words: bytes, seconds: float, *, start: int = 0) -> float:
        """Read until `words` stand in the stream after `start`; return the seconds it took.

        Raises:
            TimeoutError: they did not come, or the program ended first.
        """
        began = perf_counter()
        while words not in self.stream[start:]:
            left = began + seconds - perf_counter()
            if not self.alive or left <= 0:
                tail = bytes(self.stream[-300:])
                raise TimeoutError(f"no {words!r} within {seconds:g} s; the end was {tail!r}")
            self.pump(min(left, 0.5))
        return perf_counter() - began

    def traffic(self, seconds: float) -> Traffic:
        """Measure for `seconds` from now.

        Raises:
            RuntimeError: the program ended meanwhile.
        """
        before, cpu, began = len(self.stream), self._cpu(), perf_counter()
        self.run(seconds)
        if not self.alive:
            raise RuntimeError(f"the program ended: {bytes(self.stream[-300:])!r}")
        elapsed = perf_counter() - began
        return Traffic(elapsed, bytes(self.stream[before:]), (self._cpu() - cpu) / elapsed)

    def _cpu(self) -> float:
        """Return the seconds of processor time used by all threads so far."""
        total = 0
        try:
            for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
                total += int((thread / "schedstat").read_text("ascii").split()[0])
        except (OSError, IndexError):
            return math.nan
        return total / 1e9

    def close(self) -> None:
        """Ask the program to end, after two seconds make it, and close the terminal."""
        if self._terminal < 0:
            return
        for stop in (self._process.terminate, self._process.kill):
            stop()
            if self._ended(2.0):
                break
        os.close(self._terminal)
        self._terminal = -1
        self.alive = False

    def _ended(self, patience: float) -> bool:
        """Tell whether the program is gone within `patience` seconds."""
        end = perf_counter() + patience
        while perf_counter() < end:
            if self._process.poll() is not None:
                return True
            # A program that restores the terminal blocks until somebody reads what it writes.
            self.pump(0.02)
        return False


def hedgetui(*words: str) -> list[str]:
    """Return the command that runs the console of this repository."""
    return [sys.executable, "-m", "hedgetui", *words]


@contextmanager
def private_folders(configuration: str = "") -> Iterator[dict[str, str]]:
    """Yield an environment whose files, and whose configuration, are nobody's."""
    with tempfile.TemporaryDirectory(prefix="hedgetui-bench-") as name:
        folder = Path(name)
        environment = {"HOME": name}
        for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
            environment[f"XDG_{kind}_HOME"] = str(folder / kind.lower())
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        environment["XDG_RUNTIME_DIR"] = str(runtime)
        place = folder / "config" / "hedgetui"
        place.mkdir(parents=True)
        (place / "config.toml").write_text(configuration, "utf-8")
        yield environment
