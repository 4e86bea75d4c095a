"""What a terminal sent, as our records: UTC, exact lots, no level where there is none.

A field that cannot be read makes the whole answer unreadable; nothing is filled in. MT5's `None`
never comes here, its `()` is an answer.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from hedgetui.adapters.mt5 import fields
from hedgetui.adapters.mt5.fields import Unreadable
from hedgetui.adapters.mt5.server_time import ServerTime
from hedgetui.domain.dtms.bars import Bars, Timeframe
from hedgetui.domain.mt5.records import (
    Account,
    AccountKind,
    Answered,
    Deal,
    DealEntry,
    DealReason,
    MarginCheck,
    MarginMode,
    Position,
    SymbolSpec,
    Terminal,
    Tick,
    WorkingOrder,
)
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.mt5bridge.wire import Row, Value

_KINDS = {0: AccountKind.DEMO, 1: AccountKind.CONTEST, 2: AccountKind.REAL}
_BUYS_AND_SELLS = {0, 1}
"""Deal types that trade; the others are deposits, charges and corrections."""
_PLACED_SIDES = {2: 0, 3: 1, 4: 0, 5: 1, 6: 0, 7: 1}
"""Limit, stop and stop-limit orders, as what they buy (0) or sell (1)."""
_CLOSE_BY = 8
_MICROSECONDS = 1e-6


def account(value: Value) -> Account:
    """Read the account.

    Raises:
        Unreadable: a field is not what it must be.
    """
    row = fields.row(value)
    kind = _KINDS.get(fields.whole(row, "trade_mode"))
    mode = fields.whole(row, "margin_mode")
    if kind is None or mode not in set(MarginMode):
        raise Unreadable("the account is of an unknown kind")
    margin = fields.number(row, "margin")
    return Account(
        login=fields.whole(row, "login"),
        kind=kind,
        margin_mode=MarginMode(mode),
        trade_allowed=fields.flag(row, "trade_allowed"),
        expert_allowed=fields.flag(row, "trade_expert"),
        fifo_close=fields.flag(row, "fifo_close"),
        leverage=fields.whole(row, "leverage"),
        currency=fields.text(row, "currency"),
        balance=fields.number(row, "balance"),
        equity=fields.number(row, "equity"),
        profit=fields.number(row, "profit"),
        margin=margin,
        margin_free=fields.number(row, "margin_free"),
        margin_level=fields.number(row, "margin_level") if margin else None,
        server=fields.text(row, "server"),
        company=fields.text(row, "company"),
    )


def terminal(value: Value) -> Terminal:
    """Read the terminal.

    Raises:
        Unreadable: a field is not what it must be.
    """
    row = fields.row(value)
    ping = fields.number(row, "ping_last")
    return Terminal(
        connected=fields.flag(row, "connected"),
        trade_allowed=fields.flag(row, "trade_allowed"),
        api_disabled=fields.flag(row, "tradeapi_disabled"),
        build=fields.whole(row, "build"),
        ping=Seconds(ping * _MICROSECONDS) if ping > 0 else None,
        name=fields.text(row, "name"),
        company=fields.text(row, "company"),
    )


def positions(value: Value, times: ServerTime, now: Timestamp) -> tuple[Position, ...]:
    """Read the open positions.

    Raises:
        Unreadable: a field is not what it must be, or two have one identifier.
    """
    found = tuple(_position(row, times, now) for row in fields.rows(value))
    if len({one.identifier for one in found}) != len(found):
        raise Unreadable("two positions with one identifier")
    return found


def _position(row: Row, times: ServerTime, now: Timestamp) -> Position:
    identifier, volume = fields.position_id(row, "identifier"), fields.volume(row, "volume")
    if not identifier or not volume:
        raise Unreadable("a position without identifier or volume")
    return Position(
        ticket=fields.ticket(row, "ticket"),
        identifier=identifier,
        symbol=fields.text(row, "symbol"),
        side=fields.side(row),
        volume=volume,
        price_open=fields.positive(row, "price_open"),
        sl=fields.level(row, "sl"),
        tp=fields.level(row, "tp"),
        price_current=fields.number(row, "price_current"),
        profit=fields.number(row, "profit"),
        swap=fields.number(row, "swap"),
        magic=fields.magic(row),
        comment=fields.text(row, "comment"),
        opened_at=_moment(row, times, now),
    )


def held_side(value: Value, symbol_name: str) -> Side | None:
    """Read on which side a symbol is held; None when it is not, or on both.

    Raises:
        Unreadable: a field is not what it must be.
    """
    rows = [row for row in fields.rows(value) if fields.text(row, "symbol") == symbol_name]
    sides = {fields.side(row) for row in rows}
    return sides.pop() if len(sides) == 1 else None


def orders(value: Value) -> tuple[WorkingOrder, ...]:
    """Read the working orders; those that close one position by another have no side of their own.

    Raises:
        Unreadable: a field is not what it must be.
    """
    return tuple(
        _order(row) for row in fields.rows(value) if fields.whole(row, "type") != _CLOSE_BY
    )


def _order(row: Row) -> WorkingOrder:
    kind = fields.whole(row, "type")
    return WorkingOrder(
        ticket=fields.ticket(row, "ticket"),
        symbol=fields.text(row, "symbol"),
        side=fields.side({"type": _PLACED_SIDES.get(kind, kind)}),
        volume=fields.volume(row, "volume_current"),
        magic=fields.magic(row),
        position_id=fields.position_id(row, "position_id"),
        comment=fields.text(row, "comment"),
    )


def deals(value: Value, times: ServerTime, now: Timestamp) -> tuple[Deal, ...]:
    """Read executions, oldest first; deposits and charges are left out.

    Raises:
        Unreadable: a field is not what it must be.
    """
    found = [
        _deal(row, times, now)
        for row in fields.rows(value)
        if fields.whole(row, "type") in _BUYS_AND_SELLS
    ]
    return tuple(sorted(found, key=lambda deal: (deal.at, deal.ticket)))


def _deal(row: Row, times: ServerTime, now: Timestamp) -> Deal:
    entry, reason = fields.whole(row, "entry"), fields.whole(row, "reason")
    if entry not in set(DealEntry):
        raise Unreadable("a deal that neither opens nor closes")
    return Deal(
        ticket=fields.ticket(row, "ticket"),
        order=fields.ticket(row, "order"),
        position_id=fields.position_id(row, "position_id"),
        symbol=fields.text(row, "symbol"),
        side=fields.side(row),
        entry=DealEntry(entry),
        reason=DealReason(reason) if reason in set(DealReason) else DealReason.OTHER,
        volume=fields.volume(row, "volume"),
        price=fields.number(row, "price"),
        profit=fields.number(row, "profit"),
        commission=fields.number(row, "commission"),
        swap=fields.number(row, "swap"),
        magic=fields.magic(row),
        comment=fields.text(row, "comment"),
        at=_moment(row, times, now),
    )


def symbol(value: Value) -> SymbolSpec:
    """Read how a symbol trades.

    Raises:
        Unreadable: a field is not what it must be.
    """
    row = fields.row(value)
    digits = fields.whole(row, "digits")
    if not 0 <= digits <= 12:
        raise Unreadable("digits out of range")
    step = fields.volume(row, "volume_step")
    if not step:
        raise Unreadable("volume_step is zero")
    return SymbolSpec(
        name=fields.text(row, "name"),
        digits=digits,
        point=fields.positive(row, "point"),
        tick_size=fields.positive(row, "trade_tick_size"),
        tick_value=fields.number(row, "trade_tick_value"),
        contract_size=fields.positive(row, "trade_contract_size"),
        volume_min=Decimal(fields.volume(row, "volume_min")),
        volume_max=Decimal(fields.volume(row, "volume_max")),
        volume_step=Decimal(step),
        volume_limit=Decimal(fields.volume(row, "volume_limit")),
        stops_level=fields.whole(row, "trade_stops_level"),
        freeze_level=fields.whole(row, "trade_freeze_level"),
        exemode=fields.whole(row, "trade_exemode"),
        trade_mode=fields.whole(row, "trade_mode"),
        filling_mask=fields.whole(row, "filling_mode"),
        order_mask=fields.whole(row, "order_mode"),
        margin_hedged=fields.number(row, "margin_hedged"),
        currency_profit=fields.text(row, "currency_profit"),
        path=fields.text(row, "path"),
    )


def tick_time(value: Value) -> float:
    """Return the server seconds of a tick.

    Raises:
        Unreadable: it has none.
    """
    row = fields.row(value)
    precise = fields.number(row, "time_msc") / 1000 if "time_msc" in row else 0.0
    return precise or fields.number(row, "time")


def touch(value: Value) -> tuple[float, float]:
    """Return bid and ask of a tick.

    Raises:
        Unreadable: there is no two-sided price.
    """
    row = fields.row(value)
    bid, ask = fields.number(row, "bid"), fields.number(row, "ask")
    if bid <= 0 or ask < bid:
        raise Unreadable("no two-sided price")
    return bid, ask


def tick(name: str, value: Value, times: ServerTime, now: Timestamp) -> Tick | None:
    """Read the newest prices of a symbol; None when it was never quoted.

    Raises:
        Unreadable: a field is not what it must be, or the price has one side only.
    """
    if not tick_time(value):
        return None
    bid, ask = touch(value)
    return Tick(name, bid, ask, _utc(tick_time(value), times, now))


def bars(
    value: Value, point: float, timeframe: Timeframe, times: ServerTime, now: Timestamp
) -> Bars:
    """Read bars, oldest first, the unfinished one included; `point` makes spreads prices.

    Raises:
        Unreadable: a price is no price, a bar contradicts itself, or time does not grow.
    """
    if not isinstance(value, np.ndarray):
        raise Unreadable("bars are missing")
    at = _utc_array(value["time"].astype(np.int64), times, now)
    prices = [value[name].astype(np.float64) for name in ("open", "high", "low", "close")]
    opened, high, low, closed = prices
    if not all(bool(np.all(np.isfinite(one) & (one > 0))) for one in prices):
        raise Unreadable("a bar's price is not a price")
    if np.any(high < np.maximum(opened, closed)) or np.any(low > np.minimum(opened, closed)):
        raise Unreadable("a bar's high or low lies inside it")
    return Bars(
        timeframe, at, opened, high, low, closed,
        value["tick_volume"].astype(np.float64),
        value["spread"].astype(np.float64) * point,
    )  # fmt: skip


def _utc_array(server: np.ndarray, times: ServerTime, now: Timestamp) -> np.ndarray:
    if np.any(np.diff(server) <= 0):
        raise Unreadable("bars out of order")
    try:
        at = times.times_to_utc(server, now)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    if np.any(np.diff(at) <= 0):
        raise Unreadable("bars out of order in UTC")
    return at


def margin_check(value: Value) -> MarginCheck:
    """Read the server's pre-check of a request.

    Raises:
        Unreadable: a field is not what it must be.
    """
    row = fields.row(value)
    return MarginCheck(
        retcode=fields.whole(row, "retcode"),
        margin_free=fields.number(row, "margin_free"),
        margin_level=fields.number(row, "margin_level") if fields.number(row, "margin") else None,
        comment=fields.text(row, "comment"),
    )


def answered(value: Value) -> Answered:
    """Read the server's answer to a trade request.

    Raises:
        Unreadable: a field is not what it must be.
    """
    row = fields.row(value)
    retcode = fields.whole(row, "retcode")
    if not 0 <= retcode < 1 << 31:
        raise Unreadable("retcode out of range")
    return Answered(
        retcode=retcode,
        deal=fields.ticket(row, "deal"),
        order=fields.ticket(row, "order"),
        volume=fields.volume(row, "volume"),
        price=fields.number(row, "price"),
        comment=fields.text(row, "comment"),
    )


def _moment(row: Row, times: ServerTime, now: Timestamp) -> Timestamp:
    return _utc(fields.number(row, "time_msc") / 1000, times, now)


def _utc(server: float, times: ServerTime, now: Timestamp) -> Timestamp:
    try:
        return times.to_utc(server, now)
    except ValueError as error:
        raise Unreadable(str(error)) from None
