"""A trade as a recommendation means it, before a chain says which contract that is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Structure(StrEnum):
    """What is bought."""

    CALL = "call"
    PUT = "put"
    PUT_SPREAD = "put spread"
    """The upper strike bought, the lower one sold."""
    SHARES = "shares"
    SHARES_OR_CALL = "shares or call"
    """Shares where the money buys one, else calls."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for in a chain."""

    underlying: str
    structure: Structure
    days: int = 90
    """To expiry, about."""
    moneyness: tuple[float, float] = (1.0, 1.0)
    """Strike over spot, from the lowest to the highest; of a spread, its two strikes."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A real contract for it."""

    contract: str
    quantity: int
    """That the money buys; 0 where it does not buy one."""
    price: Decimal
    """Of one unit in points: the ask, or the middle where the trader works it."""
    multiplier: Decimal
    bid: Decimal | None = None
    ask: Decimal | None = None
    delta: float | None = None
    theta: float | None = None
    vega: float | None = None

    @property
    def unit_cost(self) -> Decimal:
        """Dollars for one."""
        return self.price * self.multiplier

    @property
    def cost(self) -> Decimal:
        """Dollars for all."""
        return self.unit_cost * self.quantity


class Held(StrEnum):
    """What kind of line is made smaller."""

    PUTS = "puts"
    """Held."""
    CALLS = "calls"
    """Short."""
    SHORT = "short"
    """Short shares."""
    VOL = "vol"
    """Volatility, in whatever form."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A line to make smaller, before the account says which contract that is."""

    underlying: str
    """Empty where any will do."""
    what: Held
    least_pct: int
    most_pct: int

    def whole(self, held: int) -> int:
        """Return the fewest whole units of `held` within both bounds, 0 where there is none."""
        units = -(-self.least_pct * held // 100)
        return units if units * 100 <= self.most_pct * held else 0
