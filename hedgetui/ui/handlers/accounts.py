"""The verbs of the Accounts screen: hedge now, mode, cash, adjust, roll, suspend, look-back.

Each verb is about the key under the cursor. An order leaves only by the `y` of the desk's preview.
Taking power from the rule acts at once and is loud; giving it power says beforehand what it would
send, and so does entering cash, since a rule may hedge it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedgetui.domain import commands as cmd
from hedgetui.domain.tails.contracts import parse_price, terms
from hedgetui.domain.tails.windows import MOST_DAYS
from hedgetui.domain.text import safe
from hedgetui.ui.handlers.tail_modes import TailModes, rule_words
from hedgetui.ui.handlers.tail_picks import TailPicks, later_months
from hedgetui.ui.handlers.trade import PREVIEW
from hedgetui.ui.screens import accounts_text as words
from hedgetui.ui.screens.accounts_detail import order_card, tail_card
from hedgetui.ui.screens.accounts_rows import found

if TYPE_CHECKING:
    from hedgetui.ui.app import HedgeApp


class TailKeys:
    """Accounts verbs of one app."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app
        self._picks = TailPicks(app)
        self._modes = TailModes(app, self._picks)

    @property
    def here(self) -> bool:
        """Whether the Accounts screen is shown, so that shared keys are about its tails."""
        return self._app.shell.screen_name == "accounts"

    def hedge(self) -> None:
        """Preview the hedge of the chosen tail."""
        self._app.fly(PREVIEW, self._hedge())

    def cash(self) -> None:
        """Enter a cash order."""
        self._app.fly(PREVIEW, self._cash())

    def adjust(self) -> None:
        """Preview an adjustment of the chosen balance."""
        self._app.fly(PREVIEW, self._adjust())

    def roll(self) -> None:
        """Preview the way of the chosen tail into another month."""
        self._app.fly(PREVIEW, self._roll())

    def mode(self) -> None:
        """Take the rule's power over the chosen tail away at once, or choose who has it."""
        self._app.fly("tail-mode", self._modes.toggle())

    def suspend(self) -> None:
        """Suspend hedging by rule at once; resuming says what it would send."""
        self._app.fly("tails-suspend", self._modes.suspend())

    def fewer_days(self) -> None:
        """Look back one day less; on Stress look at an earlier day."""
        if self._app.stress.here:
            self._app.stress.earlier()
        else:
            self._look_back(self._app.shell.accounts.days - 1)

    def more_days(self) -> None:
        """Look back one day more; on Stress look at a later day."""
        if self._app.stress.here:
            self._app.stress.later()
        else:
            self._look_back(self._app.shell.accounts.days + 1)

    def menu(self) -> None:
        """Choose mode, threshold, look-back, or suspend."""
        self._app.fly(PREVIEW, self._menu())

    def details(self, key: str) -> None:
        """Show a card with all numbers of a row."""
        from hedgetui.ui.dialogs.explain import CardDialog  # noqa: PLC0415 - off the first paint

        look, snapshot = self._app.look, self._app.snapshot
        row, order = found(self._picks.view, key)
        if row is None or snapshot is None:
            return
        now = snapshot.status.now
        if order is None:
            card = CardDialog(words.name(row), tail_card(row, look.zone, look.icons, now))
        else:
            title = order.cash_id if hasattr(order, "cash_id") else order.hedge_id
            card = CardDialog(safe(title, 40), order_card(row, order, look.zone, now))
        self._app.push_screen(card)

    def _look_back(self, days: int) -> None:
        shown = self._app.shell.accounts.look_back(days)
        self._app.note(f"look-back {shown} day{'' if shown == 1 else 's'}; tails stay the same")

    async def _hedge(self) -> None:
        row = await self._picks.tail("Hedge which tail?")
        if row is not None:
            await self._app.trade.preview(cmd.PreviewTail(row.account, row.contract))

    async def _cash(self) -> None:
        from hedgetui.ui.dialogs.base import YesDialog  # noqa: PLC0415 - off the first paint
        from hedgetui.ui.dialogs.tails import cash_form, read_cash  # noqa: PLC0415 - off the first paint

        chosen, near = self._app.shell.accounts.tail_row, self._picks.today()
        answer = await self._app.ask(cash_form(chosen, near))
        if answer is None:
            return
        command = read_cash(answer, self._picks.view.rows, near)
        exact = words.price(float(parse_price(command.price)))
        unit = terms(command.contract).unit
        title = f"Book {command.side} {command.units:,} {unit} {command.contract} @ {exact}?"
        rows = [f"Account {safe(command.account, 40)}", *self._after_cash(command)]
        if await self._app.ask(YesDialog(title, rows, "book it")):
            await self._app.trade.send(command)

    def _after_cash(self, command: cmd.EnterCash) -> list[str]:
        """Return what a cash order does to its balance, and what the rule would send."""
        row = self._picks.row(command.account, command.contract)
        if row is None:
            first = "It is the first order of this account and contract"
            return [f"{first}: the configured mode decides what follows."]
        signed = words.sign_of(command.side) * command.units
        rows = [f"Balance {row.hm_unhedged:+,} becomes {row.hm_unhedged + signed:+,}."]
        return [*rows, rule_words(row, signed)]

    async def _adjust(self) -> None:
        from hedgetui.ui.dialogs.tails import adjust_form, read_adjustment  # noqa: PLC0415 - off the first paint

        row = await self._picks.tail("Adjust which balance?")
        if row is None:
            return
        answer = await self._app.ask(adjust_form(row))
        if answer is not None:
            await self._app.trade.preview(read_adjustment(answer, row))

    async def _roll(self) -> None:
        row = await self._picks.tail("Roll which tail?")
        if row is None:
            return
        later = later_months(row.contract)
        if not later:
            self._app.note(f"{safe(row.contract, 20)} is no contract that rolls", warn=True)
            return
        rows = [(month, month, "next month" if number == 0 else "")
                for number, month in enumerate(later)]  # fmt: skip
        into = await self._picks.one_of(f"Roll {words.name(row)} into", rows)
        if into is not None:
            await self._app.trade.preview(cmd.PreviewTailRoll(row.account, row.contract, into))

    async def _menu(self) -> None:
        row = self._app.shell.accounts.tail_row
        rows: list[tuple[str, str, str]] = []
        if row is not None:
            rows += [("mode", "mode", f"{row.mode} now, of {words.name(row)}"),
                     ("threshold", "threshold", f"{row.threshold_pct} % now")]  # fmt: skip
        suspended = self._picks.view.instance == words.SUSPENDED
        rows += [("days", "look-back", f"{self._app.shell.accounts.days} days now"),
                 ("suspend", "resume all" if suspended else "suspend all",
                  "what is due is sent" if suspended else "no tail is hedged by rule")]  # fmt: skip
        chosen = await self._picks.one_of("Accounts menu", rows)
        if chosen == "mode" and row is not None:
            await self._modes.choose(row)
        elif chosen == "threshold" and row is not None:
            await self._modes.threshold(row)
        elif chosen == "days":
            await self._ask_days()
        elif chosen == "suspend":
            await self._modes.suspend()

    async def _ask_days(self) -> None:
        from hedgetui.ui.dialogs.choice import NumberDialog  # noqa: PLC0415 - off the first paint

        most = min(MOST_DAYS, self._picks.view.days)
        value = await self._app.ask(
            NumberDialog(
                "Look-back", "Days of orders to show; open tails stay in sight however old:",
                str(self._app.shell.accounts.days), whole=True, largest=most, then="show",
            )
        )  # fmt: skip
        if value is not None:
            self._look_back(int(value))
