"""Keeping the broker link: connect, synchronise, watch, and start over.

The link is READY only after broker truth has been read completely since the adapter last called the
session fit to trade on; a word of DEGRADED takes that back at once, whatever a timer finds
meanwhile. A lost link turns every live order unknown; reconnecting waits longer after each failure,
up to a cap, with jitter from a seeded source. Live money is disarmed by every new session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.units import Timestamp
from hedgetui.engine import arming
from hedgetui.engine.parts import Parts
from hedgetui.engine.reconcile import Reconciler
from hedgetui.ports import broker as br

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_JITTER = 0.2
_PATIENCE_S = 30.0
"""Seconds an order may stay unknown in one session before a new session is made to prove it."""

_STEADY_S = 30.0
"""A session that lived this long makes the next waits short again; a flapping link waits longer."""

_SHORT_S = 10.0
"""A session that lived less than this is a sign that the link flaps."""

_CALM_S = 5.0
"""After a short session the next one must stand so long before anything is sent through it."""

_UNKNOWN_LOOK_S = 5.0
_UNSETTLED_LOOK_S = 1.0
"""Somebody's trade may hide behind an order of ours: the next hedge would not know of it."""
_UNSETTLED_LOOKS = 10

_OPENING_S = 60.0
"""A connection that does not become a session within this time is given up."""

