"""The hedger: every reason to look at the delta, and at most one order for each.

Reasons are collected, not queued: ten ticks outside the band are one decision. The rule itself is
pure (`domain.vega.decide`); this module knows when to ask it, what forbids acting on its answer,
and how to say so once instead of every half minute.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.instruments import Instrument
from hedgetui.domain.risk import Denial, Refusal
from hedgetui.domain.units import Contracts, Timestamp, utc_date
from hedgetui.domain.vega import messages, roll
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.decide import Action, Decision, Trigger, decide
from hedgetui.domain.vega.sizing import breached
from hedgetui.engine.board import Board
from hedgetui.engine.executor import ContextOf, Executor, Placed
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.services import book
from hedgetui.engine.services.bands import Bands
from hedgetui.engine.services.settle import Settler
from hedgetui.engine.settings import EngineSettings
from hedgetui.ports.clock import Clock

_NEUTRAL_EVERY_S = 600.0
_RETRY_S = 1.0
_SOON = frozenset({Denial.DUPLICATE, Denial.RATE, Denial.IN_FLIGHT})
"""Refusals that pass by themselves within seconds."""


class Hedger:
    """Decides and places hedges for one book."""

    def __init__(
        self,
        recorder: Recorder,
        executor: Executor,
        board: Board,
        clock: Clock,
        settings: EngineSettings,
        settler: Settler,
        bands: Bands,
        context_of: ContextOf,
    ) -> None:
        self._recorder = recorder
        self._executor = executor
        self._board = board
        self._clock = clock
        self._settings = settings
        self._rules = settings.vega
        self._settler = settler
        self._bands = bands
        self._context_of = context_of
        self._reasons: set[Trigger] = set()
        self._wake = asyncio.Event()
        self._deciding = asyncio.Lock()
        self._outside = False
        self._last_words = ""
        self._last_neutral = Timestamp(float("-inf"))
        self._entry_due: dict[str, Timestamp] = {}
        self._venue_ready_at = Timestamp(float("-inf"))
        self._venue_was_open: bool | None = None
        self.months: tuple[Instrument, ...] = ()
        """Listed months of the hedge future, nearest first; empty until known."""
        recorder.listen(self._on_fact)

    # --- reasons -----------------------------------------------------------------------------

    def ask(self, reason: Trigger) -> None:
        """Note a reason to decide."""
        self._reasons.add(reason)
        self._wake.set()

    def ask_later(self, reason: Trigger, seconds: float) -> None:
        """Note a reason after a while."""
        self._clock.call_later(seconds, lambda: self.ask(reason))

    def _on_fact(self, fact: ev.Fact) -> None:
        match fact.event:
            case ev.FillBooked(intent_id=intent_id):
                self._on_fill(intent_id, fact.at)
            case ev.VenueChanged(open=opened):
                self._on_venue(fact.at, opened=opened)
            case ev.AutoSwitched(on=True) | ev.LatchSet(on=False) | ev.BandSet():
                self.ask(Trigger.MONITOR)
            case ev.IntentMoved(after=after) if after in od.TERMINAL:
                self.ask(Trigger.FILL)
            case _:
                return

    def _on_venue(self, at: Timestamp, *, opened: bool) -> None:
        """A venue that opens is given a while; one that was open when we came is not."""
        before, self._venue_was_open = self._venue_was_open, opened
        if not opened:
            return
        delay = self._rules.delay_after_open if before is False else 0.0
        self._venue_ready_at = Timestamp(at + delay)
        self.ask_later(Trigger.VENUE_OPEN, delay)

    def _on_fill(self, intent_id: str, at: Timestamp) -> None:
        intent = self._recorder.state.intents.get(intent_id)
        if intent is None or intent.draft.purpose is not od.Purpose.ENTRY:
            self.ask(Trigger.FILL)
            return
        trade_id = intent.draft.trade_id or ""
        if trade_id not in self._entry_due:
            delay = self._rules.initial_hedge_delay
            self._entry_due[trade_id] = Timestamp(at + delay)
            self.ask_later(Trigger.INITIAL, delay)
            self.ask_later(Trigger.INITIAL, self._rules.leg_grace)

    def on_tick(self) -> None:
        """Look whether |net| crossed the band; a crossing is decided after the debounce."""
        state = self._recorder.state
        if not state.open_strangles:
            self._outside = False
            return
        measured = book.measure(state, self._board, self._clock.now(), self._rules)
        if measured.problem:
            return
        delta = book.book_delta(state, measured, self._rules.hedge_symbol)
        rule = self._bands.rule(state, measured)
        per = rule.per_contract
        net = measured.exposure.delta + per * (delta.filled + delta.working)
        outside = breached(type(measured.exposure.delta)(net), rule.target, rule.band)
        if outside and not self._outside:
            self.ask_later(Trigger.BREACH, self._rules.debounce)
        self._outside = outside

    # --- the loop ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Decide whenever there is a reason, and every monitor interval while auto is on."""
        while True:
            monitor = self._clock.call_later(
                self._rules.monitor_interval, lambda: self.ask(Trigger.MONITOR)
            )
            try:
                await self._wake.wait()
            finally:
                monitor.cancel()
            self._wake.clear()
            reasons, self._reasons = self._reasons, set()
            await self._turn(reasons)

    async def _turn(self, reasons: set[Trigger]) -> None:
        await self._settler.tidy()
        closing = self._undecided_closes()
        forbidden = self.forbidden(closing=bool(closing))
        if not self._recorder.state.auto:
            self._entry_due.clear()
        if forbidden:
            if self._at_stake():
                self._once(forbidden)
            return
        trigger, entries = self._strongest(reasons, closing)
        if trigger is None:
            return
        decision = await self.consider(trigger)
        if decision.action is Action.BLOCKED:
            self.ask_later(trigger, _RETRY_S)
            return
        for trade_id in entries:
            self._entry_due.pop(trade_id, None)
        if closing and decision.action is Action.HOLD:
            self._settler.close_decided.update(closing)
            await self._settler.tidy()

    def _at_stake(self) -> bool:
        """Whether anything is held that would be hedged if it could."""
        state = self._recorder.state
        return bool(state.open_strangles or state.hedge_position(self._rules.hedge_symbol))

    def _strongest(
        self, reasons: set[Trigger], closing: tuple[str, ...]
    ) -> tuple[Trigger | None, tuple[str, ...]]:
        """Return the reason to decide by, and the entries whose first hedge it is.

        A close comes first. An entry that is still settling holds everything else back, so that a
        half-filled strangle is not hedged leg by leg.
        """
        if closing:
            return Trigger.CLOSE, ()
        now = self._clock.now()
        due = tuple(key for key in self._entry_due if self._entry_settled(key, now))
        if due:
            for trade_id in due:
                trade = self._recorder.state.strangles[trade_id]
                if trade.single_leg:
                    self._once(f"⚠ One leg of {trade.name}: hedging what is held")
            return Trigger.INITIAL, due
        if self._entry_due:
            return None, ()
        return next(iter(sorted(reasons - {Trigger.INITIAL})), None), ()

    def _entry_settled(self, trade_id: str, now: Timestamp) -> bool:
        """Whether an entry may be hedged: both legs filled, or the grace for the other is over."""
        trade = self._recorder.state.strangles[trade_id]
        due = self._entry_due[trade_id]
        if trade.state is st.TradeState.ENTERING:
            return now >= due - self._rules.initial_hedge_delay + self._rules.leg_grace
        return now >= due

    def _undecided_closes(self) -> tuple[str, ...]:
        """Trades a person closed whose hedge has not been decided about since they went flat."""
        state = self._recorder.state
        return tuple(
            trade.trade_id
            for trade in state.open_strangles
            if trade.flat
            and trade.state is st.TradeState.CLOSED
            and trade.trade_id not in self._settler.close_decided
        )

    def forbidden(self, *, closing: bool = False) -> str:
        """Return why nothing may be hedged automatically now, or an empty text."""
        state = self._recorder.state
        reasons = (
            (self._recorder.failed, bool(self._recorder.failed)),
            (f"frozen: {'; '.join(state.latches.values())}", self._latched(closing=closing)),
            ("orders are disarmed", not state.armed),
            (f"link {state.link}: {state.link_reason}", state.link is not ev.LinkState.READY),
            ("waiting for broker truth", state.synced_session != state.session),
            ("positions differ from the broker", bool(state.differences)),
            (f"{self._rules.hedge_symbol} {state.venue_reason}", not state.venue_open),
            ("the venue has just opened", self._clock.now() < self._venue_ready_at),
            ("auto is off", not state.auto and not closing),
            ("the strategy is off", not state.enabled and not closing),
        )
        return next((words for words, holds in reasons if holds), "")

    def _latched(self, *, closing: bool) -> bool:
        """Whether a latch forbids; unwinding after a close is held back by a freeze only."""
        latches = self._recorder.state.latches
        return "freeze" in latches if closing else bool(latches)

    async def consider(self, trigger: Trigger) -> Decision:
        """Ask the rule and act on its answer."""
        async with self._deciding:
            decision = self.decision(trigger)
            if decision.action is Action.CANCEL:
                await self._executor.cancel_hedges("the hedge points the wrong way now")
            elif decision.action is Action.ORDER:
                await self._order(decision, trigger)
            self._say(decision, trigger)
            return decision

    def decision(self, trigger: Trigger, *, accept_stale: bool = False) -> Decision:
        """Return the rule's answer for the book as it is; nothing is sent."""
        state = self._recorder.state
        measured = book.measure(
            state, self._board, self._clock.now(), self._rules, accept_stale=accept_stale
        )
        delta = book.book_delta(state, measured, self._rules.hedge_symbol)
        trades = sum(not trade.flat for trade in state.open_strangles)
        return decide(delta, self._bands.rule(state, measured), trigger, trades=trades)

    def active_month(self) -> Instrument | None:
        """Return the month new hedges trade, or None until months are known."""
        if not self.months:
            return None
        today = utc_date(self._clock.now())
        return roll.active_month(self.months, today, self._rules.roll_days)

    def draft(self, decision: Decision, trigger: Trigger) -> od.OrderDraft | None:
        """Return the one order that comes first, or None while the hedge month is not known."""
        active = self.active_month()
        if active is None or not decision.contracts:
            return None
        state = self._recorder.state
        held = dict(state.hedges_held(self._rules.hedge_symbol))
        instrument, contracts = roll.allocate(decision.contracts, held, active)[0]
        most = self._settings.limits.max_order_contracts
        quantity = Contracts(min(abs(contracts), most))
        order = od.OrderDraft(
            purpose=self._purpose(
                held.get(instrument, 0), od.Side.of(contracts).sign * quantity
            ),
            instrument_key=instrument.key,
            side=od.Side.of(contracts),
            quantity=quantity,
            order_type=od.OrderType.MARKET,
            reason=f"{trigger}: {decision.reason}",
        )
        return self._protect(order, instrument) if self._rules.protected_orders else order

    def _purpose(self, held: int, contracts: int) -> od.Purpose:
        """Name an order that takes the hedge off because trades leave, else a hedge."""
        trades = self._recorder.state.open_strangles
        leaving = any(t.state in {st.TradeState.CLOSING, st.TradeState.CLOSED} for t in trades)
        reduces = held * contracts < 0 and abs(contracts) <= abs(held)
        unwinding = reduces and (leaving or not trades)
        return od.Purpose.UNWIND if unwinding else od.Purpose.HEDGE

    def _protect(self, order: od.OrderDraft, instrument: Instrument) -> od.OrderDraft | None:
        """Return the order as a limit through the touch, immediate or cancel."""
        quote = self._board.quotes.get(instrument.key)
        if quote is None or quote.bid is None or quote.ask is None:
            return None
        buying = order.side is od.Side.BUY
        touch = quote.ask if buying else quote.bid
        away = self._rules.protected_ticks * instrument.tick * (1 if buying else -1)
        price = od.Decimal(str(round(touch, 4))) + away
        return replace(
            order, order_type=od.OrderType.LIMIT, limit_price=price,
            tif=od.TimeInForce.IMMEDIATE,
        )  # fmt: skip

    async def _order(self, decision: Decision, trigger: Trigger) -> None:
        order = self.draft(decision, trigger)
        if order is None:
            self._once(messages.not_initialized(self._rules.hedge_symbol))
            self.ask_later(trigger, 5.0)
            return
        if self._must_wait(order):
            self.ask_later(trigger, _RETRY_S)
            return
        if trigger in {Trigger.MONITOR, Trigger.BREACH, Trigger.FILL} and decision.net is not None:
            band = self._bands.rule(self._recorder.state, self._measured()).band
            self._recorder.say("warn", messages.breached(decision.net, band), decision.reason)
        outcome = await self.place(order, trigger, decision)
        if isinstance(outcome, Refusal):
            await self._refused(outcome, trigger)

    def _must_wait(self, order: od.OrderDraft) -> bool:
        """Whether a gate refuses now what it will allow in a moment, as between two parts."""
        found = risk.refusal(order, self._context_of(order, None, False))  # noqa: FBT003
        return found is not None and found.code in _SOON

    def _measured(self) -> book.Measured:
        return book.measure(self._recorder.state, self._board, self._clock.now(), self._rules)

    async def place(
        self, order: od.OrderDraft, trigger: Trigger, decision: Decision
    ) -> Placed | Refusal:
        """Send one hedge order with its calculation; used by the rule and by hand alike."""
        symbol = self._rules.hedge_symbol
        calculated = ev.HedgeCalculated(
            order.side, order.quantity, trigger, self._inputs(decision)
        )
        why = f"{decision.reason}; {', '.join(f'{k} {v}' for k, v in calculated.inputs.items())}"
        self._recorder.say("info", messages.calculated(order.side, order.quantity, symbol), why)
        outcome = await self._executor.place(order, self._context_of, calculated=calculated)
        if isinstance(outcome, Placed) and outcome.intent.state is not od.IntentState.ABANDONED:
            self._recorder.say(
                "info",
                messages.hedge_sent(outcome.intent.number, order.side, order.quantity, symbol),
                f"{order.describe()} {outcome.intent.client_key}",
            )
        return outcome

    def _inputs(self, decision: Decision) -> dict[str, str]:
        state, measured = self._recorder.state, self._measured()
        symbol = self._rules.hedge_symbol
        ages = measured.oldest_s
        return {
            "options": f"{measured.exposure.delta:+.4f}",
            "filled": f"{state.hedge_position(symbol):+d}",
            "working": f"{state.hedge_working(symbol):+d}",
            "net": "unknown" if decision.net is None else f"{decision.net:+.4f}",
            "band": f"{self._bands.rule(state, measured).band:g}",
            "level": "unknown" if self._board.index_level is None
            else f"{self._board.index_level:.2f}",
            "greeks_age_s": "unknown" if ages is None else f"{ages:.1f}",
        }  # fmt: skip

    async def _refused(self, refusal: Refusal, trigger: Trigger) -> None:
        self._once(f"❌ Hedge not sent ({refusal.code}): {refusal.message}")
        if refusal.code in _SOON:
            self.ask_later(trigger, self._settings.limits.duplicate_window)
        if refusal.code is Denial.THROTTLE:
            await self._recorder.record(
                ev.LatchSet("throttle", on=True, by="rule", why=refusal.message)
            )
            self._recorder.say("alarm", f"🛑 Frozen by the throttle: {refusal.message}")

    # --- words -------------------------------------------------------------------------------

    def _once(self, words: str) -> None:
        """Say something only when it is not what was said last."""
        if words != self._last_words:
            self._last_words = words
            text = words if words[0] in "❌⏳⚠" else f"🟡 No auto-hedge: {words}"
            self._recorder.say("warn", text)

    def _say(self, decision: Decision, trigger: Trigger) -> None:
        if decision.action is Action.BLOCKED:
            self._once(decision.reason)
            return
        if decision.action is not Action.HOLD or decision.net is None:
            return
        self._last_words = ""
        now = self._clock.now()
        held = self._recorder.state.open_strangles
        if trigger.ignores_band or (held and now - self._last_neutral >= _NEUTRAL_EVERY_S):
            self._last_neutral = now
            self._recorder.say("ok", messages.neutral(decision.net), decision.reason)
