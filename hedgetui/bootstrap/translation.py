"""The configuration in the engine's own plain values."""

from __future__ import annotations

from hedgetui import config
from hedgetui.domain.risk import RiskLimits
from hedgetui.domain.units import Seconds
from hedgetui.domain.vega.bands import PRESETS, BandRule
from hedgetui.domain.vega.chase import EntryStyle
from hedgetui.domain.vega.scanner import ScanSettings
from hedgetui.domain.vega.sizing import RehedgeTo
from hedgetui.engine.settings import EngineSettings, VegaRules


def engine_settings(settings: config.Settings) -> EngineSettings:
    """Translate the configuration into the engine's own plain values."""
    vega, profile = settings.vega, settings.general.profile
    return EngineSettings(
        profile=profile,
        expected_account=settings.connection.account if settings.connection else "",
        vega=_vega_rules(settings),
        limits=_risk_limits(settings),
        scan=ScanSettings(
            dte_min=vega.dte_min,
            dte_max=vega.dte_max,
            delta_min=vega.delta_min,
            delta_max=vega.delta_max,
            max_cost=vega.max_cost,
            max_spread_pct=vega.max_spread_pct,
        ),
        start_armed=profile != "live",
    )


def _vega_rules(settings: config.Settings) -> VegaRules:
    vega = settings.vega
    named = PRESETS[vega.preset].max_delta == vega.max_delta
    return VegaRules(
        enabled=vega.enabled,
        auto=vega.auto,
        preset=vega.preset if named else "custom",
        max_delta=vega.max_delta,
        target=vega.target,
        ratio=vega.ratio,
        rehedge_to=RehedgeTo(vega.rehedge_to),
        band_rule=BandRule(vega.band),
        risk_aversion=vega.risk_aversion,
        monitor_interval=Seconds(vega.monitor_interval_s),
        debounce=Seconds(vega.debounce_ms / 1000),
        initial_hedge_delay=Seconds(vega.initial_hedge_delay_s),
        leg_grace=Seconds(vega.leg_grace_s),
        greeks_max_age=Seconds(vega.greeks_max_age_s),
        chase_interval=Seconds(vega.chase_interval_s),
        chase_steps=vega.chase_steps,
        entry_style=EntryStyle(vega.entry_style),
        roll_days=vega.roll_days,
        delay_after_open=Seconds(vega.delay_after_open_s),
        protected_orders=vega.order_type == "protected",
        protected_ticks=settings.risk.collar_ticks,
        first_trade_lots=vega.first_trade_lots,
        future_fee=settings.simulator.future_fee_per_side,
    )


def _risk_limits(settings: config.Settings) -> RiskLimits:
    risk = settings.risk
    return RiskLimits(
        max_order_contracts=risk.max_order_contracts,
        max_net_contracts=risk.max_net_contracts,
        max_option_lots=risk.max_option_lots,
        orders_per_second=risk.orders_per_second,
        orders_per_minute=risk.orders_per_minute,
        orders_per_day=risk.orders_per_day,
        throttle_hedges=risk.throttle_hedges,
        throttle_window=Seconds(risk.throttle_minutes * 60),
        collar_ticks=risk.collar_ticks,
        max_order_notional=risk.max_order_notional,
        max_day_notional=risk.max_day_notional,
        duplicate_window=Seconds(risk.duplicate_window_s),
        daily_loss_limit=risk.daily_loss_limit,
        margin_buffer=risk.margin_buffer,
        quote_max_age=Seconds(settings.vega.quote_max_age_s),
    )
