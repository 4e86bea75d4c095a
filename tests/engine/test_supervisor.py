"""Workers: none dies silently, none is given up for old deaths."""

from __future__ import annotations

import asyncio

import pytest

from hedgetui.domain.errors import StoreError
from hedgetui.domain.units import Timestamp
from hedgetui.engine.supervisor import Supervisor
from hedgetui.engine.timers import Timers
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.virtual_loop import run_virtual


def _run(worker_of, seconds: float) -> tuple[list[str], dict[str, str], int]:
    notes: list[str] = []
    calls = 0

    async def main() -> tuple[list[str], dict[str, str], int]:
        clock = LoopClock(Timestamp(0.0))

        async def died(name: str, why: str) -> None:
            notes.append(f"{name}: {why}")

        supervisor = Supervisor(clock, died)
        work = worker_of(clock)

        async def worker() -> None:
            nonlocal calls
            calls += 1
            await work()

        supervisor.start("w", worker)
        await clock.sleep(seconds)
        down = dict(supervisor.down)
        await supervisor.stop()
        return notes, down, calls

    return run_virtual(main)


def test_a_worker_that_dies_is_announced_and_tried_five_times() -> None:
    def of(_: LoopClock):
        async def work() -> None:
            raise ValueError("boom")

        return work

    notes, down, calls = _run(of, 600)
    assert calls == len(notes) == 5
    assert notes[0].startswith("w: ValueError: boom (work, line ")
    assert "boom" in down["w"]


def test_deaths_long_ago_are_forgiven() -> None:
    def of(clock: LoopClock):
        async def work() -> None:
            await clock.sleep(700)
            raise ValueError("now and then")

        return work

    notes, down, calls = _run(of, 70 * 710)
    assert calls > 60
    assert len(notes) == calls - 1
    assert down == {}


@pytest.mark.parametrize("fatal", [True, False])
def test_a_lost_journal_ends_a_worker_and_so_does_its_own_end(fatal) -> None:
    def of(_: LoopClock):
        async def work() -> None:
            if fatal:
                raise StoreError("disk full")

        return work

    notes, down, calls = _run(of, 60)
    assert (calls, notes) == (1, [])
    assert down == ({"w": "disk full"} if fatal else {})


def test_timers_leave_nothing_behind() -> None:
    async def main() -> list[str]:
        clock, done = LoopClock(Timestamp(0.0)), []

        async def work(name: str, seconds: float = 0.0, fails: bool = False) -> None:
            await clock.sleep(seconds)
            if fails:
                raise StoreError("closed")
            done.append(name)

        timers = Timers(clock)
        timers.after(1, lambda: work("early"))
        timers.after(2, lambda: work("long", 10))
        timers.after(2, lambda: work("failing", 0, fails=True))
        timers.after(30, lambda: work("late"))
        await clock.sleep(3)
        await timers.close()
        timers.after(1, lambda: work("never"))
        await clock.sleep(60)
        assert len(asyncio.all_tasks()) == 1
        return done

    assert run_virtual(main) == ["early", "long"]
