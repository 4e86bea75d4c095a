"""A trade that is thought of: a row of advice, a contract that was found, a line that was typed.

What it would be as orders changes with every quote; the idea stays the same, so that the same row
can be priced again at the moment it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from hedgetui.domain.balance.advice import Advice
from hedgetui.domain.balance.grow import Growth
from hedgetui.domain.balance.positions import Position
from hedgetui.domain.balance.quoting import Offer
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.balance.wanted import Reduction, Wanted


@dataclass(frozen=True, slots=True)
class Idea:
    """A trade before it is priced; one of the three last fields says what it is."""

    title: str
    why: str
    source: str
    """`advice`, `grow`, `recommend` or `typed`."""
    money: Decimal | None = None
    """Most dollars that it may cost; none where a person named the size."""
    wanted: Wanted | None = None
    reduces: Reduction | None = None
    exact: Position | None = None
    """The contract itself; its price, if it has one, is the limit."""

    @property
    def subject(self) -> tuple[object, ...]:
        """What makes it the same trade, whatever is said about it today."""
        return self.title, self.money, self.wanted, self.reduces, self.exact

    def plan(self, offer: Offer) -> TicketPlan | None:
        """Return the ticket for an offer, none where there is no order in it."""
        if not offer.steps:
            return None
        return TicketPlan(self.title, self.why, self.source, offer.steps)


def of_advice(row: Advice, left: Decimal) -> Idea | None:
    """Return the trade of a row, none where it says to do nothing.

    Args:
        row: with its share of the budget as cost.
        left: dollars of the budget that no row has a share of, for buying something back.
    """
    if row.wanted is not None:
        return Idea(row.trade, row.why, "advice", row.cost, wanted=row.wanted)
    if row.reduces is not None:
        return Idea(row.trade, row.why, "advice", left, reduces=row.reduces)
    return None


def of_growth(row: Growth) -> Idea:
    """Return the trade of a row."""
    return Idea(row.trade, row.why, "grow", row.allocation, wanted=row.wanted)


def quoted_advice(row: Advice, offer: Offer) -> Advice:
    """Return a row with what an offer says of it: the contract and its cost, or why there is none.

    A cost never grows over the share that the row has, whatever an offer says.
    """
    if not offer.steps:
        return replace(row, note=offer.note)
    if row.wanted is None:
        return replace(row, note=offer.note, cost=max(Decimal(0), offer.cost))
    if offer.cost > row.cost:
        return replace(row, note=f"the quote costs ${offer.cost:,.2f}")
    return replace(row, quoted=offer.quoted, cost=offer.cost, note=offer.note)


def quoted_growth(row: Growth, offer: Offer) -> Growth:
    """Return a row with what an offer says of it."""
    quoted = offer.quoted if offer.steps else None
    return replace(row, quoted=quoted, note=offer.note)
