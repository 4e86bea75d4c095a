"""A broker, as the engine sees it: messages up, committed orders down.

An adapter translates its library's objects into these records at the door. It can only send a
`CommittedOrder`, which carries the journal sequence of its durable intent: without a row there is
nothing to pass in. What it reads for reconciliation is `Complete` or `Incomplete`, never a bare
list that might mean either "flat" or "no answer".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from hedgetui.domain.events import LinkState
from hedgetui.domain.instruments import Instrument
from hedgetui.domain.orders import OrderDraft, Side
from hedgetui.domain.quotes import ChainSnapshot, Greeks, Quote, VolatilityHistory
from hedgetui.domain.units import Contracts, IndexPoints, Seconds, Timestamp


class Environment(StrEnum):
    """Whose money it is, as the broker reports it."""

    SIM = "sim"
    PAPER = "paper"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class LinkReport:
    """The link moved.

    READY says that the session stands; the desk reads broker truth before it calls itself ready.
    DEGRADED says that the session stands but must not be traded on, with every reason; READY
    afterwards says that the reasons are gone, and truth is read again. DOWN ends the session.
    """

    state: LinkState
    reason: str
    session: int
    latency: Seconds | None = None


@dataclass(frozen=True, slots=True)
class OrderListed:
    """The broker lists an order as alive."""

    client_key: str
    broker_order: str
    filled: Contracts


@dataclass(frozen=True, slots=True)
class OrderEnded:
    """The broker lists an order as done without being filled whole."""

    client_key: str
    broker_order: str
    rejected: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution; `revision` grows when the exchange corrects it."""

    exec_id: str
    revision: int
    client_key: str
    """Empty when the order is not ours."""
    instrument_key: str
    """What was traded: of a combo order one of its legs, each in an execution of its own."""
    side: Side
    quantity: Contracts
    price: Decimal
    at: Timestamp


@dataclass(frozen=True, slots=True)
class Commission:
    """The charge for one execution."""

    exec_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class OrderNotice:
    """A code and words about an order (or, with an empty key, about the session)."""

    client_key: str
    code: int
    message: str


@dataclass(frozen=True, slots=True)
class IndexLevel:
    """The S&P 500 level the broker's data implies."""

    level: IndexPoints
    at: Timestamp


@dataclass(frozen=True, slots=True)
class VenueReport:
    """Whether the hedge venue trades, and when that may change."""

    symbol: str
    open: bool
    reason: str
    until: Timestamp | None


@dataclass(frozen=True, slots=True)
class PositionMoved:
    """A position moved without an execution of ours: somebody else trades in the account."""

    instrument_key: str
    quantity: int
    """Signed contracts held now."""


BrokerMessage = (
    LinkReport | OrderListed | OrderEnded | Execution | Commission | OrderNotice | IndexLevel
    | VenueReport | PositionMoved | Quote | Greeks
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CommittedOrder:
    """An order whose intent is durable; `journal_seq` is the proof."""

    journal_seq: int
    client_key: str
    draft: OrderDraft


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order alive at the broker."""

    client_key: str
    broker_order: str
    instrument_key: str
    signed_remaining: int
    filled: Contracts
    """Contracts filled; of a combo the units of which every leg is filled, here and elsewhere."""


@dataclass(frozen=True, slots=True)
class EndedOrder:
    """An order done at the broker today."""

    client_key: str
    broker_order: str
    filled: Contracts
    rejected: bool
    reason: str


@dataclass(frozen=True, slots=True)
class BrokerTruth:
    """Everything reconciliation needs, read in one piece."""

    session: int
    at: Timestamp
    positions: Mapping[str, int]
    """Instrument key to signed contracts; flat instruments are absent."""
    open_orders: tuple[OpenOrder, ...]
    ended_orders: tuple[EndedOrder, ...]
    executions: tuple[Execution, ...]
    commissions: tuple[Commission, ...]
    executions_since: Timestamp
    """Executions before this moment are not in the answer, so absence proves nothing there."""
    cash: Decimal
    seen: frozenset[str] = frozenset()
    """Client keys of orders that reached the broker for sure, whether or not it lists them."""


@dataclass(frozen=True, slots=True)
class Complete:
    """Every part of the answer reached its end mark."""

    truth: BrokerTruth


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The answer broke off; it says nothing about what is not in it."""

    why: str


@dataclass(frozen=True, slots=True)
class Margin:
    """What an order would do to the account, in dollars."""

    initial_change: Decimal
    headroom_after: Decimal


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """What an adapter knows about its own link, for people to read; never decided upon."""

    client: str
    """The client library and its version."""
    peer: str = ""
    """Where the broker listens, `host:port`; empty for the built-in exchange."""
    server: str = ""
    """What the broker says of itself: its protocol version."""
    client_id: int | None = None
    connected_at: Timestamp | None = None
    last_message_at: Timestamp | None = None
    latency: Seconds | None = None
    """Round trip of the newest heartbeat."""
    reconnects: int = 0
    """Sessions opened after the first."""
    clock_skew: Seconds | None = None
    """Broker's clock minus the desk's."""
    data_type: str = ""
    """`live`, `frozen` or `delayed`: the worst of what is watched; empty before the first quote."""
    lines_used: int = 0
    lines_budget: int = 0
    """Market-data lines; 0 where the broker counts none."""
    queued: int = 0
    """Messages that wait to be sent."""
    sent_last_second: int = 0
    farms: tuple[tuple[str, bool], ...] = ()
    """(data farm, whether it works)."""
    reasons: tuple[str, ...] = ()
    """Why the link is degraded; empty while it is not."""
    hints: tuple[str, ...] = ()
    """What a person should check at the broker: a read-only API, precautionary settings."""


MessageSink = Callable[[BrokerMessage], None]


class BrokerPort(Protocol):
    """A broker session. Every method may raise `BrokerUnreachable`."""

    @property
    def account(self) -> str:
        """Account id as the broker reports it; the configured one before the first connection."""
        ...

    @property
    def environment(self) -> Environment:
        """Simulated, paper or live, derived from the account."""
        ...

    async def connect(self, sink: MessageSink) -> None:
        """Open the session; messages arrive at `sink` on the event loop until `disconnect`."""
        ...

    async def disconnect(self) -> None:
        """Close the session; safe to call twice."""
        ...

    async def submit(self, order: CommittedOrder) -> None:
        """Send one order. Returning means the bytes left, not that the broker has them."""
        ...

    async def cancel(self, client_key: str) -> None:
        """Ask to cancel one order."""
        ...

    async def truth(self) -> Complete | Incomplete:
        """Read positions, orders, executions and cash in one piece."""
        ...

    async def futures(self, symbol: str) -> tuple[Instrument, ...]:
        """Return the listed contract months of a future, nearest first."""
        ...

    async def chain(self) -> ChainSnapshot:
        """Return the option chain with its quotes."""
        ...

    async def volatility_history(self) -> VolatilityHistory | None:
        """Return a year of daily implied volatility, or None when the broker has none."""
        ...

    async def watch(self, keys: frozenset[str]) -> None:
        """Keep quotes (and greeks of options) of exactly these instruments coming."""
        ...

    async def margin(self, draft: OrderDraft) -> Margin | None:
        """Return the effect of an order on margin, or None when the broker does not say."""
        ...

    def health(self) -> LinkHealth:
        """Return what is known about the link now; cheap, and safe without one."""
        ...
