"""MT5 as the engine's port: every question one round trip, every answer read before it is believed.

The terminal's `None` becomes `Incomplete` with its own words, its `()` an empty answer. Whatever
cannot be read is no answer either. An account that changes under the session ends it, because its
empty list of positions would look like a close.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from hedgetui.adapters.mt5 import translate
from hedgetui.adapters.mt5.admission import refuse_account
from hedgetui.adapters.mt5.connection import Mt5Connection
from hedgetui.adapters.mt5.fields import Unreadable
from hedgetui.adapters.mt5.sending import Sender
from hedgetui.adapters.mt5.server_time import ServerTime
from hedgetui.adapters.mt5.verdicts import TerminalRefused
from hedgetui.adapters.mt5.worker import Worker
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.errors import BrokerUnreachable, ConfigError
from hedgetui.domain.mt5.records import (
    CommittedRequest,
    Deal,
    Incomplete,
    Look,
    MarginCheck,
    NotSent,
    Position,
    PositionId,
    Reply,
    Request,
    SymbolSpec,
    Tick,
)
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp
from hedgetui.mt5bridge.calls import MAX_CALLS, Call, symbol
from hedgetui.mt5bridge.errors import CallRefused, LinkDown
from hedgetui.mt5bridge.wire import Outcome
from hedgetui.ports.clock import Clock
from hedgetui.ports.mt5 import Mt5Health, Mt5Session

_T = TypeVar("_T")

_CLOCK_LOOKS = 3
"""Looks at the server's clock before the rule is taken for it."""
_CLOCK_SYMBOLS = 8
_HISTORY_SLACK_S = 3600.0
_UNCONFIRMED = "no fresh tick has told the server's time yet: what is assumed may be wrong"


