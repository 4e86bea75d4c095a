"""What the adapter remembers across sessions of one process: its orders, their ends, charges.

The broker's lists forget: a refused order is in none of them, and a charge comes after the end mark
of the executions it belongs to.
"""

from __future__ import annotations

from hedgetui.adapters.ibkr.parse import ExecutionRow
from hedgetui.adapters.ibkr.terms import OrderTerms
from hedgetui.domain.ids import CLIENT_KEY_PREFIX
from hedgetui.domain.units import Contracts
from hedgetui.ports.broker import Commission, EndedOrder, OrderEnded


class Memory:
    """Never cleared: a day has hundreds of entries at most."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}
        """Client key to instrument key of everything that was sent."""
        self.terms: dict[str, OrderTerms] = {}
        """Client key to the terms an order has, as far as was said."""
        self.ends: dict[str, EndedOrder] = {}
        """Client key to an end that was told."""
        self.charges: dict[str, Commission] = {}
        """Execution id to its charge."""
        self.seen: set[str] = set()
        """Client keys of orders that TWS has taken for sure."""
        self._owners: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        """Client key to order number of what was sent in the newest session."""

    def left(self, client_key: str, number: int) -> None:
        """An order left under a number."""
        self._numbers[client_key] = number

    def opened(self, next_number: int) -> None:
        """A session opened: the number TWS gives next is above that of every order that arrived.

        An order held back by a dialog is in no list, so this is the only trace of it. What did not
        arrive by now never will; later its number may mean another order, so it is judged once.
        """
        self.seen |= {key for key, number in self._numbers.items() if number < next_number}
        self._numbers.clear()

    def owner(self, order_ref: str, perm_id: int = 0) -> str:
        """Return the client key of an order, or an empty text when it is not ours."""
        if order_ref in self.sent or order_ref.startswith(CLIENT_KEY_PREFIX):
            if perm_id > 0:
                self._owners[perm_id] = order_ref
            return order_ref
        return self._owners.get(perm_id, "")

    def owner_of(self, row: ExecutionRow) -> str:
        """Return the client key of an execution's order, or an empty text."""
        return self.owner(row.order_ref, row.perm_id)

    def known(self, perm_id: int) -> str:
        """Return the client key that a permanent number belongs to, or an empty text."""
        return self._owners.get(perm_id, "")

    def met(self, perm_id: int, client_key: str) -> None:
        """Learn the broker's permanent number of an order of ours."""
        if perm_id > 0:
            self._owners[perm_id] = client_key

    def ended(self, end: OrderEnded, filled: Contracts) -> None:
        """Remember an end."""
        self.ends[end.client_key] = EndedOrder(
            end.client_key, end.broker_order, filled, end.rejected, end.reason
        )

    def revived(self, client_key: str) -> None:
        """An end was not one."""
        self.ends.pop(client_key, None)
