"""Typing a text that filters a table."""

from __future__ import annotations

from textual.content import Content

from hedgetui.ui.dialogs.base import Dialog, fold, keys


class FindDialog(Dialog[str]):
    """Answers with the filter typed; an empty one shows every row again."""

    CANCEL_KEYS = frozenset({"escape", "ctrl+c"})
    LONGEST = 40

    def __init__(self, title: str) -> None:
        super().__init__(classes="question")
        self._title = title
        self._typed = ""

    def press(self, key: str, character: str) -> None:
        """Collect text; Enter ends."""
        if key == "enter":
            self.dismiss(self._typed)
        elif key == "backspace":
            self._typed = self._typed[:-1]
            self.repaint()
        elif len(character) == 1 and character.isprintable():
            self._typed = (self._typed + character)[: self.LONGEST]
            self.repaint()
        else:
            super().press(key, character)

    def heading(self, width: int) -> Content:
        """Return the title."""
        return Content.styled(self._title[:width], "bold")

    def lines(self, width: int) -> list[Content]:
        """Return the field and how filters are written."""
        field = Content.assemble(" ", (f" {self._typed}_ ", "bold reverse"))
        hint = "text keeps rows with it, !text rows without, column:text looks in one column"
        return [field, *(Content.styled(row, "dim") for row in fold(hint, width))]

    def key_line(self, width: int) -> Content:
        """Return how to end."""
        del width
        return keys(("Enter", "filter"), ("Esc", "cancel"))
