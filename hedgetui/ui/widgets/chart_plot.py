"""A line chart as text: data in, rows of styled fragments out, without a screen.

Payoffs and a day's profit are read by shape, level and sign, so ticks are round numbers, zero has
its own line, strikes and spot are labelled, and series differ by dash pattern before colour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hedgetui.domain.text import safe
from hedgetui.ui.widgets.braille import DOTS_X, DOTS_Y, BrailleCanvas, braille
from hedgetui.ui.widgets.grid_columns import fit_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from hedgetui.ui.glyphs import IconSet
    from hedgetui.ui.widgets.meanings import Fragment

Dash = Literal["solid", "dashed", "dotted"]
Floats = "NDArray[np.float64]"

LABEL_CELLS: Final = 8
MIN_PLOT: Final = (8, 3)
"""Fewest cells across and down that still show a shape."""

_PERIODS: Final[dict[str, tuple[int, int]]] = {"solid": (1, 1), "dashed": (6, 4), "dotted": (4, 1)}
_LEGEND: Final = {"solid": "──", "dashed": "╌╌", "dotted": "··"}
_ASCII_SERIES: Final = "*o+x#%"
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A named line: `xs` strictly increasing, `ys` of the same length, NaN for a gap."""

    name: str
    xs: ArrayLike
    ys: ArrayLike
    meaning: str = "series-1"
    dash: Dash = "solid"
    fill: bool = False
    """Tint the cells between the line and zero by the sign of the value."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled vertical: a strike, the spot, a break-even."""

    x: float
    label: str
    meaning: str = "mark"


@dataclass(frozen=True, slots=True)
class ChartData:
    """Finite data with its ranges, ready to be plotted at any size."""

    series: tuple[Series, ...]
    points: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    marks: tuple[Mark, ...]
    x_low: float
    x_high: float
    y_low: float
    y_high: float


def chart_data(
    series: Sequence[Series], marks: Sequence[Mark] = (), *, reach: float | None = None
) -> ChartData | None:
    """Check and measure the data; None when not one finite point is there.

    `reach` is where the x axis ends at the least: a growing line is then drawn on, instead of
    being squeezed anew with every point.

    `ValueError` for lengths that differ or `xs` that do not increase.
    """
    points = [_points(one) for one in series]
    finite = [
        (xs[good], ys[good])
        for xs, ys in points
        if (good := np.isfinite(xs) & np.isfinite(ys)).any()
    ]
    if not finite:
        return None
    all_x = np.concatenate([xs for xs, _ in finite])
    all_y = np.concatenate([ys for _, ys in finite])
    x_low, x_high = float(all_x.min()), float(all_x.max())
    if reach is not None:
        x_high = max(x_high, reach)
    if x_high <= x_low:
        x_low, x_high = x_low - 0.5, x_high + 0.5
    y_low, y_high = float(all_y.min()), float(all_y.max())
    pad = (y_high - y_low) * 0.04 or max(1.0, abs(y_high) * 0.04)
    return ChartData(
        series=tuple(series),
        points=tuple(points),
        marks=tuple(marks),
        x_low=x_low,
        x_high=x_high,
        y_low=y_low - pad,
        y_high=y_high + pad,
    )


