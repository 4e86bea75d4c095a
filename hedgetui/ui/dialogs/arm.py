"""Arming and releasing: sentences that must be typed by a person who means them.

A live account is armed by its last four characters, a latch is released by a word. Enter ends the
typing here, since neither of the two is an order.
"""

from __future__ import annotations

from textual.content import Content

from hedgetui.domain.text import safe
from hedgetui.ports.desk import DeskSnapshot
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import Dialog, fold, keys


class TypedDialog(Dialog[str]):
    """Collects a short typed text."""

    CANCEL_KEYS = frozenset({"escape", "ctrl+c"})

    def __init__(
        self, title: str, body: tuple[str, ...], ask: str, *, length: int, then: str, danger: bool
    ) -> None:
        super().__init__(classes="danger" if danger else "question")
        self._title = title
        self._body = body
        self._ask = ask
        self._length = length
        self._then = then
        self._typed = ""

    def press(self, key: str, character: str) -> None:
        """Collect characters; Enter ends when enough are there."""
        if key == "enter":
            if len(self._typed) == self._length:
                self.dismiss(self._typed)
        elif key == "backspace":
            self._typed = self._typed[:-1]
            self.repaint()
        elif len(character) == 1 and character.isprintable():
            self._typed = (self._typed + character)[: self._length]
            self.repaint()
        else:
            super().press(key, character)

    def heading(self, width: int) -> Content:
        """Return the title."""
        return Content.styled(safe(self._title)[:width], "bold")

    def lines(self, width: int) -> list[Content]:
        """Return the explanation and the field."""
        rows = [Content(row) for text in self._body for row in fold(text, width)]
        field = f" {self._typed.ljust(self._length, '_')} "
        return [*rows, Content(""), *(Content(row) for row in fold(self._ask, width)),
                Content.assemble("  ", (field, "bold reverse"))]  # fmt: skip

    def key_line(self, width: int) -> Content:
        """Return what Enter and Esc do."""
        del width
        return keys(("Enter", self._then), ("Esc", "cancel (default)"))


def arm_live(snapshot: DeskSnapshot) -> TypedDialog:
    """Return the dialog that arms a live account."""
    status, book = snapshot.status, snapshot.book
    auto = "on" if status.auto else "off"
    counts = f"{status.working_orders} working, {status.unknown_orders} unknown"
    orders = f"link {status.link}; orders: {counts}"
    return TypedDialog(
        f"LIVE: ARM account {fmt.account(status.account)} for real orders",
        (
            "Until A or the session's end, H, C, E and AUTO may send REAL orders within limits.",
            f"auto is {auto}, band ±{book.band:g} $/pt ({book.preset})",
            orders,
        ),
        "Type the last four characters of the account:",
        length=4,
        then="arm",
        danger=True,
    )


def unfreeze(reasons: tuple[str, ...]) -> TypedDialog:
    """Return the dialog that releases every latch."""
    return TypedDialog(
        "Release the latches",
        (*reasons, "Orders are possible again afterwards, once the desk is armed."),
        "Type UNFREEZE:",
        length=len("UNFREEZE"),
        then="release",
        danger=True,
    )
