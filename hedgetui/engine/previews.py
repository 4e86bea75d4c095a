"""What would be sent, computed before anyone is asked to confirm it.

A preview keeps the exact orders it showed. Confirming computes them again: if the book has moved
so that they are not the same, nothing is sent and the new preview is shown instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.instruments import combo, parse_key
from hedgetui.domain.pair import Pair
from hedgetui.domain.risk import Denial, Refusal, RiskContext
from hedgetui.domain.units import SECONDS_PER_DAY, Contracts, DollarsPerPoint, Timestamp
from hedgetui.domain.vega import messages
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.chase import EntryStyle, limit_price
from hedgetui.domain.vega.decide import Action, Decision, Trigger
from hedgetui.domain.vega.roll import RollStep
from hedgetui.domain.vega.scanner import Candidate
from hedgetui.domain.vega.sizing import hedge_contracts
from hedgetui.engine import roll_words
from hedgetui.engine.context import Contexts
from hedgetui.engine.executor import contexts_of_pair
from hedgetui.engine.views import Sources, proof_line
from hedgetui.ports import broker as br
from hedgetui.ports import desk as dk

FLATTEN_WORD = "FLATTEN"


@dataclass(frozen=True, slots=True)
class Planned:
    """A preview and what confirming it will do."""

    view: dk.Preview
    orders: tuple[od.OrderDraft, ...]
    candidate: Candidate | None = None
    lots: int = 0
    trade_ids: tuple[str, ...] = ()
    accept_stale: bool = False
    denial: str = ""
    """Code of the first gate that refuses; empty when none does."""
    steps: tuple[RollStep, ...] = ()
    """Of a roll: its pairs in the order they are sent."""


class Planner:
    """Computes previews; sends nothing."""

    def __init__(self, sources: Sources, contexts: Contexts) -> None:
        self._src = sources
        self._contexts = contexts
        self._count = 0

    async def hedge(self, *, accept_stale: bool) -> Planned | str:
        """Plan a hedge by hand; a text says why there is none."""
        src = self._src
        decision = src.orders.decision(Trigger.MANUAL, accept_stale=accept_stale)
        if decision.action is Action.HOLD and decision.net is not None:
            return messages.under_half(decision.net)
        if decision.action is not Action.ORDER or decision.net is None:
            return decision.reason
        order = src.orders.draft(decision, Trigger.MANUAL)
        if order is None:
            return messages.not_initialized(src.parts.symbol)
        margin = await src.parts.executor.margin(order)
        self._contexts.accept_stale = accept_stale
        try:
            context = self._contexts.of(order, margin, False)  # noqa: FBT003
        finally:
            self._contexts.accept_stale = False
        lines = self._hedge_lines(order, decision, accept_stale=accept_stale)
        title = f"HEDGE NOW: {_title(order)}"
        view = self._view("hedge", title, lines, (order,), _checks(order, context))
        return Planned(view, (order,), accept_stale=accept_stale, denial=_denial(order, context))

    def _hedge_lines(
        self, order: od.OrderDraft, decision: Decision, *, accept_stale: bool
    ) -> tuple[tuple[str, str], ...]:
        src = self._src
        state = src.parts.state
        measured = src.orders.measured(accept_stale=accept_stale)
        per = src.parts.bands.per_contract
        held = state.hedge_position(src.parts.symbol) + state.hedge_working(src.parts.symbol)
        options = measured.exposure.delta
        after = held + order.signed
        quotient = (options + per * held) / per
        about = "≈" if measured.exposure.approximate else ""
        return (
            ("position", _position_words(state.open_strangles)),
            ("Δ now", about + self._delta_words(options, held)),
            ("Δ after", about + self._delta_words(options, after)),
            (
                "maths",
                f"-round({quotient:+.2f}) = {decision.contracts:+d}, ties toward zero",
            ),
            ("cost", self._cost_words(order)),
            ("proof", proof_line(options, per * after)),
        )

    def _delta_words(self, options: float, contracts: int) -> str:
        hedge = self._src.parts.bands.per_contract * contracts
        held = f"({contracts:+d} {self._src.parts.symbol})"
        return f"{options:+.1f} opt  {hedge:+.1f} hedge {held}  = {options + hedge:+.1f}"

    def _cost_words(self, order: od.OrderDraft) -> str:
        instrument = parse_key(order.instrument_key)
        fee = self._src.parts.settings.vega.future_fee * order.quantity
        quote = self._src.parts.board.quotes.get(order.instrument_key)
        if quote is None or quote.bid is None or quote.ask is None:
            return f"fees ${fee:.2f}, market unknown"
        half = (quote.ask - quote.bid) / 2 * float(instrument.multiplier) * order.quantity
        market = f"(bid {quote.bid:.2f} ask {quote.ask:.2f})"
        return f"fees ${fee:.2f} + half the spread ${half:.2f} {market}"

    async def roll(self) -> Planned | Refusal | str:
        """Plan the way out of a month that ends; a text says why nothing is due."""
        src = self._src
        steps = src.orders.roll_steps()
        if not steps:
            return roll_words.not_due(src)
        pairs = [(step, src.orders.roll_drafts(step)) for step in steps]
        drafts = [pair for _, pair in pairs if pair is not None]
        if len(drafts) < len(pairs):
            return Refusal(Denial.NO_QUOTE, f"no two-sided quote for {roll_words.months(steps)}")
        out_of, into = drafts[0]
        margins = [await src.parts.executor.margin(one) for one in drafts[0]]
        held = src.parts.state.positions.get(out_of.instrument_key, 0)
        contexts = contexts_of_pair(Pair(out_of, into, held), self._contexts.of, *margins)
        orders = tuple(order for pair in drafts for order in pair)
        checks = _pair_checks(zip(drafts[0], contexts, strict=True))
        view = self._view(
            "roll", roll_words.title(steps), roll_words.lines(src, steps), orders, checks
        )
        denial = _denial(out_of, contexts[0]) or _denial(into, contexts[1])
        return Planned(view, orders, denial=denial, steps=steps)

    async def entry(self, candidate: Candidate, lots: int) -> Planned:
        """Plan an entry: both legs at mid, alone or as one, and the hedge that would follow."""
        orders = self._entry_orders(candidate, lots)
        checks: list[dk.Check] = []
        denial = ""
        margin: br.Margin | None = None
        for order in orders:
            margin = await self._src.parts.broker.margin(order)
            context = self._contexts.of(order, margin, False)  # noqa: FBT003
            found = _checks(order, context)
            checks.extend(check for check in found if check not in checks)
            denial = denial or _denial(order, context)
        put, call = candidate.put.instrument, candidate.call.instrument
        name = f"{put.short}/{call.short.removeprefix(call.symbol + ' ')}"
        title = f"ENTER {lots} × {name} {put.expiry}"
        lines = self._entry_lines(candidate, lots, margin)
        view = self._view("enter", title, lines, orders, tuple(checks))
        return Planned(view, orders, candidate=candidate, lots=lots, denial=denial)

    def _entry_lines(
        self, candidate: Candidate, lots: int, margin: br.Margin | None
    ) -> tuple[tuple[str, str], ...]:
        put, call = candidate.put, candidate.call
        delta = DollarsPerPoint(candidate.entry_delta * lots)
        sized = hedge_contracts(delta)
        symbol = self._src.parts.symbol
        hedge = f"{od.Side.of(sized)} {abs(sized)} {symbol}" if sized else "none, under half"
        cost = f"{candidate.points:.2f} × {put.instrument.multiplier} × {lots}"
        needs = "not told by the broker"
        if margin is not None:
            needs = f"${margin.initial_change:+,.2f}, ${margin.headroom_after:,.2f} left"
        one = f", one order at {put.mid + call.mid:.2f}" if self._as_combo else ""
        theta = f"theta {candidate.theta * lots:+.1f} $/day"
        return (
            ("legs", f"put {put.mid:.2f}, call {call.mid:.2f} at mid{one}, stepped to the ask"),
            ("cost", f"at most ${candidate.cost * lots:,.2f} ({cost})"),
            ("Δ", f"{delta:+.1f} $/pt when filled, hedge: {hedge}"),
            ("vega", f"{candidate.vega * lots:+.1f} $/vol pt, {theta}, DTE {candidate.dte}"),
            ("margin", needs),
        )

    def _entry_orders(self, candidate: Candidate, lots: int) -> tuple[od.OrderDraft, ...]:
        legs = (candidate.put, candidate.call)
        units = [(leg.instrument, leg.mid) for leg in legs]
        if self._as_combo:
            both = combo(*(leg.instrument for leg in legs))
            units = [(both, sum(leg.mid for leg in legs))]
        return tuple(
            od.OrderDraft(
                purpose=od.Purpose.ENTRY,
                instrument_key=instrument.key,
                side=od.Side.BUY,
                quantity=Contracts(lots),
                order_type=od.OrderType.LIMIT,
                limit_price=limit_price(mid, instrument, od.Side.BUY),
            )
            for instrument, mid in units
        )

    @property
    def _as_combo(self) -> bool:
        return self._src.parts.rules.entry_style is EntryStyle.COMBO

    def close(self, trades: tuple[st.Strangle, ...], *, flatten: bool) -> Planned:
        """Plan the exit from some trades, or with `flatten` from everything."""
        src = self._src
        state = src.parts.state
        orders = tuple(
            od.OrderDraft(
                purpose=od.Purpose.EXIT,
                instrument_key=leg.instrument.key,
                side=od.Side.SELL,
                quantity=leg.held,
                order_type=od.OrderType.LIMIT,
                limit_price=None,
                trade_id=trade.trade_id,
            )
            for trade in trades
            for leg in trade.legs
            if leg.held
        )
        symbol = src.parts.symbol
        shares = sum(
            state.shares[t.trade_id].contracts for t in trades if t.trade_id in state.shares
        )
        unwound = state.hedge_position(symbol) if flatten else shares
        lines = (
            ("position", _position_words(trades)),
            ("legs", "limit at mid, stepped to the bid, until sold"),
            ("hedge", f"{-unwound:+d} {symbol} follows the legs" if unwound else "none to unwind"),
            ("value", self._value_words(trades)),
        )
        checks = [
            dk.Check("in flight", not busy, "; ".join(busy) or "nothing")
            for busy in [[f"#{i.number} {i.state}" for i in state.live_intents
                          if i.draft.trade_id in {t.trade_id for t in trades}]]
        ]  # fmt: skip
        kind = "flatten" if flatten else "close"
        title = "FLATTEN EVERYTHING" if flatten else f"CLOSE {trades[0].name}"
        view = self._view(
            kind, title, lines, orders, tuple(checks), typed=FLATTEN_WORD if flatten else "",
            blocking=False,
        )  # fmt: skip
        return Planned(view, orders, trade_ids=tuple(trade.trade_id for trade in trades))

    def _value_words(self, trades: tuple[st.Strangle, ...]) -> str:
        total, cost = 0.0, 0.0
        for trade in trades:
            cost += float(trade.cost)
            for leg in trade.legs:
                mark = self._src.parts.board.mark(leg.instrument.key)
                if leg.held and mark is None:
                    return "not known: a leg has no quote"
                total += leg.held * (mark or 0.0) * float(leg.instrument.multiplier)
        return f"${total:,.2f} at mid, paid ${cost:,.2f}"

    def _view(
        self,
        kind: str,
        title: str,
        lines: tuple[tuple[str, str], ...],
        orders: tuple[od.OrderDraft, ...],
        checks: tuple[dk.Check, ...],
        *,
        typed: str = "",
        blocking: bool = True,
    ) -> dk.Preview:
        self._count += 1
        life = self._src.parts.settings.preview_life
        return dk.Preview(
            preview_id=f"{kind}-{self._count}",
            kind=kind,
            title=title,
            lines=lines,
            checks=checks,
            orders=tuple(order.describe() for order in orders),
            sendable=not blocking or all(check.ok for check in checks),
            expires_at=Timestamp(self._src.parts.clock.now() + life),
            ask_typed=typed,
        )


def _title(order: od.OrderDraft) -> str:
    price = "MKT" if order.limit_price is None else str(order.limit_price)
    return f"{order.side} {order.quantity} {order.instrument_key} @ {price}"


def _position_words(trades: tuple[st.Strangle, ...]) -> str:
    if not trades:
        return "no strangles, hedge only"
    names = [f"{trade.name} ×{trade.quantity}" for trade in trades]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _denial(order: od.OrderDraft, context: RiskContext) -> str:
    found = risk.refusal(order, context)
    return "" if found is None else found.code.value


def _checks(order: od.OrderDraft, context: RiskContext) -> tuple[dk.Check, ...]:
    """Return the gates as few lines: every refusal, then what a person wants to know."""
    short = parse_key(order.instrument_key).short
    asked = risk.refusals(order, context)
    refused = [
        dk.Check(f"{number} {word}", ok=False, detail=f"{short}: {found.message}")
        for number, word, found in asked
        if found is not None
    ]
    day = sum(context.now - sent.at < SECONDS_PER_DAY for sent in context.sent)
    age = None if context.quote is None else context.quote.age(context.now)
    fresh = age is not None and age <= context.limits.quote_max_age
    busy = [f"#{i.number}" for i in context.live if i.trades(order.instrument_key)]
    return (
        *refused,
        dk.Check("market", ok=context.venue_open, detail=context.venue_reason or "open"),
        dk.Check("quote", ok=fresh, detail="none" if age is None else f"{age:.1f} s old"),
        dk.Check("in flight", ok=not busy, detail=", ".join(busy) or "nothing"),
        dk.Check("orders today", ok=True, detail=f"{day} of {context.limits.orders_per_day}"),
        dk.Check(
            "gates", ok=not refused, detail=f"{len(asked) - len(refused)} of {len(asked)} pass"
        ),
    )


def _pair_checks(judged: Iterable[tuple[od.OrderDraft, RiskContext]]) -> tuple[dk.Check, ...]:
    """Return the checks of both orders of a roll, what holds for both once."""
    rows: list[dk.Check] = []
    for order, context in judged:
        for check in _checks(order, context):
            said = any(one.name == check.name and one.ok for one in rows)
            if check.name == "quote":
                rows.append(replace(check, detail=f"{order.instrument_key} {check.detail}"))
            elif not (check.ok and said):
                rows.append(check)
    return tuple(rows)
