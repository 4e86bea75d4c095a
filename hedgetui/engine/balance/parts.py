"""What the parts of the portfolio share: the ports, the settings, and what is known now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from hedgetui.domain.balance.advice import Advice
from hedgetui.domain.balance.grow import Growth
from hedgetui.domain.balance.ideas import Idea
from hedgetui.domain.balance.regime import Measured
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.units import Timestamp
from hedgetui.engine.balance.reading import Reading
from hedgetui.engine.balance.settings import BalanceSettings
from hedgetui.engine.balance.weighing import Weighed
from hedgetui.engine.parts import Parts
from hedgetui.ports.balance import BasketView, ChoiceView, SourceView, TicketView
from hedgetui.ports.desk import Outcome
from hedgetui.ports.dtms import DefenceView
from hedgetui.ports.portfolio import PortfolioPort


class TicketDesk(Protocol):
    """What the portfolio needs of the part that sends."""

    async def preview(self, plan: TicketPlan) -> Outcome:
        """Show what a ticket would send."""
        ...

    def view(self) -> tuple[TicketView, ...]:
        """Return the tickets, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """An idea and what it would be as a ticket at the newest quotes."""

    idea: Idea | None
    """None where a row says to do nothing."""
    plan: TicketPlan | None = None
    note: str = ""
    """Why there is no plan, or what the reader should know of it."""


class Board:
    """What is known of the portfolio now; whoever changes it calls `touch`."""

    def __init__(self, settings: BalanceSettings) -> None:
        self.reading: Reading | None = None
        self.weighed: Weighed | None = None
        self.sources: tuple[SourceView, ...] = ()
        """As the newest attempt left them, even before there is a reading."""
        self.busy = False
        self.budget: Decimal = settings.budget
        self.most: int = settings.most
        self.advice: tuple[Advice, ...] = ()
        self.advice_rows: tuple[Row, ...] = ()
        self.growth: tuple[Growth, ...] = ()
        self.growth_rows: tuple[Row, ...] = ()
        self.regime: Measured | None = None
        self.choice: ChoiceView | None = None
        self.choice_row: Row | None = None
        self.basket = BasketView()
        self.betas_at: Timestamp | None = None
        self.changes = 0
        """Counts what was touched, so that a view is made once for each change."""

    def touch(self) -> None:
        """Something is different from what the last view showed."""
        self.changes += 1


@dataclass(frozen=True, slots=True)
class BalanceParts:
    """Made once, handed to every part."""

    desk: Parts
    port: PortfolioPort
    settings: BalanceSettings
    tickets: TicketDesk
    defence: Callable[[], DefenceView]
    board: Board
    changed: list[Callable[[], None]] = field(default_factory=list)
    """Told after every new reading."""

    def now(self) -> Timestamp:
        """Return the desk's time."""
        return self.desk.clock.now()

    def say(self, level: str, text: str) -> None:
        """Write a line to the live log."""
        self.desk.recorder.say(level, text)
