"""The desk as its front ends see it: commands down, plain snapshots up.

`ui` and `console` know this module and never the engine. Everything here is a frozen record of
plain values that serialises to JSON, so the engine can live in another process behind a socket
without a change in a widget. Numbers a person must not see as zero when they are not known are
optional.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from hedgetui.domain.commands import Command
from hedgetui.domain.orders import IntentState
from hedgetui.domain.units import Timestamp
from hedgetui.ports import balance as portfolio
from hedgetui.ports import dtms, tails
from hedgetui.ports.journal import LogRecord, Sample


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a pre-flight or a preview: what must hold, whether it does, and why."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent, in the words and numbers of the dialog."""

    preview_id: str
    kind: str
    """What it is about, as `hedge`, `enter`, `flatten`, `tail` or `ticket`; begins the id too."""
    title: str
    """`HEDGE NOW: SELL 2 MES 202512 @ MKT`."""
    lines: tuple[tuple[str, str], ...]
    """(label, text) pairs: position, Δ now, Δ after, maths, cost, proof."""
    checks: tuple[Check, ...]
    orders: tuple[str, ...]
    """The exact orders, as `OrderDraft.describe`."""
    sendable: bool
    expires_at: Timestamp
    ask_typed: str = ""
    """Text that must be typed before it may be sent; empty when `y` is enough."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a command. A refusal is an answer, not an exception."""

    ok: bool
    code: str
    """`done`, `preview`, `nothing-to-do`, a risk gate's stable code, or an error's."""
    message: str
    hint: str = ""
    preview: Preview | None = None


@dataclass(frozen=True, slots=True)
class StatusView:
    """The status row."""

    mode: str
    """`SIM`, `PAPER` or `LIVE`, from the account the broker reports."""
    account: str
    link: str
    """A `LinkState` value."""
    link_reason: str
    latency_ms: float | None
    now: Timestamp
    session: str
    """`RTH`, `GLOBEX`, `CLOSED` or `HALT`."""
    venue_reason: str
    armed: bool
    auto: bool
    enabled: bool
    latches: tuple[str, ...]
    """Reasons of latches that are on; empty when none."""
    unknown_orders: int
    working_orders: int
    net_pnl: float | None
    log_failed: str = ""


@dataclass(frozen=True, slots=True)
class BookView:
    """Delta of the whole book and what follows from it."""

    option_delta: float | None
    """Δ$ of the options; None when a leg has no usable greeks."""
    share_delta: float | None
    gamma: float | None
    vega: float | None
    theta: float | None
    hedge_contracts: int
    hedge_working: int
    net_delta: float | None
    target: float
    band: float
    theory_band: float | None
    """What the cost-aware rule asks for, when one is chosen."""
    preset: str
    level: str
    """`green`, `yellow`, `red` or `unknown`."""
    order: str
    """`BUY 2 MES`, or empty when nothing is to be sent."""
    blocked: str
    """Why auto may not act, in words; empty when it may."""
    greeks_age_s: float | None
    estimated: bool
    """Some greeks are our own model's (shown with ≈)."""
    hedge_month: str
    """`MES 202512`, or empty while unknown."""
    hedge_bid: float | None
    hedge_ask: float | None
    hedge_age_s: float | None
    index_level: float | None
    last_hedge_at: Timestamp | None
    ladder: str
    """`SELL 1 @ 5372.25 · BUY 1 @ 5318.50`, or empty."""
    proof: str
    """`+1 pt: options +7.70, hedge -10.00, net -2.30`, or empty."""
    roll_note: str = ""
    """Set when the held month must be rolled."""


