"""What is stressed: underlyings with their tie to the market, and holdings on them.

An underlying follows the market by its beta and adds noise of its own; a volatility product follows
the implied volatility of the market instead. Prices are in dollars, times in calendar years.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.errors import DataError
from hedgetui.domain.text import safe

FloatArray = NDArray[np.float64]

MOST_BETA, MOST_VOL = 20.0, 10.0
"""Beyond these a figure is a typing error, and its powers leave the range of numbers."""


@dataclass(frozen=True, slots=True)
class Underlying:
    """A price that moves.

    ln S gains `beta` times the log return of the market, `iv_beta` times that of its implied
    volatility, and noise. The noise is as large as a fit of quality `r2` leaves it: its variance is
    (1/r2 - 1) times that of the market's part, so that it grows with the regime.
    """

    symbol: str
    spot: float
    beta: float = 1.0
    r2: float = 1.0
    iv_beta: float = 0.0
    own_vol: float = 0.0
    """Annual volatility of its own beside all that, whatever the regime."""

    def __post_init__(self) -> None:
        if not 0 < self.spot < math.inf:
            raise DataError(f"{safe(self.symbol)}: a spot of {self.spot} cannot be stressed")
        if not 0 < self.r2 <= 1:
            raise DataError(f"{safe(self.symbol)}: R² must be in (0, 1], not {self.r2}")
        if not (abs(self.beta) <= MOST_BETA and abs(self.iv_beta) <= MOST_BETA):
            raise DataError(f"{safe(self.symbol)}: its beta is not within ±{MOST_BETA:g}")
        if not 0 <= self.own_vol <= MOST_VOL:
            raise DataError(f"{safe(self.symbol)}: a volatility of {self.own_vol} is none")

    def noise(self, market_vol: float) -> float:
        """Return its annual volatility beside the market's part."""
        fitted = self.beta * market_vol
        return math.sqrt(fitted * fitted * (1 / self.r2 - 1) + self.own_vol * self.own_vol)


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """A European option: `years` from now to expiry, `vol` annual, `sign` +1 call, -1 put."""

    strike: float
    years: float
    sign: int
    vol: float

    def __post_init__(self) -> None:
        if not (0 < self.strike < math.inf and 0 < self.years < math.inf):
            raise DataError(f"an option at {self.strike} in {self.years} years cannot be priced")
        if self.sign not in {1, -1} or not 0 < self.vol <= MOST_VOL:
            raise DataError(f"an option of sign {self.sign} and volatility {self.vol} is none")


@dataclass(frozen=True, slots=True)
class Holding:
    """A position: `units` are contracts times multiplier, negative when short."""

    label: str
    symbol: str
    """Of its underlying."""
    units: float
    option: OptionTerms | None = None
    margined: bool = False
    """A future or an FX position: it gains and loses, but is worth nothing by itself."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.units):
            raise DataError(f"{safe(self.label)}: {self.units} units cannot be stressed")


@dataclass(frozen=True, slots=True)
class StressBook:
    """Holdings, every underlying they need, and cash beside them."""

    underlyings: tuple[Underlying, ...]
    holdings: tuple[Holding, ...]
    cash: float = 0.0

    def __post_init__(self) -> None:
        known = [one.symbol for one in self.underlyings]
        if len(set(known)) != len(known):
            raise DataError("an underlying is there twice")
        if missing := {one.symbol for one in self.holdings} - set(known):
            raise DataError(f"no underlying {', '.join(sorted(missing))}")
        if not math.isfinite(self.cash):
            raise DataError(f"cash of {self.cash} cannot be stressed")

    @property
    def spots(self) -> FloatArray:
        """Spot of each underlying."""
        return np.array([one.spot for one in self.underlyings])
