"""Draws the market: one factor, jumps that hit every name at once, implied volatility beside it.

Between jumps ln M is a Brownian motion with drift; jumps arrive as a Poisson process. The log of
the market's implied volatility reverts to the regime's level (Ornstein-Uhlenbeck), its noise tied
to that of the market by the regime's spot-IV correlation; a jump adds its spike, which decays at
the same speed. Steps are days, and each is exact: over h years, with k the speed of reversion,

    corr(dW, dX) = rho · (1 - e^{-kh})/k / √(h · (1 - e^{-2kh})/(2k)).

The numbers depend on the seed, the regime and the horizon, and for a name's own noise on its
symbol: never on what else is held. Two books are therefore compared on the same paths, and the
difference a hedge makes is no accident of the draw. Each chunk of paths can be drawn again alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from hedgetui.domain.errors import UsageError
from hedgetui.domain.stress.book import FloatArray, StressBook, Underlying
from hedgetui.domain.stress.regimes import MarketRegime
from hedgetui.domain.units import DAYS_PER_YEAR

CHUNK = 1_000
"""Paths in one chunk; part of the figures, since it decides who draws which number."""
MOST_PATHS = 1_000_000
MOST_YEARS = 5.0

REVERSION = 4.0
"""Speed at which the log of implied volatility reverts, a year: half of a shock in two months."""
VOL_OF_VOL = 1.0
"""Annual volatility of the log of implied volatility; with that speed ±35 % in the long run."""

_INSTANT = 1e-9
"""Years that are no time at all."""


@dataclass(frozen=True, slots=True)
class StressSettings:
    """What to simulate."""

    regime: MarketRegime
    paths: int = 10_000
    horizon: float = 0.5
    """Years."""
    seed: int = 1
    iv_now: float | None = None
    """Implied volatility of the index today (VIX/100); the regime's level if unknown."""
    rate: float = 0.0
    """Continuously compounded; carries forwards and discounts options."""

    def __post_init__(self) -> None:
        if not 1 <= self.paths <= MOST_PATHS:
            raise UsageError(f"{self.paths} paths are not 1 to {MOST_PATHS:,}")
        if not 0 < self.horizon <= MOST_YEARS:
            raise UsageError(f"a horizon of {self.horizon} years is not within {MOST_YEARS:g}")
        if self.iv_now is not None and not 0.01 <= self.iv_now <= 5:
            raise UsageError(f"a volatility of {self.iv_now:.0%} today is none")
        if not abs(self.rate) <= 0.5:
            raise UsageError(f"an interest rate of {self.rate:.0%} is none")
        if self.seed < 0:
            raise UsageError(f"the seed must not be negative: {self.seed}")

    @property
    def chunks(self) -> int:
        """How many chunks the paths make."""
        return -(-self.paths // CHUNK)

    def chunk_size(self, chunk: int) -> int:
        """Return the number of paths in a chunk."""
        return min(CHUNK, self.paths - chunk * CHUNK)


@dataclass(frozen=True, slots=True)
class Market:
    """All paths of a chunk at one time."""

    years: float
    market: FloatArray
    """Level of the market, 1 at the start, shape (paths,)."""
    iv_ratio: FloatArray
    """Implied volatility against today's, shape (paths,)."""
    spots: FloatArray
    """Shape (underlyings, paths)."""

    def only(self, columns: FloatArray | np.ndarray) -> Market:
        """Return some of the paths."""
        return Market(
            self.years, self.market[columns], self.iv_ratio[columns], self.spots[:, columns]
        )


def walk(
    book: StressBook, settings: StressSettings, times: Sequence[float], chunk: int
) -> Iterator[Market]:
    """Yield the paths of a chunk at each of `times`.

    Args:
        book: whose underlyings move.
        settings: how.
        times: years from now, rising, the horizon last; each is seen at the end of its day.
        chunk: number of the chunk.
    """
    names, regime = book.underlyings, settings.regime
    beta = np.array([one.beta for one in names])[:, None]
    iv_beta = np.array([one.iv_beta for one in names])[:, None]
    noise = np.array([one.noise(regime.vol) for one in names])[:, None]
    # Each name keeps the expectation its beta promises: e^{beta·drift·t} but for jumps.
    bend = beta * (1 - beta) * regime.vol**2 / 2 - noise**2 / 2
    own = _Noises(names, settings, chunk)
    wanted = iter(times)
    awaited = next(wanted, math.inf)
    for years, market, ratio in _factor(settings, chunk):
        while awaited <= years + _INSTANT:
            moved = beta * market + bend * years + noise * own.at(years) + iv_beta * np.log(ratio)
            yield Market(awaited, np.exp(market), ratio, book.spots[:, None] * np.exp(moved))
            awaited = next(wanted, math.inf)


def _factor(settings: StressSettings, chunk: int) -> Iterator[tuple[float, FloatArray, FloatArray]]:
    """Yield time, log of the market and implied volatility against today's, day by day."""
    rng = np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=(chunk,)))
    size, regime = settings.chunk_size(chunk), settings.regime
    jumps = _Jumps(rng, settings, size)
    iv = _ImpliedVol(settings, size)
    market = np.zeros(size)
    whole = math.ceil(settings.horizon * DAYS_PER_YEAR - _INSTANT) - 1
    before = 0.0
    for years in (*(day / DAYS_PER_YEAR for day in range(1, whole + 1)), settings.horizon):
        step = years - before
        shock, fresh = rng.standard_normal((2, size))
        landed, spikes = jumps.between(before, years)
        market = market + (regime.drift - regime.vol**2 / 2) * step
        market += regime.vol * math.sqrt(step) * shock
        market += math.log1p(regime.jump_size) * landed
        yield years, market, iv.move(step, shock, fresh, spikes)
        before = years


