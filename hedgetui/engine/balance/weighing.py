"""Weighing a reading: counts, dollars, and each underlying by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hedgetui.domain.balance.advice import Situation
from hedgetui.domain.balance.counts import Counts, count
from hedgetui.domain.balance.dollars import Dollars, LineDollars, disagreement, in_dollars
from hedgetui.domain.balance.market import Market
from hedgetui.domain.balance.positions import Kind, Position
from hedgetui.engine.balance.reading import Reading
from hedgetui.ports.balance import UnderlyingView
from hedgetui.ports.clock import outside_work

_FEW = 200
"""Lines that are weighed at once, in under 20 ms; more of them leave the loop free meanwhile."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What follows from one reading."""

    situation: Situation
    warning: str
    underlyings: tuple[UnderlyingView, ...]

    @property
    def counts(self) -> Counts:
        """Lines of each class."""
        return self.situation.counts

    @property
    def dollars(self) -> Dollars:
        """The book in dollars."""
        return self.situation.dollars


async def weigh(reading: Reading) -> Weighed:
    """Weigh a reading, away from the event loop where it is large."""
    if len(reading.held) <= _FEW:
        return weighed(reading)
    with outside_work():
        return await asyncio.to_thread(weighed, reading)


def weighed(reading: Reading) -> Weighed:
    """Weigh a reading."""
    positions, market = reading.book.positions, reading.market
    dollars = in_dollars(positions, market)
    counts = count(positions)
    nav = reading.nav if reading.nav is not None and reading.nav > 0 else dollars.value
    unread = [
        f"{one.name} is not in it: {one.problem}" for one in reading.sources if not one.read_at
    ]
    words = [disagreement(counts.bias, dollars.bias), *(f"⚠ {why}" for why in unread)]
    return Weighed(
        Situation(positions, counts, dollars, market.vix, nav or None),
        "; ".join(word for word in words if word),
        underlyings(positions, dollars, market),
    )


def underlyings(
    positions: Sequence[Position], dollars: Dollars, market: Market
) -> tuple[UnderlyingView, ...]:
    """Return each underlying by itself, heaviest first, then by name."""
    lines: dict[str, list[LineDollars]] = {}
    for line in dollars.lines:
        lines.setdefault(line.position.underlying, []).append(line)
    held: dict[str, list[Position]] = {}
    for one in positions:
        held.setdefault(one.underlying, []).append(one)
    views = [_underlying(name, held[name], lines[name], market) for name in lines]
    return tuple(sorted(views, key=lambda one: (-abs(one.delta_per_pct or 0.0), one.symbol)))


def _underlying(
    name: str, held: Sequence[Position], lines: Sequence[LineDollars], market: Market
) -> UnderlyingView:
    deltas = [line.delta_per_pct for line in lines]
    known = [delta for delta in deltas if delta is not None]
    fit = next((beta for one in held if (beta := market.beta(one)) is not None), None)
    apart = all(one.kind is Kind.OTHER for one in held)
    return UnderlyingView(
        symbol=name,
        counts=count(held),
        delta_per_pct=sum(known) if len(known) == len(deltas) and not apart else None,
        beta=None if fit is None else fit.beta,
        r2=None if fit is None else fit.r2,
    )
