"""Which MES month to trade, and how to leave the one that ends.

A hedge in a month about to expire is a hedge about to vanish, so increases go to the month with
enough life left, while reductions take the nearest month off first. A roll changes no delta: every
contract sold in one month is bought in the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import Instrument
from hedgetui.domain.units import Contracts

ROLL_DAYS = 8
"""The active month expires more than this many days away."""
ALARM_DAYS = 2
"""With an old month still open this near its expiry, the screen shows a red banner."""


@dataclass(frozen=True, slots=True)
class RollStep:
    """One leg pair of a roll: `contracts` signed, as they will be held in `into`."""

    out_of: Instrument
    into: Instrument
    contracts: Contracts

    @property
    def orders(self) -> tuple[tuple[Instrument, Contracts], tuple[Instrument, Contracts]]:
        """The two orders, signed; together they change no delta."""
        return (self.out_of, Contracts(-self.contracts)), (self.into, self.contracts)


def days_left(contract: Instrument, today: date) -> int:
    """Return calendar days to a future's expiry.

    Raises:
        DataError: the instrument does not expire.
    """
    if contract.expiry is None:
        message = f"{contract.key} does not expire"
        raise DataError(message)
    return (contract.expiry - today).days


def active_month(
    contracts: Iterable[Instrument], today: date, roll_days: int = ROLL_DAYS
) -> Instrument:
    """Return the nearest contract that expires more than `roll_days` days away.

    Raises:
        DataError: there is none.
    """
    alive = [one for one in contracts if days_left(one, today) > roll_days]
    if not alive:
        message = f"no contract expires more than {roll_days} days after {today}"
        raise DataError(message, hint="refresh the contract months from the broker")
    return min(alive, key=lambda one: days_left(one, today))


def allocate(
    order: Contracts, held: Mapping[Instrument, int], active: Instrument | None
) -> list[tuple[Instrument, Contracts]]:
    """Split a signed hedge order over months; the parts add up to `order`.

    What reduces a position trades the month held, nearest first; the rest trades the active month.
    Without an active month only reductions are in the answer: they need none.
    """
    left = int(order)
    parts: dict[Instrument, int] = {}
    for contract in sorted(held, key=_by_expiry):
        if left * held[contract] < 0:
            part = min(abs(left), abs(held[contract])) * (1 if left > 0 else -1)
            parts[contract] = part
            left -= part
    if left and active is not None:
        parts[active] = parts.get(active, 0) + left
    return [(contract, Contracts(part)) for contract, part in parts.items()]


def roll_due(
    held: Mapping[Instrument, int], active: Instrument, today: date, roll_days: int = ROLL_DAYS
) -> bool:
    """Return whether contracts are held in a month that the active one has replaced."""
    return bool(roll_plan(held, active, today, roll_days))


def roll_plan(
    held: Mapping[Instrument, int],
    active: Instrument,
    today: date,
    roll_days: int = ROLL_DAYS,
) -> tuple[RollStep, ...]:
    """Return the steps that move every due contract into the active month, nearest first."""
    due = sorted(
        (
            contract
            for contract, quantity in held.items()
            if quantity and contract != active and days_left(contract, today) <= roll_days
        ),
        key=_by_expiry,
    )
    return tuple(RollStep(contract, active, Contracts(held[contract])) for contract in due)


def split(steps: Iterable[RollStep], most: int) -> tuple[RollStep, ...]:
    """Return the same steps with at most `most` contracts each: what one pair of orders moves."""
    parts: list[RollStep] = []
    for step in steps:
        sign, left = (1 if step.contracts > 0 else -1), abs(step.contracts)
        while left:
            part = min(left, most)
            parts.append(RollStep(step.out_of, step.into, Contracts(sign * part)))
            left -= part
    return tuple(parts)


def overdue(
    held: Mapping[Instrument, int], today: date, alarm_days: int = ALARM_DAYS
) -> tuple[Instrument, ...]:
    """Return held contracts that expire within `alarm_days`: the red banner's reason."""
    late = (
        contract
        for contract, quantity in held.items()
        if quantity and days_left(contract, today) <= alarm_days
    )
    return tuple(sorted(late, key=_by_expiry))


def _by_expiry(contract: Instrument) -> tuple[date, str]:
    return contract.expiry or date.max, contract.key
