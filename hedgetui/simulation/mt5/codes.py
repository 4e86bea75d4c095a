"""What the simulated trade server answers: its codes and its words.

The server keeps its own table. A desk that reads the codes by another one proves that both agree.
"""

from __future__ import annotations

from enum import IntEnum


class Ret(IntEnum):
    """Answers of the trade server (`TRADE_RETCODE_*`)."""

    CHECKED = 0
    REQUOTE = 10004
    REJECT = 10006
    CANCEL = 10007
    PLACED = 10008
    DONE = 10009
    DONE_PARTIAL = 10010
    ERROR = 10011
    TIMEOUT = 10012
    INVALID = 10013
    INVALID_VOLUME = 10014
    INVALID_PRICE = 10015
    INVALID_STOPS = 10016
    TRADE_DISABLED = 10017
    MARKET_CLOSED = 10018
    NO_MONEY = 10019
    PRICE_CHANGED = 10020
    PRICE_OFF = 10021
    INVALID_EXPIRATION = 10022
    ORDER_CHANGED = 10023
    TOO_MANY_REQUESTS = 10024
    NO_CHANGES = 10025
    SERVER_DISABLES_AT = 10026
    CLIENT_DISABLES_AT = 10027
    LOCKED = 10028
    FROZEN = 10029
    INVALID_FILL = 10030
    CONNECTION = 10031
    ONLY_REAL = 10032
    LIMIT_ORDERS = 10033
    LIMIT_VOLUME = 10034
    INVALID_ORDER = 10035
    POSITION_CLOSED = 10036
    INVALID_CLOSE_VOLUME = 10038
    CLOSE_ORDER_EXIST = 10039
    LIMIT_POSITIONS = 10040
    REJECT_CANCEL = 10041
    LONG_ONLY = 10042
    SHORT_ONLY = 10043
    CLOSE_ONLY = 10044
    FIFO_CLOSE = 10045
    HEDGE_PROHIBITED = 10046


_WORDS = {
    Ret.CHECKED: "Done",
    Ret.DONE: "Request executed",
    Ret.DONE_PARTIAL: "Request executed partially",
    Ret.PLACED: "Order placed",
    Ret.NO_MONEY: "No money",
    Ret.NO_CHANGES: "No changes",
    Ret.POSITION_CLOSED: "Position doesn't exist",
    Ret.INVALID_FILL: "Unsupported filling mode",
    Ret.CLIENT_DISABLES_AT: "AutoTrading disabled by client",
    Ret.SERVER_DISABLES_AT: "AutoTrading disabled by server",
    Ret.INVALID_STOPS: "Invalid stops",
    Ret.CONNECTION: "No connection with trade server",
    Ret.HEDGE_PROHIBITED: "Hedge is prohibited",
    Ret.FIFO_CLOSE: "Position closing is allowed by FIFO rule only",
}


def words(code: int) -> str:
    """Return what the server says to a code."""
    try:
        known = Ret(code)
    except ValueError:
        return f"Error {code}"
    return _WORDS.get(known) or known.name.replace("_", " ").capitalize()
