"""The defence as the kernel holds it: a profile without MT5 has none, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hedgetui.domain.commands import Command
from hedgetui.domain.events import Fact
from hedgetui.engine.dtms.parts import (
    DefenceBoard,
    DefenceParts,
    DefenceSettings,
    Ledger,
)
from hedgetui.engine.dtms.service import COMMANDS, Defence
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.supervisor import Worker
from hedgetui.engine.switches import refused
from hedgetui.ports.clock import Clock
from hedgetui.ports.desk import Outcome
from hedgetui.ports.dtms import OFF, DefenceView
from hedgetui.ports.ids import IdSource
from hedgetui.ports.mt5 import Mt5Port


class Door:
    """Lets the kernel treat a desk with and one without MT5 alike."""

    def __init__(self, defence: Defence | None) -> None:
        self.defence = defence

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold the journal."""
        if self.defence is not None:
            self.defence.load(facts)

    def workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what a supervisor must keep running."""
        return () if self.defence is None else self.defence.workers()

    def owns(self, command: Command) -> bool:
        """Return whether a command is the defence's affair, even where there is none."""
        if self.defence is None:
            return isinstance(command, COMMANDS)
        return self.defence.owns(command)

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Judge and carry out one of the defence's commands.

        Raises:
            HedgetuiError: the link or the journal failed.
        """
        if self.defence is None:
            return refused("no-mt5", "this profile has no MT5", "set backend in its mt5 table")
        return await self.defence.dispatch(command, by)

    def view(self) -> DefenceView:
        """Return everything a front end shows of the defence."""
        return OFF if self.defence is None else self.defence.view()

    def summary(self) -> dict[str, object]:
        """Return what happened to defended trades since the journal began."""
        if self.defence is None:
            return {}
        return self.defence.summary()

    async def stop(self) -> None:
        """Close the link."""
        if self.defence is not None:
            await self.defence.stop()


def door(
    port: Mt5Port | None,
    settings: DefenceSettings | None,
    recorder: Recorder,
    clock: Clock,
    random: Random,
) -> Door:
    """Return the door to the defence of one terminal, on the desk's journal and clock."""
    if port is None:
        return Door(None)
    own = Random(random.getrandbits(64))  # noqa: S311 - identities and jitter, not secrets
    parts = DefenceParts(
        port=port,
        recorder=recorder,
        ledger=Ledger(recorder),
        board=DefenceBoard(),
        clock=clock,
        identities=IdSource(clock, own),
        settings=settings or DefenceSettings(),
    )
    return Door(Defence(parts, own))
