"""What goes wrong on purpose, and when: data that a scenario carries and the exchange obeys.

Times are seconds after the market's start, so that a scenario reads like a script; rates are
probabilities per message or per order, drawn from a stream of their own so that a fault never moves
the market.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of simulated time in which something does not work."""

    at_s: float
    for_s: float
    reason: str = ""

    def covers(self, elapsed_s: float) -> bool:
        """Whether a moment lies inside."""
        return self.at_s <= elapsed_s < self.at_s + self.for_s


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything a scenario may break."""

    outages: tuple[Interval, ...] = ()
    """The link drops at the beginning and cannot be opened before the end."""
    greeks_silent: tuple[Interval, ...] = ()
    quotes_silent: tuple[Interval, ...] = ()
    reject_rate: float = 0.0
    """Orders refused by the exchange for no fault of the trader."""
    information_rate: float = 0.0
    """Accepted orders that come with an informational code; the order lives on."""
    lost_rate: float = 0.0
    """Messages about orders that never arrive although the link stands."""
    duplicate_rate: float = 0.0
    """Executions delivered twice."""
    arrival_rate: float = 0.5
    """Share of the messages under way that still arrive when a link drops."""

    stuck_deltas: tuple[float, float] | None = None
    """(put, call) deltas the broker reports whatever the market does; None for honest ones."""

    def outage(self, elapsed_s: float) -> Interval | None:
        """Return the outage of a moment."""
        return next((one for one in self.outages if one.covers(elapsed_s)), None)


def repeated(
    first_s: float, every_s: float, for_s: float, count: int, reason: str = ""
) -> tuple[Interval, ...]:
    """Return `count` intervals, one each `every_s` seconds."""
    return tuple(Interval(first_s + every_s * n, for_s, reason) for n in range(count))
