"""The hedger: looks when there is a reason, acts when nothing forbids it, says so once.

The rule itself is pure (`domain.vega.decide`); the reasons are kept by `triggers`, the orders made
by `hedge_orders`. This module only knows what forbids acting on the answer.
"""

from __future__ import annotations

import asyncio

from hedgetui.domain import events as ev
from hedgetui.domain.risk import Denial, Refusal
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega import messages
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.decide import Action, Decision, Trigger
from hedgetui.engine.parts import Parts
from hedgetui.engine.services.hedge_orders import HedgeOrders
from hedgetui.engine.services.settle import Settler
from hedgetui.engine.services.triggers import Triggers

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

    async def run(self) -> None:
        """Decide whenever there is a reason, and every monitor interval."""
        while True:
            reasons = await self._triggers.wait(self._parts.rules.monitor_interval)
            await self._turn(reasons)

    async def _turn(self, reasons: set[Trigger]) -> None:
        await self._settler.tidy()
        closing = self._undecided_closes()
        if not self._parts.state.auto:
            self._triggers.forget_entries()
        forbidden = self.forbidden(closing=bool(closing))
        if forbidden:
            if self._at_stake():
                self._once(forbidden)
            return
        trigger, entries = self._triggers.strongest(reasons)
        if closing:
            trigger, entries = Trigger.CLOSE, ()
        if trigger is None:
            return
        self._announce_single_legs(entries)
        decision = await self.consider(trigger)
        if decision.action is Action.BLOCKED:
            self._triggers.ask_later(trigger, _RETRY_S)
            return
        self._triggers.hedged(entries)
        if closing and decision.action is Action.HOLD:
            self._settler.close_decided.update(closing)
            await self._settler.tidy()

    def _announce_single_legs(self, entries: tuple[str, ...]) -> None:
        for trade_id in entries:
            trade = self._parts.state.strangles[trade_id]
            if trade.single_leg:
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
            ("positions differ from the broker", bool(state.differences)),
            (f"{self._parts.symbol} {state.venue_reason}", not state.venue_open),
            ("the venue has just opened", fresh),
            ("auto is off", not state.auto and not closing),
            ("the strategy is off", not state.enabled and not closing),
        )
        return next((words for words, holds in reasons if holds), "")

    def _latched(self, *, closing: bool) -> bool:
        """Whether a latch forbids; unwinding after a close is held back by a freeze only."""
        latches = self._parts.state.latches
        return "freeze" in latches if closing else bool(latches)

    async def consider(self, trigger: Trigger) -> Decision:
        """Ask the rule and act on its answer."""
        async with self._deciding:
            decision = self._orders.decision(trigger)
            if decision.action is Action.CANCEL:
                await self._parts.executor.cancel_hedges(decision.reason)
            elif decision.action is Action.ORDER:
                await self._order(decision, trigger)
            self._say(decision, trigger)
            return decision

    async def _order(self, decision: Decision, trigger: Trigger) -> None:
        order = self._orders.draft(decision, trigger)
        if order is None:
            self._once(messages.not_initialized(self._parts.symbol))
            self._triggers.ask_later(trigger, _MONTH_RETRY_S)
            return
        if self._orders.must_wait(order):
            self._triggers.ask_later(trigger, _RETRY_S)
            return
        if not trigger.ignores_band and decision.net is not None:
            band = self._parts.bands.rule(self._parts.state, self._orders.measured()).band
            words = messages.breached(decision.net, band)
            self._parts.recorder.say("warn", words, decision.reason)
        outcome = await self._orders.place(order, trigger, decision)
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
        """Say something only when it is not what was said last."""
        if words != self._last_words:
            self._last_words = words
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
