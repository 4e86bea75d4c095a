"""`hedgetui balance` and `hedgetui grow` on files: what a book leans to, what would change it.

Nothing is sent. Positions come from a file; levels and betas from the file itself, from a file of
daily closes and from the command line. What none of them says is printed as not known. Without
files a desk is asked (`portfolio_asking`).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from hedgetui.console import output
from hedgetui.console.balance_files import book_of, closes_of, print_csv, wants_csv
from hedgetui.console.balance_words import (
    ADVICE_HEAD,
    GROWTH_HEAD,
    advice_row,
    balance_document,
    balance_lines,
    cost_words,
    growth_row,
    regime_document,
    regime_lines,
)
from hedgetui.domain.balance.advice import DEFAULT_BUDGET, DEFAULT_MOST, Situation, recommend
from hedgetui.domain.balance.closes import Closes, betas
from hedgetui.domain.balance.counts import count
from hedgetui.domain.balance.dollars import in_dollars
from hedgetui.domain.balance.grow import grow as grown
from hedgetui.domain.balance.market import Beta, Market, with_book_prices
from hedgetui.domain.balance.positions import Position
from hedgetui.domain.balance.regime import Regime, given, measure
from hedgetui.domain.balance.symbols import parse_day
from hedgetui.domain.errors import UsageError
from hedgetui.domain.text import safe

INDEX = "SPY"
"""What deltas are weighted to when nobody says."""
_MOST_BUDGET = Decimal(10**12)
_MOST_VIX = 200.0
_VIX = "VIX"
_T = TypeVar("_T")


def balance(options: argparse.Namespace) -> int:
    """Print the exposure of a file's book and what would offset, reduce or insure it.

    Raises:
        UsageError: an option makes no sense.
        DataError: a file cannot be read as what it should be.
    """
    as_csv, budget, most = wants_csv(options), budget_of(options), most_of(options)
    closes = closes_of(options.closes)
    book = book_of(options.positions)
    market = market_of(options, book.positions, closes)
    at = situation_of(book.positions, market, options.nav)
    rows = recommend(at, budget, most)
    if as_csv:
        print_csv(ADVICE_HEAD, map(advice_row, rows))
    elif output.wants_json(options):
        output.print_json(balance_document(book, at, market, rows))
    else:
        output.print_lines(list(balance_lines(book, at, market)))
        output.print_table(
            ("#", "action", "recommendation", "why", "pays if", "cost $", "Δ lines"),
            [
                (number, row.action.value, row.trade, row.why, row.payoff, cost_words(row),
                 f"{row.effect:+d}")
                for number, row in enumerate(rows, start=1)
            ],
        )  # fmt: skip
    if book.unparsed and (as_csv or output.wants_json(options)):
        output.say(f"{len(book.unparsed)} rows left out")
    return 0


def grow(options: argparse.Namespace) -> int:
    """Print new exposure in the direction of the regime, with what the regime follows from.

    Raises:
        UsageError: an option makes no sense.
        DataError: the file of closes cannot be read.
    """
    as_csv, budget, most = wants_csv(options), budget_of(options), most_of(options)
    closes = closes_of(options.closes)
    vix = vix_of(options, closes)
    named = options.regime
    found = measure(closes, vix) if named is None else given(Regime(named.upper()), vix)
    rows = grown(found, budget, most)
    if as_csv:
        print_csv(GROWTH_HEAD, map(growth_row, rows))
    elif output.wants_json(options):
        listed = [dict(zip(GROWTH_HEAD, growth_row(row), strict=True)) for row in rows]
        output.print_json({**regime_document(found), "recommendations": listed})
    else:
        output.print_lines(list(regime_lines(found)))
        output.print_table(
            ("trade", "why", "target", "allocation $"),
            [(one.trade, one.why, one.target, float(one.allocation)) for one in rows],
        )
    return 0


def situation_of(
    positions: Sequence[Position], market: Market, nav: float | None = None
) -> Situation:
    """Return what recommendations follow from; the NAV is the book's value where none is said.

    Raises:
        UsageError: the NAV is not a positive number.
    """
    if nav is not None and not 0 < nav < math.inf:
        raise UsageError(f"--nav {nav} is not a positive number of dollars")
    dollars = in_dollars(positions, market)
    value = dollars.value if nav is None else nav
    return Situation(tuple(positions), count(positions), dollars, market.vix, value or None)


def market_of(
    options: argparse.Namespace,
    positions: Sequence[Position],
    closes: Closes | None,
    known: Market | None = None,
) -> Market:
    """Return what is known of the market; the command line goes before closes, closes before rows.

    `known` is what a desk knows already; it comes after the closes.

    Raises:
        UsageError: a price, beta or VIX makes no sense.
    """
    if known is None:
        known = Market(day_of(options.day), index=(options.index or INDEX).upper())
    index = known.index
    shares = _namesakes(positions)
    names = {one.market_name for one in positions} | set(shares.values())
    spots: dict[str, float] = {}
    measured: dict[str, Beta] = {}
    if closes is not None:
        newest = {name: closes.last(name) for name in names | {index}}
        spots = {name: price for name, price in newest.items() if price is not None}
        measured = betas(closes, names, index)
    spots |= _pairs("--spot", options.spot, positive=True)
    given_betas = {name: Beta(value) for name, value in _pairs("--beta", options.beta).items()}
    vix = vix_of(options, closes)
    market = replace(
        known,
        spots={**known.spots, **_shared(spots, shares)},
        betas={**known.betas, **_shared({**measured, **given_betas}, shares)},
        vix=known.vix if vix is None else vix,
    )
    market = with_book_prices(market, positions)
    return replace(market, index_level=market.spots.get(index, known.index_level))


def _shared(table: Mapping[str, _T], shares: Mapping[str, str]) -> dict[str, _T]:
    """Return a table in which such shares stand under the name of their market too."""
    return {market: table[name] for market, name in shares.items() if name in table} | dict(table)


def _namesakes(positions: Sequence[Position]) -> dict[str, str]:
    """Return shares that share their name with a future nobody holds: their market and name."""
    names = {one.market_name: one.underlying for one in positions}
    return {market: name for market, name in names.items() if name not in names}


def day_of(text: str | None) -> date:
    """Return the day an option names, today's in UTC without one.

    Raises:
        UsageError: it is no day.
    """
    if text is None:
        return datetime.now(UTC).date()
    day = parse_day(text)
    if day is None:
        raise UsageError(f"--day {safe(text, 40)!r} is not a day", hint="like 2025-11-20")
    return day


def budget_of(options: argparse.Namespace) -> Decimal:
    """Return the budget.

    Raises:
        UsageError: it is not a number of dollars from 0.
    """
    if options.budget is None:
        return DEFAULT_BUDGET
    text = str(options.budget)
    try:
        budget = Decimal(text)
    except InvalidOperation as error:
        raise UsageError(f"--budget {safe(text, 40)!r} is not a number of dollars") from error
    if not budget.is_finite() or not 0 <= budget <= _MOST_BUDGET:
        raise UsageError(f"--budget {safe(text, 40)} is not a number of dollars from 0")
    return budget


def most_of(options: argparse.Namespace) -> int:
    """Return how many rows are asked for.

    Raises:
        UsageError: it is below 1.
    """
    most = DEFAULT_MOST if options.max is None else int(options.max)
    if most < 1:
        raise UsageError(f"--max {most} is not 1 or more")
    return most


def vix_of(options: argparse.Namespace, closes: Closes | None) -> float | None:
    """Return VIX as given, else its newest close, else none.

    Raises:
        UsageError: it is no level that VIX can have.
    """
    if options.vix is None:
        return closes.last(_VIX) if closes is not None else None
    vix = float(options.vix)
    if not 0 < vix <= _MOST_VIX:
        raise UsageError(f"--vix {vix:g} is not within 0 to {_MOST_VIX:g}")
    return vix


def _pairs(name: str, words: Sequence[str], *, positive: bool = False) -> dict[str, float]:
    """Read `SYMBOL=NUMBER` words."""
    found: dict[str, float] = {}
    for word in words:
        symbol, _, text = word.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not symbol or not math.isfinite(value) or (positive and value <= 0):
            kind = "SYMBOL=PRICE" if positive else "SYMBOL=NUMBER"
            raise UsageError(f"{name} {safe(word, 40)!r} is not {kind}")
        found[symbol.upper()] = value
    return found
