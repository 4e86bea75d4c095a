"""The log never makes anyone wait, never stops the desk and never grows without end."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

import pytest

from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp
from hedgetui.ports.journal import LogRecord, Sample
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.store import log_store
from hedgetui.store.log_store import FLUSH_ROWS, FLUSH_SECONDS, RETRY_SECONDS, LogStore
from hedgetui.store.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

T = TypeVar("T")


def line(number: int, text: str = "", at: float | None = None) -> LogRecord:
    """Return one log line."""
    moment = Timestamp(float(number) if at is None else at)
    return LogRecord(moment, "info", text or f"line {number}", why=f"because {number}")


def sample(number: int) -> Sample:
    """Return one sample."""
    return Sample(Timestamp(float(number)), 6_700.0, 27.5, 2.5, -130.0)


def on_log(
    path: Path, work: Callable[[LogStore], Awaitable[T]], retention: Retention | None = None
) -> T:
    """Run `work` on a log in virtual time and close it."""

    async def main() -> T:
        log = await LogStore.open(path, retention=retention)
        try:
            return await work(log)
        finally:
            await log.close()

    return run_virtual(main)


def _texts(records: tuple[LogRecord, ...]) -> list[str]:
    return [record.text for record in records]


def _stored(path: Path, table: str = "log") -> int:
    with closing(sqlite3.connect(path)) as connection:
        count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
    return count


def test_lines_get_a_place_and_survive_a_restart(tmp_path: Path):
    async def write(log: LogStore) -> None:
        for number in range(1, 6):
            log.write(line(number))
        assert [record.seq for record in await log.tail(2)] == [4, 5]

    async def read(log: LogStore) -> None:
        assert _texts(await log.tail(3)) == ["line 3", "line 4", "line 5"]
        assert _texts(await log.tail(2, before=4)) == ["line 2", "line 3"]
        assert await log.tail(0) == ()
        (found,) = await log.tail(1)
        assert found == LogRecord(Timestamp(5.0), "info", "line 5", "because 5", 5)

    on_log(tmp_path / "log.db", write)
    on_log(tmp_path / "log.db", read)


def test_a_line_is_on_disk_half_a_second_later(tmp_path: Path):
    path = tmp_path / "log.db"

    async def work(log: LogStore) -> None:
        log.write(line(1))
        await asyncio.sleep(FLUSH_SECONDS * 0.9)
        assert _stored(path) == 0
        await asyncio.sleep(FLUSH_SECONDS * 0.2)
        assert _stored(path) == 1

    on_log(path, work)


def test_many_lines_are_written_at_once(tmp_path: Path):
    path = tmp_path / "log.db"

    async def work(log: LogStore) -> None:
        for number in range(FLUSH_ROWS):
            log.write(line(number))
        assert log._task is not None
        await log._task
        assert _stored(path) == FLUSH_ROWS
        assert asyncio.get_running_loop().time() == 0.0

    on_log(path, work)


def test_search_takes_the_text_literally_and_in_either_case(tmp_path: Path):
    async def work(log: LogStore) -> None:
        for number, text in enumerate(("Hedge 50% done", "hedge 501", "under_score", "a!b"), 1):
            log.write(line(number, text))
        assert _texts(await log.search("HEDGE")) == ["Hedge 50% done", "hedge 501"]
        assert _texts(await log.search("50%")) == ["Hedge 50% done"]
        assert _texts(await log.search("r_s")) == ["under_score"]
        assert _texts(await log.search("!")) == ["a!b"]
        assert _texts(await log.search("because 3")) == ["under_score"]
        assert _texts(await log.search("hedge", limit=1)) == ["hedge 501"]
        assert await log.search("'; DROP TABLE log; --") == ()

    on_log(tmp_path / "log.db", work)


def test_samples_come_back_from_a_time_on_and_a_gap_stays_a_gap(tmp_path: Path):
    async def work(log: LogStore) -> None:
        for number in range(5):
            log.sample(sample(number))
        assert await log.samples(Timestamp(3.0)) == (sample(3), sample(4))
        log.sample(Sample(Timestamp(9.0), math.nan, 1.0, 2.0, 3.0))
        (gap,) = await log.samples(Timestamp(9.0))
        assert math.isnan(gap.index_level)
        assert (gap.option_delta, gap.net_delta, gap.net_pnl) == (1.0, 2.0, 3.0)

    on_log(tmp_path / "log.db", work)


def test_a_full_queue_gives_up_the_oldest_samples_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(log_store, "QUEUE_ROWS", 10)

    async def work(log: LogStore) -> None:
        for number in range(6):
            log.sample(sample(number))
        for number in range(12):
            log.write(line(number))
        assert log.dropped == 8
        assert len(await log.samples(Timestamp(0.0))) == 0
        assert _texts(await log.tail(99)) == [f"line {number}" for number in range(2, 12)]

    on_log(tmp_path / "log.db", work)


def test_a_failing_disk_raises_a_flag_and_keeps_the_lines_until_it_works(tmp_path: Path):
    path = tmp_path / "log.db"

    async def work(log: LogStore) -> None:
        await log._rows("PRAGMA query_only = ON", ())
        log.write(line(1))
        log.sample(sample(1))
        await asyncio.sleep(1.0)
        assert "read-only" in log.failed
        log.write(line(2))
        await log._rows("PRAGMA query_only = OFF", ())
        await asyncio.sleep(RETRY_SECONDS + 1.0)
        assert log.failed == ""
        assert _texts(await log.tail(9)) == ["line 1", "line 2"]
        assert _stored(path, "samples") == 1
        assert log.dropped == 0

    on_log(path, work)


def test_a_log_that_cannot_be_opened_is_a_flag_and_not_an_end(tmp_path: Path):
    path = tmp_path / "log.db"
    path.write_bytes(b"no database " * 500)

    async def work(log: LogStore) -> None:
        assert "damaged" in log.failed
        log.write(line(1))
        log.sample(sample(1))
        await log.flush()
        assert _texts(await log.tail(5)) == ["line 1"]
        assert await log.search("line") == ()
        assert await log.samples(Timestamp(0.0)) == ()

    on_log(path, work)
    assert path.read_bytes() == b"no database " * 500


def test_close_writes_what_is_queued(tmp_path: Path):
    path = tmp_path / "log.db"

    async def work(log: LogStore) -> None:
        for number in range(FLUSH_ROWS * 2 + 7):
            log.write(line(number))

    on_log(path, work)
    assert _stored(path) == FLUSH_ROWS * 2 + 7


def test_old_and_many_lines_are_pruned_but_a_place_is_never_given_twice(tmp_path: Path):
    path = tmp_path / "log.db"

    async def write(log: LogStore) -> None:
        log.write(line(0, "long ago", at=0.0))
        for number in range(1, 21):
            log.write(line(number, at=40 * SECONDS_PER_DAY + number))
            log.sample(sample(number))

    async def read(log: LogStore) -> list[int]:
        log.write(line(99, at=40 * SECONDS_PER_DAY + 99))
        return [record.seq for record in await log.tail(99)]

    on_log(path, write, Retention(days=30, lines=1_000, samples=5))
    assert (_stored(path), _stored(path, "samples")) == (20, 5)
    assert on_log(path, read, Retention(days=30, lines=3)) == [20, 21, 22]


def test_the_same_run_writes_the_same_log(tmp_path: Path):
    async def work(log: LogStore) -> tuple[LogRecord, ...]:
        for number in range(1_000):
            log.write(line(number))
            await asyncio.sleep(0.01)
        return await log.tail(1_000)

    assert on_log(tmp_path / "a.db", work) == on_log(tmp_path / "b.db", work)
