"""The roll of a tail: the uncovered balance moves by paired offsets, the futures by two orders.

The offsets are booked at once, −t in the old contract and +t in the new one. The futures follow by
a calendar spread of two legs, each marked with the roll, whose executions move no balance. Old
links stay where they are, as history.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.errors import DataError
from hedgetui.domain.orders import Side
from hedgetui.domain.tails.contracts import terms
from hedgetui.domain.tails.facts import OffsetBooked
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import Key, Lots, Units


@dataclass(frozen=True, slots=True)
class RollLeg:
    """One order of the calendar spread; to be placed with the roll's id."""

    key: Key
    side: Side
    lots: Lots


@dataclass(frozen=True, slots=True)
class KeyMove:
    """What a roll does to one contract, once both legs are filled."""

    key: Key
    balance_before: Units
    balance_after: Units
    lots_before: int
    """Net futures held."""
    lots_after: int


@dataclass(frozen=True, slots=True)
class RollPlan:
    """A roll as it would be booked and sent."""

    roll_id: str
    offsets: tuple[OffsetBooked, ...]
    """Both, or none where nothing is uncovered; for one write."""
    legs: tuple[RollLeg, ...]
    """The one that closes first; none where no futures are held."""
    moves: tuple[KeyMove, KeyMove]
    """Old contract, new contract."""


def roll_objection(ledger: Ledger, key: Key, to: str) -> str:
    """Return why a key cannot be rolled into contract `to`, empty when it can."""
    try:
        old, new = terms(key.contract), terms(to)
    except DataError as error:
        return f"contract: {error.message}"
    if old is not new:
        return f"contract: {key.contract} is {old.name}, {to} is {new.name}"
    if to <= key.contract:
        return f"contract: {to} is not later than {key.contract}"
    target = Key(key.account, to)
    for one in (key, target):
        if working := ledger.working(one):
            return f"{one}: hedge {working[0].hedge_id} is still working"
    if not ledger.balance(key) and not ledger.position(key):
        return f"{key}: nothing to roll"
    return ""


def plan_roll(
    ledger: Ledger, key: Key, to: str, *, roll_id: str, user: str, comment: str
) -> RollPlan:
    """Return the facts and orders that roll a key into contract `to`, and what they do.

    Args:
        ledger: as it stands; nothing in it changes.
        key: account and old contract.
        to: the new contract, `ZC 202603`.
        roll_id: joins both offsets and both legs.
        user: who rolls.
        comment: of both offsets.

    Raises:
        DataError: it cannot be rolled; `roll_objection` says why.
    """
    if why := roll_objection(ledger, key, to):
        raise DataError(why)
    target, tail, lots = Key(key.account, to), ledger.balance(key), ledger.position(key)
    offsets = () if not tail else (
        OffsetBooked(key, Units(-tail), user, comment, roll_id),
        OffsetBooked(target, tail, user, comment, roll_id),
    )  # fmt: skip
    legs = () if not lots else (
        RollLeg(key, Side.of(-lots), Lots(abs(lots))),
        RollLeg(target, Side.of(lots), Lots(abs(lots))),
    )  # fmt: skip
    before, held = ledger.balance(target), ledger.position(target)
    moves = (
        KeyMove(key, tail, Units(0), lots, 0),
        KeyMove(target, before, Units(before + tail), held, held + lots),
    )
    return RollPlan(roll_id, offsets, legs, moves)
