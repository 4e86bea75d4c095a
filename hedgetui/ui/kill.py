"""The kill ladder: what each press of the kill key means, by time alone.

The first press stops automatic hedging at once, the second within five seconds freezes the desk and
cancels working orders, the third offers to flatten. A `J` just before may be Caps Lock over the
cursor keys; then the first press only counts when a second follows within a second.
"""

from __future__ import annotations

from enum import IntEnum

WINDOW_S = 5.0
DOUBT_S = 1.0


class Step(IntEnum):
    """What one press does."""

    DOUBT = 0
    """Perhaps Caps Lock: press again within a second."""
    AUTO_OFF = 1
    FREEZE = 2
    FLATTEN = 3


class KillLadder:
    """Counts presses."""

    def __init__(self) -> None:
        self._step = Step.DOUBT
        self._at = float("-inf")
        self._doubt_at = float("-inf")

    def press(self, now: float, previous_key: str) -> Step:
        """Return what this press does; `now` in seconds, `previous_key` the key before it."""
        climbing = self._step is not Step.DOUBT and now - self._at <= WINDOW_S
        if not climbing and previous_key == "J" and now - self._doubt_at > DOUBT_S:
            self._doubt_at = now
            return Step.DOUBT
        self._step = Step(min(self._step + 1, Step.FLATTEN)) if climbing else Step.AUTO_OFF
        self._at = now
        return self._step
