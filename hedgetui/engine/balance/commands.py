"""What each command about the portfolio does, but for stress tests. Nothing here sends an order.

A row that is to become a ticket is priced again, so that its limits are those of now; what is shown
on the screen only says which trade is meant.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hedgetui.domain import commands as cm
from hedgetui.domain.balance.basket import typed
from hedgetui.domain.balance.ideas import Idea
from hedgetui.domain.balance.money import dollars
from hedgetui.domain.balance.quoting import instrument_of
from hedgetui.domain.balance.ticket import TicketPlan
from hedgetui.domain.commands import Command
from hedgetui.domain.errors import HedgetuiError, StoreError, UsageError
from hedgetui.domain.text import safe
from hedgetui.engine.balance.advising import Adviser
from hedgetui.engine.balance.basket import Basket
from hedgetui.engine.balance.chains import Quoter
from hedgetui.engine.balance.finding import Finder
from hedgetui.engine.balance.growing import Growing
from hedgetui.engine.balance.parts import BalanceParts, Row
from hedgetui.engine.balance.reader import Reader
from hedgetui.engine.switches import done, refused
from hedgetui.ports.desk import Outcome

COMMANDS = (
    cm.ReadPortfolio, cm.SetAdvice, cm.ReadGrowth, cm.FindContract, cm.PreviewTicket,
    cm.AddToBasket, cm.DropFromBasket,
)  # fmt: skip
_MOST_ROWS = 20
_MOST_TEXT = 120
_NOT_READ = "the portfolio has not been read yet"


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts that commands work with."""

    reader: Reader
    quoter: Quoter
    adviser: Adviser
    growing: Growing
    finder: Finder
    basket: Basket


