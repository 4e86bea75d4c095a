"""Market structure on M15: fractal pivots, and the closes that break them.

A break in the direction of the bias continues it (BOS); one against it turns it (CHOCH). Each pivot
breaks once, and a close must clear it by a tenth of an ATR, or every touch would be news.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.dtms.bars import Bars, Floats

Ints = NDArray[np.int64]

WINGS = 3
"""Bars on each side that a pivot must strictly exceed; it is known that many bars later."""
CLEARANCE = 0.10
"""ATR by which a close must be beyond the pivot."""
BOS, CHOCH = 2, 1
_CHOCH_VALUE = 2.0 / 3.0
_FADE_BARS = 24
_FLOOR = 1.0 / 3.0


@dataclass(frozen=True, slots=True)
class Structure:
    """What the structure says at each bar; arrays of the length of the bars."""

    value: Floats
    """−1 … +1: direction and freshness of the last break."""
    event: Ints
    """Of the bar itself: ±2 BOS, ±1 CHOCH, 0 none."""
    bias: Ints
    """Direction of the last break; 0 before the first."""


def find_structure(bars: Bars, atr: Floats) -> Structure:
    """Follow the breaks of structure; `atr` is that of the bars, NaN where not known."""
    events = _breaks(bars, atr)
    places = np.arange(len(bars))
    last = np.maximum.accumulate(np.where(events != 0, places, -1))
    known = last >= 0
    kind = np.where(known, events[np.maximum(last, 0)], 0)
    bias = np.sign(kind)
    fresh = np.clip(1.0 - (places - last) / _FADE_BARS, 0.0, 1.0)
    full = np.where(np.abs(kind) == BOS, 1.0, _CHOCH_VALUE)
    value = bias * np.maximum(full * fresh, _FLOOR)
    return Structure(np.where(known, value, 0.0), events, bias)


def _breaks(bars: Bars, atr: Floats) -> Ints:
    """Return the event of each bar."""
    tops = _pivots(bars.high).tolist()
    bottoms = _pivots(-bars.low).tolist()
    highs, lows = bars.high.tolist(), bars.low.tolist()
    margins = (CLEARANCE * atr).tolist()
    events = np.zeros(len(bars), np.int64)
    top: float | None = None
    bottom: float | None = None
    bias = 0
    for place, (close, margin) in enumerate(zip(bars.close.tolist(), margins, strict=True)):
        seen = place - WINGS
        if seen >= 0 and tops[seen]:
            top = highs[seen]
        if seen >= 0 and bottoms[seen]:
            bottom = lows[seen]
        # A margin that is not known compares false: no break without an ATR.
        if top is not None and close > top + margin:
            events[place], bias, top = BOS if bias > 0 else CHOCH, 1, None
        elif bottom is not None and close < bottom - margin:
            events[place], bias, bottom = -BOS if bias < 0 else -CHOCH, -1, None
    return events


def _pivots(values: Floats) -> NDArray[np.bool_]:
    """Return which values strictly exceed the three on each side."""
    count = len(values)
    found = np.zeros(count, bool)
    if count <= 2 * WINGS:
        return found
    middle = values[WINGS : count - WINGS]
    strict = np.ones(len(middle), bool)
    for away in range(1, WINGS + 1):
        strict &= middle > values[WINGS - away : count - WINGS - away]
        strict &= middle > values[WINGS + away : count - WINGS + away]
    found[WINGS : count - WINGS] = strict
    return found
