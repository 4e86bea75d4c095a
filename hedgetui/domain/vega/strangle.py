"""The life of one long strangle, from the order to the last cent.

A trade is data: two legs with what was bought and sold of each, and a state that fills move. Money
is Decimal throughout, because a profit that is off by a cent cannot be reconciled with a broker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import Instrument
from hedgetui.domain.units import Contracts, Money, Timestamp, money
from hedgetui.domain.vega.exposure import OptionLeg
from hedgetui.domain.vega.pool import HedgeShare

_ZERO = Decimal(0)


class TradeState(StrEnum):
    """Where a trade stands."""

    ENTERING = "ENTERING"
    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class StrangleLeg:
    """What was traded of one leg; values are Σ quantity · price, before the multiplier."""

    instrument: Instrument
    bought: Contracts = Contracts(0)
    bought_value: Decimal = _ZERO
    sold: Contracts = Contracts(0)
    sold_value: Decimal = _ZERO

    @property
    def held(self) -> Contracts:
        """Contracts held now."""
        return Contracts(self.bought - self.sold)

    @property
    def average_price(self) -> Decimal | None:
        """Average price paid; None before the first fill."""
        return self.bought_value / self.bought if self.bought else None

    @property
    def average_exit(self) -> Decimal | None:
        """Average price received; None before the first sale."""
        return self.sold_value / self.sold if self.sold else None


@dataclass(frozen=True, slots=True)
class Strangle:
    """A long put and a long call of one expiry, traded as one."""

    trade_id: str
    put: StrangleLeg
    call: StrangleLeg
    quantity: Contracts
    """Lots wanted; the legs know how many are held."""
    opened_at: Timestamp
    state: TradeState = TradeState.ENTERING
    commissions: Decimal = _ZERO
    closed_at: Timestamp | None = None

    @property
    def legs(self) -> tuple[StrangleLeg, StrangleLeg]:
        """Put, then call."""
        return self.put, self.call

    @property
    def cost(self) -> Money:
        """Dollars paid for the options, commissions not included."""
        paid = (leg.bought_value * leg.instrument.multiplier for leg in self.legs)
        return money(sum(paid, _ZERO))

    @property
    def flat(self) -> bool:
        """Whether no option is held."""
        return not any(leg.held for leg in self.legs)

    @property
    def single_leg(self) -> bool:
        """Whether exactly one of the two legs is held: directional risk, hedged as it is."""
        return sum(bool(leg.held) for leg in self.legs) == 1

    @property
    def name(self) -> str:
        """The row's name: `XSP 530P/540C 19Dec`."""
        put, call = self.put.instrument, self.call.instrument
        expiry = f" {put.expiry.day}{put.expiry:%b}" if put.expiry else ""
        return f"{put.short}/{call.short.removeprefix(put.symbol + ' ')}{expiry}"

    def open_legs(self) -> tuple[OptionLeg, ...]:
        """Return the held legs with their entry prices, as the exposure functions take them."""
        return tuple(
            OptionLeg(leg.instrument, leg.held, float(leg.average_price))
            for leg in self.legs
            if leg.held and leg.average_price is not None
        )


@dataclass(frozen=True, slots=True)
class OptionFill:
    """An execution of one leg; positive quantity buys."""

    instrument_key: str
    quantity: Contracts
    price: Decimal
    at: Timestamp
    commission: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class TradeLedger:
    """Where a trade's money came from; `net` is the sum of the parts, to the cent."""

    realised: Money
    unrealised: Money
    hedge: Money
    fees: Money
    """What was charged, as a positive number."""
    complete: bool
    """False when a held leg has no mark and is carried at its entry price."""

    @property
    def options(self) -> Money:
        """Options profit, realised and marked."""
        return Money(self.realised + self.unrealised)

    @property
    def net(self) -> Money:
        """Everything: options, hedge share, minus fees."""
        return Money(self.realised + self.unrealised + self.hedge - self.fees)


def begin(
    trade_id: str, put: Instrument, call: Instrument, quantity: Contracts, at: Timestamp
) -> Strangle:
    """Return a trade whose entry orders are out and of which nothing is filled yet."""
    return Strangle(trade_id, StrangleLeg(put), StrangleLeg(call), quantity, at)


def apply_fill(trade: Strangle, fill: OptionFill) -> Strangle:
    """Return the trade after a fill of one of its legs; a fill is accepted in any state.

    Both legs complete make an entering trade OPEN; everything sold makes any trade CLOSED.

    Raises:
        DataError: the fill is not one of this trade's legs.
    """
    return _advanced(_with_fill(trade, fill, 1), fill.at)


