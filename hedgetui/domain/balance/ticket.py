"""A trade in securities as it would be sent: its orders one after the other, with limits.

A spread is two orders, the one that is held first: the other one follows only for as many as were
bought, so that nothing is ever sold that is not covered.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import Side


@dataclass(frozen=True, slots=True)
class TicketStep:
    """One order of a ticket."""

    instrument_key: str
    side: Side
    quantity: int
    limit: Decimal
    """Points, the worst price it may trade at."""
    trims: bool = False
    """It makes smaller what the account holds, and must not turn it round."""

    @property
    def cost(self) -> Decimal:
        """Dollars that it pays at its limit; negative where it is paid."""
        value = self.limit * self.quantity * parse_key(self.instrument_key).multiplier
        return self.side.sign * value

    def describe(self) -> str:
        """Return `BUY 2 NVDA 20260220 150 C LMT 4.15`."""
        return f"{self.side} {self.quantity} {self.instrument_key} LMT {self.limit}"


@dataclass(frozen=True, slots=True)
class TicketPlan:
    """A whole ticket."""

    title: str
    """The trade in the words of the row it comes from."""
    why: str
    source: str
    """`advice`, `grow`, `recommend`, `typed` or `basket`."""
    steps: tuple[TicketStep, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise DataError(f"{self.title}: a ticket without an order")
        sides: dict[str, Side] = {}
        for step in self.steps:
            if sides.setdefault(step.instrument_key, step.side) is not step.side:
                raise DataError(f"{step.instrument_key} is bought and sold by one ticket")

    @property
    def cost(self) -> Decimal:
        """Dollars that the whole of it pays at its limits; negative where it is paid."""
        return sum((step.cost for step in self.steps), Decimal(0))
