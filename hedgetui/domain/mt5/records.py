"""What a terminal tells and what it is asked, as frozen records in our own units.

Times are UTC (the adapter takes the server's offset away), volumes are exact decimals of lots,
prices that go into a request are decimals on the symbol's grid; what is only looked at is a float.
An answer that could not be had is `Incomplete`, never an empty tuple: MT5 says `None` for an error
and `()` for nothing, and the difference is a position.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import NewType

from hedgetui.domain.orders import Side
from hedgetui.domain.units import Seconds, Timestamp

Lots = NewType("Lots", Decimal)
"""Volume of an MT5 order or position, unsigned."""

Ticket = NewType("Ticket", int)
"""Present number of a position or an order; a broker may change it."""

PositionId = NewType("PositionId", int)
"""A position's identifier: the same for its whole life, the key of everything we keep."""

Magic = NewType("Magic", int)
"""Who sent an order, as the terminal keeps it: unsigned, below 2**63."""


class MarginMode(IntEnum):
    """What an opposite order does (`account_info().margin_mode`)."""

    NETTING = 0
    """It reduces, closes or reverses the one position of the symbol."""
    EXCHANGE = 1
    """As netting, with exchange execution."""
    HEDGING = 2
    """It opens a second position."""


class AccountKind(StrEnum):
    """Whose money it is (`account_info().trade_mode`)."""

    DEMO = "demo"
    CONTEST = "contest"
    REAL = "real"


class DealEntry(IntEnum):
    """What a deal did to its position (`DEAL_ENTRY_*`)."""

    IN = 0
    OUT = 1
    INOUT = 2
    """A reversal on a netting account."""
    OUT_BY = 3


class DealReason(IntEnum):
    """Why a deal happened (`DEAL_REASON_*`)."""

    CLIENT = 0
    MOBILE = 1
    WEB = 2
    EXPERT = 3
    STOP_LOSS = 4
    TAKE_PROFIT = 5
    STOP_OUT = 6
    ROLLOVER = 7
    VARIATION_MARGIN = 8
    SPLIT = 9
    OTHER = -1
    """A number this program does not know."""

    @property
    def by_hand(self) -> bool:
        """Whether a person did it in a terminal."""
        return self in {DealReason.CLIENT, DealReason.MOBILE, DealReason.WEB}


class TradeAction(IntEnum):
    """What a request asks for (`TRADE_ACTION_*`)."""

    DEAL = 1
    SLTP = 6
    CLOSE_BY = 10


@dataclass(frozen=True, slots=True)
class Account:
    """The account a terminal is logged in to; money in `currency`."""

    login: int
    kind: AccountKind
    margin_mode: MarginMode
    trade_allowed: bool
    """False with the investor password or a closed account."""
    expert_allowed: bool
    fifo_close: bool
    leverage: int
    currency: str
    balance: float
    equity: float
    profit: float
    margin: float
    margin_free: float
    margin_level: float | None
    """Percent; None while no margin is used."""
    server: str
    company: str

    @property
    def hedging(self) -> bool:
        """Whether an opposite order opens a position of its own."""
        return self.margin_mode is MarginMode.HEDGING


@dataclass(frozen=True, slots=True)
class Terminal:
    """The terminal between us and the broker."""

    connected: bool
    """Terminal to broker; while False positions and prices are stale."""
    trade_allowed: bool
    """The AutoTrading button."""
    api_disabled: bool
    """Trading from Python is switched off in the options."""
    build: int
    ping: Seconds | None
    name: str
    company: str

    @property
    def objection(self) -> str:
        """Why nothing may be sent through it; empty when it may."""
        if not self.connected:
            return "the terminal is not connected to its broker"
        if not self.trade_allowed:
            return "AutoTrading is off in the terminal"
        if self.api_disabled:
            return "trading from Python is switched off in the terminal's options"
        return ""


@dataclass(frozen=True, slots=True)
class SymbolSpec:
    """How a symbol trades; levels in points."""

    name: str
    digits: int
    point: float
    tick_size: float
    tick_value: float
    """Money per tick and lot, account currency."""
    contract_size: float
    volume_min: Decimal
    volume_max: Decimal
    volume_step: Decimal
    volume_limit: Decimal
    """Most volume in one direction, 0 for no limit."""
    stops_level: int
    freeze_level: int
    exemode: int
    """0 request, 1 instant, 2 market, 3 exchange."""
    trade_mode: int
    """0 disabled, 1 long only, 2 short only, 3 close only, 4 full."""
    filling_mask: int
    """Bits: 1 FOK, 2 IOC, 4 BOC."""
    order_mask: int
    """Bits: 64 close-by allowed."""
    margin_hedged: float
    currency_profit: str
    path: str = ""

    @property
    def close_by(self) -> bool:
        """Whether two opposite positions may close each other."""
        return bool(self.order_mask & 64)


