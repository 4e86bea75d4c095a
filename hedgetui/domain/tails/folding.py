"""What each fact does to the records of hedge accounts.

The records change in place, because a replay of a hundred thousand facts has to be quick. Nothing
here knows time or chance, so equal facts give equal records. A fact that cannot be placed changes
nothing: `checks.objection` refuses it before it is recorded.

An execution of a roll's leg books an opposite offset with it: it moves futures and no balance, so
it is not linked, not pending and in no sum but `KeyBook.lots`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hedgetui.domain import events as ev
from hedgetui.domain.errors import DataError
from hedgetui.domain.orders import Intent, IntentState
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.contracts import terms
from hedgetui.domain.tails.items import CashItem, HedgeItem
from hedgetui.domain.tails.linking import KeyBook
from hedgetui.domain.tails.model import (
    CashId,
    Fill,
    HedgeId,
    Instance,
    Key,
    Linking,
    Offset,
    Units,
)
from hedgetui.domain.tails.policy import KEY, Levels
from hedgetui.domain.units import Timestamp


@dataclass(slots=True, eq=False)
class Records:
    """Everything the facts said so far."""

    levels: Levels
    linking: Linking
    instance: Instance = Instance.ONLINE
    instance_why: str = ""
    version: int = 0
    level_version: int = 0
    books: dict[Key, KeyBook] = field(default_factory=dict)
    cash: dict[CashId, CashItem] = field(default_factory=dict)
    hedges: dict[HedgeId, HedgeItem] = field(default_factory=dict)
    by_intent: dict[str, HedgeItem] = field(default_factory=dict)
    by_execution: dict[str, HedgeItem] = field(default_factory=dict)
    last_intent: Intent | None = None
    """Whose hedge may follow in the same write."""


def _touch(records: Records, book: KeyBook) -> None:
    records.version += 1
    book.version += 1


def _book(records: Records, key: Key) -> KeyBook | None:
    """Return the book of a key, a new one if need be; None where the contract is not known."""
    book = records.books.get(key)
    if book is None:
        try:
            book = KeyBook(key, terms(key.contract).size)
        except DataError:
            return None
        records.books[key] = book
    return book


def _cash_entered(records: Records, event: tf.CashEntered, _: Timestamp) -> None:
    book = _book(records, event.key)
    if book is None or event.cash in records.cash:
        return
    item = CashItem(
        key=event.key, side=event.side, at=event.at, place=next(book.places),
        sign=event.side.sign, cash_id=event.cash, size=event.units, price=event.price,
        by=event.by, comment=event.comment,
    )  # fmt: skip
    records.cash[event.cash] = book.cash[event.cash] = item
    _touch(records, book)


def _cash_filled(records: Records, event: tf.CashFilled, at: Timestamp) -> None:
    item = records.cash.get(event.cash)
    if item is None:
        return
    known = item.fills.get(event.fill_id)
    if known is not None and known.revision >= event.revision:
        return
    book = records.books[item.key]
    item.fills[event.fill_id] = Fill(
        event.fill_id, event.revision, event.units, event.price, event.at, next(book.places)
    )
    change = event.units - (0 if known is None else known.units)
    if change:
        book.change(item, change, event.at if known is None else at)
    _touch(records, book)


def _hedge_entered(records: Records, event: tf.HedgeEntered, _: Timestamp) -> None:
    book = _book(records, event.key)
    if book is None or event.hedge in records.hedges:
        return
    records.hedges[event.hedge] = book.hedges[event.hedge] = HedgeItem(
        key=event.key, side=event.side, at=event.at, place=next(book.places),
        sign=event.side.sign, hedge_id=event.hedge, lots=event.lots,
        contract_size=book.contract_size, origin=event.origin, by=event.by, first=event.covers,
    )  # fmt: skip
    _touch(records, book)


def _hedge_filled(records: Records, event: tf.HedgeFilled, at: Timestamp) -> None:
    item = records.hedges.get(event.hedge)
    if item is not None:
        told = (event.fill_id, event.revision, event.lots)
        _executed(records, item, told, event.price, event.at, at)


def _placed(records: Records, event: tf.TailHedgePlaced, at: Timestamp) -> None:
    book = _book(records, event.key)
    if book is None or event.hedge in records.hedges:
        return
    item = HedgeItem(
        key=event.key, side=event.side, at=at, place=next(book.places), sign=event.side.sign,
        hedge_id=event.hedge, lots=event.lots, contract_size=book.contract_size,
        origin=event.origin, by=event.by, first=event.trigger, intent_id=event.intent_id,
        state=IntentState.SENDING, roll=event.roll, why=event.why,
    )  # fmt: skip
    records.hedges[event.hedge] = book.hedges[event.hedge] = item
    records.by_intent[event.intent_id] = item
    if records.last_intent is not None and records.last_intent.intent_id == event.intent_id:
        item.limit = records.last_intent.draft.limit_price
    book.denied = ""
    _repend(book, item, 0)
    _touch(records, book)


def _intent(records: Records, event: ev.IntentRecorded, _: Timestamp) -> None:
    records.last_intent = event.intent
    item = records.by_intent.get(event.intent.intent_id)
    if item is not None:
        item.limit = event.intent.draft.limit_price
        _touch(records, records.books[item.key])


def _moved(records: Records, event: ev.IntentMoved, _: Timestamp) -> None:
    item = records.by_intent.get(event.intent_id)
    if item is None:
        return
    book, before = records.books[item.key], item.working
    item.state = event.after
    _repend(book, item, before)
    _touch(records, book)


def _booked(records: Records, event: ev.FillBooked, at: Timestamp) -> None:
    item = records.by_intent.get(event.intent_id)
    if item is None:
        return
    records.by_execution[event.exec_id] = item
    told = (event.exec_id, event.revision, event.quantity)
    _executed(records, item, told, event.price, event.executed_at, at)


def _charged(records: Records, event: ev.CommissionBooked, _: Timestamp) -> None:
    item = records.by_execution.get(event.exec_id)
    if item is not None:
        item.fees[event.exec_id] = event.amount
        _touch(records, records.books[item.key])


def _executed(
    records: Records,
    item: HedgeItem,
    told: tuple[str, int, int],
    price: Decimal,
    done_at: Timestamp,
    at: Timestamp,
) -> None:
    """Book an execution of a hedge: (id, revision, lots) once per id and revision."""
    fill_id, revision, lots = told
    known = item.fills.get(fill_id)
    if known is not None and known.revision >= revision:
        return
    book, before = records.books[item.key], item.working
    units = Units(lots * item.contract_size)
    item.fills[fill_id] = Fill(fill_id, revision, units, price, done_at, next(book.places))
    change = units - (0 if known is None else known.units)
    book.lots += item.sign * (change // item.contract_size)
    if item.roll:
        item.filled += change
        item.taken += change
    elif change:
        first = _cash_in(records, item) if records.linking is Linking.DIRECT else None
        book.change(item, change, done_at if known is None else at, first)
    _repend(book, item, before)
    _touch(records, book)


def _cash_in(records: Records, item: HedgeItem) -> CashItem | None:
    """Return the cash a hedge was made for, if it is of the same key."""
    cash = records.cash.get(item.first)
    return cash if cash is not None and cash.key == item.key else None


def _offset(records: Records, event: tf.OffsetBooked, at: Timestamp) -> None:
    book = _book(records, event.key)
    if book is None:
        return
    book.offsets.append(Offset(event.units, event.user, event.comment, at, event.roll))
    book.offset_units += event.units
    _touch(records, book)


def _policy_set(records: Records, event: tf.PolicySet, _: Timestamp) -> None:
    records.levels = records.levels.changed(event)
    records.level_version += 1
    records.version += 1
    if event.scope == KEY and event.key is not None:
        _book(records, event.key)


def _instance_set(records: Records, event: tf.InstanceSet, _: Timestamp) -> None:
    records.instance, records.instance_why = event.instance, event.why
    records.version += 1


def _denied(records: Records, event: tf.TailDenied, _: Timestamp) -> None:
    book = _book(records, event.key)
    if book is not None:
        book.denied = event.message
        _touch(records, book)


def _repend(book: KeyBook, item: HedgeItem, before: int) -> None:
    """Count what an order may still fill, instead of the `before` lots; a roll moves no balance."""
    if not item.roll:
        book.pending += item.sign * book.contract_size * (item.working - before)


STEPS: dict[type, Callable[[Records, Any, Timestamp], None]] = {
    tf.CashEntered: _cash_entered,
    tf.CashFilled: _cash_filled,
    tf.HedgeEntered: _hedge_entered,
    tf.HedgeFilled: _hedge_filled,
    tf.TailHedgePlaced: _placed,
    tf.OffsetBooked: _offset,
    tf.PolicySet: _policy_set,
    tf.InstanceSet: _instance_set,
    tf.TailDenied: _denied,
    ev.IntentRecorded: _intent,
    ev.IntentMoved: _moved,
    ev.FillBooked: _booked,
    ev.CommissionBooked: _charged,
}
"""Type of a fact to what it does."""
