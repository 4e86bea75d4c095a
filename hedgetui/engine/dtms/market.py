"""Prices, bars and the score of each symbol, and whether they are young enough to decide on.

A symbol whose tick is old is frozen alone; whether its market is closed or its feed is dead is said
by the calendar of its kind. Bars are scored in a thread, so that the loop stays free.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, time
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

import numpy as np

from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.dtms.book import DefenceBook
from hedgetui.domain.dtms.indicators import atr
from hedgetui.domain.dtms.model import Trade
from hedgetui.domain.dtms.reading import Reading
from hedgetui.domain.dtms.score import latest
from hedgetui.domain.dtms.vwap import Anchor
from hedgetui.domain.errors import DataError
from hedgetui.domain.mt5.records import Incomplete, Look, SymbolSpec, Tick
from hedgetui.domain.orders import Side
from hedgetui.domain.text import safe
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.ports.clock import outside_work

_NEW_YORK = ZoneInfo("America/New_York")
_DAY_END = time(17)
_REOPEN = time(18)
_FRIDAY, _SUNDAY = 4, 6
_MOVE_WINDOW_S = 900.0
"""A move against a trade within this time is an emergency."""
_HEDGE_BARS = 64
"""H1 bars for the ATR of the hedge's stop: four times its length."""
_LATE_S = 60.0
"""A bar that the server does not have so long after its end had no trades."""
_OLD_READING_S = 2 * Timeframe.M5.seconds + _LATE_S
"""Two slots and the time a late bar is waited for."""