def _points(series: Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a series as float arrays after checking them."""
    xs = np.asarray(series.xs, dtype=np.float64).ravel()
    ys = np.asarray(series.ys, dtype=np.float64).ravel()
    if len(xs) != len(ys):
        raise ValueError(f"series {series.name!r}: {len(xs)} xs for {len(ys)} ys")
    if len(xs) > 1 and not bool(np.all(np.diff(xs) > 0)):
        raise ValueError(f"series {series.name!r}: xs must increase")
    return xs, ys


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` round values in [low, high], steps of 1, 2, 2.5 or 5 × 10ⁿ."""
    if not high > low:
        return [low]
    raw = (high - low) / max(1, count)
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(size * magnitude for size in _STEPS if size * magnitude >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step if number else 0.0 for number in range(first, last + 1)]


def tick_text(value: float) -> str:
    """Return a tick in at most seven cells: `2,500`, `-0.25`, `12.5k`, `1.5M`."""
    size, sign = abs(value), "-" if value < 0 else ""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return f"{sign}{size / limit if unit != 'k' else size / 1e3:.4g}{unit}"
    if size >= 100 or size == int(size):
        return f"{sign}{size:,.0f}" if size == int(size) else f"{sign}{size:,.1f}"
    return f"{sign}{size:.4g}"


class ChartPlot:
    """One chart at one size; `rows` gives its lines from the legend down to the x axis."""

    def __init__(self, data: ChartData, size: tuple[int, int], icons: IconSet) -> None:
        self.data = data
        self.icons = icons
        self.total = size[0]
        self.width = size[0] - LABEL_CELLS
        self.height = size[1] - 2
        self._canvas = BrailleCanvas(self.width, self.height)
        self._tint = np.zeros((self.height, self.width), dtype=np.int8)
        for number, (one, (xs, ys)) in enumerate(zip(data.series, data.points, strict=True)):
            self._draw(number, one, xs, ys)

    @staticmethod
    def fits(size: tuple[int, int]) -> bool:
        """Tell whether a chart of this size shows anything."""
        return size[0] - LABEL_CELLS >= MIN_PLOT[0] and size[1] - 2 >= MIN_PLOT[1]

    def x_at(self, cell: int) -> float:
        """Return the x value at the middle of a plot cell."""
        data = self.data
        return data.x_low + (data.x_high - data.x_low) * cell / max(1, self.width - 1)

    def values_at(self, cell: int) -> list[float]:
        """Return each series' value at a plot cell; NaN outside its data."""
        x = self.x_at(cell)
        return [float(_sample(xs, ys, np.array([x]))[0]) for xs, ys in self.data.points]

    def rows(self, title: str, cross: int | None = None) -> list[list[Fragment]]:
        """Return legend, plot rows and x axis as fragments, each `size[0]` cells wide."""
        marks = {self._cell_x(m.x): m for m in self.data.marks if self._in_range(m.x)}
        ticks = self._y_ticks()
        body = self._cells(marks, cross)
        plot = [
            self._plot_row(number, ticks.get(number, ""), body) for number in range(self.height)
        ]
        return [self._legend(title, cross), *plot, self._axis(marks)]

    def _draw(
        self, number: int, one: Series, xs: NDArray[np.float64], ys: NDArray[np.float64]
    ) -> None:
        """Draw one series dot column by dot column, joined vertically where it is steep."""
        grid = np.linspace(self.data.x_low, self.data.x_high, self.width * DOTS_X)
        low, high = _envelope(xs, ys, grid)
        period, on = _PERIODS[one.dash]
        before: tuple[int, int] | None = None
        for x, (low_value, high_value) in enumerate(zip(low, high, strict=True)):
            if not math.isfinite(low_value):
                before = None
                continue
            top, bottom = self._dot_y(float(high_value)), self._dot_y(float(low_value))
            span = (top, bottom)
            if before is not None:
                top, bottom = min(top, before[1] + 1), max(bottom, before[0] - 1)
            before = span
            if one.fill and x % DOTS_X == 0:
                self._tint_column(x // DOTS_X, float(high_value + low_value) / 2)
            if x % period < on:
                self._canvas.column(x, top, bottom, number)

    def _tint_column(self, cell: int, value: float) -> None:
        """Mark the cells between a value and zero with its sign."""
        edge = max(0, self.height * DOTS_Y - 1)
        ends = sorted(
            min(max(dot, 0), edge) // DOTS_Y for dot in (self._dot_y(value), self._dot_y(0))
        )
        self._tint[ends[0] : ends[1] + 1, cell] = 1 if value >= 0 else -1

    def _dot_y(self, value: float) -> int:
        """Return the dot row of a value."""
        data = self.data
        share = (data.y_high - value) / (data.y_high - data.y_low)
        return round(share * (self.height * DOTS_Y - 1))

    def _cell_x(self, x: float) -> int:
        """Return the plot cell of an x value."""
        share = (x - self.data.x_low) / (self.data.x_high - self.data.x_low)
        return min(self.width - 1, max(0, round(share * (self.width - 1))))

    def _in_range(self, x: float) -> bool:
        return self.data.x_low <= x <= self.data.x_high

    def _y_ticks(self) -> dict[int, str]:
        """Return tick labels by plot row; a row has one label at most."""
        ticks = nice_ticks(self.data.y_low, self.data.y_high, max(2, self.height // 3))
        return {self._dot_y(tick) // DOTS_Y: tick_text(tick) for tick in reversed(ticks)}

    def _cells(self, marks: dict[int, Mark], cross: int | None) -> list[list[Fragment]]:
        """Return every plot cell as character and meaning."""
        has_zero = self.data.y_low < 0 < self.data.y_high
        zero = self._dot_y(0) // DOTS_Y if has_zero else -1
        pattern, owner = self._canvas.cells(), self._canvas.owner
        plain = self.icons.plain
        body: list[list[Fragment]] = []
        for row in range(self.height):
            cells: list[Fragment] = []
            for column in range(self.width):
                if dots := int(pattern[row, column]):
                    cell = self._series_cell(dots, int(owner[row, column]))
                elif column == cross:
                    cell = plain("│"), "axis"
                elif column in marks:
                    cell = plain("┊"), marks[column].meaning
                else:
                    cell = (plain("╌"), "axis") if row == zero else (" ", "")
                tint = int(self._tint[row, column])
                fill = "" if not tint else " fill-pos" if tint > 0 else " fill-neg"
                cells.append((cell[0], (cell[1] + fill).strip()))
            body.append(cells)
        return body

    def _series_cell(self, dots: int, number: int) -> Fragment:
        """Return a cell with dots: braille, or the series' letter."""
        meaning = self.data.series[number].meaning
        if self.icons.name == "ascii":
            return _ASCII_SERIES[number % len(_ASCII_SERIES)], meaning
        return braille(dots), meaning

    def _plot_row(self, number: int, label: str, body: list[list[Fragment]]) -> list[Fragment]:
        """Return one plot row: tick label, axis, cells joined where their meaning is the same."""
        axis = self.icons.plain("┤" if label else "│")
        row: list[Fragment] = [(fit_text(label, LABEL_CELLS - 1, right=True) + axis, "axis")]
        for text, meaning in body[number]:
            if len(row) > 1 and row[-1][1] == meaning:
                row[-1] = (row[-1][0] + text, meaning)
            else:
                row.append((text, meaning))
        return row

    def _legend(self, title: str, cross: int | None) -> list[Fragment]:
        """Return the first line: title, the look and name of each series, the readout."""
        plain = self.icons.plain
        row: list[Fragment] = [(f" {plain(safe(title))}  ", "strong")]
        values = None if cross is None else self.values_at(cross)
        for number, one in enumerate(self.data.series):
            name = plain(safe(one.name))
            if values is not None:
                name += f" {values[number]:+,.0f}" if math.isfinite(values[number]) else " ?"
            look = plain(_LEGEND[one.dash])
            if self.icons.name == "ascii":
                look = _ASCII_SERIES[number % len(_ASCII_SERIES)] * 2
            row += [(look, one.meaning), (f" {name}  ", "cross" if values is not None else "")]
        if cross is not None:
            row.insert(1, (f"x={self.x_at(cross):,.1f} ", "cross"))
        return row

    def _axis(self, marks: dict[int, Mark]) -> list[Fragment]:
        """Return the x axis; labels of marks come first, ticks where there is room."""
        foot = [" "] * self.total
        for cell, mark in marks.items():
            _put(foot, LABEL_CELLS + cell, self.icons.plain(safe(mark.label)))
        for tick in nice_ticks(self.data.x_low, self.data.x_high, max(2, self.width // 14)):
            _put(foot, LABEL_CELLS + self._cell_x(tick), tick_text(tick))
        return [("".join(foot), "axis")]


def _put(foot: list[str], centre: int, text: str) -> None:
    """Write a label centred at a cell unless it would touch another."""
    start = max(0, min(len(foot) - len(text), centre - len(text) // 2))
    if all(character == " " for character in foot[max(0, start - 1) : start + len(text) + 1]):
        foot[start : start + len(text)] = text


def _sample(
    xs: NDArray[np.float64], ys: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate linearly; NaN outside the data and next to a gap."""
    if not len(xs):
        return np.full(at.shape, np.nan)
    sampled: NDArray[np.float64] = np.interp(at, xs, ys, left=np.nan, right=np.nan)
    return sampled


def _envelope(
    xs: NDArray[np.float64], ys: NDArray[np.float64], grid: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lowest and highest value per dot column, so that no spike falls between columns."""
    low = _sample(xs, ys, grid)
    high = low.copy()
    inside = np.isfinite(ys) & np.isfinite(xs)
    if inside.any():
        step = grid[1] - grid[0]
        column = np.clip(np.rint((xs[inside] - grid[0]) / step).astype(np.intp), 0, len(grid) - 1)
        np.fmin.at(low, column, ys[inside])
        np.fmax.at(high, column, ys[inside])
    return low, high
