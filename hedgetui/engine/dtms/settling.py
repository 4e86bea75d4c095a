"""Ending actions: what a look proved and everything that follows from it, in one write.

An action's end, the hedge it opened or closed, the volume it changed and the state it moves are one
record of the journal: a crash finds either all of it or the action still open, never half.
"""

from __future__ import annotations

from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import ActionKind, ActionRecord, ActionState, Trade
from hedgetui.domain.mt5.records import Look, PositionId, Ticket
from hedgetui.domain.text import safe
from hedgetui.engine.dtms import words
from hedgetui.engine.dtms.consequences import Consequences, Legs, ticket_of
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.witness import Sighting, Witness


class Settler:
    """Moves actions to their end; the only writer of their consequences."""

    def __init__(self, parts: DefenceParts, witness: Witness) -> None:
        self._parts = parts
        self._witness = witness
        self.consequences = Consequences(parts)

    # --- ends --------------------------------------------------------------------------------

    async def move(
        self,
        action: ActionRecord,
        after: ActionState,
        cause: str,
        *,
        retcode: int | None = None,
        ticket: Ticket = Ticket(0),  # noqa: B008 - a NewType call is its argument
    ) -> ActionRecord:
        """Move an action that has no consequence."""
        moved = fx.ActionMoved(action.action_id, action.state, after, cause, retcode, ticket)
        await self._parts.recorder.record(moved)
        return self._now(action)

    async def done(
        self, action: ActionRecord, sighting: Sighting, retcode: int | None = None
    ) -> ActionRecord:
        """Record that an action's effect is proven, with everything that follows from it.

        Raises:
            StoreError: the journal cannot be written.
        """
        evidence, look = sighting.evidence, sighting.look
        legs = await self.legs(action.trade, look)
        action = self._now(action)
        trade = self._parts.book.trades.get(action.trade)
        events: list[ev.Event] = [
            fx.ActionMoved(
                action.action_id, action.state, ActionState.DONE, evidence.words, retcode,
                ticket_of(action, sighting), evidence.price, evidence.filled or None,
            )
        ]  # fmt: skip
        if trade is not None:
            events += self.consequences.of(trade, action, sighting, legs)
        await self._parts.recorder.record(*events)
        self.tell(self._now(action), events)
        return self._now(action)

    async def legs_gone(self, trade: PositionId, kind: ActionKind, rule: str, why: str) -> bool:
        """Record what a look proves of legs that others closed; whether the goal is reached."""
        look = await self._witness.look()
        if look is None:
            return False
        legs = await self.legs(trade, look)
        now = self._parts.book.trades[trade]
        events = self.consequences.closed(now, look, legs, kind, rule, why)
        if events:
            await self._parts.recorder.record(*events)
            self.tell(None, events)
        return legs.hedge is not None if kind is ActionKind.CLOSE_HEDGE else legs.main is not None

    async def legs(self, trade: PositionId, look: Look) -> Legs:
        """Prove which legs are closed; a leg that is not shown and not proven is not closed."""
        known = self._parts.book.trades.get(trade)
        if known is None:
            return Legs(None, None)
        main = await self._witness.closed(known.identifier, look)
        if known.hedge is None or known.hedge.virtual:
            return Legs(main, None)
        return Legs(main, await self._witness.closed(known.hedge.position, look))

    def _now(self, action: ActionRecord) -> ActionRecord:
        return self._parts.book.actions[action.action_id]

    def tell(self, action: ActionRecord | None, events: list[ev.Event]) -> None:
        """Write the log lines of what was recorded."""
        say, trades = self._parts.recorder.say, self._parts.book.trades
        if action is not None:
            trade = trades.get(action.trade)
            if trade is not None:
                say("ok", _line(trade, action), action.why)
        for event in events:
            if isinstance(event, fx.DefenceMoved):
                trade = trades[event.trade]
                line = words.moved(
                    trade, event.before, event.after, event.why, event.score, event.u
                )
                reading = self._parts.board.readings.get(trade.symbol)
                say(words.level_of(event.after), line, words.reasons(trade, reading))
            elif isinstance(event, fx.DefenceDegraded) and event.why:
                trade = trades[event.trade]
                say("alarm", f"🛑 {words.name(trade)}: {event.why}")


def _line(trade: Trade, action: ActionRecord) -> str:
    price = "" if action.price is None else f" @ {action.price:g}"
    match action.kind:
        case ActionKind.OPEN_HEDGE if trade.hedge is not None:
            hedge = trade.hedge
            stop = "no SL" if hedge.sl is None else f"SL {hedge.sl:g}"
            said = "virtual, the position is reduced" if hedge.virtual else stop
            return (
                f"🛡️ DTMS: Hedge opened for {safe(trade.symbol)} #{trade.ticket}: "
                f"{hedge.side} {hedge.volume}{price}, {said}"
            )
        case _:
            return f"✅ {words.name(trade)} {action.kind} done: {action.request}{price}"
