"""Daily closes from a CSV file, and the betas measured on them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.balance.cells import RowError, number
from hedgetui.domain.balance.market import Beta
from hedgetui.domain.balance.symbols import parse_day
from hedgetui.domain.errors import DataError
from hedgetui.domain.text import safe

LEAST_RETURNS: Final = 120
"""Daily returns below which a beta is not measured."""
_LONG = ("symbol", "close")


@dataclass(frozen=True, slots=True)
class Closes:
    """Closes by symbol, each of shape (days,) with NaN where a day has none."""

    days: tuple[date, ...]
    """Growing."""
    table: dict[str, NDArray[np.float64]]

    def last(self, symbol: str) -> float | None:
        """Return the newest close, none if there is none."""
        known = self._known(symbol)
        return float(known[-1]) if len(known) else None

    def mean(self, symbol: str, days: int) -> float | None:
        """Return the mean of the newest `days` closes, none if there are fewer."""
        known = self._known(symbol)
        return float(known[-days:].mean()) if len(known) >= days else None

    def ratio(self, symbol: str, to: str) -> Closes:
        """Return one symbol over another as a table of its own, called `A/B`, on shared days."""
        if symbol not in self.table or to not in self.table:
            return Closes(self.days, {})
        return Closes(self.days, {f"{symbol}/{to}": self.table[symbol] / self.table[to]})

    def _known(self, symbol: str) -> NDArray[np.float64]:
        values = self.table.get(symbol, np.empty(0))
        return values[np.isfinite(values)]


def read_closes(lines: Iterable[str], name: str = "closes") -> Closes:
    """Read closes: a column of days and one of prices per symbol, or `date,symbol,close` rows.

    Raises:
        DataError: the file is empty, a day comes twice, or a cell is no day or no price; the line
            is named.
    """
    reader = csv.reader(line.removeprefix("\ufeff") for line in lines)
    try:
        rows = [
            (line, [cell.strip() for cell in cells])
            for line, cells in enumerate(reader, 1)
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise DataError(f"{name} line {reader.line_num}: {error}") from error
    if len(rows) < 2:
        raise DataError(f"{name}: no closes", hint="a header `date,SPY,…` and a row for each day")
    head = [title.lower() for title in rows[0][1]]
    if head[0] not in {"date", "day", "time"}:
        raise DataError(f"{name} line 1: the first column is not 'date'")
    found: dict[tuple[date, str], float] = {}
    for line, cells in rows[1:]:
        where = f"{name} line {line}"
        day = parse_day(cells[0])
        if day is None:
            raise DataError(f"{where}: column date: {safe(cells[0], 40)!r} is not a day")
        for symbol, text in _pairs(where, head, rows[0][1], cells):
            price = _price(where, symbol, text)
            if price is not None and found.setdefault((day, symbol), price) != price:
                raise DataError(f"{where}: {day} has two closes of {safe(symbol, 40)}")
    return _table(found)


def _pairs(
    where: str, head: Sequence[str], titles: Sequence[str], cells: Sequence[str]
) -> list[tuple[str, str]]:
    """Return (symbol, price) of a row."""
    if len(cells) > len(head):
        raise DataError(f"{where}: {len(cells)} cells, the header has {len(head)}")
    if all(name in head for name in _LONG):
        padded = [*cells, *[""] * (len(head) - len(cells))]
        return [(padded[head.index("symbol")].upper(), padded[head.index("close")])]
    return [(title.upper(), cell) for title, cell in zip(titles[1:], cells[1:], strict=False)]


def _price(where: str, symbol: str, text: str) -> float | None:
    try:
        return number({"close": text}, "close", above=0.0)
    except RowError as error:
        raise DataError(f"{where}: {safe(symbol, 40)}: {error.message}") from error


def _table(found: dict[tuple[date, str], float]) -> Closes:
    days = tuple(sorted({day for day, _ in found}))
    place = {day: index for index, day in enumerate(days)}
    symbols = sorted({symbol for _, symbol in found})
    table = {symbol: np.full(len(days), np.nan) for symbol in symbols}
    for (day, symbol), price in found.items():
        table[symbol][place[day]] = price
    return Closes(days, table)


def measured_beta(closes: Closes, symbol: str, index: str) -> Beta | None:
    """Return the slope of daily returns on the index's, none on fewer than `LEAST_RETURNS`.

    Both returns of a pair span the same two days: days that one of them lacks are left out first.
    """
    if symbol not in closes.table or index not in closes.table:
        return None
    both = np.stack([closes.table[symbol], closes.table[index]])
    both = both[:, np.isfinite(both).all(axis=0)]
    returns = both[:, 1:] / both[:, :-1] - 1.0
    count = returns.shape[1]
    if count < LEAST_RETURNS:
        return None
    covariance = np.cov(returns)
    own, shared, market = covariance[0, 0], covariance[0, 1], covariance[1, 1]
    if not market > 0:
        return None
    r2 = float(shared * shared / (own * market)) if own > 0 else 0.0
    return Beta(float(shared / market), r2, count)


def betas(closes: Closes, symbols: Iterable[str], index: str) -> dict[str, Beta]:
    """Return the betas that can be measured, by symbol."""
    found = {symbol: measured_beta(closes, symbol, index) for symbol in sorted(set(symbols))}
    return {symbol: beta for symbol, beta in found.items() if beta is not None}
