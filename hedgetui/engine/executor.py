"""The only sender of orders: guard, durable intent, submit, track, settle.

Nothing else in the program holds the broker's `submit`. An order exists first as a journal row
that reached the disk; only then are latches and the session looked at once more, and only then do
bytes leave. From there on the intent moves by the evidence that `tracker` takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hedgetui.domain import events as ev
from hedgetui.domain import ids, risk
from hedgetui.domain import orders as od
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import leg_keys, parse_key
from hedgetui.domain.pair import Pair
from hedgetui.domain.risk import Denial, Refusal, RiskContext
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.settings import EngineSettings
from hedgetui.engine.tracker import Tracker
from hedgetui.ports import broker as br
from hedgetui.ports.clock import Clock
from hedgetui.ports.ids import IdSource
from hedgetui.ports.journal import SlotTaken

ContextOf = Callable[[od.OrderDraft, br.Margin | None, bool], RiskContext]
"""Gathers what the gates look at: the draft, its margin if asked for, and whether a person is
flattening."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order left (or its leaving is unknown, which the intent's state says)."""

    intent: od.Intent


@dataclass(frozen=True, slots=True)
class Errand:
    """Whose order it is when it is not the strategy's own, and what is written about it."""

    strategy: str
    """Holds the slot: one live order of it in each contract."""
    placed: Callable[[od.Intent], ev.Event]
    """Returns what is journalled in one write with the intent."""
    denied: Callable[[Refusal], ev.Event]
    """Returns what is journalled when a gate refuses."""
    held: Callable[[], str] = str
    """Returns why the order must not leave after all; asked once more when it is written."""


