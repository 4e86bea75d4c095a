"""The settings of the defence, `[dtms]`, and of a profile's MT5 link, `[profile.paper.mt5]`.

Scores are as the trade sees them, so thresholds fall from warning to hedge; `u` is the running
result in R. A set of thresholds that could never fire, or would fire at once, is a typo and is
refused.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from hedgetui.config.fields import Host, ListOf, Port, Section, Text, is_loopback

Score = Annotated[float, Field(ge=-11.5, le=11.5)]
InR = Annotated[float, Field(ge=-10, le=10)]
"""A result in R."""
Minutes = Annotated[float, Field(ge=0, le=1_440)]
Share = Annotated[float, Field(gt=0, le=1)]
Percent = Annotated[float, Field(gt=0, le=100)]
_PATTERN = re.compile(r"[A-Za-z0-9._#+&!@*?\[\]-]{1,32}")


def _pattern(value: str) -> str:
    """Refuse what no symbol's name can match."""
    if not _PATTERN.fullmatch(value):
        raise ValueError(f"{value!r} is no symbol or pattern, as EURUSD or BTC*")
    return value


Pattern = Annotated[Text, AfterValidator(_pattern)]


class DtmsSettings(Section):
    """`[dtms]`: which MT5 trades are defended, and by which rules."""

    enabled: bool
    profile: Literal["guarded", "reference"]
    automation: Literal["auto", "alert", "off"]
    magics: ListOf[Annotated[int, Field(ge=0, lt=2**63)]]
    symbols: ListOf[Pattern]
    crypto: ListOf[Pattern]
    l1_score: Score
    l2_score: Score
    hedge_score: Score
    calm_score: Score
    ease_score: Score
    unhedge_score: Score
    recovered_score: Score
    l1_u: InR
    l2_u: InR
    hedge_u: InR
    confirm: Annotated[int, Field(ge=1, le=20)]
    dwell_min: Minutes
    grace_min: Minutes
    grace_u: InR
    emergency_u: InR
    emergency_atr: Annotated[float, Field(gt=0, le=100)]
    flat_after_min: Annotated[float, Field(ge=1, le=10_080)]
    recover_within_min: Annotated[float, Field(ge=1, le=10_080)]
    max_hedges: Annotated[int, Field(ge=0, le=20)]
    hedge_mode: Literal["auto", "hedge", "reduce"]
    hedge_ratio: Share
    hedge_base: Literal["current", "initial"]
    hedge_sl_atr: Annotated[float, Field(gt=0, le=20)]
    tighten_r: Annotated[float, Field(gt=0, le=10)]
    partial_ratio: Annotated[float, Field(gt=0, lt=1)]
    breakeven_u: Annotated[float, Field(ge=0, le=10)]
    re_add: bool
    re_add_ratio: Share
    rebuy: bool
    adaptive: bool
    spread_limit: Annotated[float, Field(ge=1, le=100)]
    daily_loss_pct: Percent
    hourly_loss_pct: Percent
    stops_in_a_row: Annotated[int, Field(ge=1, le=100)]
    news_csv: Text
    news_before_min: Minutes
    news_after_min: Minutes
    min_margin_level: Annotated[float, Field(ge=100, le=10_000)]
    fast_loop_s: Annotated[float, Field(ge=1, le=300)]
    bar_delay_s: Annotated[float, Field(ge=0, le=120)]
    stale_tick_s: Annotated[float, Field(ge=5, le=3_600)]
    deviation_points: Annotated[int, Field(ge=0, le=100_000)]

    @model_validator(mode="after")
    def _thresholds_stand_in_order(self) -> Self:
        """Refuse thresholds that jump a state, flap between two, or never fire."""
        for higher, lower in (
            ("l1_score", "l2_score"),
            ("l2_score", "hedge_score"),
            ("calm_score", "l1_score"),
            ("ease_score", "l2_score"),
            ("unhedge_score", "hedge_score"),
            ("recovered_score", "l2_score"),
            ("l1_u", "l2_u"),
            ("l2_u", "hedge_u"),
            ("hedge_u", "emergency_u"),
        ):
            high, low = getattr(self, higher), getattr(self, lower)
            if high <= low:
                raise ValueError(f"{higher} {high:g} is not above {lower} {low:g}")
        return self

    @model_validator(mode="after")
    def _limits_nest(self) -> Self:
        """Refuse limits of which the wider one is the smaller: one of the two is a typo."""
        for inner, outer in (
            ("hourly_loss_pct", "daily_loss_pct"),
            ("dwell_min", "flat_after_min"),
            ("ease_score", "unhedge_score"),
        ):
            low, high = getattr(self, inner), getattr(self, outer)
            if low > high:
                raise ValueError(f"{inner} {low:g} is above {outer} {high:g}")
        return self


class Mt5Settings(Section):
    """`[profile.paper.mt5]`, `[profile.live.mt5]`: where that profile's MT5 terminal is."""

    backend: Literal["off", "bridge", "native", "classic"]
    host: Host
    port: Port
    token_file: Text
    terminal: Text
    login: Annotated[int, Field(ge=0, lt=2**63)]
    allow_remote: bool
    read_timeout_s: Annotated[float, Field(ge=0.5, le=60)]
    send_timeout_s: Annotated[float, Field(ge=1, le=120)]

    @model_validator(mode="after")
    def _loopback_unless_allowed(self) -> Self:
        """Refuse another machine by default: the bridge's traffic is not encrypted."""
        if not self.allow_remote and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host!r} is another machine and the bridge is not encrypted: "
                "use an SSH tunnel, or set allow_remote = true",
            )
        return self

    @model_validator(mode="after")
    def _a_classic_server_is_here(self) -> Self:
        """Refuse a plain rpyc server on another machine even when remote hosts are allowed."""
        if self.backend == "classic" and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host!r} is another machine, and backend classic lets whoever reaches "
                "the port run any program there: use hedgetui mt5-bridge, or an SSH tunnel",
            )
        return self
