"""Requests that tests send."""

from __future__ import annotations

from decimal import Decimal

from hedgetui.domain.mt5.records import (
    CommittedRequest,
    Lots,
    Magic,
    Request,
    Ticket,
    TradeAction,
)
from hedgetui.domain.orders import Side


def hedge(**changes: object) -> Request:
    """Return a hedge of half of 0.40 XAUUSD."""
    known: dict[str, object] = {
        "action": TradeAction.DEAL,
        "symbol": "XAUUSD",
        "side": Side.SELL,
        "volume": Lots(Decimal("0.20")),
        "sl": Decimal("2662.10"),
        "magic": Magic(0x4854 << 48),
        "comment": "DTMS_HEDGE_1001",
    }
    return Request(**(known | changes))


def stops(**changes: object) -> Request:
    """Return new levels for position 1001."""
    known: dict[str, object] = {
        "action": TradeAction.SLTP,
        "symbol": "XAUUSD",
        "position": Ticket(1001),
        "sl": Decimal("2645.5"),
    }
    return Request(**(known | changes))


def committed(request: Request) -> CommittedRequest:
    """Return it as something durable."""
    return CommittedRequest(1, "a-1", request)