class _Noises:
    """What each name does by itself: a Brownian motion from a stream of its own.

    The value at the horizon is drawn first and the way to it as a bridge, so that an expiry on the
    way moves nothing at the end.
    """

    def __init__(self, names: Sequence[Underlying], settings: StressSettings, chunk: int) -> None:
        self._size, self._horizon = settings.chunk_size(chunk), settings.horizon
        self._streams = [
            (row, _stream(settings.seed, chunk, one.symbol))
            for row, one in enumerate(names)
            if one.noise(settings.regime.vol)
        ]
        self._end = np.zeros((len(names), self._size))
        self._draw(self._end, math.sqrt(self._horizon))
        self._now, self._years = np.zeros_like(self._end), 0.0

    def at(self, years: float) -> FloatArray:
        """Move on to `years` and return each name's motion there, shape (names, paths)."""
        ahead, left = years - self._years, self._horizon - self._years
        if years >= self._horizon - _INSTANT:
            return self._end
        if ahead > _INSTANT:
            bridge = self._now + ahead / left * (self._end - self._now)
            self._draw(bridge, math.sqrt(ahead * (left - ahead) / left))
            self._now, self._years = bridge, years
        return self._now

    def _draw(self, onto: FloatArray, deviation: float) -> None:
        for row, rng in self._streams:
            onto[row] += deviation * rng.standard_normal(self._size)


def _stream(seed: int, chunk: int, symbol: str) -> np.random.Generator:
    key = (chunk, crc32(symbol.encode()))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


class _Jumps:
    """When the market jumps on each path of a chunk."""

    def __init__(self, rng: np.random.Generator, settings: StressSettings, size: int) -> None:
        regime = settings.regime
        self._spike = regime.iv_spike
        count = rng.poisson(regime.jump_rate * settings.horizon, size)
        self._times = rng.random((int(count.max()), size)) * settings.horizon
        self._times[np.arange(len(self._times))[:, None] >= count] = math.inf
        self._none = np.zeros(size)

    def between(self, before: float, years: float) -> tuple[FloatArray, FloatArray]:
        """Return the jumps of each path in (before, years], and what is left of their spikes."""
        here = (self._times > before) & (self._times <= years)
        if not here.any():
            return self._none, self._none
        age = np.where(here, years - self._times, math.inf)
        return here.sum(axis=0).astype(np.float64), self._spike * np.exp(-REVERSION * age).sum(0)


class _ImpliedVol:
    """The market's implied volatility along a chunk of paths."""

    def __init__(self, settings: StressSettings, size: int) -> None:
        self._regime = settings.regime
        self._now = settings.iv_now or settings.regime.iv_level
        self._log = np.full(size, math.log(self._now))
        self._spike = np.zeros(size)

    def move(
        self, step: float, shock: FloatArray, fresh: FloatArray, spikes: FloatArray
    ) -> FloatArray:
        """Move on by `step` years and return implied volatility against today's."""
        level = math.log(self._regime.iv_level)
        keep = math.exp(-REVERSION * step)
        deviation = math.sqrt((1 - keep * keep) / (2 * REVERSION))
        tie = self._regime.spot_iv * (1 - keep) / REVERSION / (math.sqrt(step) * deviation)
        noise = tie * shock + math.sqrt(1 - tie * tie) * fresh
        self._log = level + keep * (self._log - level) + VOL_OF_VOL * deviation * noise
        self._spike = keep * self._spike + spikes
        return np.asarray((np.exp(self._log) + self._spike) / self._now)
