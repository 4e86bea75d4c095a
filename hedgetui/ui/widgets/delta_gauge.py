"""How far the book is from its hedge band, in one line that can be read without colour.

The gauge shows the scale, the band, where the net delta stands and says the verdict in words. An
unknown delta is never drawn as zero: it is a question mark.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Unpack

from rich.cells import cell_len

from hedgetui.ui.glyphs import UNICODE, IconSet
from hedgetui.ui.widgets.text_line import DrawnLines

if TYPE_CHECKING:
    from hedgetui.ui.widgets.meanings import Fragment, WidgetOptions

SCALE: Final = 2.0
"""The gauge ends at this multiple of the band."""

NEAR: Final = 0.5
"""Share of the band up to which the book is at ease (20-vega §2)."""

_MIN_SIDE: Final = 4
_MAX_SIDE: Final = 10


def gauge_text(
    net: float | None, band: float | None, width: int, icons: IconSet = UNICODE
) -> list[Fragment]:
    """Return the gauge for a net delta and its band, both in $ per index point.

    ` Δ -20····◆▕━━━━━ 0 ━━━━━▏·····+20  now -11.0 ▲ outside ±10`; the drawing gives way to the
    words when `width` cells are too few for both. None, NaN or infinite values are unknown.
    """
    head: Fragment = (f" {icons.delta} ", "strong")
    if net is None or not math.isfinite(net):
        return [head, ("?", "unknown"), ("  net delta unknown", "unknown")]
    verdict, meaning = _verdict(net, band, icons)
    words: list[Fragment] = [(f"now {net:+.1f} ", "strong"), (verdict, meaning)]
    if band is None or not _is_band(band):
        return [head, *words]
    scale = f"{band * SCALE:g}"
    room = width - cell_len(head[0]) - 2 - sum(cell_len(text) for text, _ in words)
    # Both scale labels, two band edges, " 0 ".
    side = (room - 2 * (len(scale) + 1) - 5) // 2
    if side < _MIN_SIDE:
        return [head, *words]
    track = _track(net, band, min(side, _MAX_SIDE), icons, meaning)
    return [head, (f"-{scale}", "muted"), *track, (f"+{scale}", "muted"), ("  ", ""), *words]


def _is_band(band: float | None) -> bool:
    """Tell whether a band can be drawn."""
    return band is not None and math.isfinite(band) and band > 0


def _verdict(net: float, band: float | None, icons: IconSet) -> Fragment:
    """Return mark, word and meaning for the distance to the band."""
    if band is None or not _is_band(band):
        return "band ?", "unknown"
    share = abs(net) / band
    limit = f"{icons.plus_minus}{band:g}"
    if share > 1:
        return f"{icons.up} outside {limit}", "alarm"
    if share > NEAR:
        return f"{icons.near} near {limit}", "warn"
    return f"{icons.dot} inside {limit}", "pos"


def _track(net: float, band: float, side: int, icons: IconSet, meaning: str) -> list[Fragment]:
    """Return the drawn part: `side` cells on each side of zero, the mark in one of them."""
    outer = side // 2
    inner = side - outer
    left = [icons.gauge_out] * outer + [icons.bar_left] + [icons.gauge_in] * inner
    right = [icons.gauge_in] * inner + [icons.bar_right] + [icons.gauge_out] * outer
    cells = [*left, *" 0 ", *right]
    place = len(left) + 1
    if round(net, 1) != 0:
        distance = 2 + _distance(abs(net) / band, inner, outer)
        place += distance if net > 0 else -distance
    return [
        ("".join(cells[:place]), ""),
        (icons.diamond, meaning),
        ("".join(cells[place + 1 :]), ""),
    ]


def _distance(share: float, inner: int, outer: int) -> int:
    """Return how many cells beyond the first inner one the mark stands; never on the band's edge.

    A value on the band is inside, one just past it outside, and the last cell holds all beyond.
    """
    if share <= 1:
        return min(inner - 1, int(share * inner))
    beyond = (share - 1) / (SCALE - 1)
    return inner + 1 + min(outer - 1, int(beyond * outer))


class DeltaGauge(DrawnLines):
    """The gauge as a widget: `set_delta` repaints it when its text changes."""

    def __init__(self, *, icons: IconSet = UNICODE, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(icons=icons, **options)
        self._net: float | None = None
        self._band: float | None = None

    def set_delta(self, net: float | None, band: float | None) -> None:
        """Show a net delta and its band in $ per index point; None or NaN is unknown."""
        self._net, self._band = net, band
        self.draw()

    def draw(self) -> None:
        """Draw for the present width."""
        self.set_lines([gauge_text(self._net, self._band, self.size.width, self._icons)])
