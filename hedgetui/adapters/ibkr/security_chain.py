"""Quotes of the options on one name: the part of the chain that is wanted, thinned to a budget.

The strikes that the broker lists times its expiries are a superset of what exists, so a contract
that is refused is normal here. Every option costs a line for a moment and two messages; hedging
goes first, as in every scan.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.codes import Meaning, meaning
from hedgetui.adapters.ibkr.contracts import strike_text
from hedgetui.adapters.ibkr.glance import Enough, Glances
from hedgetui.adapters.ibkr.levels import Levels, Underlyings
from hedgetui.adapters.ibkr.listings import Listings
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.parse import NEW_YORK, exact
from hedgetui.adapters.ibkr.securities import (
    INDICES,
    OPTIONS_EXCHANGE,
    option_class,
    wire_symbol,
)
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.subscriptions import Subscription
from hedgetui.adapters.ibkr.ticks import Fold
from hedgetui.domain.balance.symbols import parse_day
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import STOCK_MARK, Right, option_root, settles_at
from hedgetui.domain.quotes import DataType
from hedgetui.domain.recommend import ChainRow
from hedgetui.ports.portfolio import ChainWindow, SecurityChain

_T = TypeVar("_T")

MOST_CONTRACTS = 96
MOST_EXPIRIES = 6
_LEAST_STRIKES = 6
_OPEN_INTEREST = "101"


@dataclass(frozen=True, slots=True)
class Target:
    """One option to quote."""

    expiry: date
    strike: float
    right: Right

    def key(self, symbol: str) -> str:
        """Return the option's key."""
        return f"{symbol} {self.expiry:%Y%m%d} {strike_text(self.strike)} {self.right}"


class SecurityChains:
    """Reads chains of single names in one session."""

    def __init__(
        self,
        session: Session,
        glances: Glances,
        listings: Listings,
        underlyings: Underlyings,
        levels: Levels,
    ) -> None:
        """Borrow lines by `glances`."""
        self._session = session
        self._glances = glances
        self._listings = listings
        self._underlyings = underlyings
        self._levels = levels
        self._one_at_a_time = asyncio.Lock()

    async def read(self, symbol: str, window: ChainWindow) -> SecurityChain | None:
        """Return quotes of the options on a name, or None when it has none.

        Raises:
            BrokerUnreachable: there is no link, it went down, or the broker does not answer.
        """
        async with self._one_at_a_time:
            contract = await self._underlyings.find(symbol)
            if contract is None:
                return None
            listed = await self._listed(symbol, contract)
            if not listed[0]:
                return None
            key = symbol if symbol in INDICES else f"{symbol} {STOCK_MARK}"
            level = await self._levels.of(symbol, key)
            if level is None:
                raise BrokerUnreachable(f"no price of {symbol} to read its chain by")
            now = self._session.clock.now()
            today = datetime.fromtimestamp(now, NEW_YORK).date()
            days = [day for day in listed[0] if settles_at(day) > now]
            whole = wanted(days, listed[1], level.price, today, window)
            targets = thinned(whole, level.price)
            lines = await self._look(symbol, targets)
            answered = [(target, line.fold) for target, line in lines if _answered(line)]
            live = all(fold.data_type is DataType.LIVE for _, fold in answered)
            return SecurityChain(
                symbol, self._session.clock.now(), level.price,
                tuple(_row(target, fold) for target, fold in answered),
                int(option_root(symbol).multiplier),
                level.delayed or not live,
                _notes(len(whole), len(targets), lines),
            )  # fmt: skip

    async def _listed(self, symbol: str, contract: Any) -> tuple[list[date], list[float]]:  # noqa: ANN401
        """Return the expiries and strikes of the standard options on a name.

        Raises:
            BrokerUnreachable: the broker does not say what is listed.
        """
        spelled, kind = wire_symbol(symbol), str(contract.secType)
        number = int(contract.conId)
        try:
            chains = await self._session.ask(
                lambda: self._session.ib.reqSecDefOptParamsAsync(spelled, "", kind, number),
                self._session.connection.answer_timeout_s,
                Lane.DATA,
            )
        except Refused as error:
            if meaning(error.number) is Meaning.NO_CONTRACT:
                return [], []
            raise BrokerUnreachable(f"the chain of {symbol} was not read: {error}") from None
        except TimeoutError:
            raise BrokerUnreachable(f"the chain of {symbol} was not read in time") from None
        usual = option_root(symbol).multiplier
        own = [
            one for one in chains
            if one.tradingClass == option_class(spelled) and exact(one.multiplier) == usual
        ]  # fmt: skip
        routed = [one for one in own if one.exchange == OPTIONS_EXCHANGE] or own
        days = {parse_day(day) for one in routed for day in one.expirations}
        strikes = {float(strike) for one in routed for strike in one.strikes if strike > 0}
        return sorted(day for day in days if day is not None), sorted(strikes)

    async def _look(
        self, symbol: str, targets: Sequence[Target]
    ) -> list[tuple[Target, Subscription]]:
        """Look at every target, as many at a time as there are lines."""
        book = self._listings.book
        looks = [
            self._glances.look(
                one.key(symbol), book.describe(one.key(symbol)), _told(one.right),
                generic=_OPEN_INTEREST, delayed_too=True,
            )
            for one in targets
        ]  # fmt: skip
        ends = await asyncio.gather(*looks, return_exceptions=True)
        self._session.life.check()
        seen: list[tuple[Target, Subscription]] = []
        for target, end in zip(targets, ends, strict=True):
            if isinstance(end, BaseException):
                raise end
            seen.append((target, end))
        return seen


