"""The simulated market: moments in closed form, jumps that hit everything, volatility with them."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from hedgetui.domain.errors import UsageError
from hedgetui.domain.pricing import black76
from hedgetui.domain.stress.book import Holding, OptionTerms, StressBook, Underlying
from hedgetui.domain.stress.monte_carlo import simulate
from hedgetui.domain.stress.paths import REVERSION, VOL_OF_VOL, Market, StressSettings, walk
from hedgetui.domain.stress.regimes import REGIMES, MarketRegime, regime_named
from tests.stress.books import CALM, SPY, shares

PATHS, YEARS = 40_000, 0.5
CERTAIN = 4.5
"""Standard errors within which an estimate has to be; the seeds are fixed."""
NAMES = (
    SPY, Underlying("QQQ", 500.0, 1.3, 0.8), Underlying("TLT", 90.0, -0.3, 0.2),
    Underlying("EURUSD", 1.1, 0.0, own_vol=0.1), Underlying("BTCUSD", 9e4, 1.0, own_vol=0.5),
)  # fmt: skip


def ends(regime: MarketRegime, names=NAMES, times=(YEARS,), paths=PATHS, **more) -> Market:
    """Return all paths at the last of `times`."""
    settings = StressSettings(regime, paths, times[-1], **more)
    book = StressBook(names, ())
    last = [list(walk(book, settings, times, chunk))[-1] for chunk in range(settings.chunks)]
    return Market(
        times[-1],
        np.concatenate([one.market for one in last]),
        np.concatenate([one.iv_ratio for one in last]),
        np.concatenate([one.spots for one in last], axis=1),
    )


def close(sample, expected: float) -> bool:
    """Whether the mean of a sample is `expected` within its standard error."""
    sample = np.asarray(sample)
    return abs(sample.mean() - expected) <= CERTAIN * sample.std() / math.sqrt(len(sample))


def test_shares_without_jumps_agree_with_the_closed_form():
    found = simulate(shares(), StressSettings(CALM, PATHS, YEARS, seed=1))
    value, drift, vol = 60_000.0, 0.05 * YEARS, 0.2 * math.sqrt(YEARS)
    spread = math.exp(vol * vol)
    sd = value * math.exp(drift) * math.sqrt(spread - 1)

    def quantile(p: float) -> float:
        return value * math.expm1(drift - vol * vol / 2 + vol * NormalDist().inv_cdf(p))

    def error(p: float) -> float:  # of a sample quantile: √(p(1-p)/n) over the density there
        level = value + quantile(p)
        dense = NormalDist().pdf(NormalDist().inv_cdf(p)) / (level * vol)
        return CERTAIN * math.sqrt(p * (1 - p) / PATHS) / dense

    figures = found.figures
    assert figures.nav == value
    assert close(found.profits, value * math.expm1(drift))
    assert figures.sd == pytest.approx(sd, rel=CERTAIN / math.sqrt(PATHS))
    assert figures.skew == pytest.approx((spread + 2) * math.sqrt(spread - 1), abs=0.08)
    assert figures.median == pytest.approx(quantile(0.5), abs=error(0.5))
    assert figures.var95 == pytest.approx(-quantile(0.05), abs=error(0.05))
    assert figures.var99 == pytest.approx(-quantile(0.01), abs=error(0.01))
    tail = NormalDist().cdf(NormalDist().inv_cdf(0.05) - vol) / 0.05
    assert figures.cvar95 == pytest.approx(value * (1 - math.exp(drift) * tail), rel=0.015)
    loss = NormalDist().cdf((math.log(0.9) - drift + vol * vol / 2) / vol)
    assert close(found.profits < -6_000, loss)
    assert figures.p_loss_10 == pytest.approx(loss, abs=0.01)


@pytest.mark.parametrize("years", [0.2, YEARS])
def test_an_option_that_expires_is_worth_its_payoff_on_average(years):
    put = OptionTerms(580.0, years, -1, 0.3)
    book = StressBook((SPY,), (Holding("put", "SPY", 1.0, put),))
    found = simulate(book, StressSettings(CALM, PATHS, YEARS, seed=2))
    expected = black76.price_one(600 * math.exp(0.05 * years), 580, years, 0.2, -1)
    assert close(found.profits + found.figures.nav, expected)


def test_each_name_has_the_drift_the_variance_and_the_correlation_its_fit_promises():
    market = ends(CALM, seed=3)
    for name, spots in zip(NAMES, market.spots, strict=True):
        assert close(spots / name.spot, math.exp(name.beta * 0.05 * YEARS))
        moves = np.log(spots)
        variance = (name.beta * 0.2) ** 2 / name.r2 + name.own_vol**2
        assert moves.var() == pytest.approx(variance * YEARS, rel=0.04)
        tie = float(np.corrcoef(moves, np.log(market.market))[0, 1])
        assert tie == pytest.approx(name.beta * 0.2 / math.sqrt(variance), abs=0.02)


def test_the_market_and_its_volatility_have_the_variances_of_their_law():
    market = ends(CALM, seed=4)
    keep = math.exp(-REVERSION * YEARS)
    variance = VOL_OF_VOL**2 * (1 - keep**2) / (2 * REVERSION)
    covariance = -0.6 * 0.2 * VOL_OF_VOL * (1 - keep) / REVERSION
    moves, vols = np.log(market.market), np.log(market.iv_ratio)
    assert moves.var() == pytest.approx(0.04 * YEARS, rel=0.04)
    assert vols.var() == pytest.approx(variance, rel=0.04)
    assert float(np.cov(moves, vols)[0, 1]) == pytest.approx(covariance, rel=0.05)


def test_what_else_is_held_moves_no_path():
    """Else the difference a hedge makes would be an accident of the draw."""
    settings = StressSettings(REGIMES["RISK_OFF"], 1_000, YEARS, 7)
    few, more = StressBook(NAMES[1:], ()), StressBook((Underlying("A", 9.0, 1, 0.2), *NAMES), ())
    (alone,) = walk(few, settings, (YEARS,), 0)
    beside = list(walk(more, settings, (0.003, 0.1, 0.1001, YEARS), 0))
    assert np.array_equal(alone.market, beside[-1].market)
    assert np.array_equal(alone.iv_ratio, beside[-1].iv_ratio)
    assert np.array_equal(alone.spots, beside[-1].spots[2:])
    assert not np.array_equal(beside[-1].spots[0], beside[-1].spots[2])


def test_on_the_way_a_name_has_the_variance_of_its_time():
    settings = StressSettings(replace(CALM, vol=0.2), 1_000, 1.0, 8)
    book = StressBook((Underlying("A", 1.0, 1.0, 0.25),), ())
    seen = walk(book, settings, (0.2, 0.6, 1.0), 0)
    early, late, end = (np.log(one.spots[0]) for one in seen)
    for sample, years in ((early, 0.2), (late, 0.6), (end, 1.0), (late - early, 0.4)):
        assert sample.var() == pytest.approx(0.04 / 0.25 * years, rel=0.2)
    assert abs(np.corrcoef(early, end - late)[0, 1]) < 0.12


def test_implied_volatility_reverts_from_today_to_the_regimes_level():
    market = ends(CALM, times=(2.0,), iv_now=0.4, seed=6, paths=20_000)
    assert np.median(market.iv_ratio) == pytest.approx(0.2 / 0.4, rel=0.02)


def test_a_crash_hits_every_name_on_the_same_path_and_lifts_volatility():
    still = replace(CALM, drift=0.0, vol=1e-9, jump_chance=0.4, jump_size=-0.2, iv_spike=0.15)
    names = tuple(Underlying(f"N{i}", 100.0) for i in range(5))
    market = ends(still, names, (1.0,), paths=10_000)
    crashed = market.market < 0.9
    assert close(crashed, 0.4)
    for spots in market.spots:
        assert np.array_equal(spots < 90, crashed)
        assert np.allclose(spots[~crashed], 100)
    assert np.allclose(market.spots[0].min() / 100, 0.8 ** round(math.log(
        market.spots[0].min() / 100) / math.log(0.8)))  # fmt: skip
    assert market.iv_ratio[crashed].mean() > market.iv_ratio[~crashed].mean() + 0.1


def test_many_names_spread_the_noise_but_not_a_crash():
    calm, crash = CALM, replace(CALM, jump_chance=0.5, jump_size=-0.4)
    many = tuple(Underlying(f"N{i}", 100.0, 1.0, 0.3) for i in range(20))
    book = StressBook(many, tuple(Holding(one.symbol, one.symbol, 50.0) for one in many))
    lone = StressBook(many[:1], (Holding("N0", "N0", 1_000.0),))

    def cvar(held: StressBook, regime: MarketRegime) -> float:
        return simulate(held, StressSettings(regime, 4_000, YEARS)).figures.cvar95

    assert cvar(book, calm) < 0.65 * cvar(lone, calm)
    assert cvar(book, crash) > 0.85 * cvar(lone, crash)


def test_the_regimes_are_the_ones_of_the_table():
    assert len(REGIMES) == 8
    risk_off = regime_named("risk-off")
    assert (risk_off.drift, risk_off.vol, risk_off.iv_level) == (-0.25, 0.35, 0.4)
    assert (risk_off.spot_iv, risk_off.jump_chance) == (-0.8, 0.25)
    assert (risk_off.jump_size, risk_off.iv_spike) == (-0.2, 0.15)
    assert -math.expm1(-risk_off.jump_rate) == pytest.approx(0.25)
    with pytest.raises(UsageError, match="no regime"):
        regime_named("SIDEWAYS")


@pytest.mark.parametrize(
    "bad",
    [{"paths": 0}, {"paths": 10**9}, {"horizon": 0.0}, {"horizon": math.nan}, {"seed": -1},
     {"iv_now": 0.0}, {"rate": math.nan}],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(bad):
    with pytest.raises(UsageError):
        StressSettings(CALM, **bad)
