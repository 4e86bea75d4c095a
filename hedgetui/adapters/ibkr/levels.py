"""Prices of underlyings and indices: a look at each, or the line that watches it already."""

from __future__ import annotations

import asyncio
from typing import Any

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.glance import Glances
from hedgetui.adapters.ibkr.listings import Listings, NoContract
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.securities import INDICES, underlying_key
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.ticks import Fold
from hedgetui.adapters.ibkr.watchlist import Watchlist
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import FUTURES, STOCK_MARK
from hedgetui.domain.quotes import DataType
from hedgetui.ports.portfolio import Level

_WIDE = 0.05
"""Share of the price above which a bid and an ask are no price: the market is closed or empty."""


class Underlyings:
    """The contracts of names, asked for once a session."""

    def __init__(self, session: Session, listings: Listings) -> None:
        """Ask in `session`."""
        self._session = session
        self._listings = listings
        self._indices: dict[str, Any] = {}
        self._unknown: set[str] = set()

    async def find(self, symbol: str) -> Any | None:  # noqa: ANN401 - the library's contract
        """Return the contract of a share or an index, or None when the broker lists none.

        Raises:
            BrokerUnreachable: there is no link, it went down, or no answer came in time.
        """
        if symbol in self._unknown:
            return None
        if symbol in INDICES:
            return await self._index(symbol)
        try:
            listing = await self._listings.one(f"{symbol} {STOCK_MARK}", Lane.DATA)
        except NoContract:
            self._unknown.add(symbol)
            return None
        return listing.contract

    async def _index(self, symbol: str) -> Any | None:  # noqa: ANN401 - see above
        if symbol not in self._indices:
            try:
                question = self._listings.book.index(symbol)
                found = await self._listings.details(question, Lane.DATA)
            except (Refused, TimeoutError) as error:
                raise BrokerUnreachable(f"no contract details of {symbol}: {error}") from None
            if len(found) != 1:
                self._unknown.add(symbol)
                return None
            self._indices[symbol] = found[0].contract
        return self._indices[symbol]


class Levels:
    """Reads prices of names in one session."""

    def __init__(
        self, session: Session, underlyings: Underlyings, glances: Glances, watchlist: Watchlist
    ) -> None:
        """Look by `glances`; what `watchlist` has already needs no line."""
        self._session = session
        self._underlyings = underlyings
        self._glances = glances
        self._watchlist = watchlist

    async def read(self, symbols: frozenset[str]) -> dict[str, Level]:
        """Return the newest prices; a name that is unknown, ambiguous or silent lacks.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        names = sorted(symbols)
        answers = await asyncio.gather(*map(self.one, names), return_exceptions=True)
        self._session.life.check()
        levels: dict[str, Level] = {}
        for name, answer in zip(names, answers, strict=True):
            if isinstance(answer, Level):
                levels[name] = answer
            elif isinstance(answer, BaseException) and not isinstance(answer, BrokerUnreachable):
                raise answer
        return levels

    async def one(self, symbol: str) -> Level | None:
        """Return the newest price of a name.

        Raises:
            BrokerUnreachable: there is no link, it went down, or its contract is not said in time.
        """
        if symbol in FUTURES:
            return self._watched_month(symbol)
        key = underlying_key(symbol)
        return None if key is None else await self.of(symbol, key)

    def _watched_month(self, symbol: str) -> Level | None:
        """Return the price of a future of which a month is watched."""
        lines = (one for one in self._watchlist.lines if one.key.startswith(f"{symbol} "))
        levels = (level_of(one.fold) for one in sorted(lines, key=lambda one: one.key))
        return next(filter(None, levels), None)

    async def of(self, symbol: str, key: str) -> Level | None:
        """Return the newest price of a name that is a share, or an index, for sure.

        Raises:
            BrokerUnreachable: there is no link, it went down, or its contract is not said in time.
        """
        watched = self._watchlist.line(key)
        if watched is not None and (level := level_of(watched.fold)) is not None:
            return level
        contract = await self._underlyings.find(symbol)
        if contract is None:
            return None
        enough = _level_told if symbol in INDICES else _share_told
        seen = await self._glances.look(key, contract, enough, delayed_too=True)
        return None if seen.refused is not None else level_of(seen.fold)


def level_of(fold: Fold) -> Level | None:
    """Return what a line says of the price: the middle of a narrow market, else the last trade."""
    (bid, ask), price = fold.sides, fold.last
    if bid is not None and ask is not None and ask - bid <= _WIDE * bid:
        price = (bid + ask) / 2
    if price is None or fold.quoted_at is None:
        return None
    return Level(price, fold.quoted_at, delayed=fold.data_type is not DataType.LIVE)


def _share_told(fold: Fold) -> bool:
    return None not in fold.sides and fold.last is not None


def _level_told(fold: Fold) -> bool:
    return fold.last is not None