@dataclass(frozen=True, slots=True)
class Tick:
    """The newest prices of a symbol."""

    symbol: str
    bid: float
    ask: float
    at: Timestamp

    @property
    def spread(self) -> float:
        """Ask minus bid."""
        return self.ask - self.bid

    def closing(self, side: Side) -> float:
        """Return the price at which a position of `side` would close."""
        return self.bid if side is Side.BUY else self.ask


@dataclass(frozen=True, slots=True)
class Position:
    """An open position."""

    ticket: Ticket
    identifier: PositionId
    symbol: str
    side: Side
    volume: Lots
    price_open: float
    sl: float | None
    tp: float | None
    price_current: float
    profit: float
    swap: float
    magic: Magic
    comment: str
    opened_at: Timestamp


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """A pending order, or a market order that is still under way."""

    ticket: Ticket
    symbol: str
    side: Side
    volume: Lots
    magic: Magic
    position_id: PositionId
    comment: str


@dataclass(frozen=True, slots=True)
class Deal:
    """One execution; `side` is what was bought or sold, so a long position closes with SELL."""

    ticket: Ticket
    order: Ticket
    position_id: PositionId
    symbol: str
    side: Side
    entry: DealEntry
    reason: DealReason
    volume: Lots
    price: float
    profit: float
    commission: float
    swap: float
    magic: Magic
    comment: str
    at: Timestamp


@dataclass(frozen=True, slots=True)
class Look:
    """Account, terminal, positions and orders, read in one piece; every part was an answer."""

    at: Timestamp
    account: Account
    terminal: Terminal
    positions: tuple[Position, ...]
    orders: tuple[WorkingOrder, ...]

    def position(self, identifier: PositionId) -> Position | None:
        """Return the open position with this identifier."""
        return next((p for p in self.positions if p.identifier == identifier), None)


@dataclass(frozen=True, slots=True)
class Incomplete:
    """An answer that could not be had; it says nothing about what it does not show."""

    why: str


@dataclass(frozen=True, slots=True)
class Request:
    """One trade request, not yet sent.

    A DEAL with `position` 0 opens a new position on a hedging account; on every other kind of
    account it must name the position, or it may reverse it. An SLTP replaces both levels: None
    removes one.
    """

    action: TradeAction
    symbol: str
    side: Side | None = None
    """What is bought or sold; None for SLTP and CLOSE_BY."""
    volume: Lots | None = None
    price: Decimal | None = None
    """The touch the decision was made on."""
    sl: Decimal | None = None
    tp: Decimal | None = None
    position: Ticket = Ticket(0)
    position_by: Ticket = Ticket(0)
    magic: Magic = Magic(0)
    comment: str = ""
    """A label of at most 29 characters; brokers rewrite it."""
    deviation: int = 20
    """Points the fill may differ from `price`."""

    def describe(self) -> str:
        """Return `SELL 0.25 XAUUSD SL 2648.12` for people."""
        match self.action:
            case TradeAction.SLTP:
                return f"{self.symbol} #{self.position} SL {self.sl or '-'} TP {self.tp or '-'}"
            case TradeAction.CLOSE_BY:
                return f"close {self.symbol} #{self.position} by #{self.position_by}"
            case _:
                stop = f" SL {self.sl}" if self.sl is not None else ""
                whose = f" of #{self.position}" if self.position else ""
                side = self.side.value if self.side else "?"
                return f"{side} {self.volume} {self.symbol}{whose}{stop}"


@dataclass(frozen=True, slots=True)
class CommittedRequest:
    """A request whose action is durable; `journal_seq` is the proof."""

    journal_seq: int
    action_id: str
    request: Request


@dataclass(frozen=True, slots=True)
class Answered:
    """The server answered with a result object; `retcode` says what became of the request."""

    retcode: int
    deal: Ticket
    order: Ticket
    volume: Lots
    price: float
    comment: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never left: a bad argument, or a call refused on this side."""

    why: str


@dataclass(frozen=True, slots=True)
class Silent:
    """Nobody knows whether the request arrived: no result, a timeout, a link that broke."""

    why: str


Reply = Answered | NotSent | Silent


@dataclass(frozen=True, slots=True)
class MarginCheck:
    """What the server's own pre-check says of a request (`order_check`)."""

    retcode: int
    """0 when it would pass."""
    margin_free: float
    margin_level: float | None
    comment: str
