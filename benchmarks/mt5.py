"""MT5: what a look costs over the bridge, and what a score costs beside the event loop.

The simulated venue runs behind the bridge in a process of its own, as `hedgetui simulate --mt5`
starts it. Positions with account, and 300 bars, are asked for as the desk asks; beside them stands
one bare question on the same socket, so the ratio says how many round trips they are worth. Then
fifty symbols of 900 bars each are scored in a worker thread while the event loop counts how late
its timers are; beside it the same bars are scored on the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from time import perf_counter
from time import time as wall

import numpy as np
import report
from pty_probe import ROOT

sys.path.insert(0, str(ROOT))

from tws import free_port

from hedgetui.adapters.mt5.broker import Mt5Broker
from hedgetui.adapters.mt5.connection import Backend, Mt5Connection
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.dtms.score import latest
from hedgetui.domain.dtms.vwap import Anchor
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.records import Incomplete
from hedgetui.domain.units import Timestamp
from hedgetui.ports.clock import LoopClock

ROUNDS, BARS = 300, 300
SYMBOLS, SCORED = 50, 900
TRIP_MS, SCORE_MS, TRIPS, LAG_MS = 10.0, 250.0, 4.0, 50.0


@contextlib.contextmanager
def venue(port: int, token: Path) -> Iterator[None]:
    """Run the venue behind the bridge as a server."""
    command = [
        sys.executable, "-m", "hedgetui", "simulate", "--mt5", str(port), "--token", str(token),
        "--seed", "7", "--scenario", "demo",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.terminate()
        server.wait(10.0)


async def connected(port: int, token: Path) -> Mt5Broker:
    """Return an adapter with a session."""
    connection = Mt5Connection(Backend.BRIDGE, port=port, token_file=token)
    broker = Mt5Broker(connection, LoopClock(Timestamp(wall())))
    for _ in range(100):
        try:
            await broker.connect()
        except (BrokerUnreachable, OSError):
            await asyncio.sleep(0.1)
        else:
            return broker
    raise SystemExit("the venue did not start")


async def timed(ask: Callable[[], Awaitable[object]]) -> list[float]:
    """Return milliseconds of each of many questions; an answer that is missing ends the run."""
    taken = []
    for _ in range(ROUNDS):
        began = perf_counter()
        answer = await ask()
        taken.append((perf_counter() - began) * 1000)
        if isinstance(answer, Incomplete):
            raise SystemExit(f"no answer: {answer.why}")
    return taken


async def over_the_bridge() -> tuple[list[list[str]], list[report.Goal]]:
    """Measure questions over the bridge."""
    with tempfile.TemporaryDirectory() as folder:
        port, token = free_port(), Path(folder) / "token"
        with venue(port, token):
            broker = await connected(port, token)
            symbol = "EURUSD"
            await broker.symbol(symbol)
            bare = await timed(lambda: broker.ticks([symbol]))
            look = await timed(broker.look)
            bars = await timed(lambda: broker.bars(symbol, Timeframe.M5, BARS))
            await broker.disconnect()
    rows = [
        [name, *map(report.number, (float(np.median(x)), float(np.percentile(x, 99))))]
        for name, x in (
            ("one tick, ms", bare),
            ("positions + account, ms", look),
            (f"{BARS} bars, ms", bars),
        )
    ]
    goals = []
    for name, taken in (("positions + account", look), (f"{BARS} bars", bars)):
        goals.append(report.Goal(f"{name}, p50", float(np.median(taken)), TRIP_MS, "ms"))
    # Bars are made by the venue while we wait, so only the look says what a round trip carries.
    ratio = float(np.median(look) / np.median(bare))
    goals.append(report.Goal("positions + account beside one tick", ratio, TRIPS, "×"))
    return rows, goals


def market(seed: int) -> Bars:
    """Return five-minute bars of a random walk."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 5e-4, SCORED)))
    opened = np.concatenate([[100.0], close[:-1]])
    reach = np.abs(rng.normal(0, 3e-2, SCORED))
    at = 1_750_000_200 + 300 * np.arange(SCORED)
    return Bars(
        Timeframe.M5, at.astype(np.int64), opened, np.maximum(opened, close) + reach,
        np.minimum(opened, close) - reach, close, rng.integers(50, 900, SCORED).astype(float),
        np.full(SCORED, np.nan),
    )  # fmt: skip


def score_all(markets: list[Bars]) -> int:
    """Score every market at its end; return how many have one."""
    return sum(
        latest(bars, now=Timestamp(float(bars.at[-1] + 305)), anchor=Anchor.UTC_MIDNIGHT).score
        is not None
        for bars in markets
    )


async def scoring() -> tuple[list[list[str]], list[report.Goal]]:
    """Measure fifty scores in a thread, and how late the loop's timers are meanwhile."""
    markets = [market(seed) for seed in range(SYMBOLS)]
    if score_all(markets) != SYMBOLS:
        raise SystemExit("a market has no score")
    began = perf_counter()
    score_all(markets)
    alone = (perf_counter() - began) * 1000
    late: list[float] = []

    async def tick() -> None:
        while True:
            due = perf_counter() + 0.005
            await asyncio.sleep(0.005)
            late.append((perf_counter() - due) * 1000)

    ticker = asyncio.create_task(tick())
    taken = []
    for _ in range(10):
        began = perf_counter()
        await asyncio.get_running_loop().run_in_executor(None, score_all, markets)
        taken.append((perf_counter() - began) * 1000)
    ticker.cancel()
    off = float(np.median(taken))
    rows = [
        [f"{SYMBOLS} × {SCORED} bars on the loop, ms", report.number(alone), ""],
        ["in a thread, ms", report.number(off), report.number(max(taken))],
        ["timers late meanwhile, ms", *map(report.number, (
            float(np.median(late)), float(np.percentile(late, 99))))],
    ]  # fmt: skip
    return rows, [
        report.Goal(f"{SYMBOLS} symbols scored off the loop", off, SCORE_MS, "ms"),
        report.Goal("timers late meanwhile, p99", float(np.percentile(late, 99)), LAG_MS, "ms"),
    ]


async def main() -> int:
    """Measure and judge."""
    bridge_rows, bridge_goals = await over_the_bridge()
    score_rows, score_goals = await scoring()
    print(report.table(["", "p50", "p99 or worst"], [*bridge_rows, *score_rows]))
    return report.verdict([*bridge_goals, *score_goals])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
