"""Full disks, foreign files, schemas from tomorrow: refuse, explain, lose nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.errors import StoreError
from hedgetui.domain.events import EngineStopped
from hedgetui.store import chain, export
from hedgetui.store.connection import JOURNAL, migrations, open_reader, open_writer
from hedgetui.store.journal import TAIL_ROWS, Journal
from hedgetui.store.verify import verify
from tests.store.facts import NOON, ordinary_user, recorded, with_journal, write_orders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hedgetui.domain.events import Fact


async def _facts(journal: Journal) -> tuple[Fact, ...]:
    return await journal.facts()


def _refused(path: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        with_journal(path, _facts)
    assert caught.value.hint or caught.value.code == "store"
    return caught.value


@pytest.mark.parametrize(
    ("pragma", "code"),
    [
        ("PRAGMA max_page_count = 1", "store_full"),
        ("PRAGMA query_only = ON", "store_read_only"),
    ],
)
def test_after_a_failed_write_nothing_more_is_written_and_all_old_facts_stay(
    tmp_path: Path, pragma: str, code: str
):
    path = tmp_path / "sim.db"
    write_orders(path, 2)

    async def work(journal: Journal) -> None:
        await journal._query(pragma)
        big = [EngineStopped("x" * 20_000)]
        outcomes = await asyncio.gather(
            journal.append(NOON, big), journal.append(NOON, big), return_exceptions=True
        )
        assert [getattr(outcome, "code", "") for outcome in outcomes] == [code, code]
        with pytest.raises(StoreError):
            await journal.append(NOON, [recorded(9)])
        assert journal.failure is not None

    with_journal(path, work)
    report = verify(path)
    assert (report.rows, report.violations) == (8, ())


def test_a_file_held_by_another_program_halts_the_journal(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def work(journal: Journal) -> None:
        await journal._query("PRAGMA busy_timeout = 0")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="held by another program"):
                await journal.append(NOON, [recorded(1)])
        with pytest.raises(StoreError, match="held by another program"):
            await journal.append(NOON, [recorded(1)])

    with_journal(path, work)
    assert verify(path).rows == 0


def test_a_second_writer_at_the_file_halts_the_journal(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def work(journal: Journal) -> None:
        await journal.append(NOON, [recorded(1)])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute(
                "INSERT INTO events SELECT 2, 1.0, 'X', '{}', hash, 'intruder' FROM events"
            )
        with pytest.raises(StoreError):
            await journal.append(NOON, [recorded(2)])
        assert journal.failure is not None

    with_journal(path, work)
    assert [violation.seq for violation in verify(path).violations] == [2, 2]


def test_files_and_folder_are_private_and_a_loose_mode_is_narrowed(tmp_path: Path):
    path = tmp_path / "new" / "sim.db"
    modes: dict[str, int] = {}

    async def work(journal: Journal) -> None:
        await journal.append(NOON, [recorded(1)])
        for file in path.parent.iterdir():
            modes[file.name] = stat.S_IMODE(file.stat().st_mode)

    before = os.umask(0)
    try:
        with_journal(path, work)
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("sim.db", "sim.db-wal", "sim.db-shm", "sim.lock"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    with_journal(path, _facts)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_symbolic_link_is_refused(tmp_path: Path):
    real = tmp_path / "real.db"
    write_orders(real, 1)
    (tmp_path / "sim.db").symlink_to(real)
    assert _refused(tmp_path / "sim.db").code == "store_symlink"
    assert verify(real).ok


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_not_a_file_is_refused(tmp_path: Path, kind: str):
    path = tmp_path / "sim.db"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    _refused(path)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Yield a folder that an ordinary user can reach; pytest's own are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("target", ["file", "folder"])
def test_a_read_only_file_or_folder_is_refused_and_can_still_be_verified(
    open_folder: Path, target: str
):
    path = open_folder / "sim.db"
    write_orders(path, 1)
    for file in (path, path.with_suffix(".lock"), open_folder):
        if os.geteuid() == 0:
            os.chown(file, 65_534, 65_534)
    if target == "file":
        path.chmod(0o400)
    else:
        path.with_suffix(".lock").unlink()
        open_folder.chmod(0o500)
    with ordinary_user():
        assert _refused(path).code == "store_read_only"
        assert verify(path).ok
    open_folder.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_refused(tmp_path: Path):
    path = tmp_path / "sim.db"
    write_orders(path, 1)
    os.chown(path, 65_534, 65_534)
    assert _refused(path).code == "store_owner"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"garbage!" * 512 + data[4_096:],
        lambda data: data[: len(data) // 2],
        lambda data: data[:50],
        lambda data: data[:4_096] + b"\xff" * (len(data) - 4_096),
    ],
    ids=["header", "half", "stub", "pages"],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, damage):
    path = tmp_path / "sim.db"
    write_orders(path, 40)
    broken = damage(path.read_bytes())
    path.write_bytes(broken)
    assert _refused(path).code == "store_corrupt"
    assert path.read_bytes() == broken


@given(st.integers(0, 2**31), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_harmless_but_never_read_as_truth(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int
):
    path, facts = _sample(tmp_path_factory)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= change
    target = tmp_path_factory.mktemp("flip") / "sim.db"
    target.write_bytes(data)
    verified = _head_or_none(target)
    assert verified in {None, _head_or_none(path)}
    try:
        found = with_journal(target, _facts)
    except StoreError:
        return
    assert found == facts


def _head_or_none(path: Path) -> str | None:
    """Return the head of a journal without findings."""
    try:
        report = verify(path)
    except StoreError:
        return None
    return report.head if report.ok else None


_SAMPLES: dict[str, tuple[Path, tuple[Fact, ...]]] = {}


def _sample(factory: pytest.TempPathFactory) -> tuple[Path, tuple[Fact, ...]]:
    """Return one closed journal and its facts, made once."""
    if "" not in _SAMPLES:
        path = factory.mktemp("sample") / "sim.db"
        write_orders(path, 10)
        _SAMPLES[""] = path, with_journal(path, _facts)
    return _SAMPLES[""]


def test_a_newer_schema_is_refused(tmp_path: Path):
    path = tmp_path / "sim.db"
    write_orders(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert _refused(path).code == "store_newer"


def test_a_database_of_another_program_is_refused(tmp_path: Path):
    path = tmp_path / "sim.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (id)")
    assert _refused(path).code == "store_foreign"


def test_the_journal_of_another_profile_is_refused(tmp_path: Path):
    path = tmp_path / "sim.db"
    write_orders(path, 1)
    with pytest.raises(StoreError, match="profile 'sim'"):
        asyncio.run(Journal.open(path, profile="live"))
    with_journal(path, _facts)


def test_a_missing_trigger_is_refused(tmp_path: Path):
    path = tmp_path / "sim.db"
    write_orders(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER events_never_change")
    assert "events_never_change" in str(_refused(path))


def test_an_edited_row_is_found_at_start_or_at_the_first_reading(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def fill_up(journal: Journal) -> None:
        await journal.append(NOON, [EngineStopped(str(n)) for n in range(TAIL_ROWS + 20)])

    with_journal(path, fill_up)
    for seq in (5, TAIL_ROWS + 5):
        edited = tmp_path / f"edited{seq}.db"
        edited.write_bytes(path.read_bytes())
        with closing(sqlite3.connect(edited, isolation_level=None)) as connection:
            text = connection.execute(
                "SELECT sql FROM sqlite_master WHERE name = 'events_never_change'"
            ).fetchone()[0]
            connection.execute("DROP TRIGGER events_never_change")
            connection.execute("UPDATE events SET at = at + 1 WHERE seq = ?", (seq,))
            connection.execute(text)
        assert f"row {seq}:" in str(_refused(edited))


def test_a_row_this_version_cannot_read_is_named(tmp_path: Path):
    path = tmp_path / "sim.db"
    write_orders(path, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (head,) = connection.execute("SELECT hash FROM events WHERE seq = 4").fetchone()
        future = chain.chained(head, 5, NOON, "MoonPhaseChanged", "{}")
        connection.execute("INSERT INTO events VALUES (?,?,?,?,?,?)", future)
    assert "row 5: unknown kind 'MoonPhaseChanged'" in str(_refused(path))


def test_an_interrupted_writer_leaves_nobody_waiting_and_claims_nothing(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def work(journal: Journal) -> None:
        first = asyncio.ensure_future(journal.append(NOON, [recorded(1)]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert journal._writer is not None
        second = asyncio.ensure_future(journal.append(NOON, [recorded(2, slot="S2")]))
        await asyncio.sleep(0)
        journal._writer.cancel()
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreError, StoreError]
        with pytest.raises(StoreError, match="interrupted"):
            await journal.begin_run(NOON)

    with_journal(path, work)
    assert verify(path).ok


def test_reading_a_failing_file_halts_the_journal(tmp_path: Path):
    async def work(journal: Journal) -> None:
        with pytest.raises(StoreError):
            await journal._query("SELECT * FROM nowhere")
        with pytest.raises(StoreError):
            await journal.append(NOON, [recorded(1)])

    with_journal(tmp_path / "sim.db", work)


def test_a_database_without_the_rows_table_cannot_be_exported(tmp_path: Path):
    path = tmp_path / "sim.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (id)")
    with pytest.raises(StoreError):
        list(export.rows(path))


_MORE = "CREATE TABLE more (id INTEGER PRIMARY KEY);"


def test_an_upgrade_keeps_a_copy_of_the_old_file(tmp_path: Path):
    path = tmp_path / "sim.db"
    write_orders(path, 1)
    scripts = (*migrations(JOURNAL), _MORE)
    with closing(open_writer(path, JOURNAL, scripts)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(scripts),)
    copy = tmp_path / f"sim.db.v{len(scripts) - 1}.bak"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert verify(copy).ok
    assert _refused(path).code == "store_newer"


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path):
    path = tmp_path / "sim.db"
    write_orders(path, 1)
    with pytest.raises(StoreError):
        open_writer(path, JOURNAL, (*migrations(JOURNAL), _MORE + "CREATE TABLE events (x);"))
    with_journal(path, _facts)
    assert verify(path).ok


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(StoreError, match="does not exist"):
        open_reader(tmp_path / "none.db")
