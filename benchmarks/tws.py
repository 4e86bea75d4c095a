"""Over the wire: how long an order waits behind a scan, and how long a tick takes to become one.

The simulated exchange runs as a server in a process of its own, as `hedgetui simulate` starts it.
Three things are measured from the client's side, in one run. First the adapter reads the whole
option chain while orders are sent: the time until each has been written to the socket and the time
until the broker's first word about it. Then the client library alone, without our adapter, sends an
order behind 150 questions of its own: what its queue, first in and first out, does to a hedge. Last
a whole desk trades on that server, twenty simulated seconds in one, with a band so narrow that the
rule sends an order several times a second: tick in, durable intent, order out.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import report
from latency import BUSY, SETTLE_S, STEPS, Stopwatch
from pty_probe import ROOT

sys.path.insert(0, str(ROOT))

from hedgetui import bootstrap
from hedgetui.adapters.ibkr._api import Api
from hedgetui.adapters.ibkr._api import load as load_api
from hedgetui.adapters.ibkr.broker import IbkrBroker, probe
from hedgetui.adapters.ibkr.connection import IbkrConnection
from hedgetui.config import load
from hedgetui.console import trader
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.units import Contracts
from hedgetui.ports.broker import BrokerMessage, CommittedOrder, Environment, OrderListed
from hedgetui.ports.clock import LoopClock

ORDERS, APART_S = 24, 0.22
QUESTIONS = 150
BEHIND_SCAN_MS, SUBMIT_P50_MS, SUBMIT_P99_MS = 200.0, 5.0, 50.0
SPEED = 20.0
ACCOUNT = "DU1234567"


def free_port() -> int:
    """Return a port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def exchange(port: int, *words: str) -> Iterator[None]:
    """Run the exchange as a server."""
    command = [
        sys.executable, "-m", "hedgetui", "simulate", "--tws", str(port), "--seed", "7",
        "--start", "2025-11-19T14:31:00Z", *words,
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.terminate()
        server.wait(10.0)


def connection_to(port: int) -> IbkrConnection:
    """Return the connection of a paper profile."""
    return IbkrConnection("127.0.0.1", port, 17, ACCOUNT, Environment.PAPER)


async def until_up(connection: IbkrConnection) -> None:
    """Wait for the server's first answer."""
    for _ in range(100):
        with contextlib.suppress(BrokerUnreachable):
            await probe(connection)
            return
        await asyncio.sleep(0.1)
    raise SystemExit("the exchange did not start")


class Session:
    """A broker, and when it said its first word about each order."""

    def __init__(self, broker: IbkrBroker) -> None:
        """Listen to `broker`."""
        self.broker = broker
        self.listed: dict[str, asyncio.Future[float]] = {}

    def hear(self, message: BrokerMessage) -> None:
        """Note the first word about an order."""
        if isinstance(message, OrderListed):
            answer = self.listed.get(message.client_key)
            if answer is not None and not answer.done():
                answer.set_result(perf_counter())

    async def order(self, key: str, month: str, side: Side) -> tuple[float, float]:
        """Send one contract; returns milliseconds until it was written, and until it was heard."""
        draft = OrderDraft(Purpose.HEDGE, month, side, Contracts(1), OrderType.MARKET)
        answer = self.listed[key] = asyncio.get_running_loop().create_future()
        began = perf_counter()
        await self.broker.submit(CommittedOrder(1, key, draft))
        written = 1e3 * (perf_counter() - began)
        heard = await asyncio.wait_for(answer, 30.0)
        return written, 1e3 * (heard - began)


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Session]:
    """Open a session of the adapter."""
    connection = connection_to(port)
    await until_up(connection)
    clock = LoopClock((await probe(connection)).broker_time)
    session = Session(IbkrBroker(connection, clock))
    await session.broker.connect(session.hear)
    try:
        yield session
    finally:
        await session.broker.disconnect()


async def behind_a_scan(port: int) -> tuple[list[float], list[float], list[float], int]:
    """Return ms to (write, hear) orders during a scan, to hear them without one, and its lines."""
    async with connected(port) as session:
        month = (await session.broker.futures("MES"))[0].key
        sides = (Side.SELL, Side.BUY)
        quiet = [(await session.order(f"HT1.Q{n}", month, sides[n % 2]))[1] for n in range(ORDERS)]
        written: list[float] = []
        heard: list[float] = []
        scans, waiting = 0, 0
        number = 0
        while number < ORDERS:
            scan = asyncio.ensure_future(session.broker.chain())
            await asyncio.sleep(APART_S)
            while not scan.done() and number < ORDERS:
                waiting = max(waiting, session.broker.health().queued)
                one, two = await session.order(f"HT1.S{number}", month, sides[number % 2])
                written.append(one)
                heard.append(two)
                number += 1
                await asyncio.sleep(APART_S)
            await scan
            scans += 1
        print(f"{scans} scans of the chain, up to {waiting} messages waiting when an order left")
        return written, heard, quiet, waiting


