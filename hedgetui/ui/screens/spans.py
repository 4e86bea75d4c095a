"""Text with meaning: pieces of a line and the tone each is shown in.

Presenters return these and never a colour, so that themes, 16-colour terminals and NO_COLOR are one
concern in one place. `fit` picks the richest of several wordings that still has room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from hedgetui.ui.widgets.meanings import Fragment

Line = tuple[Fragment, ...]
"""One row of the screen: texts and their meanings (`widgets.meanings.MEANINGS`)."""


def width_of(line: Iterable[Fragment]) -> int:
    """Return the cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def fit(wordings: Sequence[Line], width: int) -> Line:
    """Return the first wording that fits, or the last one when none does."""
    for line in wordings:
        if width_of(line) <= width:
            return line
    return wordings[-1]


def join(parts: Iterable[Line], between: str) -> Line:
    """Return the parts that are not empty as one line, with a quiet separator between."""
    out: list[Fragment] = []
    for part in parts:
        if not part:
            continue
        if out:
            out.append((between, "muted"))
        out.extend(part)
    return tuple(out)


def text_of(line: Iterable[Fragment]) -> str:
    """Return a line without its tones."""
    return "".join(text for text, _ in line)
