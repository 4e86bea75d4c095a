"""Every order the gateway knows, found by whoever may ask: owner and id, or the exchange's key.

What must survive a restart is in the key under which an order lives at the exchange, so a gateway
that opens on a persisted exchange knows owners, ids and references again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hedgetui.domain.orders import OrderDraft, OrderType, TimeInForce
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import BrokerTruth, Execution
from hedgetui.simulation.matching import BookOrder
from hedgetui.simulation.tws.contracts import Listed
from hedgetui.simulation.tws.hours import EASTERN
from hedgetui.simulation.tws.ledger import cumulative
from hedgetui.simulation.tws.orders_in import OrderRequest
from hedgetui.simulation.tws.orders_out import OrderView
from hedgetui.simulation.tws.site import Site

SCHEME = "tws"
_FIRST_LOCAL_PERM = 900_000_001
DONE = frozenset({"Filled", "Cancelled", "Inactive"})


@dataclass(slots=True)
class DeskOrder:
    """One order, by whom and under which key; what became of it the exchange knows."""

    client_id: int
    order_id: int
    order_ref: str
    key: str
    contract: Listed
    draft: OrderDraft
    good_till: str = ""
    outside_rth: bool = False
    sent: bool = False
    """Whether it is on its way to the exchange or there."""
    local_perm: int = 0
    """Its own number while the exchange has not numbered it."""
    local_status: str = "PendingSubmit"
    """What it is called while the exchange does not know it."""
    local_reason: str = ""
    last_at: Timestamp = Timestamp(0.0)
    """When something happened to it last."""


def make_key(client_id: int, order_id: int, repeat: int, order_ref: str) -> str:
    """Return the exchange's client key of an order; `repeat` counts reuses of an order id."""
    number = str(order_id) if repeat == 1 else f"{order_id}.{repeat}"
    return f"{SCHEME}:{client_id}:{number}:{order_ref}"


def read_key(key: str) -> tuple[int, int, str]:
    """Return (client id, order id, reference) of a key; a foreign key is a manual order's."""
    scheme, *rest = key.split(":", 3)
    if scheme == SCHEME and len(rest) == 3:
        client, number, reference = rest
        number = number.partition(".")[0]
        if client.isdigit() and number.isdigit():
            return int(client), int(number), reference
    return 0, 0, key


