"""Single names at the gateway: shares, the options on them, and those on the VIX.

Numbers of shares are the real ones where clients may know them, else made of the ticker. An
option's number is made of its terms: which name, day, strike and right, in 31 bits.
"""

from __future__ import annotations

import zlib
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from hedgetui.domain.instruments import (
    VIX,
    Instrument,
    Right,
    format_strike,
    option,
    option_root,
    stock,
)
from hedgetui.simulation.securities import NAMES
from hedgetui.simulation.tws.listed import Listed

VIX_ID: Final = 13_455_763
_SHARE_IDS: Final = {
    "SPY": 756_733, "QQQ": 320_227_571, "IWM": 9_579_970, "HYG": 43_652_089, "TLT": 15_547_841,
    "AAPL": 265_598, "MSFT": 272_093, "NVDA": 4_815_747, "GOOGL": 208_813_719, "AMZN": 3_691_937,
}  # fmt: skip
_SHARE_BASE, _SHARE_SPAN = 700_000_000, 100_000_000
_LONG_NAMES: Final = {
    "SPY": "SPDR S&P 500 ETF TRUST", "QQQ": "INVESCO QQQ TRUST SERIES 1",
    "IWM": "ISHARES RUSSELL 2000 ETF", "HYG": "ISHARES IBOXX HIGH YLD CORP",
    "TLT": "ISHARES 20+ YEAR TREASURY BD", "AAPL": "APPLE INC", "MSFT": "MICROSOFT CORP",
    "NVDA": "NVIDIA CORP", "GOOGL": "ALPHABET INC-CL A", "AMZN": "AMAZON.COM INC",
    "GLDM": "SPDR GOLD MINISHARES TRUST", "TAN": "INVESCO SOLAR ETF",
}  # fmt: skip
_NASDAQ: Final = frozenset({"QQQ", "TLT", "AAPL", "MSFT", "NVDA", "GOOGL", "AMZN"})

OPTION_NAMES: Final = (
    "SPY", "QQQ", "IWM", "HYG", "TLT", "AAPL", "MSFT", "NVDA", "GOOGL", "AMZN", "GLDM", "TAN",
    "XLE", "XLF", VIX,
)  # fmt: skip
"""Names with options; a name keeps its place, numbers are made of it."""
_EPOCH = date(2020, 1, 1)
OPTION_BASE: Final = 1_540_000_000
_DAY_BITS, _STRIKE_BITS = 12, 12
_HALVES = 2
_SLOT_SHIFT = _DAY_BITS + _STRIKE_BITS + 1
_OPTION_EXCHANGES = ("SMART", "AMEX", "CBOE")


def _share(symbol: str) -> Listed:
    primary = "NASDAQ" if symbol in _NASDAQ else "ARCA"
    made = _SHARE_BASE + zlib.crc32(symbol.encode()) % _SHARE_SPAN
    return Listed(
        _SHARE_IDS.get(symbol, made), stock(symbol).key, symbol, "STK", "SMART", symbol,
        "NMS" if symbol in _NASDAQ else symbol, "0.01", _LONG_NAMES.get(symbol, symbol),
        ("SMART", primary),
    )  # fmt: skip


SHARES: Final = {symbol: _share(symbol) for symbol in NAMES}
SHARES_BY_ID: Final = {one.con_id: one for one in SHARES.values()}


def exchanges(symbol: str) -> tuple[str, ...]:
    """Return where the options on a name are traded."""
    return ("SMART", "CBOE") if symbol == VIX else _OPTION_EXCHANGES


def option_id(one: Instrument) -> int:
    """Return the number of an option on a name.

    Raises:
        ValueError: the name has no options here.
        OverflowError: the day or the strike does not fit.
    """
    days, half_points = ((one.expiry or _EPOCH) - _EPOCH).days, int((one.strike or 0) * _HALVES)
    if not 0 <= days < 1 << _DAY_BITS or not 0 < half_points < 1 << _STRIKE_BITS:
        raise OverflowError(one.key)
    number = days << _STRIKE_BITS | half_points
    is_put = one.right is Right.PUT
    return OPTION_BASE + (OPTION_NAMES.index(one.symbol) << _SLOT_SHIFT | number << 1 | is_put)


def option_of(con_id: int) -> Instrument | None:
    """Return the option on a name that has a number, listed or not."""
    number = con_id - OPTION_BASE
    slot, half_points = number >> _SLOT_SHIFT, number >> 1 & (1 << _STRIKE_BITS) - 1
    if not 0 <= slot < len(OPTION_NAMES) or not half_points:
        return None
    days = number >> _STRIKE_BITS + 1 & (1 << _DAY_BITS) - 1
    right = Right.PUT if number & 1 else Right.CALL
    strike = Decimal(half_points) / _HALVES
    return option(option_root(OPTION_NAMES[slot]), _EPOCH + timedelta(days=days), strike, right)


def listed_option(one: Instrument) -> Listed:
    """Return an option on a name as a contract."""
    strike, right, expiry = one.strike or Decimal(0), one.right or Right.CALL, one.expiry or _EPOCH
    under = SHARES.get(one.symbol)
    local = f"{one.symbol:<6}{expiry:%y%m%d}{right}{int(strike * 1000):08d}"
    return Listed(
        option_id(one), one.key, one.symbol, "OPT", "SMART", local, one.symbol,
        format_strike(one.tick), under.long_name if under else "CBOE Volatility Index",
        exchanges(one.symbol), under.con_id if under else VIX_ID, one.symbol,
        "STK" if under else "IND", 32, f"{expiry:%Y%m%d}", format_strike(strike), right,
        format_strike(one.multiplier),
    )  # fmt: skip
