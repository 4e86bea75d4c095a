"""The lines of a book, whoever keeps it: read from rows of text, each classified by itself.

Every broker exports positions in its own words, and a line that is misread turns a hedge into a
bet. A row that cannot be understood is therefore kept with its reason, beside the book and never in
it; one bad row stops nothing.
"""

from __future__ import annotations

import csv
import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from hedgetui.domain.balance import cells as cl
from hedgetui.domain.balance.cells import RowError
from hedgetui.domain.balance.symbols import (
    CURRENCIES,
    FUTURES,
    OptionName,
    future_root,
    is_pair,
    option_name,
)
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import STOCK_MARK, VIX, Right
from hedgetui.domain.text import safe

VOL_SYMBOLS: Final = (
    "VIX*", "VX", "VXM", "VXX", "VXZ", "UVXY", "UVIX", "SVXY", "SVIX", "VVIX",
)  # fmt: skip
"""What is volatility and not direction; `*` stands for anything."""
OPTION_MULTIPLIER: Final = 100.0
_DELIMITERS = ",;\t"
_SHOWN = 80


class Kind(StrEnum):
    """The class of a line."""

    EQUITY = "equity"
    OPTION = "option"
    FUTURE = "future"
    FX = "fx"
    VOL = "vol"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Position:
    """One line of a book."""

    symbol: str
    """As the book names it, upper case."""
    underlying: str
    """What its price follows: `SPY` for an option on SPY, `ES` for ESZ5."""
    kind: Kind
    quantity: float
    """Signed, never 0: positive is held, negative is short."""
    multiplier: float | None = 1.0
    """Dollars per point of its own price for one unit; none where nobody said and none is usual."""
    strike: float | None = None
    expiry: date | None = None
    right: Right | None = None
    """Set for every option, options on volatility too."""
    price: float | None = None
    """Of one unit in points, as marked: an option's premium, a share's price."""
    spot: float | None = None
    """Of the underlying, where the row says it."""
    iv: float | None = None
    """Implied volatility, 0.20 is 20 %, where the row says it."""
    delta: float | None = None
    """Of one unit held, in units of the underlying, where the row says it."""
    beta: float | None = None
    """To the index, where the row says it."""
    line: int = 0
    """Of the file; 0 where there is none."""
    source: str = ""
    """The broker or file it comes from."""

    @property
    def is_option(self) -> bool:
        """Whether it is an option, on whatever."""
        return self.right is not None

    @property
    def side(self) -> int:
        """+1 where it gains as its underlying rises, -1 where it loses, 0 for vol and others."""
        if self.kind in {Kind.VOL, Kind.OTHER}:
            return 0
        held = 1 if self.quantity > 0 else -1
        return -held if self.right is Right.PUT else held

    @property
    def is_margined(self) -> bool:
        """Whether it gains and loses but is worth nothing: a future, a pair, a bet on an index.

        VIX itself cannot be held: whatever follows it and is no option is such a contract.
        """
        if self.is_option:
            return False
        on_index = self.underlying in FUTURES or self.underlying == VIX
        return self.kind in {Kind.FUTURE, Kind.FX} or (self.kind is Kind.VOL and on_index)

    @property
    def market_name(self) -> str:
        """The name under which its market is known: `CL` is crude oil, `CL STK` is Colgate.

        Only shares that share their name with a future, and options on them, need the second form.
        An option is on the future where its multiplier is the future's.
        """
        future = FUTURES.get(self.underlying)
        on_future = self.multiplier in {future, None} if self.is_option else None
        on_shares = self.kind is Kind.EQUITY if on_future is None else not on_future
        return share_name(self.underlying) if on_shares else self.underlying

    @property
    def sort_key(self) -> tuple[str, ...]:
        """An order of lines that does not depend on the order of the file."""
        parts = (self.underlying, self.symbol, self.kind, self.expiry, self.strike, self.right)
        said = (self.quantity, self.price, self.multiplier, self.spot, self.iv, self.delta)
        return (*map(str, (*parts, *said, self.beta)), self.source)


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A row that is left out, and why."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Book:
    """Everything a source holds: what was understood and what was not."""

    positions: tuple[Position, ...] = ()
    unparsed: tuple[Unparsed, ...] = field(default=())

    def __add__(self, other: Book) -> Book:
        return Book(self.positions + other.positions, self.unparsed + other.unparsed)


def read_positions(
    lines: Iterable[str], *, vol: Sequence[str] = VOL_SYMBOLS, source: str = ""
) -> Book:
    """Read positions from the lines of a CSV file (comma, semicolon or tab), header first.

    Columns are found by name, in any order and case: `symbol` and `quantity` are needed; `type`,
    `strike`, `expiry`, `right`, `price`, `multiplier`, `spot`, `iv`, `delta`, `beta` and `side` are
    not. Brokers' own names for them are known (`cells.ALIASES`), as are their ways to write an
    option as one symbol (`symbols.option_name`).

    Args:
        lines: of the file.
        vol: symbols that are volatility, with `*` for anything.
        source: kept in every position.

    Raises:
        DataError: the file is empty or its header has no symbol or no quantity.
    """
    numbered = [
        line if number else line.removeprefix("\ufeff") for number, line in enumerate(lines)
    ]
    positions: list[Position] = []
    unparsed: list[Unparsed] = []
    for line, texts, found in _rows(numbered):
        try:
            if isinstance(found, RowError):
                raise found
            positions.append(_position(found, line, tuple(vol), source))
        except RowError as error:
            unparsed.append(Unparsed(line, safe(",".join(texts), _SHOWN), error.message))
    return Book(tuple(positions), tuple(unparsed))


