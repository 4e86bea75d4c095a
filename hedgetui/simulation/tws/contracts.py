"""The contracts the gateway knows, their numbers, and which of them a client means.

Contract numbers are a function of the terms, so they survive restarts without a table, and a held
option keeps its number after its strike left the listing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import (
    FUTURES,
    GRAINS,
    ROOTS,
    Instrument,
    Kind,
    Right,
    combo,
    format_strike,
    future,
    option,
    parse_key,
)
from hedgetui.simulation.chain import QuoteBoard
from hedgetui.simulation.tws.fields import WireContract

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
_OPTION_ROOTS = ("XSP", "SPY")
_DAY_BITS, _STRIKE_BITS = 13, 14
_HALVES = 2
_MONTH_LETTERS = "FGHJKMNQUVXZ"

OPTION_EXCHANGES = {"XSP": ("SMART", "CBOE", "IBUSOPT"), "SPY": ("SMART", "CBOE", "AMEX")}
ANY_RIGHT = frozenset({"", "?", "0"})


@dataclass(frozen=True, slots=True)
class Listed:
    """One contract with everything a message about it carries."""

    con_id: int
    key: str
    """The exchange's instrument key; empty for what the exchange does not know."""
    symbol: str
    sec_type: str
    exchange: str
    local_symbol: str
    trading_class: str
    min_tick: str
    long_name: str
    exchanges: tuple[str, ...]
    under_con_id: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    rule: int = 26
    expiry: str = ""
    strike: str = "0.0"
    right: str = ""
    multiplier: str = ""
    magnifier: int = 1
    """Quoted units in a dollar of the contract's own price: a grain is quoted in cents."""
    level_share: float = 0.0
    """Price as a share of the index level; 0 for what the exchange quotes itself."""
    legs: tuple[Listed, ...] = ()

    @property
    def shown_right(self) -> str:
        """The right as messages print it: a question mark where there is none."""
        return self.right or "?"


_XSP_ID, _SPX_ID, _VIX_ID = 137_851_301, 416_904, 13_455_763

_FIXED = (
    Listed(_XSP_ID, "XSP", "XSP", "IND", "CBOE", "XSP", "XSP", "0.01", "MINI SPX INDEX", ("CBOE",)),
    Listed(_SPX_ID, "SPX", "SPX", "IND", "CBOE", "SPX", "SPX", "0.01", "S&P 500 Stock Index",
           ("CBOE",)),
    Listed(_VIX_ID, "", "VIX", "IND", "CBOE", "VIX", "VIX", "0.01", "CBOE Volatility Index",
           ("CBOE",)),
    *(
        Listed(con_id, "", symbol, "STK", "SMART", symbol, trading_class, "0.01", name,
               ("SMART", primary), level_share=share)
        for con_id, symbol, trading_class, name, primary, share in (
            (756_733, "SPY", "SPY", "SPDR S&P 500 ETF TRUST", "ARCA", 0.1),
            (320_227_571, "QQQ", "NMS", "INVESCO QQQ TRUST SERIES 1", "NASDAQ", 0.09),
            (265_598, "AAPL", "NMS", "APPLE INC", "NASDAQ", 0.04),
            (272_093, "MSFT", "NMS", "MICROSOFT CORP", "NASDAQ", 0.075),
        )
    ),
)  # fmt: skip
_FIXED_BY_ID = {one.con_id: one for one in _FIXED}


def con_id_of(instrument: Instrument) -> int:
    """Return the number of an instrument the exchange knows."""
    if instrument.kind is Kind.INDEX:
        return next(one.con_id for one in _FIXED if one.key == instrument.key)
    expiry = instrument.expiry or _EPOCH
    if instrument.kind is Kind.FUTURE:
        return _FUTURE_BASE[instrument.symbol] + expiry.year * 100 + expiry.month
    number = (expiry - _EPOCH).days << _STRIKE_BITS | int((instrument.strike or 0) * _HALVES)
    root = _OPTION_ROOTS.index(instrument.symbol)
    is_put = instrument.right is Right.PUT
    return _OPTION_BASE + (number << 2 | root << 1 | is_put)


