"""A server that speaks the TWS protocol and stands on the simulated exchange.

Any client written for the real one can connect, so what a desk does here through its ordinary
client library it does the same way there. The gateway drives the exchange by the clock, as the
built-in broker does, and owns no rule of trade: it translates, keeps the protocol's own rules (ids,
owners, lines, end marks) and breaks what it is told to break. It binds the loopback only.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from hedgetui.domain.errors import BrokerUnreachable, HedgetuiError, StoreError
from hedgetui.domain.events import LinkState
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import BrokerMessage, LinkReport
from hedgetui.ports.clock import Clock
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.tws.account import AccountDesk
from hedgetui.simulation.tws.control import FARMS, GatewayControl, farm_notice
from hedgetui.simulation.tws.desk import OrderDesk
from hedgetui.simulation.tws.feed import MarketFeed
from hedgetui.simulation.tws.fields import BadMessage, Cursor
from hedgetui.simulation.tws.framing import FramingError
from hedgetui.simulation.tws.order_questions import NEXT_ID, OrderQuestions
from hedgetui.simulation.tws.reference import ACCOUNTS, ReferenceDesk
from hedgetui.simulation.tws.registry import OrderRegistry
from hedgetui.simulation.tws.session import ClientSession, Handler
from hedgetui.simulation.tws.site import Site
from hedgetui.simulation.tws.telling import Herald

LOOPBACK = "127.0.0.1"
ACCOUNT = "DU1234567"
MOST_VERSION = 178
MOST_LINES = 100
_START = 71
_ID_IN_USE, _UNKNOWN_MESSAGE = 326, 505
_REQUEST_AT = {
    **dict.fromkeys(("20", "25", "78", "92", "93", "94", "95"), 1),
    **dict.fromkeys(("1", "2", "4", "7", "9", "62", "63", "76", "77"), 2),
}
"""Where in a message the number of its request stands."""
_SHORTEST_WAIT_S = 1e-6
_QUESTIONS = frozenset(map(str, (5, 6, 7, 9, 16, 20, 49, 61, 62, 76, 78, 91, 92, 94, 99)))
"""Messages whose answers take the exchange's latency, as orders do by themselves."""
_ACCOUNT_EVERY_S = 10.0
_CUT_OFF = 2110

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    """A client's message on its way through the exchange's latency."""

    session: ClientSession
    fields: tuple[str, ...]


