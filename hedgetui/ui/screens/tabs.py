"""The screens there are, and the strip that names them.

On a live account the rest of the strip is one red bar, on every screen: nobody should have to look
for the word; where both have no room the names give way.
"""

from __future__ import annotations

from hedgetui.ui.screens.spans import Line, width_of
from hedgetui.ui.screens.status_text import Look

TABS: tuple[tuple[str, str, str], ...] = (
    ("1", "Vega", "vega"), ("2", "DTMS", "dtms"), ("3", "Balance", "balance"),
    ("4", "Accounts", "accounts"), ("6", "Stress", "stress"), ("7", "Health", "health"),
)  # fmt: skip
"""Key, title and name of every screen; a screen keeps its key when others come."""


def tab_line(screen: str, mode: str, look: Look, width: int) -> Line:
    """Return the strip with the name of the present screen marked."""
    full = _tabs(screen, " {key} {title} ", " {key} {title} ")
    if mode != "LIVE":
        return full
    words = f" {look.badge('LIVE')}: orders are real "
    tight = _tabs(screen, " {key} {title}", " {key} {title}")
    keys = _tabs(screen, " {key}", " {key} {title}")
    tabs = next((one for one in (full, tight, keys) if width_of(one) + 1 + len(words) <= width), ())
    return (*tabs, (" ", ""), (words.ljust(width), "live"))


def _tabs(screen: str, other: str, present: str) -> Line:
    return tuple(
        (present.format(key=key, title=title), "accent") if name == screen
        else (other.format(key=key, title=title), "")
        for key, title, name in TABS
    )  # fmt: skip


def tab_of(screen: str) -> tuple[str, str]:
    """Return the key and the title of a screen."""
    return next((key, title) for key, title, name in TABS if name == screen)


def neighbour(screen: str, step: int) -> str:
    """Return the name of the screen `step` tabs further, round the ends."""
    names = [name for _, _, name in TABS]
    return names[(names.index(screen) + step) % len(names)]
