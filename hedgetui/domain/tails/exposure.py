"""A second opinion on every hedge of a tail, and the limits that are the tails' own.

The rule divides; this module asks of each contract of an order whether it finds a balance still
worth the threshold. A wrong sign, a unit taken for a lot or an order decided on a balance that has
moved since fails that.
"""

from __future__ import annotations

from dataclasses import dataclass

RULE = "rule"
"""Who placed a hedge that no person asked for."""
TAILS_LATCH = "tails"
"""The latch that holds back hedges of tails and nothing else."""


@dataclass(frozen=True, slots=True)
class TailLimits:
    """The numbers of the gates for hedges of tails; orders are counted apart from all others."""

    max_order: int = 10
    """Contracts of one order; more follow when it has filled."""
    max_net: int = 200
    """Contracts held of one contract month, all hedge accounts together."""
    repeats: int = 30
    """Orders of one key the same way within the throttle's window."""
    orders_per_second: int = 5
    orders_per_minute: int = 60
    orders_per_day: int = 1_000
    max_order_notional: float = 1_000_000.0
    max_day_notional: float = 50_000_000.0


@dataclass(frozen=True, slots=True)
class TailExposure:
    """What an order for one key is measured against, counted from the facts."""

    effective: int
    """Units of the balance with everything that may still fill."""
    size: int
    """Units of one contract."""
    threshold_pct: int
    rolled: int | None = None
    """Of a roll's leg: signed contracts that it has to trade; its fills move no balance."""


def objection(tail: TailExposure | None, signed: int) -> str:
    """Return why an order of `signed` contracts must not leave, naming numbers; else empty."""
    if tail is None:
        return "the tail's balance is unknown"
    if tail.rolled is not None:
        fits = tail.rolled * signed > 0 and abs(signed) <= abs(tail.rolled)
        return "" if fits else f"roll of {signed:+d} contracts where {tail.rolled:+d} are to move"
    words = f"order {signed:+d} × {tail.size:,} on an effective balance of {tail.effective:+,}"
    if tail.effective * signed >= 0:
        return f"wrong direction: {words}"
    found_by_last = abs(tail.effective) - (abs(signed) - 1) * tail.size
    if 100 * found_by_last < tail.threshold_pct * tail.size:
        return f"larger than the tail: {words}, threshold {tail.threshold_pct} %"
    return ""
