"""What stands beside the book of strangles: defence, hedge accounts, tickets and portfolio.

They share journal, log, arming and broker of one desk, and each answers for its own commands. A
desk without one of them has its door all the same, which says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from hedgetui.domain.commands import Command
from hedgetui.domain.events import Fact
from hedgetui.engine.balance import door as portfolio
from hedgetui.engine.balance.settings import BalanceSettings
from hedgetui.engine.context import Contexts
from hedgetui.engine.dtms import door as defence
from hedgetui.engine.dtms.parts import DefenceSettings
from hedgetui.engine.market import Market
from hedgetui.engine.parts import Parts
from hedgetui.engine.supervisor import Worker
from hedgetui.engine.tails import door as tails
from hedgetui.engine.tails.parts import TailSettings
from hedgetui.engine.tickets.door import Tickets
from hedgetui.ports.broker import BrokerPort
from hedgetui.ports.clock import Clock
from hedgetui.ports.desk import Outcome
from hedgetui.ports.ids import IdSource
from hedgetui.ports.journal import JournalPort, LogPort
from hedgetui.ports.mt5 import Mt5Port
from hedgetui.ports.portfolio import PortfolioPort
from hedgetui.ports.stress import StressRunner


@dataclass(frozen=True, slots=True)
class Ports:
    """What the desk runs on."""

    broker: BrokerPort
    journal: JournalPort
    log: LogPort
    clock: Clock
    random: Random
    mt5: Mt5Port | None = None
    """The terminal whose trades are defended; None for a desk without MT5."""
    defence: DefenceSettings | None = None
    tails: TailSettings | None = None
    """How hedge accounts are hedged; None for a desk without any."""
    portfolio: PortfolioPort | None = None
    """What the account holds besides; None for a desk that reads no portfolio."""
    balance: BalanceSettings | None = None
    """How it is read and advised; None for the defaults."""
    stress: StressRunner | None = None
    """Where stress tests are worked out; None for a desk without them."""


class Half(Protocol):
    """One of them, as the kernel deals with it."""

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold the journal."""
        ...

    def workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what a supervisor must keep running."""
        ...

    def owns(self, command: Command) -> bool:
        """Whether a command is its affair."""
        ...

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Judge and carry out one of its commands."""
        ...


class Halves:
    """All of them, made once and wired once."""

    def __init__(
        self, ports: Ports, desk: Parts, contexts: Contexts, market: Market, identities: IdSource
    ) -> None:
        self.tails = tails.door(ports.tails, desk, identities)
        self.tickets = Tickets(desk, contexts, market, identities)
        market.others = lambda: self.tails.contracts() | self.tickets.contracts()
        self.defence = defence.door(
            ports.mt5, ports.defence, desk.recorder, ports.clock, ports.random
        )  # fmt: skip
        self.portfolio = portfolio.door(
            ports.portfolio, ports.stress, ports.balance, desk, self.tickets, self.defence.view
        )
        self._all: tuple[Half, ...] = (self.defence, self.tails, self.tickets, self.portfolio)

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold the journal into each."""
        for half in self._all:
            half.load(facts)

    def workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what a supervisor must keep running."""
        return tuple(worker for half in self._all for worker in half.workers())

    def owner(self, command: Command) -> Half | None:
        """Return whose affair a command is; None for the book's own."""
        return next((half for half in self._all if half.owns(command)), None)

    async def stop(self) -> None:
        """Close the links and processes that are theirs."""
        await self.defence.stop()
        await self.portfolio.stop()
