"""The JSON documents of `dtms status`, `dtms trade` and `dtms history`.

Scripts and the Python functions of `hedgetui.dtms` rely on these shapes: keys are added, never
taken away. Times are ISO-8601 UTC, what is not known is null.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hedgetui.config.edit import redacted
from hedgetui.console.dtms_book import result_of
from hedgetui.domain.dtms.model import ActionRecord, State
from hedgetui.domain.mt5.records import PositionId, Ticket
from hedgetui.domain.units import Timestamp, iso_utc
from hedgetui.ports.dtms import DefenceRow, DefenceView, HedgeView

Document = dict[str, Any]


def status(view: DefenceView, source: str) -> Document:
    """Return the whole defence at one moment; `source` is `desk` or `journal`."""
    counts = Counter(row.state for row in view.rows)
    return {
        "active_trades": len(view.rows),
        "trades_by_state": {s.value: counts[s.value] for s in State if s is not State.CLOSED},
        "monitoring": view.monitoring,
        "last_cycle": _time(view.last_cycle_at),
        "next_check": _time(view.next_check_at),
        "frozen": view.frozen,
        "rule_set": view.rule_set,
        "rails": list(view.rails),
        "unknown_actions": len(view.unknown),
        "mt5": asdict(view.mt5)
        | {
            "login": redacted(view.mt5.login), "next_try_at": _time(view.mt5.next_try_at),
            "hints": list(view.mt5.hints),
        },
        "trades": [
            {
                "ticket": row.ticket, "symbol": row.symbol, "side": row.side, "state": row.state,
                "u": row.u, "current_score": row.score, "hedge_ticket": _hedge_ticket(row.hedge),
                "automation": row.automation, "degraded": row.degraded,
            }
            for row in view.rows
        ],
        "unwatched": [asdict(row) for row in view.unwatched],
        "source": source,
    }  # fmt: skip


def trade(row: DefenceRow, source: str) -> Document:
    """Return one trade: where it stands, why, and what would have to hold for the next step."""
    hedge = row.hedge
    return {
        "ticket": row.ticket,
        "identifier": row.identifier,
        "symbol": row.symbol,
        "side": row.side,
        "state": row.state,
        "since": _time(row.since),
        "current_score": row.score,
        "components": None if row.components is None else asdict(row.components),
        "flags": list(row.flags),
        "regime": row.regime,
        "u": row.u,
        "pnl": row.pnl,
        "volume": row.volume,
        "initial_volume": row.initial_volume,
        "entry": row.entry,
        "price": row.price,
        "sl": row.sl,
        "tp": row.tp,
        "hedge_ticket": _hedge_ticket(hedge),
        "hedge": None if hedge is None else asdict(hedge) | {"at": _time(hedge.at)},
        "hedges": row.hedges,
        "flat_at": _time(row.flat_at),
        "recover_by": _time(row.recover_by),
        "guards": [asdict(guard) for guard in row.guards],
        "automation": row.automation,
        "degraded": row.degraded,
        "pending": row.pending,
        "why": row.why,
        "breakeven_armed": row.breakeven_armed,
        "adopted_at": _time(row.adopted_at),
        "lane": [asdict(step) | {"at": _time(step.at)} for step in row.lane],
        "source": source,
    }


def history(action: ActionRecord, tickets: Mapping[PositionId, Ticket]) -> Document:
    """Return one action; `tickets` has the present ticket of each trade."""
    return {
        "action_id": action.action_id,
        "ticket": tickets.get(action.trade, action.trade),
        "symbol": action.symbol,
        "kind": action.kind.value,
        "state": action.state.value,
        "result": result_of(action),
        "retcode": action.retcode,
        "request": action.request,
        "volume": float(action.volume),
        "level": action.level,
        "filled": float(action.filled),
        "price": action.price,
        "position": action.ticket or None,
        "planned_at": _time(action.planned_at),
        "sent_at": _time(action.sent_at),
        "ended_at": _time(action.ended_at),
        "rule": action.rule,
        "why": action.why,
        "by": action.by,
    }


def _hedge_ticket(hedge: HedgeView | None) -> int | None:
    """Return the hedge's ticket; a virtual hedge has none."""
    return None if hedge is None or not hedge.ticket else hedge.ticket


def _time(at: Timestamp | None) -> str | None:
    return None if at is None else iso_utc(at)
