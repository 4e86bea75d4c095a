"""What the engine must be told, as plain values; `bootstrap` fills it from the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from hedgetui.domain.risk import RiskLimits
from hedgetui.domain.units import Seconds
from hedgetui.domain.vega.bands import BandRule
from hedgetui.domain.vega.chase import EntryStyle
from hedgetui.domain.vega.scanner import ScanSettings
from hedgetui.domain.vega.sizing import RehedgeTo


@dataclass(frozen=True, slots=True)
class VegaRules:
    """The strategy's rules; times in seconds, deltas in Δ$ per index point."""

    enabled: bool = True
    auto: bool = True
    preset: str = "balanced"
    max_delta: float = 10.0
    target: float = 0.0
    ratio: float = 1.0
    rehedge_to: RehedgeTo = RehedgeTo.CENTRE
    band_rule: BandRule = BandRule.FIXED
    risk_aversion: float = 0.0001
    hedge_symbol: str = "MES"
    monitor_interval: Seconds = Seconds(30.0)
    debounce: Seconds = Seconds(0.25)
    initial_hedge_delay: Seconds = Seconds(2.0)
    leg_grace: Seconds = Seconds(10.0)
    greeks_max_age: Seconds = Seconds(15.0)
    chase_interval: Seconds = Seconds(5.0)
    chase_steps: int = 4
    entry_style: EntryStyle = EntryStyle.LEGS
    roll_days: int = 8
    delay_after_open: Seconds = Seconds(60.0)
    protected_orders: bool = False
    protected_ticks: int = 8
    first_trade_lots: int = 1
    future_fee: float = 0.25
    """Dollars per contract and side, for the cost line of previews."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Everything the kernel needs besides its ports."""

    profile: str
    expected_account: str = ""
    strategy: str = "vega"
    vega: VegaRules = field(default_factory=VegaRules)
    limits: RiskLimits = field(default_factory=RiskLimits)
    scan: ScanSettings = field(default_factory=ScanSettings)
    scan_at_start: bool = True
    """Fill the scanner after a connection; a desk that only answers about something else need not.
    """
    start_armed: bool = True
    """Simulator and paper may start armed; live never does."""
    ack_timeout: Seconds = Seconds(5.0)
    decision_ttl: Seconds = Seconds(2.0)
    audit_interval: Seconds = Seconds(60.0)
    """How often broker truth is compared with the journal while all is well."""
    absence_gap: Seconds = Seconds(10.0)
    """Least time between the two complete looks that prove an order absent."""
    sample_interval: Seconds = Seconds(5.0)
    preview_life: Seconds = Seconds(30.0)
