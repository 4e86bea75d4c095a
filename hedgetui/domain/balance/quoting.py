"""From a trade as it is meant to the contract and the orders that a chain offers for it.

A buy pays the ask and a sale gets the bid, so that a cost holds whatever is done with it. The
contract is the nearest one by rule: first the expiry, then the strike at the money or on its way
out of it, as far as the money buys one; where it buys none, the cheapest one says how much is
missing. A quote whose sides are far apart is no price, and then there is no offer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hedgetui.domain.balance.listing import (
    HUNDRED,
    Listing,
    in_ticks,
    key_of,
    limit_of,
    quoted_of,
    quoted_spread,
    row_of,
    share_limit,
)
from hedgetui.domain.balance.positions import Kind, Position
from hedgetui.domain.balance.ticket import TicketStep
from hedgetui.domain.balance.wanted import Held, Quoted, Reduction, Structure, Wanted
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import (
    VIX,
    Instrument,
    Right,
    is_security,
    option,
    option_root,
    parse_key,
    stock,
)
from hedgetui.domain.orders import Side
from hedgetui.domain.recommend import MOST_SPREAD, ChainRow

DAYS_SLACK: Final = (0.5, 1.7)
"""How much nearer and farther than wanted an expiry may be: of one month 15 to 51 days."""
STRIKE_SLACK: Final = 0.05
"""How far outside of the wanted range a strike may be, as a share of the spot."""
_WIDEST: Final = MOST_SPREAD + 1e-9


@dataclass(frozen=True, slots=True)
class Offer:
    """What a trade would be now; without a quote and steps the note says why not."""

    quoted: Quoted | None = None
    steps: tuple[TicketStep, ...] = ()
    note: str = ""

    @property
    def cost(self) -> Decimal:
        """Dollars at the limits; negative where it is paid."""
        return sum((step.cost for step in self.steps), Decimal(0))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the account that can be traded."""

    position: Position
    key: str


def days_of(wanted: Wanted) -> tuple[int, int]:
    """Return the calendar days to expiry, from and to, that come into question."""
    return math.ceil(wanted.days * DAYS_SLACK[0]), math.floor(wanted.days * DAYS_SLACK[1])


def offer(wanted: Wanted, money: Decimal, listing: Listing) -> Offer:
    """Return what `money` buys of a trade; never more than that at the limits."""
    kind = wanted.structure
    if kind in {Structure.SHARES, Structure.SHARES_OR_CALL}:
        shares = shares_for(listing.symbol, listing.spot, money)
        if shares.steps or kind is Structure.SHARES:
            return shares
    if listing.multiplier != HUNDRED:
        return Offer(note=f"its contracts are on {listing.multiplier} units, which is not known")
    if kind is Structure.PUT_SPREAD:
        return _spread(wanted, money, listing)
    right = Right.PUT if kind is Structure.PUT else Right.CALL
    rows = _near(wanted, listing, right, wanted.moneyness)
    if not rows:
        return Offer(note=_nothing(wanted))
    bought = [row for row in rows if in_ticks(row.ask, Side.BUY) * HUNDRED <= money]
    row = bought[0] if bought else min(rows, key=lambda one: (one.ask, one.strike))
    return _single(row, listing, money)


