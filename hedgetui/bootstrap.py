"""Putting the desk together: configuration to settings, files to ports, ports to a kernel.

The only module that knows every layer. It decides what runs on what (screen on the wall clock,
headless on the virtual one, a console verb through the socket of a running desk or on a desk of its
own for a moment) and takes everything down in the reverse order, whatever happens.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random, SystemRandom

from hedgetui import config
from hedgetui.adapters.control.client import ControlClient
from hedgetui.adapters.control.server import listening
from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.console import asking, headless, latches, output, trader
from hedgetui.console.settings import loaded as settings_of
from hedgetui.console.settings import named_file, socket_path
from hedgetui.domain import commands as cm
from hedgetui.domain.audit import Auditor
from hedgetui.domain.errors import BrokerUnreachable, HedgetuiError, UsageError
from hedgetui.domain.events import Fact
from hedgetui.domain.risk import RiskLimits
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.domain.vega.bands import PRESETS, BandRule
from hedgetui.domain.vega.scanner import ScanSettings
from hedgetui.domain.vega.sizing import RehedgeTo
from hedgetui.engine.kernel import Kernel, Ports
from hedgetui.engine.settings import EngineSettings, VegaRules
from hedgetui.ports.broker import Complete
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.desk import DeskPort, DeskSnapshot, Outcome
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.scenarios import Scenario, scenario
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.simulation.worlds import market_of
from hedgetui.store.journal import Journal
from hedgetui.store.log_store import LogStore

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Desk:
    """A running desk and what its caller may need besides the port."""

    kernel: Kernel
    clock: LoopClock
    auditor: Auditor
    broker: SimulatedBroker
    journal: Journal
    seed: int

    @property
    def port(self) -> DeskPort:
        """The desk as its front ends see it."""
        return self.kernel

    @property
    def head(self) -> str:
        """Hash of the newest fact."""
        return self.journal.head

    @property
    def failure(self) -> HedgetuiError | None:
        """Why the journal writes nothing more; None while it works."""
        return self.journal.failure

    def summary(self) -> dict[str, object]:
        """Return counts, net delta and profit since the journal began."""
        return self.kernel.summary()

    async def audit(self) -> Auditor:
        """Compare the journal with the broker's own history and return the auditor."""
        answer = await self.broker.truth()
        if isinstance(answer, Complete):
            self.auditor.compare(headless.history_of(answer.truth))
        return self.auditor

    def complain(self, words: str) -> None:
        """Warn in the log, where the screen and a headless run show it."""
        self.kernel.recorder.say("warn", f"🟡 {words}")


def engine_settings(settings: config.Settings) -> EngineSettings:
    """Translate the configuration into the engine's own plain values."""
    vega, profile = settings.vega, settings.general.profile
    return EngineSettings(
        profile=profile,
        expected_account=settings.connection.account if settings.connection else "",
        vega=_vega_rules(settings),
        limits=_risk_limits(settings),
        scan=ScanSettings(
            dte_min=vega.dte_min,
            dte_max=vega.dte_max,
            delta_min=vega.delta_min,
            delta_max=vega.delta_max,
            max_cost=vega.max_cost,
            max_spread_pct=vega.max_spread_pct,
        ),
        start_armed=profile != "live",
    )


def _vega_rules(settings: config.Settings) -> VegaRules:
    vega = settings.vega
    named = PRESETS[vega.preset].max_delta == vega.max_delta
    return VegaRules(
        enabled=vega.enabled,
        auto=vega.auto,
        preset=vega.preset if named else "custom",
        max_delta=vega.max_delta,
        target=vega.target,
        ratio=vega.ratio,
        rehedge_to=RehedgeTo(vega.rehedge_to),
        band_rule=BandRule(vega.band),
        risk_aversion=vega.risk_aversion,
        monitor_interval=Seconds(vega.monitor_interval_s),
        debounce=Seconds(vega.debounce_ms / 1000),
        initial_hedge_delay=Seconds(vega.initial_hedge_delay_s),
        leg_grace=Seconds(vega.leg_grace_s),
        greeks_max_age=Seconds(vega.greeks_max_age_s),
        chase_interval=Seconds(vega.chase_interval_s),
        chase_steps=vega.chase_steps,
        roll_days=vega.roll_days,
        delay_after_open=Seconds(vega.delay_after_open_s),
        protected_orders=vega.order_type == "protected",
        protected_ticks=settings.risk.collar_ticks,
        first_trade_lots=vega.first_trade_lots,
        future_fee=settings.simulator.future_fee_per_side,
    )


