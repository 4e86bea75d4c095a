"""The simulated MT5 broker behind the bridge's socket, for any client of the bridge.

What a desk does here through its ordinary adapter it does the same way beside a real terminal. The
bridge serves from threads of its own; the venue has one lock, and the time is whatever `now` says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from hedgetui.domain.errors import StoreError
from hedgetui.domain.units import Timestamp
from hedgetui.mt5bridge.calls import FUNCTIONS, SENDING
from hedgetui.mt5bridge.hosts import DEFAULT_PORT
from hedgetui.mt5bridge.server import BridgeServer
from hedgetui.simulation.mt5 import admin
from hedgetui.simulation.mt5.terminal import Terminal, TerminalBroken
from hedgetui.simulation.mt5.venue import Venue

_LONGEST_HOLD_S = 30.0


class Mt5Gateway:
    """A bridge server on a simulated terminal."""

    def __init__(
        self, venue: Venue, now: Callable[[], Timestamp], token: bytes, *, port: int = DEFAULT_PORT
    ) -> None:
        """Serve `venue` on the loopback to whoever holds `token`; port 0 takes a free one.

        `now` is asked from the bridge's threads.

        Raises:
            ConfigError: the token has another length than a token.
        """
        self.venue = venue
        self.lock = threading.RLock()
        """Hold it to touch the venue while the gateway serves."""
        self.failure: StoreError | None = None
        """Why the broker had to stop: what happened could not be kept."""
        self.on_failure: Callable[[], None] = _nothing
        """Called once, from a thread of the bridge, when it had to."""
        self._now = now
        self._terminal = Terminal(venue, now)
        self._server = BridgeServer(_Guarded(self), token, port)
        self._held = threading.Event()
        self._held.set()
        self._hold_next = False

    @property
    def questions(self) -> int:
        """Round trips answered so far."""
        return self._server.questions

    def start(self) -> int:
        """Listen and return the port.

        Raises:
            ConfigError: the port is taken.
        """
        return self._server.start()

    def close(self) -> None:
        """Stop listening and end every connection; safe to call twice."""
        self.release()
        self._server.close()

    def drop(self) -> None:
        """Break every connection and go on listening."""
        self._server.drop_clients()

    def obey(self, line: str) -> None:
        """Carry out one line of the admin channel.

        Raises:
            HedgetuiError: there is no such command, or it cannot be done.
        """
        own = {"drop": self.drop, "hold": self.hold_next_order, "release": self.release}
        if line in own:
            own[line]()
            return
        with self.lock:
            self.venue.advance(self._now())
            admin.obey(self.venue.control, line)

    def hold_next_order(self) -> None:
        """Execute the next order and keep its answer back until `release`."""
        self._hold_next = True
        self._held.clear()

    def release(self) -> None:
        """Let the answer that was kept back go."""
        self._held.set()

    def call(self, name: str, args: tuple[object, ...], keywords: dict[str, object]) -> Any:  # noqa: ANN401 - the vendor's types
        """Call a function of the terminal, as the bridge does."""
        try:
            with self.lock:
                answer = getattr(self._terminal, name)(*args, **keywords)
        except TerminalBroken:
            self._server.drop_clients()
            raise
        except StoreError as error:
            if self.failure is None:
                self.failure = error
                self.on_failure()
            self._server.drop_clients()
            raise
        if name == SENDING and self._hold_next:
            self._hold_next = False
            self._held.wait(_LONGEST_HOLD_S)
        return answer


def _nothing() -> None:
    """Tell nobody."""


class _Guarded:
    """The terminal's functions, one at a time."""

    def __init__(self, gateway: Mt5Gateway) -> None:
        self._gateway = gateway

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in FUNCTIONS:
            raise AttributeError(name)
        gateway = self._gateway

        def call(*args: object, **keywords: object) -> Any:  # noqa: ANN401 - the vendor's types
            return gateway.call(name, args, keywords)

        return call
