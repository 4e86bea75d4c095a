"""The latest quotes and greeks: a cache that forgets, not a fact to keep."""

from __future__ import annotations

from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.domain.units import IndexPoints, Timestamp


class Board:
    """Latest-wins market data by instrument key."""

    def __init__(self) -> None:
        self.quotes: dict[str, Quote] = {}
        self.greeks: dict[str, Greeks] = {}
        self.index_level: IndexPoints | None = None
        self.index_at: Timestamp | None = None

    def take(self, item: Quote | Greeks) -> None:
        """Keep `item` unless a newer one of its instrument is here."""
        book: dict[str, Quote] | dict[str, Greeks]
        book = self.quotes if isinstance(item, Quote) else self.greeks
        held = book.get(item.key)
        if held is None or held.at <= item.at:
            book[item.key] = item  # type: ignore[assignment]

    def level(self, level: IndexPoints, at: Timestamp) -> None:
        """Keep the index level."""
        self.index_level, self.index_at = level, at

    def invalidate_greeks(self) -> None:
        """Forget greeks: after data were lost, old ones must not look fresh."""
        self.greeks.clear()

    def mark(self, key: str) -> float | None:
        """Return what the instrument may be valued at, or None."""
        quote = self.quotes.get(key)
        return None if quote is None else quote.mark
