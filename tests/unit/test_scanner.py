"""Reading a chain and ranking strangles: known surfaces must come back."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from hedgetui.domain.instruments import XSP, Right, option
from hedgetui.domain.pricing import black76
from hedgetui.domain.quotes import ChainSnapshot, ExpiryQuotes, VolatilityHistory
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega.rank import IvLabel, iv_rank, thirty_day_vol
from hedgetui.domain.vega.scanner import ScanSettings, scan
from hedgetui.domain.vega.surface import mids, parity_forward, read_surfaces

TODAY = date(2025, 11, 20)
NOW = Timestamp(datetime(2025, 11, 20, 15, tzinfo=UTC).timestamp())
SPOT = 540.0
CARRY = 0.02
HALF_SPREAD = 0.02
YEAR = VolatilityHistory(tuple(np.linspace(0.10, 0.30, 252)), 0.16)


def smile(strikes, forward):
    return 0.15 + 0.4 * np.abs(np.log(strikes / forward))


def expiry_quotes(days, step=1.0):
    expiry = TODAY + timedelta(days=days)
    strikes = np.arange(460.0, 621.0, step)
    years = option(XSP, expiry, 1, Right.CALL).years_left(NOW)
    forward = SPOT * math.exp(CARRY * years)
    calls, puts = (
        black76.price(forward, strikes, years, smile(strikes, forward), sign)
        for sign in (1.0, -1.0)
    )

    def bid(prices):
        return np.where(prices > HALF_SPREAD, prices - HALF_SPREAD, np.nan)

    return ExpiryQuotes(
        expiry, strikes, bid(calls), calls + HALF_SPREAD, bid(puts), puts + HALF_SPREAD
    )


def chain(*days):
    return ChainSnapshot(XSP, NOW, SPOT, tuple(expiry_quotes(day) for day in days))


def test_forward_volatility_and_delta_come_back_from_quotes():
    (surface,) = read_surfaces(XSP, chain(30).expiries, SPOT, NOW)
    forward = SPOT * math.exp(CARRY * surface.years)
    assert surface.forward == pytest.approx(forward, abs=1e-9)
    near = np.abs(surface.quotes.strikes - forward) < 25
    exact = smile(surface.quotes.strikes, forward)
    assert surface.vols[near] == pytest.approx(exact[near], abs=1e-9)
    unit = black76.greeks(forward, surface.quotes.strikes, surface.years, exact, -1.0, spot=SPOT)
    assert surface.put_deltas[near] == pytest.approx(unit.delta[near], abs=1e-9)
    assert surface.at_the_money == pytest.approx(0.15, abs=2e-3)
    assert surface.vol_of(540.0) == pytest.approx(exact[80], abs=1e-9)
    assert surface.vol_of(540.3) is None


def test_a_few_broken_strikes_do_not_move_the_forward():
    quotes = expiry_quotes(30)
    calls = quotes.call_bid.copy(), quotes.call_ask.copy()
    for side in calls:
        side[78:81] += 40.0
    broken = replace(quotes, call_bid=calls[0], call_ask=calls[1])
    assert parity_forward(broken, SPOT) == pytest.approx(parity_forward(quotes, SPOT))


def test_without_parity_the_forward_is_spot():
    quotes = expiry_quotes(30)
    nothing = np.full_like(quotes.strikes, np.nan)
    assert parity_forward(replace(quotes, put_bid=nothing), SPOT) == SPOT
    mad = replace(quotes, call_bid=quotes.call_bid + 200, call_ask=quotes.call_ask + 200)
    assert parity_forward(mad, SPOT) == SPOT
    assert np.isnan(mids(np.array([2.0]), np.array([1.0]))).all()


def test_every_candidate_keeps_the_rules_of_the_scanner():
    settings = ScanSettings()
    found = scan(chain(3, 8, 30, 59, 61, 90), settings, YEAR, NOW)
    assert {candidate.dte for candidate in found} == {8, 30, 59}
    for candidate in found:
        put, call = candidate.put, candidate.call
        assert 0.15 <= -put.delta <= 0.40
        assert 0.15 <= call.delta <= 0.40
        assert abs(-put.delta - call.delta) <= settings.delta_tolerance
        assert put.instrument.right is Right.PUT
        assert put.instrument.expiry == call.instrument.expiry
        assert candidate.cost == pytest.approx(100 * (put.ask + call.ask))
        low, high = candidate.break_evens
        assert low == pytest.approx(put.strike - candidate.cost / 100)
        assert high == pytest.approx(call.strike + candidate.cost / 100)
        width = 100 * (call.strike - put.strike) / SPOT
        assert candidate.width_pct == pytest.approx(width)
        assert candidate.vega > 0 > candidate.theta
        assert candidate.vega_per_theta == pytest.approx(-candidate.vega / candidate.theta)
        assert candidate.entry_delta == pytest.approx(10 * (put.delta + call.delta))
        assert candidate.spread_pct == max(put.spread_pct, call.spread_pct)
    per_expiry = [sum(c.dte == dte for c in found) for dte in (8, 30, 59)]
    assert all(2 <= count <= len(settings.targets) for count in per_expiry)


def test_greeks_are_dollars_of_one_strangle():
    (best, *_) = scan(chain(30), ScanSettings(), None, NOW)
    years = best.put.instrument.years_left(NOW)
    legs = [
        black76.greeks_one(best.forward, leg.strike, years, leg.vol, sign, spot=SPOT)
        for leg, sign in ((best.put, -1), (best.call, 1))
    ]
    assert best.vega == pytest.approx(sum(leg.vega for leg in legs))
    assert best.theta == pytest.approx(100 * sum(leg.theta for leg in legs))


def test_the_order_is_by_rank_then_by_vega_per_dollar():
    found = scan(chain(15, 30, 45), ScanSettings(), YEAR, NOW)
    value = [candidate.vega_per_dollar for candidate in found]
    assert value == sorted(value, reverse=True)
    assert found[0].vega_per_dollar == found[0].vega / found[0].cost


def test_cost_and_spread_filter():
    everything = scan(chain(15, 45), ScanSettings(), YEAR, NOW)
    limit = sorted(candidate.cost for candidate in everything)[3]
    cheap = scan(chain(15, 45), ScanSettings(max_cost=limit), YEAR, NOW)
    assert {c.put.instrument for c in cheap} == {
        c.put.instrument for c in everything if c.cost <= limit
    }
    tight = scan(chain(15, 45), ScanSettings(max_spread_pct=1.0), YEAR, NOW)
    assert 0 < len(tight) < len(everything)
    assert all(candidate.spread_pct <= 1.0 for candidate in tight)


def test_a_chain_without_quotes_finds_nothing():
    quotes = expiry_quotes(30)
    nothing = np.full_like(quotes.strikes, np.nan)
    empty = ExpiryQuotes(quotes.expiry, quotes.strikes, nothing, nothing, nothing, nothing)
    assert scan(ChainSnapshot(XSP, NOW, SPOT, (empty,)), ScanSettings(), YEAR, NOW) == ()
    assert scan(ChainSnapshot(XSP, NOW, SPOT, ()), ScanSettings(), YEAR, NOW) == ()
    assert thirty_day_vol(()) is None


def test_the_rank_and_its_word():
    rank = iv_rank(YEAR)
    assert rank.rank == pytest.approx(30.0)
    assert rank.percentile == pytest.approx(100 * 76 / 252)
    assert iv_rank(replace(YEAR, current=0.159)).label is IvLabel.LOW
    assert iv_rank(replace(YEAR, current=0.161)).label is IvLabel.MEDIUM
    assert iv_rank(replace(YEAR, current=0.221)).label is IvLabel.HIGH
    assert iv_rank(replace(YEAR, current=0.50)).rank == 100
    assert iv_rank(replace(YEAR, current=0.05)).rank == 0


def test_only_the_last_52_weeks_count():
    older = VolatilityHistory((0.9, 0.01, *YEAR.daily), 0.16)
    assert iv_rank(older) == iv_rank(YEAR)


@pytest.mark.parametrize(
    "history",
    [None, VolatilityHistory(()), VolatilityHistory((0.2,), 0.2), VolatilityHistory((0.2, 0.2)),
     VolatilityHistory((math.nan, 0.0, -1.0, 0.2), 0.2)],
)  # fmt: skip
def test_unknown_history_is_not_zero(history):
    rank = iv_rank(history)
    assert (rank.rank, rank.percentile, rank.label) == (None, None, "n/a")
    assert all(candidate.iv.rank is None for candidate in scan(chain(30), ScanSettings(), history,
                                                               NOW))  # fmt: skip


def test_without_a_broker_value_the_chain_says_where_volatility_is():
    surfaces = read_surfaces(XSP, chain(15, 45).expiries, SPOT, NOW)
    assert thirty_day_vol(surfaces) == pytest.approx(0.15, abs=3e-3)
    for only in (15, 45):
        alone = read_surfaces(XSP, chain(only).expiries, SPOT, NOW)
        assert thirty_day_vol(alone) == pytest.approx(0.15, abs=3e-3)
    quiet = VolatilityHistory(YEAR.daily, None)
    found = scan(chain(15, 45), ScanSettings(), quiet, NOW)
    assert found[0].iv.rank == pytest.approx(25, abs=1.5)
    assert iv_rank(quiet).rank == 100
