"""The tree of tails as flat records: one line for each key, hedge order and cash order."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.ports.tails import TailRow, TailsView
from hedgetui.ui.screens import accounts_text as words
from hedgetui.ui.screens.accounts_rows import window


@dataclass(frozen=True, slots=True)
class TailLine:
    """One row of the tree, for a file; `unlinked` adds up to the tail over all orders of a key."""

    level: str
    """`key`, `hedge` or `cash`."""
    account: str
    contract: str
    hedge: str = ""
    cash: str = ""
    side: str = ""
    lots: int | None = None
    filled: int | None = None
    units: int | None = None
    hedged: int | None = None
    open: int | None = None
    unlinked: int | None = None
    price: float | None = None
    at: float | None = None
    state: str = ""
    origin: str = ""
    tail: int | None = None
    hm_unhedged: int | None = None
    pending: int | None = None
    mode: str = ""
    threshold_pct: int | None = None
    age_s: float | None = None
    at_risk: float | None = None


def tail_lines(view: TailsView, start: float | None) -> tuple[TailLine, ...]:
    """Return the rows that a look-back from `start` shows, all of them open."""
    return tuple(line for row in view.rows for line in _of(row, start))


def _of(row: TailRow, start: float | None) -> list[TailLine]:
    lines = [
        TailLine(
            "key", row.account, row.contract, tail=row.tail, hm_unhedged=row.hm_unhedged,
            pending=row.pending, mode=row.mode, threshold_pct=row.threshold_pct, age_s=row.age_s,
            at_risk=row.at_risk,
        )
    ]  # fmt: skip
    for hedge in window(row, start)[0]:
        tbd = words.is_tbd(hedge)
        lines.append(
            TailLine(
                "hedge", row.account, row.contract, hedge.hedge_id, side=hedge.side,
                lots=hedge.lots, filled=hedge.filled, units=hedge.units, open=hedge.open,
                unlinked=words.sign_of(hedge.side) * hedge.open, price=hedge.price, at=hedge.at,
                state=hedge.state, origin=hedge.origin,
            )
        )  # fmt: skip
        lines += [
            TailLine(
                "cash", row.account, row.contract, hedge.hedge_id, cash.cash_id, cash.side,
                units=cash.size, hedged=cash.hedged, open=cash.unlinked,
                unlinked=words.sign_of(cash.side) * cash.unlinked if tbd else 0,
                price=cash.price, at=cash.at,
            )
            for cash in hedge.cash
        ]  # fmt: skip
    return lines
