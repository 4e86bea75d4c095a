"""Pictures of the Stress screen."""

from __future__ import annotations

import pytest

from tests.ui import still_stress as still
from tests.ui.test_snapshots import picture_app, settled

PICTURES = {
    "stress-120x36": ((120, 36), ("6",), still.done, {}),
    "stress-80x24": ((80, 24), ("6", "full_stop"), still.done, {}),
    "stress-distribution-80x24": ((80, 24), ("6", "v"), still.done, {}),
    "stress-running-light-120x36": ((120, 36), ("6",), still.running, {"theme": "hedgetui-light"}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_picture(snap_compare, name):
    size, press, view, chosen = PICTURES[name]

    async def pressed(pilot):
        await settled(pilot)
        for key in press:
            await pilot.press(key)
            await settled(pilot)

    app = picture_app(still.desk(view()), chosen)
    assert snap_compare(app, terminal_size=size, run_before=pressed)
