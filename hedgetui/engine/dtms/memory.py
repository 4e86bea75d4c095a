"""What is kept of a trade between evaluations and may be forgotten at any doubt.

Counters of consecutive evaluations count nothing after a doubt, so they live here and not in the
journal; beside them what was said last, so that a log line is not repeated every thirty seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hedgetui.domain.dtms.machine import Counters, Verdict
from hedgetui.domain.dtms.model import ActionKind
from hedgetui.domain.mt5.records import PositionId
from hedgetui.domain.units import Timestamp


@dataclass
class Memory:
    """Of one trade."""

    counters: Counters = field(default_factory=Counters)
    counted: Timestamp = Timestamp(0.0)
    """Close of the bar that moved the counters last: each bar counts once."""
    verdict: Verdict | None = None
    """The newest one, for the screen."""
    waiting: str = ""
    """Why the last wish was not carried out; empty when it was."""
    failed: dict[ActionKind, int] = field(default_factory=dict)
    """The M5 slot in which the newest try of each kind failed."""
    held: set[ActionKind] = field(default_factory=set)
    """Kinds whose target was found met already."""
    said: dict[str, str] = field(default_factory=dict)
    """By topic, what was said last."""

    def first(self, topic: str, words: str) -> bool:
        """Return whether `words` are news on a topic, and remember them."""
        if self.said.get(topic) == words:
            return False
        self.said[topic] = words
        return True


class Memories:
    """Of every trade."""

    def __init__(self) -> None:
        self._kept: dict[PositionId, Memory] = {}

    def of(self, trade: PositionId) -> Memory:
        """Return the memory of a trade, a new one when there is none."""
        return self._kept.setdefault(trade, Memory())

    def doubt(self) -> None:
        """Nothing that was counted counts any more."""
        for memory in self._kept.values():
            memory.counters = Counters()

    def moved(self, trade: PositionId) -> None:
        """The trade came into another state: it is counted and said anew."""
        memory = self.of(trade)
        memory.counters = Counters()
        memory.said.clear()
        memory.failed.clear()
        memory.held.clear()
        memory.waiting = ""

    def forget(self, trade: PositionId) -> None:
        """The trade is over."""
        self._kept.pop(trade, None)
