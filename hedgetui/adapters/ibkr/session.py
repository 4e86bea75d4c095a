"""One connection to TWS: opened, listened to, asked and closed.

A session owns a client object of its own, so nothing of an old one can reach a new one. Every
message passes `_interpret` before the library sees it: market data end there, orders' rows are
noted from the wire, everything goes on to the library otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hedgetui.adapters.ibkr._api import Api
from hedgetui.adapters.ibkr.asking import Asking
from hedgetui.adapters.ibkr.codes import Meaning, meaning
from hedgetui.adapters.ibkr.connection import IbkrConnection
from hedgetui.adapters.ibkr.parse import ERROR, ErrorRow, error_row, whole
from hedgetui.adapters.ibkr.quiet import LIBRARY_LOG
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.ports.clock import Clock

_CLOSING_S = 1.0
_PORTS = (
    "Is TWS or IB Gateway running, and its API switched on? Ports: TWS 7497 paper, 7496 live; "
    "Gateway 4002 paper, 4001 live."
)
_ACCEPT = (
    "TWS may be waiting for somebody to accept the connection; or another program holds the client "
    "id; or this machine is not among its trusted addresses."
)


class Session(Asking):
    """An open connection."""

    def __init__(self, api: Api, connection: IbkrConnection, clock: Clock) -> None:
        """Prepare a session; `open` makes it one."""
        super().__init__(api, connection, clock)
        self.last_message_at: Timestamp | None = None
        self.unreadable = 0
        """Messages of this session that we could not read."""
        self.library_unreadable = LIBRARY_LOG.unreadable
        """Messages the library could not read before it, of whatever session."""
        self.on_frame: Callable[[int, list[str]], bool] = lambda _number, _fields: False
        """Sees every message first; True keeps it from the library."""
        self.on_error: Callable[[ErrorRow], None] = lambda _: None
        self.on_packet: Callable[[], None] = lambda: None
        """Called after the messages of one packet."""
        self.on_lost: Callable[[str], None] = lambda _: None
        """Called once when the session ends by itself."""
        self.next_number = 0
        """The number TWS would have given the next order when the session opened."""
        self._refusal = ""
        self._tune()

    def _tune(self) -> None:
        """Take the library's queue, its reactions and its silence about errors away."""
        ib, client = self.ib, self.ib.client
        ib.RaiseRequestErrors = True
        ib.TimezoneTWS = "America/New_York"
        ib.errorEvent -= ib._onError  # noqa: SLF001 - it starts a subscription nobody reads
        client.MaxRequests = 0
        library = client.decoder.interpret
        client.decoder.interpret = lambda fields: self._interpret(fields, library)
        client.conn.hasData.error_event += self._handler_failed
        ib.updateEvent += self._packet
        ib.updateEvent.error_event += self._handler_failed
        client.conn.disconnected += self._socket_closed
        client.conn.disconnected.error_event += self._handler_failed

    async def open(self) -> None:
        """Connect and shake hands.

        Raises:
            BrokerUnreachable: nobody listens, nobody answers in time, or the client id is taken.
        """
        connection, client = self.connection, self.ib.client
        self.ib.wrapper.clientId = connection.client_id
        task = asyncio.ensure_future(
            client.connectAsync(connection.host, connection.port, connection.client_id, None)
        )
        try:
            await self.life.within(task, connection.connect_timeout_s)
        except TimeoutError:
            seconds = f"{connection.connect_timeout_s:g} s"
            raise BrokerUnreachable(
                f"{connection.peer} does not answer within {seconds}", hint=_ACCEPT
            ) from None
        except ConnectionRefusedError:
            raise BrokerUnreachable(f"nobody listens at {connection.peer}", hint=_PORTS) from None
        except OSError as error:
            words = safe(error.strerror or error)
            raise BrokerUnreachable(f"{connection.peer}: {words}", hint=_PORTS) from None
        except BrokerUnreachable:
            raise self._why_not() from None
        finally:
            if not task.done() or task.cancelled() or task.exception() is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await self.close("not connected")
        self.next_number = int(client.getReqId())
        if connection.client_id == 0:
            client.reqAutoOpenOrders(bAutoBind=True)

    def _why_not(self) -> BrokerUnreachable:
        connection = self.connection
        if self._refusal == Meaning.CLIENT_ID_TAKEN:
            return BrokerUnreachable(
                f"client id {connection.client_id} is in use at {connection.peer}",
                hint="Close the program that uses it, or give `client_id` in the profile another "
                "number; every program needs its own.",
            )
        return BrokerUnreachable(
            f"{connection.peer} closed the connection during the handshake", hint=_ACCEPT
        )

    @property
    def accounts(self) -> tuple[str, ...]:
        """Account ids as the broker names them."""
        return tuple(self.ib.client.getAccounts())

    @property
    def server_version(self) -> int:
        """The protocol version agreed on."""
        return int(self.ib.client.serverVersion())

    # --- orders

    def place(self, contract: Any, order: Any) -> int:  # noqa: ANN401 - the library's own
        """Send an order and return its number.

        Raises:
            BrokerUnreachable: there is no link, or the bytes did not leave.
        """
        self.life.check()
        wire = self.ib.client.conn
        sent = wire.numMsgSent
        try:
            trade = self.ib.placeOrder(contract, order)
        except ConnectionError:
            raise BrokerUnreachable("the link went down while an order was sent") from None
        if wire.numMsgSent != sent + 1:
            raise BrokerUnreachable("the order did not leave")
        return int(trade.order.orderId)

    def withdraw(self, order_id: int) -> None:
        """Ask to cancel an order.

        Raises:
            BrokerUnreachable: there is no link.
        """
        self.life.check()
        try:
            # Not the library's own cancel: it calls an inactive order cancelled without asking.
            self.ib.client.cancelOrder(order_id, "")
        except ConnectionError:
            raise BrokerUnreachable("the link went down") from None

    # --- listening

    def _interpret(self, fields: list[str], library: Callable[[list[str]], None]) -> None:
        """See a message before the library does."""
        self.last_message_at = self.clock.now()
        if not self.life.alive:
            return
        number = whole(fields[0]) if fields else None
        if number is None:
            self.unreadable += 1
            return
        if number == ERROR:
            self._error(fields)
        if not self.on_frame(number, fields):
            library(fields)

    def _error(self, fields: list[str]) -> None:
        row = error_row(fields)
        if row is None:
            self.unreadable += 1
            return
        if meaning(row.code) is Meaning.CLIENT_ID_TAKEN and not self.ib.client.isReady():
            self._refusal = Meaning.CLIENT_ID_TAKEN
            self.life.end(row.text)
            return
        self.on_error(row)

    def _packet(self) -> None:
        if self.life.alive:
            self.on_packet()

    def _handler_failed(self, _event: object, error: BaseException) -> None:
        self.life.on_defect(error)

    def _socket_closed(self, words: str) -> None:
        reason = "TWS closed the connection"
        self.lose(f"{reason}: {safe(words)}" if words else reason)

    # --- the end

    def lose(self, reason: str) -> None:
        """The session is over although nobody here wanted that."""
        if not self.life.alive:
            return
        self.life.end(reason)
        self.pacer.close()
        self.ib.client.disconnect()
        self.on_lost(reason)

    async def close(self, reason: str) -> None:
        """Close the connection and wait until nothing of it is left; safe to call twice."""
        self.life.end(reason)
        self.pacer.close()
        await self.life.rest()
        client = self.ib.client
        transport = client.conn.transport
        client.disconnect()
        for _ in range(3):
            await asyncio.sleep(0)
        if client.conn.transport is not None and transport is not None:
            await self._force(transport)

    async def _force(self, transport: asyncio.Transport) -> None:
        """Give bytes under way a moment, then cut the connection."""
        step = _CLOSING_S / 10
        for _ in range(10):
            await self.clock.sleep(step)
            if self.ib.client.conn.transport is None:
                return
        transport.abort()
        await asyncio.sleep(0)
