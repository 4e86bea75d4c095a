"""Which strangle to buy: every expiry of a chain, read, paired by delta, ranked.

A candidate pairs a put and a call of about the same delta, so that it starts nearly neutral; its
numbers are for one strangle in dollars, as it would be paid at the ask. A handful of pairs per
expiry is kept, since a table of every pair would hide the choice instead of showing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hedgetui.domain.instruments import Instrument, Right, option
from hedgetui.domain.pricing import black76
from hedgetui.domain.quotes import ChainSnapshot, VolatilityHistory
from hedgetui.domain.units import DollarsPerPoint, Timestamp
from hedgetui.domain.vega.rank import IvLabel, IvRank, iv_rank, thirty_day_vol
from hedgetui.domain.vega.surface import ExpirySurface, FloatArray, read_surfaces


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """What to look for; deltas are absolute, costs in dollars per strangle."""

    dte_min: int = 7
    dte_max: int = 60
    delta_min: float = 0.15
    delta_max: float = 0.40
    targets: tuple[float, ...] = (0.16, 0.20, 0.25, 0.30, 0.35)
    """One pair per expiry is sought near each of these deltas."""
    delta_tolerance: float = 0.05
    """How far apart the two legs' absolute deltas may be."""
    max_cost: float | None = None
    max_spread_pct: float | None = None
    """Widest spread of a leg in percent of its mid."""
    rate: float = 0.0
    """Annual interest rate for discounting; the forward comes from the quotes."""


@dataclass(frozen=True, slots=True)
class CandidateLeg:
    """One leg of a candidate; prices in points of the underlying, greeks per contract."""

    instrument: Instrument
    strike: float
    vol: float
    delta: float
    bid: float
    ask: float
    vega: float
    """Dollars per vol point, for one contract."""
    theta: float
    """Dollars per calendar day, for one contract."""

    @property
    def mid(self) -> float:
        """Middle of bid and ask."""
        return (self.bid + self.ask) / 2

    @property
    def spread_pct(self) -> float:
        """Spread in percent of the mid."""
        return 100 * (self.ask - self.bid) / self.mid


@dataclass(frozen=True, slots=True)
class Candidate:
    """A strangle one could buy; every amount is for one put and one call."""

    put: CandidateLeg
    call: CandidateLeg
    dte: int
    iv: IvRank
    forward: float
    spot: float

    @property
    def label(self) -> IvLabel:
        """Low, Medium, High or n/a."""
        return self.iv.label

    @property
    def points(self) -> float:
        """Cost at the ask, in points of the underlying."""
        return self.put.ask + self.call.ask

    @property
    def cost(self) -> float:
        """Cost at the ask, in dollars."""
        return self.points * float(self.put.instrument.multiplier)

    @property
    def vega(self) -> float:
        """Dollars per vol point."""
        return self.put.vega + self.call.vega

    @property
    def theta(self) -> float:
        """Dollars per calendar day, negative: what waiting costs."""
        return self.put.theta + self.call.theta

    @property
    def vega_per_theta(self) -> float | None:
        """Vega bought per dollar of daily decay."""
        return self.vega / -self.theta if self.theta < 0 else None

    @property
    def vega_per_dollar(self) -> float:
        """Vega bought per dollar of cost."""
        return self.vega / self.cost

    @property
    def break_evens(self) -> tuple[float, float]:
        """Levels of the underlying at expiry between which money is lost."""
        return self.put.strike - self.points, self.call.strike + self.points

    @property
    def width_pct(self) -> float:
        """Distance of the strikes in percent of spot."""
        return 100 * (self.call.strike - self.put.strike) / self.spot

    @property
    def entry_delta(self) -> DollarsPerPoint:
        """Δ$ of one strangle when entered."""
        unit = self.put.instrument.delta_per_unit
        return DollarsPerPoint((self.put.delta + self.call.delta) * unit)

    @property
    def spread_pct(self) -> float:
        """The wider of the two legs' spreads, in percent of its mid."""
        return max(self.put.spread_pct, self.call.spread_pct)


