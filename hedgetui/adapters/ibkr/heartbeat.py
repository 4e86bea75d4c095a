"""Proof that TWS still answers, its clock, and small chores by the second.

The socket of a frozen TWS accepts everything and answers nothing; only a question shows it. A first
missed answer degrades the link, the last allowed one ends it.
"""

from __future__ import annotations

from hedgetui.adapters.ibkr.reasons import Reasons
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.units import Seconds

_HALF_SECOND = 0.5
"""The broker's clock is cut to whole seconds: on average it shows half of one too little."""


class Heartbeat:
    """Asks the broker's time, again and again."""

    def __init__(self, session: Session, reasons: Reasons) -> None:
        """Watch `session`, explain in `reasons`."""
        self._session = session
        self._reasons = reasons
        self._misses = 0
        self.latency: Seconds | None = None
        self.skew: Seconds | None = None

    async def beat(self) -> None:
        """Ask once and learn latency and clock skew.

        Raises:
            TimeoutError: no answer in time.
            BrokerUnreachable: there is no link, or it went down.
        """
        connection = self._session.connection
        at, trip = await self._session.time(connection.heartbeat_s)
        self.latency = trip
        middle = self._session.clock.now() - trip / 2
        self.skew = Seconds(round(at + _HALF_SECOND - middle, 3))
        if abs(self.skew) > connection.skew_limit_s:
            self._reasons.add("clock", f"clock differs by {self.skew:.0f} s from the broker's")
        else:
            self._reasons.drop("clock")

    async def run(self) -> None:
        """Ask until the session ends."""
        connection = self._session.connection
        while self._session.life.alive:
            await self._session.life.pause(connection.heartbeat_s)
            while not await self._answered():
                self._misses += 1
                words = f"no answer for {self._misses * connection.heartbeat_s:g} s"
                if self._misses >= connection.heartbeat_misses:
                    self._session.lose(f"TWS is frozen: {words}")
                    return
                self._reasons.add("heartbeat", f"TWS does not answer: {words}")
            self._misses = 0
            self._reasons.drop("heartbeat")

    async def _answered(self) -> bool:
        try:
            await self.beat()
        except TimeoutError:
            return False
        return True
