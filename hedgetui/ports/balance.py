"""The portfolio as front ends see it: exposure, advice, basket, stress. Plain records only."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from hedgetui.domain.balance.advice import Advice
from hedgetui.domain.balance.basket import WhatIf
from hedgetui.domain.balance.counts import Counts
from hedgetui.domain.balance.dollars import Dollars
from hedgetui.domain.balance.grow import Growth
from hedgetui.domain.balance.market import Market
from hedgetui.domain.balance.positions import Book
from hedgetui.domain.balance.regime import Measured
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.recommend import Choice, Wish
from hedgetui.domain.stress.figures import Blame, Figures, Scenario
from hedgetui.domain.stress.revalue import Sensitivities
from hedgetui.domain.units import Timestamp


@dataclass(frozen=True, slots=True)
class SourceView:
    """One place that positions are read from."""

    name: str
    """`SIM DU-SIM-01`, `MT5 5021`."""
    lines: int
    read_at: Timestamp | None
    problem: str = ""
    """Why the newest reading failed; what is shown is then the one before."""


@dataclass(frozen=True, slots=True)
class UnderlyingView:
    """Everything held on one underlying."""

    symbol: str
    counts: Counts
    delta_per_pct: float | None
    """Dollars per +1 % of the index; none while something of it is not known."""
    beta: float | None
    r2: float | None
    """How surely the beta is known; shown grey under 0.5."""


@dataclass(frozen=True, slots=True)
class BasketItem:
    """A trade that is thought of and not sent."""

    number: int
    """Counts from 1."""
    title: str
    plan: TicketPlan | None
    """None while no contract and price are known for it: it counts in no figure."""
    cvar_removed: float | None = None
    """Dollars of CVaR that it alone takes off the book."""
    dollars_per_cvar: float | None = None
    """Its cost for each of them; none where it takes nothing off."""


@dataclass(frozen=True, slots=True)
class BasketView:
    """The what-if basket, and the exposure with and without it."""

    items: tuple[BasketItem, ...] = ()
    """Cheapest per dollar of CVaR first, once that is known."""
    what_if: WhatIf | None = None
    working: bool = False
    """CVaR is being worked out."""
    cost: Decimal = Decimal(0)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """The answer to a search for one contract."""

    wish: Wish
    choice: Choice
    plan: TicketPlan | None
    """What a ticket would buy; none when nothing matched."""
    at: Timestamp
    delayed: bool = False


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket that was sent."""

    ticket_id: str
    at: Timestamp
    title: str
    state: str
    """`working`, `done`, `part` (some of it is done and the rest will not follow), `failed`."""
    done: int
    steps: int
    why: str


@dataclass(frozen=True, slots=True)
class BalanceView:
    """The portfolio at one moment. `on` is false for a desk that reads none."""

    on: bool = False
    reading: bool = False
    """A reading is under way."""
    sources: tuple[SourceView, ...] = ()
    book: Book = field(default_factory=Book)
    """All sources together."""
    market: Market | None = None
    """Spots, betas, VIX; none before the first reading."""
    nav: float | None = None
    counts: Counts = field(default_factory=Counts)
    dollars: Dollars | None = None
    warning: str = ""
    """`⚠ count says BALANCED, dollars say NET SHORT`, or empty."""
    underlyings: tuple[UnderlyingView, ...] = ()
    """Heaviest first, then by name."""
    budget: Decimal = Decimal(0)
    most: int = 0
    advice: tuple[Advice, ...] = ()
    plans: tuple[TicketPlan | None, ...] = ()
    """For each advice what a ticket would send now; none where the row cannot be sent."""
    growth: tuple[Growth, ...] = ()
    growth_plans: tuple[TicketPlan | None, ...] = ()
    regime: Measured | None = None
    choice: ChoiceView | None = None
    basket: BasketView = field(default_factory=BasketView)
    tickets: tuple[TicketView, ...] = ()
    """Newest first."""
    betas_at: Timestamp | None = None
    """When betas were measured last."""


@dataclass(frozen=True, slots=True)
class StressAsked:
    """What a stress test is asked for."""

    regime: str = "ALL"
    paths: int = 10_000
    months: float = 6.0
    seed: int = 1
    basket: bool = False
    """Whether the trades of the basket count as held."""


@dataclass(frozen=True, slots=True)
class StressView:
    """The newest stress test, and the one under way."""

    on: bool = False
    state: str = "idle"
    """`idle`, `running`, `done`, `stopped` or `failed`."""
    asked: StressAsked = field(default_factory=StressAsked)
    """Of the figures below; while one runs, of that one."""
    done: int = 0
    """Paths finished."""
    problem: str = ""
    finished_at: Timestamp | None = None
    took_s: float | None = None
    stale: bool = False
    """The book has changed since."""
    positions: int = 0
    figures: Figures | None = None
    risk: Sensitivities | None = None
    blame: tuple[Blame, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    edges: tuple[float, ...] = ()
    """Of the histogram, dollars; one more than `bins`."""
    bins: tuple[int, ...] = ()
    """Paths in each bin."""
    prices: tuple[float, ...] = ()
    ivs: tuple[float, ...] = ()
    days: tuple[float, ...] = ()
    grid: tuple[tuple[tuple[float, ...], ...], ...] = ()
    """P&L by day, price move and move of implied volatility."""
    left_out: tuple[str, ...] = ()
    """`GLDM: no price`: lines that are not in the figures."""
    notes: tuple[str, ...] = ()
    """Assumptions made."""


OFF = BalanceView()
NO_STRESS = StressView()
