"""Where the next hedge fires: the two index levels a trader would otherwise guess.

The levels are solved from the book itself, by repricing every leg, not from gamma: over the
distances that matter gamma changes too much. A coarse pass brackets the first breach on each side,
a second one finds its tick; volatility stays with its strike and the clock stands still.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedgetui.domain.orders import Side
from hedgetui.domain.units import Contracts, DollarsPerPoint, IndexPoints
from hedgetui.domain.vega.decide import HedgeRule
from hedgetui.domain.vega.sizing import net_delta, rehedge

FloatArray = NDArray[np.float64]
OptionsDelta = Callable[[FloatArray], FloatArray]
"""The options' Δ$ at each of n index levels; `exposure.delta_at` with its book bound."""

_STRIDE = 8
"""Ticks between two points of the coarse pass: two index points for MES."""


@dataclass(frozen=True, slots=True)
class Rung:
    """An index level and the order that would be sent there."""

    level: IndexPoints
    contracts: Contracts
    """Signed: positive buys."""
    net: DollarsPerPoint
    """Net Δ$ at that level, before the order."""

    def __str__(self) -> str:
        """Return `SELL 1 @ 5372.25`."""
        return f"{Side.of(self.contracts)} {abs(self.contracts)} @ {self.level:.2f}"


@dataclass(frozen=True, slots=True)
class Ladder:
    """The next hedge above and below; None where none fires within reach."""

    up: Rung | None
    down: Rung | None
    now: Rung | None = None
    """The order due at once. The rungs then assume that it is filled."""

    def __str__(self) -> str:
        """Return `SELL 1 @ 5372.25 · BUY 1 @ 5318.50`, or an empty text."""
        return " · ".join(str(rung) for rung in (self.up, self.down) if rung is not None)


def next_hedges(
    options_delta: OptionsDelta,
    hedge: int,
    level: IndexPoints,
    rule: HedgeRule,
    *,
    tick: float = 0.25,
    reach: float = 0.05,
) -> Ladder:
    """Return the next hedge on each side of `level`.

    `hedge` is the signed futures held and working; `reach` the share of the level to look over.
    Rungs lie on ticks, on the first one where the band rule orders something.

    Raises:
        ValueError: level, tick or reach is not positive.
    """
    if not (level > 0 and tick > 0 and reach > 0):
        message = f"no ladder from level {level}, tick {tick}, reach {reach}"
        raise ValueError(message)
    now = _rung(options_delta, hedge, level, rule)
    held = hedge + (now.contracts if now is not None else 0)
    ticks = int(reach * level / tick)
    above, below = math.floor(level / tick) + 1, math.ceil(level / tick) - 1
    upward = np.arange(above, above + ticks, dtype=np.float64) * tick
    downward = np.arange(below, max(0, below - ticks), -1, dtype=np.float64) * tick
    return Ladder(
        _first(options_delta, held, upward, rule),
        _first(options_delta, held, downward, rule),
        now,
    )


def _first(
    options_delta: OptionsDelta, hedge: int, levels: FloatArray, rule: HedgeRule
) -> Rung | None:
    """Return the rung at the first of `levels` where an order fires."""
    if not levels.size:
        return None
    coarse = np.unique(np.append(np.arange(0, levels.size, _STRIDE), levels.size - 1))
    hit = _first_hit(options_delta, hedge, levels[coarse], rule)
    if hit is None:
        return None
    start = coarse[hit - 1] + 1 if hit else 0
    bracket = levels[start : coarse[hit] + 1]
    fine = _first_hit(options_delta, hedge, bracket, rule)
    return (
        None
        if fine is None
        else _rung(options_delta, hedge, IndexPoints(float(bracket[fine])), rule)
    )


def _first_hit(
    options_delta: OptionsDelta, hedge: int, levels: FloatArray, rule: HedgeRule
) -> int | None:
    deltas = options_delta(levels)
    orders = (_order(float(delta), hedge, rule)[1] for delta in deltas)
    return next((place for place, order in enumerate(orders) if order), None)


def _rung(
    options_delta: OptionsDelta, hedge: int, level: IndexPoints, rule: HedgeRule
) -> Rung | None:
    net, order = _order(float(options_delta(np.array([level]))[0]), hedge, rule)
    return Rung(level, order, net) if order else None


def _order(options: float, hedge: int, rule: HedgeRule) -> tuple[DollarsPerPoint, Contracts]:
    """Return (net, order); a delta that is not a number orders nothing."""
    net = net_delta(DollarsPerPoint(options), hedge, 0, rule.per_contract)
    if not math.isfinite(net):
        return net, Contracts(0)
    order = rehedge(
        net, rule.band, rule.mode,
        per_contract=rule.per_contract, target=rule.target, ratio=rule.ratio,
    )  # fmt: skip
    return net, order
