"""One writer per journal, and a lock nobody has to clean up after."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hedgetui.domain.errors import StoreError
from hedgetui.store.journal import Journal
from hedgetui.store.lock import WriterLock
from tests.store.facts import with_journal

ROOT = Path(__file__).parents[2]

_HOLDER = """
import sys
from pathlib import Path
from hedgetui.store.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_writer_is_told_who_the_first_one_is(tmp_path: Path):
    path = tmp_path / "sim.db"

    async def main() -> StoreError:
        journal = await Journal.open(path, profile="sim")
        try:
            with pytest.raises(StoreError) as caught:
                await Journal.open(path, profile="sim")
        finally:
            await journal.close()
        return caught.value

    error = asyncio.run(main())
    assert f"process {os.getpid()} on " in error.message
    assert error.code == "store_locked"
    assert error.hint
    with_journal(path, Journal.facts)


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path):
    path = tmp_path / "sim.db"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        lock = WriterLock(path)
        with pytest.raises(StoreError, match=f"process {holder.pid} on "):
            lock.acquire()
        assert not lock.held
        holder.send_signal(signal.SIGKILL)
    lock.acquire()
    assert lock.held
    lock.release()
    lock.release()
    assert not lock.held


def test_a_refused_journal_does_not_keep_the_lock(tmp_path: Path):
    path = tmp_path / "sim.db"
    path.write_bytes(b"not a database" * 500)
    with pytest.raises(StoreError):
        with_journal(path, Journal.facts)
    lock = WriterLock(path)
    lock.acquire()
    lock.release()


def test_a_lock_file_with_foreign_words_is_not_quoted(tmp_path: Path):
    first, second = WriterLock(tmp_path / "sim.db"), WriterLock(tmp_path / "sim.db")
    first.acquire()
    first.path.write_bytes(b"\x1b[31mred\xff")
    with pytest.raises(StoreError, match="another process") as caught:
        second.acquire()
    first.release()
    assert caught.value.message.isprintable()


def test_a_linked_lock_file_is_refused(tmp_path: Path):
    (tmp_path / "sim.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="symbolic link"):
        WriterLock(tmp_path / "sim.db").acquire()
    assert not (tmp_path / "elsewhere").exists()
