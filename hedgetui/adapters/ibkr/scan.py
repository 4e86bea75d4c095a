"""Reading the option chain without starving the hedge: few strikes, few lines, few messages.

The chain's strikes times its expiries is a superset of what exists, so a contract that is refused
is normal here. Each chosen option is watched until it shows both sides or its time is up; a scan
never takes the lines or the messages that hedging needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.codes import Meaning, meaning
from hedgetui.adapters.ibkr.contracts import strike_text
from hedgetui.adapters.ibkr.level import Level
from hedgetui.adapters.ibkr.lines import Use
from hedgetui.adapters.ibkr.listings import Listings, NoContract
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.strikes import choose_expiries, choose_strikes, month_out
from hedgetui.adapters.ibkr.subscriptions import Subscription, Subscriptions
from hedgetui.adapters.ibkr.watchlist import INDEX_KEY, Watchlist
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import XSP, Right, settles_at
from hedgetui.domain.quotes import ChainSnapshot, ExpiryQuotes
from hedgetui.domain.units import DAYS_PER_YEAR, SECONDS_PER_DAY, IndexPoints

_QUOTE_S = 2.5
_LEVEL_S = 3.0
_STEP_S = 0.05
_MOST_AT_ONCE = 40
_TRIES = 3
"""Times an option is asked for while there are fewer lines than thought."""
_VOLATILITY = 0.15
"""Assumed while none is known."""

Sides = tuple[float, float]
"""Bid and ask, NaN where there is none."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One option to quote."""

    expiry: date
    strike: float
    right: Right

    @property
    def key(self) -> str:
        return f"{XSP.symbol} {self.expiry:%Y%m%d} {strike_text(self.strike)} {self.right}"


class Scanner:
    """Reads chains in one session."""

    def __init__(
        self,
        session: Session,
        subscriptions: Subscriptions,
        listings: Listings,
        watchlist: Watchlist,
        level: Level,
    ) -> None:
        """Borrow lines of `subscriptions`; what `watchlist` has already needs none."""
        self._session = session
        self._subscriptions = subscriptions
        self._listings = listings
        self._watchlist = watchlist
        self._level = level
        self._one_at_a_time = asyncio.Lock()
        self._waiting: dict[Subscription, asyncio.Future[None]] = {}
        self._scanning = 0
        self._freed = asyncio.Condition()

    def tick(self, one: Subscription) -> None:
        """A scan's line got ticks."""
        if None not in one.fold.sides:
            self._wake(one)

    def refused(self, one: Subscription) -> None:
        """A scan's line was refused: no such contract, or no line."""
        self._wake(one)

    def _wake(self, one: Subscription) -> None:
        waiting = self._waiting.get(one)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def chain(self, volatility: float | None) -> ChainSnapshot:
        """Read the chain near the money; `volatility` helps to guess where the deltas are.

        Raises:
            BrokerUnreachable: there is no link, it went down, or the broker does not answer.
        """
        async with self._one_at_a_time:
            spot = await self._spot()
            targets = await self._targets(spot, volatility or _VOLATILITY)
            found: dict[_Target, Sides] = {}
            ends = await asyncio.gather(
                *(self._quote(target, found) for target in targets), return_exceptions=True
            )
            self._session.life.check()
            for end in ends:
                if end is not None:
                    raise end
            now = self._session.clock.now()
            return ChainSnapshot(XSP, now, IndexPoints(spot), _by_expiry(targets, found))

    def _room(self) -> bool:
        """Whether one more line may be taken; one is always tried."""
        if not self._scanning or not self._session.life.alive:
            return True
        free = self._subscriptions.lines.free(Use.SCAN) > 0
        return free and self._scanning < _MOST_AT_ONCE

    async def _spot(self) -> float:
        waited = 0.0
        while (level := self._level.points) is None:
            if waited >= _LEVEL_S:
                raise BrokerUnreachable("no index level to read the chain by")
            await self._session.life.pause(_STEP_S)
            self._session.life.check()
            waited += _STEP_S
        return level * XSP.index_ratio

    async def _targets(self, spot: float, volatility: float) -> list[_Target]:
        """Return what to quote, by expiry.

        Raises:
            BrokerUnreachable: the broker does not say what is listed.
        """
        try:
            index = await self._listings.one(INDEX_KEY, Lane.DATA)
            con_id = int(index.contract.conId)
            chains = await self._session.ask(
                lambda: self._session.ib.reqSecDefOptParamsAsync(XSP.symbol, "", "IND", con_id),
                self._session.connection.answer_timeout_s,
                Lane.DATA,
            )
        except (NoContract, Refused, TimeoutError) as error:
            raise BrokerUnreachable(f"the option chain was not read: {error}") from None
        now = self._session.clock.now()
        today = datetime.fromtimestamp(now, UTC).date()
        days, strikes = _listed(chains)
        targets: list[_Target] = []
        expiries = choose_expiries([day for day in days if settles_at(day) > now], today)
        month = month_out(expiries, today)
        for day in expiries:
            years = (settles_at(day) - now) / (SECONDS_PER_DAY * DAYS_PER_YEAR)
            chosen = choose_strikes(strikes, spot, years, volatility, dense=day == month)
            targets.extend(_Target(day, strike, right) for strike, right in chosen)
        return targets

    async def _quote(self, target: _Target, found: dict[_Target, Sides]) -> None:
        """Watch one option until it shows both sides, is refused, or its time is up."""
        watched = self._watchlist.line(target.key)
        if watched is not None and None not in watched.fold.sides:
            found[target] = _numbers(watched)
            return
        for _ in range(_TRIES):
            async with self._freed:
                await self._freed.wait_for(self._room)
                self._scanning += 1
            try:
                one = await self._look(target)
            finally:
                async with self._freed:
                    self._scanning -= 1
                    self._freed.notify_all()
            if one.refused is None:
                found[target] = _numbers(one)
            if one.refused is None or meaning(one.refused.code) is not Meaning.LINES_FULL:
                return

    async def _look(self, target: _Target) -> Subscription:
        contract = self._listings.book.describe(target.key)
        one = await self._subscriptions.open(target.key, contract, Use.SCAN)
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[one] = answered
        try:
            await self._session.life.within(answered, _QUOTE_S)
        except TimeoutError:
            pass  # what came until now is what there is
        finally:
            del self._waiting[one]
        if one.refused is None:
            await self._subscriptions.close(one)
        return one


