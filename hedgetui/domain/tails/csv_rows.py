"""The rows of a file of cash and hedge orders, each checked by itself.

`csv_file` says what the columns are and compares the rows with each other and with the ledger.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.errors import DataError
from hedgetui.domain.orders import Side
from hedgetui.domain.tails.contracts import contract_key, parse_price
from hedgetui.domain.tails.facts import (
    CashEntered,
    CashFilled,
    HedgeEntered,
    HedgeFilled,
    TailEvent,
)
from hedgetui.domain.tails.model import CashId, HedgeId, Key, Lots, Origin, Units
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp, parse_utc, utc_date

CASH, HEDGE = "cash", "hedge"
BOTH = "units|lots"
COLUMNS = ("kind", "id", "account", "contract", "side", BOTH, "price", "at", "origin", "covers")
"""Of a file without a header."""
_NEEDED = ("kind", "id", "account", "contract", "side", "price", "at")
_AMOUNTS = {CASH: ("units", BOTH, "lots"), HEDGE: ("lots", BOTH, "units")}
"""Where a kind's amount stands: the first of these columns that the file has."""
_DELIMITERS = ",;\t"
FILL_ID = "import"
_FIRST, _LAST = parse_utc("1970-01-01T00:00:00Z"), parse_utc("2100-01-01T00:00:00Z")
_WHOLE = re.compile(r"[+-]?\d{1,12}(?:\.0*)?")
SHOWN = 40
"""Characters of foreign text in a complaint."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order of the file."""

    line: int
    entered: CashEntered | HedgeEntered
    amount: int
    filled: int
    price: Decimal

    @property
    def identity(self) -> tuple[str, str]:
        """Kind and id: what may stand in a file and in a ledger once."""
        if isinstance(self.entered, CashEntered):
            return CASH, self.entered.cash
        return HEDGE, self.entered.hedge

    @property
    def content(self) -> tuple[object, ...]:
        """What two rows of one identity must share."""
        one = self.entered
        extra = () if isinstance(one, CashEntered) else (one.origin, one.covers)
        return (one.key, one.side, self.amount, self.filled, self.price, one.at, *extra)

    def facts(self) -> Iterator[TailEvent]:
        """Yield the order and what is done of it."""
        one = self.entered
        yield one
        if not self.filled:
            return
        if isinstance(one, CashEntered):
            yield CashFilled(one.cash, FILL_ID, 1, Units(self.filled), self.price, one.at)
        else:
            yield HedgeFilled(one.hedge, FILL_ID, 1, Lots(self.filled), self.price, one.at)


class RowError(DataError):
    """A row cannot be an order."""


def records(lines: Iterable[str], complaints: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, cells by column) of every row that has the file's columns."""
    numbered = [
        line.removeprefix("\ufeff") if not place else line for place, line in enumerate(lines)
    ]
    delimiter = max(_DELIMITERS, key=numbered[0].count) if numbered else ","
    reader = csv.reader(numbered, delimiter=delimiter, strict=True)
    columns: tuple[str, ...] = ()
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            if not columns:
                columns = _header(stripped)
                if missing := _missing(columns):
                    complaints.append(f"line {reader.line_num}: no column {missing}")
                    return
                if columns is not COLUMNS:
                    continue
            if len(stripped) > len(columns):
                complaints.append(f"line {reader.line_num}: more cells than columns")
                continue
            padded = stripped + [""] * (len(columns) - len(stripped))
            yield reader.line_num, dict(zip(columns, padded, strict=True))
        if not columns:
            complaints.append("line 1: the file is empty")
    except csv.Error as error:
        complaints.append(f"line {reader.line_num}: {safe(error)}")


def _header(cells: list[str]) -> tuple[str, ...]:
    """Return the columns a first row names, the usual ones when it is an order itself."""
    if cells[0].lower() in {CASH, HEDGE}:
        return COLUMNS
    return tuple(cell.lower() for cell in cells)


def _missing(columns: tuple[str, ...]) -> str:
    for name in _NEEDED:
        if name not in columns:
            return name
    return "" if set(_AMOUNTS[CASH]) & set(columns) else "units or lots"


def order_row(line: int, cells: Mapping[str, str], by: str) -> OrderRow:
    """Return the order of one row.

    Raises:
        RowError: a cell is missing or makes no sense; the column is named.
    """
    kind = cells["kind"].lower()
    if kind not in _AMOUNTS:
        raise RowError(f"kind: {safe(kind, SHOWN)!r} is neither cash nor hedge")
    for name in _NEEDED[1:]:
        if not cells[name]:
            raise RowError(f"{name}: empty")
    at = _time(cells["at"])
    key = Key(cells["account"], _contract(cells["contract"], at))
    side = _side(cells["side"])
    column = next(name for name in _AMOUNTS[kind] if name in cells)
    amount = _whole(_AMOUNTS[kind][0], cells[column])
    filled = _whole("filled", cells["filled"]) if cells.get("filled") else amount
    if filled > amount:
        raise RowError(f"filled: {filled:,} of {amount:,}")
    price = _price(cells["price"])
    entered: CashEntered | HedgeEntered
    if kind == CASH:
        entered = CashEntered(
            CashId(cells["id"]), key, side, Units(amount), price, at, by, f"imported, line {line}"
        )
    else:
        entered = HedgeEntered(
            HedgeId(cells["id"]), key, side, Lots(amount), _origin(cells.get("origin", "")), at, by,
            CashId(cells.get("covers", "")),
        )  # fmt: skip
    return OrderRow(line, entered, amount, filled, price)


def _time(text: str) -> Timestamp:
    try:
        at = parse_utc(text)
    except (ValueError, OverflowError) as error:
        raise RowError(f"at: {safe(text, SHOWN)!r} is not an ISO 8601 time") from error
    if not _FIRST <= at < _LAST:
        raise RowError(f"at: {safe(text, SHOWN)!r} is not within 1970 to 2099")
    return at


def _contract(text: str, at: Timestamp) -> str:
    try:
        return contract_key(text, utc_date(at))
    except DataError as error:
        raise RowError(f"contract: {error.message}") from error


def _side(text: str) -> Side:
    try:
        return Side(text.upper())
    except ValueError as error:
        raise RowError(f"side: {safe(text, SHOWN)!r} is neither BUY nor SELL") from error


def _origin(text: str) -> Origin:
    try:
        return Origin(text.lower() or Origin.OUTSIDE)
    except ValueError as error:
        known = ", ".join(Origin)
        raise RowError(f"origin: {safe(text, SHOWN)!r} is none of {known}") from error


def _whole(field: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise RowError(f"{field}: {safe(text, SHOWN)!r} is not a whole number")
    value = int(text.partition(".")[0])
    if value < 0:
        raise RowError(f"{field}: {value:,} is negative")
    return value


def _price(text: str) -> Decimal:
    try:
        price = parse_price(text)
    except DataError as error:
        raise RowError(f"price: {error.message}") from error
    if price <= 0:
        raise RowError(f"price: {safe(text, SHOWN)} is not positive")
    return price
