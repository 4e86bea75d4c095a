"""Reading broker truth and drawing from it only what it proves.

Runs after every connection, whenever the executor is in doubt, and on a timer. Missed executions
are booked first, then orders are judged, then positions compared; every difference becomes a
visible fact and the broker's number stands.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain import reconciliation as rc
from hedgetui.domain.ids import CLIENT_KEY_PREFIX
from hedgetui.domain.instruments import is_security, leg_keys
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega import messages
from hedgetui.engine.parts import Parts
from hedgetui.engine.state import DeskState
from hedgetui.engine.tracker import executed_of
from hedgetui.ports import broker as br

_REMIND_S = 60.0

_BESIDES = "held in the account besides the desk's own trades"

_OVER = frozenset(od.TERMINAL - {od.IntentState.FILLED})
"""Ends after which nothing of an order may work at the broker."""


class Reconciler:
    """Compares the journal with the broker."""

    def __init__(self, parts: Parts) -> None:
        self._broker = parts.broker
        self._recorder = parts.recorder
        self._tracker = parts.tracker
        self._settings = parts.settings
        self._clock = parts.clock
        self._one_at_a_time = asyncio.Lock()
        self._first_look: rc.Look | None = None
        self.missing: dict[str, str] = {}
        """Intent id to the evidence still missing; for the screen."""
        self._remind_at: dict[str, Timestamp] = {}
        self.unsettled = 0
        """Looks in a row that left a position open which an order under way may explain."""
        self.looked_at: Timestamp | None = None
        """When the newest complete look was asked for."""

    async def run(self) -> str:
        """Read and compare once; returns an empty text, or why the answer was incomplete."""
        async with self._one_at_a_time:
            before, asked_at = self._recorder.state, self._clock.now()
            ends = tuple(self._tracker.ends)
            answer = await self._broker.truth()
            if isinstance(answer, br.Incomplete):
                return answer.why
            truth = answer.truth
            if truth.session != self._recorder.state.session:
                return "the link changed while broker truth was read"
            for execution in truth.executions:
                await self._tracker.executed(execution)
            for commission in truth.commissions:
                await self._tracker.charged(commission)
            may_hold = self._broker.environment is not br.Environment.SIM
            look = _look(truth, may_hold=may_hold)
            # What a broker without its servers or its data does not list may exist all the same.
            sound = ev.LinkState.DEGRADED not in {before.link, self._recorder.state.link}
            if not sound:
                self._first_look = None
            await self._end(ends, look)
            await self._judge(look, asked_at)
            await self._orphans(look, before)
            if not sound:
                return ""
            if self._first_look is None or self._first_look.session != look.session:
                self._first_look = look
            await self._compare(look, before)
            self.looked_at = asked_at
            return ""

    async def _end(self, ends: Iterable[str], look: rc.Look) -> None:
        """Let ends told before the question count, unless the answer contradicts them."""
        for intent_id in ends:
            intent = self._recorder.state.intents[intent_id]
            done = look.done.get(intent.client_key)
            if done is not None and done.filled > intent.filled:
                continue  # an execution is still missing
            if intent.client_key not in look.alive:
                await self._tracker.end(intent_id)

    async def _judge(self, look: rc.Look, asked_at: Timestamp) -> None:
        self.missing.clear()
        for intent in self._recorder.state.live_intents:
            state = self._recorder.state
            young = look.at - intent.created_at < self._settings.ack_timeout
            if intent.created_at >= asked_at or (intent.state is od.IntentState.SENDING and young):
                continue  # the answer may be older than the order
            verdict = rc.judge(
                intent,
                look,
                self._first_look,
                own=state.expected_positions,
                booked=sum(executed_of(state, intent.intent_id).values()),
                gap=self._settings.absence_gap,
                epoch=state.epoch,
            )
            if verdict.evidence is not None:
                await self._tracker.prove(intent.intent_id, verdict.evidence, verdict.words)
            if isinstance(verdict.evidence, od.Listed):
                await self._cancel_unwanted(intent.intent_id)
            after = self._recorder.state.intents[intent.intent_id]
            if after.state is od.IntentState.UNKNOWN:
                self.missing[intent.intent_id] = verdict.words
                self._remind(after, verdict.words)

    def _remind(self, intent: od.Intent, missing: str) -> None:
        """Say again each minute that an order's fate is not known: its slot is blocked."""
        now = self._clock.now()
        due = self._remind_at.get(intent.intent_id, intent.created_at + _REMIND_S)
        if now >= due:
            self._remind_at[intent.intent_id] = Timestamp(now + _REMIND_S)
            age = messages.duration(now - intent.created_at)
            words = f"🛑 #{intent.number} {intent.draft.describe()} unknown for {age}: {missing}"
            self._recorder.say("alarm", words)

    async def _cancel_unwanted(self, intent_id: str) -> None:
        """Ask again for a cancel that got lost, and for one that a freeze could not send."""
        state = self._recorder.state
        intent = state.intents[intent_id]
        if intent.cancel_wanted and intent.live:
            await self._tracker.cancel_again(intent)
        elif "freeze" in state.latches and not intent.draft.purpose.reduces:
            await self._tracker.cancel(intent, "frozen")

    async def _orphans(self, look: rc.Look, before: DeskState) -> None:
        """Halt on an order of ours that works at the broker against what the journal knows."""
        for key in sorted(look.alive):
            if not key.startswith(CLIENT_KEY_PREFIX):
                continue
            intent_id = self._recorder.state.by_key.get(key)
            known = before.intents.get(intent_id) if intent_id else None
            if intent_id is not None and (known is None or known.state not in _OVER):
                continue
            words = "not in the journal" if known is None else f"{known.state} in the journal"
            why = f"order {key} works at the broker but is {words}: cancel it there"
            if self._recorder.state.latches.get("halt") != why:
                await self._recorder.record(ev.LatchSet("halt", on=True, by="rule", why=why))
                self._recorder.say("alarm", f"🛑 {why}")

    async def _compare(self, look: rc.Look, before: DeskState) -> None:
        """Record the comparison when it says something new; an in-flight fill is no difference."""
        state = self._recorder.state
        found = rc.differences(state.expected_positions, look.positions)
        fresh = [one for key, one in state.intents.items() if key not in before.intents]
        moving = {
            key
            for intent in (*before.live_intents, *state.live_intents, *fresh)
            for key in leg_keys(intent.draft.instrument_key)
        }
        settled = tuple(item for item in found if item.instrument_key not in moving)
        self.unsettled = self.unsettled + 1 if len(settled) < len(found) else 0
        found = await self._baseline(settled)
        state = self._recorder.state
        unknown = sum(i.state is od.IntentState.UNKNOWN for i in state.live_intents)
        event = ev.Reconciled(look.session, found, unknown)
        if state.synced_session == look.session and state.differences == found:
            return
        await self._recorder.record(event)
        for item in found:
            words = f"{item.instrument_key}: journal {item.journal:+d}, broker {item.broker:+d}"
            self._recorder.say("alarm", f"🔴 Position differs, the broker stands: {words}")

    async def _baseline(self, found: tuple[ev.Difference, ...]) -> tuple[ev.Difference, ...]:
        """Take securities that differ for held besides the desk's own; return what is left.

        No order of ours is under way in them, so whatever moved them was somebody else's. Until
        the next complete look that is what proofs of absence and trims are measured by.
        """
        held = tuple(item for item in found if is_security(item.instrument_key))
        if held:
            await self._recorder.record(ev.DifferencesAccepted(held, "rule", _BESIDES))
        for item in held:
            if item.instrument_key in self._recorder.state.positions:
                words = f"expected {item.journal:+d}, the broker has {item.broker:+d}"
                self._recorder.say("info", f"💡 {item.instrument_key} moved besides: {words}")
        return tuple(item for item in found if item not in held)


def _look(truth: br.BrokerTruth, *, may_hold: bool) -> rc.Look:
    executed: Counter[str] = Counter()
    for execution in truth.executions:
        if execution.client_key:
            executed[execution.client_key] += execution.quantity
    return rc.Look(
        session=truth.session,
        at=truth.at,
        executions_since=truth.executions_since,
        alive={
            order.client_key: rc.Alive(order.broker_order, order.filled)
            for order in truth.open_orders
        },
        done={
            order.client_key: rc.Done(order.rejected, order.filled, order.reason)
            for order in truth.ended_orders
        },
        executed=dict(executed),
        positions=dict(truth.positions),
        seen=truth.seen,
        may_hold=may_hold,
    )
