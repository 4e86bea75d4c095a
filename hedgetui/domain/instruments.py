"""What can be traded, and how much of the index one unit of it is.

An instrument carries its own multiplier, tick and index ratio, so no formula elsewhere holds a
"divide by five" or a "times one hundred". Keys are readable and stable: they name rows in the
journal for years.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from hedgetui.domain.errors import DataError
from hedgetui.domain.units import DAYS_PER_YEAR, SECONDS_PER_DAY, DollarsPerPoint, Timestamp

_SETTLEMENT_HOUR = 16
_NEW_YORK = ZoneInfo("America/New_York")

_QUARTERS = (3, 6, 9, 12)
_FRIDAY, _SATURDAY = 4, 5
_GRAIN_EXPIRY_DAY = 15
_MONTH_DIGITS = 6

LEG_SEPARATOR = " + "
"""Stands between the keys of a combo's legs, in the combo's own key."""
_LEAST_LEGS = 2
_OPTION_WORDS = 4


class Kind(StrEnum):
    """The class of an instrument."""

    INDEX = "index"
    STOCK = "stock"
    FUTURE = "future"
    OPTION = "option"
    COMBO = "combo"


class Right(StrEnum):
    """An option's right."""

    CALL = "C"
    PUT = "P"


@dataclass(frozen=True)
class Instrument:
    """One tradable contract, or an index that only has a level."""

    key: str
    """Stable identity in journal and logs: `XSP 20251219 540 C`, `MES 202512`, `NVDA STK`, or the
    keys of a combo's legs with ` + ` between them."""
    kind: Kind
    symbol: str
    multiplier: Decimal
    """Dollars per point of this instrument's own price."""
    tick: Decimal
    index_ratio: float
    """S&P 500 points' worth of one point of the underlying: SPX 1.0, XSP 0.1, SPY about 0.1.

    Zero for what is not the index at all, as grain futures."""
    expiry: date | None = None
    strike: Decimal | None = None
    right: Right | None = None
    legs: tuple[Instrument, ...] = ()
    """What a combo trades together, one contract of each a unit; empty for everything else."""

    @cached_property
    def delta_per_unit(self) -> DollarsPerPoint:
        """Δ$ of one contract whose own delta is 1.0: MES 5, ES 50, an XSP option 10, a grain 0."""
        return DollarsPerPoint(float(self.multiplier) * self.index_ratio)

    @cached_property
    def expires_at(self) -> Timestamp:
        """The moment time value ends.

        Raises:
            DataError: the instrument does not expire.
        """
        if self.expiry is None:
            message = f"{self.key} does not expire"
            raise DataError(message)
        return settles_at(self.expiry)

    def years_left(self, now: Timestamp) -> float:
        """Calendar years to expiry, never negative."""
        return max(0.0, (self.expires_at - now) / (SECONDS_PER_DAY * DAYS_PER_YEAR))

    def dte(self, now: Timestamp) -> int:
        """Whole calendar days to the expiry date (UTC dates)."""
        if self.expiry is None:
            message = f"{self.key} does not expire"
            raise DataError(message)
        return (self.expiry - datetime.fromtimestamp(now, UTC).date()).days

    @property
    def short(self) -> str:
        """The name used in log messages: `XSP 540C`, `XSP 510P+560C`, `MES`."""
        if self.legs:
            names = (leg.short.removeprefix(f"{self.symbol} ") for leg in self.legs)
            return f"{self.symbol} {'+'.join(names)}"
        if self.strike is None or self.right is None:
            return self.symbol
        return f"{self.symbol} {format_strike(self.strike)}{self.right}"


@lru_cache(maxsize=4096)
def settles_at(day: date) -> Timestamp:
    """Return 16:00 New York on `day`, when an option or future expiring then ends."""
    end = datetime(day.year, day.month, day.day, _SETTLEMENT_HOUR, tzinfo=_NEW_YORK)
    return Timestamp(end.timestamp())


@dataclass(frozen=True, slots=True)
class OptionRoot:
    """The terms shared by every option of one underlying."""

    symbol: str
    index_ratio: float
    multiplier: Decimal = Decimal(100)
    tick: Decimal = Decimal("0.01")


XSP = OptionRoot("XSP", 0.1)
SPX = OptionRoot("SPX", 1.0, tick=Decimal("0.05"))
SPY = OptionRoot("SPY", 0.1)
ROOTS = {root.symbol: root for root in (XSP, SPX, SPY)}
BOOK_ROOTS = frozenset({"XSP", "SPX"})
"""Roots whose options are strangles of the book; every other option is a security."""
VIX = "VIX"
STOCK_MARK = "STK"
"""Second word of a share's key: `NVDA STK`."""
_TICKER = re.compile(r"[A-Z][A-Z0-9.]{0,11}")


