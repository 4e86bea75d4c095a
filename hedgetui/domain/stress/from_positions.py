"""Turns the lines of a book into holdings that can be priced, and says what could not be.

A holding needs a spot; an option needs a volatility too, which is the row's own, else the one its
price implies, else a stated assumption. What has no spot is left out with its reason: a guess would
look like a figure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hedgetui.domain.balance.market import Market, with_book_prices
from hedgetui.domain.balance.positions import Book, Kind, Position, Unparsed
from hedgetui.domain.instruments import Right
from hedgetui.domain.pricing.implied import implied_vol_one
from hedgetui.domain.stress.book import (
    MOST_BETA,
    MOST_VOL,
    Holding,
    OptionTerms,
    StressBook,
    Underlying,
)
from hedgetui.domain.text import safe
from hedgetui.domain.units import DAYS_PER_YEAR

ASSUMED_BETA: Final = 1.0
ASSUMED_R2: Final = 0.5
"""Of a share nobody has measured: as much noise of its own as market."""
FX_VOL: Final = 0.10
FUTURE_VOL: Final = 0.25
CRYPTO_VOL: Final = 0.50
"""Volatility of its own of what is no share and nobody has measured: it does not follow the index,
but for crypto, which also has a beta of 1."""
LEAST_R2: Final = 0.02
"""Noise grows without bound as a fit gets worse; below this a fit says nothing of it."""
VOL_OF_VOLATILITY: Final = 0.9
"""Implied volatility of an option on volatility where nothing says it."""

IV_BETAS: Final[Mapping[str, float]] = MappingProxyType(
    {"VIX": 0.6, "VIXW": 0.6, "VX": 0.6, "VXM": 0.6, "VIXM": 0.2, "VXZ": 0.2, "UVXY": 0.7,
     "UVIX": 0.9, "SVXY": -0.25, "SVIX": -0.45}
)  # fmt: skip
"""How much of a relative move of 30-day implied volatility a product follows.

Futures a month out move about half as far as the index, those five months out a fifth; leveraged
and inverse funds multiply that.
"""
ASSUMED_IV_BETA: Final = 0.45
"""Of any other product: a fund of first and second month futures."""
_CRYPTO = ("BTC", "ETH")
_LEAST_DAYS: Final = 0.5
"""Of life counted for an option that expires today."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A book to stress."""

    book: StressBook
    left_out: tuple[Unparsed, ...]
    notes: tuple[str, ...]
    """Assumptions made, one a line, for the reader to judge."""


class _NoPrice(Exception):  # noqa: N818 - the reason a line is left out, not a failure
    """Says why a position cannot be priced."""


def price_book(book: Book, market: Market, option_vol: float, cash: float = 0.0) -> Priced:
    """Return the holdings of a book; what cannot be priced is named and left out.

    Args:
        book: as read; the order of its lines does not matter.
        market: spots, betas, the day and the rate, where known.
        option_vol: implied volatility of an option that says none and has no price.
        cash: dollars beside the positions.
    """
    market = with_book_prices(market, book.positions)
    holdings: list[Holding] = []
    left_out = list(book.unparsed)
    notes: dict[str, None] = {}
    used: dict[str, list[Position]] = {}
    for one in sorted(book.positions, key=lambda position: position.sort_key):
        try:
            holdings.append(_holding(one, market, option_vol, notes))
        except _NoPrice as why:
            left_out.append(Unparsed(one.line, safe(_label(one), 80), str(why)))
            continue
        used.setdefault(one.market_name, []).append(one)
    names = tuple(_underlying(lines, market, notes) for _, lines in sorted(used.items()))
    return Priced(StressBook(names, tuple(holdings), cash), tuple(left_out), tuple(notes))


def _holding(one: Position, market: Market, option_vol: float, notes: dict[str, None]) -> Holding:
    spot = market.spot(one)
    if spot is None or not 0 < spot < math.inf:
        raise _NoPrice(f"no price of {safe(one.underlying, 20)}")
    if one.multiplier is None:
        raise _NoPrice("no multiplier")
    if one.kind is Kind.FX and not one.underlying.endswith(("USD", "USDT")):
        raise _NoPrice("its gains are not in dollars")
    fit = market.beta(one)
    if fit is not None and not abs(fit.beta) <= MOST_BETA:
        raise _NoPrice(f"a beta of {fit.beta:g} is beyond ±{MOST_BETA:g}")
    units = one.quantity * one.multiplier
    if not one.is_option:
        return Holding(_label(one), one.market_name, units, margined=one.is_margined)
    terms = _terms(one, spot, market, option_vol, notes)
    return Holding(_label(one), one.market_name, units, terms)


