"""`hedgetui simulate`: the simulated exchange as a server, for any client of the TWS protocol.

What connects there (this program with `--profile paper`, or somebody's own script) meets the ids,
codes and silences of the real server, on the loopback and with play money.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import math
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from hedgetui import config
from hedgetui.console import output
from hedgetui.console.exchange import exchange_of_settings
from hedgetui.console.settings import loaded as settings_of
from hedgetui.console.settings import named_file
from hedgetui.console.trader import pace
from hedgetui.domain.errors import UsageError
from hedgetui.domain.units import Timestamp, iso_utc, parse_utc
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.scenarios import Scenario, scenario
from hedgetui.simulation.sessions import options_session
from hedgetui.simulation.tws.admin import AdminChannel
from hedgetui.simulation.tws_gateway import ACCOUNT, TwsGateway

INTERRUPTED = 130
_MOST_PORT = 65_535
_MOST_SPEED = 3_600.0
"""Faster, and the market could not be computed as fast as it is asked for: nothing would answer."""
_LEAST_SESSION_S = 3_600.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal; 130 when it was Ctrl-C, else 0.

    Raises:
        UsageError: an option makes no sense, or a port is taken.
    """
    if options.tws is None:
        message = "simulate needs to know what to serve"
        raise UsageError(message, hint="hedgetui simulate --tws 7497")
    for name in ("tws", "admin"):
        _check_port(name, getattr(options, name))
    speed = pace(options.speed) or 1.0
    if speed > _MOST_SPEED:
        message = f"--speed {speed:g} is too fast to serve"
        raise UsageError(message, hint=f"up to {_MOST_SPEED:g}")
    start = _start(options.start, time.time)
    config.narrow_umask()
    settings = settings_of(options).settings
    world = scenario(options.scenario or settings.simulator.scenario)
    state = named_file(options, "state")
    return asyncio.run(_serve(settings, world, options, start=start, state=state, speed=speed))


async def _serve(
    settings: config.Settings,
    world: Scenario,
    options: argparse.Namespace,
    *,
    start: Timestamp,
    state: Path | None,
    speed: float,
) -> int:
    exchange = exchange_of_settings(settings.simulator, world, state, start=start)
    async with AsyncExitStack() as stack:
        stack.callback(exchange.close)
        gateway = TwsGateway(exchange, LoopClock(exchange.at, speed), seed=settings.simulator.seed)
        port = await stack.enter_async_context(
            _open("tws", options.tws, gateway.start, gateway.close)
        )
        output.say(f"TWS protocol on 127.0.0.1:{port}, account {ACCOUNT}")
        if options.admin is not None:
            admin = AdminChannel(gateway.control)
            place = await stack.enter_async_context(
                _open("admin", options.admin, admin.start, admin.close)
            )
            output.say(f"admin channel on 127.0.0.1:{place}, one command a line")
        output.say(
            f"scenario {world.name}, seed {settings.simulator.seed}, {iso_utc(exchange.at)}, "
            f"{speed:g} simulated seconds a second"
        )
        if options.start is None:
            output.say("the same market again: add --start with that time")
        output.say(f"connect with: hedgetui --profile paper (connection.port = {port})")
        output.say("Ctrl-C ends it")
        ended = await _ended(gateway)
        if gateway.failure is not None:
            raise gateway.failure
    return INTERRUPTED if ended == signal.SIGINT else 0


@asynccontextmanager
async def _open(
    name: str,
    port: int,
    start: Callable[[int], Awaitable[int]],
    close: Callable[[], Awaitable[None]],
) -> AsyncIterator[int]:
    """Listen at a port for as long as the context lasts.

    Raises:
        UsageError: the port is taken or may not be used.
    """
    try:
        bound = await start(port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is in use by another program" if taken else f"cannot be used: {error.strerror}"
        message = f"port {port} {why}"
        raise UsageError(message, hint=f"choose another with --{name} PORT") from error
    try:
        yield bound
    finally:
        await close()


async def _ended(gateway: TwsGateway) -> int:
    """Wait for a signal and return its number, or for the gateway to fail and return 0."""
    loop = asyncio.get_running_loop()
    got: list[int] = []
    over = gateway.broken

    def end(number: int) -> None:
        got.append(number)
        over.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, end, number)
    try:
        await over.wait()
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
    return got[0] if got else 0


def _check_port(name: str, port: int | None) -> None:
    if port is not None and not 0 <= port <= _MOST_PORT:
        message = f"--{name} {port} is no port"
        raise UsageError(message, hint="1 to 65535, or 0 for a free one")


def _start(text: str | None, wall: Callable[[], float]) -> Timestamp:
    """Return when the market begins: as asked, or at the wall's time if options trade then.

    A desk whose journal knows the wall's time could not follow a broker that lives in the past.
    """
    if text is None:
        return options_session(Timestamp(math.floor(wall())), _LEAST_SESSION_S)
    try:
        return parse_utc(text)
    except ValueError as error:
        message = f"--start {text!r} is not a time"
        raise UsageError(message, hint="like 2025-11-19T14:31:00Z") from error
