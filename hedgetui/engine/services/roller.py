"""Rolls the hedge into the next month: one pair of orders at a time, and each pair to its end.

A person confirmed how many contracts move; this service sends the pairs, says what became of them,
and calls the hedge rule when only one half traded. It remembers nothing across a restart but the
pair that was on its way: what is left of a roll is then the ordinary rule's, or a person's.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.pair import Pair
from hedgetui.domain.risk import Denial, Refusal
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.domain.vega import messages
from hedgetui.domain.vega.decide import Trigger
from hedgetui.domain.vega.roll import RollStep
from hedgetui.engine.executor import Placed, contexts_of_pair
from hedgetui.engine.parts import Parts
from hedgetui.engine.services import book
from hedgetui.engine.services.hedge_orders import HedgeOrders
from hedgetui.engine.services.hedger import Hedger
from hedgetui.engine.services.triggers import Triggers

_RETRY_S = 1.0
_GRACE_S = 2.0
_TRIES = 120
"""How often a gate that passes soon is asked again before what is left of a roll is given up."""

Sent = tuple[Placed, Placed | Refusal]
"""The first order, and the second one or why it did not follow."""


class Roller:
    """Works one roll."""

    def __init__(
        self, parts: Parts, orders: HedgeOrders, hedger: Hedger, triggers: Triggers
    ) -> None:
        self._parts = parts
        self._orders = orders
        self._hedger = hedger
        self._triggers = triggers
        self._left: list[RollStep] = []
        """Pairs confirmed and not sent yet."""
        self._tries = 0
        self._followed = ""
        """The pair on its way, by the id its orders carry."""
        self._uneven_since: Timestamp | None = None
        """When one half of it ended early while the other works on."""
        self._alarmed = False
        """That was said."""
        self._due = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        parts.recorder.listen(self._on_fact)

    async def begin(self, steps: tuple[RollStep, ...]) -> Sent | Refusal:
        """Send the first pair; the others follow, each when the one before it has ended."""
        async with self._one_at_a_time:
            outcome = await self._send(steps[0])
            whole = not isinstance(outcome, Refusal) and self._followed
            self._left = list(steps[1:]) if whole else []
            self._due.set()
            return outcome

    async def run(self) -> None:
        """Follow every pair to its end, and send the next one."""
        self._resume()
        while True:
            await self._due.wait()
            self._due.clear()
            async with self._one_at_a_time:
                await self._turn()

    def _resume(self) -> None:
        """Take over the pair a dead process left, unless a hedge has been sent since."""
        hedges = [i for i in self._parts.state.intents.values() if i.draft.purpose.is_hedge]
        if not hedges or hedges[-1].draft.purpose is not od.Purpose.ROLL:
            return
        both = book.roll_orders(self._parts.state, hedges[-1].draft.trade_id)
        if any(one.live for one in both) or book.roll_balance(both):
            self._followed = hedges[-1].draft.trade_id or ""
            self._due.set()

    def _on_fact(self, fact: ev.Fact) -> None:
        if isinstance(fact.event, ev.IntentMoved) and fact.event.after in od.TERMINAL:
            self._due.set()

    async def _turn(self) -> None:
        if self._followed:
            both = book.roll_orders(self._parts.state, self._followed)
            if any(one.live for one in both):
                self._judge_live(both)
                return
            self._followed, self._alarmed, self._uneven_since = "", False, None
            if both and not self._conclude(both):
                self._left = []
        if self._left:
            await self._next()

    async def _next(self) -> None:
        """Send the next pair, as much of it as is still held; wait for a gate that passes soon."""
        step = self._left[0]
        held = self._parts.state.positions.get(step.out_of.key, 0)
        sign = 1 if step.contracts > 0 else -1
        most = min(abs(step.contracts), max(0, held * sign))
        step = replace(step, contracts=Contracts(sign * most))
        if not step.contracts:
            self._left.pop(0)
            self._due.set()
            return
        if self._tries < _TRIES and self._must_wait(step):
            self._tries += 1
            self._parts.clock.call_later(_RETRY_S, self._due.set)
            return
        self._tries = 0
        self._left.pop(0)
        outcome = await self._send(step)
        if isinstance(outcome, Refusal):
            left = sum(abs(one.contracts) for one in (step, *self._left))
            words = f"⚠ Roll stopped, {left} {step.out_of.key} left: {outcome.message}"
            self._parts.recorder.say("warn", words)
            self._left = []
        self._due.set()

    def _must_wait(self, step: RollStep) -> bool:
        drafts = self._orders.roll_drafts(step)
        if drafts is None:
            return False
        held = self._parts.state.positions.get(step.out_of.key, 0)
        contexts = contexts_of_pair(Pair(*drafts, held), self._orders.context_of, None, None)
        return any(map(risk.passes_soon, drafts, contexts))

    async def _send(self, step: RollStep) -> Sent | Refusal:
        drafts = self._orders.roll_drafts(step)
        if drafts is None:
            months = f"{step.out_of.key} and {step.into.key}"
            return Refusal(Denial.NO_QUOTE, f"no two-sided quotes for {months}")
        outcome = await self._parts.executor.place_pair(*drafts, self._orders.context_of)
        if isinstance(outcome, Refusal):
            return outcome
        first, second = outcome
        if first.intent.state is od.IntentState.ABANDONED:
            return outcome
        self._followed = first.intent.draft.trade_id or ""
        out, into = (f"{one.side} {one.quantity} {one.instrument_key}" for one in drafts)
        if isinstance(second, Placed) and second.intent.state is not od.IntentState.ABANDONED:
            numbers = f"orders #{first.intent.number} and #{second.intent.number}"
            why = f"{numbers}: {drafts[0].reason}"
            self._parts.recorder.say("info", messages.roll_sent(f"{out}, {into}"), why)
            return outcome
        why = second.message if isinstance(second, Refusal) else "the desk changed meanwhile"
        self._parts.recorder.say("alarm", messages.roll_broken(out, into, why), drafts[0].reason)
        left = self._parts.state.intents[first.intent.intent_id]
        await self._parts.tracker.cancel(left, "its other half was not sent")
        return outcome

    def _conclude(self, both: tuple[od.Intent, ...]) -> bool:
        """Say what became of a pair; returns whether all of it rolled."""
        if book.roll_balance(both):
            self._alarm(both)
            return False
        recorder, first = self._parts.recorder, both[0]
        out_of, into, filled = first.draft.instrument_key, self._into(both), _words(both)
        if first.filled == first.draft.quantity:
            recorder.say("ok", messages.rolled(first.filled, out_of, into), filled)
            return True
        wanted = first.draft.quantity
        recorder.say("warn", messages.roll_short(first.filled, wanted, out_of, into, filled))
        return False

    def _judge_live(self, both: tuple[od.Intent, ...]) -> None:
        """Alarm once when one half has ended early: what works on is no roll any more.

        Two ends that come together are told one after the other, so there is a moment's grace.
        """
        if len(both) == 1 or not book.roll_balance(both) or self._alarmed:
            return
        now = self._parts.clock.now()
        if self._uneven_since is None:
            self._uneven_since = now
            self._parts.clock.call_later(_GRACE_S + _RETRY_S, self._due.set)
        elif now - self._uneven_since >= _GRACE_S:
            self._alarmed = True
            self._alarm(both)

    def _alarm(self, both: tuple[od.Intent, ...]) -> None:
        """Say that a roll changed the delta, and who mends it: the rule, or a person."""
        off, first, state = book.roll_balance(both), both[0].draft, self._parts.state
        mend = "the hedge rule mends it"
        if not (state.auto and state.enabled and state.armed) or state.latches:
            side = od.Side.of(-off)
            month = first.instrument_key if side is first.side else self._into(both)
            mend = f"{self._hedger.forbidden()}; to mend it {side} {abs(off)} {month}"
        self._parts.recorder.say("alarm", messages.half_rolled(_words(both), mend), first.reason)
        self._triggers.ask(Trigger.HALF_ROLL)

    def _into(self, both: tuple[od.Intent, ...]) -> str:
        """Return the month a roll goes to; of one whose second order was refused the active one."""
        if len(both) > 1:
            return both[1].draft.instrument_key
        active = self._orders.active_month()
        return active.key if active is not None else self._parts.symbol


def _words(both: tuple[od.Intent, ...]) -> str:
    return ", ".join(
        f"{one.draft.side} {one.filled} of {one.draft.quantity} {one.draft.instrument_key}"
        f" {one.state}"
        for one in both
    )
