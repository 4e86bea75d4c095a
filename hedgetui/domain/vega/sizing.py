"""How many futures make the book neutral: the one place where exposure becomes contracts.

Two mistakes cost money here: rounding that drifts (Python's `round` goes to even) and forgetting
the hedge already on or on its way. So there is one rounding rule, and the net delta is always the
options plus what is filled plus what is working.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from hedgetui.domain.orders import Side
from hedgetui.domain.units import Contracts, DollarsPerPoint

MES_PER_POINT = DollarsPerPoint(5.0)
"""Δ$ of one MES future."""

_DIGITS = 9
"""Quotients and band distances are compared after rounding to 1e-9, so that a sum of binary
fractions such as 7 · 0.1 does not decide about a contract."""


class RehedgeTo(StrEnum):
    """Where a hedge that broke the band brings the net delta."""

    CENTRE = "centre"
    EDGE = "edge"


class Level(StrEnum):
    """The colour of the net delta."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class SizedHedge:
    """A hedge as `vega size` prints it: side None and no contracts when nothing is to do."""

    side: Side | None
    contracts: Contracts
    net_before: DollarsPerPoint
    net_after: DollarsPerPoint


def round_half_to_zero(quotient: float) -> int:
    """Return the nearest integer, ties toward zero: 2.5 → 2, -2.5 → -2, 9.4 → 9.

    Raises:
        ValueError: `quotient` is NaN or infinite.
    """
    if not math.isfinite(quotient):
        message = f"cannot round {quotient} to contracts"
        raise ValueError(message)
    whole = math.ceil(round(abs(quotient), _DIGITS) - 0.5)
    return whole if quotient > 0 else -whole


def net_delta(
    options: DollarsPerPoint,
    filled: int,
    working: int,
    per_contract: DollarsPerPoint = MES_PER_POINT,
) -> DollarsPerPoint:
    """Return the Δ$ of the book: options plus filled and working hedge contracts (signed)."""
    return DollarsPerPoint(options + per_contract * (filled + working))


def hedge_contracts(
    net: DollarsPerPoint,
    *,
    per_contract: DollarsPerPoint = MES_PER_POINT,
    target: DollarsPerPoint = DollarsPerPoint(0.0),
    ratio: float = 1.0,
) -> Contracts:
    """Return the signed order that brings `net` to `target`: +9 buys nine, 0 sends nothing.

    Raises:
        ValueError: `net` is not finite or `per_contract` is not positive.
    """
    _require_positive(per_contract)
    return Contracts(-round_half_to_zero(ratio * (net - target) / per_contract))


def breached(net: DollarsPerPoint, target: DollarsPerPoint, band: float) -> bool:
    """Return whether `net` is strictly outside `target` ± `band`."""
    return round(abs(net - target) - band, _DIGITS) > 0


def rehedge(
    net: DollarsPerPoint,
    band: float,
    mode: RehedgeTo = RehedgeTo.CENTRE,
    *,
    per_contract: DollarsPerPoint = MES_PER_POINT,
    target: DollarsPerPoint = DollarsPerPoint(0.0),
    ratio: float = 1.0,
) -> Contracts:
    """Return the signed order the band rule sends: 0 inside the band, else to centre or edge.

    The edge is the fewest contracts that bring the net back inside, and never more than the order
    to the centre. Net +17 with band 10: centre sells 3 (+2 is left), edge sells 2 (+7).
    """
    if not breached(net, target, band):
        return Contracts(0)
    centre = hedge_contracts(net, per_contract=per_contract, target=target, ratio=ratio)
    if mode is RehedgeTo.CENTRE:
        return centre
    outside = round((abs(net - target) - band) / per_contract, _DIGITS)
    count = min(max(1, math.ceil(outside)), abs(centre))
    return Contracts(count if centre > 0 else -count)


def level(
    net: DollarsPerPoint, band: float, target: DollarsPerPoint = DollarsPerPoint(0.0)
) -> Level:
    """Return green up to half the band, yellow up to the band, red outside ("hedge now")."""
    if breached(net, target, band):
        return Level.RED
    return Level.YELLOW if breached(net, target, band / 2) else Level.GREEN


def hedge_by_size(
    options: DollarsPerPoint,
    hedge: int = 0,
    working: int = 0,
    *,
    band: float | None = None,
    per_contract: DollarsPerPoint = MES_PER_POINT,
    target: DollarsPerPoint = DollarsPerPoint(0.0),
    ratio: float = 1.0,
) -> SizedHedge:
    """Size the hedge of `options` Δ$ with `hedge` contracts on and `working` on their way (signed).

    Without a band this is hedge-now: only the rounding can say "nothing". With one, a net inside
    the band asks for nothing either.

    Raises:
        ValueError: a number is not finite, or `per_contract` is not positive.
    """
    net = net_delta(options, hedge, working, per_contract)
    order = hedge_contracts(net, per_contract=per_contract, target=target, ratio=ratio)
    if band is not None and not breached(net, target, band):
        order = Contracts(0)
    side = Side.of(order) if order else None
    after = DollarsPerPoint(net + per_contract * order)
    return SizedHedge(side, Contracts(abs(order)), net, after)


def _require_positive(per_contract: float) -> None:
    if not per_contract > 0:
        message = f"a hedge contract must move the book: {per_contract} $/pt"
        raise ValueError(message)
