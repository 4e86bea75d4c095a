"""The regime of the economy, read from prices: growth against inflation, and how nervous it is.

Growth is up when SPY and copper over gold both stand above their 200-day means, down when both
stand below; inflation is up when TIP over IEF stands above its own. Where growth is mixed or
something is not known there is no regime, and the default is used. A regime does not follow from
volatility: VIX only says how much to risk on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hedgetui.domain.balance.closes import Closes

MEAN_DAYS: Final = 200
_COPPER_GOLD = (("HG", "GC"), ("CPER", "GLD"), ("CPER", "GLDM"), ("COPPER", "GOLD"))
_INFLATION = (("TIP", "IEF"),)
_MARKETS = ("SPY", "SPX", "XSP", "ES")


class Regime(StrEnum):
    """Growth and inflation, each up or down."""

    STAGFLATION = "STAGFLATION"
    """Growth down, inflation up."""
    GOLDILOCKS = "GOLDILOCKS"
    """Growth up, inflation down."""
    DISINFLATIONARY = "DISINFLATIONARY"
    """Both down."""
    INFLATIONARY = "INFLATIONARY"
    """Both up."""
    DEFAULT = "DEFAULT"
    """Not clear."""


_REGIMES = {
    (False, True): Regime.STAGFLATION,
    (True, False): Regime.GOLDILOCKS,
    (False, False): Regime.DISINFLATIONARY,
    (True, True): Regime.INFLATIONARY,
}


@dataclass(frozen=True, slots=True)
class Input:
    """One figure that a regime follows from."""

    name: str
    value: float | None
    """Now; none where it is not known."""
    mean: float | None = None
    """Of `MEAN_DAYS` days; none where it is not known or has no part."""

    @property
    def up(self) -> bool | None:
        """Whether it stands above its mean, none where that is not known."""
        if self.value is None or self.mean is None:
            return None
        return self.value > self.mean

    @property
    def words(self) -> str:
        """As a line for people."""
        if self.value is None:
            return f"{self.name} n/a"
        if self.mean is None:
            return f"{self.name} {self.value:g}"
        side = "above" if self.up else "below"
        return f"{self.name} {self.value:.5g}, {side} its {MEAN_DAYS}-day mean {self.mean:.5g}"


@dataclass(frozen=True, slots=True)
class Measured:
    """A regime and what it follows from."""

    regime: Regime
    inputs: tuple[Input, ...]
    why: str


def measure(closes: Closes | None, vix: float | None) -> Measured:
    """Return the regime that closes show; `DEFAULT` where they do not show one."""
    market = _first(closes, tuple((name, "") for name in _MARKETS))
    metals = _first(closes, _COPPER_GOLD)
    prices = _first(closes, _INFLATION)
    inputs = (market, metals, prices, Input("VIX", vix))
    unknown = [one.name for one in inputs[:3] if one.up is None]
    if unknown:
        why = f"not known: {', '.join(unknown)}"
        return Measured(Regime.DEFAULT, inputs, why)
    if market.up is not metals.up:
        return Measured(
            Regime.DEFAULT, inputs, f"growth is mixed: {market.name} against {metals.name}"
        )
    growth, inflation = bool(market.up), bool(prices.up)
    why = f"growth {'up' if growth else 'down'}, inflation {'up' if inflation else 'down'}"
    return Measured(_REGIMES[growth, inflation], inputs, why)


def given(regime: Regime, vix: float | None) -> Measured:
    """Return a regime that the trader names."""
    return Measured(regime, (Input("VIX", vix),), "as given")


def _first(closes: Closes | None, choices: tuple[tuple[str, str], ...]) -> Input:
    """Return the first choice, a symbol or a ratio of two, that has a mean; the first otherwise."""
    for symbol, to in choices:
        name = f"{symbol}/{to}" if to else symbol
        table = closes.ratio(symbol, to) if closes is not None and to else closes
        if table is not None and (mean := table.mean(name, MEAN_DAYS)) is not None:
            return Input(name, table.last(name), mean)
    symbol, to = choices[0]
    return Input(f"{symbol}/{to}" if to else symbol, None)
