"""The defended trades as front ends see them: frozen records of plain values.

What is not known is None or an empty text, never zero. Times are the desk's clock, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.units import Timestamp


@dataclass(frozen=True, slots=True)
class ComponentsView:
    """The six components as the trade sees them (positive is good for it)."""

    structure: float
    vwap_volume: float
    momentum: float
    ema: float
    conviction: float
    delta: float


@dataclass(frozen=True, slots=True)
class GuardView:
    """One guard of a transition that could come next."""

    rule: str
    """`T5 WARNING_L2→HEDGED`."""
    words: str
    """`score -5.2 ≤ -6.0`, `10 min in L2 (3:12)`, …"""
    ok: bool


@dataclass(frozen=True, slots=True)
class LaneStep:
    """A state a trade came into."""

    at: Timestamp
    state: str
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class HedgeView:
    """The hedge of a trade."""

    ticket: int
    side: str
    volume: float
    price: float
    sl: float | None
    soft_sl: bool
    virtual: bool
    profit: float | None
    at: Timestamp


@dataclass(frozen=True, slots=True)
class DefenceRow:
    """One trade."""

    ticket: int
    identifier: int
    symbol: str
    side: str
    """`BUY` or `SELL`."""
    volume: float
    initial_volume: float
    entry: float
    price: float | None
    """Closing-side price now."""
    digits: int
    sl: float | None
    tp: float | None
    u: float | None
    """Running result in R."""
    pnl: float | None
    """Profit and swap of the position, its hedge included; account currency."""
    state: str
    since: Timestamp
    score: float | None
    components: ComponentsView | None
    flags: tuple[str, ...]
    regime: str
    """`London · vol high · trend`, or empty."""
    flat_at: Timestamp | None
    recover_by: Timestamp | None
    hedge: HedgeView | None
    automation: str
    degraded: str
    pending: str
    """The action under way, `open_hedge SENT`; empty when none."""
    why: str
    """The latest reason in a few words: the last transition's, or what is waited for."""
    guards: tuple[GuardView, ...]
    lane: tuple[LaneStep, ...]
    """Oldest first."""
    hedges: int
    breakeven_armed: bool
    adopted_at: Timestamp


@dataclass(frozen=True, slots=True)
class UnwatchedRow:
    """A position that is there and not defended; `I` adopts it."""

    ticket: int
    identifier: int
    symbol: str
    side: str
    volume: float
    profit: float
    why: str
    """`magic 77 is not in dtms.magics`, `ignored by you`, …"""


@dataclass(frozen=True, slots=True)
class TerminalLine:
    """A position at the terminal as a line of the portfolio, whoever watches it."""

    symbol: str
    side: str
    volume: float
    """Lots."""
    price: float
    contract_size: float | None
    """Units in a lot; None while that is not known."""
    currency: str
    """That its profit is made in, empty while that is not known."""


@dataclass(frozen=True, slots=True)
class ActionView:
    """One action of the outbox."""

    action_id: str
    at: Timestamp
    ticket: int
    """The trade's ticket."""
    symbol: str
    kind: str
    state: str
    text: str
    """The request in words."""
    result: str
    retcode: int | None
    rule: str
    why: str
    by: str
    sent_at: Timestamp | None
    ended_at: Timestamp | None
    missing: str = ""
    """What the proof of an unknown action lacks."""


@dataclass(frozen=True, slots=True)
class Mt5View:
    """The MT5 link and account."""

    link: str
    """A `LinkState` value; `off` when the profile has no MT5."""
    reason: str = ""
    backend: str = ""
    peer: str = ""
    version: str = ""
    login: str = ""
    server: str = ""
    kind: str = ""
    """`demo`, `contest` or `real`."""
    margin_mode: str = ""
    """`hedging`, `netting` or `exchange`."""
    currency: str = ""
    balance: float | None = None
    equity: float | None = None
    margin_level: float | None = None
    latency_ms: float | None = None
    server_offset_s: float | None = None
    last_answer_age_s: float | None = None
    next_try_at: Timestamp | None = None
    reconnects: int = 0
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DefenceView:
    """The whole DTMS screen at one moment."""

    mt5: Mt5View
    rows: tuple[DefenceRow, ...] = ()
    closed: tuple[DefenceRow, ...] = ()
    """Trades closed within the last 24 hours, newest first; at most twenty."""
    unwatched: tuple[UnwatchedRow, ...] = ()
    actions: tuple[ActionView, ...] = ()
    """Newest first, at most a hundred; live ones always."""
    rails: tuple[str, ...] = ()
    """Rails that stop opening now, in words."""
    frozen: str = ""
    """Why nothing is decided now: stale ticks, unknown positions, account switched."""
    next_check_at: Timestamp | None = None
    last_cycle_at: Timestamp | None = None
    rule_set: str = "guarded"
    monitoring: bool = False
    held: tuple[TerminalLine, ...] | None = None
    """Every position of the account; None while it is not known."""
    held_at: Timestamp | None = None

    @property
    def unknown(self) -> tuple[ActionView, ...]:
        """Actions whose fate is not known."""
        return tuple(action for action in self.actions if action.state == "UNKNOWN")


OFF = DefenceView(Mt5View("off"))
"""A profile without MT5."""
