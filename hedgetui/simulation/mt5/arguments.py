"""How strictly the MetaTrader5 module reads the dictionary of a trade request.

A number of the wrong type, a comment that is too long or a name it does not know fails on this side
of the pipe, with -2 and before anything is sent.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from hedgetui.simulation.mt5.orders import Instruction
from hedgetui.simulation.mt5.structs import TradeRequest

_FLOATS = ("volume", "price", "stoplimit", "sl", "tp")
_INTS = (
    "action", "magic", "order", "deviation", "type", "type_filling", "type_time", "expiration",
    "position", "position_by",
)  # fmt: skip
_TEXTS = ("symbol", "comment")
_UNITS = 29
_MOST = 2**64
_SIGNS = {0: 1, 1: -1}


class BadArguments(ValueError):  # noqa: N818 - the vendor's words
    """The module does not take these arguments."""


def read_request(given: object) -> Any:  # noqa: ANN401 - the vendor's type
    """Return a `TradeRequest` out of a dictionary.

    Raises:
        BadArguments: it is not a plain dictionary of the right types.
    """
    if type(given) is not dict:
        raise BadArguments("Invalid arguments")
    values: dict[str, object] = dict.fromkeys(_INTS, 0) | dict.fromkeys(_FLOATS, 0.0)
    values |= dict.fromkeys(_TEXTS, "")
    for name, value in given.items():
        if name not in values or not _fits(name, value):
            raise BadArguments(f'Invalid "{name}" argument')
        values[name] = value
    return TradeRequest(**values)


def instruction(request: Any) -> Instruction:  # noqa: ANN401 - the vendor's type
    """Return what a request means to the server."""
    return Instruction(
        action=request.action, symbol=request.symbol, sign=_SIGNS.get(request.type, 0),
        volume=Decimal(repr(request.volume)), price=request.price, sl=request.sl, tp=request.tp,
        deviation=request.deviation, filling=request.type_filling, magic=request.magic,
        comment=request.comment, position=request.position, position_by=request.position_by,
        order=request.order,
    )  # fmt: skip


def _fits(name: str, value: object) -> bool:
    if name in _FLOATS:
        return isinstance(value, float) and math.isfinite(value)
    if name in _INTS:
        return isinstance(value, int) and 0 <= value < _MOST
    return isinstance(value, str) and len(value.encode("utf-16-le", "replace")) // 2 <= _UNITS
