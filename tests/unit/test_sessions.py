"""When a server that starts now should begin its market: in a session with some life left."""

from __future__ import annotations

import pytest

from hedgetui.domain.units import parse_utc
from hedgetui.simulation.sessions import options_session

HOUR = 3600.0


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ("2025-11-19T15:00:00Z", "2025-11-19T15:00:00Z"),  # ten in New York: open
        ("2025-11-19T12:00:00Z", "2025-11-19T14:30:00Z"),  # before the opening
        ("2025-11-19T20:15:00Z", "2025-11-19T20:15:00Z"),  # an hour before 16:15
        ("2025-11-19T20:15:01Z", "2025-11-20T14:30:00Z"),  # less than that
        ("2025-11-21T22:30:00Z", "2025-11-24T14:30:00Z"),  # a Friday evening
        ("2025-07-04T12:00:00Z", "2025-07-04T13:30:00Z"),  # summer time; holidays are not modelled
    ],
)
def test_a_market_begins_where_options_trade_for_another_hour(now, begins):
    assert options_session(parse_utc(now), HOUR) == parse_utc(begins)
