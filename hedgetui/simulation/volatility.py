"""The implied volatility of the simulated index: one smooth surface, free of static arbitrage.

Greeks, spreads and scanner rows all come from here, so the surface must not contradict itself: no
butterfly and no calendar spread may cost less than nothing, or a scanner would find free money.
The shape is SSVI (Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", 2014): the
at-the-money variance of each expiry, one correlation for the skew and a power law for how the wings
flatten with time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

IV30_YEARS: Final = 30.0 / 365.0
"""The horizon the volatility history is quoted at."""

_RHO: Final = -0.7
_ETA: Final = 1.1
"""η(1 + |ρ|) = 1.87 ≤ 2 with the exponent ½: no butterfly arbitrage (theorem 4.2 there)."""
_REVERSION: Final = 4.0
_SHORTEST_YEARS: Final = 60.0 / (365.0 * 86_400.0)


def total_variance(
    log_moneyness: Floats, atm: Floats, rho: Floats | float = _RHO, eta: Floats | float = _ETA
) -> Floats:
    """Return the total variance at ln(strike/forward), from that at the money; arguments broadcast.

    `rho` is the skew and `eta` how curved it is; η(1 + |ρ|) ≤ 2 leaves no butterfly to be had.
    """
    phi_k = eta / np.sqrt(atm * (1.0 + atm)) * log_moneyness
    result: Floats = 0.5 * atm * (1.0 + rho * phi_k + np.sqrt((phi_k + rho) ** 2 + 1.0 - rho**2))
    return result


@dataclass(frozen=True, slots=True)
class Surface:
    """Implied volatility by strike and time, from today's and the long-run volatility."""

    spot_vol: float
    """Volatility of the next instant, 0.15 for 15 %."""
    mean_vol: float
    """Volatility it reverts to, which long expiries show."""

    def atm_variance(self, years: Floats | float) -> Floats:
        """Return the expected total variance to each time, as mean reversion makes it."""
        t = np.maximum(np.asarray(years, dtype=np.float64), _SHORTEST_YEARS)
        mean = self.mean_vol**2
        excess = self.spot_vol**2 - mean
        result: Floats = mean * t - excess * np.expm1(-_REVERSION * t) / _REVERSION
        return result

    def implied(self, log_moneyness: Floats | float, years: Floats | float) -> Floats:
        """Return the volatility at ln(strike/forward) and time; arguments broadcast."""
        k = np.asarray(log_moneyness, dtype=np.float64)
        t = np.maximum(np.asarray(years, dtype=np.float64), _SHORTEST_YEARS)
        result: Floats = np.sqrt(total_variance(k, self.atm_variance(t)) / t)
        return result

    @property
    def iv30(self) -> float:
        """At-the-money volatility of 30 days."""
        return math.sqrt(float(self.atm_variance(IV30_YEARS)) / IV30_YEARS)


@dataclass(frozen=True, slots=True)
class VolatilityDynamics:
    """How volatility v wanders: d ln v = κ(ln m - ln v)dt + ξ dW, dW and dS correlated by ρ."""

    mean: float = 0.16
    reversion: float = 6.0
    """κ, per year."""
    vol_of_vol: float = 1.0
    """ξ, per square root of a year."""
    correlation: float = -0.75
    """ρ with the index: falling markets are nervous markets."""
    jump_response: float = 4.0
    """Rise of ln v per fall of ln S in a jump or a scripted move."""

    def daily_history(self, newest: float, days: int, random: Random) -> tuple[float, ...]:
        """Return `days` daily values, oldest first, that lead up to `newest`.

        The process looks the same run backwards once stationary, so it is drawn from today into
        the past; the history then joins the present without a step.
        """
        step = 1.0 / 252.0
        decay = math.exp(-self.reversion * step)
        spread = self.vol_of_vol * math.sqrt((1.0 - decay**2) / (2.0 * self.reversion))
        mean = math.log(self.mean)
        value = math.log(newest)
        backwards: list[float] = []
        for _ in range(days):
            value = mean + (value - mean) * decay + spread * random.gauss(0.0, 1.0)
            backwards.append(math.exp(value))
        return tuple(reversed(backwards))
