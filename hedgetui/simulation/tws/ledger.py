"""Average cost and realised profit, the way the account window counts them.

The exchange counts cash and lots; account windows show an average cost that includes the multiplier
and the commission, and a realised profit per execution. Both are a fold over the executions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hedgetui.domain.instruments import parse_key
from hedgetui.ports.broker import BrokerTruth, Commission, Execution

_ZERO = Decimal(0)
_CENT = Decimal("0.01")
_FINE = Decimal("0.0001")


@dataclass(slots=True)
class Holding:
    """What is held of one instrument."""

    quantity: int = 0
    average_cost: Decimal = _ZERO
    """Dollars per contract, multiplier and commission included."""
    realised: Decimal = _ZERO


@dataclass(slots=True)
class Ledger:
    """Every holding, and the realised profit of every execution that closed something."""

    holdings: dict[str, Holding] = field(default_factory=dict)
    realised: dict[str, Decimal] = field(default_factory=dict)

    @classmethod
    def of(cls, truth: BrokerTruth, opening: Mapping[str, Holding]) -> Ledger:
        """Fold the account's whole history onto what it opened with."""
        ledger = cls({key: replace(one) for key, one in opening.items()})
        fees = {one.exec_id: one for one in truth.commissions}
        for execution in truth.executions:
            ledger._take(execution, fees.get(execution.exec_id))
        return ledger

    def holding(self, key: str) -> Holding:
        """Return what is held of an instrument; a flat one was never held or is closed."""
        return self.holdings.get(key, Holding())

    def _take(self, execution: Execution, fee: Commission | None) -> None:
        holding = self.holdings.setdefault(execution.instrument_key, Holding())
        charge = fee.amount if fee else _ZERO
        signed = execution.side.sign * execution.quantity
        unit = execution.price * parse_key(execution.instrument_key).multiplier
        closing = min(abs(signed), abs(holding.quantity)) if signed * holding.quantity < 0 else 0
        if closing:
            direction = 1 if holding.quantity > 0 else -1
            profit = closing * (unit - holding.average_cost) * direction - charge
            self.realised[execution.exec_id] = profit.quantize(_CENT)
            holding.realised += profit
            charge = _ZERO
        opening = abs(signed) - closing
        if opening:
            same = 0 if closing else abs(holding.quantity)
            paid = unit * opening + execution.side.sign * charge
            total = holding.average_cost * same + paid
            holding.average_cost = (total / (same + opening)).quantize(_FINE)
        holding.quantity += signed


def opening_of(held: Mapping[str, int], mark: Callable[[str], Decimal]) -> dict[str, Holding]:
    """Return what an account opened with, at cost as marked now: nobody knows what was paid."""
    return {
        key: Holding(quantity, mark(key) * parse_key(key).multiplier)
        for key, quantity in held.items()
    }  # fmt: skip


def cumulative(executions: Sequence[Execution], last: Execution) -> tuple[int, Decimal]:
    """Return (contracts, average price) of one order's executions up to and including `last`."""
    shares, money = 0, _ZERO
    for one in executions:
        shares += one.quantity
        money += one.quantity * one.price
        if one.exec_id == last.exec_id:
            break
    return shares, (money / shares).quantize(_FINE) if shares else _ZERO
