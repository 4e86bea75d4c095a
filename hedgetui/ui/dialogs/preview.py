"""The last look before an order: everything in it comes out of the desk's `Preview`.

`y` sends, everything else does not; Enter cancels, since Cancel is what has the focus. A preview
that cannot be sent says why and `y` does nothing; one that has expired says so. Where the desk
asks for a typed text, `y` works only after that text; a wrong letter starts it again.
"""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content

from hedgetui.domain.text import safe
from hedgetui.ports.desk import DeskSnapshot, Preview
from hedgetui.ui.dialogs.base import Dialog, fold, labelled


class PreviewDialog(Dialog[str]):
    """Shows one preview; answers with what was typed (empty when `y` is enough)."""

    WIDTH: ClassVar[int] = 72

    def __init__(self, preview: Preview, mode: str, now: float) -> None:
        super().__init__(classes="danger" if mode == "LIVE" else "question")
        self.preview = preview
        self._mode = mode
        self._now = now
        self._typed = ""

    @property
    def expired(self) -> bool:
        """Tell whether the desk would refuse this preview by now."""
        return self._now >= self.preview.expires_at

    @property
    def ready(self) -> bool:
        """Tell whether `y` sends."""
        complete = self._typed == self.preview.ask_typed
        return self.preview.sendable and not self.expired and complete

    def desk_moved(self, snapshot: DeskSnapshot) -> None:
        """Grow old with the desk's own clock."""
        before = self.expired
        self._now = snapshot.status.now
        if self.expired != before:
            self.repaint()

    def press(self, key: str, character: str) -> None:
        """Send on `y`, collect the typed text, cancel on anything that cancels."""
        if self.ready and character == "y":
            self.dismiss(self._typed)
            return
        wanted = self.preview.ask_typed
        if wanted and self.preview.sendable and key not in {"escape", "enter", "ctrl+c"}:
            if key == "backspace":
                self._typed = self._typed[:-1]
            elif len(character) == 1 and character.isprintable():
                longer = self._typed + character
                again = character if wanted.startswith(character) else ""
                self._typed = longer if wanted.startswith(longer) else again
            self.repaint()
            return
        super().press(key, character)

    def heading(self, width: int) -> Content:
        """Return the title and the mode badge."""
        badge = self.owner.look.badge(self._mode)
        title = safe(self.preview.title)[: max(4, width - len(badge) - 1)]
        gap = " " * max(1, width - Content(title).cell_length - Content(badge).cell_length)
        return Content.assemble((title, "bold"), gap, (badge, "bold reverse"))

    def lines(self, width: int) -> list[Content]:
        """Return orders, numbers, checks."""
        rows: list[Content] = []
        for order in self.preview.orders:
            rows += labelled("sends", order, width, style="bold")
        for label, text in self.preview.lines:
            rows += labelled(label, text, width)
        for number, check in enumerate(self.preview.checks):
            mark = self.owner.look.check(ok=check.ok)
            text = f"{mark} {check.name}" + (f": {check.detail}" if check.detail else "")
            style = "" if check.ok else "bold $error"
            rows += labelled("checks" if number == 0 else "", text, width, style=style)
        if self.preview.ask_typed and self.preview.sendable:
            rows += labelled("type", f"{self.preview.ask_typed}, then y", width, style="bold")
            rows += labelled("", self._typed + "_", width, style="bold reverse")
        return rows

    def key_line(self, width: int) -> Content:
        """Return what sends and what does not."""
        if not self.preview.sendable:
            failed = [check.name for check in self.preview.checks if not check.ok]
            why = f"cannot be sent: {', '.join(failed) or 'see above'}"
            row = fold(why, max(8, width - 12))[0]
            return Content.assemble((row, "bold $error"), "   ", ("Esc", "bold reverse"), " close")
        if self.expired:
            return Content.assemble(
                ("expired, ask again", "bold $error"), "   ", ("Esc", "bold reverse"), " close"
            )
        if not self.ready:
            return Content.assemble(("Esc", "bold reverse"), " cancel (default)")
        return Content.assemble(("y", "bold"), " send     ", ("Esc", "bold reverse"),
                                " cancel (default)")  # fmt: skip
