"""Stops: tighter on the trade, and the hedge's own where the broker would not take it.

A stop that the broker does not hold is watched here (`SOFT SL`): each fast loop compares it with
the price, closes the hedge beyond it, and now and then asks the broker again.
"""

from __future__ import annotations

from dataclasses import replace

from hedgetui.domain.dtms import actions
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.actions import Plan, Skip
from hedgetui.domain.dtms.machine import Wish
from hedgetui.domain.dtms.model import ActionKind, Trade
from hedgetui.domain.mt5.records import Incomplete, PositionId, Tick
from hedgetui.domain.mt5.retcodes import Meaning
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms import words
from hedgetui.engine.dtms.errands import Acted, Attempt, Errand, Scene, acted
from hedgetui.engine.dtms.gate import SOFT_STOP, Gate
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.trying import Trying

WIDER = (1.0, 1.5, 2.0)
"""Distances that are tried for a hedge's stop, in shares of the planned one."""
_ASK_AGAIN_S = (30.0, 60.0, 120.0, 300.0, 600.0)
"""Between attempts to give the broker a stop that is watched here; the last one repeats."""


class Stops:
    """Moves stops and keeps the software ones."""

    def __init__(self, parts: DefenceParts, gate: Gate, trying: Trying) -> None:
        self._parts = parts
        self._gate = gate
        self._trying = trying
        self._asked: dict[PositionId, tuple[int, Timestamp]] = {}
        """Hedge position to how often the broker was asked, and when it may be asked again."""

    def plan(self, scene: Scene, kind: ActionKind, share: float = 1.0) -> Plan | Skip:
        """Return the request of a stop action as things are now."""
        if kind is ActionKind.SET_STOP:
            return self._plan_hedge_stop(scene, share)
        if scene.position is None:
            return Skip("gone", "the position is not there")
        trade, position = scene.trade, scene.position
        if kind is ActionKind.BREAKEVEN_SL:
            return actions.breakeven(trade, position, scene.spec, scene.tick)
        rules = self._parts.settings.rules
        return actions.tighten(trade, position, scene.spec, scene.tick, rules)

    def _plan_hedge_stop(self, scene: Scene, share: float) -> Plan | Skip:
        trade, hedge = scene.trade, scene.hedge
        if trade.hedge is None or trade.hedge.sl is None:
            return Skip("no-hedge", "there is no hedge that wants a stop")
        if hedge is None:
            return Skip("gone", "the hedge is not there")
        price, side = trade.hedge.price, hedge.side
        level = price - side.sign * abs(price - trade.hedge.sl) * share
        return actions.set_stop(trade, hedge, scene.spec, scene.tick, level)

    async def set_stop(self, errand: Errand) -> Acted:
        """Give a hedge its stop at the broker, wider if it must be; else it stays here."""
        outcome = Acted(None, "no-hedge", "there is no hedge that wants a stop")
        for share in WIDER:

            async def make(scene: Scene, share: float = share) -> Plan | Skip:
                return self.plan(scene, ActionKind.SET_STOP, share)

            ended = await self._trying.run(errand, make)
            outcome = acted(ended)
            if not isinstance(ended, Attempt) or ended.meaning is not Meaning.BAD_LEVEL:
                break
        await self._note(errand, outcome)
        return outcome

    async def _note(self, errand: Errand, outcome: Acted) -> None:
        """Say that a stop is watched here; adopt one that the broker holds after all."""
        trade = self._parts.book.trades[errand.trade]
        hedge = trade.hedge
        if hedge is None or not hedge.soft_sl:
            return
        if outcome.code == "holds":
            events = fx.HedgeAmended(
                trade.identifier, replace(hedge, soft_sl=False), "the broker holds its stop"
            )
            await self._parts.recorder.record(events)
            return
        asked, _ = self._asked.get(hedge.position, (0, Timestamp(0.0)))
        wait = _ASK_AGAIN_S[min(asked, len(_ASK_AGAIN_S) - 1)]
        at = Timestamp(self._parts.clock.now() + wait)
        self._asked[hedge.position] = asked + 1, at
        if not asked:
            line = f"🛑 {words.name(trade)} SOFT SL {hedge.sl}: the desk watches the hedge's stop"
            self._parts.recorder.say("alarm", line, outcome.message)

    async def soft(self) -> list[tuple[PositionId, Wish]]:
        """Return what the software stops want now: a hedge beyond its stop, or to ask again.

        Raises:
            BrokerUnreachable: the link broke.
        """
        watched = [t for t in self._parts.book.trades.values() if t.hedge and t.hedge.soft_sl]
        if not watched:
            return []
        ticks = await self._parts.port.ticks(sorted({trade.symbol for trade in watched}))
        if isinstance(ticks, Incomplete):
            return []
        wishes = []
        for trade in watched:
            wish = self._wish(trade, ticks.get(trade.symbol))
            if wish is not None:
                wishes.append((trade.identifier, wish))
        return wishes

    def _wish(self, trade: Trade, tick: Tick | None) -> Wish | None:
        hedge = trade.hedge
        if hedge is None or hedge.sl is None or tick is None or self._gate.stale(tick) is not None:
            return None
        price = tick.closing(hedge.side)
        if hedge.side.sign * (price - hedge.sl) <= 0:
            return Wish(*SOFT_STOP, f"SOFT SL: {price:g} is beyond {hedge.sl:g}")
        _, again = self._asked.get(hedge.position, (0, Timestamp(0.0)))
        if self._parts.clock.now() < again:
            return None
        return Wish(ActionKind.SET_STOP, "T5", "the broker does not hold the hedge's stop")
