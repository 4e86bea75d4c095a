"""Which instruments have a market-data line, and which should: brought together, again and again.

What cannot be subscribed now is tried later; what has no contract is not. The lines of a scan are
not here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable

from hedgetui.adapters.ibkr.codes import Meaning, meaning
from hedgetui.adapters.ibkr.lines import Use
from hedgetui.adapters.ibkr.listings import Listings, NoContract
from hedgetui.adapters.ibkr.notes import Notes
from hedgetui.adapters.ibkr.parse import ErrorRow
from hedgetui.adapters.ibkr.reasons import Reasons
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.subscriptions import Subscription, Subscriptions
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import XSP, Kind, parse_key
from hedgetui.domain.quotes import DataType
from hedgetui.domain.units import Timestamp

INDEX_KEY = XSP.symbol

_SOON_S = 2.0
_RETRY_S = 10.0
_LONG_RETRY_S = 60.0
_IV30_TICKS = "106"


class Watchlist:
    """The lines of one session that are not a scan's."""

    def __init__(
        self,
        session: Session,
        subscriptions: Subscriptions,
        listings: Listings,
        reasons: Reasons,
        notes: Notes,
    ) -> None:
        """Open lines at `subscriptions`."""
        self._session = session
        self._subscriptions = subscriptions
        self._listings = listings
        self._reasons = reasons
        self._notes = notes
        self._changing = asyncio.Lock()
        self._always: frozenset[str] = frozenset()
        self._lines: dict[str, Subscription] = {}
        self._retry_at: dict[str, float] = {}
        self.wanted: frozenset[str] = frozenset()
        """What is published."""

    @property
    def needed(self) -> frozenset[str]:
        """What should have a line."""
        return self._always | self.wanted

    async def keep(self, *keys: str) -> None:
        """Subscribe to what the adapter itself needs, whatever is watched.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        self._always = frozenset(keys)
        await self.settle()

    async def renew(self, *kinds: Kind) -> None:
        """Ask for everything (or what is of some kinds) again, as after data were lost.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        async with self._changing:
            for key, line in tuple(self._lines.items()):
                if not kinds or parse_key(key).kind in kinds:
                    self._lines.pop(key, None)
                    await self._subscriptions.close(line)
        self._retry_at.clear()
        await self.settle()

    async def settle_late(self) -> None:
        """Try again what could not be subscribed, when its time has come.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        if any(map(self._due, self.needed)):
            await self.settle()

    async def settle(self) -> None:
        """Bring the open lines in line with what is needed now.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        async with self._changing:
            for key in tuple(self._lines.keys() | self._retry_at.keys()):
                if key not in self.needed:
                    await self._drop(key)
            in_order = sorted(self.needed, key=lambda key: (key not in self._always, key))
            await self._learn([key for key in in_order if self._due(key)])
            for key in in_order:
                if self._due(key) and key in self.needed:
                    await self._open(key)

    def _due(self, key: str) -> bool:
        return key not in self._lines and self._session.clock.now() >= self._retry_at.get(key, 0)

    async def _drop(self, key: str) -> None:
        self._retry_at.pop(key, None)
        for tag in (f"type {key}", f"competing {key}"):
            self._reasons.drop(tag)
        line = self._lines.pop(key, None)
        if line is not None:
            await self._subscriptions.close(line)

    async def _learn(self, keys: list[str]) -> None:
        """Ask for the contracts together; one that is unknown waits alone."""
        answers = await asyncio.gather(
            *(self._listings.one(key) for key in keys), return_exceptions=True
        )
        self._session.life.check()
        for key, answer in zip(keys, answers, strict=True):
            if isinstance(answer, NoContract):
                self._retry_at[key] = math.inf
                self._notes.hint(f"contract {key}", f"not watched: {answer}", aloud=True)
            elif isinstance(answer, BrokerUnreachable):
                self._wait(key, _RETRY_S)
            elif isinstance(answer, BaseException):
                raise answer

    async def _open(self, key: str) -> None:
        listing = self._listings.ready(key)
        if listing is None:
            return
        future = parse_key(key).kind is Kind.FUTURE
        use = Use.HEDGE if key in self._always or future else Use.LEG
        generic = _IV30_TICKS if key == INDEX_KEY else ""
        self._lines[key] = await self._subscriptions.open(
            key, listing.contract, use, generic=generic, doubted=future
        )

    def _wait(self, key: str, seconds: float) -> None:
        self._retry_at[key] = self._session.clock.now() + seconds

    def refused(self, line: Subscription, row: ErrorRow) -> None:
        """A line was refused or stopped; it is tried again, what has no contract is not."""
        key = line.key
        if self._lines.get(key) is line:
            del self._lines[key]
        match meaning(row.code):
            case Meaning.NO_CONTRACT:
                self._wait(key, math.inf)
            case Meaning.DATA_STOPPED:
                self._wait(key, 0)
            case Meaning.LINES_FULL:
                self._wait(key, _SOON_S)
                budget = self._subscriptions.lines.budget
                words = f"TWS has {budget} market-data lines free for us: close some of its windows"
                self._notes.hint("lines", words, aloud=True)
            case Meaning.NOT_SUBSCRIBED if not self._subscriptions.delayed_wanted:
                self._subscriptions.allow_delayed()
                self._wait(key, 0)
                self._notes.hint("subscription", f"no live market data for {key}: {row.text}")
            case Meaning.COMPETING:
                self._wait(key, _RETRY_S)
                words = f"another session of this user takes the data of {key}"
                self._reasons.add(f"competing {key}", words)
            case _:
                self._wait(key, _LONG_RETRY_S)
                self._notes.hint(f"line {key}", f"no market data for {key}: {row.text}", aloud=True)

    def given_up(self, key: str) -> bool:
        """Whether an instrument was refused a line and has none."""
        return key in self._retry_at and key not in self._lines

    # --- what others ask

    def line(self, key: str) -> Subscription | None:
        """Return the open line of an instrument."""
        return self._lines.get(key)

    @property
    def lines(self) -> Iterable[Subscription]:
        """Every open line."""
        return self._lines.values()

    @property
    def worst_type(self) -> str:
        """The least live data type of what is watched; empty before the first tick."""
        kinds = [line.fold.data_type for line in self.lines if line.fold.at is not None]
        return str(max(kinds, key=list(DataType).index)) if kinds else ""

    @property
    def dropped(self) -> int:
        """Prices that were not believed."""
        return sum(line.fold.dropped for line in self.lines)

    def silent_for(self, now: Timestamp) -> float:
        """Return seconds since anything ticked; 0 when nothing is subscribed."""
        last = [line.fold.at or line.asked_at for line in self.lines]
        return now - max(last) if last else 0.0

    def fresh(self, kinds: frozenset[Kind], since: Timestamp) -> bool:
        """Whether some line of these kinds ticked since a moment, or there is none."""
        lines = [one for key, one in self._lines.items() if parse_key(key).kind in kinds]
        return not lines or any(line.fresh(since) for line in lines)
