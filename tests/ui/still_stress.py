"""Stress tests that stand still: worked out by the domain from a real book, nothing invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

from hedgetui.domain.balance.counts import count
from hedgetui.domain.balance.dollars import in_dollars
from hedgetui.domain.balance.market import Beta, Market, with_book_prices
from hedgetui.domain.balance.positions import Book, read_positions
from hedgetui.domain.stress.figures import histogram
from hedgetui.domain.stress.from_positions import price_book
from hedgetui.domain.stress.grid import scenario_grid
from hedgetui.domain.stress.monte_carlo import simulate
from hedgetui.domain.stress.paths import StressSettings
from hedgetui.domain.stress.regimes import REGIMES
from hedgetui.domain.units import Timestamp
from hedgetui.ports.balance import BalanceView, StressAsked, StressView
from hedgetui.ports.desk import DeskSnapshot
from tests.ui.still_desk import FULL, NOW

ROWS = (
    "symbol,type,quantity,strike,expiry,right,price",
    "SPY,equity,60,,,,",
    "NVDA,equity,120,,,,",
    "NVDA,option,4,160,2026-03-20,P,7.40",
    "QQQ,option,2,560,2026-06-18,C,",
    "TLT,equity,-100,,,,",
    "VIX,option,5,22,2025-12-17,C,1.05",
    "GLDM,equity,90,,,,",
)
MARKET = Market(
    date(2025, 11, 19),
    spots={"SPY": 600.0, "QQQ": 530.0, "NVDA": 180.0, "TLT": 90.0, "VIX": 17.5},
    betas={"QQQ": Beta(1.2, 0.9), "NVDA": Beta(1.8, 0.5), "TLT": Beta(-0.2, 0.1)},
    index_level=600.0, vix=17.5,
)  # fmt: skip
"""It knows nothing of GLDM."""


def book() -> Book:
    """Return the book as it is read."""
    return read_positions(list(ROWS))


def worked_out(lines: Book, asked: StressAsked) -> StressView:
    """Return the view of a stress test, worked out as the desk does it."""
    regime = REGIMES[asked.regime]
    priced = price_book(lines, MARKET, regime.iv_level, cash=5_000.0)
    result = simulate(
        priced.book,
        StressSettings(regime, asked.paths, asked.months / 12, asked.seed, iv_now=0.175),
    )
    grid = scenario_grid(priced.book)
    edges, bins = histogram(result.profits)
    return StressView(
        on=True, state="done", asked=asked, done=asked.paths, finished_at=Timestamp(NOW - 90),
        took_s=1.24, positions=len(priced.book.holdings), figures=result.figures, risk=result.risk,
        blame=result.blame, scenarios=result.scenarios, edges=tuple(edges.tolist()),
        bins=tuple(bins.tolist()), prices=grid.prices, ivs=grid.ivs, days=grid.days,
        grid=tuple(tuple(tuple(row) for row in plane) for plane in grid.profits.tolist()),
        left_out=tuple(f"{one.text}: {one.why}" for one in priced.left_out), notes=priced.notes,
    )  # fmt: skip


@cache
def done() -> StressView:
    """Return the stress test of the book, finished."""
    return worked_out(book(), StressAsked(paths=4_000))


@cache
def balance() -> BalanceView:
    """Return the portfolio that was read."""
    lines = book()
    market = with_book_prices(MARKET, lines.positions)
    return BalanceView(
        on=True, book=lines, market=market, counts=count(lines.positions),
        dollars=in_dollars(lines.positions, market),
    )  # fmt: skip


def desk(view: StressView, portfolio: BalanceView | None = None) -> DeskSnapshot:
    """Return a snapshot with a stress test."""
    return replace(FULL, balance=portfolio or balance(), stress=view)


def finished() -> DeskSnapshot:
    """Return a desk whose stress test has just ended."""
    return desk(done())


def idle() -> StressView:
    """Return a desk's stress test before any has run."""
    return StressView(on=True)


def running() -> StressView:
    """Return the second test under way, with the figures of the first."""
    asked = StressAsked("RISK_OFF", 10_000, 3.0)
    return replace(done(), state="running", asked=asked, done=3_700)


def stale() -> StressView:
    """Return a test whose book has changed since."""
    return replace(done(), stale=True)
