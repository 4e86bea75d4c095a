"""The journal and the log, as the engine sees them.

The journal is durable before `append` returns; the log is not and never delays it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.events import Event, Fact
from hedgetui.domain.units import Timestamp


class SlotTaken(HedgetuiError):  # noqa: N818 - a state, not a defect
    """A live intent already holds this (account, strategy, instrument)."""

    default_code: ClassVar[str] = "slot_taken"


class JournalPort(Protocol):
    """Append-only, hash-chained facts."""

    @property
    def head(self) -> str:
        """Hash of the newest fact; 64 zeros for an empty journal."""
        ...

    async def facts(self) -> tuple[Fact, ...]:
        """Return every fact, oldest first."""
        ...

    async def append(self, at: Timestamp, events: Sequence[Event]) -> tuple[Fact, ...]:
        """Write events durably, all or none, and return them as facts.

        Raises:
            SlotTaken: an `IntentRecorded` would be the second live one in its slot.
            StoreError: nothing was written, or it cannot be known; no order may follow.
        """
        ...


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line of the live log."""

    at: Timestamp
    level: str
    """`ok`, `info`, `warn` or `alarm`."""
    text: str
    """Message with its leading emoji, words as the contract has them."""
    why: str = ""
    """Inputs, rule and numbers behind the line, for the why-chain."""
    seq: int = 0
    """Place in the log; given by the log."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Numbers of one moment, for charts and studies."""

    at: Timestamp
    index_level: float
    option_delta: float
    net_delta: float
    net_pnl: float


class LogPort(Protocol):
    """Log lines and samples, batched in a second file."""

    def write(self, record: LogRecord) -> None:
        """Queue a line; never waits."""
        ...

    def sample(self, sample: Sample) -> None:
        """Queue a sample; never waits."""
        ...
