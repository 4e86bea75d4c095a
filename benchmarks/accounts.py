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
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import report
import tails
from pty_probe import ROOT, Probe

sys.path.insert(0, str(ROOT))

from textual import events

from hedgetui.domain import events as ev
from hedgetui.domain.commands import Command
from hedgetui.domain.orders import Side
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import CashId, HedgeId, Key, Lots, Origin, Units
from hedgetui.domain.tails.tree import Market, Outlook, Tree
from hedgetui.domain.units import Timestamp
from hedgetui.ports.desk import (
    BookView,
    DeskSettings,
    DeskSnapshot,
    Outcome,
    PayoffView,
    StatusView,
    Update,
)
from hedgetui.ports.tails import TailsView
from hedgetui.ui.app import HedgeApp
from hedgetui.ui.settings import UiSettings

OPENINGS, FILLS, SECONDS = 20, 100, 60
QUIET_S, PATIENCE_S, PROCESS_S = 0.12, 10.0, 300.0
FRAME_S = 0.3
"""From one stimulus to the next: longer than the least time between two frames."""
OUTLOOK = Outlook({name: Market(tails.PRICE, tails.PRICE + 1, 0.08) for name in tails.CONTRACTS})
OPEN_GOAL_MS, FILL_GOAL_MS = 150.0, 50.0

BOOK = BookView(
    option_delta=None, share_delta=None, gamma=None, vega=None, theta=None, hedge_contracts=0,
    hedge_working=0, net_delta=None, target=0.0, band=10.0, theory_band=None, preset="balanced",
    level="unknown", order="", blocked="no position", greeks_age_s=None, estimated=False,
    hedge_month="", hedge_bid=None, hedge_ask=None, hedge_age_s=None, index_level=None,
    last_hedge_at=None, ladder="", proof="",
)  # fmt: skip


class Mailbox:
    """Hands on that something happened."""

    def __init__(self) -> None:
        self._news: asyncio.Queue[Update] = asyncio.Queue()

    def push(self) -> None:
        """Tell of one fact."""
        self._news.put_nowait(Update(facts=1))

    async def __aiter__(self) -> AsyncIterator[Update]:
        while True:
            yield await self._news.get()

    def close(self) -> None:
        """Have nothing to give back."""


class LedgerDesk:
    """A desk of hedge accounts alone, whose hedges of the measurement work already."""

    def __init__(self) -> None:
        self.now = Timestamp(tails.START + tails.DAYS * 86_400.0 - 600.0)
        self.ledger = Ledger(tails.LEVELS, facts=tails.journal(tails.CASH, tails.HEDGES))
        for turn in range(FILLS):
            self.take(_placed(turn))
        self.mailbox = Mailbox()
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

    @property
    def settings(self) -> DeskSettings:
        """Return what nobody looks at here."""
        return DeskSettings("sim")

    async def dispatch(self, command: Command, by: str = "you") -> Outcome:
        """Refuse: this desk only shows."""
        return Outcome(ok=False, code="bench", message=f"{command} by {by}: not here")

    def subscribe(self) -> Mailbox:
        """Return the one mailbox."""
        return self.mailbox

    def snapshot(self) -> DeskSnapshot:
        """Return the present state, projected anew as far as it changed."""
        status = StatusView(
            mode="SIM", account="DU-SIM-01", link="ready", link_reason="", latency_ms=1.0,
            now=self.now, session="RTH", venue_reason="", armed=True, auto=True, enabled=True,
            latches=(), unknown_orders=0, working_orders=0, net_pnl=None,
        )  # fmt: skip
        rows = self._tree.rows(self.now, tails.DAYS, OUTLOOK)
        view = TailsView(rows, "online", days=tails.DAYS, version=self.ledger.version)
        return DeskSnapshot(
            status=status, book=BOOK, strangles=(), candidates=(), scanned_at=None, orders=(),
            preflight=(), payoff=PayoffView(), samples=(), tails=view,
        )  # fmt: skip

    def explain(self, seq: int) -> str:
        """Return that there is no log."""
        return f"line {seq}: there is no log here"


def _key(turn: int) -> Key:
    """Return a key whose cash waits for a hedge: every execution moves links and lines."""
    return tails.key(2 * turn + 1)


def _placed(turn: int) -> tf.TailHedgePlaced:
    return tf.TailHedgePlaced(
        HedgeId(f"N{turn}"), _key(turn), Side.SELL, Lots(1), f"N{turn}", Origin.HM,
        CashId(""), "bench", Units(0), Units(0), "rule",
    )  # fmt: skip


class WatchedApp(HedgeApp):
    """The console, which notes when a paint has been written."""

    painted = 0.0

    def post_display_hook(self) -> None:
        """Note the time."""
        self.painted = perf_counter()


async def seen(app: WatchedApp, stir: Callable[[], object]) -> float:
    """Return milliseconds from a stimulus to the end of the last paint that follows.

    Raises:
        TimeoutError: nothing was painted.
    """
    await asyncio.sleep(FRAME_S)
    began = perf_counter()
    stir()
    while (left := max(began, app.painted) + QUIET_S - perf_counter()) > 0 or app.painted < began:
        if perf_counter() > began + PATIENCE_S:
            raise TimeoutError("nothing was painted")
        await asyncio.sleep(max(left, 0.01))
    return 1e3 * (app.painted - began)


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


def measure(columns: int, rows: int) -> dict[str, list[float]]:
    """Run the console on a terminal of that size and return what its probe saw.

    Raises:
        RuntimeError: the console ended without a result.
    """
    with tempfile.TemporaryDirectory(prefix="hedgetui-bench-") as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, str(Path(__file__)), "--screen", str(result)]
        with Probe(command, columns=columns, rows=rows) as probe:
            while probe.alive and probe.age < PROCESS_S:
                probe.pump(0.5)
            if not result.exists():
                raise RuntimeError(f"no result: {bytes(probe.stream[-600:])!r}")
        found: dict[str, list[float]] = json.loads(result.read_text("utf-8"))
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
    found = measure(options.columns, options.rows)
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
