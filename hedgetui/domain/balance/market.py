"""What is known of the market beside a book: levels, betas, volatility. The rest is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from hedgetui.domain.balance.positions import Position

INDEX: Final = frozenset({"SPY", "SPX", "XSP", "ES", "MES", "VOO", "IVV", "US500", "SPX500"})
"""The index itself in its forms: beta 1 by definition."""


@dataclass(frozen=True, slots=True)
class Beta:
    """How far an underlying moves when the index moves by one percent, and how surely."""

    beta: float
    r2: float | None = None
    """Share of its variance that the index explains; none where the beta was given."""
    days: int | None = None
    """Daily returns it was measured on; none where it was given."""


@dataclass(frozen=True, slots=True)
class Market:
    """Facts about the market at one moment; whatever is missing is unknown, never guessed."""

    today: date
    spots: Mapping[str, float] = field(default_factory=dict)
    """Price by `Position.market_name`."""
    betas: Mapping[str, Beta] = field(default_factory=dict)
    """By `Position.market_name`."""
    index: str = "SPY"
    """What deltas are weighted to."""
    index_level: float | None = None
    """Its price."""
    vix: float | None = None
    """In vol points, as quoted: 14.9."""
    rate: float = 0.04
    """Yearly, continuous, for discounting options."""

    def spot(self, one: Position) -> float | None:
        """Return the price of what a line follows."""
        if one.market_name in self.spots:
            return self.spots[one.market_name]
        if one.spot is not None:
            return one.spot
        return None if one.is_option else one.price

    def beta(self, one: Position) -> Beta | None:
        """Return the beta of what a line follows: the row's own, a given one, or the index's 1."""
        if one.beta is not None:
            return Beta(one.beta)
        name = one.market_name
        if name in self.betas:
            return self.betas[name]
        same = {name, self.index} <= INDEX or name == self.index
        return Beta(1.0, 1.0) if same else None


def with_book_prices(market: Market, positions: Iterable[Position]) -> Market:
    """Return the market with the prices that the book itself says, where no better one is known.

    A share in the book prices the options on it. Of two lines that disagree the order of
    `Position.sort_key` decides, so that the order of the file does not.
    """
    said: dict[str, tuple[float, Position]] = {}
    for one in positions:
        level = one.spot or (None if one.is_option else one.price)
        if level is None or level <= 0:
            continue
        known = said.get(one.market_name)
        # Making a sort key costs more than all the rest, and most lines agree.
        if known is None or (level != known[0] and one.sort_key < known[1].sort_key):
            said[one.market_name] = level, one
    spots = {name: level for name, (level, _) in said.items()}
    return replace(market, spots=spots | dict(market.spots))
