"""The simulated S&P 500: one path, decided by its seed and its tick grid and by nothing else.

Studies compare two ways to trade one market, so the market must not know that it is traded: neither
orders nor the number of questions move it. It advances internally from tick to tick, and the random
numbers of a tick are found by its index, so a market resumed from a `MarketState` walks on exactly
as the interrupted one would have.

`Market` keeps what every market has (sessions, halts, the circuit breaker, carry); where the level
goes next is a `PricePath`, how options are priced around it is a `Smile`. `seeded_market` joins the
synthetic pair; `recorded` holds the pairs that replay data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.balance.regime import Regime
from hedgetui.domain.instruments import XSP, OptionRoot
from hedgetui.domain.units import IndexPoints, Timestamp
from hedgetui.simulation.price_path import (
    PathEnded,
    PathParameters,
    PathPoint,
    PricePath,
    SeededPath,
)
from hedgetui.simulation.sessions import (
    Session,
    futures_close,
    session_at,
    variance_share_per_second,
)
from hedgetui.simulation.smile import YEAR_S, Listing, Smile, SurfaceSmile
from hedgetui.simulation.volatility import Floats

FOREVER = 253_402_300_799.0
"""The last second of the year 9999: a halt without end that JSON can still spell."""

BREAKER_FALL = 0.07
"""Fall from the last daily break that halts every venue of the index (level 1 of the breaker)."""
BREAKER_SECONDS = 900.0
BREAKER_REASON = "circuit breaker: S&P 500 down 7 %"


@dataclass(frozen=True, slots=True)
class Halt:
    """A scripted halt of every venue of the index; grains trade on."""

    at_s: float
    for_s: float
    reason: str = "trading halted"


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """What does not depend on the path: carry, halts and how wide options are quoted."""

    rate: float = 0.042
    """Continuously compounded, per year; discounts options and carries futures."""
    dividend_yield: float = 0.013
    halts: tuple[Halt, ...] = ()
    spread_factor: float = 1.0
    """Width of option quotes against a calm day's."""
    regime: Regime = Regime.DEFAULT
    """What the daily closes before the start show; `DEFAULT` leaves it to chance."""


@dataclass(frozen=True, slots=True)
class MarketState:
    """Everything needed to walk on; times are seconds since the epoch."""

    start: float
    tick: int
    level: float
    spot_vol: float
    reference: float
    """Level at the last daily break, from which the circuit breaker measures."""
    halted_until: float = 0.0
    halt_reason: str = ""
    tripped: bool = False


@dataclass(frozen=True, slots=True)
class Venue:
    """Whether orders trade now."""

    open: bool
    reason: str
    until: Timestamp


