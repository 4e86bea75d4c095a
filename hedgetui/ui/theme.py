"""Themes: colours named by what they mean, from theme files to Textual.

A theme file that cannot be used costs one notification and nothing else. The extra variables the
style sheet needs are supplied for every theme, Textual's own included, with two that Textual 8.2
forgets in its ansi themes (a missing one would end the program when the theme is switched).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields

from rich.segment import Segment
from textual.color import Color, ColorParseError
from textual.filter import LineFilter, Monochrome, NoColor
from textual.theme import Theme

DEFAULT = "textual-dark"
LOW_COLOUR = "ansi-dark"
SHIPPED = "hedgetui-dark"

_HEX: dict[str, str] = {
    "pos": "#56B4E9",
    "neg": "#E69F00",
    "warn": "#F0E442",
    "stale": "#8A8A8A",
    "sim": "#56B4E9",
    "paper": "#CC79A7",
    "live": "#D55E00",
    "armed": "#E69F00",
}
"""Okabe and Ito's palette, told apart by colour-blind eyes."""

_HEX_LIGHT: dict[str, str] = {
    "pos": "#005A8C",
    "neg": "#9C4A00",
    "warn": "#7A5C00",
    "stale": "#6B6B6B",
    "sim": "#005A8C",
    "paper": "#8F3A70",
    "live": "#A83200",
    "armed": "#9C4A00",
}

_ANSI: dict[str, str] = {
    "pos": "ansi_bright_cyan",
    "neg": "ansi_bright_yellow",
    "warn": "ansi_yellow",
    "stale": "ansi_bright_black",
    "sim": "ansi_bright_cyan",
    "paper": "ansi_bright_magenta",
    "live": "ansi_bright_red",
    "armed": "ansi_bright_yellow",
}
_ANSI_LIGHT: dict[str, str] = {
    "pos": "ansi_blue",
    "neg": "ansi_red",
    "warn": "ansi_magenta",
    "stale": "ansi_bright_black",
    "sim": "ansi_blue",
    "paper": "ansi_magenta",
    "live": "ansi_red",
    "armed": "ansi_magenta",
}

MEANINGS: tuple[str, ...] = tuple(_HEX)
"""Variables a theme file may set under `[variables]`, besides Textual's own."""


class WithoutColours(LineFilter):
    """What NO_COLOR asks for: greys, or the terminal's own two where a theme is made of those.

    Textual chooses between the two before a theme is chosen, and grey of a colour that only the
    terminal knows is black on black.
    """

    def __init__(self, is_ansi: Callable[[], bool]) -> None:
        super().__init__()
        self._is_ansi = is_ansi
        self._greys, self._plain = Monochrome(), NoColor()

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line without their colours."""
        chosen = self._plain if self._is_ansi() else self._greys
        return chosen.apply(segments, background)


def variable_defaults(theme: Theme) -> dict[str, str]:
    """Return a value for every variable of ours, and for the two Textual forgets."""
    if theme.ansi:
        colours = _ANSI if theme.dark else _ANSI_LIGHT
        missing = {
            "foreground-disabled": "ansi_bright_black",
            "surface-active": "ansi_bright_black",
        }
    else:
        colours = _HEX if theme.dark else _HEX_LIGHT
        foreground = theme.foreground or ("#E0E0E0" if theme.dark else "#1E1E1E")
        surface = theme.surface or ("#2A2A2A" if theme.dark else "#D8D8D8")
        missing = {"foreground-disabled": f"{foreground} 38%", "surface-active": surface}
    return {**missing, **colours}


def read_themes(
    documents: Iterable[Mapping[str, object]],
) -> tuple[tuple[Theme, ...], tuple[str, ...]]:
    """Return the themes that can be used and a sentence for each that cannot."""
    themes: list[Theme] = []
    problems: list[str] = []
    for number, document in enumerate(documents, 1):
        name = document.get("name") or f"number {number}"
        try:
            themes.append(_theme(document))
        except (TypeError, ValueError) as error:
            problems.append(f"theme {name}: {error}")
    return tuple(themes), tuple(problems)


def choose(wanted: str, available: Iterable[str], colours: str | None) -> tuple[str, str]:
    """Return the theme to start with and a sentence when it is not the one wanted.

    `colours` is the terminal's colour system: `standard` is 16 colours, None is no colour at all.
    """
    names = set(available)
    if wanted == "auto":
        preferred = LOW_COLOUR if colours == "standard" else SHIPPED
        return (preferred if preferred in names else DEFAULT), ""
    if wanted in names:
        return wanted, ""
    return DEFAULT, f'there is no theme "{wanted}"; using {DEFAULT}'


def _theme(document: Mapping[str, object]) -> Theme:
    """Build one theme.

    Raises:
        TypeError: a field is missing or unknown.
        ValueError: a colour or another value cannot be used.
    """
    allowed = {item.name for item in fields(Theme)}
    unknown = sorted(set(document) - allowed)
    if unknown:
        raise TypeError(f'there is no field "{unknown[0]}" in a theme')
    variables = document.get("variables", {})
    if not isinstance(variables, Mapping):
        raise TypeError("variables is a table of names and colours")
    plain = {key: value for key, value in document.items() if key != "variables"}
    for key, value in plain.items():
        if isinstance(value, str) and key != "name":
            _check_colour(key, value)
    for key, value in variables.items():
        if key in MEANINGS:
            _check_colour(str(key), str(value))
    theme = Theme(
        **plain,  # type: ignore[arg-type]
        variables={str(key): str(value) for key, value in variables.items()},
    )
    theme.to_color_system().generate()
    return theme


def _check_colour(key: str, value: str) -> None:
    """Refuse what Textual cannot parse, with the field's name.

    Raises:
        ValueError: not a colour.
    """
    try:
        Color.parse(value.split(" ", maxsplit=1)[0])
    except ColorParseError as error:
        raise ValueError(f"{key} = {value!r} is not a colour") from error
