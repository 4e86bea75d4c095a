"""The what-if basket: a book before and after trades not yet sent; hedges by their price.

Stress figures come from a function that the caller gives, since they take seconds and are worked
out elsewhere; without one they are unknown here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from hedgetui.domain.balance.counts import Counts, count
from hedgetui.domain.balance.dollars import in_dollars
from hedgetui.domain.balance.market import Market, with_book_prices
from hedgetui.domain.balance.positions import Position, read_positions
from hedgetui.domain.errors import DataError
from hedgetui.domain.text import safe

_TYPED = re.compile(
    r"(?P<side>BUY|SELL|LONG|SHORT|[+-])? ?(?P<quantity>[\d.,]+) (?P<symbol>[^;\"]+?)"
    r"(?: ?@ ?(?P<price>[\d.,]+))?"
)
_ROOT = re.compile(r"[.\-/]?([A-Z][A-Z0-9.]{0,5}?)(?: |\d{6}[CP])")
"""What an option is named by, before its day."""
StressCvar = Callable[[Sequence[Position]], float]
"""Positions to the CVaR of their stress, dollars, losses positive."""


@dataclass(frozen=True, slots=True)
class Strip:
    """The exposure of a book in one line; what is unknown is none."""

    counts: Counts
    delta_per_pct: float | None
    theta: float | None
    vega: float | None
    cvar: float | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A book without and with the basket."""

    before: Strip
    after: Strip

    @property
    def cvar_removed(self) -> float | None:
        """Dollars of CVaR that the basket takes away; negative where it adds some."""
        if self.before.cvar is None or self.after.cvar is None:
            return None
        return self.before.cvar - self.after.cvar


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hedge that might be bought."""

    name: str
    cost: Decimal
    """Dollars; negative where it is received."""
    positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A hedge and what it does for its money."""

    candidate: Candidate
    cvar_removed: float
    dollars_per_cvar: float | None
    """Cost per dollar of CVaR removed; none where it removes nothing."""


def what_if(
    book: Sequence[Position],
    basket: Iterable[Position],
    market: Market,
    cvar: StressCvar | None = None,
) -> WhatIf:
    """Return the exposure strip of a book before and after its basket."""
    with_basket = netted(book, basket)
    known = with_book_prices(market, with_basket)
    return WhatIf(_strip(book, known, cvar), _strip(with_basket, known, cvar))


def netted(book: Iterable[Position], trades: Iterable[Position]) -> tuple[Position, ...]:
    """Return a book after trades: what is sold of a line makes it smaller and adds no line."""
    lines = list(book)
    for trade in trades:
        place = next((n for n, one in enumerate(lines) if _contract(one) == _contract(trade)), None)
        if place is None:
            lines.append(trade)
            continue
        left = lines[place].quantity + trade.quantity
        if left:
            lines[place] = replace(lines[place], quantity=left)
        else:
            del lines[place]
    return tuple(lines)


def _contract(one: Position) -> tuple[object, ...]:
    return one.underlying, one.kind, one.expiry, one.strike, one.right, one.multiplier


def typed(text: str) -> Position:
    """Return the trade that a trader types: `BUY 2 SPY 2026-04-17 P 580 @ 9.50`, `-10 NVDA`.

    Raises:
        DataError: it is no trade, with the reason.
    """
    found = _TYPED.fullmatch(" ".join(text.upper().split()))
    if found is None:
        message = f"{safe(text, 60)!r} is not a trade"
        raise DataError(message, hint="as `BUY 2 SPY 2026-04-17 P 580 @ 9.50` or `-10 NVDA`")
    if "." in found["quantity"]:
        message = f"{found['quantity']} can be read in two ways"
        raise DataError(message, hint="whole numbers without a point, as `1000 NVDA`")
    sign = "-" if found["side"] in {"SELL", "SHORT", "-"} else ""
    row = f"{found['symbol']};{sign}{found['quantity']};{found['price'] or ''}"
    read = read_positions(["symbol;quantity;price", row])
    if not read.positions:
        raise DataError(f"{safe(text, 60)!r}: {read.unparsed[0].why}")
    trade = read.positions[0]
    root = _ROOT.match(trade.symbol)
    if trade.is_option and root is not None and root[1] != trade.underlying:
        raise DataError(f"{root[1]} is another series than {trade.underlying}, not traded here")
    return replace(trade, line=0)


def _strip(positions: Sequence[Position], market: Market, cvar: StressCvar | None) -> Strip:
    total = in_dollars(positions, market)
    stress = cvar(positions) if cvar is not None else None
    return Strip(count(positions), total.delta_per_pct, total.theta, total.vega, stress)


def rank_hedges(
    book: Sequence[Position], candidates: Iterable[Candidate], cvar: StressCvar
) -> tuple[Ranked, ...]:
    """Rank hedges by dollars per dollar of CVaR removed, cheapest first, useless ones last.

    Equal ones stand by name, so that the order in which they are offered does not matter.
    """
    before = cvar(book)
    rows = [_ranked(one, before - cvar((*book, *one.positions))) for one in candidates]
    return tuple(sorted(rows, key=_order))


def _ranked(one: Candidate, removed: float) -> Ranked:
    return Ranked(one, removed, float(one.cost) / removed if removed > 0 else None)


def _order(row: Ranked) -> tuple[bool, float, str]:
    useless = row.dollars_per_cvar is None
    return useless, row.dollars_per_cvar or 0.0, row.candidate.name
