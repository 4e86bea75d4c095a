"""A trend in one row of text: the newest values as bars, one to a cell.

The scale grows in steps, so that a new value moves the bars along and does not redraw all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hedgetui.ui.glyphs import IconSet

_STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_BARS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-=+*#"


def spark(values: Sequence[float], width: int, icons: IconSet) -> str:
    """Return the newest of `values` (not negative) in at most `width` cells, oldest first."""
    shown = [value for value in values if math.isfinite(value)][-width:] if width > 0 else []
    if not shown:
        return ""
    bars, full = _ASCII if icons.name == "ascii" else _BARS, scale(max(shown))
    levels = (math.ceil(value / full * len(bars)) - 1 for value in shown)
    return "".join(bars[min(len(bars) - 1, max(0, level))] for level in levels)


def scale(most: float) -> float:
    """Return the value of a full bar: the next of 1, 1.5, 2, 3, 4, 6, 8, 10, … holding `most`."""
    if not math.isfinite(most) or most <= 1.0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(most))
    return next((step * decade for step in _STEPS if most <= step * decade), 10.0 * decade)
