"""A second opinion on every order of a ticket, and the limits that are the tickets' own.

Whoever proposes a trade says what it may cost. This module asks of each order alone whether that
can be true: what is bought loses at most its price, what is sold is covered by what the same ticket
bought, and what is trimmed becomes smaller and never turns round. What is not known is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from hedgetui.domain.balance.covering import alike, covers, newly_uncovered
from hedgetui.domain.instruments import Instrument, Kind, is_security, parse_key
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.quotes import Quote
from hedgetui.domain.units import Timestamp

_NOISE = 1e-9
"""Prices are decimal: a limit that ends where the collar does is inside."""


@dataclass(frozen=True, slots=True)
class TicketLimits:
    """The numbers of the gates for tickets; their orders are counted apart from all others."""

    max_contracts: int = 20
    """Options of one order."""
    max_shares: int = 500
    """Shares of one order."""
    max_held_contracts: int = 100
    """Own options of one contract, working orders counted as filled."""
    max_held_shares: int = 2_500
    max_order_notional: float = 25_000.0
    max_day_notional: float = 100_000.0
    orders_per_second: int = 2
    orders_per_minute: int = 10
    orders_per_day: int = 50
    reach_options: float = 0.10
    """How far through the market a limit may be, as a part of the mid; never under the collar."""
    reach_shares: float = 0.01
    widest: float = 0.40
    """The widest market that may be traded in, as a part of its mid."""

    def most(self, instrument: Instrument) -> int:
        """Return the largest order, in shares or contracts."""
        return self.max_shares if instrument.kind is Kind.STOCK else self.max_contracts

    def most_held(self, instrument: Instrument) -> int:
        """Return the largest own position, in shares or contracts."""
        return self.max_held_shares if instrument.kind is Kind.STOCK else self.max_held_contracts

    def reach(self, instrument: Instrument) -> float:
        """Return how far through the market a limit may be, as a part of the mid."""
        return self.reach_shares if instrument.kind is Kind.STOCK else self.reach_options


@dataclass(frozen=True, slots=True)
class TicketExposure:
    """What an order of a ticket is measured against, counted from facts and broker truth."""

    holding: int | None
    """Contracts of it in the account, own and foreign, signed; None while that is not known."""
    reducing: int = 0
    """Contracts of live orders that make the holding smaller already, never negative."""
    held: Mapping[str, int] = field(default_factory=dict)
    """The desk's own securities that the account has, signed, what is being sold taken off."""
    bought: Mapping[str, int] = field(default_factory=dict)
    """What the same ticket has bought, by instrument key."""
    sold: Mapping[str, int] = field(default_factory=dict)
    """What the same ticket has sold or is selling against it, by instrument key."""
    account: Mapping[str, int] = field(default_factory=dict)
    """Everything that the account holds by the broker's newest word, signed."""


def expired(instrument: Instrument, now: Timestamp) -> bool:
    """Whether nobody can trade an instrument any more; shares do not expire."""
    return instrument.expiry is not None and instrument.expires_at <= now


def objection(exposure: TicketExposure | None, draft: OrderDraft) -> str:
    """Return why an order of a ticket must not leave, naming numbers; else empty."""
    instrument = parse_key(draft.instrument_key)
    if not is_security(draft.instrument_key) or instrument.kind is Kind.COMBO:
        return f"{draft.instrument_key} is no security: tickets trade shares and options on them"
    if exposure is None:
        return "what the ticket has done is not known"
    if draft.purpose is Purpose.TRIM:
        return _trim_objection(exposure, draft)
    if draft.side is Side.BUY:
        return ""
    if instrument.kind is Kind.STOCK:
        return "shares are never sold short by a ticket"
    if exposure.holding is None:
        return f"what the account holds of {draft.instrument_key} is not known"
    covered = cover(exposure, instrument)
    if draft.quantity > covered:
        return f"sells {draft.quantity} {draft.instrument_key}, {covered} covered by this ticket"
    return ""


def _trim_objection(exposure: TicketExposure, draft: OrderDraft) -> str:
    """Return why an order is none that makes a holding smaller; empty when it does."""
    held, key = exposure.holding, draft.instrument_key
    if held is None:
        return f"what the account holds of {key} is not known"
    if held * draft.signed >= 0:
        return f"trims nothing: {draft.signed:+d} on {held:+d} {key} held"
    left = abs(held) - exposure.reducing
    if draft.quantity > left:
        return f"turns {held:+d} {key} round: {draft.signed:+d} with {left} left to trim"
    account = {**exposure.account, key: left if held > 0 else -left}
    naked = newly_uncovered(account, key, draft.signed)
    return f"leaves {naked} short options uncovered that {key} covers" if naked > 0 else ""


def cover(exposure: TicketExposure, sold: Instrument) -> int:
    """Return how many of an option this ticket may sell: bought by it, held, and not spoken for."""
    return max(0, room(exposure, sold))


def room(exposure: TicketExposure, sold: Instrument) -> int:
    """Return the same; negative is how many it sells that are covered no more."""
    if sold.kind is not Kind.OPTION:
        return 0
    keys = dict.fromkeys((*exposure.held, *exposure.bought, *exposure.sold))
    same = [key for key in keys if alike(key, sold)]
    better = [key for key in same if covers(parse_key(key), sold)]
    of_ticket = sum(exposure.bought.get(key, 0) for key in better)
    of_ticket -= sum(exposure.sold.get(key, 0) for key in same)
    free = sum(max(0, exposure.held.get(key, 0)) for key in better)
    free -= sum(max(0, -exposure.held.get(key, 0)) for key in same)
    return min(of_ticket, free)


def price_objection(
    draft: OrderDraft, instrument: Instrument, quote: Quote, limits: TicketLimits, ticks: int
) -> str:
    """Return why a limit is too far from a two-sided quote, or the market too wide; else empty.

    A limit may reach through the market by `ticks` or by a part of the mid, whichever is more:
    options of single names are wide.
    """
    mid = quote.mid
    if mid is None or quote.bid is None or quote.ask is None or not 0 < mid < math.inf:
        return "the market is crossed or has no price"
    spread = quote.ask - quote.bid
    if not spread <= limits.widest * mid:
        return f"market {spread:.2f} wide, more than {limits.widest:.0%} of its mid {mid:.2f}"
    if draft.order_type is not OrderType.LIMIT or draft.limit_price is None:
        return "a ticket sends limit orders only"
    room = max(ticks * float(instrument.tick), limits.reach(instrument) * mid) + _NOISE
    price = float(draft.limit_price)
    worst = quote.ask + room if draft.side is Side.BUY else quote.bid - room
    within = price <= worst if draft.side is Side.BUY else price >= worst
    if not (within and 0 < price < math.inf):
        return f"{draft.side} at {price:.2f}, collar ends at {worst:.2f}"
    return ""
