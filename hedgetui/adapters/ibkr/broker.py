"""TWS or IB Gateway as a `BrokerPort` and a `PortfolioPort`.

The library moves bytes. What its messages mean is decided here: evidence about orders is what the
wire said, unknown stays unknown, and an order leaves at once or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.closes import ClosesReader
from hedgetui.adapters.ibkr.connection import IbkrConnection, environment_of
from hedgetui.adapters.ibkr.contracts import ContractBook, Listing
from hedgetui.adapters.ibkr.conversation import Conversation
from hedgetui.adapters.ibkr.door import choose_account, new_session, probe
from hedgetui.adapters.ibkr.health import health_of
from hedgetui.adapters.ibkr.history import HistoryReader
from hedgetui.adapters.ibkr.listings import NoContract
from hedgetui.adapters.ibkr.memory import Memory
from hedgetui.adapters.ibkr.orders import WorkingOrder, make_order, margin_of
from hedgetui.adapters.ibkr.terms import drafted
from hedgetui.domain.balance.closes import Closes
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import Instrument, Kind, is_security, parse_key
from hedgetui.domain.orders import OrderDraft, OrderType
from hedgetui.domain.quotes import ChainSnapshot, VolatilityHistory
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import (
    CommittedOrder,
    Complete,
    Environment,
    Incomplete,
    LinkHealth,
    Margin,
    MessageSink,
    OrderEnded,
    OrderNotice,
)
from hedgetui.ports.clock import Clock
from hedgetui.ports.portfolio import ChainWindow, Holdings, Level, SecurityChain

__all__ = ["IbkrBroker", "probe"]

_UNKNOWN_CONTRACT = 200
_UNKNOWN_ORDER = 135
_DUPLICATE = 103
_CUT_OFF = "TWS has no connection to IB"
_LOOK_UP_S = 2.0
"""Seconds an order may wait for its contract's number; it is usually known."""


