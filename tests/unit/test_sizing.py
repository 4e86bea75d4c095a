"""The sizing rule: the specification's numbers, and what must hold for every number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.vega.sizing import (
    Level,
    RehedgeTo,
    breached,
    hedge_by_size,
    hedge_contracts,
    level,
    net_delta,
    rehedge,
    round_half_to_zero,
)

deltas = some.floats(-5000, 5000)
bands = some.floats(2.5, 60)

SIZES = [
    (5, -1), (10, -2), (25, -5), (50, -10), (100, -20), (47, -9), (-30, 6), (2.5, 0), (-2.5, 0),
    (7.5, -1), (-7.5, 1), (12.5, -2), (17.5, -3), (0, 0), (1.8, 0), (2.6, -1), (12, -2),
]  # fmt: skip


@pytest.mark.parametrize(("net", "order"), SIZES)
def test_the_order_of_the_specification(net, order):
    assert hedge_contracts(net) == order


@pytest.mark.parametrize(
    ("quotient", "whole"),
    [(0.5, 0), (1.5, 1), (2.5, 2), (-0.5, 0), (-1.5, -1), (9.4, 9), (0.5 + 1e-12, 0), (2.51, 3)],
)
def test_ties_go_toward_zero(quotient, whole):
    assert round_half_to_zero(quotient) == whole


@pytest.mark.parametrize("quotient", [math.nan, math.inf, -math.inf])
def test_an_unknown_exposure_sizes_nothing(quotient):
    with pytest.raises(ValueError, match="cannot round"):
        round_half_to_zero(quotient)


def test_a_contract_without_delta_is_refused():
    with pytest.raises(ValueError, match="must move the book"):
        hedge_contracts(10, per_contract=0)


@given(deltas)
def test_the_rule_is_odd(net):
    assert hedge_contracts(-net) == -hedge_contracts(net)


@given(deltas, some.floats(-20, 20))
def test_a_hedge_never_overshoots_by_more_than_half_a_contract(net, target):
    order = hedge_contracts(net, target=target)
    left = net - target + 5 * order
    assert abs(left) <= 2.5 + 1e-8
    assert abs(order) <= abs(net - target) / 5 + 0.5
    assert hedge_contracts(net + 5 * order, target=target) == 0


@given(deltas, bands, some.sampled_from(RehedgeTo))
def test_after_a_rehedge_the_net_is_inside_the_band(net, band, mode):
    order = rehedge(net, band, mode)
    after = net + 5 * order
    assert abs(after) <= band + 1e-8
    assert abs(order) <= abs(hedge_contracts(net))
    assert order * net <= 0
    assert breached(net, 0, band) if order else abs(net) <= band + 1e-8


@given(deltas, bands)
def test_the_edge_takes_the_fewest_contracts(net, band):
    order = rehedge(net, band, RehedgeTo.EDGE)
    if order:
        one_less = net + 5 * (order + (1 if order < 0 else -1))
        assert breached(one_less, 0, band)


def test_the_rehedge_of_the_specification():
    assert rehedge(17, 10, RehedgeTo.CENTRE) == -3
    assert rehedge(17, 10, RehedgeTo.EDGE) == -2
    assert rehedge(-17, 10, RehedgeTo.EDGE) == 2
    assert rehedge(10, 10) == 0
    assert rehedge(10 + 1e-12, 10) == 0


def test_a_band_narrower_than_half_a_contract_never_trades_past_the_centre_order():
    assert rehedge(3, 1, RehedgeTo.EDGE) == -1
    assert rehedge(1.5, 1, RehedgeTo.EDGE) == 0


def test_the_net_counts_what_is_filled_and_what_is_working():
    assert net_delta(12, -2, 0) == 2
    assert net_delta(12, 0, -2) == 2
    assert net_delta(-15, -2, 0) == -25
    assert net_delta(3, -1, 0, per_contract=50) == -47


def test_a_constant_delta_is_hedged_once():
    options, held, orders = 12.0, 0, []
    for _ in range(120):
        order = rehedge(net_delta(options, held, 0), 10)
        held += order
        orders += [order] if order else []
    assert orders == [-2]


def test_the_worked_day_of_the_specification():
    held = hedge_contracts(10)
    assert held == -2
    assert rehedge(net_delta(12, held, 0), 10) == 0
    order = rehedge(net_delta(-15, held, 0), 10)
    held += order
    assert (order, held) == (5, 3)
    assert rehedge(net_delta(-5, held, 0), 10) == 0
    assert hedge_contracts(net_delta(0, held, 0)) == -3


@pytest.mark.parametrize(
    ("net", "colour"),
    [(0, Level.GREEN), (5, Level.GREEN), (-5, Level.GREEN), (5.1, Level.YELLOW),
     (10, Level.YELLOW), (-10.1, Level.RED), (40, Level.RED)],
)  # fmt: skip
def test_the_colour_of_the_net(net, colour):
    assert level(net, 10) is colour


def test_ratio_and_target_shape_the_order():
    assert hedge_contracts(100, ratio=0.5) == -10
    assert hedge_contracts(100, target=50) == -10
    assert level(12, 10, target=10) is Level.GREEN


@pytest.mark.parametrize(
    ("options", "hedge", "side", "contracts", "after"),
    [(47, 0, "SELL", 9, 2), (47, -3, "SELL", 6, 2), (-30, 0, "BUY", 6, 0), (2.5, 0, None, 0, 2.5),
     (10, -2, None, 0, 0), (17.5, 0, "SELL", 3, 2.5), (0, 3, "SELL", 3, 0)],
)  # fmt: skip
def test_vega_size(options, hedge, side, contracts, after):
    sized = hedge_by_size(options, hedge)
    assert (sized.side, sized.contracts) == (side, contracts)
    assert sized.net_before == options + 5 * hedge
    assert sized.net_after == pytest.approx(after)


def test_vega_size_counts_working_orders_and_respects_a_band_when_given():
    assert hedge_by_size(10, 0, -2).contracts == 0
    assert hedge_by_size(10, 0, band=10).contracts == 0
    assert hedge_by_size(10.5, 0, band=10).contracts == 2
