"""A second opinion on every hedge, from prices instead of the sizing rule's divisor.

Sizing thinks in dollars per index point and divides by five. This module values options and
futures as notional (price times multiplier times beta) and asks three plain questions of an order:
does it point against the exposure, does it leave less than there was, and is it no larger than the
exposure by more than half a contract? A wrong unit anywhere in the sizing path, a share delta or a
forgotten index ratio, fails at least one of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hedgetui.domain.instruments import Instrument

_HALF = 0.5
_FAR = 0.05
"""A future further than this from its index belongs to something else: its basis is a fraction."""
_SLACK = 1e-6
"""Relative room for floating-point noise, far below any unit error."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Something with index exposure: an option leg or a future."""

    instrument: Instrument
    quantity: int
    delta: float
    """Per unit of the instrument's own underlying; 1.0 for a future."""
    price: float
    """Price of the underlying of an option, or of the future itself."""


def notional(holding: Holding, index_level: float) -> float:
    """Return dollars of index exposure: what a 100 % move of the index would earn, linearly.

    `beta` turns a move of the holding's own price into one of the index: an XSP point is ten index
    points, a future moves point for point although it trades above the index by its basis.
    """
    beta = index_level * holding.instrument.index_ratio / holding.price
    multiplier = float(holding.instrument.multiplier)
    return holding.quantity * holding.delta * multiplier * holding.price * beta


@dataclass(frozen=True, slots=True)
class Exposure:
    """Index exposure in dollars before an order, and what one contract of the hedge carries."""

    before: float
    per_contract: float
    doubt: str = ""
    """Why the prices cannot be believed; empty when they fit each other."""

    @property
    def finite(self) -> bool:
        """Whether the numbers can be judged at all."""
        return math.isfinite(self.before) and math.isfinite(self.per_contract)


def exposure_of(
    holdings: Iterable[Holding], hedge: Holding, index_level: float, target: float = 0.0
) -> Exposure:
    """Sum the notional of `holdings`; `hedge` says what one contract of it is (quantity 1).

    `target` is the exposure wanted, in dollars per index point; what differs from it counts.
    """
    held = sum(notional(holding, index_level) for holding in holdings)
    return Exposure(
        before=held - target * index_level,
        per_contract=notional(hedge, index_level),
        doubt=_doubt(hedge, index_level),
    )


def _doubt(hedge: Holding, index_level: float) -> str:
    """Return why a hedge's price and the index cannot both be right, or an empty text."""
    expected = index_level * hedge.instrument.index_ratio
    if abs(hedge.price - expected) <= _FAR * expected:
        return ""
    words = f"{hedge.instrument.key} at {hedge.price:.2f} does not belong to an index"
    return f"{words} at {index_level:.2f}"


def objection(exposure: Exposure, signed_contracts: int) -> str:
    """Return why a hedge order must not leave, naming both numbers, or an empty text."""
    if exposure.doubt:
        return exposure.doubt
    if not exposure.finite or exposure.per_contract <= 0:
        return "exposure cannot be computed from prices"
    held = exposure.before / exposure.per_contract
    order = float(signed_contracts)
    after = held + order
    words = f"order {order:+.0f} contracts against an exposure worth {held:+.2f}"
    slack = _SLACK * max(1.0, abs(held))
    if held * order > 0:
        return f"wrong direction: {words}"
    if abs(order) > abs(held) + _HALF + slack:
        return f"larger than the exposure: {words}"
    if abs(after) >= abs(held) + slack or (signed_contracts and held == 0):
        return f"would leave more than before: {words}, {after:+.2f} after"
    return ""
