"""The settings of the portfolio, `[balance]`: how it is read and advised, and what a ticket may be.

Names of underlyings and regimes are told here as the rest of the program tells them. A limit that
is wider inside than outside is a typo and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from hedgetui.config.dtms import Pattern
from hedgetui.config.fields import Count, Dollars, ListOf, Section, Text

MEASURED = "measured"
"""The regime that follows from prices, and is not named."""
_TICKER = re.compile(r"[A-Z][A-Z0-9./-]{0,11}")


def _ticker(value: str) -> str:
    """Refuse what no underlying is called."""
    if _TICKER.fullmatch(value):
        return value
    near = value.strip().upper()
    hint = f"; nearest: {near}" if _TICKER.fullmatch(near) else ", as NVDA"
    raise ValueError(f"{value!r} is no name of an underlying{hint}")


def _lower(value: object) -> object:
    """Read a word in any case; anything else pydantic refuses."""
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    """Read a word in any case; anything else pydantic refuses."""
    return value.upper() if isinstance(value, str) else value


Ticker = Annotated[Text, AfterValidator(_ticker)]
Beta = Annotated[float, Field(ge=-20, le=20)]


class BalanceSettings(Section):
    """`[balance]`: the portfolio of every source, its advice, its stress tests, its tickets."""

    enabled: bool
    budget: Annotated[float, Field(ge=0, le=1e12)]
    max_recommendations: Annotated[int, Field(ge=1, le=20)]
    vol_symbols: ListOf[Pattern]
    index: Ticker
    history_days: Annotated[int, Field(ge=200, le=2_520)]
    read_every_s: Annotated[float, Field(ge=5, le=3_600)]
    rate: Annotated[float, Field(ge=-0.05, le=0.5)]
    regime: Annotated[
        Literal[
            "measured", "stagflation", "goldilocks", "disinflationary", "inflationary", "default"
        ],
        BeforeValidator(_lower),
    ]
    stress_regime: Annotated[
        Literal[
            "ALL", "STAGFLATION", "GOLDILOCKS", "RISK_OFF", "RATES_SHOCK", "CREDIT_STRESS",
            "SLOW_BLEED", "VOL_CRUSH",
        ],
        BeforeValidator(_upper),
    ]  # fmt: skip
    stress_paths: Annotated[int, Field(ge=100, le=1_000_000)]
    stress_months: Annotated[float, Field(gt=0, le=60)]
    stress_seed: Annotated[int, Field(ge=0, le=2**31 - 1)]
    max_contracts: Count
    max_shares: Count
    max_order_notional: Dollars
    max_day_notional: Dollars
    orders_per_day: Count
    betas: Mapping[Ticker, Beta] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _limits_nest(self) -> Self:
        """Refuse limits of which the wider one is the smaller: one of the two is a typo."""
        if self.max_order_notional > self.max_day_notional:
            raise ValueError(
                f"max_order_notional {self.max_order_notional:g} is above "
                f"max_day_notional {self.max_day_notional:g}"
            )
        return self
