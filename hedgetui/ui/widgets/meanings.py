"""Colours by meaning: a widget says `warn`, the theme decides what that looks like.

All own widgets share one set of classes for their parts, so a theme or the product's style sheet
restyles them in one place (`.meaning--pos { color: $pos; }`). The defaults use Textual's standard
variables only and carry shape (bold, dim, reverse) where colour alone would be the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

from rich.style import Style
from textual.dom import DOMNode

if TYPE_CHECKING:
    from textual.css.styles import RenderStyles
    from textual.widget import Widget

Fragment = tuple[str, str]
"""Text and its meaning; several meanings are separated by spaces, "" is plain."""

MEANINGS: Final = (
    "pos",
    "neg",
    "warn",
    "muted",
    "strong",
    "stale",
    "alarm",
    "unknown",
    "accent",
    "live",
    "paper",
    "sim",
    "down",
)
MEANING_CLASSES: Final = frozenset(f"meaning--{name}" for name in MEANINGS)

_MEANING_CSS: Final = """
    & > .meaning--pos { color: $text-success; }
    & > .meaning--neg { color: $text-error; }
    & > .meaning--warn { color: $text-warning; text-style: bold; }
    & > .meaning--muted { color: $foreground-muted; }
    & > .meaning--strong { text-style: bold; }
    & > .meaning--stale { color: $foreground-muted; text-style: dim; }
    & > .meaning--alarm { color: $text-error; text-style: bold reverse; }
    & > .meaning--unknown { color: $text-warning; text-style: italic; }
    & > .meaning--accent { color: $text-accent; }
    & > .meaning--live { color: $text-error; text-style: bold reverse; }
    & > .meaning--paper { color: $text-warning; text-style: bold; }
    & > .meaning--sim { color: $text-accent; text-style: bold; }
    & > .meaning--down { color: $text-error; text-style: bold reverse; }
    &:ansi > .meaning--muted { color: ansi_default; text-style: dim; }
    &:ansi > .meaning--stale { color: ansi_default; text-style: dim italic; }
"""


class WidgetOptions(TypedDict, total=False):
    """What every Textual widget accepts and an own widget passes on."""

    name: str | None
    id: str | None
    classes: str | None
    disabled: bool


def widget_css(widget: str, own: str = "") -> str:
    """Return the default style sheet of `widget`: its own rules and the shared meanings."""
    return f"{widget} {{\n    background: $surface; color: $foreground;\n{own}{_MEANING_CSS}}}\n"


def part_styles(widget: Widget, name: str) -> RenderStyles:
    """Return what the style sheet says of one part of a widget, as `.meaning--pos`.

    Textual resolves every class in `COMPONENT_CLASSES` of every widget whenever anything is styled:
    half of the time a console needs to open. A part is asked for here when it is first painted.
    """
    part = DOMNode(classes=name)
    part._attach(widget)  # noqa: SLF001 - as Textual does it for component classes
    widget.app.stylesheet.apply(part, animate=False)
    return part.styles


class Palette:
    """Resolved Rich styles of one widget, until its style sheet changes."""

    def __init__(self, widget: Widget, parts: frozenset[str] = MEANING_CLASSES) -> None:
        """Resolve for `widget`; `parts` are all the classes that its style sheet knows."""
        self._widget = widget
        self._parts = parts
        self._styles: dict[str, Style] = {}
        self.base: Style = widget.rich_style

    def style(self, meaning: str) -> Style:
        """Return the widget's style with `meaning` on top; an unknown word changes nothing."""
        found = self._styles.get(meaning)
        if found is None:
            found = self.base
            for name in meaning.split():
                found += self.component(f"meaning--{name}")
            self._styles[meaning] = found
        return found

    def component(self, name: str) -> Style:
        """Return only what the class `name` of a part sets, without the widget's own style."""
        if name not in self._parts:
            return Style()
        return part_styles(self._widget, name).partial_rich_style