def share_name(symbol: str) -> str:
    """Return the `Position.market_name` of shares, and of options on them."""
    return f"{symbol} {STOCK_MARK}" if symbol in FUTURES else symbol


def is_vol(underlying: str, vol: Sequence[str] = VOL_SYMBOLS) -> bool:
    """Whether an underlying is volatility by the list."""
    return any(fnmatch.fnmatchcase(underlying, pattern.upper()) for pattern in vol)


def _rows(
    lines: Sequence[str],
) -> Iterator[tuple[int, list[str], Mapping[str, str] | RowError]]:
    """Yield line number, cells, and the cells by column or what is wrong with them."""
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise DataError("line 1: the file is empty", hint=f"header first: {cl.HEADER}")
    delimiter = max(_DELIMITERS, key=lines[first].count)
    try:
        header = next(csv.reader([lines[first]], delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"line {first + 1}: {error}", hint=f"header first: {cl.HEADER}") from error
    columns = cl.columns(header, first + 1)
    for number, line in enumerate(lines[first + 1 :], start=first + 2):
        # Line by line: an open quotation mark then costs its own row, not the rest of the file.
        try:
            texts = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
        except csv.Error as error:
            yield number, [line.strip()], RowError(safe(error))
            continue
        if not any(texts):
            continue
        if len(texts) > len(columns) and any(texts[len(columns) :]):
            yield number, texts, RowError(f"{len(texts)} cells, the header has {len(columns)}")
            continue
        padded = texts + [""] * (len(columns) - len(texts))
        yield (
            number,
            texts,
            {name: text for name, text in zip(columns, padded, strict=False) if name},
        )


def _position(row: Mapping[str, str], line: int, vol: tuple[str, ...], source: str) -> Position:
    symbol = " ".join(row["symbol"].upper().split())
    if not symbol:
        raise RowError("symbol: empty")
    quantity = cl.quantity(row)
    kind = cl.kind_word(row)
    option = _option(row, symbol, kind)
    if option is None:
        kind, underlying = _plain(symbol, kind)
    else:
        kind, underlying = Kind.OPTION.value, option.underlying
    multiplier = cl.number(row, "multiplier", above=0.0)
    return Position(
        symbol=symbol,
        underlying=underlying,
        kind=Kind.VOL if is_vol(underlying, vol) else Kind(kind),
        quantity=quantity,
        multiplier=_usual(kind, underlying, option) if multiplier is None else multiplier,
        strike=option.strike if option else None,
        expiry=option.expiry if option else cl.day(row, "expiry"),
        right=option.right if option else None,
        price=cl.number(row, "price"),
        spot=cl.number(row, "spot", above=0.0),
        iv=cl.volatility(row),
        delta=cl.number(row, "delta"),
        beta=cl.number(row, "beta"),
        line=line,
        source=source,
    )


def _option(row: Mapping[str, str], symbol: str, kind: str) -> OptionName | None:
    """Return an option's terms, from its symbol first, then from the columns; none for no option.

    Raises:
        RowError: it is an option and its terms are not all there, or contradict each other.
    """
    named = option_name(symbol)
    right, strike = cl.right(row), cl.number(row, "strike", above=0.0)
    if named is None and kind != Kind.OPTION and right is None and strike is None:
        return None
    if kind == Kind.VOL:
        kind = Kind.OPTION
    if named is not None and kind not in {"", Kind.OPTION}:
        raise RowError(f"type: {kind}, but {safe(symbol, 40)} names an option")
    expiry = cl.day(row, "expiry")
    if named is None:
        if right is None or strike is None or expiry is None:
            missing = next(
                name
                for name, value in (("right", right), ("strike", strike), ("expiry", expiry))
                if value is None
            )
            raise RowError(f"{missing}: missing for an option")
        return OptionName(future_root(symbol) or symbol, expiry, right, strike)
    for name, said, meant in (
        ("right", right, named.right), ("strike", strike, named.strike),
        ("expiry", expiry, named.expiry),
    ):  # fmt: skip
        if said is not None and said != meant:
            raise RowError(f"{name}: {said} contradicts the symbol, {meant}")
    return named


def _plain(symbol: str, kind: str) -> tuple[str, str]:
    """Return kind and underlying of what is no option; a missing type follows from the symbol."""
    root = future_root(symbol)
    if kind == Kind.FX and not is_pair(symbol) and symbol in CURRENCIES:
        return Kind.OTHER, symbol  # a cash balance, which brokers give the class of pairs
    if not kind:
        kind = Kind.FX if is_pair(symbol) else Kind.FUTURE if root else Kind.EQUITY
    if kind == Kind.FUTURE:
        return kind, root or symbol.removeprefix("/").split(" ", maxsplit=1)[0]
    return kind, symbol


def _usual(kind: str, underlying: str, option: OptionName | None) -> float | None:
    if kind == Kind.OPTION:
        on_shares = option is not None and option.on_shares
        return OPTION_MULTIPLIER if on_shares else FUTURES.get(underlying, OPTION_MULTIPLIER)
    return FUTURES.get(underlying) if kind == Kind.FUTURE else 1.0
