"""What goes wrong on purpose at the simulated MT5 broker and on the way to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hedgetui.simulation.mt5.orders import Instruction, Kind


class Lost(StrEnum):
    """What becomes of a request whose answer is lost."""

    LANDED = "landed"
    """The server executes it; nobody is told."""
    NEVER = "never"
    """It never arrives."""


class How(StrEnum):
    """How the loss of an answer looks to the caller."""

    NONE = "none"
    """`None`, and a code of the link in `last_error`."""
    BROKEN = "broken"
    """The call raises, as when the terminal's pipe or the socket breaks."""


@dataclass(slots=True)
class Ambush:
    """Waits for the next `times` requests of a kind and symbol; empty ones match all."""

    times: int = 1
    kind: Kind | None = None
    symbol: str = ""
    retcode: int = 0
    """Answer with this code; 0 for an answer that is lost."""
    lost: Lost = Lost.NEVER
    how: How = How.NONE
    error: int = -10005
    """`last_error` of a lost answer."""

    def meets(self, asked: Instruction) -> bool:
        """Whether it is the one for a request; uses up one of its times if so."""
        if self.times < 1 or (self.kind and self.kind is not asked.kind):
            return False
        if self.symbol and self.symbol != asked.symbol:
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class Switches:
    """What stays broken until it is set back."""

    connected: bool = True
    """Terminal to broker; while off prices and positions are stale and nothing is sent."""
    autotrading: bool = True
    """The AutoTrading button."""
    api_disabled: bool = False
    trade_allowed: bool = True
    """Of the account: off with the investor password."""
    expert_allowed: bool = True
    link: bool = True
    """Program to terminal; while off every call fails with -10004."""
    login_refused: bool = False
    positions_fail: int = 0
    """How many of the next `positions_get` are errors; -1 for all."""
    deals_fail: int = 0
    """The same for the deals."""
    rates_fail: int = 0
    """The same for bars, as while a terminal loads history."""
    history_lag_s: float = 0.0
    """How much later than it happened a deal is told."""
    partial_share: float = 1.0
    """Share of each market order that fills."""
    placed_s: float = 0.0
    """A market order is accepted first and executed this much later."""
    slippage: int = 0
    """Points every fill is worse."""
    clock_offset_s: float = 0.0
    """Added to the server's time."""
    comments: str = "keep"
    """`keep`, `blank` or `rewrite`: what the broker does to a position's comment."""
    swap_reopen: bool = False
    """Positions get another ticket at every rollover."""
    stale: set[str] = field(default_factory=set)
    """Symbols whose ticks stand still; `*` for all."""
    halted: set[str] = field(default_factory=set)
    """Symbols that do not trade now; `*` for all."""
    stale_since: float = 0.0

    def use(self, name: str) -> bool:
        """Whether the next call of a counted fault fails."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left != 0
