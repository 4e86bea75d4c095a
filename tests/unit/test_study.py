"""The study: a strangle walked through recorded days, with and without its hedge."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from hedgetui.domain.instruments import XSP, Right, option
from hedgetui.domain.pricing import black76
from hedgetui.domain.quotes import ChainSnapshot, ExpiryQuotes
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega.sizing import RehedgeTo
from hedgetui.domain.vega.study import StudySettings, study
from hedgetui.simulation.chain_csv import read_chains, scale_to_xsp

START = date(2025, 3, 3)
EXPIRY = START + timedelta(days=45)
KEYS = (
    "days", "trades", "hedge_orders", "pnl_options", "pnl_hedge", "fees", "var_hedged",
    "var_unhedged", "max_excess_contracts",
)  # fmt: skip


def snapshot(day, spot, vol=0.2, drop=()):
    """A quoted chain on one day; `drop` lists strikes that lost their quotes."""
    at = datetime(day.year, day.month, day.day, 21, tzinfo=UTC).timestamp()
    strikes = np.arange(400.0, 701.0, 2.5)
    years = option(XSP, EXPIRY, 1, Right.CALL).years_left(Timestamp(at))
    calls, puts = (black76.price(spot, strikes, years, vol, sign) for sign in (1.0, -1.0))
    lost = np.isin(strikes, drop)
    calls, puts = np.where(lost, np.nan, calls), np.where(lost, np.nan, puts)
    sides = [
        np.where(price >= 0.05, np.round(price + half, 2), np.nan)
        for price in (calls, puts)
        for half in (-0.02, 0.02)
    ]
    quotes = ExpiryQuotes(EXPIRY, strikes, *sides)
    return ChainSnapshot(XSP, Timestamp(at), spot, (quotes,))


def weekdays(count):
    days = (START + timedelta(days=offset) for offset in range(200))
    return [day for day in days if day.weekday() < 5][:count]


def random_month(seed=4, moves=0.012):
    rng = np.random.default_rng(seed)
    days = weekdays(30)
    spots = 540 * np.exp(np.cumsum(rng.normal(0, moves, len(days))))
    return [snapshot(day, float(spot)) for day, spot in zip(days, spots, strict=True)]


PATIENT = StudySettings(profit_target=9.0, loss_limit=9.0)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("mode", RehedgeTo)
def test_hedging_lowers_the_variance_and_never_overshoots(seed, mode):
    result = study(random_month(seed), StudySettings(rehedge_to=mode))
    assert result.hedge_orders == len(result.hedge_log) > 0
    assert result.var_hedged < result.var_unhedged
    assert result.max_excess_contracts <= 0.5
    for order in result.hedge_log:
        assert abs(order.net_after) < abs(order.net_before)
        assert order.net_after == pytest.approx(order.net_before + 5 * order.contracts)


def test_the_figures_add_up_trade_by_trade():
    result = study(random_month(), StudySettings())
    assert result.trades == len(result.trade_log) > 0
    for name, whole in (
        ("options", result.pnl_options), ("hedge", result.pnl_hedge), ("fees", result.fees),
    ):  # fmt: skip
        parts = sum(getattr(trade, name) for trade in result.trade_log)
        assert parts == pytest.approx(whole, abs=0.01)
    sides = sum(abs(order.contracts) for order in result.hedge_log)
    fees = 0.25 * sides + 4 * 0.65 * 10 * result.trades
    assert result.fees == pytest.approx(fees)
    cash = 5 * sum(-order.contracts * order.level for order in result.hedge_log)
    assert result.pnl_hedge == pytest.approx(cash, abs=0.02)
    assert sum(order.contracts for order in result.hedge_log) == 0


def test_the_summary_has_the_shape_scripts_rely_on():
    result = study(random_month(), StudySettings())
    assert tuple(result.summary()) == KEYS
    assert result.summary()["days"] == 30


def test_hedges_come_once_a_day_and_only_outside_the_band():
    result = study(random_month(), PATIENT)
    for _, orders in groupby(result.hedge_log, key=lambda order: order.day):
        assert len(list(orders)) == 1
    (trade,) = result.trade_log
    later = [order for order in result.hedge_log if trade.entered < order.day < trade.left]
    assert later
    assert all(abs(order.net_before) > 10 for order in later)


def test_a_band_that_is_never_broken_leaves_the_options_alone():
    result = study(random_month(), StudySettings(lots=1, band=1000.0))
    assert (result.hedge_orders, result.pnl_hedge) == (0, 0)
    assert result.var_hedged == pytest.approx(result.var_unhedged)


def test_a_quiet_market_ends_at_the_loss_limit():
    days = [snapshot(day, 540.0) for day in weekdays(30)]
    result = study(days, StudySettings(loss_limit=0.3))
    first = result.trade_log[0]
    assert first.why == "loss limit"
    assert -0.45 * first.cost < first.options < -0.28 * first.cost


def test_a_fall_ends_at_the_profit_target():
    spots = [540.0, 528.0, 500.0, 500.0]
    days = [snapshot(day, spot) for day, spot in zip(weekdays(4), spots, strict=True)]
    first = study(days, StudySettings()).trade_log[0]
    assert (first.why, first.left) == ("profit target", weekdays(4)[2])
    assert first.options > 0.5 * first.cost
    assert first.hedge < 0


def test_a_trade_leaves_before_expiry():
    result = study(random_month(), PATIENT)
    assert result.trade_log[0].why in {"end of data", "2 days to expiry", "1 days to expiry"}
    short = study(random_month()[:5], PATIENT)
    assert short.trade_log[0].why == "end of data"


def test_a_leg_without_quotes_blocks_the_hedge_and_is_counted():
    days = weekdays(4)
    spots = (540.0, 560.0, 560.0, 560.0)
    full = [snapshot(day, spot) for day, spot in zip(days, spots, strict=True)]
    entered = study(full, PATIENT)
    assert entered.hedge_log[0].day == days[1]
    every = tuple(full[1].expiries[0].strikes)
    blind = [full[0], snapshot(days[1], 560.0, drop=every), *full[2:]]
    result = study(blind, PATIENT)
    assert result.blind_days == 1
    assert result.hedge_log[0].day == days[2]


def test_an_expiry_missed_by_the_record_pays_its_intrinsic_value():
    days = [snapshot(START, 540.0), snapshot(EXPIRY + timedelta(days=3), 600.0)]
    (trade,) = study(days, PATIENT).trade_log
    call = float(trade.name.split("/")[1].split("C")[0])
    assert trade.options == pytest.approx(10 * 100 * (600 - call) - trade.cost, abs=0.01)


def test_the_net_of_a_trade_is_what_is_left():
    trade = study(random_month(), StudySettings()).trade_log[0]
    assert trade.net == pytest.approx(trade.options + trade.hedge - trade.fees)


def test_no_days_no_result():
    result = study([], StudySettings())
    assert set(result.summary().values()) == {0}


def test_recorded_chains_show_less_variance_with_the_hedge():
    folder = os.environ.get("RECORDED_MARKET_DATA")
    found = sorted(Path(folder).glob("SPXW_chain*.csv*")) if folder else []
    if not found:
        pytest.skip("set RECORDED_MARKET_DATA to a folder with SPXW_chain*.csv.gz")
    days = [scale_to_xsp(day) for day in read_chains(found[0])]
    result = study(days, StudySettings())
    assert result.days == len(days)
    assert result.hedge_orders > 0
    assert result.var_hedged < 0.75 * result.var_unhedged
    assert result.max_excess_contracts <= 0.5
    assert result.blind_days == 0
