"""What the account at the built-in exchange holds, and what single names cost there.

The half of the simulated broker that only looks. Its questions travel over the link as all others
do, later and maybe in vain, but in a lane of their own: a desk that reads a portfolio trades as one
that does not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from hedgetui.domain.balance.closes import Closes
from hedgetui.domain.balance.positions import Kind as LineKind
from hedgetui.domain.balance.positions import Position, is_vol
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import FUTURES, VIX, Instrument, Kind, parse_key
from hedgetui.ports.broker import Incomplete
from hedgetui.ports.portfolio import ChainWindow, Holding, Holdings, Level, SecurityChain
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.securities import NAMES

_T = TypeVar("_T")

SOURCE: Final = "SIM"
"""What positions of this broker say they come from."""
_INDICES: Final = {"SPX": 1.0, "XSP": 0.1}
_KINDS: Final = {
    Kind.STOCK: LineKind.EQUITY,
    Kind.OPTION: LineKind.OPTION,
    Kind.FUTURE: LineKind.FUTURE,
}


class PortfolioSide(ABC):
    """A `PortfolioPort` on an `Exchange`; whoever has the link says how to ask."""

    def __init__(self, exchange: Exchange) -> None:
        """Look at `exchange`."""
        self._exchange = exchange

    async def holdings(self) -> Holdings | Incomplete:
        """Read every line of the account with its mark."""
        try:
            return await self._ask(self._held, aside=True)
        except BrokerUnreachable as error:
            return Incomplete(str(error))

    async def levels(self, symbols: frozenset[str]) -> Mapping[str, Level]:
        """Return the newest prices of names, VIX, the index and the nearest futures.

        Raises:
            BrokerUnreachable: there is no link, or it went down before the answer came.
        """
        return await self._ask(lambda: self._levels(symbols), aside=True)

    async def closes(self, symbols: frozenset[str], days: int) -> Closes:
        """Return daily closes of the last `days` trading days; names without a history lack.

        Raises:
            BrokerUnreachable: there is no link, or it went down before the answer came.
        """
        return await self._ask(lambda: self._exchange.closes(symbols, days), aside=True)

    async def security_chain(self, symbol: str, window: ChainWindow) -> SecurityChain | None:
        """Return quotes of the options on a name, or None when it has none.

        Raises:
            BrokerUnreachable: there is no link, or it went down before the answer came.
        """
        board = self._exchange.board.securities
        return await self._ask(lambda: board.chain(symbol, window), aside=True)

    @abstractmethod
    async def _ask(self, question: Callable[[], _T], *, aside: bool = False) -> _T:
        """Ask the exchange and wait for the answer.

        Raises:
            BrokerUnreachable: there is no link, or it went down before the answer came.
        """

    def _held(self) -> Holdings:
        exchange = self._exchange
        positions = exchange.book.account.positions
        greeks = {one.key: one for one in exchange.board.greeks(positions)}
        held = []
        for key, quantity in sorted(positions.items()):
            iv = greeks[key].iv if key in greeks else None
            held.append(Holding(self._line(parse_key(key), quantity, iv), key))
        return Holdings(exchange.at, tuple(held), nav=exchange.net_liquidation)

    def _line(self, one: Instrument, quantity: int, iv: float | None) -> Position:
        mark = float(self._exchange.board.mark(one.key))
        is_option = one.kind is Kind.OPTION
        return Position(
            symbol=one.symbol if one.kind is Kind.STOCK else one.key,
            underlying=one.symbol,
            kind=LineKind.VOL if is_vol(one.symbol) else _KINDS[one.kind],
            quantity=float(quantity),
            multiplier=float(one.multiplier),
            strike=float(one.strike) if one.strike is not None else None,
            expiry=one.expiry if is_option else None,
            right=one.right,
            price=mark,
            spot=self._level(one.symbol) if is_option else mark,
            iv=iv,
            source=SOURCE,
        )

    def _levels(self, symbols: frozenset[str]) -> Mapping[str, Level]:
        at = self._exchange.market.at
        found = {symbol: self._level(symbol) for symbol in sorted(symbols)}
        return {symbol: Level(price, at) for symbol, price in found.items() if price is not None}

    def _level(self, symbol: str) -> float | None:
        """Return the price of what a symbol names, None if that is nothing here."""
        board, market = self._exchange.board, self._exchange.market
        if symbol in _INDICES:
            return round(market.level * _INDICES[symbol], 2)
        if symbol in NAMES or symbol == VIX:
            return round(board.securities.prices.price(symbol), 2)
        months = board.futures(symbol) if symbol in FUTURES else ()
        return float(board.mark(months[0].key)) if months else None
