"""The shortest bytes that turn one picture of the terminal into the next.

`CellEncoder` keeps a shadow of what the terminal shows. Strips go in, only the cells that differ
come out: cursor moves are relative where that is shorter, colours are sent when they change and
only the part that changed. It knows nothing of an application, so it can be replayed and proven.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP: Final = 4
"""Unchanged cells of the same look that are cheaper to write again than to jump over."""

_EXTENDED: Final = {"38", "48"}
_FOREGROUND: Final = frozenset(map(str, (*range(30, 38), 39, *range(90, 98))))
_BACKGROUND: Final = frozenset(map(str, (*range(40, 48), 49, *range(100, 108))))


class ScreenCell(NamedTuple):
    """One terminal cell: its text ("" in the tail of a wide one) and its SGR codes."""

    text: str
    codes: str


class Run(NamedTuple):
    """Cells to be written side by side, led by what a cheap order sorts by."""

    codes: str
    y: int
    x: int
    cells: tuple[ScreenCell, ...]


class CellEncoder:
    """A shadow of one terminal and the difference to what should be on it."""

    def __init__(self, width: int, height: int, colors: ColorSystem | None) -> None:
        self._colors = colors or ColorSystem.TRUECOLOR
        self._width = width
        self._rows: list[list[ScreenCell | None]] = [[None] * width for _ in range(height)]
        self._blanks: list[Run] = []
        self._runs: list[Run] = []
        self._out: list[str] = []
        self._at: tuple[int, int] | None = None
        self._codes = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the shadow."""
        return self._width, len(self._rows)

    def put(self, x: int, y: int, strip: Strip) -> None:
        """Note the cells of a strip at (x, y) that differ from the shadow.

        Strips put between two calls of `take` must not overlap: they are sent in another order.
        """
        if not 0 <= y < len(self._rows) or x >= self._width:
            return
        cells = self._cells(strip)[: self._width - x]
        if cells and cell_len(cells[-1].text) > 1:
            # A wide character cut by the edge has no room: the terminal shows a blank.
            cells[-1] = ScreenCell(" ", cells[-1].codes)
        row = self._rows[y]
        changed = [i for i, cell in enumerate(cells) if row[x + i] != cell]
        for start, end in _runs(changed, cells):
            self._note(x, y, cells, start, end)

    def take(self) -> str:
        """Return what to send for everything put since the last call; "" when nothing changed.

        Runs of one colour go together, since a colour costs more than a cursor move.
        """
        for run in (*self._blanks, *sorted(self._runs)):
            self._send(run)
        if self._codes:
            self._out.append("\x1b[0m")
        sequence = "".join(self._out)
        for pending in (self._blanks, self._runs, self._out):
            pending.clear()
        self._at, self._codes = None, ""
        return sequence

    def _cells(self, strip: Strip) -> list[ScreenCell]:
        """Spread a strip over cells; a character of n cells is followed by n − 1 tails."""
        cells: list[ScreenCell] = []
        for text, style, control in strip:
            if control:
                continue
            codes = ""
            if style is not None:
                known = style._ansi  # noqa: SLF001 - where Textual's own output keeps it
                codes = known if known is not None else Strip.render_ansi(style, self._colors)
            if text.isascii():
                cells.extend([ScreenCell(character, codes) for character in text])
            else:
                _spread(text, codes, cells)
        return cells

    def _note(self, x: int, y: int, cells: Sequence[ScreenCell], start: int, end: int) -> None:
        """Note one run, whole characters only, and mend wide ones it cuts in half."""
        while end < len(cells) and not cells[end].text:
            end += 1
        self._mend(x + start, x + end, y)
        self._rows[y][x + start : x + end] = cells[start:end]
        self._runs.append(Run(cells[start].codes, y, x + start, tuple(cells[start:end])))

    def _mend(self, left: int, right: int, y: int) -> None:
        """Blank what stays of wide characters that [left, right) overwrites in part."""
        row = self._rows[y]
        head = left
        while head > 0 and (cell := row[head]) is not None and not cell.text:
            head -= 1
        tail = right
        while tail < self._width and (cell := row[tail]) is not None and not cell.text:
            tail += 1
        for index in (*range(head, left), *range(right, tail)):
            blank = ScreenCell(" ", cell.codes if (cell := row[index]) is not None else "")
            row[index] = blank
            self._blanks.append(Run(blank.codes, y, index, (blank,)))

    def _send(self, run: Run) -> None:
        """Write one run from where the cursor is."""
        codes, y, x, cells = run
        self._move(x, y)
        for text, codes in cells:
            if codes != self._codes:
                self._out.append(sgr_change(self._codes, codes))
                self._codes = codes
            self._out.append(text)
        end = x + len(cells)
        certain = end < self._width and all(len(cell.text) < 2 for cell in cells)
        # After the last column, or a cluster terminals measure differently, nobody knows.
        self._at = (end, y) if certain else None

    def _move(self, x: int, y: int) -> None:
        """Move the cursor with the shortest sequence."""
        at = self._at
        if at == (x, y):
            return
        if at is not None and at[1] == y and x > at[0]:
            steps = x - at[0]
            self._out.append(f"\x1b[{steps}C" if steps > 1 else "\x1b[C")
        else:
            self._out.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")


