"""Advice on the newest reading, with real quotes beside it as soon as they are there.

Rows and shares follow from the reading at once. Quotes take a broker its time, so they come from a
worker of their own, and what they said a moment ago stands until they are renewed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.balance.advice import Advice, recommend
from hedgetui.domain.balance.ideas import Idea, of_advice, quoted_advice
from hedgetui.domain.balance.quoting import Offer
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.engine.balance.chains import RELAXED, YOUNG, Quoter
from hedgetui.engine.balance.parts import BalanceParts, Row

_SHOWN = Seconds(600.0)
"""After this time what a quote said is not shown any more."""


@dataclass(frozen=True, slots=True)
class _Said:
    offer: Offer
    at: Timestamp


class Adviser:
    """Keeps the rows of advice and what they would be as tickets."""

    def __init__(self, parts: BalanceParts, quoter: Quoter) -> None:
        self._parts = parts
        self._quoter = quoter
        self._said: dict[tuple[object, ...], _Said] = {}
        self._due = asyncio.Event()
        parts.changed.append(self._on_reading)

    async def run(self) -> None:
        """Renew the quotes after every reading, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.quote(RELAXED)

    async def renew(self) -> None:
        """Work out the advice again, with quotes, for somebody who waits."""
        self._advise()
        await self.quote(YOUNG)

    async def quote(self, oldest: Seconds) -> None:
        """Price the rows at quotes of at most an age."""
        ideas = [idea for _, idea in self._rows() if idea is not None]
        now = self._parts.now()
        offers = await self._quoter.offers(ideas, oldest)
        self._said = {
            idea.subject: _Said(offer, now) for idea, offer in zip(ideas, offers, strict=True)
        }
        self._advise()

    def _on_reading(self) -> None:
        self._advise()
        self._due.set()

    def _rows(self) -> list[tuple[Advice, Idea | None]]:
        """Return the rows as they follow from the reading, each with its trade."""
        board = self._parts.board
        if board.weighed is None:
            return []
        rows = recommend(board.weighed.situation, board.budget, board.most)
        left = board.budget - sum((row.cost for row in rows), Decimal(0))
        return [(row, of_advice(row, left)) for row in rows]

    def _advise(self) -> None:
        board, now = self._parts.board, self._parts.now()
        advice: list[Advice] = []
        rows: list[Row] = []
        for row, idea in self._rows():
            said = None if idea is None else self._said.get(idea.subject)
            if idea is None or said is None or now - said.at > _SHOWN:
                advice.append(row)
                rows.append(Row(idea, note=row.note if idea is None else "no quotes yet"))
                continue
            quoted = quoted_advice(row, said.offer)
            plan = idea.plan(said.offer) if said.offer.cost <= _most(row, idea) else None
            advice.append(quoted)
            rows.append(Row(idea, plan, quoted.note))
        board.advice, board.advice_rows = tuple(advice), tuple(rows)
        board.touch()


def _most(row: Advice, idea: Idea) -> Decimal:
    """Return the dollars that a row may pay: its share, or for buying back what is left."""
    return row.cost if idea.reduces is None else idea.money or Decimal(0)
