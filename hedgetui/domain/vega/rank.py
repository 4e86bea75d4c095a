"""Is volatility cheap? Its place among the last 52 weeks, or an honest "not known".

A long strangle is a purchase of volatility, so what it costs compared with a year of itself is the
first question. A year that is missing answers it with None, which a screen shows as n/a: a zero
would read "never been cheaper".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hedgetui.domain.quotes import VolatilityHistory
from hedgetui.domain.units import DAYS_PER_YEAR
from hedgetui.domain.vega.surface import ExpirySurface

TRADING_DAYS = 252
"""Daily values in 52 weeks."""

_LOW_BELOW = 30.0
_MEDIUM_BELOW = 60.0
_TERM_YEARS = 30 / DAYS_PER_YEAR


class IvLabel(StrEnum):
    """The rank in a word."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"
    UNKNOWN = "n/a"


@dataclass(frozen=True, slots=True)
class IvRank:
    """Where today's volatility stands, both 0 to 100; None where history cannot say."""

    rank: float | None
    percentile: float | None

    @property
    def label(self) -> IvLabel:
        """Low below 30, Medium below 60, High otherwise."""
        if self.rank is None:
            return IvLabel.UNKNOWN
        if self.rank < _LOW_BELOW:
            return IvLabel.LOW
        return IvLabel.MEDIUM if self.rank < _MEDIUM_BELOW else IvLabel.HIGH


UNKNOWN = IvRank(None, None)


def iv_rank(history: VolatilityHistory | None, thirty_day: float | None = None) -> IvRank:
    """Return rank (IV - min)/(max - min) and the share of days below, over 52 weeks.

    IV is the broker's current value, else `thirty_day` (the chain's own), else the last day. A new
    extreme ranks 0 or 100. Without two different values there is no rank.
    """
    if history is None:
        return UNKNOWN
    days = [float(vol) for vol in history.daily[-TRADING_DAYS:] if math.isfinite(vol) and vol > 0]
    if len(days) < 2 or min(days) == max(days):
        return UNKNOWN
    candidates = (history.current, thirty_day, days[-1])
    now = next(vol for vol in candidates if vol is not None and math.isfinite(vol) and vol > 0)
    rank = 100 * (now - min(days)) / (max(days) - min(days))
    below = sum(vol < now for vol in days)
    return IvRank(min(100.0, max(0.0, rank)), 100 * below / len(days))


def thirty_day_vol(surfaces: Sequence[ExpirySurface]) -> float | None:
    """Return at-the-money volatility at 30 days, total variance linear between expiries.

    Outside the quoted expiries it is the nearest one's; None when nothing is quoted.
    """
    known = sorted(
        (surface.years, vol * vol * surface.years)
        for surface in surfaces
        if math.isfinite(vol := surface.at_the_money)
    )
    if not known:
        return None
    before = [point for point in known if point[0] <= _TERM_YEARS] or known[:1]
    after = [point for point in known if point[0] >= _TERM_YEARS] or known[-1:]
    (near, near_variance), (far, far_variance) = before[-1], after[0]
    if near == far or near > _TERM_YEARS or far < _TERM_YEARS:
        return math.sqrt(near_variance / near)
    weight = (_TERM_YEARS - near) / (far - near)
    return math.sqrt((near_variance + weight * (far_variance - near_variance)) / _TERM_YEARS)
