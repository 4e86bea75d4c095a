"""Killed at any moment, torn at any byte: what was acknowledged is there and the chain holds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.store.journal import Journal
from hedgetui.store.verify import verify
from tests.store.facts import NOON, order_life, with_journal

if TYPE_CHECKING:
    from hedgetui.domain.events import Fact

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KILLS = 10

_WRITER = """
import asyncio, os, sys
from pathlib import Path
from facts import NOON, moved, order_life
from hedgetui.store.journal import Journal
from hedgetui.store.projections import Projection

async def write(journal):
    epoch, crashed = await journal.begin_run(NOON)
    os.write(1, f"run {epoch} {int(crashed)}\\n".encode())
    book = Projection()
    for fact in await journal.facts():
        assert not list(book.apply(fact))
    for intent in book.intents.values():
        if intent.live:
            end = moved(intent.number, intent.state, "CANCELLED", intent.filled)
            await journal.append(NOON, [end])
    number = epoch * 1_000_000
    while True:
        number += 1
        for events in order_life(number):
            for fact in await journal.append(NOON, events):
                os.write(1, f"{fact.seq} {journal.head}\\n".encode())

async def main():
    journal = await Journal.open(Path(sys.argv[1]), profile="sim")
    try:
        await write(journal)
    finally:
        await journal.close()

asyncio.run(main())
"""


def _killed_writer(path: Path, lines: int) -> list[str]:
    """Let a process write until it acknowledged `lines` rows, kill it, return what it said."""
    # `facts` by its own folder: installed packages may bring a `tests` of theirs.
    environ = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(HERE)))}
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, env=environ, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        try:
            said = [process.stdout.readline().decode() for _ in range(lines)]
        finally:
            process.send_signal(signal.SIGKILL)
        said += process.stdout.read().decode().splitlines(keepends=True)
    assert process.returncode == -signal.SIGKILL
    return [line.strip() for line in said if line.endswith("\n")]


def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path: Path):
    path = tmp_path / "sim.db"
    chance = random.Random(20_251_119)  # noqa: S311 - repeatable on purpose
    acknowledged: list[tuple[int, str]] = []
    for kill in range(1, KILLS + 1):
        greeting, *said = _killed_writer(path, chance.randint(1, 60))
        assert greeting == f"run {kill} {int(kill > 1)}"
        acknowledged += [(int(seq), head) for seq, head in (line.split() for line in said)]
        report = verify(path)
        assert report.violations == ()
        assert report.rows >= max((seq for seq, _ in acknowledged), default=0)
    facts = with_journal(path, _facts)
    assert [fact.seq for fact in facts] == list(range(1, len(facts) + 1))
    assert {seq for seq, _ in acknowledged} <= {fact.seq for fact in facts}
    for _, head in acknowledged[-50:]:
        assert verify(path, known_head=head).ok


async def _facts(journal: Journal) -> tuple[Fact, ...]:
    return await journal.facts()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, tuple[Fact, ...]]:
    """Return database and write-ahead log as they are on disk while a desk runs."""
    path = tmp_path_factory.mktemp("running") / "sim.db"

    async def work(journal: Journal) -> tuple[bytes, bytes, tuple[Fact, ...]]:
        for number in range(1, 6):
            for events in order_life(number):
                await journal.append(NOON, events)
        wal = path.with_name("sim.db-wal")
        return path.read_bytes(), wal.read_bytes(), await journal.facts()

    return with_journal(path, work)


@given(st.integers(0, 2**31), st.integers(0, 3))
def test_a_torn_write_leaves_whole_appends_only(
    running: tuple[bytes, bytes, tuple[Fact, ...]],
    tmp_path_factory: pytest.TempPathFactory,
    cut: int,
    tear: int,
):
    """Power lost in the middle of a write: the log ends anywhere, its last sector is noise."""
    database, wal, facts = running
    path = tmp_path_factory.mktemp("torn") / "sim.db"
    path.write_bytes(database)
    kept = bytearray(wal[: cut % (len(wal) + 1)])
    if tear and kept:
        kept[-512 * tear :] = bytes(min(len(kept), 512 * tear))
    path.with_name("sim.db-wal").write_bytes(kept)
    found = with_journal(path, _facts)
    assert found == facts[: len(found)]
    assert len(found) % 4 != 3, "the fill and its move are one append"
    assert verify(path).violations == ()
    if len(kept) == len(wal) and not tear:
        assert found == facts
