"""Recorded option chains: one CSV of daily quotes becomes one snapshot a day.

Only prices are taken. The greeks and volatilities that vendors put into such files follow their own
conventions and dividend guesses, so the console computes its own from the mids.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import ROOTS, SPX, XSP, OptionRoot, settles_at
from hedgetui.domain.quotes import ChainSnapshot, ExpiryQuotes, price_number
from hedgetui.domain.units import IndexPoints
from hedgetui.simulation.csv_table import cell_date, cell_number, read_columns

_COLUMNS: tuple[tuple[str, ...], ...] = (
    ("underlying",),
    ("underlying_last",),
    ("type",),
    ("expiration",),
    ("quotedate",),
    ("strike",),
    ("bid",),
    ("ask",),
)
_SYMBOLS: dict[str, OptionRoot] = {**ROOTS, "SPXW": SPX, "SPXPM": SPX}
_XSP_SCALE = 10.0

Strikes = dict[float, list[float]]
"""Strike to call bid, call ask, put bid, put ask."""
Day = tuple[OptionRoot, float, dict[date, Strikes]]


def read_chains(path: Path) -> tuple[ChainSnapshot, ...]:
    """Return one snapshot per quote date, oldest first, taken at the close.

    Raises:
        DataError: the file cannot be read or a row makes no sense; file, line and column are named.
    """
    days: dict[date, Day] = {}
    for line, cells in read_columns(path, _COLUMNS):
        _add(days, path, line, cells)
    if not days:
        raise DataError(f"{path.name}: no quotes in it")
    return tuple(_snapshot(day, *days[day]) for day in sorted(days))


def scale_to_xsp(snapshot: ChainSnapshot) -> ChainSnapshot:
    """Return an SPX chain as the XSP chain it implies: every price and strike a tenth.

    A chain that is XSP already is returned as it is.

    Raises:
        DataError: the chain is on neither SPX nor XSP.
    """
    if snapshot.root is XSP:
        return snapshot
    if snapshot.root is not SPX:
        raise DataError(f"a chain on {snapshot.root.symbol} does not scale to XSP")
    return replace(
        snapshot,
        root=XSP,
        spot=IndexPoints(snapshot.spot / _XSP_SCALE),
        expiries=tuple(_tenth(quotes) for quotes in snapshot.expiries),
    )


def _tenth(quotes: ExpiryQuotes) -> ExpiryQuotes:
    return ExpiryQuotes(
        quotes.expiry,
        quotes.strikes / _XSP_SCALE,
        quotes.call_bid / _XSP_SCALE,
        quotes.call_ask / _XSP_SCALE,
        quotes.put_bid / _XSP_SCALE,
        quotes.put_ask / _XSP_SCALE,
    )


def _add(days: dict[date, Day], path: Path, line: int, cells: tuple[str, ...]) -> None:
    symbol, last, kind, expiration, quoted, strike_text, bid, ask = cells
    day = cell_date(path, line, "quotedate", quoted)
    expiry = cell_date(path, line, "expiration", expiration)
    strike = cell_number(path, line, "strike", strike_text)
    spot = cell_number(path, line, "underlying_last", last)
    if strike <= 0 or spot <= 0:
        column, text = ("strike", strike_text) if strike <= 0 else ("underlying_last", last)
        raise DataError(f"{path.name} line {line}: {column} {text!r} is not positive")
    if day not in days:
        days[day] = (_root(path, line, symbol), spot, {})
    row = days[day][2].setdefault(expiry, {}).setdefault(strike, [math.nan] * 4)
    place = _side(path, line, kind)
    row[place] = _quote(path, line, "bid", bid)
    row[place + 1] = _quote(path, line, "ask", ask)


def _root(path: Path, line: int, symbol: str) -> OptionRoot:
    root = _SYMBOLS.get(symbol.upper().lstrip("^$"))
    if root is None:
        known = ", ".join(sorted(_SYMBOLS))
        raise DataError(
            f"{path.name} line {line}: underlying {symbol!r} is not known", hint=f"known: {known}"
        )
    return root


def _side(path: Path, line: int, kind: str) -> int:
    match kind.lower():
        case "call" | "c":
            return 0
        case "put" | "p":
            return 2
        case _:
            raise DataError(f"{path.name} line {line}: type {kind!r} is neither call nor put")


def _quote(path: Path, line: int, column: str, text: str) -> float:
    """A price, or NaN where there is no quote: empty, zero or negative."""
    if not text:
        return math.nan
    price = price_number(cell_number(path, line, column, text))
    return math.nan if price is None else price


def _snapshot(
    day: date, root: OptionRoot, spot: float, expiries: dict[date, Strikes]
) -> ChainSnapshot:
    return ChainSnapshot(
        root,
        settles_at(day),
        IndexPoints(spot),
        tuple(_expiry(expiry, expiries[expiry]) for expiry in sorted(expiries)),
    )


def _expiry(expiry: date, rows: Strikes) -> ExpiryQuotes:
    strikes = sorted(rows)
    sides = np.array([rows[strike] for strike in strikes], np.float64).T
    return ExpiryQuotes(expiry, np.array(strikes, np.float64), *sides)