def _instrument_of(con_id: int) -> Instrument | None:
    """Return the future or option of a number, listed or not."""
    if con_id >= _OPTION_BASE:
        number = con_id - _OPTION_BASE
        days, half_points = number >> (_STRIKE_BITS + 2), number >> 2 & (1 << _STRIKE_BITS) - 1
        if days >> _DAY_BITS or not half_points:
            return None
        root = ROOTS[_OPTION_ROOTS[number >> 1 & 1]]
        strike = Decimal(half_points) / _HALVES
        right = Right.PUT if number & 1 else Right.CALL
        return option(root, _EPOCH + timedelta(days=days), strike, right)
    for symbol, base in _FUTURE_BASE.items():
        if base < con_id < base + 1_000_000:
            try:
                return future(symbol, str(con_id - base))
            except DataError:
                return None
    return None


def listed(instrument: Instrument) -> Listed:
    """Return the contract of an instrument the exchange knows."""
    if instrument.kind is Kind.INDEX:
        return _FIXED_BY_ID[con_id_of(instrument)]
    if instrument.kind is Kind.COMBO:
        return bag(tuple(listed(leg) for leg in instrument.legs), instrument.key)
    expiry = instrument.expiry or _EPOCH
    if instrument.kind is Kind.FUTURE:
        return _listed_future(instrument, expiry)
    strike, right = instrument.strike or Decimal(0), instrument.right or Right.CALL
    under = _XSP_ID if instrument.symbol == "XSP" else 756_733
    local = f"{instrument.symbol:<6}{expiry:%y%m%d}{right}{int(strike * 1000):08d}"
    return Listed(
        con_id_of(instrument), instrument.key, instrument.symbol, "OPT", "SMART", local,
        instrument.symbol, format_strike(instrument.tick), _FIXED_BY_ID[under].long_name,
        OPTION_EXCHANGES[instrument.symbol], under, instrument.symbol,
        _FIXED_BY_ID[under].sec_type, 32, f"{expiry:%Y%m%d}", format_strike(strike), right,
        format_strike(instrument.multiplier),
    )  # fmt: skip


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

    def expiries(self) -> list[tuple[date, list[Decimal]]]:
        """Return the listed expiries that are still alive, with their strikes."""
        root = self._board.market.root
        return [
            (expiry, [Decimal(str(float(strike))).normalize() for strike in strikes])
            for expiry, strikes in self._board.listing()
            if option(root, expiry, Decimal(1), Right.CALL).expires_at > self._board.market.at
        ]

    def _alive(self, one: Listed) -> bool:
        if one.sec_type not in {"FUT", "OPT"}:
            return True
        return parse_key(one.key).expires_at > self._board.market.at

    def _candidates(self, wanted: WireContract) -> Iterator[Listed]:
        yield from _FIXED
        if wanted.sec_type in {"", "FUT"}:
            for symbol in FUTURES:
                yield from map(listed, self._board.futures(symbol))
        if wanted.sec_type in {"", "OPT"}:
            yield from self._options(wanted)

    def _options(self, wanted: WireContract) -> Iterator[Listed]:
        roots = [wanted.symbol] if wanted.symbol else list(_OPTION_ROOTS)
        day = wanted.expiry or (_local_day(wanted.local_symbol))
        for symbol in (root for root in roots if root in _OPTION_ROOTS):
            for expiry, strikes in self.expiries():
                if not f"{expiry:%Y%m%d}".startswith(day):
                    continue
                for strike in strikes:
                    if wanted.strike is not None and strike != wanted.strike:
                        continue
                    for right in Right:
                        yield listed(option(ROOTS[symbol], expiry, strike, right))


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