class Market:
    """The level, the sessions and the prices of volatility at one moment, tick by tick."""

    def __init__(
        self,
        path: PricePath,
        smile: Smile,
        *,
        start: Timestamp,
        tick_s: float = 1.0,
        terms: MarketTerms | None = None,
        root: OptionRoot = XSP,
    ) -> None:
        """Stand at `start`, before the first tick; `root` is the option class of this market."""
        if tick_s <= 0:
            raise ValueError(f"tick_s must be positive, not {tick_s}")
        self.tick_s = tick_s
        self.terms = terms or MarketTerms()
        self.root = root
        self._path = path
        self._smile = smile
        first = path.first
        self._state = MarketState(start, 0, first.level, first.spot_vol, first.level)
        self._session = session_at(start)
        self._futures_close = futures_close(self._session)

    @property
    def start(self) -> Timestamp:
        """The moment of tick 0."""
        return Timestamp(self._state.start)

    @property
    def first_level(self) -> float:
        """The S&P 500 at tick 0."""
        return self._path.first.level

    @property
    def closed_level(self) -> float:
        """The S&P 500 at the last daily break; before the first one, at tick 0."""
        return self._state.reference

    @property
    def at(self) -> Timestamp:
        """The moment of the newest tick."""
        return self._moment(self._state.tick)

    @property
    def next_tick_at(self) -> Timestamp:
        """The moment of the tick to come."""
        return self._moment(self._state.tick + 1)

    @property
    def level(self) -> IndexPoints:
        """The S&P 500, to the cent as it is published."""
        return IndexPoints(round(self._state.level, 2))

    @property
    def iv30(self) -> float:
        """At-the-money implied volatility of 30 days."""
        return self._smile.iv30(self._point(), self.at)

    @property
    def listing(self) -> Listing | None:
        """What a recording lists now; None for the usual grid."""
        return self._smile.listing(self.at)

    @property
    def session(self) -> Session:
        """The session of the newest tick."""
        if not self._session.covers(self.at):
            self._session = session_at(self.at)
            self._futures_close = futures_close(self._session)
        return self._session

    @property
    def halted(self) -> bool:
        """Whether a halt stops every venue of the index."""
        return self.at < self._state.halted_until

    @property
    def options_open(self) -> bool:
        """Whether options trade."""
        return self.session.options_open and not self.halted

    def venue(self) -> Venue:
        """Return whether the futures trade, why not, and when that may change."""
        session = self.session
        if not session.futures_open:
            return Venue(open=False, reason=session.reason, until=session.until)
        if self.halted:
            until = Timestamp(min(self._state.halted_until, self._futures_close))
            return Venue(open=False, reason=self._state.halt_reason, until=until)
        return Venue(open=True, reason="", until=self._futures_close)

    def forward(self, expires_at: Timestamp) -> float:
        """Return the S&P 500 forward in index points: the level carried to a moment."""
        years = max(0.0, expires_at - self.at) / YEAR_S
        return self.level * math.exp((self.terms.rate - self.terms.dividend_yield) * years)

    def sigma(self, strikes: NDArray[np.float64], expires_at: NDArray[np.float64]) -> Floats:
        """Return the volatility of each (strike in S&P 500 points, expiry in epoch seconds)."""
        return self._smile.sigma(self._point(), self.at, strikes, expires_at)

    def state(self) -> MarketState:
        """Return everything needed to walk on from here."""
        return self._state

    def resume(self, state: MarketState) -> None:
        """Stand where another market of the same path stood."""
        self._state = state
        self._session = session_at(self.at)
        self._futures_close = futures_close(self._session)

    def step(self, now: Timestamp) -> None:
        """Advance to the newest tick at or before `now`; never goes back."""
        target = math.floor((now - self._state.start) / self.tick_s + 1e-9)
        while self._state.tick < target:
            session = self.session
            if not session.futures_open:
                self._sleep_until(session.until, target)
                continue
            self._advance(session)

    def _moment(self, tick: int) -> Timestamp:
        return Timestamp(round(self._state.start + tick * self.tick_s, 6))

    def _point(self) -> PathPoint:
        return PathPoint(self._state.level, self._state.spot_vol)

    def _sleep_until(self, moment: Timestamp, target: int) -> None:
        """Pass a closed market in one stride: nothing moves, and the breaker starts anew."""
        waking = math.ceil((moment - self._state.start) / self.tick_s - 1e-9)
        self._state = replace(
            self._state,
            tick=min(target, max(waking, self._state.tick + 1)),
            reference=self._state.level,
            tripped=False,
        )

    def _advance(self, session: Session) -> None:
        now = self._moment(self._state.tick)
        state = self._with_halts(self._state, now)
        tick = state.tick + 1
        if now < state.halted_until:
            self._state = replace(state, tick=tick)
            return
        share = self.tick_s * variance_share_per_second(now - session.midnight)
        try:
            point = self._path.after(self._point(), tick, self.tick_s, share)
        except PathEnded as ended:
            self._state = replace(state, tick=tick, halted_until=FOREVER, halt_reason=str(ended))
            return
        state = replace(state, tick=tick, level=point.level, spot_vol=point.spot_vol)
        if not state.tripped and point.level < state.reference * (1.0 - BREAKER_FALL):
            until = self._moment(tick) + BREAKER_SECONDS
            state = replace(state, halted_until=until, halt_reason=BREAKER_REASON, tripped=True)
        self._state = state

    def _with_halts(self, state: MarketState, now: Timestamp) -> MarketState:
        elapsed = now - state.start
        for halt in self.terms.halts:
            end = state.start + halt.at_s + halt.for_s
            if halt.at_s <= elapsed and now < end and state.halted_until < end:
                return replace(state, halted_until=end, halt_reason=halt.reason)
        return state


def seeded_market(
    seed: int,
    *,
    start: Timestamp,
    tick_s: float = 1.0,
    parameters: PathParameters | None = None,
    terms: MarketTerms | None = None,
) -> Market:
    """Return the synthetic market of a seed: equal arguments, equal path."""
    chosen = parameters or PathParameters()
    conditions = terms or MarketTerms()
    carry = conditions.rate - conditions.dividend_yield
    smile = SurfaceSmile(chosen.volatility.mean, carry)
    return Market(SeededPath(seed, chosen), smile, start=start, tick_s=tick_s, terms=conditions)
