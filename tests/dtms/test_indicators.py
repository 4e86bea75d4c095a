"""Averages and oscillators against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from hedgetui.domain.dtms import indicators
from tests.dtms.bar_stage import drawn, walk


def test_ema_moves_by_its_weight():
    assert indicators.ema(np.array([10.0, 13.0, 10.0]), 2).tolist() == [10.0, 12.0, 32 / 3]


def test_wilder_begins_with_a_mean_and_forgets_slowly():
    smooth = indicators.wilder(np.array([1.0, 2.0, 3.0, 8.0]), 3)
    assert np.isnan(smooth[:2]).all()
    assert smooth[2:].tolist() == [2.0, 4.0]
    assert np.isnan(indicators.wilder(np.ones(2), 3)).all()


def test_atr_counts_the_gap_from_the_close_before():
    bars = drawn([100.0] * 20, wick=1.0)
    assert indicators.atr(bars)[12:14] == pytest.approx([np.nan, 2.0], nan_ok=True)
    gap = drawn([*[100.0] * 14, 128.0], wick=1.0)
    gap.low[-1] = 127.0
    assert indicators.atr(gap)[-1] == pytest.approx((13 * 2.0 + 29.0) / 14)


def test_rsi_is_the_textbook_number_from_its_middle():
    close = walk(200, 1).close
    moves = np.diff(close, prepend=close[0])
    gain, loss = (indicators.wilder(np.maximum(sign * moves, 0), 14) for sign in (1, -1))
    textbook = 100 - 100 / (1 + gain / loss)
    assert indicators.centred_rsi(close) + 50 == pytest.approx(textbook, nan_ok=True)


def test_rsi_of_a_market_without_losses_gains_or_moves():
    rising, flat = np.arange(30.0), np.ones(30)
    assert indicators.centred_rsi(rising)[-1] == 50
    assert indicators.centred_rsi(-rising)[-1] == -50
    assert indicators.centred_rsi(flat)[-1] == 0


def test_macd_histogram_leans_to_the_side_that_accelerates():
    assert indicators.macd_histogram(np.ones(60))[-1] == 0
    assert indicators.macd_histogram(np.arange(60.0) ** 2)[-1] > 0


def test_rolling_figures_look_back_only():
    values = walk(300, 2).volume
    total, deviation = (
        f(values, 20) for f in (indicators.rolling_sum, indicators.rolling_deviation)
    )
    assert total[100] == pytest.approx(values[81:101].sum())
    assert deviation[100] == pytest.approx(values[81:101].std())
    assert np.isnan(total[18])
    late = np.concatenate((np.full(5, np.nan), values))
    mean = indicators.rolling_mean(late, 50)
    assert mean[[4, 5, 7]] == pytest.approx([np.nan, values[0], values[:3].mean()], nan_ok=True)
    assert mean[200] == pytest.approx(values[146:196].mean())


@pytest.mark.parametrize("bars", [50, 51, 1000])
def test_rolling_median_is_the_median(bars):
    values = np.random.default_rng(3).integers(0, 40, 400) * 1.0
    values[:6] = np.nan
    found = indicators.rolling_median(values, bars, at_least=20)
    assert np.isnan(found[:25]).all()
    for place in (25, 60, 61, 399):
        assert found[place] == np.nanmedian(values[max(0, place + 1 - bars) : place + 1])
