"""Broker truth in one piece: every part must reach its end mark, or nothing is said.

The five questions leave together and are answered in order; when something is traded meanwhile, the
parts are of different moments and all are asked for again. What belongs to an order is joined by
its reference, else by the broker's permanent number. Ends told in this process are added, since a
refused order is in no list of the broker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time
from itertools import chain
from typing import Any

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.contracts import named, terms_of
from hedgetui.adapters.ibkr.inquiry import Inquiry, Parts
from hedgetui.adapters.ibkr.listings import Listings
from hedgetui.adapters.ibkr.memory import Memory
from hedgetui.adapters.ibkr.notes import Notes
from hedgetui.adapters.ibkr.orders import CANCELLED, FILLED, INACTIVE, OrderBook, WorkingOrder
from hedgetui.adapters.ibkr.parse import NEW_YORK, ExecutionRow, StatusRow, Terms, real, whole
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.errors import BrokerUnreachable, DataError
from hedgetui.domain.instruments import combo, is_security, parse_key
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import (
    BrokerTruth,
    Complete,
    EndedOrder,
    Execution,
    Incomplete,
    OpenOrder,
)

_TRIES = 5
"""Times everything is asked for while executions come in between."""


class TruthReader:
    """Reads broker truth in one session."""

    def __init__(
        self, session: Session, listings: Listings, orders: OrderBook, memory: Memory, notes: Notes
    ) -> None:
        """Read in `session`; `orders` learns orders of an earlier session that still work."""
        self._session = session
        self._listings = listings
        self._orders = orders
        self._memory = memory
        self._notes = notes
        self._inquiry = Inquiry(session, memory)
        self._one_at_a_time = asyncio.Lock()
        self._rows: dict[int, StatusRow] = {}
        self._moves = 0
        """Counts what tells that answers before and after it are of different moments."""
        self.number = 0
        """Session number."""

    @property
    def account(self) -> str:
        """The account that is read."""
        return self._inquiry.account

    @account.setter
    def account(self, account: str) -> None:
        self._inquiry.account = account

    def status(self, row: StatusRow) -> None:
        """See every status row: they say how the listed orders stand."""
        if row.perm_id > 0:
            self._rows[row.perm_id] = row

    def moved(self) -> None:
        """Something was traded: parts of an answer on its way may disagree."""
        self._moves += 1

    def execution(self, row: ExecutionRow) -> None:
        """See every execution that was asked for."""
        if row.client_id == self._session.connection.client_id:
            # A server that counts its ids from the start again must not get an old one.
            self._session.ib.client.updateReqId(row.order_id + 1)
        self._inquiry.execution(row)

    async def read(self) -> Complete | Incomplete:
        """Read everything once."""
        async with self._one_at_a_time:
            try:
                for _ in range(_TRIES):
                    moves = self._moves
                    parts = await self._inquiry.ask()
                    if isinstance(parts, Incomplete):
                        return parts
                    await self._learn(parts)
                    if moves == self._moves:
                        return Complete(self._truth(parts))
            except (BrokerUnreachable, DataError) as error:
                return Incomplete(str(error))
            return Incomplete("executions kept coming while it was read")

    def _truth(self, parts: Parts) -> BrokerTruth:
        """Put the parts together."""
        rows = parts.executions
        now = self._session.clock.now()
        executions = self._executed(rows)
        # A live openOrder that arrives meanwhile is listed a second time by the library.
        once = {(t.order.clientId, t.order.orderId, t.order.permId): t for t in parts.working}
        open_orders = tuple(chain.from_iterable(map(self._open_orders, once.values())))
        alive = {order.client_key for order in open_orders if order.client_key}
        return BrokerTruth(
            session=self.number,
            at=now,
            positions=self._positions(parts.positions),
            open_orders=open_orders,
            ended_orders=tuple(self._ended(parts.completed, rows, alive)),
            executions=executions,
            commissions=tuple(
                self._memory.charges[one.exec_id]
                for one in executions
                if one.exec_id in self._memory.charges
            ),
            executions_since=day_began(now),
            cash=parts.cash,
            seen=frozenset(self._memory.seen),
        )

    async def find_orders(self) -> None:
        """Learn the orders of an earlier session that still work.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        ask = self._session.ib.reqAllOpenOrdersAsync
        seconds = self._session.connection.answer_timeout_s
        try:
            working = await self._session.ask_keyed("openOrders", ask, seconds)
        except (Refused, TimeoutError):
            return
        await self._legs(working)
        for trade in working:
            self._open_orders(trade)

    # --- names for what the broker lists

    async def _learn(self, parts: Parts) -> None:
        """Learn what the parts leave open: legs of combos, owners of orders, charges."""
        for row in parts.executions:
            self._memory.owner_of(row)
        await self._legs(parts.working)
        await self._inquiry.charges(parts.executions)

    async def _legs(self, working: list[Any]) -> None:
        """Learn the legs of combos that were not sent in this process."""
        await self._listings.numbers(
            int(leg.conId)
            for trade in working
            for leg in trade.contract.comboLegs or ()
            if trade.order.orderRef not in self._memory.sent
        )

    def _key(self, terms: Terms) -> str | None:
        return self._listings.book.named(terms)

    def _outside(self, terms: Terms, what: str) -> None:
        words = f"{what} outside the desk, not counted: {named(terms)}"
        self._notes.hint(f"outside {terms.con_id}", words, aloud=True)

    def _positions(self, positions: Iterable[Any]) -> dict[str, int]:
        # The library lists a change that arrives meanwhile beside the old number: the last counts.
        newest = {(one.account, one.contract.conId): one for one in positions}
        held: dict[str, int] = {}
        for one in newest.values():
            quantity = whole(str(one.position))
            if one.account != self.account or quantity == 0:
                continue
            terms = terms_of(one.contract)
            key = self._key(terms)
            if key is None:
                self._outside(terms, "position")
                continue
            if quantity is None:
                quantity = _whole_shares(key, str(one.position))
            held[key] = held.get(key, 0) + quantity
        return {key: quantity for key, quantity in held.items() if quantity}

    def _executed(self, rows: Iterable[ExecutionRow]) -> tuple[Execution, ...]:
        newest: dict[str, Execution] = {}
        for row in rows:
            execution = self.named(row)
            if execution is None:
                continue
            known = newest.get(execution.exec_id)
            if known is None or known.revision <= execution.revision:
                newest[execution.exec_id] = execution
        return tuple(newest.values())

    def named(self, row: ExecutionRow) -> Execution | None:
        """Return an execution the desk can book; a combo is booked by its legs."""
        if row.terms.sec_type == "BAG" or row.account not in {"", self.account}:
            return None
        key = self._key(row.terms)
        if key is None:
            self._outside(row.terms, "execution")
            return None
        owner = self._memory.owner_of(row)
        return Execution(
            row.exec_id, row.revision, owner, key, row.side, row.quantity, row.price, row.at
        )

    def _open_orders(self, trade: Any) -> tuple[OpenOrder, ...]:  # noqa: ANN401 - the library's
        """Return a working order: a combination of securities as one for each of its legs."""
        order = trade.order
        if order.account not in {"", self.account}:
            return ()
        perm_id = int(order.permId or 0)
        row = self._rows.get(perm_id)
        status = str(trade.orderStatus.status) if row is None else row.status
        if status in CANCELLED or status == FILLED:
            return ()  # the list is older than its end
        filled = Contracts(0) if row is None else row.filled
        owner = self._memory.owner(str(order.orderRef), perm_id)
        key = self._order_key(owner, trade.contract)
        total = whole(str(order.totalQuantity))
        if total is None or (key is None and owner):
            self._outside(terms_of(trade.contract), "order")
            return ()
        remaining = Side(str(order.action)[:4]).sign * max(0, total - filled)
        if key is None:
            return self._foreign_legs(trade.contract, str(perm_id), remaining)
        self._adopt(trade, owner, key, filled)
        return (OpenOrder(owner, str(perm_id), key, remaining, filled),)

    def _foreign_legs(self, contract: Any, number: str, units: int) -> tuple[OpenOrder, ...]:  # noqa: ANN401
        """Return what somebody else's combination would trade of each contract the desk names."""
        found = []
        for leg in contract.comboLegs or ():
            key = self._listings.book.key(int(leg.conId))
            if key is not None and is_security(key):
                signed = Side(str(leg.action)[:4]).sign * int(leg.ratio) * units
                found.append(OpenOrder("", number, key, signed, Contracts(0)))
        if not found:
            self._outside(terms_of(contract), "order")
        return tuple(found)

    def _order_key(self, owner: str, contract: Any) -> str | None:  # noqa: ANN401
        if owner in self._memory.sent:
            return self._memory.sent[owner]
        terms = terms_of(contract)
        if terms.sec_type != "BAG":
            return self._key(terms)
        legs = [self._listings.book.key(int(leg.conId)) for leg in contract.comboLegs or ()]
        try:
            spelled = combo(*(parse_key(leg) for leg in legs if leg is not None)).key
        except DataError:
            return None
        # A combination of securities is never the desk's, and may buy one leg and sell the other.
        return None if is_security(spelled) else spelled

    def _adopt(self, trade: Any, owner: str, key: str, filled: Contracts) -> None:  # noqa: ANN401
        """Make an order of an earlier session cancellable, and its rows understood."""
        order = trade.order
        mine = int(order.clientId) == self._session.connection.client_id
        if not owner or not mine or self._orders.get(owner) is not None:
            return
        adopted = WorkingOrder(
            owner, int(order.orderId), Contracts(int(order.totalQuantity)), key,
            self._session.clock.now(), str(order.permId), listed=True, filled=filled,
            executed=filled,
        )  # fmt: skip
        self._orders.sent(adopted)

    def _ended(
        self, completed: Iterable[Any], rows: list[ExecutionRow], alive: set[str]
    ) -> Iterable[EndedOrder]:
        seen: set[str] = set()
        for trade in completed:
            order = trade.order
            if order.account not in {"", self.account}:
                continue
            perm_id, status = int(order.permId or 0), str(trade.orderStatus.status)
            owner = self._memory.owner(str(order.orderRef), perm_id)
            filled = _filled(order, status, rows)
            known = self._memory.ends.get(owner)
            refused = status == INACTIVE or (known is not None and known.rejected)
            reason = known.reason if known is not None else status.lower()
            seen.add(owner)
            yield EndedOrder(owner, str(perm_id), filled, refused and not filled, reason)
        for key, end in self._memory.ends.items():
            if key not in seen and key not in alive:
                yield replace(end, filled=max(end.filled, _traded(key, rows)))


