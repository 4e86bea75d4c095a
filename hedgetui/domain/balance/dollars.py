"""The dollar view: every line in one currency, percent of the index, so that lines can be added.

Beta-weighted delta Δbw = Σ δ·quantity·multiplier·β·S/S_index, dollars per index point; times one
percent of the index it is Σ δ·quantity·multiplier·β·S/100, which needs no index level. Gamma is the
change of that figure over another percent; theta is per calendar day, vega per vol point. Options
are valued with Black-76 on the spot carried at the rate, without dividends.

A line for which something is missing stays unknown, with the reason, and then so does the total.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hedgetui.domain.balance.counts import Bias
from hedgetui.domain.balance.market import Market
from hedgetui.domain.balance.positions import Kind, Position
from hedgetui.domain.instruments import Right
from hedgetui.domain.pricing.black76 import VOL_POINT, OneOptionGreeks, greeks_one, price_one
from hedgetui.domain.pricing.implied import implied_vol_one
from hedgetui.domain.units import DAYS_PER_YEAR

PERCENT: Final = 0.01
BALANCED_SHARE: Final = 0.2
"""A book is balanced in dollars while its net is below this share of its longs and shorts added."""
CRASH: Final = -0.10
"""The day that an unprotected book is told about."""


@dataclass(frozen=True, slots=True)
class LineDollars:
    """One line in dollars; what is unknown is none, and `unknown` says why."""

    position: Position
    delta_per_pct: float | None = None
    """Dollars per +1 % of the index."""
    gamma_per_pct: float | None = None
    """Change of that per +1 % of the index."""
    theta: float | None = None
    """Dollars per calendar day."""
    vega: float | None = None
    """Dollars per vol point."""
    extrinsic: float | None = None
    """Time value held, negative where it was sold."""
    value: float | None = None
    """Market value; 0 for futures and FX, which bind no capital."""
    crash: float | None = None
    """Gain on a day of `CRASH` in the index, volatility unchanged."""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Dollars:
    """A book in dollars: totals, none where one of the lines that make it is unknown."""

    lines: tuple[LineDollars, ...]
    delta_per_pct: float | None
    known_delta_per_pct: float
    """Of the lines that are known; the total when all are."""
    delta_per_point: float | None
    """The beta-weighted delta, dollars per index point."""
    gamma_per_pct: float | None
    theta: float | None
    decay: float | None
    """Theta of the options that are held, 0 or below: what the protection costs a day."""
    vega: float | None
    extrinsic: float | None
    value: float | None
    crash: float | None
    bias: Bias | None
    """None where the delta is not known."""

    @property
    def unknown(self) -> tuple[LineDollars, ...]:
        """The lines for which something is missing."""
        return tuple(line for line in self.lines if line.unknown)


def in_dollars(positions: Iterable[Position], market: Market) -> Dollars:
    """Return a book in dollars; `market` should know the book's own prices (`with_book_prices`)."""
    ordered = sorted(positions, key=lambda one: one.sort_key)
    lines = tuple(_line(one, market) for one in ordered)
    weighed = [line for line in lines if _is_weighed(line)]
    delta = _sum(line.delta_per_pct for line in weighed)
    known = [line.delta_per_pct for line in weighed if line.delta_per_pct is not None]
    held = [line for line in lines if line.position.is_option and line.position.quantity > 0]
    level = market.index_level
    return Dollars(
        lines=lines,
        delta_per_pct=delta,
        known_delta_per_pct=math.fsum(known),
        delta_per_point=delta / (level * PERCENT) if level and delta is not None else None,
        gamma_per_pct=_sum(line.gamma_per_pct for line in weighed),
        theta=_sum(line.theta for line in lines),
        decay=_sum(line.theta for line in held),
        vega=_sum(line.vega for line in lines),
        extrinsic=_sum(line.extrinsic for line in lines),
        value=_sum(line.value for line in lines),
        crash=_sum(line.crash for line in weighed),
        bias=None if delta is None else dollar_bias(known),
    )


def dollar_bias(deltas: Sequence[float]) -> Bias:
    """Return where dollars lean: balanced while the net is a small share of what stands there."""
    net, gross = math.fsum(deltas), math.fsum(map(abs, deltas))
    if not gross or abs(net) <= BALANCED_SHARE * gross:
        return Bias.BALANCED
    return Bias.LONG if net > 0 else Bias.SHORT


def disagreement(counted: Bias, dollars: Bias | None) -> str:
    """Return the warning for a book that counts one way and weighs another, else nothing."""
    if dollars is None or dollars is counted:
        return ""
    return f"⚠ count says {counted.value}, dollars say {dollars.value}"


def _is_weighed(line: LineDollars) -> bool:
    """Vol stands apart, and counts in the delta only where its beta is known; others never."""
    kind = line.position.kind
    return kind not in {Kind.VOL, Kind.OTHER} or (kind is Kind.VOL and not line.unknown)


