"""Named worlds to trade in: a market, what breaks in it, and a trader who follows a plan.

A scenario is data, so that the same few seconds can be shown to a person, run without a screen and
replayed in a test. The trader's plan is a list of steps in order of time; it knows nothing of the
engine that will carry them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from difflib import get_close_matches
from random import Random
from typing import Literal

from hedgetui.domain.balance.regime import Regime
from hedgetui.domain.errors import UsageError
from hedgetui.simulation.account import OPENING_CASH
from hedgetui.simulation.faults import Faults, Interval, repeated
from hedgetui.simulation.market import MarketTerms
from hedgetui.simulation.matching import FillModel
from hedgetui.simulation.price_path import Move, PathParameters
from hedgetui.simulation.streams import stream
from hedgetui.simulation.volatility import VolatilityDynamics

Action = Literal["enable", "auto", "enter", "close_oldest", "hedge", "halt"]

_HOUR_S = 3_600.0
_DAY_REPEATS = 48
_APART = 7
"""Scanner rows between two entries: neighbours share legs, and one leg takes one order."""


@dataclass(frozen=True, slots=True)
class TraderStep:
    """One thing the trader does."""

    at_seconds: float
    """Simulated seconds after the start."""
    action: Action
    argument: str = ""
    """`on` or `off` for switches, `ROWxLOTS` for an entry (scanner row from 1), else empty."""


@dataclass(frozen=True, slots=True)
class TraderPlan:
    """When the trader enters and how long a trade is held, in simulated seconds."""

    entries: tuple[float, ...] = ()
    """Fixed entries, on top of the regular ones."""
    every_s: float | None = None
    """About how often a regular entry comes; None for never."""
    first_s: float = 60.0
    hold_s: float = 4_500.0
    jitter: float = 0.2
    """Random share by which regular times are shortened or lengthened."""
    most_open: int = 3
    rows: int = 20
    """Entries pick among the scanner's first so many rows, each time another expiry."""
    lots: int = 8
    """Strangles per entry: enough that a normal day moves the book across a band of ±10 $/pt."""

    def steps(self, random: Random, duration_s: float) -> Iterator[TraderStep]:
        """Yield the steps of a session of `duration_s`, in order of time."""
        yield TraderStep(0.2, "enable", "on")
        yield TraderStep(0.4, "auto", "on")
        closes: list[float] = []
        entered = random.randrange(self.rows)
        for moment in sorted([*self.entries, *self._regular(random, duration_s)]):
            due = [close for close in closes if close <= moment]
            yield from self._closing(due, duration_s)
            closes = [close for close in closes if close > moment]
            if len(closes) < self.most_open and moment < duration_s:
                row = 1 + (entered * _APART) % self.rows
                entered += 1
                yield TraderStep(round(moment, 3), "enter", f"{row}x{self.lots}")
                closes = sorted([*closes, moment + self._about(random, self.hold_s)])
        yield from self._closing(closes, duration_s)

    def _regular(self, random: Random, duration_s: float) -> Iterator[float]:
        if self.every_s is None:
            return
        moment = self.first_s
        while moment < duration_s:
            yield moment
            moment += self._about(random, self.every_s)

    def _about(self, random: Random, seconds: float) -> float:
        return seconds * random.uniform(1.0 - self.jitter, 1.0 + self.jitter)

    @staticmethod
    def _closing(moments: list[float], duration_s: float) -> Iterator[TraderStep]:
        for moment in moments:
            if moment < duration_s:
                yield TraderStep(round(moment, 3), "close_oldest")