def _terms(
    one: Position, spot: float, market: Market, option_vol: float, notes: dict[str, None]
) -> OptionTerms:
    if one.strike is None or one.expiry is None:
        raise _NoPrice("strike or expiry is missing")
    days = (one.expiry - market.today).days
    if days < 0:
        raise _NoPrice(f"expired on {one.expiry}")
    years = max(days, _LEAST_DAYS) / DAYS_PER_YEAR
    sign = 1 if one.right is Right.CALL else -1
    vol = one.iv
    if vol is None and one.price is not None:
        growth = math.exp(market.rate * years)
        vol = implied_vol_one(one.price, spot * growth, one.strike, years, sign, 1 / growth)
    if vol is None or not 0 < vol < math.inf:
        vol = VOL_OF_VOLATILITY if one.kind is Kind.VOL else option_vol
        why = "no price" if one.price is None else f"{one.price:g} implies no volatility"
        notes[f"{_label(one)}: {why}, {vol:.0%} assumed"] = None
    if vol > MOST_VOL:
        raise _NoPrice(f"a volatility of {vol:.0%} is beyond {MOST_VOL:.0%}")
    return OptionTerms(one.strike, years, sign, vol)


def _underlying(lines: Sequence[Position], market: Market, notes: dict[str, None]) -> Underlying:
    first = lines[0]
    symbol, spot = first.market_name, market.spot(first)
    if spot is None:
        raise ValueError(f"{symbol} was priced without a spot")
    if first.kind is Kind.VOL:
        return Underlying(symbol, spot, 0.0, iv_beta=IV_BETAS.get(symbol, ASSUMED_IV_BETA))
    if first.kind is Kind.OTHER:
        notes[f"{safe(symbol, 20)}: no market risk assumed"] = None
        return Underlying(symbol, spot, 0.0)
    fit = next((known for one in lines if (known := market.beta(one)) is not None), None)
    if fit is None:
        return _unmeasured(first, spot, notes)
    if fit.r2 is not None:
        return Underlying(symbol, spot, fit.beta, min(max(fit.r2, LEAST_R2), 1.0))
    if vol := _own_vol(first):
        # A small beta says little of how far a currency moves: that is by itself.
        notes[f"{safe(symbol, 20)}: {vol:.0%} of its own assumed"] = None
        return Underlying(symbol, spot, fit.beta, own_vol=vol)
    notes[f"{safe(symbol, 20)}: R² {ASSUMED_R2:g} assumed"] = None
    return Underlying(symbol, spot, fit.beta, ASSUMED_R2)


def _own_vol(one: Position) -> float:
    """Return the volatility of its own of what is no share; 0 for a share."""
    if one.kind is Kind.FX:
        return CRYPTO_VOL if one.market_name.startswith(_CRYPTO) else FX_VOL
    return FUTURE_VOL if one.kind is Kind.FUTURE else 0.0


def _unmeasured(one: Position, spot: float, notes: dict[str, None]) -> Underlying:
    """Return an underlying whose beta nobody knows, and note what is assumed."""
    symbol, vol = one.market_name, _own_vol(one)
    if vol:
        beta = ASSUMED_BETA if vol == CRYPTO_VOL else 0.0
        notes[f"{safe(symbol, 20)}: beta {beta:g} and {vol:.0%} of its own assumed"] = None
        return Underlying(symbol, spot, beta, own_vol=vol)
    notes[f"{safe(symbol, 20)}: beta {ASSUMED_BETA:g} and R² {ASSUMED_R2:g} assumed"] = None
    return Underlying(symbol, spot, ASSUMED_BETA, ASSUMED_R2)


def _label(one: Position) -> str:
    if not one.is_option or one.strike is None:
        return safe(one.symbol, 40)
    right = "" if one.right is None else one.right.value
    return safe(f"{one.underlying} {one.expiry} {one.strike:g}{right}", 60)
