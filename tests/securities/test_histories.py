"""The made-up past: it ends where the market is, keeps the betas and shows the regime asked for."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from hedgetui.domain.balance.closes import betas
from hedgetui.domain.balance.regime import Regime, measure
from hedgetui.domain.units import parse_utc
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.market import MarketTerms, seeded_market
from hedgetui.simulation.scenarios import SCENARIOS
from hedgetui.simulation.securities import NAMES
from tests.securities.security_floor import START

ALL = frozenset({*NAMES, "SPX", "VIX"})


def exchange(seed: int = 7, regime: Regime = Regime.DEFAULT) -> Exchange:
    market = seeded_market(seed, start=START, terms=MarketTerms(regime=regime), tick_s=60.0)
    return Exchange(market, seed=seed)


def test_the_past_ends_where_the_market_begins() -> None:
    it = exchange()
    closes = it.closes(ALL | {"FORD"}, 252)
    assert len(closes.days) == 252
    assert closes.days[-1] == date(2025, 11, 18)
    assert all(day.weekday() < 5 for day in closes.days)
    assert set(closes.table) == ALL
    assert closes.last("SPX") == it.market.level
    for symbol in NAMES:
        now = it.board.securities.prices.price(symbol)
        assert closes.last(symbol) == pytest.approx(now, rel=0.01)
    assert closes.last("VIX") == pytest.approx(100 * it.market.iv30, rel=0.25)
    assert np.isnan(it.closes(frozenset({"VIX"}), 300).table["VIX"]).sum() == 48


@pytest.mark.parametrize("regime", [Regime.DEFAULT, Regime.STAGFLATION])
def test_betas_measured_on_the_past_are_near_those_of_the_market(regime: Regime) -> None:
    for seed in (1, 7):
        found = betas(exchange(seed, regime).closes(ALL, 252), NAMES, "SPY")
        for symbol, name in NAMES.items():
            wide = name.own_vol / 0.14 / np.sqrt(251)
            assert found[symbol].beta == pytest.approx(name.beta, abs=3.2 * wide + 0.02), symbol
            r2 = (name.beta * 0.14) ** 2 / ((name.beta * 0.14) ** 2 + name.own_vol**2)
            assert found[symbol].r2 == pytest.approx(r2, abs=0.15), symbol


@pytest.mark.parametrize("regime", sorted(set(Regime) - {Regime.DEFAULT}))
def test_a_regime_is_measured_whatever_the_seed(regime: Regime) -> None:
    for seed in range(12):
        it = exchange(seed, regime)
        measured = measure(it.closes(ALL, 252), 15.0)
        assert measured.regime is regime, (seed, measured.inputs)


def test_the_scenarios_show_every_regime() -> None:
    shown = {one.terms.regime for one in SCENARIOS.values()}
    assert shown == set(Regime)


def test_the_past_stays_as_it_was_and_lived_days_join_it_to_the_present() -> None:
    it = exchange(7, Regime.INFLATIONARY)
    before = it.closes(ALL, 252)
    it.advance(parse_utc("2025-11-26T15:00:00Z"))
    after = it.closes(ALL, 257)
    assert after.days[-1] == date(2025, 11, 25)
    for symbol in ALL - {"VIX"}:
        assert after.table[symbol][:-5].tolist() == before.table[symbol].tolist(), symbol
    assert after.last("SPX") == pytest.approx(it.market.closed_level, abs=0.01)
    for symbol in NAMES:
        now = it.board.securities.prices.price(symbol)
        assert after.last(symbol) == pytest.approx(now, rel=0.06), symbol
