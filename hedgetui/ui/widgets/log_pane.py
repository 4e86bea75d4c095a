"""What happened, line by line: bounded, filterable, and cheap while it follows.

The newest line stands on top, where the eye is. The pane scrolls by itself instead of through
Textual's virtual size, because that would lay the whole screen out again for every line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Unpack

from rich.segment import Segment
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hedgetui.domain.text import SafeText, safe
from hedgetui.ui.glyphs import UNICODE, IconSet
from hedgetui.ui.widgets.grid_columns import fit_text
from hedgetui.ui.widgets.log_model import MAX_LINES, MAX_TEXT, LogEntry, LogLines
from hedgetui.ui.widgets.meanings import Palette, WidgetOptions, widget_css

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_LINES", "LogEntry", "LogPane"]

LEVEL_MEANINGS: Final = {
    "debug": "muted",
    "info": "",
    "ok": "pos",
    "success": "pos",
    "trade": "strong",
    "warn": "warn",
    "warning": "warn",
    "error": "alarm",
    "critical": "alarm",
}
"""Meaning of a level; an unknown level is plain text."""


class LogPane(Widget, can_focus=True):
    """The last 2,000 entries, newest first; its parent gives it its height."""

    ALLOW_SELECT = False
    DEFAULT_CSS = widget_css("LogPane", "    width: 1fr;\n")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lines(-1)", "Up", show=False, id="nav.up"),
        Binding("down,j", "scroll_lines(1)", "Down", show=False, id="nav.down"),
        Binding("pageup,ctrl+u", "scroll_pages(-1)", "Page up", show=False, id="nav.page_up"),
        Binding("pagedown,ctrl+d", "scroll_pages(1)", "Page down", show=False, id="nav.page_down"),
        Binding("home,g", "newest", "Newest", show=False, id="nav.top"),
        Binding("end,G", "oldest", "Oldest", show=False, id="nav.bottom"),
        Binding("slash", "find", "Find", show=False, id="grid.find"),
        Binding("escape", "clear_filter", "Clear filter", show=False, id="grid.clear_filter"),
    ]

    class FindRequested(Message):
        """`/`: the screen asks for a text and calls `set_filter`."""

        def __init__(self, pane: LogPane) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> LogPane:
            """The pane, for `@on(..., selector)`."""
            return self.pane

    class FollowChanged(Message):
        """The pane began or stopped following the newest line."""

        def __init__(self, pane: LogPane, *, follow: bool) -> None:
            super().__init__()
            self.pane = pane
            self.follow = follow

        @property
        def control(self) -> LogPane:
            """The pane, for `@on(..., selector)`."""
            return self.pane

    def __init__(
        self,
        *,
        show_time: bool = True,
        icons: IconSet = UNICODE,
        **options: Unpack[WidgetOptions],
    ) -> None:
        super().__init__(**options)
        self._log = LogLines()
        self._top = 0
        self._follow = True
        self._show_time = show_time
        self._icons = icons
        self._palette: Palette | None = None

    @property
    def icons(self) -> IconSet:
        """The alphabet of the leading signs; setting it paints again."""
        return self._icons

    @icons.setter
    def icons(self, icons: IconSet) -> None:
        self._icons = icons
        self.refresh()

    @property
    def show_time(self) -> bool:
        """Whether a line begins with its time; setting it paints again."""
        return self._show_time

    @show_time.setter
    def show_time(self, show_time: bool) -> None:
        self._show_time = show_time
        self.refresh()

    @property
    def follow(self) -> bool:
        """Whether new lines appear at once; setting it returns to the newest line."""
        return self._follow

    @follow.setter
    def follow(self, follow: bool) -> None:
        if follow:
            self._go_to(0)
        self._set_follow(follow=follow)

    @property
    def position(self) -> tuple[int, int]:
        """Number of the first line in view, counted from 1, and of all lines kept."""
        return (self._top + 1 if self._log.shown else 0), len(self._log.shown)

    def extend(self, entries: Iterable[LogEntry]) -> None:
        """Take new entries, oldest first; paint only if what is in view changed."""
        added = self._log.extend(entries)
        if not added:
            return
        if self._follow:
            rows = min(len(self._log.shown), self.size.height)
            self.refresh(Region(0, 0, self.size.width, rows))
        else:
            # What is in view stays there; beyond the bound the oldest lines are gone.
            self._top = min(self._top + added, self._last_top())
            if len(self._log.shown) == MAX_LINES and self._top == self._last_top():
                self.refresh()

    def append(self, entry: LogEntry) -> None:
        """Take one new entry."""
        self.extend((entry,))

    def set_filter(self, text: str) -> None:
        """Show only entries containing `text`, or with `!` in front not containing it; "" all."""
        self._log.set_filter(text)
        self._top = 0
        self._set_follow(follow=True)
        self.refresh()

    def _last_top(self) -> int:
        """Return the furthest the pane scrolls."""
        return max(0, len(self._log.shown) - self.size.height)

    def _go_to(self, top: int) -> None:
        """Scroll so that line `top` is first, and paint if that moved anything."""
        target = max(0, min(top, self._last_top()))
        if target != self._top:
            self._top = target
            self.refresh()

    def _set_follow(self, *, follow: bool) -> None:
        """Remember and announce."""
        if follow != self._follow:
            self._follow = follow
            self.post_message(self.FollowChanged(self, follow=follow))

    def render_line(self, y: int) -> Strip:
        """Return one entry: time, sign, words, cut with an ellipsis."""
        if self._palette is None:
            self._palette = Palette(self)
        palette, width = self._palette, self.size.width
        entry = self._log.line(self._top + y)
        if entry is None:
            return Strip.blank(width, palette.base)
        segments: list[Segment] = []
        room = width
        if self._show_time:
            stamp = entry.at_text + " "
            segments.append(Segment(stamp, palette.style("muted")))
            room = max(0, width - len(stamp))
        text = fit_text(line_text(entry, self._icons), room, ellipsis=self._icons.ellipsis)
        segments.append(Segment(text, palette.style(LEVEL_MEANINGS.get(entry.level, ""))))
        return Strip(segments).adjust_cell_length(width, palette.base)

    def lines_as_text(self) -> str:
        """Return the lines the filter lets through, newest first, for the clipboard."""
        return "\n".join(
            f"{entry.at_text} {line_text(entry, self._icons)}" for entry in self._log.shown
        )

    def action_scroll_lines(self, lines: int) -> None:
        """Scroll by lines; going away from the newest stops following, back on it follows."""
        self._go_to(self._top + lines)
        self._set_follow(follow=self._top == 0)

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by pages."""
        self.action_scroll_lines(pages * max(1, self.size.height - 1))

    def action_newest(self) -> None:
        """Go to the newest line and follow."""
        self.follow = True

    def action_oldest(self) -> None:
        """Go to the oldest line."""
        self.action_scroll_lines(len(self._log.shown))

    def action_find(self) -> None:
        """Ask the screen for a filter text."""
        self.post_message(self.FindRequested(self))

    def action_clear_filter(self) -> None:
        """Drop the filter; without one the key belongs to somebody else."""
        if not self._log.needle:
            raise SkipAction
        self.set_filter("")

    def on_mouse_scroll_down(self) -> None:
        """Scroll towards older lines."""
        self.action_scroll_lines(1)

    def on_mouse_scroll_up(self) -> None:
        """Scroll towards newer lines."""
        self.action_scroll_lines(-1)

    def notify_style_update(self) -> None:
        """Theme or pseudo class changed: styles are resolved again."""
        if self._palette is not None:
            self.refresh()
        self._palette = None
        super().notify_style_update()


def line_text(entry: LogEntry, icons: IconSet) -> SafeText:
    """Return an entry's words in one alphabet."""
    return safe(icons.line_icon(entry.text), MAX_TEXT)
