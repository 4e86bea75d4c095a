"""The latest quotes and greeks: a cache that forgets, not a fact to keep."""

from __future__ import annotations

import math
from dataclasses import replace

from hedgetui.domain.instruments import leg_keys
from hedgetui.domain.quotes import Greeks, Quote, combined, number
from hedgetui.domain.units import IndexPoints, Timestamp


class Board:
    """Latest-wins market data by instrument key."""

    def __init__(self) -> None:
        self.quotes: dict[str, Quote] = {}
        self.greeks: dict[str, Greeks] = {}
        self.index_level: IndexPoints | None = None
        self.index_at: Timestamp | None = None
        self.greeks_asked_at = Timestamp(-math.inf)
        """When the broker was asked for all greeks anew."""

    def take(self, item: Quote | Greeks) -> None:
        """Keep `item` unless a newer one of its instrument is here.

        What is no number is forgotten at once, and what has no time has no age and is refused.
        """
        if not math.isfinite(item.at):
            return
        if isinstance(item, Quote):
            item = _clean(item)
        book: dict[str, Quote] | dict[str, Greeks]
        book = self.quotes if isinstance(item, Quote) else self.greeks
        held = book.get(item.key)
        if held is None or held.at <= item.at:
            book[item.key] = item  # type: ignore[assignment]

    def quote(self, key: str) -> Quote | None:
        """Return the quote of an instrument, of a combo the sum of its legs' quotes."""
        legs = [self.quotes[leg] for leg in leg_keys(key) if leg in self.quotes]
        if len(legs) < len(leg_keys(key)):
            return None
        return legs[0] if len(legs) == 1 else combined(key, legs)

    def level(self, level: IndexPoints, at: Timestamp) -> None:
        """Keep the index level, if it is one."""
        if not (math.isfinite(at) and 0 < level < math.inf):
            return
        self.index_level, self.index_at = level, at

    def invalidate_greeks(self, at: Timestamp) -> None:
        """Forget greeks: after data were lost old ones must not look fresh; new ones are asked."""
        self.greeks.clear()
        self.greeks_asked_at = at

    def mark(self, key: str) -> float | None:
        """Return what the instrument may be valued at, or None."""
        quote = self.quotes.get(key)
        return None if quote is None else quote.mark


def _clean(quote: Quote) -> Quote:
    """Return the quote with NaN, infinities, sentinels and negative prices taken for missing."""
    prices = (quote.bid, quote.ask, quote.last)
    cleaned = tuple(None if price is None or price < 0 else number(price) for price in prices)
    if cleaned == prices:
        return quote
    return replace(quote, bid=cleaned[0], ask=cleaned[1], last=cleaned[2])
