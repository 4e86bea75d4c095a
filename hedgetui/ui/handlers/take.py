"""Taking figures away: a row to the clipboard, a table to a file, the screen as a picture."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import fields
from typing import TYPE_CHECKING

from hedgetui.domain.codec import to_plain
from hedgetui.ui import clipboard
from hedgetui.ui import format as fmt

if TYPE_CHECKING:
    from hedgetui.ports.dtms import UnwatchedRow
    from hedgetui.ui.app import HedgeApp
    from hedgetui.ui.screens.accounts_export import TailLine
    from hedgetui.ui.screens.balance_export import TradeRow, UnderlyingRow
    from hedgetui.ui.screens.dtms_export import TradeLine
    from hedgetui.ui.screens.health_rows import HealthRow
    from hedgetui.ui.screens.stress_export import StressLine
    from hedgetui.ui.screens.vega import Table


def as_csv(
    rows: Table
    | tuple[HealthRow, ...]
    | tuple[TradeLine, ...]
    | tuple[UnwatchedRow, ...]
    | tuple[TailLine, ...]
    | tuple[TradeRow, ...]
    | tuple[UnderlyingRow, ...]
    | tuple[StressLine, ...],
) -> str:
    """Return a table with all its fields; what is unknown is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [item.name for item in fields(rows[0])]
    writer.writerow(names)
    for row in rows:
        values = [getattr(row, name) for name in names]
        writer.writerow(["" if value is None else _inert(value) for value in values])
    return out.getvalue()


def _inert(value: object) -> object:
    """Return a cell no spreadsheet takes for a formula."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"}:
        return f"'{value}"
    return value


class TakeKeys:
    """Copy and export verbs of one app."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app

    def row(self) -> None:
        """Copy the row under the cursor as text."""
        shell = self._app.shell
        text = shell.pane.row_text
        if text:
            self.copy(text, "page" if shell.screen_name == "health" else "row")
        else:
            self._app.note("there is no row to copy")

    def json(self) -> None:
        """Copy the row under the cursor as JSON."""
        view = self._app.shell.pane.row_view
        if view is None:
            self._app.note("there is no row to copy")
        else:
            self.copy(json.dumps(to_plain(view), ensure_ascii=False, indent=1), "JSON")

    def csv(self) -> None:
        """Write the focused table to a CSV file."""
        name, rows = self._app.shell.pane.table_views
        if not rows:
            self._app.note("the table is empty")
            return
        self._save(f"{name}-{self._stamp()}.csv", as_csv(rows))

    def picture(self) -> None:
        """Write the screen to an SVG file."""
        self._save(f"screen-{self._stamp()}.svg", self._app.export_screenshot())

    def copy(self, text: str, what: str) -> None:
        """Copy text by the first way that works and say which."""
        self._app.fly("copy", self._copy(text, what))

    async def _copy(self, text: str, what: str) -> None:
        settings = self._app.settings
        way = await clipboard.copy(
            text,
            command=settings.clipboard_command,
            folder=settings.state_folder,
            osc52=self._app.copy_to_clipboard,
            environment=os.environ,
        )
        if way:
            self._app.note(f"{what} copied: {way}")
        else:
            self._app.note("no way to the clipboard here; set ui.clipboard_command", warn=True)

    def _save(self, name: str, text: str) -> None:
        path = clipboard.write_private(self._app.settings.state_folder, f"exports/{name}", text)
        if path:
            self._app.note(f"wrote {path}")
        else:
            self._app.note("nothing was written: there is no folder for exports", warn=True)

    def _stamp(self) -> str:
        snapshot = self._app.snapshot
        if snapshot is None:
            return "start"
        day = fmt.day(snapshot.status.now, self._app.settings.time_zone)
        clock = fmt.clock(snapshot.status.now, self._app.settings.time_zone)
        return f"{day}-{clock.replace(':', '')}"
