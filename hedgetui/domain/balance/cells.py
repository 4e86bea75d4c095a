"""The cells of a row of positions: brokers' column names, and each cell read or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from hedgetui.domain.balance.symbols import parse_day
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import Right
from hedgetui.domain.text import safe

HEADER: Final = "symbol,type,quantity,strike,expiry,right,price,multiplier"
ALIASES: Final = {
    "symbol": ("symbol", "ticker", "instrument", "contract", "local symbol"),
    "type": ("type", "sec type", "security type", "asset class", "asset type", "instrument type"),
    "quantity": ("quantity", "qty", "position", "pos", "size", "shares", "volume"),
    "strike": ("strike", "strike price"),
    "expiry": ("expiry", "expiration", "expiration date", "exp", "maturity", "expiry date",
               "last trade date or contract month"),
    "right": ("right", "put/call", "put call", "call/put", "call or put", "cp", "option type"),
    "price": ("price", "mark", "last", "last price", "mark price", "market price", "mkt price",
              "close price"),
    "multiplier": ("multiplier", "mult", "contract size"),
    "spot": ("spot", "underlying price", "und price"),
    "iv": ("iv", "implied volatility", "implied vol", "imp vol"),
    "delta": ("delta",),
    "beta": ("beta",),
    "side": ("side", "direction", "long/short"),
}  # fmt: skip
"""A column and what brokers call it; case, underscores and `camelCase` make no difference."""
_COLUMN = {name: column for column, names in ALIASES.items() for name in names}
_KINDS = {
    "equity": "equity", "stock": "equity", "stocks": "equity", "stk": "equity", "etf": "equity",
    "equities": "equity", "share": "equity", "shares": "equity", "fund": "equity", "cfd": "equity",
    "option": "option", "options": "option", "opt": "option", "fop": "option",
    "equity option": "option", "future option": "option", "put": "option", "call": "option",
    "future": "future", "futures": "future", "fut": "future",
    "fx": "fx", "forex": "fx", "crypto": "fx", "cryptocurrency": "fx", "cash": "fx",
    "bond": "other", "bonds": "other", "bill": "other", "fixed income": "other", "other": "other",
    "vol": "vol", "volatility": "vol",
}  # fmt: skip
_RIGHTS = {"C": Right.CALL, "CALL": Right.CALL, "P": Right.PUT, "PUT": Right.PUT}
_SIDES = {"long": 1, "buy": 1, "short": -1, "sell": -1}
_EMPTY = frozenset({"", "-", "--", "n/a", "na", "none", "nan", "null"})
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}|\d{1,3}(?:,\d{3})+)?(?:\.\d{0,12})?(?:[eE][+-]?\d{1,2})?")
_LARGEST = 1e12
_SHOWN = 40


class RowError(DataError):
    """A row cannot be a position."""


def columns(header: Sequence[str], line: int) -> list[str]:
    """Return our name of every column, empty for one that is not ours; the first of two counts.

    Raises:
        DataError: there is no symbol or no quantity.
    """
    found: list[str] = []
    for title in header:
        words = re.sub(r"([a-z])([A-Z])", r"\1 \2", title.strip()).replace("_", " ").lower()
        name = _COLUMN.get(words, _COLUMN.get(words.replace(" ", ""), ""))
        found.append("" if name in found else name)
    for name in ("symbol", "quantity"):
        if name not in found:
            listed = safe(", ".join(header), 120)
            hint = f"columns found: {listed}; wanted: {HEADER}"
            raise DataError(f"line {line}: no column {name!r}", hint=hint)
    return found


def number(row: Mapping[str, str], name: str, *, above: float | None = None) -> float | None:
    """Return a number, none where the cell is empty.

    Raises:
        RowError: it is no number, or not above `above`.
    """
    text = row.get(name, "")
    if text.lower() in _EMPTY:
        return None
    value = _number(text)
    if value is None or abs(value) > _LARGEST:
        raise RowError(f"{name}: {safe(text, _SHOWN)!r} is not a number")
    if above is not None and value <= above:
        raise RowError(f"{name}: {value:g} is not above {above:g}")
    return value


def _number(text: str) -> float | None:
    """Read `1,000`, `$12.50`, `(5)` for -5 and a true minus sign."""
    plain = text.replace("\N{MINUS SIGN}", "-").replace("$", "").replace(" ", "")
    negative = plain.startswith("(") and plain.endswith(")")
    plain = plain[1:-1] if negative else plain
    if not _NUMBER.fullmatch(plain):
        return None
    try:
        value = float(plain.replace(",", ""))
    except ValueError:
        return None
    return -value if negative else value


def quantity(row: Mapping[str, str]) -> float:
    """Return the signed quantity; a `side` gives the sign to a bare number.

    Raises:
        RowError: it is missing, 0 or no number, or its sign contradicts the side.
    """
    value = number(row, "quantity")
    if value is None:
        raise RowError("quantity: empty")
    word = row.get("side", "").lower()
    if word not in _EMPTY:
        sign = _SIDES.get(word)
        if sign is None:
            raise RowError(f"side: {safe(word, _SHOWN)!r} is neither long nor short")
        if value < 0 < sign:
            raise RowError(f"side: {word}, but the quantity is {value:g}")
        value = sign * abs(value)
    if not value:
        raise RowError("quantity: 0 is no position")
    return value


def kind_word(row: Mapping[str, str]) -> str:
    """Return the class that the row names, empty where it names none.

    Raises:
        RowError: there is no such class.
    """
    text = row.get("type", "").lower().replace("_", " ").strip()
    if text in _EMPTY:
        return ""
    if text not in _KINDS:
        known = "equity, option, future, fx"
        raise RowError(f"type: {safe(text, _SHOWN)!r} is none of {known}")
    return _KINDS[text]


def right(row: Mapping[str, str]) -> Right | None:
    """Return an option's right, none where the cell is empty; a type `put` says it too.

    Raises:
        RowError: it is neither a call nor a put.
    """
    text = row.get("right", "").upper()
    if text.lower() in _EMPTY:
        return _RIGHTS.get(row.get("type", "").upper())
    if text not in _RIGHTS:
        raise RowError(f"right: {safe(text, _SHOWN)!r} is neither C nor P")
    return _RIGHTS[text]


def day(row: Mapping[str, str], name: str) -> date | None:
    """Return a day, none where the cell is empty; a bare month, as of futures, is none either.

    Raises:
        RowError: it is no day.
    """
    text = row.get(name, "")
    if text.lower() in _EMPTY or re.fullmatch(r"20\d\d-?(0[1-9]|1[0-2])", text):
        return None
    found = parse_day(text)
    if found is None:
        raise RowError(f"{name}: {safe(text, _SHOWN)!r} is not a day")
    return found


def volatility(row: Mapping[str, str]) -> float | None:
    """Return the implied volatility: `0.22`, or `22%`.

    Raises:
        RowError: it is not a positive number.
    """
    text = row.get("iv", "")
    percent = text.endswith("%")
    value = number({"iv": text.removesuffix("%")}, "iv", above=0.0)
    return value / 100 if value is not None and percent else value
