"""Which tail is meant: the one under the cursor, or, where no tree is in view, one from a list."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from hedgetui.domain.errors import DataError
from hedgetui.domain.tails.contracts import terms
from hedgetui.ports.tails import EMPTY, TailRow, TailsView
from hedgetui.ui import format as fmt
from hedgetui.ui.screens import accounts_text as words

if TYPE_CHECKING:
    from hedgetui.ui.app import HedgeApp

_KEYS = "123456789"
_MONTHS_OFFERED = 6


class TailPicks:
    """Turns the state of the Accounts screen into the tail a verb is about."""

    def __init__(self, app: HedgeApp) -> None:
        self._app = app

    @property
    def view(self) -> TailsView:
        """The tails as the desk has them."""
        snapshot = self._app.snapshot
        return EMPTY if snapshot is None else snapshot.tails

    def today(self) -> date:
        """Return the date on the screen's calendar."""
        snapshot = self._app.snapshot
        where, _ = fmt.zone(self._app.look.zone)
        return datetime.fromtimestamp(snapshot.status.now if snapshot else 0.0, where).date()

    def row(self, account: str, contract: str) -> TailRow | None:
        """Return a tail by its names."""
        return next(
            (row for row in self.view.rows if (row.account, row.contract) == (account, contract)),
            None,
        )

    async def tail(self, title: str) -> TailRow | None:
        """Return the key that is meant, or None after saying why there is none."""
        rows, pane = self.view.rows, self._app.shell.accounts
        chosen = pane.tail_row if pane.in_view else None
        if chosen is not None:
            return chosen
        if not rows:
            self._app.note("there is no cash order yet: C enters one", warn=True)
            return None
        if len(rows) == 1:
            return rows[0]
        listed = [(str(number), words.name(row), f"tail {row.tail:+,}")
                  for number, row in enumerate(rows)]  # fmt: skip
        answer = await self.one_of(title, listed)
        return None if answer is None else rows[int(answer)]

    async def one_of(self, title: str, rows: list[tuple[str, str, str]]) -> str | None:
        """Return the value of the row chosen, of (value, text, note); None for none."""
        from hedgetui.ui.dialogs.choice import Choice, ChoiceDialog  # noqa: PLC0415 - off first paint

        choices = [
            Choice(_KEYS[number] if number < len(_KEYS) else "", text, note, value)
            for number, (value, text, note) in enumerate(rows)
        ]
        return await self._app.ask(ChoiceDialog(title, choices))


def later_months(contract: str) -> tuple[str, ...]:
    """Return the next contract months of the same commodity, nearest first."""
    try:
        grain = terms(contract)
    except DataError:
        return ()
    year, month = int(contract[-6:-2]), int(contract[-2:])
    later = [(year + more, one) for more in range(3) for one in grain.months]
    return tuple(
        f"{grain.symbol} {at:04d}{one:02d}" for at, one in later if (at, one) > (year, month)
    )[:_MONTHS_OFFERED]
