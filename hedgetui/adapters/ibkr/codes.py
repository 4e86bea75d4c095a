"""What the broker's message codes mean to the desk, as a table.

A code never ends an order by itself: `REFUSED` says that the broker will not have it, and the desk
still reads broker truth before it believes so. Whatever the table does not know about an order is
a reason to ask.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Meaning(StrEnum):
    """What to do about a code."""

    SERVERS_LOST = "TWS lost the IB servers"
    DATA_LOST = "servers are back, subscriptions are gone"
    DATA_KEPT = "servers are back, subscriptions were kept"
    PORT_MOVED = "TWS listens on another port now"
    FARM_BROKEN = "a data farm does not work"
    FARM_WORKS = "a data farm works again"
    CLIENT_ID_TAKEN = "the client id is in use"
    TOO_FAST = "too many messages a second"
    LINES_FULL = "no market data line is left"
    NOT_SUBSCRIBED = "no live market data; delayed data may be shown"
    DELAYED = "some or all of the data shown are delayed"
    COMPETING = "another session of this user takes the market data"
    DATA_STOPPED = "a subscription stopped and must be asked for again"
    NO_CONTRACT = "no such contract"
    REFUSED = "the broker refuses the order"
    REFUSED_IF_NEW = "the broker refuses a new order; a working one lives on"
    CANCELLED = "the order was cancelled"
    NO_HISTORY = "no history, or asked too often"
    INFORMATION = "nothing to do"
    ASK = "ask for broker truth"


_TABLE: Final[dict[Meaning, tuple[int, ...]]] = {
    Meaning.SERVERS_LOST: (1100, 2110),
    Meaning.DATA_LOST: (1101,),
    Meaning.DATA_KEPT: (1102,),
    Meaning.PORT_MOVED: (1300,),
    Meaning.FARM_BROKEN: (2103, 2105, 2157),
    Meaning.FARM_WORKS: (2104, 2106, 2158),
    Meaning.CLIENT_ID_TAKEN: (326,),
    Meaning.TOO_FAST: (100,),
    Meaning.LINES_FULL: (101,),
    Meaning.NOT_SUBSCRIBED: (354, 10089, 10168, 10186),
    Meaning.DELAYED: (10090, 10167),
    Meaning.COMPETING: (10197,),
    Meaning.DATA_STOPPED: (10182, 10225),
    Meaning.NO_CONTRACT: (200,),
    Meaning.REFUSED: (201, 203),
    Meaning.REFUSED_IF_NEW: (109, 110, 320, 321, 387, 388, 391, 434, 10020, 10052, 10311),
    Meaning.CANCELLED: (202,),
    Meaning.NO_HISTORY: (162, 165, 366),
    Meaning.INFORMATION: (2100, 2107, 2108, 2119, 2137, 2150),
    Meaning.ASK: (103, 104, 105, 135, 136, 161, 399, 404, 2109, 10147, 10148, 10349),
}
_BY_CODE: Final = {code: meaning for meaning, codes in _TABLE.items() for code in codes}

READ_ONLY_WORDS: Final = "read-only"
"""Stands in the text of code 321 when the API may not trade."""


def meaning(code: int) -> Meaning:
    """Return what `code` means; one that is not in the table is a reason to ask."""
    return _BY_CODE.get(code, Meaning.ASK)


def farm_of(text: str) -> str:
    """Return the farm that a notice is about: the last word of `...connection is OK:usfuture`."""
    return text.rpartition(":")[2].strip().split(" ")[0]


_HEDGE_FARMS: Final = ("usfuture", "usopt", "usfarm", "usind")


def needed(farm: str) -> bool:
    """Whether a farm carries what the desk hedges by: futures, options or the index."""
    return farm.startswith(_HEDGE_FARMS)
