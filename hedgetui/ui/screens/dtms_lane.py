"""The states of a trade as signs, and its last day as one row of them.

A state is told by its sign and its word, never by colour alone; in ASCII the signs are letters,
because two of the shapes would be one there. A slot of the lane shows the worst state that was held
within it, so that a hedge of ten minutes stays in sight. Slots begin at whole multiples of their
length: the row moves once a slot and not every second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from hedgetui.domain.dtms.model import State
from hedgetui.domain.text import safe

if TYPE_CHECKING:
    from hedgetui.ports.dtms import LaneStep
    from hedgetui.ui.glyphs import IconSet
    from hedgetui.ui.screens.spans import Line

DAY_S: Final = 86_400.0
BEFORE: Final = "·"
"""A slot before the trade was watched."""


class Sign(NamedTuple):
    """How a state looks."""

    mark: str
    letter: str
    """The mark where there is only ASCII."""
    word: str
    tone: str
    gravity: int
    """Worse is greater."""

    def of(self, icons: IconSet) -> str:
        """Return the mark in an alphabet."""
        return self.letter if icons.name == "ascii" else self.mark


SIGNS: Final[dict[str, Sign]] = {
    State.HEALTHY: Sign("●", "o", "HEALTHY", "pos", 1),
    State.WARNING_L1: Sign("△", "w", "WARN_L1", "warn", 2),
    State.WARNING_L2: Sign("▲", "W", "WARN_L2", "neg", 4),
    State.HEDGED: Sign("◆", "H", "HEDGED", "neg strong", 5),
    State.RECOVERING: Sign("↺", "R", "RECOVERING", "accent", 3),
    State.CLOSED: Sign("■", "x", "CLOSED", "muted", 0),
}
"""In the order a trade goes through them."""


def sign_of(state: str) -> Sign:
    """Return the sign of a state; one that is not known is shown by name and taken for the worst.

    The name is foreign here, so it is made harmless.
    """
    return SIGNS.get(state) or Sign("?", "?", safe(state or "?", 10), "unknown", 9)


def lane(steps: Sequence[LaneStep], now: float, cells: int, icons: IconSet) -> Line:
    """Return the last 24 hours up to `now` in `cells` signs, the oldest first."""
    if cells < 1:
        return ()
    end = math.floor(now * cells / DAY_S) + 1
    marks = [_mark(sign, icons) for sign in _slots(tuple(steps), end, cells)]
    return tuple(
        ("".join(mark for mark, _ in group), tone)
        for tone, group in groupby(marks, key=lambda pair: pair[1])
    )


def _mark(sign: Sign | None, icons: IconSet) -> tuple[str, str]:
    return (icons.plain(BEFORE), "muted") if sign is None else (sign.of(icons), sign.tone)


@lru_cache(maxsize=256)
def _slots(steps: tuple[LaneStep, ...], end: int, cells: int) -> tuple[Sign | None, ...]:
    """Return the worst sign of each slot before the slot `end`; None where nothing was watched."""
    length = DAY_S / cells
    return tuple(
        _worst(steps, number * length, (number + 1) * length) for number in range(end - cells, end)
    )


def _worst(steps: Sequence[LaneStep], start: float, end: float) -> Sign | None:
    """Return the worst state held between two moments."""
    held: list[Sign] = []
    for step in steps:
        if step.at <= start:
            held = [sign_of(step.state)]
        elif step.at < end:
            held.append(sign_of(step.state))
    return max(held, key=lambda sign: sign.gravity, default=None)
