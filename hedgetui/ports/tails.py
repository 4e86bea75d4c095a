"""Hedge accounts as front ends see them: plain records, three levels of a tree."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.tails.rows import CashRow, HedgeRow, TailRow

__all__ = ["EMPTY", "CashRow", "HedgeRow", "TailRow", "TailsView"]


@dataclass(frozen=True, slots=True)
class TailsView:
    """The whole Accounts screen."""

    rows: tuple[TailRow, ...] = ()
    instance: str = "offline"
    instance_why: str = ""
    days: int = 30
    """Look-back of the rows."""
    version: int = 0
    """Grows with every fact; equal versions have equal rows but for prices and ages."""
    catch_up: tuple[str, ...] = ()
    """While suspended: the orders a resume would send."""


EMPTY = TailsView()