async def library_alone(port: int) -> float:
    """Return ms until the library's own queue lets an order out behind 150 questions."""
    api: Api = load_api()
    ib: Any = api.IB()
    await ib.connectAsync("127.0.0.1", port, clientId=18, timeout=10)
    try:
        wanted = api.Contract(secType="FUT", symbol="MES", exchange="CME")
        month = (await ib.reqContractDetailsAsync(wanted))[0].contract
        ticks = [ib.reqContractDetailsAsync(month) for _ in range(QUESTIONS)]
        questions = [asyncio.ensure_future(one) for one in ticks]
        await asyncio.sleep(0)
        order = api.Order(action="SELL", totalQuantity=1, orderType="MKT", tif="DAY")
        heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def first_word(*_: object) -> None:
            if not heard.done():
                heard.set_result(perf_counter())

        ib.openOrderEvent += first_word
        began = perf_counter()
        ib.placeOrder(month, order)
        took = await asyncio.wait_for(heard, 60.0) - began
        await asyncio.gather(*questions, return_exceptions=True)
        return 1e3 * took
    finally:
        ib.disconnect()


async def whole_desk(port: int, seconds: float) -> dict[str, Any]:
    """Trade for a while on a server whose time runs fast, and return what the probes saw."""
    await until_up(connection_to(port))
    flags: dict[str, object] = {"general.profile": "paper", "profile.paper.port": port}
    with tempfile.TemporaryDirectory(prefix="hedgetui-bench-") as folder:
        file = Path(folder) / "config.toml"
        file.write_text(BUSY.partition("[simulator]")[0], "utf-8")
        file.chmod(0o600)
        loaded = load(flags=flags, config_file=file)
        async with bootstrap.open_desk(loaded, folder=Path(folder), speed=SPEED) as desk:
            watch = Stopwatch(desk)
            lag = asyncio.create_task(watch.watch_loop())
            await trader.until_ready(desk.kernel, desk.clock)
            await trader.follow(desk.kernel, desk.clock, STEPS, print)
            await asyncio.sleep(SETTLE_S)
            await watch.forget_start()
            await asyncio.sleep(seconds)
            lag.cancel()
            return watch.document()


def rows_of(series: dict[str, list[float]]) -> list[tuple[str, ...]]:
    """Return a table's rows."""
    return [
        (name, f"{len(v)}", f"{report.p50(v):.2f}", f"{report.p99(v):.2f}", f"{max(v):.1f}")
        if v
        else (name, "0", "-", "-", "-")
        for name, v in series.items()
    ]


def main() -> int:
    """Print one table and the goals; exit 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of the desk's part")
    options = parser.parse_args()
    os.umask(0o077)
    port, fast = free_port(), free_port()
    with exchange(port):
        written, heard, quiet, waiting = asyncio.run(behind_a_scan(port))
        alone = asyncio.run(library_alone(port))
    with exchange(fast, "--speed", f"{SPEED:g}"):
        seen = asyncio.run(whole_desk(fast, options.seconds))
    rows = rows_of(
        {
            "order -> written, behind a scan": written,
            "order -> broker's word, behind a scan": heard,
            "order -> broker's word, no scan": quiet,
            f"library alone, behind {QUESTIONS} questions": [alone],
            "tick -> order decided": seen["decided"],
            "   intent durable": seen["durable"],
            "tick -> order bytes": seen["submitted"],
            "loop lag": seen["lag"],
        }
    )
    print(report.table(("ms", "count", "p50", "p99", "worst"), rows))
    print(f"{seen['messages_per_s']:.0f} market messages a second; {report.machine()}")
    ratio = report.p50(heard) / alone
    print(f"the broker hears an order behind a scan after {ratio:.3f} x the library's own time")
    if not seen["submitted"] or not waiting:
        print("no order was sent, or none stood behind a scan: nothing was measured")
        return 1
    return report.verdict(
        [
            report.Goal("order written behind a scan, worst", max(written), BEHIND_SCAN_MS, "ms"),
            report.Goal("order heard behind a scan, worst", max(heard), BEHIND_SCAN_MS, "ms"),
            report.Goal(
                "tick -> order bytes, p50", report.p50(seen["submitted"]), SUBMIT_P50_MS, "ms"
            ),
            report.Goal(
                "tick -> order bytes, p99", report.p99(seen["submitted"]), SUBMIT_P99_MS, "ms"
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
