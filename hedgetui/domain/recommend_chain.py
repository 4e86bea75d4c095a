"""Reads an option chain from a CSV file, under the names that data vendors give its columns."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from hedgetui.domain.balance import cells as cl
from hedgetui.domain.balance.cells import RowError
from hedgetui.domain.balance.positions import Unparsed
from hedgetui.domain.errors import DataError
from hedgetui.domain.recommend import ChainRow
from hedgetui.domain.text import safe

HEADER: Final = "expiry,strike,right,bid,ask[,volume,open_interest,iv,spot,day,underlying]"
_ALIASES: Final = {
    "expiry": ("expiry", "expiration", "expiration date", "exp"),
    "strike": ("strike", "strike price"),
    "right": ("right", "type", "option type", "put/call", "cp"),
    "bid": ("bid", "bid price"),
    "ask": ("ask", "ask price", "offer"),
    "volume": ("volume", "vol"),
    "open_interest": ("open interest", "openinterest", "oi"),
    "iv": ("iv", "implied volatility", "impliedvol"),
    "spot": ("spot", "underlying last", "underlying price"),
    "day": ("day", "quotedate", "quote date", "date"),
    "underlying": ("underlying", "ticker", "root"),
}  # fmt: skip
_COLUMN = {name: column for column, names in _ALIASES.items() for name in names}
_NEEDED = ("expiry", "strike", "right", "bid", "ask")
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class ChainFile:
    """A chain and what its file says beside it."""

    rows: tuple[ChainRow, ...]
    unparsed: tuple[Unparsed, ...]
    spot: float | None
    """Of the underlying; none where no row says it."""
    day: date | None
    """The quotes' own, the last one; none where no row says it."""


def read_chain(lines: Iterable[str], ticker: str) -> ChainFile:
    """Read a chain, header first; rows of other underlyings are passed over.

    Raises:
        DataError: the file is empty, a needed column is missing, or nothing is on `ticker`.
    """
    reader = csv.reader(lines)
    try:
        table = [(reader.line_num, texts) for texts in reader]
    except csv.Error as error:
        raise DataError(f"line {reader.line_num}: {error}") from error
    header = table[0][1] if table else None
    if header is None:
        raise DataError("line 1: the file is empty", hint=f"header first: {HEADER}")
    columns = [_COLUMN.get(cell.strip().lower().replace("_", " "), "") for cell in header]
    if missing := [name for name in _NEEDED if name not in columns]:
        raise DataError(f"line 1: no column {missing[0]!r}", hint=f"wanted: {HEADER}")
    found: list[tuple[ChainRow, float | None, date | None]] = []
    unparsed: list[Unparsed] = []
    foreign = 0
    for line, texts in table[1:]:
        cells = {name: text.strip() for name, text in zip(columns, texts, strict=False) if name}
        if not any(cells.values()):
            continue
        if cells.get("underlying", ticker).upper() != ticker:
            foreign += 1
            continue
        try:
            found.append((_row(cells), cl.number(cells, "spot", above=0.0), cl.day(cells, "day")))
        except RowError as error:
            unparsed.append(Unparsed(line, safe(",".join(texts), _SHOWN), error.message))
    if not found and not unparsed and foreign:
        raise DataError(f"the chain has {foreign} rows, none on {safe(ticker, 20)}")
    last = max((day for _, _, day in found if day is not None), default=None)
    now = [one for one in found if one[2] == last]
    return ChainFile(
        tuple(row for row, _, _ in now),
        tuple(unparsed),
        next((spot for _, spot, _ in reversed(now) if spot is not None), None),
        last,
    )


def _row(cells: Mapping[str, str]) -> ChainRow:
    expiry, right = cl.day(cells, "expiry"), cl.right(cells)
    strike = cl.number(cells, "strike", above=0.0)
    if expiry is None or right is None or strike is None:
        raise RowError("expiry, right or strike is missing")
    bid, ask, volume, interest = (
        _or_nan(cl.number(cells, name)) for name in ("bid", "ask", "volume", "open_interest")
    )
    return ChainRow(
        expiry, strike, right, bid, ask, volume, interest, _or_nan(cl.number(cells, "iv"))
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
