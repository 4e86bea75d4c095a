"""What is quoted on one name, and the prices at which an order would trade there.

Prices come in whole cents, never better for us than they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from hedgetui.domain.balance.wanted import Quoted
from hedgetui.domain.instruments import Instrument, Right, option, option_root
from hedgetui.domain.orders import Side
from hedgetui.domain.pricing.black76 import VOL_POINT, greeks_one
from hedgetui.domain.pricing.implied import implied_vol_one
from hedgetui.domain.recommend import ChainRow
from hedgetui.domain.units import DAYS_PER_YEAR

HUNDRED: Final = 100
"""Units of the underlying in one contract."""
SHARE_ROOM: Final = 0.001
"""Above (or below) the last price that shares may trade at."""
_TICK = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Listing:
    """What is quoted on one name."""

    symbol: str
    spot: float
    rows: tuple[ChainRow, ...]
    today: date
    multiplier: int = HUNDRED
    rate: float = 0.04
    delayed: bool = False
    """Older than it looks, by the broker's own word."""


def quoted_of(row: ChainRow, listing: Listing, quantity: int, limit: Decimal) -> Quoted:
    """Return a contract as a row shows it, with its greeks."""
    delta, theta, vega = _greeks(row, listing)
    return Quoted(
        _label(row, listing), quantity, limit, Decimal(HUNDRED), _side(row.bid), _side(row.ask),
        delta, theta, vega,
    )  # fmt: skip


def quoted_spread(
    upper: ChainRow, lower: ChainRow, listing: Listing, quantity: int, each: Decimal
) -> Quoted:
    """Return a put spread as a row shows it, at the price it costs."""
    sums = [
        None if one is None or other is None else one - other
        for one, other in zip(_greeks(upper, listing), _greeks(lower, listing), strict=True)
    ]
    bids, asks = _side(upper.bid), _side(lower.ask)
    bid = None if bids is None or asks is None else bids - asks
    contract = f"{listing.symbol} {upper.expiry} {upper.strike:g}/{lower.strike:g}P"
    return Quoted(contract, quantity, each, Decimal(HUNDRED), bid, each, *sums)


def _greeks(row: ChainRow, listing: Listing) -> tuple[float | None, float | None, float | None]:
    """Return delta, theta a day and vega a vol point of one unit; unknown without a volatility."""
    years = max((row.expiry - listing.today).days, 0.5) / DAYS_PER_YEAR
    sign, growth = (1 if row.right is Right.CALL else -1), math.exp(listing.rate * years)
    forward = listing.spot * growth
    vol = implied_vol_one(row.mid, forward, row.strike, years, sign, 1 / growth)
    if not 0 < vol < math.inf:
        vol = row.iv
    if not 0 < vol < math.inf:
        return None, None, None
    found = greeks_one(
        forward, row.strike, years, vol, sign, discount=1 / growth, spot=listing.spot
    )
    return found.delta, found.theta, found.vega * VOL_POINT


def limit_of(what: Instrument, side: Side, listing: Listing) -> Decimal | None:
    """Return the market's price for an order, none where there is none on its side."""
    if what.strike is None:
        return share_limit(listing.spot, side)
    row = row_of(what, listing)
    if row is None:
        return None
    price = row.ask if side is Side.BUY else row.bid
    if not 0 < price < math.inf:
        return None
    limit = in_ticks(price, side)
    return limit if limit > 0 else None


def row_of(what: Instrument, listing: Listing) -> ChainRow | None:
    """Return the quotes of an option, none where it is not listed."""
    # Most rows differ in what costs nothing to compare; a key costs a contract.
    near = (row for row in listing.rows if row.expiry == what.expiry and row.right is what.right)
    return next((row for row in near if key_of(row, listing) == what.key), None)


def share_limit(spot: float, side: Side) -> Decimal:
    """Return the limit of an order in shares, a little through their last price."""
    return max(in_ticks(spot * (1 + side.sign * SHARE_ROOM), side), _TICK)


def in_ticks(price: float, side: Side) -> Decimal:
    """Return a price in whole cents, never better for us than it is."""
    if not math.isfinite(price):
        return Decimal(0)
    exactly = Decimal(f"{price:.6f}")
    return exactly.quantize(_TICK, ROUND_CEILING if side is Side.BUY else ROUND_FLOOR)


def _side(price: float) -> Decimal | None:
    if not 0 <= price < math.inf:
        return None
    return Decimal(f"{price:.6f}".rstrip("0").removesuffix("."))


def key_of(row: ChainRow, listing: Listing) -> str:
    """Return the instrument key of a contract of the chain."""
    return option(option_root(listing.symbol), row.expiry, row.strike, row.right).key


def _label(row: ChainRow, listing: Listing) -> str:
    return f"{listing.symbol} {row.expiry} {row.strike:g}{row.right.value}"
