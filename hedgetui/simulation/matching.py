"""How an order meets the market: at the touch at once, inside the spread with patience.

A simulator that fills every limit at mid teaches the wrong lesson, one that never does teaches
another. A resting order is filled with a chance that grows with how much of the spread it gives up,
drawn from a stream of its own, so that trading never changes the market's path.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from hedgetui.domain.instruments import is_grain, is_security
from hedgetui.domain.orders import OrderDraft, OrderType, Side, TimeInForce, units_filled
from hedgetui.domain.quotes import Quote
from hedgetui.domain.units import Timestamp


@dataclass(slots=True)
class BookOrder:
    """One order as the exchange knows it."""

    client_key: str
    broker_order: str
    draft: OrderDraft
    arrived_at: Timestamp
    filled: int = 0
    """Contracts filled; of a combo the units of which every leg is filled."""
    ended: bool = False
    rejected: bool = False
    reason: str = ""
    executed: dict[str, int] = field(default_factory=dict)
    """Contracts executed by instrument key: of a combo by leg."""

    @property
    def remaining(self) -> int:
        """Contracts still to fill."""
        return self.draft.quantity - self.filled

    @property
    def immediate(self) -> bool:
        """Whether what does not fill at once is cancelled."""
        return self.draft.tif is TimeInForce.IMMEDIATE

    def fill(self, instrument_key: str, quantity: int) -> None:
        """Count an execution; the last one fills the order whole and ends it."""
        self.executed[instrument_key] = self.executed.get(instrument_key, 0) + quantity
        self.filled = units_filled(self.draft, self.executed)
        if not self.remaining:
            self.end(rejected=False, reason="filled")

    def end(self, *, rejected: bool, reason: str) -> None:
        """Finish the order; it never comes back."""
        self.ended = True
        self.rejected = rejected
        self.reason = reason


@dataclass(frozen=True, slots=True)
class FillModel:
    """How willing the other side is."""

    passive_rate: float = 0.6
    """Fills per second of an order one tick short of the far side; a quarter of it at mid."""
    partial_rate: float = 0.0
    """Share of fills that leave a rest, when more than one contract is left."""


@dataclass(frozen=True, slots=True)
class Match:
    """What traded."""

    quantity: int
    price: Decimal


def far_side(side: Side, quote: Quote) -> Decimal | None:
    """Return the price at which `side` trades at once, None when nobody quotes it."""
    price = quote.ask if side is Side.BUY else quote.bid
    return None if price is None else Decimal(str(price))


def leg_prices(price: Decimal, quotes: Sequence[Quote], tick: Decimal) -> tuple[Decimal, ...]:
    """Split a combo's price into one of each leg: on the tick, inside its market, adding up.

    Each leg is as far into its spread as the whole price is into all of them. A leg without a bid
    trades at its ask, as nobody is asked to give up what nobody bids for.
    """
    asks = [Decimal(str(quote.ask)) for quote in quotes]
    bids = [
        ask if quote.bid is None else Decimal(str(quote.bid))
        for quote, ask in zip(quotes, asks, strict=True)
    ]
    above, room = price - sum(bids), sum(asks) - sum(bids)
    prices: list[Decimal] = []
    for bid, ask in zip(bids, asks, strict=True):
        width = ask - bid
        share = (above * width / room // tick) * tick if room else Decimal(0)
        prices.append(bid + share)
        above, room = above - share, room - width
    return tuple(prices)


class Luck:
    """Chance of one cause, drawn apart for the index, grains and securities.

    So a hedge of corn, or a put on a single name, changes no fill of the index.
    """

    def __init__(self, cause: str, random: Callable[[str], Random]) -> None:
        """Draw for `cause` from the streams that `random` makes of a name."""
        self._index = random(cause)
        self._grains = random(f"grain {cause}")
        self._securities = random(f"security {cause}")

    def of(self, key: str) -> Random:
        """Return the stream of an instrument."""
        if is_grain(key):
            return self._grains
        return self._securities if is_security(key) else self._index


class Matcher:
    """Decides what an order trades against one quote."""

    def __init__(self, model: FillModel, luck: Luck) -> None:
        """Draw from `luck`, which is nobody else's."""
        self.model = model
        self._luck = luck

    def match(self, order: BookOrder, quote: Quote, seconds: float) -> Match | None:
        """Return what trades against `quote`, which has stood for `seconds` (0: just arrived)."""
        touch = far_side(order.draft.side, quote)
        if touch is None:
            return None
        random = self._luck.of(quote.key)
        price = self._price(order.draft, quote, touch, seconds, random)
        if price is None:
            return None
        quantity = order.remaining
        if quantity > 1 and random.random() < self.model.partial_rate:
            quantity = random.randint(1, quantity - 1)
        return Match(quantity, price)

    def _price(
        self, draft: OrderDraft, quote: Quote, touch: Decimal, seconds: float, random: Random
    ) -> Decimal | None:
        limit = draft.limit_price
        if draft.order_type is OrderType.MARKET or limit is None:
            return touch
        if draft.side.sign * (limit - touch) >= 0:
            return touch
        if seconds <= 0 or quote.bid is None or quote.ask is None:
            return None
        width = quote.ask - quote.bid
        near = quote.bid if draft.side is Side.BUY else quote.ask
        given = draft.side.sign * (float(limit) - near) / width if width > 0 else 0.0
        if given <= 0:
            return None
        chance = -math.expm1(-self.model.passive_rate * given * given * seconds)
        return limit if random.random() < chance else None
