"""The desk: every part made once, wired once, started and stopped in order.

The same kernel runs under the screen, headless and in tests on a virtual clock. It implements
`DeskPort`, the only thing front ends know of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from functools import partial

import numpy as np

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain.commands import Command
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.units import DollarsPerPoint, Timestamp
from hedgetui.domain.vega import exposure as ex
from hedgetui.domain.vega import ladder
from hedgetui.domain.vega.bands import PRESETS
from hedgetui.domain.vega.decide import Trigger
from hedgetui.engine import arming, payoff, summary, views
from hedgetui.engine import commands as cmd
from hedgetui.engine.board import Board
from hedgetui.engine.bus import Bus, Mailbox
from hedgetui.engine.context import Contexts
from hedgetui.engine.executor import Executor
from hedgetui.engine.halves import Halves, Ports
from hedgetui.engine.health import Health
from hedgetui.engine.inbox import Inbox
from hedgetui.engine.link import Link
from hedgetui.engine.market import Market
from hedgetui.engine.outage import Outage
from hedgetui.engine.parts import Parts
from hedgetui.engine.reconcile import Reconciler
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.services import book
from hedgetui.engine.services.bands import Bands
from hedgetui.engine.services.hedge_orders import HedgeOrders
from hedgetui.engine.services.hedger import Hedger
from hedgetui.engine.services.legs import LegWorker
from hedgetui.engine.services.roller import Roller
from hedgetui.engine.services.settle import Settler
from hedgetui.engine.services.triggers import Triggers
from hedgetui.engine.settings import EngineSettings
from hedgetui.engine.supervisor import Supervisor, Worker
from hedgetui.engine.switches import Switches
from hedgetui.engine.tracker import Tracker
from hedgetui.ports import desk as dk
from hedgetui.ports.ids import IdSource
from hedgetui.ports.journal import Sample

_CHART_POINTS = 720
_SLOW_VIEW_S = 2.0
"""Ladder and payoff reprice the book; they are renewed at most this often."""

_MOVES_BOOK = (ev.FillBooked, ev.IntentMoved, ev.TradeClosed, tf.CashEntered, tf.HedgeEntered)
"""Facts after which other instruments may have to be watched, or a leg worked."""

_AT_ONCE = (cm.Freeze, cm.Disarm, cm.SwitchAuto, cm.CancelAll, cm.CancelOrder)
"""Commands that must not queue behind one that waits for the broker."""


class Kernel:
    """One running desk."""

    def __init__(self, ports: Ports, settings: EngineSettings) -> None:
        self._ports = ports
        self._settings = settings
        clock, broker = ports.clock, ports.broker
        self.bus = Bus()
        board = Board()
        self.recorder = Recorder(ports.journal, ports.log, self.bus, clock)
        identities = IdSource(clock, ports.random)
        tracker = Tracker(broker, self.recorder, clock, settings)
        executor = Executor(broker, self.recorder, tracker, clock, identities, settings)
        bands = Bands(board, clock, settings.vega)
        self.parts = Parts(
            broker, self.recorder, executor, tracker, board, bands, clock, settings
        )  # fmt: skip
        reconciler = Reconciler(self.parts)
        self.link = Link(self.parts, reconciler, ports.random)
        self._health = Health(self.parts, self.link, reconciler)
        self._inbox = Inbox(self.parts, self.bus, self.link)
        self.contexts = Contexts(self.parts)
        self.orders = HedgeOrders(self.parts, self.contexts.of)
        self.settler = Settler(self.parts)
        self.triggers = Triggers(self.parts)
        self.hedger = Hedger(self.parts, self.orders, self.triggers, self.settler)
        self._roller = Roller(self.parts, self.orders, self.hedger, self.triggers)
        self._legs = LegWorker(self.parts, self.contexts.of)
        self.market = Market(self.parts, self.orders)
        self.sources = views.Sources(self.parts, self.orders, self.hedger)
        self._legs_due, self._scan_due = asyncio.Event(), asyncio.Event()
        self._commands = cmd.handlers(
            Switches(self.sources, reconciler),
            cmd.Trading(
                self.sources,
                self.contexts,
                self._legs,
                self._roller,
                self.market,
                identities=identities,
                wake=self._legs_due.set,
            ),
        )
        self._halves = Halves(ports, self.parts, self.contexts, self.market, identities)
        self.defence, self.tails = self._halves.defence, self._halves.tails
        self.tickets, self.portfolio = self._halves.tickets, self._halves.portfolio
        self._supervisor = Supervisor(clock, self._worker_died)
        self._samples: deque[Sample] = deque(maxlen=_CHART_POINTS)
        self._slow_at = Timestamp(float("-inf"))
        self._slow: tuple[str, dk.PayoffView] = ("", dk.PayoffView())
        self._commanding = asyncio.Lock()
        self._inbox.on_tick = self._on_tick
        self.recorder.listen(self._on_fact)

    # --- life --------------------------------------------------------------------------------

    async def start(self, epoch: int, facts: Sequence[ev.Fact]) -> None:
        """Fold the journal's facts, take over what a dead process left, start every worker."""
        self.recorder.load(facts)
        self._halves.load(facts)
        self._health.loaded(len(facts))
        fresh = self.recorder.state.epoch == 0
        profile = self._settings.profile
        account = self._ports.broker.account or self._settings.expected_account
        crashed = self.recorder.state.running
        await self.recorder.record(ev.EngineStarted(profile, account, epoch))
        if fresh:
            await self._first_settings()
        await self.parts.tracker.went_dark("the process restarted")
        self._legs.resumed.update(trade.trade_id for trade in self.recorder.state.open_strangles)
        if crashed:
            words = "🟡 The last run ended without a word; checking with the broker"
            self.recorder.say("warn", words)
        await self._arm_at_start()
        for name, worker in self._workers():
            self._supervisor.start(name, worker)

    def _workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what the supervisor keeps running."""
        return (
            ("inbox", self._inbox.run),
            ("link", partial(self.link.keep, self._inbox.put, self._on_ready)),
            ("settler", self.settler.run),
            ("hedger", self.hedger.run),
            ("legs", self._work_legs),
            ("roller", self._roller.run),
            ("scanner", self._scan),
            ("sampler", self._sample),
            ("health", self._health.run),
            ("outage", Outage(self.parts, self.orders, self.link).run),
            *self._halves.workers(),
        )

    async def _first_settings(self) -> None:
        """Journal the configured settings once; afterwards the journal remembers."""
        rules = self._settings.vega
        await self.recorder.record(
            ev.StrategyEnabled(rules.enabled, "configuration"),
            ev.AutoSwitched(rules.auto, "configuration"),
            ev.BandSet(rules.preset, rules.max_delta, "configuration"),
        )

    async def _arm_at_start(self) -> None:
        """Simulator and paper may start armed; live money never does.

        The account is not known yet: the first session disarms a desk that is on a wrong one.
        """
        live = arming.is_live(self._settings, self._ports.broker)
        if self._settings.start_armed and not live:
            await self.recorder.record(ev.ArmSwitched(armed=True, by="configuration"))

    async def stop(self, why: str) -> None:
        """Stop the workers, refuse what is still being asked, close the link, say goodbye."""
        await self._supervisor.stop()
        await self.parts.tracker.timers.close()
        await self._halves.stop()
        if not self.recorder.failed:
            # Without a link no gate lets an order pass that somebody is just confirming.
            session = self.recorder.state.session
            down = ev.LinkChanged(ev.LinkState.DOWN, "stopping", session)
            await self.recorder.record(down)
        await self._ports.broker.disconnect()
        if not self.recorder.failed:
            await self.recorder.record(ev.EngineStopped(why))
        self.bus.close()

    async def _worker_died(self, name: str, why: str) -> None:
        """A worker is down: say so and disarm, since something it did is not being done."""
        self.recorder.say("alarm", f"🛑 Worker {name} died: {why}")
        if self.recorder.state.armed and not self.recorder.failed:
            await self.recorder.record(ev.ArmSwitched(armed=False, by="supervisor", why=why))

    async def _on_ready(self) -> None:
        """The link is synchronised: learn months, subscribe, decide; a scan may take its time."""
        self.market.forget()
        await self.market.keep_months()
        active = self.orders.active_month()
        self.contexts.active_month = active.key if active else ""
        await self.market.watch()
        self.triggers.ask(Trigger.RECONNECT)
        self._legs_due.set()
        if self._settings.scan_at_start:
            self._scan_due.set()

    # --- workers -----------------------------------------------------------------------------

    def _on_tick(self) -> None:
        self.market.announce()
        self.triggers.on_tick()
        self.tails.on_tick()

    def _on_fact(self, fact: ev.Fact) -> None:
        if isinstance(fact.event, _MOVES_BOOK):
            self._legs_due.set()

    async def _work_legs(self) -> None:
        while True:
            self._legs_due.clear()
            ready = self.recorder.state.link is ev.LinkState.READY
            wait = await self._legs.turn() if ready else 1.0
            if ready:
                await self._watch()
                await self.settler.tidy()
            timer = self._ports.clock.call_later(wait, self._legs_due.set)
            try:
                await self._legs_due.wait()
            finally:
                timer.cancel()

    async def _scan(self) -> None:
        """Fill the scanner after a connection, unless what it shows is young."""
        while True:
            await self._scan_due.wait()
            self._scan_due.clear()
            if not self.market.chain_fresh:
                await self.market.first_scan()

    async def _watch(self) -> None:
        """Keep subscriptions and months up to date; a link lost meanwhile is the link's affair."""
        with contextlib.suppress(BrokerUnreachable):
            await self.market.refresh_months()
            active = self.orders.active_month()
            self.contexts.active_month = active.key if active else ""
            await self.market.watch()

    async def _sample(self) -> None:
        while True:
            await self._ports.clock.sleep(self._settings.sample_interval)
            status = views.status_view(self.sources, self.link.shown, "")
            view = self.orders.decision(Trigger.MONITOR)
            measured = self._measured()
            level = self.parts.board.index_level
            if status.net_pnl is None or view.net is None or level is None:
                continue
            sample = Sample(
                self._ports.clock.now(), level, measured.exposure.delta, view.net, status.net_pnl
            )
            self._samples.append(sample)
            self._ports.log.sample(sample)

    # --- the port ----------------------------------------------------------------------------

    @property
    def settings(self) -> dk.DeskSettings:
        """Return what front ends show of the settings."""
        presets = tuple((p.name, p.max_delta, p.auto) for p in PRESETS.values())
        lots = self._settings.vega.first_trade_lots
        return dk.DeskSettings(self._settings.profile, presets, lots)

    async def dispatch(self, command: Command, by: str = "you") -> dk.Outcome:
        """Judge and carry out a command; one at a time, but what stops things never waits."""
        half = self._halves.owner(command)
        if half is not None:
            return await cmd.guarded(half.dispatch(command, by))
        if isinstance(command, _AT_ONCE):
            return await cmd.guarded(self._commands[type(command)](command, by))
        async with self._commanding:
            return await cmd.guarded(self._commands[type(command)](command, by))

    def subscribe(self) -> Mailbox:
        """Open a mailbox."""
        return self.bus.subscribe()

    def explain(self, seq: int) -> str:
        """Return what is behind a log line."""
        return self.recorder.whys.get(seq, "")

    def snapshot(self) -> dk.DeskSnapshot:
        """Return the present state."""
        measured = self._measured()
        self._renew_slow(measured)
        failed = getattr(self._ports.log, "failed", "")
        down = self._supervisor.down
        dead = "; ".join(f"{name}: {why}" for name, why in down.items())
        return dk.DeskSnapshot(
            status=views.status_view(self.sources, self.link.shown, failed or dead),
            book=views.book_view(self.sources, measured, self._slow[0]),
            strangles=views.strangle_views(self.sources, measured),
            candidates=tuple(
                views.candidate_view(number, row)
                for number, row in enumerate(self.market.candidates, 1)
            ),
            scanned_at=self.market.scanned_at,
            orders=views.order_views(self.recorder.state),
            preflight=views.preflight(self.sources, chain_fresh=self.market.chain_fresh),
            payoff=self._slow[1],
            samples=tuple(self._samples),
            reminders=views.reminders(self.sources),
            health=self._health.view(down, failed),
            defence=self.defence.view(),
            tails=self.tails.view(),
            balance=self.portfolio.view(),
            stress=self.portfolio.stress_view(),
        )

    def _measured(self) -> book.Measured:
        now = self._ports.clock.now()
        return book.measure(self.recorder.state, self.parts.board, now, self._settings.vega)

    def _renew_slow(self, measured: book.Measured) -> None:
        now = self._ports.clock.now()
        if now - self._slow_at < _SLOW_VIEW_S:
            return
        self._slow_at = now
        self._slow = ("", dk.PayoffView())
        legs = book.held_legs(self.recorder.state.open_strangles)
        level = self.parts.board.index_level
        if measured.problem or level is None or not legs:
            return
        vols = {key: greeks.iv for key, greeks in measured.greeks.items()}
        symbol = self._settings.vega.hedge_symbol
        hedge = self.recorder.state.hedge_position(symbol)
        rule = self.parts.bands.rule(self.recorder.state, measured)

        def delta(levels: np.ndarray) -> np.ndarray:
            return ex.delta_at(levels, legs, vols, now)

        rungs = ladder.next_hedges(delta, hedge, level, rule)
        hedge_delta = DollarsPerPoint(rule.per_contract * hedge)
        self._slow = (str(rungs), payoff.view(legs, vols, now, level, hedge_delta))

    def summary(self) -> dict[str, object]:
        """Return what happened since the journal began, for the end of a headless run."""
        return summary.of(
            self.recorder.state, self.parts.board, self.contexts.active_month,
            self.orders.decision(Trigger.MONITOR).net,
        )  # fmt: skip
