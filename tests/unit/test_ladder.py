"""The next-hedge ladder: its rungs are where the band rule fires, and not a tick before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from hedgetui.domain.instruments import XSP, Right, option
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega.decide import HedgeRule
from hedgetui.domain.vega.exposure import OptionLeg, delta_at
from hedgetui.domain.vega.ladder import next_hedges
from hedgetui.domain.vega.sizing import RehedgeTo, rehedge

NOW = Timestamp(datetime(2025, 11, 20, 15, tzinfo=UTC).timestamp())
EXPIRY = date(2025, 12, 19)
PUT = option(XSP, EXPIRY, 528, Right.PUT)
CALL = option(XSP, EXPIRY, 552, Right.CALL)
VOLS = {PUT.key: 0.18, CALL.key: 0.14}
TEN = HedgeRule(band=10.0)


def book(lots):
    legs = (OptionLeg(PUT, lots), OptionLeg(CALL, lots))
    return lambda levels: delta_at(levels, legs, VOLS, NOW)


def line(slope, level):
    return lambda levels: slope * (levels - level)


def test_a_straight_line_by_hand():
    ladder = next_hedges(line(0.5, 5400.0), 0, 5400.0, TEN)
    assert (ladder.up.level, ladder.up.contracts) == (5420.25, -2)
    assert (ladder.down.level, ladder.down.contracts) == (5379.75, 2)
    assert ladder.now is None
    assert str(ladder) == "SELL 2 @ 5420.25 · BUY 2 @ 5379.75"


@given(some.integers(3, 40), some.floats(5200, 5600), some.sampled_from(RehedgeTo))
def test_the_rung_is_the_first_tick_that_fires(lots, level, mode):
    options, rule = book(lots), HedgeRule(band=10.0, mode=mode)
    start = float(options(np.array([level]))[0])
    hedge = -round(start / 5)
    ladder = next_hedges(options, hedge, level, rule)
    assert ladder.now is None
    for rung, step in ((ladder.up, 0.25), (ladder.down, -0.25)):
        if rung is None:
            continue
        assert rung.level % 0.25 == 0
        assert (rung.level - level) * step > 0
        here, before = options(np.array([rung.level, rung.level - step])) + 5 * hedge
        assert rung.net == pytest.approx(here)
        assert rehedge(here, 10.0, mode) == rung.contracts != 0
        assert rehedge(before, 10.0, mode) == 0
        # A long strangle gains delta as the index rises: sell above, buy below.
        assert rung.contracts * step < 0


def test_nothing_fires_within_reach():
    ladder = next_hedges(line(0.01, 5400.0), 0, 5400.0, TEN)
    assert (ladder.up, ladder.down) == (None, None)
    assert str(ladder) == ""
    assert next_hedges(line(0.01, 5400.0), 0, 5400.0, TEN, reach=0.2).up.level == 6400.25
    assert next_hedges(line(1.0, 5400.0), 0, 5400.0, TEN, reach=1e-6).up is None


def test_an_order_due_now_is_assumed_filled():
    options = line(0.5, 5366.0)
    ladder = next_hedges(options, 0, 5400.0, TEN)
    assert (ladder.now.contracts, ladder.now.net) == (-3, 17.0)
    after = next_hedges(options, -3, 5400.0, TEN)
    assert (ladder.up, ladder.down) == (after.up, after.down)


def test_a_delta_that_is_not_known_fires_nothing():
    ladder = next_hedges(partial(np.full_like, fill_value=np.nan), 0, 5400.0, TEN)
    assert (ladder.up, ladder.down, ladder.now) == (None, None, None)


def test_a_level_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="no ladder"):
        next_hedges(line(1.0, 1.0), 0, 0.0, TEN)
