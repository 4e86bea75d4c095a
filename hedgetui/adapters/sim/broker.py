"""The built-in exchange as a broker session.

The engine must not be able to tell it from a real one: messages come later and in order, a link can
drop with orders under way, answers may never arrive. This adapter owns no rule of trade. It drives
the exchange by the clock, publishes its market data and turns its sessions into a `BrokerPort`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from hedgetui.adapters.sim.portfolio import PortfolioSide
from hedgetui.domain.errors import BrokerUnreachable, DataError, StoreError
from hedgetui.domain.events import LinkState
from hedgetui.domain.instruments import (
    GRAINS,
    Instrument,
    Right,
    is_grain,
    is_security,
    parse_key,
)
from hedgetui.domain.orders import OrderDraft
from hedgetui.domain.quotes import ChainSnapshot, Greeks, Quote, VolatilityHistory
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.ports.broker import (
    BrokerMessage,
    CommittedOrder,
    Complete,
    Environment,
    Incomplete,
    IndexLevel,
    LinkHealth,
    LinkReport,
    Margin,
    MessageSink,
    VenueReport,
)
from hedgetui.ports.clock import Clock
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.faults import Faults

_T = TypeVar("_T")

_HANDSHAKE_S = 0.08
_FIRST_DATA_S = 0.03
_SHORTEST_WAIT_S = 1e-6
QUIET_QUOTE_S = 2.0
"""An unchanged quote is sent again after this while, so that its age proves that the feed lives."""
HEDGE_SYMBOL = "MES"


class SimulatedBroker(PortfolioSide):
    """A `BrokerPort` and a `PortfolioPort` on an `Exchange`."""

    def __init__(self, exchange: Exchange, clock: Clock, *, greeks_s: float = 1.0) -> None:
        """Follow `clock`; send greeks of watched options every `greeks_s` seconds."""
        super().__init__(exchange)
        self._clock = clock
        self._greeks_s = greeks_s
        self._sink: MessageSink | None = None
        self._session = 0
        self._timer: asyncio.TimerHandle | None = None
        self._due = Timestamp(0.0)
        self._questions: set[asyncio.Future[Any]] = set()
        self._watched: tuple[str, ...] = ()
        self._sent: dict[str, Quote] = {}
        self._greeks_at = float("-inf")
        self._tick_at = float("-inf")
        self._venues: dict[str, VenueReport] = {}
        self._grains: set[str] = set()
        """Symbols that this session asked for months of."""
        self._traded: frozenset[str] = frozenset()
        """Symbols of the grains and securities that are watched."""
        self._connected_at: Timestamp | None = None
        self._latency: Seconds | None = None
        self._reconnects = 0

    @property
    def account(self) -> str:
        """Account id as the broker reports it."""
        return self._exchange.account

    @property
    def environment(self) -> Environment:
        """Always the simulator."""
        return Environment.SIM

    async def connect(self, sink: MessageSink) -> None:
        """Open the session; messages arrive at `sink` on the event loop until `disconnect`.

        Raises:
            BrokerUnreachable: an outage is on.
        """
        await self.disconnect()
        began = self._clock.now()
        await self._clock.sleep(_HANDSHAKE_S)
        self._exchange.advance(self._clock.now())
        self._session = self._exchange.attach(self._receive)
        self._sink = sink
        self._forget()
        self._reconnects += self._connected_at is not None
        self._connected_at = self._clock.now()
        self._latency = Seconds(round(self._clock.now() - began, 6))
        sink(LinkReport(LinkState.READY, "connected", self._session, self._latency))
        self._publish()
        self._arm()

    async def disconnect(self) -> None:
        """Close the session; safe to call twice."""
        if self._sink is None:
            return
        self._exchange.advance(self._clock.now())
        session = self._session
        self._lost("disconnected")
        self._exchange.detach(session)

    async def submit(self, order: CommittedOrder) -> None:
        """Send one order. Returning means the bytes left, not that the broker has them."""
        self._reach()
        self._exchange.submit(self._session, order.client_key, order.draft)
        self._arm()

    async def cancel(self, client_key: str) -> None:
        """Ask to cancel one order."""
        self._reach()
        self._exchange.cancel(self._session, client_key)
        self._arm()

    async def truth(self) -> Complete | Incomplete:
        """Read positions, orders, executions and cash in one piece."""
        try:
            return await self._ask(lambda: Complete(self._exchange.truth(self._exchange.at)))
        except BrokerUnreachable as error:
            return Incomplete(str(error))

    async def futures(self, symbol: str) -> tuple[Instrument, ...]:
        """Return the listed contract months of a future, nearest first."""
        months = await self._ask(lambda: self._exchange.board.futures(symbol))
        if symbol in GRAINS and self._sink is not None:
            self._grains.add(symbol)
            self._publish_venues(self._sink)
        return months

    async def chain(self) -> ChainSnapshot:
        """Return the option chain with its quotes."""
        return await self._ask(self._exchange.board.snapshot)

    async def volatility_history(self) -> VolatilityHistory | None:
        """Return a year of daily implied volatility."""
        return await self._ask(self._exchange.volatility_history)

    async def watch(self, keys: frozenset[str]) -> None:
        """Keep quotes (and greeks of options) of exactly these instruments coming.

        A key that names no instrument has no quote and does not stop the others.
        """
        self._reach()
        self._watched = tuple(sorted(filter(_names_something, keys)))
        self._traded = frozenset(
            key.split(" ", 1)[0] for key in self._watched if is_grain(key) or is_security(key)
        )
        self._sent = {key: quote for key, quote in self._sent.items() if key in keys}
        self._greeks_at = float("-inf")
        self._clock.call_later(_FIRST_DATA_S, self._publish)

    async def margin(self, draft: OrderDraft) -> Margin | None:
        """Return the effect of an order on margin."""
        return await self._ask(lambda: self._exchange.margin(draft))

    def health(self) -> LinkHealth:
        """Return what is known about the link now."""
        return LinkHealth(
            client="built-in simulator",
            connected_at=self._connected_at,
            last_message_at=self._exchange.at if self._sink is not None else None,
            latency=self._latency,
            reconnects=self._reconnects,
            clock_skew=Seconds(0.0),
            data_type="live",
        )

    async def _ask(self, question: Callable[[], _T], *, aside: bool = False) -> _T:
        """Ask the exchange and wait for the answer; `aside` it delays no order.

        Raises:
            BrokerUnreachable: there is no link, or it went down before the answer came.
        """
        self._reach()
        answer: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._questions.add(answer)

        def deliver(value: _T) -> None:
            if not answer.done():
                answer.set_result(value)

        self._exchange.ask(self._session, question, deliver, aside=aside)
        self._arm()
        try:
            return await answer
        finally:
            self._questions.discard(answer)

    def _reach(self) -> None:
        """Bring the exchange to the present.

        Raises:
            BrokerUnreachable: there is no link.
        """
        if self._sink is not None:
            self._exchange.advance(self._clock.now())
        if self._sink is None:
            raise BrokerUnreachable("not connected to the simulated broker")

    def _receive(self, message: BrokerMessage) -> None:
        sink = self._sink
        if isinstance(message, LinkReport) and message.state is LinkState.DOWN:
            self._lost(message.reason)
        if sink is not None:
            sink(message)

    def _lost(self, reason: str) -> None:
        self._sink = None
        self._session = 0
        self._disarm()
        for question in tuple(self._questions):
            if not question.done():
                question.set_exception(BrokerUnreachable(f"the link went down: {reason}"))

    def _forget(self) -> None:
        self._watched = ()
        self._traded = frozenset()
        self._sent = {}
        self._greeks_at = self._tick_at = float("-inf")
        self._venues = {}
        self._grains = set()

    def _arm(self) -> None:
        """Wake when the exchange has something to do."""
        due = self._exchange.next_event_at()
        if self._timer is not None and self._due <= due:
            return
        self._disarm()
        self._due = due
        wait = max(_SHORTEST_WAIT_S, due - self._clock.now())
        self._timer = self._clock.call_later(wait, self._drive)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drive(self) -> None:
        self._timer = None
        sink, session = self._sink, self._session
        try:
            self._exchange.advance(self._clock.now())
        except StoreError as error:
            self._lost(error.message)
            self._exchange.detach(session)
            if sink is not None:
                sink(LinkReport(LinkState.DOWN, error.message, session))
        if self._sink is not None:
            if self._exchange.market.at != self._tick_at:
                self._publish()
            self._arm()

    def _publish(self) -> None:
        """Send the market data of the present tick that the client does not have yet."""
        sink = self._sink
        if sink is None:
            return
        market = self._exchange.market
        self._publish_venues(sink)
        if market.at != self._tick_at:
            self._tick_at = market.at
            sink(IndexLevel(market.level, market.at))
        elapsed = market.at - market.start
        faults = self._exchange.faults
        if not any(one.covers(elapsed) for one in faults.quotes_silent):
            self._publish_quotes(sink)
        greeks_due = market.at - self._greeks_at >= self._greeks_s
        if greeks_due and not any(one.covers(elapsed) for one in faults.greeks_silent):
            self._greeks_at = market.at
            for greeks in self._exchange.board.greeks(self._watched):
                sink(_as_reported(greeks, faults))

    def _publish_venues(self, sink: MessageSink) -> None:
        """Say what changed about the hedge's venue and those this session asked for or watches."""
        for symbol in (HEDGE_SYMBOL, *sorted(self._grains | self._traded)):
            venue = self._exchange.board.venue(symbol)
            report = VenueReport(symbol, venue.open, venue.reason, venue.until)
            if report != self._venues.get(symbol):
                self._venues[symbol] = report
                sink(report)

    def _publish_quotes(self, sink: MessageSink) -> None:
        for quote in self._exchange.board.quotes(self._watched):
            if quote.bid is quote.ask is quote.last is None:
                continue
            sent = self._sent.get(quote.key)
            same = sent is not None and (sent.bid, sent.ask, sent.last) == (
                quote.bid, quote.ask, quote.last,
            )  # fmt: skip
            quiet = sent is not None and quote.at - sent.at < QUIET_QUOTE_S
            if same and (quiet or quote.bid is quote.ask is None):
                continue
            self._sent[quote.key] = quote
            sink(quote)


def _names_something(key: str) -> bool:
    try:
        parse_key(key)
    except DataError:
        return False
    return True


def _as_reported(greeks: Greeks, faults: Faults) -> Greeks:
    """Return greeks as this broker reports them."""
    if faults.stuck_deltas is None:
        return greeks
    put, call = faults.stuck_deltas
    is_put = parse_key(greeks.key).right is Right.PUT
    return replace(greeks, delta=put if is_put else call)
