"""What runs on what: a screen, a run without one, or a console verb.

The screen and everything on a broker run on the wall's clock; the simulator without a screen runs
on a virtual one. A console verb goes through the socket of the running desk, or opens one of its
own for a moment.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from hedgetui import config
from hedgetui.adapters.control.client import ControlClient
from hedgetui.adapters.control.server import listening
from hedgetui.bootstrap.desk import Desk, files, open_desk
from hedgetui.console import (
    accounts_asking,
    accounts_journal,
    asking,
    dtms_asking,
    headless,
    latches,
    output,
    portfolio_asking,
    stress_asking,
    trader,
)
from hedgetui.console.settings import loaded as settings_of
from hedgetui.console.settings import named_file, socket_path
from hedgetui.console.verbs import PORTFOLIO
from hedgetui.domain import commands as cm
from hedgetui.domain.errors import BrokerUnreachable, UsageError
from hedgetui.ports.broker import Environment
from hedgetui.ports.desk import DeskSnapshot, Outcome
from hedgetui.simulation.scenarios import TraderStep, scenario
from hedgetui.simulation.virtual_loop import run_virtual

_DAY_S = 86_400.0
_RUN_SCENARIO = "trader"
_QUESTIONS = (
    asking.QUESTIONS
    | dtms_asking.QUESTIONS
    | accounts_asking.QUESTIONS
    | portfolio_asking.QUESTIONS
    | stress_asking.QUESTIONS
)
_PATIENCE_S = dict.fromkeys(dtms_asking.QUESTIONS, dtms_asking.PATIENCE_S) | dict.fromkeys(
    PORTFOLIO, portfolio_asking.PATIENCE_S
)
_NO_SCAN = PORTFOLIO | {"freeze", "unfreeze"}
"""Questions that need no scanned strangles."""
_RUNNING_ONLY = asking.RUNNING_ONLY | dtms_asking.QUESTIONS.keys()


def _simulated(loaded: config.Loaded) -> bool:
    return loaded.settings.general.profile == "sim"


# --- the screen ------------------------------------------------------------------------------


def screen(options: argparse.Namespace) -> int:
    """Open the console; without a terminal it is a usage error."""
    trader.pace(options.speed)
    demo = getattr(options, "demo", False)
    if demo and getattr(options, "profile", "sim") != "sim":
        message = "the demo trades on the simulator only"
        raise UsageError(message, hint=f"hedgetui --profile {options.profile}")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        message = "the console needs a terminal"
        raise UsageError(message, hint="without one: hedgetui run --headless")
    config.narrow_umask()
    if demo:
        options.profile = "sim"
    return asyncio.run(_screen(settings_of(options), options))


async def _screen(loaded: config.Loaded, options: argparse.Namespace) -> int:
    from hedgetui.ui.app import HedgeApp  # noqa: PLC0415 - Textual is loaded for a screen only
    from hedgetui.ui.configured import ui_settings  # noqa: PLC0415 - the same

    simulated = _simulated(loaded)
    world = scenario(options.scenario or loaded.settings.simulator.scenario)
    speed = options.speed or (loaded.settings.simulator.speed if simulated else 1.0)
    db = named_file(options, "db")
    passing = getattr(options, "demo", False) and db is None
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hedgetui-"))
        place = Path(folder) if passing else None
        desk = await stack.enter_async_context(
            open_desk(loaded, world, folder=place, db=db, speed=speed)
        )
        socket = None if passing else socket_path(options, loaded.paths)
        await stack.enter_async_context(listening(desk.kernel, socket, desk.complain))
        steps = tuple(world.steps(desk.seed, _DAY_S)) if simulated else ()
        if not passing:
            steps = trader.opening(steps) if desk.kernel.recorder.state.epoch == 1 else ()
        script = asyncio.create_task(trader.follow(desk.kernel, desk.clock, steps))
        stack.callback(script.cancel)
        stack.callback(asyncio.create_task(desk.farmers(world, _DAY_S)).cancel)
        app = HedgeApp(desk.kernel, ui_settings(loaded))
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, app.exit)
        await app.run_async(mouse=app.settings.mouse)
        return app.return_code or 0


def keys(options: argparse.Namespace) -> int:
    """Print every key, from the registry that binds them."""
    from hedgetui.ui.actions import ACTIONS, keys_markdown  # noqa: PLC0415 - loads the screen

    if output.wants_json(options):
        output.print_json([{"id": a.id, "keys": a.keys, "title": a.title} for a in ACTIONS])
    else:
        output.print_lines(keys_markdown().splitlines())
    return 0


# --- headless --------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    """Run the engine without a screen and print facts and a summary."""
    if not options.headless:
        message = "`run` has no screen"
        raise UsageError(message, hint="hedgetui run --headless, or hedgetui for the console")
    seconds = trader.duration(options.duration)
    pace = trader.pace(options.speed)
    config.narrow_umask()
    loaded = settings_of(options)
    simulated = _simulated(loaded)
    _not_for_live(loaded, options)
    world = scenario(options.scenario or _RUN_SCENARIO)
    lines = headless.FactLines() if output.wants_json(options) else None

    # On a broker nobody trades by himself: a plan is followed only when it is asked for.
    planned = simulated or options.scenario is not None

    def plan(desk: Desk) -> tuple[TraderStep, ...]:
        return tuple(world.steps(desk.seed, seconds)) if planned else ()

    with ExitStack() as stack:
        place = None
        if simulated and named_file(options, "db") is None:
            folder = tempfile.TemporaryDirectory(prefix="hedgetui-")
            place = Path(stack.enter_context(folder))

        async def session() -> int:
            async with AsyncExitStack() as inner:
                ending = headless.Ending(lines)
                inner.enter_context(ending.by_signals())
                opened = open_desk(
                    loaded, world, folder=place, db=named_file(options, "db"), listener=ending.fact,
                    speed=1.0 if simulated or pace is None else pace,
                    deterministic=simulated, must_reach=True,
                )  # fmt: skip
                with ending.opening():
                    desk = await inner.enter_async_context(opened)
                socket = None if place else socket_path(options, loaded.paths)
                await inner.enter_async_context(listening(desk.kernel, socket, desk.complain))
                farmers = desk.farmers(world, seconds, output.say)
                summary = await headless.run(desk, plan(desk), seconds, ending, farmers)
                unmet = headless.unmet(desk.kernel.snapshot())
            # Only now the journal has its last fact, and the stream of facts its last line.
            summary |= {"journal_hash": desk.head, "scenario": world.name if planned else ""}
            return headless.finish(summary, as_json=lines is not None, unmet=unmet)

        return run_virtual(session, pace=pace) if simulated else asyncio.run(session())


def _not_for_live(loaded: config.Loaded, options: argparse.Namespace) -> None:
    """Keep what is for play away from real money.

    Raises:
        UsageError: a plan would trade it, or its clock would not be the wall's.
    """
    if loaded.settings.general.profile != Environment.LIVE.value:
        return
    for name in ("scenario", "speed"):
        if getattr(options, name) is not None:
            message = f"--{name} is not for live money"
            raise UsageError(message, hint=f"without --{name}, or --profile paper")


# --- console verbs that need a desk ----------------------------------------------------------


def ask(options: argparse.Namespace) -> int:
    """Put the verb's question to the running desk, or to one of our own when none runs.

    Raises:
        HedgetuiError: only a running desk may be asked this, and none runs.
    """
    config.narrow_umask()
    loaded = settings_of(options)
    code = asyncio.run(_remotely(loaded, options))
    if code is not None:
        return code
    if options.question in _RUNNING_ONLY:
        raise asking.nobody_to_tell()
    if options.question in accounts_journal.WISHES:
        journal = files(loaded, None, named_file(options, "db")).journal
        return asyncio.run(accounts_journal.obey(journal, loaded.settings, options))
    try:
        return _on_a_loop(loaded, lambda: _locally(loaded, options))
    except BrokerUnreachable:
        if options.question not in {"freeze", "unfreeze"}:
            raise
        journal = files(loaded, None, named_file(options, "db")).journal
        profile = loaded.settings.general.profile
        return asyncio.run(latches.in_the_journal(journal, profile, options))


def _on_a_loop(loaded: config.Loaded, work: Callable[[], Coroutine[object, object, int]]) -> int:
    """Run on virtual time with the simulator, on the wall's with a broker."""
    return run_virtual(work) if _simulated(loaded) else asyncio.run(work())


