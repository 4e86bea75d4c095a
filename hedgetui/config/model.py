"""The settings as types: which keys exist, what they may hold, and in what range.

The models carry no defaults. Every default and every explanation is written once, in the packaged
`config.toml`, and a value that is out of range, not a number or misspelt never gets past this
module: a hedger that runs on a silently ignored setting is worse than one that refuses to start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hedgetui.config.accounts import AccountsSettings, KeySettings, OverrideSettings
from hedgetui.config.balance import BalanceSettings
from hedgetui.config.dtms import DtmsSettings, Mt5Settings
from hedgetui.config.fields import (
    Count,
    Days,
    Dollars,
    Fee,
    Fraction,
    Host,
    Instant,
    Port,
    Seconds,
    SecondsOrNone,
    Section,
    Text,
    Zone,
    is_loopback,
)

Profile = Literal["sim", "paper", "live"]
Preset = Literal["conservative", "balanced", "learning", "aggressive"]

PRESETS: Mapping[Preset, Mapping[str, float | bool]] = {
    "conservative": {"max_delta": 5.0, "auto": True},
    "balanced": {"max_delta": 10.0, "auto": True},
    "learning": {"max_delta": 15.0, "auto": False},
    "aggressive": {"max_delta": 20.0, "auto": False},
}


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
    portfolio: Literal["none", "balanced", "short", "long"]
    mt5_account: Literal["hedging", "netting"]
    mt5_bars_csv: Text
    mt5_bars_symbol: Text
    mt5_bars_tz: Annotated[Text, Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _bars_have_a_symbol(self) -> Self:
        """Refuse bars of which nobody knows whose they are."""
        if self.mt5_bars_csv and not self.mt5_bars_symbol:
            raise ValueError("mt5_bars_csv needs mt5_bars_symbol: whose bars they are")
        return self


class StoreSettings(Section):
    """`[store]`: where the journal lives and how long the log is kept."""

    directory: Text
    log_retention_days: Annotated[int, Field(ge=1, le=3_660)]


class ConnectionSettings(Section):
    """`[profile.paper]`, `[profile.live]`: where that profile's broker listens."""

    host: Host
    port: Port
    client_id: Annotated[int, Field(ge=0, le=2**31 - 1)]
    account: Annotated[Text, Field(max_length=32)]
    allow_remote: bool
    market_data_lines: Annotated[int, Field(ge=4, le=1_000)]
    heartbeat_s: Annotated[float, Field(ge=1, le=60)]
    connect_timeout_s: Annotated[float, Field(ge=1, le=60)]

    @model_validator(mode="after")
    def _loopback_unless_allowed(self) -> Self:
        """Refuse another machine by default: the API has neither a password nor encryption."""
        if not self.allow_remote and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host!r} is another machine and the API has no password: "
                "use an SSH tunnel, or set allow_remote = true",
            )
        return self


class Settings(Section):
    """Everything the program may be told, for the profile in `general.profile`.

    `connection` and `mt5` are the profile's own tables; the simulator has none.
    """

    general: GeneralSettings
    ui: UiSettings
    keys: Mapping[str, Annotated[Text, Field(min_length=1, max_length=64)]]
    vega: VegaSettings
    dtms: DtmsSettings
    accounts: AccountsSettings
    balance: BalanceSettings
    risk: RiskSettings
    simulator: SimulatorSettings
    store: StoreSettings
    connection: ConnectionSettings | None
    mt5: Mt5Settings | None


SECTIONS: Mapping[str, type[Section]] = {
    "general": GeneralSettings,
    "ui": UiSettings,
    "vega": VegaSettings,
    "dtms": DtmsSettings,
    "accounts": AccountsSettings,
    "balance": BalanceSettings,
    "risk": RiskSettings,
    "simulator": SimulatorSettings,
    "store": StoreSettings,
}
LEVELS: Mapping[tuple[str, ...], type[Section]] = {
    ("accounts", "exchange"): OverrideSettings,
    ("accounts", "keys"): KeySettings,
}
"""Tables within a section that have names or places of their own."""
PROFILE_TABLES: Mapping[str, type[Section]] = {"mt5": Mt5Settings}
"""Tables that exist inside a profile only, as `[profile.paper.mt5]`."""
PROFILES_WITH_BROKER: tuple[Profile, ...] = ("paper", "live")
