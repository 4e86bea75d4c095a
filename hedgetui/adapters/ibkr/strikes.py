"""Which options of a chain are worth a market-data line: a rough model, before any quote."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date

from hedgetui.domain.instruments import Right

DTE_LAST = 65
MOST_EXPIRIES = 8
_MONTH = 30

_DELTAS = (0.16, 0.20, 0.25, 0.30, 0.35)
_MONTH_DELTAS = (0.12, 0.16, 0.18, 0.20, 0.23, 0.27, 0.31, 0.36)
_PAIRS, _MONTH_PAIRS = 2, 6
"""Strikes at the money of which both rights are asked for; the month a strangle is bought in gets
more of everything."""
_PUT_SKEW, _CALL_SKEW = 1.15, 0.92
"""Out of the money, puts are quoted above and calls below the volatility at the money."""


def month_out(days: Sequence[date], today: date) -> date | None:
    """Return the expiry nearest to a month from today."""
    return min(days, key=lambda day: abs((day - today).days - _MONTH), default=None)


def choose_expiries(listed: Iterable[date], today: date) -> tuple[date, ...]:
    """Return up to eight expiries to scan: the nearest, one about a month out, others between."""
    days = sorted({day for day in listed if 0 <= (day - today).days <= DTE_LAST})
    month = month_out(days, today)
    if month is None or len(days) <= MOST_EXPIRIES:
        return tuple(days)
    step = (len(days) - 1) / (MOST_EXPIRIES - 1)
    spread = {days[round(step * n)] for n in range(MOST_EXPIRIES)}
    if month not in spread:
        inner = spread - {days[0], days[-1]}
        spread.remove(min(inner, key=lambda day: abs((day - month).days)))
        spread.add(month)
    return tuple(sorted(spread))


def choose_strikes(
    listed: Sequence[float], spot: float, years: float, volatility: float, *, dense: bool = False
) -> tuple[tuple[float, Right], ...]:
    """Return the options of one expiry to ask for: both at the money, and wings by delta."""
    if not listed or spot <= 0:
        return ()
    ranked = sorted(listed, key=lambda strike: (abs(strike - spot), strike))
    pairs, deltas = (_MONTH_PAIRS, _MONTH_DELTAS) if dense else (_PAIRS, _DELTAS)
    chosen = {(strike, right) for strike in ranked[:pairs] for right in Right}
    width = volatility * math.sqrt(max(years, 1 / 365))
    for right, skew, sign in ((Right.PUT, _PUT_SKEW, -1), (Right.CALL, _CALL_SKEW, 1)):
        free = [strike for strike in listed if (strike, right) not in chosen]
        for delta in deltas:
            w = width * skew
            wanted = spot * math.exp(sign * _quantile(1 - delta) * w + w * w / 2)
            beyond = [strike for strike in free if (strike - spot) * sign > 0]
            if not beyond:
                break
            best = min(beyond, key=lambda strike: abs(strike - wanted))
            free.remove(best)
            chosen.add((best, right))
    return tuple(sorted(chosen))


def _quantile(p: float) -> float:
    """Return the standard normal quantile of p in (0.5, 1), to three digits.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.23.
    """
    t = math.sqrt(-2 * math.log(1 - p))
    top = 2.515517 + 0.802853 * t + 0.010328 * t * t
    bottom = 1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t**3
    return t - top / bottom