class OrderRegistry:
    """The orders of all clients."""

    def __init__(self, site: Site) -> None:
        """Take up what the exchange remembers."""
        self._site = site
        self._by_key: dict[str, DeskOrder] = {}
        self._by_id: dict[tuple[int, int], DeskOrder] = {}
        self._local_perms = 0
        self.next_id = 1
        for book_order in site.exchange.book.orders.values():
            self.adopt(book_order)

    def adopt(self, book_order: BookOrder) -> DeskOrder:
        """Take up an order that lives at the exchange already."""
        client_id, order_id, reference = read_key(book_order.client_key)
        draft = book_order.draft
        order = DeskOrder(
            client_id, order_id, reference, book_order.client_key,
            self._site.contracts.by_key(draft.instrument_key), draft, till_text(draft),
            sent=True, last_at=book_order.arrived_at,
        )  # fmt: skip
        self.add(order)
        return order

    def add(self, order: DeskOrder) -> None:
        """Know an order from now on."""
        self._by_key[order.key] = order
        if order.order_id > 0:
            self._by_id[order.client_id, order.order_id] = order
            self.next_id = max(self.next_id, order.order_id + 1)

    def forget_ids(self, since: int) -> None:
        """Let order ids from `since` on be given anew; the orders keep their permanent ids."""
        for owner, number in tuple(self._by_id):
            if number >= since:
                del self._by_id[owner, number]
        self.next_id = since

    def by_id(self, client_id: int, order_id: int) -> DeskOrder | None:
        """Return the order of a client's id."""
        return self._by_id.get((client_id, order_id))

    def by_key(self, key: str) -> DeskOrder | None:
        """Return the order of an exchange's key; one that came past the gateway is adopted."""
        order = self._by_key.get(key)
        if order is None and key in self._site.exchange.book.orders:
            order = self.adopt(self._site.exchange.book.orders[key])
        return order

    def find(self, name: str) -> DeskOrder | None:
        """Return the newest order of a reference, a permanent id or a key."""
        for order in reversed(tuple(self._by_key.values())):
            if name in {order.order_ref, str(self.perm_id(order)), order.key}:
                return order
        return None

    def fresh_key(self, client_id: int, request: OrderRequest) -> str:
        """Return a key nobody used."""
        repeat = 1
        known = {*self._by_key, *self._site.exchange.book.orders}
        while (key := make_key(client_id, request.order_id, repeat, request.order_ref)) in known:
            repeat += 1
        return key

    def number_locally(self, order: DeskOrder) -> None:
        """Give a permanent id to an order the exchange never sees."""
        if not order.local_perm:
            order.local_perm = _FIRST_LOCAL_PERM + self._local_perms
            self._local_perms += 1

    def everything(self) -> Iterator[DeskOrder]:
        """Yield every order that was ever taken, oldest first."""
        for key in self._site.exchange.book.orders:
            self.by_key(key)
        yield from tuple(self._by_key.values())

    def perm_id(self, order: DeskOrder) -> int:
        """Return the permanent id; 0 before anybody gave one."""
        book_order = self._site.exchange.book.orders.get(order.key)
        return int(book_order.broker_order) if book_order else order.local_perm

    def status(self, order: DeskOrder) -> tuple[str, str]:
        """Return what an order is called now, and why."""
        book_order = self._site.exchange.book.orders.get(order.key)
        if book_order is None:
            return order.local_status, order.local_reason
        if not book_order.ended:
            return "Submitted", ""
        if book_order.rejected:
            return "Inactive", book_order.reason
        return ("Cancelled" if book_order.remaining else "Filled"), book_order.reason

    def alive(self, order: DeskOrder) -> bool:
        """Whether the order works or waits, as far as clients are to know."""
        known = order.sent or order.local_perm > 0
        return known and self.status(order)[0] not in DONE

    def view(self, order: DeskOrder, truth: BrokerTruth) -> OrderView:
        """Return an order as messages show it now."""
        book_order = self._site.exchange.book.orders.get(order.key)
        draft = book_order.draft if book_order else order.draft
        status, reason = self.status(order)
        own = [one for one in truth.executions if one.client_key == order.key]
        average, last = _prices(own, order.contract)
        return OrderView(
            order.order_id, order.client_id, self.perm_id(order), order.contract,
            draft.side.value, draft.quantity, draft.order_type.value, draft.limit_price,
            draft.tif.value, till_text(draft), order.order_ref, order.outside_rth,
            self._site.account, status, book_order.filled if book_order else 0, average, last,
            reason,
        )  # fmt: skip

    def manual_view(self, execution: Execution) -> OrderView:
        """Return what stands for the order of an execution that has none: a settlement."""
        return OrderView(
            0, 0, 0, self._site.contracts.by_key(execution.instrument_key),
            execution.side.value, execution.quantity, OrderType.MARKET.value, None,
            TimeInForce.DAY.value, "", "", outside_rth=False, account=self._site.account,
            status="Filled", filled=execution.quantity,
        )  # fmt: skip


def _prices(own: list[Execution], contract: Listed) -> tuple[Decimal, Decimal]:
    """Return the average and the last price; of a combination the sums over its legs."""
    keys = [leg.key for leg in contract.legs] or [contract.key]
    average = last = Decimal(0)
    for key in keys:
        of_leg = [one for one in own if one.instrument_key == key]
        if of_leg:
            average += cumulative(of_leg, of_leg[-1])[1]
            last += of_leg[-1].price
    return average, last


def till_text(draft: OrderDraft) -> str:
    """Return an order's end as messages print it."""
    if draft.good_till is None:
        return ""
    return f"{datetime.fromtimestamp(draft.good_till, EASTERN):%Y%m%d %H:%M:%S} US/Eastern"
