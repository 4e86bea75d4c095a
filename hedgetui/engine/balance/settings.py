"""The configuration of the portfolio in plain values; the limits of tickets are with the gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hedgetui.domain.balance.advice import DEFAULT_BUDGET, DEFAULT_MOST
from hedgetui.domain.balance.positions import VOL_SYMBOLS
from hedgetui.domain.balance.regime import Regime
from hedgetui.domain.units import Seconds


@dataclass(frozen=True, slots=True)
class BalanceSettings:
    """How the portfolio is read and advised."""

    budget: Decimal = DEFAULT_BUDGET
    most: int = DEFAULT_MOST
    vol_symbols: tuple[str, ...] = VOL_SYMBOLS
    """What is volatility and not direction; `*` stands for anything."""
    index: str = "SPY"
    """What deltas are weighted to."""
    betas: Mapping[str, float] = field(default_factory=dict)
    """Betas that are not measured, by underlying."""
    history_days: int = 252
    """Daily closes that betas are measured on."""
    regime: Regime | None = None
    """The regime of growth and inflation; None measures it."""
    rate: float = 0.04
    """Yearly, continuous, for discounting options."""
    read_every: Seconds = Seconds(30.0)
    """Between two readings of the positions."""
    betas_every: Seconds = Seconds(86_400.0)
    """Between two measurements of the betas."""
    stress_paths: int = 10_000
    stress_months: float = 6.0
    stress_regime: str = "ALL"
    stress_seed: int = 1
