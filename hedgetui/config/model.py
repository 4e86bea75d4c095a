"""The settings as types: which keys exist, what they may hold, and in what range.

The models carry no defaults. Every default and every explanation is written once, in the packaged
`config.toml`, and a value that is out of range, not a number or misspelt never gets past this
module: a hedger that runs on a silently ignored setting is worse than one that refuses to start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

Profile = Literal["sim", "paper", "live"]
Preset = Literal["conservative", "balanced", "learning", "aggressive"]

PRESETS: Mapping[Preset, Mapping[str, float | bool]] = {
    "conservative": {"max_delta": 5.0, "auto": True},
    "balanced": {"max_delta": 10.0, "auto": True},
    "learning": {"max_delta": 15.0, "auto": False},
    "aggressive": {"max_delta": 20.0, "auto": False},
}


def _instant(value: object) -> object:
    """Read an ISO 8601 text; TOML's own date-times pass through, the rest pydantic refuses."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a time with its zone, as in 2025-11-19T14:31:00Z") from None


def _printable(value: str) -> str:
    """Refuse control, bidirectional and zero-width characters: settings reach the terminal."""
    if not value.isprintable():
        raise ValueError("holds a character that cannot be shown")
    return value


def _zone(value: str) -> str:
    """Refuse a zone this machine does not know, unless it knows none at all."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if known := available_timezones():
            nearest = get_close_matches(value, sorted(known), n=1, cutoff=0.0)[0]
            raise ValueError(f"no such time zone; nearest: {nearest}") from None
    return value


Count = Annotated[int, Field(ge=1, le=100_000)]
Dollars = Annotated[float, Field(gt=0, le=1e12)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
SecondsOrNone = Annotated[float, Field(ge=0, le=86_400)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Fee = Annotated[float, Field(ge=0, le=1_000)]
Days = Annotated[int, Field(ge=0, le=3_660)]
Text = Annotated[str, AfterValidator(_printable)]
Zone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]


class Section(BaseModel):
    """One table of the file: immutable, exact in types, finite in numbers, closed to typos."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class GeneralSettings(Section):
    """`[general]`: which world the console trades in."""

    profile: Profile


class UiSettings(Section):
    """`[ui]`: how the screen looks and how often it is painted."""

    fps: Annotated[int, Field(ge=1, le=30)]
    theme: Annotated[Text, Field(min_length=1, max_length=64)]
    icons: Literal["auto", "emoji", "unicode", "ascii"]
    ascii: bool
    clock: bool
    log_rows: Annotated[int, Field(ge=0, le=50)]
    mouse: Literal["auto", "on", "off"]
    bell: bool
    time_zone: Zone
    clipboard_command: Text


class VegaSettings(Section):
    """`[vega]`: long strangles on XSP, hedged with MES (deltas in Δ$ per index point)."""

    enabled: bool
    auto: bool
    preset: Preset
    max_delta: Annotated[float, Field(gt=0, le=10_000)]
    target: Annotated[float, Field(ge=-10_000, le=10_000)]
    ratio: Annotated[float, Field(gt=0, le=1)]
    rehedge_to: Literal["centre", "edge"]
    band: Literal["fixed", "whalley-wilmott", "zakamouline"]
    risk_aversion: Annotated[float, Field(gt=0, le=1)]
    monitor_interval_s: Seconds
    debounce_ms: Annotated[int, Field(ge=0, le=60_000)]
    initial_hedge_delay_s: SecondsOrNone
    leg_grace_s: SecondsOrNone
    greeks_max_age_s: Seconds
    quote_max_age_s: Seconds
    chase_interval_s: Seconds
    chase_steps: Annotated[int, Field(ge=0, le=100)]
    entry_style: Literal["legs", "combo"]
    max_cost: Dollars
    max_spread_pct: Annotated[float, Field(gt=0, le=200)]
    dte_min: Days
    dte_max: Days
    delta_min: Annotated[float, Field(gt=0, lt=1)]
    delta_max: Annotated[float, Field(gt=0, lt=1)]
    roll_days: Annotated[int, Field(ge=1, le=60)]
    delay_after_open_s: SecondsOrNone
    order_type: Literal["market", "protected"]
    first_trade_lots: Count

    @model_validator(mode="after")
    def _ranges_are_not_empty(self) -> Self:
        """Refuse a scanner that could never find anything."""
        if self.dte_min > self.dte_max:
            raise ValueError(f"dte_min {self.dte_min} is above dte_max {self.dte_max}")
        if self.delta_min >= self.delta_max:
            raise ValueError(f"delta_min {self.delta_min} is not below delta_max {self.delta_max}")
        return self


