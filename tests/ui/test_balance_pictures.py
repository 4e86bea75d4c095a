"""Pictures of the Balance screen."""

from __future__ import annotations

import pytest

from tests.ui.still_book import IN_TROUBLE, OVER_HEDGED, WITH_BASKET
from tests.ui.test_snapshots import picture_app, settled

PICTURES = {
    "balance-120x36": ((120, 36), ("3", "j"), WITH_BASKET, {}),
    "balance-80x24": ((80, 24), ("3",), OVER_HEDGED, {}),
    "balance-trouble-light-120x36": ((120, 36), ("3",), IN_TROUBLE, {"theme": "hedgetui-light"}),
    "balance-ascii-80x24": (
        (80, 24),
        ("3",),
        WITH_BASKET,
        {"icons": "ascii", "theme": "ansi-dark"},
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_picture(snap_compare, name):
    size, press, snapshot, chosen = PICTURES[name]

    async def pressed(pilot):
        await settled(pilot)
        for key in press:
            await pilot.press(key)
            await settled(pilot)

    app = picture_app(snapshot, chosen)
    assert snap_compare(app, terminal_size=size, run_before=pressed)
