"""Balances counted once more, from the facts alone and without links: the ledger's second opinion.

Every execution is kept by its identity and revision and added up with its sign; nothing here knows
how cash and hedges are tied, so a fault of the ledger cannot hide in it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from hedgetui.domain import events as ev
from hedgetui.domain.orders import LIVE
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.contracts import terms
from hedgetui.domain.tails.model import CashId, HedgeId, Key


@dataclass(slots=True)
class Sent:
    """A hedge order of ours."""

    key: Key
    sign: int
    lots: int
    size: int
    roll: str
    filled: int = 0
    live: bool = True

    @property
    def pending(self) -> int:
        """Signed units that may still fill and will move the balance then."""
        left = max(0, self.lots - self.filled) if self.live and not self.roll else 0
        return self.sign * left * self.size


class Recount:
    """Adds up facts; changes in place."""

    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        """Intent id to order."""
        self._cash: dict[CashId, tuple[Key, int]] = {}
        self._foreign: dict[HedgeId, tuple[Key, int]] = {}
        self._fills: dict[tuple[str, str, str], tuple[int, int]] = {}
        """(kind, order, fill) to (revision, amount)."""
        self._balance: defaultdict[Key, int] = defaultdict(int)
        self._lots: defaultdict[Key, int] = defaultdict(int)
        self._rolled: defaultdict[str, int] = defaultdict(int)
        """Roll to the sum of its offsets."""
        self._legs: defaultdict[str, list[Sent]] = defaultdict(list)
        self._of_key: defaultdict[Key, list[Sent]] = defaultdict(list)

    def orphan(self, event: ev.Event) -> bool:
        """Whether a fact fills an order that no earlier fact entered; it counts as nothing."""
        match event:
            case tf.CashFilled(cash=cash):
                return cash not in self._cash
            case tf.HedgeFilled(hedge=hedge):
                return hedge not in self._foreign
        return False

    def take(self, fact: ev.Fact) -> None:
        """Count one fact."""
        if self.orphan(fact.event):
            return
        match fact.event:
            case tf.CashEntered(cash=cash, key=key, side=side):
                self._cash.setdefault(cash, (key, side.sign))
            case tf.CashFilled(cash=cash):
                key, sign = self._cash[cash]
                change = self._change(("cash", cash, fact.event.fill_id), fact.event.revision,
                                      fact.event.units)  # fmt: skip
                self._balance[key] += sign * change
            case tf.OffsetBooked(key=key, units=units):
                self._balance[key] += units
                if fact.event.roll:
                    self._rolled[fact.event.roll] += units
            case _:
                self._take_hedge(fact.event)

    def _take_hedge(self, event: ev.Event) -> None:
        match event:
            case tf.HedgeEntered(hedge=hedge, key=key, side=side):
                self._foreign.setdefault(hedge, (key, side.sign))
            case tf.HedgeFilled(hedge=hedge):
                key, sign = self._foreign[hedge]
                change = self._change(("hedge", hedge, event.fill_id), event.revision, event.lots)
                self._lots[key] += sign * change
                self._balance[key] += sign * change * terms(key.contract).size
            case tf.TailHedgePlaced(intent_id=intent_id, key=key):
                order = Sent(key, event.side.sign, event.lots, terms(key.contract).size, event.roll)
                self.sent[intent_id] = order
                self._of_key[key].append(order)
                if event.roll:
                    self._legs[event.roll].append(order)
            case ev.IntentMoved(intent_id=intent_id) if intent_id in self.sent:
                self.sent[intent_id].live = event.after in LIVE
            case ev.FillBooked(intent_id=intent_id) if intent_id in self.sent:
                self._executed(self.sent[intent_id], event)

    def _executed(self, order: Sent, event: ev.FillBooked) -> None:
        change = self._change(("ours", "", event.exec_id), event.revision, event.quantity)
        order.filled += change
        self._lots[order.key] += order.sign * change
        if not order.roll:
            self._balance[order.key] += order.sign * change * order.size

    def _change(self, fill: tuple[str, str, str], revision: int, amount: int) -> int:
        """Return by how much a fill changed; an old or repeated revision changes nothing."""
        known, before = self._fills.get(fill, (-1, 0))
        if revision <= known:
            return 0
        self._fills[fill] = (revision, amount)
        return amount - before

    @property
    def keys(self) -> tuple[Key, ...]:
        """Keys of which something was counted, sorted."""
        return tuple(sorted({*self._balance, *self._of_key}))

    def balance(self, key: Key) -> int:
        """Return units of fills and offsets; positive is cash that nobody covers."""
        return self._balance.get(key, 0)

    def effective(self, key: Key) -> int:
        """Return the balance with everything that may still fill."""
        return self.balance(key) + sum(order.pending for order in self._of_key.get(key, ()))

    def lots(self, key: Key) -> int:
        """Return the signed contracts held for a key."""
        return self._lots.get(key, 0)

    def live(self, key: Key) -> int:
        """Return how many orders of ours may still fill."""
        return sum(order.live for order in self._of_key.get(key, ()))

    def rolling(self, roll: str) -> tuple[Sent, ...]:
        """Return the legs of a roll, in the order they were placed."""
        return tuple(self._legs.get(roll, ()))

    @property
    def rolls(self) -> tuple[str, ...]:
        """Rolls of which an order was placed, in their order."""
        return tuple(self._legs)

    def lost_by(self, roll: str) -> int:
        """Return the units of balance that a roll whose orders are over has yet to account for.

        Its executions move no balance because what one leg closes the other opens. Where they do
        not match, that many units lost their hedge (positive) or are hedged twice (negative).
        """
        legs = self.rolling(roll)
        if any(order.live for order in legs):
            return 0
        return sum(order.sign * order.filled * order.size for order in legs) - self._rolled[roll]