class Market:
    """Keeps the board's ticks, readings, ATR and spreads."""

    def __init__(self, parts: DefenceParts) -> None:
        self._parts = parts
        self._moves: dict[str, deque[Tick]] = {}
        self._scored: dict[str, int] = {}
        """The M5 slot of each symbol's newest attempt that need not be repeated."""
        self._hedge_slot: dict[str, int] = {}

    def forget(self) -> None:
        """A new session: nothing from before it counts."""
        board = self._parts.board
        for kept in (board.specs, board.ticks, board.readings, board.hedge_atr,
                     board.spread_median, self._moves, self._scored, self._hedge_slot):  # fmt: skip
            kept.clear()

    # --- ticks -------------------------------------------------------------------------------

    async def refresh_ticks(self, symbols: Iterable[str]) -> Incomplete | None:
        """Read the newest prices; what is impossible is dropped."""
        names = sorted(set(symbols))
        if not names:
            return None
        answer = await self._parts.port.ticks(names)
        if isinstance(answer, Incomplete):
            return answer
        for tick in answer.values():
            if _possible(tick):
                self._parts.board.ticks[tick.symbol] = tick
                self._remember(tick)
        return None

    def _remember(self, tick: Tick) -> None:
        kept = self._moves.setdefault(tick.symbol, deque())
        if not kept or tick.at > kept[-1].at:
            kept.append(tick)
        while kept and kept[0].at < tick.at - _MOVE_WINDOW_S:
            kept.popleft()

    async def spec(self, symbol: str) -> SymbolSpec | None:
        """Return how a symbol trades; None while that is not known."""
        known = self._parts.board.specs.get(symbol)
        if known is not None:
            return known
        answer = await self._parts.port.symbol(symbol)
        if isinstance(answer, Incomplete):
            return None
        self._parts.board.specs[symbol] = answer
        return answer

    def quiet(self, symbol: str) -> str:
        """Return why the symbol's price is no price to decide on; empty when it is young."""
        tick = self._parts.board.ticks.get(symbol)
        if tick is None:
            return "no price yet"
        age = self._parts.clock.now() - tick.at
        if -age > self._parts.settings.stale_tick:
            return f"tick {-age:.0f} s ahead of this computer's clock"
        if age <= self._parts.settings.stale_tick:
            return ""
        if self.closed(symbol):
            return "market closed"
        return f"tick {age:.0f} s old"

    def closed(self, symbol: str) -> bool:
        """Return whether an old tick is no wonder: weekend, or the daily break."""
        if self.crypto(symbol):
            return False
        local = datetime.fromtimestamp(self._parts.clock.now(), UTC).astimezone(_NEW_YORK)
        day, clock = local.weekday(), local.time()
        if _FRIDAY < day < _SUNDAY or (day == _FRIDAY and clock >= _DAY_END):
            return True
        if day == _SUNDAY:
            return clock < _REOPEN
        return _DAY_END <= clock < _REOPEN

    def closing(self, trade: Trade) -> float | None:
        """Return the price the trade would close at; None when it is not young."""
        tick = self._parts.board.ticks.get(trade.symbol)
        return None if tick is None or self.quiet(trade.symbol) else tick.closing(trade.side)

    def spread_ratio(self, symbol: str) -> float | None:
        """Return spread over median spread; None while one of them is not known."""
        tick, median = self._parts.board.ticks.get(symbol), self._median(symbol)
        if tick is None or not median or self.quiet(symbol):
            return None
        return tick.spread / median

    def _median(self, symbol: str) -> float | None:
        return self._parts.board.spread_median.get(symbol)

    def against(self, symbol: str, side: Side) -> float:
        """Return how far the price came from its best within a quarter of an hour, ≥ 0."""
        kept = self._moves.get(symbol)
        if not kept:
            return 0.0
        prices = [side.sign * tick.closing(side) for tick in kept]
        return max(prices) - prices[-1]

    # --- bars --------------------------------------------------------------------------------

    def crypto(self, symbol: str) -> bool:
        """Whether the symbol trades every day."""
        return any(fnmatchcase(symbol, one) for one in self._parts.settings.crypto)

    def slot(self) -> int:
        """Return the number of the newest M5 bar that is over and should be at the server."""
        at = self._parts.clock.now() - self._parts.settings.bar_delay
        return int(at // Timeframe.M5.seconds)

    async def read(self, symbol: str) -> bool:
        """Score a symbol once its newest bar is over; whether nothing is worth another try soon."""
        slot = self.slot()
        ends = float(slot * Timeframe.M5.seconds)
        late = self._parts.clock.now() - ends >= _LATE_S
        if self._scored.get(symbol, -1) >= slot:
            return True
        answer = await self._parts.port.bars(symbol, Timeframe.M5, self._parts.settings.m5_bars)
        if isinstance(answer, Incomplete):
            return late
        try:
            reading = await self._score(answer, symbol)
        except DataError as error:
            self._parts.recorder.say("warn", f"⚠️ {safe(symbol)}: bars not usable: {error}")
            self._parts.board.readings.pop(symbol, None)
            self._scored[symbol] = slot
            return True
        self._parts.board.readings[symbol] = reading
        self._learn_spread(symbol, answer)
        await self._read_hedge_atr(symbol)
        if reading.at < ends and not late and not self.quiet(symbol):
            return False
        self._scored[symbol] = slot
        return True

    async def _score(self, bars: Bars, symbol: str) -> Reading:
        anchor = Anchor.UTC_MIDNIGHT if self.crypto(symbol) else Anchor.NEW_YORK_CLOSE
        now = float(self._parts.clock.now())
        loop = asyncio.get_running_loop()
        with outside_work():
            return await loop.run_in_executor(None, lambda: latest(bars, now=now, anchor=anchor))

    def _learn_spread(self, symbol: str, bars: Bars) -> None:
        known = bars.spread[np.isfinite(bars.spread) & (bars.spread > 0)]
        if len(known):
            self._parts.board.spread_median[symbol] = float(np.median(known))
        else:
            self._parts.board.spread_median.pop(symbol, None)

    async def _read_hedge_atr(self, symbol: str) -> None:
        """Renew the ATR of the hedge's stop once an hour."""
        slot = int(self._parts.clock.now() // Timeframe.H1.seconds)
        if self._hedge_slot.get(symbol, -1) >= slot:
            return
        answer = await self._parts.port.bars(symbol, Timeframe.H1, _HEDGE_BARS)
        if isinstance(answer, Incomplete):
            return
        ranges = atr(answer.closed(self._parts.clock.now()))
        if len(ranges) and math.isfinite(ranges[-1]) and ranges[-1] > 0:
            self._parts.board.hedge_atr[symbol] = float(ranges[-1])
            self._hedge_slot[symbol] = slot

    def reading(self, symbol: str) -> Reading | None:
        """Return the newest reading, unless it is too old to say anything."""
        found = self._parts.board.readings.get(symbol)
        if found is None or self._parts.clock.now() - found.at > _OLD_READING_S:
            return None
        return found


def _possible(tick: Tick) -> bool:
    prices = (tick.bid, tick.ask)
    return all(math.isfinite(price) and price > 0 for price in prices) and tick.ask >= tick.bid


def symbols_of(look: Look, book: DefenceBook) -> set[str]:
    """Return the symbols whose prices are needed: of every position shown and every trade."""
    held = {position.symbol for position in look.positions}
    return held | {trade.symbol for trade in book.open_trades}
