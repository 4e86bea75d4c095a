"""The what-if basket: trades that are thought of, the book with them, and what they take off it.

A trade keeps its number while it is there. Exposure is worked out at once; CVaR comes from the
stress worker, all books on the same paths, and ranks the trades by dollars for each dollar of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from hedgetui.domain.balance.basket import WhatIf, netted, what_if
from hedgetui.domain.balance.facts import TicketOpened
from hedgetui.domain.balance.positions import Book, Kind, Position, is_vol
from hedgetui.domain.balance.quoting import position_of
from hedgetui.domain.balance.ticket import TicketPlan, TicketStep
from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.events import Fact
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.stress.book import StressBook
from hedgetui.domain.stress.from_positions import price_book
from hedgetui.domain.stress.paths import StressSettings
from hedgetui.domain.stress.regimes import regime_named
from hedgetui.domain.text import safe
from hedgetui.engine.balance.parts import BalanceParts, Row
from hedgetui.engine.balance.reading import Reading
from hedgetui.ports.balance import BasketItem, BasketView
from hedgetui.ports.clock import outside_work
from hedgetui.ports.stress import StressRunner

_PATHS = 4_000
"""Enough to rank trades; the Stress tab has the figures."""
_MONTHS = 12
_PREVIEWS = 16
_MOST_ITEMS = 20

Lines = tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class _Cvars:
    """CVaR of the book, of the book with everything, and with each trade alone."""

    plans: tuple[tuple[int, TicketPlan | None], ...]
    """Of what was counted."""
    before: float
    after: float
    alone: Mapping[int, float]


class Basket:
    """Keeps the trades; `changed` after anything that moves a figure."""

    def __init__(self, parts: BalanceParts, runner: StressRunner | None) -> None:
        self._parts = parts
        self._runner = runner
        self._items: dict[int, Row] = {}
        self._last = 0
        self._cvars: _Cvars | None = None
        self._problem = ""
        self._what_if: WhatIf | None = None
        self._held: tuple[tuple[object, ...], ...] = ()
        """What the book held when CVaR was worked out."""
        self._due = asyncio.Event()
        self._shown: dict[TicketPlan, tuple[object, ...]] = {}
        """Plans that were previewed, and the trades they are of."""
        parts.changed.append(self._on_reading)
        parts.desk.recorder.listen(self._on_fact)

    async def run(self) -> None:
        """Work out what is due, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.settle()

    # --- what is in it -----------------------------------------------------------------------

    def add(self, row: Row) -> int:
        """Put a trade in; returns its number. One that is there already is renewed."""
        if row.idea is None:
            raise ValueError("a row without a trade")
        number = self.number_of(row)
        if not number:
            number = self._last = self._last + 1
        self._items[number] = row
        self._change()
        return number

    def number_of(self, row: Row) -> int:
        """Return the number under which a trade is there already, 0 when it is not."""
        subject = None if row.idea is None else row.idea.subject
        same = (n for n, one in self._items.items() if one.idea and one.idea.subject == subject)
        return next(same, 0)

    def drop(self, number: int) -> bool:
        """Take a trade out, or with 0 all of them; whether there was one."""
        if number == 0:
            there = bool(self._items)
            self._items.clear()
        else:
            there = self._items.pop(number, None) is not None
        if not self._items:
            self._last = 0
        self._change()
        return there

    @property
    def full(self) -> bool:
        """Whether no more trades are taken."""
        return len(self._items) >= _MOST_ITEMS

    def rows(self, number: int) -> tuple[Row, ...]:
        """Return one trade, or with 0 all of them in the order they came."""
        if number == 0:
            return tuple(self._items.values())
        return (self._items[number],) if number in self._items else ()

    def positions(self) -> Lines:
        """Return what the priced trades would add to the book."""
        plans = [row.plan for row in self._items.values()]
        return tuple(line for plan in plans if plan is not None for line in self._lines(plan))

    def shown(self, plan: TicketPlan, *rows: Row) -> None:
        """Remember that a preview of a plan was shown: once it is sent, its trades leave."""
        subjects = tuple(row.idea.subject for row in rows if row.idea is not None)
        self._shown[plan] = subjects
        while len(self._shown) > _PREVIEWS:
            del self._shown[next(iter(self._shown))]

    def _on_fact(self, fact: Fact) -> None:
        if not isinstance(fact.event, TicketOpened):
            return
        sent = self._shown.pop(fact.event.plan, ())
        gone = [n for n, row in self._items.items() if row.idea and row.idea.subject in sent]
        for number in gone:
            self.drop(number)

    # --- what it does ------------------------------------------------------------------------

    def _change(self) -> None:
        self._problem = ""
        self._show()
        self._due.set()

    def _on_reading(self) -> None:
        if self._items:
            self._due.set()

    async def settle(self) -> None:
        """Work out the exposure with the basket, and CVaR where it is not that of this basket."""
        reading = self._parts.board.reading
        if reading is None or not self._items:
            self._what_if = self._cvars = None
            self._show()
            return
        book, trades = reading.book.positions, self.positions()
        with outside_work():
            self._what_if = await asyncio.to_thread(what_if, book, trades, reading.market)
        self._show()
        held = tuple((one.sort_key[:6], one.quantity) for one in book)
        if self._runner is None or (self._counted and held == self._held):
            return
        plans = self._plans
        cvars = await self._stress(self._runner, reading)
        if cvars is not None and self._plans == plans:
            self._cvars, self._held = cvars, held
        self._show()

    @property
    def _plans(self) -> tuple[tuple[int, TicketPlan | None], ...]:
        return tuple((number, row.plan) for number, row in self._items.items())

    @property
    def _counted(self) -> bool:
        return self._cvars is not None and self._cvars.plans == self._plans

    async def _stress(self, runner: StressRunner, reading: Reading) -> _Cvars | None:
        settings, market = self._parts.settings, reading.market
        regime = regime_named(settings.stress_regime)
        plans = self._plans
        priced = [(n, self._lines(plan)) for n, plan in plans if plan is not None]
        book, everything = reading.book.positions, self.positions()
        trades = [(), everything, *(own for _, own in priced)]

        def books_of() -> list[StressBook]:
            lines = [netted(book, own) for own in trades]
            return [price_book(Book(one), market, regime.iv_level).book for one in lines]

        try:
            with outside_work():
                books = await asyncio.to_thread(books_of)
            asked = StressSettings(
                regime,
                paths=min(_PATHS, settings.stress_paths),
                horizon=settings.stress_months / _MONTHS,
                seed=settings.stress_seed,
                iv_now=None if market.vix is None else market.vix / 100,
                rate=market.rate,
            )
            before, after, *alone = await runner.cvars(books, asked)
        except HedgetuiError as error:
            self._problem = f"CVaR is not known: {safe(error.message)}"
            return None
        self._problem = ""
        removed = {n: before - cvar for (n, _), cvar in zip(priced, alone, strict=True)}
        return _Cvars(plans, before, after, removed)

    def _lines(self, plan: TicketPlan) -> Lines:
        return tuple(position_of(step, self._kind(step), "basket") for step in plan.steps)

    def _kind(self, step: TicketStep) -> Kind:
        what = parse_key(step.instrument_key)
        if is_vol(what.symbol, self._parts.settings.vol_symbols):
            return Kind.VOL
        return Kind.EQUITY if what.strike is None else Kind.OPTION

    # --- showing -----------------------------------------------------------------------------

    def _show(self) -> None:
        counted = self._cvars if self._counted else None
        items = [self._item(number, row, counted) for number, row in self._items.items()]
        items.sort(key=lambda one: (one.dollars_per_cvar is None, one.dollars_per_cvar or 0.0))
        known = self._what_if if items else None
        if known is not None and counted is not None:
            known = WhatIf(
                replace(known.before, cvar=counted.before), replace(known.after, cvar=counted.after)
            )
        costs = [one.plan.cost for one in items if one.plan is not None]
        working = bool(items) and self._runner is not None and not counted and not self._problem
        self._parts.board.basket = BasketView(
            tuple(items), known, working, sum(costs, Decimal(0)), self._problem
        )
        self._parts.board.touch()

    def _item(self, number: int, row: Row, counted: _Cvars | None) -> BasketItem:
        title = "" if row.idea is None else row.idea.title
        removed = None if counted is None else counted.alone.get(number)
        each = None
        if removed is not None and removed > 0 and row.plan is not None:
            each = float(row.plan.cost) / removed
        return BasketItem(number, title, row.plan, removed, each)
