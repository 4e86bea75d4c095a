"""Closing legs by their tickets, at the volumes that are there.

The trade's own position goes first: if anything breaks between the legs, what is left is a hedge
without its trade, which every later look recognises and closes. A leg counts as closed when its
deals say so, whoever closed it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hedgetui.domain.dtms import actions
from hedgetui.domain.dtms.actions import Plan, Skip
from hedgetui.domain.dtms.model import ActionKind, ActionState, State
from hedgetui.domain.mt5.identity import magic_of
from hedgetui.domain.mt5.retcodes import Meaning
from hedgetui.engine.dtms.errands import Acted, Attempt, Ended, Errand, Scene, acted
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.settling import Settler
from hedgetui.engine.dtms.trying import Trying

_MOST_STEPS = 6
"""Requests of one closing: both legs by each other, the rest of one, pieces of a large one."""


@dataclass
class _Way:
    """How the legs are being closed."""

    close_by: bool = True
    tried: bool = False
    """The newest request was a close-by."""


class Closing:
    """Closes hedges and whole trades."""

    def __init__(self, parts: DefenceParts, trying: Trying, settler: Settler) -> None:
        self._parts = parts
        self._trying = trying
        self._settler = settler

    async def close_all(self, errand: Errand) -> Acted:
        """Close both legs; what stays open is for the next evaluation."""
        way = _Way()
        last = Acted(None, "gone", "nothing is open")

        async def make(scene: Scene) -> Plan | Skip:
            return self.plan_all(scene, way)

        for _ in range(_MOST_STEPS):
            ended = await self._trying.run(errand, make)
            if _is_gone(ended):
                return await self._proven(errand, last)
            last = acted(ended)
            if not isinstance(ended, Attempt) or not self._goes_on(ended, way):
                return _partly(last)
            if self._closed(errand):
                return last
        return _partly(last)

    async def close_hedge(self, errand: Errand) -> Acted:
        """Close the hedge; a virtual one is given up, or bought back where that is wanted."""
        trade = self._parts.book.trades[errand.trade]
        if trade.hedge is None:
            return Acted(None, "no-hedge", "there is no hedge")
        ended = await self._trying.run(errand, self._make_hedge)
        if _is_gone(ended):
            return await self._proven(errand, acted(ended))
        if isinstance(ended, Skip) and ended.code == "off":
            return await self._give_up(errand)
        short = isinstance(ended, Attempt) and ended.action.filled < ended.action.volume
        return _partly(acted(ended)) if short else acted(ended)

    def plan_all(self, scene: Scene, way: _Way | None = None) -> Plan | Skip:
        """Return the next request that closes a trade."""
        trade, main, hedge = scene.trade, scene.position, scene.hedge
        way = way or _Way()
        way.tried = False
        magic = magic_of(ActionKind.CLOSE_ALL, trade.cycle + 1, trade.identifier)
        if main is None:
            if hedge is None:
                return Skip("gone", "both legs are closed")
            return actions.close(hedge, scene.spec, scene.tick, magic)
        by_each_other = way.close_by and scene.look.account.hedging and scene.spec.close_by
        if hedge is not None and by_each_other:
            way.tried = True
            return actions.close_by(main, hedge, scene.spec, magic)
        return actions.close(main, scene.spec, scene.tick, magic)

    def plan_hedge(self, scene: Scene) -> Plan | Skip:
        """Return the request that closes a trade's hedge."""
        trade = scene.trade
        if trade.hedge is not None and trade.hedge.virtual:
            return self._buy_back(scene)
        if scene.hedge is None:
            return Skip("gone", "the hedge is closed")
        magic = magic_of(ActionKind.CLOSE_HEDGE, trade.cycle + 1, trade.identifier)
        return actions.close(scene.hedge, scene.spec, scene.tick, magic)

    async def _make_hedge(self, scene: Scene) -> Plan | Skip:
        return self.plan_hedge(scene)

    def _buy_back(self, scene: Scene) -> Plan | Skip:
        if scene.position is None:
            return Skip("off", "the position is closed: nothing to buy back")
        # With the levels that stand now: on a netting account the order replaces them.
        trade = replace(scene.trade, sl=scene.position.sl, tp=scene.position.tp)
        return actions.buy_back(trade, scene.spec, scene.tick, self._parts.settings.rules)

    async def _give_up(self, errand: Errand) -> Acted:
        trade = self._parts.book.trades[errand.trade]
        events = self._settler.consequences.virtual_ended(trade, errand.rule, errand.why)
        await self._parts.recorder.record(*events)
        self._settler.tell(None, events)
        return Acted(ActionState.DONE, "done", "the virtual hedge ended; nothing was sent")

    async def _proven(self, errand: Errand, last: Acted) -> Acted:
        """Nothing is left to close: record it if the deals say so."""
        reached = await self._settler.legs_gone(errand.trade, errand.kind, errand.rule, errand.why)
        if self._closed(errand) or reached:
            state = last.state if last.state is ActionState.DONE else None
            return Acted(state, "closed", "closed, proven by its deals", last.action_id)
        return Acted(None, "unproven", "a leg is not shown and no deal says that it closed")

    def _goes_on(self, attempt: Attempt, way: _Way) -> bool:
        """Whether another leg may follow."""
        if attempt.done:
            return attempt.action.filled >= attempt.action.volume
        refused = attempt.meaning
        if refused is Meaning.GONE:
            return True
        if way.tried and refused in {Meaning.RULE, Meaning.BUG, Meaning.STALE_VIEW}:
            way.close_by = False
            return True
        return False

    def _closed(self, errand: Errand) -> bool:
        return self._parts.book.trades[errand.trade].state is State.CLOSED


def _partly(last: Acted) -> Acted:
    """Return an end that is none: what was done is done, and something is still open."""
    if last.state is not ActionState.DONE:
        return last
    return Acted(None, "partly", f"{last.message}; the rest is still open", last.action_id)


def _is_gone(ended: Ended) -> bool:
    """Whether the leg was not there when it was looked for."""
    if isinstance(ended, Skip):
        return ended.code == "gone"
    return isinstance(ended, Attempt) and ended.meaning is Meaning.GONE and _single(ended)


def _single(attempt: Attempt) -> bool:
    """Whether the request was about one leg only."""
    return attempt.action.kind is ActionKind.CLOSE_HEDGE
