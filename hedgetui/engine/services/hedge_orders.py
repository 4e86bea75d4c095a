"""From the rule's answer to one order: which month, how much of it, named for what it does."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import Instrument
from hedgetui.domain.risk import Refusal
from hedgetui.domain.units import Contracts, utc_date
from hedgetui.domain.vega import messages, roll
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.decide import Decision, Trigger, decide
from hedgetui.engine.executor import ContextOf, Placed
from hedgetui.engine.parts import Parts
from hedgetui.engine.services import book


class HedgeOrders:
    """Makes and places hedge orders, for the rule and for a person alike."""

    def __init__(self, parts: Parts, context_of: ContextOf) -> None:
        self._parts = parts
        self.context_of = context_of
        self.months: tuple[Instrument, ...] = ()
        """Listed months of the hedge future, nearest first; empty until known."""

    def active_month(self) -> Instrument | None:
        """Return the month new hedges trade, or None while no listed month has enough life."""
        today = utc_date(self._parts.clock.now())
        try:
            return roll.active_month(self.months, today, self._parts.rules.roll_days)
        except DataError:
            return None

    def measured(self, *, accept_stale: bool = False) -> book.Measured:
        """Return the book as it is."""
        parts = self._parts
        return book.measure(
            parts.state, parts.board, parts.clock.now(), parts.rules, accept_stale=accept_stale
        )

    def decision(self, trigger: Trigger, *, accept_stale: bool = False) -> Decision:
        """Return the rule's answer for the book as it is; nothing is sent."""
        state = self._parts.state
        measured = self.measured(accept_stale=accept_stale)
        delta = book.book_delta(state, measured, self._parts.symbol)
        trades = book.exposed(state.open_strangles, self._parts.clock.now())
        return decide(delta, self._parts.bands.rule(state, measured), trigger, trades=trades)

    def draft(self, decision: Decision, trigger: Trigger) -> od.OrderDraft | None:
        """Return the one order that comes first, or None while the hedge month is not known.

        A reduction trades the month held, so it can be drafted even then.
        """
        held = self._held()
        parts = roll.allocate(decision.contracts, held, self.active_month())
        if not parts:
            return None
        instrument, contracts = parts[0]
        side = od.Side.of(contracts)
        most = self._parts.settings.limits.max_order_contracts
        quantity = Contracts(min(abs(contracts), most))
        order = od.OrderDraft(
            purpose=self._purpose(held.get(instrument, 0), side.sign * quantity),
            instrument_key=instrument.key,
            side=side,
            quantity=quantity,
            order_type=od.OrderType.MARKET,
            reason=f"{trigger}: {decision.reason}",
        )
        return self._protect(order, instrument) if self._parts.rules.protected_orders else order

    def _held(self) -> dict[Instrument, int]:
        return dict(self._parts.state.hedges_held(self._parts.symbol))

    def roll_steps(self) -> tuple[roll.RollStep, ...]:
        """Return what has to move into the active month now, as pairs of orders of allowed size."""
        active = self.active_month()
        if active is None:
            return ()
        today = utc_date(self._parts.clock.now())
        plan = roll.roll_plan(self._held(), active, today, self._parts.rules.roll_days)
        return roll.split(plan, self._parts.settings.limits.max_order_contracts)

    def roll_drafts(self, step: roll.RollStep) -> tuple[od.OrderDraft, od.OrderDraft] | None:
        """Return both orders of a roll, the closing one first; None while one has no price."""
        left = roll.days_left(step.out_of, utc_date(self._parts.clock.now()))
        why = f"roll into {step.into.key}, {step.out_of.key} has {left} days left"
        roll_id = f"roll-{self._parts.state.numbers + 1}"
        orders: list[od.OrderDraft] = []
        for instrument, contracts in step.orders:
            order: od.OrderDraft | None = od.OrderDraft(
                purpose=od.Purpose.ROLL,
                instrument_key=instrument.key,
                side=od.Side.of(contracts),
                quantity=Contracts(abs(contracts)),
                order_type=od.OrderType.MARKET,
                trade_id=roll_id,
                reason=why,
            )
            if order is not None and self._parts.rules.protected_orders:
                order = self._protect(order, instrument)
            if order is None:
                return None
            orders.append(order)
        return orders[0], orders[1]

    def _purpose(self, held: int, contracts: int) -> od.Purpose:
        """Name an order that takes the hedge off because trades leave, else a hedge."""
        trades = self._parts.state.open_strangles
        leaving = any(t.state in {st.TradeState.CLOSING, st.TradeState.CLOSED} for t in trades)
        reduces = held * contracts < 0 and abs(contracts) <= abs(held)
        unwinding = reduces and (leaving or not trades)
        return od.Purpose.UNWIND if unwinding else od.Purpose.HEDGE

    def _protect(self, order: od.OrderDraft, instrument: Instrument) -> od.OrderDraft | None:
        """Return the order as a limit through the touch, immediate or cancel."""
        quote = self._parts.board.quotes.get(instrument.key)
        if quote is None or quote.bid is None or quote.ask is None:
            return None
        buying = order.side is od.Side.BUY
        touch = quote.ask if buying else quote.bid
        away = self._parts.rules.protected_ticks * instrument.tick * (1 if buying else -1)
        return replace(
            order,
            order_type=od.OrderType.LIMIT,
            limit_price=Decimal(str(round(touch, 4))) + away,
            tif=od.TimeInForce.IMMEDIATE,
        )

    def must_wait(self, order: od.OrderDraft) -> bool:
        """Whether a gate refuses now what it will allow in a moment, as between two parts."""
        return risk.passes_soon(order, self.context_of(order, None, False))  # noqa: FBT003

    async def place(
        self,
        order: od.OrderDraft,
        trigger: Trigger,
        decision: Decision,
        *,
        flattening: bool = False,
    ) -> Placed | Refusal:
        """Send one hedge order together with its calculation."""
        recorder, symbol = self._parts.recorder, self._parts.symbol
        inputs = self._inputs(decision)
        calculated = ev.HedgeCalculated(order.side, order.quantity, trigger, inputs)
        why = f"{decision.reason}; {', '.join(f'{key} {value}' for key, value in inputs.items())}"
        recorder.say("info", messages.calculated(order.side, order.quantity, symbol), why)
        outcome = await self._parts.executor.place(
            order, self.context_of, calculated=calculated, flattening=flattening
        )
        if isinstance(outcome, Placed) and outcome.intent.state is not od.IntentState.ABANDONED:
            words = messages.hedge_sent(outcome.intent.number, order.side, order.quantity, symbol)
            recorder.say("info", words, f"{order.describe()} {outcome.intent.client_key}")
        return outcome

    def _inputs(self, decision: Decision) -> dict[str, str]:
        """Return what the decision was made from, for the journal and the why-chain."""
        parts, measured = self._parts, self.measured(accept_stale=True)
        age, level = measured.oldest_s, parts.board.index_level
        return {
            "options": f"{measured.exposure.delta:+.4f}",
            "filled": f"{parts.state.hedge_position(parts.symbol):+d}",
            "working": f"{parts.state.hedge_working(parts.symbol):+d}",
            "net": "unknown" if decision.net is None else f"{decision.net:+.4f}",
            "target": f"{parts.bands.target(parts.state):+.4f}",
            "band": f"{parts.bands.rule(parts.state, measured).band:g}",
            "level": "unknown" if level is None else f"{level:.2f}",
            "greeks_age_s": "unknown" if age is None else f"{age:.1f}",
        }
