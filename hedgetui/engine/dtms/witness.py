"""Asking the broker what became of an action: a complete look, then the deals.

The deals are asked for after the look, so that what the look misses the deals may show; an answer
that could not be had makes the whole question void.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.dtms.model import ActionRecord, Trade
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.records import Deal, Incomplete, Look, PositionId
from hedgetui.domain.units import SECONDS_PER_DAY, Timestamp
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.weighing import STOPS, Evidence, Finding, gone, opens, weigh

_CLOCKS_DIFFER_S = 120.0
"""A deal that is told to be so much older than the plan was not made by it."""
_PROOF_WAITS_S = (0.0, 0.25, 0.5, 0.75, 1.5)
"""Three seconds in all: what a history needs to follow a fill."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One complete look at one action."""

    look: Look
    evidence: Evidence


class Witness:
    """Reads; concludes nothing that was not answered."""

    def __init__(self, parts: DefenceParts) -> None:
        self._parts = parts

    async def look(self) -> Look | None:
        """Return a complete look of a connected terminal on the session's account."""
        try:
            look = await self._parts.port.look()
        except BrokerUnreachable:
            return None
        if isinstance(look, Incomplete) or not look.terminal.connected:
            return None
        session = self._parts.board.session
        if session is not None and session.account.login != look.account.login:
            return None
        return look

    async def sight(self, action: ActionRecord) -> Sighting | None:
        """Look at one action once; None when a part of the answer could not be had."""
        look = await self.look()
        return None if look is None else await self.weigh(action, look)

    async def weigh(self, action: ActionRecord, look: Look) -> Sighting | None:
        """Add the deals to a look and weigh both."""
        deals = await self._deals(action)
        if deals is None:
            return None
        return Sighting(look, weigh(action, look, deals, self._older_end(action)))

    async def confirm(self, action: ActionRecord, at_least: float) -> Sighting | None:
        """Look until the effect is shown, three seconds at most; return the last sighting."""
        last: Sighting | None = None
        for wait in _PROOF_WAITS_S:
            await self._parts.clock.sleep(wait)
            sighting = await self.sight(action)
            if sighting is None:
                continue
            last = sighting
            evidence = sighting.evidence
            if evidence.finding is Finding.FOUND and float(evidence.filled) >= at_least - 1e-9:
                break
        return last

    async def closed(self, position: PositionId, look: Look) -> tuple[Deal, ...] | None:
        """Return the deals that closed a position; None while that is not proven.

        Polls three seconds, since the history follows a fill with a delay.
        """
        if look.position(position) is not None:
            return None
        for wait in _PROOF_WAITS_S:
            await self._parts.clock.sleep(wait)
            deals = await self._deals_of(position)
            proof = None if deals is None else gone(look, position, deals)
            if proof is not None:
                return proof
        return None

    async def main_closed(self, trade: Trade, look: Look) -> bool:
        """Whether the trade's position is proven closed."""
        return await self.closed(trade.identifier, look) is not None

    async def _deals(self, action: ActionRecord) -> tuple[Deal, ...] | None:
        if action.kind in STOPS:
            return ()
        if not opens(action):
            return await self._deals_of(action.position)
        since = Timestamp((action.sent_at or action.planned_at) - SECONDS_PER_DAY)
        try:
            deals = await self._parts.port.deals_since(since)
        except BrokerUnreachable:
            return None
        return None if isinstance(deals, Incomplete) else deals

    async def _deals_of(self, position: PositionId) -> tuple[Deal, ...] | None:
        try:
            deals = await self._parts.port.deals_of(position)
        except BrokerUnreachable:
            return None
        return None if isinstance(deals, Incomplete) else deals

    def _older_end(self, action: ActionRecord) -> Timestamp:
        """Return a moment between this action and the newest older one with the same magic.

        The cycle of a magic begins anew after 32 actions, and with a new or restored journal; what
        an older one did is not ours.
        """
        least = Timestamp(action.planned_at - _CLOCKS_DIFFER_S)
        ended = [
            one.ended_at
            for one in self._parts.book.actions.values()
            if one.magic == action.magic and one.action_id != action.action_id
            and one.ended_at is not None and one.ended_at <= action.planned_at
        ]  # fmt: skip
        if not ended:
            return least
        return Timestamp(max(least, (max(ended) + action.planned_at) / 2))
