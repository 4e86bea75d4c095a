"""Telling clients about orders and executions: who hears what, and what is lost on purpose.

Messages about an order go to its owner and to client 0; everybody sees positions. The exchange says
what happened, one message at a time; each is put into the words of the protocol here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from hedgetui.domain.instruments import leg_keys
from hedgetui.ports.broker import (
    BrokerMessage,
    Commission,
    Execution,
    OrderEnded,
    OrderListed,
    OrderNotice,
)
from hedgetui.simulation.streams import stream
from hedgetui.simulation.trading_floor import ORDER_CANCELLED, ORDER_REJECTED, UNKNOWN_ORDER
from hedgetui.simulation.tws.account import AccountDesk
from hedgetui.simulation.tws.executions import (
    Fill,
    commission_fields,
    execution_fields,
    fills_of,
)
from hedgetui.simulation.tws.framing import Field
from hedgetui.simulation.tws.ledger import Ledger
from hedgetui.simulation.tws.orders_out import OrderView, open_order, order_status
from hedgetui.simulation.tws.registry import DeskOrder, OrderRegistry
from hedgetui.simulation.tws.session import ClientSession
from hedgetui.simulation.tws.site import Site

CANCEL_NOT_FOUND = 10147
_Profits = Mapping[str, Decimal]
_FAILED = frozenset({ORDER_REJECTED, ORDER_CANCELLED})


class Herald:
    """Turns what the exchange says into messages for clients."""

    def __init__(self, site: Site, registry: OrderRegistry, account: AccountDesk) -> None:
        """Tell `site`'s clients about the orders in `registry`."""
        self._site = site
        self._registry = registry
        self._account = account
        self._random = stream(site.seed, "tws", "lost")
        self._untold: dict[str, list[Fill]] = {}

    def hear(self, message: BrokerMessage) -> None:
        """Take one message of the exchange."""
        match message:
            case OrderListed():
                self._on_order(message)
            case OrderEnded(client_key=key):
                self._on_end(key, message)
            case OrderNotice(client_key=key, code=code):
                if code not in _FAILED:
                    self._on_notice(key, message)
            case Execution():
                self._on_execution(message)
            case Commission():
                self._on_commission(message)

    def show(self, order: DeskOrder, status: str = "") -> None:
        """Send openOrder and orderStatus of an order to whoever may hear them.

        `status` is said instead of the true one.
        """
        view = self._view(order)
        self._show(order, replace(view, status=status or view.status))

    def _show(self, order: DeskOrder, view: OrderView) -> None:
        order.last_at = self._site.at
        for session in self._hearers(order.client_id):
            for _ in range(1 + self._site.switches.repeat_statuses):
                self._send_status(session, open_order(view, session.version))
                self._send_status(session, order_status(view))

    def error(self, order: DeskOrder, code: int, text: str) -> None:
        """Send an error about an order to whoever may hear it."""
        for session in self._hearers(order.client_id):
            session.error(order.order_id, code, text)

    def execution(self, session: ClientSession, request: int, execution: Execution) -> list[Fill]:
        """Send the messages of one booked execution as an answer; return what they were."""
        order = self._registry.by_key(execution.client_key)
        truth = self._site.truth()
        view = (
            self._registry.view(order, truth) if order
            else self._registry.manual_view(execution)
        )  # fmt: skip
        fills = fills_of(execution, view, truth)
        for fill in fills:
            session.send(*execution_fields(request, fill, view, session.version))
        return fills

    def commissions(self, session: ClientSession, fills: list[Fill]) -> None:
        """Send the charges of executions."""
        truth = self._site.truth()
        charges = {one.exec_id: one for one in truth.commissions}
        realised = Ledger.of(truth, self._site.opening).realised
        for fill in fills:
            charge = charges.get(fill.of.exec_id)
            if charge is not None and not fill.whole:
                self._send_commission(session, fill, charge, realised)

    # --- what the exchange says

    def _on_order(self, listed: OrderListed) -> None:
        """Show an order as it stood when the exchange spoke; fills have messages of their own."""
        order = self._registry.by_key(listed.client_key)
        if order is not None:
            view = self._view(order)
            average = view.average if listed.filled else Decimal(0)
            self._show(
                order,
                replace(
                    view, status="Submitted", filled=listed.filled, average=average, last=average
                ),
            )

    def _on_end(self, key: str, end: OrderEnded) -> None:
        order = self._registry.by_key(key)
        if order is None:
            return
        self.show(order)
        if end.rejected:
            self.error(order, ORDER_REJECTED, f"Order rejected - reason:{end.reason}")
        else:
            self.error(order, ORDER_CANCELLED, f"Order Canceled - reason:{end.reason}")
        self._reorder(order)

    def _on_notice(self, key: str, notice: OrderNotice) -> None:
        order = self._registry.by_key(key)
        if order is None:
            return
        code, text = notice.code, notice.message
        if code == UNKNOWN_ORDER:
            code = CANCEL_NOT_FOUND
            text = f"OrderId {order.order_id} that needs to be cancelled is not found."
        self.error(order, code, text)

    def _on_execution(self, execution: Execution) -> None:
        order = self._registry.by_key(execution.client_key)
        if order is None:
            self._on_settlement(execution)
            return
        truth = self._site.truth()
        view = self._view(order)
        order.last_at = self._site.at
        fills = fills_of(execution, view, truth)
        self._untold[execution.exec_id] = fills
        for session in self._hearers(order.client_id):
            self._send_executions(session, fills, view)
        self._account.traded([execution.instrument_key])
        legs = leg_keys(order.contract.key)
        if execution.revision > 1:
            self.show(order)
        elif execution.instrument_key == legs[-1]:
            done = fills[-1].cumulative
            status = "Submitted" if done < view.quantity else "Filled"
            self._show(order, replace(view, status=status, filled=done))
            self._reorder(order)

    def _on_settlement(self, execution: Execution) -> None:
        if self._site.switches.settlement_executions:
            view = self._registry.manual_view(execution)
            fills = fills_of(execution, view, self._site.truth())
            self._untold[execution.exec_id] = fills
            for session in self._hearers(0):
                self._send_executions(session, fills, view)
        self._account.traded([execution.instrument_key])

    def _on_commission(self, charge: Commission) -> None:
        fills = self._untold.pop(charge.exec_id, [])
        if not fills:
            return
        order = self._registry.by_key(fills[0].of.client_key)
        realised = self._site.ledger().realised
        for session in self._hearers(order.client_id if order else 0):
            for fill in fills:
                if not fill.whole and not self._lost(self._site.switches.lose_executions):
                    self._send_commission(session, fill, charge, realised)
        self._account.refresh()

    # --- messages

    def _view(self, order: DeskOrder) -> OrderView:
        return self._registry.view(order, self._site.truth())

    def _hearers(self, client_id: int) -> Iterator[ClientSession]:
        if self._site.cut_off:
            return
        yield from (one for one in self._site.clients() if one.client_id in {client_id, 0})

    def _send_executions(self, session: ClientSession, fills: list[Fill], view: OrderView) -> None:
        switches = self._site.switches
        if self._lost(switches.lose_executions):
            return
        for _ in range(1 + switches.duplicate_executions):
            for fill in fills:
                session.send(*execution_fields(-1, fill, view, session.version))

    def _send_commission(
        self,
        session: ClientSession,
        fill: Fill,
        charge: Commission,
        realised: Mapping[str, Decimal],
    ) -> None:
        switches = self._site.switches
        if switches.commission_missing:
            return
        profit = realised.get(charge.exec_id)
        session.send(
            *commission_fields(fill, charge, profit, sentinel=switches.commission_sentinel)
        )

    def _send_status(self, session: ClientSession, fields: tuple[Field, ...]) -> None:
        if not self._lost(self._site.switches.lose_statuses):
            session.send(*fields)

    def _reorder(self, order: DeskOrder) -> None:
        if self._site.switches.reorder_statuses and not self._registry.alive(order):
            self.show(order, status="Submitted")
            self.show(order)

    def _lost(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