def option_root(symbol: str) -> OptionRoot:
    """Return the terms of the options on `symbol`; those on anything but the index have ratio 0."""
    return ROOTS.get(symbol) or OptionRoot(symbol, 0.0)


@dataclass(frozen=True, slots=True)
class Grain:
    """What is particular to a grain future: a crop in bushels, priced in cents a bushel."""

    symbol: str
    name: str
    months: tuple[int, ...]
    """Contract months of a year."""
    exchange: str = "CBOT"
    unit: str = "bu"
    contract_size: int = 5_000
    """Units in one contract: a cent a bushel is 50 dollars a contract."""


GRAINS = {
    grain.symbol: grain
    for grain in (
        Grain("ZC", "corn", (3, 5, 7, 9, 12)),
        Grain("ZW", "wheat", (3, 5, 7, 9, 12)),
        Grain("ZS", "soybeans", (1, 3, 5, 7, 8, 9, 11)),
    )
}
"""Symbol to terms."""

FUTURES = {
    "MES": (Decimal(5), Decimal("0.25"), 1.0),
    "ES": (Decimal(50), Decimal("0.25"), 1.0),
    **{symbol: (Decimal(50), Decimal("0.25"), 0.0) for symbol in GRAINS},
}
"""Symbol to (dollars a point, tick, index ratio); a point of a grain is a cent a bushel."""


def format_strike(strike: Decimal) -> str:
    """Return a strike without trailing zeros and without an exponent: `540`, `537.5`."""
    text = f"{strike:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def option(
    root: OptionRoot, expiry: date, strike: Decimal | float | str, right: Right
) -> Instrument:
    """Build an option of `root`; equal terms give an equal key."""
    exact = strike if isinstance(strike, Decimal) else Decimal(str(strike))
    key = f"{root.symbol} {expiry:%Y%m%d} {format_strike(exact)} {right}"
    return Instrument(
        key, Kind.OPTION, root.symbol, root.multiplier, root.tick, root.index_ratio,
        expiry, exact, right,
    )  # fmt: skip


def combo(*legs: Instrument) -> Instrument:
    """Build a combo that trades one contract of each leg as one order.

    Its price is the sum of the legs' prices. Legs are put into one order (puts, then calls, by
    expiry and strike), so that equal legs give an equal key whatever order they are named in.

    Raises:
        DataError: fewer than two legs, a leg twice, or legs that are not options of one root.
    """
    ordered = tuple(sorted(legs, key=_leg_order))
    roots = {leg.symbol for leg in ordered if leg.kind is Kind.OPTION}
    options = all(leg.kind is Kind.OPTION for leg in ordered)
    if len(set(ordered)) < max(_LEAST_LEGS, len(ordered)) or not options or len(roots) != 1:
        names = ", ".join(leg.key for leg in legs)
        message = f"a combo needs different options of one root, not {names or 'nothing'}"
        raise DataError(message)
    root = option_root(ordered[0].symbol)
    return Instrument(
        LEG_SEPARATOR.join(leg.key for leg in ordered), Kind.COMBO, root.symbol, root.multiplier,
        root.tick, root.index_ratio, min(leg.expiry for leg in ordered if leg.expiry), legs=ordered,
    )  # fmt: skip


def _leg_order(leg: Instrument) -> tuple[bool, date, Decimal]:
    return leg.right is not Right.PUT, leg.expiry or date.max, leg.strike or Decimal(0)


def leg_keys(key: str) -> tuple[str, ...]:
    """Return the keys of what an order for `key` trades: a combo's legs, else the key itself."""
    return tuple(key.split(LEG_SEPARATOR))


def share_a_leg(one: str, other: str) -> bool:
    """Return whether orders for two keys trade the same contract."""
    return not set(leg_keys(one)).isdisjoint(leg_keys(other))


def future(symbol: str, contract_month: str) -> Instrument:
    """Build a future from its contract month `YYYYMM`.

    Raises:
        DataError: the symbol is not one of `FUTURES`, the month is not `YYYYMM`, or a grain does
            not trade it.
    """
    if symbol not in FUTURES:
        message = f"unknown future {symbol!r}; known: {', '.join(FUTURES)}"
        raise DataError(message)
    try:
        expiry = last_trading_day(symbol, int(contract_month[:4]), int(contract_month[4:]))
    except ValueError as error:
        message = f"contract month {contract_month!r} is not YYYYMM"
        raise DataError(message) from error
    if symbol in GRAINS:
        _check_grain_month(GRAINS[symbol], contract_month)
    multiplier, tick, ratio = FUTURES[symbol]
    key = f"{symbol} {contract_month}"
    return Instrument(key, Kind.FUTURE, symbol, multiplier, tick, ratio, expiry)


