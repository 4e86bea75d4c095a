"""A few fields typed one after the other; each is judged when it is left.

Enter goes to the next field and, on the last one, ends; the arrows and Tab go back and forth. What
was offered goes away with the first character typed. None of this sends an order: whoever asked
shows what follows and asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.content import Content

from hedgetui.domain.text import safe
from hedgetui.ui.actions import BY_ID, keys_shown
from hedgetui.ui.dialogs.base import Body, Dialog, fold, keys, labelled

LONGEST = 80


def anything(text: str) -> str:
    """Accept every text."""
    del text
    return ""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form."""

    name: str
    label: str
    start: str = ""
    check: Callable[[str], str] = anything
    """Returns what is wrong with a text, empty when nothing is."""
    hint: str = ""
    choices: tuple[str, ...] = ()
    """Where set, one of these is picked by its first letter, Space or the arrows."""


class FormDialog(Dialog[dict[str, str]]):
    """Answers with the texts of all fields by name."""

    CANCEL_KEYS = frozenset({"escape", "ctrl+c"})
    WIDTH: ClassVar[int] = 70

    def __init__(
        self, title: str, fields: Sequence[Field], then: str, rows: Sequence[str] = ()
    ) -> None:
        super().__init__(classes="question")
        self._title, self._fields, self._then = title, tuple(fields), then
        self._rows = tuple(rows)
        self._texts = [field.start for field in fields]
        self._at = 0
        self._fresh = True
        self._problem = ""

    def move(self, key: str) -> bool:
        """Go to the field above or below."""
        self._go(-1 if key in {"up", "pageup"} else 1)
        return True

    def _go(self, step: int) -> None:
        self._at = max(0, min(self._at + step, len(self._fields) - 1))
        self._fresh, self._problem = True, ""
        self._show()

    def press(self, key: str, character: str) -> None:
        """Collect text; Enter goes on or ends."""
        if key in self.CANCEL_KEYS:
            self.cancel()
            return
        self._problem = ""
        if key == "enter":
            self._next()
        elif key in {"tab", "shift+tab"}:
            self._go(1 if key == "tab" else -1)
        elif self._fields[self._at].choices:
            self._pick(key, character)
        elif key == "backspace":
            self._texts[self._at] = self._texts[self._at][:-1]
            self._fresh = False
        elif len(character) == 1 and character.isprintable():
            text = "" if self._fresh else self._texts[self._at]
            self._texts[self._at] = (text + character)[:LONGEST]
            self._fresh = False
        if self.is_current:
            self._show()

    def _pick(self, key: str, character: str) -> None:
        choices = self._fields[self._at].choices
        now = choices.index(self._texts[self._at])
        if key in {"space", "right", "left"}:
            now = (now + (-1 if key == "left" else 1)) % len(choices)
        elif character:
            letters = [choice[:1].casefold() for choice in choices]
            now = letters.index(character.casefold()) if character.casefold() in letters else now
        self._texts[self._at] = choices[now]

    def _next(self) -> None:
        """Leave the field; from the last one end, unless another one is wrong."""
        wrong = self._fields[self._at].check(self._texts[self._at].strip())
        if wrong:
            self._problem = wrong
            return
        if self._at < len(self._fields) - 1:
            self._go(1)
            return
        for number, field in enumerate(self._fields):
            wrong = field.check(self._texts[number].strip())
            if wrong:
                self._at, self._problem, self._fresh = number, wrong, True
                return
        self.dismiss(
            {
                field.name: text.strip()
                for field, text in zip(self._fields, self._texts, strict=True)
            }
        )

    def _show(self) -> None:
        """Paint, with the field in view where the terminal is small."""
        self.repaint()
        share = self._at / max(1, len(self._fields) - 1)
        body = self.query_one(Body)
        body.scroll_to(y=round(share * body.max_scroll_y), animate=False)

    def heading(self, width: int) -> Content:
        """Return the title."""
        return Content.styled(safe(self._title)[:width], "bold")

    def lines(self, width: int) -> list[Content]:
        """Return the fields, then what is to be known."""
        rows: list[Content] = []
        for number, (field, text) in enumerate(zip(self._fields, self._texts, strict=True)):
            here = number == self._at
            shown = f"{text}_" if here and not field.choices else text
            if field.choices:
                shown = "  ".join(
                    f"[{one}]" if one == text else f" {one} " for one in field.choices
                )
            style = "bold reverse" if here else "bold"
            rows += labelled(field.label, shown, width, indent=11, style=style)
            if here and field.hint:
                rows += labelled("", field.hint, width, indent=11, style="dim")
        kill = keys_shown(BY_ID["trade.kill"], self.owner.keymap_in_use)
        notes = (*self._rows, f"{kill} is the kill key here too: small letters will do.")
        rows.append(Content(""))
        for note in notes:
            rows += [Content.styled(row, "dim") for row in fold(note, width)]
        return rows

    def key_line(self, width: int) -> Content:
        """Return what Enter does next, or what is wrong."""
        if self._problem:
            row = fold(self._problem, max(8, width - 14))[0]
            return Content.assemble((row, "bold $error"), "   ", ("Esc", "bold"), " cancel")
        last = self._at == len(self._fields) - 1
        return keys(("Enter", self._then if last else "next"), ("Tab", "field"), ("Esc", "cancel"))
