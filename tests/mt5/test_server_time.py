"""The server's clock is found in ticks that move, and history follows New York's summer time."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from hedgetui.adapters.mt5.server_time import ServerTime, candidate, new_york_plus_seven

H = 3600.0


def at(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()


WEDNESDAY = at(2025, 11, 19, 14)


@pytest.mark.parametrize(("apart", "offset"), [
    (2 * H, 2 * H), (2 * H - 5, 2 * H), (3 * H + 40, 3 * H), (5.5 * H, 5.5 * H), (-5 * H, -5 * H),
    (0, 0), (2 * H - 300, None), (40 * H, None), (-13 * H, None), (math.nan, None),
    (math.inf, None),
])  # fmt: skip
def test_an_offset_is_a_whole_number_of_half_hours(apart: float, offset: float | None):
    assert candidate(WEDNESDAY + apart, WEDNESDAY) == offset


@pytest.mark.parametrize(("moment", "hours"), [
    (at(2025, 1, 15), 2), (at(2025, 7, 15), 3),
    (at(2025, 3, 9, 6, 59), 2), (at(2025, 3, 9, 7), 3),
    (at(2025, 11, 2, 5, 59), 3), (at(2025, 11, 2, 6), 2),
])  # fmt: skip
def test_new_york_plus_seven_changes_with_new_york(moment: float, hours: int):
    assert new_york_plus_seven(moment) == hours * H


def test_until_a_tick_says_otherwise_the_rule_or_what_was_known_holds():
    assert ServerTime().offset(WEDNESDAY) == 2 * H
    assert ServerTime(0.0).offset(WEDNESDAY) == 0
    assert not ServerTime().confirmed


def test_a_tick_that_agrees_confirms_at_once():
    times = ServerTime()
    times.observe({"EURUSD": WEDNESDAY + 2 * H - 1}, WEDNESDAY)
    assert times.confirmed


def test_a_tick_that_disagrees_counts_only_once_it_moved():
    times = ServerTime()
    times.observe({"EURUSD": WEDNESDAY}, WEDNESDAY)
    assert (times.offset(WEDNESDAY), times.confirmed) == (2 * H, False)
    times.observe({"EURUSD": WEDNESDAY + 1}, WEDNESDAY + 1)
    assert (times.offset(WEDNESDAY), times.confirmed) == (0, True)


def test_a_weekend_tick_never_moves_the_clock_however_old_it_gets():
    times = ServerTime()
    friday = at(2025, 11, 21, 21, 59)
    for minute in range(0, 49 * 60, 5):
        times.observe({"EURUSD": friday + 2 * H, "XAUUSD": friday + 2 * H}, friday + 60.0 * minute)
        assert times.offset(friday + 60.0 * minute) == 2 * H


def test_a_tick_after_a_long_pause_proves_nothing_by_itself():
    times = ServerTime()
    times.observe({"EURUSD": WEDNESDAY + H}, WEDNESDAY)
    times.observe({"EURUSD": WEDNESDAY + 2 * H}, WEDNESDAY + H)
    assert (times.offset(WEDNESDAY), times.confirmed) == (2 * H, False)


def test_most_of_the_fresh_ticks_decide():
    times = ServerTime()
    for second in (0, 1):
        now = WEDNESDAY + second
        times.observe({"A": now + 3 * H, "B": now + 3 * H, "C": now}, now)
    assert times.offset(WEDNESDAY) == 3 * H


def test_nonsense_is_not_observed():
    times = ServerTime()
    for second in (0, 1):
        times.observe({"A": math.nan, "B": -1.0, "C": 1e300}, WEDNESDAY + second)
    assert (times.offset(WEDNESDAY), times.confirmed) == (2 * H, False)


def test_history_before_a_change_of_summer_time_has_the_offset_of_then():
    times, now = ServerTime(), at(2025, 11, 5, 12)
    utc = np.array([at(2025, 10, 31, 12), at(2025, 11, 1, 12), at(2025, 11, 3, 12)], dtype=np.int64)
    server = utc + np.array([3, 3, 2], dtype=np.int64) * 3600
    assert np.array_equal(times.times_to_utc(server, now), utc)
    assert times.to_utc(float(server[0]), now) == utc[0]
    assert times.to_server(float(utc[0]), now) == server[0]


def test_a_server_that_is_not_on_new_york_has_one_offset():
    times, now = ServerTime(0.0), at(2025, 11, 5, 12)
    utc = np.array([at(2025, 7, 1), at(2025, 11, 3)], dtype=np.int64)
    assert np.array_equal(times.times_to_utc(utc, now), utc)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0, 1e12])
def test_a_time_of_no_era_is_refused(bad: float):
    with pytest.raises(ValueError, match="range"):
        ServerTime().to_utc(bad, WEDNESDAY)
    if math.isfinite(bad):
        with pytest.raises(ValueError, match="range"):
            ServerTime().times_to_utc(np.array([bad], dtype=np.int64), WEDNESDAY)
