"""The simulated MT5 broker as a port, without a socket between.

The engine must not be able to tell it from a terminal behind the bridge: what the terminal says is
read by the same translation, a request is the same dictionary, an answer that is lost is `Silent`,
and an error of the link ends the session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from hedgetui.adapters.mt5 import requests, translate
from hedgetui.adapters.mt5.fields import Unreadable
from hedgetui.adapters.mt5.server_time import ServerTime, new_york_plus_seven
from hedgetui.adapters.mt5.verdicts import INVALID_PARAMS, objection
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.records import (
    Account,
    Answered,
    CommittedRequest,
    Deal,
    Incomplete,
    Look,
    MarginCheck,
    NotSent,
    PositionId,
    Reply,
    Request,
    Silent,
    SymbolSpec,
    Tick,
    TradeAction,
)
from hedgetui.domain.orders import Side
from hedgetui.domain.units import SECONDS_PER_DAY, Seconds, Timestamp
from hedgetui.mt5bridge.wire import Outcome, Value
from hedgetui.ports.clock import Clock
from hedgetui.ports.mt5 import Mt5Health, Mt5Session
from hedgetui.simulation.mt5.terminal import Terminal, TerminalBroken
from hedgetui.simulation.mt5.terminal_link import BUILD
from hedgetui.simulation.mt5.venue import Venue

ONE_WAY_S: Final = 0.015
_HANDSHAKE_S: Final = 0.1
_INVALID_FILL: Final = 10030


class SimulatedMt5:
    """An `Mt5Port` on a `Venue`."""

    def __init__(self, venue: Venue, clock: Clock) -> None:
        """Ask `venue` by `clock`."""
        self._venue = venue
        self._clock = clock
        self._terminal = Terminal(venue, clock.now)
        self._times = ServerTime()
        self._account: Account | None = None
        """The account of the session; None without one."""
        self._specs: dict[str, SymbolSpec] = {}
        self._fillings: dict[str, int] = {}
        self._connected_at: Timestamp | None = None
        self._latency: Seconds | None = None
        self._read_at = Timestamp(0.0)
        """When the newest question reached the terminal."""
        self._reconnects = 0

    async def connect(self) -> Mt5Session:
        """Open the session.

        Raises:
            BrokerUnreachable: the terminal is not there, or refuses the login.
        """
        await self.disconnect()
        await self._clock.sleep(_HANDSHAKE_S)
        now = self._clock.now()
        opened = self._asked("initialize")
        self._refuse(opened)
        fault = self._venue.control.clock_offset_s
        known = Seconds(new_york_plus_seven(now) + fault) if fault else None
        self._times = ServerTime(known)
        account, terminal = self._asked("account_info"), self._asked("terminal_info")
        self._refuse(account, terminal)
        try:
            self._account = translate.account(account.value)
            session = Mt5Session(
                self._account, translate.terminal(terminal.value), self._times.offset(now)
            )
        except Unreadable as error:
            raise BrokerUnreachable(f"the simulated terminal: {error}") from error
        self._reconnects += self._connected_at is not None
        self._connected_at = now
        self._specs.clear()
        return session

    async def disconnect(self) -> None:
        """Close the session; safe to call twice."""
        self._account = None
        self._terminal.shutdown()

    async def look(self) -> Look | Incomplete:
        """Read account, terminal, positions and orders in one piece."""
        names = ("account_info", "terminal_info", "positions_get", "orders_get")
        parts = await self._questions(*((name, (), {}) for name in names))
        if isinstance(parts, Incomplete):
            return parts
        account, terminal, positions, orders = parts
        now = self._read_at
        try:
            self._account = translate.account(account)
            return Look(
                now,
                self._account,
                translate.terminal(terminal),
                translate.positions(positions, self._times, now),
                translate.orders(orders),
            )
        except Unreadable as error:
            return Incomplete(str(error))

    async def symbol(self, name: str) -> SymbolSpec | Incomplete:
        """Read how a symbol trades."""
        parts = await self._questions(
            ("symbol_select", (name, True), {}), ("symbol_info", (name,), {})
        )
        if isinstance(parts, Incomplete):
            return parts
        try:
            spec = translate.symbol(parts[1])
        except Unreadable as error:
            return Incomplete(str(error))
        self._specs[name] = spec
        return spec

    async def ticks(self, names: Sequence[str]) -> Mapping[str, Tick] | Incomplete:
        """Read the newest prices; symbols without one are absent."""
        await self._travel()
        now = self._clock.now()
        found: dict[str, Tick] = {}
        for name in names:
            outcome = self._asked("symbol_info_tick", name)
            self._refuse(outcome)
            if outcome.failed:
                continue
            try:
                tick = translate.tick(name, outcome.value, self._times, now)
            except Unreadable as error:
                return Incomplete(str(error))
            if tick is not None:
                found[name] = tick
        await self._return(now)
        return found

    async def bars(self, name: str, timeframe: Timeframe, count: int) -> Bars | Incomplete:
        """Read the newest `count` bars, the unfinished one included."""
        spec = self._specs.get(name) or await self.symbol(name)
        if isinstance(spec, Incomplete):
            return spec
        parts = await self._questions(("copy_rates_from_pos", (name, int(timeframe), 0, count), {}))
        if isinstance(parts, Incomplete):
            return parts
        try:
            now = self._clock.now()
            return translate.bars(parts[0], spec.point, timeframe, self._times, now)
        except Unreadable as error:
            return Incomplete(str(error))

    async def deals_of(self, position: PositionId) -> tuple[Deal, ...] | Incomplete:
        """Read every deal of a position, oldest first."""
        return await self._deals((), {"position": int(position)})

    async def deals_since(self, since: Timestamp) -> tuple[Deal, ...] | Incomplete:
        """Read the account's deals from `since` on, oldest first."""
        now = self._clock.now()
        begin = self._times.to_server(since, now)
        end = self._times.to_server(now + SECONDS_PER_DAY, now)
        found = await self._deals((begin, end), {})
        if isinstance(found, Incomplete):
            return found
        return tuple(deal for deal in found if deal.at >= since)

    async def check(self, request: Request) -> MarginCheck | Incomplete:
        """Ask what a request would do to the margin; nothing is sent."""
        document = await self._document(request)
        if isinstance(document, Incomplete):
            return document
        parts = await self._questions(("order_check", (document,), {}))
        if isinstance(parts, Incomplete):
            return parts
        try:
            return translate.margin_check(parts[0])
        except Unreadable as error:
            return Incomplete(str(error))

    async def send(self, request: CommittedRequest) -> Reply:
        """Send one request; whatever breaks on the way is `Silent`."""
        asked = request.request
        if self._account is None:
            return NotSent("not connected to the simulated terminal")
        try:
            held = await self._held(asked, self._account)
            if isinstance(held, Incomplete):
                return NotSent(held.why)
            requests.refuse_unsafe(asked, self._account, held)
            document = await self._document(asked)
        except requests.BadRequest as error:
            return NotSent(str(error))
        except BrokerUnreachable as error:
            return NotSent(error.message)
        if isinstance(document, Incomplete):
            return NotSent(document.why)
        reply = await self._sent(document)
        refused = isinstance(reply, Answered) and reply.retcode == _INVALID_FILL
        if not refused or asked.action is not TradeAction.DEAL:
            return reply
        other = requests.next_filling(cast("int", document["type_filling"]))
        self._fillings[asked.symbol] = other
        return await self._sent(document | {"type_filling": other})

    def health(self) -> Mt5Health:
        """Return what is known about the link now."""
        return Mt5Health(
            backend="simulator",
            version=f"build {BUILD}",
            connected_at=self._connected_at,
            latency=self._latency,
            reconnects=self._reconnects,
            server_offset=self._times.offset(self._clock.now()),
        )

    async def _sent(self, document: dict[str, object]) -> Reply:
        began = self._clock.now()
        await self._clock.sleep(ONE_WAY_S)
        try:
            outcome = self._asked("order_send", document)
        except TerminalBroken as error:
            await self.disconnect()
            return Silent(str(error))
        broken = objection((outcome,))
        await self._return(began)
        if broken is not None:
            await self.disconnect()
            return Silent(broken.message)
        if outcome.failed:
            bad = outcome.code == INVALID_PARAMS
            return NotSent(outcome.why) if bad else Silent(outcome.why)
        try:
            return translate.answered(outcome.value)
        except Unreadable as error:
            return Silent(str(error))

    async def _held(self, request: Request, account: Account) -> Side | Incomplete | None:
        """Return on which side the symbol is held, where the request must add to that."""
        if not requests.must_add(request, account):
            return None
        parts = await self._questions(("positions_get", (), {}))
        if isinstance(parts, Incomplete):
            return parts
        try:
            return translate.held_side(parts[0], request.symbol)
        except Unreadable as error:
            return Incomplete(str(error))

    async def _document(self, request: Request) -> dict[str, object] | Incomplete:
        """Return a request as the terminal takes it."""
        if request.action is not TradeAction.DEAL:
            return requests.document(request, price=0.0, filling=0)
        spec = self._specs.get(request.symbol) or await self.symbol(request.symbol)
        if isinstance(spec, Incomplete):
            return spec
        price = request.price
        if price is None:
            ticks = await self.ticks((request.symbol,))
            if isinstance(ticks, Incomplete) or request.symbol not in ticks or request.side is None:
                return Incomplete(f"no price of {request.symbol}")
            tick = ticks[request.symbol]
            quoted = tick.ask if request.side.sign > 0 else tick.bid
        else:
            quoted = float(price)
        filling = self._fillings.get(request.symbol, requests.filling_of(spec))
        return requests.document(request, price=quoted, filling=filling)

    async def _deals(
        self, args: tuple[object, ...], keywords: dict[str, object]
    ) -> tuple[Deal, ...] | Incomplete:
        parts = await self._questions(("history_deals_get", args, keywords))
        if isinstance(parts, Incomplete):
            return parts
        try:
            return translate.deals(parts[0], self._times, self._clock.now())
        except Unreadable as error:
            return Incomplete(str(error))

    async def _questions(
        self, *calls: tuple[str, tuple[object, ...], dict[str, object]]
    ) -> tuple[Value, ...] | Incomplete:
        """Ask several things at one moment; one failure makes the whole incomplete.

        Raises:
            BrokerUnreachable: there is no session, or it ends with this question.
        """
        await self._travel()
        began = self._read_at = self._clock.now()
        outcomes = [self._asked(name, *args, **keywords) for name, args, keywords in calls]
        await self._return(began)
        self._refuse(*outcomes)
        for (name, _, _), outcome in zip(calls, outcomes, strict=True):
            if outcome.failed:
                return Incomplete(f"{name}: {outcome.why}")
        return tuple(outcome.value for outcome in outcomes)

    def _asked(self, name: str, *args: object, **keywords: object) -> Outcome:
        """Call one of the terminal's functions now, and read its error in the same breath."""
        result = getattr(self._terminal, name)(*args, **keywords)
        if result is None or result is False:
            code, words = self._terminal.last_error()
            return Outcome(result, code, words)
        return Outcome(_plain(result))

    def _refuse(self, *outcomes: Outcome) -> None:
        """End the session where an answer says that the link is gone.

        Raises:
            BrokerUnreachable: one does.
        """
        broken = objection(outcomes)
        if broken is not None:
            self._account = None
            self._terminal.shutdown()
            raise broken

    async def _travel(self) -> None:
        if self._account is None:
            raise BrokerUnreachable("not connected to the simulated terminal")
        await self._clock.sleep(ONE_WAY_S)

    async def _return(self, began: Timestamp) -> None:
        await self._clock.sleep(ONE_WAY_S)
        self._latency = Seconds(round(self._clock.now() - began + ONE_WAY_S, 6))


def _plain(value: Any) -> Value:  # noqa: ANN401 - the vendor's types
    """Return a result as it would come out of the bridge."""
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    plain: Value = value
    return plain