def is_grain(key: str) -> bool:
    """Return whether a key, well-formed or not, names a grain future."""
    return key.split(" ", 1)[0] in GRAINS


def _check_grain_month(grain: Grain, contract_month: str) -> None:
    if len(contract_month) != _MONTH_DIGITS or int(contract_month[4:]) not in grain.months:
        months = ", ".join(f"{month:02d}" for month in grain.months)
        message = f"{grain.symbol} has no contract month {contract_month!r}; it trades {months}"
        raise DataError(message)


def stock(symbol: str) -> Instrument:
    """Build the shares of one company or fund."""
    key = f"{symbol} {STOCK_MARK}"
    return Instrument(key, Kind.STOCK, symbol, Decimal(1), Decimal("0.01"), 0.0)


def is_security(key: str) -> bool:
    """Return whether a well-formed key names shares, or options that are no strangle of the book.

    An account may hold any of them without the desk: its own are counted apart.
    """
    words = leg_keys(key)[0].split(" ")
    if words[-1] == STOCK_MARK:
        return True
    return len(words) == _OPTION_WORDS and words[0] not in BOOK_ROOTS


def index(symbol: str) -> Instrument:
    """Build a cash index: it has a level and no orders."""
    ratio = 0.0 if symbol == VIX else option_root(symbol).index_ratio or 1.0
    return Instrument(symbol, Kind.INDEX, symbol, Decimal(1), Decimal("0.01"), ratio)


@lru_cache(maxsize=8192)
def parse_key(key: str) -> Instrument:
    """Rebuild an instrument from its key.

    Raises:
        DataError: the key has none of the shapes this module writes.
    """
    if LEG_SEPARATOR in key:
        return _parse_combo(key)
    parts = key.split(" ")
    try:
        match parts:
            case [symbol, expiry, strike, right] if _TICKER.fullmatch(symbol):
                day = datetime.strptime(expiry, "%Y%m%d").replace(tzinfo=UTC).date()
                return option(option_root(symbol), day, Decimal(strike), Right(right))
            case [symbol, mark] if mark == STOCK_MARK and _TICKER.fullmatch(symbol):
                return stock(symbol)
            case [symbol, month]:
                return future(symbol, month)
            case [symbol] if symbol in ROOTS or symbol == VIX:
                return index(symbol)
    except (ValueError, ArithmeticError) as error:
        message = f"{key!r} is not an instrument key: {error}"
        raise DataError(message) from error
    message = f"{key!r} is not an instrument key"
    raise DataError(message)


def _parse_combo(key: str) -> Instrument:
    found = combo(*map(parse_key, leg_keys(key)))
    if found.key != key:
        message = f"{key!r} is not an instrument key: the legs belong as {found.key!r}"
        raise DataError(message)
    return found


def third_friday(year: int, month: int) -> date:
    """Return the third Friday of a month, the standard monthly expiry."""
    first_weekday, _ = calendar.monthrange(year, month)
    return date(year, month, 1 + (_FRIDAY - first_weekday) % 7 + 14)


def last_trading_day(symbol: str, year: int, month: int) -> date:
    """Return the last day a contract month of a future trades.

    Index futures: the third Friday. Grains: the business day before the 15th of the contract month
    (CBOT rulebook, chapters 10, 11 and 14). Exchange holidays are not known here.

    Raises:
        ValueError: there is no such month.
    """
    if symbol not in GRAINS:
        return third_friday(year, month)
    day = date(year, month, _GRAIN_EXPIRY_DAY) - timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day -= timedelta(days=1)
    return day


def contract_months(symbol: str, day: date, count: int) -> tuple[str, ...]:
    """Return the next `count` contract months (`YYYYMM`) of a future not yet expired on `day`."""
    listed = GRAINS[symbol].months if symbol in GRAINS else _QUARTERS
    months: list[str] = []
    year = day.year
    while len(months) < count:
        for month in listed:
            if last_trading_day(symbol, year, month) >= day and len(months) < count:
                months.append(f"{year}{month:02d}")
        year += 1
    return tuple(months)


def quarterly_months(day: date, count: int) -> tuple[str, ...]:
    """Return the next `count` quarterly contract months (`YYYYMM`) not yet expired on `day`."""
    return contract_months("MES", day, count)
