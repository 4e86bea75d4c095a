"""One writer per journal: an advisory lock that a killed process cannot leave behind.

Two processes that both believe they own a journal would hedge the same delta twice. The kernel
drops the lock with the process, so there is no stale pid file to explain; the content only tells
the second process whom to name.
"""

from __future__ import annotations

import fcntl
import os
import socket
from typing import TYPE_CHECKING

from hedgetui.domain.errors import StoreError
from hedgetui.store.connection import explain_os, prepare_file

if TYPE_CHECKING:
    from pathlib import Path

_CONTENT_BYTES = 256


class WriterLock:
    """The right to write one journal, held from `acquire` to `release`."""

    def __init__(self, journal: Path) -> None:
        """Take the lock file beside `journal`: `sim.lock` for `sim.db`."""
        self.path = journal.with_suffix(".lock")
        self._descriptor = -1

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor >= 0

    def acquire(self) -> None:
        """Take the lock without waiting and note process and host in the file.

        Raises:
            StoreError: another process has it; the message names that process.
        """
        prepare_file(self.path)
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise explain_os(error, self.path) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
        except BlockingIOError:
            owner = os.pread(descriptor, _CONTENT_BYTES, 0).decode(errors="replace")
            os.close(descriptor)
            raise self._taken(owner) from None
        except OSError as error:
            os.close(descriptor)
            raise explain_os(error, self.path) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; the file stays, since removing it would let two processes in."""
        if self.held:
            os.close(self._descriptor)
            self._descriptor = -1

    def _taken(self, owner: str) -> StoreError:
        pid, _, host = owner.strip().partition(" ")
        who = f"process {pid}" if pid.isdigit() else "another process"
        where = f" on {host}" if host and host.isprintable() else ""
        return StoreError(
            f"{self.path.stem}: the journal is already written by {who}{where}",
            hint="use the console that is running, or end it first",
            code="store_locked",
        )
