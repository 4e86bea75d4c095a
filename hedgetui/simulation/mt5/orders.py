"""What reaches the trade server and what it says: requests, outcomes, positions, deals.

Times are UTC, volumes exact decimals of lots, levels floats with 0.0 for none, as the server keeps
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum

from hedgetui.domain.mt5.records import DealEntry, DealReason


class Act(IntEnum):
    """What a request asks for (`TRADE_ACTION_*`)."""

    DEAL = 1
    PENDING = 5
    SLTP = 6
    MODIFY = 7
    REMOVE = 8
    CLOSE_BY = 10


class Kind(StrEnum):
    """What a request is to a fault that waits for one."""

    OPEN = "open"
    CLOSE = "close"
    SLTP = "sltp"
    CLOSE_BY = "close_by"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One trade request."""

    action: int
    symbol: str = ""
    sign: int = 0
    """+1 buys, -1 sells, 0 for a type that is neither."""
    volume: Decimal = Decimal(0)
    price: float = 0.0
    sl: float = 0.0
    tp: float = 0.0
    deviation: int = 0
    filling: int = 0
    magic: int = 0
    comment: str = ""
    position: int = 0
    position_by: int = 0
    order: int = 0
    reason: int = int(DealReason.EXPERT)

    @property
    def kind(self) -> Kind:
        """What it is to a fault."""
        match self.action:
            case Act.DEAL:
                return Kind.CLOSE if self.position else Kind.OPEN
            case Act.SLTP:
                return Kind.SLTP
            case Act.CLOSE_BY:
                return Kind.CLOSE_BY
            case _:
                return Kind.OTHER


@dataclass(frozen=True, slots=True)
class Outcome:
    """The server's answer."""

    retcode: int
    deal: int = 0
    order: int = 0
    volume: Decimal = Decimal(0)
    price: float = 0.0
    bid: float = 0.0
    ask: float = 0.0


@dataclass(slots=True)
class Holding:
    """An open position."""

    ticket: int
    identifier: int
    symbol: str
    sign: int
    volume: Decimal
    price_open: float
    sl: float
    tp: float
    swap: float
    magic: int
    comment: str
    reason: int
    opened_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Booked:
    """A deal; one without a symbol moves money only."""

    ticket: int
    order: int
    at: float
    symbol: str
    sign: int
    entry: int
    reason: int
    magic: int
    position_id: int
    volume: Decimal
    price: float
    profit: float
    commission: float
    swap: float
    comment: str

    @property
    def money(self) -> float:
        """What the deal did to the balance."""
        return self.profit + self.commission + self.swap

    @property
    def closes(self) -> bool:
        """Whether it took something away from its position."""
        return self.entry != DealEntry.IN


@dataclass(frozen=True, slots=True)
class Waiting:
    """An accepted order that has not been executed yet."""

    ticket: int
    placed_at: float
    due_at: float
    instruction: Instruction
