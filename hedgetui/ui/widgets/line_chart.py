"""The chart on the screen: keeps finished lines, repaints those that differ, has a crosshair.

A payoff changes in a few cells per tick. The plot is made anew, compared line by line with what
stands there, and only differing lines are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack

from rich.segment import Segment
from rich.style import Style
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hedgetui.domain.text import safe
from hedgetui.ui.glyphs import UNICODE, IconSet
from hedgetui.ui.widgets.chart_plot import ChartPlot, Mark, Series, chart_data
from hedgetui.ui.widgets.meanings import (
    MEANING_CLASSES,
    Fragment,
    Palette,
    WidgetOptions,
    part_styles,
    widget_css,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LineChart", "Mark", "Series"]

_FILLS = {"fill-pos", "fill-neg"}
_PARTS = ("series-1", "series-2", "series-3", "axis", "mark", "cross", "fill-pos", "fill-neg")
_CHART_CSS = """
    height: 1fr;
    & > .chart--series-1 { color: $text-accent; }
    & > .chart--series-2 { color: $text-primary; }
    & > .chart--series-3 { color: $text-success; text-style: bold; }
    & > .chart--axis { color: $foreground-muted; }
    & > .chart--mark { color: $text-warning; }
    & > .chart--cross { text-style: bold reverse; }
    & > .chart--fill-pos { background: $success 18%; }
    & > .chart--fill-neg { background: $error 18%; }
    &:ansi > .chart--axis { color: ansi_default; text-style: dim; }
"""


_CHART_CLASSES = MEANING_CLASSES | {f"chart--{part}" for part in _PARTS}


class LineChart(Widget, can_focus=True):
    """Several lines over one x axis; `set_data` feeds it, left and right move the crosshair."""

    ALLOW_SELECT = False
    DEFAULT_CSS = widget_css("LineChart", _CHART_CSS)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "cross(-1)", "Crosshair left", show=False, id="chart.left"),
        Binding("right,l", "cross(1)", "Crosshair right", show=False, id="chart.right"),
        Binding("escape", "uncross", "Crosshair off", show=False, id="chart.off"),
    ]

    def __init__(
        self,
        title: str,
        *,
        empty: str = "no data yet",
        icons: IconSet = UNICODE,
        **options: Unpack[WidgetOptions],
    ) -> None:
        super().__init__(**options)
        self._title = safe(title)
        self._empty = safe(empty)
        self._icons = icons
        self._data = chart_data(())
        self._cross: int | None = None
        self._rows: list[list[Fragment]] = []
        self._plot: ChartPlot | None = None
        self._palette: Palette | None = None
        self._styles: dict[str, Style] = {}

    @property
    def icons(self) -> IconSet:
        """The alphabet; setting it draws again."""
        return self._icons

    @icons.setter
    def icons(self, icons: IconSet) -> None:
        self._icons = icons
        self._draw(new_plot=True)

    @property
    def crosshair(self) -> float | None:
        """The x value under the crosshair; None when it is off."""
        if self._cross is None or self._plot is None:
            return None
        return self._plot.x_at(self._cross)

    def set_data(
        self, series: Sequence[Series], marks: Sequence[Mark] = (), *, reach: float | None = None
    ) -> None:
        """Show these lines and verticals; see `chart_data` for `reach` and what is refused."""
        self._data = chart_data(series, marks, reach=reach)
        self._draw(new_plot=True)

    def _draw(self, *, new_plot: bool) -> None:
        """Make the rows and ask for those that differ from what stands there."""
        size = (self.size.width, self.size.height)
        if new_plot:
            fits = self._data is not None and ChartPlot.fits(size)
            self._plot = ChartPlot(self._data, size, self._icons) if fits and self._data else None
        old = self._rows
        self._rows = self._state_rows() if self._plot is None else self._plot_rows(self._plot)
        for y in range(max(len(old), len(self._rows))):
            if old[y : y + 1] != self._rows[y : y + 1]:
                self.refresh(Region(0, y, self.size.width, 1))

    def _plot_rows(self, plot: ChartPlot) -> list[list[Fragment]]:
        """Return the chart's rows with the crosshair inside the plot."""
        if self._cross is not None:
            self._cross = min(self._cross, plot.width - 1)
        return plot.rows(self._title, self._cross)

    def _state_rows(self) -> list[list[Fragment]]:
        """Return what is said when there is nothing to draw, or no room to draw it."""
        text = self._empty if self._data is None else "too small to draw"
        plain = self._icons.plain
        return [[(f" {plain(self._title)}  ", "strong"), (plain(text), "muted")]]

    def action_cross(self, cells: int) -> None:
        """Move the crosshair; it starts in the middle."""
        if self._plot is None:
            return
        start = self._plot.width // 2 if self._cross is None else self._cross + cells
        self._cross = min(self._plot.width - 1, max(0, start))
        self._draw(new_plot=False)

    def action_uncross(self) -> None:
        """Take the crosshair off; without one the key belongs to somebody else."""
        if self._cross is None:
            raise SkipAction
        self._cross = None
        self._draw(new_plot=False)

    def render_line(self, y: int) -> Strip:
        """Return one line of the chart."""
        width, base = self.size.width, self._style("")
        if y >= len(self._rows):
            return Strip.blank(width, base)
        row = [Segment(text, self._style(meaning)) for text, meaning in self._rows[y]]
        return Strip(row).adjust_cell_length(width, base)

    def _style(self, meaning: str) -> Style:
        """Return the style of a combined meaning; fills are blended, and left out without RGB."""
        if self._palette is None:
            self._palette = Palette(self, _CHART_CLASSES)
            self._styles = {"": self._palette.base}
        found = self._styles.get(meaning)
        if found is None:
            found = self._palette.base
            for name in meaning.split():
                if name in _FILLS:
                    found += self._fill(name)
                else:
                    found += self._palette.component(f"chart--{name}")
                    found += self._palette.component(f"meaning--{name}")
            self._styles[meaning] = found
        return found

    def _fill(self, name: str) -> Style:
        """Blend a fill over the real background: a strip does not do it, ANSI colours cannot."""
        _, under = self.background_colors
        tint = part_styles(self, f"chart--{name}").background
        if under.ansi is not None or tint.ansi is not None or self.app.no_color:
            return Style()
        return Style(bgcolor=(under + tint).rich_color)

    def on_resize(self) -> None:
        """Draw at the new size."""
        self._draw(new_plot=True)

    def notify_style_update(self) -> None:
        """Theme or pseudo class changed: styles are resolved again."""
        if self._palette is not None:
            self.refresh()
        self._palette = None
        super().notify_style_update()
