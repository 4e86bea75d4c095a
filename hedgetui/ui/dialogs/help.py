"""The help overlay: the keys as they are bound right now, and the emergency card.

The first part is generated from the action registry with the user's own keys in it. The second part
is for the moment when the console cannot be trusted or cannot send: what to type into TWS by hand,
worked out before the eyes of the reader.
"""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content

from hedgetui.domain.units import DollarsPerPoint
from hedgetui.domain.vega import emergency
from hedgetui.ports.desk import BookView, DeskSnapshot
from hedgetui.ui.actions import ACTIONS, GROUPS, keys_shown
from hedgetui.ui.dialogs.base import Dialog, fold, keys, labelled

RULES: tuple[str, ...] = (
    "No lower-case key reaches a broker. Orders preview; y sends, Enter never.",
    "On the DTMS screen H, C and T are about the chosen trade.",
    "On Accounts H offers a tail's hedge, T is its mode, C enters cash, M rolls, b has more.",
    "On Balance E is the ticket of a row, a and d fill the basket, b grows, finds, sends it.",
    "K: 1st stops AUTO, 2nd freezes and cancels, 3rd offers to flatten.",
)


def emergency_card(book: BookView) -> list[str]:
    """Return the emergency card of a book."""
    net = None if book.net_delta is None else DollarsPerPoint(book.net_delta)
    target = DollarsPerPoint(book.target)
    return emergency.card(net, book.hedge_contracts, book.hedge_month, target)


class HelpDialog(Dialog[None]):
    """Keys and the emergency card."""

    WIDTH: ClassVar[int] = 78

    def __init__(self, snapshot: DeskSnapshot | None) -> None:
        super().__init__(classes="card")
        self._book = snapshot.book if snapshot else None

    def desk_moved(self, snapshot: DeskSnapshot) -> None:
        """Keep the emergency card true."""
        if self._book is None or emergency_card(self._book) != emergency_card(snapshot.book):
            self._book = snapshot.book
            self.repaint()
        self._book = snapshot.book

    def press(self, key: str, character: str) -> None:
        """Leave on the keys that opened it, too."""
        if character == "?" or key == "f1":
            self.cancel()
        elif character in {"j", "k"}:
            self.move("down" if character == "j" else "up")
        else:
            super().press(key, character)

    def heading(self, width: int) -> Content:
        """Return the title."""
        note = "rebind in config.toml: keys"
        title = "Keys"
        gap = " " * max(1, width - len(title) - len(note))
        return Content.assemble((title, "bold"), (f"{gap}{note}"[: max(0, width - 4)], "dim"))

    def lines(self, width: int) -> list[Content]:
        """Return the registry by group, then the rules, then the card."""
        rows: list[Content] = []
        for group in GROUPS:
            rows += self._group(group, width)
        for rule in RULES:
            rows += [Content(row) for row in fold(rule, width)]
        rows += [Content.styled("Emergency: hedging by hand in TWS"[:width], "bold $error")]
        card = emergency_card(self._book) if self._book else ["No desk is connected."]
        for number, text in enumerate(card, 1):
            rows += labelled(f"{number}", text, width, indent=3)
        return rows

    def key_line(self, width: int) -> Content:
        """Return how to leave."""
        del width
        return keys(("↑↓", "scroll"), ("Esc", "close"))

    def _group(self, group: str, width: int) -> list[Content]:
        """Return one group's keys, packed into rows with a hanging indent."""
        indent = 7 if width >= 40 else 2
        rows: list[list[tuple[str, str]]] = [[]]
        used = 0
        for action in ACTIONS:
            if action.group != group:
                continue
            shown = keys_shown(action, self.owner.keymap_in_use)
            words = action.help if action.danger else action.title.lower()
            size = len(shown) + 1 + len(words) + 2
            if used and used + size - 2 > width - indent:
                rows.append([])
                used = 0
            rows[-1].append((shown, words))
            used += size
        out = [Content.styled(group, "bold")] if indent == 2 else []
        for number, row in enumerate(rows):
            lead = group.ljust(indent) if number == 0 and indent > 2 else " " * indent
            parts: list[str | tuple[str, str]] = [(lead, "bold")]
            for shown, text in row:
                parts += [(shown, "bold $accent"), f" {text}  "]
            out.append(Content.assemble(*parts).rstrip())
        return out
