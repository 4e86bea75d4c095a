"""Facts of hedge accounts, as the journal keeps them. Links are not among them: they follow.

Executions of hedges that this program sends are `FillBooked` facts of the desk; `TailHedgePlaced`
says whose they are. Everything else about cash and foreign hedges is told by the facts below.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.orders import Side
from hedgetui.domain.tails.model import CashId, HedgeId, Instance, Key, Lots, Mode, Origin, Units
from hedgetui.domain.units import Timestamp


@dataclass(frozen=True, slots=True)
class CashEntered:
    """A cash order exists; `units` is its size, fills say what is done of it."""

    cash: CashId
    key: Key
    side: Side
    units: Units
    price: Decimal
    at: Timestamp
    """When it was made, by its source."""
    by: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class CashFilled:
    """Units of a cash order were done, corrected (higher revision) or busted (0 units)."""

    cash: CashId
    fill_id: str
    revision: int
    units: Units
    price: Decimal
    at: Timestamp


@dataclass(frozen=True, slots=True)
class HedgeEntered:
    """A hedge order that this program did not send: typed, imported, or done elsewhere."""

    hedge: HedgeId
    key: Key
    side: Side
    lots: Lots
    origin: Origin
    at: Timestamp
    by: str
    covers: CashId = CashId("")  # noqa: RUF009 - a NewType call is its argument
    """The cash it was made for, where known."""


@dataclass(frozen=True, slots=True)
class HedgeFilled:
    """Lots of such a hedge were done, corrected or busted (0 lots)."""

    hedge: HedgeId
    fill_id: str
    revision: int
    lots: Lots
    price: Decimal
    at: Timestamp


@dataclass(frozen=True, slots=True)
class TailHedgePlaced:
    """A hedge order of ours, in the same write as its intent."""

    hedge: HedgeId
    key: Key
    side: Side
    lots: Lots
    intent_id: str
    origin: Origin
    trigger: CashId
    """The cash fill that crossed the threshold; empty when something else made it due."""
    why: str
    balance: Units
    pending: Units
    by: str
    roll: str = ""
    """Set on the legs of a rolled hedge: their fills book an equal offset, so no balance moves."""


@dataclass(frozen=True, slots=True)
class OffsetBooked:
    """Units adjusted by a person, or moved by a roll."""

    key: Key
    units: Units
    user: str
    comment: str
    roll: str = ""


@dataclass(frozen=True, slots=True)
class PolicySet:
    """How keys are hedged changed; None leaves a value as it is at the next wider level."""

    scope: str
    """`instance`, `exchange:CBOT` or `key`."""
    key: Key | None
    mode: Mode | None
    threshold_pct: int | None
    ticks_into_market: int | None
    by: str


@dataclass(frozen=True, slots=True)
class InstanceSet:
    """Hedging by rule was suspended or resumed by a person."""

    instance: Instance
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class TailDenied:
    """A gate or a rule refused a hedge; nothing was sent."""

    key: Key
    code: str
    message: str


TailEvent = (
    CashEntered | CashFilled | HedgeEntered | HedgeFilled | TailHedgePlaced | OffsetBooked
    | PolicySet | InstanceSet | TailDenied
)  # fmt: skip

TAIL_TYPES: tuple[type, ...] = (
    CashEntered, CashFilled, HedgeEntered, HedgeFilled, TailHedgePlaced, OffsetBooked, PolicySet,
    InstanceSet, TailDenied,
)  # fmt: skip
