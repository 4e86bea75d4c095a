"""Tickets as the journal tells them: what was opened, which orders it has, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hedgetui.domain import events as ev
from hedgetui.domain.balance import facts as pf
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.orders import Intent
from hedgetui.domain.units import Timestamp


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket."""

    ticket_id: str
    number: int
    """Counts tickets from 1: the #12 of the log."""
    at: Timestamp
    plan: TicketPlan
    by: str
    intents: tuple[str, ...] = ()
    """Intent ids of the steps that were placed, in their order; a step is placed once at most."""
    causes: Mapping[str, str] = field(default_factory=dict)
    """Intent id to what moved it last."""
    ended: pf.TicketEnded | None = None

    def orders(self, intents: Mapping[str, Intent]) -> tuple[Intent, ...]:
        """Return the orders of the steps that were placed."""
        return tuple(intents[one] for one in self.intents)

    @property
    def keys(self) -> frozenset[str]:
        """Every contract of its steps."""
        return frozenset(step.instrument_key for step in self.plan.steps)


class TicketBook:
    """A fold of the journal."""

    def __init__(self) -> None:
        """Begin at the journal's start."""
        self.tickets: dict[str, Ticket] = {}
        """By id, oldest first."""
        self._of: dict[str, str] = {}
        self._open: dict[str, None] = {}

    @property
    def open(self) -> tuple[Ticket, ...]:
        """Tickets that have not ended, oldest first."""
        return tuple(self.tickets[one] for one in self._open)

    def take(self, fact: ev.Fact) -> None:
        """Fold one fact."""
        match fact.event:
            case pf.TicketOpened(ticket_id=key, plan=plan, by=by):
                self.tickets[key] = Ticket(key, len(self.tickets) + 1, fact.at, plan, by)
                self._open[key] = None
            case pf.TicketStepPlaced(ticket_id=key, intent_id=intent_id) if key in self.tickets:
                ticket = self.tickets[key]
                self._of[intent_id] = key
                self.tickets[key] = replace(ticket, intents=(*ticket.intents, intent_id))
            case ev.IntentMoved(intent_id=intent_id, cause=cause) if intent_id in self._of:
                ticket = self.tickets[self._of[intent_id]]
                causes = {**ticket.causes, intent_id: cause}
                self.tickets[ticket.ticket_id] = replace(ticket, causes=causes)
            case pf.TicketEnded(ticket_id=key) as ended if key in self.tickets:
                self.tickets[key] = replace(self.tickets[key], ended=ended)
                self._open.pop(key, None)
