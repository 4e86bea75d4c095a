"""The hedger: looks when there is a reason, acts when nothing forbids it, says so once.

The rule itself is pure (`domain.vega.decide`); the reasons are kept by `triggers`, the orders made
by `hedge_orders`. This module only knows what forbids acting on the answer.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from hedgetui.domain import events as ev
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.risk import Denial, Refusal
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.domain.vega import messages
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.decide import Action, Decision, Trigger
from hedgetui.engine.desk_state import of_book
from hedgetui.engine.parts import Parts
from hedgetui.engine.services.hedge_orders import HedgeOrders
from hedgetui.engine.services.settle import Settler
from hedgetui.engine.services.triggers import Triggers

_AGE = re.compile(r"\d+(\.\d+)? s\b")
_NEUTRAL_EVERY_S = 600.0
_RETRY_S = 1.0
_MONTH_RETRY_S = 5.0


class Hedger:
    """Decides for one book."""

    def __init__(
        self, parts: Parts, orders: HedgeOrders, triggers: Triggers, settler: Settler
    ) -> None:
        self._parts = parts
        self._orders = orders
        self._triggers = triggers
        self._settler = settler
        self._deciding = asyncio.Lock()
        self._last_words = ""
        self._last_neutral = Timestamp(float("-inf"))
        self._flattening = False
        self._announced: set[str] = set()
        """Trades whose single leg was announced."""
        parts.recorder.listen(self._on_fact)

    async def run(self) -> None:
        """Decide whenever there is a reason, and every monitor interval."""
        while True:
            reasons = await self._triggers.wait(self._parts.rules.monitor_interval)
            await self._turn(reasons)

    def flatten(self) -> None:
        """A person typed FLATTEN: the hedge goes with the legs, through a freeze if need be."""
        self._flattening = True
        self._triggers.ask(Trigger.CLOSE)

    def _on_fact(self, fact: ev.Fact) -> None:
        if isinstance(fact.event, ev.LatchSet) and fact.event.name == "freeze" and fact.event.on:
            self._flattening = False

    async def _turn(self, reasons: set[Trigger]) -> None:
        await self._settler.tidy()
        closing = self._undecided_closes()
        self._flattening = self._flattening and self._at_stake()
        leaving = bool(closing) or self._flattening
        if not self._parts.state.auto:
            self._triggers.forget_entries()
        forbidden = self.forbidden(closing=leaving)
        if forbidden:
            if self._at_stake():
                self._once(forbidden)
            if Trigger.HALF_ROLL in reasons and self._parts.state.auto:
                self._triggers.retry(Trigger.HALF_ROLL, _RETRY_S)
            return
        trigger, entries = self._triggers.strongest(reasons)
        if leaving:
            trigger, entries = Trigger.CLOSE, ()
        if trigger is None:
            return
        self._announce_single_legs(entries)
        decision = await self.consider(trigger, most=self._most(closing))
        if decision.action is Action.BLOCKED:
            self._triggers.retry(trigger, _RETRY_S)
        if decision.action is not Action.HOLD:
            return
        self._triggers.hedged(entries)
        if closing:
            self._settler.close_decided.update(closing)
            await self._settler.tidy()

    def _most(self, closing: tuple[str, ...]) -> int | None:
        """Return the hedge that may come off when none may be put on, or None without a bound.

        With auto or the strategy off a close takes back the share of what was closed, and no more.
        """
        state = self._parts.state
        if self._flattening:
            return state.hedge_position(self._parts.symbol)
        if state.auto and state.enabled:
            return None
        return sum(state.shares[key].contracts for key in closing if key in state.shares)

    def _announce_single_legs(self, entries: tuple[str, ...]) -> None:
        for trade_id in entries:
            trade = self._parts.state.strangles[trade_id]
            if trade.single_leg and trade_id not in self._announced:
                self._announced.add(trade_id)
                self._once(f"⚠ One leg of {trade.name}: hedging what is held")

    def _undecided_closes(self) -> tuple[str, ...]:
        """Trades that left whose hedge has not been decided about since they went flat."""
        return tuple(
            trade.trade_id
            for trade in self._parts.state.open_strangles
            if trade.flat
            and trade.state is st.TradeState.CLOSED
            and trade.trade_id not in self._settler.close_decided
        )

    def _at_stake(self) -> bool:
        """Whether anything is held that would be hedged if it could."""
        state = self._parts.state
        return bool(state.open_strangles or state.hedge_position(self._parts.symbol))

    def forbidden(self, *, closing: bool = False) -> str:
        """Return why nothing may be hedged automatically now, or an empty text."""
        state, failed = self._parts.state, self._parts.recorder.failed
        fresh = self._parts.clock.now() < self._triggers.venue_ready_at
        reasons = (
            (failed, bool(failed)),
            (f"frozen: {'; '.join(state.latches.values())}", self._latched(closing=closing)),
            ("orders are disarmed", not state.armed),
            (f"link {state.link}: {state.link_reason}", state.link is not ev.LinkState.READY),
            ("waiting for broker truth", state.synced_session != state.session),
            ("positions differ from the broker: unfreeze accepts them", self._differs()),
            (
                messages.unhedgeable(self._parts.symbol, state.venue_reason, state.venue_until),
                not state.venue_open,
            ),
            ("the venue has just opened", fresh),
            ("auto is off", not state.auto and not closing),
            ("the strategy is off", not state.enabled and not closing),
        )
        return next((words for words, holds in reasons if holds), "")

    def _differs(self) -> bool:
        """Whether journal and broker disagree on anything this desk trades."""
        now = self._parts.clock.now()
        return any(_ours(one.instrument_key, now) for one in self._parts.state.differences)

    def _latched(self, *, closing: bool) -> bool:
        """Whether a latch forbids; unwinding after a close is held back by a freeze only."""
        latches = self._parts.state.latches
        if self._flattening:
            return False
        return "freeze" in latches if closing else bool(latches)

    async def consider(self, trigger: Trigger, *, most: int | None = None) -> Decision:
        """Ask the rule and act on its answer; `most` is the hedge that may come off at most."""
        async with self._deciding:
            decision = _bounded(self._orders.decision(trigger), most)
            if decision.action is Action.CANCEL:
                await self._parts.tracker.cancel_hedges(decision.reason)
            elif decision.action is Action.ORDER:
                await self._order(decision, trigger)
            self._say(decision, trigger)
            return decision

    async def _order(self, decision: Decision, trigger: Trigger) -> None:
        order = self._orders.draft(decision, trigger)
        if order is None:
            self._once(messages.not_initialized(self._parts.symbol))
            self._triggers.retry(trigger, _MONTH_RETRY_S)
            return
        if self._orders.must_wait(order):
            self._triggers.retry(trigger, _RETRY_S)
            return
        if not trigger.ignores_band and decision.net is not None:
            band = self._parts.bands.rule(self._parts.state, self._orders.measured()).band
            words = messages.breached(decision.net, band)
            self._parts.recorder.say("warn", words, decision.reason)
        outcome = await self._orders.place(order, trigger, decision, flattening=self._flattening)
        if isinstance(outcome, Refusal):
            await self._refused(outcome)

    async def _refused(self, refusal: Refusal) -> None:
        self._once(f"❌ Hedge not sent ({refusal.code}): {refusal.message}")
        if refusal.code is Denial.THROTTLE:
            latch = ev.LatchSet("throttle", on=True, by="rule", why=refusal.message)
            await self._parts.recorder.record(latch)
            words = f"🛑 Auto-hedge stopped by the throttle: {refusal.message}"
            self._parts.recorder.say("alarm", words)

    def _once(self, words: str) -> None:
        """Say something only when it is not what was said last; an age alone is nothing new."""
        news = _AGE.sub("", words)
        if news != self._last_words:
            self._last_words = news
            text = words if words[0] in "❌⏳⚠" else f"🟡 No auto-hedge: {words}"
            self._parts.recorder.say("warn", text)

    def _say(self, decision: Decision, trigger: Trigger) -> None:
        if decision.action is Action.BLOCKED:
            self._once(decision.reason)
            return
        if decision.action is not Action.HOLD or decision.net is None:
            return
        self._last_words = ""
        now = self._parts.clock.now()
        due = self._at_stake() and now - self._last_neutral >= _NEUTRAL_EVERY_S
        if trigger.ignores_band or due:
            self._last_neutral = now
            words = messages.neutral(decision.net)
            self._parts.recorder.say("ok", words, decision.reason)


def _bounded(decision: Decision, most: int | None) -> Decision:
    """Return the decision with no more than `most` contracts taken off and none put on."""
    if most is None or decision.action is not Action.ORDER:
        return decision
    if decision.contracts * most >= 0:
        return replace(decision, action=Action.HOLD, contracts=Contracts(0), reason="auto is off")
    count = min(abs(decision.contracts), abs(most))
    return replace(decision, contracts=Contracts(count if decision.contracts > 0 else -count))


def _ours(key: str, now: Timestamp) -> bool:
    """Whether an instrument is one the book trades; an account may hold anything else.

    One that has expired moves with nothing, so what the broker has settled already is no danger.
    """
    try:
        instrument = parse_key(key)
    except DataError:
        return False
    if instrument.expiry is None:
        return False
    return of_book(instrument.symbol) and instrument.expires_at > now
