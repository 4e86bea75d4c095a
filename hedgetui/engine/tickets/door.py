"""Tickets as the kernel holds them: preview, confirm, follow, show."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from hedgetui.domain import commands as cm
from hedgetui.domain.balance import facts as pf
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.commands import Command
from hedgetui.domain.events import Fact
from hedgetui.domain.instruments import is_security, parse_key
from hedgetui.domain.orders import IntentState
from hedgetui.domain.text import safe
from hedgetui.engine.context import Contexts
from hedgetui.engine.market import Market
from hedgetui.engine.parts import Parts
from hedgetui.engine.supervisor import Worker
from hedgetui.engine.switches import done, refused
from hedgetui.engine.tickets.book import Ticket, TicketBook
from hedgetui.engine.tickets.placing import Placing
from hedgetui.engine.tickets.previews import KIND, Planned, TicketPlanner
from hedgetui.engine.tickets.working import TicketWorker
from hedgetui.ports.balance import TicketView
from hedgetui.ports.desk import Outcome
from hedgetui.ports.ids import IdSource

_PREVIEWS_KEPT = 8
_SHOWN = 50
_TITLE_LENGTH = 100
_ID_DIGITS = 6
_LOOKS, _BETWEEN_S = 30, 0.1
"""A preview waits three seconds at most for fresh quotes."""


class Tickets:
    """Every part of tickets, made once and wired once."""

    def __init__(
        self, desk: Parts, contexts: Contexts, market: Market, identities: IdSource
    ) -> None:
        self._desk = desk
        self._market = market
        self._identities = identities
        self._book = TicketBook()
        desk.recorder.listen(self._book.take)  # first: whoever listens later sees the tickets
        placing = Placing(desk, contexts)
        self._planner = TicketPlanner(desk, placing)
        self._worker = TicketWorker(desk, self._book, placing, market)
        self._plans: dict[str, Planned] = {}
        self._turn = asyncio.Lock()

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold the journal; what an earlier process left open is not gone on with."""
        for fact in facts:
            self._book.take(fact)
        self._worker.resumed.update(ticket.ticket_id for ticket in self._book.open)

    def workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what a supervisor must keep running."""
        return (("tickets", self._worker.run),)

    def contracts(self) -> frozenset[str]:
        """Return what is to be watched: contracts of open tickets and own securities."""
        state, now = self._desk.state, self._desk.clock.now()
        keys = {key for ticket in self._book.open for key in ticket.keys}
        for key in filter(is_security, state.positions):
            instrument = parse_key(key)
            if instrument.expiry is None or instrument.expires_at > now:
                keys.add(key)
        return frozenset(keys)

    def owns(self, command: Command) -> bool:
        """Whether a command confirms a preview of here."""
        return isinstance(command, cm.Confirm) and command.preview_id.startswith(f"{KIND}-")

    # --- preview and confirm -----------------------------------------------------------------

    async def preview(self, plan: TicketPlan) -> Outcome:
        """Show what a ticket would send; nothing is sent.

        Raises:
            HedgetuiError: the link failed, or a step names no instrument.
        """
        plan = replace(plan, title=safe(plan.title, _TITLE_LENGTH), why=safe(plan.why))
        keys = frozenset(step.instrument_key for step in plan.steps)
        await self._market.watch_also(keys)
        await self._quotes_of(keys)
        planned = await self._planner.plan(plan)
        self._keep(planned)
        view = planned.view
        return Outcome(ok=True, code="preview", message=view.title, preview=view)

    async def _quotes_of(self, keys: frozenset[str]) -> None:
        """Wait a moment for fresh quotes and the sessions of what was watched only now."""
        board, clock = self._desk.board, self._desk.clock
        oldest = self._desk.settings.limits.quote_max_age
        symbols = {parse_key(key).symbol for key in keys}
        for _ in range(_LOOKS):
            quotes = [board.quote(key) for key in keys]
            fresh = all(one is not None and one.age(clock.now()) <= oldest for one in quotes)
            if fresh and symbols <= self._desk.state.venues.keys():
                return
            await clock.sleep(_BETWEEN_S)

    def _keep(self, planned: Planned) -> None:
        """Remember a preview; the screen and a console verb may each have one open."""
        self._plans[planned.view.preview_id] = planned
        while len(self._plans) > _PREVIEWS_KEPT:
            del self._plans[next(iter(self._plans))]

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Confirm a preview: open its ticket, if it still is what would be shown.

        Raises:
            HedgetuiError: the link or the journal failed.
        """
        if not isinstance(command, cm.Confirm):
            return refused("usage", "only previews of tickets are confirmed here")
        async with self._turn:
            return await self._confirm(command, by)

    async def _confirm(self, command: cm.Confirm, by: str) -> Outcome:
        planned = self._plans.pop(command.preview_id, None)
        if planned is None or self._desk.clock.now() > planned.view.expires_at:
            return refused("preview-expired", "the preview is no longer valid", "preview again")
        if not planned.view.sendable:
            bad = next(check for check in planned.view.checks if not check.ok)
            return refused(planned.denial or bad.name, bad.detail)
        if planned.view.ask_typed and command.typed != planned.view.ask_typed:
            return refused("not-typed", f"type {planned.view.ask_typed} to go on")
        again = await self._planner.plan(planned.plan)
        if again.terms != planned.terms or not again.view.sendable:
            self._keep(again)
            return Outcome(ok=False, code="book-moved", message="the market or the account moved: "
                           "look again", preview=again.view)  # fmt: skip
        return await self._open(planned.plan, by)

    async def _open(self, plan: TicketPlan, by: str) -> Outcome:
        """Write that a person confirmed it; the worker sends it."""
        number = len(self._book.tickets) + 1
        ticket_id = f"T{number}-{self._identities.next()[-_ID_DIGITS:]}"
        await self._desk.recorder.record(pf.TicketOpened(ticket_id, plan, by))
        orders = ", then ".join(step.describe().replace(" LMT ", " @ ") for step in plan.steps)
        words = f"Ticket #{number}: {orders}"
        self._desk.recorder.say("info", f"🎯 {words}", f"{plan.title}: {plan.why}")
        return done(words)

    # --- view --------------------------------------------------------------------------------

    def view(self) -> tuple[TicketView, ...]:
        """Return the last tickets, newest first."""
        newest = list(self._book.tickets.values())[-_SHOWN:]
        return tuple(self._view_of(ticket) for ticket in reversed(newest))

    def _view_of(self, ticket: Ticket) -> TicketView:
        orders = ticket.orders(self._desk.state.intents)
        filled = sum(
            order.state is IntentState.FILLED and order.filled >= step.quantity
            for order, step in zip(orders, ticket.plan.steps, strict=False)
        )
        ended = ticket.ended
        waits = self._worker.waits.get(ticket.ticket_id, "")
        return TicketView(
            ticket_id=ticket.ticket_id,
            at=ticket.at,
            title=ticket.plan.title,
            state="working" if ended is None else ended.outcome,
            done=filled,
            steps=len(ticket.plan.steps),
            why=waits if ended is None else ended.why,
        )
