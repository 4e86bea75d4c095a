"""The named worlds: each does what its title says, and the trader's plan is a plain list."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgetui.domain.errors import UsageError
from hedgetui.domain.units import Timestamp, parse_utc
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.market import Market, seeded_market
from hedgetui.simulation.scenarios import SCENARIOS, TraderPlan, scenario
from hedgetui.simulation.streams import stream

START = parse_utc("2025-11-19T14:31:00Z")
NAMES = [
    "demo", "calm", "trend", "whipsaw", "crash", "iv-expansion", "partial-fills", "stale-greeks",
    "disconnects", "constant-delta", "trader", "dtms-day", "elevator",
]  # fmt: skip


def market_of(name: str, tick_s: float = 1.0) -> Market:
    world = scenario(name)
    return seeded_market(7, start=START, tick_s=tick_s, parameters=world.path, terms=world.terms)


def levels(name: str, seconds: list[float]) -> list[float]:
    market = market_of(name, tick_s=5.0)
    seen = []
    for moment in seconds:
        market.step(Timestamp(START + moment))
        seen.append(market.level)
    return seen


def test_every_scenario_is_known_by_its_name_and_opens():
    assert list(SCENARIOS) == NAMES
    for name in NAMES:
        world = scenario(name)
        exchange = Exchange(market_of(name), seed=7, faults=world.faults, fills=world.fills)
        exchange.advance(Timestamp(START + 30))
        assert world.title
        assert exchange.board.snapshot().expiries


def test_an_unknown_name_gets_the_nearest_ones():
    with pytest.raises(UsageError, match="unknown scenario 'wipsaw'") as caught:
        scenario("wipsaw")
    assert "whipsaw" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        scenario("zzz")
    assert all(name in caught.value.hint for name in NAMES)


def test_the_demo_enters_within_seconds_and_swings_enough_to_hedge():
    steps = scenario("demo").steps(7, 600.0)
    assert [(one.action, one.argument) for one in steps[:2]] == [("enable", "on"), ("auto", "on")]
    entries = [one.at_seconds for one in steps if one.action == "enter"]
    assert entries == [1.0, 4.0, 9.0]
    path = levels("demo", [60.0 * n for n in range(30)])
    assert 8 < max(path) - min(path) < 80


def test_calm_is_calmer_than_whipsaw_and_trend_climbs():
    def shaken(name: str) -> float:
        path = levels(name, [60.0 * n for n in range(240)])
        return sum(abs(math.log(b / a)) for a, b in pairwise(path))

    assert shaken("calm") < 0.8 * shaken("whipsaw")
    begin, end = levels("trend", [0.0, 6 * 3_600.0])
    assert math.log(end / begin) == pytest.approx(0.02, abs=0.012)


def test_the_crash_trips_the_breaker_and_volatility_doubles():
    market = market_of("crash")
    before, halted = market.iv30, False
    for minute in range(60):
        market.step(Timestamp(START + 60 * minute))
        halted = halted or market.halted
    assert halted
    assert market.level < 0.93 * 5_400
    assert market.iv30 > 1.6 * before


def test_volatility_expands_while_the_index_stands():
    market = market_of("iv-expansion")
    before = market.iv30
    market.step(Timestamp(START + 4_200))
    assert market.iv30 > 1.25 * before
    assert abs(math.log(market.level / 5_400)) < 0.01


def test_what_breaks_is_written_in_the_scenario():
    assert scenario("partial-fills").fills.partial_rate > 0.5
    assert scenario("partial-fills").faults.reject_rate > 0
    silent = scenario("stale-greeks").faults.greeks_silent
    assert any(one.covers(90.0) for one in silent)
    assert not any(one.covers(30.0) for one in silent)
    outages = scenario("disconnects").faults
    assert outages.outage(95.0) is not None
    assert outages.outage(200.0) is None


def test_the_working_day_keeps_up_to_three_trades():
    steps = scenario("trader").steps(7, 6 * 3_600.0)
    entries = [one.at_seconds for one in steps if one.action == "enter"]
    closes = [one.at_seconds for one in steps if one.action == "close_oldest"]
    assert 7 <= len(entries) <= 12
    gaps = [later - earlier for earlier, later in pairwise(entries)]
    assert min(gaps) >= 1_900
    assert sum(gaps) / len(gaps) == pytest.approx(2_400, rel=0.25)
    held = [close - entry for entry, close in zip(entries, closes, strict=False)]
    assert sum(held) / len(held) == pytest.approx(4_500, rel=0.15)


@given(
    seed=st.integers(0, 10_000),
    duration=st.floats(1.0, 50_000.0),
    every=st.floats(60.0, 5_000.0),
    hold=st.floats(60.0, 10_000.0),
    most=st.integers(1, 4),
    extra=st.lists(st.floats(0.5, 20_000.0), max_size=5),
)
def test_a_plan_is_in_order_of_time_and_never_over_its_limit(
    seed: int, duration: float, every: float, hold: float, most: int, extra: list[float]
):
    plan = TraderPlan(entries=tuple(extra), every_s=every, hold_s=hold, most_open=most)
    steps = list(plan.steps(stream(seed, "trader"), duration))
    assert steps == list(plan.steps(stream(seed, "trader"), duration))
    times = [one.at_seconds for one in steps]
    assert times == sorted(times)
    assert all(one.at_seconds <= max(duration, 0.4) + 0.001 for one in steps)
    open_now = 0
    for one in steps:
        if one.action == "enter":
            row, _, lots = one.argument.partition("x")
            assert 1 <= int(row) <= plan.rows
            assert int(lots) == plan.lots
            open_now += 1
        elif one.action == "close_oldest":
            open_now -= 1
        assert 0 <= open_now <= most
