"""What people should know about the link: hints that stay, and words said once."""

from __future__ import annotations

from hedgetui.domain.text import safe
from hedgetui.ports.broker import MessageSink, OrderNotice

NO_CODE = 0
"""Code of a notice that the adapter itself gives."""


class Notes:
    """Hints of one session."""

    def __init__(self, sink: MessageSink) -> None:
        """Say things to `sink`."""
        self._sink = sink
        self._hints: dict[str, str] = {}

    @property
    def hints(self) -> tuple[str, ...]:
        """Every hint, the oldest first."""
        return tuple(self._hints.values())

    def __contains__(self, tag: str) -> bool:
        return tag in self._hints

    def hint(self, tag: str, text: str, *, aloud: bool = False) -> None:
        """Keep a hint; the first time it may also be said as a notice."""
        if aloud and tag not in self._hints:
            self.say(text)
        self._hints[tag] = safe(text)

    def drop(self, tag: str) -> None:
        """Take a hint back."""
        self._hints.pop(tag, None)

    def say(self, text: str, code: int = NO_CODE, client_key: str = "") -> None:
        """Say something about the session, or about an order."""
        self._sink(OrderNotice(client_key, code, safe(text)))