def _runs(changed: Sequence[int], cells: Sequence[ScreenCell]) -> list[tuple[int, int]]:
    """Join changed cells into runs, over short gaps that look like their neighbours."""
    runs: list[tuple[int, int]] = []
    for index in changed:
        if runs and _is_cheap_gap(cells[runs[-1][1] : index], cells[index].codes):
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def _is_cheap_gap(gap: Sequence[ScreenCell], codes: str) -> bool:
    """Tell whether writing unchanged cells again costs less than jumping over them."""
    return len(gap) <= GAP and all(text and text.isascii() and look == codes for text, look in gap)


def _spread(text: str, codes: str, cells: list[ScreenCell]) -> None:
    """Append the cells of a text that is not ASCII."""
    widths = [cell_len(character) for character in text]
    if sum(widths) != cell_len(text):
        # A cluster (flags, joined emoji): one unit of text, so that it is never split.
        cells.append(ScreenCell(text, codes))
        cells.extend([ScreenCell("", codes)] * (cell_len(text) - 1))
        return
    for character, width in zip(text, widths, strict=True):
        if width:
            cells.append(ScreenCell(character, codes))
            cells.extend([ScreenCell("", codes)] * (width - 1))
        elif cells:
            owner = len(cells) - 1
            while owner > 0 and not cells[owner].text:
                owner -= 1
            cells[owner] = ScreenCell(cells[owner].text + character, cells[owner].codes)


@lru_cache(4096)
def sgr_change(before: str, after: str) -> str:
    """Return the shortest SGR sequence that turns one set of codes into another."""
    whole = f"\x1b[0;{after}m" if after else "\x1b[0m"
    old_attributes, old_fore, old_back = _split_codes(before)
    attributes, fore, back = _split_codes(after)
    if not old_attributes <= attributes:
        return whole
    parts = sorted(attributes - old_attributes)
    if fore != old_fore:
        parts.append(fore)
    if back != old_back:
        parts.append(back)
    if not parts:
        return ""
    partial = f"\x1b[{';'.join(parts)}m"
    return partial if len(partial) < len(whole) else whole


@lru_cache(4096)
def _split_codes(codes: str) -> tuple[frozenset[str], str, str]:
    """Split SGR codes into attributes, foreground and background."""
    attributes: set[str] = set()
    colors = {"38": "39", "48": "49"}
    parts = codes.split(";") if codes else []
    while parts:
        code = parts.pop(0)
        if code in _EXTENDED:
            count = 2 if parts[0] == "5" else 4
            colors[code] = ";".join([code, *parts[:count]])
            del parts[:count]
        elif code in _FOREGROUND:
            colors["38"] = code
        elif code in _BACKGROUND:
            colors["48"] = code
        else:
            attributes.add(code)
    return frozenset(attributes), colors["38"], colors["48"]
