"""The words of the live log: a contract, since scripts and people search for them.

Emoji are written as bare code points (without the variation selector that makes terminals and
layout libraries disagree on width); the screen swaps them for its icon set.
"""

from __future__ import annotations

from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp, iso_utc


def subscribed(symbol: str, contract_month: str) -> str:
    """Return the line for hedge market data coming in."""
    return f"✅ Subscribed to {symbol} futures {contract_month}"


def calculated(side: Side, contracts: int, symbol: str) -> str:
    """Return the line for a known size."""
    return f"📊 Calculated hedge: {side} {contracts} {symbol}"


def hedge_sent(number: int, side: Side, contracts: int, symbol: str) -> str:
    """Return the line for a hedge order that left."""
    return f"🛡 Hedge order #{number}: {side} {contracts} {symbol}"


def hedge_filled(side: Side, contracts: int, symbol: str) -> str:
    """Return the line for a filled hedge order."""
    return f"✅ Hedge order placed: {side} {contracts} {symbol}"


def closing(trade_id: str) -> str:
    """Return the line for an exit that begins."""
    return f"🔴 Closing vega position {trade_id}"


def hedge_closed(side: Side, contracts: int, symbol: str) -> str:
    """Return the line for a hedge that was unwound."""
    return f"✓ Hedge closed: {side} {contracts} {symbol}"


def roll_sent(orders: str) -> str:
    """Return the line for a roll that leaves; `orders` as `BUY 2 MES 202512, SELL 2 MES 202603`."""
    return f"🔁 Roll: {orders}"


def rolled(contracts: int, out_of: str, into: str) -> str:
    """Return the line for contracts that changed their month; both months by instrument key."""
    return f"✅ Rolled {contracts} {out_of} → {into.rpartition(' ')[2]}"


def roll_short(contracts: int, wanted: int, out_of: str, into: str, why: str) -> str:
    """Return the line for a roll that ended early, with as much closed as opened."""
    month = into.rpartition(" ")[2]
    return f"⚠ Rolled {contracts} of {wanted} {out_of} → {month}: {why}"


def roll_broken(left: str, missing: str, why: str) -> str:
    """Return the alarm for a roll whose second order did not follow the first."""
    return f"🛑 Roll broken: {left} left, {missing} did not: {why}"


def half_rolled(filled: str, mend: str) -> str:
    """Return the alarm for a roll of which one month traded and the other did not."""
    return f"🛑 Half a roll: {filled}; {mend}"


def breached(net: float, band: float) -> str:
    """Return the line for a net delta outside its band."""
    return f"⚠ Delta threshold breached: net {net:+.1f} $/pt (±{band:g})"


def neutral(net: float) -> str:
    """Return the line for a check that found nothing to do."""
    return f"🟢 Delta neutral: net {net:+.1f} $/pt"


def not_initialized(symbol: str) -> str:
    """Return the line for a hedge instrument without data."""
    return f"⏳ {symbol} not initialized"


def under_half(net: float) -> str:
    """Return why a hedge asked for by hand sends nothing."""
    return f"Δ {net:+.1f} $/pt is under half a contract"


def duration(seconds: float) -> str:
    """Return a while in words short enough for a log line: `45 s`, `15 min`, `3 h 15 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def outage(state: str, reason: str, seconds: float) -> str:
    """Return the words for a link that has not been ready for a while."""
    return f"link {state} for {duration(seconds)}: {reason}"


def unhedged(net: float | None, band: float, age: float | None) -> str:
    """Return the delta that nobody hedges; `age` in seconds when it is not of this moment."""
    if net is None:
        return "Δ not known"
    old = f", {duration(age)} old" if age is not None else ""
    return f"Δ {net:+.1f} $/pt (±{band:g}{old})"


def unhedgeable(symbol: str, reason: str, until: Timestamp | None) -> str:
    """Return why a hedge cannot trade now, and until when if the venue says so (UTC)."""
    when = f" until {iso_utc(until)[:16].replace('T', ' ')} UTC" if until is not None else ""
    return f"{symbol} unhedgeable{when}: {reason}"
