"""The simulated index: one path per seed, sessions that close, halts, and a sane surface."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.simulation.market import BREAKER_REASON, Halt, MarketTerms, seeded_market
from hedgetui.simulation.price_path import Move, PathParameters
from hedgetui.simulation.sessions import (
    NEW_YORK,
    futures_close,
    session_at,
    variance_share_per_second,
)
from hedgetui.simulation.streams import stream
from hedgetui.simulation.volatility import Surface, VolatilityDynamics

START = parse_utc("2025-11-19T14:31:00Z")
STEADY = PathParameters(spot_vol=0.1, drift=0.0, jumps_per_day=0.0)


def new_york(text: str) -> Timestamp:
    return Timestamp(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp())


def levels(seed: int, moments: list[float], **options: object) -> list[float]:
    market = seeded_market(seed, start=START, **options)
    seen = []
    for moment in moments:
        market.step(Timestamp(START + moment))
        seen.append(market.level)
    return seen


@given(st.integers(0, 2**32), st.lists(st.floats(0, 3_000), max_size=30))
def test_the_path_does_not_depend_on_how_often_it_is_asked(seed: int, questions: list[float]):
    asked = levels(seed, [*sorted(questions), 3_000.0])
    assert asked[-1] == levels(seed, [3_000.0])[0]


def test_seeds_differ_and_repeat():
    moments = [600.0 * n for n in range(1, 12)]
    assert levels(1, moments) == levels(1, moments)
    assert levels(1, moments) != levels(2, moments)
    assert len(set(levels(1, moments))) > 5


@given(st.integers(0, 10_000), st.integers(1, 4_000))
def test_a_resumed_market_walks_on_as_the_interrupted_one_would(seed: int, ticks: int):
    whole = seeded_market(seed, start=START)
    first = seeded_market(seed, start=START)
    first.step(Timestamp(START + ticks))
    second = seeded_market(seed, start=Timestamp(0.0))
    second.resume(first.state())
    assert second.at == START + ticks
    for market in (whole, second):
        market.step(Timestamp(START + 4_321))
    assert whole.state() == second.state()


def test_time_never_runs_backwards():
    market = seeded_market(3, start=START)
    market.step(Timestamp(START + 100))
    state = market.state()
    market.step(Timestamp(START + 50))
    assert market.state() == state
    with pytest.raises(ValueError, match="tick_s"):
        seeded_market(3, start=START, tick_s=0.0)


@pytest.mark.parametrize(
    ("moment", "options", "futures", "reason", "until"),
    [
        ("2025-11-19 09:29", False, True, "", "2025-11-19 09:30"),
        ("2025-11-19 09:30", True, True, "", "2025-11-19 16:15"),
        ("2025-11-19 16:15", False, True, "", "2025-11-19 17:00"),
        ("2025-11-19 17:00", False, False, "daily break", "2025-11-19 18:00"),
        ("2025-11-19 18:00", False, True, "", "2025-11-20 09:30"),
        ("2025-11-21 16:59", False, True, "", "2025-11-21 17:00"),
        ("2025-11-21 17:00", False, False, "weekend", "2025-11-23 18:00"),
        ("2025-11-22 12:00", False, False, "weekend", "2025-11-23 18:00"),
        ("2025-11-23 18:00", False, True, "", "2025-11-24 09:30"),
        # the clocks went forward on 9 March 2025
        ("2025-03-07 17:30", False, False, "weekend", "2025-03-09 18:00"),
    ],
)
def test_sessions(moment: str, options: bool, futures: bool, reason: str, until: str):
    session = session_at(new_york(moment))
    assert (session.options_open, session.futures_open, session.reason) == (
        options,
        futures,
        reason,
    )
    assert session.until == new_york(until)


def test_a_trading_day_of_futures_ends_at_five():
    for moment in ("2025-11-18 18:00", "2025-11-19 03:00", "2025-11-19 10:00", "2025-11-19 16:30"):
        assert futures_close(session_at(new_york(moment))) == new_york("2025-11-19 17:00")


def test_the_shares_of_a_day_add_up_and_its_ends_are_busier_than_noon():
    seconds = [s for s in range(0, 86_400, 10) if not 17 * 3600 <= s < 18 * 3600]
    total = sum(10 * variance_share_per_second(s + 5) for s in seconds)
    assert total == pytest.approx(1.0, abs=1e-4)
    open_, noon, night = (variance_share_per_second(h * 3600) for h in (9.5, 12.75, 3))
    assert open_ == pytest.approx(3 * noon)
    assert noon > 5 * night


def test_nothing_moves_while_the_venue_is_closed():
    market = seeded_market(5, start=new_york("2025-11-21 16:59:50"))
    market.step(new_york("2025-11-21 17:00:30"))
    friday = market.level
    assert not market.venue().open
    assert market.venue().until == new_york("2025-11-23 18:00")
    market.step(new_york("2025-11-23 17:59:59"))
    assert market.level == friday
    market.step(new_york("2025-11-23 18:30"))
    assert market.venue().open
    assert market.level != friday


def test_a_day_shakes_as_much_as_its_volatility_says():
    calm = PathParameters(
        spot_vol=0.16,
        realised_share=1.0,
        drift=0.0,
        jumps_per_day=0.0,
        volatility=VolatilityDynamics(vol_of_vol=0.0),
    )
    returns = []
    for seed in range(40):
        market = seeded_market(
            seed, start=new_york("2025-11-18 18:00"), tick_s=30.0, parameters=calm
        )
        market.step(new_york("2025-11-19 17:00"))
        returns.append(math.log(market.state().level / calm.level))
    daily = 0.16 / math.sqrt(252)
    assert np.std(returns) == pytest.approx(daily, rel=0.3)


def test_volatility_rises_when_the_index_falls():
    changes = []
    market = seeded_market(11, start=START, tick_s=5.0)
    before = market.state()
    for step in range(1, 1_500):
        market.step(Timestamp(START + 5.0 * step))
        now = market.state()
        changes.append((math.log(now.level / before.level), now.spot_vol - before.spot_vol))
        before = now
    assert np.corrcoef(np.array(changes).T)[0, 1] < -0.5


def test_a_scripted_move_arrives_whole_and_on_time():
    quiet = PathParameters(
        spot_vol=1e-6, drift=0.0, jumps_per_day=0.0,
        volatility=VolatilityDynamics(mean=1e-6, vol_of_vol=0.0),
        moves=(Move(100.0, 200.0, -0.02, 0.5),),
    )  # fmt: skip
    before, middle, after = levels(1, [100.0, 200.0, 300.0], parameters=quiet)
    assert before == pytest.approx(5_400.0, abs=0.01)
    assert middle == pytest.approx(5_400.0 * math.exp(-0.01), abs=0.05)
    assert after == pytest.approx(5_400.0 * math.exp(-0.02), abs=0.05)


def test_a_scripted_halt_stops_every_venue_and_the_level():
    terms = MarketTerms(halts=(Halt(60.0, 30.0, "news pending"),))
    market = seeded_market(1, start=START, terms=terms)
    market.step(Timestamp(START + 70))
    venue, frozen = market.venue(), market.level
    assert (venue.open, venue.reason, venue.until) == (False, "news pending", START + 90)
    assert not market.options_open
    market.step(Timestamp(START + 89))
    assert market.level == frozen
    market.step(Timestamp(START + 95))
    assert market.venue().open


def test_seven_percent_down_trips_the_breaker_once():
    parameters = PathParameters(
        spot_vol=0.1, drift=0.0, jumps_per_day=0.0, moves=(Move(60.0, 600.0, -0.12),)
    )
    market = seeded_market(1, start=START, parameters=parameters)
    halts = []
    for step in range(0, 3_000, 5):
        market.step(Timestamp(START + step))
        if market.halted:
            halts.append(market.at)
    assert market.state().halt_reason == BREAKER_REASON
    assert halts[-1] - halts[0] == pytest.approx(900, abs=10)
    assert all(later - earlier == 5 for earlier, later in pairwise(halts))


def test_futures_carry_the_index_to_their_expiry():
    market = seeded_market(1, start=START)
    quarter = Timestamp(START + 91.25 * 86_400)
    assert market.forward(START) == market.level
    assert market.forward(quarter) / market.level == pytest.approx(math.exp(0.029 / 4), abs=1e-9)


@given(
    st.floats(0.05, 0.9), st.floats(0.08, 0.4), st.floats(2 / 365, 0.4),
)  # fmt: skip
def test_the_surface_has_no_static_arbitrage(spot_vol: float, mean_vol: float, years: float):
    surface = Surface(spot_vol, mean_vol)
    k = np.linspace(-0.35, 0.35, 701)
    near, far = (surface.implied(k, t) ** 2 * t for t in (years, years * 1.25))
    assert np.all(np.diff(surface.atm_variance(np.linspace(0.001, 1, 200))) > 0)
    assert np.all(far >= near - 1e-12)
    step = k[1] - k[0]
    slope, curve = np.gradient(near, step), np.gradient(np.gradient(near, step), step)
    # Gatheral's density condition, inner points: finite differences are rough at the ends
    g = (1 - k * slope / (2 * near)) ** 2 - slope**2 / 4 * (1 / near + 0.25) + curve / 2
    assert np.all(g[5:-5] > -2e-2)


def test_puts_cost_more_volatility_than_calls_and_short_wings_are_steeper():
    surface = Surface(0.15, 0.16)
    put, atm, call = (float(surface.implied(k, 30 / 365)) for k in (-0.05, 0.0, 0.05))
    assert put > atm > call
    week, quarter = (
        float(surface.implied(-0.05, t) - surface.implied(0.05, t)) for t in (7 / 365, 0.25)
    )
    assert week > quarter
    assert surface.iv30 == pytest.approx(atm)


def test_the_volatility_history_joins_the_present():
    dynamics = VolatilityDynamics()
    history = dynamics.daily_history(0.15, 252, stream(1, "history"))
    assert len(history) == 252
    assert abs(math.log(history[-1] / 0.15)) < 0.3
    assert 0.05 < min(history) < max(history) < 0.6
    assert history == dynamics.daily_history(0.15, 252, stream(1, "history"))
