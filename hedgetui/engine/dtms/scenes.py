"""Reading anew, right before a plan: account, terminal, positions, symbol and price.

A part of the answer that could not be had leaves everything as it is: nothing is planned.
"""

from __future__ import annotations

import math

from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.records import Incomplete, Tick
from hedgetui.domain.text import safe
from hedgetui.engine.dtms.errands import Errand, Refused, Scene
from hedgetui.engine.dtms.gate import Gate
from hedgetui.engine.dtms.parts import DefenceParts


class Scenes:
    """Makes scenes."""

    def __init__(self, parts: DefenceParts, gate: Gate) -> None:
        self._parts = parts
        self._gate = gate

    async def read(self, errand: Errand) -> Scene | Refused:
        """Return the present of a trade, or why it is not known well enough to act on."""
        try:
            return await self._read(errand)
        except BrokerUnreachable as error:
            return Refused("link", f"the link broke: {safe(error.message)}")

    async def _read(self, errand: Errand) -> Scene | Refused:
        port = self._parts.port
        look = await port.look()
        if isinstance(look, Incomplete):
            return Refused("unknown", f"positions unknown: {safe(look.why)}")
        strange = self._gate.strange(look)
        if strange is not None:
            return strange
        spec = await port.symbol(errand.symbol)
        if isinstance(spec, Incomplete):
            return Refused("unknown", f"symbol unknown: {safe(spec.why)}")
        tick = await self._tick(errand.symbol)
        if isinstance(tick, Refused):
            return tick
        # The newest words of the journal: nothing was awaited since.
        trade = self._parts.book.trades.get(errand.trade)
        if trade is None:
            return Refused("no-trade", f"position {errand.trade} is not watched")
        position = look.position(trade.identifier)
        if position is not None and position.side is not trade.side:
            words = f"#{position.ticket} is {position.side} now: a person reversed it"
            return Refused("changed", words)
        at, hedge = self._parts.clock.now(), None
        if trade.hedge is not None and not trade.hedge.virtual:
            hedge = look.position(trade.hedge.position)
        return Scene(look, trade, position, hedge, spec, tick, at)

    async def _tick(self, symbol: str) -> Tick | Refused:
        ticks = await self._parts.port.ticks((symbol,))
        if isinstance(ticks, Incomplete):
            return Refused("unknown", f"price unknown: {safe(ticks.why)}")
        tick = ticks.get(symbol)
        if tick is None or not _possible(tick):
            return Refused("stale-tick", f"{safe(symbol)} has no price")
        return self._gate.stale(tick) or tick


def _possible(tick: Tick) -> bool:
    prices = (tick.bid, tick.ask)
    return all(math.isfinite(price) and price > 0 for price in prices) and tick.ask >= tick.bid
