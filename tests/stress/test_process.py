"""The worker process of stress tests: the same figures, and nothing left behind however it ends."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hedgetui.adapters.stress_process.process import StressProcess
from hedgetui.domain.errors import DataError, HedgetuiError
from hedgetui.domain.stress.book import StressBook
from hedgetui.domain.stress.figures import histogram
from hedgetui.domain.stress.grid import scenario_grid
from hedgetui.domain.stress.monte_carlo import simulate
from hedgetui.domain.stress.paths import MOST_PATHS, StressSettings
from hedgetui.domain.stress.regimes import REGIMES
from hedgetui.simulation.virtual_loop import run_virtual
from tests.stress.books import random_book, shares

SHORT = StressSettings(REGIMES["RISK_OFF"], 2_500, 0.1)
ENDLESS = replace(SHORT, paths=MOST_PATHS)
BOOK = random_book(np.random.default_rng(3))
EMPTY = StressBook((), ())
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="asks /proc")

ROOT = Path(__file__).resolve().parents[2]
DESK = """
import asyncio
from hedgetui.adapters.stress_process.process import StressProcess
from hedgetui.domain.stress.book import Holding, StressBook, Underlying
from hedgetui.domain.stress.paths import MOST_PATHS, StressSettings
from hedgetui.domain.stress.regimes import REGIMES

async def main():
    book = StressBook((Underlying("SPY", 600.0),), (Holding("SPY", "SPY", 1.0),))
    settings = StressSettings(REGIMES["ALL"], MOST_PATHS)
    runner = StressProcess()
    await runner.run(book, settings, lambda *_: print(runner.pid, flush=True))

asyncio.run(main())
"""


def unheard(*_):
    pass


def on_a_worker(work, **settings):
    """Run `work(runner)` on virtual time and close the runner."""

    async def session():
        runner = StressProcess(**settings)
        try:
            return await work(runner)
        finally:
            await runner.close()

    return run_virtual(session)


def gone(pid):
    """Whether nothing is left of a process, not even a zombie."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


async def in_the_middle(runner, do):
    """Start a test that would take a minute, and `do(task)` once it has got somewhere."""
    loop = asyncio.get_running_loop()
    begun = loop.create_future()
    task = asyncio.create_task(
        runner.run(BOOK, ENDLESS, lambda *_: begun.done() or begun.set_result(runner.pid))
    )
    pid = await begun
    do(task)
    with suppress(asyncio.CancelledError, HedgetuiError):
        await task
    return pid, task


def test_the_answer_is_that_of_this_process_to_the_bit():
    told = []

    async def both(runner):
        began = asyncio.get_running_loop().time()
        wanted = runner.run(BOOK, SHORT, lambda done, paths: told.append((done, paths)))
        found = await asyncio.gather(wanted, runner.cvars([BOOK, EMPTY, shares()], SHORT))
        assert asyncio.get_running_loop().time() == began  # a virtual clock stands still
        return found

    answer, cvars = on_a_worker(both)
    mine, grid = simulate(BOOK, SHORT), scenario_grid(BOOK)
    assert answer.result.profits.tobytes() == mine.profits.tobytes()
    for part in ("figures", "risk", "blame", "scenarios"):
        assert getattr(answer.result, part) == getattr(mine, part)
    assert answer.grid.profits.tobytes() == grid.profits.tobytes()
    edges, counts = histogram(mine.profits)
    assert (answer.edges, answer.bins) == (tuple(edges), tuple(counts))
    assert told == [(1_000, 2_500), (2_000, 2_500), (2_500, 2_500)]
    assert cvars == (mine.figures.cvar95, 0.0, simulate(shares(), SHORT).figures.cvar95)


def test_cancelling_ends_the_work_and_the_next_test_has_a_new_process():
    async def work(runner):
        pid, task = await in_the_middle(runner, lambda task: task.cancel())
        assert task.cancelled()
        assert gone(pid)
        await runner.run(BOOK, SHORT, unheard)
        assert runner.pid != pid

    on_a_worker(work)


def test_a_killed_worker_is_said_and_the_next_test_works():
    def kill(pid):
        os.kill(pid, signal.SIGKILL)

    async def work(runner):
        pid, task = await in_the_middle(runner, lambda _: kill(runner.pid))
        with pytest.raises(HedgetuiError, match="ended by SIGKILL") as error:
            task.result()
        assert "memory" in error.value.hint
        assert gone(pid)
        await runner.run(BOOK, SHORT, unheard)
        idle = os.pidfd_open(runner.pid)
        kill(runner.pid)
        select.select([idle], [], [], 10)  # died while it had nothing to do
        os.close(idle)
        await runner.run(BOOK, SHORT, unheard)

    on_a_worker(work)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd_open")
def test_it_dies_with_a_desk_that_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", DESK], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as desk:
        worker = os.pidfd_open(int(desk.stdout.readline()))
        desk.kill()
    ended, _, _ = select.select([worker], [], [], 20)
    os.close(worker)
    assert ended


def test_an_error_comes_back_as_itself_and_the_worker_stays():
    async def work(runner):
        with pytest.raises(DataError, match="holds nothing"):
            await runner.run(EMPTY, SHORT, unheard)
        pid = runner.pid
        with pytest.raises(HedgetuiError, match="AttributeError") as defect:
            await runner.cvars([None], SHORT)
        assert defect.value.code == "stress-failed"
        await runner.cvars([BOOK], SHORT)
        assert runner.pid == pid

    on_a_worker(work)


def test_closing_ends_what_runs_and_nothing_starts_again():
    async def work(runner):
        closing = []
        pid, task = await in_the_middle(
            runner, lambda _: closing.append(asyncio.create_task(runner.close()))
        )
        await closing[0]
        with pytest.raises(HedgetuiError, match="was stopped"):
            task.result()
        assert gone(pid)
        with pytest.raises(HedgetuiError, match="closing"):
            await runner.run(BOOK, SHORT, unheard)
        await runner.close()

    on_a_worker(work)


@needs_proc
def test_it_is_a_quiet_guest_and_leaves_when_idle():
    async def work(runner):
        await runner.run(BOOK, SHORT, unheard)
        pid, folder = runner.pid, Path(f"/proc/{runner.pid}")
        files = {one.name: str(one.readlink()) for one in (folder / "fd").iterdir()}
        assert [files.pop(name) for name in "012"] == [os.devnull] * 3
        assert all(place.startswith("pipe:") for place in files.values())
        assert os.getpriority(os.PRIO_PROCESS, pid) >= min(19, os.nice(0) + 10)
        assert os.getpgid(pid) == pid  # ^C is sent to the terminal's own group
        assert len(list((folder / "task").iterdir())) == 2  # one computes, one listens
        os.kill(pid, signal.SIGINT)
        await runner.run(BOOK, SHORT, unheard)
        assert runner.pid == pid
        await asyncio.sleep(61.0)
        assert runner.pid is None
        return pid

    assert gone(on_a_worker(work, idle_s=60.0))


def test_neither_screen_nor_loop_is_loaded_in_the_worker():
    program = "import hedgetui.adapters.stress_process.child, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"textual", "rich", "asyncio", "ib_insync", "hedgetui.cli", "pydantic"}
