"""The contracts the gateway knows, their numbers, and which of them a client means.

Contract numbers are a function of the terms, so they survive restarts without a table, and a held
option keeps its number after its strike left the listing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import (
    FUTURES,
    GRAINS,
    XSP,
    Instrument,
    Kind,
    Right,
    combo,
    format_strike,
    future,
    option,
    option_root,
    parse_key,
    settles_at,
)
from hedgetui.simulation.chain import QuoteBoard
from hedgetui.simulation.tws.fields import WireContract
from hedgetui.simulation.tws.listed import Listed
from hedgetui.simulation.tws.names import (
    OPTION_BASE,
    OPTION_NAMES,
    SHARES,
    SHARES_BY_ID,
    VIX_ID,
    exchanges,
    listed_option,
    option_id,
    option_of,
)

__all__ = ["ContractBook", "Listed", "bag", "con_id_of", "listed", "option_exchanges"]

_EPOCH = date(2020, 1, 1)
_OPTION_BASE = 1_000_000_000
_FUTURE_BASE = {
    "MES": 620_000_000, "ES": 630_000_000, "ZC": 640_000_000, "ZW": 650_000_000, "ZS": 660_000_000,
}  # fmt: skip
_FUTURE_UNDER = {
    "MES": 362_687_422, "ES": 11_004_968, "ZC": 56_985_922, "ZW": 56_985_927, "ZS": 56_985_925,
}  # fmt: skip
_FUTURE_NAMES = {
    "MES": "Micro E-Mini S&P 500 Stock Price Index", "ES": "E-mini S&P 500",
    "ZC": "Corn Futures", "ZW": "Wheat Futures", "ZS": "Soybean Futures",
}  # fmt: skip
_DAY_BITS, _STRIKE_BITS = 13, 14
"""Of an option on XSP; below its strike stand a bit that is 0 and its right."""
_HALVES = 2
_MONTH_LETTERS = "FGHJKMNQUVXZ"

_INDEX_OPTION_EXCHANGES = ("SMART", "CBOE", "IBUSOPT")
ANY_RIGHT = frozenset({"", "?", "0"})


_XSP_ID, _SPX_ID = 137_851_301, 416_904

_FIXED = (
    Listed(_XSP_ID, "XSP", "XSP", "IND", "CBOE", "XSP", "XSP", "0.01", "MINI SPX INDEX", ("CBOE",)),
    Listed(_SPX_ID, "SPX", "SPX", "IND", "CBOE", "SPX", "SPX", "0.01", "S&P 500 Stock Index",
           ("CBOE",)),
    Listed(VIX_ID, "VIX", "VIX", "IND", "CBOE", "VIX", "VIX", "0.01", "CBOE Volatility Index",
           ("CBOE",)),
)  # fmt: skip
_FIXED_BY_ID = {one.con_id: one for one in _FIXED} | SHARES_BY_ID


def con_id_of(instrument: Instrument) -> int:
    """Return the number of an instrument the exchange knows."""
    if instrument.kind is Kind.INDEX:
        return next(one.con_id for one in _FIXED if one.key == instrument.key)
    if instrument.kind is Kind.STOCK:
        return SHARES[instrument.symbol].con_id
    expiry = instrument.expiry or _EPOCH
    if instrument.kind is Kind.FUTURE:
        return _FUTURE_BASE[instrument.symbol] + expiry.year * 100 + expiry.month
    if instrument.symbol != XSP.symbol:
        return option_id(instrument)
    number = (expiry - _EPOCH).days << _STRIKE_BITS | int((instrument.strike or 0) * _HALVES)
    return _OPTION_BASE + (number << 2 | (instrument.right is Right.PUT))


def _instrument_of(con_id: int) -> Instrument | None:
    """Return the future or option of a number, listed or not."""
    if con_id >= OPTION_BASE:
        return option_of(con_id)
    if con_id >= _OPTION_BASE:
        number = con_id - _OPTION_BASE
        days, half_points = number >> (_STRIKE_BITS + 2), number >> 2 & (1 << _STRIKE_BITS) - 1
        if days >> _DAY_BITS or not half_points or number & 2:
            return None
        strike = Decimal(half_points) / _HALVES
        right = Right.PUT if number & 1 else Right.CALL
        return option(XSP, _EPOCH + timedelta(days=days), strike, right)
    for symbol, base in _FUTURE_BASE.items():
        if base < con_id < base + 1_000_000:
            try:
                return future(symbol, str(con_id - base))
            except DataError:
                return None
    return None


def listed(instrument: Instrument) -> Listed:
    """Return the contract of an instrument the exchange knows."""
    if instrument.kind in {Kind.INDEX, Kind.STOCK}:
        return _FIXED_BY_ID[con_id_of(instrument)]
    if instrument.kind is Kind.COMBO:
        return bag(tuple(listed(leg) for leg in instrument.legs), instrument.key)
    expiry = instrument.expiry or _EPOCH
    if instrument.kind is Kind.FUTURE:
        return _listed_future(instrument, expiry)
    return (
        _index_option(instrument) if instrument.symbol == XSP.symbol else listed_option(instrument)
    )


def _index_option(one: Instrument) -> Listed:
    strike, right, expiry = one.strike or Decimal(0), one.right or Right.CALL, one.expiry or _EPOCH
    local = f"{one.symbol:<6}{expiry:%y%m%d}{right}{int(strike * 1000):08d}"
    return Listed(
        con_id_of(one), one.key, one.symbol, "OPT", "SMART", local, one.symbol,
        format_strike(one.tick), _FIXED_BY_ID[_XSP_ID].long_name, _INDEX_OPTION_EXCHANGES, _XSP_ID,
        one.symbol, "IND", 32, f"{expiry:%Y%m%d}", format_strike(strike), right,
        format_strike(one.multiplier),
    )  # fmt: skip


def option_exchanges(symbol: str) -> tuple[str, ...]:
    """Return where the options on a name or an index are traded."""
    return _INDEX_OPTION_EXCHANGES if symbol == XSP.symbol else exchanges(symbol)


def _listed_future(instrument: Instrument, expiry: date) -> Listed:
    """Return a future; details give a grain's multiplier in bushels and its tick in dollars."""
    symbol, grain = instrument.symbol, GRAINS.get(instrument.symbol)
    exchange, rule, magnifier = ("CME", 67, 1) if grain is None else (grain.exchange, 57, 100)
    local = f"{symbol}{_MONTH_LETTERS[expiry.month - 1]}{expiry.year % 10}"
    return Listed(
        con_id_of(instrument), instrument.key, symbol, "FUT", exchange, local, symbol,
        format_strike(instrument.tick / magnifier), _FUTURE_NAMES[symbol], (exchange,),
        _FUTURE_UNDER[symbol], symbol, "IND", rule, f"{expiry:%Y%m%d}", "0.0", "",
        format_strike(instrument.multiplier * magnifier), magnifier,
    )  # fmt: skip


