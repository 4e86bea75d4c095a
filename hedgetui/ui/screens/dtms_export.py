"""A defended trade as one flat record: columns have no place for records within records."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.ports.dtms import DefenceRow
from hedgetui.ui.screens.dtms_rows import COMPONENTS


@dataclass(frozen=True, slots=True)
class TradeLine:
    """A trade as one flat record, for a file."""

    ticket: int
    symbol: str
    side: str
    volume: float
    entry: float
    price: float | None
    sl: float | None
    tp: float | None
    u: float | None
    pnl: float | None
    state: str
    since: float
    score: float | None
    structure: float | None
    vwap_volume: float | None
    momentum: float | None
    ema: float | None
    conviction: float | None
    delta: float | None
    flags: str
    regime: str
    flat_at: float | None
    recover_by: float | None
    hedge_ticket: int | None
    hedge_volume: float | None
    hedge_sl: float | None
    hedge_soft_sl: bool | None
    automation: str
    degraded: str
    pending: str
    why: str


def trade_line(row: DefenceRow) -> TradeLine:
    """Return the flat record of a trade."""
    parts, hedge = row.components, row.hedge
    scores: dict[str, float | None] = {
        field: None if parts is None else getattr(parts, field) for _, field in COMPONENTS
    }
    return TradeLine(
        row.ticket, row.symbol, row.side, row.volume, row.entry, row.price, row.sl, row.tp, row.u,
        row.pnl, row.state, row.since, row.score,
        flags="; ".join(row.flags),
        regime=row.regime,
        flat_at=row.flat_at,
        recover_by=row.recover_by,
        hedge_ticket=None if hedge is None else hedge.ticket,
        hedge_volume=None if hedge is None else hedge.volume,
        hedge_sl=None if hedge is None else hedge.sl,
        hedge_soft_sl=None if hedge is None else hedge.soft_sl,
        automation=row.automation,
        degraded=row.degraded,
        pending=row.pending,
        why=row.why,
        **scores,
    )  # fmt: skip
