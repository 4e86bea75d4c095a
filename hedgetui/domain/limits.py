"""The numbers of the gates, and the orders that they count."""

from __future__ import annotations

from dataclasses import dataclass, field

from hedgetui.domain.balance.limits import TicketLimits
from hedgetui.domain.orders import Purpose, Side
from hedgetui.domain.tails.exposure import TailLimits
from hedgetui.domain.units import Seconds, Timestamp


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """The numbers of the gates; defaults suit a first trade of one lot."""

    max_order_contracts: int = 5
    max_net_contracts: int = 20
    max_option_lots: int = 10
    orders_per_second: int = 2
    orders_per_minute: int = 10
    orders_per_day: int = 60
    throttle_hedges: int = 6
    throttle_window: Seconds = Seconds(600.0)
    collar_ticks: int = 8
    max_order_notional: float = 200_000.0
    max_day_notional: float = 5_000_000.0
    duplicate_window: Seconds = Seconds(2.0)
    daily_loss_limit: float = 2_000.0
    margin_buffer: float = 0.1
    quote_max_age: Seconds = Seconds(5.0)
    tails: TailLimits = field(default_factory=TailLimits)
    """For hedges of tails, which are counted apart from everything else."""
    tickets: TicketLimits = field(default_factory=TicketLimits)
    """For tickets, which are counted apart as well."""

    def pool(self, pool: Purpose | None) -> RiskLimits | TailLimits | TicketLimits:
        """Return the limits of what is counted together: tails, tickets, or the book (None)."""
        if pool is Purpose.TAIL:
            return self.tails
        return self.tickets if pool is Purpose.TICKET else self


def pool_of(purpose: Purpose) -> Purpose | None:
    """Return what an order is counted with: `TAIL`, `TICKET`, or None for the book."""
    if purpose.is_ticket:
        return Purpose.TICKET
    return Purpose.TAIL if purpose is Purpose.TAIL else None


@dataclass(frozen=True, slots=True)
class Sent:
    """One order that left, as the rate gates count it."""

    at: Timestamp
    purpose: Purpose
    instrument_key: str
    side: Side
    quantity: int
    notional: float
    future: bool
    strategy: str = ""
    """Of a tail: whose it is."""

    @property
    def pool(self) -> Purpose | None:
        """What it is counted with."""
        return pool_of(self.purpose)
