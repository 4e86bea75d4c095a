"""`hedgetui simulate`: the simulated brokers as servers, for any client of their protocols.

What connects there (this program with `--profile paper`, or somebody's own script) meets the ids,
codes and silences of the real servers, on the loopback and with play money.
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
from dataclasses import dataclass
from pathlib import Path

from hedgetui import config
from hedgetui.console import output
from hedgetui.console.exchange import exchange_of_settings
from hedgetui.console.settings import loaded as settings_of
from hedgetui.console.settings import named_file
from hedgetui.console.simulate_mt5 import mt5_venue, mt5_world, say_mt5, serving_mt5
from hedgetui.console.trader import pace
from hedgetui.domain.errors import HedgetuiError, UsageError
from hedgetui.domain.units import Timestamp, iso_utc, parse_utc
from hedgetui.ports.clock import LoopClock
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.mt5.venue import Venue
from hedgetui.simulation.mt5_gateway import Mt5Gateway
from hedgetui.simulation.scenarios import SCENARIOS, scenario
from hedgetui.simulation.sessions import options_session
from hedgetui.simulation.tws.admin import AdminChannel
from hedgetui.simulation.tws_gateway import ACCOUNT, TwsGateway

INTERRUPTED = 130
_MOST_PORT = 65_535
_MOST_SPEED = 3_600.0
"""Faster, and the market could not be computed as fast as it is asked for: nothing would answer."""
_LEAST_SESSION_S = 3_600.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class _Brokers:
    """What is to be served."""

    exchange: Exchange | None
    venue: Venue | None
    token: Path
    names: str
    """The scenario, or both of them where they differ."""

    @property
    def at(self) -> Timestamp:
        """Where time goes on: the later of what either has reached."""
        return max(one.at for one in (self.exchange, self.venue) if one is not None)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal; 130 when it was Ctrl-C, else 0.

    Raises:
        UsageError: an option makes no sense, or a port is taken.
    """
    if options.tws is None and options.mt5 is None:
        message = "simulate needs to know what to serve"
        raise UsageError(message, hint="hedgetui simulate --tws 7497, --mt5 18812, or both")
    for name in ("tws", "mt5", "admin"):
        _check_port(name, getattr(options, name))
    speed = pace(options.speed) or 1.0
    if speed > _MOST_SPEED:
        message = f"--speed {speed:g} is too fast to serve"
        raise UsageError(message, hint=f"up to {_MOST_SPEED:g}")
    start = _start(options.start, time.time, options=options.tws is not None)
    config.narrow_umask()
    loaded = settings_of(options)
    brokers = _brokers(loaded, options, start)
    return asyncio.run(_serve(brokers, options, seed=loaded.settings.simulator.seed, speed=speed))


def _brokers(loaded: config.Loaded, options: argparse.Namespace, start: Timestamp) -> _Brokers:
    settings, state = loaded.settings.simulator, named_file(options, "state")
    name = options.scenario or settings.scenario
    exchange, venue, names = None, None, []
    if options.tws is not None:
        world = scenario(name) if name in SCENARIOS or options.mt5 is None else scenario("demo")
        exchange = exchange_of_settings(settings, world, state, start=start)
        names.append(world.name)
    if options.mt5 is not None:
        other = mt5_world(name, alone=exchange is None)
        names.append(other.name)
        venue = mt5_venue(settings, other, state, start)
        if exchange is None:
            venue.advance(start)  # it lived on while nobody served it
    token = named_file(options, "token") or loaded.paths.mt5_token
    return _Brokers(exchange, venue, token, " and ".join(dict.fromkeys(names)))


async def _serve(brokers: _Brokers, options: argparse.Namespace, *, seed: int, speed: float) -> int:
    over = asyncio.Event()
    clock = LoopClock(brokers.at, speed)
    lines: list[str] = []
    async with AsyncExitStack() as stack:
        tws = mt5 = None
        if brokers.exchange is not None:
            tws, port = await _serve_tws(stack, brokers.exchange, clock, options.tws, seed)
            over = tws.broken
            lines.append(f"connect with: hedgetui --profile paper (connection.port = {port})")
        if brokers.venue is not None:
            mt5, port = stack.enter_context(
                serving_mt5(brokers.venue, clock.now, brokers.token, options.mt5, over)
            )
            lines.append(say_mt5(mt5, port, brokers.token))
        if options.admin is not None:
            await _serve_admin(stack, tws, mt5, options.admin)
        output.say(
            f"scenario {brokers.names}, seed {seed}, {iso_utc(clock.now())}, "
            f"{speed:g} simulated seconds a second"
        )
        if options.start is None:
            output.say("the same market again: add --start with that time")
        for line in [*lines, "Ctrl-C ends it"]:
            output.say(line)
        ended = await _ended(over)
        _raise(tws.failure if tws is not None else None)
        _raise(mt5.failure if mt5 is not None else None)
    return INTERRUPTED if ended == signal.SIGINT else 0


async def _serve_tws(
    stack: AsyncExitStack, exchange: Exchange, clock: LoopClock, port: int, seed: int
) -> tuple[TwsGateway, int]:
    stack.callback(exchange.close)
    gateway = TwsGateway(exchange, clock, seed=seed)
    bound = await stack.enter_async_context(_open("tws", port, gateway.start, gateway.close))
    output.say(f"TWS protocol on 127.0.0.1:{bound}, account {ACCOUNT}")
    return gateway, bound


async def _serve_admin(
    stack: AsyncExitStack, tws: TwsGateway | None, mt5: Mt5Gateway | None, port: int
) -> None:
    control = tws.control if tws is not None else None
    admin = AdminChannel(control, {"mt5": mt5.obey} if mt5 is not None else {})
    place = await stack.enter_async_context(_open("admin", port, admin.start, admin.close))
    output.say(f"admin channel on 127.0.0.1:{place}, one command a line")


def _raise(failure: HedgetuiError | None) -> None:
    if failure is not None:
        raise failure


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


async def _ended(over: asyncio.Event) -> int:
    """Wait for a signal and return its number, or for a gateway to fail and return 0."""
    loop = asyncio.get_running_loop()
    got: list[int] = []

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


def _start(text: str | None, wall: Callable[[], float], *, options: bool) -> Timestamp:
    """Return when the market begins: as asked, or at the wall's time (if `options`, they trade).

    A desk whose journal knows the wall's time could not follow a broker that lives in the past.
    """
    if text is None:
        now = Timestamp(math.floor(wall()))
        return options_session(now, _LEAST_SESSION_S) if options else now
    try:
        return parse_utc(text)
    except ValueError as error:
        message = f"--start {text!r} is not a time"
        raise UsageError(message, hint="like 2025-11-19T14:31:00Z") from error
