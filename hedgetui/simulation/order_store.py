"""The exchange's memory across a crash: one JSON line per fact, written before it is told.

A broker does not forget an order because its client was killed, so the simulated one must not
either. Each record is one `write` to a file opened for appending, without a buffer of ours: a
killed process loses nothing it has acknowledged, and at most the last line is torn, which is then a
fact nobody was told. At start the file is rewritten whole, so that it grows with what happened and
not with how often it was started.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hedgetui.domain.codec import canonical
from hedgetui.domain.errors import DataError, StoreError

Record = dict[str, Any]

_MODE = 0o600


class OrderStore:
    """An append-only file of records; without a path it remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        """Keep records at `path`, or nowhere."""
        self._path = path
        self._file: int | None = None
        self._torn = False
        """A failed write may have left half a line; nothing may follow it."""

    @property
    def keeps(self) -> bool:
        """Whether records survive the process."""
        return self._path is not None

    def load(self) -> list[Record]:
        """Return the records of an earlier process; a torn last line is dropped.

        Raises:
            DataError: a line other than the last is not a record.
            StoreError: the file cannot be read.
        """
        if self._path is None or not self._path.exists():
            return []
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError as error:
            raise StoreError(f"cannot read {self._path}: {error.strerror}") from error
        records: list[Record] = []
        for number, line in enumerate(lines[:-1], start=1):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise self._bad(number) from error
            if not isinstance(record, dict):
                raise self._bad(number)
            records.append(record)
        return records

    def rewrite(self, records: Iterable[Record]) -> None:
        """Replace the file by `records`, all or nothing, and open it for appending.

        Raises:
            StoreError: the folder or the file cannot be written.
        """
        if self._path is None:
            return
        self.close()
        fresh = self._path.with_name(self._path.name + ".new")
        text = "".join(canonical(record) + "\n" for record in records)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), _MODE)
                file.write(text.encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from error

    def append(self, record: Record) -> None:
        """Write one record; when this returns, a killed process has not lost it.

        Raises:
            StoreError: the record is not in the file as a whole.
        """
        if self._torn:
            raise StoreError(f"cannot write {self._path}: an earlier write failed")
        if self._file is None:
            return
        line = (canonical(record) + "\n").encode("ascii")
        self._torn = True
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from error
        if written != len(line):
            raise StoreError(f"cannot write {self._path}: the disk is full")
        self._torn = False

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _bad(self, number: int) -> DataError:
        return DataError(
            f"{self._path}: line {number} is not a record",
            hint="move the file away to begin with an empty simulated account",
        )
