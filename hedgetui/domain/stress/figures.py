"""Sums up simulated profits: moments, value at risk, who is to blame, the ends of the range."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hedgetui.domain.stress.book import FloatArray

TAIL = 0.05
"""Share of the paths that CVaR 95 averages."""


@dataclass(frozen=True, slots=True)
class Blame:
    """The part one underlying has in CVaR 95; negative where it protects."""

    symbol: str
    cvar: float
    """Dollars; the parts of all underlyings add up to CVaR."""
    share: float | None
    """Of CVaR; none where there is no loss to share."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One path at the horizon."""

    kind: str
    """worst or best."""
    profit: float
    market: float
    """Move of the market, a share."""
    iv: float
    """Change of the index's implied volatility in vol points."""
    moves: dict[str, float]
    """Move of the underlyings that made most of it, as shares."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The result in dollars at the horizon; losses are positive in VaR and CVaR."""

    nav: float
    mean: float
    median: float
    sd: float
    skew: float | None
    """None where every path earns the same."""
    var95: float
    var99: float
    cvar95: float
    p_gain: float
    p_loss_10: float | None
    """Chance to lose more than 10 % of NAV; none where NAV is not positive."""
    p_loss_20: float | None


def tail_paths(profits: FloatArray) -> np.ndarray:
    """Return the paths CVaR 95 averages, the worst first; ties in the order of drawing."""
    count = max(1, math.ceil(TAIL * len(profits) - 1e-9))
    return np.argsort(profits, kind="stable")[:count]


def figures(profits: FloatArray, nav: float) -> Figures:
    """Return the figures of the profits of all paths.

    VaR 95 is the loss that 5 % of the paths exceed (linear between order statistics), CVaR 95 the
    mean loss of the worst 5 %, skewness the third standardised moment of the sample.
    """
    mean, deviation = float(profits.mean()), float(profits.std())
    low5, low1 = (float(value) for value in np.quantile(profits, [TAIL, 0.01]))
    flat = deviation <= 1e-12 * max(1.0, abs(mean))
    losing = [float((profits < -share * nav).mean()) if nav > 0 else None for share in (0.1, 0.2)]
    return Figures(
        nav=nav,
        mean=mean,
        median=float(np.median(profits)),
        sd=deviation,
        skew=None if flat else float(((profits - mean) ** 3).mean() / deviation**3),
        var95=-low5 + 0.0,
        var99=-low1 + 0.0,
        cvar95=-float(profits[tail_paths(profits)].mean()) + 0.0,
        p_gain=float((profits > 0).mean()),
        p_loss_10=losing[0],
        p_loss_20=losing[1],
    )


def histogram(profits: FloatArray, bins: int = 40) -> tuple[FloatArray, np.ndarray]:
    """Return edges (bins + 1) and counts; the extreme thousandths are drawn into the end bins."""
    low, high = np.quantile(profits, [0.001, 0.999])
    if high <= low:
        high = low + 1.0
    counts, edges = np.histogram(np.clip(profits, low, high), bins=bins, range=(low, high))
    return edges, counts
