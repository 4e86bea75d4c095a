"""Option chains of single names, asked for once and kept for a little while."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hedgetui.domain.balance.ideas import Idea
from hedgetui.domain.balance.listing import Listing
from hedgetui.domain.balance.positions import share_name
from hedgetui.domain.balance.quoting import (
    STRIKE_SLACK,
    Line,
    Offer,
    days_of,
    exact,
    instrument_of,
    largest,
    offer,
    reduce,
    shares_for,
)
from hedgetui.domain.balance.wanted import Structure
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import Instrument, Kind, Right, parse_key
from hedgetui.domain.text import safe
from hedgetui.domain.units import Seconds, Timestamp, utc_date
from hedgetui.engine.balance.parts import BalanceParts
from hedgetui.ports.portfolio import ChainWindow, Level, SecurityChain

YOUNG = Seconds(30.0)
"""Quotes that may be shown without asking again."""
RELAXED = Seconds(300.0)
"""The same where nobody waits: a chain costs a broker many lines."""
_FRESH = Seconds(2.0)
"""Quotes that an order may be made from."""
_WINDOW_DAYS = 3
_WINDOW_STRIKES = 0.03
"""Around a contract that is named: a chain is read by ranges."""


@dataclass(frozen=True, slots=True)
class _Kept:
    chain: SecurityChain | None
    window: ChainWindow
    at: Timestamp


class Chains:
    """Reads chains, one after the other."""

    def __init__(self, parts: BalanceParts) -> None:
        self._parts = parts
        self._kept: dict[str, _Kept] = {}
        self._one = asyncio.Lock()

    async def read(self, symbol: str, window: ChainWindow, oldest: Seconds) -> SecurityChain | None:
        """Return a chain not older than `oldest`, None where a name has no options.

        Raises:
            BrokerUnreachable: the broker does not answer.
        """
        async with self._one:
            kept = self._kept.get(symbol)
            age = math.inf if kept is None else self._parts.now() - kept.at
            if kept is not None and age <= oldest and _covers(kept.window, window):
                return kept.chain
            if kept is not None and age <= oldest:
                window = _joined(kept.window, window)  # so that two readers do not take turns
            chain = await self._parts.port.security_chain(symbol, window)
            self._kept[symbol] = _Kept(chain, window, self._parts.now())
            return chain


class Quoter:
    """Says what an idea would be as orders, at quotes of a given age."""

    def __init__(self, parts: BalanceParts, chains: Chains) -> None:
        self._parts = parts
        self._chains = chains

    async def fresh(self, idea: Idea) -> Offer:
        """Price an idea now, for an order."""
        return (await self.offers([idea], _FRESH))[0]

    async def offers(self, ideas: Iterable[Idea], oldest: Seconds) -> list[Offer]:
        """Price ideas; each name is asked for once, with all that is wanted of it."""
        listed = list(ideas)
        needs: dict[str, ChainWindow] = {}
        for idea in listed:
            if (need := self._need(idea)) is not None:
                symbol, window = need
                needs[symbol] = _joined(needs[symbol], window) if symbol in needs else window
        listings: dict[str, Listing | str] = {}
        for symbol, window in sorted(needs.items()):
            listings[symbol] = await self._listing(symbol, window, oldest)
        return [await self._offer(idea, listings) for idea in listed]

    async def _listing(self, symbol: str, window: ChainWindow, oldest: Seconds) -> Listing | str:
        """Return the quotes on a name, or why there are none."""
        try:
            chain = await self._chains.read(symbol, window, oldest)
        except BrokerUnreachable as error:
            return f"no quotes: {safe(error.message)}"
        if chain is None:
            return f"no options on {symbol} are listed"
        if not 0 < chain.spot < math.inf:
            return f"no price of {symbol}"
        today = utc_date(self._parts.now())
        rate = self._parts.settings.rate
        return Listing(symbol, chain.spot, chain.rows, today, chain.multiplier, rate, chain.delayed)

    async def _offer(self, idea: Idea, listings: dict[str, Listing | str]) -> Offer:
        if idea.wanted is not None and idea.money is not None:
            name, kind = idea.wanted.underlying, idea.wanted.structure
            if kind in {Structure.SHARES, Structure.SHARES_OR_CALL}:
                bought = await self._shares(name, idea)
                if bought.steps or kind is Structure.SHARES:
                    return bought
            listing = listings[name]
            if isinstance(listing, str):
                return Offer(note=listing)
            return _marked(offer(idea.wanted, idea.money, listing), delayed=listing.delayed)
        if idea.reduces is not None and idea.money is not None:
            return await self._reduce(idea, listings)
        return await self._exact(idea, listings)

    async def _shares(self, name: str, idea: Idea) -> Offer:
        spot = await self._spot(name)
        if isinstance(spot, str):
            return Offer(note=spot)
        found = shares_for(name, spot.price, idea.money or Offer().cost)
        return _marked(found, delayed=spot.delayed)

    async def _spot(self, symbol: str) -> Level | str:
        try:
            found = (await self._parts.port.levels(frozenset({symbol}))).get(symbol)
        except BrokerUnreachable as error:
            return f"no price of {symbol}: {safe(error.message)}"
        usable = found is not None and 0 < found.price < math.inf
        return found if found is not None and usable else f"no price of {symbol}"

    async def _of(self, what: Instrument, listings: dict[str, Listing | str]) -> Listing | str:
        """Return the quotes that an order in one instrument needs."""
        if what.kind is Kind.OPTION:
            return listings[what.symbol]
        spot = await self._spot(what.symbol)
        if isinstance(spot, str):
            return spot
        today = utc_date(self._parts.now())
        return Listing(what.symbol, spot.price, (), today, delayed=spot.delayed)

    async def _reduce(self, idea: Idea, listings: dict[str, Listing | str]) -> Offer:
        if idea.reduces is None or idea.money is None:
            return Offer(note="nothing to make smaller")
        lines = self._lines()
        line = largest(idea.reduces, lines)
        listing = None if line is None else await self._of(parse_key(line.key), listings)
        if isinstance(listing, str):
            return Offer(note=listing)
        found = reduce(idea.reduces, lines, listing, idea.money)
        return _marked(found, delayed=listing is not None and listing.delayed)

    async def _exact(self, idea: Idea, listings: dict[str, Listing | str]) -> Offer:
        what = None if idea.exact is None else instrument_of(idea.exact)
        if idea.exact is None or what is None:
            return Offer(note="only shares and options on them can be sent from here")
        listing = await self._of(what, listings)
        if isinstance(listing, str):
            return Offer(note=listing)
        held = sum(line.position.quantity for line in self._lines() if line.key == what.key)
        return _marked(exact(idea.exact, listing, held, idea.money), delayed=listing.delayed)

    def _lines(self) -> list[Line]:
        reading = self._parts.board.reading
        held = () if reading is None else reading.held
        return [Line(one.position, one.key) for one in held if one.key]

    def _need(self, idea: Idea) -> tuple[str, ChainWindow] | None:
        """Return the chain that an idea needs, none where it is in shares."""
        if idea.wanted is not None:
            wanted = idea.wanted
            if wanted.structure is Structure.SHARES:
                return None
            right = "P" if wanted.structure in {Structure.PUT, Structure.PUT_SPREAD} else "C"
            low, high = wanted.moneyness
            window = ChainWindow(days_of(wanted), (low - STRIKE_SLACK, high + STRIKE_SLACK), right)
            return wanted.underlying, window
        what: Instrument | None = None
        if idea.reduces is not None:
            line = largest(idea.reduces, self._lines())
            what = None if line is None else parse_key(line.key)
        elif idea.exact is not None:
            what = instrument_of(idea.exact)
        return None if what is None else self._around(what)

    def _around(self, what: Instrument) -> tuple[str, ChainWindow] | None:
        """Return the part of a chain that one contract stands in."""
        if what.strike is None or what.right is None:
            return None
        left = what.dte(self._parts.now())
        days = max(0, left - _WINDOW_DAYS), left + _WINDOW_DAYS
        reading = self._parts.board.reading
        spot = None if reading is None else reading.market.spots.get(share_name(what.symbol))
        right = "P" if what.right is Right.PUT else "C"
        if not spot:
            return what.symbol, ChainWindow(days, (0.0, 10.0), right)
        money = float(what.strike) / spot
        return what.symbol, ChainWindow(
            days, (money - _WINDOW_STRIKES, money + _WINDOW_STRIKES), right
        )


def _marked(found: Offer, *, delayed: bool) -> Offer:
    """Return an offer that says so where its quotes are older than they look."""
    if not delayed:
        return found
    return replace(found, note="; ".join(filter(None, ("quotes are delayed", found.note))))


def _covers(has: ChainWindow, wants: ChainWindow) -> bool:
    return (
        has.days[0] <= wants.days[0]
        and wants.days[1] <= has.days[1]
        and has.moneyness[0] <= wants.moneyness[0]
        and wants.moneyness[1] <= has.moneyness[1]
        and set(wants.rights) <= set(has.rights)
    )


def _joined(one: ChainWindow, other: ChainWindow) -> ChainWindow:
    return ChainWindow(
        (min(one.days[0], other.days[0]), max(one.days[1], other.days[1])),
        (min(one.moneyness[0], other.moneyness[0]), max(one.moneyness[1], other.moneyness[1])),
        "".join(sorted({*one.rights, *other.rights})),
    )
