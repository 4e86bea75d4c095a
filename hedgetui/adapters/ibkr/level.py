"""The index level: of XSP itself, or of whoever knows it while the index is silent.

An option's model tells the price it was computed with. The future is off by its basis, so it is the
last resort and says so.
"""

from __future__ import annotations

from hedgetui.adapters.ibkr.notes import Notes
from hedgetui.adapters.ibkr.subscriptions import Subscription
from hedgetui.adapters.ibkr.watchlist import INDEX_KEY, Watchlist
from hedgetui.domain.instruments import XSP, Kind, parse_key
from hedgetui.domain.quotes import DataType
from hedgetui.domain.units import IndexPoints, Timestamp
from hedgetui.ports.broker import IndexLevel, MessageSink

_LEVEL_S = 1.0
"""An unchanged level is told again after so long."""
_QUIET_S = 5.0
"""Seconds without the index after which something else stands in."""


class Level:
    """The newest index level of one session."""

    def __init__(self, watchlist: Watchlist, sink: MessageSink, notes: Notes) -> None:
        """Tell levels to `sink`."""
        self._watchlist = watchlist
        self._sink = sink
        self._notes = notes
        self._by_future = False
        """Whether the future is what the newest level was taken from."""
        self.newest: IndexLevel | None = None

    @property
    def points(self) -> IndexPoints | None:
        """The newest level."""
        return None if self.newest is None else self.newest.level

    @property
    def volatility(self) -> float | None:
        """Implied volatility of the index over 30 days, as the broker computes it."""
        index = self._watchlist.line(INDEX_KEY)
        return None if index is None else index.fold.iv30

    def tick(self, line: Subscription) -> None:
        """Take what a line says about the level."""
        fold = line.fold
        if line.key == INDEX_KEY:
            if fold.data_type is DataType.LIVE:
                self._notes.drop("index")
                self._by_future = False
                self._say(fold.last, fold.quoted_at)
            return
        if fold.at is None or not self._silent(fold.at):
            return
        instrument = parse_key(line.key)
        if instrument.symbol == XSP.symbol and fold.model is not None and fold.model.underlying:
            self._notes.hint("index", "the index is silent: its level comes from option models")
            self._by_future = False
            self._say(fold.model.underlying, fold.model_at)
        elif (
            instrument.kind is Kind.FUTURE
            and instrument.index_ratio
            and (self._by_future or self._old(fold.at))
        ):
            self._say_future(line)

    def _say_future(self, line: Subscription) -> None:
        bid, ask = line.fold.sides
        if bid is not None and ask is not None:
            words = "no index data: its level is the future's, off by the basis"
            self._notes.hint("index", words, aloud=True)
            self._by_future = True
            self._say((bid + ask) / 2 * XSP.index_ratio, line.fold.quoted_at)

    def _say(self, price: float | None, at: Timestamp | None) -> None:
        """Tell a level given in points of XSP."""
        if price is None or at is None:
            return
        level, sent = IndexPoints(round(price / XSP.index_ratio, 6)), self.newest
        if sent is not None and at <= sent.at:
            return
        if sent is not None and level == sent.level and at - sent.at < _LEVEL_S:
            return
        self.newest = IndexLevel(level, at)
        self._sink(self.newest)

    def _silent(self, now: Timestamp) -> bool:
        index = self._watchlist.line(INDEX_KEY)
        if index is None:
            return self._watchlist.given_up(INDEX_KEY)
        if index.fold.data_type is not DataType.LIVE:
            return True
        heard = None if index.fold.last is None else index.fold.quoted_at
        return now - (index.asked_at if heard is None else heard) > _QUIET_S

    def _old(self, now: Timestamp) -> bool:
        return self.newest is None or now - self.newest.at > _QUIET_S
