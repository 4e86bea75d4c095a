"""The frame every dialog shares, built so that nobody answers a question he has not read.

Keys are ignored until the keyboard has been quiet for 300 ms, which swallows type-ahead and key
repeat; pasted text is ignored; the mouse can press nothing. The kill key works all the same. A
dialog has a heading, a body that scrolls when the terminal is small, and one line that names its
keys, always in view.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from hedgetui.domain.text import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ui.app import HedgeApp

Answer = TypeVar("Answer")

DEAD_TIME_S = 0.3
"""The keyboard must have been quiet this long before a dialog listens."""


class Body(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The part of a dialog that scrolls."""


class Dialog(ModalScreen[Answer | None], Generic[Answer], inherit_bindings=False):
    """A question over the screen; it ends with an answer, or with None for cancel."""

    CANCEL_KEYS: ClassVar[frozenset[str]] = frozenset({"escape", "q", "n", "ctrl+c", "enter"})
    WIDTH: ClassVar[int] = 66

    @property
    def owner(self) -> HedgeApp:
        """The app, as what it is."""
        app: HedgeApp = self.app  # type: ignore[assignment]
        return app

    def compose(self) -> ComposeResult:
        """Build heading, body and key line."""
        with Vertical(id="frame"):
            yield Static(id="heading", markup=False)
            with Body(id="body"):
                yield Static(id="lines", markup=False)
            yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Start deaf."""
        self._quiet_since = self.owner.clock()
        self.repaint()

    def on_resize(self) -> None:
        """Wrap the text anew."""
        self.repaint()

    def repaint(self) -> None:
        """Show the present state of the dialog."""
        if not self.is_mounted:
            return
        screen = self.app.size
        outer = min(self.WIDTH, screen.width)
        width = max(8, outer - 5)  # frame, padding, and the scroll bar's column
        lines = self.lines(width)
        room = screen.height - 4  # frame, heading, key line
        gap = 1 if len(lines) < room else 0
        self.query_one("#frame").styles.width = outer
        self.query_one("#body").styles.height = max(1, min(len(lines), room))
        self.query_one("#keys").styles.margin = (gap, 0, 0, 0)
        self._say("#heading", self.heading(width))
        self._say("#lines", Content("\n").join(lines))
        self._say("#keys", self.key_line(width))

    def _say(self, selector: str, content: Content) -> None:
        """Put a text into a part of the frame, in the user's alphabet."""
        icons = self.owner.look.icons
        if icons.name == "ascii":
            content = Content(icons.plain(content.plain))
        self.query_one(selector, Static).update(content)

    def on_key(self, event: events.Key) -> None:
        """Pass a key on to the dialog, unless it came too early; nothing goes further down."""
        event.stop()
        event.prevent_default()
        if self.owner.is_key("trade.kill", event.key):
            self.owner.act("trade.kill")
            return
        now = self.owner.clock()
        if now - self._quiet_since < DEAD_TIME_S:
            self._quiet_since = now
            return
        if event.key in {"up", "down", "pageup", "pagedown"} and self.move(event.key):
            return
        self.press(event.key, event.character or "")

    def on_paste(self, event: events.Paste) -> None:
        """Ignore pasted text: an answer is typed by a person who has read the question."""
        event.stop()
        event.prevent_default()

    def move(self, key: str) -> bool:
        """Scroll the body; return whether the key is spent."""
        body = self.query_one(Body)
        step = {"up": -1, "down": 1, "pageup": -body.size.height, "pagedown": body.size.height}
        body.scroll_relative(y=step[key], animate=False)
        return True

    def cancel(self) -> None:
        """End without an answer."""
        self.dismiss(None)

    def press(self, key: str, character: str) -> None:
        """Handle a key; this one knows how to cancel."""
        del character
        if key in self.CANCEL_KEYS:
            self.cancel()

    def desk_moved(self, snapshot: DeskSnapshot) -> None:
        """Take notice of a new state of the desk."""
        del snapshot

    @abstractmethod
    def heading(self, width: int) -> Content:
        """Return the first line."""

    @abstractmethod
    def lines(self, width: int) -> list[Content]:
        """Return the body, wrapped to `width` cells."""

    @abstractmethod
    def key_line(self, width: int) -> Content:
        """Return the line that says which keys answer."""


def keys(*pairs: tuple[str, str]) -> Content:
    """Return a key line: `y send    Esc cancel`, keys in bold."""
    parts: list[str | tuple[str, str]] = []
    for number, (key, does) in enumerate(pairs):
        parts += ["   " if number else "", (key, "bold"), f" {does}"]
    return Content.assemble(*parts)


class YesDialog(Dialog[bool]):
    """A question that only `y` answers with yes."""

    def __init__(
        self, title: str, rows: Sequence[str], yes: str, *, no: str = "cancel", strong: bool = False
    ) -> None:
        super().__init__(classes="question")
        self._title = title
        self._rows = tuple(rows)
        self._yes = yes
        self._no = no
        self._style = "bold" if strong else ""

    def press(self, key: str, character: str) -> None:
        """Answer."""
        if character == "y":
            self.dismiss(True)  # noqa: FBT003 - the dialog's answer is the bool
        else:
            super().press(key, character)

    def heading(self, width: int) -> Content:
        """Return the question."""
        return Content.styled(safe(self._title)[:width], "bold")

    def lines(self, width: int) -> list[Content]:
        """Return the facts to weigh."""
        return [
            Content.styled(row, self._style) for text in self._rows for row in fold(text, width)
        ]

    def key_line(self, width: int) -> Content:
        """Return the two answers."""
        del width
        return keys(("y", self._yes), ("Esc", f"{self._no} (default)"))


def labelled(label: str, text: str, width: int, indent: int = 10, style: str = "") -> list[Content]:
    """Return `label     text`, wrapped with a hanging indent."""
    if width < 4 * indent:  # no room for a column of labels: they lead their text
        joined = fold(f"{label} {text}".strip(), width - 2)
        return [
            Content.assemble("" if number == 0 else "  ", (row, style))
            for number, row in enumerate(joined)
        ]
    rows = fold(text, width - indent)
    first = safe(label)[: indent - 1].ljust(indent)
    return [
        Content.assemble((first if number == 0 else " " * indent, "dim"), (row, style))
        for number, row in enumerate(rows)
    ]


def fold(text: str, width: int) -> list[str]:
    """Return safe text in rows of at most `width` cells, broken at spaces where it can be."""
    rows = [""]
    for word in safe(text, 4_000).split(" "):
        joined = f"{rows[-1]} {word}" if rows[-1] else word
        if len(joined) <= width:
            rows[-1] = joined
            continue
        if rows[-1]:
            rows.append("")
        rest = word
        while len(rest) > width:  # a word longer than a row is cut, never lost
            rows[-1], rest = rest[:width], rest[width:]
            rows.append("")
        rows[-1] = rest
    return rows
