"""Facts: everything that happened, as frozen records that go to the journal and back.

The state of the desk is a fold over these. An event is written in the past tense, holds plain
values only and never a quote: quotes travel on their own latest-wins lane and are not facts to
keep. `Fact` is an event with its place in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from hedgetui.domain.balance import facts as portfolio
from hedgetui.domain.dtms import facts as dtms
from hedgetui.domain.orders import Intent, IntentState, Side
from hedgetui.domain.tails import facts as tails
from hedgetui.domain.units import Contracts, Timestamp


class LinkState(StrEnum):
    """The broker link, worst first."""

    DOWN = "down"
    CONNECTING = "connecting"
    SYNCING = "syncing"
    READY = "ready"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class EngineStarted:
    """A process took the journal: epoch counts starts, so old sessions can be told apart."""

    profile: str
    account: str
    epoch: int


@dataclass(frozen=True, slots=True)
class EngineStopped:
    """An orderly end. Its absence before the next start means the process died."""

    why: str


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The broker link moved; `session` counts connections."""

    state: LinkState
    reason: str
    session: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The journal and the broker disagree on a position; the broker is right."""

    instrument_key: str
    journal: int
    broker: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Broker truth was read completely and compared with the journal."""

    session: int
    differences: tuple[Difference, ...]
    unknown: int
    """Intents still without proof."""


@dataclass(frozen=True, slots=True)
class DifferencesAccepted:
    """A person took note of positions that are not ours; from here on they are expected."""

    accepted: tuple[Difference, ...]
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class StrategyEnabled:
    """The strategy was switched; off blocks entries and hedges alike."""

    on: bool
    by: str


@dataclass(frozen=True, slots=True)
class AutoSwitched:
    """Auto-hedging was switched."""

    on: bool
    by: str


@dataclass(frozen=True, slots=True)
class BandSet:
    """The no-trade band was set, by preset or by value."""

    preset: str
    max_delta: float
    by: str


@dataclass(frozen=True, slots=True)
class ArmSwitched:
    """Order entry was armed or disarmed."""

    armed: bool
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class LatchSet:
    """A latch that survives restarts: `freeze` by a person, `halt` or `throttle` by a rule."""

    name: str
    on: bool
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class HedgeCalculated:
    """A hedge was decided; the inputs are kept so that the decision can be explained later."""

    side: Side
    contracts: Contracts
    trigger: str
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderDenied:
    """A risk gate refused an order; nothing was sent."""

    code: str
    message: str
    order: str


@dataclass(frozen=True, slots=True)
class IntentRecorded:
    """The durable promise that precedes an order."""

    intent: Intent
    notional: float
    """Dollars the order was worth at the decision; counted by the day's limit."""


@dataclass(frozen=True, slots=True)
class IntentMoved:
    """Evidence moved an intent."""

    intent_id: str
    before: IntentState
    after: IntentState
    cause: str
    filled: Contracts
    broker_order: str = ""
    cancel_wanted: bool = False


@dataclass(frozen=True, slots=True)
class FillBooked:
    """An execution; a higher revision of the same id replaces the lower one."""

    exec_id: str
    revision: int
    intent_id: str
    """Empty for an execution that is not ours."""
    instrument_key: str
    side: Side
    quantity: Contracts
    price: Decimal
    executed_at: Timestamp


@dataclass(frozen=True, slots=True)
class CommissionBooked:
    """The broker's charge for one execution; negative is a rebate."""

    exec_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TradeEntering:
    """A long strangle was ordered."""

    trade_id: str
    put_key: str
    call_key: str
    quantity: Contracts
    by: str


@dataclass(frozen=True, slots=True)
class TradeOpened:
    """Both legs are filled."""

    trade_id: str
    cost: Decimal


@dataclass(frozen=True, slots=True)
class TradeClosing:
    """The trader wants out; legs sell and the hedge follows them."""

    trade_id: str
    by: str


@dataclass(frozen=True, slots=True)
class TradeClosed:
    """Legs and the trade's share of the hedge are flat."""

    trade_id: str
    options: Decimal
    hedge: Decimal
    fees: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class TradeAbandoned:
    """An entry ended with nothing filled."""

    trade_id: str
    why: str


@dataclass(frozen=True, slots=True)
class HedgeShared:
    """The pooled hedge was apportioned to trades anew, changes booked at `price`.

    Shares add up to the pool; what one trade hands over another takes at the same price, so the
    sum of the trades' hedge results is the pool's.
    """

    shares: dict[str, int]
    """Trade id to signed contracts; trades without a share are absent."""
    price: Decimal
    multiplier: Decimal
    exec_id: str = ""
    """The fill behind the change, whose commission is spread by the size of the changes."""


@dataclass(frozen=True, slots=True)
class VenueChanged:
    """The hedge venue opened, closed or halted."""

    symbol: str
    open: bool
    reason: str
    until: Timestamp | None = None


Event = (
    EngineStarted | EngineStopped | LinkChanged | Reconciled | DifferencesAccepted
    | StrategyEnabled | AutoSwitched | BandSet | ArmSwitched | LatchSet | HedgeCalculated
    | OrderDenied | IntentRecorded | IntentMoved | FillBooked | CommissionBooked | TradeEntering
    | TradeOpened | TradeClosing | TradeClosed | TradeAbandoned | HedgeShared | VenueChanged
    | dtms.DefenceEvent | tails.TailEvent | portfolio.PortfolioEvent
)  # fmt: skip

EVENT_TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        EngineStarted, EngineStopped, LinkChanged, Reconciled, DifferencesAccepted,
        StrategyEnabled, AutoSwitched, BandSet, ArmSwitched, LatchSet, HedgeCalculated,
        OrderDenied, IntentRecorded, IntentMoved, FillBooked, CommissionBooked, TradeEntering,
        TradeOpened, TradeClosing, TradeClosed, TradeAbandoned, HedgeShared, VenueChanged,
        *dtms.DEFENCE_TYPES, *tails.TAIL_TYPES, *portfolio.PORTFOLIO_TYPES,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """An event and its place: `seq` counts from 1 without gaps."""

    seq: int
    at: Timestamp
    event: Event

    @property
    def kind(self) -> str:
        """The event's type name, as stored."""
        return type(self.event).__name__
