"""New exposure in the direction of the regime, when it is asked for."""

from __future__ import annotations

from hedgetui.domain.balance.closes import Closes
from hedgetui.domain.balance.grow import grow
from hedgetui.domain.balance.ideas import of_growth, quoted_growth
from hedgetui.domain.balance.regime import MEAN_DAYS, Measured, Regime, given, measure
from hedgetui.domain.errors import UsageError
from hedgetui.domain.text import safe
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.engine.balance.chains import YOUNG, Quoter
from hedgetui.engine.balance.parts import BalanceParts, Row

_NAMES = frozenset({"SPY", "CPER", "GLD", "GLDM", "TIP", "IEF"})
"""What growth and inflation are read from; shares, so that any broker has their history."""
_HISTORY_OLD = Seconds(3_600.0)
_AGAIN = Seconds(60.0)
"""After an answer that lacked a name."""


class Growing:
    """Keeps the newest regime and the exposures that it suggests."""

    def __init__(self, parts: BalanceParts, quoter: Quoter) -> None:
        self._parts = parts
        self._quoter = quoter
        self._closes: Closes | None = None
        self._closes_at: Timestamp | None = None

    async def renew(self, named: str) -> Measured:
        """Find the regime, then price what it suggests; returns what it follows from.

        Raises:
            UsageError: there is no such regime.
            BrokerUnreachable: closes are needed and the broker does not answer.
        """
        found = await self._regime(named.strip().upper())
        await self._price(found)
        return found

    async def again(self) -> None:
        """Price what the newest regime suggests once more, within the budget of now."""
        if self._parts.board.regime is not None:
            await self._price(self._parts.board.regime)

    async def _price(self, found: Measured) -> None:
        board = self._parts.board
        rows = grow(found, board.budget, board.most)
        ideas = [of_growth(row) for row in rows]
        offers = await self._quoter.offers(ideas, YOUNG)
        board.regime = found
        board.growth = tuple(map(quoted_growth, rows, offers))
        board.growth_rows = tuple(
            Row(idea, idea.plan(offer), offer.note)
            for idea, offer in zip(ideas, offers, strict=True)
        )
        board.touch()

    async def _regime(self, named: str) -> Measured:
        reading = self._parts.board.reading
        vix = None if reading is None else reading.market.vix
        if named and named not in Regime.__members__:
            names = ", ".join(Regime.__members__)
            raise UsageError(f"no regime {safe(named, 40)!r}", hint=f"one of: {names}")
        chosen = Regime(named) if named else self._parts.settings.regime
        if chosen is not None:
            return given(chosen, vix)
        return measure(await self._history(), vix)

    async def _history(self) -> Closes:
        now = self._parts.now()
        whole = self._closes is not None and self._closes.table.keys() >= _NAMES
        old = _HISTORY_OLD if whole else _AGAIN
        if self._closes is None or self._closes_at is None or now - self._closes_at >= old:
            days = max(self._parts.settings.history_days, MEAN_DAYS + 1)
            self._closes = await self._parts.port.closes(_NAMES, days)
            self._closes_at = now
        return self._closes
