"""`hedgetui stress --positions`: what a book of positions could lose, from a file of its lines."""

from __future__ import annotations

import argparse

from hedgetui.console import output
from hedgetui.console.balance import market_of
from hedgetui.console.balance_files import book_of, closes_of, wants_csv
from hedgetui.console.stress_words import Moves, Report, print_report
from hedgetui.domain.balance.market import Market
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.stress.from_positions import price_book
from hedgetui.domain.stress.grid import scenario_grid
from hedgetui.domain.stress.monte_carlo import simulate
from hedgetui.domain.stress.paths import StressSettings
from hedgetui.domain.stress.regimes import regime_named

MONTHS = 12
SEED = 1


def run(options: argparse.Namespace) -> int:
    """Simulate the positions of a file and print what they could lose.

    Raises:
        UsageError: an option is out of range, or means the desk's own portfolio.
        DataError: a file cannot be read, or nothing in it can be priced.
    """
    if options.real:
        raise UsageError(
            "--real is the portfolio of the desk, --positions that of a file",
            hint="give one of them",
        )
    wants_csv(options)
    book, closes = book_of(options.positions), closes_of(options.closes)
    market = market_of(options, book.positions, closes)
    settings = _settings(options, market)
    priced = price_book(book, market, settings.regime.iv_level, options.cash or 0.0)
    for one in priced.left_out:
        output.say(f"line {one.line} left out: {one.text}: {one.why}")
    if not priced.book.holdings:
        raise DataError(
            f"{options.positions}: nothing in it can be priced",
            hint="a price of each underlying is needed: --spot SPY=601.20",
        )
    found = simulate(priced.book, settings)
    moves = None
    if options.grid:
        grid = scenario_grid(priced.book, rate=settings.rate)
        moves = Moves(grid.prices, grid.ivs, grid.days, grid.profits.tolist())
    report = Report(
        settings.regime.name, settings.paths, settings.horizon * MONTHS, settings.seed,
        positions=len(priced.book.holdings), figures=found.figures, risk=found.risk,
        blame=found.blame, scenarios=found.scenarios, left_out=priced.left_out,
        notes=priced.notes, moves=moves,
    )  # fmt: skip
    print_report(report, options)
    return 0


def seed_of(options: argparse.Namespace) -> int:
    """Return the seed that was given, else 1."""
    seed = getattr(options, "seed", None)
    return SEED if seed is None else int(seed)


def _settings(options: argparse.Namespace, market: Market) -> StressSettings:
    return StressSettings(
        regime_named(options.regime),
        paths=options.paths,
        horizon=options.horizon / MONTHS,
        seed=seed_of(options),
        iv_now=None if market.vix is None else market.vix / 100,
        rate=market.rate,
    )
