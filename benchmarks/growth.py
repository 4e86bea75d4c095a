"""What becomes of the console when the book, the journal or the day gets sixteen times as large.

Each row measures one thing at 1×, 4× and 16×. Work that touches everything once should grow with
the size, so the ratio of the last two steps is the figure: 4 is linear, 16 is quadratic. The grid
runs on a screen without a terminal; the log must not grow at all beyond its bound.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from time import perf_counter

import report
from pty_probe import ROOT

sys.path.insert(0, str(ROOT))

from textual.app import App, ComposeResult

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.engine.state import DeskState, reduce
from hedgetui.ui.widgets.grid_columns import Cell, Column
from hedgetui.ui.widgets.grid_model import GridRow
from hedgetui.ui.widgets.log_model import MAX_LINES, LogEntry, LogLines
from hedgetui.ui.widgets.tree_grid import TreeGrid

SIZES = (1, 4, 16)
GRID_ROWS, FACTS, LOG_LINES = 352, 6_250, 62_500
START = datetime(2025, 11, 19, 14, 31, tzinfo=UTC).timestamp()
LINEAR = 8.0
"""From 4× to 16× work may grow by this: twice the size, since caches end somewhere."""
EXPAND_GOAL_MS, FOLD_GOAL_S, LOG_GOAL_MB = 100.0, 2.0, 4.0

COLUMNS = (Column("name", "Name", 20, flex=True), *(
    Column(f"c{number}", f"C{number}", 8, "right") for number in range(8)
))  # fmt: skip


class GridScreen(App[None]):
    """A screen with one grid."""

    def compose(self) -> ComposeResult:
        """Show the grid alone."""
        yield TreeGrid(COLUMNS, id="grid")


def grid_rows(count: int, shift: int = 0) -> list[GridRow]:
    """Return `count` rows in trees of eight; `shift` changes the first eight rows' figures."""

    def row(number: int, children: tuple[GridRow, ...] = ()) -> GridRow:
        value = number + (shift if number < 8 else 0)
        cells = tuple(Cell(f"{value * part:.1f}") for part in range(1, 9))
        return GridRow(str(number), (Cell(f"row {number}"), *cells), children)

    return [
        row(top, tuple(row(top + place) for place in range(1, 8))) for top in range(0, count, 8)
    ]


async def grid(scale: int) -> tuple[float, float]:
    """Return milliseconds of expanding every tree, and of a tick that changes eight rows."""
    app = GridScreen()
    async with app.run_test(size=(120, 36)) as pilot:
        shown = app.query_one("#grid", TreeGrid)
        shown.set_rows(grid_rows(GRID_ROWS * scale))
        await pilot.pause()
        expand, ticks = [], []
        for turn in range(5):
            began = perf_counter()
            shown.action_fold_all(True)  # noqa: FBT003 - as the key binding calls it
            expand.append(perf_counter() - began)
            fresh = grid_rows(GRID_ROWS * scale, turn + 1)
            began = perf_counter()
            shown.set_rows(fresh)
            ticks.append(perf_counter() - began)
            shown.action_fold_all(False)  # noqa: FBT003 - the same
            await pilot.pause()
        return 1e3 * median(expand), 1e3 * median(ticks)


