"""The Balance screen at a large book: from the lines of a file to the painted table.

A book of thousands of lines is read, weighed and advised as the desk does it, then shown by the
console in a pseudo-terminal. What the desk works out is measured apart from what the screen costs:
from a new view to the end of the last paint that follows, on this screen, with the table of
underlyings open and every one of its rows new.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter

import report
from pty_probe import ROOT
from still_screen import ShowingDesk, WatchedApp, empty_snapshot, screen_of, seen

sys.path.insert(0, str(ROOT))

from textual import events

from hedgetui.domain.balance.advice import recommend
from hedgetui.domain.balance.market import Beta, Market, with_book_prices
from hedgetui.domain.balance.positions import Book, read_positions
from hedgetui.domain.units import Timestamp
from hedgetui.engine.balance.reading import Reading
from hedgetui.engine.balance.weighing import weighed
from hedgetui.ports.balance import BalanceView, SourceView
from hedgetui.ports.desk import DeskSnapshot
from hedgetui.ports.portfolio import Holding
from hedgetui.ui.settings import UiSettings

LINES, NAMES, ROUNDS = 2_000, 400, 20
NOW = Timestamp(1_763_566_867.0)
TODAY = date(2025, 11, 19)
PAINT_GOAL_MS = 200.0


def book_lines(lines: int) -> list[str]:
    """Return the lines of a book: shares and options on some hundred names."""
    chance = random.Random(6)  # noqa: S311 - the same book in every run
    rows = ["symbol,type,quantity,strike,expiry,right,price,iv"]
    for number in range(lines):
        name = f"N{number % NAMES:03d}"
        size = chance.choice((-3, -1, 1, 2, 5))
        if number < NAMES:
            rows.append(f"{name},equity,{size * 100},,,,{50 + number % 200},")
            continue
        strike = round((50 + number % NAMES % 200) * chance.uniform(0.8, 1.2))
        expiry = TODAY + timedelta(days=chance.randrange(20, 400))
        rows.append(f"{name},option,{size},{strike},{expiry},{chance.choice('CP')},,0.3")
    return rows


def view_of(book: Book, turn: int) -> BalanceView:
    """Weigh and advise a book as the desk does; every turn has another market."""
    betas = {f"N{one:03d}": Beta(0.5 + one % 20 / 10 + turn / 100, 0.6, 251)
             for one in range(NAMES)}  # fmt: skip
    market = with_book_prices(Market(TODAY, betas=betas, index_level=600.0, vix=14.9),
                              book.positions)  # fmt: skip
    source = SourceView("SIM DU-SIM-01", len(book.positions), NOW)
    held = tuple(map(Holding, book.positions))
    at = weighed(Reading(NOW, held, book, market, None, (source,)))
    rows = recommend(at.situation, Decimal(500), 3)
    return BalanceView(
        on=True, sources=(source,), book=book, market=market, nav=at.situation.nav,
        counts=at.counts, dollars=at.dollars, warning=at.warning, underlyings=at.underlyings,
        budget=Decimal(500), most=3, advice=rows, plans=(None,) * len(rows),
    )  # fmt: skip


class BookDesk(ShowingDesk):
    """A desk that has a portfolio and nothing else."""

    def __init__(self, views: list[BalanceView]) -> None:
        super().__init__()
        self._views = views
        self.turn = 0

    def read(self) -> None:
        """Have read the book again, and tell the screen."""
        self.turn += 1
        self.mailbox.push()

    def snapshot(self) -> DeskSnapshot:
        """Return the book as it was read last."""
        return replace(empty_snapshot(NOW), balance=self._views[self.turn])


def worked_out(lines: int) -> tuple[dict[str, list[float]], list[BalanceView]]:
    """Return what reading and weighing cost, in milliseconds, and a view for every turn."""
    found: dict[str, list[float]] = {"classify": [], "view": []}
    views = []
    text = book_lines(lines)
    for turn in range(ROUNDS + 1):
        began = perf_counter()
        book = read_positions(text)
        read = perf_counter()
        views.append(view_of(book, turn))
        found["classify"].append(1e3 * (read - began))
        found["view"].append(1e3 * (perf_counter() - read))
    return found, views


async def run_screen(lines: int) -> dict[str, list[float]]:
    """Be the program in the terminal; return what was seen."""
    found, views = worked_out(lines)
    desk = BookDesk(views)
    app = WatchedApp(desk, UiSettings(theme="textual-dark"))

    def press(key: str) -> Callable[[], object]:
        return lambda: app.post_message(events.Key(key, key))

    async def follow() -> None:
        try:
            found["first"] = [await seen(app, press("3"))]
            found["paint"] = [await seen(app, desk.read) for _ in range(ROUNDS)]
            grid = app.shell.balance.underlyings
            found["rows"] = [float(len(grid.model.lines))]
            shown = app.snapshot
            if shown is None or shown.balance is not views[-1]:
                raise RuntimeError("the screen does not show the last reading")
            grid.focus()
            found["key"] = [await seen(app, press("j")) for _ in range(ROUNDS)]
        finally:
            app.exit()

    async def start() -> None:
        app.run_worker(follow(), exit_on_error=True)

    await app.run_async(mouse=False, auto_pilot=lambda _: start())
    return found


def main() -> int:
    """Print one table and the goals; exit 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", type=int, default=120)
    parser.add_argument("--rows", type=int, default=36)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--screen", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.screen is not None:
        seen_there = asyncio.run(run_screen(options.lines))
        options.screen.write_text(json.dumps(seen_there), "utf-8")
        return 0
    command = [sys.executable, str(Path(__file__)), "--lines", str(options.lines), "--screen"]
    found = screen_of(command, options.columns, options.rows)
    series = (
        ("lines read and classified", found["classify"]),
        ("weighed and advised", found["view"]),
        ("`3` -> the screen painted", found["first"]),
        ("a new view -> painted", found["paint"]),
        ("`j` -> painted", found["key"]),
    )
    rows = [
        (name, f"{len(v)}", f"{report.p50(v):.1f}", f"{report.p99(v):.1f}", f"{max(v):.1f}")
        for name, v in series
    ]
    print(report.table(("ms", "count", "p50", "p99", "worst"), rows))
    print(
        f"{options.lines:,} lines on {found['rows'][0]:,.0f} underlyings, "
        f"{options.columns}x{options.rows}; {report.machine()}"
    )
    whole = report.p50(found["paint"])
    return report.verdict(
        [report.Goal("a new view to the screen, p50", whole, PAINT_GOAL_MS, "ms")]
    )


if __name__ == "__main__":
    sys.exit(main())
