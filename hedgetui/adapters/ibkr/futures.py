"""How the broker spells a future: where it trades, its multiplier, and what its prices count.

An index future's multiplier is dollars a point. A grain's is the bushels of a contract, and its
price magnifier of 100 says that quotes, limits and executions are cents a bushel, not dollars; the
two together are the desk's dollars a cent. A contract of other terms is not the desk's, whatever it
is called: orders and money would be wrong by a factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.adapters.ibkr.parse import exact, whole
from hedgetui.domain.instruments import FUTURES, GRAINS, format_strike
from hedgetui.domain.text import safe

INDEX_FUTURES_EXCHANGE = "CME"


@dataclass(frozen=True, slots=True)
class Spelling:
    """What the broker must say of a future."""

    exchange: str
    multiplier: Decimal
    magnifier: int
    """Quoted units in a dollar of the contract's own price."""


def spelling(symbol: str) -> Spelling | None:
    """Return how the broker spells a future; None when the desk has no such future."""
    known = FUTURES.get(symbol)
    if known is None:
        return None
    multiplier, grain = known[0], GRAINS.get(symbol)
    if grain is None:
        return Spelling(INDEX_FUTURES_EXCHANGE, multiplier, 1)
    return Spelling(
        grain.exchange, Decimal(grain.contract_size), int(grain.contract_size / multiplier)
    )


def exchange_of_future(symbol: str) -> str:
    """Return where a future of the desk trades."""
    known = spelling(symbol)
    return INDEX_FUTURES_EXCHANGE if known is None else known.exchange


def is_ours(symbol: str, multiplier: str) -> bool:
    """Whether a future is the desk's, as far as its multiplier tells; some messages have none."""
    known = spelling(symbol)
    return known is not None and (not multiplier or exact(multiplier) == known.multiplier)


def objection(symbol: str, multiplier: str, magnifier: object) -> str:
    """Return why listed terms are not those of the desk's future, empty when they are.

    A magnifier of 0 is none said: prices are then the contract's own, as with 1.
    """
    known = spelling(symbol)
    if known is None:
        return f"{safe(symbol, 20)} is no future of the desk"
    if exact(multiplier) != known.multiplier:
        expected = format_strike(known.multiplier)
        return f"the broker's {symbol} has multiplier {safe(multiplier, 20)}, not {expected}"
    if (whole(str(magnifier)) or 1) != known.magnifier:
        said = safe(str(magnifier), 20)
        return f"the broker's {symbol} has price magnifier {said}, not {known.magnifier}"
    return ""
