"""What clients may ask about orders: open ones, done ones, executions, and the next id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import BrokerTruth, Execution
from hedgetui.simulation.sessions import NEW_YORK
from hedgetui.simulation.tws.fields import BadMessage, Cursor
from hedgetui.simulation.tws.hours import eastern
from hedgetui.simulation.tws.orders_in import good_till
from hedgetui.simulation.tws.orders_out import completed_order, open_order, order_status
from hedgetui.simulation.tws.registry import DONE, DeskOrder, OrderRegistry
from hedgetui.simulation.tws.session import ClientSession, Handler
from hedgetui.simulation.tws.site import Site
from hedgetui.simulation.tws.telling import Herald

NEXT_ID = 9
_OPEN_END, _EXECUTIONS_END, _COMPLETED_END = 53, 55, 102


class OrderQuestions:
    """Answers about orders from what the exchange knows."""

    def __init__(self, site: Site, registry: OrderRegistry, herald: Herald) -> None:
        """Look at the orders in `registry`."""
        self._site = site
        self._registry = registry
        self._herald = herald

    def handlers(self) -> dict[int, Handler]:
        """Return what answers which message."""
        return {
            5: self._own_orders, 16: self._all_orders, 15: self._bind, 7: self._executions,
            99: self._completed, 8: self._next_id,
        }  # fmt: skip

    def midnight(self) -> Timestamp:
        """Return the New York midnight before which nothing is remembered."""
        today = datetime.fromtimestamp(self._site.at, NEW_YORK).date()
        return Timestamp(datetime.combine(today, time(0), NEW_YORK).timestamp())

    def _own_orders(self, session: ClientSession, _cursor: Cursor) -> None:
        self._list(session, lambda order: order.client_id == session.client_id)

    def _all_orders(self, session: ClientSession, _cursor: Cursor) -> None:
        self._list(session, lambda _order: True)

    def _bind(self, session: ClientSession, cursor: Cursor) -> None:
        """Client 0 hears of manual orders anyway; for others there is nothing to bind."""

    def _list(self, session: ClientSession, wanted: Callable[[DeskOrder], bool]) -> None:
        truth = self._site.truth()
        for order in self._registry.everything():
            if wanted(order) and self._registry.alive(order):
                view = self._registry.view(order, truth)
                session.send(*open_order(view, session.version))
                session.send(*order_status(view))
        if "openOrderEnd" not in self._site.switches.omitted_ends:
            session.send(_OPEN_END, 1)

    def _executions(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        request = cursor.integer("reqId")
        client, account = cursor.integer("clientId"), cursor.text("account")
        since, symbol = _since(cursor.text("time")), cursor.text("symbol")
        kind, venue, side = cursor.text("secType"), cursor.text("exchange"), cursor.text("side")
        del venue  # one account trades at one simulated venue
        truth = self._site.truth()
        first = max(self.midnight(), since)
        told = []
        for execution in truth.executions:
            if execution.at < first or account not in {"", self._site.account}:
                continue
            if self._fits(execution, client, symbol, kind) and side[:1] in {
                "", execution.side.value[:1],
            }:  # fmt: skip
                told += self._herald.execution(session, request, execution)
        if "execDetailsEnd" not in self._site.switches.omitted_ends:
            session.send(_EXECUTIONS_END, 1, request)
        self._herald.commissions(session, told)

    def _fits(self, execution: Execution, client: int, symbol: str, kind: str) -> bool:
        if not execution.client_key and not self._site.switches.settlement_executions:
            return False
        order = self._registry.by_key(execution.client_key)
        one = self._site.contracts.by_key(execution.instrument_key)
        return (
            client in {0, order.client_id if order else 0}
            and symbol in {"", one.symbol}
            and kind in {"", one.sec_type}
        )

    def _completed(self, session: ClientSession, cursor: Cursor) -> None:
        api_only = cursor.flag("apiOnly")
        truth = self._site.truth()
        for order in self._registry.everything():
            if self._completed_today(order, truth) and not (api_only and order.order_id == 0):
                view = self._registry.view(order, truth)
                at = eastern(self._ended_at(order, truth))
                session.send(*completed_order(view, session.version, at))
        if "completedOrdersEnd" not in self._site.switches.omitted_ends:
            session.send(_COMPLETED_END)

    def _completed_today(self, order: DeskOrder, truth: BrokerTruth) -> bool:
        return (
            self._registry.perm_id(order) > 0
            and self._registry.status(order)[0] in DONE
            and self._ended_at(order, truth) >= self.midnight()
        )

    def _ended_at(self, order: DeskOrder, truth: BrokerTruth) -> Timestamp:
        """Return when an order was heard of last, at the exchange if nobody was told."""
        times = [one.at for one in truth.executions if one.client_key == order.key]
        taken = self._site.exchange.book.orders.get(order.key)
        return max([order.last_at, *times, *([taken.arrived_at] if taken else [])])

    def _next_id(self, session: ClientSession, _cursor: Cursor) -> None:
        session.send(NEXT_ID, 1, self._registry.next_id)


def _since(text: str) -> Timestamp:
    """Return the moment a filter names; nothing named is the beginning of time."""
    if not text.strip():
        return Timestamp(0.0)
    try:
        return good_till(text)
    except BadMessage:
        return Timestamp(0.0)