@dataclass(frozen=True, slots=True)
class StrangleView:
    """One row of the positions table."""

    trade_id: str
    label: str
    """`XSP 530P/540C 19Dec`."""
    state: str
    quantity: int
    dte: int
    cost: float
    """Dollars paid for the legs filled so far."""
    pnl: float | None
    """Net of hedge share and commissions."""
    pnl_options: float | None
    pnl_hedge: float | None
    fees: float
    option_delta: float | None
    share_delta: float | None
    net_delta: float | None
    hedge_contracts: int
    gamma: float | None
    vega: float | None
    theta: float | None
    iv: float | None
    put_strike: float
    call_strike: float
    greeks_age_s: float | None
    estimated: bool
    note: str = ""
    """`one leg`, `greeks stale 23 s XSP 540C`, …"""


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One row of the scanner; strikes, delta and prices in the option's own points."""

    number: int
    label: str
    expiry: str
    """ISO date."""
    dte: int
    iv_rank: float | None
    iv_label: str
    put_strike: float
    put_iv: float
    put_delta: float
    call_strike: float
    call_iv: float
    call_delta: float
    width_pct: float
    cost: float
    """Dollars for one strangle at the ask."""
    vega: float
    theta: float
    vega_per_theta: float | None
    break_even_low: float
    break_even_high: float
    entry_delta: float
    spread_pct: float


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order of this session or still alive."""

    number: int
    at: Timestamp
    text: str
    state: str
    filled: int
    quantity: int
    purpose: str
    client_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class PayoffView:
    """The payoff chart: profit in dollars over index levels, all tuples of one length."""

    levels: tuple[float, ...] = ()
    at_expiry: tuple[float, ...] = ()
    now: tuple[float, ...] = ()
    hedged: tuple[float, ...] = ()
    strikes: tuple[float, ...] = ()
    """In index points."""
    break_evens: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthView:
    """Link, data, store and engine, for a person who asks whether all is well.

    Times are the desk's. What is not known is None, an empty text or an empty tuple, never zero.
    """

    link: str = "down"
    """A `LinkState` value."""
    link_reason: str = ""
    link_since: Timestamp | None = None
    """When the link came into this state."""
    next_try_at: Timestamp | None = None
    """When connecting is tried again, while it is down."""
    reasons: tuple[str, ...] = ()
    """Why the link is degraded, as the broker's side says; empty while it is not."""
    client: str = ""
    peer: str = ""
    """`host:port`; empty for the built-in exchange."""
    server: str = ""
    client_id: int | None = None
    environment: str = ""
    """`SIM`, `PAPER` or `LIVE`."""
    account: str = ""
    session: int = 0
    """Counts connections in this process."""
    connected_at: Timestamp | None = None
    last_message_age_s: float | None = None
    latency_ms: float | None = None
    latencies_ms: tuple[float, ...] = ()
    """Round trips of the last ten minutes, oldest first."""
    reconnects: int = 0
    clock_skew_s: float | None = None
    """Broker's clock minus the desk's."""
    data_type: str = ""
    """`live`, `frozen` or `delayed`: the worst of what is watched."""
    lines_used: int = 0
    lines_budget: int = 0
    """Market-data lines; 0 where the broker counts none."""
    queued: int = 0
    """Messages that wait to be sent."""
    sent_last_second: int = 0
    farms: tuple[tuple[str, bool], ...] = ()
    """(data farm, whether it works)."""
    hints: tuple[str, ...] = ()
    """What to check at the broker."""
    synced_at: Timestamp | None = None
    """When broker truth was last read completely and compared."""
    differences: tuple[str, ...] = ()
    """`MES 202512: journal +2, broker +3`."""
    unknown_orders: int = 0
    missing: tuple[tuple[str, str], ...] = ()
    """(order as `#12`, the evidence still missing) of unknown orders."""
    journal_facts: int = 0
    journal_failed: str = ""
    log_failed: str = ""
    workers_down: tuple[str, ...] = ()
    """`hedger: why`."""
    loop_lag_ms: float | None = None
    """How late the latest minute's timers fired at worst."""


@dataclass(frozen=True, slots=True)
class DeskSnapshot:
    """Everything a front end shows, at one moment."""

    status: StatusView
    book: BookView
    strangles: tuple[StrangleView, ...]
    candidates: tuple[CandidateView, ...]
    scanned_at: Timestamp | None
    orders: tuple[OrderView, ...]
    """Newest first."""
    preflight: tuple[Check, ...]
    payoff: PayoffView
    samples: tuple[Sample, ...]
    """For the day P&L chart, oldest first, thinned to a few hundred."""
    reminders: tuple[str, ...] = ()
    health: HealthView = field(default_factory=HealthView)
    defence: dtms.DefenceView = dtms.OFF
    tails: tails.TailsView = tails.EMPTY
    balance: portfolio.BalanceView = portfolio.OFF
    stress: portfolio.StressView = portfolio.NO_STRESS

    @property
    def unknown(self) -> tuple[OrderView, ...]:
        """Orders whose fate is not known, newest first."""
        return tuple(row for row in self.orders if row.state == IntentState.UNKNOWN)

    def missing_of(self, number: int) -> str:
        """Return the evidence that an unknown order still lacks, or that nobody looked yet."""
        return dict(self.health.missing).get(f"#{number}", "not looked for yet")


@dataclass(frozen=True, slots=True)
class Update:
    """What changed since the last one a subscriber took."""

    log: tuple[LogRecord, ...] = ()
    """New log lines, all of them, in order."""
    facts: int = 0
    """Number of new facts; above zero means rows may have come or gone."""
    quotes: bool = False
    """Quotes or greeks moved (latest wins)."""


class Subscription(Protocol):
    """One front end's mailbox: lossless for facts and log, latest-wins for quotes."""

    def __aiter__(self) -> AsyncIterator[Update]:
        """Yield batches as they come; the iteration ends when the desk stops."""
        ...

    def close(self) -> None:
        """Stop receiving."""
        ...


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What front ends must know of the configuration."""

    profile: str
    presets: tuple[tuple[str, float, bool], ...] = field(default_factory=tuple)
    """(name, Δ$ band, auto allowed)."""
    first_trade_lots: int = 1


class DeskPort(Protocol):
    """A running desk."""

    @property
    def settings(self) -> DeskSettings:
        """Return the settings that front ends show."""
        ...

    async def dispatch(self, command: Command, by: str = "you") -> Outcome:
        """Judge and carry out a command; `by` is journalled."""
        ...

    def subscribe(self) -> Subscription:
        """Open a mailbox; it starts with the recent log."""
        ...

    def snapshot(self) -> DeskSnapshot:
        """Return the present state; cheap enough to call four times a second."""
        ...

    def explain(self, seq: int) -> str:
        """Return the inputs, rule and numbers behind a log line, or an empty text."""
        ...