Ready = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Shown:
    """The link for people: an attempt to connect is shown but not journalled."""

    state: ev.LinkState
    reason: str
    latency_ms: float | None


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
        self._connecting = False
        self._degraded = False
        self._flapping = False
        self._calm_at = Timestamp(0.0)
        """When a session that follows a short one may be trusted."""
        self._words = 0
        """Counts what the adapter said about the session: a look spans none of it."""
        self._incomplete = ""
        self._reported_ms: float | None = None
        self.next_try_at: Timestamp | None = None
        """When connecting is tried again; None while a session stands or is being opened."""

    @property
    def shown(self) -> Shown:
        """The link as a person should see it."""
        state = self._recorder.state
        connecting = self._connecting and state.link is ev.LinkState.DOWN
        link = ev.LinkState.CONNECTING if connecting else state.link
        return Shown(link, state.link_reason, self.latency_ms)

    @property
    def latency_ms(self) -> float | None:
        """Round trip of the newest heartbeat, else what the adapter last reported."""
        heartbeat = self._broker.health().latency
        return self._reported_ms if heartbeat is None else heartbeat * 1000

    async def keep(self, sink: br.MessageSink, on_ready: Ready) -> None:
        """Hold a session for ever; `on_ready` runs after each synchronisation."""
        wait = _FIRST_WAIT_S
        while True:
            began = await self._session(sink, on_ready)
            if began is not None:
                lived = self._clock.now() - began
                self._flapping = lived < _SHORT_S
                wait = _FIRST_WAIT_S if lived >= _STEADY_S else wait
            await self._broker.disconnect()
            pause = wait * (1.0 + _JITTER * self._random.random())
            self.next_try_at = Timestamp(self._clock.now() + pause)
            await self._clock.sleep(pause)
            wait = min(_LONGEST_WAIT_S, wait * 2)

    async def _session(self, sink: br.MessageSink, on_ready: Ready) -> Timestamp | None:
        """Hold one session to its end; returns when it began, or None if it never did."""
        self._lost.clear()
        self._opened.clear()
        self._degraded, self._incomplete = False, ""
        self._connecting, self.next_try_at = True, None
        began: Timestamp | None = None
        try:
            await self._broker.connect(sink)
            await self._open()
            self._connecting, began = False, self._clock.now()
            self._calm_at = Timestamp(began + _CALM_S * self._flapping)
            await self._hold(on_ready)
        except BrokerUnreachable as error:
            if not self._lost.is_set():
                await self.drop(str(error))
        finally:
            self._connecting = False
        return began

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
        if self._recorder.state.link is ev.LinkState.DOWN and not self._lost.is_set():
            message = f"connected, but no session within {_OPENING_S:g} s"
            raise BrokerUnreachable(message)

    async def report(self, report: br.LinkReport) -> None:
        """Take the adapter's word about the session; a session that is over has no say."""
        if self._lost.is_set() or report.session < self._recorder.state.session:
            return
        if report.latency is not None:
            self._reported_ms = report.latency * 1000
        if report.state is ev.LinkState.DOWN:
            await self.drop(report.reason)
        elif report.state is ev.LinkState.DEGRADED:
            await self._degrade(report)
        elif report.state is ev.LinkState.READY:
            await self._stands(report)

    async def _stands(self, report: br.LinkReport) -> None:
        """The session may be traded on, once broker truth was read after this word."""
        if self._opened.is_set() and not self._degraded:
            return  # said before: only its latency was new
        self._words += 1
        self._degraded = False
        await self._note(ev.LinkState.SYNCING, report.reason, report.session)
        await self._admit()
        self._tracker.ask_broker.set()

    async def _degrade(self, report: br.LinkReport) -> None:
        """The session stands and must not be traded on; nothing is sent until the word READY."""
        self._words += 1
        self._degraded = True
        before = self._recorder.state
        await self._note(ev.LinkState.DEGRADED, report.reason, report.session)
        if (before.link, before.link_reason) != (ev.LinkState.DEGRADED, report.reason):
            self._recorder.say("warn", f"🟠 Link degraded: {report.reason}")
        await self._admit()

    async def _admit(self) -> None:
        """A session has opened: see who is there before anything may be sent."""
        if self._opened.is_set():
            return
        armed = self._recorder.state.armed
        why, _ = arming.objection(self._settings, self._broker, self._recorder.state)
        if why:
            self._recorder.say("alarm", f"🔴 Orders cannot be armed: {why}")
        elif armed and arming.is_live(self._settings, self._broker):
            why = "a new session on live money; arm again"
            self._recorder.say("warn", f"🔒 DISARMED: {why}")
        if why and armed:
            await self._recorder.record(ev.ArmSwitched(armed=False, by="link", why=why))
        self._opened.set()

    async def drop(self, reason: str) -> None:
        """The session is gone."""
        self._words += 1
        self._degraded = False
        await self._note(ev.LinkState.DOWN, reason)
        await self._tracker.went_dark(reason)
        self._opened.set()
        self._lost.set()

    async def _note(self, state: ev.LinkState, reason: str, session: int = 0) -> None:
        before = self._recorder.state
        session = session or before.session
        if before.link is state and before.link_reason == reason and session == before.session:
            return
        await self._recorder.record(ev.LinkChanged(state, reason, session))
        if state is ev.LinkState.DOWN:
            self._recorder.say("alarm", f"🔴 Link down: {reason}")

    async def _hold(self, on_ready: Ready) -> None:
        """Synchronise, then look again on a timer or when asked, until the session is lost."""
        while not self._lost.is_set():
            self._tracker.ask_broker.clear()
            words, restless = self._words, self._calm_at - self._clock.now()
            try:
                complete = await self._look()
                if complete and words == self._words and not self._degraded and restless <= 0:
                    await self._become_ready(on_ready)
            except BrokerUnreachable:
                if not self._degraded:
                    raise
                # It was not fit to be asked; the adapter says when it is again, or that it is gone.
                complete = False
            if self._lost.is_set():
                return
            if complete and self._needs_new_session():
                await self.drop("new session to settle an unknown order")
                return
            if restless > 0:
                await self._wait_for_calm(restless)
            else:
                await self._pause(self._interval() if complete else _UNKNOWN_LOOK_S)

    async def _wait_for_calm(self, seconds: float) -> None:
        """Let a session that follows a short one prove that it holds."""
        if self._recorder.state.link is ev.LinkState.SYNCING:
            why = f"the link flaps: nothing is sent before it held {_CALM_S:g} s"
            await self._note(ev.LinkState.SYNCING, why)
        await self._pause(seconds)

    async def _look(self) -> bool:
        """Read broker truth; whether the answer was complete, said once when it was not."""
        incomplete = await self._reconciler.run()
        if incomplete and incomplete != self._incomplete and not self._lost.is_set():
            self._recorder.say("warn", f"⏳ Broker truth incomplete: {incomplete}")
            if self._recorder.state.link is ev.LinkState.SYNCING:
                await self._note(ev.LinkState.SYNCING, f"broker truth incomplete: {incomplete}")
        self._incomplete = incomplete
        return not incomplete and not self._lost.is_set()

    async def _become_ready(self, on_ready: Ready) -> None:
        if self._recorder.state.link is ev.LinkState.READY:
            return
        await self._note(ev.LinkState.READY, "synchronised")
        self._recorder.say("ok", "✅ Link ready, broker truth equals the journal"
                           if not self._recorder.state.differences
                           else "🟡 Link ready, positions differ")  # fmt: skip
        await on_ready()

    def _interval(self) -> float:
        state = self._recorder.state
        unsettled = self._reconciler.unsettled
        if 0 < unsettled <= _UNSETTLED_LOOKS:
            return _UNSETTLED_LOOK_S
        unknown = any(i.state is od.IntentState.UNKNOWN for i in state.live_intents)
        doubt = unknown or bool(self._tracker.ends) or bool(state.differences) or unsettled > 0
        return _UNKNOWN_LOOK_S if doubt else float(self._settings.audit_interval)

    def _needs_new_session(self) -> bool:
        state = self._recorder.state
        return not self._degraded and any(
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
