"""What the console sends down the line, beside the monitors everybody runs over SSH.

Bytes to the terminal are what SSH encrypts and a mobile line carries. The running demo and an idle
console are measured at default settings, and htop, btop and top right after them on the same
machine, those that are installed. Idle means what it is at night: the venue is closed, a position
is not held, the clock runs. Frozen by `p`, nothing but input may cost a byte.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Mapping, Sequence

import pyte
import report
from pty_probe import Probe, Traffic, hedgetui, private_folders

SIZES = ((120, 36), (80, 24))
READY = b"MES"
"""On every picture of the console, and in no answer to a terminal's question."""
SETTLE_S = 12.0
"""The demo enters its strangles within nine seconds; the day begins after that."""
TRADING = re.compile(r"MES \d{6} \d+\.\d\d/\d+\.\d\d +\d\.\ds")
"""A quote of the hedge that is seconds old: the demo is alive, and its bytes mean something."""
CLOSED = re.compile("unhedgeable until")
WEEKEND = '[simulator]\nscenario = "calm"\nstart = "2025-11-22T15:00:00Z"\n'
"""A Saturday: the market is closed."""

DEMO_GOAL, IDLE_GOAL, START_GOAL = 3_000.0, 300.0, 32_768.0
OTHERS = (
    ("htop, every 1.5 s", ("htop", "--delay=15")),
    ("btop, every 2 s", ("btop",)),
    ("top, every 1 s", ("top", "-d", "1")),
)

Row = tuple[str, Traffic]


def steady(
    command: Sequence[str],
    environment: Mapping[str, str],
    size: tuple[int, int],
    seconds: float,
    *,
    keys: bytes = b"",
    settle: float = 3.0,
    shows: re.Pattern[str] | None = None,
) -> tuple[Traffic, int]:
    """Return the traffic of a settled program and the bytes of its first second.

    Raises:
        RuntimeError: at the end its picture does not show what was to be measured.
    """
    columns, rows = size
    with Probe(command, columns=columns, rows=rows, environment=environment) as probe:
        if "hedgetui" in command:
            probe.wait_for(READY, 30.0)
        probe.run(1.0)
        first = len(probe.stream)
        probe.run(settle)
        if keys:
            probe.send(keys)
            probe.run(1.5)
        measured = probe.traffic(seconds)
        picture = as_seen(bytes(probe.stream), size)
        if shows is not None and not shows.search(picture):
            raise RuntimeError(f"not what was to be measured:\n{picture}")
        return measured, first


def as_seen(stream: bytes, size: tuple[int, int]) -> str:
    """Return what a terminal shows after `stream`, line by line."""
    screen = pyte.Screen(*size)
    pyte.ByteStream(screen).feed(stream)
    return "\n".join(line.rstrip() for line in screen.display)


def ours(seconds: float) -> tuple[list[Row], list[report.Goal]]:
    """Measure the console at both sizes."""
    rows: list[Row] = []
    goals: list[report.Goal] = []
    for size in SIZES:
        name = f"{size[0]}x{size[1]}"
        with private_folders() as environment:
            demo, first = steady(
                hedgetui("demo"), environment, size, seconds, settle=SETTLE_S, shows=TRADING
            )
        with private_folders(WEEKEND) as environment:
            idle, _ = steady(hedgetui(), environment, size, seconds, shows=CLOSED)
        rows += [(f"hedgetui demo, {name}", demo), (f"hedgetui idle, {name}", idle)]
        goals += [
            report.Goal(f"demo {name}", demo.bytes_per_s, DEMO_GOAL, "B/s"),
            report.Goal(f"idle {name}", idle.bytes_per_s, IDLE_GOAL, "B/s"),
        ]
        if size == SIZES[0]:
            goals.append(report.Goal(f"start {name}", first, START_GOAL, "B"))
            with private_folders() as environment:
                frozen, _ = steady(hedgetui("demo"), environment, size, seconds / 2, keys=b"p")
            rows.append((f"hedgetui demo frozen by p, {name}", frozen))
    return rows, goals


def others(seconds: float) -> list[Row]:
    """Measure the monitors that are installed."""
    found: list[Row] = []
    for name, command in OTHERS:
        if shutil.which(command[0]):
            with private_folders() as environment:
                traffic, _ = steady(command, environment, SIZES[0], seconds)
            found.append((f"{name}, 120x36", traffic))
    return found


def main() -> int:
    """Print one table and the goals; exit 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each measurement")
    seconds = parser.parse_args().seconds
    rows, goals = ours(seconds)
    anchors = others(seconds)
    base = anchors[0][1].bytes_per_s if anchors and anchors[0][0].startswith("htop") else 0.0
    lines = [
        (
            name,
            report.number(one.bytes_per_s),
            f"{one.bytes_per_s / base:.2f}" if base else "-",
            f"{one.frames_per_s:.1f}",
            f"{100 * one.cpu_share:.1f}",
        )
        for name, one in (*rows, *anchors)
    ]
    print(report.table(("program", "B/s", "x htop", "frames/s", "CPU %"), lines))
    print(report.machine())
    return report.verdict(goals)


if __name__ == "__main__":
    sys.exit(main())
