"""The broker's records in the shape of the MetaTrader5 module, times as the server counts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from hedgetui.simulation.mt5.market import Quoted
from hedgetui.simulation.mt5.orders import Booked, Holding, Waiting
from hedgetui.simulation.mt5.structs import (
    Tick,
    TradeDeal,
    TradeOrder,
    TradePosition,
    symbol_info,
)

if TYPE_CHECKING:
    from hedgetui.simulation.mt5.venue import Venue

_BALANCE, _FILLED, _PLACED = 2, 4, 1
_BID_AND_ASK = 6
Offset = Callable[[float], int]


@dataclass(frozen=True, slots=True)
class History:
    """What of the history is asked for; server times."""

    date_from: Any = None
    date_to: Any = None
    group: str = ""
    order: int = 0
    position: int = 0

    @property
    def complete(self) -> bool:
        """Whether it asks for something: two dates, an order or a position."""
        dates = self.date_from is not None and self.date_to is not None
        return bool(dates or self.order or self.position)

    def wants(self, deal: Booked, server: float) -> bool:
        """Whether a deal of that server time is asked for."""
        if self.order:
            return deal.order == self.order
        if self.position:
            return deal.position_id == self.position
        inside = _seconds(self.date_from) <= server <= _seconds(self.date_to)
        return inside and in_group(deal.symbol, self.group)


def _seconds(moment: Any) -> float:  # noqa: ANN401 - a datetime or seconds, as the vendor takes it
    """Return server seconds; a datetime is read by its wall, as the vendor does."""
    if isinstance(moment, datetime):
        return moment.timestamp()
    return float(moment)


def in_group(symbol: str, group: str) -> bool:
    """Whether a symbol belongs to a group like `*USD*,!EUR*`; everything does to an empty one."""
    if not group:
        return True
    parts = [part.strip() for part in group.split(",")]
    if any(fnmatchcase(symbol, part[1:]) for part in parts if part.startswith("!")):
        return False
    return any(fnmatchcase(symbol, part) for part in parts if not part.startswith("!"))


def tick(quote: Quoted, offset: int) -> Any:  # noqa: ANN401 - the vendor's type
    """Return a tick."""
    server = int(quote.at) + offset
    return Tick(server, quote.bid, quote.ask, 0.0, 0, server * 1000, _BID_AND_ASK, 0.0)


def position(venue: Venue, held: Holding, offset: Offset) -> Any:  # noqa: ANN401 - the vendor's type
    """Return a position."""
    seen = venue.control.seen_at(held.symbol)
    quote = venue.markets[held.symbol].quote(seen)
    price = held.price_open if quote is None else quote.closing(held.sign)
    opened, updated = (at + offset(at) for at in (held.opened_at, held.updated_at))
    return TradePosition(
        held.ticket, int(opened), int(opened * 1000), int(updated), int(updated * 1000),
        _type(held.sign), held.magic, held.identifier, min(held.reason, 3), float(held.volume),
        held.price_open, held.sl, held.tp, price, held.swap,
        venue.valuation.profit(held, price, seen), held.symbol, held.comment, "",
    )  # fmt: skip


def order(venue: Venue, waiting: Waiting, offset: Offset) -> Any:  # noqa: ANN401 - the vendor's type
    """Return an order that is under way."""
    asked, placed = waiting.instruction, waiting.placed_at + offset(waiting.placed_at)
    target = venue.ledger.holdings.get(asked.position)
    return TradeOrder(
        waiting.ticket, int(placed), int(placed * 1000), 0, 0, 0, _type(asked.sign), 0,
        asked.filling, _PLACED, asked.magic, target.identifier if target else 0, 0, asked.reason,
        float(asked.volume), float(asked.volume), asked.price, asked.sl, asked.tp, asked.price,
        0.0, asked.symbol, asked.comment, "",
    )  # fmt: skip


def deal(booked: Booked, offset: Offset) -> Any:  # noqa: ANN401 - the vendor's type
    """Return a deal."""
    server = booked.at + offset(booked.at)
    kind = _type(booked.sign) if booked.symbol else _BALANCE
    return TradeDeal(
        booked.ticket, booked.order, int(server), int(server * 1000), kind, booked.entry,
        booked.magic, booked.position_id, booked.reason, float(booked.volume), booked.price,
        booked.commission, booked.swap, booked.profit, 0.0, booked.symbol, booked.comment, "",
    )  # fmt: skip


def executed(booked: Booked, offset: Offset) -> Any:  # noqa: ANN401 - the vendor's type
    """Return the order behind a deal."""
    server = booked.at + offset(booked.at)
    return TradeOrder(
        booked.order, int(server), int(server * 1000), int(server), int(server * 1000), 0,
        _type(booked.sign), 0, 0, _FILLED, booked.magic, booked.position_id, 0, booked.reason,
        float(booked.volume), 0.0, booked.price, 0.0, 0.0, booked.price, 0.0, booked.symbol,
        booked.comment, "",
    )  # fmt: skip


def symbol(venue: Venue, name: str, seen: float, offset: int) -> Any:  # noqa: ANN401 - the vendor's type
    """Return how a symbol trades."""
    terms, quote = venue.markets[name].terms, venue.markets[name].quote(seen)
    value = venue.valuation.tick_value(terms, seen)
    price = {} if quote is None else {
        "bid": quote.bid, "ask": quote.ask, "spread": quote.spread, "time": int(quote.at) + offset,
    }  # fmt: skip
    return symbol_info(
        select=True, visible=True, digits=terms.digits, spread_float=True,
        trade_mode=terms.trade_mode, trade_stops_level=terms.stops_level,
        trade_freeze_level=terms.freeze_level, trade_exemode=terms.exemode, swap_mode=1,
        swap_rollover3days=3, expiration_mode=15, filling_mode=terms.filling_mask,
        order_mode=terms.order_mask, point=terms.point, trade_tick_value=value,
        trade_tick_value_profit=value, trade_tick_value_loss=value,
        trade_tick_size=terms.tick_size, trade_contract_size=terms.contract_size,
        volume_min=float(terms.volume_min), volume_max=float(terms.volume_max),
        volume_step=float(terms.volume_step), volume_limit=float(terms.volume_limit),
        swap_long=terms.swap_long, swap_short=terms.swap_short,
        margin_hedged=terms.margin_hedged, currency_base=terms.currency_base,
        currency_profit=terms.currency_profit, currency_margin=terms.currency_base,
        description=terms.name, name=terms.name, path=terms.path, **price,
    )  # fmt: skip


def _type(sign: int) -> int:
    return 0 if sign >= 0 else 1
