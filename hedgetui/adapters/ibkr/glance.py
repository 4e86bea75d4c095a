"""Short looks at contracts: a line is borrowed, watched until it says enough, and given back.

Whoever scans shares what lines and messages hedging leaves free. A look ends when its line shows
what is wanted, when it is refused, or when its time is up; what came until then is what there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hedgetui.adapters.ibkr.codes import Meaning, meaning
from hedgetui.adapters.ibkr.lines import Use
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.subscriptions import Subscription, Subscriptions
from hedgetui.adapters.ibkr.ticks import Fold

Enough = Callable[[Fold], bool]

LOOK_S = 2.5
_MOST_AT_ONCE = 40
_TRIES = 3
"""Times a contract is asked for while there are fewer lines than thought."""


class Glances:
    """Looks of one session, at most so many at a time as there are lines to spare."""

    def __init__(self, session: Session, subscriptions: Subscriptions) -> None:
        """Borrow lines of `subscriptions`."""
        self._session = session
        self._subscriptions = subscriptions
        self._waiting: dict[Subscription, tuple[asyncio.Future[None], Enough]] = {}
        self._looking = 0
        self._freed = asyncio.Condition()

    def tick(self, one: Subscription) -> None:
        """A borrowed line got ticks."""
        waiting = self._waiting.get(one)
        if waiting is not None and waiting[1](one.fold):
            _wake(waiting[0])

    def refused(self, one: Subscription) -> None:
        """A borrowed line was refused: no such contract, or no line."""
        waiting = self._waiting.get(one)
        if waiting is not None:
            _wake(waiting[0])

    async def look(
        self,
        key: str,
        contract: Any,  # noqa: ANN401 - the library's contract has no type
        enough: Enough,
        *,
        generic: str = "",
        delayed_too: bool = False,
    ) -> Subscription:
        """Watch one contract until its line says enough, is refused, or its time is up.

        The line is closed when this returns; `refused` and `fold` of it say what came. Where only
        delayed data may be had, `delayed_too` asks for those.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        for last in range(_TRIES - 1, -1, -1):
            async with self._freed:
                await self._freed.wait_for(self._room)
                self._looking += 1
            try:
                one = await self._look(key, contract, enough, generic)
            finally:
                async with self._freed:
                    self._looking -= 1
                    self._freed.notify_all()
            if not last or one.refused is None or not self._again(one, delayed_too=delayed_too):
                break
        return one

    def _again(self, one: Subscription, *, delayed_too: bool) -> bool:
        what = meaning(one.refused.code) if one.refused is not None else None
        if what is Meaning.NOT_SUBSCRIBED and delayed_too:
            self._subscriptions.allow_delayed()
            return True
        return what is Meaning.LINES_FULL

    def _room(self) -> bool:
        """Whether one more line may be taken; one is always tried."""
        if not self._looking or not self._session.life.alive:
            return True
        free = self._subscriptions.lines.free(Use.SCAN) > 0
        return free and self._looking < _MOST_AT_ONCE

    async def _look(
        self,
        key: str,
        contract: Any,  # noqa: ANN401 - see above
        enough: Enough,
        generic: str,
    ) -> Subscription:
        one = await self._subscriptions.open(key, contract, Use.SCAN, generic=generic)
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[one] = answered, enough
        try:
            await self._session.life.within(answered, LOOK_S)
        except TimeoutError:
            pass  # what came until now is what there is
        except asyncio.CancelledError:
            if self._session.life.alive:
                self._session.life.spawn(self._subscriptions.close(one), "line given back")
            raise
        finally:
            del self._waiting[one]
        if one.refused is None:
            await self._subscriptions.close(one)
        return one


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
