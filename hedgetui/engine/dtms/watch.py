"""The loop of the defence: look, compare, adopt, score, evaluate; every thirty seconds and on bars.

It runs on a fixed grid of the clock, sooner after anything that happened, and again in seconds
after an answer that could not be had. A cycle that cannot see decides nothing.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.bars import Timeframe
from hedgetui.domain.dtms.model import ActionState
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import Fact
from hedgetui.domain.mt5.records import Look, Position
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms import adoption
from hedgetui.engine.dtms.evaluation import Evaluation
from hedgetui.engine.dtms.link import Mt5Link
from hedgetui.engine.dtms.market import Market, symbols_of
from hedgetui.engine.dtms.memory import Memories
from hedgetui.engine.dtms.outbox import Outbox
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.rails import RailKeeper
from hedgetui.engine.dtms.truth import Truth

_SOON_S = 5.0
_WAKING = (fx.HedgeOpened, fx.HedgeGone, fx.DefenceAdopted, fx.AutomationSet)
"""After these a look follows at once."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a cycle works with."""

    link: Mt5Link
    market: Market
    truth: Truth
    outbox: Outbox
    rails: RailKeeper
    evaluation: Evaluation
    memories: Memories


class Watch:
    """Runs the cycles, one at a time with whatever else may send."""

    def __init__(self, parts: DefenceParts, tools: Tools, turn: asyncio.Lock) -> None:
        self._parts = parts
        self._tools = tools
        self._turn = turn
        self._due = asyncio.Event()
        self._again = False
        """Something could not be had: try again in seconds."""
        self.last_cycle_at: Timestamp | None = None
        self.next_at: Timestamp | None = None
        parts.recorder.listen(self._on_fact)

    def wake(self) -> None:
        """Ask for a cycle at once."""
        self._due.set()

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            await self._wait()
            if not self._tools.link.ready or not self._parts.settings.enabled:
                continue
            try:
                async with self._turn:
                    await self.cycle()
            except BrokerUnreachable as error:
                await self._tools.link.drop(str(error))

    async def settle(self) -> None:
        """After a connection: settle what may have left before anything is decided."""
        async with self._turn:
            await self._tools.outbox.resume()

    async def cycle(self) -> None:
        """Look once, and decide what follows.

        Raises:
            BrokerUnreachable: the link broke meanwhile.
            StoreError: the journal cannot be written.
        """
        tools = self._tools
        self._again = True
        look = await self._parts.port.look()
        if not await tools.link.take(look) or not isinstance(look, Look):
            return
        blind = await tools.market.refresh_ticks(symbols_of(look, self._parts.book))
        if blind is not None:
            tools.memories.doubt()
        findings = await tools.truth.compare(look)
        complete = await self._adopt(look)
        if self._unknown:
            await tools.outbox.resolve()
        await tools.outbox.keep_stops()
        for trade in self._parts.book.open_trades:
            complete &= await tools.market.read(trade.symbol)
            await tools.market.spec(trade.symbol)
        for symbol in sorted({position.symbol for position in look.positions}):
            await tools.market.spec(symbol)  # what is only held counts in the portfolio
        await tools.rails.refresh()
        await tools.evaluation.run(findings)
        self.last_cycle_at = self._parts.clock.now()
        self._again = bool(blind) or findings.pending or not complete or self._unknown

    @property
    def _unknown(self) -> bool:
        actions = self._parts.book.actions.values()
        return any(action.state is ActionState.UNKNOWN for action in actions)

    # --- adoption ----------------------------------------------------------------------------

    async def _adopt(self, look: Look) -> bool:
        """Take every new position under watch that the filters let in; whether none must wait."""
        complete = True
        for position in look.positions:
            settings, book = self._parts.settings, self._parts.book
            if not adoption.objection(position, settings, book):
                complete &= await self.adopt(position, "dtms")
        return complete

    async def adopt(self, position: Position, by: str) -> bool:
        """Take a position under watch; False while its risk cannot be measured.

        Raises:
            BrokerUnreachable: the link broke meanwhile.
            StoreError: the journal cannot be written.
        """
        risk = adoption.risk_of(position, None)
        if risk is None:
            await self._tools.market.read(position.symbol)
            reading = self._tools.market.reading(position.symbol)
            risk = adoption.risk_of(position, None if reading is None else reading.atr15)
        if risk is None:
            return False
        now, automation = self._parts.clock.now(), self._parts.settings.automation
        trade = adoption.trade_of(position, risk, automation, now)
        await self._parts.recorder.record(fx.DefenceAdopted(trade, by))
        stop = "no stop" if position.sl is None else f"SL {position.sl:g}"
        self._parts.recorder.say(
            "info",
            f"🛡️ #{trade.ticket} {safe(trade.symbol)} {trade.side} {trade.volume} under watch: "
            f"{stop}, R {risk:g}, {automation}",
        )
        return True

    # --- when --------------------------------------------------------------------------------

    async def _wait(self) -> None:
        now = self._parts.clock.now()
        self.next_at = self._next(now)
        timer = self._parts.clock.call_later(self.next_at - now, self._due.set)
        try:
            await self._due.wait()
        finally:
            timer.cancel()
        self._due.clear()

    def _next(self, now: Timestamp) -> Timestamp:
        """Return the next moment: of the 30 s grid, after a bar, of a deadline, or soon."""
        every, delay = float(self._parts.settings.fast_loop), float(self._parts.settings.bar_delay)
        bar = float(Timeframe.M5.seconds)
        moments = [(math.floor(now / every) + 1) * every]
        moments.append((math.floor((now - delay) / bar) + 1) * bar + delay)
        for trade in self._parts.book.open_trades:
            due = (trade.flat_at, trade.recover_by)
            moments += [at for at in due if at is not None and at > now]
        if self._again and self._tools.link.ready:
            moments.append(now + _SOON_S)
        return Timestamp(min(moments))

    def _on_fact(self, fact: Fact) -> None:
        if isinstance(fact.event, _WAKING):
            self._due.set()

    # --- what is not decided -----------------------------------------------------------------

    def frozen(self) -> str:
        """Return why nothing is decided now, in words; empty when all is seen."""
        link, book = self._tools.link, self._parts.book
        if not self._parts.settings.enabled:
            return "dtms is switched off in the settings"
        if not link.ready:
            return f"MT5 {link.state.value.lower()}: {link.reason}"
        failed = self._parts.board.look_failed
        if failed is not None:
            return f"positions unknown: {safe(failed.why)}"
        if self._tools.outbox.halted:
            return safe(self._tools.outbox.halted)
        stale = [
            f"{safe(symbol)} {why}"
            for symbol in sorted({trade.symbol for trade in book.open_trades})
            if (why := self._tools.market.quiet(symbol)) and not self._tools.market.closed(symbol)
        ]
        return ", ".join(stale)