def _risk_limits(settings: config.Settings) -> RiskLimits:
    risk = settings.risk
    return RiskLimits(
        max_order_contracts=risk.max_order_contracts,
        max_net_contracts=risk.max_net_contracts,
        max_option_lots=risk.max_option_lots,
        orders_per_second=risk.orders_per_second,
        orders_per_minute=risk.orders_per_minute,
        orders_per_day=risk.orders_per_day,
        throttle_hedges=risk.throttle_hedges,
        throttle_window=Seconds(risk.throttle_minutes * 60),
        collar_ticks=risk.collar_ticks,
        max_order_notional=risk.max_order_notional,
        max_day_notional=risk.max_day_notional,
        duplicate_window=Seconds(risk.duplicate_window_s),
        daily_loss_limit=risk.daily_loss_limit,
        margin_buffer=risk.margin_buffer,
        quote_max_age=Seconds(settings.vega.quote_max_age_s),
    )


@asynccontextmanager
async def open_desk(
    loaded: config.Loaded,
    world: Scenario,
    *,
    folder: Path | None = None,
    db: Path | None = None,
    speed: float = 1.0,
    deterministic: bool = False,
    listener: Callable[[Fact], None] | None = None,
) -> AsyncIterator[Desk]:
    """Open every file and start a desk on the simulator; closes all of it at the end.

    `folder` replaces the state folder, `db` the journal's own path.

    Raises:
        BrokerUnreachable: the profile needs a broker that this build cannot reach.
    """
    settings = loaded.settings
    _require_simulator(settings.general.profile)
    journal_path, log_path, exchange_path = _files(loaded, folder, db)
    async with AsyncExitStack() as stack:
        journal = await Journal.open(journal_path, profile="sim")
        stack.push_async_callback(journal.close)
        log = await LogStore.open(log_path)
        stack.push_async_callback(log.close)
        exchange = _exchange(settings, world, exchange_path)
        stack.callback(exchange.close)
        facts = await journal.facts()
        began = max(exchange.at, facts[-1].at if facts else exchange.at)
        clock = LoopClock(Timestamp(began), speed)
        broker = SimulatedBroker(exchange, clock)
        seed = settings.simulator.seed
        # Order identities must differ between runs on one journal, and repeat with its length.
        random = Random(seed + len(facts)) if deterministic else SystemRandom()  # noqa: S311
        kernel = Kernel(Ports(broker, journal, log, clock, random), engine_settings(settings))
        auditor = Auditor()
        for fact in facts:
            auditor.take(fact)
        kernel.recorder.listen(auditor.take)
        if listener is not None:
            kernel.recorder.listen(listener)
        run = await journal.begin_run(clock.now())
        await kernel.start(run.epoch, facts)
        try:
            yield Desk(kernel, clock, auditor, broker, journal, seed)
        finally:
            await kernel.stop("closed")
            if journal.failure is None:
                await journal.end_run(clock.now())


def _require_simulator(profile: str) -> None:
    if profile != "sim":
        message = f"profile {profile!r} needs a broker link"
        raise BrokerUnreachable(message, hint="this version trades on the simulator: --profile sim")


def _files(loaded: config.Loaded, folder: Path | None, db: Path | None) -> tuple[Path, Path, Path]:
    if db is not None:
        return db, db.with_name(f"{db.stem}-log.db"), db.with_name(f"{db.stem}-exchange.jsonl")
    if folder is not None:
        return folder / "sim.db", folder / "sim-log.db", folder / "sim-exchange.jsonl"
    loaded.paths.prepare()
    return loaded.paths.journal, loaded.paths.log, loaded.paths.exchange


def _exchange(settings: config.Settings, world: Scenario, state_path: Path) -> Exchange:
    sim = settings.simulator
    market = market_of(
        world,
        seed=sim.seed,
        start=Timestamp(sim.start.timestamp()),
        tick_s=sim.tick_s,
        bars_csv=Path(sim.bars_csv).expanduser() if sim.bars_csv else None,
        chain_csv=Path(sim.chain_csv).expanduser() if sim.chain_csv else None,
    )
    fees = Fees(
        option=Decimal(str(sim.option_fee_per_side)), future=Decimal(str(sim.future_fee_per_side))
    )
    return Exchange(
        market,
        seed=sim.seed,
        fees=fees,
        faults=world.faults,
        fills=world.fills,
        state_path=state_path,
    )


