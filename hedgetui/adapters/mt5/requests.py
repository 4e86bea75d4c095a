"""A request as the dictionary that MT5 takes, and how it is to be filled.

MT5 is strict about kinds: volumes and prices are floats, everything else a whole number.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from hedgetui.domain.mt5.records import Account, Request, SymbolSpec, TradeAction
from hedgetui.domain.orders import Side

FOK: Final = 0
IOC: Final = 1
RETURN: Final = 2
_ORDER = (FOK, IOC, RETURN)
_MASK_FOK, _MASK_IOC = 1, 2
_INSTANT, _MARKET = 1, 2


class BadRequest(ValueError):  # noqa: N818 - the state is named
    """A request that must not be sent as it stands."""


def filling_of(spec: SymbolSpec) -> int:
    """Return the filling mode a symbol's market orders take: an enumeration chosen by bits."""
    if spec.exemode <= _INSTANT:
        return FOK
    if spec.filling_mask & _MASK_FOK:
        return FOK
    if spec.filling_mask & _MASK_IOC:
        return IOC
    return FOK if spec.exemode == _MARKET else RETURN


def next_filling(filling: int) -> int:
    """Return the mode to try after a refusal of `filling`."""
    return _ORDER[(_ORDER.index(filling) + 1) % len(_ORDER)]


def must_add(request: Request, account: Account) -> bool:
    """Whether a request is safe only if it adds to a position: it could reverse one instead."""
    return request.action is TradeAction.DEAL and not request.position and not account.hedging


def refuse_unsafe(request: Request, account: Account, held: Side | None = None) -> None:
    """Let a request pass that does what its maker meant on this kind of account.

    `held` is the side of the symbol's position a moment ago, where `must_add` asks for it.

    Raises:
        BadRequest: it lacks what its action needs, or it could open or reverse by mistake.
    """
    numbers = (request.volume, request.price, request.sl, request.tp)
    if not all(one is None or (one.is_finite() and one >= 0) for one in numbers):
        raise BadRequest("a volume or price that is not a number above zero")
    match request.action:
        case TradeAction.SLTP if not request.position:
            raise BadRequest("stop and target without a position")
        case TradeAction.CLOSE_BY if not request.position or not request.position_by:
            raise BadRequest("closing by another position needs both")
        case TradeAction.CLOSE_BY if not account.hedging:
            raise BadRequest("closing by another position needs a hedging account")
        case TradeAction.DEAL:
            if request.side is None or not request.volume:
                raise BadRequest("an order without side or volume")
            if must_add(request, account) and request.side is not held:
                raise BadRequest("an order that names no position may reverse one on this account")


def document(request: Request, *, price: float, filling: int) -> dict[str, object]:
    """Return the dictionary; `price` and `filling` are used by orders only."""
    match request.action:
        case TradeAction.SLTP:
            return {
                "action": int(request.action),
                "symbol": request.symbol,
                "position": int(request.position),
                "sl": _level(request.sl),
                "tp": _level(request.tp),
                "magic": int(request.magic),
            }
        case TradeAction.CLOSE_BY:
            return {
                "action": int(request.action),
                "position": int(request.position),
                "position_by": int(request.position_by),
                "magic": int(request.magic),
                "comment": request.comment,
            }
        case _:
            return _deal(request, price, filling)


def _deal(request: Request, price: float, filling: int) -> dict[str, object]:
    made: dict[str, object] = {
        "action": int(TradeAction.DEAL),
        "symbol": request.symbol,
        "volume": float(request.volume or 0),
        "type": 0 if request.side is Side.BUY else 1,
        "price": price,
        "sl": _level(request.sl),
        "tp": _level(request.tp),
        "deviation": request.deviation,
        "type_filling": filling,
        "type_time": 0,
        "magic": int(request.magic),
        "comment": request.comment,
    }
    if request.position:
        made["position"] = int(request.position)
    return made


def _level(value: Decimal | None) -> float:
    """Return a level; MT5 takes 0.0 for none."""
    return 0.0 if value is None else float(value)
