"""Market-data requests that are open: which number is whose, and what each has learnt.

A request is made afresh each time: prices of an earlier one never mix with those of a new one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hedgetui.adapters.ibkr import ticks
from hedgetui.adapters.ibkr.codes import Meaning, meaning
from hedgetui.adapters.ibkr.lines import Lines, Use
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.parse import ErrorRow
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp


@dataclass(eq=False, slots=True)
class Subscription:
    """One open request for market data."""

    request: int
    key: str
    contract: Any
    use: Use
    generic: str
    asked_at: Timestamp
    fold: ticks.Fold = field(default_factory=ticks.Fold)
    refused: ErrorRow | None = None
    """The code that ended it, if one did."""

    def fresh(self, since: Timestamp) -> bool:
        """Whether a tick came at or after a moment."""
        return self.fold.at is not None and self.fold.at >= since


class Subscriptions:
    """The open requests of one session."""

    def __init__(self, session: Session, lines: Lines) -> None:
        """Take lines from `lines`."""
        self._session = session
        self._open: dict[int, Subscription] = {}
        self._ticked: dict[int, Subscription] = {}
        self.lines = lines
        self.delayed_wanted = False
        self.on_tick: Callable[[Subscription], None] = lambda _: None
        """Called once a packet for each request that got ticks."""
        self.on_refused: Callable[[Subscription, ErrorRow], None] = lambda _one, _row: None
        self.reference: Callable[[str], float | None] = lambda _: None
        """What a doubtful future is compared with while it has no price of its own, by its key."""

    def of(self, *uses: Use) -> tuple[Subscription, ...]:
        """Return the open requests of some uses."""
        return tuple(one for one in self._open.values() if one.use in uses)

    async def open(
        self,
        key: str,
        contract: Any,  # noqa: ANN401 - the library's contract has no type
        use: Use,
        *,
        generic: str = "",
        doubted: bool = False,
    ) -> Subscription:
        """Ask for market data of a contract.

        Raises:
            BrokerUnreachable: there is no link.
        """
        if use is not Use.SCAN:
            await self._make_room()
        await self._session.pacer.turn(Lane.SCAN if use is Use.SCAN else Lane.DATA)
        self._session.life.check()
        client = self._session.ib.client
        try:
            request = int(client.getReqId())
            client.reqMktData(
                request, contract, generic, snapshot=False, regulatorySnapshot=False,
                mktDataOptions=[],
            )  # fmt: skip
        except ConnectionError:
            raise BrokerUnreachable("the link went down") from None
        one = Subscription(request, key, contract, use, generic, self._session.clock.now())
        if doubted:
            one.fold.collars = {}
        self._open[request] = one
        self.lines.take(request, use)
        return one

    async def _make_room(self) -> None:
        """Give up a scan's line when no other is left."""
        scans = self.of(Use.SCAN)
        if self.lines.used >= self.lines.budget and scans:
            given = scans[-1]
            given.refused = ErrorRow(given.request, 101, safe("given up for a hedge"))
            self.on_refused(given, given.refused)
            await self.close(given)

    async def close(self, one: Subscription) -> None:
        """Give a request back; one that ended is none.

        Raises:
            BrokerUnreachable: there is no link.
        """
        if self._forget(one):
            await self._session.pacer.turn(Lane.SCAN if one.use is Use.SCAN else Lane.DATA)
            self._session.life.check()
            try:
                self._session.ib.client.cancelMktData(one.request)
            except ConnectionError:
                raise BrokerUnreachable("the link went down") from None

    def _forget(self, one: Subscription) -> bool:
        self._ticked.pop(one.request, None)
        self.lines.drop(one.request)
        return self._open.pop(one.request, None) is not None

    def frame(self, number: int, fields: list[str]) -> bool:
        """Take a market data message; True keeps it from the library."""
        tick = ticks.read(number, fields)
        if tick is None:
            return False
        one = self._open.get(tick.request)
        if one is not None:
            doubted = one.fold.collars is not None
            reference = self.reference(one.key) if doubted else None
            one.fold.take(tick, self._session.clock.now(), reference)
            self._ticked[tick.request] = one
        return True

    def packet(self) -> None:
        """Tell of every request that got ticks in the packet that ended."""
        ticked, self._ticked = self._ticked, {}
        for one in ticked.values():
            self.on_tick(one)

    def error(self, row: ErrorRow) -> bool:
        """Take a code; True when it was about one of the requests."""
        one = self._open.get(row.about)
        if one is None:
            return False
        what = meaning(row.code)
        if what is Meaning.DELAYED:
            return True
        if what is Meaning.LINES_FULL:
            self.lines.refused(one.request)
        one.refused = row
        self._forget(one)
        if what not in {Meaning.NO_CONTRACT, Meaning.LINES_FULL}:
            # Not every code ends a request at the broker; a line must not be held by nobody.
            self._session.pacer.order()
            self._session.ib.client.cancelMktData(one.request)
        self.on_refused(one, row)
        return True

    def allow_delayed(self) -> None:
        """Ask for delayed data where there are no live ones; they are for looking, not trading."""
        if not self.delayed_wanted:
            self.delayed_wanted = True
            self._session.ib.client.reqMarketDataType(3)
