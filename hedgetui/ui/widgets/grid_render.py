"""A grid line as a strip of styled cells; and the whole grid as plain text or CSV.

Kept apart from the widget because it needs no screen: given styles it is a pure function of the
row, which is what makes caching a line safe.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from hedgetui.ui.widgets.grid_columns import fit_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hedgetui.ui.glyphs import IconSet
    from hedgetui.ui.widgets.grid_columns import Column, Placed
    from hedgetui.ui.widgets.grid_model import GridModel, Line, Node
    from hedgetui.ui.widgets.meanings import Palette

_FORMULA_STARTS = ("=", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class GridPaint:
    """What a line looks like: styles, alphabet, and whether the first column has a tree."""

    palette: Palette
    icons: IconSet
    header: Style
    cursor: Style
    guide: Style
    is_flat: bool


def header_strip(
    placed: Sequence[Placed], paint: GridPaint, width: int, sort: tuple[int, bool] | None
) -> Strip:
    """Return the header; the sorted column carries ▲ (ascending) or ▼ at its end."""
    icons = paint.icons
    texts: list[str] = []
    for column, index, _, cells in placed:
        title, right = icons.plain(column.title), column.align == "right"
        if sort is not None and sort[0] == index:
            mark = icons.down if sort[1] else icons.up
            texts.append(fit_text(title, cells - 1, right=right, ellipsis="") + mark)
        else:
            texts.append(fit_text(title, cells, right=right, ellipsis=icons.ellipsis))
    line = Segment(fit_text(" ".join(texts), width, ellipsis=""), paint.header)
    return Strip([line], width)


def row_strip(
    line: Line,
    node: Node,
    placed: Sequence[Placed],
    paint: GridPaint,
    width: int,
    *,
    on_cursor: bool = False,
    is_marked: bool = False,
) -> Strip:
    """Return one row; under the cursor every cell takes the cursor's style."""
    base = paint.cursor if on_cursor else paint.palette.base
    segments: list[Segment] = []
    for position, (column, index, _, cells) in enumerate(placed):
        cell = node.cells[index]
        text = paint.icons.plain(cell.text)
        style = base if on_cursor else paint.palette.style(cell.meaning or node.meaning)
        room = cells
        if position == 0:
            lead = lead_text(line, paint.icons, is_flat=paint.is_flat, is_marked=is_marked)
            if lead:
                lead = fit_text(lead, min(cell_len(lead), cells), ellipsis="")
                segments.append(Segment(lead, base if on_cursor else base + paint.guide))
                room -= cell_len(lead)
        right = column.align == "right"
        fitted = fit_text(text, room, right=right, ellipsis=paint.icons.ellipsis)
        segments.append(Segment(fitted, style))
        segments.append(Segment(" ", base))
    return Strip(segments).adjust_cell_length(width, base)


def lead_text(line: Line, icons: IconSet, *, is_flat: bool, is_marked: bool) -> str:
    """Return what stands before the first cell: guides, fold mark, selection mark."""
    guide = (
        line.guide.replace("├", icons.guide_tee)
        .replace("└", icons.guide_end)
        .replace("│", icons.guide_bar)
    )
    fold = {"+": icons.shut + " ", "-": icons.opened + " "}.get(line.fold, "  ")
    return guide + ("" if is_flat else fold) + (icons.marked + " " if is_marked else "")


def grid_text(model: GridModel, placed: Sequence[Placed], icons: IconSet) -> str:
    """Return header and visible rows as aligned text, as they stand on the screen."""
    rows = [[icons.plain(place.column.title) for place in placed]]
    for line in model.lines:
        cells = [icons.plain(model.nodes[line.key].cells[place.number].text) for place in placed]
        cells[0] = lead_text(line, icons, is_flat=model.is_flat, is_marked=False) + cells[0]
        rows.append(cells)
    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(placed))]
    return "\n".join(
        " ".join(
            fit_text(text, width, right=place.column.align == "right")
            for text, width, place in zip(row, widths, placed, strict=True)
        ).rstrip()
        for row in rows
    )


def grid_csv(model: GridModel, hidden: frozenset[str]) -> str:
    """Return visible rows as CSV with their key first and every column not hidden by hand.

    A cell a spreadsheet would run as a formula gets an apostrophe; signed numbers stay numbers.
    """
    chosen: list[tuple[int, Column]] = [
        (index, column)
        for index, column in enumerate(model.columns)
        if index == 0 or column.key not in hidden
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["key", *(column.key for _, column in chosen)])
    for line in model.lines:
        cells = model.nodes[line.key].cells
        writer.writerow(_inert(text) for text in (line.key, *(cells[i].text for i, _ in chosen)))
    return out.getvalue()


def _inert(text: str) -> str:
    """Return text no spreadsheet runs."""
    if text.startswith(_FORMULA_STARTS):
        return "'" + text
    if text[:1] in {"+", "-"} and not text[1:2].isdigit() and len(text) > 1:
        return "'" + text
    return text
