"""Volumes and prices on the grids of a symbol.

A volume is always rounded down: half of the smallest lot is nothing, never the smallest lot. A
price goes to the tick on the side the caller names, since one tick may be the difference between a
stop that is taken and one that is refused.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from enum import Enum

from hedgetui.domain.mt5.records import Lots, SymbolSpec, Tick

NOTHING = Lots(Decimal(0))
_NOISE = Decimal("0.000001")
"""Share of a tick that a float price may be off its grid."""
_LEAST_TICKS = 2


class Rounding(Enum):
    """To which side a price goes."""

    DOWN = "down"
    UP = "up"
    NEAREST = "nearest"


def share_of(volume: Decimal, ratio: float) -> Decimal:
    """Return `ratio` of a volume, exactly as the ratio is written."""
    return volume * Decimal(repr(ratio))


def floor_lots(volume: Decimal, spec: SymbolSpec) -> Lots:
    """Return the largest volume that may be traded and is not above `volume`.

    On the symbol's step, at most its maximum; 0 when that is below its minimum.
    """
    wanted = min(volume, spec.volume_max)
    step = spec.volume_step if spec.volume_step > 0 else spec.volume_min
    if step <= 0 or wanted <= 0:
        return NOTHING
    floored = wanted // step * step
    return NOTHING if floored < spec.volume_min else Lots(floored)


def tick_size(spec: SymbolSpec) -> Decimal:
    """Return the smallest step of a price; the point where the symbol names none."""
    size = spec.tick_size if spec.tick_size > 0 else spec.point
    return Decimal(repr(size))


def to_grid(price: float, spec: SymbolSpec, rounding: Rounding = Rounding.NEAREST) -> Decimal:
    """Return `price` on the symbol's grid of ticks, with the symbol's digits.

    A float within a millionth of a tick of the grid is on it.
    """
    size = tick_size(spec)
    ticks = Decimal(repr(price)) / size
    match rounding:
        case Rounding.DOWN:
            whole = (ticks + _NOISE).to_integral_value(ROUND_FLOOR)
        case Rounding.UP:
            whole = (ticks - _NOISE).to_integral_value(ROUND_CEILING)
        case Rounding.NEAREST:
            whole = ticks.to_integral_value(ROUND_HALF_EVEN)
    return (whole * size).quantize(Decimal(1).scaleb(-spec.digits))


def stop_distance(spec: SymbolSpec, tick: Tick) -> float:
    """Return how far a stop must be from the closing side, in price units.

    A stops level of 0 may mean that the broker decides by the spread, hence the spread and two
    ticks as the least.
    """
    least = _LEAST_TICKS * float(tick_size(spec))
    return max(spec.stops_level * spec.point, tick.spread, least)


def freeze_distance(spec: SymbolSpec) -> float:
    """Return how near to the price a level may no longer be changed, in price units."""
    return spec.freeze_level * spec.point