class Mt5Broker:
    """One terminal, see `Mt5Port`."""

    def __init__(self, connection: Mt5Connection, clock: Clock) -> None:
        """Prepare to reach the terminal that `connection` describes."""
        self._connection = connection
        self._clock = clock
        self._worker = Worker(connection, clock)
        self._times = ServerTime(connection.known_offset)
        self._session: Mt5Session | None = None
        self._sender: Sender | None = None
        self._connected_at: Timestamp | None = None
        self._sessions = 0
        self._selected: set[str] = set()
        self._version = ""

    async def connect(self) -> Mt5Session:
        """Open the link, find the terminal, and look whose money it holds.

        Raises:
            TerminalRefused: a person has to change something first (code `mt5_refused`).
            BrokerUnreachable: nobody is there now.
        """
        await self.disconnect()
        try:
            await self._worker.open()
            session = await self._greet()
        except ConfigError as error:
            await self._worker.close()
            raise TerminalRefused(error.message, hint=error.hint) from None
        except BaseException:
            await self._worker.close()
            raise
        self._session = session
        self._sender = Sender(self._worker, self._connection, session.account)
        self._connected_at = self._clock.now()
        self._sessions += 1
        return session

    async def disconnect(self) -> None:
        """Close the session; safe to call twice."""
        self._session = self._sender = self._connected_at = None
        self._selected.clear()
        await self._worker.close()

    async def _greet(self) -> Mt5Session:
        limit = self._connection.timeouts.initialize_s
        patience = {"timeout": max(1, round(1000 * min(60.0, 0.9 * limit)))}
        (started,) = await self._worker.ask(Call("initialize", keywords=patience), limit_s=limit)
        if started.failed:
            raise BrokerUnreachable(
                f"the terminal does not start: {started.why}", hint="Start it by hand and log in."
            )
        version, *parts = await self._worker.ask(
            Call("version"), Call("terminal_info"), Call("account_info"), Call("positions_get")
        )
        if type(version.value) is tuple:
            self._version = ".".join(str(part) for part in version.value[:2])
        missing = next((part for part in parts if part.failed), None)
        if missing is not None:
            raise BrokerUnreachable(f"the terminal is not ready: {missing.why}")
        try:
            terminal = translate.terminal(parts[0].value)
            account = translate.account(parts[1].value)
            held = [one.symbol for one in self._positions(parts[2])]
        except Unreadable as error:
            raise BrokerUnreachable(f"the terminal says what cannot be read: {error}") from None
        refuse_account(account, self._connection)
        await self._read_clock([*held, *self._connection.symbols])
        return Mt5Session(account, terminal, self._times.offset(self._clock.now()))

    async def _read_clock(self, names: Sequence[str]) -> None:
        """Find the server's time in ticks; without fresh ones keep what is assumed."""
        self._times = ServerTime(self._times.told or self._connection.known_offset)
        asked = [name for name in dict.fromkeys(names) if not symbol(name)][:_CLOCK_SYMBOLS]
        for look in range(_CLOCK_LOOKS if asked else 0):
            if look:
                await self._clock.sleep(self._connection.timeouts.sync_s)
            outcomes = await self._worker.ask(*(Call("symbol_info_tick", (one,)) for one in asked))
            if not self._observe(dict(zip(asked, outcomes, strict=True))) or self._times.confirmed:
                return

    def _observe(self, outcomes: Mapping[str, Outcome]) -> bool:
        """Show the clock every tick that can be read; return whether there was one."""
        seen: dict[str, float] = {}
        for name, outcome in outcomes.items():
            try:
                if not outcome.failed:
                    seen[name] = translate.tick_time(outcome.value)
            except Unreadable:
                continue
        self._times.observe(seen, self._clock.now())
        return bool(seen)

    async def look(self) -> Look | Incomplete:
        """Read account, terminal, positions and orders in one round trip.

        Raises:
            BrokerUnreachable: the link is gone, or another account is logged in.
        """
        session, asked = self._standing(), self._clock.now()
        before, terminal, positions, orders, after = outcomes = await self._worker.ask(
            Call("account_info"),
            Call("terminal_info"),
            Call("positions_get"),
            Call("orders_get"),
            Call("account_info"),
        )
        if missing := _missing(outcomes):
            return missing
        try:
            accounts = translate.account(before.value), translate.account(after.value)
            seen = Look(
                asked,
                accounts[1],
                translate.terminal(terminal.value),
                self._positions(positions),
                translate.orders(orders.value),
            )
        except Unreadable as error:
            return Incomplete(str(error))
        if {one.login for one in accounts} != {session.account.login}:
            await self._worker.drop()
            raise BrokerUnreachable("another account has been logged in to in the terminal")
        return seen

    async def symbol(self, name: str) -> SymbolSpec | Incomplete:
        """Read how a symbol trades, and select it.

        Raises:
            BrokerUnreachable: the link is gone.
        """
        outcomes = await self._try(
            Call("symbol_select", (name, True)), Call("symbol_info", (name,))
        )
        if isinstance(outcomes, Incomplete):
            return outcomes
        self._note_selected(name, outcomes[0])
        spec = _read(outcomes[1:], lambda value: translate.symbol(value[0].value))
        if isinstance(spec, SymbolSpec) and spec.name != name:
            return Incomplete(f"asked for {name}, was told of {spec.name}")
        return spec

    async def ticks(self, names: Sequence[str]) -> Mapping[str, Tick] | Incomplete:
        """Read the newest prices in one round trip; symbols without one are absent.

        Raises:
            BrokerUnreachable: the link is gone.
        """
        found: dict[str, Tick] = {}
        askable = [name for name in dict.fromkeys(names) if not symbol(name)]
        most = MAX_CALLS // 2
        for start in range(0, len(askable), most):
            part = await self._ticks_of(askable[start : start + most])
            if isinstance(part, Incomplete):
                return part
            found |= part
        return found

    async def _ticks_of(self, names: Sequence[str]) -> dict[str, Tick] | Incomplete:
        fresh = [name for name in names if name not in self._selected]
        outcomes = await self._try(
            *(Call("symbol_select", (name, True)) for name in fresh),
            *(Call("symbol_info_tick", (name,)) for name in names),
        )
        if isinstance(outcomes, Incomplete):
            return outcomes
        for name, outcome in zip(fresh, outcomes, strict=False):
            self._note_selected(name, outcome)
        told = dict(zip(names, outcomes[len(fresh) :], strict=True))
        self._observe(told)
        now, found = self._clock.now(), dict[str, Tick]()
        try:
            for name, outcome in told.items():
                tick = None
                if not outcome.failed:
                    tick = translate.tick(name, outcome.value, self._times, now)
                if tick is not None:
                    found[name] = tick
        except Unreadable as error:
            return Incomplete(f"tick of {name}: {error}")
        return found

    async def bars(self, name: str, timeframe: Timeframe, count: int) -> Bars | Incomplete:
        """Read the newest `count` bars, the unfinished one included, oldest first.

        Raises:
            BrokerUnreachable: the link is gone.
        """
        now = self._clock.now()
        outcomes = await self._try(
            Call("symbol_select", (name, True)),
            Call("symbol_info", (name,)),
            Call("copy_rates_from_pos", (name, int(timeframe), 0, count)),
        )
        if isinstance(outcomes, Incomplete):
            return outcomes
        self._note_selected(name, outcomes[0])
        found = _read(
            outcomes[1:],
            lambda parts: translate.bars(
                parts[1].value, translate.symbol(parts[0].value).point, timeframe, self._times, now
            ),
        )
        if isinstance(found, Bars) and not len(found):
            return Incomplete(f"{name}: the terminal has no bars yet")
        return found

    async def deals_of(self, position: PositionId) -> tuple[Deal, ...] | Incomplete:
        """Read every deal of a position, oldest first; the newest may come seconds late.

        Raises:
            BrokerUnreachable: the link is gone.
        """
        found = await self._deals(Call("history_deals_get", keywords={"position": int(position)}))
        if isinstance(found, Incomplete):
            return found
        return tuple(deal for deal in found if deal.position_id == position)

    async def deals_since(self, since: Timestamp) -> tuple[Deal, ...] | Incomplete:
        """Read the account's deals from `since` on, oldest first.

        Raises:
            BrokerUnreachable: the link is gone.
        """
        now = self._clock.now()
        first = self._times.to_server(max(0.0, since - _HISTORY_SLACK_S), now)
        last = self._times.to_server(now + SECONDS_PER_DAY, now)
        found = await self._deals(Call("history_deals_get", (max(0, first), last)))
        if isinstance(found, Incomplete):
            return found
        return tuple(deal for deal in found if deal.at >= since)

    async def _deals(self, call: Call) -> tuple[Deal, ...] | Incomplete:
        now = self._clock.now()
        outcomes = await self._try(call)
        if isinstance(outcomes, Incomplete):
            return outcomes
        return _read(outcomes, lambda parts: translate.deals(parts[0].value, self._times, now))

    async def check(self, request: Request) -> MarginCheck | Incomplete:
        """Ask the server what a request would do to the margin; nothing is sent.

        Raises:
            BrokerUnreachable: the link is gone.
        """
        self._standing()
        if self._sender is None:
            return Incomplete("there is no session with the terminal")
        return await self._sender.check(request)

    async def send(self, request: CommittedRequest) -> Reply:
        """Send one request; what is not known afterwards is `Silent`, never an exception."""
        if self._sender is None:
            return NotSent("there is no session with the terminal")
        return await self._sender.send(request.request)

    def health(self) -> Mt5Health:
        """Return what is known about the link now."""
        up = self._worker.up and self._session is not None
        hints = () if self._times.confirmed or not up else (_UNCONFIRMED,)
        return Mt5Health(
            backend=self._connection.backend.value,
            peer=self._connection.peer,
            version=self._version,
            connected_at=self._connected_at if up else None,
            latency=self._worker.latency if up else None,
            reconnects=max(0, self._sessions - 1),
            server_offset=self._times.offset(self._clock.now()) if up else None,
            queued=self._worker.queued,
            hints=hints,
        )

    def _standing(self) -> Mt5Session:
        if self._session is None or not self._worker.up:
            raise LinkDown("there is no session with the terminal", written=False)
        return self._session

    async def _try(self, *calls: Call) -> tuple[Outcome, ...] | Incomplete:
        """Ask; a call that is not allowed is an answer that cannot be had."""
        self._standing()
        try:
            return await self._worker.ask(*calls)
        except CallRefused as refusal:
            return Incomplete(refusal.message)

    def _positions(self, outcome: Outcome) -> tuple[Position, ...]:
        return translate.positions(outcome.value, self._times, self._clock.now())

    def _note_selected(self, name: str, outcome: Outcome) -> None:
        if not outcome.failed:
            self._selected.add(name)


def _missing(outcomes: Sequence[Outcome]) -> Incomplete | None:
    failed = next((one for one in outcomes if one.failed), None)
    return None if failed is None else Incomplete(failed.why)


def _read(
    outcomes: Sequence[Outcome], reader: Callable[[Sequence[Outcome]], _T]
) -> _T | Incomplete:
    """Return what `reader` makes of answers that are all there."""
    if missing := _missing(outcomes):
        return missing
    try:
        return reader(outcomes)
    except Unreadable as error:
        return Incomplete(str(error))
