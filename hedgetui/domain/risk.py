"""The twelve gates every order passes, whoever decided it.

Each gate is a small pure function over one `RiskContext`; it answers with a denial that has a
stable code and names its numbers, or with nothing. Gates fail closed: an input that is missing or
not finite is a denial. Orders that only reduce risk (exits and unwinds) are held to fewer of them,
since a limit that traps a trader in a position protects nobody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from hedgetui.domain import pair as pr
from hedgetui.domain.balance import limits as bl
from hedgetui.domain.denials import MEANINGS, Denial
from hedgetui.domain.instruments import Instrument, Kind, leg_keys
from hedgetui.domain.limits import RiskLimits, Sent, pool_of
from hedgetui.domain.orders import Intent, OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.parity import Exposure, objection
from hedgetui.domain.quotes import DataType, Quote
from hedgetui.domain.tails import exposure as tx
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp

__all__ = [
    "GATES", "MEANINGS", "Denial", "Refusal", "RiskContext", "RiskLimits", "Sent",
    "order_notional", "passes_soon", "refusal", "refusals",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RiskContext:
    """Everything the gates look at, gathered by the executor in one place."""

    now: Timestamp
    limits: RiskLimits
    instrument: Instrument
    latches: tuple[str, ...]
    """Reasons of every latch that is on."""
    frozen: bool
    """A person froze the desk: even reducing orders wait. Other latches let them pass."""
    armed: bool
    enabled: bool
    link_ready: bool
    synced: bool
    venue_open: bool
    venue_reason: str
    account: str
    expected_account: str
    position: int
    """Own contracts of this instrument, signed; futures of all months of a symbol together."""
    live: tuple[Intent, ...]
    quote: Quote | None
    exposure: Exposure | None
    """For hedges: the exposure by the independent path."""
    sent: tuple[Sent, ...]
    """Orders of the last day, oldest first."""
    day_pnl: float | None
    margin_headroom: float | None
    margin_change: float | None
    live_money: bool
    legs: Mapping[str, int] = field(default_factory=dict)
    """Own contracts of a combo's legs by instrument key; empty for everything else."""
    flattening: bool = False
    """A person typed FLATTEN: reducing orders pass the freeze."""
    pair: pr.Pair | None = None
    """The two orders of a roll, when the order is one of them."""
    strategy: str = ""
    """Whose order it is; tails of two accounts may work in one contract."""
    tail: tx.TailExposure | None = None
    """For a tail: its balance by the independent path."""
    ticket: bl.TicketExposure | None = None
    """For a ticket: what it has done and what the account holds, by the independent path."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order was refused."""

    code: Denial
    message: str


Gate = Callable[[OrderDraft, RiskContext], Refusal | None]

_MINUTE = 60.0


