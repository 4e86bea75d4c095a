"""How dear durability is: the journal against the disk it runs on.

Disks differ by a factor of twenty, so nothing here is a time to meet. Both sides of each ratio are
measured in the same run, turn by turn: one intent append against one raw write and fsync, and a
burst of concurrent appends against the same rows through plain aiosqlite, one commit each.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aiosqlite

from hedgetui.domain.events import IntentRecorded
from hedgetui.domain.orders import Intent, OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.store import chain
from hedgetui.store.journal import Journal

APPEND_GOAL = 5.0
"""An intent append costs at most this many raw fsyncs, p50 against p50."""
BURST_GOAL = 10.0
"""A burst is at least this many times as fast as plain aiosqlite."""
BURST = 200


def intent(number: int) -> IntentRecorded:
    """Return an intent with a slot of its own."""
    draft = OrderDraft(
        purpose=Purpose.HEDGE,
        instrument_key=f"MES {number}",
        side=Side.SELL,
        quantity=Contracts(5),
        order_type=OrderType.MARKET,
        reason="net Δ$ +27.4 > band 10.0: SELL 5",
    )
    identity = f"01J{number:023d}"
    return IntentRecorded(
        Intent(
            intent_id=identity,
            client_key=f"HT1.{identity}",
            number=number,
            account="DU0000000",
            strategy="vega",
            draft=draft,
            created_at=Timestamp(1.7e9),
            epoch=1,
            session=1,
            position_before=0,
        ),
        notional=134_000.0,
    )


async def single(journal: Journal, folder: Path, rounds: int) -> float:
    """Print the cost of one awaited append and return it in raw fsyncs."""
    raw: list[float] = []
    appended: list[float] = []
    record = b"x" * 1_024
    descriptor = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for number in range(rounds):
            began = time.perf_counter()
            os.write(descriptor, record)
            os.fsync(descriptor)
            raw.append(time.perf_counter() - began)
            began = time.perf_counter()
            await journal.append(Timestamp(1.7e9 + number), [intent(number)])
            appended.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
    _line("raw write + fsync", raw)
    _line("awaited intent append", appended)
    return statistics.median(appended) / statistics.median(raw)


async def burst(journal: Journal, folder: Path, rounds: int) -> float:
    """Print the rate of concurrent appends and return it over plain aiosqlite's."""
    grouped: list[float] = []
    plain: list[float] = []
    for turn in range(rounds):
        first = 1_000_000 + turn * BURST
        events = [intent(number) for number in range(first, first + BURST)]
        began = time.perf_counter()
        await asyncio.gather(*(journal.append(Timestamp(1.7e9), [event]) for event in events))
        grouped.append(time.perf_counter() - began)
        plain.append(await _one_by_one(folder / "plain.db", events))
    _line(f"burst of {BURST}, journal", grouped)
    _line(f"burst of {BURST}, aiosqlite", plain)
    return statistics.median(plain) / statistics.median(grouped)


async def _one_by_one(path: Path, events: list[IntentRecorded]) -> float:
    async with aiosqlite.connect(path) as connection:
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
        await connection.execute("CREATE TABLE IF NOT EXISTS events (at REAL, kind, payload)")
        began = time.perf_counter()
        for event in events:
            await connection.execute(
                "INSERT INTO events VALUES (?, ?, ?)", (1.7e9, *chain.encode(event))
            )
            await connection.commit()
        return time.perf_counter() - began


def _line(name: str, seconds: list[float]) -> None:
    p50 = statistics.median(seconds) * 1e3
    p99 = statistics.quantiles(seconds, n=100)[98] * 1e3
    print(f"{name:<28} p50 {p50:8.3f} ms   p99 {p99:8.3f} ms")


async def measure(folder: Path, rounds: int) -> bool:
    """Run both comparisons in `folder`, print the ratios and return whether the goals hold."""
    journal = await Journal.open(folder / "bench.db", profile="bench")
    try:
        cost = await single(journal, folder, rounds)
        speed = await burst(journal, folder, max(5, rounds // 50))
    finally:
        await journal.close()
    print(f"append / raw fsync           {cost:.2f} x  (goal at most {APPEND_GOAL:g} x)")
    print(f"burst / plain aiosqlite      {speed:.1f} x  (goal at least {BURST_GOAL:g} x)")
    return cost <= APPEND_GOAL and speed >= BURST_GOAL


def main() -> int:
    """Measure on the disk that holds `--folder`; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where to measure; a temporary folder if unset")
    parser.add_argument("--rounds", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        held = asyncio.run(measure(Path(folder), options.rounds))
    print(f"SQLite {sqlite3.sqlite_version}, Python {sys.version.split()[0]}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
