"""The portfolio as front ends see it; made once for each change, however often it is asked for."""

from __future__ import annotations

from dataclasses import replace

from hedgetui.engine.balance.parts import BalanceParts
from hedgetui.ports.balance import BalanceView


class BalanceViews:
    """Keeps the newest view."""

    def __init__(self, parts: BalanceParts) -> None:
        self._parts = parts
        self._made = -1
        self._view = BalanceView(on=True)

    def view(self) -> BalanceView:
        """Return the portfolio at this moment."""
        board = self._parts.board
        if board.changes != self._made:
            self._made, self._view = board.changes, self._new()
        tickets = self._parts.tickets.view()
        if tickets != self._view.tickets:
            self._view = replace(self._view, tickets=tickets)
        return self._view

    def _new(self) -> BalanceView:
        board = self._parts.board
        view = BalanceView(
            on=True,
            reading=board.busy,
            sources=board.sources,
            budget=board.budget,
            most=board.most,
            advice=board.advice,
            plans=tuple(row.plan for row in board.advice_rows),
            growth=board.growth,
            growth_plans=tuple(row.plan for row in board.growth_rows),
            regime=board.regime,
            choice=board.choice,
            basket=board.basket,
            tickets=self._view.tickets,
            betas_at=board.betas_at,
        )
        reading, weighed = board.reading, board.weighed
        if reading is None or weighed is None:
            return view
        return replace(
            view,
            book=reading.book,
            market=reading.market,
            nav=reading.nav,
            counts=weighed.counts,
            dollars=weighed.dollars,
            warning=weighed.warning,
            underlyings=weighed.underlyings,
        )