def scan(
    chain: ChainSnapshot,
    settings: ScanSettings,
    history: VolatilityHistory | None,
    now: Timestamp,
) -> tuple[Candidate, ...]:
    """Return the candidates of a chain: lowest IV rank first, then most vega per dollar."""
    surfaces = read_surfaces(chain.root, chain.expiries, chain.spot, now, rate=settings.rate)
    rank = iv_rank(history, thirty_day_vol(surfaces))
    found = [
        candidate
        for surface in surfaces
        for candidate in _candidates(chain, surface, settings, rank, now)
        if _affordable(candidate, settings)
    ]
    return tuple(sorted(found, key=_order))


def _order(candidate: Candidate) -> tuple[bool, float, float, str]:
    rank = candidate.iv.rank
    return rank is None, rank or 0.0, -candidate.vega_per_dollar, candidate.put.instrument.key


def _affordable(candidate: Candidate, settings: ScanSettings) -> bool:
    cheap = settings.max_cost is None or candidate.cost <= settings.max_cost
    limit = settings.max_spread_pct
    return cheap and (limit is None or candidate.spread_pct <= limit)


def _candidates(
    chain: ChainSnapshot,
    surface: ExpirySurface,
    settings: ScanSettings,
    rank: IvRank,
    now: Timestamp,
) -> Iterator[Candidate]:
    dte = option(chain.root, surface.expiry, 1, Right.PUT).dte(now)
    if not settings.dte_min <= dte <= settings.dte_max:
        return
    for put_at, call_at in _pairs(surface, settings):
        put = _leg(chain, surface, put_at, Right.PUT)
        call = _leg(chain, surface, call_at, Right.CALL)
        yield Candidate(put, call, dte, rank, surface.forward, surface.spot)


def _pairs(surface: ExpirySurface, settings: ScanSettings) -> tuple[tuple[int, int], ...]:
    """Return (put, call) positions of the pairs nearest each target, without repeats."""
    puts = _eligible(surface, Right.PUT, -surface.put_deltas, settings)
    calls = _eligible(surface, Right.CALL, surface.call_deltas, settings)
    if not np.isfinite(puts).any() or not np.isfinite(calls).any():
        return ()
    pairs: list[tuple[int, int]] = []
    for target in settings.targets:
        put = int(np.nanargmin(np.abs(puts - target)))
        call = int(np.nanargmin(np.abs(calls - puts[put])))
        if abs(puts[put] - calls[call]) <= settings.delta_tolerance:
            pairs.append((put, call))
    return tuple(dict.fromkeys(pairs))


def _eligible(
    surface: ExpirySurface, right: Right, deltas: FloatArray, settings: ScanSettings
) -> FloatArray:
    """Return absolute deltas where the strike is in range and quoted on both sides, else NaN."""
    bid, ask = surface.quotes.sides(right)
    quoted = (bid > 0) & (bid <= ask)
    in_range = (deltas >= settings.delta_min) & (deltas <= settings.delta_max)
    return np.where(quoted & in_range, deltas, np.nan)


def _leg(chain: ChainSnapshot, surface: ExpirySurface, at: int, right: Right) -> CandidateLeg:
    strike, vol = float(surface.quotes.strikes[at]), float(surface.vols[at])
    bid, ask = surface.quotes.sides(right)
    sign = 1 if right is Right.CALL else -1
    unit = black76.greeks_one(
        surface.forward, strike, surface.years, vol, sign,
        discount=surface.discount, spot=surface.spot,
    )  # fmt: skip
    instrument = option(chain.root, surface.expiry, strike, right)
    multiplier = float(instrument.multiplier)
    return CandidateLeg(
        instrument, strike, vol, unit.delta, float(bid[at]), float(ask[at]),
        vega=unit.vega * black76.VOL_POINT * multiplier, theta=unit.theta * multiplier,
    )  # fmt: skip