class Executor:
    """Sends orders."""

    def __init__(
        self,
        broker: br.BrokerPort,
        recorder: Recorder,
        tracker: Tracker,
        clock: Clock,
        identities: IdSource,
        settings: EngineSettings,
    ) -> None:
        self._broker = broker
        self._recorder = recorder
        self._tracker = tracker
        self._clock = clock
        self._identities = identities
        self._settings = settings
        self._one_at_a_time = asyncio.Lock()

    async def place(
        self,
        draft: od.OrderDraft,
        context_of: ContextOf,
        *,
        calculated: ev.HedgeCalculated | None = None,
        flattening: bool = False,
        errand: Errand | None = None,
    ) -> Placed | Refusal:
        """Pass one order through the gates and send it; a refusal has sent nothing.

        `calculated`, or what the errand says, is journalled in the same write as the intent, so
        that an order and its reason are never apart.
        """
        async with self._one_at_a_time:
            margin = await self.margin(draft)
            context = context_of(draft, margin, flattening)
            return await self._place(
                draft, context, calculated, flattening=flattening, errand=errand
            )

    async def place_pair(
        self, out_of: od.OrderDraft, into: od.OrderDraft, context_of: ContextOf
    ) -> tuple[Placed, Placed | Refusal] | Refusal:
        """Send both orders of a roll, one at once after the other, or neither.

        A refusal alone has sent nothing. Beside a placed order it says why its other half did not
        follow: something changed in between.
        """
        async with self._one_at_a_time:
            margins = await self.margin(out_of), await self.margin(into)
            held = self._recorder.state.positions.get(out_of.instrument_key, 0)
            pair = Pair(out_of, into, held)
            contexts = contexts_of_pair(pair, context_of, *margins)
            for draft, context in zip((out_of, into), contexts, strict=True):
                refused = risk.refusal(draft, context)
                if refused is not None:
                    await self._deny(draft, refused)
                    return refused
            first = await self._place(out_of, contexts[0], None)
            if isinstance(first, Refusal):
                return first
            now = self._recorder.state.intents[first.intent.intent_id]
            context = context_of(into, margins[1], False)  # noqa: FBT003 - its signature
            context = replace(context, pair=replace(pair, first=now))
            return first, await self._place(into, context, None)

    async def _place(
        self,
        draft: od.OrderDraft,
        context: RiskContext,
        calculated: ev.HedgeCalculated | None,
        *,
        flattening: bool = False,
        errand: Errand | None = None,
    ) -> Placed | Refusal:
        """Ask the gates, write the intent, send it."""
        refused = risk.refusal(draft, context)
        if refused is not None:
            await self._deny(draft, refused, errand)
            return refused
        intent = self._intent(draft, errand)
        worth = risk.order_notional(draft, context.instrument, _mid(context))
        events: list[ev.Event] = [calculated] if calculated else []
        events += [errand.placed(intent)] if errand else []
        try:
            facts = await self._recorder.record(*events, ev.IntentRecorded(intent, worth))
        except SlotTaken as error:
            refused = Refusal(Denial.IN_FLIGHT, str(error))
            await self._deny(draft, refused, errand)
            return refused
        held = errand.held() if errand else ""
        await self._send(intent, facts[-1].seq, flattening=flattening, held=held)
        return Placed(self._recorder.state.intents[intent.intent_id])

    async def margin(self, draft: od.OrderDraft) -> br.Margin | None:
        """Ask what an order needs, where the gates want to know: openings, and live hedges."""
        live = self._broker.environment is br.Environment.LIVE
        if draft.purpose not in {od.Purpose.ENTRY, od.Purpose.TICKET} and not live:
            return None
        try:
            return await self._broker.margin(draft)
        except BrokerUnreachable:
            return None

    def _intent(self, draft: od.OrderDraft, errand: Errand | None) -> od.Intent:
        state = self._recorder.state
        intent_id = self._identities.next()
        return od.Intent(
            intent_id=intent_id,
            client_key=ids.client_key(intent_id),
            number=state.numbers + 1,
            account=self._broker.account,
            strategy=errand.strategy if errand else self._settings.strategy,
            draft=draft,
            created_at=self._clock.now(),
            epoch=state.epoch,
            session=state.session,
            position_before=min(
                state.positions.get(key, 0) for key in leg_keys(draft.instrument_key)
            ),
        )

    async def _deny(
        self, draft: od.OrderDraft, refused: Refusal, errand: Errand | None = None
    ) -> None:
        denied = ev.OrderDenied(refused.code.value, refused.message, draft.describe())
        await self._recorder.record(denied, *([errand.denied(refused)] if errand else []))

    async def _send(self, intent: od.Intent, seq: int, *, flattening: bool, held: str) -> None:
        """Look once more, then let the bytes go; the ack timer starts before the await."""
        objection = self._last_look(intent, flattening=flattening) or held
        if objection:
            await self._tracker.prove(intent.intent_id, od.NeverSent(objection), objection)
            return
        self._tracker.timers.after(
            self._settings.ack_timeout, lambda: self._tracker.silent(intent.intent_id)
        )
        order = br.CommittedOrder(seq, intent.client_key, intent.draft)
        try:
            await self._broker.submit(order)
        except BrokerUnreachable as error:
            why = f"link lost while sending: {error}"
            await self._tracker.prove(intent.intent_id, od.WentDark(why), why)

    def _last_look(self, intent: od.Intent, *, flattening: bool) -> str:
        """Return why the order must not leave after all; what changed while the disk wrote."""
        state = self._recorder.state
        may_pass = intent.draft.purpose.reduces and (flattening or "freeze" not in state.latches)
        if state.latches and not may_pass:
            return "frozen while the intent was written"
        if not state.armed:
            return "disarmed while the intent was written"
        if not state.enabled and intent.draft.purpose.needs_strategy:
            return "the strategy was switched off while the intent was written"
        if intent.draft.purpose is od.Purpose.TAIL and state.tails_stopped:
            return f"hedging of tails stopped while the intent was written: {state.tails_stopped}"
        venue = state.venue(parse_key(intent.draft.instrument_key).symbol)
        if not venue.open:
            return f"the venue closed while the intent was written: {venue.reason}"
        if state.session != intent.session or state.link is not ev.LinkState.READY:
            return "the link changed while the intent was written"
        if self._clock.now() - intent.created_at > self._settings.decision_ttl:
            return "the decision is too old"
        return ""


def contexts_of_pair(
    pair: Pair, context_of: ContextOf, out_margin: br.Margin | None, into_margin: br.Margin | None
) -> tuple[RiskContext, RiskContext]:
    """Return what the gates look at before a pair is sent.

    The second order is judged as it will be: with the first one on its way and counted.
    """
    out = replace(context_of(pair.out_of, out_margin, False), pair=pair)  # noqa: FBT003
    into = context_of(pair.into, into_margin, False)  # noqa: FBT003 - its signature
    worth = risk.order_notional(pair.out_of, out.instrument, _mid(out))
    first = risk.Sent(
        out.now, pair.out_of.purpose, pair.out_of.instrument_key, pair.out_of.side,
        pair.out_of.quantity, worth, future=True,
    )  # fmt: skip
    position = into.position + pair.out_of.signed
    return out, replace(into, pair=pair, position=position, sent=(*into.sent, first))


def _mid(context: RiskContext) -> float | None:
    return None if context.quote is None else context.quote.mid
