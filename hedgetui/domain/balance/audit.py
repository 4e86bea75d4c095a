"""The outside checker of tickets: reads facts alone and trusts no memory of the program.

Every order of a ticket was announced in the row before it, each step at most once and in its turn;
nothing is sold that the ticket has not bought; nothing follows an end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hedgetui.domain import events as ev
from hedgetui.domain.balance import facts as pf
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.orders import TERMINAL, Intent, Purpose, Side

Say = Callable[[int, int, str], None]
"""Takes the number of the invariant, the place in the journal, words."""


@dataclass(slots=True)
class _Trail:
    """What is known of one ticket."""

    plan: TicketPlan
    orders: list[Intent] = field(default_factory=list)
    ended: bool = False


class TicketAuditor:
    """Follows facts; says what breaks."""

    def __init__(self, say: Say) -> None:
        """Begin at the journal's start."""
        self._say = say
        self._trails: dict[str, _Trail] = {}
        self._of: dict[str, str] = {}
        """Intent id to ticket id."""
        self._over: set[str] = set()
        self._filled: dict[str, dict[str, ev.FillBooked]] = {}
        """Intent id to its executions, the newest revision of each."""
        self._due: pf.TicketStepPlaced | None = None
        self._traded: set[str] = set()

    def traded(self, instrument_key: str) -> bool:
        """Return whether an order of a ticket was ever for this contract."""
        return instrument_key in self._traded

    def take(self, fact: ev.Fact) -> None:
        """Judge one fact."""
        due, self._due = self._due, None
        match fact.event:
            case ev.IntentRecorded(intent=intent) if intent.draft.purpose.is_ticket or due:
                self._recorded(fact.seq, intent, due)
            case _ if due is not None:
                self._say(3, fact.seq - 1, f"step of {due.ticket_id} is not followed by its order")
        match fact.event:
            case pf.TicketOpened(ticket_id=ticket_id, plan=plan):
                if ticket_id in self._trails:
                    self._say(4, fact.seq, f"ticket {ticket_id} is opened twice")
                self._trails[ticket_id] = _Trail(plan)
            case pf.TicketStepPlaced() as placed:
                self._due = placed
            case pf.TicketEnded(ticket_id=ticket_id):
                self._ended(fact.seq, ticket_id)
            case ev.FillBooked() as fill if fill.intent_id in self._of:
                self._filled.setdefault(fill.intent_id, {})[fill.exec_id] = fill
            case ev.IntentMoved(intent_id=key, after=after) if key in self._of:
                (self._over.add if after in TERMINAL else self._over.discard)(key)

    def _recorded(self, seq: int, intent: Intent, due: pf.TicketStepPlaced | None) -> None:
        name, draft = f"#{intent.number}", intent.draft
        trail = None if due is None else self._trails.get(due.ticket_id)
        if due is None or trail is None or due.intent_id != intent.intent_id:
            self._say(3, seq, f"order {name} is of no ticket that announced it")
            return
        step = len(trail.orders)
        if trail.ended:
            self._say(13, seq, f"order {name} follows the end of {due.ticket_id}")
        if due.step != step or step >= len(trail.plan.steps):
            self._say(4, seq, f"order {name} is step {due.step} of {due.ticket_id}, due is {step}")
            return
        if any(one.intent_id not in self._over for one in trail.orders):
            self._say(4, seq, f"order {name} does not wait for the step before it")
        wanted = trail.plan.steps[step]
        terms = (wanted.instrument_key, wanted.side, wanted.trims)
        trims = draft.purpose is Purpose.TRIM
        if (draft.instrument_key, draft.side, trims) != terms or draft.quantity > wanted.quantity:
            self._say(3, seq, f"order {name} is not what {due.ticket_id} showed")
        if draft.side is Side.SELL and not trims and draft.quantity > self._uncovered(trail):
            self._say(21, seq, f"order {name} sells more than {due.ticket_id} has bought")
        trail.orders.append(intent)
        self._of[intent.intent_id] = due.ticket_id
        self._traded.add(draft.instrument_key)

    def _uncovered(self, trail: _Trail) -> int:
        """Return what a ticket has bought and not sold again; trims are no part of it."""
        orders = [one for one in trail.orders if one.draft.purpose is Purpose.TICKET]
        return sum(
            fill.side.sign * fill.quantity
            for one in orders for fill in self._filled.get(one.intent_id, {}).values()
        )  # fmt: skip

    def _ended(self, seq: int, ticket_id: str) -> None:
        trail = self._trails.get(ticket_id)
        if trail is None or trail.ended:
            self._say(5, seq, f"ticket {ticket_id} ends without being open")
            return
        if any(one.intent_id not in self._over for one in trail.orders):
            self._say(5, seq, f"ticket {ticket_id} ends while an order of it is alive")
        trail.ended = True
