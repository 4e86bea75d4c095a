"""What a ticket would send, shown with every gate's word before anyone confirms it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.balance.ticket import TicketPlan, TicketStep
from hedgetui.domain.instruments import Kind, parse_key
from hedgetui.domain.risk import Refusal, RiskContext
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp
from hedgetui.engine.parts import Parts
from hedgetui.engine.tickets.placing import Look, Placing, draft_of, needs_look
from hedgetui.ports import broker as br
from hedgetui.ports import desk as dk

KIND = "ticket"


@dataclass(frozen=True, slots=True)
class Planned:
    """A preview, and what it was made of."""

    view: dk.Preview
    plan: TicketPlan
    positions: tuple[tuple[str, int | None], ...]
    """Contract to what the account held of it, as far as that was known."""
    ran_away: tuple[bool, ...]
    """For each step whether the whole market stood beyond its limit."""
    denial: str = ""
    """Code of the first gate that refuses; empty when none does."""

    @property
    def terms(self) -> tuple[object, ...]:
        """What a person agreed to."""
        return self.plan.steps, self.positions, self.ran_away


@dataclass(frozen=True, slots=True)
class _Judged:
    """One order and what the gates say of it."""

    order: od.OrderDraft
    context: RiskContext
    refused: tuple[tuple[str, str, Refusal], ...]
    asked: int

    @property
    def short(self) -> str:
        """Its instrument in few characters."""
        return self.context.instrument.short


class TicketPlanner:
    """Computes previews; sends nothing."""

    def __init__(self, desk: Parts, placing: Placing) -> None:
        self._desk = desk
        self._placing = placing
        self._count = 0

    async def plan(self, plan: TicketPlan) -> Planned:
        """Show a ticket as it would be sent now.

        Raises:
            DataError: a step names no instrument.
        """
        look = await self._placing.look() if any(map(needs_look, plan.steps)) else None
        judged = await self._judged(plan, look)
        positions = tuple(
            (step.instrument_key, self._placing.exposure(one.order, look).holding)
            for step, one in zip(plan.steps, judged, strict=True)
        )
        checks = self._checks(judged)
        self._count += 1
        now = self._desk.clock.now()
        view = dk.Preview(
            preview_id=f"{KIND}-{self._count}",
            kind=KIND,
            title=f"TICKET: {plan.title}",
            lines=self._lines(plan, positions),
            checks=checks,
            orders=tuple(one.order.describe() for one in judged),
            sendable=all(check.ok for check in checks),
            expires_at=Timestamp(now + self._desk.settings.preview_life),
            ask_typed=self._typed(judged),
        )
        refused = [found for one in judged for _, _, found in one.refused]
        denial = refused[0].code.value if refused else ""
        ran_away = tuple(_beyond(one) for one in judged)
        return Planned(view, plan, positions, ran_away, denial)

    async def _judged(self, plan: TicketPlan, look: Look | None) -> tuple[_Judged, ...]:
        """Ask every gate about every step, with the ones before it taken for filled."""
        found: list[_Judged] = []
        first: br.Margin | None = None
        for index, step in enumerate(plan.steps):
            order = draft_of(step, step.quantity, "", plan.title)
            covered = index > 0 and step.side is od.Side.SELL and not step.trims
            if covered:
                # Alone it would be asked for like a naked one: it is asked again once it is not.
                margin = None if first is None else br.Margin(Decimal(0), first.headroom_after)
            else:
                margin = await self._desk.executor.margin(order)
                first = first or margin
            exposure = self._placing.exposure(order, look, plan.steps[:index])
            context = self._placing.context(order, exposure, margin)
            asked = risk.refusals(order, context)
            refused = tuple((n, word, one) for n, word, one in asked if one is not None)
            found.append(_Judged(order, context, refused, len(asked)))
        return tuple(found)

    def _checks(self, judged: Sequence[_Judged]) -> tuple[dk.Check, ...]:
        """Return the gates as few lines: every refusal, then what a person wants to know."""
        refused = [
            dk.Check(f"{number} {word}", ok=False, detail=f"{one.short}: {found.message}")
            for one in judged for number, word, found in one.refused
        ]  # fmt: skip
        contexts = {one.short: one.context for one in judged}
        closed = [f"{name} {c.venue_reason or 'closed'}"
                  for name, c in contexts.items() if not c.venue_open]  # fmt: skip
        ages = {name: None if c.quote is None else c.quote.age(c.now)
                for name, c in contexts.items()}  # fmt: skip
        oldest = judged[0].context.limits.quote_max_age
        fresh = all(age is not None and age <= oldest for age in ages.values())
        told = ", ".join(
            f"{name} {'none' if age is None else f'{age:.1f} s old'}" for name, age in ages.items()
        )
        busy = [f"#{intent.number}" for one in judged for intent in one.context.live
                if intent.trades(one.order.instrument_key)]  # fmt: skip
        asked, bad = sum(one.asked for one in judged), len(refused)
        return (
            *dict.fromkeys(refused),
            dk.Check("market", ok=not closed, detail=", ".join(closed) or "open"),
            dk.Check("quote", ok=fresh, detail=told),
            dk.Check("in flight", ok=not busy, detail=", ".join(busy) or "nothing"),
            dk.Check("tickets today", ok=True, detail=_day_words(judged[0].context)),
            dk.Check("gates", ok=not bad, detail=f"{asked - bad} of {asked} pass"),
        )

    def _typed(self, judged: Sequence[_Judged]) -> str:
        """Return the quantity that must be typed: of live money, the largest order over half."""
        if self._desk.broker.environment is not br.Environment.LIVE:
            return ""
        half = self._desk.settings.limits.tickets.max_order_notional / 2
        large = [(_worth(one), one.order.quantity) for one in judged if not _worth(one) <= half]
        return str(max(large)[1]) if large else ""

    # --- words -------------------------------------------------------------------------------

    def _lines(
        self, plan: TicketPlan, positions: tuple[tuple[str, int | None], ...]
    ) -> tuple[tuple[str, str], ...]:
        lines = (
            ("position", _position_words(plan, dict(positions))),
            ("market", self._market_words(plan)),
            ("cost", f"{_dollars(plan.cost)} at the limits"),
            ("max loss", _loss_words(plan)),
            ("Δ", self._delta_words(plan)),
            ("why", plan.why),
        )
        return tuple((label, text) for label, text in lines if text)

    def _market_words(self, plan: TicketPlan) -> str:
        words = []
        for step in plan.steps:
            quote = self._desk.board.quote(step.instrument_key)
            short = parse_key(step.instrument_key).short
            if quote is None or quote.bid is None or quote.ask is None:
                words.append(f"{short} has no two-sided quote")
            else:
                words.append(f"{short} {quote.bid:.2f} / {quote.ask:.2f}")
        return ", ".join(dict.fromkeys(words))

    def _delta_words(self, plan: TicketPlan) -> str:
        """Return the change of delta, in shares of each name; what is not known is said."""
        total: Counter[str] = Counter()
        unknown: dict[str, None] = {}
        for step in plan.steps:
            instrument = parse_key(step.instrument_key)
            greeks = self._desk.board.greeks.get(step.instrument_key)
            if instrument.kind is Kind.STOCK:
                total[instrument.symbol] += step.side.sign * step.quantity
            elif greeks is None or not greeks.usable:
                unknown[instrument.symbol] = None
            else:
                per = greeks.delta * float(instrument.multiplier)
                total[instrument.symbol] += round(step.side.sign * step.quantity * per)
        words = [f"{count:+d} {symbol}" for symbol, count in total.items() if symbol not in unknown]
        words += [f"{symbol} not known" for symbol in unknown]
        return f"{', '.join(words)} (in shares)"


def _beyond(one: _Judged) -> bool:
    """Whether the whole market stands beyond the limit, as for a buy under the bid."""
    quote, limit = one.context.quote, one.order.limit_price
    if quote is None or quote.bid is None or quote.ask is None or limit is None:
        return False
    return float(limit) < quote.bid if one.order.side is od.Side.BUY else float(limit) > quote.ask


def _worth(one: _Judged) -> float:
    quote = one.context.quote
    mid = None if quote is None else quote.mid
    return risk.order_notional(one.order, one.context.instrument, mid)


def _day_words(context: RiskContext) -> str:
    own = context.limits.tickets
    tickets = [one for one in context.sent if one.pool is od.Purpose.TICKET]
    today = [one for one in tickets if context.now - one.at < SECONDS_PER_DAY]
    worth = sum(one.notional for one in today)
    spent = f"${worth:,.0f} of ${own.max_day_notional:,.0f}"
    return f"{len(today)} of {own.orders_per_day} orders, {spent}"


def _position_words(plan: TicketPlan, held: dict[str, int | None]) -> str:
    change: Counter[str] = Counter()
    for step in plan.steps:
        change[step.instrument_key] += step.side.sign * step.quantity
    words = []
    for key, count in change.items():
        now = held[key]
        words.append(f"{key}: not known" if now is None else f"{key}: {now:+d} → {now + count:+d}")
    return ", ".join(words)


def _loss_words(plan: TicketPlan) -> str:
    """Return what can be lost at most, and what if only the bought part is filled."""
    opening: list[TicketStep] = [step for step in plan.steps if not step.trims]
    if not opening:
        return "none: it only makes smaller what is held"
    most = sum((step.cost for step in opening), Decimal(0))
    alone = sum((step.cost for step in opening if step.side is od.Side.BUY), Decimal(0))
    if most == alone:
        return f"{_dollars(most)}, what it costs"
    return f"{_dollars(most)}, what it costs; {_dollars(alone)} until the rest of it is sold"


def _dollars(value: Decimal) -> str:
    sign = "-" if value < 0 else ""
    return f"{sign}${abs(value):,.2f}"
