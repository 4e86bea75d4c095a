"""What the wire says about our orders, and what may be believed of it.

Only an orderStatus row is evidence that an order lives or is over. A code is a notice; a definite
refusal also counts as an end, until a row says that the order lives after all. What the wire called
cancelled or filled stays so: a row that comes late is an old one. Inactive does not stay, the
broker may wake such an order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hedgetui.adapters.ibkr._api import Api
from hedgetui.adapters.ibkr.codes import Meaning, meaning
from hedgetui.adapters.ibkr.parse import ErrorRow, StatusRow, exact
from hedgetui.domain.orders import OrderDraft, OrderType, TimeInForce
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.ports.broker import BrokerMessage, Margin, OrderEnded, OrderListed, OrderNotice

ALIVE = frozenset({"ApiPending", "PendingSubmit", "PreSubmitted", "Submitted", "PendingCancel"})
CANCELLED = frozenset({"Cancelled", "ApiCancelled"})
FILLED = "Filled"
INACTIVE = "Inactive"

_LONGEST_REFERENCE = 40


@dataclass(slots=True)
class WorkingOrder:
    """An order of ours in this session."""

    client_key: str
    order_id: int
    quantity: Contracts
    instrument_key: str
    sent_at: Timestamp
    broker_order: str = ""
    listed: bool = False
    """Whether a row said that it lives."""
    final: bool = False
    """Whether a row said that it is cancelled or filled."""
    filled: Contracts = Contracts(0)
    """Filled as the newest row says; of a combo in units."""
    executed: Contracts = Contracts(0)
    """Filled as executions said; of a combo in units."""
    inactive: bool = False
    """Whether the newest row called it inactive."""
    refusal: str = ""
    """Words of the code that refused it."""
    words: str = ""
    """Words of the newest code about it."""
    told: OrderEnded | None = None
    """The end that was told, unless it was taken back."""

    @property
    def answered(self) -> bool:
        """Whether the broker said anything about it."""
        return self.listed or self.final or self.told is not None or bool(self.words)


class OrderBook:
    """Our orders of one session, by the broker's number and by client key."""

    def __init__(self, client_id: int) -> None:
        """Follow the orders of one client id; others' numbers mean others' orders."""
        self._client_id = client_id
        self._by_id: dict[int, WorkingOrder] = {}
        self._by_key: dict[str, WorkingOrder] = {}

    def sent(self, order: WorkingOrder) -> None:
        """An order has left, or one of an earlier session was found at the broker."""
        self._by_id[order.order_id] = order
        self._by_key[order.client_key] = order

    def get(self, client_key: str) -> WorkingOrder | None:
        """Return an order of ours, if it is known in this session."""
        return self._by_key.get(client_key)

    def numbered(self, order_id: int) -> WorkingOrder | None:
        """Return the order of a number of ours."""
        return self._by_id.get(order_id)

    def unanswered(self, before: Timestamp) -> tuple[WorkingOrder, ...]:
        """Return the orders sent before a moment of which the broker said nothing."""
        return tuple(
            order
            for order in self._by_id.values()
            if order.sent_at < before and not order.answered and not order.executed
        )

    def executed(self, client_key: str, units: Contracts) -> None:
        """Count an execution of ours."""
        order = self._by_key.get(client_key)
        if order is not None:
            order.executed = Contracts(order.executed + units)

    def of(self, row: StatusRow, owner: str) -> WorkingOrder | None:
        """Return the order a row is about.

        The permanent number counts, whose `owner` may be known: order numbers can be given twice.
        """
        if owner:
            return self._by_key.get(owner)
        order = self._by_id.get(row.order_id) if row.client_id == self._client_id else None
        if order is None or order.broker_order in {"", str(row.perm_id)} or not row.perm_id:
            return order
        return None

    def status(self, order: WorkingOrder, row: StatusRow) -> BrokerMessage | None:
        """Take one orderStatus row of an order; returns what it proves, if that is new."""
        if row.perm_id > 0:
            order.broker_order = str(row.perm_id)
        grew = row.filled > order.filled
        order.filled = max(order.filled, row.filled)
        if row.status in ALIVE and not order.final:
            order.inactive = False
            return self._lives(order, grew=grew) if row.perm_id > 0 else None
        if row.status == FILLED:
            order.final = True
            if row.filled > order.executed:
                return OrderListed(order.client_key, order.broker_order, order.filled)
        elif row.status in CANCELLED and not order.final:
            order.final = True
            return self._over(order)
        elif row.status == INACTIVE and not order.final:
            order.inactive = True
            return self._over(order, refused=order.words) if order.words else None
        return None

    def inactive(self, order: WorkingOrder) -> OrderEnded | None:
        """Return the end of an inactive order whose reason did not come; None when it did."""
        if not order.inactive or order.final or order.told is not None:
            return None
        return self._over(order, refused="inactive at the broker")

    def error(self, order: WorkingOrder, row: ErrorRow) -> tuple[BrokerMessage, ...]:
        """Take a code about an order; returns the notice and, for a definite refusal, the end."""
        notice = OrderNotice(order.client_key, row.code, row.text)
        order.words = row.text
        what = meaning(row.code)
        new = not order.listed and not order.filled and not order.executed
        refused = (
            what is Meaning.REFUSED
            or order.inactive
            or (new and what in {Meaning.REFUSED_IF_NEW, Meaning.NO_CONTRACT})
        )
        if not refused or order.final:
            return (notice,)
        order.refusal = row.text
        ended = self._over(order, refused=row.text)
        return (notice,) if ended is None else (notice, ended)

    @staticmethod
    def _lives(order: WorkingOrder, *, grew: bool) -> OrderListed | None:
        if order.listed and order.told is None and not grew:
            return None
        order.listed, order.told, order.refusal = True, None, ""
        return OrderListed(order.client_key, order.broker_order, order.filled)

    @staticmethod
    def _over(order: WorkingOrder, refused: str = "") -> OrderEnded | None:
        refused = refused or order.refusal
        nothing_done = not order.filled and not order.executed
        reason = refused or order.words or "cancelled"
        ended = OrderEnded(
            order.client_key, order.broker_order, rejected=bool(refused) and nothing_done,
            reason=reason,
        )  # fmt: skip
        if order.told is not None and order.told.rejected == ended.rejected:
            return None
        order.told = ended
        return ended