def shares_for(symbol: str, spot: float, money: Decimal) -> Offer:
    """Return the shares that `money` buys a little above the last price."""
    limit = share_limit(spot, Side.BUY)
    quantity = int(money // limit)
    if quantity < 1:
        return Offer(note=f"one share of {symbol} costs ${limit:,.2f}")
    step = TicketStep(stock(symbol).key, Side.BUY, quantity, limit)
    quoted = Quoted(f"{symbol} shares", quantity, limit, Decimal(1), delta=1.0, theta=0.0, vega=0.0)
    return Offer(quoted, (step,))


def reduce(
    wish: Reduction, lines: Iterable[Line], listing: Listing | None, money: Decimal
) -> Offer:
    """Return the order that makes the largest such line smaller.

    Args:
        wish: what to make smaller, and by how much.
        lines: what the account holds and the desk can trade.
        listing: quotes on the name that is held; none where they are not known.
        money: dollars there are for buying something back.
    """
    line = largest(wish, lines)
    if line is None:
        return Offer(note="no line of it can be traded here")
    held = math.floor(abs(line.position.quantity))
    units = wish.whole(held)
    if not units:
        bounds = f"{wish.least_pct}-{wish.most_pct} %"
        return Offer(note=f"{held} cannot be made smaller by {bounds} in whole units")
    side = Side.SELL if line.position.quantity > 0 else Side.BUY
    limit = None if listing is None else limit_of(parse_key(line.key), side, listing)
    if limit is None:
        return Offer(note=f"no {'bid' if side is Side.SELL else 'ask'} for {line.key}")
    step = TicketStep(line.key, side, units, limit, trims=True)
    if step.cost > money:
        return Offer(note=f"buying back {units} costs ${step.cost:,.2f}, ${money:,.2f} is left")
    return Offer(None, (step,), f"{step.side} {units} of {held}")


def largest(wish: Reduction, lines: Iterable[Line]) -> Line | None:
    """Return the largest line that a reduction means, by units and then by name."""
    found = [line for line in lines if line.key and _is_meant(wish, line.position)]
    return min(found, key=lambda line: (-_units(line.position), line.key), default=None)


def exact(one: Position, listing: Listing, held: float, money: Decimal | None) -> Offer:
    """Return the order for a contract that is named, at its own price or the market's.

    Args:
        one: the trade; a price is its limit.
        listing: quotes on its underlying.
        held: units of it that the account holds, signed; an order that only makes them fewer trims.
        money: most dollars it may cost; none for no bound.
    """
    instrument = instrument_of(one)
    if instrument is None:
        return Offer(note="only shares and options on them can be sent from here")
    row = None if instrument.strike is None else row_of(instrument, listing)
    if instrument.strike is not None and row is None:
        return Offer(note=f"{instrument.key} is not listed")
    side = Side.BUY if one.quantity > 0 else Side.SELL
    limit = limit_of(instrument, side, listing) if one.price is None else in_ticks(one.price, side)
    if limit is None or limit <= 0:
        return Offer(note=f"no {'ask' if side is Side.BUY else 'bid'} for {instrument.key}")
    units = int(abs(one.quantity))
    if units != abs(one.quantity):
        return Offer(note=f"{abs(one.quantity):g} is no whole number")
    each = limit * instrument.multiplier
    if money is not None and side is Side.BUY:
        units = min(units, int(money // each))
    if units < 1:
        return Offer(note=f"one {instrument.key} costs ${each:,.2f}")
    trims = held * side.sign < 0 and units <= abs(held)
    step = TicketStep(instrument.key, side, units, limit, trims=trims)
    return Offer(quoted_of(row, listing, units, limit) if row is not None else None, (step,))


def instrument_of(one: Position) -> Instrument | None:
    """Return the shares or the option that a position is in; none where it is something else."""
    if one.right is not None:
        if one.expiry is None or one.strike is None:
            return None
        found = option(option_root(one.underlying), one.expiry, one.strike, one.right)
    elif one.kind in {Kind.EQUITY, Kind.VOL} and one.underlying != VIX:
        found = stock(one.underlying)
    else:
        return None
    try:
        return parse_key(found.key) if is_security(found.key) else None
    except DataError:
        return None  # a name that no key can hold


def position_of(step: TicketStep, kind: Kind, source: str = "") -> Position:
    """Return what an order adds to a book, at its limit."""
    what = parse_key(step.instrument_key)
    return Position(
        symbol=what.key if what.strike is not None else what.symbol,
        underlying=what.symbol,
        kind=kind,
        quantity=float(step.side.sign * step.quantity),
        multiplier=float(what.multiplier),
        strike=None if what.strike is None else float(what.strike),
        expiry=what.expiry,
        right=what.right,
        price=float(step.limit),
        source=source,
    )


# --- choosing --------------------------------------------------------------------------------


def _near(
    wanted: Wanted, listing: Listing, right: Right, wish: tuple[float, float]
) -> list[ChainRow]:
    """Return what comes into question of the nearest expiry that has any, best first."""
    first, last = days_of(wanted)
    days = {row.expiry: (row.expiry - listing.today).days for row in listing.rows}
    fit = [expiry for expiry, left in days.items() if first <= left <= last]
    for expiry in sorted(fit, key=lambda one: (abs(days[one] - wanted.days), one)):
        rows = [row for row in listing.rows if row.expiry == expiry and row.right is right]
        if found := _strikes(rows, listing.spot, wish):
            return found
    return []


def _strikes(rows: Sequence[ChainRow], spot: float, wish: tuple[float, float]) -> list[ChainRow]:
    """Return the usable rows within a range of moneyness, else the nearest one to it."""
    low, high = wish

    def outside(row: ChainRow) -> float:
        money = row.strike / spot
        return max(low - money, money - high, 0.0)

    usable = [row for row in rows if in_ticks(row.bid, Side.SELL) > 0 and row.spread <= _WIDEST]
    inside = [row for row in usable if outside(row) <= 1e-9]
    if inside:
        return sorted(inside, key=lambda row: (abs(row.strike - spot), row.strike))
    nearest = min(usable, key=lambda row: (outside(row), row.strike), default=None)
    return [] if nearest is None or outside(nearest) > STRIKE_SLACK else [nearest]


def _nothing(wanted: Wanted) -> str:
    first, last = days_of(wanted)
    return (
        f"no contract of {first} to {last} days near the strike "
        f"with a quote within {MOST_SPREAD:.0%}"
    )


def _single(row: ChainRow, listing: Listing, money: Decimal) -> Offer:
    limit = in_ticks(row.ask, Side.BUY)
    quantity = int(money // (limit * HUNDRED))
    quoted = quoted_of(row, listing, quantity, limit)
    if quantity < 1:
        return Offer(quoted, note=f"one {quoted.contract} costs ${quoted.unit_cost:,.2f}")
    return Offer(quoted, (TicketStep(key_of(row, listing), Side.BUY, quantity, limit),))


def _spread(wanted: Wanted, money: Decimal, listing: Listing) -> Offer:
    """The upper put at its ask, less the lower one at its bid."""
    low, high = wanted.moneyness
    upper = next(iter(_near(wanted, listing, Right.PUT, (high, high))), None)
    if upper is None:
        return Offer(note=_nothing(wanted))
    rows = [
        row for row in listing.rows
        if row.expiry == upper.expiry and row.right is Right.PUT and row.strike < upper.strike
    ]  # fmt: skip
    lower = next(iter(_strikes(rows, listing.spot, (low, low))), None)
    if lower is None:
        return Offer(note=f"nothing to sell below {upper.strike:g}: {_nothing(wanted)}")
    pays, gets = in_ticks(upper.ask, Side.BUY), in_ticks(lower.bid, Side.SELL)
    each = pays - gets
    if each <= 0 or gets <= 0:
        return Offer(note="the quotes of the two strikes contradict each other")
    quantity = int(money // (each * HUNDRED))
    quoted = quoted_spread(upper, lower, listing, quantity, each)
    if quantity < 1:
        return Offer(quoted, note=f"one {quoted.contract} costs ${quoted.unit_cost:,.2f}")
    return Offer(
        quoted,
        (
            TicketStep(key_of(upper, listing), Side.BUY, quantity, pays),
            TicketStep(key_of(lower, listing), Side.SELL, quantity, gets),
        ),
    )


def _is_meant(wish: Reduction, one: Position) -> bool:
    if wish.what is Held.VOL:
        return one.kind is Kind.VOL
    if one.underlying != wish.underlying or one.side >= 0:
        return False
    rights = {Held.PUTS: Right.PUT, Held.CALLS: Right.CALL, Held.SHORT: None}
    return one.right is rights[wish.what]


def _units(one: Position) -> float:
    return abs(one.quantity) * (one.multiplier or 1.0)
