"""The only caller of `send`: written down, looked at once more, sent, read, proven.

PLANNED and SENT are on the disk before a byte leaves, so that a restart knows what may have
happened. After an answer that says nothing the action is UNKNOWN and holds its symbol until the
broker's own records have been read; nothing is ever sent a second time under one action.
"""

from __future__ import annotations

from dataclasses import replace

from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.actions import Plan
from hedgetui.domain.dtms.model import ActionRecord, ActionState
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.records import (
    Answered,
    CommittedRequest,
    Reply,
    Request,
    Silent,
    Ticket,
)
from hedgetui.domain.mt5.retcodes import Judgement, Meaning, judge
from hedgetui.domain.text import safe
from hedgetui.engine.dtms import words
from hedgetui.engine.dtms.errands import Attempt, Errand, Scene, acts_on
from hedgetui.engine.dtms.gate import Gate
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.resolving import Resolver
from hedgetui.engine.dtms.settling import Settler
from hedgetui.engine.dtms.weighing import Finding
from hedgetui.engine.dtms.witness import Witness


class Sender:
    """Sends one request at a time."""

    def __init__(
        self,
        parts: DefenceParts,
        gate: Gate,
        witness: Witness,
        settler: Settler,
        resolver: Resolver,
    ) -> None:
        self._parts = parts
        self._gate = gate
        self._witness = witness
        self._settler = settler
        self._resolver = resolver

    async def send(self, errand: Errand, plan: Plan, scene: Scene) -> Attempt:
        """Send one plan under a new action and follow it to its end, or to UNKNOWN.

        Raises:
            SlotTaken: another action of the symbol is not over.
            StoreError: the journal cannot be written; if bytes left, a restart finds out.
        """
        action = self._record(errand, plan, scene)
        session = self._parts.book.session
        await self._parts.recorder.record(fx.ActionPlanned(action))
        objection = self._gate.last_look(errand, session, scene.at)
        if objection:
            return await self._never_sent(action, objection)
        sent = fx.ActionMoved(action.action_id, action.state, ActionState.SENT, "on its way")
        facts = await self._parts.recorder.record(sent)
        action = self._parts.book.actions[action.action_id]
        objection = self._gate.last_look(errand, session, scene.at)
        if objection:
            return await self._never_sent(action, objection)
        committed = CommittedRequest(facts[-1].seq, action.action_id, self._request(plan))
        reply = await self._hand_over(committed)
        return await self._take(action, plan, reply)

    async def _hand_over(self, committed: CommittedRequest) -> Reply:
        try:
            return await self._parts.port.send(committed)
        except BrokerUnreachable as error:
            return Silent(f"the link broke: {error.message}")

    def _record(self, errand: Errand, plan: Plan, scene: Scene) -> ActionRecord:
        trade = scene.trade
        position, before = acts_on(plan, scene)
        return ActionRecord(
            action_id=self._parts.identities.next(),
            trade=trade.identifier,
            kind=errand.kind,
            cycle=trade.cycle + 1,
            symbol=trade.symbol,
            magic=plan.request.magic,
            request=plan.request.describe(),
            volume=plan.volume,
            level=plan.level,
            target=plan.target,
            before=before,
            position=position,
            rule=errand.rule,
            why=f"{errand.why}; {plan.note}" if plan.note else errand.why,
            by=errand.by,
            state=ActionState.PLANNED,
            planned_at=self._parts.clock.now(),
        )

    def _request(self, plan: Plan) -> Request:
        return replace(plan.request, deviation=self._parts.settings.deviation)

    async def _never_sent(self, action: ActionRecord, objection: str) -> Attempt:
        ended = await self._settler.move(action, ActionState.FAILED, f"never sent: {objection}")
        self._parts.recorder.say("warn", f"⏸️ {action.kind} not sent: {objection}", action.why)
        return Attempt(ended, None)

    # --- the answer --------------------------------------------------------------------------

    async def _take(self, action: ActionRecord, plan: Plan, reply: Reply) -> Attempt:
        judgement = judge(reply)
        if judgement.meaning is not Meaning.TOO_MANY:
            self._gate.answered()
        if judgement.meaning.accepted and isinstance(reply, Answered):
            return await self._accepted(action, reply, judgement)
        if judgement.meaning is Meaning.UNCLEAR:
            return await self._unclear(action, reply, judgement)
        ended = await self._settler.move(
            action, ActionState.FAILED, judgement.words, retcode=judgement.code
        )
        self._tell_failed(ended, plan, judgement)
        return Attempt(ended, judgement)

    async def _accepted(
        self, action: ActionRecord, reply: Answered, judgement: Judgement
    ) -> Attempt:
        """Prove what the server says it did; its word alone ends nothing."""
        named = replace(action, ticket=reply.order)
        sighting = await self._witness.confirm(named, float(reply.volume))
        if sighting is not None and sighting.evidence.finding is Finding.FOUND:
            return Attempt(await self._settler.done(named, sighting, judgement.code), judgement)
        return await self._unclear(action, reply, judgement)

    async def _unclear(self, action: ActionRecord, reply: Reply, judgement: Judgement) -> Attempt:
        order = reply.order if isinstance(reply, Answered) else Ticket(0)
        unknown = await self._settler.move(
            action, ActionState.UNKNOWN, judgement.words, retcode=judgement.code, ticket=order
        )
        self._parts.recorder.say(
            "alarm",
            f"❓ {action.kind} {safe(action.symbol)} unknown: {judgement.words}; "
            f"nothing more is sent for it until the broker's records are read",
            action.why,
        )
        await self._resolver.pursue((unknown.action_id,))
        return Attempt(self._parts.book.actions[action.action_id], judgement)

    def _tell_failed(self, action: ActionRecord, plan: Plan, judgement: Judgement) -> None:
        bug = judgement.meaning in {Meaning.BUG, Meaning.NOT_SENT}
        trade = self._parts.book.trades[action.trade]
        what = "Failed to place hedge order" if action.kind.opens else f"{action.kind} refused"
        line = f"❌ {what}: {words.name(trade)} {action.request}: {judgement.words}"
        why = f"{action.why}\nour own mistake, please report: {plan.request}" if bug else action.why
        self._parts.recorder.say("alarm" if bug else "warn", line, why)
