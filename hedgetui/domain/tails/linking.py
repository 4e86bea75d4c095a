"""Which hedge covers which cash: the open orders of one key and the ties between them.

A hedge of ours links first to the cash that made it due, then to the oldest open cash of the
opposite side; any other hedge to the oldest. What is left is outright: opposite outright hedges
offset each other oldest first, later cash takes from the oldest. Only fills are tied. A fill that
shrinks loses its newest ties first, and what that frees at the other end is tied again as if new.
So there is never open cash beside an open hedge of the opposite side, nor two opposite open hedges.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from heapq import heappop, heappush

from hedgetui.domain.tails.items import CashItem, HedgeItem, Item, Tie
from hedgetui.domain.tails.model import CashId, HedgeId, Key, Offset
from hedgetui.domain.units import Timestamp

_Queue = list[tuple[Timestamp, int, Item]]
"""A heap, oldest order first; one that is no longer open is dropped when it comes up."""


def _queues() -> dict[int, _Queue]:
    return {1: [], -1: []}


@dataclass(slots=True, eq=False)
class KeyBook:
    """Everything of one key. Only the ledger changes it."""

    key: Key
    contract_size: int
    version: int = 0
    """Grows with every fact of the key."""
    cash: dict[CashId, CashItem] = field(default_factory=dict)
    hedges: dict[HedgeId, HedgeItem] = field(default_factory=dict)
    offsets: list[Offset] = field(default_factory=list)
    offset_units: int = 0
    filled: int = 0
    """Signed units of every fill but those of roll legs, which their own offsets cancel."""
    unlinked: int = 0
    """Signed units of fills that are not tied."""
    pending: int = 0
    """Signed units of hedges that may still fill."""
    lots: int = 0
    """Net futures held, roll legs included."""
    denied: str = ""
    """Why the last hedge was refused, until one is placed."""
    places: itertools.count[int] = field(default_factory=itertools.count)
    _open_cash: dict[int, _Queue] = field(default_factory=_queues)
    _open_hedges: dict[int, _Queue] = field(default_factory=_queues)

    @property
    def balance(self) -> int:
        """B: signed fills and offsets."""
        return self.filled + self.offset_units

    @property
    def oldest_open(self) -> Timestamp | None:
        """When the oldest cash was made of which units are unlinked."""
        found = [_oldest(queue) for queue in self._open_cash.values()]
        return min((item.at for item in found if item is not None), default=None)

    def open_orders(self) -> tuple[Item, ...]:
        """Return every order with open units, oldest first."""
        queues = (*self._open_cash.values(), *self._open_hedges.values())
        waiting = sorted(itertools.chain.from_iterable(queues), key=lambda entry: entry[:2])
        return tuple(item for _, _, item in waiting if item.open)

    def change(self, item: Item, units: int, at: Timestamp, first: Item | None = None) -> None:
        """Fill `units` more of an order, or take as many back when negative.

        Args:
            item: the order, of this key.
            units: the change of its filled units.
            at: when this became known.
            first: the cash that a hedge links to before the oldest.
        """
        item.filled += units
        self.filled += item.sign * units
        self.unlinked += item.sign * units
        if units > 0:
            self._settle(item, at, first)
        else:
            self._release(item, at)

    def _settle(self, item: Item, at: Timestamp, first: Item | None = None) -> None:
        """Tie what is open of an order, and queue what is left."""
        if first is not None and first.sign == -item.sign and first.open:
            self._tie(first, item, at)
        for queue in self._partners(item):
            while item.open and (other := _oldest(queue)) is not None:
                self._tie(other, item, at)
        if item.open and not item.queued:
            item.queued = True
            heappush(self._queue(item)[item.sign], (item.at, item.place, item))

    def _queue(self, item: Item) -> dict[int, _Queue]:
        return self._open_cash if isinstance(item, CashItem) else self._open_hedges

    def _partners(self, item: Item) -> tuple[_Queue, ...]:
        hedges = self._open_hedges[-item.sign]
        if isinstance(item, CashItem):
            return (hedges,)
        return self._open_cash[-item.sign], hedges

    def _tie(self, one: Item, other: Item, at: Timestamp) -> None:
        units = min(one.open, other.open)
        if units <= 0:
            return
        tie = Tie(one, other, units, at, next(self.places))
        for end in (one, other):
            end.taken += units
            end.ties.append(tie)

    def _release(self, item: Item, at: Timestamp) -> None:
        """Cut the newest ties of an order that are more than it has filled."""
        freed: list[Item] = []
        while item.taken > item.filled:
            tie = item.ties[-1]
            beyond = tie.beyond(item)
            units = min(tie.units, item.taken - item.filled)
            tie.units -= units
            item.taken -= units
            beyond.taken -= units
            freed.append(beyond)
            if not tie.units:
                item.ties.pop()
                beyond.ties.remove(tie)
        for end in sorted(freed, key=lambda one: (one.at, one.place)):
            self._settle(end, at)


def _oldest(queue: _Queue) -> Item | None:
    """Return the oldest order that is open."""
    while queue:
        item = queue[0][2]
        if item.open:
            return item
        item.queued = False
        heappop(queue)
    return None
