"""How a database file is created, opened, upgraded and what its failures mean in words.

A journal that is opened carelessly is worse than none: it may be somebody else's file behind a
symbolic link, readable by the whole machine, half a schema or silently damaged. Every check happens
here, before the first row, and every refusal is a `StoreError` that says what to do and leaves the
file as it was. All but `connect` is synchronous and runs on the connection's own thread.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import aiosqlite

from hedgetui.domain.errors import StoreError
from hedgetui.ports.clock import outside_work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700
BUSY_TIMEOUT_MS = 5_000
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file may raise: broken text surfaces as either of them."""

_UPGRADE_HINT = "upgrade hedgetui, or name another folder with store.directory"
_DAMAGED_HINT = "nothing was changed: keep a copy, move the file away or restore a backup"


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of database file."""

    name: str
    """Prefix of its migrations: `journal` or `log`."""
    application_id: int
    """Mark in the file header, so that a foreign database is never written to."""
    synchronous: str
    """`FULL` commits to the disk, `NORMAL` may lose the last commits at a power failure."""


JOURNAL = Schema("journal", 0x4854_554A, "FULL")
LOG = Schema("log", 0x4854_554C, "NORMAL")


def migrations(schema: Schema) -> tuple[str, ...]:
    """Return the schema's migration scripts, oldest first; script k leads to version k."""
    folder = resources.files(__package__).joinpath("migrations")
    names = sorted(
        entry.name for entry in folder.iterdir() if entry.name.startswith(f"{schema.name}_")
    )
    return tuple(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


async def connect(opening: Callable[[], sqlite3.Connection]) -> aiosqlite.Connection:
    """Run `opening` on a new connection thread and return the connection.

    aiosqlite forgets its stopping thread when opening raises, and the thread then calls back into
    a loop that may be closed. So a failure waits in the wings: an empty connection takes the place
    of the failed one and is closed like any other.

    Raises:
        StoreError: as `opening` raised it.
    """
    failures: list[Exception] = []

    def attempt() -> sqlite3.Connection:
        try:
            return opening()
        except Exception as failure:  # noqa: BLE001 - raised below, on the loop's side
            failures.append(failure)
            return sqlite3.connect(":memory:")

    with outside_work():
        connection = await aiosqlite.Connection(attempt, 64)
        if failures:
            await connection.close()
            raise failures[0]
    return connection


def open_writer(
    path: Path, schema: Schema, scripts: Sequence[str] | None = None
) -> sqlite3.Connection:
    """Return a checked, upgraded read-write connection in autocommit mode.

    Creates the file with mode 0600, in a folder with mode 0700 if that is missing too. `scripts`
    replaces the packaged migrations.

    Raises:
        StoreError: the file cannot be used; it has not been changed.
    """
    prepare_file(path)
    try:
        connection = sqlite3.connect(path, isolation_level=None)
    except DATABASE_ERRORS as error:
        raise explain(error, path) from error
    try:
        _configure(connection, schema)
        _check(connection, path, schema)
        steps = migrations(schema) if scripts is None else scripts
        _upgrade(connection, path, schema, steps)
        _trust(connection, path, steps)
    except DATABASE_ERRORS as error:
        connection.close()
        raise explain(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a read-only connection that never disturbs a running writer.

    Raises:
        StoreError: the file is missing or is not a database.
    """
    if not path.is_file():
        raise StoreError(f"{path} does not exist", hint="run hedgetui once, or check the profile")
    address = path.resolve().as_uri() + "?mode=ro"
    try:
        return _connect_to_read(address)
    except DATABASE_ERRORS as error:
        if path.with_name(f"{path.name}-wal").exists():
            raise explain(error, path) from error
    try:
        # SQLite wants to make its shared-memory file even to read. Where it may not, nobody
        # writes either: a journal without a write-ahead log is complete in itself.
        return _connect_to_read(address + "&immutable=1")
    except DATABASE_ERRORS as error:
        raise explain(error, path) from error


def _connect_to_read(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def prepare_file(path: Path) -> None:
    """Create `path` for its owner only, or make an existing file of ours private.

    Raises:
        StoreError: a symbolic link, not a regular file, another user's, or not writable.
    """
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _require_ours(path.parent.stat(), path.parent)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags, FILE_MODE)
    except OSError as error:
        raise explain_os(error, path) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{path} is not a regular file", hint="move it away")
        _require_ours(status, path)
        if stat.S_IMODE(status.st_mode) != FILE_MODE:
            os.fchmod(descriptor, FILE_MODE)
    finally:
        os.close(descriptor)


def explain(error: Exception, path: Path) -> StoreError:
    """Return the sentence for a database error; `code` tells scripts which one it is."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if "decode" in str(error):
        name = "SQLITE_CORRUPT"
    for prefix, code, words, hint in _WORDS:
        if name.startswith(prefix):
            return StoreError(f"{path} {words}", hint=hint, code=code)
    return StoreError(f"{path} failed: {error}", hint="check the disk, then start again")


_WORDS = (
    ("SQLITE_FULL", "store_full", "cannot grow: the disk is full",
     "free some space, then start again; nothing already written is lost"),
    ("SQLITE_READONLY", "store_read_only", "is read-only",
     "make the file and its folder writable for you"),
    ("SQLITE_CANTOPEN", "store_read_only", "cannot be opened",
     "make the file and its folder readable and writable for you"),
    ("SQLITE_NOTADB", "store_corrupt", "is not a hedgetui database or is damaged", _DAMAGED_HINT),
    ("SQLITE_CORRUPT", "store_corrupt", "is damaged", _DAMAGED_HINT),
    ("SQLITE_BUSY", "store_locked", "is held by another program",
     "close the program that has it open (a backup, a database browser)"),
    ("SQLITE_LOCKED", "store_locked", "is held by another program",
     "close the program that has it open (a backup, a database browser)"),
    ("SQLITE_IOERR", "store_io", "cannot be read or written: the disk reports an error",
     "check the disk before trading on"),
)  # fmt: skip


def explain_os(error: OSError, path: Path) -> StoreError:
    """Return the sentence for an operating system error on the file or its folder."""
    if error.errno in {errno.ELOOP, errno.EMLINK}:
        return StoreError(
            f"{path} is a symbolic link", hint="name the real file", code="store_symlink"
        )
    if error.errno == errno.ENOSPC:
        return StoreError(f"{path} cannot grow: the disk is full", hint="free some space",
                          code="store_full")  # fmt: skip
    return StoreError(
        f"{path} cannot be opened: {error.strerror}",
        hint="make the file and its folder writable for you, or set store.directory",
        code="store_read_only",
    )


def _require_ours(status: os.stat_result, path: Path) -> None:
    if status.st_uid != os.geteuid():
        raise StoreError(
            f"{path} belongs to another user",
            hint="set store.directory to a folder of your own",
            code="store_owner",
        )


def _configure(connection: sqlite3.Connection, schema: Schema) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA foreign_keys=ON")
    # Without it INSERT OR REPLACE walks past the triggers that forbid a deletion.
    connection.execute("PRAGMA recursive_triggers=ON")
    connection.execute(f"PRAGMA synchronous={schema.synchronous}")


def _check(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Refuse a damaged or foreign file before anything, the journal mode included, is written."""
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StoreError(f"{path} is damaged: {verdict}", hint=_DAMAGED_HINT, code="store_corrupt")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and mark != schema.application_id:
        raise StoreError(
            f"{path} is not a hedgetui {schema.name}", hint="move it away", code="store_foreign"
        )
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError(
            f"{path} lies on a file system without write-ahead logging",
            hint="set store.directory to a local disk",
            code="store_io",
        )


def _upgrade(
    connection: sqlite3.Connection, path: Path, schema: Schema, scripts: Sequence[str]
) -> None:
    """Bring the file to the newest version, each step in one transaction, a copy made first."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(scripts):
        raise StoreError(
            f"{path} was written by a newer hedgetui (schema {version}, this one knows"
            f" {len(scripts)})",
            hint=_UPGRADE_HINT,
            code="store_newer",
        )
    if 0 < version < len(scripts):
        _keep_copy(connection, path.with_name(f"{path.name}.v{version}.bak"))
    for number, script in enumerate(scripts[version:], start=version + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id={schema.application_id};\n{script};\n"
                f"PRAGMA user_version={number}; COMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def schema_changes(connection: sqlite3.Connection, scripts: Sequence[str]) -> list[str]:
    """Return the tables, indexes and triggers that are not as `scripts` make them."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        for script in scripts:
            fresh.executescript(script)
        expected = _objects(fresh)
    found = _objects(connection)
    return sorted(name for name, _ in expected.items() ^ found.items())


def _objects(connection: sqlite3.Connection) -> dict[str, str]:
    own = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'"
    return dict(connection.execute(own))


def _trust(connection: sqlite3.Connection, path: Path, scripts: Sequence[str]) -> None:
    """Let our triggers run, after every one of them was compared with the shipped text.

    SQLite before 3.41 counts its JSON functions as unsafe in a schema it may not trust.
    """
    if changed := schema_changes(connection, scripts):
        raise StoreError(
            f"{path}: {changed[0]} is missing or was changed",
            hint=_DAMAGED_HINT,
            code="store_corrupt",
        )
    connection.execute("PRAGMA trusted_schema=ON")


def _keep_copy(connection: sqlite3.Connection, target: Path) -> None:
    prepare_file(target)
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
