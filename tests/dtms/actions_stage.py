"""A gold position on a hedging account, as a broker would tell it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hedgetui.domain.mt5.records import (
    Account,
    AccountKind,
    Lots,
    Magic,
    MarginMode,
    Position,
    PositionId,
    SymbolSpec,
    Tick,
    Ticket,
)
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp

AT = Timestamp(1_750_000_000.0)
GOLD = SymbolSpec(
    "XAUUSD", 2, 0.01, 0.01, 1.0, 100.0, Decimal("0.01"), Decimal(50), Decimal("0.01"),
    Decimal(0), stops_level=20, freeze_level=0, exemode=2, trade_mode=4, filling_mask=3,
    order_mask=127, margin_hedged=100.0, currency_profit="USD",
)  # fmt: skip
TICK = Tick("XAUUSD", 2650.00, 2650.20, AT)
ACCOUNT = Account(
    5001, AccountKind.DEMO, MarginMode.HEDGING, True, True, False, 100, "USD", 10_000.0, 10_000.0,
    0.0, 0.0, 10_000.0, None, "Demo-Server", "Broker",
)  # fmt: skip
NETTING = replace(ACCOUNT, margin_mode=MarginMode.NETTING)
EXCHANGE = replace(ACCOUNT, margin_mode=MarginMode.EXCHANGE)


def position(volume: str = "1.00", side: Side = Side.BUY, **values: object) -> Position:
    """Return the position of the trade of `machine_stage`, R = 10."""
    sign = side.sign
    one = Position(
        Ticket(4417201), PositionId(4417201), "XAUUSD", side, Lots(Decimal(volume)), 2650.0,
        2650.0 - sign * 10, 2650.0 + sign * 15, 2650.0, 0.0, 0.0, Magic(0), "", AT,
    )  # fmt: skip
    return replace(one, **values)  # type: ignore[arg-type]
