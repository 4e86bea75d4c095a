"""The broker's memory across a crash: one JSON file, replaced whole before an answer is given.

Prices need no memory, they follow from seed and start; what traders did does. A killed process
loses nothing it has answered; against a power cut the play money is not protected.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from hedgetui.domain.codec import canonical, from_plain
from hedgetui.domain.errors import DataError, StoreError
from hedgetui.simulation.mt5.orders import Booked, Holding, Waiting
from hedgetui.simulation.mt5.path import Push

_MODE = 0o600
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the venue has to remember."""

    market: str
    """Which world it is of."""
    start: float
    at: float
    next_order: int
    next_deal: int
    rolled_at: float
    hands_done: tuple[int, ...]
    names: dict[str, int]
    holdings: tuple[Holding, ...]
    waiting: tuple[Waiting, ...]
    deals: tuple[Booked, ...]
    pushes: tuple[Push, ...]
    version: int = _VERSION


class StateFile:
    """Keeps a snapshot at a path, or nowhere."""

    def __init__(self, path: Path | None) -> None:
        """Keep it at `path`."""
        self._path = path

    def load(self) -> Snapshot | None:
        """Return the snapshot of an earlier process.

        Raises:
            DataError: the file holds something else.
            StoreError: the file cannot be read.
        """
        if self._path is None or not self._path.exists():
            return None
        hint = "move the file away to begin with an empty simulated account"
        try:
            snapshot = from_plain(Snapshot, json.loads(self._path.read_text("ascii")))
        except OSError as error:
            raise StoreError(f"cannot read {self._path}: {error.strerror}") from error
        except (ValueError, DataError) as error:
            raise DataError(f"{self._path}: not a simulated MT5 account", hint=hint) from error
        if snapshot.version != _VERSION:
            raise DataError(f"{self._path}: of version {snapshot.version}", hint=hint)
        return snapshot

    def save(self, snapshot: Snapshot) -> None:
        """Replace the file; when this returns, a killed process has not lost it.

        Raises:
            StoreError: the folder or the file cannot be written.
        """
        if self._path is None:
            return
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), _MODE)
                file.write(canonical(snapshot).encode("ascii"))
            fresh.replace(self._path)
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from error
