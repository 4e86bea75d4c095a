"""What a stress test in its worker process costs the screen: keys timed beside it and without it.

The console runs in a pseudo-terminal on the simulator's demo, as the product assembles it. Rounds
with and without a test take turns, so that other work on the machine spoils both alike; in those
with one, 500 option legs on 100,000 paths are worked out again and again, so that the worker is
never idle. Its memory is read from outside. A last round simulates on the event loop itself, chunk
by chunk with the loop let in between: what the process is for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import latency
import report
import stress
from pty_probe import ROOT, Probe, private_folders

sys.path.insert(0, str(ROOT))

from hedgetui import bootstrap
from hedgetui.adapters.stress_process.process import StressProcess
from hedgetui.config import load
from hedgetui.console import trader
from hedgetui.domain.stress.monte_carlo import simulate
from hedgetui.simulation.scenarios import scenario
from hedgetui.ui.app import HedgeApp
from hedgetui.ui.configured import ui_settings

PATHS, CHUNK = 100_000, 1_000
LOOK_EVERY = 20
"""Chunks; the memory of the worker is the same in all of them."""
SETTLE_S, ROUNDS = 6.0, 2
KEY_P50_RATIO, KEY_P99_RATIO, MEMORY_GOAL_MB = 1.1, 2.5, 500.0

Report = dict[str, Any]


async def no_stress(_: Report) -> None:
    """Leave the desk alone."""


async def in_a_worker(seen: Report) -> None:
    """Run one test after the other in the worker, for ever."""
    book, settings = stress.book(), replace(stress.SETTINGS, paths=PATHS)
    runner = StressProcess()

    def progress(_: int, __: int) -> None:
        seen["told"] += 1
        if seen["told"] % LOOK_EVERY == 0 and runner.pid is not None:
            seen["worker_mb"] = peak_mb(runner.pid)

    try:
        while True:
            began = perf_counter()
            await runner.run(book, settings, progress)
            seen["seconds"].append(perf_counter() - began)
    finally:
        await runner.close()


async def on_the_loop(_: Report) -> None:
    """Simulate where the screen lives, a chunk of paths at a time, for ever."""
    book = stress.book()
    while True:
        simulate(book, replace(stress.SETTINGS, paths=CHUNK))
        await asyncio.sleep(0)


LOADS: dict[str, Callable[[Report], Coroutine[None, None, None]]] = {
    "none": no_stress, "worker": in_a_worker, "loop": on_the_loop,
}  # fmt: skip


def peak_mb(pid: int) -> float:
    """Return the peak resident memory of a process, NaN where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return float("nan")
    kilobytes = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return float(next(kilobytes, "nan")) / 1024


async def run_desk(folder: Path, load_name: str) -> Report:
    """Be the program in the terminal until SIGTERM, with a load beside it."""
    loaded = load()
    world = scenario("demo")
    seen: Report = {"seconds": [], "told": 0, "worker_mb": None, "lag": []}
    async with bootstrap.open_desk(loaded, world, folder=folder) as desk:
        steps = trader.opening(world.steps(desk.seed, 60.0))
        watch = latency.Stopwatch(desk)
        tasks = [
            asyncio.create_task(trader.follow(desk.kernel, desk.clock, steps)),
            asyncio.create_task(watch.watch_loop()),
            asyncio.create_task(watch.forget_start()),
            asyncio.create_task(LOADS[load_name](seen)),
        ]
        app = HedgeApp(desk.kernel, ui_settings(loaded))

        def end() -> None:
            for task in tasks:
                task.cancel()
            app.exit()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        await app.run_async(mouse=False)
        await asyncio.gather(*tasks, return_exceptions=True)
        return {**seen, "lag": watch.lag}


def watch_desk(load_name: str, seconds: float) -> tuple[list[float], Report]:
    """Run the console beside a load and return key times in ms and what it saw."""
    with private_folders() as environment:
        result = Path(environment["XDG_RUNTIME_DIR"]) / "result.json"
        command = [sys.executable, __file__, "--desk", str(result), "--load", load_name]
        with Probe(command, environment=environment) as probe:
            probe.wait_for(b"MES", 30.0)
            probe.run(SETTLE_S)
            keys = latency.key_times(probe, seconds)
        return keys, json.loads(result.read_text("utf-8"))


def main() -> int:
    """Print one table and the goals; exit 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each round")
    parser.add_argument("--desk", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--load", choices=LOADS, default="none", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.desk is not None:
        seen = asyncio.run(run_desk(options.desk.parent, options.load))
        options.desk.write_text(json.dumps(seen), "utf-8")
        return 0
    alone, quiet = watch_desk("none", options.seconds)
    beside, busy = watch_desk("worker", options.seconds)
    for _ in range(ROUNDS - 1):
        alone += watch_desk("none", options.seconds)[0]
        beside += watch_desk("worker", options.seconds)[0]
    within, held_up = watch_desk("loop", options.seconds / 2)
    if busy["told"] < LOOK_EVERY:
        print("the stress test got nowhere while keys were timed: nothing was measured")
        return 1
    rows = [
        (name, f"{len(keys)}", *(f"{figure:.1f}" for figure in (
            report.p50(keys), report.p99(keys), max(keys), report.p99(seen["lag"]))))
        for name, keys, seen in (
            ("no stress test", alone, quiet),
            ("one in the worker", beside, busy),
            ("the same on the loop", within, held_up),
        )
    ]  # fmt: skip
    print(report.table(("key -> repaint, ms", "keys", "p50", "p99", "worst", "lag p99"), rows))
    times = busy["seconds"]
    each = f", {report.p50(times):.1f} s each" if times else ""
    print(
        f"{stress.LEGS} legs x {PATHS:,} paths: {busy['told'] * CHUNK:,} paths in the first round, "
        f"{len(times)} tests ended{each}"
    )
    print(report.machine())
    return report.verdict(
        [
            report.Goal("key -> repaint beside a test / without, p50",
                        report.p50(beside) / report.p50(alone), KEY_P50_RATIO, "x"),
            report.Goal("key -> repaint beside a test / without, p99",
                        report.p99(beside) / report.p99(alone), KEY_P99_RATIO, "x"),
            report.Goal("peak memory of the worker", busy["worker_mb"], MEMORY_GOAL_MB, "MB"),
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
