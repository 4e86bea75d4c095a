"""Full revaluation against the plain way and against QuantLib."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hedgetui.domain.stress.book import Holding, OptionTerms, StressBook
from hedgetui.domain.stress.paths import Market, StressSettings, walk
from hedgetui.domain.stress.regimes import REGIMES
from hedgetui.domain.stress.revalue import Revaluation, reference_profits, sensitivities
from tests.stress.books import SPY, random_book, shares

RATE = 0.04


def markets(book: StressBook, horizon: float, seed: int, paths: int) -> list[Market]:
    """Return the paths of a book at every time it is priced at, in the roughest regime."""
    settings = StressSettings(REGIMES["RISK_OFF"], paths, horizon, seed)
    return list(walk(book, settings, Revaluation(book, horizon).times, 0))


@pytest.mark.parametrize("horizon", [1 / 365, 0.25, 2.0])
def test_the_fast_way_agrees_with_the_plain_way(horizon):
    book = random_book(np.random.default_rng(3), options=60, names=5)
    seen = markets(book, horizon, 1, 700)
    priced = Revaluation(book, horizon, RATE)
    fast, plain = priced.profits(seen), reference_profits(book, seen, horizon, RATE)
    assert np.abs(fast - plain).max() <= 1e-12 * priced.nav
    assert np.ptp(plain) > 0.01 * priced.nav


@pytest.mark.parametrize("books", [50, pytest.param(1_000, marks=pytest.mark.deep)])
def test_quantlib_agrees_to_a_millionth_of_nav(books):
    ql = pytest.importorskip("QuantLib")
    worst = 0.0
    for number in range(books):
        rng = np.random.default_rng(number)
        book, horizon = random_book(rng), float(rng.uniform(1, 300)) / 365
        seen = markets(book, horizon, number, 8)
        priced = Revaluation(book, horizon, RATE)
        profits, nav = _quantlib(ql, book, {one.years: one for one in seen}, horizon)
        assert nav > 0
        assert priced.nav == pytest.approx(nav, rel=1e-9)
        worst = max(worst, float(np.abs(priced.profits(seen) - profits).max()) / nav)
    assert worst <= 1e-6


def _quantlib(ql, book, seen, horizon):
    """Return profits of each path and the NAV, one QuantLib object per option, path and price."""

    def value(terms, spot, vol, years):
        kind = ql.Option.Call if terms.sign > 0 else ql.Option.Put
        payoff = ql.PlainVanillaPayoff(kind, terms.strike)
        if years <= 0:
            return payoff(spot)
        deviation, discount = vol * math.sqrt(years), math.exp(-RATE * years)
        return ql.BlackCalculator(payoff, spot / discount, deviation, discount).value()

    place = {one.symbol: i for i, one in enumerate(book.underlyings)}
    profits, nav = np.zeros(len(seen[horizon].market)), book.cash
    for one in book.holdings:
        name, terms = place[one.symbol], one.option
        spot = book.underlyings[name].spot
        if terms is None:
            nav += 0.0 if one.margined else one.units * spot
            profits += one.units * (seen[horizon].spots[name] - spot)
            continue
        now = value(terms, spot, terms.vol, terms.years)
        nav += one.units * now
        then, left = seen[min(terms.years, horizon)], terms.years - horizon
        for path, level in enumerate(then.spots[name].tolist()):
            vol = terms.vol * float(then.iv_ratio[path])
            profits[path] += one.units * (value(terms, level, vol, left) - now)
    return profits, nav


def test_an_option_is_settled_on_its_own_day_not_at_the_horizon():
    put = OptionTerms(600.0, 0.1, -1, 0.2)
    book = StressBook((SPY,), (Holding("put", "SPY", 100.0, put),))
    priced = Revaluation(book, 0.5)
    assert priced.times == (0.1, 0.5)
    one = np.ones(1)
    there = Market(0.1, one, one, np.array([[550.0]]))
    back = Market(0.5, one, one, np.array([[700.0]]))
    assert priced.profits([there, back])[0] == pytest.approx(5_000 - priced.nav)


def test_a_future_gains_but_is_worth_nothing():
    book = StressBook((SPY,), (Holding("ES", "SPY", 50.0, margined=True),), cash=1_000.0)
    priced = Revaluation(book, 0.5)
    one = np.ones(1)
    profit = priced.profits([Market(0.5, one, one, np.array([[601.0]]))])
    assert (priced.nav, profit[0]) == (1_000.0, pytest.approx(50.0))


def test_sensitivities_are_what_small_moves_cost():
    book = random_book(np.random.default_rng(8))
    one, bump = np.ones(1), 1e-4

    def worth(years: float, market: float, ratio: float) -> float:
        beta = np.array([name.beta for name in book.underlyings])
        spots = (book.spots * market**beta)[:, None]
        priced = Revaluation(book, years, RATE)
        assert priced.times == (years,)
        return float(priced.profits([Market(years, one * market, one * ratio, spots)])[0])

    risk = sensitivities(book, RATE)
    delta = (worth(1e-9, 1 + bump, 1) - worth(1e-9, 1 - bump, 1)) / (2 * bump)
    theta = (worth(bump, 1, 1) - worth(1e-9, 1, 1)) / (bump * 365)
    assert risk.delta == pytest.approx(delta, rel=1e-4)
    assert risk.theta == pytest.approx(theta, rel=0.05)
    assert sensitivities(shares()).delta == 60_000
