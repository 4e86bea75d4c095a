"""Random keys: whatever is typed, nothing is confirmed but by `y` in a preview that was read."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hedgetui.ui.dialogs.base import YesDialog
from hedgetui.ui.dialogs.preview import PreviewDialog
from tests.ui.console_stage import opened, run
from tests.ui.still_desk import FULL, ORDER, StillDesk

KEYS = (
    *"abcdefghijklmnopqrstuvwxyz", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"0123456789",
    "y", "y", "y", "H", "K", "enter", "escape", "tab", "shift+tab", "space", "backspace", "up",
    "down", "left", "right", "pageup", "pagedown", "home", "end", "f1", "slash", "plus", "minus",
    "question_mark", "full_stop", "ctrl+l", "ctrl+u", "delete",
)  # fmt: skip


def would_quit(screen, key):
    return isinstance(screen, YesDialog) and screen._title.startswith("Quit") and key == "y"


async def hammer(size, seed, presses):
    chance = random.Random(seed)  # noqa: S311 - a test's own, seeded
    desk = StillDesk(replace(FULL, orders=(ORDER,)))
    async with opened(desk, size=size) as console:
        for _ in range(presses):
            before, screen = len(desk.sent()), console.app.screen
            ready = isinstance(screen, PreviewDialog) and screen.ready
            key = "y" if ready and chance.random() < 0.4 else chance.choice(KEYS)
            if would_quit(screen, key):
                continue
            after = chance.choice((0.02, 0.1, 0.5, 2.0))
            deaf = ready and console.clock.now + after - screen._quiet_since < 0.3
            console.clock.now += after
            await console.pilot.press(key)
            if len(desk.sent()) != before:
                assert ready
                assert not deaf
                assert key == "y"
                assert desk.sent()[-1].preview_id == screen.preview.preview_id
            assert console.app.is_running
        assert console.app.snapshot is desk.present
        assert desk.sent(), "the search never reached a confirmation"


@pytest.mark.parametrize("size", [(120, 36), (40, 12)])
def test_random_keys_confirm_nothing_by_accident(size):
    run(hammer(size, seed=7, presses=250))


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(3))
def test_thousands_of_random_keys(seed):
    run(hammer((80, 24), seed=seed, presses=5_000))
