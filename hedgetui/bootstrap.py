"""Putting the desk together: configuration to settings, files to ports, ports to a kernel.

The only module that knows every layer. It decides what runs on what (screen on the wall clock,
headless on the virtual one, a console verb through the socket of a running desk or on a desk of its
own for a moment) and takes everything down in the reverse order, whatever happens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random, SystemRandom

from hedgetui import config
from hedgetui.adapters.control.client import ControlClient
from hedgetui.adapters.control.server import ControlServer
from hedgetui.adapters.sim.broker import SimulatedBroker
from hedgetui.console import output, trader
from hedgetui.console import vega as vega_console
from hedgetui.console.settings import loaded as settings_of
from hedgetui.domain import commands as cm
from hedgetui.domain.audit import Auditor, BrokerHistory
from hedgetui.domain.codec import to_plain
from hedgetui.domain.errors import BrokerUnreachable, StoreError, UsageError
from hedgetui.domain.events import Fact
from hedgetui.domain.ids import CLIENT_KEY_PREFIX
from hedgetui.domain.risk import RiskLimits
from hedgetui.domain.units import Seconds, Timestamp, iso_utc
from hedgetui.domain.vega.bands import BandRule
from hedgetui.domain.vega.scanner import ScanSettings
from hedgetui.domain.vega.sizing import RehedgeTo
from hedgetui.engine.kernel import Kernel, Ports
from hedgetui.engine.settings import EngineSettings, VegaRules
from hedgetui.ports.broker import Complete
from hedgetui.ports.clock import LoopClock
from hedgetui.ports.desk import DeskPort, DeskSnapshot, Outcome
from hedgetui.simulation.broker_book import Fees
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.worlds import market_of
from hedgetui.simulation.scenarios import Scenario, scenario
from hedgetui.simulation.virtual_loop import run_virtual
from hedgetui.store.journal import Journal
from hedgetui.store.log_store import LogStore

_DEFAULT_SPEED = 60.0


@dataclass(frozen=True, slots=True)
class Desk:
    """A running desk and what its caller may need besides the port."""

    kernel: Kernel
    clock: LoopClock
    auditor: Auditor
    broker: SimulatedBroker
    journal: Journal
    scenario: Scenario
    seed: int

    async def audit(self) -> Auditor:
        """Compare the journal with the broker's own history and return the auditor."""
        answer = await self.broker.truth()
        if isinstance(answer, Complete):
            truth = answer.truth
            orders = [(o.client_key, o.broker_order) for o in truth.open_orders]
            orders += [(o.client_key, o.broker_order) for o in truth.ended_orders]
            mine = [pair for pair in orders if pair[0].startswith(CLIENT_KEY_PREFIX)]
            executed = [(e.client_key, e.exec_id) for e in truth.executions]
            self.auditor.compare(BrokerHistory(mine, executed, truth.positions))
        return self.auditor


