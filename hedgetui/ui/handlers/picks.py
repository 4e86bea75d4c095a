"""Which row is meant: the one under the cursor, or, where no table is in view, one from a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedgetui.ui import format as fmt
from hedgetui.ui.screens.vega_rows import ALIVE

if TYPE_CHECKING:
    from hedgetui.ports.desk import CandidateView, OrderView
    from hedgetui.ports.dtms import ActionView
    from hedgetui.ui.app import HedgeApp

_KEYS = "123456789"


class Picks:
    """Turns the state of the screen into the thing a verb is about."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app

    async def strangle(self) -> str | None:
        """Return the id of the strangle to close, or None."""
        snapshot = self._app.snapshot
        if snapshot is None or not snapshot.strangles:
            self._app.note("there is no position to close", warn=True)
            return None
        under_cursor = self._app.shell.vega.chosen_strangle
        if under_cursor is not None:
            return under_cursor
        if len(snapshot.strangles) == 1:
            return snapshot.strangles[0].trade_id
        icons = self._app.look.icons
        rows = [
            (row.trade_id, row.label, f"net {fmt.signed(row.net_delta)} {fmt.pnl(row.pnl, icons)}")
            for row in snapshot.strangles
        ]
        return await self._from("Close which strangle?", rows)

    async def candidate(self) -> CandidateView | None:
        """Return the candidate to enter, or None."""
        snapshot = self._app.snapshot
        if snapshot is None or not snapshot.candidates:
            self._app.note("no candidates yet: c scans the chain", warn=True)
            return None
        number = self._app.shell.vega.chosen_candidate
        if number is None:
            rows = [
                (str(row.number), row.label,
                 f"{fmt.dollars(row.cost)} IV rank {fmt.percent(row.iv_rank)}")
                for row in snapshot.candidates
            ]  # fmt: skip
            answer = await self._from("Enter which candidate?", rows)
            number = None if answer is None else int(answer)
        return next((row for row in snapshot.candidates if row.number == number), None)

    async def working_order(self) -> str | None:
        """Return the number of the order to cancel, `all`, or None."""
        snapshot = self._app.snapshot
        alive = [row for row in snapshot.orders if row.state in ALIVE] if snapshot else []
        under_cursor = self._app.shell.vega.chosen_order
        if any(row.number == under_cursor for row in alive):
            return str(under_cursor)
        if not alive:
            self._app.note("no order is working")
            return None
        rows = [(str(row.number), f"#{row.number} {row.text}", row.state) for row in alive]
        if len(alive) == 1:
            return rows[0][0]
        rows.insert(0, ("all", "every working order", ""))
        return await self._from("Cancel which order?", rows)

    async def in_doubt(self) -> OrderView | ActionView | None:
        """Return what to settle: the chosen DTMS trade's unknown action, else an unknown order.

        While no order is unknown an action is meant on every screen.
        """
        snapshot = self._app.snapshot
        actions = () if snapshot is None else snapshot.defence.unknown
        chosen = self._app.dtms.chosen_ticket
        for action in actions:
            if action.ticket == chosen:
                return action
        if snapshot is None or snapshot.unknown or not actions:
            return await self.unknown_order()
        if len(actions) == 1:
            return actions[0]
        rows = [
            (one.action_id, f"{one.kind} {one.symbol} {one.ticket}",
             f"for {fmt.age(snapshot.status.now - one.at)}")
            for one in actions
        ]  # fmt: skip
        answer = await self._from("Resolve which action?", rows)
        return next((one for one in actions if one.action_id == answer), None)

    async def unknown_order(self) -> OrderView | None:
        """Return the unknown order to settle, or None."""
        snapshot = self._app.snapshot
        if snapshot is None or not snapshot.unknown:
            self._app.note("no order is unknown: there is nothing to resolve")
            return None
        unknown = {str(row.number): row for row in snapshot.unknown}
        under_cursor = str(self._app.shell.vega.chosen_order)
        if under_cursor in unknown:
            return unknown[under_cursor]
        if len(unknown) == 1:
            return snapshot.unknown[0]
        rows = [
            (number, f"#{number} {row.text}", f"for {fmt.age(snapshot.status.now - row.at)}")
            for number, row in unknown.items()
        ]
        return unknown.get(await self._from("Resolve which order?", rows) or "")

    async def menu(self) -> str | None:
        """Return what the `b` menu chose: `preset:balanced`, `custom`, `strategy:on`, `release`."""
        from hedgetui.ui.dialogs.choice import Choice, ChoiceDialog  # noqa: PLC0415 - off first paint

        snapshot = self._app.snapshot
        if snapshot is None:
            return None
        choices = []
        for key, (name, band, auto) in zip(_KEYS, self._app.desk.settings.presets, strict=False):
            here = " (now)" if name == snapshot.book.preset else ""
            note = f"±{band:g} $/pt, auto {'allowed' if auto else 'off'}{here}"
            choices.append(Choice(key, name, note, f"preset:{name}"))
        choices.append(Choice("c", "custom", "type a band in $/pt", "custom"))
        enabled = snapshot.status.enabled
        word = "disable strategy" if enabled else "enable strategy"
        note = "no entries, no hedges" if enabled else "allow entries and hedges"
        choices.append(Choice("s", word, note, f"strategy:{'off' if enabled else 'on'}"))
        if snapshot.status.latches or snapshot.health.differences:
            choices.append(Choice("u", "release", "latches and differences; type UNFREEZE",
                                  "release"))  # fmt: skip
        return await self._app.ask(ChoiceDialog("Vega menu", choices))

    async def _from(self, title: str, rows: list[tuple[str, str, str]]) -> str | None:
        from hedgetui.ui.dialogs.choice import Choice, ChoiceDialog  # noqa: PLC0415 - off first paint

        choices = [
            Choice(_KEYS[number] if number < len(_KEYS) else "", text, note, value)
            for number, (value, text, note) in enumerate(rows)
        ]
        return await self._app.ask(ChoiceDialog(title, choices))
