"""What an account holds and what the market of single names says: questions to a broker.

Every answer is a reading of one moment. What the broker did not say is absent, never zero; an
answer that broke off is `Incomplete`, never a shorter list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from hedgetui.domain.balance.closes import Closes
from hedgetui.domain.balance.positions import Position, Unparsed
from hedgetui.domain.recommend import ChainRow
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import Incomplete


@dataclass(frozen=True, slots=True)
class Holding:
    """One line of an account."""

    position: Position
    """With its mark where the broker says one; `source` names the broker."""
    key: str = ""
    """Instrument key; empty where the desk has no name for the contract and cannot trade it."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything an account holds, the desk's own included."""

    at: Timestamp
    held: tuple[Holding, ...]
    unparsed: tuple[Unparsed, ...] = ()
    """Lines that could not be understood, and why."""
    nav: Decimal | None = None
    """Net liquidation value, dollars."""


@dataclass(frozen=True, slots=True)
class Level:
    """The price of an underlying or an index, in its own points."""

    price: float
    at: Timestamp
    delayed: bool = False
    """Older than it looks, by the broker's own word."""


@dataclass(frozen=True, slots=True)
class ChainWindow:
    """The part of a chain that is wanted; a broker may read more."""

    days: tuple[int, int]
    """Calendar days to expiry, from and to."""
    moneyness: tuple[float, float]
    """Strike over spot, from and to."""
    rights: str = "CP"
    """`C`, `P` or both."""


@dataclass(frozen=True, slots=True)
class SecurityChain:
    """Quotes of the options on one name, at one moment."""

    symbol: str
    at: Timestamp
    spot: float
    rows: tuple[ChainRow, ...]
    multiplier: int = 100
    delayed: bool = False
    notes: tuple[str, ...] = field(default=())
    """`3 contracts did not answer`: what the reader should know."""


class PortfolioPort(Protocol):
    """The account and the single names behind a broker session.

    Every method may raise `BrokerUnreachable`.
    """

    async def holdings(self) -> Holdings | Incomplete:
        """Read every line of the account with its mark."""
        ...

    async def levels(self, symbols: frozenset[str]) -> Mapping[str, Level]:
        """Return the newest prices of underlyings and indices (`SPY`, `VIX`); unknown ones lack."""
        ...

    async def closes(self, symbols: frozenset[str], days: int) -> Closes:
        """Return daily closes of the last `days` trading days; names without a history lack."""
        ...

    async def security_chain(self, symbol: str, window: ChainWindow) -> SecurityChain | None:
        """Return quotes of the options on a name, or None when it has none."""
        ...
