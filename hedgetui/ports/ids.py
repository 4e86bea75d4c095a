"""Where identities come from."""

from __future__ import annotations

from random import Random

from hedgetui.domain import ids
from hedgetui.ports.clock import Clock


class IdSource:
    """ULIDs that always grow, even within one millisecond or when the clock steps back."""

    def __init__(self, clock: Clock, random: Random) -> None:
        """Take time from `clock` and entropy from `random` (seeded in simulations)."""
        self._clock = clock
        self._random = random
        self._last = ""

    def next(self) -> str:
        """Return the next identity, greater than every earlier one of this source."""
        candidate = ids.ulid(self._clock.now(), self._random.getrandbits(ids.RANDOM_BITS))
        while candidate <= self._last:
            candidate = ids.increment(self._last)
        self._last = candidate
        return candidate
