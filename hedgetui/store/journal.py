"""The durable journal: when `append` returns, the facts are on the disk.

The engine sends an order only after its intent came back from here, so the one thing this module
may never do is claim a write that did not happen. One connection writes, one statement per commit:
appends that arrive while a commit is under way share the next one, which is what keeps a burst of
fills as cheap as a single row. After any failure that is not a refused row the journal writes
nothing more, because nobody can know what the disk holds.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import sqlite3
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from hedgetui.domain.errors import DataError, HedgetuiError, StoreError
from hedgetui.domain.events import Event, Fact
from hedgetui.ports.clock import outside_work
from hedgetui.ports.journal import SlotTaken
from hedgetui.store import chain
from hedgetui.store.connection import DATABASE_ERRORS, JOURNAL, connect, explain, open_writer
from hedgetui.store.lock import WriterLock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import aiosqlite

    from hedgetui.domain.units import Timestamp

MAX_ROWS = 4_096
"""Rows of one commit that appends share: SQLite binds at most 32,766 values."""

MAX_APPEND = 65_536
"""Rows of one append, as of an imported file, which is there whole or not at all."""

TAIL_ROWS = 256
"""Rows whose hashes are checked at every start; `facts` and `verify` check all."""

_DECODE_ROWS = 2_000


class Run(NamedTuple):
    """One process at the journal."""

    epoch: int
    """Counts runs from 1."""
    crashed: bool
    """Whether an earlier run ended without saying so."""


@dataclass(slots=True)
class _Append:
    """Events waiting for their commit, and who waits for them."""

    at: float
    events: tuple[Event, ...]
    encoded: list[tuple[str, str]]
    written: asyncio.Future[tuple[Fact, ...]]


class Journal:
    """Append-only, hash-chained facts in one SQLite file; implements `JournalPort`.

    Build with `open`, end with `close`: an open connection keeps the process alive.
    """

    def __init__(self, path: Path, connection: aiosqlite.Connection, lock: WriterLock) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock
        self._seq = 0
        self._head = chain.GENESIS
        self._waiting: deque[_Append] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._failure: StoreError | None = None

    @classmethod
    async def open(cls, path: Path, *, profile: str) -> Self:
        """Open or create the journal of `profile` and take its writer lock.

        Checks owner, mode, page structure, schema version, profile and the newest hashes; upgrades
        an older schema after keeping a copy.

        Raises:
            StoreError: the file cannot be trusted or written; it has not been changed.
        """
        lock = WriterLock(path)
        try:
            connection = await connect(lambda: _open_locked(path, profile, lock))
        except BaseException:
            lock.release()
            raise
        journal = cls(path, connection, lock)
        try:
            await journal._find_tail()
        except BaseException:
            await journal.close()
            raise
        return journal

    @property
    def head(self) -> str:
        """Hash of the newest fact; 64 zeros for an empty journal."""
        return self._head

    @property
    def failure(self) -> StoreError | None:
        """Why nothing more is written; `None` while the journal works."""
        return self._failure

    async def facts(self) -> tuple[Fact, ...]:
        """Return every fact, oldest first, after checking the whole chain.

        Raises:
            StoreError: a row was changed, is missing or cannot be read; the message names it.
        """
        rows = await self._query(f"SELECT {chain.COLUMNS} FROM events ORDER BY seq")  # noqa: S608
        facts: list[Fact] = []
        head = chain.GENESIS
        for seq, row in enumerate((chain.Row(*record) for record in rows), start=1):
            if reason := chain.broken_by(row, head, seq):
                raise _untrusted(self.path, row.seq, reason)
            try:
                facts.append(chain.decode(row))
            except DataError as error:
                raise _untrusted(self.path, row.seq, str(error)) from error
            head = row.hash
            if seq % _DECODE_ROWS == 0:
                await asyncio.sleep(0)
        return tuple(facts)

    async def append(self, at: Timestamp, events: Sequence[Event]) -> tuple[Fact, ...]:
        """Write events durably, all or none, and return them as facts.

        A cancelled call proves nothing: the write goes on, and only `facts` after a restart tells
        whether it arrived.

        Raises:
            SlotTaken: an `IntentRecorded` or an `ActionPlanned` would be the second live one in
                its slot, or an action of that cycle was planned before.
            DataError: an event cannot be spelled in JSON; nothing was written.
            StoreError: nothing was written, or it cannot be known; no order may follow.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if not events:
            return ()
        if len(events) > MAX_APPEND:
            raise StoreError(f"{len(events)} events at once; one append takes {MAX_APPEND}")
        if not math.isfinite(at):
            raise DataError("an event needs a finite time")
        written: asyncio.Future[tuple[Fact, ...]] = asyncio.get_running_loop().create_future()
        encoded = [chain.encode(event) for event in events]
        self._waiting.append(_Append(float(at), tuple(events), encoded, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._drain(), name="journal-writer")
        # A cancelled caller cancels this future only; the write is the writer task's.
        return await written

    async def begin_run(self, at: Timestamp) -> Run:
        """Enter this process in the list of runs and return its epoch.

        A run that never ended is marked as crashed.
        """
        running = await self._query("SELECT 1 FROM runs WHERE status = 'Running' LIMIT 1")
        epoch = await self._query(
            "INSERT INTO runs (epoch, started, status, pid, host)"
            " SELECT coalesce(max(epoch), 0) + 1, ?, 'Running', ?, ? FROM runs RETURNING epoch",
            (at, os.getpid(), socket.gethostname()),
        )
        return Run(epoch[0][0], bool(running))

    async def end_run(self, at: Timestamp) -> None:
        """Note the orderly end of the current run."""
        await self._query(
            "UPDATE runs SET status = 'Ended', ended = ? WHERE status = 'Running'", (at,)
        )

    async def close(self) -> None:
        """Finish what is being written, close the file and give the lock back."""
        if self._failure is None:
            self._failure = StoreError(f"{self.path} is closed", code="store_closed")
        try:
            if self._writer is not None:
                await asyncio.wait([self._writer])
        finally:
            try:
                with outside_work():
                    await self._connection.close()
            finally:
                self._lock.release()

    async def _find_tail(self) -> None:
        newest = await self._query("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
        if newest:
            self._seq, self._head = newest[0]

    async def _query(self, sql: str, parameters: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        try:
            with outside_work():
                return list(await self._connection.execute_fetchall(sql, parameters))
        except DATABASE_ERRORS as error:
            raise self._poison(error) from error

    async def _drain(self) -> None:
        """Write what waits, everything that fits into one commit at a time."""
        batch: list[_Append] = []
        try:
            while self._waiting:
                batch = self._take()
                await self._write(batch)
        except BaseException as error:
            # Whatever went wrong, cancellation included: no caller may wait for ever, and none
            # may believe in a write nobody saw succeed.
            self._poison(error)
            for append in (*batch, *self._waiting):
                _fail(append, self._failure)
            self._waiting.clear()
            if not isinstance(error, DATABASE_ERRORS):
                raise

    def _take(self) -> list[_Append]:
        batch = [self._waiting.popleft()]
        rows = len(batch[0].events)
        while self._waiting and rows + len(self._waiting[0].events) <= MAX_ROWS:
            rows += len(self._waiting[0].events)
            batch.append(self._waiting.popleft())
        return batch

    async def _write(self, batch: list[_Append]) -> None:
        """Commit the batch in one statement; if a row is refused, each append for itself.

        Raises:
            sqlite3.Error: the file failed; what it holds is unknown.
        """
        rows = self._rows(batch)
        try:
            with outside_work():
                # One hop: without a transaction of ours the statement is its own, committed
                # when it returns, and nothing of it stays if a row is refused.
                await self._connection.execute_fetchall(*chain.insertion(rows, MAX_ROWS))
        except sqlite3.IntegrityError as error:
            if len(batch) == 1:
                _fail(batch[0], _refusal(error))
                return
            for append in batch:
                await self._write([append])
            return
        self._seq, self._head = rows[-1].seq, rows[-1].hash
        seq = rows[0].seq
        for append in batch:
            facts = tuple(
                Fact(seq + i, append.at, event)  # type: ignore[arg-type]
                for i, event in enumerate(append.events)
            )
            seq += len(facts)
            if not append.written.done():
                append.written.set_result(facts)

    def _rows(self, batch: Iterable[_Append]) -> list[chain.Row]:
        seq, head = self._seq, self._head
        rows = []
        for append in batch:
            for kind, payload in append.encoded:
                seq += 1
                row = chain.chained(head, seq, append.at, kind, payload)
                head = row.hash
                rows.append(row)
        return rows

    def _poison(self, error: BaseException) -> StoreError:
        """Refuse every later write and return why; the first cause is kept."""
        if self._failure is None:
            if isinstance(error, DATABASE_ERRORS):
                self._failure = explain(error, self.path)
            else:
                self._failure = StoreError(
                    f"{self.path}: the write was interrupted ({type(error).__name__})",
                    hint="start again: the journal is read back and compared with the broker",
                )
        return self._failure


def _open_locked(path: Path, profile: str, lock: WriterLock) -> sqlite3.Connection:
    lock.acquire()
    try:
        connection = open_writer(path, JOURNAL)
        try:
            _claim(connection, path, profile)
            _check_tail(connection, path)
        except BaseException:
            connection.close()
            raise
    except DATABASE_ERRORS as error:
        lock.release()
        raise explain(error, path) from error
    except BaseException:
        lock.release()
        raise
    return connection


def _claim(connection: sqlite3.Connection, path: Path, profile: str) -> None:
    """Name the profile in a new journal; refuse the journal of another one."""
    owner = connection.execute("SELECT profile FROM about").fetchone()
    if owner is None:
        connection.execute("INSERT INTO about (id, profile) VALUES (1, ?)", (profile,))
    elif owner[0] != profile:
        raise StoreError(
            f"{path} is the journal of profile {owner[0]!r}, not of {profile!r}",
            hint=f"start with --profile {owner[0]}, or name another folder",
            code="store_profile",
        )


def _check_tail(connection: sqlite3.Connection, path: Path) -> None:
    count, newest = connection.execute("SELECT count(*), max(seq) FROM events").fetchone()
    if count != (newest or 0):
        raise _untrusted(path, newest, f"{(newest or 0) - count} rows before it are missing")
    rows = list(chain.read(connection, after=max(0, count - TAIL_ROWS)))
    head = rows[0].prev_hash if rows else chain.GENESIS
    if len(rows) == count:
        head = chain.GENESIS
    for seq, row in enumerate(rows, start=count - len(rows) + 1):
        if reason := chain.broken_by(row, head, seq):
            raise _untrusted(path, row.seq, reason)
        head = row.hash


def _untrusted(path: Path, seq: int, reason: str) -> StoreError:
    return StoreError(
        f"{path}: row {seq}: {reason}",
        hint="hedgetui journal verify lists every finding; restore a backup or move the file away",
        code="store_corrupt",
    )


def _refusal(error: sqlite3.IntegrityError) -> HedgetuiError:
    """Return what a refused row means to the one who wrote it.

    Raises:
        sqlite3.IntegrityError: the chain moved under us, so another writer is at the file.
    """
    reason = str(error)
    if reason.startswith("chain:") or "events.seq" in reason:
        raise error
    if "intents.account" in reason or reason.startswith("slot:"):
        return SlotTaken(
            "a live order already holds this account, strategy and instrument",
            hint="wait for its end, or resolve it if it is unknown",
            code="slot_taken",
        )
    if "actions.symbol" in reason or "actions.trade" in reason:
        return SlotTaken(
            "an action of this symbol is not over, or this one was planned before",
            hint="wait for its end, or resolve it if it is unknown",
            code="slot_taken",
        )
    used = ("intents.client_key", "intents.intent_id", "actions.action_id")
    if any(column in reason for column in used):
        return StoreError(
            "this order identity was used before; nothing was written", code="store_refused"
        )
    return StoreError(f"the journal refused a row: {reason}", code="store_refused")


def _fail(append: _Append, reason: HedgetuiError | None) -> None:
    if not append.written.done() and reason is not None:
        append.written.set_exception(reason)
