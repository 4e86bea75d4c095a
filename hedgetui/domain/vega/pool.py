"""One hedge for the whole book, shown trade by trade.

Futures are pooled: two trades that offset each other need no hedge at all, and per-trade hedging
would pay twice for it. The rows of the table still want a hedge and a hedge profit each, so the
pool is apportioned in whole contracts that add up to it, and every change of a share is booked at
the market, so that the rows' profits add up to the pool's as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from hedgetui.domain.units import Contracts, DollarsPerPoint, Money, money
from hedgetui.domain.vega.sizing import MES_PER_POINT

_DIGITS = 9
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class HedgeShare:
    """One trade's part of the pooled hedge, as an account of its own."""

    contracts: Contracts = Contracts(0)
    cash: Decimal = Decimal(0)
    """Dollars received minus paid for contracts, fees not included."""
    fees: Decimal = Decimal(0)

    def profit(self, mark: Decimal | None, multiplier: Decimal) -> Money:
        """Return the share's profit with its contracts valued at `mark`, before fees.

        Raises:
            ValueError: contracts are held and there is no mark.
        """
        if mark is None:
            if self.contracts:
                message = "a held hedge needs a mark"
                raise ValueError(message)
            mark = Decimal(0)
        return money(self.cash + self.contracts * mark * multiplier)


def apportion(
    pool: Contracts,
    deltas: Mapping[str, DollarsPerPoint],
    *,
    per_contract: DollarsPerPoint = MES_PER_POINT,
) -> dict[str, Contracts]:
    """Split `pool` signed contracts over trades by Δ$; the shares add up to `pool` exactly.

    A trade's ideal share is its own hedge plus its part, by size, of what the pool has too many or
    too few; for trades of one sign that is the plain proportion. Whole contracts go by largest
    remainder, ties to the larger delta and then to the smaller id, so equal books give equal rows.
    A trade whose delta is unknown (NaN) counts as zero. No trades, no shares.
    """
    if not deltas:
        return {}
    known = {key: delta if math.isfinite(delta) else 0.0 for key, delta in deltas.items()}
    gross = sum(abs(delta) for delta in known.values())
    surplus = pool + sum(known.values()) / per_contract
    ideal = {
        key: round(-delta / per_contract + surplus * _weight(delta, gross, len(known)), _DIGITS)
        for key, delta in known.items()
    }
    shares = {key: math.trunc(value) for key, value in ideal.items()}
    rest = pool - sum(shares.values())
    step = 1 if rest > 0 else -1
    by_remainder = sorted(
        ideal, key=lambda key: (step * (shares[key] - ideal[key]), -abs(known[key]), key)
    )
    for key in by_remainder[: abs(rest)]:
        shares[key] += step
    return {key: Contracts(share) for key, share in shares.items()}


def _weight(delta: float, gross: float, count: int) -> float:
    return abs(delta) / gross if gross else 1 / count


def rebook(
    accounts: Mapping[str, HedgeShare],
    shares: Mapping[str, Contracts],
    *,
    price: Decimal,
    multiplier: Decimal,
) -> dict[str, HedgeShare]:
    """Return the accounts after the shares changed at `price`: by a fill, or by moving deltas.

    Every trade buys or sells the change of its share at `price`; moves between trades cancel, so
    the sum is the pool's own trade. A trade missing from `shares` gives up all it held.
    """
    keys = list(dict.fromkeys([*accounts, *shares]))
    before = {key: accounts.get(key, HedgeShare()) for key in keys}
    change = {key: shares.get(key, Contracts(0)) - before[key].contracts for key in keys}
    return {
        key: replace(
            before[key],
            contracts=shares.get(key, Contracts(0)),
            cash=before[key].cash - change[key] * price * multiplier,
        )
        for key in keys
    }


def split_fees(fees: Decimal, change: Mapping[str, int]) -> dict[str, Decimal]:
    """Split a fill's fees over the trades it was for: those whose share moved the fill's way.

    `change` holds each trade's change of share. Parts are whole cents, the largest mover takes
    what is left over, and they add up to `fees` exactly; a negative fee is a rebate.
    """
    if not fees or not change:
        return {}
    total = sum(change.values())
    sign = -1 if total < 0 else 1
    weights = {key: max(0, sign * moved) for key, moved in change.items()}
    if not any(weights.values()):
        weights = dict.fromkeys(change, 1)
    gross = sum(weights.values())
    parts = {
        key: (fees * weight / gross).quantize(_CENT, rounding="ROUND_DOWN")
        for key, weight in weights.items()
    }
    largest = max(sorted(weights), key=lambda key: weights[key])
    parts[largest] += fees - sum(parts.values())
    return parts
