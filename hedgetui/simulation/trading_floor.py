"""Where orders live at the exchange: taken in, matched, ended, settled, and every step told.

The order of deeds is the promise: first the durable record, then the message. An order that may
rest stays until it is filled, cancelled, out of time or what it trades has expired. A combo trades
as one: both legs in the same moment, each at a price inside its own market.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from random import Random

from hedgetui.domain.instruments import leg_keys, parse_key, share_a_leg
from hedgetui.domain.orders import OrderDraft, Side, TimeInForce
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import BrokerMessage, Margin, OrderEnded, OrderListed, OrderNotice
from hedgetui.simulation.admission import Admission, closes_at
from hedgetui.simulation.agenda import Agenda
from hedgetui.simulation.broker_book import BrokerBook, Fees, Trade
from hedgetui.simulation.chain import QuoteBoard
from hedgetui.simulation.faults import Faults
from hedgetui.simulation.matching import BookOrder, FillModel, Luck, Match, Matcher, leg_prices

DUPLICATE_ID = 103
TOO_LATE_TO_MODIFY = 104
NOT_THE_SAME_ORDER = 105
BAD_TICK = 110
UNKNOWN_ORDER = 135
ORDER_REJECTED = 201
ORDER_CANCELLED = 202
INFORMATION = 399
TOO_LATE_TO_CANCEL = 10148

_NOTHING_MORE = "immediate or cancel: nothing more to trade"


@dataclass(frozen=True, slots=True)
class FloorTerms:
    """What trading costs, how willing the other side is and what goes wrong."""

    fees: Fees
    fills: FillModel
    faults: Faults


class TradingFloor:
    """The exchange's orders, from arrival to their end."""

    def __init__(
        self,
        board: QuoteBoard,
        book: BrokerBook,
        agenda: Agenda,
        *,
        terms: FloorTerms,
        random: Callable[[str], Random],
        now: Callable[[], Timestamp],
        tell: Callable[[BrokerMessage], None],
    ) -> None:
        """Trade on `board`, keep in `book`, tell with `tell`; `random` makes the stream of a cause.

        Grains and securities have streams of their own, so that they change no fill of the index.
        """
        self._board = board
        self._book = book
        self._agenda = agenda
        self._terms = terms
        self._luck = Luck("faults", random)
        self.matcher = Matcher(terms.fills, Luck("fills", random))
        self._admission = Admission(board.market, board, book)
        self._now = now
        self._tell = tell
        self._working: dict[str, BookOrder] = {}
        self._settling: set[str] = set()

    @property
    def has_orders(self) -> bool:
        """Whether any order rests."""
        return bool(self._working)

    def resume(self) -> None:
        """Take up the orders and positions the book remembers."""
        for order in self._book.orders.values():
            if not order.ended and order.immediate:
                self._end(order, ORDER_CANCELLED, _NOTHING_MORE)
            elif not order.ended:
                self._work(order)
        for key in self._book.account.positions:
            self._plan_settlement(key)

    def margin(self, draft: OrderDraft) -> Margin:
        """Return what an order would do to margin and to the money left for others."""
        return self._admission.margin(draft)

    def receive(self, client_key: str, draft: OrderDraft) -> None:
        """Take an arriving order: refuse it, fill it or let it rest."""
        if client_key in self._book.orders:
            self._tell(OrderNotice(client_key, DUPLICATE_ID, "Duplicate order id"))
            return
        order = BookOrder(client_key, self._book.next_broker_order(), draft, self._now())
        refusal = self._admission.refusal(draft, self._now()) or self._bad_luck(draft)
        if refusal:
            order.end(rejected=True, reason=refusal)
            self._book.accept(order)
            self._tell_end(order, ORDER_REJECTED)
            return
        self._book.accept(order)
        self._tell(OrderListed(client_key, order.broker_order, Contracts(0)))
        luck = self._luck.of(draft.instrument_key)
        if luck.random() < self._terms.faults.information_rate:
            self._tell(OrderNotice(client_key, INFORMATION, "Order message: held for a moment"))
        self._meet(order)

    def _meet(self, order: BookOrder) -> None:
        """Let an order with new terms trade what it can and rest if it may."""
        self._match(order, 0.0)
        if order.ended:
            return
        if order.immediate:
            self._end(order, ORDER_CANCELLED, _NOTHING_MORE)
        else:
            self._work(order)

    def _bad_luck(self, draft: OrderDraft) -> str:
        luck = self._luck.of(draft.instrument_key)
        unlucky = luck.random() < self._terms.faults.reject_rate
        return "the exchange is busy, order not accepted" if unlucky else ""

    def cancel(self, client_key: str) -> None:
        """Cancel an order, or say why it cannot be."""
        order = self._book.orders.get(client_key)
        if order is None:
            self._tell(OrderNotice(client_key, UNKNOWN_ORDER, "Can't find order"))
        elif order.ended:
            text = f"Order cannot be cancelled, state: {order.reason}"
            self._tell(OrderNotice(client_key, TOO_LATE_TO_CANCEL, text))
        else:
            self._end(order, ORDER_CANCELLED, "cancelled by the client")

    def modify(self, client_key: str, wanted: OrderDraft) -> None:
        """Change price, quantity and time of a working order, or say why not and that it stands.

        The changed order meets the market at once, as a new one would.
        """
        order = self._book.orders.get(client_key)
        if order is None:
            self._tell(OrderNotice(client_key, UNKNOWN_ORDER, "Can't find order"))
            return
        if order.ended:
            text = f"Cannot modify an order that is done: {order.reason}"
            self._tell(OrderNotice(client_key, TOO_LATE_TO_MODIFY, text))
            return
        code, reason = self._objection(order, wanted)
        if reason:
            self._tell(OrderNotice(client_key, code, reason))
        else:
            changed = replace(
                order.draft, quantity=wanted.quantity, limit_price=wanted.limit_price,
                tif=wanted.tif, good_till=wanted.good_till,
            )  # fmt: skip
            self._book.modify(order, changed)
        self._tell(OrderListed(client_key, order.broker_order, Contracts(order.filled)))
        if not reason:
            self._working.pop(client_key, None)
            self._meet(order)

    def _objection(self, order: BookOrder, wanted: OrderDraft) -> tuple[int, str]:
        """Return why an order cannot be changed as wanted, with the code that says it."""
        kept = order.draft
        if (kept.instrument_key, kept.side, kept.order_type) != (
            wanted.instrument_key, wanted.side, wanted.order_type,
        ):  # fmt: skip
            text = "Order being modified does not match the original order"
            return NOT_THE_SAME_ORDER, f"{text}: {kept.describe()}"
        if wanted.quantity <= order.filled:
            return ORDER_REJECTED, f"{order.filled} are filled: {wanted.quantity} leaves nothing"
        tick = parse_key(kept.instrument_key).tick
        if wanted.limit_price is not None and wanted.limit_price % tick:
            return BAD_TICK, f"the price {wanted.limit_price} is not a multiple of {tick}"
        rest = replace(wanted, quantity=Contracts(wanted.quantity - order.filled))
        refused = self._admission.refusal(rest, self._now(), instead_of=order.client_key)
        return ORDER_REJECTED, refused

    def _work(self, order: BookOrder) -> None:
        """Keep an order resting until its time is over."""
        self._working[order.client_key] = order
        draft = order.draft
        instrument = parse_key(draft.instrument_key)
        end, why = closes_at(order.arrived_at, instrument), "end of the trading day"
        if draft.tif is TimeInForce.GOOD_TILL and draft.good_till is not None:
            end, why = draft.good_till, "good-till time reached"
        if instrument.expiry is not None and instrument.expires_at < end:
            first = min(instrument.legs or (instrument,), key=lambda leg: leg.expires_at)
            end, why = instrument.expires_at, f"{first.key} has expired"
        self._agenda.add(max(end, self._now()), partial(self._expire, order, draft, why))

    def _expire(self, order: BookOrder, draft: OrderDraft, why: str) -> None:
        """End an order whose time is over, unless it was given other terms meanwhile."""
        if not order.ended and order.draft is draft:
            self._end(order, ORDER_CANCELLED, why)

    def _end(self, order: BookOrder, code: int, reason: str) -> None:
        self._working.pop(order.client_key, None)
        self._book.end(order, rejected=False, reason=reason)
        self._tell_end(order, code)

    def _tell_end(self, order: BookOrder, code: int) -> None:
        key, why = order.client_key, order.reason
        self._tell(OrderNotice(key, code, why))
        self._tell(OrderEnded(key, order.broker_order, order.rejected, why))

    def tick(self) -> None:
        """Match every resting order against the new tick."""
        for order in tuple(self._working.values()):
            self._match(order, self._board.market.tick_s)
            if order.ended:
                self._working.pop(order.client_key, None)

    def _match(self, order: BookOrder, seconds: float) -> None:
        key, side = order.draft.instrument_key, order.draft.side
        match = self.matcher.match(order, self._board.quote(key), seconds)
        if match is None:
            return
        for message in self._book.execute(order, self._trades(key, match), side, at=self._now()):
            self._tell(message)
        for leg in leg_keys(key):
            self._plan_settlement(leg)

    def _trades(self, key: str, match: Match) -> tuple[Trade, ...]:
        """Return what a match trades of each contract, at which price and charge."""
        legs, quantity = leg_keys(key), match.quantity
        prices: tuple[Decimal, ...] = (match.price,)
        if len(legs) > 1:
            prices = leg_prices(match.price, self._board.quotes(legs), parse_key(key).tick)
        return tuple(
            Trade(leg, quantity, price, self._terms.fees.charge(leg, quantity))
            for leg, price in zip(legs, prices, strict=True)
        )

    def _plan_settlement(self, key: str) -> None:
        """Put the end of what is held on the agenda; shares have none."""
        instrument = parse_key(key)
        if key not in self._settling and instrument.expiry is not None:
            self._settling.add(key)
            self._agenda.add(max(instrument.expires_at, self._now()), partial(self._settle, key))

    def _settle(self, key: str) -> None:
        """Expire an instrument: orders end, positions become cash."""
        for order in tuple(self._working.values()):
            if share_a_leg(order.draft.instrument_key, key):
                self._end(order, ORDER_CANCELLED, f"{key} has expired")
        held = self._book.account.positions.get(key, 0)
        if held:
            ended = Trade(key, abs(held), self._board.settlement(parse_key(key)))
            for message in self._book.execute(None, (ended,), Side.of(-held), at=self._now()):
                self._tell(message)
