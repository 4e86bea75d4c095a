"""The micro view as a widget: the whole desk where tables have no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedgetui.ui.screens.micro_text import micro_lines
from hedgetui.ui.widgets.text_line import StyledLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ui.screens.status_text import Look


class MicroView(StyledLines):
    """Lines by importance, as many as fit."""

    _shown: tuple[DeskSnapshot, tuple[str, ...], Look] | None = None

    def show(self, snapshot: DeskSnapshot, log: Sequence[str], look: Look) -> None:
        """Show one state of the desk and the newest log lines."""
        self._shown = (snapshot, tuple(log), look)
        self.on_resize()

    def on_resize(self) -> None:
        """Choose the lines for the present size."""
        width, height = self.size
        if self._shown is None or width == 0 or height == 0:
            return
        snapshot, log, look = self._shown
        plain = look.icons.plain
        lines = micro_lines(snapshot, log, look, width, height)
        self.set_lines([[(plain(text), tone) for text, tone in line] for line in lines])
