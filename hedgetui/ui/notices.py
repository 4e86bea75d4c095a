"""Lines the screen itself adds to the banner, until something takes them away.

A passing notification may be missed. What a trader must know until he has acted stays in the
banner: that the picture is out of date, that painting is paused, that a key stopped the hedging.
"""

from __future__ import annotations

from collections.abc import Callable


class Notices:
    """Named lines: `bridge` is an alarm, `loud` and `paused` are reminders."""

    ALARM = "bridge"
    _CALM = ("loud", "paused")

    def __init__(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a line comes or goes."""
        self._lines: dict[str, str] = {}
        self._changed = changed

    @property
    def alarms(self) -> tuple[str, ...]:
        """What makes the banner red."""
        return (self._lines[self.ALARM],) if self.ALARM in self._lines else ()

    @property
    def calm(self) -> tuple[str, ...]:
        """What makes it yellow."""
        return tuple(self._lines[name] for name in self._CALM if name in self._lines)

    def put(self, name: str, text: str) -> None:
        """Show a line."""
        self._lines[name] = text
        self._changed()

    def drop(self, name: str) -> bool:
        """Take a line away; tell whether it was there."""
        was_there = self._lines.pop(name, None) is not None
        if was_there:
            self._changed()
        return was_there