def retract_fill(trade: Strangle, fill: OptionFill) -> Strangle:
    """Return the trade as if `fill` had not been reported, for a broker's correction of it.

    The state stays; applying the corrected fill decides it.

    Raises:
        DataError: the fill is not one of this trade's legs.
    """
    return _with_fill(trade, fill, -1)


def charge(trade: Strangle, commission: Decimal) -> Strangle:
    """Return the trade after a commission that was reported later than its fill."""
    return replace(trade, commissions=trade.commissions + commission)


def settle_entry(trade: Strangle, at: Timestamp) -> Strangle:
    """Return the trade once its entry orders have ended: OPEN with what was filled, else CLOSED."""
    if trade.state is not TradeState.ENTERING:
        return trade
    if trade.flat:
        return replace(trade, state=TradeState.CLOSED, closed_at=at)
    return replace(trade, state=TradeState.OPEN)


def begin_close(trade: Strangle, at: Timestamp) -> Strangle:
    """Return the trade on its way out; one without options is closed at once."""
    if trade.state is TradeState.CLOSED:
        return trade
    if trade.flat:
        return replace(trade, state=TradeState.CLOSED, closed_at=at)
    return replace(trade, state=TradeState.CLOSING)


def ledger(
    trade: Strangle,
    marks: dict[str, Decimal],
    share: HedgeShare | None = None,
    *,
    hedge_mark: Decimal | None = None,
    hedge_multiplier: Decimal = Decimal(5),
) -> TradeLedger:
    """Return the trade's profit by origin.

    `marks` holds option prices by instrument key (a missing one carries the leg at its entry price
    and clears `complete`), `share` the trade's part of the pooled hedge, `hedge_mark` the future's
    price; it may be None only when the share is flat.
    """
    share = share if share is not None else HedgeShare()
    realised = unrealised = _ZERO
    for leg in trade.legs:
        won, paper = _leg_profit(leg, marks.get(leg.instrument.key))
        realised += won
        unrealised += paper
    return TradeLedger(
        realised=money(realised),
        unrealised=money(unrealised),
        hedge=share.profit(hedge_mark, hedge_multiplier),
        fees=money(trade.commissions + share.fees),
        complete=all(leg.instrument.key in marks for leg in trade.legs if leg.held),
    )


def _with_fill(trade: Strangle, fill: OptionFill, times: int) -> Strangle:
    """Book `fill` once, or take it back once with `times` -1."""
    key = fill.instrument_key
    trade = replace(trade, commissions=trade.commissions + times * fill.commission)
    if key == trade.put.instrument.key:
        return replace(trade, put=_traded(trade.put, fill, times))
    if key == trade.call.instrument.key:
        return replace(trade, call=_traded(trade.call, fill, times))
    message = f"{key} is no leg of trade {trade.trade_id}"
    raise DataError(message)


def _traded(leg: StrangleLeg, fill: OptionFill, times: int) -> StrangleLeg:
    count = times * abs(fill.quantity)
    value = count * fill.price
    if fill.quantity > 0:
        bought = Contracts(leg.bought + count)
        return replace(leg, bought=bought, bought_value=leg.bought_value + value)
    sold = Contracts(leg.sold + count)
    return replace(leg, sold=sold, sold_value=leg.sold_value + value)


def _advanced(trade: Strangle, at: Timestamp) -> Strangle:
    if trade.flat and trade.state is not TradeState.ENTERING:
        return replace(trade, state=TradeState.CLOSED, closed_at=at)
    if trade.state is TradeState.CLOSED:
        # A late entry fill after the trade was written off: there is something to sell again.
        return replace(trade, state=TradeState.OPEN, closed_at=None)
    complete = all(leg.held >= trade.quantity for leg in trade.legs)
    if trade.state is TradeState.ENTERING and complete:
        return replace(trade, state=TradeState.OPEN)
    return trade


def _leg_profit(leg: StrangleLeg, mark: Decimal | None) -> tuple[Decimal, Decimal]:
    """Return (realised, unrealised) dollars of a leg, at average cost."""
    if leg.average_price is None:
        return leg.sold_value * leg.instrument.multiplier, _ZERO
    multiplier = leg.instrument.multiplier
    realised = (leg.sold_value - leg.sold * leg.average_price) * multiplier
    unrealised = _ZERO if mark is None else leg.held * (mark - leg.average_price) * multiplier
    return realised, unrealised