_SOON = TraderPlan(entries=(1.0, 4.0, 9.0), hold_s=5_400.0, lots=10)
_PATIENT = TraderPlan(every_s=2_400.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One world."""

    name: str
    title: str
    path: PathParameters = field(default_factory=PathParameters)
    terms: MarketTerms = field(default_factory=MarketTerms)
    faults: Faults = field(default_factory=Faults)
    fills: FillModel = field(default_factory=FillModel)
    trader: TraderPlan = _PATIENT
    cash_every_s: int | None = None
    """About how often a farmer brings grain to the hedge accounts; None for no elevator."""
    opening_cash: Decimal = OPENING_CASH
    """Dollars in the account when its state begins."""

    def steps(self, seed: int, duration_s: float) -> tuple[TraderStep, ...]:
        """Return what the trader does in a session of `duration_s`; equal seeds, equal steps."""
        return tuple(self.trader.steps(stream(seed, "trader", self.name), duration_s))


def _swings(period_s: float, log_return: float, count: int) -> tuple[Move, ...]:
    """Return `count` moves that go back and forth between two levels."""
    up = Move(0.0, period_s, log_return)
    return tuple(
        replace(up, at_s=n * period_s, log_return=log_return if n % 2 == 0 else -log_return)
        for n in range(count)
    )


_GENTLE = PathParameters(spot_vol=0.13, jumps_per_day=0.0)

_SCENARIOS = (
    Scenario(
        "demo",
        "A living book within seconds: a gentle market that drifts enough to hedge",
        path=replace(_GENTLE, moves=_swings(180.0, 0.0025, 480)),
        terms=MarketTerms(regime=Regime.GOLDILOCKS),
        fills=FillModel(passive_rate=4.0),
        trader=_SOON,
        cash_every_s=600,
    ),
    Scenario(
        "calm",
        "A quiet day: little to hedge, time passes",
        path=replace(_GENTLE, spot_vol=0.10, volatility=VolatilityDynamics(mean=0.11)),
        terms=MarketTerms(regime=Regime.GOLDILOCKS),
    ),
    Scenario(
        "trend",
        "A steady climb of 2 % over six hours: the call side takes over",
        path=replace(_GENTLE, moves=(Move(300.0, 6 * _HOUR_S, 0.02, -0.10),)),
        terms=MarketTerms(regime=Regime.INFLATIONARY),
        trader=_SOON,
    ),
    Scenario(
        "whipsaw",
        "Half a percent up and down every fifteen minutes: the cost of hedging too often",
        path=replace(_GENTLE, moves=_swings(900.0, 0.005, 96)),
        trader=_SOON,
    ),
    Scenario(
        "crash",
        "Down 9 % in forty minutes: volatility doubles, the breaker halts the market",
        path=PathParameters(
            moves=(Move(300.0, 2_400.0, -0.095, 0.8), Move(6_000.0, 5_400.0, 0.03, -0.2))
        ),
        terms=MarketTerms(spread_factor=3.0, regime=Regime.DISINFLATIONARY),
        trader=_SOON,
    ),
    Scenario(
        "iv-expansion",
        "Volatility rises by half while the index stands still: long vega pays",
        path=replace(_GENTLE, moves=(Move(300.0, 3_600.0, 0.0, 0.4),)),
        terms=MarketTerms(regime=Regime.STAGFLATION),
        trader=_SOON,
    ),
    Scenario(
        "partial-fills",
        "Orders fill in pieces, some are refused, some come with a code that means nothing",
        faults=Faults(reject_rate=0.05, information_rate=0.2, duplicate_rate=0.1),
        fills=FillModel(partial_rate=0.7),
        trader=replace(_PATIENT, every_s=1_200.0, hold_s=2_400.0),
    ),
    Scenario(
        "stale-greeks",
        "The broker's greeks fall silent for minutes, twice the quotes as well",
        faults=Faults(
            greeks_silent=repeated(60.0, 600.0, 120.0, _DAY_REPEATS, "no greeks"),
            quotes_silent=repeated(900.0, 7_200.0, 45.0, 12, "no quotes"),
        ),
        trader=_SOON,
    ),
    Scenario(
        "disconnects",
        "The link drops every half hour with orders under way; answers are lost",
        faults=Faults(
            outages=(
                Interval(90.0, 12.0, "connection reset"),
                *repeated(1_500.0, 1_800.0, 40.0, _DAY_REPEATS, "gateway restart"),
            ),
            lost_rate=0.02,
            duplicate_rate=0.05,
        ),
        trader=replace(_PATIENT, entries=(1.0, 89.5)),
    ),
    Scenario(
        "constant-delta",
        "The broker reports the same deltas for ever, Δ$ +12 for four lots: one hedge, not many",
        path=PathParameters(spot_vol=1e-6, jumps_per_day=0.0),
        faults=Faults(stuck_deltas=(-0.15, 0.45)),
        trader=TraderPlan(entries=(1.0,), hold_s=_DAY_REPEATS * _HOUR_S, lots=4),
    ),
    Scenario(
        "trader",
        "A working day: an entry about every forty minutes, held for about seventy-five",
    ),
    Scenario(
        "dtms-day",
        "A scripted day on MT5: a trade through every state and back; nobody trades strangles",
        path=_GENTLE,
        trader=TraderPlan(),
    ),
    Scenario(
        "elevator",
        "A grain elevator in harvest: farmers sell corn, wheat and soybeans all day",
        path=_GENTLE,
        fills=FillModel(partial_rate=0.3),
        trader=TraderPlan(entries=(30.0,), hold_s=3 * _HOUR_S, lots=4),
        cash_every_s=90,
        opening_cash=20 * OPENING_CASH,
    ),
)

SCENARIOS = {scenario.name: scenario for scenario in _SCENARIOS}
"""Every built-in scenario by name."""


def scenario(name: str) -> Scenario:
    """Return a built-in scenario.

    Raises:
        UsageError: there is none of that name; the hint names the nearest.
    """
    if name in SCENARIOS:
        return SCENARIOS[name]
    near = get_close_matches(name, SCENARIOS, n=3, cutoff=0.4) or sorted(SCENARIOS)
    raise UsageError(f"unknown scenario {name!r}", hint=f"did you mean {', '.join(near)}?")
