"""Where the simulated index goes next: the contract of a path, and the synthetic one.

The random numbers of a tick are found by its index, never by how often anybody asked, so one seed
and one tick grid make one path for ever, also when it is resumed in the middle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from hedgetui.simulation.volatility import VolatilityDynamics

TRADING_DAYS_PER_YEAR = 252.0

_BLOCK = 1024
_DRAWS = 4
_MARKET_STREAM = 1


@dataclass(frozen=True, slots=True)
class PathPoint:
    """Where the market stands."""

    level: float
    spot_vol: float


class PricePath(Protocol):
    """Where the level goes."""

    @property
    def first(self) -> PathPoint:
        """Where the path starts."""
        ...

    def after(self, point: PathPoint, tick: int, tick_s: float, day_share: float) -> PathPoint:
        """Return the next point: tick number `tick`, which holds `day_share` of a day's variance.

        Raises:
            PathEnded: the recording has no more.
        """
        ...


class PathEnded(Exception):  # noqa: N818 - the state is named
    """A recorded path is over."""


@dataclass(frozen=True, slots=True)
class Move:
    """A scripted push: `log_return` and `log_vol` spread evenly over a while of open market."""

    at_s: float
    """Seconds after the market's start."""
    for_s: float
    log_return: float = 0.0
    log_vol: float = 0.0

    def part(self, begin_s: float, end_s: float) -> float:
        """Return the share of the move that falls between two moments."""
        overlap = min(end_s, self.at_s + self.for_s) - max(begin_s, self.at_s)
        return max(0.0, overlap) / self.for_s


@dataclass(frozen=True, slots=True)
class PathParameters:
    """The synthetic path: where it starts, how it shakes, what is scripted."""

    level: float = 5400.0
    spot_vol: float = 0.15
    """Starting implied volatility of the next instant."""
    realised_share: float = 0.9
    """Realised over implied volatility: options cost a premium on average."""
    drift: float = 0.05
    """Expected log return per year."""
    jumps_per_day: float = 0.3
    jump_mean: float = -0.001
    jump_sd: float = 0.003
    volatility: VolatilityDynamics = field(default_factory=VolatilityDynamics)
    moves: tuple[Move, ...] = ()


class SeededPath:
    """Geometric Brownian motion with jumps under a volatility that wanders against it."""

    def __init__(self, seed: int, parameters: PathParameters) -> None:
        """Draw everything from `seed`."""
        self._seed = seed
        self._parameters = parameters
        self._block = -1
        self._draws: list[list[float]] = []

    @property
    def first(self) -> PathPoint:
        """Where the path starts."""
        return PathPoint(self._parameters.level, self._parameters.spot_vol)

    def after(self, point: PathPoint, tick: int, tick_s: float, day_share: float) -> PathPoint:
        """Return the next point of the path."""
        p = self._parameters
        z_price, z_vol, z_jump, u_jump = self._random(tick)
        years = day_share / TRADING_DAYS_PER_YEAR
        root = math.sqrt(years)
        jump = 0.0
        if u_jump < p.jumps_per_day * day_share:
            jump = p.jump_mean + p.jump_sd * z_jump
        begin = (tick - 1) * tick_s
        pushed = nervous = 0.0
        for move in p.moves:
            part = move.part(begin, begin + tick_s)
            pushed += part * move.log_return
            nervous += part * move.log_vol
        v = p.volatility
        shock = v.correlation * z_price + math.sqrt(1.0 - v.correlation**2) * z_vol
        log_return = p.drift * years + point.spot_vol * p.realised_share * root * z_price
        log_vol = v.reversion * math.log(v.mean / point.spot_vol) * years
        log_vol += v.vol_of_vol * root * shock - v.jump_response * jump + nervous
        return PathPoint(
            point.level * math.exp(log_return + jump + pushed), point.spot_vol * math.exp(log_vol)
        )

    def _random(self, tick: int) -> list[float]:
        """Return three normal draws and a uniform one; the same for a tick whenever it is asked."""
        block, row = divmod(tick, _BLOCK)
        if block != self._block:
            rng = np.random.default_rng([self._seed, _MARKET_STREAM, block])
            draws = rng.standard_normal((_BLOCK, _DRAWS))
            draws[:, -1] = rng.random(_BLOCK)
            self._draws = draws.tolist()
            self._block = block
        return self._draws[row]
