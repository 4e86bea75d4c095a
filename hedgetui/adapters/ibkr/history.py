"""A year of daily implied volatility: of XSP, else of SPX, else the VIX."""

from __future__ import annotations

from dataclasses import replace

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.listings import Listings, NoContract
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.parse import real
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.truth import day_began
from hedgetui.domain.quotes import VolatilityHistory
from hedgetui.domain.units import Timestamp

_SOURCES = (
    ("XSP", "OPTION_IMPLIED_VOLATILITY", 1.0),
    ("SPX", "OPTION_IMPLIED_VOLATILITY", 1.0),
    ("VIX", "TRADES", 0.01),
)
"""(index, what to show, factor to a volatility)."""
_LEAST_DAYS = 20
_HIGHEST = 5.0
_PATIENCE_S = 20.0


class HistoryReader:
    """Reads the history once a broker's day; asking again within seconds is punished there."""

    def __init__(self) -> None:
        self._day: Timestamp | None = None
        self._history: VolatilityHistory | None = None

    async def read(
        self, session: Session, listings: Listings, current: float | None
    ) -> VolatilityHistory | None:
        """Return the history with today's volatility, or None when the broker has none.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        day = day_began(session.clock.now())
        if self._history is None or self._day != day:
            self._history = await _first(session, listings)
            self._day = day
        if self._history is None:
            return None
        return replace(self._history, current=current or self._history.current)


async def _first(session: Session, listings: Listings) -> VolatilityHistory | None:
    for symbol, what, factor in _SOURCES:
        try:
            daily = await _daily(session, listings, symbol, what)
        except (Refused, NoContract, TimeoutError):
            continue
        closes = tuple(close * factor for close in daily if 0 < close * factor < _HIGHEST)
        if len(closes) >= _LEAST_DAYS:
            return VolatilityHistory(closes, closes[-1])
    return None


async def _daily(session: Session, listings: Listings, symbol: str, what: str) -> list[float]:
    details = await listings.details(listings.book.index(symbol), Lane.DATA)
    if not details:
        raise NoContract(f"no index {symbol}")
    contract = details[0].contract
    bars = await session.ask(
        lambda: session.ib.reqHistoricalDataAsync(
            contract, "", "1 Y", "1 day", what, useRTH=True, timeout=0
        ),
        _PATIENCE_S,
        Lane.DATA,
    )
    closes = (real(bar.close) for bar in bars)
    return [close for close in closes if close is not None]
