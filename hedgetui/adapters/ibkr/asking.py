"""Asking TWS: in turn, in time, and never two questions where answers could be mixed up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from hedgetui.adapters.ibkr._api import Api
from hedgetui.adapters.ibkr.connection import IbkrConnection
from hedgetui.adapters.ibkr.lifetime import Lifetime
from hedgetui.adapters.ibkr.pacing import Lane, Pacer
from hedgetui.domain.errors import BrokerUnreachable, HedgetuiError
from hedgetui.domain.text import safe
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.ports.clock import Clock

_T = TypeVar("_T")

_LOST_AFTER_S = 60.0
"""An answer without an end for so long means a broken session, not a slow one."""


class Refused(HedgetuiError):  # noqa: N818 - the answer is named
    """The broker answered a question with a code."""

    default_exit_code = 3
    default_code = "broker_refused"

    def __init__(self, text: str, number: int = 0) -> None:
        """Keep the words and the broker's number for them."""
        super().__init__(f"{number}: {text}")
        self.number = number


class Asking:
    """The asking half of a session: the library's client, its turns and its open questions."""

    def __init__(self, api: Api, connection: IbkrConnection, clock: Clock) -> None:
        """Make a client of `api`; what it was asked ends with the session's life."""
        self.api = api
        self.connection = connection
        self.clock = clock
        self.life = Lifetime(clock)
        self.pacer = Pacer(clock)
        self.ib: Any = api.IB()
        self._locks: dict[str, asyncio.Lock] = {}
        self._unanswered: dict[str, tuple[asyncio.Future[Any], Timestamp]] = {}

    def lose(self, reason: str) -> None:
        """End the session although nobody here wanted that."""
        self.life.end(reason)

    async def ask(
        self, send: Callable[[], Awaitable[_T]], seconds: float, lane: Lane = Lane.LINK
    ) -> _T:
        """Send one question in its turn and return the answer.

        Raises:
            Refused: the broker answered with a code.
            TimeoutError: no answer in time.
            BrokerUnreachable: there is no link, or it went down.
        """
        self.life.check()
        await self.pacer.turn(lane)
        self.life.check()
        return await self.answer(self._ask_now(send), seconds)

    async def ask_keyed(self, key: str, send: Callable[[], Awaitable[_T]], seconds: float) -> _T:
        """Ask what the library files under one name, so that only one may be on its way.

        A question whose end mark did not come in time blocks the name until it does: the late end
        would otherwise cut the next answer short, and a short answer would look complete.

        Raises:
            Refused: the broker answered with a code.
            TimeoutError: no answer in time, or an older one is still on its way.
            BrokerUnreachable: there is no link, or it went down.
        """
        async with self._locks.setdefault(key, asyncio.Lock()):
            await self._drain(key, seconds)
            self.life.check()
            await self.pacer.turn(Lane.LINK)
            self.life.check()
            future = self._ask_now(send)
            self._unanswered[key] = (future, self.clock.now())
            answer = await self.answer(future, seconds)
            del self._unanswered[key]
            return answer

    async def _drain(self, key: str, seconds: float) -> None:
        older = self._unanswered.get(key)
        if older is None:
            return
        future, asked_at = older
        if not future.done() and self.clock.now() - asked_at > _LOST_AFTER_S:
            self.lose(f"an answer ({key}) has no end")
        with suppress(Refused):
            await self.answer(future, seconds)
        del self._unanswered[key]

    def _ask_now(self, send: Callable[[], Awaitable[_T]]) -> asyncio.Future[_T]:
        try:
            return asyncio.ensure_future(send())
        except ConnectionError:
            raise BrokerUnreachable("the link went down") from None

    async def answer(self, future: asyncio.Future[_T], seconds: float) -> _T:
        """Wait for the answer to a question that was sent.

        Raises:
            Refused: the broker answered with a code.
            TimeoutError: no answer in time.
            BrokerUnreachable: there is no link, or it went down.
        """
        try:
            return await self.life.within(future, seconds)
        except TimeoutError:
            if isinstance(future, asyncio.Task):
                future.cancel()
            raise
        except self.api.RequestError as error:
            code, text = getattr(error, "code", 0), getattr(error, "message", error)
            raise Refused(safe(text), int(code)) from None
        except ConnectionError:
            raise BrokerUnreachable(f"the link went down: {self.life.reason}") from None

    def question(self, send: Callable[[int], None]) -> tuple[int, asyncio.Future[Any]]:
        """Send a numbered question of our own; returns its number and the library's future.

        Raises:
            BrokerUnreachable: there is no link.
        """
        self.life.check()
        try:
            request = int(self.ib.client.getReqId())
            future = self.ib.wrapper.startReq(request)
            send(request)
        except ConnectionError:
            raise BrokerUnreachable("the link went down") from None
        return request, future

    async def time(self, seconds: float) -> tuple[Timestamp, Seconds]:
        """Return the broker's clock and the round trip of asking for it.

        Raises:
            TimeoutError: no answer in time.
            BrokerUnreachable: there is no link, or it went down.
        """
        asked_at = self.clock.now()
        answer = await self.ask_keyed("currentTime", self.ib.reqCurrentTimeAsync, seconds)
        trip = Seconds(round(self.clock.now() - asked_at, 6))
        return Timestamp(answer.timestamp()), trip
