"""Reading broker truth and drawing from it only what it proves.

Runs after every connection, whenever the executor is in doubt, and on a timer. Missed executions
are booked first, then orders are judged, then positions compared; every difference becomes a
visible fact and the broker's number stands.
"""

from __future__ import annotations

from collections import Counter

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain import reconciliation as rc
from hedgetui.engine.parts import Parts
from hedgetui.ports import broker as br


class Reconciler:
    """Compares the journal with the broker."""

    def __init__(self, parts: Parts) -> None:
        self._broker = parts.broker
        self._recorder = parts.recorder
        self._executor = parts.executor
        self._settings = parts.settings
        self._first_look: rc.Look | None = None
        self.missing: dict[str, str] = {}
        """Intent id to the evidence still missing; for the screen."""

    async def run(self) -> str:
        """Read and compare once; returns an empty text, or why the answer was incomplete."""
        answer = await self._broker.truth()
        if isinstance(answer, br.Incomplete):
            return answer.why
        truth = answer.truth
        if truth.session != self._recorder.state.session:
            return "the link changed while broker truth was read"
        for execution in truth.executions:
            await self._executor.executed(execution)
        for commission in truth.commissions:
            await self._executor.charged(commission)
        look = _look(truth)
        await self._judge(look)
        if self._first_look is None or self._first_look.session != look.session:
            self._first_look = look
        await self._compare(look)
        return ""

    async def _judge(self, look: rc.Look) -> None:
        self.missing.clear()
        for intent in self._recorder.state.live_intents:
            state = self._recorder.state
            young = look.at - intent.created_at < self._settings.ack_timeout
            if intent.state is od.IntentState.SENDING and young:
                continue  # the answer may be older than the order
            verdict = rc.judge(
                intent,
                look,
                self._first_look,
                own_position=state.positions.get(intent.draft.instrument_key, 0),
                gap=self._settings.absence_gap,
            )
            if verdict.evidence is not None:
                await self._executor.prove(intent.intent_id, verdict.evidence, verdict.words)
            after = self._recorder.state.intents[intent.intent_id]
            if after.state is od.IntentState.UNKNOWN:
                self.missing[intent.intent_id] = verdict.words

    async def _compare(self, look: rc.Look) -> None:
        """Record the comparison when it says something new; an in-flight fill is no difference."""
        state = self._recorder.state
        found = rc.differences(state.positions, look.positions)
        moving = {intent.draft.instrument_key for intent in state.live_intents}
        found = tuple(item for item in found if item.instrument_key not in moving)
        unknown = sum(i.state is od.IntentState.UNKNOWN for i in state.live_intents)
        event = ev.Reconciled(look.session, found, unknown)
        if state.synced_session == look.session and state.differences == found:
            return
        await self._recorder.record(event)
        for item in found:
            words = f"{item.instrument_key}: journal {item.journal:+d}, broker {item.broker:+d}"
            self._recorder.say("alarm", f"🔴 Position differs, the broker stands: {words}")


def _look(truth: br.BrokerTruth) -> rc.Look:
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
    )
