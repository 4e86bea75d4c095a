"""How the market behaves in each regime: one row of figures, told in annual terms."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass

from hedgetui.domain.errors import UsageError
from hedgetui.domain.text import safe


@dataclass(frozen=True, slots=True)
class MarketRegime:
    """The law of the market factor; shares of one, per year where a rate is meant."""

    name: str
    drift: float
    """Of the market between jumps; jumps come on top and are not compensated."""
    vol: float
    """Realised volatility of the market between jumps."""
    iv_level: float
    """Implied volatility of the index to which it reverts: 0.20 is 20 vol points."""
    spot_iv: float
    """Correlation of the market's moves with those of implied volatility."""
    jump_chance: float
    """Probability of at least one jump within a year."""
    jump_size: float
    """Return of the market in a jump."""
    iv_spike: float
    """Added to implied volatility by a jump: 0.10 is 10 vol points."""

    @property
    def jump_rate(self) -> float:
        """Jumps a year, as a Poisson rate that gives `jump_chance`."""
        return -math.log1p(-self.jump_chance)


def _row(name: str, *percents: float) -> MarketRegime:
    """Return a regime from a row of the table: drift, vol, IV, jump chance, size and spike in %."""
    drift, vol, level, spot_iv, chance, size, spike = percents
    shares = (drift / 100, vol / 100, level / 100, spot_iv, chance / 100, size / 100, spike / 100)
    return MarketRegime(name, *shares)


REGIMES = {
    row.name: row
    for row in (
        _row("STAGFLATION", -2, 22, 25, -0.65, 10, -15, 10),
        _row("GOLDILOCKS", 8, 15, 18, -0.50, 3, -10, 5),
        _row("RISK_OFF", -25, 35, 40, -0.80, 25, -20, 15),
        _row("RATES_SHOCK", -10, 24, 22, -0.55, 8, -12, 8),
        _row("CREDIT_STRESS", -15, 28, 30, -0.75, 15, -18, 12),
        _row("SLOW_BLEED", -8, 16, 19, -0.40, 2, -8, 4),
        _row("VOL_CRUSH", 10, 12, 14, -0.35, 1, -6, 3),
        _row("ALL", 5, 18, 20, -0.60, 5, -12, 7.5),
    )
}


def regime_named(name: str) -> MarketRegime:
    """Return the regime of a name; case, spaces and dashes do not matter.

    Raises:
        UsageError: there is none.
    """
    key = name.strip().upper().replace("-", "_").replace(" ", "_")
    if key not in REGIMES:
        near = difflib.get_close_matches(key, REGIMES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(REGIMES)}"
        raise UsageError(f"there is no regime {safe(name, 40)!r}", hint=hint)
    return REGIMES[key]
