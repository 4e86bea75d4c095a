"""Whether single names trade: the regular hours of their contracts, and halts.

Orders for them work in regular hours only, so those count and not the longer ones in which their
shares trade as well. A name is reported, under its ticker, from the moment something of it is
watched until the session ends; a halt of the shares or of an option is one of the name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hedgetui.adapters.ibkr.hours import Phase
from hedgetui.adapters.ibkr.listings import Listings, NoContract
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import is_security
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import MessageSink, VenueReport

_UNKNOWN = "trading hours unknown"
_HALTED = "trading halt"
_AGAIN_S = 60.0
_SOON_S = 5.0
_MARGIN_S = 0.01


def name_of(key: str) -> str:
    """Return the ticker of a security's key."""
    return key.split(" ", 1)[0]


class SecurityVenues:
    """The venues of the names that are watched, in one session."""

    def __init__(self, session: Session, listings: Listings, sink: MessageSink) -> None:
        """Report to `sink`."""
        self._session = session
        self._listings = listings
        self._sink = sink
        self._keys: dict[str, str] = {}
        """Name to the contract whose hours count: one that is watched."""
        self._halted: dict[str, dict[str, int]] = {}
        self._told: dict[str, VenueReport] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def watch(self, keys: Iterable[str]) -> None:
        """Report the names of the securities among these instruments from now on."""
        wanted = sorted(filter(is_security, keys))
        for key in wanted:
            name = name_of(key)
            if self._keys.get(name) not in wanted:
                self._keys[name] = key
                self._session.life.spawn(self._learn(name), "trading hours")

    def halted(self, key: str, value: int) -> None:
        """Take the halt flag of a contract: 0 trading, else halted."""
        name = name_of(key)
        flags = self._halted.setdefault(name, {})
        if flags.get(key, 0) != value:
            flags[key] = value
            if name in self._keys:
                self._report(name)

    async def _learn(self, name: str) -> None:
        """Learn the hours of a name, however often that takes; one without a contract has none."""
        while (key := self._keys.get(name)) is not None:
            try:
                await self._listings.one(key)
            except NoContract:
                self._keys.pop(name, None)  # another contract of it may be watched later
            except BrokerUnreachable:
                self._session.life.check()
                self._report(name)
                await self._session.life.pause(_SOON_S)
            else:
                self._report(name)
                return

    def _report(self, name: str) -> None:
        """Tell what a name does now, if that is new, and come back when it may change."""
        now = self._session.clock.now()
        phase = self._phase(name, now)
        told = VenueReport(name, phase.open, phase.reason, phase.until)
        if phase.open and any(self._halted.get(name, {}).values()):
            told = VenueReport(name, open=False, reason=_HALTED, until=phase.until)
        if told != self._told.get(name):
            self._told[name] = told
            self._sink(told)
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        wait = phase.until - now + _MARGIN_S
        self._timers[name] = self._session.life.call_later(wait, lambda: self._boundary(name))

    def _phase(self, name: str, now: Timestamp) -> Phase:
        listing = self._listings.book.get(self._keys[name])
        if listing is None or listing.liquid is None:
            return Phase(open=False, reason=_UNKNOWN, until=Timestamp(now + _AGAIN_S))
        return listing.liquid.at(now)

    def _boundary(self, name: str) -> None:
        self._timers.pop(name, None)
        if name not in self._keys:
            return
        self._report(name)
        self._session.life.spawn(self._learn_again(name), "trading hours")

    async def _learn_again(self, name: str) -> None:
        """Read the hours anew: what the broker said covers some days only."""
        key = self._keys.get(name)
        if key is not None and await self._listings.again(key) and name in self._keys:
            self._report(name)
