"""Why the link must not be traded on: a set, told as one line, and told again when it is empty."""

from __future__ import annotations

from collections.abc import Callable

from hedgetui.domain.events import LinkState
from hedgetui.ports.broker import LinkReport


class Reasons:
    """The reasons of one session."""

    def __init__(self, session: int, report: Callable[[LinkReport], None]) -> None:
        """Tell changes of session number `session` to `report`, once `open` was called."""
        self._session = session
        self._report = report
        self._why: dict[str, str] = {}
        self._open = False

    @property
    def texts(self) -> tuple[str, ...]:
        """Every reason, the oldest first."""
        return tuple(self._why.values())

    def __contains__(self, tag: str) -> bool:
        return tag in self._why

    def open(self) -> None:
        """The session was reported ready: from now on every change is told."""
        self._open = True
        if self._why:
            self._tell()

    def add(self, tag: str, why: str) -> None:
        """Give a reason, or other words for one that is known."""
        if self._why.get(tag) != why:
            self._why[tag] = why
            self._tell()

    def drop(self, tag: str) -> None:
        """Take a reason back; one that was not given is none."""
        if self._why.pop(tag, None) is not None:
            self._tell()

    def _tell(self) -> None:
        if not self._open:
            return
        if self._why:
            state, text = LinkState.DEGRADED, "; ".join(self._why.values())
        else:
            state, text = LinkState.READY, "fit to trade on again"
        self._report(LinkReport(state, text, self._session))
