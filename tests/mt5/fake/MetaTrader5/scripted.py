"""A terminal that says what a test tells it to say, and writes down what it was asked."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import numpy as np

from hedgetui.mt5bridge.wire import RATES

from .structs import make

START = 1_763_560_800.0
"""2025-11-19 14:00 UTC, a Wednesday."""
OFFSET = 7200
"""New York + 7 h in winter."""
DONE = 10009


class ScriptedTerminal:
    """The functions of the MetaTrader5 module over plain lists."""

    def __init__(self, now: Callable[[], float] = lambda: START) -> None:
        self.now = now
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.account = {
            "login": 1234567, "trade_mode": 0, "leverage": 100, "trade_allowed": True,
            "trade_expert": True, "margin_mode": 2, "fifo_close": False, "balance": 10_000.0,
            "profit": -12.5, "equity": 9_987.5, "margin": 250.0, "margin_free": 9_737.5,
            "margin_level": 3995.0, "name": "A Trader", "server": "Demo-1", "currency": "USD",
            "company": "A Broker",
        }  # fmt: skip
        self.terminal = {
            "connected": True, "trade_allowed": True, "tradeapi_disabled": False, "build": 5200,
            "ping_last": 23_000, "name": "MetaTrader 5", "company": "A Broker",
        }  # fmt: skip
        self.symbol = {
            "digits": 2, "point": 0.01, "trade_tick_size": 0.01, "trade_tick_value": 1.0,
            "trade_contract_size": 100.0, "volume_min": 0.01, "volume_max": 50.0,
            "volume_step": 0.01, "trade_exemode": 2, "trade_mode": 4, "filling_mode": 2,
            "order_mode": 127, "margin_hedged": 0.0, "currency_profit": "USD",
        }  # fmt: skip
        self.symbols = {"XAUUSD", "EURUSD"}
        self.positions: list[Any] = [position(1001)]
        self.orders: list[Any] = []
        self.deals: list[Any] = [deal(1, 1001)]
        self.bars = 300
        self.next: dict[str, deque[Callable[..., Any]]] = defaultdict(deque)
        self.error = (1, "Success")
        self.holding: threading.Event | None = None

    def say(self, name: str, value: Any, error: tuple[int, str] = (1, "Success")) -> None:
        """Answer the next call of `name` with `value`, whatever it asks."""

        def told(*_: object, **__: object) -> Any:
            self.error = error
            return value

        self.next[name].append(told)

    def fail(self, name: str, error: BaseException) -> None:
        """Raise out of the next call of `name`."""

        def broken(*_: object, **__: object) -> Any:
            raise error

        self.next[name].append(broken)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        usual = type(self).__dict__.get("do_" + name)
        if usual is None:
            raise AttributeError(name)

        def call(*args: Any, **keywords: Any) -> Any:
            self.calls.append((name, args, keywords))
            if self.next[name]:
                return self.next[name].popleft()(*args, **keywords)
            if name != "last_error":
                self.error = (1, "Success")
            return usual(self, *args, **keywords)

        return call

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of every call of `name`."""
        return [args for said, args, _ in self.calls if said == name]

    def do_initialize(self, *_: str, timeout: int = 60_000) -> bool:
        return timeout > 0

    def do_shutdown(self) -> None:
        return None

    def do_version(self) -> tuple[int, int, str]:
        return (500, 5200, "1 Aug 2025")

    def do_last_error(self) -> tuple[int, str]:
        return self.error

    def do_account_info(self) -> Any:
        return make("AccountInfo", **self.account)

    def do_terminal_info(self) -> Any:
        return make("TerminalInfo", **self.terminal)

    def do_symbol_select(self, name: str, enable: bool = True) -> bool:
        return name in self.symbols and enable

    def do_symbol_info(self, name: str) -> Any:
        if name not in self.symbols:
            return self._unknown()
        return make("SymbolInfo", **self.symbol, name=name)

    def do_symbol_info_tick(self, name: str) -> Any:
        if name not in self.symbols:
            return self._unknown()
        at = self.now() + OFFSET
        return make("Tick", time=int(at), time_msc=int(at * 1000), bid=2650.10, ask=2650.35)

    def do_positions_get(self) -> Any:
        return tuple(self.positions)

    def do_orders_get(self) -> Any:
        return tuple(self.orders)

    def do_history_deals_get(self, *_: int, position: int = 0) -> Any:
        return tuple(one for one in self.deals if position in {0, one._asdict()["position_id"]})

    def do_copy_rates_from_pos(self, name: str, timeframe: int, start: int, count: int) -> Any:
        if name not in self.symbols:
            return self._unknown()
        got = min(count, self.bars)
        made = np.zeros(got, dtype=RATES)
        last = int(self.now() + OFFSET) // (60 * timeframe) * 60 * timeframe
        made["time"] = last - 60 * timeframe * np.arange(got - 1 + start, start - 1, -1)
        made["open"] = made["close"] = 2650.0
        made["high"], made["low"] = 2651.0, 2649.0
        made["tick_volume"], made["spread"] = 120, 25
        return made

    def do_order_check(self, request: dict[str, Any]) -> Any:
        return make(
            "OrderCheckResult", margin=500.0, margin_free=9_500.0, margin_level=1997.5,
            comment="Done", request=make("TradeRequest", **request),
        )  # fmt: skip

    def do_order_send(self, request: dict[str, Any]) -> Any:
        return result(DONE, request)

    def _unknown(self) -> None:
        self.error = (-4, "Terminal: Not found")


def result(retcode: int, request: dict[str, Any]) -> Any:
    """Return a server's answer to a request."""
    return make(
        "OrderSendResult", retcode=retcode, deal=71, order=72, price=2650.35,
        volume=request.get("volume", 0.0), comment="Request executed",
        request=make("TradeRequest", **request),
    )  # fmt: skip


def position(identifier: int, /, **changes: object) -> Any:
    """Return 0.40 XAUUSD bought an hour ago, with a stop and no target."""
    at = int(START + OFFSET - 3600)
    known: dict[str, object] = {
        "ticket": identifier, "identifier": identifier, "time": at, "time_msc": at * 1000 + 250,
        "type": 0, "volume": 0.4, "price_open": 2655.2, "sl": 2640.0, "tp": 0.0,
        "price_current": 2650.1, "swap": 0.0, "profit": -204.0, "symbol": "XAUUSD",
    }  # fmt: skip
    return make("TradePosition", **(known | changes))


def deal(ticket: int, position_id: int, /, **changes: object) -> Any:
    """Return the deal that opened `position`."""
    at = int(START + OFFSET - 3600)
    known: dict[str, object] = {
        "ticket": ticket, "order": ticket, "position_id": position_id, "time": at,
        "time_msc": at * 1000 + 250, "type": 0, "entry": 0, "reason": 0, "volume": 0.4,
        "price": 2655.2, "commission": -1.2, "swap": 0.0, "profit": 0.0, "symbol": "XAUUSD",
    }  # fmt: skip
    return make("TradeDeal", **(known | changes))
