"""Prices of the simulated MT5 symbols: repeatable, alive, and the same on every chart."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from hedgetui.domain.dtms.bars import Timeframe
from hedgetui.domain.units import parse_utc
from hedgetui.simulation.mt5.hours import server_offset, utc_of_server
from hedgetui.simulation.mt5.market import SymbolMarket
from hedgetui.simulation.mt5.path import Push, SeededGrids
from hedgetui.simulation.mt5.symbols import SYMBOLS
from tests.mt5sim.bench import START

DAY_S = 86_400


def market(name: str, *, seed: int = 7, start: float = START, pushes=()) -> SymbolMarket:
    terms = SYMBOLS[name]
    return SymbolMarket(terms, SeededGrids(terms, seed=seed, start=start, pushes=pushes))


@pytest.mark.parametrize("name", SYMBOLS)
def test_the_same_seed_is_the_same_market_whoever_asks_and_in_which_order(name):
    one, other = market(name), market(name)
    moments = [START + 3_600 * hour for hour in range(0, 96, 7)]
    forwards = [one.quote(at) for at in moments]
    backwards = [other.quote(at) for at in reversed(moments)]
    assert forwards == backwards[::-1]
    assert forwards != [market(name, seed=8).quote(at) for at in moments]
    assert forwards[0] is not None
    assert forwards[0].bid == SYMBOLS[name].level


@pytest.mark.parametrize("name", SYMBOLS)
def test_enough_history_exists_at_once(name):
    found = market(name)
    for timeframe, count in ((Timeframe.M5, 900), (Timeframe.M15, 300), (Timeframe.H1, 200)):
        bars = found.bars(timeframe, START, count)
        assert len(bars) == count
        assert np.all(np.diff(bars["time"]) >= timeframe.seconds)
        assert bars["time"][-1] <= START < bars["time"][-1] + timeframe.seconds


@pytest.mark.parametrize("timeframe", Timeframe)
def test_a_bar_is_what_its_ticks_were(timeframe):
    found = market("XAUUSD")
    now = START + 5 * 3_600
    bars = found.bars(timeframe, now, 30)
    for bar in bars:
        end = min(now, float(bar["time"]) + timeframe.seconds - 1)
        ticks = found.window(float(bar["time"]) - 1, end).bid
        assert (bar["open"], bar["close"]) == (ticks[0], ticks[-1])
        assert (bar["high"], bar["low"]) == (ticks.max(), ticks.min())


def test_the_last_bar_grows_and_closed_ones_never_change():
    found = market("EURUSD")
    before, after = (found.bars(Timeframe.M5, START + s, 50) for s in (10, 200))
    assert np.array_equal(before[:-1], after[:-1])
    assert after["tick_volume"][-1] > before["tick_volume"][-1]
    asked_late = found.bars(Timeframe.M5, START + 40 * DAY_S, 12_000)
    known = np.searchsorted(asked_late["time"], before["time"][:-1])
    assert np.array_equal(asked_late[known], before[:-1])


@pytest.mark.parametrize("name", SYMBOLS)
def test_ticks_come_where_the_price_moves(name):
    bars = market(name).bars(Timeframe.M5, START, 3_000)
    moved = np.abs(bars["close"] - bars["open"])
    assert 0.55 < np.corrcoef(bars["tick_volume"], moved)[0, 1] < 0.9
    assert np.all(bars["high"] >= np.maximum(bars["open"], bars["close"]))
    assert np.all(bars["spread"] >= 1)


def test_a_week_has_its_hours():
    friday, saturday = parse_utc("2025-11-21T21:59:00Z"), parse_utc("2025-11-22T12:00:00Z")
    sunday, break_ = parse_utc("2025-11-23T22:30:00Z"), parse_utc("2025-11-19T22:30:00Z")
    open_at = {
        name: [market(name).is_open(at) for at in (friday, saturday, sunday, break_)]
        for name in ("EURUSD", "XAUUSD", "BTCUSD")
    }
    assert open_at == {
        "EURUSD": [True, False, True, True],
        "XAUUSD": [True, False, False, False],
        "BTCUSD": [True, True, True, True],
    }
    last = market("EURUSD").quote(saturday)
    assert last is not None
    assert last.at == parse_utc("2025-11-21T21:59:55Z")


def test_spreads_are_wide_around_the_break():
    gold = market("XAUUSD")
    usual, late = (
        np.median(gold.window(at, at + 240).ask - gold.window(at, at + 240).bid)
        for at in (parse_utc("2025-11-20T15:00:00Z"), parse_utc("2025-11-20T21:55:00Z"))
    )
    assert late > 2 * usual


def test_a_push_moves_its_symbol_and_leaves_the_past_alone():
    push = Push("XAUUSD", 600.0, 600.0, 0.01)
    calm, pushed = market("XAUUSD"), market("XAUUSD", pushes=(push,))
    same = [one.window(START, START + 600).bid for one in (calm, pushed)]
    assert np.array_equal(*same)
    before, after = calm.quote(START + 1_200), pushed.quote(START + 1_200)
    assert before is not None
    assert after is not None
    assert after.bid / before.bid == pytest.approx(np.exp(0.01), rel=1e-5)
    late = market("XAUUSD")
    late.quote(START + 2 * DAY_S)
    late.grids.push(push)
    assert late.quote(START + 1_200) == after
    assert late.quote(START + 2 * DAY_S) == pushed.quote(START + 2 * DAY_S)


@pytest.mark.parametrize(
    ("moment", "hours"), [("2025-11-19T12:00:00Z", 2), ("2025-07-01T12:00:00Z", 3)]
)
def test_server_time_is_new_york_plus_seven(moment, hours):
    at = parse_utc(moment)
    assert server_offset(at) == hours * 3_600
    assert utc_of_server(at + server_offset(at)) == at
    monday = datetime(2025, 11, 24, tzinfo=UTC).timestamp()
    assert utc_of_server(monday) == parse_utc("2025-11-23T22:00:00Z")  # a week begins at midnight
