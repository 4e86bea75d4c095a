"""When to ring: few reasons, each worth turning one's head for.

The bell marks a tmux window and wakes people, so it rings for a rejected order, for a broken band
while nobody hedges, for a lost link, for a trade that came to be hedged, for an action in doubt and
for a tail over its threshold that no rule hedges; never twice within half a minute.
"""

from __future__ import annotations

from collections.abc import Sequence

from hedgetui.ports.desk import DeskSnapshot
from hedgetui.ports.dtms import DefenceView
from hedgetui.ports.journal import LogRecord
from hedgetui.ports.tails import TailsView
from hedgetui.ui.screens.accounts_text import unattended

QUIET_S = 30.0


def worth_a_bell(
    before: DeskSnapshot | None, after: DeskSnapshot, log: Sequence[LogRecord]
) -> bool:
    """Tell whether the step from one snapshot to the next deserves the bell."""
    if any(record.level == "alarm" for record in log) and before is not None:
        return True
    if before is None:
        return False
    lost = before.status.link == "ready" and after.status.link != "ready"
    was_red, is_red = before.book.level == "red", after.book.level == "red"
    alone = is_red and not after.status.auto and (not was_red or before.status.auto)
    if lost or alone or _defence_needs_eyes(before.defence, after.defence):
        return True
    return _tail_needs_eyes(before.tails, after.tails)


def _tail_needs_eyes(before: TailsView, after: TailsView) -> bool:
    """Tell whether a tail came over its threshold while no rule hedges it."""
    if before.version == after.version or not before.rows:
        return False
    return bool(unattended(after) - unattended(before))


def _defence_needs_eyes(before: DefenceView, after: DefenceView) -> bool:
    """Tell whether the link to MT5 was lost, or a trade came to be hedged, or its fate unknown."""
    lost = before.mt5.link == "ready" and after.mt5.link not in {"ready", "off"}
    hedged = {row.identifier for row in before.rows if row.state == "HEDGED"}
    newly = any(row.state == "HEDGED" and row.identifier not in hedged for row in after.rows)
    doubted = {action.action_id for action in before.unknown}
    return lost or newly or any(one.action_id not in doubted for one in after.unknown)


class Bell:
    """Keeps the bell rare."""

    def __init__(self, *, allowed: bool) -> None:
        self._allowed = allowed
        self._rang_at = float("-inf")

    def may_ring(self, now: float, *, always: bool = False) -> bool:
        """Tell whether to ring at `now` (seconds) and remember it; `always` is the kill key."""
        if not self._allowed or (not always and now - self._rang_at < QUIET_S):
            return False
        self._rang_at = now
        return True
