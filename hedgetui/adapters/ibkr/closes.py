"""Daily closes of single names: asked for one after the other, kept for the broker's day.

The broker punishes haste: sixty questions in ten minutes, and never the same one again within
fifteen seconds. What was read is kept across sessions, so a reading that broke off goes on where it
stopped. The bar of a day that is not over has no close yet and is left out.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import numpy as np

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.levels import Underlyings
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.parse import NEW_YORK, real
from hedgetui.adapters.ibkr.securities import underlying_key
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.truth import day_began
from hedgetui.domain.balance.closes import Closes
from hedgetui.domain.balance.symbols import parse_day
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.units import Timestamp

MOST_QUESTIONS = 50
"""In ten minutes: ten are left for other histories."""
WINDOW_S = 600.0
AGAIN_S = 15.0
"""The same question is not asked again within this time."""
_PATIENCE_S = 20.0
_SILENT = 2
"""Questions in a row without an answer after which the rest is not asked."""
_TRADING_YEAR = 252
_LONGEST_IN_DAYS = 365
_CLOSED = time(16, 15)
"""New York time from which a day's bar is whole, index options' late close included."""


@dataclass(frozen=True, slots=True)
class _Series:
    """What the broker gave for one name."""

    asked_days: int
    closes: Mapping[date, float]


class ClosesReader:
    """Reads closes, whatever session stands."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._day: Timestamp | None = None
        self._known: dict[str, _Series] = {}
        self._asked_at: dict[str, Timestamp] = {}
        self._asked: deque[Timestamp] = deque()
        self._one_at_a_time = asyncio.Lock()

    async def read(
        self, session: Session, underlyings: Underlyings, symbols: Iterable[str], days: int
    ) -> Closes:
        """Return closes of the last `days` trading days; names without a history lack.

        Raises:
            BrokerUnreachable: there is no link, it went down, or the broker stopped answering;
                what it said until then is not asked for again.
        """
        async with self._one_at_a_time:
            today = day_began(session.clock.now())
            if today != self._day:
                self._day = today
                self._known.clear()
            names = sorted(set(symbols))
            silent = 0
            for name in names:
                if silent < _SILENT and self._wanted(session, name, days):
                    silent = 0 if await self._ask(session, underlyings, name, days) else silent + 1
            if silent >= _SILENT:
                # The rest was not asked: to say that it has no history would be believed for a day.
                raise BrokerUnreachable("daily closes: the broker stopped answering")
            return _table({one: self._known[one] for one in names if one in self._known}, days)

    def _wanted(self, session: Session, name: str, days: int) -> bool:
        known = self._known.get(name)
        if known is not None and known.asked_days >= days:
            return False
        asked = self._asked_at.get(name, Timestamp(-math.inf))
        return session.clock.now() - asked >= AGAIN_S and underlying_key(name) is not None

    async def _ask(self, session: Session, underlyings: Underlyings, name: str, days: int) -> bool:
        """Ask for one name; returns whether the broker answered anything."""
        try:
            contract = await underlyings.find(name)
        except BrokerUnreachable:
            session.life.check()
            return False
        if contract is None:
            return True
        await self._turn(session)
        self._asked_at[name] = session.clock.now()
        try:
            bars = await session.ask(
                lambda: session.ib.reqHistoricalDataAsync(
                    contract, "", _duration(days), "1 day", "TRADES", useRTH=True, timeout=0
                ),
                _PATIENCE_S,
                Lane.DATA,
            )
        except Refused:
            return True  # no data, or asked too often: it has no history for now
        except TimeoutError:
            return False
        closes = dict(filter(None, map(_close, bars)))
        now = datetime.fromtimestamp(session.clock.now(), NEW_YORK)
        if now.time() < _CLOSED:
            closes.pop(now.date(), None)
        if closes:
            self._known[name] = _Series(days, closes)
        return True

    async def _turn(self, session: Session) -> None:
        """Wait until one more question of history is allowed.

        Raises:
            BrokerUnreachable: the link went down meanwhile.
        """
        while True:
            now = session.clock.now()
            while self._asked and now - self._asked[0] >= WINDOW_S:
                self._asked.popleft()
            if len(self._asked) < MOST_QUESTIONS:
                self._asked.append(now)
                return
            await session.life.pause(self._asked[0] + WINDOW_S - now)
            session.life.check()


def _duration(days: int) -> str:
    """Return how the broker wants so many trading days to be asked for."""
    if days + 1 <= _LONGEST_IN_DAYS:
        return f"{days + 1} D"  # one more: today's bar is left out
    return f"{math.ceil((days + 1) / _TRADING_YEAR)} Y"


def _close(bar: Any) -> tuple[date, float] | None:  # noqa: ANN401 - the library's bar
    """Return a bar's day and close; None for one that has no positive close."""
    day = parse_day(f"{bar.date}"[:10])
    close = real(bar.close)
    return None if day is None or close is None or close <= 0 else (day, close)


def _table(known: Mapping[str, _Series], days: int) -> Closes:
    """Return the newest `days` days of every name."""
    newest = {name: sorted(one.closes)[-days:] for name, one in known.items()}
    grown = tuple(sorted({day for row in newest.values() for day in row}))
    place = {day: index for index, day in enumerate(grown)}
    table = {name: np.full(len(grown), np.nan) for name in newest}
    for name, row in newest.items():
        for day in row:
            table[name][place[day]] = known[name].closes[day]
    return Closes(grown, table)
