"""Cash and hedge orders from a CSV file, all of it or nothing, and back into one.

Columns, in any order, after a header:

- `kind`: cash or hedge; `id`; `account`; `side`: BUY or SELL
- `contract`: `ZC 202512`, or as the trade writes it, ZCEZ25
- `units` of cash and `lots` of a hedge: two columns, or one, `units|lots`
- `price`: in cents, 433.25 or 433'2
- `at`: ISO 8601, UTC where it names no zone
- where wanted: `origin` (of a hedge; outside if empty), `covers` (the cash a hedge was made for),
  `filled` (what is done of the units or lots; all if empty)

A file without a header has `COLUMNS`. Every row is checked before any becomes a fact. What is known
already with the same content makes no fact, so a file may be imported twice.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hedgetui.domain.errors import DataError
from hedgetui.domain.tails.checks import SAME, covers_objection, objection
from hedgetui.domain.tails.csv_rows import (
    CASH,
    HEDGE,
    SHOWN,
    OrderRow,
    RowError,
    order_row,
    records,
)
from hedgetui.domain.tails.facts import CashEntered, HedgeEntered, TailEvent
from hedgetui.domain.tails.items import CashItem, HedgeItem
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import CashId
from hedgetui.domain.text import safe
from hedgetui.domain.units import iso_utc

MOST_COMPLAINTS = 20
_MILLISECOND = 0.001
"""Times in files are rounded to it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file adds to a ledger."""

    facts: tuple[TailEvent, ...]
    """For one write, oldest order first."""
    cash: int
    hedges: int
    known: int
    """Orders that were there already, or twice in the file."""


def read_orders(lines: Iterable[str], ledger: Ledger, *, name: str, by: str) -> Imported:
    """Read a file of cash and hedge orders against what a ledger knows.

    Args:
        lines: the file.
        ledger: as it stands; nothing in it changes.
        name: of the file, for complaints.
        by: who imports.

    Raises:
        DataError: rows are bad; the first 20 are named with line and reason.
    """
    complaints: list[str] = []
    rows: dict[tuple[str, str], OrderRow] = {}
    doubled = 0
    for line, cells in records(lines, complaints):
        try:
            row = order_row(line, cells, by)
            doubled += _collect(rows, row)
        except RowError as bad:
            complaints.append(f"line {line}: {bad}")
    fresh: list[OrderRow] = []
    for row in rows.values():
        why = _against(ledger, rows, row)
        if why and why != SAME:
            complaints.append(f"line {row.line}: {why}")
        elif not why:
            fresh.append(row)
    if complaints:
        raise _refusal(name, complaints)
    fresh.sort(key=lambda row: (row.entered.at, row.identity[0], row.line))
    cash = sum(isinstance(row.entered, CashEntered) for row in fresh)
    facts = tuple(fact for row in fresh for fact in row.facts())
    return Imported(facts, cash, len(fresh) - cash, doubled + len(rows) - len(fresh))


def _refusal(name: str, complaints: list[str]) -> DataError:
    """Return one error that names every bad row, in the order of the file."""
    ordered = sorted(complaints, key=lambda words: int(re.findall(r"\d+", words)[0]))
    shown = "; ".join(ordered[:MOST_COMPLAINTS])
    more = len(ordered) - MOST_COMPLAINTS
    tail = f"; and {more} more" if more > 0 else ""
    return DataError(
        f"{safe(name)}: {shown}{tail}", hint="nothing was imported; mend the file and try again"
    )


def _collect(rows: dict[tuple[str, str], OrderRow], row: OrderRow) -> bool:
    """Keep a row; return whether the file says the same order again."""
    known = rows.setdefault(row.identity, row)
    if known is row:
        return False
    if known.content != row.content:
        raise RowError(f"id: {safe(row.identity[1], SHOWN)} stands in line {known.line} otherwise")
    return True


def _against(ledger: Ledger, rows: Mapping[tuple[str, str], OrderRow], row: OrderRow) -> str:
    """Return why a row cannot be recorded, `SAME` if it is, empty when it is new."""
    one = row.entered
    item = ledger.cash(one.cash) if isinstance(one, CashEntered) else ledger.hedge(one.hedge)
    if item is not None:
        return _again(ledger, item, row)
    if isinstance(one, HedgeEntered) and (cash := rows.get((CASH, one.covers))) is not None:
        told = cash.entered
        if why := covers_objection(told.key, told.side is one.side, one):
            return why
        one = replace(one, covers=CashId(""))  # the ledger learns of that cash in the same write
    return objection(ledger, one)


def _again(ledger: Ledger, item: CashItem | HedgeItem, row: OrderRow) -> str:
    """Compare a row with the order the ledger knows under its identity."""
    one, identity = row.entered, row.identity[1]
    if abs(item.at - one.at) <= _MILLISECOND:
        one = replace(one, at=item.at)
    told = objection(ledger, one)
    if told != SAME:
        return told
    done = item.filled_lots if isinstance(item, HedgeItem) else item.filled
    if done != row.filled:
        return f"filled: {identity} is known with {done:,}, not {row.filled:,}"
    price = item.average if isinstance(item, HedgeItem) else item.price
    if price is not None and price != row.price:
        return f"price: {identity} is known with {price}, not {row.price}"
    return SAME


ORDER_COLUMNS = (
    "kind", "id", "account", "contract", "side", "units", "lots", "price", "at", "origin", "covers",
    "filled", "open",
)  # fmt: skip
"""Of an export: those of an import, and what of an order is unlinked."""
LINK_COLUMNS = ("account", "contract", "cash", "hedge", "units", "at")


def orders_csv(ledger: Ledger) -> str:
    """Return every cash and hedge order as a file that `read_orders` takes, oldest first.

    A hedge without a fill has no price and is left out: it covers nothing.
    """
    found: list[CashItem | HedgeItem] = []
    for key in ledger.keys:
        if (book := ledger.book(key)) is not None:
            found += book.cash.values()
            found += (hedge for hedge in book.hedges.values() if hedge.filled)
    found.sort(key=lambda one: (one.at, one.key, isinstance(one, HedgeItem), one.place))
    return _text(ORDER_COLUMNS, [_order(one) for one in found])


def _order(one: CashItem | HedgeItem) -> tuple[object, ...]:
    key, side, at = one.key, one.side.value, iso_utc(one.at)
    place = (key.account, key.contract, side)
    if isinstance(one, CashItem):
        amounts = (one.size, "", one.price, at)
        return (CASH, one.cash_id, *place, *amounts, "", "", one.filled, one.open)
    done = ("", one.lots, one.average, at)
    ends = (one.origin.value, one.first, one.filled_lots, one.open)
    return (HEDGE, one.hedge_id, *place, *done, *ends)


def links_csv(ledger: Ledger) -> str:
    """Return which hedge covers how much of which cash, by key, in order of making."""
    rows = [
        (key.account, key.contract, link.cash, link.hedge, link.units, iso_utc(link.at))
        for key in ledger.keys
        for link in ledger.links(key)
    ]
    return _text(LINK_COLUMNS, rows)


def _text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
