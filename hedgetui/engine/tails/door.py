"""Hedge accounts as the kernel holds them: a desk that has none says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hedgetui.domain import commands as cm
from hedgetui.domain.commands import Command
from hedgetui.domain.events import Fact
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.policy import Levels
from hedgetui.engine.parts import Parts
from hedgetui.engine.supervisor import Worker
from hedgetui.engine.switches import refused
from hedgetui.engine.tails.commands import COMMANDS, TailCommands, Tools
from hedgetui.engine.tails.deciding import Decider
from hedgetui.engine.tails.entering import Entering
from hedgetui.engine.tails.outside import Outside
from hedgetui.engine.tails.parts import Books, TailParts, TailSettings
from hedgetui.engine.tails.placing import Placing
from hedgetui.engine.tails.previews import KINDS
from hedgetui.engine.tails.views import TailViews
from hedgetui.engine.tails.waiting import Waiting
from hedgetui.ports.desk import Outcome
from hedgetui.ports.ids import IdSource
from hedgetui.ports.tails import EMPTY, TailsView


class Tails:
    """Every part of hedge accounts, made once and wired once."""

    def __init__(self, desk: Parts, settings: TailSettings, identities: IdSource) -> None:
        self._books = Books(settings)
        desk.recorder.listen(self._books.take)  # first: whoever listens later sees the balance
        parts = TailParts(desk, self._books, settings, identities, asyncio.Lock())
        self._parts = parts
        waiting, placing = Waiting(parts), Placing(parts)
        self._entering = Entering(parts)
        self._views = TailViews(parts, waiting)
        self._decider = Decider(parts, placing, waiting)
        self._outside = Outside(parts)
        self._commands = TailCommands(
            parts, Tools(placing, self._decider, self._entering, self._views)
        )

    @property
    def ledger(self) -> Ledger:
        """The present cash, hedges and policies, to be read only."""
        return self._books.ledger

    @property
    def levels(self) -> Levels:
        """The configured policies, for the outside checker."""
        return self._parts.settings.levels

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold the journal."""
        for fact in facts:
            self._books.take(fact)
            self._outside.recall(fact)

    def workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what a supervisor must keep running."""
        return (("tails", self._decider.run), ("outside", self._outside.run))

    def contracts(self) -> frozenset[str]:
        """Return the futures to be watched."""
        return self._parts.contracts()

    def on_tick(self) -> None:
        """Market data came in."""
        self._decider.on_tick()

    def owns(self, command: Command) -> bool:
        """Whether a command is about hedge accounts."""
        return self._commands.owns(command)

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Judge and carry out one command.

        Raises:
            HedgetuiError: the link or the journal failed.
        """
        return await self._commands.dispatch(command, by)

    async def enter(self, events: Sequence[tf.TailEvent]) -> int:
        """Book what a source pushes, in one write; returns how many facts were new.

        Raises:
            DataError: one of them is refused; none is booked.
        """
        return await self._entering.events(events)

    def view(self) -> TailsView:
        """Return everything a front end shows of hedge accounts."""
        return self._views.view()

    def summary(self) -> dict[str, object]:
        """Return what happened to hedge accounts since the journal began."""
        ledger = self._books.ledger
        books = [book for key in ledger.keys if (book := ledger.book(key)) is not None]
        return {
            "cash": sum(len(book.cash) for book in books),
            "tail_orders": len(self._books.recount.sent),
            "tails": {str(book.key): book.balance for book in books},
        }


class TailDoor:
    """Lets the kernel treat a desk with and one without hedge accounts alike."""

    def __init__(self, tails: Tails | None) -> None:
        self.tails = tails

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold the journal."""
        if self.tails is not None:
            self.tails.load(facts)

    def workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what a supervisor must keep running."""
        return () if self.tails is None else self.tails.workers()

    def contracts(self) -> frozenset[str]:
        """Return the futures to be watched."""
        return frozenset() if self.tails is None else self.tails.contracts()

    def on_tick(self) -> None:
        """Market data came in."""
        if self.tails is not None:
            self.tails.on_tick()

    def owns(self, command: Command) -> bool:
        """Whether a command is about hedge accounts, even where there are none."""
        if self.tails is None:
            kind = command.preview_id.rpartition("-")[0] if isinstance(command, cm.Confirm) else ""
            return isinstance(command, COMMANDS) or kind in KINDS
        return self.tails.owns(command)

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Judge and carry out one command.

        Raises:
            HedgetuiError: the link or the journal failed.
        """
        if self.tails is None:
            hint = "set enabled in its accounts table"
            return refused("no-accounts", "this profile has no hedge accounts", hint)
        return await self.tails.dispatch(command, by)

    async def enter(self, events: Sequence[tf.TailEvent]) -> int:
        """Book what a source pushes; returns how many facts were new, none without accounts.

        Raises:
            DataError: one of them is refused; none is booked.
        """
        return 0 if self.tails is None else await self.tails.enter(events)

    def view(self) -> TailsView:
        """Return everything a front end shows of hedge accounts."""
        return EMPTY if self.tails is None else self.tails.view()

    def summary(self) -> dict[str, object]:
        """Return what happened to hedge accounts since the journal began."""
        return {} if self.tails is None else self.tails.summary()


def door(settings: TailSettings | None, desk: Parts, identities: IdSource) -> TailDoor:
    """Return the door to the hedge accounts of a desk; without settings it has none."""
    return TailDoor(None if settings is None else Tails(desk, settings, identities))
