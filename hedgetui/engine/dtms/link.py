"""Keeping the MT5 link: connect, see who is there, settle what is unknown, and start over.

READY only after a complete look on the right account, and after the outbox has asked what became of
everything that may have left. Nothing here blocks the Vega desk: it has a link of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.mt5.records import Account, Incomplete, Look, Terminal
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms import admission
from hedgetui.engine.dtms.market import Market, symbols_of
from hedgetui.engine.dtms.parts import DefenceParts

_JITTER = 0.2
_STEADY_S = 30.0
"""A session that lived this long makes the next waits short again."""
_RETRY_S = 5.0

Step = Callable[[], Awaitable[None]]


class Mt5Link:
    """The terminal session's keeper."""

    def __init__(self, parts: DefenceParts, market: Market, random: Random) -> None:
        self._parts = parts
        self._market = market
        self._random = random
        self._lost = asyncio.Event()
        self._woken = asyncio.Event()
        self._judging = asyncio.Lock()
        self._accepted = False
        """The account of this session was the right one once: from now on a change is a switch."""
        self._connecting = False
        self._session = 0
        self.settle: Step = _nothing
        """Runs after the first good look of a session, before READY."""
        self.on_news: Callable[[], None] = lambda: None
        """Called when positions have come or gone, and when the link became ready."""
        self.on_doubt: Callable[[], None] = lambda: None
        """Called when nothing that was counted counts any more."""
        self.next_try_at: Timestamp | None = None
        self.trouble = ""
        """Why the newest attempt failed; empty while a session stands."""
        self._down_said = False

    @property
    def state(self) -> LinkState:
        """The link as it is shown; an attempt to connect is not journalled."""
        known = self._parts.book.link
        if self._parts.board.session is None:
            return LinkState.CONNECTING if self._connecting else LinkState.DOWN
        return known

    @property
    def reason(self) -> str:
        """Why the link is as it is, in words."""
        return self.trouble or safe(self._parts.book.link_reason)

    @property
    def ready(self) -> bool:
        """Whether decisions may be made and sent."""
        return self.state is LinkState.READY

    async def keep(self) -> None:
        """Hold a session for ever."""
        backoff = self._parts.settings.backoff
        failures = 0
        while True:
            began = await self._hold_one()
            if began is not None and self._parts.clock.now() - began >= _STEADY_S:
                failures = 0
            await self._parts.port.disconnect()
            wait = backoff[min(failures, len(backoff) - 1)]
            failures += 1
            pause = wait * (1.0 + _JITTER * self._random.random())
            self.next_try_at = Timestamp(self._parts.clock.now() + pause)
            await self._parts.clock.sleep(pause)

    async def _hold_one(self) -> Timestamp | None:
        """Hold one session to its end; returns when it began, or None if it never did."""
        self._lost.clear()
        self._accepted = False
        self._connecting, self.next_try_at = True, None
        began: Timestamp | None = None
        try:
            session = await self._parts.port.connect()
            self._connecting, began = False, self._parts.clock.now()
            self._market.forget()
            self._parts.board.session = session
            self._down_said, self.trouble = False, ""
            self._session = self._parts.book.session + 1
            await self._pulse_for_ever()
        except BrokerUnreachable as error:
            await self.drop(str(error))
        finally:
            self._connecting = False
        return began

    async def _pulse_for_ever(self) -> None:
        while not self._lost.is_set():
            look = await self._parts.port.look()
            good = await self.take(look)
            if good and not self.ready:
                await self._become_ready()
            elif good and isinstance(look, Look):
                await self._market.refresh_ticks(symbols_of(look, self._parts.book))
            await self._pause(self._parts.settings.pulse if good else _RETRY_S)

    async def take(self, look: Look | Incomplete) -> bool:
        """Keep a look and judge who is there; whether decisions may follow from it."""
        board = self._parts.board
        if isinstance(look, Incomplete):
            if board.look_failed is None:
                words = f"⏳ MT5 positions unknown: {safe(look.why)}; nothing is decided"
                self._parts.recorder.say("warn", words)
            board.look_failed = look
            self.on_doubt()
            if self.state is LinkState.SYNCING:
                await self._note(LinkState.SYNCING, f"positions unknown: {safe(look.why)}")
            return False
        async with self._judging:
            if await self._refused(look.account, look.terminal):
                return False
        before = board.look
        board.look, board.looked_at, board.look_failed = look, self._parts.clock.now(), None
        if before is None or _identities(before) != _identities(look):
            self.on_news()
        return True

    async def _refused(self, account: Account, terminal: Terminal) -> bool:
        """Degrade the link while the account or the terminal is not fit; say so once."""
        parts = self._parts
        why = admission.objection(
            parts.settings, parts.book, account, terminal, standing=self._accepted
        )
        if not why:
            self._accepted = True
            if parts.book.link is LinkState.DEGRADED or self._number_is_new:
                await self._note(LinkState.SYNCING, "connected", account)
            return False
        parts.board.look_failed = None
        parts.board.look = None
        self.on_doubt()
        if (parts.book.link, parts.book.link_reason) != (LinkState.DEGRADED, why):
            await self._note(LinkState.DEGRADED, why)
            sign = (
                "🛑" if admission.switched(parts.book, account, standing=self._accepted) else "🟠"
            )
            parts.recorder.say("alarm", f"{sign} MT5: {why}: nothing is sent")
        return True

    @property
    def _number_is_new(self) -> bool:
        return self._parts.book.session != self._session or (
            self._parts.book.link is LinkState.DOWN
        )

    async def _become_ready(self) -> None:
        await self.settle()
        if self._lost.is_set() or self._parts.book.link is not LinkState.SYNCING:
            return
        await self._note(LinkState.READY, "synchronised")
        self._parts.recorder.say("ok", "✅ MT5 link ready, positions compared")
        self.on_news()

    async def drop(self, reason: str) -> None:
        """The session is gone, or none came; called by whoever found out."""
        self._parts.board.session = None
        self._parts.board.look = None
        self.on_doubt()
        self._lost.set()
        self._woken.set()
        self.trouble = safe(reason)
        if not self._down_said:
            # What later attempts say is shown, not journalled: an outage is one fact.
            self._down_said = True
            await self._note(LinkState.DOWN, self.trouble)
            self._parts.recorder.say("alarm", f"🔴 MT5 link down: {self.trouble}")

    async def stopped(self) -> None:
        """The desk stops: nobody may count on the link any more."""
        self._parts.board.session = None
        self._lost.set()
        if not self._parts.recorder.failed:
            await self._note(LinkState.DOWN, "stopping")
        await self._parts.port.disconnect()

    async def _note(self, state: LinkState, reason: str, account: Account | None = None) -> None:
        book = self._parts.book
        number = max(self._session, book.session)
        if (book.link, book.link_reason, book.session) == (state, reason, number):
            return
        login, server = (account.login, account.server) if account else (0, "")
        await self._parts.recorder.record(
            fx.Mt5LinkChanged(state.value, reason, number, login, server)
        )

    async def _pause(self, seconds: float) -> None:
        """Wait for a time, or for the end of the session."""
        timer = self._parts.clock.call_later(seconds, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            timer.cancel()
            self._woken.clear()


def _identities(look: Look) -> set[tuple[int, int]]:
    return {(one.identifier, one.ticket) for one in look.positions}


async def _nothing() -> None:
    """Do nothing."""
