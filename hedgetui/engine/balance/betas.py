"""Betas: measured on the broker's daily closes once a day, kept in the journal between runs.

The newest fact is the cache: after a restart nothing is asked for while it is young. A name that is
new in the book is measured by itself and does not make the others young.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from hedgetui.domain.balance.closes import measured_beta
from hedgetui.domain.balance.facts import BetasMeasured
from hedgetui.domain.balance.market import INDEX, Beta
from hedgetui.domain.balance.positions import Kind, Position
from hedgetui.domain.balance.symbols import FUTURES
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import Fact, LinkState
from hedgetui.domain.instruments import STOCK_MARK
from hedgetui.domain.text import safe
from hedgetui.domain.units import Timestamp
from hedgetui.engine.balance.parts import BalanceParts

_AGAIN_S = 600.0
"""After a measurement that failed."""
_MEASURED = frozenset({Kind.EQUITY, Kind.OPTION})
"""Volatility stands apart, and the names of futures and pairs are no shares' names."""


class Betas:
    """Keeps the betas of what is held."""

    def __init__(self, parts: BalanceParts) -> None:
        self._parts = parts
        self._fact: BetasMeasured | None = None
        self._due = asyncio.Event()
        self._not_before = float("-inf")
        self.measured_at: Timestamp | None = None
        """When all of them were measured last."""
        self.on_measured: Callable[[], Awaitable[None]] | None = None
        parts.changed.append(self._due.set)

    @property
    def known(self) -> Mapping[str, Beta]:
        """By underlying; what is configured goes before what was measured."""
        measured = {} if self._fact is None else self._fact.betas
        given = {name: Beta(value) for name, value in self._parts.settings.betas.items()}
        return {**measured, **given}

    def load(self, facts: Sequence[Fact]) -> None:
        """Take over what earlier runs measured."""
        for fact in facts:
            if isinstance(fact.event, BetasMeasured):
                self._take(fact.event, fact.at)

    async def run(self) -> None:
        """Measure whatever a reading lacks, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self._renew()

    def _take(self, event: BetasMeasured, at: Timestamp) -> None:
        if event.index != self._parts.settings.index:
            return
        self._fact = event
        if self.measured_at is None or not event.added:
            self.measured_at = at

    async def _renew(self) -> None:
        reading = self._parts.board.reading
        now = self._parts.now()
        ready = self._parts.desk.state.link is LinkState.READY
        if reading is None or not ready or now < self._not_before:
            return
        names = self._names(reading.book.positions)
        every = self._parts.settings.betas_every
        young = self.measured_at is not None and now - self.measured_at < every
        kept = self._fact if young else None
        asked = set(kept.betas) | set(kept.unknown) if kept is not None else set()
        if names - asked:
            await self._measure(names - asked, kept)

    def _names(self, positions: Iterable[Position]) -> set[str]:
        settings = self._parts.settings
        names = {one.market_name for one in positions if one.kind in _MEASURED}
        return names - set(settings.betas) - {settings.index} - INDEX - set(FUTURES)

    async def _measure(self, names: set[str], kept: BetasMeasured | None) -> None:
        settings = self._parts.settings
        self._not_before = self._parts.now() + _AGAIN_S
        shares = {name: name.removesuffix(f" {STOCK_MARK}") for name in names}
        try:
            closes = await self._parts.port.closes(
                frozenset({*shares.values(), settings.index}), settings.history_days
            )
        except BrokerUnreachable as error:
            self._parts.say("warn", f"🟡 Betas not measured: {safe(error.message)}")
            return
        if closes.last(settings.index) is None:
            self._parts.say("warn", f"🟡 Betas not measured: no history of {settings.index}")
            return
        fits = {one: measured_beta(closes, shares[one], settings.index) for one in sorted(names)}
        found = {name: beta for name, beta in fits.items() if beta is not None}
        missing = tuple(sorted(names - set(found)))
        event = BetasMeasured(settings.index, found, missing)
        if kept is not None:
            unknown = tuple(sorted({*kept.unknown, *missing}))
            event = BetasMeasured(settings.index, {**kept.betas, **found}, unknown, added=True)
        (fact,) = await self._parts.desk.recorder.record(event)
        self._take(event, fact.at)
        self._not_before = float("-inf")
        without = f", none for {', '.join(missing)}" if missing else ""
        word = "name" if len(found) == 1 else "names"
        self._parts.say("info", f"📊 Betas to {settings.index} of {len(found)} {word}{without}")
        if self.on_measured is not None:
            await self.on_measured()
