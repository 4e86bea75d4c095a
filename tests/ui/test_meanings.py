"""Meanings are coloured by the style sheet when they are painted, and again with another theme."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.theme import Theme

from hedgetui.ui.widgets.text_line import StyledLines

_LOOK = {"primary": "#446688", "surface": "#101010", "foreground": "#f0f0f0", "background": "#000"}


class Painted(StyledLines):
    """Counts what is painted."""

    paints = 0

    def render_line(self, y: int) -> Strip:
        self.paints += 1
        return super().render_line(y)


class OneLine(App[None]):
    """A line of which one word is good."""

    def __init__(self) -> None:
        super().__init__()
        for name, good in (("a", "#00ff00"), ("b", "#0000ff")):
            self.register_theme(Theme(name, success=good, **_LOOK))
        self.theme = "a"
        self.line = Painted([[("all ", ""), ("well", "pos"), ("?", "no such meaning")]])

    def compose(self) -> ComposeResult:
        yield self.line


def test_only_what_is_painted_is_styled_and_another_theme_paints_it_again():
    async def test() -> None:
        async with OneLine().run_test() as pilot:
            line, seen = pilot.app.line, []
            for name in ("a", "b"):
                before = line.paints
                pilot.app.theme = name
                await pilot.pause()
                assert name == "a" or line.paints > before
                plain, good, unknown = [one.style for one in line.render_line(0)][:3]
                assert (plain.color, plain.bgcolor) == (unknown.color, unknown.bgcolor)
                seen.append(good.color)
            assert seen[0] != seen[1]
            assert len({*seen, plain.color}) == 3

    asyncio.run(test())
