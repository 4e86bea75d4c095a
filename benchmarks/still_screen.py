"""A console on a desk that only shows, watched from the stimulus to the end of the paint."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import perf_counter

from pty_probe import ROOT, Probe

sys.path.insert(0, str(ROOT))

from hedgetui.domain.commands import Command
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
from hedgetui.ui.app import HedgeApp

QUIET_S, PATIENCE_S, PROCESS_S = 0.12, 10.0, 300.0
FRAME_S = 0.3
"""From one stimulus to the next: longer than the least time between two frames."""

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


class ShowingDesk:
    """A desk that shows something and does nothing; its heirs say what."""

    def __init__(self) -> None:
        self.mailbox = Mailbox()

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

    def explain(self, seq: int) -> str:
        """Return that there is no log."""
        return f"line {seq}: there is no log here"


def empty_snapshot(now: Timestamp) -> DeskSnapshot:
    """Return a desk without positions, orders or prices."""
    status = StatusView(
        mode="SIM", account="DU-SIM-01", link="ready", link_reason="", latency_ms=1.0, now=now,
        session="RTH", venue_reason="", armed=True, auto=True, enabled=True, latches=(),
        unknown_orders=0, working_orders=0, net_pnl=None,
    )  # fmt: skip
    return DeskSnapshot(
        status=status, book=BOOK, strangles=(), candidates=(), scanned_at=None, orders=(),
        preflight=(), payoff=PayoffView(), samples=(),
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


def screen_of(command: list[str], columns: int, rows: int) -> dict[str, list[float]]:
    """Run a console on a terminal of that size; return what it wrote into the file it is given.

    Args:
        command: starts the console; the name of the file for its series, as JSON, is added.
        columns: of the terminal.
        rows: of the terminal.

    Raises:
        RuntimeError: the console ended without a result.
    """
    with tempfile.TemporaryDirectory(prefix="hedgetui-bench-") as folder:
        result = Path(folder) / "result.json"
        with Probe([*command, str(result)], columns=columns, rows=rows) as probe:
            while probe.alive and probe.age < PROCESS_S:
                probe.pump(0.5)
            if not result.exists():
                raise RuntimeError(f"no result: {bytes(probe.stream[-600:])!r}")
        found: dict[str, list[float]] = json.loads(result.read_text("utf-8"))
        return found
