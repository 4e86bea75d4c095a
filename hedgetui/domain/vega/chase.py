"""How the options of an entry are worked: from the middle to the touch in even steps."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from hedgetui.domain.instruments import Instrument
from hedgetui.domain.orders import Side


class EntryStyle(StrEnum):
    """How the two legs of an entry are ordered."""

    LEGS = "legs"
    """One order for each leg."""
    COMBO = "combo"
    """One order for both; single legs for what it leaves open."""


def leg_price(
    side: Side, bid: float, ask: float, tick: Decimal, *, step: int, steps: int
) -> Decimal:
    """Return the limit for try `step` (0 is the mid, `steps` the far touch), on the tick grid.

    Rounded away from the trader's favour, so that the last step really reaches the touch; never
    below one tick.
    """
    share = 1.0 if steps <= 0 else min(1.0, step / steps)
    mid = (bid + ask) / 2
    far = ask if side is Side.BUY else bid
    exact = Decimal(str(round(mid + (far - mid) * share, 6))) / tick
    rounding = "ROUND_CEILING" if side is Side.BUY else "ROUND_FLOOR"
    return max(tick, exact.quantize(Decimal(1), rounding=rounding) * tick)


def limit_price(text: str | float, instrument: Instrument, side: Side) -> Decimal:
    """Round a price to the instrument's tick, never to the worse side of what was meant."""
    exact = Decimal(str(text)) / instrument.tick
    rounding = "ROUND_FLOOR" if side is Side.BUY else "ROUND_CEILING"
    return exact.quantize(Decimal(1), rounding=rounding) * instrument.tick