class TwsGateway:
    """The server, its parts, and the loop that drives the exchange."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        *,
        account: str = ACCOUNT,
        max_version: int = MOST_VERSION,
        max_lines: int = MOST_LINES,
        seed: int = 0,
    ) -> None:
        """Stand on `exchange` and follow `clock`; `seed` decides which messages faults hit."""
        self.exchange = exchange
        self.control = GatewayControl(self)
        self.site = Site(exchange, clock, account, seed, max_lines, self.control)
        self.registry = OrderRegistry(self.site)
        self.account = AccountDesk(self.site)
        self.herald = Herald(self.site, self.registry, self.account)
        self.desk = OrderDesk(self.site, self.registry, self.herald, self.account)
        self.feed = MarketFeed(self.site)
        self._max_version = max_version
        questions = OrderQuestions(self.site, self.registry, self.herald)
        reference = ReferenceDesk(self.site)
        self._handlers: dict[int, Handler] = {_START: self._introduce}
        for part in (self.desk, questions, self.account, self.feed, reference):
            self._handlers |= part.handlers()
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = Timestamp(0.0)
        self._heard: deque[BrokerMessage | _Question] = deque()
        self._asked: list[_Question] = []
        self._asked_at = Timestamp(0.0)
        self._waiting: deque[tuple[ClientSession, bytes | None]] = deque()
        self._tick_at = float("-inf")
        self._account_at = float("-inf")
        self.frozen = False
        self.failure: HedgetuiError | None = None
        """Why the exchange goes on no more: its file cannot be written."""
        self.broken = asyncio.Event()
        """Set when there is a failure."""

    @property
    def clients(self) -> tuple[int, ...]:
        """Ids of the connected clients."""
        return tuple(one.client_id or 0 for one in self.site.clients())

    @property
    def _reachable(self) -> bool:
        return self.site.number is not None and self.failure is None

    async def start(self, port: int = 0) -> int:
        """Listen on the loopback and return the port.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: ClientSession(self._received), LOOPBACK, port
        )
        self.drive()
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Drop every client, stop listening and leave the exchange; safe to call twice."""
        self._disarm()
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            self.drop_all()
            await server.wait_closed()
        if self.site.number is not None:
            number, self.site.number = self.site.number, None
            self.exchange.detach(number)

    def drop_all(self) -> None:
        """Reset every connection."""
        for session in tuple(self.site.sessions):
            session.abort()

    def thaw(self) -> None:
        """Go on after a freeze: everything that was sent meanwhile is processed, in order."""
        self.frozen = False
        self.drive()
        while self._waiting and not self.frozen:
            self._process(*self._waiting.popleft())

    def drive(self) -> None:
        """Bring the exchange to the present, tell what happened, and wake for what is next."""
        self._disarm()
        try:
            self.exchange.advance(self.site.clock.now())
            self._attach()
        except StoreError as error:
            self.failure = error
            self.broken.set()
            self.drop_all()
            return
        self._pass_on()
        market = self.exchange.market
        if market.at != self._tick_at and not self.frozen:
            self._tick_at = market.at
            self.feed.publish()
            if market.at - self._account_at >= _ACCOUNT_EVERY_S and not self.site.cut_off:
                self._account_at = market.at
                self.account.refresh()
                self.account.refresh_profits()
        self._arm()

    # --- the exchange's side

    def _attach(self) -> None:
        """Open the session at the exchange when there is none and it can be had."""
        if self.site.number is not None:
            return
        elapsed = self.exchange.at - self.exchange.market.start
        if self.exchange.faults.outage(elapsed) is None:
            self.site.number = self.exchange.attach(self._heard.append)

    def _pass_on(self) -> None:
        while self._heard and not self.frozen:
            message = self._heard.popleft()
            if isinstance(message, _Question):
                self._handle(message)
            elif isinstance(message, LinkReport):
                if message.state is LinkState.DOWN:
                    self.site.number = None
                    self.desk.link_lost()
                    self.drop_all()
            else:
                self.herald.hear(message)

    def hear(self, message: BrokerMessage) -> None:
        """Take a message as if the exchange had sent it."""
        self._heard.append(message)
        self._pass_on()

    def _arm(self) -> None:
        due = self.exchange.next_event_at()
        if self._timer is not None and self._due <= due:
            return
        self._disarm()
        self._due = due
        wait = max(_SHORTEST_WAIT_S, due - self.site.clock.now())
        self._timer = self.site.clock.call_later(wait, self.drive)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- the clients' side

    def _received(self, session: ClientSession, data: bytes | None) -> None:
        """Take bytes of a client, nothing of a new one, None of one that left."""
        if self.frozen:
            self._waiting.append((session, data))
        else:
            self._process(session, data)

    def _process(self, session: ClientSession, data: bytes | None) -> None:
        if data is None:
            if session in self.site.sessions:
                self.site.sessions.remove(session)
            return
        if session not in self.site.sessions:
            if self._server is None or self.control.refusing or not self._reachable:
                session.abort()
                return
            self.site.sessions.append(session)
        try:
            for fields in session.messages(data):
                self._answer(session, fields)
        except FramingError as error:
            _log.warning("client dropped: %s", safe(error))
            session.abort()

    def _answer(self, session: ClientSession, fields: list[str]) -> None:
        self.drive()
        if self.failure is not None:
            return
        if session.version == 0:
            session.greet(fields, self._max_version, self.exchange.at)
            return
        number = fields[0] if fields else ""
        if session.client_id is None and number != str(_START):
            return
        if not number.isdigit() or int(number) not in self._handlers:
            text = f"Fatal Error: Unknown message id {safe(number, 20)}."
            session.error(-1, _UNKNOWN_MESSAGE, text)
            return
        question = _Question(session, tuple(fields))
        try:
            if number in _QUESTIONS:
                self._ask(question)
            else:
                self._asked = []  # what is asked after an order travels after it
                self._handle(question)
        except BrokerUnreachable as error:
            _log.warning("client dropped: %s", safe(error))
            session.abort()
        self._arm()

    def _ask(self, question: _Question) -> None:
        """Send a question on its way; those of one moment travel and are answered together."""
        if self._asked and self._asked_at == self.exchange.at:
            self._asked.append(question)
            return
        self._asked, self._asked_at = [question], self.exchange.at
        back = partial(self._come_back, self._asked)
        self.exchange.ask(self.site.session_number(), _nothing, back)

    def _come_back(self, questions: list[_Question], _nothing: None) -> None:
        """Take questions back from their way; they are answered in turn with what happened."""
        self._heard += questions

    def _handle(self, question: _Question) -> None:
        session, fields = question.session, question.fields
        try:
            self._handlers[int(fields[0])](session, Cursor(fields, 1))
        except BadMessage as bad:
            session.error(_about(fields), bad.number, bad.message)

    def _introduce(self, session: ClientSession, cursor: Cursor) -> None:
        fields = cursor.fields
        client_id = int(fields[2]) if len(fields) > 2 and fields[2].isdigit() else -1
        if client_id < 0 or session.client_id is not None:
            raise BadMessage("Unable to parse the client id")
        if self.site.client(client_id) is not None:
            session.error(
                -1, _ID_IN_USE, "Unable to connect as the client id is already in use. Retry with "
                "a unique client id.",
            )  # fmt: skip
            session.close()
            return
        session.client_id = client_id
        session.floor = self.registry.next_id
        session.send(ACCOUNTS, 1, self.site.account)
        session.send(NEXT_ID, 1, session.floor)
        for name in FARMS:
            session.error(-1, *farm_notice(name, ok=name not in self.control.silent_farms))
        if self.site.cut_off:
            session.error(
                -1, _CUT_OFF, "Connectivity between Trader Workstation and server is broken. It "
                "will be restored automatically.",
            )  # fmt: skip


def _nothing() -> None:
    """Ask nothing: a question only travels, and is answered by the gateway when it is back."""


def _about(fields: Sequence[str]) -> int:
    """Return the request a message was about, as far as it can be told."""
    place = _REQUEST_AT.get(fields[0], len(fields))
    number = fields[place] if len(fields) > place else ""
    return int(number) if number.isdigit() else -1
