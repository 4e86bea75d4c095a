"""Cash and hedge orders as the ledger holds them, and the ties between them.

These records change while the ledger folds; whoever holds them outside of it only reads. A tie
joins a cash order to a hedge, or two outright hedges of opposite sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from hedgetui.domain.orders import LIVE, IntentState, Side
from hedgetui.domain.tails.model import CashId, Fill, HedgeId, Key, Lots, Origin
from hedgetui.domain.units import Timestamp


@dataclass(slots=True, eq=False)
class Tie:
    """So many units of two orders that cancel each other."""

    one: Item
    other: Item
    units: int
    at: Timestamp
    place: int
    """Order of making, within a key."""

    def beyond(self, item: Item) -> Item:
        """Return the order at the other end."""
        return self.other if item is self.one else self.one


@dataclass(slots=True, eq=False, kw_only=True)
class Item:
    """An order's fills and what they are tied to, in units."""

    key: Key
    side: Side
    at: Timestamp
    place: int
    """Order of arrival in its key."""
    sign: int
    """Of its units in the balance: +1 when bought."""
    filled: int = 0
    taken: int = 0
    """Units tied, never more than `filled` once a fact is folded."""
    fills: dict[str, Fill] = field(default_factory=dict)
    ties: list[Tie] = field(default_factory=list)
    """In order of making."""
    queued: bool = False
    """Whether it waits in a queue of open orders."""

    @property
    def open(self) -> int:
        """Units filled and not tied."""
        return self.filled - self.taken

    @property
    def average(self) -> Decimal | None:
        """The average price of its fills, None without any."""
        done = sum(fill.units for fill in self.fills.values())
        if not done:
            return None
        return sum((fill.price * fill.units for fill in self.fills.values()), Decimal(0)) / done

    @property
    def last_at(self) -> Timestamp:
        """When something last happened to it: its entry or a fill."""
        return max((fill.at for fill in self.fills.values()), default=self.at)


@dataclass(slots=True, eq=False, kw_only=True)
class CashItem(Item):
    """A cash order."""

    cash_id: CashId
    size: int
    """Units ordered."""
    price: Decimal
    by: str
    comment: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class HedgeItem(Item):
    """A hedge order, ours or foreign."""

    hedge_id: HedgeId
    lots: Lots
    contract_size: int
    origin: Origin
    by: str
    first: CashId
    """The cash it links to before any other; empty for the oldest."""
    intent_id: str = ""
    """Empty for a foreign order."""
    state: IntentState | None = None
    """Of our order; nobody tells us about a foreign one's."""
    limit: Decimal | None = None
    roll: str = ""
    why: str = ""
    fees: dict[str, Decimal] = field(default_factory=dict)
    """Charge by execution id; negative is a rebate."""

    @property
    def filled_lots(self) -> int:
        """Whole futures done."""
        return self.filled // self.contract_size

    @property
    def working(self) -> int:
        """Futures of our order that may still fill; of a foreign order only fills are known."""
        if self.state not in LIVE:
            return 0
        return max(0, self.lots - self.filled_lots)

    @property
    def status(self) -> str:
        """Return where the order stands, in a trader's words."""
        done = self.filled_lots
        if self.state is IntentState.UNKNOWN:
            return "unknown"
        if done >= self.lots:
            return "filled"
        if self.state in LIVE and self.state is not IntentState.CANCELLING:
            return "part filled" if done else _WORDS.get(self.state, "working")
        if self.state is IntentState.FILLED or (self.state is None and self.fills and not done):
            return "busted"
        if self.state is None:
            return "part filled" if done else "entered"
        return _WORDS.get(self.state, "cancelled")


_WORDS = {
    IntentState.SENDING: "sending",
    IntentState.CANCELLING: "cancelling",
    IntentState.REJECTED: "rejected",
    IntentState.ABANDONED: "not sent",
    IntentState.ABSENT: "never arrived",
    IntentState.RESOLVED_BY_HUMAN: "resolved",
}
