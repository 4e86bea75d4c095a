"""What becomes of orders that left: evidence in, facts out, one piece at a time.

The wire, broker truth, timers and people all bring evidence about the same orders, and each piece
is judged against the state the one before it left: a lock makes sure of that, or two fills arriving
together would both be added to the same number. Whatever cannot be proven becomes UNKNOWN, keeps
its slot and asks for reconciliation.
"""

from __future__ import annotations

import asyncio

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.errors import BrokerUnreachable, StoreError
from hedgetui.domain.instruments import is_security, leg_keys
from hedgetui.domain.tails.exposure import TAILS_LATCH
from hedgetui.domain.units import Contracts
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.settings import EngineSettings
from hedgetui.engine.state import DeskState
from hedgetui.engine.timers import Timers
from hedgetui.ports import broker as br
from hedgetui.ports.clock import Clock

_CANCELLED = 202
"""The broker's code for "order cancelled"."""
_HELD, _HELD_WORDS = 399, "not be placed"
"""The broker's code and words for an order that waits for the next opening."""


class Tracker:
    """Follows orders to their end."""

    def __init__(
        self, broker: br.BrokerPort, recorder: Recorder, clock: Clock, settings: EngineSettings
    ) -> None:
        self._broker = broker
        self._recorder = recorder
        self._settings = settings
        self._one_at_a_time = asyncio.Lock()
        self.timers = Timers(clock)
        self.ask_broker = asyncio.Event()
        """Set when broker truth must be read; the reconciler waits for it."""
        self.ends: dict[str, od.Ended] = {}
        """Intent id to an end the broker told. It counts once a complete look, asked for later,
        has shown every execution: a fill whose report was lost would be hedged a second time."""

    # --- asking for an end ------------------------------------------------------------------

    async def cancel(self, intent: od.Intent, why: str) -> None:
        """Ask the broker to cancel one live order; asks even when the journal is gone."""
        if not intent.live or intent.cancel_wanted:
            return
        try:
            await self.prove(intent.intent_id, od.CancelAsked(), why)
        except StoreError:
            self._recorder.say("alarm", f"🛑 Cancel of #{intent.number} asked without a journal")
        await self.cancel_again(intent)

    async def cancel_again(self, intent: od.Intent) -> None:
        """Send the request to cancel, the first time or after it got lost."""
        try:
            await self._broker.cancel(intent.client_key)
        except BrokerUnreachable as error:
            self._recorder.say("warn", f"⚠ Cancel of #{intent.number} did not leave: {error}")
            self.ask_broker.set()
            return
        self.timers.after(self._settings.ack_timeout, lambda: self._cancel_due(intent.intent_id))

    async def _cancel_due(self, intent_id: str) -> None:
        if self._recorder.state.intents[intent_id].live:
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

    # --- evidence ---------------------------------------------------------------------------

    async def listed(self, report: br.OrderListed) -> None:
        """The broker lists an order as alive; fills it knows and we do not are asked for."""
        intent = self._known(report.client_key)
        if intent is None:
            return
        await self.prove(intent.intent_id, od.Listed(report.broker_order), "broker lists it")
        if report.filled > self._recorder.state.intents[intent.intent_id].filled:
            self.ask_broker.set()

    async def ended(self, report: br.OrderEnded) -> None:
        """The broker says an order is done; broker truth is read before its slot is free."""
        intent = self._known(report.client_key)
        if intent is not None and intent.live:
            self.ends[intent.intent_id] = od.Ended(report.rejected, report.reason)
            self.ask_broker.set()

    async def end(self, intent_id: str) -> None:
        """Let a told end count: a complete look asked for after it holds no further execution."""
        ended = self.ends.pop(intent_id, None)
        if ended is not None:
            await self.prove(intent_id, ended, ended.reason)

    async def noticed(self, notice: br.OrderNotice) -> None:
        """A code about an order: shown, and a reason to ask; never proof of an end."""
        intent = self._known(notice.client_key)
        if intent is not None and intent.cancel_wanted and notice.code == _CANCELLED:
            return  # the answer to our own question
        where = f" #{intent.number}" if intent else ""
        code = f" {notice.code}" if notice.code else ""
        self._recorder.say("warn", f"⚠ Broker{code}{where}: {notice.message}")
        if intent is not None:
            await self.prove(intent.intent_id, od.Noticed(notice.code, notice.message), "notice")
            if notice.code == _HELD and _HELD_WORDS in notice.message:
                await self._held(intent)

    async def _held(self, intent: od.Intent) -> None:
        """Take back an order that waits for the next opening: it was decided on this market.

        The next one would be held as well, so hedging by rule stops until a person looked.
        """
        await self.cancel(intent, "the broker holds it until the opening")
        if intent.draft.purpose is od.Purpose.TAIL:
            words = f"the broker holds #{intent.number} until the opening"
            await self._recorder.record(ev.LatchSet(TAILS_LATCH, on=True, by="rule", why=words))
            self._recorder.say("alarm", f"🛑 {words}: taken back, hedging of tails stopped")
        if intent.draft.purpose.is_hedge and self._recorder.state.auto:
            words = f"the broker holds #{intent.number} until the opening"
            self._recorder.say("alarm", f"🛑 {words}: taken back, auto-hedge stopped")
            await self._recorder.record(ev.AutoSwitched(on=False, by="held order"))

    async def executed(self, execution: br.Execution) -> None:
        """Book an execution once per id and revision, in any state of its order.

        A combo's are booked leg by leg: the line some brokers add for the whole moves no position.
        """
        if len(leg_keys(execution.instrument_key)) > 1:
            return
        async with self._one_at_a_time:
            known = self._recorder.state.fills.get(execution.exec_id)
            if known is not None and known.revision >= execution.revision:
                return
            intent = self._known(execution.client_key)
            fill = _booked(execution, intent)
            if intent is None:
                await self._recorder.record(fill)
                text = f"{execution.side} {execution.quantity} {execution.instrument_key}"
                level = "info" if is_security(execution.instrument_key) else "warn"
                self._recorder.say(level, f"⚠ External execution: {text} @ {execution.price}")
                return
            change = execution.quantity - (known.quantity if known else 0)
            outcome = self._after(intent, execution.instrument_key, change)
            words = _unexpected(outcome)
            tail = bool(words) and intent.draft.purpose is od.Purpose.TAIL
            stops = [ev.LatchSet(TAILS_LATCH, on=True, by="rule", why=words)] if tail else []
            await self._recorder.record(fill, moved(intent, outcome.intent, "execution"), *stops)
            if words:
                await self._warn_about(words, intent.draft.purpose)

    def _after(self, intent: od.Intent, key: str, change: int) -> od.Step:
        """Return where `change` more contracts of `key` take an order."""
        if len(leg_keys(intent.draft.instrument_key)) == 1:
            return od.step(intent, od.Executed(Contracts(change)))
        executed = executed_of(self._recorder.state, intent.intent_id)
        return od.leg_step(intent, executed, key, change)

    async def _warn_about(self, words: str, purpose: od.Purpose) -> None:
        if purpose is od.Purpose.TAIL:
            # Its latch is on already: the tail is open again, and would be hedged at once.
            self._recorder.say("alarm", f"🛑 {words}: tail corrected, hedging of tails stopped")
            return
        if purpose.is_ticket:  # no part of the book that auto hedges
            self._recorder.say("alarm", f"🛑 {words}: position corrected, look at the ticket")
            return
        self._recorder.say("alarm", f"🛑 {words}: position corrected, auto-hedge stopped")
        await self._recorder.record(ev.AutoSwitched(on=False, by=words.partition(" on ")[0]))

    async def charged(self, commission: br.Commission) -> None:
        """Book the charge of an execution once."""
        async with self._one_at_a_time:
            if commission.exec_id not in self._recorder.state.commissions:
                booked = ev.CommissionBooked(commission.exec_id, commission.amount)
                await self._recorder.record(booked)

    async def went_dark(self, why: str) -> None:
        """Every live order becomes unknown: the link is gone or the process restarted."""
        for intent in self._recorder.state.live_intents:
            await self.prove(intent.intent_id, od.WentDark(why), why)

    async def silent(self, intent_id: str) -> None:
        """The time for an answer is over."""
        if self._recorder.state.intents[intent_id].state is od.IntentState.SENDING:
            why = f"no answer for {self._settings.ack_timeout:g} s"
            await self.prove(intent_id, od.WentDark(why), why)

    async def prove(self, intent_id: str, evidence: od.Evidence, cause: str) -> None:
        """Apply one piece of evidence to one intent."""
        async with self._one_at_a_time:
            intent = self._recorder.state.intents[intent_id]
            outcome = od.step(intent, evidence)
            if outcome.intent != intent:
                await self._recorder.record(moved(intent, outcome.intent, cause))
            if od.Effect.ASK_BROKER in outcome.effects:
                self.ask_broker.set()

    def _known(self, client_key: str) -> od.Intent | None:
        state = self._recorder.state
        intent_id = state.by_key.get(client_key)
        return None if intent_id is None else state.intents[intent_id]


