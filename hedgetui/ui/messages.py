"""What moves between the bridge and the screen: this file is the protocol.

One message per painted frame carries a whole snapshot, so a handler never asks the desk for more
and two widgets never show two different moments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ports.journal import LogRecord


class DeskMoved(Message):
    """The desk as it stands now and the log lines written since the last message."""

    def __init__(self, snapshot: DeskSnapshot, log: tuple[LogRecord, ...]) -> None:
        super().__init__()
        self.snapshot = snapshot
        self.log = log


class BridgeEnded(Message):
    """Nothing more will come from the desk; what is on the screen grows old."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why