def _state(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G1: latches, arming, strategy, link, first snapshot, venue."""
    may_pass = draft.purpose.reduces and (ctx.flattening or not ctx.frozen)
    if ctx.latches and not may_pass:
        return Refusal(Denial.FROZEN, f"frozen: {'; '.join(ctx.latches)}")
    if not ctx.armed:
        return Refusal(Denial.DISARMED, "orders are disarmed")
    if not ctx.enabled and draft.purpose.needs_strategy:
        return Refusal(Denial.DISABLED, "the strategy is off")
    if not ctx.link_ready:
        return Refusal(Denial.LINK, "the broker link is not ready")
    if not ctx.synced:
        return Refusal(Denial.UNSYNCED, "waiting for the first complete snapshot of this session")
    if not ctx.venue_open:
        return Refusal(Denial.VENUE, f"{ctx.instrument.symbol} {ctx.venue_reason}")
    if draft.purpose.is_ticket and bl.expired(ctx.instrument, ctx.now):
        return Refusal(Denial.VENUE, f"{ctx.instrument.key} has expired")
    return None


def _account(_: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G2: the account is the one the configuration names."""
    if ctx.expected_account and ctx.account != ctx.expected_account:
        message = f"broker reports {ctx.account!r}, configuration says {ctx.expected_account!r}"
        return Refusal(Denial.ACCOUNT, message)
    return None


def _is_future(ctx: RiskContext) -> bool:
    return ctx.instrument.kind is Kind.FUTURE


def _quantity(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G3: whole contracts within the limit per order."""
    limit = ctx.limits.max_order_contracts if _is_future(ctx) else ctx.limits.max_option_lots
    limit = ctx.limits.tails.max_order if draft.purpose is Purpose.TAIL else limit
    limit = ctx.limits.tickets.most(ctx.instrument) if draft.purpose.is_ticket else limit
    # The type says int; a quantity from arithmetic on floats may disagree at run time.
    whole = int(draft.quantity) == draft.quantity if math.isfinite(draft.quantity) else False
    if not whole or not 1 <= draft.quantity <= limit:
        return Refusal(Denial.QUANTITY, f"{draft.quantity} is not within 1…{limit} per order")
    return None


def _position(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G4: the position after the order, working orders counted as filled.

    A trim may be of what the desk never bought: G5 measures it by what the account holds.
    """
    if draft.purpose is Purpose.TRIM:
        return None
    limit = ctx.limits.max_net_contracts if _is_future(ctx) else ctx.limits.max_option_lots
    limit = ctx.limits.tails.max_net if draft.purpose is Purpose.TAIL else limit
    limit = ctx.limits.tickets.most_held(ctx.instrument) if draft.purpose.is_ticket else limit
    for key in leg_keys(draft.instrument_key):
        working = sum(one.working_signed for one in ctx.live if _same_pool(one, key, draft, ctx))
        before = ctx.legs.get(key, ctx.position) + working
        after = before + draft.signed
        if abs(after) > limit and abs(after) >= abs(before):
            return Refusal(Denial.POSITION, f"{after:+d} {ctx.instrument.symbol} exceeds ±{limit}")
    return None


def _same_pool(live: Intent, key: str, draft: OrderDraft, ctx: RiskContext) -> bool:
    """Whether a live order counts against the limit: months of the hedge share one."""
    pooled = _is_future(ctx) and draft.purpose.is_hedge and live.draft.purpose.is_hedge
    return live.trades(key) or pooled


def _parity(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G5: a hedge never increases the exposure, by an independent path; a roll changes none."""
    if draft.purpose is Purpose.TAIL or draft.purpose.is_ticket:
        tail = draft.purpose is Purpose.TAIL
        found = tx.objection(ctx.tail, draft.signed) if tail else bl.objection(ctx.ticket, draft)
        return Refusal(Denial.PARITY, found) if found else None
    if not draft.purpose.is_hedge:
        return None
    if draft.purpose is Purpose.ROLL:
        found = pr.objection(ctx.pair, draft)
        return Refusal(Denial.PARITY, found) if found else None
    if ctx.exposure is None:
        blind = ctx.quote is None or ctx.quote.mid is None
        why = f": no two-sided quote for {ctx.instrument.key}" if blind else ""
        return Refusal(Denial.PARITY, f"exposure is unknown{why}")
    found = objection(ctx.exposure, draft.signed)
    return Refusal(Denial.PARITY, found) if found else None


def _collar(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G6: a limit near the market; what takes the market only into a narrow one."""
    quote = ctx.quote
    if quote is None or quote.bid is None or quote.ask is None:
        return None
    if draft.purpose.is_ticket:
        own, ticks = ctx.limits.tickets, ctx.limits.collar_ticks
        found = bl.price_objection(draft, ctx.instrument, quote, own, ticks)
        return Refusal(Denial.COLLAR, found) if found else None
    room = ctx.limits.collar_ticks * float(ctx.instrument.tick)
    market = draft.order_type is OrderType.MARKET
    if market or draft.purpose is Purpose.TAIL:
        # A tail's limit crosses the market: a stray bid is its price, and no measure of it.
        spread = quote.ask - quote.bid
        if not spread <= room:
            return Refusal(Denial.COLLAR, f"market {spread:.2f} wide, collar {room:.2f}")
    if market:
        return None
    if draft.limit_price is None:
        return Refusal(Denial.COLLAR, "a limit order without a price")
    price = float(draft.limit_price)
    worst = quote.ask + room if draft.side is Side.BUY else quote.bid - room
    within = price <= worst if draft.side is Side.BUY else price >= worst
    if not (within and 0 < price < math.inf):
        return Refusal(Denial.COLLAR, f"{draft.side} at {price:.2f}, collar ends at {worst:.2f}")
    return None


def _freshness(_: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G7: a live two-sided quote, young enough."""
    quote = ctx.quote
    if quote is None or quote.mid is None or not math.isfinite(quote.mid):
        return Refusal(Denial.NO_QUOTE, f"no two-sided quote for {ctx.instrument.key}")
    age = quote.age(ctx.now)
    if not (math.isfinite(quote.at) and age <= ctx.limits.quote_max_age):
        message = f"quote of {ctx.instrument.key} is {age:.1f} s old"
        return Refusal(Denial.STALE, message)
    if quote.data_type is not DataType.LIVE:
        return Refusal(Denial.DELAYED, f"{quote.data_type} data for {ctx.instrument.key}")
    return None


def order_notional(draft: OrderDraft, instrument: Instrument, mid: float | None) -> float:
    """Return dollars an order is worth at `mid`; NaN when that is not known."""
    price = float(draft.limit_price) if mid is None and draft.limit_price is not None else mid
    return math.nan if price is None else draft.quantity * price * float(instrument.multiplier)


def _notional(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G8: worth of one order and of the day's."""
    mid = None if ctx.quote is None else ctx.quote.mid
    worth, pool = order_notional(draft, ctx.instrument, mid), pool_of(draft.purpose)
    limits = ctx.limits.pool(pool)
    limit = limits.max_order_notional
    if not worth <= limit:
        return Refusal(Denial.NOTIONAL, f"order worth ${worth:,.0f} exceeds ${limit:,.0f}")
    sent_today = _within(ctx, SECONDS_PER_DAY)
    day = worth + sum(sent.notional for sent in sent_today if sent.pool is pool)
    limit = limits.max_day_notional
    if day > limit and not draft.purpose.reduces:
        return Refusal(Denial.DAY_NOTIONAL, f"${day:,.0f} of orders today exceed ${limit:,.0f}")
    return None


def _dollars(value: float) -> str:
    return f"{'-' if value < 0 else ''}${abs(value):,.0f}"


def _within(ctx: RiskContext, seconds: float) -> tuple[Sent, ...]:
    return tuple(sent for sent in ctx.sent if ctx.now - sent.at < seconds)


def _rate(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G9: orders per second, minute and day.

    Futures, options, tails and tickets count apart, so that a leg being re-priced never delays its
    hedge; exits are held to the second only.
    """
    pool, future = pool_of(draft.purpose), _is_future(ctx)
    limits = ctx.limits.pool(pool)
    windows = [(1.0, limits.orders_per_second, "second"), (_MINUTE, limits.orders_per_minute,
               "minute"), (SECONDS_PER_DAY, limits.orders_per_day, "day")]  # fmt: skip
    if draft.purpose.reduces:
        windows = windows[:1]
    counted = [sent.at for sent in ctx.sent if sent.future is future and sent.pool is pool]
    for seconds, limit, word in windows:
        count = sum(ctx.now - at < seconds for at in counted)
        if count >= limit:
            return Refusal(Denial.RATE, f"{count} orders in the last {word}, limit {limit}")
    return None


def _throttle(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G10: repeated hedges the same way, the mark of a loop that forgets what it did."""
    if draft.purpose not in {Purpose.HEDGE, Purpose.TAIL}:
        return None
    recent = _within(ctx, ctx.limits.throttle_window)
    same = [sent for sent in recent if _repeats(sent, draft, ctx)]
    tail = draft.purpose is Purpose.TAIL
    if len(same) >= (ctx.limits.tails.repeats if tail else ctx.limits.throttle_hedges):
        minutes = ctx.limits.throttle_window / _MINUTE
        message = f"{len(same)} {draft.side} hedges in {minutes:.0f} min"
        return Refusal(Denial.THROTTLE, message)
    return None


def _repeats(sent: Sent, draft: OrderDraft, ctx: RiskContext) -> bool:
    """Whether an order went the way of `draft` before it; a tail only follows its own key."""
    if sent.purpose is not draft.purpose or sent.side is not draft.side:
        return False
    own = (ctx.strategy, draft.instrument_key)
    return draft.purpose is not Purpose.TAIL or (sent.strategy, sent.instrument_key) == own


def _duplicate(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G11: one live order per instrument, and not the same hedge or ticket twice in a moment."""
    tail = draft.purpose is Purpose.TAIL
    for intent in ctx.live:
        if tail and intent.strategy != ctx.strategy:
            continue  # another account's
        if intent.trades(draft.instrument_key) or pr.stands_in_way(draft, intent, ctx.pair):
            message = f"already working #{intent.number} ({intent.state})"
            return Refusal(Denial.IN_FLIGHT, message)
    if not (draft.purpose.is_hedge or draft.purpose.is_ticket):
        return None
    for sent in _within(ctx, ctx.limits.duplicate_window):
        if (sent.instrument_key, sent.side, sent.quantity) == (
            draft.instrument_key, draft.side, draft.quantity,
        ):  # fmt: skip
            message = f"{draft.side} {draft.quantity} was sent {ctx.now - sent.at:.1f} s ago"
            return Refusal(Denial.DUPLICATE, message)
    return None


def _loss_and_margin(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """G12: today's loss and the account's room; unknown margin is a denial for live money."""
    if draft.purpose.reduces:
        return None
    buys = draft.purpose is Purpose.TICKET and draft.side is Side.BUY
    if draft.purpose is Purpose.ENTRY or buys:
        limit = ctx.limits.daily_loss_limit
        if ctx.day_pnl is None:
            return Refusal(Denial.LOSS, "today's P&L is not known: a position has no mark")
        if not ctx.day_pnl > -limit:
            lost = _dollars(ctx.day_pnl)
            return Refusal(Denial.LOSS, f"today's P&L {lost}, limit -${limit:,.0f}")
    if ctx.margin_headroom is None or ctx.margin_change is None:
        if ctx.live_money:
            return Refusal(Denial.MARGIN, "the broker does not say what the order needs")
        return None
    needed = ctx.limits.margin_buffer * max(ctx.margin_change, 0.0)
    if not ctx.margin_headroom >= needed:
        message = f"{_dollars(ctx.margin_headroom)} left after the order, ${needed:,.0f} wanted"
        return Refusal(Denial.MARGIN, message)
    return None


GATES: tuple[tuple[str, str, Gate], ...] = (
    ("G1", "ready", _state),
    ("G2", "account", _account),
    ("G3", "size", _quantity),
    ("G4", "position", _position),
    ("G5", "exposure", _parity),
    ("G6", "price", _collar),
    ("G7", "quote", _freshness),
    ("G8", "worth", _notional),
    ("G9", "rate", _rate),
    ("G10", "repetition", _throttle),
    ("G11", "in flight", _duplicate),
    ("G12", "loss and margin", _loss_and_margin),
)
"""(number, one word, function) in the order they are asked."""


def refusals(draft: OrderDraft, ctx: RiskContext) -> tuple[tuple[str, str, Refusal | None], ...]:
    """Ask every gate; for previews, which show them all."""
    return tuple((number, word, gate(draft, ctx)) for number, word, gate in GATES)


def refusal(draft: OrderDraft, ctx: RiskContext) -> Refusal | None:
    """Return the first refusal, or None when the order may be sent."""
    asked = (gate(draft, ctx) for _, _, gate in GATES)
    return next((found for found in asked if found is not None), None)


def passes_soon(draft: OrderDraft, ctx: RiskContext) -> bool:
    """Return whether what the gates refuse now passes within a minute; a day's limit does not."""
    found = refusal(draft, ctx)
    if found is not None and found.code is Denial.RATE:
        return _rate(draft, replace(ctx, now=Timestamp(ctx.now + _MINUTE))) is None
    return found is not None and found.code in {Denial.DUPLICATE, Denial.IN_FLIGHT}