class RiskSettings(Section):
    """`[risk]`: the limits every order has to pass, whoever decided it."""

    max_order_contracts: Count
    max_net_contracts: Count
    max_option_lots: Count
    orders_per_second: Count
    orders_per_minute: Count
    orders_per_day: Count
    throttle_hedges: Count
    throttle_minutes: Annotated[float, Field(gt=0, le=1_440)]
    collar_ticks: Count
    max_order_notional: Dollars
    max_day_notional: Dollars
    duplicate_window_s: SecondsOrNone
    daily_loss_limit: Dollars
    margin_buffer: Fraction

    @model_validator(mode="after")
    def _limits_nest(self) -> Self:
        """Refuse limits of which the wider one is the smaller: one of the two is a typo."""
        for inner, outer in (
            ("max_order_contracts", "max_net_contracts"),
            ("orders_per_second", "orders_per_minute"),
            ("orders_per_minute", "orders_per_day"),
            ("max_order_notional", "max_day_notional"),
        ):
            low, high = getattr(self, inner), getattr(self, outer)
            if low > high:
                raise ValueError(f"{inner} {low:g} is above {outer} {high:g}")
        return self


class SimulatorSettings(Section):
    """`[simulator]`: the built-in exchange, its clock and its fees (dollars per side)."""

    seed: Annotated[int, Field(ge=0, le=2**63 - 1)]
    scenario: Annotated[Text, Field(min_length=1, max_length=64)]
    tick_s: Annotated[float, Field(ge=0.01, le=3_600)]
    speed: Annotated[float, Field(gt=0, le=1e6)]
    start: Instant
    option_fee_per_side: Fee
    future_fee_per_side: Fee
    bars_csv: Text
    chain_csv: Text


class StoreSettings(Section):
    """`[store]`: where the journal lives and how long the log is kept."""

    directory: Text
    log_retention_days: Annotated[int, Field(ge=1, le=3_660)]


class ConnectionSettings(Section):
    """`[profile.paper]`, `[profile.live]`: where that profile's broker listens."""

    host: Annotated[Text, Field(min_length=1, max_length=255)]
    port: Annotated[int, Field(ge=1, le=65_535)]
    client_id: Annotated[int, Field(ge=0, le=2**31 - 1)]
    account: Annotated[Text, Field(max_length=32)]
    allow_remote: bool
    market_data_lines: Annotated[int, Field(ge=4, le=1_000)]
    heartbeat_s: Annotated[float, Field(ge=1, le=60)]
    connect_timeout_s: Annotated[float, Field(ge=1, le=60)]

    @model_validator(mode="after")
    def _loopback_unless_allowed(self) -> Self:
        """Refuse another machine by default: the API has neither a password nor encryption."""
        if not self.allow_remote and not _is_loopback(self.host):
            raise ValueError(
                f"host {self.host!r} is another machine and the API has no password: "
                "use an SSH tunnel, or set allow_remote = true",
            )
        return self


class Settings(Section):
    """Everything the program may be told, for the profile in `general.profile`.

    `connection` is the profile's own table; the simulator has none.
    """

    general: GeneralSettings
    ui: UiSettings
    keys: Mapping[str, Annotated[Text, Field(min_length=1, max_length=64)]]
    vega: VegaSettings
    risk: RiskSettings
    simulator: SimulatorSettings
    store: StoreSettings
    connection: ConnectionSettings | None


SECTIONS: Mapping[str, type[Section]] = {
    "general": GeneralSettings,
    "ui": UiSettings,
    "vega": VegaSettings,
    "risk": RiskSettings,
    "simulator": SimulatorSettings,
    "store": StoreSettings,
}
PROFILES_WITH_BROKER: tuple[Profile, ...] = ("paper", "live")


def _is_loopback(host: str) -> bool:
    """Say whether `host` can only be this machine; other names are not resolved but refused."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
