"""Everything that can be broken on purpose, by method in tests and by a line of text from outside.

Switches stay until they are set back (see `Switches`); methods do something once. Both have one
name each, so a test and the admin channel say the same words.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from hedgetui.domain.errors import BrokerUnreachable, DataError
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.orders import OrderDraft, OrderType, Purpose, Side
from hedgetui.domain.units import Contracts
from hedgetui.ports.broker import Execution
from hedgetui.simulation.broker_book import Trade
from hedgetui.simulation.exchange import Exchange
from hedgetui.simulation.market import Halt
from hedgetui.simulation.tws.executions import root_of
from hedgetui.simulation.tws.faults import Rejection, Switches
from hedgetui.simulation.tws.registry import make_key

if TYPE_CHECKING:
    from hedgetui.simulation.tws_gateway import TwsGateway

_LOST, _RESTORED_EMPTY, _RESTORED = 1100, 1101, 1102
_RESTORED_WORDS = "Connectivity between IB and Trader Workstation has been restored"
_FARM_CODES = {"ushmds": (2105, 2106, "HMDS"), "secdefnj": (2157, 2158, "Sec-def")}
FARMS = ("usfarm", "usfuture", "usopt", "ushmds", "secdefnj")
ENDS = (
    "openOrderEnd", "execDetailsEnd", "positionEnd", "completedOrdersEnd", "accountDownloadEnd",
    "accountSummaryEnd", "accountUpdateMultiEnd", "contractDetailsEnd",
    "securityDefinitionOptionParameterEnd",
)  # fmt: skip


class GatewayControl(Switches):
    """The gateway's faults: switches as attributes, deeds as methods."""

    def __init__(self, gateway: TwsGateway) -> None:
        """Break `gateway`, later."""
        super().__init__()
        self._gateway = gateway
        self._manual = 0
        self.refusing = False
        """Whether new connections are closed at once."""

    def error(self, code: int, text: str, req_id: int = -1) -> None:
        """Send an error or a notice to every client."""
        for session in self._gateway.site.clients():
            session.error(req_id, code, text)

    def drop(self) -> None:
        """Reset every connection."""
        self._gateway.drop_all()

    def refuse(self, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a switch
        """Let nobody in, or again everybody."""
        self.refusing = on

    def freeze(self) -> None:
        """Process nothing and answer nothing, as a stopped process; connections stay open."""
        self._gateway.frozen = True

    def thaw(self) -> None:
        """Go on: what was sent meanwhile is processed, also from clients that have left."""
        self._gateway.thaw()

    def nightly_reset(self, seconds: float) -> None:
        """Drop everybody and let nobody in for a while."""
        self.refuse(on=True)
        self.drop()
        self._gateway.site.clock.call_later(seconds, partial(self.refuse, on=False))

    def lose_subscriptions(self) -> None:
        """Forget every market data line without a word."""
        for session in self._gateway.site.clients():
            session.lines.clear()

    def outage_1100(self) -> None:
        """Lose the server's own link: nothing comes, and orders wait in the server."""
        self._gateway.site.cut_off = True
        self.error(_LOST, "Connectivity between IB and Trader Workstation has been lost.")

    def restore(self, data_lost: bool = False) -> None:  # noqa: FBT001, FBT002 - a switch
        """Have the link back, with the market data lines or without them."""
        site = self._gateway.site
        site.cut_off = False
        waiting, site.deferred = site.deferred, []
        for action in waiting:
            with suppress(BrokerUnreachable):  # lost on the way, as the scenario wants it
                action()
        if data_lost:
            self.lose_subscriptions()
            self.error(_RESTORED_EMPTY, f"{_RESTORED_WORDS} - data lost.")
        else:
            self.error(_RESTORED, f"{_RESTORED_WORDS} - data maintained.")
        traded, site.untold = site.untold, []
        self._gateway.account.traded(traded)
        self._gateway.drive()

    def farm(self, name: str, ok: bool) -> None:  # noqa: FBT001 - a switch
        """Break or mend a data farm; its lines are silent while it is broken.

        Raises:
            DataError: there is no such farm.
        """
        _known(name, FARMS, "farm")
        (self.silent_farms.discard if ok else self.silent_farms.add)(name)
        self.error(*farm_notice(name, ok=ok))

    def omit_end(self, message: str, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a switch
        """Never send an end mark, or send it again.

        Raises:
            DataError: there is no such end mark.
        """
        _known(message, ENDS, "end mark")
        (self.omitted_ends.add if on else self.omitted_ends.discard)(message)

    def reject_next(
        self,
        code: int = 201,
        text: str = "",
        with_status: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        """Refuse the next order with a code; with or without an order status."""
        words = text or Rejection.text
        self.rejection = Rejection(code, words, with_status)

    def release_pending(self) -> None:
        """Send on the orders that `stick_pending` swallowed."""
        desk = self._gateway.desk
        stuck, desk.stuck = desk.stuck, []
        for order in stuck:
            desk.send(order)
        self._gateway.drive()

    def rollback_ids(self, to: int = 1) -> None:
        """Let the next valid id go back: ids are given anew."""
        self._gateway.registry.forget_ids(to)
        for session in self._gateway.site.clients():
            session.floor = min(session.floor, to)

    def partial_fills(self, share: float) -> None:
        """Let this share of fills of more than one contract leave a rest."""
        matcher = self._gateway.exchange.matcher
        matcher.model = replace(matcher.model, partial_rate=share)

    def correct(self, exec_id: str, price: Decimal) -> None:
        """Correct an execution's price, by the client's or the exchange's id.

        Raises:
            DataError: there is no such execution.
        """
        exchange = self._gateway.exchange
        exchange.correct(_booked(exchange, exec_id).exec_id, Decimal(str(price)))
        self._gateway.drive()

    def bust(self, exec_id: str) -> None:
        """Undo an execution by one of nobody's order at the same price.

        Raises:
            DataError: there is no such execution.
        """
        exchange = self._gateway.exchange
        old = _booked(exchange, exec_id)
        trade = Trade(old.instrument_key, old.quantity, old.price)
        other = Side.SELL if old.side is Side.BUY else Side.BUY
        for message in exchange.book.execute(None, [trade], other, at=exchange.at):
            self._gateway.hear(message)

    def foreign_trade(self, key: str, signed: int) -> None:
        """Trade at the market by hand, as in the server's own window.

        Raises:
            DataError: the key is none.
        """
        self._by_hand(key, signed, None)

    def foreign_order(self, key: str, signed: int, price: Decimal) -> None:
        """Place a limit order by hand.

        Raises:
            DataError: the key is none.
        """
        self._by_hand(key, signed, price)

    def modify_by_hand(self, name: str, price: Decimal) -> None:
        """Change the limit of a working order, named by reference or permanent id.

        Raises:
            DataError: there is no such order at the exchange.
        """
        order = self._gateway.registry.find(name)
        book = self._gateway.exchange.book.orders
        if order is None or order.key not in book:
            raise DataError(f"no order {name!r}")
        draft = replace(book[order.key].draft, limit_price=Decimal(str(price)))
        number = self._gateway.site.session_number()
        self._gateway.exchange.modify(number, order.key, draft)
        self._gateway.drive()

    def bad_tick(self, key: str, price: float) -> None:
        """Show an absurd price once on the lines of an instrument.

        Raises:
            DataError: the key is none.
        """
        self.bad_ticks[parse_key(key).key] = price

    def swap_quotes(self, key_a: str = "", key_b: str = "") -> None:
        """Show each of two instruments the other's quotes; without names end it.

        Raises:
            DataError: a key is none.
        """
        self.swapped.clear()
        if key_a:
            one, other = parse_key(key_a).key, parse_key(key_b).key
            self.swapped |= {one: other, other: one}

    def halt(self, seconds: float, reason: str = "trading halted") -> None:
        """Halt every venue from now on for a while."""
        market = self._gateway.exchange.market
        halt = Halt(market.at - market.start, seconds, reason)
        market.terms = replace(market.terms, halts=(*market.terms.halts, halt))

    def _by_hand(self, key: str, signed: int, price: Decimal | None) -> None:
        instrument = parse_key(key)
        if not signed:
            raise DataError("nothing to trade: 0 contracts")
        order_type = OrderType.MARKET if price is None else OrderType.LIMIT
        draft = OrderDraft(
            Purpose.HEDGE, instrument.key, Side.of(signed), Contracts(abs(signed)), order_type,
            limit_price=None if price is None else Decimal(str(price)),
        )  # fmt: skip
        book = self._gateway.exchange.book.orders
        while (client_key := make_key(0, 0, self._manual + 2, "")) in book:
            self._manual += 1
        self._manual += 1
        number = self._gateway.site.session_number()
        self._gateway.exchange.submit(number, client_key, draft)
        self._gateway.drive()


def farm_notice(name: str, *, ok: bool) -> tuple[int, str]:
    """Return the code and the words that say how a data farm is."""
    broken, mended, what = _FARM_CODES.get(name, (2103, 2104, "Market"))
    state = "OK" if ok else "broken"
    return mended if ok else broken, f"{what} data farm connection is {state}:{name}"


def _booked(exchange: Exchange, exec_id: str) -> Execution:
    """Return an execution by the client's or the exchange's id."""
    for name in (exec_id, _root(exec_id)):
        if name in exchange.book.executions:
            return exchange.book.executions[name]
    raise DataError(f"no execution {exec_id!r}")


def _root(exec_id: str) -> str:
    try:
        return root_of(exec_id)
    except (IndexError, ValueError):
        return ""


def _known(name: str, names: tuple[str, ...], what: str) -> None:
    if name not in names:
        raise DataError(f"no {what} {name!r}: {', '.join(names)}")
