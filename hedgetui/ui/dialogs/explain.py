"""Cards that only inform: why a log line was written, and all numbers of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.content import Content

from hedgetui.domain.text import safe
from hedgetui.ui.dialogs.base import Dialog, fold, keys, labelled


class CardDialog(Dialog[None]):
    """A title and labelled lines; any cancel key closes it."""

    WIDTH: ClassVar[int] = 76

    def __init__(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        super().__init__(classes="card")
        self._title = title
        self._rows = tuple(rows)

    def press(self, key: str, character: str) -> None:
        """Scroll with j and k as well."""
        if character in {"j", "k"}:
            self.move("down" if character == "j" else "up")
        else:
            super().press(key, character)

    def heading(self, width: int) -> Content:
        """Return the title."""
        return Content.styled(safe(self._title)[:width], "bold")

    def lines(self, width: int) -> list[Content]:
        """Return the rows; one without a label takes the whole width."""
        out: list[Content] = []
        for label, text in self._rows:
            if label:
                out += labelled(label, text, width, indent=14)
            else:
                out += [Content(row) for row in fold(text, width)]
        return out

    def key_line(self, width: int) -> Content:
        """Return how to leave."""
        del width
        return keys(("↑↓", "scroll"), ("Esc", "close"))


def why_card(line: str, why: str) -> CardDialog:
    """Return the why-chain of one log line: inputs, rule, numbers."""
    rows = [("", line), ("", "")]
    rows += [("", part) for part in why.replace(" · ", "\n").split("\n")]
    return CardDialog("Why", rows)
