"""What the screen must be told by the configuration, already judged.

The user interface may not read the configuration package, so bootstrap turns the `[ui]` and
`[keys]` sections into this record. Everything has the value of the shipped configuration, which
makes a screen in a test one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class UiSettings:
    """Choices of the user for this terminal."""

    fps: int = 4
    """Paints a second, at most."""
    theme: str = "auto"
    """A theme's name, or `auto` to follow what the terminal can show."""
    icons: str = "unicode"
    """`emoji`, `unicode` or `ascii`; bootstrap has resolved `auto`."""
    log_rows: int = 6
    """Rows of the log pane, its caption included; 0 hides it."""
    clock: bool = True
    """Show the time of day in the status row."""
    mouse: bool = False
    bell: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action id to key, the user's own choices."""
    time_zone: str = "America/Chicago"
    themes: tuple[Mapping[str, object], ...] = ()
    """Theme files as read: Textual's theme fields and a `variables` table."""
    clipboard_command: str = ""
    """A program that takes text on its standard input, before any other way to the clipboard."""
    state_folder: str = ""
    """Where copies and exports go when the terminal cannot take them; empty for none."""
