"""What is refused before it becomes a fact, with the field named; the ledger stays as it is.

Telling the same thing twice is no fault and no news: it is answered with `SAME`, so that a file may
be imported again.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from hedgetui.domain.errors import DataError
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.contracts import is_price, terms
from hedgetui.domain.tails.items import CashItem, HedgeItem, Item
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import CashId, Key
from hedgetui.domain.tails.policy import policy_objection
from hedgetui.domain.text import safe

SAME: Final = "same"
"""Already known with this content: nothing is to be recorded."""
MOST_UNITS = 1_000_000_000
_SHOWN = 40


def objection(ledger: Ledger, event: tf.TailEvent) -> str:
    """Return why an event may not be recorded, `SAME` if it already is, empty when it may."""
    check = _CHECKS.get(type(event))
    return "" if check is None else check(ledger, event)


def _first(*complaints: str) -> str:
    return next((words for words in complaints if words), "")


def _key(key: Key) -> str:
    if not key.account or key.account != safe(key.account, _SHOWN).strip():
        return "account: a plain name is needed"
    try:
        terms(key.contract)
    except DataError as error:
        return f"contract: {error.message}"
    return ""


def _name(field: str, value: str) -> str:
    if value and value == safe(value, _SHOWN).strip():
        return ""
    return f"{field}: a plain identity of at most {_SHOWN} characters is needed"


def _whole(field: str, value: object, least: int) -> str:
    """Return what is wrong with a count; a fraction is refused, never rounded."""
    if type(value) is not int:
        return f"{field}: {safe(value, _SHOWN)} is not a whole number"
    if value < 0:
        return f"{field}: {value:,} is negative"
    if value < least:
        return f"{field}: {value:,} is less than {least:,}"
    return "" if value <= MOST_UNITS else f"{field}: {value:,} is more than {MOST_UNITS:,}"


def _price(value: Decimal) -> str:
    if not is_price(value) or value <= 0:
        return f"price: {safe(value, _SHOWN)} is not a price"
    return ""


def _differs(what: str, known: dict[str, object], told: dict[str, object]) -> str:
    """Return `SAME`, or which field of a known identity is told otherwise."""
    for field, value in told.items():
        if value != known[field]:
            return f"{field}: {what} is known with {known[field]}, not {safe(value, _SHOWN)}"
    return SAME


def _cash_entered(ledger: Ledger, event: tf.CashEntered) -> str:
    wrong = _first(
        _name("id", event.cash), _key(event.key), _whole("units", event.units, 1),
        _price(event.price),
    )  # fmt: skip
    known = ledger.cash(event.cash)
    if wrong or known is None:
        return wrong
    return _differs(
        f"cash {event.cash}",
        _identity(known) | {"units": known.size, "price": known.price},
        _told(event) | {"units": event.units, "price": event.price},
    )


def _identity(item: Item) -> dict[str, object]:
    return {
        "account": item.key.account, "contract": item.key.contract, "side": item.side,
        "at": item.at,
    }  # fmt: skip


def _told(event: tf.CashEntered | tf.HedgeEntered) -> dict[str, object]:
    return {
        "account": event.key.account, "contract": event.key.contract, "side": event.side,
        "at": event.at,
    }  # fmt: skip


def _hedge_entered(ledger: Ledger, event: tf.HedgeEntered) -> str:
    known = ledger.hedge(event.hedge)
    wrong = _first(
        _name("id", event.hedge), _key(event.key), _whole("lots", event.lots, 1),
        _covered(ledger, event.covers, event),
    )  # fmt: skip
    if wrong or known is None:
        return wrong
    return _differs(
        f"hedge {event.hedge}",
        _identity(known)
        | {"lots": known.lots, "origin": known.origin, "covers": known.first or "none"},
        _told(event)
        | {"lots": event.lots, "origin": event.origin, "covers": event.covers or "none"},
    )


def _covered(ledger: Ledger, cash_id: CashId, event: tf.HedgeEntered) -> str:
    if not cash_id:
        return ""
    cash = ledger.cash(cash_id)
    if cash is None:
        return f"covers: no cash order {safe(cash_id, _SHOWN)}"
    return covers_objection(cash.key, cash.side == event.side, event)


def covers_objection(cash: Key, same_side: bool, event: tf.HedgeEntered) -> str:  # noqa: FBT001 - one plain answer
    """Return why a hedge cannot cover a cash order of key `cash`, empty when it can."""
    if cash != event.key:
        return f"covers: {event.covers} is of {cash}"
    return f"covers: {event.covers} is a {event.side} too" if same_side else ""


def _filled(field: str, item: Item | None, most: int, event: tf.CashFilled | tf.HedgeFilled) -> str:
    """Check a fill whose amount stands in `field`, of an order of `most` units or lots."""
    amount = event.units if isinstance(event, tf.CashFilled) else event.lots
    if item is None:
        order = event.cash if isinstance(event, tf.CashFilled) else event.hedge
        return f"id: no order {safe(order, _SHOWN)}"
    wrong = _first(
        _name("fill_id", event.fill_id), _whole("revision", event.revision, 0),
        _whole(field, amount, 0), _price(event.price) if amount else "",
    )  # fmt: skip
    if wrong:
        return wrong
    size = item.contract_size if isinstance(item, HedgeItem) else 1
    known = item.fills.get(event.fill_id)
    if known is not None and known.revision > event.revision:
        return f"revision: {event.fill_id} is known with revision {known.revision}"
    if known is not None and known.revision == event.revision:
        return _differs(
            f"fill {event.fill_id}",
            {field: known.units // size, "price": known.price},
            {field: amount, "price": event.price},
        )
    total = (item.filled - (0 if known is None else known.units)) // size + amount
    return "" if total <= most else f"{field}: {total:,} would be filled of {most:,}"


def _cash_filled(ledger: Ledger, event: tf.CashFilled) -> str:
    item = ledger.cash(event.cash)
    return _filled("units", item, item.size if isinstance(item, CashItem) else 0, event)


def _hedge_filled(ledger: Ledger, event: tf.HedgeFilled) -> str:
    item = ledger.hedge(event.hedge)
    if item is not None and item.intent_id:
        return f"id: hedge {event.hedge} is ours; the broker tells its fills"
    return _filled("lots", item, item.lots if isinstance(item, HedgeItem) else 0, event)


def _placed(ledger: Ledger, event: tf.TailHedgePlaced) -> str:
    taken = ledger.hedge(event.hedge) is not None
    again = ledger.hedge_of(event.intent_id) is not None
    return _first(
        _name("id", event.hedge), _key(event.key), _whole("lots", event.lots, 1),
        f"id: hedge {event.hedge} is known" if taken else "",
        "intent_id: it has sent a hedge already" if again else "",
        "intent_id: it is needed" if not event.intent_id else "",
    )  # fmt: skip


def _offset(ledger: Ledger, event: tf.OffsetBooked) -> str:
    del ledger
    if type(event.units) is not int or not event.units:
        return f"units: {safe(event.units, _SHOWN)} is no whole number other than 0"
    return _first(
        _key(event.key), _whole("units", abs(event.units), 1),
        "user: who adjusts is needed" if not event.user else "",
        "comment: why it is adjusted is needed" if not event.comment.strip() else "",
    )  # fmt: skip


def _policy(ledger: Ledger, event: tf.PolicySet) -> str:
    return policy_objection(ledger.levels, event, ledger.keys)


_CHECKS: dict[type, Callable[[Ledger, Any], str]] = {
    tf.CashEntered: _cash_entered,
    tf.CashFilled: _cash_filled,
    tf.HedgeEntered: _hedge_entered,
    tf.HedgeFilled: _hedge_filled,
    tf.TailHedgePlaced: _placed,
    tf.OffsetBooked: _offset,
    tf.PolicySet: _policy,
}
