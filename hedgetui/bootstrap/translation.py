"""The configuration in the engine's own plain values."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from hedgetui import config
from hedgetui.config.balance import MEASURED
from hedgetui.console.accounts_ledger import levels_of
from hedgetui.domain.balance.limits import TicketLimits
from hedgetui.domain.balance.regime import Regime
from hedgetui.domain.dtms.calendar import NewsEvent, read_calendar
from hedgetui.domain.dtms.model import Automation, HedgeMode, Rules, RuleSet
from hedgetui.domain.errors import ConfigError
from hedgetui.domain.risk import RiskLimits
from hedgetui.domain.tails.exposure import TailLimits
from hedgetui.domain.tails.model import Linking
from hedgetui.domain.units import Seconds
from hedgetui.domain.vega.bands import PRESETS, BandRule
from hedgetui.domain.vega.chase import EntryStyle
from hedgetui.domain.vega.scanner import ScanSettings
from hedgetui.domain.vega.sizing import RehedgeTo
from hedgetui.engine.balance.settings import BalanceSettings
from hedgetui.engine.dtms.parts import DefenceSettings
from hedgetui.engine.settings import EngineSettings, VegaRules
from hedgetui.engine.tails.parts import TailSettings
from hedgetui.ports.broker import Environment
from hedgetui.simulation.grains import CROPS


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
        tails=TailLimits(
            max_order=settings.accounts.max_order_lots,
            max_net=settings.accounts.max_net_lots,
            repeats=settings.accounts.orders_repeat,
        ),
        tickets=TicketLimits(
            max_contracts=settings.balance.max_contracts,
            max_shares=settings.balance.max_shares,
            max_order_notional=settings.balance.max_order_notional,
            max_day_notional=settings.balance.max_day_notional,
            orders_per_day=settings.balance.orders_per_day,
        ),
    )


def tail_settings(settings: config.Settings) -> TailSettings | None:
    """Translate `[accounts]` into the values of hedge accounts; None where there are none."""
    accounts = settings.accounts
    if not accounts.enabled:
        return None
    simulated = settings.general.profile == Environment.SIM.value
    return TailSettings(
        levels=levels_of(accounts),
        linking=Linking(accounts.linking),
        cooldown=Seconds(accounts.cooldown_s),
        look_back_days=accounts.look_back_days,
        daily_moves={name: crop.daily_vol for name, crop in CROPS.items()} if simulated else {},
    )


def balance_settings(settings: config.Settings) -> BalanceSettings | None:
    """Translate `[balance]` into the values of the portfolio; None where it is not read."""
    balance = settings.balance
    if not balance.enabled:
        return None
    named = None if balance.regime == MEASURED else Regime(balance.regime.upper())
    return BalanceSettings(
        budget=Decimal(str(balance.budget)),
        most=balance.max_recommendations,
        vol_symbols=balance.vol_symbols,
        index=balance.index,
        betas=dict(balance.betas),
        history_days=balance.history_days,
        regime=named,
        rate=balance.rate,
        read_every=Seconds(balance.read_every_s),
        stress_paths=balance.stress_paths,
        stress_months=balance.stress_months,
        stress_regime=balance.stress_regime,
        stress_seed=balance.stress_seed,
    )


def defence_settings(settings: config.Settings) -> DefenceSettings:
    """Translate `[dtms]` and the profile's MT5 account into the defence's own values.

    Raises:
        ConfigError: the news calendar cannot be opened.
        DataError: it holds something else.
    """
    dtms, mt5 = settings.dtms, settings.mt5
    return DefenceSettings(
        profile=settings.general.profile,
        enabled=dtms.enabled,
        rules=_defence_rules(dtms),
        automation=Automation(dtms.automation),
        magics=frozenset(dtms.magics),
        symbols=dtms.symbols,
        crypto=dtms.crypto,
        expected_login=0 if mt5 is None else mt5.login,
        fast_loop=Seconds(dtms.fast_loop_s),
        bar_delay=Seconds(dtms.bar_delay_s),
        stale_tick=Seconds(dtms.stale_tick_s),
        news=_news(dtms.news_csv),
        deviation=dtms.deviation_points,
    )


def _defence_rules(dtms: config.DtmsSettings) -> Rules:
    return Rules(
        rule_set=RuleSet(dtms.profile),
        l1_score=dtms.l1_score,
        l2_score=dtms.l2_score,
        hedge_score=dtms.hedge_score,
        calm_score=dtms.calm_score,
        ease_score=dtms.ease_score,
        unhedge_score=dtms.unhedge_score,
        recovered_score=dtms.recovered_score,
        l1_u=dtms.l1_u,
        l2_u=dtms.l2_u,
        hedge_u=dtms.hedge_u,
        confirm=dtms.confirm,
        dwell=_minutes(dtms.dwell_min),
        grace=_minutes(dtms.grace_min),
        grace_u=dtms.grace_u,
        emergency_u=dtms.emergency_u,
        emergency_atr=dtms.emergency_atr,
        flat_after=_minutes(dtms.flat_after_min),
        recover_within=_minutes(dtms.recover_within_min),
        max_hedges=dtms.max_hedges,
        spread_limit=dtms.spread_limit,
        tighten_r=dtms.tighten_r,
        partial_ratio=dtms.partial_ratio,
        breakeven_u=dtms.breakeven_u,
        hedge_ratio=dtms.hedge_ratio,
        hedge_of_initial=dtms.hedge_base == "initial",
        hedge_sl_atr=dtms.hedge_sl_atr,
        hedge_mode=HedgeMode(dtms.hedge_mode),
        rebuy=dtms.rebuy,
        re_add=dtms.re_add,
        re_add_ratio=dtms.re_add_ratio,
        adaptive=dtms.adaptive,
        daily_loss=dtms.daily_loss_pct / 100,
        hourly_loss=dtms.hourly_loss_pct / 100,
        stops_in_a_row=dtms.stops_in_a_row,
        news_before=_minutes(dtms.news_before_min),
        news_after=_minutes(dtms.news_after_min),
        min_margin_level=dtms.min_margin_level,
    )


def _minutes(count: float) -> Seconds:
    return Seconds(60 * count)


def _news(path: str) -> tuple[NewsEvent, ...]:
    """Read the news calendar; a rail that was asked for and cannot be had is no rail."""
    if not path:
        return ()
    place = Path(path).expanduser()
    try:
        with place.open(encoding="utf-8", newline="") as lines:
            return read_calendar(lines, place.name)
    except UnicodeDecodeError as error:
        raise ConfigError(f"dtms.news_csv: {place} is not UTF-8 text") from error
    except OSError as error:
        message = f"dtms.news_csv: cannot read {place}: {error.strerror}"
        raise ConfigError(message, hint='dtms.news_csv = "" defends without a calendar') from error