def bag(legs: tuple[Listed, ...], key: str) -> Listed:
    """Return the combination of `legs`, traded at the exchange under `key`."""
    first = legs[0]
    return Listed(
        28_812_380, key, first.symbol, "BAG", "SMART", first.symbol, "COMB", "0.01", "", ("SMART",),
        legs=legs,
    )  # fmt: skip


class ContractBook:
    """Finds contracts by what a client says of them."""

    def __init__(self, board: QuoteBoard) -> None:
        """List what `board` lists."""
        self._board = board

    def by_key(self, key: str) -> Listed:
        """Return the contract of an exchange's instrument key."""
        return listed(parse_key(key))

    def by_id(self, con_id: int) -> Listed | None:
        """Return the contract of a number, also one that is no longer listed."""
        fixed = _FIXED_BY_ID.get(con_id)
        if fixed is not None:
            return fixed
        instrument = _instrument_of(con_id)
        return None if instrument is None else listed(instrument)

    def find(self, wanted: WireContract) -> list[Listed]:
        """Return every contract that fits a description."""
        if wanted.con_id:
            found = self.by_id(wanted.con_id)
            return [found] if found is not None and self._alive(found) else []
        if not wanted.symbol and not wanted.local_symbol:
            return []
        return [one for one in self._candidates(wanted) if _fits(one, wanted)]

    def combination(self, wanted: WireContract) -> Listed | None:
        """Return the combination a client means, None when it is not one of ours."""
        legs = [self.by_id(leg.con_id) for leg in wanted.legs]
        known = tuple(leg for leg in legs if leg is not None and leg.key)
        if len(known) != len(legs):
            return None
        try:
            instrument = combo(*(parse_key(leg.key) for leg in known))
        except DataError:
            return None
        return listed(instrument)

    def expiries(self, symbol: str) -> list[tuple[date, list[Decimal]]]:
        """Return the listed expiries of a symbol that are still alive, with their strikes."""
        own = symbol == self._board.market.root.symbol
        listing = self._board.listing() if own else self._board.securities.listing(symbol)
        return [
            (expiry, [Decimal(str(float(strike))).normalize() for strike in strikes])
            for expiry, strikes in listing if settles_at(expiry) > self._board.market.at
        ]  # fmt: skip

    def _alive(self, one: Listed) -> bool:
        if one.sec_type not in {"FUT", "OPT"}:
            return True
        return parse_key(one.key).expires_at > self._board.market.at

    def _candidates(self, wanted: WireContract) -> Iterator[Listed]:
        yield from _FIXED
        yield from SHARES.values()
        if wanted.sec_type in {"", "FUT"}:
            for symbol in FUTURES:
                yield from map(listed, self._board.futures(symbol))
        if wanted.sec_type in {"", "OPT"}:
            yield from self._options(wanted)

    def _options(self, wanted: WireContract) -> Iterator[Listed]:
        named = wanted.symbol or wanted.local_symbol[:6].strip()
        symbols = (named,) if named else (self._board.market.root.symbol, *OPTION_NAMES)
        day = wanted.expiry or (_local_day(wanted.local_symbol))
        for symbol in symbols:
            for expiry, strikes in self.expiries(symbol):
                if not f"{expiry:%Y%m%d}".startswith(day):
                    continue
                for strike in strikes:
                    if wanted.strike is not None and strike != wanted.strike:
                        continue
                    for right in Right:
                        yield listed(option(option_root(symbol), expiry, strike, right))


def _local_day(local_symbol: str) -> str:
    """Return the expiry an option's local symbol names, empty when it is none."""
    date_part = local_symbol[6:12]
    return f"20{date_part}" if len(date_part) == 6 and date_part.isdigit() else ""


def _fits(one: Listed, wanted: WireContract) -> bool:
    texts = (
        (wanted.symbol, one.symbol), (wanted.sec_type, one.sec_type),
        (wanted.local_symbol, one.local_symbol), (wanted.trading_class, one.trading_class),
        (wanted.currency, "USD"),
    )  # fmt: skip
    return (
        all(not asked or asked == has for asked, has in texts)
        and one.expiry.startswith(wanted.expiry)
        and (wanted.right in ANY_RIGHT or one.right == wanted.right[:1])
        and (wanted.strike is None or wanted.strike == Decimal(one.strike))
        and (not wanted.multiplier or _same_number(wanted.multiplier, one.multiplier))
        and (not wanted.exchange or wanted.exchange in {one.exchange, *one.exchanges})
    )


def _same_number(asked: str, has: str) -> bool:
    try:
        return Decimal(asked) == Decimal(has or "1")
    except InvalidOperation:
        return False
