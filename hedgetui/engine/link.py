"""Keeping the broker link: connect, synchronise, watch, and start over.

The link is READY only after broker truth has been read completely in this session. A lost link
turns every live order unknown at once; reconnecting waits longer after each failure, up to a cap,
with jitter from a seeded source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.engine.parts import Parts
from hedgetui.engine.reconcile import Reconciler
from hedgetui.ports import broker as br

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_JITTER = 0.2
_PATIENCE_S = 30.0
"""Seconds an order may stay unknown in one session before a new session is made to prove it."""

_UNKNOWN_LOOK_S = 5.0

_OPENING_S = 60.0
"""A connection that does not become a session within this time is given up."""

Ready = Callable[[], Awaitable[None]]


class Link:
    """The broker session's keeper."""

    def __init__(self, parts: Parts, reconciler: Reconciler, random: Random) -> None:
        self._broker = parts.broker
        self._recorder = parts.recorder
        self._tracker = parts.tracker
        self._clock = parts.clock
        self._settings = parts.settings
        self._reconciler = reconciler
        self._random = random
        self._lost = asyncio.Event()
        self._opened = asyncio.Event()
        self.latency_ms: float | None = None

    async def keep(self, sink: br.MessageSink, on_ready: Ready) -> None:
        """Hold a session for ever; `on_ready` runs after each synchronisation."""
        wait = _FIRST_WAIT_S
        while True:
            self._lost.clear()
            self._opened.clear()
            try:
                await self._broker.connect(sink)
                await self._open()
                wait = _FIRST_WAIT_S
                await self._hold(on_ready)
            except BrokerUnreachable as error:
                await self.drop(str(error))
            await self._broker.disconnect()
            jitter = 1.0 + _JITTER * self._random.random()
            await self._clock.sleep(wait * jitter)
            wait = min(_LONGEST_WAIT_S, wait * 2)

    async def _open(self) -> None:
        """Wait for the adapter to say that the session stands.

        Raises:
            BrokerUnreachable: it does not.
        """
        timer = self._clock.call_later(_OPENING_S, self._opened.set)
        try:
            await self._opened.wait()
        finally:
            timer.cancel()
        if self._recorder.state.link is not ev.LinkState.SYNCING and not self._lost.is_set():
            message = f"connected, but no session within {_OPENING_S:g} s"
            raise BrokerUnreachable(message)

    async def report(self, report: br.LinkReport) -> None:
        """Take the adapter's word about the session."""
        if report.latency is not None:
            self.latency_ms = report.latency * 1000
        if report.state is ev.LinkState.READY:
            # The adapter is connected; the desk is ready only once broker truth was read.
            changed = ev.LinkChanged(ev.LinkState.SYNCING, report.reason, report.session)
            await self._recorder.record(changed)
            self._opened.set()
            return
        if report.state is ev.LinkState.DOWN:
            await self.drop(report.reason)
            return
        await self._note(report.state, report.reason)

    async def drop(self, reason: str) -> None:
        """The session is gone."""
        await self._note(ev.LinkState.DOWN, reason)
        await self._tracker.went_dark(reason)
        self._opened.set()
        self._lost.set()

    async def _note(self, state: ev.LinkState, reason: str) -> None:
        before = self._recorder.state
        if before.link is state and before.link_reason == reason:
            return
        await self._recorder.record(ev.LinkChanged(state, reason, before.session))
        if state is ev.LinkState.DOWN:
            self._recorder.say("alarm", f"🔴 Link down: {reason}")

    async def _hold(self, on_ready: Ready) -> None:
        """Synchronise, then look again on a timer or when asked, until the session is lost."""
        while not self._lost.is_set():
            self._tracker.ask_broker.clear()
            incomplete = await self._reconciler.run()
            if self._lost.is_set():
                return
            if incomplete:
                self._recorder.say("warn", f"⏳ Broker truth incomplete: {incomplete}")
                await self._pause(_UNKNOWN_LOOK_S)
                continue
            if self._recorder.state.link is not ev.LinkState.READY:
                await self._note(ev.LinkState.READY, "synchronised")
                self._recorder.say("ok", "✅ Link ready, broker truth equals the journal"
                                   if not self._recorder.state.differences
                                   else "🟡 Link ready, positions differ")  # fmt: skip
                await on_ready()
            if self._needs_new_session():
                await self.drop("new session to settle an unknown order")
                return
            await self._pause(self._interval())

    def _interval(self) -> float:
        state = self._recorder.state
        unknown = any(i.state is od.IntentState.UNKNOWN for i in state.live_intents)
        doubt = unknown or bool(self._tracker.ends) or bool(state.differences)
        return _UNKNOWN_LOOK_S if doubt else float(self._settings.audit_interval)

    def _needs_new_session(self) -> bool:
        state = self._recorder.state
        return any(
            intent.state is od.IntentState.UNKNOWN
            and intent.epoch == state.epoch
            and intent.session >= state.session
            and self._clock.now() - intent.created_at > _PATIENCE_S
            for intent in state.live_intents
        )

    async def _pause(self, seconds: float) -> None:
        """Wait for a time, for the tracker's question, or for the end of the session."""
        waiters = [
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._tracker.ask_broker.wait()),
            asyncio.ensure_future(self._lost.wait()),
        ]
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
            await asyncio.gather(*waiters, return_exceptions=True)
