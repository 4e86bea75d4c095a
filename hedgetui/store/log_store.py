"""Log lines and samples in a file of their own, written in batches and never in anyone's way.

Whoever logs must not wait, and a log that cannot be written must not stop a hedge. So `write` only
queues, a task writes twice a second, a full queue gives up its oldest samples and a failing disk
raises the flag `failed` for the screen while the desk trades on.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from typing import TYPE_CHECKING, Self, TypeVar

from hedgetui.domain.errors import StoreError
from hedgetui.domain.units import Timestamp
from hedgetui.ports.clock import outside_work
from hedgetui.ports.journal import LogRecord, Sample
from hedgetui.store.connection import DATABASE_ERRORS, LOG, connect, explain, open_writer
from hedgetui.store.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import aiosqlite

FLUSH_SECONDS = 0.5
FLUSH_ROWS = 200
RETRY_SECONDS = 5.0
QUEUE_ROWS = 10_000
PRUNE_ROWS = 5_000
"""Rows written between two prunings."""

_SELECT_LINES = "SELECT seq, at, level, text, why FROM log"
_NAN = float("nan")
_T = TypeVar("_T")


class LogStore:
    """The second database file; implements `LogPort`. Build with `open`, end with `close`."""

    def __init__(
        self, path: Path, connection: aiosqlite.Connection | None, retention: Retention, failed: str
    ) -> None:
        self.path = path
        self.failed = failed
        """Why the log is not written at present; empty while it works."""
        self.dropped = 0
        """Lines and samples that were given up since the start."""
        self._connection = connection
        self._retention = retention
        self._lines: deque[LogRecord] = deque()
        self._samples: deque[Sample] = deque()
        self._writing = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._unpruned = PRUNE_ROWS
        self._closed = False

    @classmethod
    async def open(cls, path: Path, *, retention: Retention | None = None) -> Self:
        """Open or create the log; a file that cannot be used sets `failed` and nothing else."""
        try:
            connection = await connect(lambda: open_writer(path, LOG))
        except StoreError as failure:
            return cls(path, None, retention or Retention(), str(failure))
        return cls(path, connection, retention or Retention(), "")

    def write(self, record: LogRecord) -> None:
        """Queue a line; never waits. The log gives the line its place, whatever `seq` says."""
        self._lines.append(record)
        self._queued()

    def sample(self, sample: Sample) -> None:
        """Queue a sample; never waits."""
        self._samples.append(sample)
        self._queued()

    async def flush(self) -> None:
        """Write what is queued. After a failure it stays queued and `failed` says why."""
        async with self._writing:
            while self._connection is not None and (self._lines or self._samples):
                if not await self._write_batch(self._connection):
                    self._arm(RETRY_SECONDS)
                    return
            if self._connection is not None and self._unpruned >= PRUNE_ROWS:
                self._unpruned = 0
                for sql, bound in self._retention.statements():
                    await self._rows(sql, bound)

    async def tail(self, count: int, before: int = 0) -> tuple[LogRecord, ...]:
        """Return the newest `count` lines, oldest first; older than place `before` if given."""
        if self._connection is None:
            return tuple(self._lines)[-count:] if count > 0 else ()
        await self.flush()
        where, bound = ("WHERE seq < ?", (before,)) if before else ("", ())
        rows = await self._rows(
            f"{_SELECT_LINES} {where} ORDER BY seq DESC LIMIT ?", (*bound, max(0, count))
        )
        return _records(rows)

    async def search(self, text: str, limit: int = 500) -> tuple[LogRecord, ...]:
        """Return the newest lines whose message or why contains `text`, oldest first.

        ASCII letters match in either case; `%` and `_` mean themselves.
        """
        await self.flush()
        pattern = "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        rows = await self._rows(
            f"{_SELECT_LINES} WHERE text LIKE ? ESCAPE '!' OR why LIKE ? ESCAPE '!'"
            " ORDER BY seq DESC LIMIT ?",
            (pattern, pattern, limit),
        )
        return _records(rows)

    async def samples(self, since: Timestamp) -> tuple[Sample, ...]:
        """Return the samples at or after `since`, oldest first."""
        await self.flush()
        rows = await self._rows(
            "SELECT at, index_level, option_delta, net_delta, net_pnl FROM samples"
            " WHERE at >= ? ORDER BY seq",
            (since,),
        )
        return tuple(
            Sample(Timestamp(at), *(_NAN if value is None else value for value in values))
            for at, *values in rows
        )

    async def close(self) -> None:
        """Write what is queued, once, and close the file."""
        self._closed = True
        self._disarm()
        try:
            await self.flush()
        finally:
            self._disarm()
            self.dropped += len(self._lines) + len(self._samples)
            if self._task is not None:
                await asyncio.wait([self._task])
            connection, self._connection = self._connection, None
            if connection is not None:
                with outside_work():
                    await connection.close()

    def _queued(self) -> None:
        """Give up the oldest if the queue is full, samples first, and see to the next write."""
        if len(self._lines) + len(self._samples) > QUEUE_ROWS:
            (self._samples or self._lines).popleft()
            self.dropped += 1
        if self._connection is None or self._closed:
            return
        if len(self._lines) + len(self._samples) >= FLUSH_ROWS and not self.failed:
            self._start()
        else:
            self._arm(FLUSH_SECONDS)

    def _arm(self, seconds: float) -> None:
        if self._timer is None and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._start)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self) -> None:
        self._disarm()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self.flush(), name="log-writer")

    async def _write_batch(self, connection: aiosqlite.Connection) -> bool:
        """Write up to `FLUSH_ROWS` lines and as many samples; return whether the disk took them."""
        lines = _take(self._lines)
        samples = _take(self._samples)
        try:
            with outside_work():
                if lines:
                    await connection.execute_fetchall(*_insert_lines(lines))
                    lines = []
                if samples:
                    await connection.execute_fetchall(*_insert_samples(samples))
        except DATABASE_ERRORS as error:
            self.failed = str(explain(error, self.path))
            self._lines.extendleft(reversed(lines))
            self._samples.extendleft(reversed(samples))
            return False
        self.failed = ""
        self._unpruned += FLUSH_ROWS
        return True

    async def _rows(self, sql: str, parameters: tuple[object, ...]) -> list[sqlite3.Row]:
        if self._connection is None:
            return []
        try:
            with outside_work():
                return list(await self._connection.execute_fetchall(sql, parameters))
        except DATABASE_ERRORS as error:
            self.failed = str(explain(error, self.path))
            return []


def _take(queue: deque[_T]) -> list[_T]:
    return [queue.popleft() for _ in range(min(len(queue), FLUSH_ROWS))]


def _records(rows: Sequence[sqlite3.Row]) -> tuple[LogRecord, ...]:
    return tuple(
        LogRecord(at=at, level=level, text=text, why=why, seq=seq)
        for seq, at, level, text, why in reversed(rows)
    )


def _insert_lines(lines: Sequence[LogRecord]) -> tuple[str, list[object]]:
    places = ",".join(["(?,?,?,?)"] * len(lines))
    values: list[object] = []
    for line in lines:
        values += (line.at, line.level, line.text, line.why)
    return f"INSERT INTO log (at, level, text, why) VALUES {places}", values  # noqa: S608


def _insert_samples(samples: Sequence[Sample]) -> tuple[str, list[object]]:
    places = ",".join(["(?,?,?,?,?)"] * len(samples))
    values: list[object] = []
    for sample in samples:
        values += (sample.at, sample.index_level, sample.option_delta, sample.net_delta,
                   sample.net_pnl)  # fmt: skip
    names = "at, index_level, option_delta, net_delta, net_pnl"
    return f"INSERT INTO samples ({names}) VALUES {places}", values  # noqa: S608
