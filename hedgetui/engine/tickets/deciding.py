"""What becomes of a ticket next: one pure answer from its plan and the state of its orders.

A step is placed once at most. The next one goes when the one before is filled; after one that was
not, only what it bought is still covered, and then the ticket is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hedgetui.domain.balance.ticket import TicketStep
from hedgetui.domain.orders import Intent, IntentState, Side
from hedgetui.engine.tickets.book import Ticket

DONE, PART, FAILED = "done", "part", "failed"


@dataclass(frozen=True, slots=True)
class Wait:
    """An order of it is alive."""

    why: str
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """A step is due, for at most so many."""

    index: int
    most: int


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more of it will be sent."""

    outcome: str
    why: str


Next = Wait | Send | End


def what_next(ticket: Ticket, intents: Mapping[str, Intent]) -> Next:
    """Return what is due for a ticket."""
    orders, steps = ticket.orders(intents), ticket.plan.steps
    for order in orders:
        if order.live:
            unknown = order.state is IntentState.UNKNOWN
            return Wait(f"order #{order.number} is {order.state.value}", unknown)
    short = [
        order for order, step in zip(orders, steps, strict=False) if order.filled < step.quantity
    ]
    if len(orders) == len(steps):
        return End(outcome(ticket, intents), ended_words(ticket, short))
    step = steps[len(orders)]
    if not short:
        return Send(len(orders), step.quantity)
    last = orders[-1]
    bought = last.filled if last.draft.side is Side.BUY and not _resolved(last) else 0
    if last is short[-1] and covers(step) and bought:
        return Send(len(orders), min(step.quantity, bought))
    return End(outcome(ticket, intents), ended_words(ticket, short))


def covers(step: TicketStep) -> bool:
    """Whether a step sells against what the ticket bought."""
    return step.side is Side.SELL and not step.trims


def outcome(ticket: Ticket, intents: Mapping[str, Intent]) -> str:
    """Return how a ticket stands if nothing more is sent."""
    orders, steps = ticket.orders(intents), ticket.plan.steps
    if len(orders) == len(steps) and all(
        order.filled >= step.quantity for order, step in zip(orders, steps, strict=True)
    ):
        return DONE
    return PART if any(order.filled or _resolved(order) for order in orders) else FAILED


def _resolved(order: Intent) -> bool:
    """Whether a person said what became of an order: its executions may be unknown."""
    return order.state is IntentState.RESOLVED_BY_HUMAN


def ended_words(ticket: Ticket, short: list[Intent]) -> str:
    """Return what became of the orders that were not filled whole, and why."""
    words = [
        f"#{one.number} filled {one.filled} of {one.draft.quantity} and is {one.state.value}"
        f"{_cause(ticket, one)}"
        for one in short
    ]
    return "; ".join(words)


def _cause(ticket: Ticket, order: Intent) -> str:
    cause = ticket.causes.get(order.intent_id, "")
    return f": {cause}" if cause and cause != "execution" else ""


def leftovers(ticket: Ticket, intents: Mapping[str, Intent]) -> tuple[list[str], list[str]]:
    """Return what is held because of a ticket, and which of its orders were never sent."""
    held: dict[str, int] = {}
    for order in ticket.orders(intents):
        key = order.draft.instrument_key
        held[key] = held.get(key, 0) + order.draft.side.sign * order.filled
    unsent = ticket.plan.steps[len(ticket.intents) :]
    return [f"{n:+d} {key}" for key, n in held.items() if n], [one.describe() for one in unsent]
