"""One reading of the portfolio: every source joined, with what the market says beside it."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.balance.market import Market
from hedgetui.domain.balance.positions import Book
from hedgetui.domain.units import Timestamp
from hedgetui.ports.balance import SourceView
from hedgetui.ports.portfolio import Holding


@dataclass(frozen=True, slots=True)
class Reading:
    """What everything about the portfolio follows from."""

    at: Timestamp
    held: tuple[Holding, ...]
    """Lines that were understood, of all sources."""
    book: Book
    """The same lines, and those that were not understood."""
    market: Market
    """With the prices that the book itself says."""
    nav: float | None
    """Net liquidation value of every account together, dollars; none where one is not known."""
    sources: tuple[SourceView, ...]