def _numbers(one: Subscription) -> Sides:
    bid, ask = one.fold.sides
    return (float("nan") if bid is None else bid, float("nan") if ask is None else ask)


def _listed(chains: Iterable[Any]) -> tuple[list[date], Sequence[float]]:
    """Return expiries and strikes of the class that settles in the afternoon."""
    own = [one for one in chains if one.tradingClass == XSP.symbol]
    smart = [one for one in own if one.exchange == "SMART"] or own
    spelled = {day for one in smart for day in one.expirations if len(day) == 8 and day.isdigit()}
    days = [datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date() for day in sorted(spelled)]
    strikes = {float(strike) for one in smart for strike in one.strikes if strike > 0}
    return days, sorted(strikes)


def _by_expiry(targets: Iterable[_Target], found: dict[_Target, Sides]) -> tuple[ExpiryQuotes, ...]:
    """Return what was quoted as arrays; an expiry of which nothing was found is left out."""
    quoted: dict[date, dict[float, dict[Right, Sides]]] = {}
    for target in targets:
        if target in found:
            strikes = quoted.setdefault(target.expiry, {})
            strikes.setdefault(target.strike, {})[target.right] = found[target]
    return tuple(_arrays(day, quoted[day]) for day in sorted(quoted))


def _arrays(day: date, strikes: dict[float, dict[Right, Sides]]) -> ExpiryQuotes:
    nothing = (float("nan"), float("nan"))
    rows = [(strike, *strikes[strike].get(Right.CALL, nothing),
             *strikes[strike].get(Right.PUT, nothing)) for strike in sorted(strikes)]  # fmt: skip
    table = np.array(rows, dtype=np.float64)
    return ExpiryQuotes(day, table[:, 0], table[:, 1], table[:, 2], table[:, 3], table[:, 4])
