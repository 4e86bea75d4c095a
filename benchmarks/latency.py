"""Screen, market and journal share one event loop: what the tick and the key wait for each other.

The console runs in a pseudo-terminal as the product assembles it, with two probes added: the moment
market data arrives, and the moment an order leaves. Twenty simulated seconds pass in one, so that
prices and greeks come at some three hundred messages a second, and a narrow band on a large book
makes the rule send an order several times a second. Keys are timed from the terminal's side, on the
busy screen and on one that has nothing to show.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import report
from pty_probe import ROOT, Probe, private_folders

sys.path.insert(0, str(ROOT))

from hedgetui import bootstrap
from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.config import load
from hedgetui.console import trader
from hedgetui.domain.events import Event, Fact, HedgeCalculated
from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega.decide import Trigger
from hedgetui.engine.services.triggers import Triggers
from hedgetui.ports.broker import BrokerMessage, CommittedOrder, IndexLevel, MessageSink
from hedgetui.simulation.scenarios import TraderStep, scenario
from hedgetui.store.journal import Journal
from hedgetui.ui.app import HedgeApp
from hedgetui.ui.configured import ui_settings

BUSY = """
[vega]
max_delta = 2.6
debounce_ms = 0
monitor_interval_s = 2.0
quote_max_age_s = 600.0
greeks_max_age_s = 600.0
[risk]
max_order_contracts = 1000
max_net_contracts = 1000
max_option_lots = 1000
orders_per_second = 1000
orders_per_minute = 10000
orders_per_day = 100000
throttle_hedges = 100000
max_order_notional = 1e9
max_day_notional = 1e12
duplicate_window_s = 0.0
daily_loss_limit = 1e9
margin_buffer = 0.0
[simulator]
speed = 20.0
"""
CALM = '[simulator]\nscenario = "calm"\nstart = "2025-11-22T15:00:00Z"\n'
"""A Saturday: nothing moves."""

STEPS = (
    TraderStep(0.2, "enable", "on"),
    TraderStep(0.4, "auto", "on"),
    *(TraderStep(2.0 + 4.0 * row, "enter", f"{row}x40") for row in (1, 2, 3)),
)
LAG_STEP_S = 0.005
SETTLE_S = 5.0
FOLLOW_OFF, FOLLOW_ON = b"off", "●".encode()
"""What the caption of the log says after `F` and after `F` again; written nowhere else then."""

DECIDED_GOAL_MS, SUBMIT_P50_MS, SUBMIT_P99_MS, LAG_GOAL_MS = 5.0, 5.0, 50.0, 20.0
KEY_P50_RATIO, KEY_P99_RATIO = 1.1, 2.5


class Stopwatch:
    """Probes on a running desk; every list is in milliseconds."""

    def __init__(self, desk: bootstrap.Desk) -> None:
        """Put the probes on; the desk must not have connected yet."""
        self.judged: list[float] = []
        self.decided: list[float] = []
        self.durable: list[float] = []
        self.submitted: list[float] = []
        self.lag: list[float] = []
        self.messages = 0
        self._arrived: float | None = None
        self._breach_at: float | None = None
        self._order_from: float | None = None
        self._began = perf_counter()
        self._watch_broker(desk.broker)
        self._watch_rule(desk.kernel.triggers)
        self._watch_journal(desk.journal)

    def _watch_broker(self, broker: SimulatedBroker) -> None:
        """Note when market data arrives and when an order has left."""
        connect, submit = broker.connect, broker.submit

        async def connect_with_probe(sink: MessageSink) -> None:
            def take(message: BrokerMessage) -> None:
                if isinstance(message, IndexLevel | Quote | Greeks):
                    self.messages += 1
                    self._arrived = self._arrived or perf_counter()
                sink(message)

            await connect(take)

        async def submit_with_probe(order: CommittedOrder) -> None:
            await submit(order)
            if self._order_from is not None:
                self.submitted.append(1e3 * (perf_counter() - self._order_from))
            self._order_from = None

        setattr(broker, "connect", connect_with_probe)  # noqa: B010 - a probe, not a method
        setattr(broker, "submit", submit_with_probe)  # noqa: B010 - the same

    def _watch_rule(self, triggers: Triggers) -> None:
        """Note when a batch of market data was judged, and which one crossed the band."""
        on_tick, ask_later = triggers.on_tick, triggers.ask_later

        def on_tick_with_probe() -> None:
            on_tick()
            if self._arrived is not None:
                self.judged.append(1e3 * (perf_counter() - self._arrived))
            self._arrived = None

        def ask_later_with_probe(reason: Trigger, seconds: float) -> None:
            if reason is Trigger.BREACH:
                self._breach_at = self._arrived
            ask_later(reason, seconds)

        setattr(triggers, "on_tick", on_tick_with_probe)  # noqa: B010 - a probe, not a method
        setattr(triggers, "ask_later", ask_later_with_probe)  # noqa: B010 - the same

    def _watch_journal(self, journal: Journal) -> None:
        """Note when the order of a crossing was decided, and when it was durable."""
        append = journal.append

        async def append_with_probe(at: Timestamp, events: Sequence[Event]) -> tuple[Fact, ...]:
            began = perf_counter()
            facts = await append(at, events)
            crossing = any(
                isinstance(one, HedgeCalculated) and one.trigger == Trigger.BREACH for one in events
            )
            if crossing and self._breach_at is not None:
                self.decided.append(1e3 * (began - self._breach_at))
                self.durable.append(1e3 * (perf_counter() - began))
                self._order_from, self._breach_at = self._breach_at, None
            return facts

        setattr(journal, "append", append_with_probe)  # noqa: B010 - a probe, not a method

    async def watch_loop(self) -> None:
        """Note for ever by how much a short sleep is late."""
        while True:
            due = perf_counter() + LAG_STEP_S
            await asyncio.sleep(LAG_STEP_S)
            self.lag.append(max(0.0, 1e3 * (perf_counter() - due)))

    async def forget_start(self) -> None:
        """Throw away what was measured before the day began."""
        await asyncio.sleep(SETTLE_S)
        self.messages = 0
        for name in ("judged", "decided", "durable", "submitted", "lag"):
            getattr(self, name).clear()
        self._began = perf_counter()

    def document(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        names = ("judged", "decided", "durable", "submitted", "lag")
        rate = self.messages / (perf_counter() - self._began)
        return {**{name: getattr(self, name) for name in names}, "messages_per_s": rate}


async def run_desk(folder: Path) -> dict[str, Any]:
    """Be the program in the terminal until SIGTERM; return what the probes saw."""
    loaded = load()
    world = scenario(loaded.settings.simulator.scenario)
    speed = loaded.settings.simulator.speed
    async with bootstrap.open_desk(loaded, world, folder=folder, speed=speed) as desk:
        watch = Stopwatch(desk)
        steps = STEPS if world.name == "demo" else ()
        tasks = [
            asyncio.create_task(watch.watch_loop()),
            asyncio.create_task(watch.forget_start()),
            asyncio.create_task(trader.follow(desk.kernel, desk.clock, steps, lambda _: None)),
        ]
        app = HedgeApp(desk.kernel, ui_settings(loaded))

        def end() -> None:
            for task in tasks:  # how long the screen takes to close is not what is measured
                task.cancel()
            app.exit()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        await app.run_async(mouse=False)
        return watch.document()


def watch_desk(configuration: str, seconds: float) -> tuple[list[float], dict[str, Any]]:
    """Run the console for `seconds` and return key times in ms and what its probes saw."""
    with private_folders(configuration) as environment:
        result = Path(environment["XDG_RUNTIME_DIR"]) / "result.json"
        command = [sys.executable, str(Path(__file__)), "--desk", str(result)]
        with Probe(command, environment=environment) as probe:
            probe.wait_for(b"MES", 30.0)
            probe.run(SETTLE_S + 1.0)
            keys = key_times(probe, seconds)
        return keys, json.loads(result.read_text("utf-8"))


def key_times(probe: Probe, seconds: float) -> list[float]:
    """Press `F` again and again and return how long each took to show, in milliseconds."""
    pauses = random.Random(7)  # noqa: S311 - so that no key keeps step with the frames
    times: list[float] = []
    end = perf_counter() + seconds
    while perf_counter() < end:
        for word in (FOLLOW_OFF, FOLLOW_ON):
            probe.run(pauses.uniform(0.02, 0.15))
            start, began = len(probe.stream), perf_counter()
            probe.send(b"F")
            probe.wait_for(word, 5.0, start=start)
            times.append(1e3 * (perf_counter() - began))
    return times


def main() -> int:
    """Print one table and the goals; exit 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="length of each measurement")
    parser.add_argument("--desk", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.desk is not None:
        seen = asyncio.run(run_desk(options.desk.parent))
        options.desk.write_text(json.dumps(seen), "utf-8")
        return 0
    idle_keys, _ = watch_desk(CALM, options.seconds / 2)
    keys, seen = watch_desk(BUSY, options.seconds)
    series = (
        ("key -> repaint, idle screen", idle_keys),
        ("key -> repaint, busy screen", keys),
        ("tick -> band judged", seen["judged"]),
        ("tick -> order decided", seen["decided"]),
        ("   intent durable", seen["durable"]),
        ("tick -> order submitted", seen["submitted"]),
        ("loop lag", seen["lag"]),
    )
    rows = [
        (name, f"{len(v)}", f"{report.p50(v):.2f}", f"{report.p99(v):.2f}", f"{max(v):.1f}")
        if v
        else (name, "0", "-", "-", "-")
        for name, v in series
    ]
    print(report.table(("ms", "count", "p50", "p99", "worst"), rows))
    print(f"{seen['messages_per_s']:.0f} market messages a second; {report.machine()}")
    if not seen["submitted"]:
        print("no order was sent: nothing was measured")
        return 1
    key_p50 = report.p50(keys) / report.p50(idle_keys)
    key_p99 = report.p99(keys) / report.p99(idle_keys)
    return report.verdict(
        [
            report.Goal("tick -> order decided, p99", report.p99(seen["decided"]),
                        DECIDED_GOAL_MS, "ms"),
            report.Goal("tick -> order submitted, p50", report.p50(seen["submitted"]),
                        SUBMIT_P50_MS, "ms"),
            report.Goal("tick -> order submitted, p99", report.p99(seen["submitted"]),
                        SUBMIT_P99_MS, "ms"),
            report.Goal("loop lag, p99", report.p99(seen["lag"]), LAG_GOAL_MS, "ms"),
            report.Goal("key -> repaint busy / idle, p50", key_p50, KEY_P50_RATIO, "x"),
            report.Goal("key -> repaint busy / idle, p99", key_p99, KEY_P99_RATIO, "x"),
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
