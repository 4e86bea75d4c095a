"""Facts of the portfolio, as the journal keeps them. Positions are never kept: brokers say them.

Executions are `FillBooked` facts of the desk; `TicketStepPlaced` says which ticket an order is of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hedgetui.domain.balance.market import Beta
from hedgetui.domain.balance.ticket import TicketPlan


@dataclass(frozen=True, slots=True)
class BetasMeasured:
    """Betas were measured on daily closes; the newest fact is the cache of them."""

    index: str
    betas: Mapping[str, Beta]
    """By underlying; what could not be measured is absent."""
    unknown: tuple[str, ...] = ()
    """Names that were asked for and have too short a history or none."""
    added: bool = False
    """Whether only some names were measured; the others are as old as they were."""


@dataclass(frozen=True, slots=True)
class TicketOpened:
    """A person confirmed a ticket; its orders follow one after the other."""

    ticket_id: str
    plan: TicketPlan
    by: str


@dataclass(frozen=True, slots=True)
class TicketStepPlaced:
    """An order of a ticket, in the same write as its intent."""

    ticket_id: str
    step: int
    """Counts from 0."""
    intent_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class TicketEnded:
    """A ticket is over; nothing of it will be sent any more."""

    ticket_id: str
    outcome: str
    """`done`, `part` or `failed`."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class TicketDenied:
    """A gate refused an order of a ticket; it was not sent."""

    ticket_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class StressRan:
    """A stress test of the portfolio ended; what was known when the next decision was made."""

    regime: str
    paths: int
    months: float
    seed: int
    basket: bool
    positions: int
    left_out: int
    nav: float
    var95: float
    var99: float
    cvar95: float
    p_gain: float


PORTFOLIO_TYPES: tuple[type, ...] = (
    BetasMeasured, TicketOpened, TicketStepPlaced, TicketEnded, TicketDenied, StressRan,
)  # fmt: skip
PortfolioEvent = (
    BetasMeasured | TicketOpened | TicketStepPlaced | TicketEnded | TicketDenied | StressRan
)
