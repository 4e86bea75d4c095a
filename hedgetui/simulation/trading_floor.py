"""Where orders live at the exchange: taken in, matched, ended, settled, and every step told.

The order of deeds is the promise: first the durable record, then the message. An order that may
rest stays until it is filled, cancelled, out of time or its instrument has expired.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from random import Random

from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import OrderDraft, Side, TimeInForce
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import BrokerMessage, Margin, OrderEnded, OrderListed, OrderNotice
from hedgetui.simulation.admission import Admission, closes_at
from hedgetui.simulation.agenda import Agenda
from hedgetui.simulation.broker_book import BrokerBook, Fees
from hedgetui.simulation.chain import QuoteBoard
from hedgetui.simulation.faults import Faults
from hedgetui.simulation.matching import BookOrder, FillModel, Matcher
from hedgetui.simulation.sessions import session_at

DUPLICATE_ID = 103
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
        random: tuple[Random, Random],
        now: Callable[[], Timestamp],
        tell: Callable[[BrokerMessage], None],
    ) -> None:
        """Trade on `board`, keep in `book`, tell with `tell`; `random` is for (fills, faults)."""
        self._board = board
        self._book = book
        self._agenda = agenda
        self._terms = terms
        fills, self._random = random
        self._matcher = Matcher(terms.fills, fills)
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
        refusal = self._admission.refusal(draft, self._now()) or self._bad_luck()
        if refusal:
            order.end(rejected=True, reason=refusal)
            self._book.accept(order)
            self._tell_end(order, ORDER_REJECTED)
            return
        self._book.accept(order)
        self._tell(OrderListed(client_key, order.broker_order, Contracts(0)))
        if self._random.random() < self._terms.faults.information_rate:
            self._tell(OrderNotice(client_key, INFORMATION, "Order message: held for a moment"))
        self._match(order, 0.0)
        if order.ended:
            return
        if order.immediate:
            self._end(order, ORDER_CANCELLED, _NOTHING_MORE)
        else:
            self._work(order)

    def _bad_luck(self) -> str:
        unlucky = self._random.random() < self._terms.faults.reject_rate
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

    def _work(self, order: BookOrder) -> None:
        """Keep an order resting until its time is over."""
        self._working[order.client_key] = order
        instrument = parse_key(order.draft.instrument_key)
        end, why = closes_at(session_at(order.arrived_at), instrument), "end of the trading day"
        if order.draft.tif is TimeInForce.GOOD_TILL and order.draft.good_till is not None:
            end, why = order.draft.good_till, "good-till time reached"
        self._agenda.add(max(end, self._now()), partial(self._expire, order, why))

    def _expire(self, order: BookOrder, why: str) -> None:
        if not order.ended:
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
        match = self._matcher.match(order, self._board.quote(key), seconds)
        if match is None:
            return
        fee = self._terms.fees.charge(key, match.quantity)
        for message in self._book.execute(
            order, key, side, match.quantity, match.price, at=self._now(), fee=fee
        ):
            self._tell(message)
        self._plan_settlement(key)

    def _plan_settlement(self, key: str) -> None:
        if key not in self._settling:
            self._settling.add(key)
            self._agenda.add(
                max(parse_key(key).expires_at, self._now()), partial(self._settle, key)
            )

    def _settle(self, key: str) -> None:
        """Expire an instrument: orders end, positions become cash."""
        for order in tuple(self._working.values()):
            if order.draft.instrument_key == key:
                self._end(order, ORDER_CANCELLED, f"{key} has expired")
        held = self._book.account.positions.get(key, 0)
        if held:
            price = self._board.settlement(parse_key(key))
            for message in self._book.execute(
                None, key, Side.of(-held), abs(held), price, at=self._now(), fee=Decimal(0)
            ):
                self._tell(message)
