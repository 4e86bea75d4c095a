"""Leaving, with a list of what stays behind at the broker.

Ending the screen ends the hedging, so the dialog says what would be left unattended: open
strangles, the futures held against them, orders that are still working, MT5 trades without their
defence and tails without their rule.
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
    return [*rows, *_undefended(snapshot), *_untended(snapshot)]


def _undefended(snapshot: DeskSnapshot) -> list[str]:
    """Return what becomes of MT5 trades; a stop that only the desk watches comes first."""
    trades = snapshot.defence.rows
    soft = [row.ticket for row in trades if row.hedge is not None and row.hedge.soft_sl]
    rows = [f"SOFT SL of {ticket} is watched by nobody" for ticket in soft]
    if trades:
        hedged = sum(row.hedge is not None for row in trades)
        also = f", {hedged} of them hedged" if hedged else ""
        rows.append(f"{len(trades)} MT5 trade(s) lose their defence{also}")
    return rows


def _untended(snapshot: DeskSnapshot) -> list[str]:
    """Return what becomes of tails that a rule keeps hedged."""
    ruled = sum(row.mode != "manual" for row in snapshot.tails.rows)
    return [f"{ruled} hedge account(s) are no longer hedged by rule"] if ruled else []


def quit_dialog(snapshot: DeskSnapshot | None) -> YesDialog:
    """Return the question before leaving."""
    rows = left_behind(snapshot) if snapshot else []
    calm = ("Nothing is open and nothing is working.",)
    return YesDialog("Quit hedgetui?", rows or calm, "quit", no="stay", strong=bool(rows))
