"""BOS and CHOCH on drawn bars; every ATR is 1, so a break needs a tenth beyond the pivot."""

from __future__ import annotations

import numpy as np
import pytest

from hedgetui.domain.dtms.structure import find_structure
from tests.dtms.bar_stage import drawn, mirrored, walk

PEAK = [0.0, 1, 2, 3, 2, 1, 0]
"""Its top is 3.5 and known at the close of the last of these bars."""


def events(closes):
    bars = drawn(closes)
    found = find_structure(bars, np.ones(len(bars)))
    return {place: event for place, event in enumerate(found.event.tolist()) if event}


def test_the_first_break_turns_a_bias_that_was_not_there():
    assert events([*PEAK, 1, 2, 3.59]) == {}
    assert events([*PEAK, 1, 2, 3.61]) == {9: 1}


def test_a_pivot_is_known_three_bars_later_and_only_if_it_stands_alone():
    assert events([0.0, 1, 2, 3, 2, 1, 3.7]) == {}
    twins = [0.0, 1, 2, 3, 3, 2, 1, 0, 1, 3.7]
    assert events(twins) == {}


def test_a_pivot_breaks_once():
    assert events([*PEAK, 1, 2, 4, 3.9, 4.2, 4.5, 5]) == {9: 1}


def test_a_second_break_the_same_way_continues_and_one_against_turns():
    up_again = [*PEAK, 1, 2, 4, 5, 6, 7, 6, 5, 4, 5, 6, 7.7]
    assert events(up_again) == {9: 1, 18: 2}
    # The bottom of 3.5 (bar 15) is known at bar 18; a close below 3.4 turns the bias.
    assert events([*up_again, 6, 5, 4, 3.3]) == {9: 1, 18: 2, 22: -1}


def test_down_is_the_mirror_of_up():
    up = [*PEAK, 1, 2, 4, 5, 6, 7, 6, 5, 4, 5, 6, 7.7, 6, 5, 4, 3.3]
    assert events([-close for close in up]) == {p: -e for p, e in events(up).items()}


def test_a_break_fades_over_24_bars_to_a_third_of_its_side():
    quiet = np.linspace(4, 3.9, 40).tolist()
    bars = drawn([*PEAK, 1, 2, *quiet])
    value = find_structure(bars, np.ones(len(bars))).value
    assert value[8] == 0
    assert value[[9, 10, 21]] == pytest.approx([2 / 3, 2 / 3 * 23 / 24, 1 / 3])
    assert value[[22, 33, 48]] == pytest.approx([1 / 3] * 3)


def test_a_continuation_is_worth_all():
    bars = drawn([*PEAK, 1, 2, 4, 5, 6, 7, 6, 5, 4, 5, 6, 7.7])
    assert find_structure(bars, np.ones(len(bars))).value[18] == 1


def test_nothing_breaks_while_the_range_is_not_known():
    bars = drawn([*PEAK, 1, 2, 4])
    found = find_structure(bars, np.full(len(bars), np.nan))
    assert not found.event.any()
    assert not found.value.any()


def test_random_markets_mirror():
    bars = walk(2000, 5)
    unit = np.full(len(bars), 4.0)
    up, down = find_structure(bars, unit), find_structure(mirrored(bars), unit)
    assert (up.event == -down.event).all()
    assert (up.value == -down.value).all()
    assert set(up.event.tolist()) == {-2, -1, 0, 1, 2}
