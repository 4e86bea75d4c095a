"""The verbs of the DTMS screen: hedge, unhedge, close, halve, break even, watch, automation, why.

Each verb is about the trade under the cursor, and whatever would send an order asks the desk for a
preview first. Taking automation away acts at once and is loud; giving it back asks, since the next
check may then send without another question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedgetui.domain import commands as cmd
from hedgetui.domain.text import safe
from hedgetui.ports.dtms import DefenceRow, UnwatchedRow
from hedgetui.ui import format as fmt
from hedgetui.ui.handlers.trade import PREVIEW
from hedgetui.ui.screens.dtms_lane import sign_of
from hedgetui.ui.screens.dtms_rows import trade_card, volume_text
from hedgetui.ui.screens.dtms_text import has_mt5

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hedgetui.ports.dtms import DefenceView
    from hedgetui.ui.app import HedgeApp

NEXT_AUTOMATION: dict[str, str] = {"auto": "alert", "alert": "off", "off": "auto"}
"""Down twice, then up again."""

_KEYS = "123456789"


class DefenceKeys:
    """DTMS verbs of one app."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app

    @property
    def here(self) -> bool:
        """Whether the DTMS screen is shown, so that shared keys are about its trades."""
        return self._app.shell.screen_name == "dtms"

    @property
    def chosen_ticket(self) -> int | None:
        """The ticket of the row that is seen to be chosen; None where there is none."""
        pane = self._app.shell.dtms
        row = pane.row_view if self.here and pane.in_view else None
        return None if row is None else row.ticket

    def hedge(self) -> None:
        """Preview a hedge of the chosen trade."""
        self._preview("hedge")

    def unhedge(self) -> None:
        """Preview the end of the chosen trade's hedge."""
        self._preview("unhedge")

    def close(self) -> None:
        """Preview the exit from the chosen trade and its hedge."""
        self._preview("close")

    def halve(self) -> None:
        """Preview closing half of the chosen trade."""
        self._preview("half")

    def breakeven(self) -> None:
        """Preview moving the chosen trade's stop to its entry."""
        self._preview("breakeven")

    def auto(self) -> None:
        """Take the chosen trade's automation one step down, or from off up to auto."""
        self._app.fly("automation", self._automation())

    def watch(self) -> None:
        """Adopt the chosen position, or stop watching the chosen trade."""
        self._app.fly(PREVIEW, self._watch())

    def why(self) -> None:
        """Show everything known of the chosen row."""
        row = self._app.shell.dtms.row_view
        if row is None:
            self._app.note("there is no trade to explain")
        else:
            self.details(row)

    def details(self, row: DefenceRow | UnwatchedRow) -> None:
        """Show a card with all numbers of a row."""
        from hedgetui.ui.dialogs.explain import CardDialog  # noqa: PLC0415 - off the first paint

        look, snapshot = self._app.look, self._app.snapshot
        title = f"{row.ticket} {safe(row.symbol, 20)}"
        if isinstance(row, UnwatchedRow):
            rows = [("position", f"{row.side} {volume_text(row.volume)}"),
                    ("P&L", fmt.pnl(row.profit, look.icons, 2)),
                    ("not watched", row.why), ("", "I adopts it.")]  # fmt: skip
            self._app.push_screen(CardDialog(title, rows))
        elif snapshot is not None:
            rows = trade_card(row, snapshot.defence, look.zone, look.icons)
            self._app.push_screen(CardDialog(title, rows))

    def _preview(self, verb: str) -> None:
        self._app.fly(PREVIEW, self._ask_preview(verb))

    async def _ask_preview(self, verb: str) -> None:
        row = await self._trade(f"{verb.capitalize()} which trade?")
        if row is not None:
            await self._app.trade.preview(cmd.PreviewDefence(row.ticket, verb))

    async def _automation(self) -> None:
        from hedgetui.ui.dialogs.base import YesDialog  # noqa: PLC0415 - off the first paint

        row = await self._trade("Automation of which trade?")
        if row is None:
            return
        name = f"{safe(row.symbol, 20)} {row.ticket}"
        following = NEXT_AUTOMATION.get(row.automation, "off")
        if following == "auto":
            may = ("DTMS may then tighten stops, close parts, hedge and close this trade "
                   "without asking again, from the next check on.")  # fmt: skip
            rows = (may, "It sends only while the desk is armed.")
            if not await self._app.ask(YesDialog(f"{name}: automation auto?", rows, "auto")):
                return
        outcome = await self._app.trade.send(cmd.SetAutomation(row.ticket, following))
        if not outcome.ok:
            return
        if following == "auto":
            self._app.notices.drop("loud")
        else:
            does = "says what it would do" if following == "alert" else "only looks"
            self._app.loud(f"{name} {following.upper()}: DTMS {does}, sends nothing. "
                           "T goes on, Esc hides")  # fmt: skip

    async def _watch(self) -> None:
        pane, view = self._app.shell.dtms, self._view()
        if view is None:
            return
        row = pane.row_view if pane.in_view else None
        if isinstance(row, UnwatchedRow):
            await self._adopt(row)
        elif isinstance(row, DefenceRow) and row.state != "CLOSED":
            await self._ignore(row)
        elif view.unwatched:
            chosen = await self._from("Adopt which position?", view.unwatched)
            if isinstance(chosen, UnwatchedRow):
                await self._adopt(chosen)
        else:
            self._app.note("there is no position to adopt or to ignore", warn=True)

    async def _adopt(self, row: UnwatchedRow) -> None:
        from hedgetui.ui.dialogs.base import YesDialog  # noqa: PLC0415 - off the first paint

        title = f"Adopt {row.ticket} {safe(row.symbol, 20)} {safe(row.side, 5)}?"
        rows = (
            f"Not watched now: {row.why}",
            "DTMS scores it from now on; what it may do by itself is its automation, T.",
        )
        if await self._app.ask(YesDialog(title, rows, "adopt")):
            await self._app.trade.send(cmd.Adopt(row.ticket))

    async def _ignore(self, row: DefenceRow) -> None:
        from hedgetui.ui.dialogs.base import YesDialog  # noqa: PLC0415 - off the first paint

        title = f"Stop watching {row.ticket} {safe(row.symbol, 20)}?"
        rows = ["Nobody defends it then; the position and its stop stay as they are."]
        if row.hedge is not None:
            rows.append("Its hedge stays open too, and nobody closes it.")
        if await self._app.ask(YesDialog(title, rows, "ignore it")):
            await self._app.trade.send(cmd.Ignore(row.ticket))

    def _view(self) -> DefenceView | None:
        """Return the defence, or say that there is none."""
        snapshot = self._app.snapshot
        if snapshot is None or not has_mt5(snapshot.defence):
            self._app.note("this profile has no MT5", warn=True)
            return None
        return snapshot.defence

    async def _trade(self, title: str) -> DefenceRow | None:
        """Return the open trade that is meant, or None after saying why there is none."""
        view, pane = self._view(), self._app.shell.dtms
        if view is None:
            return None
        row = pane.row_view if pane.in_view else None
        if isinstance(row, UnwatchedRow):
            self._app.note(f"{row.ticket} is not watched: I adopts it", warn=True)
            return None
        if isinstance(row, DefenceRow):
            if row.state != "CLOSED":
                return row
            self._app.note(f"{row.ticket} is closed", warn=True)
            return None
        if not view.rows:
            self._app.note("there is no open MT5 trade", warn=True)
            return None
        found = view.rows[0] if len(view.rows) == 1 else await self._from(title, view.rows)
        return found if isinstance(found, DefenceRow) else None

    async def _from(
        self, title: str, rows: Sequence[DefenceRow | UnwatchedRow]
    ) -> DefenceRow | UnwatchedRow | None:
        from hedgetui.ui.dialogs.choice import Choice, ChoiceDialog  # noqa: PLC0415 - off first paint

        choices = []
        for number, row in enumerate(rows):
            note = row.why if isinstance(row, UnwatchedRow) else sign_of(row.state).word
            text = f"{row.ticket} {row.symbol} {row.side} {volume_text(row.volume)}"
            key = _KEYS[number] if number < len(_KEYS) else ""
            choices.append(Choice(key, text, note, str(row.ticket)))
        answer = await self._app.ask(ChoiceDialog(title, choices))
        return next((row for row in rows if str(row.ticket) == answer), None)