def _unexpected(outcome: od.Step) -> str:
    """Return what was wrong with an execution that came too late or was too much, else nothing."""
    late = od.Effect.LATE_FILL in outcome.effects
    if not late and od.Effect.OVERFILL not in outcome.effects:
        return ""
    words = "late fill" if late else "overfill"
    return f"{words} on #{outcome.intent.number} ({outcome.intent.state})"


def executed_of(state: DeskState, intent_id: str) -> dict[str, int]:
    """Return the contracts executed of one order, by instrument key: of a combo by leg."""
    return od.executed_by_leg(
        (fill.instrument_key, fill.quantity)
        for fill in state.fills.values() if fill.intent_id == intent_id
    )  # fmt: skip


def moved(before: od.Intent, after: od.Intent, cause: str) -> ev.IntentMoved:
    """Return the fact that takes an intent from one state to another."""
    return ev.IntentMoved(
        intent_id=before.intent_id,
        before=before.state,
        after=after.state,
        cause=cause,
        filled=after.filled,
        broker_order=after.broker_order,
        cancel_wanted=after.cancel_wanted,
    )


def _booked(execution: br.Execution, intent: od.Intent | None) -> ev.FillBooked:
    return ev.FillBooked(
        exec_id=execution.exec_id,
        revision=execution.revision,
        intent_id=intent.intent_id if intent else "",
        instrument_key=execution.instrument_key,
        side=execution.side,
        quantity=execution.quantity,
        price=execution.price,
        executed_at=execution.at,
    )
