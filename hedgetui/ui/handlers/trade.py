"""The verbs that may reach a broker, and those that keep orders from it.

What only lowers risk acts at once: AUTO off, disarm, the first two presses of the kill key.
Whatever would send an order asks the desk for a preview and shows it; the order itself leaves
only by the dialog's `y`, as `Confirm` with the preview's id. No method here takes a quantity.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hedgetui.domain import commands as cmd
from hedgetui.domain.text import safe
from hedgetui.ports.desk import OrderView
from hedgetui.ui.kill import KillLadder, Step

if TYPE_CHECKING:
    from hedgetui.ports.desk import Outcome
    from hedgetui.ui.app import HedgeApp

PREVIEW = "preview"
"""Name shared by every verb that opens a preview, so that only one is on its way."""

STALE_CODE = "stale-greeks"
"""The desk's answer when a hedge would rest on old greeks; the trader may accept own ones."""

LARGEST_ENTRY = 1_000
"""What the lots dialog accepts; the desk's own limit is far below and has the last word."""


class TradeKeys:
    """Trade verbs of one app."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app
        self._ladder = KillLadder()

    def hedge(self) -> None:
        """Preview the hedge now: of the book, or of what is chosen on DTMS and Accounts."""
        if self._app.dtms.here:
            self._app.dtms.hedge()
        elif self._app.tails.here:
            self._app.tails.hedge()
        else:
            self._app.fly(PREVIEW, self._hedge())

    def roll(self) -> None:
        """Preview the way out of a futures month that ends, or of a tail into another."""
        if self._app.tails.here:
            self._app.tails.roll()
        else:
            self._app.fly(PREVIEW, self.preview(cmd.PreviewRoll()))

    def close(self) -> None:
        """Preview the exit from the chosen strangle or DTMS trade; on Accounts enter cash."""
        if self._app.dtms.here:
            self._app.dtms.close()
        elif self._app.tails.here:
            self._app.tails.cash()
        else:
            self._app.fly(PREVIEW, self._close())

    def enter(self) -> None:
        """Preview the entry into the chosen candidate, or the ticket of a row on Balance."""
        if self._app.balance.here:
            self._app.balance.ticket()
        else:
            self._app.fly(PREVIEW, self._enter())

    def cancel(self) -> None:
        """Ask which working order to cancel, and cancel it."""
        self._app.fly(PREVIEW, self._cancel())

    def auto(self) -> None:
        """Switch auto-hedging, a DTMS trade's automation or a tail's mode; less is immediate."""
        if self._app.dtms.here:
            self._app.dtms.auto()
            return
        if self._app.tails.here:
            self._app.tails.mode()
            return
        snapshot = self._app.snapshot
        if snapshot is None:
            return
        if snapshot.status.auto:
            self._app.fly("auto", self.send(cmd.SwitchAuto(on=False)))
            self._app.loud("AUTO OFF: nothing hedges this book by itself. T restores, Esc hides")
        else:
            self._app.fly("auto", self.send(cmd.SwitchAuto(on=True)))
            self._app.notices.drop("loud")

    def arm(self) -> None:
        """Arm, with the account's last four for a live one; disarm at once."""
        snapshot = self._app.snapshot
        if snapshot is None:
            return
        if snapshot.status.armed:
            self._app.fly("disarm", self.send(cmd.Disarm()))
        else:
            self._app.fly("arm", self._arm())

    def kill(self) -> None:
        """Climb the kill ladder by one step."""
        step = self._ladder.press(self._app.clock(), self._app.previous_key)
        match step:
            case Step.DOUBT:
                self._app.note("Caps Lock? K again within a second stops AUTO", warn=True)
            case Step.AUTO_OFF:
                self._app.fly("kill-auto", self.send(cmd.SwitchAuto(on=False)))
                self._app.loud("KILL 1/3: AUTO OFF. K again: freeze, cancel. T restores, Esc hides")
            case Step.FREEZE:
                self._app.fly("kill-freeze", self.send(cmd.Freeze("kill key")))
                self._app.loud("KILL 2/3: FREEZE, cancel working orders. K again: flatten")
            case Step.FLATTEN:
                self._app.drop_dialogs()
                self._app.fly("kill-flatten", self.preview(cmd.PreviewFlatten()))

    def reconcile(self) -> None:
        """Read broker truth now."""
        self._app.fly("reconcile", self.send(cmd.Reconcile()))

    def resolve(self) -> None:
        """Ask what became of an unknown order or action, and tell the desk."""
        self._app.fly(PREVIEW, self._resolve())

    def scan(self) -> None:
        """Read the chain and rank strangles; on Balance read the book, on Stress run the test."""
        if self._app.balance.here:
            self._app.balance.read()
        elif self._app.stress.here:
            self._app.stress.run()
        else:
            self._app.fly("scan", self.send(cmd.Scan()))

    def menu(self) -> None:
        """Choose a preset, switch the strategy, release latches; elsewhere a screen's own verbs."""
        for keys in (self._app.tails, self._app.balance, self._app.stress):
            if keys.here:
                keys.menu()
                break
        else:
            self._app.fly(PREVIEW, self._menu())

    async def send(self, command: cmd.Command) -> Outcome:
        """Send a command that needs no dialog and show the answer."""
        outcome = await self._app.desk.dispatch(command)
        self._app.tell(outcome)
        return outcome

    async def preview(self, command: cmd.Command, outcome: Outcome | None = None) -> None:
        """Show what the desk would send; send it when the dialog says so."""
        from hedgetui.ui.dialogs.preview import PreviewDialog  # noqa: PLC0415 - off the first paint

        answer = outcome or await self._app.desk.dispatch(command)
        snapshot = self._app.snapshot
        # The desk may answer a confirmation with a new preview: the book moved, look again.
        while (preview := answer.preview) is not None and snapshot is not None:
            status = snapshot.status
            typed = await self._app.ask(PreviewDialog(preview, status.mode, status.now))
            if typed is None:
                return
            answer = await self._app.desk.dispatch(cmd.Confirm(preview.preview_id, typed))
            if answer.preview is not None:
                self._app.tell(answer)
            snapshot = self._app.snapshot
        self._app.tell(answer)

    async def _hedge(self) -> None:
        from hedgetui.ui.dialogs.base import YesDialog  # noqa: PLC0415 - off the first paint

        outcome = await self._app.desk.dispatch(cmd.PreviewHedge())
        if outcome.code == STALE_CODE and outcome.preview is None:
            about = self._app.look.icons.about
            rows = (outcome.message, f"The console's own model ({about}) would size the hedge.",
                    "Nothing is sent yet.")  # fmt: skip
            if not await self._app.ask(YesDialog("Hedge on own greeks?", rows, "show preview")):
                return
            await self.preview(cmd.PreviewHedge(accept_stale=True))
            return
        await self.preview(cmd.PreviewHedge(), outcome)

    async def _close(self) -> None:
        trade_id = await self._app.picks.strangle()
        if trade_id:
            await self.preview(cmd.PreviewClose(trade_id))

    async def _enter(self) -> None:
        from hedgetui.ui.dialogs.choice import NumberDialog  # noqa: PLC0415 - off the first paint

        candidate = await self._app.picks.candidate()
        if candidate is None:
            return
        lots = await self._app.ask(
            NumberDialog(
                f"Enter {candidate.label}",
                f"How many strangles? One costs ${candidate.cost:,.0f} at the ask.",
                str(self._app.desk.settings.first_trade_lots),
                whole=True,
                largest=LARGEST_ENTRY,
                then="preview",
            )
        )
        if lots is not None:
            await self.preview(cmd.PreviewEntry(candidate.number, int(lots)))

    async def _cancel(self) -> None:
        from hedgetui.ui.dialogs.base import YesDialog  # noqa: PLC0415 - off the first paint

        number = await self._app.picks.working_order()
        if number is None:
            return
        every = number == "all"
        text = "every working order" if every else f"order #{number}"
        rows = ("What has been filled stays filled.",)
        if await self._app.ask(YesDialog(f"Cancel {text}?", rows, "cancel it", no="leave it")):
            await self.send(cmd.CancelAll() if every else cmd.CancelOrder(int(number)))

    async def _resolve(self) -> None:
        from hedgetui.ui.dialogs import resolve as rs  # noqa: PLC0415 - off the first paint

        row = await self._app.picks.in_doubt()
        snapshot = self._app.snapshot
        if row is None or snapshot is None:
            return
        if isinstance(row, OrderView):
            find = partial(rs.order_in, number=row.number)
        else:
            find = partial(rs.action_in, action_id=row.action_id)
        doubt = find(snapshot)
        if doubt is None:
            return
        word = await self._app.ask(rs.ResolveDialog(doubt, find))
        if word is None:
            return
        reason = safe(word.reason)
        if isinstance(row, OrderView):
            await self.send(cmd.ResolveUnknown(row.number, word.typed, reason))
        else:
            await self.send(cmd.ResolveDefence(row.action_id, word.typed, reason))

    async def _arm(self) -> None:
        from hedgetui.ui.dialogs.arm import arm_live  # noqa: PLC0415 - off the first paint

        snapshot = self._app.snapshot
        typed: str | None = ""
        if snapshot is not None and snapshot.status.mode == "LIVE":
            typed = await self._app.ask(arm_live(snapshot))
        if typed is not None:
            await self.send(cmd.Arm(typed))

    async def _menu(self) -> None:
        from hedgetui.ui.dialogs.arm import unfreeze  # noqa: PLC0415 - off the first paint

        value = await self._app.picks.menu()
        snapshot = self._app.snapshot
        if value is None or snapshot is None:
            return
        kind, _, name = value.partition(":")
        if kind == "preset":
            await self.send(cmd.SetBand(name))
        elif kind == "custom":
            await self._custom_band()
        elif kind == "strategy":
            await self.send(cmd.EnableStrategy(on=name == "on"))
        elif kind == "release":
            reasons = (*snapshot.status.latches, *snapshot.health.differences)
            typed = await self._app.ask(unfreeze(tuple(map(safe, reasons))))
            if typed == "UNFREEZE":
                await self.send(cmd.Unfreeze("released at the screen"))
            elif typed is not None:
                self._app.note("not released: the word is UNFREEZE", warn=True)

    async def _custom_band(self) -> None:
        from hedgetui.ui.dialogs.choice import NumberDialog  # noqa: PLC0415 - off the first paint

        snapshot = self._app.snapshot
        start = f"{snapshot.book.band:g}" if snapshot else "10"
        value = await self._app.ask(
            NumberDialog(
                "Custom band",
                "Hedge when net Δ is more than this many $/pt from the target:",
                start,
                whole=False,
                largest=1_000,
                then="set",
            )
        )
        if value is not None:
            await self.send(cmd.SetBand("custom", value))
