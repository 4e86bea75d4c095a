"""Numbers that can be none are taken for not said, before anything is worked out with them.

A price of zero or a volatility that is no number must cost its own line and not the whole reading.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from hedgetui.domain.balance.positions import Position, Unparsed
from hedgetui.domain.text import safe
from hedgetui.ports.portfolio import Holding

_MOST_VOL = 10.0


def usable(held: Iterable[Holding]) -> tuple[tuple[Holding, ...], tuple[Unparsed, ...]]:
    """Return the lines without impossible numbers, and those whose quantity is none."""
    kept: list[Holding] = []
    left_out: list[Unparsed] = []
    for line in held:
        one = line.position
        if not math.isfinite(one.quantity) or not one.quantity:
            why = f"a quantity of {one.quantity:g}"
            left_out.append(Unparsed(one.line, safe(one.symbol, 80), why))
        else:
            kept.append(replace(line, position=_without_nonsense(one)))
    return tuple(kept), tuple(left_out)


def _without_nonsense(one: Position) -> Position:
    """Return a line in which a number that nothing can be worked out with is not said."""
    return replace(
        one,
        multiplier=_within(one.multiplier, 0.0),
        strike=_within(one.strike, 0.0),
        price=_within(one.price, -1e-9 if one.is_option else -math.inf),
        spot=_within(one.spot, 0.0),
        iv=_within(one.iv, 0.0, _MOST_VOL),
        delta=_within(one.delta, -math.inf),
        beta=_within(one.beta, -math.inf),
    )


def _within(value: float | None, above: float, below: float = math.inf) -> float | None:
    return value if value is not None and above < value < below else None
