"""Small duties by the second: silent lines, farms that came back, orders nobody answers."""

from __future__ import annotations

from hedgetui.adapters.ibkr.notes import Notes
from hedgetui.adapters.ibkr.orders import OrderBook
from hedgetui.adapters.ibkr.reasons import Reasons
from hedgetui.adapters.ibkr.servers import Servers
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.venue import Venue
from hedgetui.adapters.ibkr.watchlist import Watchlist
from hedgetui.domain.units import Timestamp

_EVERY_S = 1.0
_RENEW_S = 60.0
_FUTURE_S = 30.0
"""Seconds without a tick after which the future's line alone is asked for again."""
_UNANSWERED_S = 5.0
_PRECAUTIONS = (
    "TWS did not answer an order: is it asking for a confirmation? API precautions can be switched "
    "off under Global Configuration, API, Precautions"
)


class Chores:
    """What must be looked after while a session stands."""

    def __init__(
        self,
        session: Session,
        watchlist: Watchlist,
        venue: Venue,
        servers: Servers,
        orders: OrderBook,
        *,
        reasons: Reasons,
        notes: Notes,
    ) -> None:
        """Look after the parts of one session."""
        self._session = session
        self._watchlist = watchlist
        self._venue = venue
        self._servers = servers
        self._orders = orders
        self._reasons = reasons
        self._notes = notes
        self._renewed_at = Timestamp(float("-inf"))

    async def run(self) -> None:
        """Look after everything, again and again, until the session ends."""
        life = self._session.life
        while life.alive:
            await life.pause(_EVERY_S)
            life.check()
            await self._watchlist.settle_late()
            await self._wake_lines()
            await self._servers.look()
            since = Timestamp(self._session.clock.now() - _UNANSWERED_S)
            if self._orders.unanswered(since):
                self._notes.hint("precautions", _PRECAUTIONS, aloud=True)

    async def _wake_lines(self) -> None:
        """Say that nothing ticks although it should, and ask for the lines again."""
        now = self._session.clock.now()
        if not self._venue.open or self._servers.lost:
            self._reasons.drop("silent")
            return
        silent = self._watchlist.silent_for(now) > self._session.connection.silence_s
        if silent:
            self._reasons.add("silent", "no market data although the venue trades")
        else:
            self._reasons.drop("silent")
        month = self._venue.month
        line = None if month is None else self._watchlist.line(month.key)
        dead = line is not None and now - (line.fold.at or line.asked_at) > _FUTURE_S
        if (silent or dead) and now - self._renewed_at > _RENEW_S:
            self._renewed_at = now
            await self._watchlist.renew()
