"""Books that an account may hold when the simulated exchange opens, by name.

They are the reference books of the portfolio's verdicts: options about three months out and about
five percent out of the money, each a contract that is listed on that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from hedgetui.domain.errors import UsageError
from hedgetui.domain.instruments import Right, stock
from hedgetui.simulation.security_chain import SecurityBoard, listed_option
from hedgetui.simulation.sessions import trading_day

_DAYS: Final = 90
_AWAY: Final = 0.05


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a book."""

    symbol: str
    quantity: int
    """Shares or contracts, signed."""
    right: Right | None = None
    """Of an option; None for shares."""


_PUT, _CALL = Right.PUT, Right.CALL
PORTFOLIOS: Final = {
    "none": (),
    "short": (
        Line("SPY", 20), Line("SPY", 1, _PUT), Line("QQQ", 3, _PUT), Line("IWM", 2, _PUT),
        Line("HYG", 5, _PUT), Line("TLT", 4, _PUT),
    ),
    "long": (
        Line("AAPL", 40), Line("MSFT", 20), Line("NVDA", 60), Line("GOOGL", 50), Line("AMZN", 45),
    ),
    "balanced": (
        Line("GLDM", 150), Line("XLE", 80), Line("HYG", 4, _PUT), Line("NVDA", 1, _PUT),
        Line("TAN", 3, _PUT), Line("TLT", 5, _CALL), Line("VIXM", 100),
    ),
}  # fmt: skip
"""Name to lines."""


def holdings_of(name: str, board: SecurityBoard) -> dict[str, int]:
    """Return a book as signed quantities by instrument key, at what `board` lists now.

    Raises:
        UsageError: there is no book of that name.
    """
    if name not in PORTFOLIOS:
        raise UsageError(
            f"unknown portfolio {name!r}", hint=f"there are {', '.join(sorted(PORTFOLIOS))}"
        )
    return {_key(line, board): line.quantity for line in PORTFOLIOS[name]}


def _key(line: Line, board: SecurityBoard) -> str:
    if line.right is None:
        return stock(line.symbol).key
    today = trading_day(board.market.at)
    expiry, strikes = min(
        board.listing(line.symbol), key=lambda one: (_distance(one[0], today), one[0])
    )
    away = -_AWAY if line.right is Right.PUT else _AWAY
    wanted = board.prices.price(line.symbol) * (1 + away)
    strike = min(strikes.tolist(), key=lambda one: abs(one - wanted))
    return listed_option(line.symbol, expiry, strike, line.right).key


def _distance(expiry: date, today: date) -> int:
    return abs((expiry - today).days - _DAYS)
