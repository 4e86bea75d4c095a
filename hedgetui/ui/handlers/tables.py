"""What a table asks of the screen: details of a row, a filter, a choice of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedgetui.ports.desk import CandidateView, OrderView, StrangleView
from hedgetui.ui.screens.vega_rows import candidate_card, order_card, strangle_card

if TYPE_CHECKING:
    from hedgetui.ui.app import HedgeApp
    from hedgetui.ui.screens.log import DeskLog
    from hedgetui.ui.widgets.tree_grid import TreeGrid

FIND = "find"


class TableKeys:
    """Answers the wishes of the tables and of the log."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app

    def details(self, grid: TreeGrid, key: str) -> None:
        """Show all numbers of a row."""
        from hedgetui.ui.dialogs.explain import CardDialog  # noqa: PLC0415 - off the first paint

        icons, shell = self._app.look.icons, self._app.shell
        if grid is shell.accounts.tails:
            self._app.tails.details(key)
            return
        if grid in shell.balance.panes:
            self._app.balance.details(grid, key)
            return
        if grid in shell.stress.panes:
            self._app.stress.details(grid, key)
            return
        if grid in shell.dtms.panes:
            trade = shell.dtms.view_of(grid, key)
            if trade is not None:
                self._app.dtms.details(trade)
            return
        match shell.vega.view_of(grid, key):
            case StrangleView() as row:
                card = CardDialog(row.label, strangle_card(row, icons))
            case CandidateView() as row:
                card = CardDialog(row.label, candidate_card(row))
            case OrderView() as row:
                zone = self._app.settings.time_zone
                card = CardDialog(f"Order #{row.number}", order_card(row, zone))
            case None:
                return
        self._app.push_screen(card)

    def find(self, target: TreeGrid | DeskLog) -> None:
        """Ask for a filter and set it."""
        self._app.fly(FIND, self._find(target))

    def columns(self, grid: TreeGrid) -> None:
        """Ask which columns to show."""
        self._app.fly(FIND, self._columns(grid))

    async def _find(self, target: TreeGrid | DeskLog) -> None:
        from hedgetui.ui.dialogs.entry import FindDialog  # noqa: PLC0415 - off the first paint

        text = await self._app.ask(FindDialog("Find"))
        if text is not None:
            target.set_filter(text)
            self._app.shell.vega.show_captions()
            self._app.shell.dtms.show_captions()
            self._app.shell.accounts.show_captions()
            self._app.shell.balance.show_captions()
            self._app.shell.stress.show_captions()

    async def _columns(self, grid: TreeGrid) -> None:
        from hedgetui.ui.dialogs.choice import Choice, ChoiceDialog  # noqa: PLC0415 - off first paint

        at = 0
        columns = grid.model.columns[1:]
        while True:
            tick = self._app.look.icons.tick
            choices = [
                Choice("", f"{' ' if one.key in grid.hidden_columns else tick} {one.title}", "",
                       one.key)
                for one in columns
            ]  # fmt: skip
            key = await self._app.ask(ChoiceDialog("Columns: Enter shows or hides", choices, at))
            if key is None:
                return
            at = next(number for number, one in enumerate(columns) if one.key == key)
            grid.hidden_columns = grid.hidden_columns ^ {key}
