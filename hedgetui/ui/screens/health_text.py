"""The health page as lines of the screen, wrapped to a width.

Where the page has room it stands in groups and in its usual order. Where it has not, what is not
well comes first, so that nothing bad is ever below the edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hedgetui.domain.text import safe
from hedgetui.ui.dialogs.base import fold
from hedgetui.ui.glyphs import IconSet
from hedgetui.ui.screens.health_rows import ILL, HealthRow, State
from hedgetui.ui.screens.spans import Line
from hedgetui.ui.screens.status_text import ARROW

_INDENT = 14
_NARROW_INDENT = 3
_NARROW = 44
"""Below this width items lead their text instead of standing in a column."""

_MARK_TONES: dict[State, str] = {
    "": "", "ok": "pos", "caution": "warn", "bad": "down", "unknown": "unknown",
}  # fmt: skip
_TEXT_TONES: dict[State, str] = {"caution": "warn", "bad": "strong", "unknown": "stale"}


def page(rows: Sequence[HealthRow], icons: IconSet, width: int, height: int) -> list[Line]:
    """Return the page for a place of `width` × `height` cells; it may be longer than that."""
    plain = _lines(rows, icons, width)
    groups = list(dict.fromkeys(row.group for row in rows))
    if len(plain) + len(groups) <= height:
        out: list[Line] = []
        for group in groups:
            out.append(_heading(group, icons, width))
            out += _lines((row for row in rows if row.group == group), icons, width)
        return out
    if len(plain) <= height:
        return plain
    return _lines(sorted(rows, key=lambda row: row.state not in ILL), icons, width)


def window(lines: Sequence[Line], top: int, height: int, icons: IconSet) -> tuple[list[Line], int]:
    """Return the lines in view and the top that was used; a last line says what is out of view."""
    if len(lines) <= height or height < 2:
        return list(lines[:height]), 0
    room = height - 1
    top = max(0, min(top, len(lines) - room))
    below = len(lines) - room - top
    parts = [f"{icons.down} {below} below: j" if below else "", f"{icons.up} {top} above: k"
             if top else ""]  # fmt: skip
    more: Line = ((f" {'   '.join(part for part in parts if part)}", "muted"),)
    return [*lines[top : top + room], more], top


def as_text(rows: Iterable[HealthRow]) -> str:
    """Return the page as text for the clipboard, one item a line."""
    return "\n".join(
        safe(f"{row.item}: {row.text}" + (f" {ARROW} {row.advice}" if row.advice else ""), 1_000)
        for row in rows
    )


def _heading(group: str, icons: IconSet, width: int) -> Line:
    rest = icons.rule * max(0, width - len(group) - 3)
    return ((f" {group} ", "strong"), (rest, "muted"))


def _lines(rows: Iterable[HealthRow], icons: IconSet, width: int) -> list[Line]:
    out: list[Line] = []
    for row in rows:
        out += _row(row, icons, width)
    return out


def _row(row: HealthRow, icons: IconSet, width: int) -> list[Line]:
    narrow = width < _NARROW
    blank = " " * (_NARROW_INDENT if narrow else _INDENT)
    room = max(8, width - len(blank))
    lead = " " if narrow else f" {safe(row.item, 10):<11}"
    tone = row.tone or _TEXT_TONES.get(row.state, "")
    head, *rest = fold(f"{row.item} {row.text}" if narrow else row.text, room)
    out: list[Line] = [
        ((lead, "muted"), (_mark(row.state, icons), _MARK_TONES[row.state]), (f" {head}", tone)),
        *(((f"{blank}{part}", tone),) for part in rest),
    ]
    if row.advice:
        signs = (f"{ARROW} ", *["  "] * len(row.advice))
        parts = fold(row.advice, room - 3)  # the arrow is longer in ASCII
        out += [((f"{blank}{sign}{part}", ""),) for sign, part in zip(signs, parts, strict=False)]
    return out


def _mark(state: State, icons: IconSet) -> str:
    return {
        "ok": icons.tick,
        "caution": icons.warn,
        "bad": icons.cross,
        "unknown": "?",
    }.get(state, " ")
