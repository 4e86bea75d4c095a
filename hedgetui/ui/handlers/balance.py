"""The verbs of the Balance screen: ticket, basket, read, grow, recommend, a typed trade, budget.

An order leaves only by the `y` of the desk's preview. The basket sends nothing by itself, and a row
is named as the desk names it: the preview shows what that row has become meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedgetui.domain import commands as cmd
from hedgetui.domain.text import safe
from hedgetui.ports.balance import OFF, BalanceView
from hedgetui.ui.handlers.trade import PREVIEW
from hedgetui.ui.screens.balance_cards import (
    card_title,
    entry_card,
    underlying_card,
    unparsed_card,
)
from hedgetui.ui.screens.balance_rows import Entry
from hedgetui.ui.screens.balance_under import UNPARSED

if TYPE_CHECKING:
    from hedgetui.ui.app import HedgeApp
    from hedgetui.ui.widgets.tree_grid import TreeGrid

_BASKET = "basket"


class BalanceKeys:
    """Balance verbs of one app."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app

    @property
    def here(self) -> bool:
        """Whether the Balance screen is shown, so that shared keys are about its rows."""
        return self._app.shell.screen_name == "balance"

    @property
    def view(self) -> BalanceView:
        """The portfolio as the desk has it."""
        snapshot = self._app.snapshot
        return OFF if snapshot is None else snapshot.balance

    def ticket(self) -> None:
        """Preview the ticket of the chosen row."""
        self._app.fly(PREVIEW, self._ticket())

    def read(self) -> None:
        """Read positions and market again."""
        self._app.fly("balance-read", self._app.trade.send(cmd.ReadPortfolio()))

    def add(self) -> None:
        """Put the chosen row into the basket."""
        entry = self._chosen()
        if entry is None:
            return
        if entry.source == _BASKET:
            self._app.note("it is in the basket already")
            return
        command = cmd.AddToBasket(entry.source, entry.number)
        self._app.fly("basket", self._app.trade.send(command))

    def drop(self) -> None:
        """Take the chosen row out of the basket; on Stress stop the test."""
        if self._app.stress.here:
            self._app.stress.stop()
            return
        if not self.view.basket.items:
            self._app.note("the basket is empty")
            return
        entry = self._chosen()
        if entry is None or entry.source != _BASKET:
            self._app.note("choose a row of the basket: d drops it, b empties it")
            return
        self._app.fly("basket", self._app.trade.send(cmd.DropFromBasket(entry.number)))

    def menu(self) -> None:
        """Choose one of the screen's own verbs."""
        self._app.fly(PREVIEW, self._menu())

    def details(self, grid: TreeGrid, key: str) -> None:
        """Show a card with all numbers of a row, or all lines of an underlying."""
        from hedgetui.ui.dialogs.explain import CardDialog  # noqa: PLC0415 - off the first paint

        pane, view = self._app.shell.balance, self.view
        if grid is pane.advice:
            entry = pane.entry_of(key)
            if entry is not None:
                self._app.push_screen(CardDialog(card_title(entry), entry_card(entry, view)))
        elif key == UNPARSED:
            self._app.push_screen(CardDialog("Left out", unparsed_card(view)))
        else:
            row = pane.underlying_of(key)
            if row is not None:
                card = CardDialog(safe(row.symbol, 20), underlying_card(row, view))
                self._app.push_screen(card)

    def _chosen(self) -> Entry | None:
        """Return the row that is meant, or say why there is none."""
        entry = self._app.shell.balance.chosen
        if entry is None:
            has_rows = bool(self.view.advice or self.view.growth or self.view.choice)
            why = "choose a row of the upper table" if has_rows else "there is no row to choose yet"
            self._app.note(why, warn=True)
        return entry

    async def _ticket(self) -> None:
        entry = self._chosen()
        if entry is not None:
            await self._app.trade.preview(cmd.PreviewTicket(entry.source, entry.number))

    async def _menu(self) -> None:
        from hedgetui.ui.dialogs import balance as forms  # noqa: PLC0415 - off the first paint

        chosen = await self._app.ask(forms.menu_choice(self.view))
        if chosen == "grow":
            await self._grow()
        elif chosen == "find":
            answer = await self._app.ask(forms.find_form(self.view, self._ticker()))
            if answer is not None:
                await self._app.trade.send(forms.read_find(answer))
        elif chosen == "trade":
            await self._type()
        elif chosen == "send":
            await self._app.trade.preview(cmd.PreviewTicket(_BASKET))
        elif chosen == "empty":
            await self._app.trade.send(cmd.DropFromBasket())
        elif chosen == "budget":
            answer = await self._app.ask(forms.budget_form(self.view))
            if answer is not None:
                await self._app.trade.send(forms.read_budget(answer))
        elif chosen == "stress":
            self._app.shell.show_screen("stress")

    def _ticker(self) -> str:
        """Return the underlying that is offered: the one under the cursor, or the heaviest."""
        pane = self._app.shell.balance
        key = pane.underlyings.selected_key
        return key if key is not None and key != UNPARSED else ""

    async def _grow(self) -> None:
        from hedgetui.ui.dialogs import balance as forms  # noqa: PLC0415 - off the first paint

        regime = await self._app.ask(forms.regime_choice(self.view))
        if regime is not None:
            name = "" if regime == forms.AS_FOUND else regime
            await self._app.trade.send(cmd.ReadGrowth(name))

    async def _type(self) -> None:
        from hedgetui.ui.dialogs import balance as forms  # noqa: PLC0415 - off the first paint

        answer = await self._app.ask(forms.trade_form())
        if answer is None:
            return
        command = forms.read_trade(answer)
        if isinstance(command, cmd.PreviewTicket):
            await self._app.trade.preview(command)
        else:
            await self._app.trade.send(command)
