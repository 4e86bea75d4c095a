"""How far the net delta may drift before a hedge is worth its cost.

A fixed band is easy to reason about, so it is the default and comes in four presets. The optional
bands follow theory: the more a contract costs and the more gamma moves the delta, the wider; the
more the trader dislikes variance, the narrower. Futures come in whole contracts, so no band is
narrower than half of one; both numbers are kept, because a trader should see which one rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from hedgetui.domain.units import DollarsPerPoint
from hedgetui.domain.vega.sizing import MES_PER_POINT


class BandRule(StrEnum):
    """Where the band's width comes from."""

    FIXED = "fixed"
    WHALLEY_WILMOTT = "whalley-wilmott"
    ZAKAMOULINE = "zakamouline"


@dataclass(frozen=True, slots=True)
class Preset:
    """A named band, and whether it hedges by itself."""

    name: str
    max_delta: float
    auto: bool


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("conservative", 5.0, auto=True),
        Preset("balanced", 10.0, auto=True),
        Preset("learning", 15.0, auto=False),
        Preset("aggressive", 20.0, auto=False),
    )
}
"""Presets by name."""

DEFAULT_PRESET = PRESETS["balanced"]


@dataclass(frozen=True, slots=True)
class BandInputs:
    """What a cost-aware band depends on.

    Theory speaks of shares of an asset worth `level`; here a share is one dollar per index point,
    so deltas and bands are Δ$ and nothing needs scaling.
    """

    gamma: float
    """dΔ$ per index point, of the whole book."""
    cost_per_contract: float
    """Dollars to trade one hedge contract once: commission and half the spread."""
    risk_aversion: float
    """Of exponential utility, per dollar."""
    vol: float
    """Annual volatility of the index."""
    years: float
    """To the options' expiry."""
    level: float
    """Index level."""
    rate: float = 0.0
    per_contract: DollarsPerPoint = MES_PER_POINT

    @property
    def proportional_cost(self) -> float:
        """Cost of trading a dollar's worth of the index (λ in the papers)."""
        return self.cost_per_contract / (self.per_contract * self.level)

    @property
    def usable(self) -> bool:
        """Whether the formulas are defined: time, volatility, level and aversion all positive."""
        positive = (self.vol, self.years, self.level, self.risk_aversion, self.per_contract)
        finite = (*positive, self.gamma, self.cost_per_contract, self.rate)
        return all(map(math.isfinite, finite)) and min(positive) > 0 <= self.cost_per_contract


@dataclass(frozen=True, slots=True)
class Band:
    """A half-width in Δ$, with the number theory gave and the one that is used."""

    rule: BandRule
    """The rule that applied: FIXED when the inputs of another were not usable."""
    theory: float
    effective: float


def band(
    rule: BandRule,
    max_delta: float,
    inputs: BandInputs | None = None,
    *,
    per_contract: DollarsPerPoint = MES_PER_POINT,
) -> Band:
    """Return the band by `rule`; without usable inputs it is the fixed one.

    The effective band is never under half a contract, where no order could follow a breach.
    """
    if rule is BandRule.FIXED or inputs is None or not inputs.usable:
        rule, theory = BandRule.FIXED, max_delta
    elif rule is BandRule.WHALLEY_WILMOTT:
        theory = whalley_wilmott(inputs)
    else:
        theory = zakamouline(inputs)
    return Band(rule, theory, max(theory, per_contract / 2))


def whalley_wilmott(inputs: BandInputs) -> float:
    """Return the half-width (3/2 · e^{-rT} · λ · S · Γ² / a)^{1/3}.

    A. E. Whalley and P. Wilmott, "An asymptotic analysis of an optimal hedging model for option
    pricing with transaction costs", Mathematical Finance 7 (1997): small costs, exponential
    utility with risk aversion a.
    """
    discount = math.exp(-inputs.rate * inputs.years)
    cost = inputs.proportional_cost * inputs.level
    return math.cbrt(1.5 * discount * cost * inputs.gamma**2 / inputs.risk_aversion)


def zakamouline(inputs: BandInputs) -> float:
    """Return the half-width H0 + H1 of Zakamouline's fit.

    H0 = λ / (a · S · σ² · T) and H1 = 1.12 · λ^0.31 · T^0.05 · (e^{-rT}/σ)^0.25 · √(|Γ|/a).

    V. I. Zakamouline, "Efficient analytic approximation of the optimal hedging strategy for a
    European call option with transaction costs", Quantitative Finance 6 (2006). H0 keeps the band
    open where gamma vanishes. The paper's shift of the hedging volatility is left out: the console
    hedges the delta that the screen shows.
    """
    cost, aversion = inputs.proportional_cost, inputs.risk_aversion
    discount = math.exp(-inputs.rate * inputs.years)
    floor = cost / (aversion * inputs.level * inputs.vol**2 * inputs.years)
    scale = 1.12 * math.pow(cost, 0.31) * math.pow(inputs.years, 0.05)
    scale *= math.pow(discount / inputs.vol, 0.25)
    return floor + scale * math.sqrt(abs(inputs.gamma) / aversion)
