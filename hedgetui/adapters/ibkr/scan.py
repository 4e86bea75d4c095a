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
from hedgetui.adapters.ibkr.contracts import strike_text
from hedgetui.adapters.ibkr.glance import Glances
from hedgetui.adapters.ibkr.level import Level
from hedgetui.adapters.ibkr.listings import Listings, NoContract
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.strikes import choose_expiries, choose_strikes, month_out
from hedgetui.adapters.ibkr.subscriptions import Subscription
from hedgetui.adapters.ibkr.ticks import Fold
from hedgetui.adapters.ibkr.watchlist import INDEX_KEY, Watchlist
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import XSP, Right, settles_at
from hedgetui.domain.quotes import ChainSnapshot, ExpiryQuotes
from hedgetui.domain.units import DAYS_PER_YEAR, SECONDS_PER_DAY, IndexPoints

_LEVEL_S = 3.0
_STEP_S = 0.05
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
        glances: Glances,
        listings: Listings,
        watchlist: Watchlist,
        level: Level,
    ) -> None:
        """Borrow lines by `glances`; what `watchlist` has already needs none."""
        self._session = session
        self._glances = glances
        self._listings = listings
        self._watchlist = watchlist
        self._level = level
        self._one_at_a_time = asyncio.Lock()

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
        contract = self._listings.book.describe(target.key)
        one = await self._glances.look(target.key, contract, both_sides)
        if one.refused is None:
            found[target] = _numbers(one)


def both_sides(fold: Fold) -> bool:
    """Whether a line shows a bid and an ask."""
    return None not in fold.sides


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
