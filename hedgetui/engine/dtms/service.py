"""The defence as the kernel sees it: made once, two workers, its own commands, one view.

It shares the journal, the log, the latches and the arming with the Vega desk and waits for none of
its workers. What looks, decides and sends takes its turn under one lock, so that no decision is
made on a look older than the last thing sent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from random import Random

from hedgetui.domain import commands as cm
from hedgetui.domain.commands import Command
from hedgetui.domain.events import Fact
from hedgetui.engine.dtms.commands import Hands
from hedgetui.engine.dtms.evaluation import Evaluation
from hedgetui.engine.dtms.link import Mt5Link
from hedgetui.engine.dtms.market import Market
from hedgetui.engine.dtms.memory import Memories
from hedgetui.engine.dtms.outbox import Outbox
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.rails import RailKeeper
from hedgetui.engine.dtms.truth import Truth
from hedgetui.engine.dtms.views import Sight, defence_view
from hedgetui.engine.dtms.watch import Tools, Watch
from hedgetui.engine.supervisor import Worker
from hedgetui.ports.desk import Outcome
from hedgetui.ports.dtms import DefenceView

COMMANDS = (cm.PreviewDefence, cm.SetAutomation, cm.Adopt, cm.Ignore, cm.ResolveDefence)


class Defence:
    """Watches and defends every open trade of one MT5 account."""

    def __init__(self, parts: DefenceParts, random: Random) -> None:
        self._parts = parts
        self.turn = asyncio.Lock()
        """Held by whatever looks to decide, or sends."""
        market, memories = Market(parts), Memories()
        self.outbox = Outbox(parts)
        rails = RailKeeper(parts, market)
        self.link = Mt5Link(parts, market, random)
        evaluation = Evaluation(parts, market, self.outbox, rails, memories)
        tools = Tools(
            self.link, market, Truth(parts), self.outbox, rails, evaluation, memories
        )  # fmt: skip
        self.watch = Watch(parts, tools, self.turn)
        self.link.settle = self.watch.settle
        self.link.on_news = self.watch.wake
        self.link.on_doubt = memories.doubt
        self._hands = Hands(parts, tools, self.watch, self.turn)
        self._sight = Sight(parts, tools, self.watch)

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold the journal: trades, deadlines and actions as they were."""
        self._parts.ledger.load(facts)

    def workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what a supervisor must keep running."""
        return ("mt5 link", self.link.keep), ("dtms", self.watch.run)

    def owns(self, command: Command) -> bool:
        """Return whether a command is this half's affair."""
        if isinstance(command, cm.Confirm):
            return self._hands.owns(command.preview_id)
        return isinstance(command, COMMANDS)

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Judge and carry out one of our commands.

        Raises:
            HedgetuiError: the link or the journal failed; the caller makes a refusal of it.
        """
        return await self._hands.dispatch(command, by)

    def view(self) -> DefenceView:
        """Return everything a front end shows of the defence."""
        return defence_view(self._sight)

    def summary(self) -> dict[str, object]:
        """Return counts for the end of a headless run."""
        book = self._parts.book
        return {
            "defended": len(book.trades),
            "dtms_moves": sum(len(lane) - 1 for lane in book.past.values()),
            "dtms_actions": dict(Counter(str(one.state) for one in book.actions.values())),
        }

    async def stop(self) -> None:
        """Close the link; the workers have been stopped before."""
        await self.link.stopped()
