"""What kind of market it is: session, volatility and structure, per closed M15 bar.

The chips are shown. With `adaptive` they also scale the thresholds of the machine: a restless or
ranging market must speak louder before anything is done. The factors are parameters, not findings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.dtms.bars import Bars, Floats
from hedgetui.domain.dtms.indicators import rolling_deviation, rolling_mean
from hedgetui.domain.dtms.reading import Regime, SessionChip, StructureChip, VolatilityChip

Codes = NDArray[np.int64]

_LOW, _HIGH = 0.7, 1.3
_PAST_BARS = 192
"""Two days of M15: what a bar is compared with."""
_BOLLINGER_BARS = 20
_HOURS = (
    (7, SessionChip.ASIAN),
    (12, SessionChip.LONDON),
    (16, SessionChip.OVERLAP),
    (21, SessionChip.NEW_YORK),
    (24, SessionChip.OFF),
)
_VOLATILITY = (VolatilityChip.LOW, VolatilityChip.NORMAL, VolatilityChip.HIGH)
_STRUCTURE = (StructureChip.RANGE, StructureChip.MIXED, StructureChip.TREND)
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class ThresholdScale:
    """Factors on the thresholds of the score, by chip; multiplied, then held within bounds."""

    low_volatility: float = 0.9
    high_volatility: float = 1.15
    range: float = 1.1
    trend: float = 0.95
    off_session: float = 1.1
    """Asian hours and the pause after New York."""
    least: float = 0.75
    most: float = 1.5


def threshold_multiplier(regime: Regime | None, scale: ThresholdScale) -> float:
    """Return the factor on the thresholds; 1 while the regime is not known."""
    if regime is None:
        return 1.0
    quiet = regime.session in {SessionChip.ASIAN, SessionChip.OFF}
    volatility = {
        VolatilityChip.LOW: scale.low_volatility,
        VolatilityChip.NORMAL: 1.0,
        VolatilityChip.HIGH: scale.high_volatility,
    }[regime.volatility]
    structure = {
        StructureChip.RANGE: scale.range,
        StructureChip.MIXED: 1.0,
        StructureChip.TREND: scale.trend,
    }[regime.structure]
    factor = volatility * structure * (scale.off_session if quiet else 1.0)
    return min(max(factor, scale.least), scale.most)


def session_chip(at: float) -> SessionChip:
    """Return which market is awake at `at` (UTC seconds)."""
    hour = at % 86_400 / 3_600
    return next(chip for until, chip in _HOURS if hour < until)


def volatility_codes(atr: Floats) -> Codes:
    """Return −1 unknown, 0 low, 1 normal, 2 high: ATR against its mean over two days."""
    return _codes(atr)


def structure_codes(bars: Bars) -> Codes:
    """Return −1 unknown, 0 range, 1 mixed, 2 trend: Bollinger width against its mean."""
    return _codes(rolling_deviation(bars.close, _BOLLINGER_BARS))


def regime_of(at: float, volatility: int, structure: int) -> Regime | None:
    """Return the regime at a moment (UTC seconds) from the codes; None where one is unknown."""
    if UNKNOWN in (volatility, structure):
        return None
    return Regime(session_chip(at), _VOLATILITY[volatility], _STRUCTURE[structure])


def _codes(values: Floats) -> Codes:
    past = rolling_mean(values, _PAST_BARS)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = values / past
    codes = (ratio >= _LOW).astype(np.int64) + (ratio > _HIGH)
    return np.where(np.isfinite(ratio), codes, UNKNOWN)