def engine_settings(settings: config.Settings) -> EngineSettings:
    """Translate the configuration into the engine's own plain values."""
    vega, risk, sim = settings.vega, settings.risk, settings.simulator
    profile = settings.general.profile
    return EngineSettings(
        profile=profile,
        expected_account=settings.connection.account if settings.connection else "",
        vega=VegaRules(
            enabled=vega.enabled,
            auto=vega.auto,
            preset=vega.preset if _is_preset(vega) else "custom",
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
            protected_ticks=risk.collar_ticks,
            first_trade_lots=vega.first_trade_lots,
            future_fee=sim.future_fee_per_side,
        ),
        limits=RiskLimits(
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
            quote_max_age=Seconds(vega.quote_max_age_s),
        ),
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


def _is_preset(vega: config.VegaSettings) -> bool:
    from hedgetui.domain.vega.bands import PRESETS  # noqa: PLC0415 - used once

    return PRESETS[vega.preset].max_delta == vega.max_delta


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
    if settings.general.profile != "sim":
        message = f"profile {settings.general.profile!r} needs a broker link"
        raise BrokerUnreachable(message, hint="this version trades on the simulator: --profile sim")
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
        random = Random(seed + len(facts)) if deterministic else SystemRandom()
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
            yield Desk(kernel, clock, auditor, broker, journal, world, seed)
        finally:
            await kernel.stop("closed")
            if journal.failure is None:
                await journal.end_run(clock.now())


def _files(
    loaded: config.Loaded, folder: Path | None, db: Path | None
) -> tuple[Path, Path, Path]:
    if db is not None:
        db = db.expanduser().absolute()
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
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        message = "the console needs a terminal"
        raise UsageError(message, hint="without one: hedgetui run --headless")
    config.narrow_umask()
    loaded = settings_of(options)
    name = options.scenario or loaded.settings.simulator.scenario
    return asyncio.run(_screen(loaded, scenario(name), options))


async def _screen(loaded: config.Loaded, world: Scenario, options: argparse.Namespace) -> int:
    from hedgetui.ui.app import HedgeApp  # noqa: PLC0415 - Textual is loaded for a screen only

    speed = options.speed or loaded.settings.simulator.speed
    ephemeral = getattr(options, "demo", False) and not getattr(options, "db", None)
    with tempfile.TemporaryDirectory(prefix="hedgetui-") as folder:
        place = Path(folder) if ephemeral else None
        async with open_desk(loaded, world, folder=place, db=_db(options), speed=speed) as desk:
            async with AsyncExitStack() as stack:
                if not ephemeral and _db(options) is None:
                    server = ControlServer(desk.kernel, loaded.paths.socket)
                    await server.start()
                    stack.push_async_callback(server.close)
                steps = world.steps(desk.seed, 86_400.0) if ephemeral else ()
                script = asyncio.create_task(trader.follow(desk.kernel, desk.clock, steps, _nowhere))
                stack.callback(script.cancel)
                app = HedgeApp(desk.kernel, ui_settings(loaded))
                for number in (signal.SIGTERM, signal.SIGHUP):
                    asyncio.get_running_loop().add_signal_handler(number, app.exit)
                await app.run_async(mouse=app.settings.mouse)
                return app.return_code or 0


def _nowhere(_: str) -> None:
    """Drop a narration: a screen owns the terminal, and the log says the same."""


def ui_settings(loaded: config.Loaded) -> object:
    """Translate `[ui]` and `[keys]` for the screen, resolving what depends on the terminal."""
    from hedgetui.ui.settings import UiSettings  # noqa: PLC0415 - belongs to the screen

    ui = loaded.settings.ui
    remote = "SSH_CONNECTION" in os.environ
    icons = "ascii" if ui.ascii or not _speaks_utf8() else ui.icons
    if icons == "auto":
        icons = "unicode" if remote or "TMUX" in os.environ else "emoji"
    themes = []
    for file in sorted(config.packaged("themes").glob("*.toml")):
        themes.append(tomllib.loads(file.read_text("utf-8")))
    return UiSettings(
        fps=ui.fps,
        theme=ui.theme,
        icons=icons,
        log_rows=ui.log_rows,
        mouse=ui.mouse == "on" or (ui.mouse == "auto" and not remote),
        bell=ui.bell,
        keys=dict(loaded.settings.keys),
        time_zone=str(ui.time_zone),
        themes=tuple(themes),
        clipboard_command=ui.clipboard_command,
        clock=ui.clock,
        state_folder=str(loaded.paths.state),
    )


def _speaks_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _db(options: argparse.Namespace) -> Path | None:
    value = getattr(options, "db", None)
    return Path(value) if value else None


# --- headless --------------------------------------------------------------------------------


def headless(options: argparse.Namespace) -> int:
    """Run the engine without a screen and print facts and a summary."""
    if not options.headless:
        message = "`run` has no screen"
        raise UsageError(message, hint="hedgetui run --headless, or hedgetui for the console")
    duration = trader.duration(options.duration)
    pace = trader.pace(options.speed)
    config.narrow_umask()
    loaded = settings_of(options)
    world = scenario(options.scenario)
    with tempfile.TemporaryDirectory(prefix="hedgetui-") as folder:
        place = Path(folder) if _db(options) is None else None
        return run_virtual(lambda: _headless(loaded, world, options, place, duration), pace=pace)


async def _headless(
    loaded: config.Loaded,
    world: Scenario,
    options: argparse.Namespace,
    folder: Path | None,
    duration: float,
) -> int:
    as_json = output.wants_json(options)

    def show(fact: Fact) -> None:
        document = {"seq": fact.seq, "at": iso_utc(fact.at), "kind": fact.kind}
        sys.stdout.write(json.dumps({**document, **to_plain(fact.event)}) + "\n")

    async with open_desk(
        loaded, world, folder=folder, db=_db(options), deterministic=True,
        listener=show if as_json else None,
    ) as desk:  # fmt: skip
        began = desk.clock.now()
        box = desk.kernel.subscribe()
        counting = asyncio.create_task(trader.count_log(box, echo=not as_json))
        script = asyncio.create_task(
            trader.follow(
                desk.kernel, desk.clock, world.steps(desk.seed, duration), output.say
            )
        )
        try:
            await desk.clock.sleep(duration)
        finally:
            script.cancel()
            await asyncio.gather(script, return_exceptions=True)
        auditor = await desk.audit()
        box.close()
        summary = {
            **desk.kernel.summary(),
            "violations": len(auditor.violations),
            "violation_words": [f"I-{v.invariant} at {v.seq}: {v.words}" for v in auditor.violations],
            "journal_hash": desk.journal.head,
            "sim_seconds": round(desk.clock.now() - began, 3),
            "scenario": world.name,
            "log": await counting,
        }
    return trader.print_summary(summary, as_json=as_json)


# --- console verbs that need a desk ----------------------------------------------------------


class _Asker:
    """A desk to ask: the running one through its socket, or one of our own for a moment."""

    def __init__(
        self,
        dispatch: Callable[[cm.Command], Awaitable[Outcome]],
        snapshot: Callable[[], Awaitable[DeskSnapshot]],
        settle: Callable[[], Awaitable[None]],
        lots: int,
    ) -> None:
        self.dispatch = dispatch
        self.snapshot = snapshot
        self.settle = settle
        self.lots = lots


Verb = Callable[[_Asker, argparse.Namespace], Awaitable[int]]


def _ask(options: argparse.Namespace, verb: Verb) -> int:
    """Run `verb` against the running desk, or against our own when none runs."""
    config.narrow_umask()
    loaded = settings_of(options)
    if _db(options) is None:
        code = asyncio.run(_remotely(loaded, options, verb))
        if code is not None:
            return code
    world = scenario(loaded.settings.simulator.scenario)
    return run_virtual(lambda: _locally(loaded, world, options, verb))


async def _remotely(
    loaded: config.Loaded, options: argparse.Namespace, verb: Verb
) -> int | None:
    client = await ControlClient.connect(loaded.paths.socket)
    if client is None:
        return None
    try:
        settings = await client.settings()

        async def nothing() -> None:
            return None

        asker = _Asker(client.dispatch, client.snapshot, nothing, settings.first_trade_lots)
        return await verb(asker, options)
    finally:
        await client.close()


async def _locally(
    loaded: config.Loaded, world: Scenario, options: argparse.Namespace, verb: Verb
) -> int:
    async with open_desk(loaded, world, db=_db(options)) as desk:
        await trader.until_ready(desk.kernel, desk.clock)

        async def dispatch(command: cm.Command) -> Outcome:
            return await desk.kernel.dispatch(command, "console")

        async def snapshot() -> DeskSnapshot:
            return desk.kernel.snapshot()

        async def settle() -> None:
            await trader.until_quiet(desk.kernel, desk.clock)

        lots = desk.kernel.settings.first_trade_lots
        return await verb(_Asker(dispatch, snapshot, settle, lots), options)


def vega_scan(options: argparse.Namespace) -> int:
    """Rank strangles."""

    async def verb(asker: _Asker, options: argparse.Namespace) -> int:
        outcome = await asker.dispatch(cm.Scan())
        if not outcome.ok:
            raise vega_console.refuse(outcome)
        vega_console.print_scan(await asker.snapshot(), as_json=output.wants_json(options))
        return 0

    return _ask(options, verb)


async def _preview_then_confirm(
    asker: _Asker, options: argparse.Namespace, command: cm.Command
) -> int:
    """Show the preview; with `--yes` confirm it and wait until nothing moves."""
    outcome = await asker.dispatch(command)
    if not outcome.ok or outcome.preview is None:
        if outcome.code == "nothing-to-do":
            return vega_console.print_outcome(outcome, options)
        raise vega_console.refuse(outcome)
    vega_console.print_preview(outcome.preview)
    if not options.yes:
        output.say("nothing sent: add --yes to send it")
        return vega_console.print_outcome(outcome, options)
    confirmed = await asker.dispatch(cm.Confirm(outcome.preview.preview_id))
    if not confirmed.ok:
        raise vega_console.refuse(confirmed)
    await asker.settle()
    return vega_console.print_outcome(confirmed, options, await asker.snapshot())


def vega_enter(options: argparse.Namespace) -> int:
    """Enter a scanned strangle."""

    async def verb(asker: _Asker, options: argparse.Namespace) -> int:
        lots = asker.lots if options.lots is None else options.lots
        return await _preview_then_confirm(
            asker, options, cm.PreviewEntry(options.candidate, lots)
        )

    return _ask(options, verb)


def vega_close(options: argparse.Namespace) -> int:
    """Close a strangle and its hedge."""
    return _ask(
        options, lambda asker, o: _preview_then_confirm(asker, o, cm.PreviewClose(o.trade_id))
    )


def vega_hedge(options: argparse.Namespace) -> int:
    """Hedge now."""
    return _ask(
        options, lambda asker, o: _preview_then_confirm(asker, o, cm.PreviewHedge(o.accept_stale))
    )


def vega_emergency(options: argparse.Namespace) -> int:
    """Print the emergency card."""

    async def verb(asker: _Asker, options: argparse.Namespace) -> int:
        snapshot = await asker.snapshot()
        if output.wants_json(options):
            output.print_json({"lines": vega_console.emergency_lines(snapshot)})
        else:
            output.print_lines(vega_console.emergency_lines(snapshot))
        return 0

    return _ask(options, verb)


def freeze(options: argparse.Namespace) -> int:
    """Latch everything shut, on the running desk or in the journal for the next start."""
    return _simple(options, cm.Freeze(options.why))


def unfreeze(options: argparse.Namespace) -> int:
    """Release the latches."""
    return _simple(options, cm.Unfreeze(options.why))


def _simple(options: argparse.Namespace, command: cm.Command) -> int:
    async def verb(asker: _Asker, options: argparse.Namespace) -> int:
        outcome = await asker.dispatch(command)
        if not outcome.ok:
            raise vega_console.refuse(outcome)
        return vega_console.print_outcome(outcome, options)

    return _ask(options, verb)


__all__ = ["DeskPort", "StoreError", "headless", "open_desk", "screen"]
