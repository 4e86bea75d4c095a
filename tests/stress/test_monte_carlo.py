"""A whole simulation: repeatable, watched, stopped, and its losses shared out."""

from __future__ import annotations

import math
import pickle
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.stress.book import Holding, OptionTerms, StressBook, Underlying
from hedgetui.domain.stress.figures import figures, histogram
from hedgetui.domain.stress.grid import scenario_grid
from hedgetui.domain.stress.monte_carlo import StressStopped, simulate
from hedgetui.domain.stress.paths import StressSettings
from hedgetui.domain.stress.regimes import REGIMES
from tests.stress.books import SPY, random_book, shares

BOOK = random_book(np.random.default_rng(5))
SETTINGS = StressSettings(REGIMES["ALL"], 2_500, 0.25)


def test_the_same_seed_gives_the_same_figures_and_another_does_not():
    first, second = simulate(BOOK, SETTINGS), simulate(BOOK, SETTINGS)
    assert (first.figures, first.blame, first.scenarios) == (
        second.figures, second.blame, second.scenarios,
    )  # fmt: skip
    assert np.array_equal(first.profits, second.profits)
    other = simulate(BOOK, replace(SETTINGS, seed=2))
    assert other.figures.var95 != first.figures.var95


def test_a_worker_process_can_be_given_the_book_and_give_the_result_back():
    held, settings = pickle.loads(pickle.dumps((BOOK, SETTINGS)))  # noqa: S301 - made here
    result = pickle.loads(pickle.dumps(simulate(held, settings)))  # noqa: S301 - made here
    assert result.figures == simulate(BOOK, SETTINGS).figures


def test_more_paths_begin_with_the_same_paths():
    more = simulate(BOOK, replace(SETTINGS, paths=3_000))
    assert np.array_equal(more.profits[:2_000], simulate(BOOK, SETTINGS).profits[:2_000])


def test_progress_is_told_and_a_stop_is_obeyed_between_chunks():
    told: list[tuple[int, int]] = []
    simulate(BOOK, SETTINGS, progress=lambda done, of: told.append((done, of)))
    assert told == [(1_000, 2_500), (2_000, 2_500), (2_500, 2_500)]
    told.clear()
    with pytest.raises(StressStopped):
        simulate(
            BOOK,
            SETTINGS,
            progress=lambda done, of: told.append((done, of)),
            stop=lambda: bool(told),
        )
    assert told == [(1_000, 2_500)]


def test_the_parts_of_cvar_add_up_and_a_hedge_has_a_negative_part():
    vix = Underlying("VIX", 20.0, 0.0, iv_beta=0.6)
    call = OptionTerms(22.0, 0.5, 1, 0.9)
    book = StressBook(
        (SPY, vix), (Holding("SPY", "SPY", 100.0), Holding("call", "VIX", 500.0, call))
    )
    found = simulate(book, SETTINGS)
    assert sum(one.cvar for one in found.blame) == pytest.approx(found.figures.cvar95)
    assert sum(one.share for one in found.blame) == pytest.approx(1)
    parts = {one.symbol: one.cvar for one in found.blame}
    assert parts["SPY"] > 0 > parts["VIX"]
    assert [one.symbol for one in found.blame] == ["SPY", "VIX"]


def test_scenarios_are_the_ends_of_the_range_with_their_moves():
    found = simulate(shares(), SETTINGS)
    profits = np.sort(found.profits)
    assert [one.kind for one in found.scenarios] == ["worst"] * 3 + ["best"] * 3
    told = [one.profit for one in found.scenarios]
    assert told == pytest.approx([*profits[:3], *profits[::-1][:3]])
    for one in found.scenarios:
        assert one.profit == pytest.approx(60_000 * one.market)
        assert one.moves == {"SPY": pytest.approx(one.market)}


def test_figures_of_known_profits():
    found = figures(np.arange(-50.0, 51.0), nav=200.0)
    assert (found.mean, found.median, found.skew) == (0, 0, pytest.approx(0))
    assert (found.var95, found.var99) == (45, 49)
    assert found.cvar95 == pytest.approx(np.mean([50, 49, 48, 47, 46, 45]))
    assert (found.p_gain, found.p_loss_10, found.p_loss_20) == (
        pytest.approx(50 / 101), pytest.approx(30 / 101), pytest.approx(10 / 101),
    )  # fmt: skip


def test_what_is_not_known_is_none():
    found = figures(np.full(10, 5.0), nav=0.0)
    assert (found.skew, found.p_loss_10, found.p_loss_20) == (None, None, None)
    assert (found.sd, found.var95, found.p_gain) == (0, -5, 1)


def test_a_histogram_counts_every_path():
    profits = simulate(BOOK, SETTINGS).profits
    edges, counts = histogram(profits, 30)
    assert (len(edges), counts.sum()) == (31, len(profits))
    assert histogram(np.zeros(5))[1].sum() == 5


def test_the_grid_moves_price_volatility_and_time_apart():
    qqq = Underlying("QQQ", 500.0, 1.2)
    call = OptionTerms(600.0, 0.1, 1, 0.2)
    book = StressBook((SPY, qqq), (Holding("QQQ", "QQQ", -10.0), Holding("c", "SPY", 100.0, call)))
    grid = scenario_grid(book, prices=(-0.1, 0.0, 0.1), ivs=(0.0, 0.5), days=(0.0, 20.0, 50.0))
    assert grid.profits.shape == (3, 3, 2)
    assert grid.profits[0, 1, 0] == 0
    assert grid.profits[0, 1, 1] > 0 > grid.profits[1, 1, 0]
    short = -10 * 500 * (1.1**1.2 - 1)
    worth = simulate(book, SETTINGS).figures.nav + 5_000
    assert grid.profits[2, 2, 1] == pytest.approx(short + 100 * 60 - worth)
    with pytest.raises(UsageError):
        scenario_grid(book, prices=(-1.0,))


def test_five_hundred_options_take_little_memory():
    book = random_book(np.random.default_rng(6), options=500, names=50)
    tracemalloc.start()
    try:
        simulate(book, replace(SETTINGS, paths=2_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40e6


def test_what_cannot_be_stressed_is_refused():
    with pytest.raises(DataError, match="nothing"):
        simulate(StressBook((SPY,), ()), SETTINGS)
    with pytest.raises(DataError, match="no underlying"):
        StressBook((), (Holding("x", "X", 1.0),))
    with pytest.raises(DataError, match="spot"):
        Underlying("X", math.nan)
    with pytest.raises(DataError, match="priced"):
        OptionTerms(100.0, 0.0, 1, 0.2)
