"""Intents, fills and actions as a fold over the journal, checked row by row.

The database keeps the same tables by triggers, because a unique index must refuse the second
order before it is sent. This is the independent second opinion: it never reads those tables to
build its own, it follows `domain.orders.step`, and then compares. Whatever differs is a violation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.instruments import leg_keys
from hedgetui.domain.units import Contracts
from hedgetui.store.actions import ActionProjection
from hedgetui.store.tails import TailProjection
from hedgetui.store.violations import Violation, differences

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection


class Projection:
    """Intents, fills and actions after the facts applied so far."""

    def __init__(self) -> None:
        """Start with an empty journal."""
        self.intents: dict[str, od.Intent] = {}
        self.fills: dict[str, ev.FillBooked] = {}
        self._slots: dict[tuple[str, str, str], str] = {}
        self._keys: set[str] = set()
        self._touched: dict[str, int] = {}
        self._actions = ActionProjection()
        self._tails = TailProjection()

    def apply(self, fact: ev.Fact) -> Iterator[Violation]:
        """Take one fact and yield what it breaks."""
        yield from self._tails.apply(fact)
        match fact.event:
            case ev.IntentRecorded(intent=intent):
                yield from self._recorded(fact.seq, intent)
            case ev.IntentMoved() as moved:
                yield from self._moved(fact.seq, moved)
            case ev.FillBooked() as fill:
                yield from self._filled(fact.seq, fill)
            case _:
                yield from self._actions.apply(fact)

    def finish(self) -> Iterator[Violation]:
        """Yield the intents whose fills do not add up to what they say is filled."""
        fills: dict[str, list[tuple[str, int]]] = {intent_id: [] for intent_id in self.intents}
        for fill in self.fills.values():
            if fill.intent_id in fills:
                fills[fill.intent_id].append((fill.instrument_key, fill.quantity))
        for intent_id, parts in fills.items():
            intent = self.intents[intent_id]
            total = od.units_filled(intent.draft, od.executed_by_leg(parts))
            if total != intent.filled:
                yield Violation(
                    self._touched[intent_id],
                    "fills add up",
                    f"order #{intent.number} says {intent.filled} filled, its fills say {total}",
                )

    def compare(self, connection: Connection) -> Iterator[Violation]:
        """Yield where the tables kept by the triggers differ from this fold."""
        stored = {
            row[0]: row
            for row in connection.execute(
                "SELECT intent_id, client_key, account, strategy, instrument_key, side, quantity,"
                " state, filled, cancel_wanted FROM intents"
            )
        }
        folded = {key: _intent_row(intent) for key, intent in self.intents.items()}
        yield from differences("intents", stored, folded, self._touched)
        stored = {
            row[0]: row
            for row in connection.execute(
                "SELECT exec_id, revision, intent_id, instrument_key, side, quantity, price"
                " FROM fills"
            )
        }
        folded = {key: _fill_row(fill) for key, fill in self.fills.items()}
        yield from differences("fills", stored, folded, self._touched)
        yield from self._actions.compare(connection)

    def _recorded(self, seq: int, intent: od.Intent) -> Iterator[Violation]:
        if intent.intent_id in self.intents or intent.client_key in self._keys:
            yield Violation(seq, "one order per intent", f"{intent.client_key} was used before")
        if intent.state is not od.IntentState.SENDING or intent.filled:
            yield Violation(seq, "legal move", f"order #{intent.number} begins as {intent.state}")
        self._keys.add(intent.client_key)
        yield from self._place(seq, intent)

    def _moved(self, seq: int, moved: ev.IntentMoved) -> Iterator[Violation]:
        intent = self.intents.get(moved.intent_id)
        if intent is None:
            yield Violation(seq, "legal move", f"{moved.intent_id} was never recorded")
            return
        if not is_legal(intent, moved):
            yield Violation(
                seq,
                "legal move",
                f"order #{intent.number}: {intent.state} with {intent.filled} filled cannot become"
                f" {moved.after} with {moved.filled}",
            )
        after = replace(
            intent,
            state=moved.after,
            filled=moved.filled,
            cancel_wanted=moved.cancel_wanted,
            broker_order=moved.broker_order or intent.broker_order,
        )
        yield from self._place(seq, after)

    def _place(self, seq: int, intent: od.Intent) -> Iterator[Violation]:
        self.intents[intent.intent_id] = intent
        self._touched[intent.intent_id] = seq
        for slot in intent.slots:
            holder = self._slots.get(slot)
            if not intent.live:
                if holder == intent.intent_id:
                    del self._slots[slot]
                continue
            if holder not in {None, intent.intent_id}:
                yield Violation(
                    seq, "one live order", f"order #{intent.number} is the second one in its slot"
                )
            self._slots[slot] = intent.intent_id

    def _filled(self, seq: int, fill: ev.FillBooked) -> Iterator[Violation]:
        intent = self.intents.get(fill.intent_id)
        if fill.intent_id and intent is None:
            yield Violation(seq, "fill has an order", f"{fill.exec_id} names an unknown order")
        if intent is not None and (
            fill.side is not intent.draft.side
            or fill.instrument_key not in leg_keys(intent.draft.instrument_key)
        ):
            yield Violation(
                seq, "fill has an order", f"{fill.exec_id} is not what #{intent.number} ordered"
            )
        known = self.fills.get(fill.exec_id)
        if known is None or fill.revision > known.revision:
            self.fills[fill.exec_id] = fill
            self._touched[fill.exec_id] = seq


def is_legal(intent: od.Intent, moved: ev.IntentMoved) -> bool:
    """Return whether one piece of evidence takes `intent` to where `moved` says it went."""
    goal = (moved.after, moved.filled, moved.cancel_wanted)
    if moved.before is not intent.state:
        return False
    if goal == (intent.state, intent.filled, intent.cancel_wanted):
        return True
    return any(
        goal == (after.state, after.filled, after.cancel_wanted)
        for after in (od.step(intent, evidence).intent for evidence in _evidence(intent, moved))
    )


def _evidence(intent: od.Intent, moved: ev.IntentMoved) -> Iterator[od.Evidence]:
    change = moved.filled - intent.filled
    if change:
        # A correction may lower the sum; everything else leaves it alone.
        yield od.Executed(Contracts(change))
        return
    yield od.Listed(moved.broker_order)
    yield od.Ended(rejected=False, reason="")
    yield od.Ended(rejected=True, reason="")
    yield od.CancelAsked()
    yield od.WentDark("")
    yield od.NeverSent("")
    yield od.ProvenAbsent("")
    yield od.HumanVerdict("")


def _intent_row(intent: od.Intent) -> tuple[object, ...]:
    draft = intent.draft
    return (
        intent.intent_id, intent.client_key, intent.account, intent.strategy,
        draft.instrument_key, draft.side.value, draft.quantity, intent.state.value,
        intent.filled, int(intent.cancel_wanted),
    )  # fmt: skip


def _fill_row(fill: ev.FillBooked) -> tuple[object, ...]:
    return (
        fill.exec_id, fill.revision, fill.intent_id, fill.instrument_key, fill.side.value,
        fill.quantity, str(fill.price),
    )  # fmt: skip
