"""Picking one thing from a short list, and typing one number.

The `b` menu, the choice of an order to cancel and the number of lots are all this small. A choice
is made with its own key or with the cursor and Enter; none of these dialogs sends an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from textual.content import Content

from hedgetui.domain.text import safe
from hedgetui.ui.dialogs.base import Dialog, fold, keys

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a list."""

    key: str
    title: str
    note: str
    value: str


class ChoiceDialog(Dialog[str]):
    """A list with a cursor; answers with the value chosen."""

    CANCEL_KEYS = frozenset({"escape", "q", "ctrl+c"})

    def __init__(self, title: str, choices: Sequence[Choice], first: int = 0) -> None:
        super().__init__(classes="question")
        self._title = title
        self._choices = tuple(choices)
        self._cursor = first

    def move(self, key: str) -> bool:
        """Move the cursor."""
        step = -1 if key in {"up", "pageup"} else 1
        self._cursor = (self._cursor + step) % len(self._choices)
        self.repaint()
        return True

    def press(self, key: str, character: str) -> None:
        """Choose by key, or the line under the cursor by Enter."""
        for choice in self._choices:
            if character and choice.key == character:
                self.dismiss(choice.value)
                return
        if key == "enter":
            self.dismiss(self._choices[self._cursor].value)
        elif character in {"j", "k"}:
            self.move("down" if character == "j" else "up")
        else:
            super().press(key, character)

    def heading(self, width: int) -> Content:
        """Return the title."""
        return Content.styled(safe(self._title)[:width], "bold")

    def lines(self, width: int) -> list[Content]:
        """Return one line for each choice."""
        rows = []
        widest = max(len(choice.title) for choice in self._choices)
        for number, choice in enumerate(self._choices):
            text = f" {choice.key} {choice.title.ljust(widest)}  {choice.note}"
            text = safe(text)[:width].ljust(width)
            rows.append(Content.styled(text, "reverse" if number == self._cursor else ""))
        return rows

    def key_line(self, width: int) -> Content:
        """Return how to choose."""
        del width
        return keys(("↑↓", "move"), ("Enter", "choose"), ("Esc", "leave"))


class NumberDialog(Dialog[float]):
    """Asks for one positive number; answers with it."""

    CANCEL_KEYS = frozenset({"escape", "q", "n", "ctrl+c"})

    def __init__(
        self, title: str, intro: str, start: str, *, whole: bool, largest: float, then: str
    ) -> None:
        super().__init__(classes="question")
        self._title = title
        self._intro = intro
        self._typed = start
        self._fresh = True
        self._whole = whole
        self._largest = largest
        self._then = then

    @property
    def number(self) -> float | None:
        """Return what was typed when it can be used."""
        try:
            value = float(self._typed)
        except ValueError:
            return None
        return value if 0 < value <= self._largest else None

    def press(self, key: str, character: str) -> None:
        """Collect digits; the first one replaces the number offered."""
        if key == "enter":
            if self.number is not None:
                self.dismiss(self.number)
        elif key == "backspace":
            self._typed, self._fresh = self._typed[:-1], False
            self.repaint()
        elif (character.isascii() and character.isdigit()) or (
            character == "." and not self._whole
        ):
            self._typed = character if self._fresh else (self._typed + character)[:8]
            self._fresh = False
            self.repaint()
        else:
            super().press(key, character)

    def heading(self, width: int) -> Content:
        """Return the title."""
        return Content.styled(safe(self._title)[:width], "bold")

    def lines(self, width: int) -> list[Content]:
        """Return the explanation and the field."""
        rows = [Content(row) for row in fold(self._intro, width)]
        problem = "" if self.number is not None else f"  between 1 and {self._largest:,.10g}"
        field = (f" {self._typed}_ ", "bold reverse")
        return [*rows, Content.assemble("  ", field, (problem, "$error"))]

    def key_line(self, width: int) -> Content:
        """Return what Enter does next: never an order."""
        del width
        return keys(("Enter", self._then), ("Esc", "cancel"))
