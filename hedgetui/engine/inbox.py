"""Broker messages, one at a time and in order: quotes to the board, everything else to the journal.

The adapter's callback only puts a message into the queue; a slow disk therefore delays the next
fact and never the socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hedgetui.domain import events as ev
from hedgetui.domain.errors import StoreError
from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.domain.tails.contracts import GRAINS
from hedgetui.domain.vega import messages
from hedgetui.engine.bus import Bus
from hedgetui.engine.desk_state import of_book
from hedgetui.engine.link import Link
from hedgetui.engine.parts import Parts
from hedgetui.ports import broker as br


class Inbox:
    """Routes broker messages."""

    def __init__(self, parts: Parts, bus: Bus, link: Link) -> None:
        self._recorder = parts.recorder
        self._tracker = parts.tracker
        self._board = parts.board
        self._bus = bus
        self._link = link
        self._queue: asyncio.Queue[br.BrokerMessage] = asyncio.Queue()
        self.on_tick: Callable[[], None] = lambda: None
        """Called after each batch of market data."""

    def put(self, message: br.BrokerMessage) -> None:
        """Take a message from the adapter; never waits."""
        self._queue.put_nowait(message)

    async def run(self) -> None:
        """Process messages for ever; market data waiting together count as one batch."""
        while True:
            message = await self._queue.get()
            market = self._market(message)
            if not market:
                await self._fact(message)
                continue
            while not self._queue.empty():
                message = self._queue.get_nowait()
                if not self._market(message):
                    self.on_tick()
                    await self._fact(message)
            self.on_tick()
            self._bus.quotes()

    def _market(self, message: br.BrokerMessage) -> bool:
        match message:
            case Quote() | Greeks():
                self._board.take(message)
            case br.IndexLevel(level, at):
                self._board.level(level, at)
            case _:
                return False
        return True

    async def _fact(self, message: br.BrokerMessage) -> None:
        """Take what belongs into the journal; without one it is lost, and quotes go on.

        The desk is halted then, and the next start reads broker truth.
        """
        try:
            await self._order(message)
        except StoreError:
            return

    async def _order(self, message: br.BrokerMessage) -> None:
        match message:
            case br.OrderListed():
                await self._tracker.listed(message)
            case br.OrderEnded():
                await self._tracker.ended(message)
            case br.Execution():
                await self._tracker.executed(message)
            case br.Commission():
                await self._tracker.charged(message)
            case br.OrderNotice():
                await self._tracker.noticed(message)
            case br.LinkReport():
                await self._link.report(message)
            case br.VenueReport():
                await self._venue(message)
            case br.PositionMoved():
                self._tracker.ask_broker.set()

    async def _venue(self, report: br.VenueReport) -> None:
        venue = self._recorder.state.venue(report.symbol)
        if (venue.open, venue.reason) == (report.open, report.reason):
            return
        changed = ev.VenueChanged(report.symbol, report.open, report.reason, report.until)
        await self._recorder.record(changed)
        if report.symbol in GRAINS:
            words = "open" if report.open else f"closed: {report.reason or 'no reason given'}"
            self._recorder.say(
                "info", f"{'🔓' if report.open else '🔒'} {report.symbol} is {words}"
            )
        elif not of_book(report.symbol):
            return  # the sessions of single names are no news: a ticket says when one is closed
        elif not report.open:
            words = messages.unhedgeable(report.symbol, report.reason, report.until)
            self._recorder.say("warn", f"🔒 {words}")
        else:
            self._recorder.say("ok", f"✅ {report.symbol} is open")
