"""Keeping the desk's workers alive, and saying so when one is not.

A worker that dies is restarted after a growing pause; while it is down, and for good after too
many deaths, its name is on the health list and whatever depended on it is disarmed. Nothing dies
silently.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable

from hedgetui.domain.errors import StoreError
from hedgetui.ports.clock import Clock

_LOGGER = logging.getLogger(__name__)
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
_MOST_DEATHS = 5
_HEALTHY_S = 600.0
"""A worker that ran this long starts its count of deaths anew."""

Worker = Callable[[], Awaitable[None]]
DeathNotice = Callable[[str, str], Awaitable[None]]


class Supervisor:
    """Runs named workers until `stop`."""

    def __init__(self, clock: Clock, on_death: DeathNotice) -> None:
        self._clock = clock
        self._on_death = on_death
        self._tasks: list[asyncio.Task[None]] = []
        self.down: dict[str, str] = {}
        """Worker name to why it is not running."""

    def start(self, name: str, worker: Worker) -> None:
        """Run `worker` for ever under `name`."""
        self._tasks.append(asyncio.create_task(self._keep(name, worker), name=name))

    async def stop(self) -> None:
        """Cancel every worker and wait for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _keep(self, name: str, worker: Worker) -> None:
        wait, deaths = _FIRST_WAIT_S, 0
        while deaths < _MOST_DEATHS:
            began = self._clock.now()
            try:
                await worker()
            except asyncio.CancelledError:
                raise
            except StoreError as error:
                self.down[name] = str(error)
                return  # the recorder has announced it; without a journal nothing may run
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                why = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
                _LOGGER.exception("worker %s died", name)
                self.down[name] = why
                await self._on_death(name, why)
            else:
                return
            if self._clock.now() - began >= _HEALTHY_S:
                wait, deaths = _FIRST_WAIT_S, 0
            deaths += 1
            if deaths < _MOST_DEATHS:
                await self._clock.sleep(wait)
                wait = min(_LONGEST_WAIT_S, wait * 2)
                self.down.pop(name, None)
