"""The order desk: who may place, change and cancel what.

Rules follow the real server: an id belongs to the client that used it, only the owner changes an
order, a used id is refused, and a question about margin never becomes an order.
"""

from __future__ import annotations

from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.instruments import GRAINS
from hedgetui.domain.units import Money, Timestamp, money
from hedgetui.simulation.grains import grain_session
from hedgetui.simulation.market import Market
from hedgetui.simulation.sessions import futures_close
from hedgetui.simulation.trading_floor import ORDER_CANCELLED
from hedgetui.simulation.tws.account import AccountDesk
from hedgetui.simulation.tws.contracts import Listed
from hedgetui.simulation.tws.fields import BAD_REQUEST, BadMessage, Cursor
from hedgetui.simulation.tws.hours import eastern, next_open
from hedgetui.simulation.tws.orders_in import REJECTED, OrderRequest, draft_of, read_order
from hedgetui.simulation.tws.orders_out import OrderView, WhatIf, open_order
from hedgetui.simulation.tws.registry import DONE, DeskOrder, OrderRegistry
from hedgetui.simulation.tws.session import ClientSession, Handler
from hedgetui.simulation.tws.site import Site
from hedgetui.simulation.tws.telling import CANCEL_NOT_FOUND, Herald

DUPLICATE_ID, MODIFY_DONE, NO_DEFINITION, HELD = 103, 104, 200, 399
CANCEL_TOO_LATE, TIF_PRESET, OUTSIDE_RTH_IGNORED = 10148, 10349, 2109
_NOT_FOUND = "No security definition has been found for the request"
_EARLY_WARNING = "Early local warning: the order was checked against cached margins only"
_MAINTENANCE = 9, 10


