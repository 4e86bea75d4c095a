"""A defended trade: what is kept of it, and the rules it is defended by.

Deadlines are absolute moments, so that a restart neither stretches nor forgets one. Counters of
consecutive evaluations are not here: they live in memory and start anew after every doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hedgetui.domain.mt5.records import Lots, Magic, PositionId, Ticket
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Seconds, Timestamp


class State(StrEnum):
    """Where a trade stands."""

    HEALTHY = "HEALTHY"
    WARNING_L1 = "WARNING_L1"
    WARNING_L2 = "WARNING_L2"
    HEDGED = "HEDGED"
    RECOVERING = "RECOVERING"
    CLOSED = "CLOSED"


class Automation(StrEnum):
    """What the machine may do with a trade."""

    AUTO = "auto"
    ALERT = "alert"
    """It says what it would do and moves no state that needs an action of its own to be true."""
    OFF = "off"
    """It looks only."""


class RuleSet(StrEnum):
    """Which guards hold."""

    GUARDED = "guarded"
    REFERENCE = "reference"
    """Bare thresholds, hysteresis and timers, as in the original."""


class HedgeMode(StrEnum):
    """How a hedge is made."""

    AUTO = "auto"
    """By the account: `hedge` where an opposite order opens a position, else `reduce`."""
    HEDGE = "hedge"
    REDUCE = "reduce"
    """Part of the position is closed; the hedge is virtual and bears no stop."""


class ActionKind(StrEnum):
    """What may be done to a trade."""

    TIGHTEN_SL = "tighten_sl"
    PARTIAL_CLOSE = "partial_close"
    BREAKEVEN_SL = "breakeven_sl"
    OPEN_HEDGE = "open_hedge"
    CLOSE_HEDGE = "close_hedge"
    CLOSE_ALL = "close_all"
    RE_ADD = "re_add"
    SET_STOP = "set_stop"
    """A stop for a hedge that had to be opened without one."""

    @property
    def opens(self) -> bool:
        """Whether it adds exposure; the rails stop it, never the others."""
        return self in {ActionKind.OPEN_HEDGE, ActionKind.RE_ADD}


class ActionState(StrEnum):
    """Where an action stands; PLANNED, SENT and UNKNOWN hold the symbol's one slot."""

    PLANNED = "PLANNED"
    SENT = "SENT"
    DONE = "DONE"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"

    @property
    def live(self) -> bool:
        """Whether it may still change something at the broker."""
        return self in {ActionState.PLANNED, ActionState.SENT, ActionState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of 30-dtms §2 and §3; scores as the trade sees them, u in R."""

    rule_set: RuleSet = RuleSet.GUARDED
    l1_score: float = -2.0
    l2_score: float = -4.0
    hedge_score: float = -6.0
    calm_score: float = 0.0
    """L1 back to HEALTHY."""
    ease_score: float = -2.0
    """L2 back to L1."""
    unhedge_score: float = -1.0
    """HEDGED to RECOVERING: this now and `ease_score` before."""
    recovered_score: float = 1.0
    l1_u: float = 0.5
    l2_u: float = -0.10
    hedge_u: float = -0.25
    confirm: int = 2
    """Consecutive evaluations a guard must hold."""
    dwell: Seconds = Seconds(600.0)
    grace: Seconds = Seconds(900.0)
    """After adoption nothing moves unless u is at or below `grace_u`."""
    grace_u: float = -0.5
    emergency_u: float = -0.8
    emergency_atr: float = 1.5
    """A15 against the trade within a quarter of an hour."""
    flat_after: Seconds = Seconds(4_500.0)
    recover_within: Seconds = Seconds(1_800.0)
    max_hedges: int = 2
    spread_limit: float = 2.0
    """Times the median spread; above it nothing is opened."""
    tighten_r: float = 0.6
    partial_ratio: float = 0.5
    """Of the initial volume, once a trade."""
    breakeven_u: float = 0.15
    hedge_ratio: float = 0.5
    hedge_of_initial: bool = False
    hedge_sl_atr: float = 0.5
    hedge_mode: HedgeMode = HedgeMode.AUTO
    rebuy: bool = False
    """With `reduce`: closing the virtual hedge buys back what was closed."""
    re_add: bool = False
    re_add_ratio: float = 0.5
    adaptive: bool = False
    daily_loss: float = 0.02
    """Share of the day's opening balance; stops opening."""
    hourly_loss: float = 0.01
    stops_in_a_row: int = 3
    news_before: Seconds = Seconds(1_800.0)
    news_after: Seconds = Seconds(900.0)
    min_margin_level: float = 200.0
    """Percent after a hedge."""


@dataclass(frozen=True, slots=True)
class Hedge:
    """The hedge of a trade; `position` is 0 for a virtual one."""

    position: PositionId
    ticket: Ticket
    side: Side
    volume: Lots
    price: float
    sl: float | None
    soft_sl: bool
    """The broker would not take the stop: the desk watches it."""
    at: Timestamp
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """One watched position and everything the machine knows of it."""

    identifier: PositionId
    ticket: Ticket
    symbol: str
    side: Side
    entry: float
    initial_volume: Lots
    volume: Lots
    risk: float
    """R as a distance of price: entry to the first stop, else 2·A15."""
    sl: float | None
    tp: float | None
    opened_at: Timestamp
    adopted_at: Timestamp
    state: State
    since: Timestamp
    automation: Automation
    flat_at: Timestamp | None = None
    recover_by: Timestamp | None = None
    hedge: Hedge | None = None
    hedges: int = 0
    """Hedges opened so far."""
    halved: bool = False
    """The partial close was done, or could never be."""
    breakeven_armed: bool = False
    closed_volume: Lots = Lots(Decimal(0))  # noqa: RUF009 - a NewType call is its argument
    """What the machine closed of it; the base of a re-add."""
    degraded: str = ""
    """Why it is not defended as it should be."""
    cycle: int = 0
    """Actions planned so far; the next one gets the next number."""

    @property
    def open(self) -> bool:
        """Whether it is still watched."""
        return self.state is not State.CLOSED

    def u(self, closing_price: float) -> float:
        """Return the running result in R at the price the trade would close at."""
        return self.side.sign * (closing_price - self.entry) / self.risk


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One action of the outbox: a target, not a command, so that repeating it is harmless."""

    action_id: str
    trade: PositionId
    kind: ActionKind
    cycle: int
    """Unique with (trade, kind)."""
    symbol: str
    magic: Magic
    request: str
    """What is to be sent, in words."""
    volume: Lots
    """Asked for; 0 where none is."""
    level: float | None
    """The stop level of a stop action, the hedge's stop of an open_hedge."""
    target: str
    """What must hold afterwards, in words."""
    before: Lots
    """Volume of the position it acts on, when planned; tells what already happened."""
    position: PositionId
    """The position it acts on: the trade's or the hedge's; 0 for one that opens."""
    rule: str
    """`T5`, `operator`, …"""
    why: str
    """The guard that fired, with its numbers."""
    by: str
    state: ActionState
    attempt: int = 1
    planned_at: Timestamp = Timestamp(0.0)
    sent_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    retcode: int | None = None
    ticket: Ticket = Ticket(0)  # noqa: RUF009 - the same
    """Position or order the answer named."""
    price: float | None = None
    filled: Lots = Lots(Decimal(0))  # noqa: RUF009 - the same
    message: str = ""
