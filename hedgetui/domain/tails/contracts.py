"""The futures a tail is hedged with: their terms, their names in the trade, prices in eighths.

The desk names a contract `ZC 202512`. Traders and CQG write `ZCZ25`, `ZCEZ25` or `ZCZ5`; whatever
comes in is spelled one way before it becomes part of a key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from hedgetui.domain import instruments
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import FUTURES
from hedgetui.domain.text import safe

MONTH_LETTERS = "FGHJKMNQUVXZ"
"""January to December, as futures exchanges write them."""
_EIGHTHS = 8
_FIRST_YEAR, _LAST_YEAR = 1970, 2099
_MOST_CENTS = Decimal(10_000_000)
_MOST_PLACES = 30
_PLAIN = re.compile(r"([A-Z]{2,3}) ?(\d{6})")
_CODED = re.compile(rf"([A-Z]{{2,3}})([{MONTH_LETTERS}])(\d{{1,2}}|\d{{4}})")
_TICKED = re.compile(r"(-?)(\d{1,7})'([0-7])")


@dataclass(frozen=True, slots=True)
class Grain:
    """The terms of one commodity's futures."""

    symbol: str
    name: str
    exchange: str
    size: int
    """Units of the commodity in one contract."""
    unit: str
    tick: Decimal
    """In cents a unit, as prices are."""
    multiplier: Decimal
    """Dollars per cent of the price, for one contract."""
    months: tuple[int, ...]
    codes: tuple[str, ...]
    """Other spellings of the symbol; CQG's for the electronic contract."""


_CODES = {"ZC": ("ZCE",), "ZW": ("ZWA",), "ZS": ("ZSE",)}
GRAINS = {
    symbol: Grain(
        symbol, listed.name, listed.exchange, listed.contract_size, listed.unit,
        FUTURES[symbol][1], FUTURES[symbol][0], listed.months, _CODES[symbol],
    )
    for symbol, listed in instruments.GRAINS.items()
}  # fmt: skip
"""Symbol to terms."""

EXCHANGES = frozenset(grain.exchange for grain in GRAINS.values())
_BY_CODE = {code: grain for grain in GRAINS.values() for code in (grain.symbol, *grain.codes)}


def contract_key(text: str, near: date) -> str:
    """Return the desk's name of a contract, `ZC 202512`, from any spelling of the trade.

    Args:
        text: `ZC 202512`, `ZCEZ20`, `ZCZ20`, `ZCZ2020` or `ZCZ0`.
        near: a day close to the contract's life; a short year is the closest one to it.

    Raises:
        DataError: the spelling, the commodity or its contract month is not known.
    """
    spelled = text.strip().upper()
    if plain := _PLAIN.fullmatch(spelled):
        code, digits = plain.groups()
        return _named(text, code, int(digits[:4]), int(digits[4:]))
    if coded := _CODED.fullmatch(spelled):
        code, letter, digits = coded.groups()
        return _named(text, code, _year(digits, near), MONTH_LETTERS.index(letter) + 1)
    raise DataError(f"unknown contract {safe(text, 40)!r}", hint="as `ZC 202512` or ZCZ25")


def _year(digits: str, near: date) -> int:
    """Return the year that ends in `digits` and is closest to `near`; of two the later."""
    if len(digits) == 4:
        return int(digits)
    span = int(10 ** len(digits))
    past = near.year - (near.year - int(digits)) % span
    return past if near.year - past < past + span - near.year else past + span


def _named(text: str, code: str, year: int, month: int) -> str:
    grain = _BY_CODE.get(code)
    if grain is None:
        known = ", ".join(GRAINS)
        raise DataError(f"unknown contract {safe(text, 40)!r}: known are {known}")
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        span = f"{_FIRST_YEAR} to {_LAST_YEAR}"
        raise DataError(f"unknown contract {safe(text, 40)!r}: its year is not within {span}")
    if month not in grain.months:
        letters = " ".join(MONTH_LETTERS[known - 1] for known in grain.months)
        raise DataError(
            f"unknown contract {safe(text, 40)!r}: {grain.name} has no month {month}",
            hint=f"{grain.symbol} trades {letters}",
        )
    return f"{grain.symbol} {year:04d}{month:02d}"


@lru_cache(maxsize=1024)
def terms(contract: str) -> Grain:
    """Return the terms of a contract named as the desk does.

    Raises:
        DataError: it is not named so, or the commodity or month is not known.
    """
    if _PLAIN.fullmatch(contract) and contract == contract_key(contract, date.min):
        return GRAINS[contract[:2]]
    raise DataError(f"unknown contract {safe(contract, 40)!r}", hint="as `ZC 202512`")


def price_words(price: Decimal | float) -> str:
    """Return a price in cents as the trade writes it, in eighths: 433.25 is `433'2`.

    A price between eighths, as an average may be, keeps its decimals.
    """
    exact = price if isinstance(price, Decimal) else Decimal(str(price))
    eighths = exact.copy_abs() * _EIGHTHS
    if eighths != eighths.to_integral_value():
        return f"{exact.normalize():f}"
    whole, rest = divmod(int(eighths), _EIGHTHS)
    return f"{'-' if exact < 0 else ''}{whole}'{rest}"


def parse_price(text: str) -> Decimal:
    """Read a price in cents, decimal or in eighths: `433.25` and `433'2` are one price.

    Raises:
        DataError: the text is no such price.
    """
    if ticked := _TICKED.fullmatch(text.strip()):
        sign, whole, eighths = ticked.groups()
        price = Decimal(whole) + Decimal(eighths) / _EIGHTHS
        return -price if sign else price
    try:
        price = Decimal(text.strip())
    except ArithmeticError as error:
        raise DataError(f"{safe(text, 40)!r} is not a price") from error
    if not is_price(price):
        raise DataError(f"{safe(text, 40)!r} is not a price")
    return price


def is_price(price: Decimal) -> bool:
    """Whether a price in cents can be one: nobody can add up or show what is out of all bounds."""
    if not price.is_finite() or price.copy_abs() > _MOST_CENTS:
        return False
    exponent = price.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_MOST_PLACES
