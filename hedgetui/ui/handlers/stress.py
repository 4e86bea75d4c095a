"""The verbs of the Stress screen: run, stop, another day, another view, what to ask for.

None of them can send an order. The first look at the screen runs a test by itself, once: a screen
of risk that is empty until a key is pressed would be passed by.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hedgetui.domain import commands as cmd
from hedgetui.ports.balance import NO_STRESS, StressAsked, StressView
from hedgetui.ui.screens.stress_page import details
from hedgetui.ui.screens.stress_text import RUNNING, asked_text

if TYPE_CHECKING:
    from hedgetui.ports.desk import DeskSnapshot
    from hedgetui.ui.app import HedgeApp
    from hedgetui.ui.widgets.tree_grid import TreeGrid

_STRESS = "stress"
_VALUES = ("run", "horizon", "regime", "paths", "seed", "basket")
"""Of the menu, in its order."""


class StressKeys:
    """Stress verbs of one app."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app
        self._wish: StressAsked | None = None
        self._has_begun = False
        self.refusal = ""
        """Why the desk ran no test when it was asked last; empty when it did."""

    @property
    def here(self) -> bool:
        """Whether the Stress screen is shown."""
        return self._app.shell.screen_name == "stress"

    @property
    def result(self) -> StressView:
        """The stress test as the desk has it."""
        snapshot = self._app.snapshot
        return NO_STRESS if snapshot is None else snapshot.stress

    @property
    def wish(self) -> StressAsked:
        """What a run would be asked for."""
        return self._wish or self.result.asked

    def begin(self, snapshot: DeskSnapshot) -> None:
        """Run the first test once there is a portfolio and nobody has run one."""
        view, portfolio = snapshot.stress, snapshot.balance
        is_read = portfolio.market is not None and bool(portfolio.book.positions)
        if self._has_begun or not view.on or not is_read:
            return
        self._has_begun = True
        if view.state == "idle" and view.figures is None:
            self._start(view.asked)

    def run(self) -> None:
        """Run a stress test, or stop the one that runs."""
        if not self.result.on:
            self._app.note("no portfolio at this profile: there is nothing to stress", warn=True)
        elif self.result.state == RUNNING:
            self.stop()
        else:
            self._start(self.wish)

    def stop(self) -> None:
        """Stop the stress test that runs."""
        if self.result.state == RUNNING:
            self._app.fly(_STRESS, self._app.trade.send(cmd.StopStress()))
        else:
            self._app.note("no stress test runs")

    def next_view(self) -> None:
        """Show the next of grid, distribution and scenarios."""
        self._app.shell.stress.next_view()

    def earlier(self) -> None:
        """Look at an earlier day."""
        self._to_day(-1)

    def later(self) -> None:
        """Look at a later day."""
        self._to_day(1)

    def menu(self) -> None:
        """Choose what to run, and run it."""
        if self.result.on:
            self._app.fly("stress-menu", self._menu())
        else:
            self._app.note("no portfolio at this profile: there is nothing to stress", warn=True)

    def details(self, grid: TreeGrid, key: str) -> None:
        """Show all figures."""
        del grid, key
        self.card(None)

    def card(self, cell: tuple[int, int] | None) -> None:
        """Show all figures, those of a cell of the grid first."""
        from hedgetui.ui.dialogs.explain import CardDialog  # noqa: PLC0415 - off the first paint

        view = self.result
        if view.figures is None:
            self._app.note("there are no figures yet")
            return
        rows = details(view, self._app.look.icons, cell)
        self._app.push_screen(CardDialog(f"Stress {asked_text(view.asked)}", rows))

    def _to_day(self, step: int) -> None:
        pane = self._app.shell.stress
        if self.result.days:
            pane.to_day(pane.day + step)
        else:
            self._app.note("there are no figures yet")

    def _start(self, asked: StressAsked) -> None:
        command = cmd.RunStress(asked.regime, asked.paths, asked.months, asked.seed, asked.basket)
        self._app.fly(_STRESS, self._run(command))

    async def _run(self, command: cmd.RunStress) -> None:
        outcome = await self._app.trade.send(command)
        self.refusal = ""
        if outcome.ok:
            self._wish = None  # from here on the desk says what was asked
        else:
            self.refusal = f"{outcome.message}: {outcome.hint}" if outcome.hint else outcome.message
        self._app.shell.stress.word()

    async def _menu(self) -> None:
        from hedgetui.ui.dialogs.stress import menu  # noqa: PLC0415 - off the first paint

        at = 0
        while True:
            snapshot = self._app.snapshot
            trades = 0 if snapshot is None else len(snapshot.balance.basket.items)
            running = self.result.state == RUNNING
            value = await self._app.ask(menu(self.wish, trades, at, running=running))
            if value is None:
                return
            if value == "run":
                self._start(self.wish)
                return
            at = _VALUES.index(value)
            self._wish = await self._changed(value, self.wish)
            self._app.shell.stress.word()

    async def _changed(self, value: str, wish: StressAsked) -> StressAsked:
        """Return the wish with one of its parts asked anew."""
        from hedgetui.ui.dialogs import stress as ask  # noqa: PLC0415 - off the first paint

        if value == "basket":
            return replace(wish, basket=not wish.basket)
        if value in {"paths", "seed"}:
            number = await self._app.ask((ask.paths if value == "paths" else ask.seed)(wish))
            if number is None:
                return wish
            whole = int(number)
            return replace(wish, paths=whole) if value == "paths" else replace(wish, seed=whole)
        chosen = await self._app.ask((ask.regime if value == "regime" else ask.horizon)(wish))
        if chosen is None:
            return wish
        if value == "regime":
            return replace(wish, regime=chosen)
        return replace(wish, months=float(chosen))
