"""What a symbol says about the instrument: options, futures and currency pairs by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from hedgetui.domain.instruments import Right

FUTURES: Final = {
    "ES": 50.0, "MES": 5.0, "NQ": 20.0, "MNQ": 2.0, "RTY": 50.0, "M2K": 5.0, "YM": 5.0, "MYM": 0.5,
    "ZC": 50.0, "ZW": 50.0, "ZS": 50.0, "CL": 1_000.0, "MCL": 100.0, "NG": 10_000.0,
    "GC": 100.0, "MGC": 10.0, "SI": 5_000.0, "HG": 25_000.0, "ZT": 2_000.0, "ZF": 1_000.0,
    "ZN": 1_000.0, "ZB": 1_000.0, "VX": 1_000.0, "VXM": 100.0,
}  # fmt: skip
"""Dollars per point of the price as it is quoted, by root."""

_OCC = re.compile(r"([A-Z][A-Z0-9.]{0,5}) *(\d{6})([CP])(\d{8})")
"""The root, six places in print, then the day, the right and the strike in thousandths."""
_COMPACT = re.compile(r"[.\-]?([A-Z][A-Z0-9]{0,5}) ?(\d{6})([CP])(\d{1,6}(?:\.\d{1,3})?)")
_WORDS = re.compile(
    r"/?([A-Z][A-Z0-9.]{0,5}) (?:(?P<iso>\d{4}-?\d\d-?\d\d)|(?P<us>\d\d?/\d\d?/(?:\d{4}|\d\d))"
    r"|(?P<md>[A-Z]{3} \d\d? (?:\d{4}|'?\d\d))|(?P<dm>\d\d? ?[A-Z]{3} ?(?:\d{4}|'?\d\d)))"
    r" (?:\$?(?P<k1>\d+(?:\.\d+)?) ?(?P<r1>C|P|CALL|PUT)"
    r"|(?P<r2>C|P|CALL|PUT) \$?(?P<k2>\d+(?:\.\d+)?))"
)
_FUTURE = re.compile(r"(/?)([A-Z0-9]{1,3}?)(?:[FGHJKMNQUVXZ]\d{1,2}| ?20\d{4}| [A-Z]{3}'?\d{2})?")
_SLASH_DAY = re.compile(r"(\d\d?)/(\d\d?)/(\d{4}|\d\d)")
_NAMED_DAY = re.compile(r"(?:(\d\d?) ?([A-Z]{3})|([A-Z]{3}) (\d\d?)) ?'?(\d{4}|\d\d)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
CURRENCIES = frozenset({"USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "USDT"})
"""What prices are quoted in."""
_BASE = CURRENCIES | {
    "XAU",
    "XAG",
    "BTC",
    "ETH",
    "SEK",
    "NOK",
    "MXN",
    "SGD",
    "HKD",
    "CNH",
    "ZAR",
    "SOL",
}
_ROOTS = {"SPXW": "SPX", "XSPW": "XSP", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX"}
"""Weekly and morning-settled options have roots of their own on the same index."""
_STRIKE_UNIT = 1_000


@dataclass(frozen=True, slots=True)
class OptionName:
    """The terms of an option."""

    underlying: str
    expiry: date
    right: Right
    strike: float
    on_shares: bool = False
    """Whether the way it is written is that of options on shares and indices alone."""


def option_name(symbol: str) -> OptionName | None:
    """Return the terms that a symbol names, none if it names no option.

    Known are OCC's (`SPY   251219P00530000`, blanks or not), the short ones of trading programs
    (`.SPY251219P530`, `-SPY251219P530`) and words: `SPY 12/19/2025 530.00 P`, `SPY 19 Dec 25 530
    P`, `SPY DEC 19 2025 530 PUT`, `SPY 20251219 530 P`, `SPY 2025-12-19 P 530`.
    """
    text = " ".join(symbol.upper().split())
    if found := _OCC.fullmatch(text) or _COMPACT.fullmatch(text):
        root, day, right, strike = found.groups()
        thousandths = len(strike) == 8
        points = float(strike) / (_STRIKE_UNIT if thousandths else 1)
        named = _made(root, f"20{day}", right, points)
        return None if named is None else replace(named, on_shares=thousandths)
    if found := _WORDS.fullmatch(text):
        day = next(filter(None, found.group("iso", "us", "md", "dm")))
        strike = found["k1"] or found["k2"]
        return _made(found[1], day, (found["r1"] or found["r2"])[0], float(strike))
    return None


def _made(root: str, day: str, right: str, strike: float) -> OptionName | None:
    expiry = parse_day(day)
    if expiry is None or strike <= 0:
        return None
    return OptionName(_ROOTS.get(root, root), expiry, Right(right), strike)


def parse_day(text: str) -> date | None:
    """Return a day written as `2025-12-19`, `20251219`, `12/19/2025`, `19 Dec 25`, `DEC 19 2025`.

    Slashes are read the American way, month first. None if it is no day.
    """
    try:
        if found := _SLASH_DAY.fullmatch(text):
            month, day, year = map(int, found.groups())
            return date(_century(year), month, day)
        if found := _NAMED_DAY.fullmatch(text.upper()):
            name = found[2] or found[3]
            day = int(found[1] or found[4])
            return date(_century(int(found[5])), _MONTHS.index(name) + 1, day)
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _century(year: int) -> int:
    return year + 2_000 if year < 100 else year


def future_root(symbol: str) -> str | None:
    """Return the root of a future's symbol (`/ESZ5`, `ESZ25`, `MES 202512`), none if it is none.

    Without the slash only roots that are known count: `FXZ5` may be anything.
    """
    found = _FUTURE.fullmatch(symbol)
    if found is None:
        return None
    slash, root = found.groups()
    return root if slash or (root in FUTURES and root != symbol) else None


def is_pair(symbol: str) -> bool:
    """Whether a symbol is a pair of currencies, metals or coins: `EURUSD`, `EUR.USD`, `BTC/USD`."""
    text = re.sub(r"[./\-]", "", symbol)
    return (
        len(text) in {6, 7}
        and text[:3] in _BASE
        and text[3:] in CURRENCIES
        and text[:3] != text[3:]
    )
