"""Leaving, with a list of what stays behind at the broker.

Ending the screen ends the hedging, so the dialog says what would be left unattended: open
strangles, the futures held against them, and orders that are still working.
"""

from __future__ import annotations

from hedgetui.ports.desk import DeskSnapshot
from hedgetui.ui import format as fmt
from hedgetui.ui.dialogs.base import YesDialog


def left_behind(snapshot: DeskSnapshot) -> list[str]:
    """Return a line for everything that stays when the screen ends."""
    book, status = snapshot.book, snapshot.status
    rows = []
    if snapshot.strangles:
        many = "strangle stays" if len(snapshot.strangles) == 1 else "strangles stay"
        rows.append(f"{len(snapshot.strangles)} {many} open: net {fmt.signed(book.net_delta)} $/pt")
    if book.hedge_contracts:
        rows.append(f"hedge {book.hedge_contracts:+d} {book.hedge_month or 'MES'} stays")
    if status.working_orders:
        rows.append(f"{status.working_orders} working order(s) stay at the broker")
    if status.unknown_orders:
        rows.append(f"{status.unknown_orders} order(s) in unknown state")
    if rows and status.auto and status.armed:
        rows.append("auto-hedging stops: nobody keeps the book neutral")
    return rows


def quit_dialog(snapshot: DeskSnapshot | None) -> YesDialog:
    """Return the question before leaving."""
    rows = left_behind(snapshot) if snapshot else []
    calm = ("Nothing is open and nothing is working.",)
    return YesDialog("Quit hedgetui?", rows or calm, "quit", no="stay", strong=bool(rows))
