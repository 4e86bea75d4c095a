"""The defence's actions as a fold over the journal, checked row by row.

As `projections` does it for orders: a second opinion that never reads the table the triggers keep,
and then compares itself with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hedgetui.domain.dtms.facts import ActionMoved, ActionPlanned
from hedgetui.domain.dtms.model import ActionRecord, ActionState
from hedgetui.domain.dtms.outbox_rules import objection
from hedgetui.store.violations import Violation, differences

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection

    from hedgetui.domain.events import Fact


class ActionProjection:
    """Actions after the facts applied so far."""

    def __init__(self) -> None:
        """Start with an empty journal."""
        self.actions: dict[str, ActionRecord] = {}
        self._cycles: dict[tuple[int, str, int], str] = {}
        self._slots: dict[str, str] = {}
        self._touched: dict[str, int] = {}

    def apply(self, fact: Fact) -> Iterator[Violation]:
        """Take one fact and yield what it breaks."""
        match fact.event:
            case ActionPlanned(action=action):
                yield from self._planned(fact.seq, action)
            case ActionMoved() as moved:
                yield from self._moved(fact.seq, moved)
            case _:
                return

    def compare(self, connection: Connection) -> Iterator[Violation]:
        """Yield where the table kept by the triggers differs from this fold.

        A file of an older schema has no such table, and no facts that would fill it.
        """
        there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'actions'").fetchone()
        if there is None and not self.actions:
            return
        stored = {
            row[0]: row
            for row in connection.execute(
                "SELECT action_id, trade, kind, cycle, symbol, magic, volume, state, retcode,"
                " ticket, filled FROM actions"
            )
        }
        folded = {key: _row(action) for key, action in self.actions.items()}
        yield from differences("actions", stored, folded, self._touched)

    def _planned(self, seq: int, action: ActionRecord) -> Iterator[Violation]:
        cycle = (action.trade, action.kind.value, action.cycle)
        if action.action_id in self.actions or cycle in self._cycles:
            words = f"{action.kind.value} {action.cycle} of #{action.trade} was planned before"
            yield Violation(seq, "one action per cycle", words)
        if action.state is not ActionState.PLANNED:
            words = f"{action.action_id} begins as {action.state}"
            yield Violation(seq, "legal action move", words)
        self._cycles[cycle] = action.action_id
        yield from self._place(seq, action)

    def _moved(self, seq: int, moved: ActionMoved) -> Iterator[Violation]:
        action = self.actions.get(moved.action_id)
        if words := objection(action, moved):
            yield Violation(seq, "legal action move", words)
        if action is None:
            return
        after = replace(
            action,
            state=moved.after,
            retcode=action.retcode if moved.retcode is None else moved.retcode,
            ticket=moved.ticket or action.ticket,
            filled=action.filled if moved.filled is None else moved.filled,
        )
        yield from self._place(seq, after)

    def _place(self, seq: int, action: ActionRecord) -> Iterator[Violation]:
        self.actions[action.action_id] = action
        self._touched[action.action_id] = seq
        holder = self._slots.get(action.symbol)
        if not action.state.live:
            if holder == action.action_id:
                del self._slots[action.symbol]
            return
        if holder not in {None, action.action_id}:
            words = f"{action.action_id} is the second one in flight for {action.symbol}"
            yield Violation(seq, "one live action", words)
        self._slots[action.symbol] = action.action_id


def _row(action: ActionRecord) -> tuple[object, ...]:
    return (
        action.action_id, action.trade, action.kind.value, action.cycle, action.symbol,
        action.magic, str(action.volume), action.state.value, action.retcode, action.ticket,
        str(action.filled),
    )  # fmt: skip