class IbkrBroker:
    """A `BrokerPort` and a `PortfolioPort` on ib_insync or ib_async."""

    def __init__(self, connection: IbkrConnection, clock: Clock) -> None:
        """Connect as `connection` says when asked to; wait by `clock`."""
        self._connection = connection
        self._clock = clock
        self._account = connection.account
        self._environment = connection.environment
        self._client = ""
        self._book: ContractBook | None = None
        self._memory = Memory()
        self._history = HistoryReader()
        self._closes = ClosesReader()
        self._talk: Conversation | None = None
        self._sessions = 0
        self._connected_at: Timestamp | None = None

    @property
    def account(self) -> str:
        """Account id as the broker reports it; the configured one before the first connection."""
        return self._account

    @property
    def environment(self) -> Environment:
        """Paper or live, as the account id says; as configured before the first connection."""
        return self._environment

    async def connect(self, sink: MessageSink) -> None:
        """Open the session; messages arrive at `sink` on the event loop until `disconnect`.

        Raises:
            BrokerUnreachable: nobody listens or answers, the client id is taken, or the account is
                not the one, or not of the kind, that the profile means.
            ConfigError: no client library is installed.
        """
        await self.disconnect()
        session = new_session(self._connection, self._clock)
        self._client = f"{session.api.name} {session.api.version}"
        book = self._book or ContractBook(session.api)
        self._book = book
        # Listens before anything can be said: a farm may be broken from the first packet on.
        talk = Conversation(session, self._sessions + 1, sink, book, self._memory)
        await session.open()
        try:
            self._memory.opened(session.next_number)
            self._account = choose_account(self._connection, session.accounts)
            self._environment = environment_of(self._account)
            talk.use_account(self._account)
            session.ib.client.reqMarketDataType(1)
            await talk.heartbeat.beat()
            self._talk = talk
        except TimeoutError:
            raise BrokerUnreachable(
                f"{self._connection.peer} shook hands but does not answer"
            ) from None
        finally:
            if self._talk is not talk:
                await session.close("not admitted")
        self._sessions += 1
        self._connected_at = self._clock.now()
        talk.begin()

    async def disconnect(self) -> None:
        """Close the session; safe to call twice."""
        talk, self._talk = self._talk, None
        if talk is not None:
            await talk.session.close("disconnected")

    def _live(self) -> Conversation:
        """Return the session that stands.

        Raises:
            BrokerUnreachable: there is none.
        """
        talk = self._talk
        if talk is None:
            raise BrokerUnreachable(f"not connected to {self._connection.peer}")
        talk.session.life.check()
        return talk

    # --- orders

    async def submit(self, order: CommittedOrder) -> None:
        """Send one order. Returning means the bytes left, not that the broker has them.

        Raises:
            BrokerUnreachable: there is no link.
        """
        talk = self._live()
        key, draft = order.client_key, order.draft
        if key in self._memory.sent:
            talk.tell(OrderNotice(key, _DUPLICATE, "an order of this key was sent before"))
            return
        listing = talk.listings.ready(draft.instrument_key)
        if listing is None:
            listing = await self._resolve(talk, key, draft)
        if listing is not None:
            self._send(talk, key, draft, listing)

    async def _resolve(self, talk: Conversation, key: str, draft: OrderDraft) -> Listing | None:
        """Look a contract up before its order leaves; without one nothing is sent."""
        question = asyncio.ensure_future(talk.listings.one(draft.instrument_key))
        try:
            return await talk.session.life.within(question, _LOOK_UP_S)
        except (NoContract, BrokerUnreachable) as error:
            talk.session.life.check()
            why = f"not sent: {error}"
        except TimeoutError:
            why = f"not sent: no contract details within {_LOOK_UP_S:g} s"
        finally:
            question.cancel()
        talk.tell(OrderNotice(key, _UNKNOWN_CONTRACT, why))
        talk.tell_order(OrderEnded(key, "", rejected=True, reason=why))
        return None

    def _send(self, talk: Conversation, key: str, draft: OrderDraft, listing: Listing) -> None:
        session = talk.session
        session.life.check()
        outside = self._needs_outside_hours(draft, listing)
        order = make_order(
            session.api, draft, client_key=key, account=self._account, outside_hours=outside
        )
        talk.session.pacer.order()
        self._memory.sent[key] = draft.instrument_key
        self._memory.terms[key] = drafted(draft)
        number = session.place(listing.contract, order)
        self._memory.left(key, number)
        talk.orders.sent(
            WorkingOrder(key, number, draft.quantity, draft.instrument_key, self._clock.now())
        )

    def _needs_outside_hours(self, draft: OrderDraft, listing: Listing) -> bool:
        """Whether an option's limit order trades now only outside the regular hours."""
        if parse_key(draft.instrument_key).kind is Kind.FUTURE or is_security(draft.instrument_key):
            return False
        if draft.order_type is not OrderType.LIMIT or listing.liquid is None:
            return False
        return not listing.liquid.at(self._clock.now()).open

    async def cancel(self, client_key: str) -> None:
        """Ask to cancel one order.

        Raises:
            BrokerUnreachable: there is no link.
        """
        talk = self._live()
        order = talk.orders.get(client_key)
        if order is None:
            await talk.truth.find_orders()
            order = talk.orders.get(client_key)
        if order is None:
            words = "no order of this key works here"
            talk.tell(OrderNotice(client_key, _UNKNOWN_ORDER, words))
            return
        talk.session.pacer.order()
        talk.session.withdraw(order.order_id)

    async def margin(self, draft: OrderDraft) -> Margin | None:
        """Return the effect of an order on margin, or None when the broker does not say.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        talk = self._live()
        if "read-only" in talk.notes:
            return None
        session = talk.session
        try:
            listing = talk.listings.ready(draft.instrument_key) or await talk.listings.one(
                draft.instrument_key
            )
            order = make_order(
                session.api, draft, client_key="whatif", account=self._account, outside_hours=False
            )
            state = await session.ask(
                lambda: session.ib.whatIfOrderAsync(listing.contract, order),
                self._connection.margin_timeout_s,
            )
        except (NoContract, Refused, TimeoutError):
            return None
        return margin_of(state)

    # --- questions

    async def truth(self) -> Complete | Incomplete:
        """Read positions, orders, executions and cash in one piece."""
        try:
            talk = self._served()
        except BrokerUnreachable as error:
            return Incomplete(str(error))
        answer = await talk.truth.read()
        if isinstance(answer, Complete):
            talk.holdings.read(answer.truth.positions)
        return answer

    async def holdings(self) -> Holdings | Incomplete:
        """Read every line of the account with its mark."""
        try:
            return await self._served().portfolio.read()
        except BrokerUnreachable as error:
            return Incomplete(str(error))

    async def levels(self, symbols: frozenset[str]) -> Mapping[str, Level]:
        """Return the newest prices of underlyings and indices; a silent or unclear one lacks.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        return await self._served().levels.read(symbols)

    async def closes(self, symbols: frozenset[str], days: int) -> Closes:
        """Return daily closes of the last `days` trading days; names without a history lack.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        talk = self._served()
        return await self._closes.read(talk.session, talk.underlyings, symbols, days)

    async def security_chain(self, symbol: str, window: ChainWindow) -> SecurityChain | None:
        """Return quotes of the options on a name, or None when it has none.

        Raises:
            BrokerUnreachable: there is no link, it went down, or the broker does not answer.
        """
        return await self._served().chains.read(symbol, window)

    def _served(self) -> Conversation:
        """Return the session that stands and is connected to IB's servers.

        Raises:
            BrokerUnreachable: there is none, or TWS is cut off.
        """
        talk = self._live()
        if talk.servers.lost:
            raise BrokerUnreachable(_CUT_OFF)
        return talk

    async def futures(self, symbol: str) -> tuple[Instrument, ...]:
        """Return the listed contract months of a future, nearest first.

        Raises:
            BrokerUnreachable: there is no link, or no answer.
        """
        return await self._live().venues.months(symbol)

    async def chain(self) -> ChainSnapshot:
        """Return the option chain near the money with its quotes.

        Raises:
            BrokerUnreachable: there is no link, or no answer.
        """
        talk = self._live()
        return await talk.scanner.chain(talk.level.volatility)

    async def volatility_history(self) -> VolatilityHistory | None:
        """Return a year of daily implied volatility, or None when the broker has none.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        talk = self._live()
        return await self._history.read(talk.session, talk.listings, talk.level.volatility)

    async def watch(self, keys: frozenset[str]) -> None:
        """Keep quotes (and greeks of options) of exactly these instruments coming.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        talk = self._live()
        talk.venues.watch(keys)
        await talk.feed.watch(keys)

    def health(self) -> LinkHealth:
        """Return what is known about the link now; cheap, and safe without one."""
        return health_of(
            self._connection,
            self._talk,
            client=self._client or "not loaded",
            connected_at=self._connected_at,
            reconnects=max(0, self._sessions - 1),
        )
