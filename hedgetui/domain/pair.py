"""Two orders that only make sense together: a roll leaves one month and opens another.

Alone, either of them would change the delta of the book, so the gates judge them as a pair, and the
second time they ask whether the first one has really left.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.instruments import Kind, parse_key
from hedgetui.domain.orders import Intent, IntentState, OrderDraft, Purpose

_GONE = frozenset(
    {
        IntentState.ABANDONED,
        IntentState.REJECTED,
        IntentState.CANCELLED,
        IntentState.ABSENT,
        IntentState.RESOLVED_BY_HUMAN,
        IntentState.UNKNOWN,
    }
)
"""States of a first order in which the second one would be a position of its own."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two orders of a roll as the gates see them."""

    out_of: OrderDraft
    """Sent first: it closes what is held in the month that ends."""
    into: OrderDraft
    held: int
    """Own contracts of the month that ends, signed, before the pair."""
    first: Intent | None = None
    """The first order once it is on record; None while neither is."""


def objection(pair: Pair | None, draft: OrderDraft) -> str:
    """Return why an order of a roll must not leave, naming the numbers, or an empty text."""
    if pair is None or draft not in (pair.out_of, pair.into):
        return "half a roll: each of its orders needs the other"
    out, into = pair.out_of, pair.into
    months = parse_key(out.instrument_key), parse_key(into.instrument_key)
    kinds = {month.kind for month in months}
    one_symbol = months[0].symbol == months[1].symbol and months[0].key != months[1].key
    if kinds != {Kind.FUTURE} or not one_symbol:
        return f"{months[0].key} and {months[1].key} are not two months of one future"
    if {out.purpose, into.purpose} != {Purpose.ROLL}:
        return "only rolls come in pairs"
    if out.signed + into.signed:
        return f"a roll changes no delta: {out.signed:+d} and {into.signed:+d} contracts"
    if pair.held * out.signed >= 0 or abs(out.signed) > abs(pair.held):
        return f"{out.signed:+d} {out.instrument_key} is more than closes the {pair.held:+d} held"
    if draft == into and pair.first is not None and pair.first.state in _GONE:
        return f"its first order #{pair.first.number} is {pair.first.state}"
    return ""


def stands_in_way(draft: OrderDraft, live: Intent, pair: Pair | None) -> bool:
    """Whether a live order of the hedge must end first: nothing joins a roll but its other half."""
    if not (draft.purpose.is_hedge and live.draft.purpose.is_hedge):
        return False
    if Purpose.ROLL not in (draft.purpose, live.draft.purpose):
        return False
    first = None if pair is None else pair.first
    return first is None or live.intent_id != first.intent_id
