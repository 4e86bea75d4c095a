"""The worker that sends a ticket's orders, one after the other, and says how it ended.

A ticket that a process left open is never gone on with: what works is followed to its end, and the
rest is named and not sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import math

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain import risk
from hedgetui.domain.balance import facts as pf
from hedgetui.domain.balance.limits import room
from hedgetui.domain.balance.ticket import TicketStep
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.risk import Denial, Refusal
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.engine.executor import Placed
from hedgetui.engine.market import Market
from hedgetui.engine.parts import Parts
from hedgetui.engine.tickets.book import Ticket, TicketBook
from hedgetui.engine.tickets.deciding import (
    DONE,
    PART,
    End,
    Send,
    Wait,
    covers,
    leftovers,
    outcome,
    what_next,
)
from hedgetui.engine.tickets.placing import Look, Placing, draft_of, needs_look

_PASSES = frozenset(
    {
        Denial.LINK, Denial.UNSYNCED, Denial.NO_QUOTE, Denial.STALE, Denial.COLLAR, Denial.RATE,
    }
)  # fmt: skip
"""Refusals that may pass by themselves; any other one ends the ticket at once."""
PATIENCE_S = 30.0
"""How long a step waits for such a refusal to pass."""
_LOOK_S = 1.0
TRIM_LOOK_S = 15.0
"""How often the account is looked at while a trim works."""


def _may_pass(refused: Refusal, step: TicketStep, index: int) -> bool:
    """Whether a refusal may pass by itself: positions are told a moment after executions.

    What was sent a moment before the first step was sent by another ticket, confirmed twice.
    """
    if refused.code is Denial.DUPLICATE:
        return index > 0
    return refused.code in _PASSES or (refused.code is Denial.PARITY and covers(step))


class TicketWorker:
    """Advances every open ticket."""

    def __init__(self, desk: Parts, book: TicketBook, placing: Placing, market: Market) -> None:
        self._desk = desk
        self._book = book
        self._placing = placing
        self._market = market
        self._wake = asyncio.Event()
        self.resumed: set[str] = set()
        """Tickets that an earlier process left open."""
        self._due_since: dict[str, Timestamp] = {}
        """Ticket id to when the step that is due was looked at first."""
        self.waits: dict[str, str] = {}
        """Ticket id to what it waits for."""
        self._looked: dict[str, tuple[Timestamp, bool]] = {}
        """Intent id of a trim to when the account was looked at, and whether less was held."""
        desk.recorder.listen(self._on_fact)

    def _on_fact(self, fact: ev.Fact) -> None:
        if isinstance(fact.event, ev.IntentMoved | pf.TicketOpened | ev.LinkChanged | ev.LatchSet):
            self._wake.set()

    async def run(self) -> None:
        """Work for ever."""
        self._wake.set()
        while True:
            again = None
            if self._book.open and not self._desk.recorder.failed:
                again = self._desk.clock.call_later(_LOOK_S, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                if again is not None:
                    again.cancel()
            self._wake.clear()
            for ticket in self._book.open:
                if not self._desk.recorder.failed:
                    await self._advance(ticket)

    async def _advance(self, ticket: Ticket) -> None:
        """Do what is due for one ticket."""
        due = what_next(ticket, self._desk.state.intents)
        match due:
            case Wait(why=why, unknown=unknown):
                self._wait(ticket, why, unknown=unknown)
                await self._take_back(ticket)
            case Send() if ticket.ticket_id in self.resumed:
                words = "the desk was started anew, and a ticket is not gone on with"
                await self._end(ticket, outcome(ticket, self._desk.state.intents), words)
            case Send(index=index, most=most):
                await self._step(ticket, index, most)
            case End(outcome=found, why=why):
                await self._end(ticket, found, why)

    def _wait(self, ticket: Ticket, why: str, *, unknown: bool) -> None:
        if unknown and self.waits.get(ticket.ticket_id) != why:
            words = (
                f"⏳ Ticket #{ticket.number} waits: {why}; nothing more of it is sent until then"
            )
            self._desk.recorder.say("warn", words, ticket.plan.title)
        self.waits[ticket.ticket_id] = why

    # --- what works and must not any more ----------------------------------------------------

    async def _take_back(self, ticket: Ticket) -> None:
        """Cancel what would sell more than there is: busted, or sold by another hand."""
        for order in ticket.orders(self._desk.state.intents):
            if not order.live or order.cancel_wanted:
                continue
            if order.draft.purpose is od.Purpose.TRIM:
                why = await self._turns_round(order.intent_id)
            else:
                why = self._uncovered(order.draft)
            if why:
                words = f"🛑 #{order.number} {order.draft.describe()} is taken back: {why}"
                self._desk.recorder.say("alarm", words, ticket.plan.title)
                await self._desk.tracker.cancel(order, why)

    def _uncovered(self, draft: od.OrderDraft) -> str:
        """Return why a sale that works is covered no more; empty while it is."""
        if draft.side is od.Side.BUY:
            return ""
        missing = -room(self._placing.exposure(draft), parse_key(draft.instrument_key))
        return f"{missing} of it covered no more" if missing > 0 else ""

    async def _turns_round(self, intent_id: str) -> str:
        """Return why a trim that works would turn its holding round; empty while it would not.

        The account is looked at now and then, since nobody tells of other hands' trades. One look
        may be older than a fill of the trim itself: two have to say it.
        """
        now = self._desk.clock.now()
        last, doubted = self._looked.get(intent_id, (Timestamp(-math.inf), False))
        if now - last < TRIM_LOOK_S:
            return ""
        look = await self._placing.look()
        order = self._desk.state.intents[intent_id]
        held = 0 if look is None else look.positions.get(order.draft.instrument_key, 0)
        beyond = look is not None and order.live and order.remaining > -order.draft.side.sign * held
        self._looked[intent_id] = now, beyond
        if not (beyond and doubted):
            return ""
        return f"{order.remaining} left to trade, {held:+d} held"

    # --- sending -----------------------------------------------------------------------------

    async def _step(self, ticket: Ticket, index: int, most: int) -> None:
        """Send one step, or wait a while for what may pass by itself, or give up."""
        step, now = ticket.plan.steps[index], self._desk.clock.now()
        since = self._due_since.setdefault(ticket.ticket_id, now)
        with contextlib.suppress(BrokerUnreachable):
            await self._market.watch()
        look = await self._placing.look() if needs_look(step) else None
        reason = f"ticket #{ticket.number}: {ticket.plan.title}"
        draft = draft_of(step, most, ticket.ticket_id, reason)
        refused = self._refusal(draft, look)
        patient = self._desk.clock.now() - since < PATIENCE_S
        if refused is not None and _may_pass(refused, step, index) and patient:
            self.waits[ticket.ticket_id] = f"{draft.describe()}: {refused.message}"
            return
        placed = await self._placing.send(ticket, index, draft, look)
        self._due_since.pop(ticket.ticket_id, None)
        self.waits.pop(ticket.ticket_id, None)
        if isinstance(placed, Refusal):
            why = f"{draft.describe()} not sent ({placed.code}): {placed.message}"
            await self._end(ticket, outcome(ticket, self._desk.state.intents), why)
        else:
            self._say_placed(ticket, placed)

    def _refusal(self, draft: od.OrderDraft, look: Look | None) -> Refusal | None:
        """Return what the gates would say now; nothing of it is journalled."""
        exposure = self._placing.exposure(draft, look)
        return risk.refusal(draft, self._placing.context(draft, exposure, None))

    def _say_placed(self, ticket: Ticket, placed: Placed) -> None:
        if placed.intent.state is not od.IntentState.ABANDONED:
            words = f"📤 #{placed.intent.number} {placed.intent.draft.describe()}"
            self._desk.recorder.say("info", f"{words} for ticket #{ticket.number}",
                                    ticket.plan.title)  # fmt: skip

    # --- ends --------------------------------------------------------------------------------

    async def _end(self, ticket: Ticket, found: str, why: str) -> None:
        """Write the end and say what stands alone."""
        await self._desk.recorder.record(pf.TicketEnded(ticket.ticket_id, found, safe(why, 400)))
        self._due_since.pop(ticket.ticket_id, None)
        self.waits.pop(ticket.ticket_id, None)
        self.resumed.discard(ticket.ticket_id)
        say = self._desk.recorder.say
        if found == DONE:
            say("ok", f"✅ Ticket filled: #{ticket.number} {safe(ticket.plan.title)}",
                ", ".join(self._fills(ticket)))  # fmt: skip
            return
        held, unsent = leftovers(ticket, self._desk.state.intents)
        parts = [f"traded {', '.join(held)}" if held else "nothing was traded"]
        parts += [f"not sent: {', '.join(unsent)}"] if unsent else []
        alone = bool(held) and any(covers(step) for step in ticket.plan.steps)
        parts += ["look at what stands alone: trim it, or send the rest as a ticket"] * alone
        ended = "ended in part" if found == PART else "failed"
        text = f"⚠ Ticket #{ticket.number} {ended}: {safe(why, 200)}; {'; '.join(parts)}"
        say("warn", text, ticket.plan.title)

    def _fills(self, ticket: Ticket) -> list[str]:
        """Return `+1 SPY 20260220 580 C @ 9.10` of every execution."""
        state = self._desk.state
        return [
            f"{fill.side.sign * fill.quantity:+d} {fill.instrument_key} @ {fill.price}"
            for fill in state.fills.values()
            if fill.intent_id in ticket.intents
        ]
