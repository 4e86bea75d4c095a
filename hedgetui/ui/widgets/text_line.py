"""Status row, tab strip, captions: a few lines of fragments that repaint only when they change.

Textual's `Static.update` lays the whole screen out again, 2.4 KB/s for a clock. These lines have
the height their parent gives them, so new text costs the cells that differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hedgetui.domain.text import safe
from hedgetui.ui.glyphs import UNICODE, IconSet
from hedgetui.ui.widgets.meanings import (
    Fragment,
    Palette,
    WidgetOptions,
    widget_css,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_FRAGMENT = 400
"""Characters of one fragment: more than the widest terminal shows."""


class StyledLines(Widget):
    """Lines of (text, meaning) fragments; text goes through `safe` and is never markup."""

    ALLOW_SELECT = False
    DEFAULT_CSS = widget_css("StyledLines", "    height: 1; width: 1fr;\n")

    def __init__(
        self, lines: Iterable[Sequence[Fragment]] = (), **options: Unpack[WidgetOptions]
    ) -> None:
        super().__init__(**options)
        self._lines: list[list[Fragment]] = _harmless(lines)
        self._palette: Palette | None = None

    @property
    def plain_text(self) -> str:
        """The lines without their meanings, as a test or the clipboard wants them."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def set_lines(self, lines: Iterable[Sequence[Fragment]]) -> None:
        """Show these lines; only those that differ are painted."""
        old, self._lines = self._lines, _harmless(lines)
        for y in range(max(len(old), len(self._lines))):
            if old[y : y + 1] != self._lines[y : y + 1]:
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Return one line, cut or padded to the width."""
        if self._palette is None:
            self._palette = Palette(self)
        palette, width = self._palette, self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, palette.base)
        segments = [Segment(text, palette.style(meaning)) for text, meaning in self._lines[y]]
        return Strip(segments).adjust_cell_length(width, palette.base)

    def notify_style_update(self) -> None:
        """Theme or pseudo class changed: styles are resolved again."""
        if self._palette is not None:
            self.refresh()
        self._palette = None
        super().notify_style_update()


class DrawnLines(StyledLines):
    """A picture made of lines, drawn anew for another alphabet or another size."""

    def __init__(self, *, icons: IconSet = UNICODE, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options)
        self._icons = icons

    @property
    def icons(self) -> IconSet:
        """The alphabet; setting it draws again."""
        return self._icons

    @icons.setter
    def icons(self, icons: IconSet) -> None:
        self._icons = icons
        self.draw()

    def draw(self) -> None:
        """Draw for the present size; its heirs say what."""

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.draw()


def _harmless(lines: Iterable[Sequence[Fragment]]) -> list[list[Fragment]]:
    """Return the lines with safe text and without empty fragments."""
    return [
        [(safe(text, MAX_FRAGMENT), meaning) for text, meaning in line if text] for line in lines
    ]
