"""What deals prove about a position that is no longer shown.

A position that is missing from an answer is not closed: it is closed when deals took out of it what
had come in. History lags a fill by seconds, so until then the position is merely gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.mt5.records import Deal, DealEntry, DealReason, Lots

_OUT = frozenset({DealEntry.OUT, DealEntry.OUT_BY, DealEntry.INOUT})
_WORDS = {
    DealReason.STOP_LOSS: "stop loss",
    DealReason.TAKE_PROFIT: "take profit",
    DealReason.STOP_OUT: "stop-out for lack of margin",
    DealReason.EXPERT: "closed by a program",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a position ended, by its last deal."""

    why: str
    """`stop loss at 2648.1`."""
    reason: DealReason
    price: float

    @property
    def by_hand(self) -> bool:
        """Whether a person closed it."""
        return self.reason.by_hand


def ending(deals: Sequence[Deal], held: Lots) -> Ending | None:
    """Return how a position ended, or None while the deals do not prove that it did.

    `held` is what the journal knew of it: with no opening deal in the answer, the deals must have
    taken out at least that.
    """
    out = [deal for deal in deals if deal.entry in _OUT]
    taken = sum((deal.volume for deal in out), Decimal(0))
    came = sum((deal.volume for deal in deals if deal.entry is DealEntry.IN), Decimal(0))
    if not out or taken < (came or held):
        return None
    last = out[-1]
    words = "closed by hand" if last.reason.by_hand else _WORDS.get(last.reason, "closed")
    if last.entry is DealEntry.INOUT:
        words = f"reversed, {words}"
    return Ending(f"{words} at {last.price:g}", last.reason, last.price)
