"""How the broker spells shares, the options on them, and the indices that have a level only.

A share is named by its ticker alone, routed by SMART in dollars; where more than one contract is
called so, none is meant. Share classes are set off by a blank there (`BRK B`) and by a point here.
"""

from __future__ import annotations

from hedgetui.adapters.ibkr.parse import Terms
from hedgetui.domain.balance.symbols import FUTURES, is_pair
from hedgetui.domain.instruments import STOCK_MARK

OPTIONS_EXCHANGE = "SMART"
CURRENCY = "USD"
_CBOE = "CBOE"
INDICES = {
    "XSP": _CBOE, "SPX": _CBOE, "VIX": _CBOE, "VVIX": _CBOE, "VIX9D": _CBOE, "VIX3M": _CBOE,
    "NDX": "NASDAQ", "RUT": "RUSSELL",
}  # fmt: skip
"""Index to the exchange that computes it."""


def index_exchange(symbol: str) -> str:
    """Return where the level of an index comes from."""
    return INDICES.get(symbol, _CBOE)


def ticker_of(symbol: str) -> str:
    """Return a broker's symbol as the desk spells it."""
    return symbol.replace(" ", ".")


def wire_symbol(ticker: str) -> str:
    """Return a ticker as the broker spells it."""
    return ticker.replace(".", " ")


def option_class(symbol: str) -> str:
    """Return the trading class of the standard options on a broker's symbol."""
    return symbol.replace(" ", "")


def share_key(terms: Terms) -> str | None:
    """Return the key of shares, or None for those that are not priced in dollars."""
    return f"{ticker_of(terms.symbol)} {STOCK_MARK}" if terms.currency == CURRENCY else None


def underlying_key(symbol: str) -> str | None:
    """Return the key, or an index's symbol, of what a name's price is; None where that is not sure.

    `ES` is a share and a future: whoever asks for a level by such a name gets none.
    """
    if symbol in INDICES:
        return symbol
    return None if symbol in FUTURES or is_pair(symbol) else f"{symbol} {STOCK_MARK}"
