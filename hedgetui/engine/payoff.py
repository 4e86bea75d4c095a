"""The payoff chart's numbers: the book over index levels, at expiry, now, and with its hedge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.units import DollarsPerPoint, IndexPoints, Timestamp
from hedgetui.domain.vega import exposure as ex
from hedgetui.ports.desk import PayoffView

_POINTS = 121
_LEAST_REACH = 0.03
_ROOM = 1.35
"""The chart reaches this much further than the farthest strike."""


def view(
    legs: Sequence[ex.OptionLeg],
    vols: Mapping[str, float],
    now: Timestamp,
    level: IndexPoints,
    hedge: DollarsPerPoint,
) -> PayoffView:
    """Return profit in dollars over a range of index levels that holds every strike."""
    strikes = sorted({ex.strike(leg.instrument) / leg.instrument.index_ratio for leg in legs})
    farthest = max(abs(strike / level - 1) for strike in strikes)
    reach = max(_LEAST_REACH, farthest * _ROOM) * level
    levels = np.linspace(level - reach, level + reach, _POINTS)
    cost = sum(leg.quantity * float(leg.instrument.multiplier) * (leg.price or 0.0) for leg in legs)
    at_expiry = ex.payoff_at_expiry(levels, legs)
    today = ex.value_at(levels, legs, vols, now) - cost
    hedged = today + ex.hedge_value(levels, hedge, level)
    return PayoffView(
        levels=_plain(levels),
        at_expiry=_plain(at_expiry),
        now=_plain(today),
        hedged=_plain(hedged),
        strikes=tuple(strikes),
        break_evens=_roots(levels, at_expiry),
    )


def _plain(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 2) for value in values)


def _roots(levels: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the levels where the payoff changes sign, by linear interpolation."""
    roots = []
    for place in np.flatnonzero(np.diff(np.sign(values)) != 0):
        low, high = values[place], values[place + 1]
        share = float(low / (low - high)) if high != low else 0.0
        roots.append(float(levels[place] + share * (levels[place + 1] - levels[place])))
    return tuple(roots)