class BalanceCommands:
    """Readings, questions, the basket, and the way to a ticket."""

    def __init__(self, parts: BalanceParts, tools: Tools) -> None:
        self._parts = parts
        self._tools = tools
        self._handlers: dict[type, Callable[[Any], Awaitable[Outcome]]] = {
            cm.ReadPortfolio: self._read,
            cm.SetAdvice: self._advice,
            cm.ReadGrowth: self._growth,
            cm.FindContract: self._find,
            cm.PreviewTicket: self._preview,
            cm.AddToBasket: self._add,
            cm.DropFromBasket: self._drop,
        }

    async def dispatch(self, command: Command) -> Outcome:
        """Judge and carry out one command.

        Raises:
            StoreError: the journal cannot be written.
        """
        try:
            return await self._handlers[type(command)](command)
        except StoreError:
            raise
        except HedgetuiError as error:
            return refused(error.code, error.message, error.hint)

    # --- questions ---------------------------------------------------------------------------

    async def _read(self, _: cm.ReadPortfolio) -> Outcome:
        problem = await self._tools.reader.read()
        if problem:
            return refused("not-read", f"the account could not be read: {problem}")
        await self._tools.adviser.renew()
        board = self._parts.board
        lines = sum(one.lines for one in board.sources)
        return done(f"{lines} lines read from {len(board.sources)} sources")

    async def _advice(self, command: cm.SetAdvice) -> Outcome:
        budget = dollars(command.budget)
        if not 1 <= command.most <= _MOST_ROWS:
            raise UsageError(f"{command.most} rows are not 1 to {_MOST_ROWS}")
        board = self._parts.board
        board.budget, board.most = budget, command.most
        board.touch()
        await self._tools.adviser.renew()
        await self._tools.growing.again()
        return done(f"at most {command.most} recommendations within ${budget:,}")

    async def _growth(self, command: cm.ReadGrowth) -> Outcome:
        found = await self._tools.growing.renew(command.regime)
        return done(f"{found.regime}: {found.why}")

    async def _find(self, command: cm.FindContract) -> Outcome:
        choice = (await self._tools.finder.find(command)).choice
        if choice.pick is None:
            return Outcome(
                ok=True, code="nothing-to-do", message=f"nothing matched: {choice.reason}"
            )
        return done(f"{choice.pick.quantity} {choice.pick.label} for ${choice.pick.cost:,.2f}")

    # --- to a ticket -------------------------------------------------------------------------

    async def _preview(self, command: cm.PreviewTicket) -> Outcome:
        if self._parts.board.reading is None:
            return refused("not-read", _NOT_READ)
        rows = self._meant(command.source, command.number, command.text)
        plan = await self._plan(rows, whole=command.source == "basket" and not command.number)
        if isinstance(plan, Outcome):
            return plan
        outcome = await self._parts.tickets.preview(plan)
        if outcome.ok:
            self._tools.basket.shown(plan, *rows)
        return outcome

    async def _plan(self, rows: tuple[Row, ...], *, whole: bool) -> TicketPlan | Outcome:
        """Return the ticket for rows at the quotes of now, or why there is none."""
        plans: list[TicketPlan] = []
        for row in rows:
            if row.idea is None:
                return refused("nothing-to-do", row.note or "this row has nothing to send")
            offer = await self._tools.quoter.fresh(row.idea)
            plan = row.idea.plan(offer)
            if plan is None:
                return refused("no-contract", f"{row.idea.title}: {offer.note}")
            plans.append(plan)
        if not whole:
            return plans[0]
        steps = tuple(step for plan in plans for step in plan.steps)
        why = "; ".join(plan.title for plan in plans)
        count = len(plans)
        return TicketPlan(f"Basket of {count} trade{'s' * (count > 1)}", why, "basket", steps)

    def _meant(self, source: str, number: int, text: str) -> tuple[Row, ...]:
        """Return the rows that a command names.

        Raises:
            UsageError: it names none.
            DataError: what was typed is no trade.
        """
        board = self._parts.board
        match source:
            case "typed":
                return (Row(_typed(text)),)
            case "basket":
                rows = self._tools.basket.rows(number)
                if rows:
                    return rows
                raise UsageError("the basket is empty" if not number else _no_row(source, number))
            case "recommend":
                if board.choice_row is None:
                    raise UsageError("no contract was found", hint="look one up first")
                return (board.choice_row,)
            case "advice":
                return (_numbered(board.advice_rows, source, number),)
            case "grow":
                return (_numbered(board.growth_rows, source, number),)
        names = "advice, grow, recommend, basket, typed"
        raise UsageError(f"no source {safe(source, 20)!r}", hint=f"one of: {names}")

    # --- the basket --------------------------------------------------------------------------

    async def _add(self, command: cm.AddToBasket) -> Outcome:
        if self._parts.board.reading is None:
            return refused("not-read", _NOT_READ)
        if command.source == "basket":
            raise UsageError("it is in the basket")
        (row,) = self._meant(command.source, command.number, command.text)
        idea = row.idea
        if idea is None:
            return refused("nothing-to-do", row.note or "this row has nothing to buy or sell")
        if row.plan is None:
            offer = await self._tools.quoter.fresh(idea)
            row = Row(idea, idea.plan(offer), offer.note)
            if row.plan is None and command.source == "typed":
                return refused("no-contract", offer.note)
        basket = self._tools.basket
        if basket.full and not basket.number_of(row):
            return refused("usage", "the basket is full")
        number = basket.add(row)
        words = "" if row.plan is not None else f", in no figure: {row.note}"
        return done(f"#{number} in the basket: {safe(idea.title, 60)}{words}")

    async def _drop(self, command: cm.DropFromBasket) -> Outcome:
        if not self._tools.basket.drop(command.number):
            raise UsageError(
                _no_row("basket", command.number) if command.number else "the basket is empty"
            )
        return done("the basket is empty" if not command.number else f"#{command.number} dropped")


def _typed(text: str) -> Idea:
    """Return the trade that was typed.

    Raises:
        DataError: it is none.
        UsageError: it cannot be sent from here.
    """
    trade = typed(safe(text, _MOST_TEXT))
    if instrument_of(trade) is None:
        raise UsageError(
            f"{safe(trade.symbol, 40)} is neither shares nor an option on shares",
            hint="futures and index options have screens of their own",
        )
    side = "BUY" if trade.quantity > 0 else "SELL"
    return Idea(f"{side} {abs(trade.quantity):g} {trade.symbol}", "typed", "typed", exact=trade)


def _numbered(rows: tuple[Row, ...], source: str, number: int) -> Row:
    if not 1 <= number <= len(rows):
        raise UsageError(_no_row(source, number))
    return rows[number - 1]


def _no_row(source: str, number: int) -> str:
    return f"{source} has no row {number}"
