"""What a preview says about a roll: from where to where, how far apart, what it costs."""

from __future__ import annotations

from collections.abc import Iterable

from hedgetui.domain.instruments import Instrument
from hedgetui.domain.units import utc_date
from hedgetui.domain.vega import messages
from hedgetui.domain.vega.roll import RollStep, days_left
from hedgetui.engine.views import Sources


def title(steps: tuple[RollStep, ...]) -> str:
    """Return `ROLL -2 MES 202512 → 202603`; what is held there is signed."""
    total = sum(step.contracts for step in steps)
    return f"ROLL {total:+d} {steps[0].out_of.key} → {steps[0].into.key.rpartition(' ')[2]}"


def months(steps: Iterable[RollStep]) -> str:
    """Return the keys of every month a roll touches."""
    keys = (month.key for step in steps for month in (step.out_of, step.into))
    return " and ".join(dict.fromkeys(keys))


def not_due(src: Sources) -> str:
    """Return why there is nothing to roll."""
    held, active = src.parts.state.hedges_held(src.parts.symbol), src.orders.active_month()
    if not held:
        return f"no {src.parts.symbol} is held"
    if active is None:
        return messages.not_initialized(src.parts.symbol)
    today = utc_date(src.parts.clock.now())
    words = ", ".join(f"{month.key} has {days_left(month, today)} days left" for month, _ in held)
    return f"no roll is due: {words}, due from {src.parts.rules.roll_days}"


def lines(src: Sources, steps: tuple[RollStep, ...]) -> tuple[tuple[str, str], ...]:
    """Return the numbers of a roll as (label, text) pairs."""
    today, first = utc_date(src.parts.clock.now()), steps[0]
    left, then = days_left(first.out_of, today), days_left(first.into, today)
    pairs = f"; {len(steps)} pairs, one at a time" if len(steps) > 1 else ""
    return (
        ("days left", f"{left} in {first.out_of.key}, {then} in {first.into.key}"),
        ("basis", _basis(src, first)),
        ("cost", _cost(src, steps)),
        ("Δ", "unchanged: every contract closed is opened again"),
        ("order", f"first {first.out_of.key}, at once {first.into.key}{pairs}"),
    )


def _market(src: Sources, month: Instrument) -> tuple[float, float] | None:
    quote = src.parts.board.quotes.get(month.key)
    if quote is None or quote.bid is None or quote.ask is None:
        return None
    return quote.bid, quote.ask


def _basis(src: Sources, step: RollStep) -> str:
    """Return what the new month is above the old one, in points of the mid."""
    old, new = _market(src, step.out_of), _market(src, step.into)
    if old is None or new is None:
        return "not known: a month has no two-sided quote"
    mids = sum(old) / 2, sum(new) / 2
    return f"{mids[1] - mids[0]:+.2f} points ({mids[1]:.2f} over {mids[0]:.2f})"


def _cost(src: Sources, steps: tuple[RollStep, ...]) -> str:
    contracts = sum(abs(step.contracts) for step in steps)
    fees = f"fees ${2 * src.parts.settings.vega.future_fee * contracts:.2f}"
    half = 0.0
    for step in steps:
        for month in (step.out_of, step.into):
            market = _market(src, month)
            if market is None:
                return f"{fees}, market unknown"
            half += (market[1] - market[0]) / 2 * float(month.multiplier) * abs(step.contracts)
    return f"{fees} + half of both spreads ${half:.2f}"
