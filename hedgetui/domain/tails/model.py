"""The vocabulary of hedge accounts; units are whole units of the commodity, lots whole futures.

Signs: cash bought is positive, hedges sold are negative, so a positive balance is long cash that
nobody covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp

Units = NewType("Units", int)
"""Units of the commodity (bushels), signed where a balance or a change is meant."""

Lots = NewType("Lots", int)
"""Futures contracts, unsigned."""

CashId = NewType("CashId", str)
HedgeId = NewType("HedgeId", str)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What is hedged together: one account's cash in one contract month."""

    account: str
    """Name of the hedge account, as `PSHAOTCHMS`; not the broker's account."""
    contract: str
    """Instrument key of the future: `ZC 202512`."""

    def __str__(self) -> str:
        return f"{self.account} {self.contract}"


class Mode(StrEnum):
    """Who may place hedges by rule."""

    AUTO = "auto"
    SELL = "sell"
    """Sells only: never buys back, so a merchandiser may over-hedge on purpose."""
    BUY = "buy"
    MANUAL = "manual"


class Origin(StrEnum):
    """Where a hedge order came from."""

    HM = "hm"
    """Placed by the rule or the hedge-now key."""
    MANUAL = "manual"
    """Placed by a person in this program, or typed in."""
    OUTSIDE = "outside"
    """Placed elsewhere."""


class Instance(StrEnum):
    """Whether hedges are placed at all."""

    ONLINE = "online"
    OFFLINE = "offline"
    """No broker session."""
    SUSPENDED = "suspended"
    """By a person: own working orders are cancelled, tracking goes on."""


class Linking(StrEnum):
    """To which cash a hedge of ours links first."""

    DIRECT = "direct"
    """To the cash that crossed the threshold, then to the oldest."""
    FIFO = "fifo"


@dataclass(frozen=True, slots=True)
class Policy:
    """How one key is hedged."""

    mode: Mode
    threshold_pct: int
    """1 … 100 percent of a contract; above 50 for AUTO."""
    ticks_into_market: int = 0

    def threshold(self, contract_size: int) -> float:
        """Return T in units."""
        return self.threshold_pct * contract_size / 100


@dataclass(frozen=True, slots=True)
class Fill:
    """An execution of a cash or a hedge order; a higher revision replaces the lower one."""

    fill_id: str
    revision: int
    units: Units
    """Unsigned; 0 after a bust."""
    price: Decimal
    at: Timestamp
    place: int
    """Order of arrival in the ledger, for newest-first deletion."""


@dataclass(frozen=True, slots=True)
class Link:
    """So much of a cash order is covered by a hedge order."""

    cash: CashId
    hedge: HedgeId
    units: Units
    at: Timestamp
    place: int
    """Order of making."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Units booked by hand, or by a roll; audited."""

    units: Units
    """Signed."""
    user: str
    comment: str
    at: Timestamp
    roll: str = ""
    """Joins both offsets of a roll."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rule would send now."""

    side: Side
    lots: Lots
    balance_after: Units
    """Of E, once it has filled."""