class OrderDesk:
    """Takes orders, changes and cancellations."""

    def __init__(
        self, site: Site, registry: OrderRegistry, herald: Herald, account: AccountDesk
    ) -> None:
        """Keep orders in `registry`; `herald` tells what becomes of them."""
        self._site = site
        self._registry = registry
        self._herald = herald
        self._account = account
        self.stuck: list[DeskOrder] = []
        """Orders swallowed on purpose, oldest first."""

    def handlers(self) -> dict[int, Handler]:
        """Return what answers which message."""
        return {3: self._place, 4: self._cancel_asked, 58: self._cancel_all}

    def send(self, order: DeskOrder) -> None:
        """Send an order on to the exchange."""
        order.sent = True

        def submit() -> None:
            try:
                exchange = self._site.exchange
                exchange.submit(self._site.session_number(), order.key, order.draft)
            except BrokerUnreachable:
                order.sent = False
                raise

        self._site.send_on(submit)

    def cancel(self, order: DeskOrder) -> None:
        """Cancel an order that is alive."""
        if order.sent:
            key = order.key
            self._site.send_on(lambda: self._site.exchange.cancel(self._site.session_number(), key))
        elif order.local_perm:
            order.local_status, order.local_reason = "Cancelled", "cancelled by the client"
            self._herald.show(order)
            self._herald.error(order, ORDER_CANCELLED, "Order Canceled - reason:")

    def link_lost(self) -> None:
        """Forget orders that left and never arrived: the link broke under them."""
        book = self._site.exchange.book.orders
        for order in self._registry.everything():
            if order.sent and order.key not in book:
                order.sent = False

    # --- placing

    def _place(self, session: ClientSession, cursor: Cursor) -> None:
        number = cursor.fields[1] if len(cursor.fields) > 1 else ""
        about = int(number) if number.isdigit() else -1
        try:
            request = read_order(cursor.fields, session.version)
            self._check(session, request)
            known = self._registry.by_id(session.client_id or 0, request.order_id)
            if known is not None:
                self._modify(session, known, request)
            else:
                self._take_new(session, request)
        except BadMessage as bad:
            session.error(about, bad.number, bad.message)

    def _check(self, session: ClientSession, request: OrderRequest) -> None:
        if request.account not in {"", self._site.account}:
            raise BadMessage(f"Invalid account code '{request.account}'.", BAD_REQUEST)
        known = self._registry.by_id(session.client_id or 0, request.order_id) is not None
        if (request.what_if and known) or (not known and request.order_id < session.floor):
            raise BadMessage("Duplicate order id", DUPLICATE_ID)

    def _take_new(self, session: ClientSession, request: OrderRequest) -> None:
        session.floor = request.order_id + 1
        self._registry.next_id = max(self._registry.next_id, session.floor)
        contract = self._contract(request)
        if request.what_if:
            self._what_if(session, contract, request)
            return
        draft = draft_of(request, contract)
        order = DeskOrder(
            session.client_id or 0, request.order_id, request.order_ref,
            self._registry.fresh_key(session.client_id or 0, request), contract, draft,
            outside_rth=request.outside_rth,
        )  # fmt: skip
        self._registry.add(order)
        switches = self._site.switches
        rejection, switches.rejection = switches.rejection, None
        if rejection is not None:
            self._refuse(order, rejection.code, rejection.text, told=rejection.with_status)
        elif words := _untradable(contract):
            self._refuse(order, REJECTED, words, told=True)
        elif switches.stick_pending:
            self.stuck.append(order)
        elif switches.hold_399 or switches.hold_quietly:
            self._hold(order, told=switches.hold_399)
        else:
            self.send(order)
            self._warn(order)

    def _contract(self, request: OrderRequest) -> Listed:
        wanted = request.contract
        if wanted.sec_type == "BAG":
            found = self._site.contracts.combination(wanted)
            if found is not None:
                return found
            raise BadMessage(_NOT_FOUND, NO_DEFINITION)
        fitting = self._site.contracts.find(wanted)
        if len(fitting) == 1:
            return fitting[0]
        words = f"The contract description specified for {wanted.symbol} is ambiguous."
        raise BadMessage(words if fitting else _NOT_FOUND, NO_DEFINITION)

    def _refuse(self, order: DeskOrder, code: int, text: str, *, told: bool) -> None:
        order.local_status, order.local_reason = "Inactive", text
        self._registry.number_locally(order)
        if told:
            self._herald.show(order)
        self._herald.error(order, code, text)

    def _hold(self, order: DeskOrder, *, told: bool) -> None:
        order.local_status = "PreSubmitted"
        self._registry.number_locally(order)
        self._herald.show(order)
        if not told:
            return
        at = _reopening(self._site.exchange.market, order.contract)
        side, size = order.draft.side, order.draft.quantity
        self._herald.error(
            order, HELD,
            f"Order Message:\n{side} {size} {order.contract.local_symbol}\nWarning: your order "
            f"will not be placed at the exchange until {eastern(at)}",
        )  # fmt: skip

    def _warn(self, order: DeskOrder) -> None:
        """Send the notices that are switched on; the order lives on."""
        switches = self._site.switches
        if switches.info_399:
            self._herald.error(order, HELD, "Order Message:\nWarning: for your information only")
        if switches.tif_10349:
            self._herald.error(order, TIF_PRESET, "Order TIF was set to DAY based on order preset.")
        if switches.warn_2109:
            self._herald.error(
                order, OUTSIDE_RTH_IGNORED,
                "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored based "
                "on the order type and destination. PlaceOrder is now being processed.",
            )  # fmt: skip

    # --- changing

    def _modify(self, session: ClientSession, order: DeskOrder, request: OrderRequest) -> None:
        if self._registry.status(order)[0] in DONE:
            raise BadMessage("Cannot modify a filled order.", MODIFY_DONE)
        contract = self._contract(request)
        draft = draft_of(request, contract)
        if order.sent:
            key = order.key
            self._site.send_on(
                lambda: self._site.exchange.modify(self._site.session_number(), key, draft)
            )
        elif order.local_perm and contract == order.contract:
            order.draft = draft
            self._herald.show(order)
        del session

    # --- asking for margin

    def _what_if(self, session: ClientSession, contract: Listed, request: OrderRequest) -> None:
        switches = self._site.switches
        if switches.refuse_whatif:
            raise BadMessage("The question about margin is refused.", switches.refuse_whatif)
        words = _untradable(contract)
        if words:
            raise BadMessage(words, REJECTED)
        draft = draft_of(request, contract)
        view = OrderView(
            request.order_id, session.client_id or 0, 0, contract, request.action,
            request.quantity, request.order_type, request.limit_price, request.tif or "DAY",
            request.good_till, request.order_ref, request.outside_rth, self._site.account,
            "PreSubmitted",
        )  # fmt: skip
        if switches.early_whatif:
            early = WhatIf(warning=_EARLY_WARNING)
            session.send(*open_order(view, session.version, early))
        values = self._account.values()
        effect = self._site.exchange.margin(draft)
        before, equity = (money(values[tag][0]) for tag in ("InitMarginReq", "EquityWithLoanValue"))
        change = money(effect.initial_change)
        after = Money(before + change)
        equity_after = Money(effect.headroom_after + after)
        amounts = (
            before, _maintenance(before), equity,
            change, _maintenance(change), Money(equity_after - equity),
            after, _maintenance(after), equity_after,
        )  # fmt: skip
        told = WhatIf(tuple(f"{amount:.2f}" for amount in amounts), "USD")
        session.send(*open_order(view, session.version, told))

    # --- cancelling

    def _cancel_asked(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        number = cursor.integer("orderId")
        order = self._registry.by_id(session.client_id or 0, number)
        words = f"OrderId {number} that needs to be cancelled"
        if order is None:
            session.error(number, CANCEL_NOT_FOUND, f"{words} is not found.")
            return
        status = self._registry.status(order)[0]
        if status in DONE:
            text = f"{words} can not be cancelled, state: {status}."
            session.error(number, CANCEL_TOO_LATE, text)
            return
        self.cancel(order)

    def _cancel_all(self, _session: ClientSession, _cursor: Cursor) -> None:
        for order in self._registry.everything():
            if self._registry.alive(order):
                self.cancel(order)


def _maintenance(amount: Money) -> Money:
    share, whole = _MAINTENANCE
    return money(amount * share / whole)


def _reopening(market: Market, contract: Listed) -> Timestamp:
    """Return when the session after this one begins."""
    if contract.symbol in GRAINS:
        return grain_session(grain_session(market.at).closes_at).until
    session = market.session
    if contract.sec_type == "FUT":
        return next_open(futures_close(session), lambda one: one.futures_open)
    return next_open(session.until, lambda one: one.options_open)


def _untradable(contract: Listed) -> str:
    """Return why the exchange does not trade a contract, empty when it does."""
    if contract.sec_type in {"FUT", "BAG", "OPT", "STK"}:
        return ""
    what = contract.local_symbol.strip()
    return f"Order rejected - reason:{what} is quoted here and cannot be traded: it is an index"
