"""TWS's own links: to IB's servers and to the data farms, from what it says about them.

The socket to TWS stays up while TWS itself is cut off. Orders sent then wait inside TWS, so the
link is degraded; when it is back, everything is asked for again and a fresh tick is awaited,
because feeds are known to stay silent after "OK".
"""

from __future__ import annotations

from hedgetui.adapters.ibkr.codes import Meaning, farm_of, meaning, needed
from hedgetui.adapters.ibkr.parse import ErrorRow
from hedgetui.adapters.ibkr.reasons import Reasons
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.venue import Venue
from hedgetui.adapters.ibkr.watchlist import Watchlist
from hedgetui.domain.instruments import Kind
from hedgetui.domain.units import Timestamp

_FRESH_WITHIN_S = 60.0
_SERVERS = "servers"
_KINDS = {
    "usfuture": frozenset({Kind.FUTURE}),
    "usopt": frozenset({Kind.OPTION, Kind.COMBO}),
}
_OTHERS = frozenset({Kind.INDEX, Kind.OPTION})


class Servers:
    """What TWS says about its links."""

    def __init__(
        self, session: Session, watchlist: Watchlist, reasons: Reasons, venue: Venue
    ) -> None:
        """Explain in `reasons`, renew lines of `watchlist`."""
        self._session = session
        self._watchlist = watchlist
        self._reasons = reasons
        self._venue = venue
        self._farms: dict[str, bool] = {}
        self._cuts = 0
        self._awaited: dict[str, Timestamp] = {}
        """Farm that works again to when; a fresh tick is awaited."""

    @property
    def lost(self) -> bool:
        """Whether TWS is cut off from IB's servers."""
        return _SERVERS in self._reasons

    @property
    def farms(self) -> tuple[tuple[str, bool], ...]:
        """(data farm, whether it works), in order of name."""
        return tuple(sorted(self._farms.items()))

    def error(self, row: ErrorRow) -> bool:
        """Take a code; True when it was about TWS's own links."""
        match meaning(row.code):
            case Meaning.SERVERS_LOST:
                self._cuts += 1
                self._reasons.add(_SERVERS, f"TWS has no connection to IB ({row.code})")
            case Meaning.DATA_LOST | Meaning.DATA_KEPT:
                self._session.life.spawn(self._restored(), "renewal")
            case Meaning.PORT_MOVED:
                self._session.lose(f"TWS listens on another port now: {row.text}")
            case Meaning.FARM_BROKEN:
                self._farm(farm_of(row.text), works=False)
            case Meaning.FARM_WORKS:
                self._farm(farm_of(row.text), works=True)
            case _:
                return False
        return True

    async def _restored(self) -> None:
        """IB's servers are back: ask for everything again, and only then say so."""
        cuts = self._cuts
        await self._watchlist.renew()
        if cuts == self._cuts:
            self._reasons.drop(_SERVERS)

    def _farm(self, farm: str, *, works: bool) -> None:
        was = self._farms.get(farm)
        self._farms[farm] = works
        if not needed(farm):
            return
        if not works:
            self._awaited.pop(farm, None)
            self._reasons.add(f"farm {farm}", f"data farm {farm} is broken")
        elif was is False:
            self._awaited[farm] = self._session.clock.now()
            self._reasons.add(f"farm {farm}", f"data farm {farm} is back, no data yet")
            self._session.life.spawn(self._watchlist.renew(*self._kinds(farm)), "renewal")

    async def look(self) -> None:
        """Stop waiting for farms that deliver again, or cannot since nothing trades."""
        now = self._session.clock.now()
        for farm, since in tuple(self._awaited.items()):
            fresh = self._watchlist.fresh(self._kinds(farm), since)
            if fresh or not self._venue.open or now - since > _FRESH_WITHIN_S:
                del self._awaited[farm]
                self._reasons.drop(f"farm {farm}")

    @staticmethod
    def _kinds(farm: str) -> frozenset[Kind]:
        return _KINDS.get(farm.partition(".")[0], _OTHERS)