def _whole_shares(key: str, text: str) -> int:
    """Return a broken number of shares without its fraction, which nobody can trade here.

    Raises:
        DataError: it is no number, or of something that is only held whole.
    """
    number = real(text)
    if number is None or not is_security(key):
        raise DataError(f"positions: {key} has no whole number of contracts")
    return int(number)


def day_began(now: Timestamp) -> Timestamp:
    """Return New York's midnight: executions before it are not in the answer."""
    day = datetime.fromtimestamp(now, NEW_YORK).date()
    return Timestamp(datetime.combine(day, time(0), NEW_YORK).timestamp())


def _filled(order: Any, status: str, rows: list[ExecutionRow]) -> Contracts:  # noqa: ANN401
    """Return what a completed order filled; where the broker does not say, its executions do."""
    told = whole(str(order.filledQuantity))
    if told is not None and 0 <= told < 2**31 - 1 and (told or status != FILLED):
        return Contracts(told)
    own = [row for row in rows if row.perm_id == int(order.permId or 0)]
    units = [row for row in own if row.terms.sec_type == "BAG"] or own
    return Contracts(sum(row.quantity for row in units))


def _traded(client_key: str, rows: list[ExecutionRow]) -> Contracts:
    own = [row for row in rows if row.order_ref == client_key]
    units = [row for row in own if row.terms.sec_type == "BAG"]
    return Contracts(sum(row.quantity for row in units or own))
