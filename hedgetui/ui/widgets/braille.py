"""A canvas of braille dots: two by four points in every terminal cell.

Which series a cell belongs to is kept beside its dots, because a cell has one colour; the last
series drawn owns it. Without braille the same dots become one letter per series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOTS_X: Final = 2
DOTS_Y: Final = 4
NOBODY: Final = -1
_BRAILLE: Final = 0x2800
_BITS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)


class BrailleCanvas:
    """Dots on `width` × `height` cells; point (0, 0) is the top left dot."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._dots = np.zeros((height * DOTS_Y, width * DOTS_X), dtype=np.bool_)
        self.owner: NDArray[np.int16] = np.full((height, width), NOBODY, dtype=np.int16)

    def column(self, x: int, top: int, bottom: int, owner: int) -> None:
        """Set the dots of one dot column from `top` to `bottom`, clipped to the canvas."""
        top, bottom = max(0, top), min(self.height * DOTS_Y - 1, bottom)
        if top > bottom or not 0 <= x < self.width * DOTS_X:
            return
        self._dots[top : bottom + 1, x] = True
        self.owner[top // DOTS_Y : bottom // DOTS_Y + 1, x // DOTS_X] = owner

    def cells(self) -> NDArray[np.uint8]:
        """Return the dot pattern of each cell, shape (height, width), 0 where empty."""
        blocks = self._dots.reshape(self.height, DOTS_Y, self.width, DOTS_X)
        pattern: NDArray[np.uint8] = np.einsum(
            "hywx,yx->hw", blocks.astype(np.uint8), _BITS, dtype=np.uint8
        )
        return pattern


def braille(pattern: int) -> str:
    """Return the character for a cell's dot pattern (Unicode block U+2800)."""
    return chr(_BRAILLE + pattern)
