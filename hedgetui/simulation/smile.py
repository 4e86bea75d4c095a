"""How options are priced around a path: volatility by strike and expiry at every moment."""

from __future__ import annotations

from datetime import date
from typing import Protocol

import numpy as np

from hedgetui.domain.units import DAYS_PER_YEAR, SECONDS_PER_DAY, Timestamp
from hedgetui.simulation.price_path import PathPoint
from hedgetui.simulation.volatility import Floats, Surface

YEAR_S = DAYS_PER_YEAR * SECONDS_PER_DAY
"""Seconds of an option year."""


Listing = tuple[tuple[date, Floats], ...]
"""Expiries, nearest first, each with its strikes in the points of the option's own underlying."""


class Smile(Protocol):
    """Implied volatility around a path."""

    def sigma(self, point: PathPoint, at: Timestamp, strikes: Floats, expires_at: Floats) -> Floats:
        """Return the volatility of each (strike in S&P 500 points, expiry in epoch seconds)."""
        ...

    def iv30(self, point: PathPoint, at: Timestamp) -> float:
        """Return the at-the-money volatility of 30 days."""
        ...

    def listing(self, at: Timestamp) -> Listing | None:
        """Return what is listed, or None for the usual grid of expiries and strikes."""
        ...


class SurfaceSmile:
    """The synthetic surface, carried along with the path's volatility."""

    def __init__(self, mean_vol: float, carry: float) -> None:
        """Revert to `mean_vol`; `carry` (per year) makes the forward."""
        self._mean_vol = mean_vol
        self._carry = carry

    def sigma(self, point: PathPoint, at: Timestamp, strikes: Floats, expires_at: Floats) -> Floats:
        """Return the volatility of each (strike in S&P 500 points, expiry in epoch seconds)."""
        years = np.maximum(expires_at - at, 0.0) / YEAR_S
        moneyness = np.log(strikes / point.level) - self._carry * years
        return Surface(point.spot_vol, self._mean_vol).implied(moneyness, years)

    def iv30(self, point: PathPoint, at: Timestamp) -> float:  # noqa: ARG002 - recordings use it
        """Return the at-the-money volatility of 30 days."""
        return Surface(point.spot_vol, self._mean_vol).iv30

    def listing(self, at: Timestamp) -> Listing | None:  # noqa: ARG002 - recordings use it
        """Return None: the synthetic market lists the usual grid."""
        return None
