"""The whole console on a headless terminal, with a still desk and a clock the test holds."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from textual import _wait, events
from textual.keys import _character_to_key

from hedgetui.ui.app import HedgeApp
from hedgetui.ui.settings import UiSettings
from tests.ui.still_desk import StillDesk

_LOOK_S = 0.05
_LOOKS = 200
_ROUNDS = 2
"""Of looking whether anything more happens: a worker that ends may begin with the next."""

_REST_S = 1 / 250
"""Textual looks every 20 ms whether a program has come to rest; a test presses many keys."""

THEMES = tuple(
    tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[2] / "themes").glob("*.toml"))
)


class HandClock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class SteppingClock:
    """A second passes at every look, so that no dialog is ever deaf."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 1.0
        return self._now


def settings(**chosen: object) -> UiSettings:
    """Return settings with the shipped themes and a fixed one in use."""
    return UiSettings(**{"themes": THEMES, "theme": "hedgetui-dark", **chosen})


@dataclass
class Console:
    """A running console and what a test does with it."""

    app: HedgeApp
    desk: StillDesk
    clock: HandClock
    pilot: object

    async def press(self, *keys: str, after: float = 1.0) -> None:
        """Press keys, each `after` seconds later than the last, and let everything settle."""
        for key in keys:
            self.clock.now += after
            await self.pilot.press(key)
            await self.settle()

    async def type(self, *keys: str) -> None:
        """Press keys of one form or table, fast: nothing is waited for between them."""
        self.clock.now += 1.0
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 else key
            character = {"space": " "}.get(key, key if len(key) == 1 else None)
            self.app.post_message(events.Key(name, character))
        await self.settle()

    async def settle(self) -> None:
        """Let workers and messages run until nothing more happens."""
        for _ in range(_ROUNDS):
            await self.pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the console run until `holds`; a busy machine only takes longer.

        Gives up after some seconds, so that the assertion which follows says what is missing.
        """
        for _ in range(_LOOKS):
            if holds():
                break
            await self.pilot.pause(_LOOK_S)
        await self.settle()

    async def caught_up(self) -> None:
        """Let the console run until it shows the desk's present snapshot."""
        await self.until(lambda: self.app.snapshot is self.desk.present)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return screen_text(self.app)

    @property
    def notes(self) -> list[str]:
        """The notifications shown."""
        return [note.message for note in self.app._notifications]


def screen_text(app: HedgeApp) -> str:
    """Return the visible text, one line for each row, dialogs included."""
    width, height = app.size
    rows = app.screen._compositor.render_update(
        full=True, screen_stack=app._background_screens
    ).strips
    lines = ["".join(segment.text for segment in row)[:width].rstrip() for row in rows]
    return "\n".join(lines[:height])


@contextmanager
def _quick_looks() -> Iterator[None]:
    kept = _wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE
    _wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = _REST_S, _REST_S / 20
    try:
        yield
    finally:
        _wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = kept


@asynccontextmanager
async def opened(
    desk: StillDesk | None = None, size: tuple[int, int] = (80, 24), **chosen: object
) -> AsyncIterator[Console]:
    """Open the console on a still desk."""
    desk, clock = desk or StillDesk(), HandClock()
    app = HedgeApp(desk, settings(**chosen), clock=clock)
    with _quick_looks():
        async with app.run_test(size=size, notifications=True) as pilot:
            console = Console(app, desk, clock, pilot)
            await console.settle()
            yield console


def run(test: Coroutine[object, object, None]) -> None:
    """Run one test on a loop of its own."""
    asyncio.run(test)
