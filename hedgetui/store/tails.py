"""The orders of hedge accounts as a fold over the journal, checked row by row.

The ledger of the desk links and balances; this only asks whether what it builds on is whole: every
hedge that was sent has its order in the next row, every execution an order that it fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedgetui.domain import events as ev
from hedgetui.domain.orders import Intent, Purpose
from hedgetui.domain.tails import facts as tf
from hedgetui.store.violations import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hedgetui.domain.events import Fact

_PAIR = "a tail's hedge has its order"
_ONCE = "an order is entered once"
_FITS = "an execution fits its order"
_WORTH = "an amount is a whole positive number"


class TailProjection:
    """Cash and hedge orders after the facts applied so far."""

    def __init__(self) -> None:
        """Start with an empty journal."""
        self._sizes: dict[tuple[str, str], int] = {}
        """Units of cash, lots of foreign hedges, by kind and id."""
        self._fills: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
        """Revision and amount of each execution, by order."""
        self._sent: dict[str, tf.TailHedgePlaced] = {}
        self._due: tf.TailHedgePlaced | None = None
        """What the row before placed; its order has to follow at once."""

    def apply(self, fact: Fact) -> Iterator[Violation]:
        """Take one fact and yield what it breaks."""
        seq, due = fact.seq, self._due
        self._due = None
        yield from _unpaired(fact, due)
        match fact.event:
            case tf.TailHedgePlaced() as placed:
                self._due = self._sent[placed.intent_id] = placed
                yield from self._enter(seq, "hedge", placed.hedge, placed.lots)
            case tf.CashEntered(cash=cash, units=units):
                yield from self._enter(seq, "cash", cash, units)
            case tf.HedgeEntered(hedge=hedge, lots=lots):
                yield from self._enter(seq, "hedge", hedge, lots)
            case tf.CashFilled() as fill:
                told = (fill.fill_id, fill.revision, int(fill.units))
                yield from self._filled(seq, "cash", fill.cash, told)
            case tf.HedgeFilled() as fill:
                told = (fill.fill_id, fill.revision, int(fill.lots))
                yield from self._filled(seq, "hedge", fill.hedge, told)
            case ev.FillBooked() as fill if fill.intent_id in self._sent:
                placed = self._sent[fill.intent_id]
                if (fill.instrument_key, fill.side) != (placed.key.contract, placed.side):
                    words = f"{fill.exec_id}: {fill.side} {fill.instrument_key}"
                    yield Violation(seq, _FITS, f"{words} for hedge {placed.hedge}")
                told = (fill.exec_id, fill.revision, int(fill.quantity))
                yield from self._filled(seq, "hedge", placed.hedge, told)
            case _:
                return

    def _enter(self, seq: int, kind: str, name: str, size: int) -> Iterator[Violation]:
        if (kind, name) in self._sizes:
            yield Violation(seq, _ONCE, f"{kind} {name} is there already")
        if size <= 0:
            yield Violation(seq, _WORTH, f"{kind} {name} of {size}")
        self._sizes[kind, name] = size

    def _filled(
        self, seq: int, kind: str, name: str, told: tuple[str, int, int]
    ) -> Iterator[Violation]:
        fill_id, revision, amount = told
        size = self._sizes.get((kind, name))
        if size is None:
            yield Violation(seq, _FITS, f"{fill_id} is of {kind} {name}, which is not there")
            return
        fills = self._fills.setdefault((kind, name), {})
        if revision >= fills.get(fill_id, (revision, 0))[0]:
            fills[fill_id] = (revision, amount)
        total = sum(done for _, done in fills.values())
        if amount < 0 or total > size:
            yield Violation(seq, _FITS, f"{kind} {name} of {size} has {total} filled")


def _unpaired(fact: Fact, due: tf.TailHedgePlaced | None) -> Iterator[Violation]:
    """Yield a hedge without its order, an order without its hedge, or a pair that differs."""
    intent = fact.event.intent if isinstance(fact.event, ev.IntentRecorded) else None
    if due is not None and (intent is None or intent.intent_id != due.intent_id):
        yield Violation(fact.seq - 1, _PAIR, f"hedge {due.hedge} is not followed by its order")
    if intent is None or intent.draft.purpose is not Purpose.TAIL:
        return
    if due is None or _terms(intent) != (due.intent_id, due.key.contract, due.side, due.lots):
        yield Violation(fact.seq, _PAIR, f"order #{intent.number} is not what a hedge announced")


def _terms(intent: Intent) -> tuple[object, ...]:
    draft = intent.draft
    return (intent.intent_id, draft.instrument_key, draft.side, int(draft.quantity))
