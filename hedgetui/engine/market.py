"""Market data the desk asks for: what to watch, the hedge months, the scanned chain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.instruments import is_security
from hedgetui.domain.quotes import VolatilityHistory
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp
from hedgetui.domain.vega import messages
from hedgetui.domain.vega.scanner import Candidate, scan
from hedgetui.engine.parts import Parts
from hedgetui.engine.services.hedge_orders import HedgeOrders

_RETRY_S = 5.0
_PATIENCE = 6
"""Tries before a missing hedge month becomes a clear error."""
_MONTHS_RETRY_S = 60.0
_CHAIN_FRESH_S = 300.0
_SAME_SCAN_S = 2.0
"""A chain costs a broker many seconds to read: one just read is not read again."""


class Market:
    """Keeps subscriptions equal to what the book and the screen need."""

    def __init__(self, parts: Parts, orders: HedgeOrders) -> None:
        self._broker = parts.broker
        self._recorder = parts.recorder
        self._board = parts.board
        self._clock = parts.clock
        self._settings = parts.settings
        self._orders = orders
        self._watched: frozenset[str] = frozenset()
        self._previewed: frozenset[str] = frozenset()
        self._announced = ""
        self._months_at = Timestamp(float("-inf"))
        self.candidates: tuple[Candidate, ...] = ()
        self.scanned_at: Timestamp | None = None
        self._history: VolatilityHistory | None = None
        self._scanning = asyncio.Lock()
        self.others: Callable[[], frozenset[str]] = frozenset
        """Returns what else is to be watched: the futures of hedge accounts, own securities."""

    @property
    def chain_fresh(self) -> bool:
        """Whether the scanner's numbers are young enough to choose by."""
        if self.scanned_at is None or not self.candidates:
            return False
        return self._clock.now() - self.scanned_at <= _CHAIN_FRESH_S

    def forget(self) -> None:
        """The session is new: nothing is subscribed and old greeks must not look fresh."""
        self._watched = frozenset()
        self._board.invalidate_greeks(self._clock.now())

    async def keep_months(self) -> None:
        """Learn the hedge months, again and again until they are known."""
        symbol = self._settings.vega.hedge_symbol
        for attempt in range(1, _PATIENCE + 1):
            await self._learn_months()
            if self._orders.months:
                return
            self._recorder.say("warn", messages.not_initialized(symbol))
            if attempt < _PATIENCE:
                await self._clock.sleep(_RETRY_S)
        why = f"the broker lists no {symbol} months"
        self._recorder.say("alarm", f"❌ {why}; hedging is not possible")

    async def refresh_months(self) -> None:
        """Learn the months again: daily, and often while none has enough life left."""
        wait = SECONDS_PER_DAY if self._orders.active_month() is not None else _MONTHS_RETRY_S
        if self._clock.now() - self._months_at >= wait:
            await self._learn_months()

    async def _learn_months(self) -> None:
        self._months_at = self._clock.now()
        months = await self._broker.futures(self._settings.vega.hedge_symbol)
        self._orders.months = months or self._orders.months

    async def watch(self) -> None:
        """Subscribe to exactly what is needed now."""
        state = self._recorder.state
        keys = {leg.instrument.key for trade in state.open_strangles for leg in trade.legs}
        keys.update(key for key in state.positions if not is_security(key))
        keys.update(self._previewed | self.others())
        active = self._orders.active_month()
        if active is not None:
            keys.add(active.key)
        wanted = frozenset(keys)
        if wanted == self._watched:
            return
        await self._broker.watch(wanted)
        self._watched = wanted

    async def watch_also(self, keys: frozenset[str]) -> None:
        """Subscribe to instruments a preview is about, until the next preview."""
        self._previewed = keys
        await self.watch()

    def announce(self) -> None:
        """Say once per month that hedge data came in."""
        active = self._orders.active_month()
        if active is None or active.key == self._announced:
            return
        if self._board.mark(active.key) is not None:
            self._announced = active.key
            month = active.key.rpartition(" ")[2]
            self._recorder.say("ok", messages.subscribed(active.symbol, month))

    async def scan(self) -> int:
        """Read the chain and rank it; returns the number of candidates.

        Raises:
            BrokerUnreachable: the chain could not be read; the old ranking stays.
        """
        asked = self._clock.now()
        async with self._scanning:
            if self.scanned_at is not None and self.scanned_at > asked - _SAME_SCAN_S:
                return len(self.candidates)  # as good as new, or somebody's we waited for
            if self._history is None:
                self._history = await self._broker.volatility_history()
            chain = await self._broker.chain()
            now = self._clock.now()
            self.candidates = scan(chain, self._settings.scan, self._history, now)
            self.scanned_at = now
            return len(self.candidates)

    async def first_scan(self) -> None:
        """Fill the scanner after a connection; a failure only leaves it empty."""
        try:
            found = await self.scan()
        except (HedgetuiError, ValueError, ArithmeticError) as error:
            # Hedging does not need it; the next connection or `c` tries again.
            self._recorder.say("warn", f"⚠ Chain not read: {error}")
            return
        self._recorder.say("info", f"🔍 Scanned the chain: {found} strangles")


def option_keys(candidate: Candidate) -> frozenset[str]:
    """Return the two instruments of a candidate."""
    return frozenset(leg.instrument.key for leg in (candidate.put, candidate.call))
