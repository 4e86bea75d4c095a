"""What `balance`, `grow` and `recommend` print of a desk's portfolio, beside what files give.

The keys are those of `balance_words`; a row of a desk also says which contract it means, and what a
ticket would send.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgetui.console.balance_words import (
    ADVICE_HEAD,
    GROWTH_HEAD,
    advice_row,
    cost_words,
    growth_row,
    number,
)
from hedgetui.domain.balance.advice import Advice
from hedgetui.domain.balance.grow import Growth
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.balance.wanted import Quoted
from hedgetui.domain.units import Timestamp, iso_utc
from hedgetui.ports.balance import BalanceView, SourceView, TicketView

TICKET_HEAD = (
    "contract", "quantity", "price", "bid", "ask", "delta", "theta", "vega", "ticket_cost", "note",
)  # fmt: skip
_NOTHING = "nothing to send"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a desk: what it says, and what a ticket would send now."""

    said: Mapping[str, object]
    plan: TicketPlan | None
    quoted: Quoted | None = None
    note: str = ""

    @property
    def document(self) -> dict[str, object]:
        """In the shape scripts rely on, with the ticket after it."""
        return {**self.said, **self._figures, "orders": orders_of(self.plan)}

    @property
    def cells(self) -> list[object]:
        """As CSV: the values, then those of `TICKET_HEAD`."""
        figures = ("" if one is None else one for one in self._figures.values())
        return [*self.said.values(), *figures]

    @property
    def ticket(self) -> str:
        """The orders in one cell, or why there are none."""
        return "; ".join(orders_of(self.plan)) or self.note or _NOTHING

    @property
    def _figures(self) -> dict[str, object]:
        """By `TICKET_HEAD`; of a trade without a quote of its own, as a trim, its first order."""
        first = self.plan.steps[0] if self.plan is not None else None
        terms: tuple[object, ...] = (None,) * 8
        if self.quoted is not None:
            one = self.quoted
            terms = (
                one.contract, one.quantity, number(one.price), _number(one.bid), _number(one.ask),
                one.delta, one.theta, one.vega,
            )  # fmt: skip
        elif first is not None:
            terms = (first.instrument_key, first.quantity, number(first.limit), *terms[3:])
        cost = None if self.plan is None else number(self.plan.cost)
        return dict(zip(TICKET_HEAD, (*terms, cost, self.note), strict=True))


def _number(value: Decimal | None) -> int | float | None:
    return None if value is None else number(value)


def orders_of(plan: TicketPlan | None) -> list[str]:
    """Return the orders of a ticket, first the one that is sent first."""
    return [] if plan is None else [step.describe() for step in plan.steps]


def advice_rows(rows: Sequence[Advice], plans: Sequence[TicketPlan | None]) -> list[Row]:
    """Return recommendations with their tickets."""
    padded = [*plans, *[None] * (len(rows) - len(plans))]
    return [
        Row(dict(zip(ADVICE_HEAD, advice_row(row), strict=True)), plan, row.quoted, row.note)
        for row, plan in zip(rows, padded, strict=False)
    ]


def growth_rows(rows: Sequence[Growth], plans: Sequence[TicketPlan | None]) -> list[Row]:
    """Return new exposures with their tickets."""
    padded = [*plans, *[None] * (len(rows) - len(plans))]
    return [
        Row(dict(zip(GROWTH_HEAD, growth_row(row), strict=True)), plan, row.quoted, row.note)
        for row, plan in zip(rows, padded, strict=False)
    ]


def advice_table(rows: Sequence[Advice], shown: Sequence[Row]) -> list[tuple[object, ...]]:
    """Return the table of recommendations for people."""
    return [
        (place, row.action.value, row.trade, row.why, row.payoff, cost_words(row),
         f"{row.effect:+d}", one.ticket)
        for place, (row, one) in enumerate(zip(rows, shown, strict=True), start=1)
    ]  # fmt: skip


def sources_document(view: BalanceView) -> list[dict[str, object]]:
    """Return where positions come from; null is a time at which nothing was ever read."""
    return [
        {"name": one.name, "lines": one.lines, "read_at": _moment(one.read_at),
         "problem": one.problem}
        for one in view.sources
    ]  # fmt: skip


def source_lines(view: BalanceView) -> Iterator[str]:
    """Yield one line for each source, for people."""
    for one in view.sources:
        yield f"{one.name}: {_state(one)}"


def _state(one: SourceView) -> str:
    if one.read_at is None:
        return f"not read: {one.problem}" if one.problem else "not read"
    words = f"{one.lines} lines"
    return f"{words} of {_moment(one.read_at)}: {one.problem}" if one.problem else words


def _moment(at: Timestamp | None) -> str | None:
    return None if at is None else iso_utc(at)


def ticket_document(ticket: TicketView) -> dict[str, object]:
    """Return what became of a ticket."""
    return {
        "id": ticket.ticket_id, "title": ticket.title, "state": ticket.state,
        "done": ticket.done, "steps": ticket.steps, "why": ticket.why,
    }  # fmt: skip


def ticket_line(ticket: TicketView) -> str:
    """Say what became of a ticket."""
    words = f"{ticket.ticket_id}  {ticket.state}, {ticket.done} of {ticket.steps} orders done"
    return f"{words}: {ticket.why}" if ticket.why else words
