"""Only changed cells reach the terminal, because SSH carries and encrypts every byte.

Textual writes every widget region that was repainted, changed or not. `CellDiffApp` compares each
compositor update with what the terminal already shows and writes the difference. It leans on
private parts of Textual, hence the pinned version, the check at start, and the stock output as
the way out: a drawing shortcut must never take the console down.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version
from inspect import signature
from typing import TYPE_CHECKING, Any, Final, cast

from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.strip import Strip

from hedgetui.ui.cell_encoder import CellEncoder

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from textual.screen import Screen

SWITCH: Final = "HEDGETUI_CELL_DIFF"
"""Environment variable: `0` keeps Textual's own output."""

PINNED: Final = "8.2."
"""Textual versions whose private parts were read and replayed."""

_PARTS: Final[tuple[tuple[object, tuple[str, ...]], ...]] = (
    (App, ("_display", "_resume_signal", "post_display_hook")),
    (Strip, ("_segments", "render_ansi", "crop")),
    (Style, ("_ansi",)),
    (ChopsUpdate, ("render_segments",)),
    (LayoutUpdate, ("render_segments",)),
)
_ARGUMENTS: Final[dict[Callable[..., object], set[str]]] = {
    ChopsUpdate: {"chops", "spans", "chop_ends"},
    LayoutUpdate: {"strips", "region"},
}


def find_problem(textual_version: str | None = None) -> str | None:
    """Return why the cell diff cannot be used here, in words for `doctor`; None if it can."""
    if os.environ.get(SWITCH) == "0":
        return f"switched off by {SWITCH}=0"
    found = textual_version or version("textual")
    if not found.startswith(PINNED):
        return f"made for textual {PINNED}x, found {found}"
    for owner, names in _PARTS:
        for name in names:
            if not hasattr(owner, name) and name not in getattr(owner, "__slots__", ()):
                return f"textual {found} has no {owner!r}.{name}"
    for update, needed in _ARGUMENTS.items():
        missing = needed - signature(update).parameters.keys()
        if missing:
            return f"textual {found}: {update} takes no {', '.join(sorted(missing))}"
    return None


class _Bytes(CompositorUpdate):
    """An encoded difference in the shape Textual's own writer accepts."""

    def __init__(self, sequence: str) -> None:
        self._sequence = sequence

    def render_segments(self, console: Console) -> str:  # noqa: ARG002 - Textual's signature
        """Return the bytes as they are."""
        return self._sequence


class CellDiffApp(App[ReturnType]):
    """An `App` whose terminal output is the difference to what the terminal shows.

    `cell_diff_problem` tells why it is off, None while it is on; `action_redraw` repaints a
    terminal that shows garbage.
    """

    _encoder: CellEncoder | None = None
    _written_cursor: object = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on to App
        super().__init__(*args, **kwargs)
        self.cell_diff_problem = find_problem()

    def _on_mount(self) -> None:
        """A resumed terminal starts empty."""
        self.app_resume_signal.subscribe(self, lambda _: self.forget_terminal(), immediate=True)

    def forget_terminal(self) -> None:
        """Take nothing on the terminal for granted: the next picture is written whole."""
        self._encoder = None

    def action_redraw(self) -> None:
        """Write the whole screen again."""
        self.forget_terminal()
        self.screen.refresh()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Write the difference instead of the update, wherever that is possible."""
        if not self._is_writing() or renderable is None:
            super()._display(screen, renderable)
            return
        sequence = self._difference(renderable)
        if sequence is None:
            self.forget_terminal()
            super()._display(screen, renderable)
            return
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        if not sequence and cursor == self._written_cursor:
            self.post_display_hook()
            return
        self._written_cursor = cursor
        super()._display(screen, cast("RenderableType", _Bytes(sequence)))

    def _is_writing(self) -> bool:
        """Tell whether the stock method would write to a full-screen terminal now."""
        driver = self._driver
        return (
            self.cell_diff_problem is None
            and not self._batch_count
            and self._running
            and not self._closed
            and driver is not None
            and not driver.is_headless
            and not driver.is_inline
        )

    def _difference(self, renderable: RenderableType) -> str | None:
        """Return the bytes for an update, or None when Textual has to write it."""
        if not isinstance(renderable, ChopsUpdate | LayoutUpdate):
            return None
        try:
            encoder = self._encoder_for(renderable)
            if isinstance(renderable, LayoutUpdate):
                _put_layout(encoder, renderable)
            else:
                _put_chops(encoder, renderable)
            return encoder.take()
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as problem:
            # Whatever a private part turned into: the stock writer still shows the screen.
            self.cell_diff_problem = f"stopped by {type(problem).__name__}: {problem}"
            return None

    def _encoder_for(self, renderable: ChopsUpdate | LayoutUpdate) -> CellEncoder:
        """Return the shadow, a new one when the terminal's size is not its size."""
        size = self.size.width, self.size.height
        if self._encoder is None or self._encoder.size != size:
            self._encoder = CellEncoder(*size, self.console._color_system)  # noqa: SLF001
            self._written_cursor = None
            if isinstance(renderable, ChopsUpdate):
                # A part of a screen onto an unknown terminal: ask for all of it as well.
                self.call_later(self.screen.refresh)
        return self._encoder


def _put_layout(encoder: CellEncoder, update: LayoutUpdate) -> None:
    """Put a whole screen."""
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            encoder.put(x, y, strip)
            x += strip.cell_length


def _put_chops(encoder: CellEncoder, update: ChopsUpdate) -> None:
    """Put the parts of a partial update that lie inside its spans."""
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x >= right or end <= left:
                continue
            start = max(x, left)
            encoder.put(start, y, strip.crop(start - x, min(end, right) - x))
