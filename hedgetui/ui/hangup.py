"""A terminal that is gone, noticed from inside.

A dropped line does not always send its signal to us, and not always first. Textual's output thread
dies of the first byte it cannot write, and whoever writes afterwards waits for ever for room in its
queue: the event loop, and the hedging with it. So nothing here waits for a dead thread, and when it
is dead the console leaves in order.
"""

from __future__ import annotations

import queue
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App
    from textual.driver import Driver

LOOK_S = 1.0
"""Seconds between two looks at the output thread."""


def watched(app: App[None], driver: Driver | None) -> Callable[[], None]:
    """Make writing to `driver` safe, and return what to do at every look."""
    never_wait_for_the_dead(driver)

    def look() -> None:
        if terminal_gone(driver):
            app.exit()

    return look


def terminal_gone(driver: Driver | None) -> bool:
    """Tell whether nothing that is written arrives any more; False where that cannot be known."""
    writer = getattr(driver, "_writer_thread", None)
    return writer is not None and not writer.is_alive()


def never_wait_for_the_dead(driver: Driver | None) -> None:
    """Let writing give up when the output thread is dead; a slow terminal is waited for as ever."""
    if driver is None or not hasattr(driver, "_writer_thread"):
        return

    def write(data: str) -> None:
        writer: Any = driver._writer_thread  # noqa: SLF001 - no public one
        while writer is not None and writer.is_alive():
            with suppress(queue.Full):
                writer._queue.put(data, timeout=LOOK_S)  # noqa: SLF001 - its own has no timeout
                return
        if writer is not None:
            _empty(writer._queue)  # noqa: SLF001 - or stopping the thread would wait for room

    driver.write = write  # type: ignore[method-assign]


def _empty(waiting: queue.Queue[str | None]) -> None:
    with suppress(queue.Empty):
        while True:
            waiting.get_nowait()
