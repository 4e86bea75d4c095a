"""The desk's end of one process: asked by one thread at a time, ended by any.

Everything here blocks. A worker that was ended once stays ended, so that whoever ends it while it
is being started cannot miss it; the next job gets a new one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Final

from hedgetui.adapters.stress_process.jobs import Answer, Failed, Job, Progress, receive, send
from hedgetui.domain.errors import HedgetuiError

_COMMAND: Final = (sys.executable, "-P", "-m", "hedgetui.adapters.stress_process.child")
"""`-P`: what lies in the working directory is not imported."""
_ONE_THREAD: Final = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS",
)  # fmt: skip
"""Read when numpy is loaded: one core is all a guest takes."""
_WINDOWS_FLAGS: Final = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(
    subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0
)
DIED = "stress-worker-died"

Told = Callable[[int, int], None]


class Worker:
    """One process, started by its first job."""

    def __init__(self) -> None:
        """Prepare; nothing is started."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False

    @property
    def pid(self) -> int | None:
        """Of the process, while it may be running."""
        return None if self._process is None or self._ended else self._process.pid

    def ask(self, job: Job, told: Told) -> object:
        """Have a job done and return its answer; `told` hears of progress on this thread.

        Raises:
            HedgetuiError: the job failed, or the process is gone; then it cannot be asked again.
        """
        process = self._started()
        try:
            return _conversation(process, job, told)
        except (EOFError, OSError) as error:
            stopped = self._ended
            self.end()
            raise _stopped() if stopped else _gone(process.returncode) from error

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._ended:
                raise _stopped()
            if self._process is not None and self._process.poll() is not None:
                _close(self._process)  # it died while it had nothing to do
                self._process = None
            if self._process is None:
                self._process = _start()
            return self._process

    def kill(self) -> None:
        """End the process at once, whatever it does; returns without waiting for it."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.kill()

    def end(self) -> None:
        """End the process and wait until nothing is left of it; safe to call twice."""
        self.kill()
        if self._process is not None:
            self._process.wait()
            _close(self._process)


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # a job that was not read may be left in it
                pipe.close()


def _start() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - our own module, no shell, no outside word
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(os.environ),
            creationflags=_WINDOWS_FLAGS,
            # Out of the terminal's foreground, so that ^C and ^Z are not its affair; but not into
            # a session of its own, in which Linux counts niceness among its own processes only.
            process_group=0 if os.name == "posix" else -1,
        )
    except OSError as error:
        words = f"the stress worker cannot be started: {error.strerror or error}"
        raise HedgetuiError(words, code=DIED) from error


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    return {**own, **dict.fromkeys(_ONE_THREAD, "1")}


def _conversation(process: subprocess.Popen[bytes], job: Job, told: Told) -> object:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    send(job, process.stdin)
    while True:
        message = receive(process.stdout)
        match message:
            case Progress(done, paths):
                told(done, paths)
            case Answer(value):
                return value
            case Failed(error):
                raise error
            case _:
                raise EOFError("not one of our words")


def _stopped() -> HedgetuiError:
    return HedgetuiError("the stress test was stopped", code="stopped")


def _gone(code: int | None) -> HedgetuiError:
    """Return the words for a process that ended in the middle of a job."""
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = "memory may have run out: ask for fewer paths" if name == "SIGKILL" else ""
        return HedgetuiError(f"the stress worker was ended by {name}", hint=hint, code=DIED)
    return HedgetuiError(f"the stress worker ended by itself (exit code {code})", code=DIED)