def reference(client_key: str) -> str:
    """Return a client key as an order reference.

    Raises:
        ValueError: the broker would not give it back unchanged.
    """
    if not client_key or len(client_key) > _LONGEST_REFERENCE or not client_key.isascii():
        raise ValueError(f"{client_key!r} cannot be an order reference")
    return client_key


def make_order(
    api: Api, draft: OrderDraft, *, client_key: str, account: str, outside_hours: bool
) -> Any:  # noqa: ANN401 - the library's order has no type
    """Return the library's order for a draft; everything a preset could change is spelled out."""
    order = api.Order(
        action=str(draft.side),
        totalQuantity=int(draft.quantity),
        orderType=str(draft.order_type),
        tif=str(draft.tif),
        account=account,
        orderRef=reference(client_key),
        transmit=True,
        outsideRth=outside_hours,
    )
    if draft.order_type is OrderType.LIMIT and draft.limit_price is not None:
        order.lmtPrice = float(draft.limit_price)
    if draft.tif is TimeInForce.GOOD_TILL and draft.good_till is not None:
        # The spelling with a dash is UTC by definition; every other depends on a time zone's name.
        order.goodTillDate = f"{datetime.fromtimestamp(draft.good_till, UTC):%Y%m%d-%H:%M:%S}"
    return order


def margin_of(state: Any) -> Margin | None:  # noqa: ANN401 - the library's order state
    """Return what a what-if answer says; the broker answers with nothing in several ways."""
    if not state or isinstance(state, list):
        return None
    change = exact(state.initMarginChange)
    after, equity = exact(state.initMarginAfter), exact(state.equityWithLoanAfter)
    if change is None or after is None or equity is None:
        return None
    return Margin(initial_change=change, headroom_after=equity - after)
