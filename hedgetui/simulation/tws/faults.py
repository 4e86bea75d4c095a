"""What can be made to go wrong at the gateway: switches that stay, with the words that set them."""

from __future__ import annotations

from dataclasses import dataclass, field

GREEK_KINDS = ("unset", "minus", "nan", "inf", "max", "none")
"""What may stand for greeks: -1 and -2, -1 alone, no number, no bound, the largest, nothing."""


@dataclass
class Rejection:
    """How the next order is refused."""

    code: int = 201
    text: str = "Order rejected - reason:refused on request"
    with_status: bool = True


@dataclass
class Switches:
    """Faults that last until they are switched off; all off by default.

    Shares are probabilities per message, drawn from a stream of their own.
    """

    duplicate_executions: bool = False
    lose_executions: float = 0.0
    """Share of live execution and commission messages that are not sent."""
    lose_statuses: float = 0.0
    """Share of live openOrder and orderStatus messages that are not sent."""
    repeat_statuses: bool = False
    reorder_statuses: bool = False
    """After an order's end an old status of it is sent again, then the end again."""
    no_data: bool = False
    """No live market data subscription: 354, or delayed data for who asks for them."""
    delayed_data: bool = False
    """Delayed data although live data were asked for."""
    frozen_data: bool = False
    line_limit: int = 0
    """Market data lines; 0 for the gateway's own number."""
    hold_399: bool = False
    """Orders are held until the open (399) and never worked."""
    hold_quietly: bool = False
    """Orders are accepted and never worked, without a word."""
    info_399: bool = False
    tif_10349: bool = False
    warn_2109: bool = False
    early_whatif: bool = False
    refuse_whatif: int = 0
    """Error code that answers a question about margin; 0 for an answer."""
    stick_pending: bool = False
    """Orders are swallowed: never acknowledged, never sent on."""
    commission_missing: bool = False
    commission_sentinel: bool = False
    greeks_sentinels: str = ""
    """One of `GREEK_KINDS` that stands for greeks; empty for honest ones."""
    settlement_executions: bool = True
    """Whether expiries and settlements are told as executions; positions tell them anyway."""
    omitted_ends: set[str] = field(default_factory=set)
    """Names of end marks that are never sent."""
    silent_farms: set[str] = field(default_factory=set)
    rejection: Rejection | None = None
    """How the next order is refused."""
    bad_ticks: dict[str, float] = field(default_factory=dict)
    """Instrument key to the price its next quote shows."""
    swapped: dict[str, str] = field(default_factory=dict)
    """Instrument key to the key whose quotes are shown instead."""