def wanted(
    days: Iterable[date], strikes: Iterable[float], spot: float, today: date, window: ChainWindow
) -> list[Target]:
    """Return every listed option of a window, by expiry, strike and right."""
    first, last = window.days
    low, high = window.moneyness
    chosen = [strike for strike in strikes if low <= strike / spot <= high]
    return [
        Target(day, strike, right)
        for day in days if first <= (day - today).days <= last
        for strike in chosen
        for right in Right if right in window.rights
    ]  # fmt: skip


def thinned(whole: Sequence[Target], spot: float) -> list[Target]:
    """Return about `MOST_CONTRACTS` of a chain at most: expiries spread over all of it.

    Half of the strikes are the nearest to the money, the others are spread evenly over the rest.
    """
    if len(whole) <= MOST_CONTRACTS:
        return list(whole)
    days = spread(sorted({one.expiry for one in whole}), MOST_EXPIRIES)
    rights = len({one.right for one in whole})
    room = max(_LEAST_STRIKES, MOST_CONTRACTS // (len(days) * rights))
    strikes = sorted({one.strike for one in whole})
    near = sorted(strikes, key=lambda strike: (abs(strike - spot), strike))[: room // 2]
    kept = {*near, *spread([one for one in strikes if one not in near], room - room // 2)}
    chosen = set(days)
    return [one for one in whole if one.expiry in chosen and one.strike in kept]


def spread(row: Sequence[_T], most: int) -> list[_T]:
    """Return at most `most` of a row, its ends among them, evenly spread."""
    if len(row) <= most:
        return list(row)
    step = (len(row) - 1) / max(1, most - 1)
    return [row[round(step * place)] for place in range(most)]


def _told(right: Right) -> Enough:
    """Return what ends a look at an option: everything that a row can hold."""

    def enough(fold: Fold) -> bool:
        modelled = fold.model is not None and fold.model.iv is not None
        counted = fold.volume is not None and _interest(fold, right) is not None
        return None not in fold.sides and modelled and counted

    return enough


def _interest(fold: Fold, right: Right) -> float | None:
    return fold.open_calls if right is Right.CALL else fold.open_puts


def _answered(line: Subscription) -> bool:
    told = line.fold.quoted_at is not None or line.fold.model is not None
    return line.refused is None and told


def _row(target: Target, fold: Fold) -> ChainRow:
    bid, ask = fold.sides
    return ChainRow(
        target.expiry, target.strike, target.right, _or_nan(bid), _or_nan(ask),
        _or_nan(fold.volume), _or_nan(_interest(fold, target.right)),
        _or_nan(fold.model.iv if fold.model is not None else None),
    )  # fmt: skip


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _notes(whole: int, asked: int, lines: Sequence[tuple[Target, Subscription]]) -> tuple[str, ...]:
    """Return what the reader should know; a contract that does not exist is nothing to know."""
    silent = sum(
        not _answered(line)
        for _, line in lines
        if line.refused is None or meaning(line.refused.code) is not Meaning.NO_CONTRACT
    )
    words: list[str] = []
    if asked < whole:
        words.append(f"{asked} of {whole} listed contracts were asked for")
    if silent:
        words.append(f"{silent} contract{'' if silent == 1 else 's'} did not answer")
    return tuple(words)
