"""Trades of other hands: a position that moves although no execution of ours explains it.

A client hears executions of its own orders only; what a person or another program trades in the
same account shows in the pushed positions alone. Until the desk knows, it would hedge once more
what was hedged by hand. Securities are read with the portfolio, where anybody may trade them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hedgetui.adapters.ibkr.contracts import key_of, terms_of
from hedgetui.adapters.ibkr.listings import Listings
from hedgetui.adapters.ibkr.parse import whole
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.instruments import is_security
from hedgetui.ports.broker import Execution, PositionMoved

_SETTLE_S = 0.5
"""Seconds in which an execution of ours may explain a position that was pushed before it."""


class Holdings:
    """What the account holds: as read last, and moved on by our own executions since."""

    def __init__(
        self, session: Session, listings: Listings, tell: Callable[[PositionMoved], None]
    ) -> None:
        """Tell `tell` of positions that moved by themselves."""
        self._session = session
        self._listings = listings
        self._tell = tell
        self._held: dict[str, int] | None = None
        self._pushed: dict[str, int] = {}
        self._booked: set[str] = set()
        self.account = ""
        session.ib.positionEvent += self._position

    def read(self, positions: Mapping[str, int]) -> None:
        """Broker truth was read: the positions start from there."""
        self._held = dict(positions)

    def executed(self, execution: Execution) -> None:
        """Count an execution of ours once; a correction moves no contracts."""
        if self._held is None or execution.exec_id in self._booked:
            return
        self._booked.add(execution.exec_id)
        key = execution.instrument_key
        held = self._held.get(key, 0) + execution.side.sign * execution.quantity
        self._held[key] = held

    def _position(self, position: Any) -> None:  # noqa: ANN401 - the library's position
        quantity, terms = whole(str(position.position)), terms_of(position.contract)
        key = self._listings.book.key(terms.con_id) or key_of(terms)
        if position.account != self.account or quantity is None or key is None:
            return
        if is_security(key):
            return
        if not self._pushed:
            self._session.life.call_later(_SETTLE_S, self._look)
        self._pushed[key] = quantity

    def _look(self) -> None:
        pushed, self._pushed = self._pushed, {}
        if self._held is None:
            return
        for key, quantity in pushed.items():
            if self._held.get(key, 0) != quantity:
                self._held[key] = quantity
                self._tell(PositionMoved(key, quantity))
