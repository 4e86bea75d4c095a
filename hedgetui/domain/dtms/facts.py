"""Facts of the defence, as the journal keeps them; `book` folds them into trades and actions."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.dtms.model import ActionRecord, ActionState, Automation, Hedge, State, Trade
from hedgetui.domain.mt5.records import Lots, PositionId, Ticket
from hedgetui.domain.units import Timestamp


@dataclass(frozen=True, slots=True)
class Mt5LinkChanged:
    """The MT5 link moved."""

    state: str
    """A `LinkState` value."""
    reason: str
    session: int
    login: int = 0
    server: str = ""


@dataclass(frozen=True, slots=True)
class DefenceAdopted:
    """A position came under watch."""

    trade: Trade
    by: str


@dataclass(frozen=True, slots=True)
class DefenceDropped:
    """A person took a trade out of watch; its position is not touched."""

    trade: PositionId
    by: str


@dataclass(frozen=True, slots=True)
class DefenceMoved:
    """A trade changed its state."""

    trade: PositionId
    before: State
    after: State
    rule: str
    """`T1` … `T15`."""
    why: str
    score: float | None
    u: float | None
    flat_at: Timestamp | None = None
    recover_by: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class DefenceAmended:
    """The position is not as the journal had it: by a person, the broker or our own action."""

    trade: PositionId
    ticket: Ticket
    volume: Lots
    sl: float | None
    tp: float | None
    why: str
    closed_volume: Lots | None = None
    halved: bool | None = None
    breakeven_armed: bool | None = None


@dataclass(frozen=True, slots=True)
class HedgeOpened:
    """A hedge stands, by the evidence of a position or a deal."""

    trade: PositionId
    hedge: Hedge


@dataclass(frozen=True, slots=True)
class HedgeAmended:
    """The hedge's volume, ticket or stop changed."""

    trade: PositionId
    hedge: Hedge
    why: str


@dataclass(frozen=True, slots=True)
class HedgeGone:
    """The hedge is closed, proven by an OUT deal or (virtual) given up."""

    trade: PositionId
    why: str
    price: float | None


@dataclass(frozen=True, slots=True)
class AutomationSet:
    """What the machine may do with a trade changed."""

    trade: PositionId
    automation: Automation
    by: str


@dataclass(frozen=True, slots=True)
class DefenceDegraded:
    """A trade is not defended as it should be; an empty `why` ends it."""

    trade: PositionId
    why: str


@dataclass(frozen=True, slots=True)
class ActionPlanned:
    """The durable promise that precedes a request."""

    action: ActionRecord


@dataclass(frozen=True, slots=True)
class ActionMoved:
    """Evidence moved an action; only what is known is set."""

    action_id: str
    before: ActionState
    after: ActionState
    cause: str
    retcode: int | None = None
    ticket: Ticket = Ticket(0)  # noqa: RUF009 - a NewType call is its argument
    price: float | None = None
    filled: Lots | None = None


@dataclass(frozen=True, slots=True)
class DefenceDenied:
    """A rule or a gate refused an action; nothing was sent."""

    trade: PositionId
    kind: str
    code: str
    message: str


DefenceEvent = (
    Mt5LinkChanged | DefenceAdopted | DefenceDropped | DefenceMoved | DefenceAmended
    | HedgeOpened | HedgeAmended | HedgeGone | AutomationSet | DefenceDegraded
    | ActionPlanned | ActionMoved | DefenceDenied
)  # fmt: skip

DEFENCE_TYPES: tuple[type, ...] = (
    Mt5LinkChanged, DefenceAdopted, DefenceDropped, DefenceMoved, DefenceAmended, HedgeOpened,
    HedgeAmended, HedgeGone, AutomationSet, DefenceDegraded, ActionPlanned, ActionMoved,
    DefenceDenied,
)  # fmt: skip
