"""Whether the futures trade: the hours in their contract details, and the halts of the hedge's.

The hedge's venue is looked after from the start. Another future's is reported from the moment
somebody watches it or asks for its months, until the session ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hedgetui.adapters.ibkr.hours import Phase
from hedgetui.adapters.ibkr.listings import Listings
from hedgetui.adapters.ibkr.security_venues import SecurityVenues
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.errors import BrokerUnreachable, DataError
from hedgetui.domain.instruments import FUTURES, Instrument, Kind, parse_key
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp
from hedgetui.ports.broker import MessageSink, VenueReport

HEDGE_SYMBOL = "MES"
_ROLL_S = 8 * SECONDS_PER_DAY
_UNKNOWN = "trading hours unknown"
_AGAIN_S = 60.0
_SOON_S = 5.0
_MARGIN_S = 0.01
_HALTS = {1: "trading halt", 2: "volatility halt"}


class Venue:
    """The venue of one future in one session."""

    def __init__(
        self, session: Session, listings: Listings, sink: MessageSink, symbol: str = HEDGE_SYMBOL
    ) -> None:
        """Report to `sink`."""
        self._session = session
        self._listings = listings
        self._sink = sink
        self._symbol = symbol
        self._halted = 0
        self._told: VenueReport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.month: Instrument | None = None
        """The month whose hours and halts count."""

    @property
    def open(self) -> bool:
        """Whether the venue was reported open."""
        return self._told is not None and self._told.open

    async def learn(self) -> Instrument | None:
        """Read the months and their hours, report, and return the month that counts.

        Raises:
            BrokerUnreachable: there is no link, it went down, or no answer came in time.
        """
        self.take(await self._listings.months(self._symbol))
        return self.month

    def take(self, months: Sequence[Instrument]) -> None:
        """The months were read: report by the one that counts."""
        now = self._session.clock.now()
        living = [one for one in months if one.expires_at - now > _ROLL_S] or list(months)
        self.month = living[0] if living else self.month
        self.report()

    def halted(self, value: int) -> None:
        """The hedge month's halt flag: 0 trading, 1 halted, 2 halted for volatility."""
        if value != self._halted:
            self._halted = value
            self.report()

    def report(self) -> None:
        """Tell what the venue does now, if that is new, and come back when it may change."""
        now = self._session.clock.now()
        phase = self._phase(now)
        told = VenueReport(self._symbol, phase.open, phase.reason, phase.until)
        if phase.open and self._halted:
            reason = _HALTS.get(self._halted, _HALTS[1])
            told = VenueReport(self._symbol, open=False, reason=reason, until=phase.until)
        if told != self._told:
            self._told = told
            self._sink(told)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._session.life.call_later(phase.until - now + _MARGIN_S, self._boundary)

    def _phase(self, now: Timestamp) -> Phase:
        listing = None if self.month is None else self._listings.book.get(self.month.key)
        if listing is None or listing.trading is None:
            reason = self._listings.book.objection(self._symbol) or _UNKNOWN
            return Phase(open=False, reason=reason, until=Timestamp(now + _AGAIN_S))
        return listing.trading.at(now)

    def _boundary(self) -> None:
        self._timer = None
        self.report()
        self._session.life.spawn(self._learn_again(), "trading hours")

    async def _learn_again(self) -> None:
        await self.learn()


class Venues:
    """The venues of every future that is watched or was asked for, in one session."""

    def __init__(self, session: Session, listings: Listings, sink: MessageSink) -> None:
        """Report to `sink`."""
        self._session = session
        self._listings = listings
        self._sink = sink
        self.hedge = Venue(session, listings, sink)
        """The one whose halts count."""
        self._others: dict[str, Venue] = {}
        self.securities = SecurityVenues(session, listings, sink)

    async def months(self, symbol: str) -> tuple[Instrument, ...]:
        """Return the listed months of a future, nearest first, and report its venue from now on.

        Raises:
            BrokerUnreachable: there is no link, it went down, or no answer came in time.
        """
        months = await self._listings.months(symbol)
        if symbol in FUTURES and symbol != HEDGE_SYMBOL:
            self._other(symbol).take(months)
        return months

    def watch(self, keys: frozenset[str]) -> None:
        """Report the venues of the futures and securities among these from now on."""
        self.securities.watch(keys)
        for symbol in sorted(set(map(_future_of, keys)) - {"", HEDGE_SYMBOL, *self._others}):
            self._session.life.spawn(self._learn(self._other(symbol)), "trading hours")

    def _other(self, symbol: str) -> Venue:
        if symbol not in self._others:
            self._others[symbol] = Venue(self._session, self._listings, self._sink, symbol)
        return self._others[symbol]

    async def _learn(self, venue: Venue) -> None:
        """Learn the hours of a venue, however often that takes."""
        while True:
            try:
                await venue.learn()
            except BrokerUnreachable:
                self._session.life.check()
                venue.report()
                await self._session.life.pause(_SOON_S)
            else:
                return


def _future_of(key: str) -> str:
    """Return the symbol of a future's key, empty for everything else."""
    try:
        instrument = parse_key(key)
    except DataError:
        return ""
    return instrument.symbol if instrument.kind is Kind.FUTURE else ""
