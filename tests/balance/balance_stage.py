"""Books and markets for the tests of the balance."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from hedgetui.domain.balance.advice import Situation
from hedgetui.domain.balance.counts import count
from hedgetui.domain.balance.dollars import in_dollars
from hedgetui.domain.balance.market import Beta, Market, with_book_prices
from hedgetui.domain.balance.positions import Book, Kind, Position, read_positions
from hedgetui.domain.instruments import Right

TODAY = date(2026, 1, 5)
EXPIRY = date(2026, 4, 17)
NAMES = ("SPY", "QQQ", "AAPL", "NVDA", "TLT", "GLDM")
MARKET = Market(
    TODAY,
    spots={"SPY": 600.0, "QQQ": 530.0, "AAPL": 250.0, "NVDA": 180.0, "TLT": 90.0},
    betas={"QQQ": Beta(1.2), "AAPL": Beta(1.1), "NVDA": Beta(1.8), "TLT": Beta(-0.2)},
    index_level=600.0,
)
"""It knows nothing of GLDM."""


def book(*rows: str, header: str = "symbol,type,quantity,strike,expiry,right,price") -> Book:
    return read_positions([header, *rows])


def one(row: str, header: str = "symbol,type,quantity,strike,expiry,right,price") -> Position:
    read = book(row, header=header)
    assert not read.unparsed, read.unparsed
    return read.positions[0]


def why(row: str, header: str = "symbol,type,quantity,strike,expiry,right,price") -> str:
    read = book(row, header=header)
    assert not read.positions
    return read.unparsed[0].why


def share(symbol: str, quantity: float, price: float | None = None) -> Position:
    return Position(symbol, symbol, Kind.EQUITY, quantity, price=price)


def option(
    underlying: str, right: str, quantity: float, strike: float, iv: float | None = 0.25
) -> Position:
    kind = Kind.VOL if underlying.startswith("VIX") else Kind.OPTION
    return Position(
        f"{underlying} {strike:g} {right}", underlying, kind, quantity, 100.0, strike, EXPIRY,
        Right(right), iv=iv,
    )  # fmt: skip


def at(*positions: Position, market: Market = MARKET, vix=None, nav=None) -> Situation:
    known = with_book_prices(market, positions)
    return Situation(positions, count(positions), in_dollars(positions, known), vix, nav)


def closes_lines(symbols: dict[str, float], days: int, seed: int = 1) -> list[str]:
    """A file of closes: symbols with their true betas to SPY, which moves on its own."""
    walk = random.Random(seed)  # noqa: S311 - a reproducible price path
    levels = dict.fromkeys(symbols, 100.0)
    lines = ["date," + ",".join(symbols)]
    for day in range(days):
        market = walk.gauss(0, 0.01)
        for name, beta in symbols.items():
            noise = 0.0 if name == "SPY" else walk.gauss(0, 0.002)
            levels[name] *= 1 + beta * market + noise
        cells = ",".join(f"{levels[name]:.8f}" for name in symbols)
        lines.append(f"{TODAY + timedelta(days=day)},{cells}")
    return lines


_SHARES = st.builds(
    share, st.sampled_from(NAMES), st.sampled_from([-100.0, -5.0, 7.0, 100.0]),
    st.sampled_from([None, 80.0]),
)  # fmt: skip
_OPTIONS = st.builds(
    option, st.sampled_from((*NAMES, "VIX")), st.sampled_from("CP"),
    st.sampled_from([-3.0, -1.0, 1.0, 2.0]), st.sampled_from([90.0, 200.0, 600.0]),
    st.sampled_from([None, 0.2, 0.5]),
)  # fmt: skip
books = st.lists(_SHARES | _OPTIONS, max_size=9)
budgets = st.decimals(min_value=Decimal(0), max_value=Decimal(10**6), places=2)