def _sum(values: Iterable[float | None]) -> float | None:
    """Add up; exactly rounded, so that the order of lines does not show."""
    known: list[float] = []
    for value in values:
        if value is None:
            return None
        known.append(value)
    return math.fsum(known)


def _line(one: Position, market: Market) -> LineDollars:
    if one.kind is Kind.OTHER:
        return LineDollars(one, theta=0.0, vega=0.0, extrinsic=0.0, value=_plain_value(one))
    spot, beta = market.spot(one), market.beta(one)
    if one.multiplier is None:
        return LineDollars(one, unknown=f"no multiplier for {one.symbol}")
    if spot is None:
        why = f"no price of {one.underlying}"
        return LineDollars(one, unknown=why) if one.is_option else _linear(one, None, None, why)
    why = "" if beta else f"no beta for {one.underlying}"
    weight = beta.beta if beta else None
    if one.is_option:
        return _option(one, market, spot, weight, why)
    if one.kind is not Kind.FX:
        return _linear(one, spot, weight, why)
    base = _dollars_of_pair(one.underlying, spot)
    foreign = "" if base is not None else f"{one.symbol} is not priced in dollars"
    return _linear(one, base, weight, foreign or why)


def _dollars_of_pair(pair: str, price: float) -> float | None:
    """Return the dollars in one unit of the base: price of EURUSD, 1 of USDJPY, none of EURGBP."""
    if pair.endswith(("USD", "USDT")):
        return price
    return 1.0 if pair.startswith("USD") else None


def _plain_value(one: Position) -> float | None:
    if one.is_margined:
        return 0.0
    if one.price is None or one.multiplier is None:
        return None
    return one.price * one.quantity * one.multiplier


def _linear(one: Position, spot: float | None, beta: float | None, why: str) -> LineDollars:
    """A share, a future or a pair: delta 1, no time value."""
    delta = crash = None
    if spot is not None and beta is not None and one.multiplier is not None:
        move = one.quantity * one.multiplier * spot * beta
        delta, crash = move * PERCENT, max(move * CRASH, -abs(one.quantity * one.multiplier * spot))
    return LineDollars(one, delta, 0.0, 0.0, 0.0, 0.0, _plain_value(one), crash, why)


def _option(
    one: Position, market: Market, spot: float, beta: float | None, why: str
) -> LineDollars:
    if one.expiry is None or one.strike is None or one.multiplier is None:
        return LineDollars(one, unknown=f"no expiry of {one.symbol}")
    days = (one.expiry - market.today).days
    if days < 0:
        return LineDollars(one, unknown=f"{one.symbol} expired on {one.expiry}")
    years = max(days, 0.5) / DAYS_PER_YEAR  # on its last day half of it is left
    sign = -1 if one.right is Right.PUT else 1
    growth = math.exp(market.rate * years)
    vol = _vol(one, spot * growth, years, sign, 1 / growth)
    if vol is None:
        return _option_by_delta(one, spot, beta, why)
    level = greeks_one(spot * growth, one.strike, years, vol, sign, discount=1 / growth, spot=spot)
    units = one.quantity * one.multiplier
    price = level.price if one.price is None else one.price
    inside = max(0.0, sign * (spot - one.strike))
    crash = None
    if beta is not None:
        fallen = max(spot * (1 + CRASH * beta), spot * 1e-6)
        after = price_one(fallen * growth, one.strike, years, vol, sign, 1 / growth)
        crash = units * (after - level.price)
    return LineDollars(
        one,
        None if beta is None else units * level.delta * spot * beta * PERCENT,
        None if beta is None else _gamma(level, units, spot * beta),
        units * level.theta,
        units * level.vega * VOL_POINT,
        units * (price - inside),
        units * price,
        crash,
        why,
    )


def _gamma(level: OneOptionGreeks, units: float, weighted_spot: float) -> float:
    return units * level.gamma * (weighted_spot * PERCENT) ** 2


def _vol(one: Position, forward: float, years: float, sign: int, discount: float) -> float | None:
    """Return the row's volatility, else the one its price implies, else none."""
    if one.iv is not None:
        return one.iv
    if one.price is None or one.strike is None:
        return None
    implied = implied_vol_one(one.price, forward, one.strike, years, sign, discount)
    return implied if math.isfinite(implied) else None


def _option_by_delta(one: Position, spot: float, beta: float | None, why: str) -> LineDollars:
    """An option without a volatility: the row's own delta, if it has one, and nothing else."""
    if one.delta is None:
        price = "its price implies no" if one.price is not None else "no price and no"
        return LineDollars(
            one, value=_plain_value(one), unknown=f"{price} volatility: {one.symbol}"
        )
    delta = None
    if beta is not None and one.multiplier is not None:
        delta = one.quantity * one.multiplier * one.delta * spot * beta * PERCENT
    reason = why or f"delta alone is known of {one.symbol}"
    return LineDollars(one, delta, value=_plain_value(one), unknown=reason)
