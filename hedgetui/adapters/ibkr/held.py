"""A line of the account window as a position of a portfolio, or why it cannot be one: pure.

The broker lists whatever can be held. Only dollars are weighed, except in a pair of currencies,
whose terms say both; an option that delivers something else than its name says is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hedgetui.adapters.ibkr.contracts import named
from hedgetui.adapters.ibkr.parse import Terms, real
from hedgetui.adapters.ibkr.securities import CURRENCY, ticker_of
from hedgetui.domain.balance.positions import Kind, Position, Unparsed, is_vol
from hedgetui.domain.balance.symbols import is_pair, parse_day
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import FUTURES, GRAINS, Right
from hedgetui.domain.text import safe
from hedgetui.ports.portfolio import Holding

_OPTIONS: Final = frozenset({"OPT", "FOP", "WAR", "IOPT"})
_LINEAR: Final = {
    "STK": Kind.EQUITY, "CFD": Kind.EQUITY, "FUT": Kind.FUTURE, "CASH": Kind.FX,
    "CRYPTO": Kind.FX, "CMDTY": Kind.OTHER, "BOND": Kind.OTHER, "BILL": Kind.OTHER,
    "FUND": Kind.OTHER,
}  # fmt: skip
_VIX_FUTURES: Final = {"VIX": "VX"}
"""A future on the VIX does not move as the VIX itself."""
_AGREES = 0.02
"""Share by which a value may differ from price times multiplier and still be of the same unit."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One line of the account, as the broker said it."""

    terms: Terms
    quantity: float
    local: str = ""
    """The broker's short name of the contract: `ESZ5`."""
    price: float | None = None
    """Mark of one unit."""
    value: float | None = None
    """Of the whole line."""


def account_line(fields: list[str]) -> tuple[str, AccountLine] | None:
    """Read a message of the account window; returns (account, line), None when it is none."""
    if len(fields) < 20:
        return None
    con_id, quantity = real(fields[2]), real(fields[13])
    if con_id is None or quantity is None:
        return None
    terms = Terms(
        int(con_id), fields[3], fields[4], fields[5], fields[6], fields[7], fields[8], fields[12],
        fields[10],
    )  # fmt: skip
    line = AccountLine(terms, quantity, fields[11], real(fields[14]), real(fields[15]))
    return fields[19], line


def holding(line: AccountLine, key: str | None, source: str) -> Holding | Unparsed:
    """Return a line as a holding, or the reason why it is left out."""
    try:
        return Holding(_position(line, key or "", source), key or "")
    except DataError as error:
        return Unparsed(0, safe(f"{line.quantity:g} {named(line.terms)}", 80), str(error))


def _position(line: AccountLine, key: str, source: str) -> Position:
    """Return the position.

    Raises:
        DataError: why there is none.
    """
    kind = line.terms.sec_type
    if line.terms.currency != CURRENCY and kind != "CASH":
        currency = safe(line.terms.currency, 10)
        raise DataError(
            f"priced in {currency}: only dollars are weighed" if currency
            else "its currency is not said"
        )  # fmt: skip
    if kind in _OPTIONS:
        return _option(line, key, source)
    if kind not in _LINEAR:
        words = "an index cannot be held" if kind == "IND" else "the security type is not known"
        raise DataError(f"{safe(kind, 10)}: {words}")
    return _linear(line, _LINEAR[kind], key, source)


def _linear(line: AccountLine, kind: Kind, key: str, source: str) -> Position:
    terms, symbol = line.terms, ticker_of(line.terms.symbol.upper())
    under, name, multiplier = symbol, symbol, real(terms.multiplier) or 1.0
    price = (
        line.price if line.price is not None and (line.price > 0 or kind is Kind.FUTURE) else None
    )
    if kind is Kind.FUTURE:
        under, name = _VIX_FUTURES.get(symbol, symbol), key or line.local or symbol
        multiplier = _multiplier(line)
        if symbol in GRAINS:
            multiplier, price = _grain(symbol, line)
    elif terms.sec_type in {"CASH", "CRYPTO"}:
        under = name = symbol + terms.currency.upper()
    elif is_pair(symbol):
        kind = Kind.FX
    elif kind is Kind.OTHER:
        name, multiplier = line.local or symbol, _implied(line) or multiplier
    return Position(
        symbol=safe(name.upper(), 40), underlying=safe(under, 20),
        kind=Kind.VOL if is_vol(under) else kind, quantity=line.quantity, multiplier=multiplier,
        expiry=parse_day(terms.expiry[:8]) if kind is Kind.FUTURE else None, price=price,
        source=source,
    )  # fmt: skip


def _multiplier(line: AccountLine) -> float:
    """Return dollars a point: as said, unless the line's own value counts otherwise.

    Raises:
        DataError: the broker does not say it.
    """
    said, counted = real(line.terms.multiplier), _implied(line)
    if said is None or said <= 0:
        if counted is None:
            raise DataError("its multiplier is not said")
        return counted
    return said if counted is None or abs(counted / said - 1) <= _AGREES else counted


def _implied(line: AccountLine) -> float | None:
    """Return what the line's value says of the dollars in a point of its price."""
    if not line.price or not line.value:
        return None
    implied = line.value / (line.price * line.quantity)
    return implied if implied > 0 else None


def _grain(symbol: str, line: AccountLine) -> tuple[float, float | None]:
    """Return (dollars a cent, price in cents) of a grain, whatever the price was counted in."""
    multiplier = float(FUTURES[symbol][0])
    price = line.value / (line.quantity * multiplier) if line.value else None
    return multiplier, price


def _option(line: AccountLine, key: str, source: str) -> Position:
    terms, symbol = line.terms, ticker_of(line.terms.symbol.upper())
    strike, expiry = real(terms.strike), parse_day(terms.expiry[:8])
    multiplier = real(terms.multiplier)
    if strike is None or strike <= 0 or expiry is None or terms.right[:1] not in {"C", "P"}:
        raise DataError("an option without strike, expiry or right")
    if multiplier is None or multiplier <= 0:
        raise DataError("its multiplier is not said")
    if _adjusted(terms):
        other = safe(terms.trading_class, 20)
        raise DataError(f"an adjusted option: {other} delivers something else than its name says")
    if terms.sec_type == "FOP" and symbol in GRAINS:
        raise DataError("an option on a grain: the unit of its strike is not known")
    right = Right(terms.right[:1])
    words = f"{symbol} {expiry:%Y%m%d} {strike:g} {right}"
    return Position(
        symbol=safe(key or words, 40), underlying=safe(symbol, 20),
        kind=Kind.VOL if is_vol(symbol) else Kind.OPTION, quantity=line.quantity,
        multiplier=multiplier, strike=strike, expiry=expiry, right=right,
        price=line.price if line.price is not None and line.price >= 0 else None, source=source,
    )  # fmt: skip


def _adjusted(terms: Terms) -> bool:
    """Whether the trading class is numbered, as after a split or a merger."""
    plain = terms.symbol.replace(" ", "")
    rest = terms.trading_class.replace(plain, "", 1)
    return terms.sec_type == "OPT" and any(character.isdigit() for character in rest)
