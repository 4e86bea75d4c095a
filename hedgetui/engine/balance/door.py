"""The portfolio as the kernel holds it: a desk whose broker reads none says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hedgetui.domain import commands as cm
from hedgetui.domain.commands import Command
from hedgetui.domain.events import Fact
from hedgetui.engine.balance.advising import Adviser
from hedgetui.engine.balance.basket import Basket
from hedgetui.engine.balance.betas import Betas
from hedgetui.engine.balance.chains import Chains, Quoter
from hedgetui.engine.balance.commands import COMMANDS, BalanceCommands, Tools
from hedgetui.engine.balance.finding import Finder
from hedgetui.engine.balance.growing import Growing
from hedgetui.engine.balance.parts import BalanceParts, Board, TicketDesk
from hedgetui.engine.balance.reader import Reader
from hedgetui.engine.balance.settings import BalanceSettings
from hedgetui.engine.balance.stressing import Stressing
from hedgetui.engine.balance.views import BalanceViews
from hedgetui.engine.parts import Parts
from hedgetui.engine.supervisor import Worker
from hedgetui.engine.switches import refused
from hedgetui.ports.balance import NO_STRESS, OFF, BalanceView, StressView
from hedgetui.ports.desk import Outcome
from hedgetui.ports.dtms import DefenceView
from hedgetui.ports.portfolio import PortfolioPort
from hedgetui.ports.stress import StressRunner

_STRESS = (cm.RunStress, cm.StopStress)


class Portfolio:
    """Every part of the portfolio, made once and wired once."""

    def __init__(self, parts: BalanceParts, runner: StressRunner | None) -> None:
        board = parts.board
        self._betas = Betas(parts)
        self._reader = Reader(parts, self._betas)
        chains = Chains(parts)
        quoter = Quoter(parts, chains)
        self._adviser = Adviser(parts, quoter)
        self._basket = Basket(parts, runner)
        self._stressing = Stressing(
            parts.desk, runner, parts.settings, lambda: board.reading, self._basket.positions
        )
        parts.changed.append(self._stressing.on_reading)
        growing, finder = Growing(parts, quoter), Finder(parts, chains)
        self._commands = BalanceCommands(
            parts,
            Tools(self._reader, quoter, self._adviser, growing, finder, self._basket),
        )
        self._views = BalanceViews(parts)

    def load(self, facts: Sequence[Fact]) -> None:
        """Take over what earlier runs measured."""
        self._betas.load(facts)

    def workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what a supervisor must keep running."""
        return (
            ("portfolio", self._reader.run),
            ("betas", self._betas.run),
            ("advice", self._adviser.run),
            ("basket", self._basket.run),
        )

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Judge and carry out one command.

        Raises:
            HedgetuiError: the journal failed.
        """
        if self._stressing.owns(command):
            return await self._stressing.dispatch(command, by)
        return await self._commands.dispatch(command)

    def view(self) -> BalanceView:
        """Return everything a front end shows of the portfolio."""
        return self._views.view()

    def stress_view(self) -> StressView:
        """Return everything a front end shows of stress tests."""
        return self._stressing.view()

    async def stop(self) -> None:
        """Stop the stress test that runs and its worker; safe to call twice."""
        await self._stressing.stop()


class PortfolioDoor:
    """Lets the kernel treat a desk with and one without a portfolio alike."""

    def __init__(self, portfolio: Portfolio | None, runner: StressRunner | None = None) -> None:
        self.portfolio = portfolio
        self._runner = runner

    def load(self, facts: Sequence[Fact]) -> None:
        """Take over what the journal says."""
        if self.portfolio is not None:
            self.portfolio.load(facts)

    def workers(self) -> tuple[tuple[str, Worker], ...]:
        """Return what a supervisor must keep running."""
        return () if self.portfolio is None else self.portfolio.workers()

    def owns(self, command: Command) -> bool:
        """Whether a command is about the portfolio, even where there is none."""
        return isinstance(command, (*COMMANDS, *_STRESS))

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Judge and carry out one command.

        Raises:
            HedgetuiError: the journal failed.
        """
        if self.portfolio is None:
            hint = "its broker does not say what the account holds"
            return refused("no-portfolio", "this desk reads no portfolio", hint)
        return await self.portfolio.dispatch(command, by)

    def view(self) -> BalanceView:
        """Return everything a front end shows of the portfolio."""
        return OFF if self.portfolio is None else self.portfolio.view()

    def stress_view(self) -> StressView:
        """Return everything a front end shows of stress tests."""
        return NO_STRESS if self.portfolio is None else self.portfolio.stress_view()

    async def stop(self) -> None:
        """End what runs elsewhere; safe to call twice."""
        if self.portfolio is not None:
            await self.portfolio.stop()
        elif self._runner is not None:
            await self._runner.close()


def door(
    port: PortfolioPort | None,
    stress: StressRunner | None,
    settings: BalanceSettings | None,
    desk: Parts,
    tickets: TicketDesk,
    defence: Callable[[], DefenceView],
) -> PortfolioDoor:
    """Return the door to the portfolio of a desk; without a port it has none.

    Args:
        port: what the account holds and what single names cost.
        stress: where stress tests are worked out; none for a desk without them.
        settings: how it is read and advised; none for the defaults.
        desk: the parts of the whole desk.
        tickets: who sends.
        defence: the view of the MT5 account, which is a source of positions too.
    """
    if port is None:
        return PortfolioDoor(None, stress)
    chosen = settings or BalanceSettings()
    parts = BalanceParts(desk, port, chosen, tickets, defence, Board(chosen))
    return PortfolioDoor(Portfolio(parts, stress), stress)
