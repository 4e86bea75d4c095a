"""Who may hedge tails by rule: mode and threshold of one, suspension of all.

Taking power from the rule acts at once and is loud; giving it power says beforehand what it would
send, and waits for a `y`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedgetui.domain import commands as cmd
from hedgetui.domain.tails.model import Mode
from hedgetui.domain.tails.rules import check_policy
from hedgetui.domain.text import safe
from hedgetui.ports.tails import TailRow
from hedgetui.ui.screens import accounts_text as words

if TYPE_CHECKING:
    from hedgetui.ui.app import HedgeApp
    from hedgetui.ui.handlers.tail_picks import TailPicks

_ORDERS_SHOWN = 12
LOUD = "loud"


class TailModes:
    """Changes of mode, of one app."""

    def __init__(self, app: HedgeApp, picks: TailPicks) -> None:
        self._app, self._picks = app, picks

    async def toggle(self) -> None:
        """Take the rule away from the chosen tail at once, or choose a mode where none acts."""
        row = await self._picks.tail("Mode of which tail?")
        if row is None:
            return
        if row.mode == Mode.MANUAL:
            await self.choose(row)
        else:
            await self._set_manual(row)

    async def choose(self, row: TailRow) -> None:
        """Ask for a mode and set it."""
        from hedgetui.ui.dialogs.tails import mode_choice  # noqa: PLC0415 - off the first paint

        mode = await self._app.ask(mode_choice(row))
        if mode == Mode.MANUAL:
            await self._set_manual(row)
        elif mode is not None:
            await self._set_mode(row, mode)

    async def _set_manual(self, row: TailRow) -> None:
        command = cmd.SetTailMode(row.account, row.contract, Mode.MANUAL.value)
        outcome = await self._app.trade.send(command)
        if outcome.ok:
            self._app.loud(f"{words.name(row)} MANUAL: no rule hedges it. T chooses, Esc hides")

    async def _set_mode(self, row: TailRow, mode: str, pct: int | None = None) -> None:
        """Give the rule power over a tail, after saying what it would send."""
        from hedgetui.ui.dialogs.base import YesDialog  # noqa: PLC0415 - off the first paint

        threshold = row.threshold_pct if pct is None else pct
        if pct is None and check_policy(Mode(mode), threshold):
            self._app.note(check_policy(Mode(mode), threshold), warn=True)
            pct = await self._ask_threshold(row)
            if pct is None:
                return
            threshold = pct
        refused = check_policy(Mode(mode), threshold)
        if refused:
            self._app.note(refused, warn=True)
            return
        rows = (f"Threshold {threshold} % of {row.contract_size:,} {safe(row.unit, 6)}.",
                rule_words(row, 0, mode, threshold),
                "It sends only while the desk is armed, without asking again.")  # fmt: skip
        title = f"{words.name(row)}: {mode.upper()}?"
        if await self._app.ask(YesDialog(title, rows, mode)):
            outcome = await self._app.trade.send(
                cmd.SetTailMode(row.account, row.contract, mode, pct)
            )
            if outcome.ok:
                self._app.notices.drop(LOUD)

    async def _ask_threshold(self, row: TailRow) -> int | None:
        from hedgetui.ui.dialogs.choice import NumberDialog  # noqa: PLC0415 - off the first paint

        value = await self._app.ask(
            NumberDialog(
                f"Threshold of {words.name(row)}",
                f"Percent of {row.contract_size:,} {safe(row.unit, 6)} at which the rule hedges; "
                "auto needs more than 50:",
                str(row.threshold_pct), whole=True, largest=100, then="next",
            )
        )  # fmt: skip
        return None if value is None else int(value)

    async def threshold(self, row: TailRow) -> None:
        """Ask for a threshold and set it."""
        pct = await self._ask_threshold(row)
        if pct is None:
            return
        if row.mode != Mode.MANUAL:
            await self._set_mode(row, row.mode, pct)
        else:
            await self._app.trade.send(cmd.SetTailMode(row.account, row.contract, row.mode, pct))

    async def suspend(self) -> None:
        """Suspend at once, or resume after saying what that sends."""
        from hedgetui.ui.dialogs.base import YesDialog  # noqa: PLC0415 - off the first paint

        view = self._picks.view
        if view.instance != words.SUSPENDED:
            outcome = await self._app.trade.send(cmd.SuspendTails("suspended at the screen"))
            if outcome.ok:
                self._app.loud("TAILS SUSPENDED: own working hedges are cancelled, none is sent. "
                               "V resumes, Esc hides")  # fmt: skip
            return
        orders = [f"sends {safe(one, 80)}" for one in view.catch_up[:_ORDERS_SHOWN]]
        if len(view.catch_up) > _ORDERS_SHOWN:
            orders.append(f"and {len(view.catch_up) - _ORDERS_SHOWN} more orders")
        rows = orders or ["No tail is over its threshold: nothing is sent at once."]
        title = "Resume hedging of tails?"
        if await self._app.ask(YesDialog(title, rows, "resume", strong=bool(orders))):
            outcome = await self._app.trade.send(cmd.ResumeTails())
            if outcome.ok:
                self._app.notices.drop(LOUD)


def rule_words(row: TailRow, units: int, mode: str = "", pct: int | None = None) -> str:
    """Return what the rule would send after `units` more."""
    chosen = (mode or row.mode).capitalize()
    proposal = words.due(row, units, mode, pct)
    if proposal is None:
        return f"The rule ({chosen}) would then send nothing."
    limit = words.limit_words(row, proposal.side)
    after = f"{proposal.balance_after:+,}"
    return (f"The rule ({chosen}) would then send {proposal.side} {proposal.lots} "
            f"{safe(row.contract, 12)}{limit}, which leaves {after}.")  # fmt: skip