async def _remotely(loaded: config.Loaded, options: argparse.Namespace) -> int | None:
    patience = _PATIENCE_S.get(options.question, asking.PATIENCE_S)
    client = await ControlClient.connect(socket_path(options, loaded.paths), patience_s=patience)
    if client is None:
        return None

    async def nothing() -> None:
        return None

    try:
        lots = await client.first_trade_lots()
        asker = asking.Asker(client.dispatch, client.snapshot, nothing, lots)
        return await _QUESTIONS[options.question](asker, options)
    finally:
        await client.close()


async def _locally(loaded: config.Loaded, options: argparse.Namespace) -> int:
    # The latch comes before the link; what works at the broker is cancelled once it stands.
    freezing = options.question == "freeze"
    needs_market = options.question not in _NO_SCAN
    portfolio = options.question in PORTFOLIO
    # A rule that begins to act and goes away would leave half of its work to nobody.
    alone = loaded.momentary(
        tails=options.question in accounts_asking.QUESTIONS, portfolio=portfolio,
        scan=needs_market,
    )  # fmt: skip
    async with open_desk(alone, db=named_file(options, "db"), must_reach=True) as desk:
        if not freezing:
            await trader.until_ready(desk.kernel, desk.clock, scanned=needs_market)

        async def dispatch(command: cm.Command) -> Outcome:
            return await desk.kernel.dispatch(command, "console")

        async def snapshot() -> DeskSnapshot:
            return desk.kernel.snapshot()

        async def settle() -> None:
            await trader.until_quiet(desk.kernel, desk.clock)

        lots = desk.kernel.settings.first_trade_lots
        unread = _unread(loaded) if portfolio else ""
        asker = asking.Asker(dispatch, snapshot, settle, lots, alone=True, unread=unread)
        code = await _QUESTIONS[options.question](asker, options)
        if freezing:
            try:
                await trader.until_ready(desk.kernel, desk.clock, scanned=False)
                await trader.until_cancelled(desk.kernel, desk.clock)
            except BrokerUnreachable as error:
                output.say(f"{error.message}: orders that work there go on working")
        return code


def _unread(loaded: config.Loaded) -> str:
    """Say what of the portfolio a desk of our own leaves unread, if there is such a thing."""
    mt5 = loaded.settings.mt5
    if not loaded.settings.dtms.enabled or (mt5 is not None and mt5.backend == "off"):
        return ""
    return "MT5 is not in it: only a running desk reads MT5 positions"
