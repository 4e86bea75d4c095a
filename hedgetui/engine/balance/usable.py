"""Numbers that can be none are taken for not said, before anything is worked out with them.

A price of zero or a volatility that is no number must cost its own line and not the whole reading.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from hedgetui.domain.balance.positions import Kind, Position, Unparsed, is_vol
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
            good = _without_nonsense(one)
            kept.append(line if good is one else replace(line, position=good))
    return tuple(kept), tuple(left_out)


def classed(held: Sequence[Holding], vol: Sequence[str]) -> tuple[Holding, ...]:
    """Return the lines with volatility as the settings list it; adapters know the usual list."""
    names = {line.position.underlying for line in held}
    listed = {name for name in names if is_vol(name, vol)}
    return tuple(
        line
        if (one := line.position).kind is Kind.OTHER
        or (one.kind is Kind.VOL) is (one.underlying in listed)
        else replace(line, position=replace(one, kind=_class(one)))
        for line in held
    )


def _class(one: Position) -> Kind:
    """Return the other class of a line: volatility, or what it is beside that."""
    if one.kind is not Kind.VOL:
        return Kind.VOL
    if one.is_option:
        return Kind.OPTION
    return Kind.FUTURE if one.is_margined else Kind.EQUITY


def _without_nonsense(one: Position) -> Position:
    """Return a line in which a number that nothing can be worked out with is not said.

    A line without such a number is returned itself: a copy of each would cost a large account time.
    """
    said = (
        ("multiplier", one.multiplier, 0.0, math.inf),
        ("strike", one.strike, 0.0, math.inf),
        ("price", one.price, -1e-9 if one.is_option else -math.inf, math.inf),
        ("spot", one.spot, 0.0, math.inf),
        ("iv", one.iv, 0.0, _MOST_VOL),
        ("delta", one.delta, -math.inf, math.inf),
        ("beta", one.beta, -math.inf, math.inf),
    )
    bad: dict[str, Any] = {
        name: None
        for name, value, above, below in said
        if value is not None and not above < value < below
    }
    return replace(one, **bad) if bad else one
