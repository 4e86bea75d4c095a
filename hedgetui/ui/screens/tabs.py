"""The screens there are, and the strip that names them.

On a live account the rest of the strip is one red bar, on every screen: nobody should have to look
for the word.
"""

from __future__ import annotations

from hedgetui.ui.screens.spans import Line
from hedgetui.ui.screens.status_text import Look

TABS: tuple[tuple[str, str, str], ...] = (
    ("1", "Vega", "vega"), ("2", "DTMS", "dtms"), ("4", "Accounts", "accounts"),
    ("7", "Health", "health"),
)  # fmt: skip
"""Key, title and name of every screen; a screen keeps its key when others come."""


def tab_line(screen: str, mode: str, look: Look, width: int) -> Line:
    """Return the strip with the name of the present screen marked."""
    tabs: Line = tuple(
        (f" {key} {title} ", "accent" if name == screen else "") for key, title, name in TABS
    )
    if mode != "LIVE":
        return tabs
    return (*tabs, (" ", ""), (f" {look.badge('LIVE')}: orders are real ".ljust(width), "live"))


def tab_of(screen: str) -> tuple[str, str]:
    """Return the key and the title of a screen."""
    return next((key, title) for key, title, name in TABS if name == screen)


def neighbour(screen: str, step: int) -> str:
    """Return the name of the screen `step` tabs further, round the ends."""
    names = [name for _, _, name in TABS]
    return names[(names.index(screen) + step) % len(names)]
