"""Where an action may go: a request leaves once, and only evidence ends it.

The journal's triggers hold the same rules in SQL, because a row that must not be sent must not be
writable; here they are said once more for whoever checks the journal.
"""

from __future__ import annotations

from collections.abc import Mapping

from hedgetui.domain.dtms.facts import ActionMoved
from hedgetui.domain.dtms.model import ActionRecord, ActionState

LEGAL: Mapping[ActionState, frozenset[ActionState]] = {
    ActionState.PLANNED: frozenset({ActionState.SENT, ActionState.FAILED}),
    ActionState.SENT: frozenset({ActionState.DONE, ActionState.FAILED, ActionState.UNKNOWN}),
    ActionState.UNKNOWN: frozenset({ActionState.DONE, ActionState.FAILED}),
    ActionState.DONE: frozenset(),
    ActionState.FAILED: frozenset(),
}
"""From each state, the states one piece of evidence can bring."""


def objection(action: ActionRecord | None, moved: ActionMoved) -> str:
    """Return why `moved` cannot follow `action` as it stands; empty when it can."""
    if action is None:
        return f"{moved.action_id} was never planned"
    if moved.before is not action.state:
        return f"{moved.action_id} is {action.state}, not {moved.before}"
    if moved.after not in LEGAL[action.state]:
        return f"{moved.action_id}: {action.state} cannot become {moved.after}"
    return ""
