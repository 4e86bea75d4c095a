"""A desk of the test's own behind a real control socket, in a thread beside the command line."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hedgetui.adapters.control.server import ControlServer
from hedgetui.ports.desk import DeskPort

_Desk = TypeVar("_Desk", bound=DeskPort)


@contextmanager
def serving(desk: _Desk, path: Path) -> Iterator[_Desk]:
    """Let a desk listen at `path` for as long as the block lasts."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    server = ControlServer(desk, path)

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(server.close())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(10)
    try:
        yield desk
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
