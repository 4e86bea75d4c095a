"""Regimes from closes, and the exposure each of them asks for."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from hedgetui.domain.balance.closes import read_closes
from hedgetui.domain.balance.grow import grow
from hedgetui.domain.balance.regime import Regime, given, measure
from tests.balance.balance_stage import TODAY

SERIES = ("SPY", "HG", "GC", "TIP", "IEF")


def closes(spy=1, copper=1, tips=1, days=210):
    """Closes that drift a little every day: SPY, copper over gold, TIP over IEF."""
    slopes = (spy, copper, 0, tips, 0)
    lines = ["date," + ",".join(SERIES)]
    for day in range(days):
        cells = ",".join(f"{100 + 0.1 * slope * day}" for slope in slopes)
        lines.append(f"{TODAY + timedelta(days=day)},{cells}")
    return read_closes(lines)


@pytest.mark.parametrize(
    ("growth", "inflation", "regime"),
    [
        (-1, 1, Regime.STAGFLATION),
        (1, -1, Regime.GOLDILOCKS),
        (-1, -1, Regime.DISINFLATIONARY),
        (1, 1, Regime.INFLATIONARY),
    ],
)
def test_growth_and_inflation_make_the_regime_and_its_trades(growth, inflation, regime):
    found = measure(closes(growth, growth, inflation), 20.0)
    assert found.regime is regime
    assert grow(found, Decimal(500)) == grow(given(regime, 20.0), Decimal(500))
    others = [grow(given(one, 20.0), Decimal(500)) for one in Regime if one is not regime]
    assert grow(found, Decimal(500)) not in others


def test_mixed_growth_and_missing_figures_have_no_regime():
    mixed = measure(closes(spy=1, copper=-1), None)
    assert (mixed.regime, mixed.why) == (Regime.DEFAULT, "growth is mixed: SPY against HG/GC")
    short = measure(closes(days=199), 14.0)
    assert (short.regime, short.why) == (Regime.DEFAULT, "not known: SPY, HG/GC, TIP/IEF")
    assert measure(None, None).regime is Regime.DEFAULT


def test_the_inputs_are_told():
    words = [one.words for one in measure(closes(), 14.9).inputs]
    assert words == [
        "SPY 120.9, above its 200-day mean 110.95",
        "HG/GC 1.209, above its 200-day mean 1.1095",
        "TIP/IEF 1.209, above its 200-day mean 1.1095",
        "VIX 14.9",
    ]


def test_dear_vol_halves_the_size():
    calm, dear = (
        grow(given(Regime.GOLDILOCKS, 25.0), Decimal(500)),
        grow(given(Regime.GOLDILOCKS, 25.1), Decimal(500)),
    )
    assert [one.allocation for one in calm] == [200, 150, 100]
    assert [one.allocation for one in dear] == [100, 75, 50]


@pytest.mark.parametrize("regime", list(Regime))
def test_allocations_stay_within_the_budget(regime):
    rows = grow(given(regime, None), Decimal("333.33"))
    assert len(rows) == 3
    assert 0 < sum(one.allocation for one in rows) <= Decimal("333.33")
