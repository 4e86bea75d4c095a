"""The Accounts screen at a merchant's size: all rows opened, one fill, one second.

The console runs in a pseudo-terminal on a desk that has a real ledger and no market: it projects
the tree at every look as the engine does. A probe notes when bytes have left for the terminal, so
a figure is everything between the key, the execution or the second and the end of the last paint
that follows from it: ledger, tree, bridge, rows, lines, cells, bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import report
import tails
from pty_probe import ROOT
from still_screen import ShowingDesk, WatchedApp, empty_snapshot, screen_of, seen

sys.path.insert(0, str(ROOT))

from textual import events

from hedgetui.domain import events as ev
from hedgetui.domain.orders import Side
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import CashId, HedgeId, Key, Lots, Origin, Units
from hedgetui.domain.tails.tree import Market, Outlook, Tree
from hedgetui.domain.units import Timestamp
from hedgetui.ports.desk import (
    DeskSnapshot,
)
from hedgetui.ports.tails import TailsView
from hedgetui.ui.settings import UiSettings

OPENINGS, FILLS, SECONDS = 20, 100, 60
OUTLOOK = Outlook({name: Market(tails.PRICE, tails.PRICE + 1, 0.08) for name in tails.CONTRACTS})
OPEN_GOAL_MS, FILL_GOAL_MS = 150.0, 50.0


class LedgerDesk(ShowingDesk):
    """A desk of hedge accounts alone, whose hedges of the measurement work already."""

    def __init__(self) -> None:
        super().__init__()
        self.now = Timestamp(tails.START + tails.DAYS * 86_400.0 - 600.0)
        self.ledger = Ledger(tails.LEVELS, facts=tails.journal(tails.CASH, tails.HEDGES))
        for turn in range(FILLS):
            self.take(_placed(turn))
        self._tree = Tree(self.ledger)

    def take(self, event: ev.Event) -> None:
        """Fold one more fact."""
        self.ledger.take(ev.Fact(0, self.now, event))

    def fill(self, turn: int) -> None:
        """Execute a working hedge and tell the screen."""
        self.now = Timestamp(self.now + 1.0)
        self.take(tails.executed(tails.HEDGES + turn, f"N{turn}", _key(turn), self.now))
        self.mailbox.push()

    def wait(self) -> None:
        """Let a second pass and tell the screen."""
        self.now = Timestamp(self.now + 1.0)
        self.mailbox.push()

    def snapshot(self) -> DeskSnapshot:
        """Return the present state, projected anew as far as it changed."""
        rows = self._tree.rows(self.now, tails.DAYS, OUTLOOK)
        view = TailsView(rows, "online", days=tails.DAYS, version=self.ledger.version)
        return replace(empty_snapshot(self.now), tails=view)


def _key(turn: int) -> Key:
    """Return a key whose cash waits for a hedge: every execution moves links and lines."""
    return tails.key(2 * turn + 1)


def _placed(turn: int) -> tf.TailHedgePlaced:
    return tf.TailHedgePlaced(
        HedgeId(f"N{turn}"), _key(turn), Side.SELL, Lots(1), f"N{turn}", Origin.HM,
        CashId(""), "bench", Units(0), Units(0), "rule",
    )  # fmt: skip


async def watch(app: WatchedApp, desk: LedgerDesk) -> dict[str, list[float]]:
    """Return every series in milliseconds, and the lines shown."""

    def press(key: str, character: str) -> Callable[[], object]:
        return lambda: app.post_message(events.Key(key, character))

    def lines() -> int:
        return len(app.shell.accounts.tails.model.lines)

    await seen(app, press("4", "4"))
    found: dict[str, list[float]] = {"shut": [float(lines())], "open": [], "shut all": []}
    for _ in range(OPENINGS):
        found["open"].append(await seen(app, press("plus", "+")))
        found["lines"] = [float(lines())]
        found["shut all"].append(await seen(app, press("minus", "-")))
    await seen(app, press("plus", "+"))
    found["second"] = [await seen(app, desk.wait) for _ in range(SECONDS)]
    found["fill"] = [await seen(app, partial(desk.fill, turn)) for turn in range(FILLS)]
    shown = app.shell.accounts.view
    if shown is None or shown.version != desk.ledger.version:
        raise RuntimeError("the screen does not show the last fill")
    return found


async def run_screen() -> dict[str, list[float]]:
    """Be the program in the terminal; return what was seen."""
    desk = LedgerDesk()
    app = WatchedApp(desk, UiSettings(theme="textual-dark"))
    found: dict[str, list[float]] = {}

    async def follow() -> None:
        try:
            found.update(await watch(app, desk))
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
    parser.add_argument("--screen", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.screen is not None:
        seen_there = asyncio.run(run_screen())
        options.screen.write_text(json.dumps(seen_there), "utf-8")
        return 0
    command = [sys.executable, str(Path(__file__)), "--screen"]
    found = screen_of(command, options.columns, options.rows)
    series = (
        ("`+` -> every row open and painted", found["open"]),
        ("`-` -> every row shut and painted", found["shut all"]),
        ("execution -> painted, all open", found["fill"]),
        ("a second -> painted, all open", found["second"]),
    )
    rows = [
        (name, f"{len(v)}", f"{report.p50(v):.1f}", f"{report.p99(v):.1f}", f"{max(v):.1f}")
        for name, v in series
    ]
    print(report.table(("ms", "count", "p50", "p99", "worst"), rows))
    print(
        f"{tails.KEYS} keys, {tails.HEDGES:,} hedges, {tails.CASH:,} cash: "
        f"{found['lines'][0]:,.0f} lines open, {found['shut'][0]:,.0f} shut, "
        f"{options.columns}x{options.rows}; {report.machine()}"
    )
    return report.verdict(
        [
            report.Goal("open every row, p50", report.p50(found["open"]), OPEN_GOAL_MS, "ms"),
            report.Goal("execution to screen, p50", report.p50(found["fill"]), FILL_GOAL_MS, "ms"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
