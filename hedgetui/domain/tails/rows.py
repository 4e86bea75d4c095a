"""The tree of hedge accounts as plain records: key, hedge order or TBD, cash order."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.units import Timestamp


@dataclass(frozen=True, slots=True)
class CashRow:
    """A cash order under a hedge, or under TBD."""

    cash_id: str
    side: str
    size: int
    """Units filled."""
    hedged: int
    """Units covered by the hedge it stands under; 0 under TBD."""
    unlinked: int
    """Units nobody covers."""
    price: float
    at: Timestamp


@dataclass(frozen=True, slots=True)
class HedgeRow:
    """A hedge order, or the row `TBD` for cash with unlinked units."""

    hedge_id: str
    """`TBD` where none is there yet."""
    side: str
    """Of the hedge: what was, or will have to be, done."""
    lots: int | None
    """None for TBD."""
    filled: int
    working: int
    units: int
    """Units the fills are worth; for TBD the unlinked units."""
    open: int
    """Units that cover nothing (outright)."""
    price: float | None
    origin: str
    at: Timestamp | None
    state: str
    """`filled`, `working`, `part filled`, `cancelled`, `TBD`, …"""
    cash: tuple[CashRow, ...]
    older: bool = False
    """Before the look-back window and shown because something of it is still open."""


@dataclass(frozen=True, slots=True)
class TailRow:
    """One account and contract."""

    account: str
    contract: str
    unit: str
    """`bu`."""
    contract_size: int
    tail: int
    """Σ unlinked cash + Σ unlinked hedge."""
    hm_unhedged: int
    """The same with offsets: what the rule looks at."""
    pending: int
    mode: str
    """As set: `auto`, `sell`, `buy`, `manual`."""
    mode_words: str
    """As it stands: `Auto`, `Auto (waiting: no price)`, `suspended`, …"""
    threshold_pct: int
    threshold: int
    """Units, rounded up."""
    ticks_into_market: int
    age_s: float | None
    """Of the oldest unlinked cash; None when nothing is open."""
    at_risk: float | None
    """Dollars: tail × the daily move; None while not known."""
    offsets: int
    bid: float | None
    ask: float | None
    proposal: str
    """`SELL 3 ZC 202512 @ 433.25`, or empty."""
    hedges: tuple[HedgeRow, ...]
    carried_in: int = 0
    """Units of the tail that are older than the look-back window."""
    note: str = ""