# --- the screen ------------------------------------------------------------------------------


def screen(options: argparse.Namespace) -> int:
    """Open the console; without a terminal it is a usage error."""
    trader.pace(options.speed)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        message = "the console needs a terminal"
        raise UsageError(message, hint="without one: hedgetui run --headless")
    config.narrow_umask()
    loaded = settings_of(options)
    name = options.scenario or loaded.settings.simulator.scenario
    return asyncio.run(_screen(loaded, scenario(name), options))


async def _screen(loaded: config.Loaded, world: Scenario, options: argparse.Namespace) -> int:
    from hedgetui.ui.app import HedgeApp  # noqa: PLC0415 - Textual is loaded for a screen only
    from hedgetui.ui.configured import ui_settings  # noqa: PLC0415 - the same

    speed = options.speed or loaded.settings.simulator.speed
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
        steps = world.steps(desk.seed, _DAY_S)
        if not passing:
            steps = trader.opening(steps) if desk.kernel.recorder.state.epoch == 1 else ()
        script = asyncio.create_task(trader.follow(desk.kernel, desk.clock, steps))
        stack.callback(script.cancel)
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
    world = scenario(options.scenario)
    db = named_file(options, "db")
    lines = headless.FactLines() if output.wants_json(options) else None

    async def session(folder: Path | None) -> int:
        async with AsyncExitStack() as stack:
            ending = headless.Ending(lines)
            stack.enter_context(ending.by_signals())
            desk = await stack.enter_async_context(
                open_desk(loaded, world, folder=folder, db=db, deterministic=True, listener=lines)
            )
            socket = socket_path(options, loaded.paths) if db else None
            await stack.enter_async_context(listening(desk.kernel, socket, desk.complain))
            steps = world.steps(desk.seed, seconds)
            summary = await headless.run(desk, steps, seconds, ending)
        # Only now the journal has its last fact, and the stream of facts its last line.
        summary |= {"journal_hash": desk.head, "scenario": world.name}
        return headless.finish(summary, as_json=lines is not None)

    with tempfile.TemporaryDirectory(prefix="hedgetui-") as folder:
        place = None if db else Path(folder)
        return run_virtual(lambda: session(place), pace=pace)


# --- console verbs that need a desk ----------------------------------------------------------


def ask(options: argparse.Namespace) -> int:
    """Put the verb's question to the running desk, or to one of our own when none runs."""
    config.narrow_umask()
    loaded = settings_of(options)
    code = asyncio.run(_remotely(loaded, options))
    if code is not None:
        return code
    world = scenario(loaded.settings.simulator.scenario)
    try:
        return run_virtual(lambda: _locally(loaded, world, options))
    except BrokerUnreachable:
        if options.question not in {"freeze", "unfreeze"}:
            raise
        path, _, _ = _files(loaded, None, named_file(options, "db"))
        profile = loaded.settings.general.profile
        return asyncio.run(latches.in_the_journal(path, profile, options))


async def _remotely(loaded: config.Loaded, options: argparse.Namespace) -> int | None:
    client = await ControlClient.connect(socket_path(options, loaded.paths))
    if client is None:
        return None

    async def nothing() -> None:
        return None

    try:
        lots = await client.first_trade_lots()
        asker = asking.Asker(client.dispatch, client.snapshot, nothing, lots)
        return await asking.QUESTIONS[options.question](asker, options)
    finally:
        await client.close()


async def _locally(loaded: config.Loaded, world: Scenario, options: argparse.Namespace) -> int:
    async with open_desk(loaded, world, db=named_file(options, "db")) as desk:
        await trader.until_ready(desk.kernel, desk.clock)

        async def dispatch(command: cm.Command) -> Outcome:
            return await desk.kernel.dispatch(command, "console")

        async def snapshot() -> DeskSnapshot:
            return desk.kernel.snapshot()

        async def settle() -> None:
            await trader.until_quiet(desk.kernel, desk.clock)

        lots = desk.kernel.settings.first_trade_lots
        asker = asking.Asker(dispatch, snapshot, settle, lots)
        return await asking.QUESTIONS[options.question](asker, options)
