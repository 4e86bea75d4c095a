"""Spelling orders for clients: openOrder, orderStatus and completedOrder, field by field.

Clients unpack these messages by position, so the number of fields is part of the contract; the few
that depend on the protocol version say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.simulation.tws.contracts import Listed
from hedgetui.simulation.tws.framing import UNSET_DOUBLE, Field

OPEN_ORDER, ORDER_STATUS, COMPLETED_ORDER = 5, 3, 101
_FA_PROFILE_UNTIL = 177
_DURATION, _POST_TO_ATS, _AUTO_CANCEL_PARENT, _PEG_BEST = 159, 160, 162, 170

Fields = tuple[Field, ...]

_INSIDER = "Not an insider or substantial shareholder"


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as messages show it at one moment."""

    order_id: int
    client_id: int
    perm_id: int
    contract: Listed
    action: str
    quantity: int
    order_type: str
    limit_price: Decimal | None
    tif: str
    good_till: str
    order_ref: str
    outside_rth: bool
    account: str
    status: str
    filled: int = 0
    average: Decimal = Decimal(0)
    last: Decimal = Decimal(0)
    reason: str = ""
    why_held: str = ""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The effect of an order on the account, as openOrder carries it; unset by default."""

    margins: Fields = (UNSET_DOUBLE,) * 9
    """Before, change and after, each of initial margin, maintenance margin and equity."""
    currency: str = ""
    warning: str = ""
    asked: bool = True

    @property
    def fields(self) -> Fields:
        """The fields in the order of the message; no commission is promised."""
        return (*self.margins, "", "", "", self.currency, self.warning)


_NO_EFFECT = WhatIf(asked=False)


def contract_fields(one: Listed, *, right: str = "") -> Fields:
    """Return the eleven fields of a contract in order messages."""
    return (
        one.con_id, one.symbol, one.sec_type, one.expiry, one.strike, right or one.right,
        one.multiplier, one.exchange, "USD", one.local_symbol, one.trading_class,
    )  # fmt: skip


def order_status(view: OrderView) -> Fields:
    """Return an orderStatus message."""
    return (
        ORDER_STATUS, view.order_id, view.status, view.filled, view.quantity - view.filled,
        view.average, view.perm_id, 0, view.last, view.client_id, view.why_held, 0,
    )  # fmt: skip


def open_order(view: OrderView, version: int, effect: WhatIf = _NO_EFFECT) -> Fields:
    """Return an openOrder message."""
    one = view.contract
    return (
        OPEN_ORDER, view.order_id, *contract_fields(one, right=one.shown_right), *_terms(view),
        view.client_id, view.perm_id, view.outside_rth, 0, 0, "", "",
        *_advisor(version), "", view.good_till, "", "", "", 0, "", -1, 0,
        "", "", "", "", "", 0, 0, 0, 0, "", 3, 0, 0, "", 0, 0, "", 0,
        # deltaNeutralOrderType "None", as the real server sends it, brings eight fields more.
        "None", "", 0, "", "", "", "?", 0, 0, "",
        0, 0, "", "", "", "", _legs_text(one),
        *_combination(one), 0,
        "", "", "", "", 0, "", "IB", 0, 0, "", 0,
        effect.asked, view.status, *effect.fields,
        0, 0, 0, "None", *(UNSET_DOUBLE,) * 6, 0, "", "", "", "", 0, 0, 0, 0,
        *(("",) if version >= _DURATION else ()),
        *(("",) if version >= _POST_TO_ATS else ()),
        *((0,) if version >= _AUTO_CANCEL_PARENT else ()),
        *(("",) * 5 if version >= _PEG_BEST else ()),
    )  # fmt: skip


def completed_order(view: OrderView, version: int, completed_at: str) -> Fields:
    """Return a completedOrder message; `completed_at` is its time as text."""
    one = view.contract
    return (
        COMPLETED_ORDER, *contract_fields(one, right=one.shown_right), *_terms(view),
        view.perm_id, view.outside_rth, 0, 0, "",
        *_advisor(version), "", view.good_till, "", "", "", 0, "", -1,
        "", "", "", "", "", 0, 0, 0, "", 3, 0, "", 0, "None", "", 0, 0, 0, "",
        0, 0, "", "", _legs_text(one),
        *_combination(one), 0,
        "", "", "", "", "", "IB", 0, 0, "", 0, view.status, 0, 0, 0,
        UNSET_DOUBLE, UNSET_DOUBLE, "", 0, 0, "", view.filled, 0, 0, _INSIDER, 0, 0, 0,
        completed_at, _completed_status(view),
        *(("",) * 5 if version >= _PEG_BEST else ()),
    )  # fmt: skip


def _terms(view: OrderView) -> Fields:
    """Return action to orderRef, which both messages share."""
    return (
        view.action, view.quantity, view.order_type, view.limit_price or "0.0", "0.0", view.tif,
        "", view.account, "", 0, view.order_ref,
    )  # fmt: skip


def _advisor(version: int) -> Fields:
    return ("", "", "", *(("",) if version < _FA_PROFILE_UNTIL else ()))


def _legs_text(one: Listed) -> str:
    return ",".join(f"{leg.con_id}|1" for leg in one.legs)


def _combination(one: Listed) -> Fields:
    """Return the legs, then no prices of legs."""
    legs = [(leg.con_id, 1, "BUY", leg.exchange, 0, 0, "", -1) for leg in one.legs]
    return (len(legs), *(field for leg in legs for field in leg), 0)


def _completed_status(view: OrderView) -> str:
    match view.status:
        case "Filled":
            return f"Filled Size: {view.filled}"
        case "Cancelled":
            return f"Cancelled: {view.reason}" if view.reason else "Cancelled by Trader"
        case _:
            return f"Rejected: {view.reason}"