def facts(count: int) -> Iterator[ev.Fact]:
    """Yield a journal of `count` facts: hedges of one contract, each sent, filled and charged."""
    seq = 0
    for number in range(count // 5):
        at = Timestamp(START + 60.0 * number)
        for event in _hedge(number, at):
            seq += 1
            yield ev.Fact(seq, at, event)


def _hedge(number: int, at: Timestamp) -> Iterator[ev.Event]:
    identity, side = f"01J{number:023d}", od.Side.SELL if number % 2 else od.Side.BUY
    draft = od.OrderDraft(
        purpose=od.Purpose.HEDGE,
        instrument_key="MES 202512",
        side=side,
        quantity=Contracts(1),
        order_type=od.OrderType.MARKET,
        reason="net",
    )
    intent = od.Intent(
        intent_id=identity,
        client_key=f"HT1.{identity}",
        number=number + 1,
        account="DU0000000",
        strategy="vega",
        draft=draft,
        created_at=at,
        epoch=1,
        session=1,
        position_before=0,
    )
    yield ev.IntentRecorded(intent, 27_000.0)
    for before, after, filled in (
        (od.IntentState.SENDING, od.IntentState.WORKING, 0),
        (od.IntentState.WORKING, od.IntentState.FILLED, 1),
    ):
        yield ev.IntentMoved(
            intent_id=identity,
            before=before,
            after=after,
            cause="bench",
            filled=Contracts(filled),
            broker_order=str(number),
            cancel_wanted=False,
        )
    yield ev.FillBooked(
        exec_id=f"X{number}",
        revision=1,
        intent_id=identity,
        instrument_key="MES 202512",
        side=side,
        quantity=Contracts(1),
        price=Decimal(5_400),
        executed_at=at,
    )
    yield ev.CommissionBooked(f"X{number}", Decimal("0.25"))


def fold(scale: int) -> float:
    """Return seconds of folding a journal as a restart does."""
    journal = list(facts(FACTS * scale))
    state = DeskState()
    began = perf_counter()
    for fact in journal:
        state = reduce(state, fact)
    return perf_counter() - began


def log(scale: int) -> float:
    """Return megabytes the log holds after its lines came in."""
    lines = LogLines()
    tracemalloc.start()
    try:
        entry = LogEntry(0, "08:31:00", "info", "")
        for number in range(LOG_LINES * scale):
            words = f"Hedge order {number} placed: SELL 2 MES, net {number % 97:+.1f} $/pt"
            lines.extend((replace(entry, seq=number, text=words),))
        return tracemalloc.get_traced_memory()[0] / 1e6
    finally:
        tracemalloc.stop()


async def measure() -> dict[str, list[float]]:
    """Return every row's figures at the three sizes."""
    found: dict[str, list[float]] = {name: [] for name in ("expand", "tick", "fold", "log")}
    for scale in SIZES:
        expand, tick = await grid(scale)
        found["expand"].append(expand)
        found["tick"].append(tick)
        found["fold"].append(await _elsewhere(fold, scale))
        found["log"].append(await _elsewhere(log, scale))
    return found


def _elsewhere(work: Callable[[int], float], scale: int) -> Awaitable[float]:
    """Run work that knows no event loop outside of ours."""
    return asyncio.to_thread(work, scale)


def main() -> int:
    """Print one table and the goals; exit 1 if one is missed."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = asyncio.run(measure())
    growth = {name: values[2] / values[1] for name, values in found.items()}
    names = {
        "expand": f"grid of {GRID_ROWS} rows: expand all, ms",
        "tick": f"grid of {GRID_ROWS} rows: eight change, ms",
        "fold": f"fold of {FACTS:,} journal facts, s",
        "log": f"log after {LOG_LINES:,} lines, MB",
    }
    rows = [
        (names[name], *(f"{value:.3g}" for value in values), f"{growth[name]:.1f}")
        for name, values in found.items()
    ]
    print(report.table(("growth", "1x", "4x", "16x", "4x to 16x"), rows))
    print(f"the log keeps {MAX_LINES:,} lines; {report.machine()}")
    return report.verdict(
        [
            report.Goal("expand 5,632 rows", found["expand"][2], EXPAND_GOAL_MS, "ms"),
            report.Goal("expand grows", growth["expand"], LINEAR, "x"),
            report.Goal("fold 100,000 facts", found["fold"][2], FOLD_GOAL_S, "s"),
            report.Goal("fold grows", growth["fold"], LINEAR, "x"),
            report.Goal("log after 1,000,000 lines", found["log"][2], LOG_GOAL_MB, "MB"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
