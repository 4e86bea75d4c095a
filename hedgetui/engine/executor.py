"""The only sender of orders: guard, durable intent, submit, track, settle.

Nothing else in the program holds the broker's `submit`. An order exists first as a journal row
that reached the disk; only then are latches and the session looked at once more, and only then do
bytes leave. From there on the intent moves by evidence alone. Whatever the executor cannot prove
becomes UNKNOWN, keeps its slot and asks for reconciliation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from hedgetui.domain import events as ev
from hedgetui.domain import ids, risk
from hedgetui.domain import orders as od
from hedgetui.domain.errors import BrokerUnreachable, StoreError
from hedgetui.domain.risk import Denial, Refusal, RiskContext
from hedgetui.domain.units import Contracts
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports import broker as br
from hedgetui.ports.clock import Clock
from hedgetui.ports.ids import IdSource
from hedgetui.ports.journal import SlotTaken

_CANCELLED = 202
"""The broker's code for "order cancelled"."""

ContextOf = Callable[[od.OrderDraft, br.Margin | None, bool], RiskContext]
"""Gathers what the gates look at: the draft, its margin if asked for, and whether a person is
flattening."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order left (or its leaving is unknown, which the intent's state says)."""

    intent: od.Intent


class Executor:
    """Sends orders and follows them to their end."""

    def __init__(
        self,
        broker: br.BrokerPort,
        recorder: Recorder,
        clock: Clock,
        identities: IdSource,
        settings: EngineSettings,
    ) -> None:
        self._broker = broker
        self._recorder = recorder
        self._clock = clock
        self._identities = identities
        self._settings = settings
        self._one_at_a_time = asyncio.Lock()
        self.ask_broker = asyncio.Event()
        """Set when broker truth must be read; the reconciler waits for it."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def place(
        self,
        draft: od.OrderDraft,
        context_of: ContextOf,
        *,
        calculated: ev.HedgeCalculated | None = None,
        flattening: bool = False,
    ) -> Placed | Refusal:
        """Pass one order through the gates and send it; a refusal has sent nothing.

        `calculated` is journalled in the same write as the intent, so that an order and its
        reason are never apart.
        """
        async with self._one_at_a_time:
            margin = await self._margin(draft)
            context = context_of(draft, margin, flattening)
            refused = risk.refusal(draft, context)
            if refused is not None:
                await self._deny(draft, refused)
                return refused
            intent = self._intent(draft)
            mid = None if context.quote is None else context.quote.mid
            worth = risk.order_notional(draft, context.instrument, mid)
            recorded = ev.IntentRecorded(intent, worth)
            events: list[ev.Event] = [calculated] if calculated else []
            try:
                facts = await self._recorder.record(*events, recorded)
            except SlotTaken as error:
                refused = Refusal(Denial.IN_FLIGHT, str(error))
                await self._deny(draft, refused)
                return refused
            await self._send(intent, facts[-1].seq, flattening=flattening)
            return Placed(self._recorder.state.intents[intent.intent_id])

    async def _margin(self, draft: od.OrderDraft) -> br.Margin | None:
        """Ask what the order needs, where the gates want to know: entries, and live hedges."""
        live = self._broker.environment is br.Environment.LIVE
        if draft.purpose is not od.Purpose.ENTRY and not live:
            return None
        try:
            return await self._broker.margin(draft)
        except BrokerUnreachable:
            return None

    def _intent(self, draft: od.OrderDraft) -> od.Intent:
        state = self._recorder.state
        intent_id = self._identities.next()
        return od.Intent(
            intent_id=intent_id,
            client_key=ids.client_key(intent_id),
            number=state.numbers + 1,
            account=self._broker.account,
            strategy=self._settings.strategy,
            draft=draft,
            created_at=self._clock.now(),
            epoch=state.epoch,
            session=state.session,
            position_before=state.positions.get(draft.instrument_key, 0),
        )

    async def _deny(self, draft: od.OrderDraft, refused: Refusal) -> None:
        denied = ev.OrderDenied(refused.code.value, refused.message, draft.describe())
        await self._recorder.record(denied)

    async def _send(self, intent: od.Intent, seq: int, *, flattening: bool) -> None:
        """Look once more, then let the bytes go; the ack timer starts before the await."""
        objection = self._last_look(intent, flattening=flattening)
        if objection:
            await self._step(intent.intent_id, od.NeverSent(objection), objection)
            return
        self._clock.call_later(
            self._settings.ack_timeout, lambda: self._spawn(self._ack_due(intent.intent_id))
        )
        order = br.CommittedOrder(seq, intent.client_key, intent.draft)
        try:
            await self._broker.submit(order)
        except BrokerUnreachable as error:
            why = f"link lost while sending: {error}"
            await self._step(intent.intent_id, od.WentDark(why), why)

    def _last_look(self, intent: od.Intent, *, flattening: bool) -> str:
        """Return why the order must not leave after all; what changed while the disk wrote."""
        state = self._recorder.state
        may_pass = intent.draft.purpose.reduces and (flattening or "freeze" not in state.latches)
        if state.latches and not may_pass:
            return "frozen while the intent was written"
        if not state.armed:
            return "disarmed while the intent was written"
        if state.session != intent.session or state.link is not ev.LinkState.READY:
            return "the link changed while the intent was written"
        if self._clock.now() - intent.created_at > self._settings.decision_ttl:
            return "the decision is too old"
        return ""

    async def _ack_due(self, intent_id: str) -> None:
        intent = self._recorder.state.intents[intent_id]
        if intent.state is od.IntentState.SENDING:
            why = f"no answer for {self._settings.ack_timeout:g} s"
            await self._step(intent_id, od.WentDark(why), why)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a follow-up that a timer asked for; a store failure has already halted the desk."""
        task = asyncio.create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- evidence ---------------------------------------------------------------------------

    async def cancel(self, intent: od.Intent, why: str) -> None:
        """Ask the broker to cancel one live order."""
        if not intent.live or intent.cancel_wanted:
            return
        await self._step(intent.intent_id, od.CancelAsked(), why)
        try:
            await self._broker.cancel(intent.client_key)
        except BrokerUnreachable as error:
            self._recorder.say("warn", f"⚠ Cancel of #{intent.number} did not leave: {error}")
            self.ask_broker.set()
            return
        self._clock.call_later(
            self._settings.ack_timeout, lambda: self._spawn(self._cancel_due(intent.intent_id))
        )

    async def _cancel_due(self, intent_id: str) -> None:
        if self._recorder.state.intents[intent_id].state is od.IntentState.CANCELLING:
            self.ask_broker.set()

    async def cancel_hedges(self, why: str) -> None:
        """Cancel the live hedge order, if any."""
        for intent in self._recorder.state.live_intents:
            if intent.draft.purpose.is_hedge:
                await self.cancel(intent, why)

    async def cancel_all(self, why: str) -> int:
        """Cancel every live order; returns how many were asked."""
        live = self._recorder.state.live_intents
        for intent in live:
            await self.cancel(intent, why)
        return len(live)

    async def listed(self, report: br.OrderListed) -> None:
        """The broker lists an order as alive; fills it knows and we do not are asked for."""
        intent = self._known(report.client_key)
        if intent is None:
            return
        await self._step(intent.intent_id, od.Listed(report.broker_order), "broker lists it")
        if report.filled > self._recorder.state.intents[intent.intent_id].filled:
            self.ask_broker.set()

    async def ended(self, report: br.OrderEnded) -> None:
        """The broker lists an order as done."""
        intent = self._known(report.client_key)
        if intent is not None:
            ended = od.Ended(report.rejected, report.reason)
            await self._step(intent.intent_id, ended, report.reason)

    async def noticed(self, notice: br.OrderNotice) -> None:
        """A code about an order: shown, and a reason to ask; never proof of an end."""
        intent = self._known(notice.client_key)
        if intent is not None and intent.cancel_wanted and notice.code == _CANCELLED:
            return  # the answer to our own question
        where = f" #{intent.number}" if intent else ""
        self._recorder.say("warn", f"⚠ Broker {notice.code}{where}: {notice.message}")
        if intent is not None and od.Effect.ASK_BROKER in (
            od.step(intent, od.Noticed(notice.code, notice.message)).effects
        ):
            self.ask_broker.set()

    async def executed(self, execution: br.Execution) -> None:
        """Book an execution once per id and revision, in any state of its order."""
        state = self._recorder.state
        known = state.fills.get(execution.exec_id)
        if known is not None and known.revision >= execution.revision:
            return
        intent = self._known(execution.client_key)
        fill = ev.FillBooked(
            exec_id=execution.exec_id,
            revision=execution.revision,
            intent_id=intent.intent_id if intent else "",
            instrument_key=execution.instrument_key,
            side=execution.side,
            quantity=execution.quantity,
            price=execution.price,
            executed_at=execution.at,
        )
        if intent is None:
            await self._recorder.record(fill)
            text = f"{execution.side} {execution.quantity} {execution.instrument_key}"
            self._recorder.say("warn", f"⚠ External execution: {text} @ {execution.price}")
            return
        change = execution.quantity - (known.quantity if known else 0)
        outcome = od.step(intent, od.Executed(Contracts(change)))
        await self._recorder.record(fill, _moved(intent, outcome.intent, "execution"))
        await self._warn_about(outcome)

    async def _warn_about(self, outcome: od.Step) -> None:
        late = od.Effect.LATE_FILL in outcome.effects
        if not late and od.Effect.OVERFILL not in outcome.effects:
            return
        words = "late fill" if late else "overfill"
        why = f"{words} on #{outcome.intent.number} ({outcome.intent.state})"
        self._recorder.say("alarm", f"🛑 {why}: position corrected, auto-hedge stopped")
        await self._recorder.record(ev.AutoSwitched(on=False, by=words))

    async def charged(self, commission: br.Commission) -> None:
        """Book the charge of an execution once."""
        if commission.exec_id not in self._recorder.state.commissions:
            booked = ev.CommissionBooked(commission.exec_id, commission.amount)
            await self._recorder.record(booked)

    async def went_dark(self, why: str) -> None:
        """Every live order becomes unknown: the link is gone or the process restarted."""
        for intent in self._recorder.state.live_intents:
            await self._step(intent.intent_id, od.WentDark(why), why)

    async def prove(self, intent_id: str, evidence: od.Evidence, cause: str) -> None:
        """Apply evidence that reconciliation or a person found."""
        await self._step(intent_id, evidence, cause)

    def _known(self, client_key: str) -> od.Intent | None:
        state = self._recorder.state
        intent_id = state.by_key.get(client_key)
        return None if intent_id is None else state.intents[intent_id]

    async def _step(self, intent_id: str, evidence: od.Evidence, cause: str) -> None:
        intent = self._recorder.state.intents[intent_id]
        outcome = od.step(intent, evidence)
        if outcome.intent != intent:
            await self._recorder.record(_moved(intent, outcome.intent, cause))
        if od.Effect.ASK_BROKER in outcome.effects:
            self.ask_broker.set()


def _moved(before: od.Intent, after: od.Intent, cause: str) -> ev.IntentMoved:
    return ev.IntentMoved(
        intent_id=before.intent_id,
        before=before.state,
        after=after.state,
        cause=cause,
        filled=after.filled,
        broker_order=after.broker_order,
        cancel_wanted=after.cancel_wanted,
    )


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """Await a follow-up; `Recorder` has already halted and announced a store failure."""
    try:
        await work
    except StoreError:
        return
