"""Whether the hedge venue trades: the hours in the future's contract details, and its halts."""

from __future__ import annotations

import asyncio

from hedgetui.adapters.ibkr.hours import Phase
from hedgetui.adapters.ibkr.listings import Listings
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.instruments import Instrument
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp
from hedgetui.ports.broker import MessageSink, VenueReport

HEDGE_SYMBOL = "MES"
_ROLL_S = 8 * SECONDS_PER_DAY
_UNKNOWN = "trading hours unknown"
_AGAIN_S = 60.0
_MARGIN_S = 0.01
_HALTS = {1: "trading halt", 2: "volatility halt"}


class Venue:
    """The hedge venue of one session."""

    def __init__(self, session: Session, listings: Listings, sink: MessageSink) -> None:
        """Report to `sink`."""
        self._session = session
        self._listings = listings
        self._sink = sink
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
        months = await self._listings.months(HEDGE_SYMBOL)
        now = self._session.clock.now()
        living = [one for one in months if one.expires_at - now > _ROLL_S] or list(months)
        self.month = living[0] if living else self.month
        self.report()
        return self.month

    def halted(self, value: int) -> None:
        """The hedge month's halt flag: 0 trading, 1 halted, 2 halted for volatility."""
        if value != self._halted:
            self._halted = value
            self.report()

    def report(self) -> None:
        """Tell what the venue does now, if that is new, and come back when it may change."""
        now = self._session.clock.now()
        phase = self._phase(now)
        told = VenueReport(HEDGE_SYMBOL, phase.open, phase.reason, phase.until)
        if phase.open and self._halted:
            reason = _HALTS.get(self._halted, _HALTS[1])
            told = VenueReport(HEDGE_SYMBOL, open=False, reason=reason, until=phase.until)
        if told != self._told:
            self._told = told
            self._sink(told)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._session.life.call_later(phase.until - now + _MARGIN_S, self._boundary)

    def _phase(self, now: Timestamp) -> Phase:
        listing = None if self.month is None else self._listings.book.get(self.month.key)
        if listing is None or listing.trading is None:
            return Phase(open=False, reason=_UNKNOWN, until=Timestamp(now + _AGAIN_S))
        return listing.trading.at(now)

    def _boundary(self) -> None:
        self._timer = None
        self.report()
        self._session.life.spawn(self._learn_again(), "trading hours")

    async def _learn_again(self) -> None:
        await self.learn()
