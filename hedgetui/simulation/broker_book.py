"""What the exchange knows and never forgets: orders, executions, charges, cash and the market.

Every change is written to the store before it is visible to anyone, together with where the market
stood, so that a process killed between any two lines comes back to exactly what it had told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hedgetui.domain.codec import from_plain, to_plain
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import Kind, parse_key
from hedgetui.domain.orders import OrderDraft, Side
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import Commission, EndedOrder, Execution, OpenOrder
from hedgetui.simulation.account import ZERO, Account
from hedgetui.simulation.market import MarketState
from hedgetui.simulation.matching import BookOrder
from hedgetui.simulation.order_store import OrderStore, Record

_FIRST_ORDER = 1_000_001


@dataclass(frozen=True, slots=True)
class Fees:
    """Dollars per contract or share, and side."""

    option: Decimal = ZERO
    future: Decimal = Decimal("0.25")
    share: Decimal = Decimal("0.005")
    least: Decimal = Decimal("0.35")
    """For a fill of shares, however few."""

    def charge(self, instrument_key: str, quantity: int) -> Decimal:
        """Return the commission of a fill."""
        kind = parse_key(instrument_key).kind
        if kind is Kind.STOCK:
            return max(self.least, quantity * self.share)
        return quantity * (self.future if kind is Kind.FUTURE else self.option)


@dataclass(frozen=True, slots=True)
class Trade:
    """What was traded of one contract: of a combo, of one leg."""

    instrument_key: str
    quantity: int
    price: Decimal
    fee: Decimal = ZERO


def wire_exec_id(execution: Execution) -> str:
    """Return the id as brokers print it, `<root>.<revision>`."""
    return f"{execution.exec_id}.{execution.revision:02d}"


class BrokerBook:
    """Orders, executions and the account, durable before they are told."""

    def __init__(
        self,
        store: OrderStore,
        cash: Decimal,
        market: Callable[[], MarketState],
        holdings: Mapping[str, int] | None = None,
    ) -> None:
        """Load what `store` remembers; `market` says where the market stands when asked.

        `holdings` are what a new account opens with. One that is remembered keeps its own.

        Raises:
            DataError: the store holds something else, or such holdings cannot be.
            StoreError: the store cannot be read or written.
        """
        self.orders: dict[str, BookOrder] = {}
        self.executions: dict[str, Execution] = {}
        self.commissions: dict[str, Commission] = {}
        self.sessions = 0
        self.resumed: MarketState | None = None
        self._opening_cash = cash
        self._holdings: Mapping[str, int] = {}
        self._market = market
        self._store = store
        for record in store.load():
            self._recall(record)
        is_new = self.resumed is None
        if is_new:
            self._holdings = dict(holdings or {})
        self.account = self._rebuilt()
        store.rewrite(self._records())
        if is_new and self._holdings:
            self._write("opened", holdings=dict(self._holdings))

    @property
    def keeps(self) -> bool:
        """Whether anything survives the process."""
        return self._store.keeps

    @property
    def opening(self) -> Mapping[str, int]:
        """What the account opened with, signed, by instrument key; nobody paid for it here."""
        return self._holdings

    def open_session(self) -> int:
        """Count a new session; numbers never repeat, not even across processes."""
        self.sessions += 1
        self._write("session", number=self.sessions)
        return self.sessions

    def next_broker_order(self) -> str:
        """Return the exchange's own id for the next order."""
        return str(_FIRST_ORDER + len(self.orders))

    def accept(self, order: BookOrder) -> None:
        """Take an order in, or on record as refused when it comes as `rejected`."""
        self._write("order", **_order_fields(order))
        self.orders[order.client_key] = order

    def end(self, order: BookOrder, *, rejected: bool, reason: str) -> None:
        """Finish an order that is not filled whole."""
        self._write("ended", client_key=order.client_key, rejected=rejected, reason=reason)
        order.end(rejected=rejected, reason=reason)

    def execute(
        self, order: BookOrder | None, trades: Sequence[Trade], side: Side, *, at: Timestamp
    ) -> tuple[Execution | Commission, ...]:
        """Book what `order`, or nobody's order (a settlement), traded: all of it or nothing.

        The legs of a combo are one record, so that a kill cannot leave one without the other.
        Returns each execution and its commission, in the order they are told.
        """
        key, first = order.client_key if order else "", len(self.executions) + 1
        booked = [
            (
                Execution(
                    f"SIM{first + n:08d}", 1, key, one.instrument_key, side,
                    Contracts(one.quantity), one.price, at,
                ),
                Commission(f"SIM{first + n:08d}", one.fee),
            )
            for n, one in enumerate(trades)
        ]  # fmt: skip
        plain = [_execution_fields(*one) for one in booked]
        if len(plain) == 1:
            self._write("execution", **plain[0])
        else:
            self._write("executions", executions=plain)
        for execution, commission in booked:
            self._learn(execution, commission)
            self.account.book(execution)
            self.account.charge(commission)
        return tuple(message for pair in booked for message in pair)

    def modify(self, order: BookOrder, draft: OrderDraft) -> None:
        """Give a working order other terms."""
        self._write("modified", client_key=order.client_key, draft=to_plain(draft))
        order.draft = draft

    def correct(self, exec_id: str, price: Decimal) -> Execution:
        """Book a new revision of an execution at another price and return it.

        Raises:
            DataError: there is no such execution.
        """
        if exec_id not in self.executions:
            raise DataError(f"no execution {exec_id!r}")
        old = self.executions[exec_id]
        fresh = replace(old, revision=old.revision + 1, price=price)
        self._write("execution", **_execution_fields(fresh, self.commissions[exec_id]))
        self.executions[exec_id] = fresh
        self.account = self._rebuilt()
        return fresh

    def mark_market(self) -> None:
        """Remember where the market stands."""
        self._write("market")

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def open_orders(self) -> tuple[OpenOrder, ...]:
        """Return the orders alive."""
        return tuple(
            OpenOrder(
                one.client_key, one.broker_order, one.draft.instrument_key,
                one.draft.side.sign * one.remaining, Contracts(one.filled),
            )
            for one in self.orders.values() if not one.ended
        )  # fmt: skip

    def ended_orders(self) -> tuple[EndedOrder, ...]:
        """Return the orders done, those filled whole included."""
        return tuple(
            EndedOrder(
                one.client_key, one.broker_order, Contracts(one.filled), one.rejected, one.reason
            )
            for one in self.orders.values() if one.ended
        )  # fmt: skip

    def _rebuilt(self) -> Account:
        charges = self.commissions.values()
        return Account.of(self._opening_cash, self.executions.values(), charges, self._holdings)

    def _learn(self, execution: Execution, commission: Commission) -> None:
        first_seen = execution.exec_id not in self.executions
        self.executions[execution.exec_id] = execution
        self.commissions[execution.exec_id] = commission
        order = self.orders.get(execution.client_key)
        if order is not None and first_seen:
            order.fill(execution.instrument_key, execution.quantity)

    def _write(self, kind: str, **fields: Any) -> None:  # noqa: ANN401 - plain JSON values
        if self._store.keeps:
            self._store.append({"kind": kind, "market": to_plain(self._market()), **fields})

    def _recall(self, record: Record) -> None:
        try:
            match record["kind"]:
                case "opened":
                    held = record["holdings"].items()
                    self._holdings = {str(key): int(quantity) for key, quantity in held}
                case "session":
                    self.sessions = int(record["number"])
                case "order":
                    order = _order_from(record)
                    self.orders[order.client_key] = order
                case "ended":
                    order = self.orders[record["client_key"]]
                    order.end(rejected=bool(record["rejected"]), reason=str(record["reason"]))
                case "modified":
                    draft = from_plain(OrderDraft, record["draft"])
                    self.orders[record["client_key"]].draft = draft
                case "execution":
                    self._learn(*_execution_from(record))
                case "executions":
                    for one in record["executions"]:
                        self._learn(*_execution_from(one))
            self.resumed = from_plain(MarketState, record["market"])
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise DataError(
                f"the simulator's state holds an unreadable record: {error!r}"
            ) from error

    def _records(self) -> Iterator[Record]:
        """Yield the fewest records that recall this book."""
        if self.resumed is None:
            return
        market = {"market": to_plain(self.resumed)}
        if self._holdings:
            yield {"kind": "opened", "holdings": dict(self._holdings), **market}
        yield {"kind": "session", "number": self.sessions, **market}
        for order in self.orders.values():
            yield {"kind": "order", **_order_fields(order), **market}
        for exec_id, execution in self.executions.items():
            told = _execution_fields(execution, self.commissions[exec_id])
            yield {"kind": "execution", **told, **market}
        for order in self.orders.values():
            if order.ended and order.remaining and not order.rejected:
                ended = {"rejected": order.rejected, "reason": order.reason}
                yield {"kind": "ended", "client_key": order.client_key, **ended, **market}


def _execution_fields(execution: Execution, commission: Commission) -> Record:
    return {"execution": to_plain(execution), "fee": str(commission.amount)}


def _execution_from(record: Record) -> tuple[Execution, Commission]:
    execution = from_plain(Execution, record["execution"])
    return execution, Commission(execution.exec_id, Decimal(record["fee"]))


def _order_fields(order: BookOrder) -> Record:
    return {
        "client_key": order.client_key,
        "broker_order": order.broker_order,
        "draft": to_plain(order.draft),
        "arrived_at": order.arrived_at,
        "refused": order.reason if order.rejected else "",
    }


def _order_from(record: Record) -> BookOrder:
    draft = from_plain(OrderDraft, record["draft"])
    order = BookOrder(
        str(record["client_key"]), str(record["broker_order"]), draft,
        Timestamp(float(record["arrived_at"])),
    )  # fmt: skip
    if refused := str(record["refused"]):
        order.end(rejected=True, reason=refused)
    return order
