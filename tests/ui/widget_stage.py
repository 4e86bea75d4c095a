"""A stage for one widget: a small app, a terminal that records bytes, an emulator to read them."""

from __future__ import annotations

import asyncio
import re

import pyte
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

# pyte takes these for text or for something else; none of them draws a cell.
_NOT_DRAWING = re.compile(
    r"\x1b\[\?[0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\[[<>=][^a-zA-Z]*[a-zA-Z]"
)


class RecordingDriver(HeadlessDriver):
    """A terminal that keeps what is written to it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.written = []

    @property
    def is_headless(self):
        return False

    def write(self, data):
        self.written.append(data)

    def take(self):
        data = "".join(self.written)
        self.written.clear()
        return data


def run(coroutine):
    """Run one test's coroutine on a loop of its own."""
    return asyncio.run(coroutine)


class Stage(App):
    """An app that shows the given widgets and collects the messages named in `watch`."""

    def __init__(self, *widgets, watch=(), **kwargs):
        super().__init__(**kwargs)
        self.widgets = widgets
        self.watch = tuple(watch)
        self.seen = []

    def compose(self):
        yield from self.widgets

    async def _on_message(self, message):
        if isinstance(message, self.watch):
            self.seen.append(message)
        await super()._on_message(message)


def emulate(size, *chunks):
    """Return the emulator's screen after the chunks."""
    screen = pyte.Screen(*size)
    stream = pyte.Stream(screen)
    for chunk in chunks:
        stream.feed(_NOT_DRAWING.sub("", chunk))
    return screen


def lines_of(app):
    """Return what the compositor shows, as text lines."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips]
