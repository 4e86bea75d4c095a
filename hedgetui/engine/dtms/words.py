"""How the defence speaks: one line for each thing that happened, the reasons behind it."""

from __future__ import annotations

from hedgetui.domain.dtms.model import State, Trade
from hedgetui.domain.dtms.reading import Reading
from hedgetui.domain.text import safe

_SIGNS = {
    State.HEALTHY: "🟢",
    State.WARNING_L1: "🟡",
    State.WARNING_L2: "🟠",
    State.HEDGED: "🛡️",
    State.RECOVERING: "🔄",
    State.CLOSED: "🏁",
}
_LOUD = frozenset({State.WARNING_L2, State.HEDGED, State.CLOSED})


def name(trade: Trade) -> str:
    """Return `#4417201 XAUUSD`."""
    return f"#{trade.ticket} {safe(trade.symbol)}"


def level_of(after: State) -> str:
    """Return how loud a transition is."""
    return "warn" if after in _LOUD else "info"


def moved(
    trade: Trade, before: State, after: State, why: str, score: float | None, u: float | None
) -> str:
    """Return the line of a transition."""
    return (
        f"{_SIGNS[after]} {name(trade)} {before} → {after}: score {number(score)}, "
        f"u {number(u, 2)} R: {why}"
    )


def number(value: float | None, digits: int = 1) -> str:
    """Return a signed number, `?` when it is not known."""
    return "?" if value is None else f"{value:+.{digits}f}"


def reasons(trade: Trade, reading: Reading | None) -> str:
    """Return what lies behind a decision: the six components as the trade sees them."""
    if reading is None:
        return "no score: timers and positions only"
    seen = reading.seen_by(trade.side)
    parts = seen.components
    shown = (
        f"structure {parts.structure:+.2f}, VWAP and volume {parts.vwap_volume:+.2f}, "
        f"momentum {parts.momentum:+.2f}, EMA {parts.ema:+.2f}, "
        f"conviction {parts.conviction:+.2f}, delta {parts.delta:+.2f}"
    )
    flips = f"VWAP flip {seen.vwap_flip:+d}, volume flip {seen.volume_flip:+d}"
    lines = [
        f"score {number(seen.score, 2)} for {trade.side} {safe(trade.symbol)}",
        shown,
        f"{flips}, structure event {seen.structure_event:+d}",
        *(f"missing: {flag}" for flag in seen.flags),
    ]
    return "\n".join(lines)
