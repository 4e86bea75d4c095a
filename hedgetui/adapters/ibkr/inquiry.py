"""The five questions of broker truth: they leave together, and each must reach its end mark."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.memory import Memory
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.parse import ExecutionRow, exact
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.errors import BrokerUnreachable, DataError
from hedgetui.ports.broker import Incomplete

_CHARGES_S = 0.5
"""Seconds that charges may trail the end mark of the executions."""
_CHARGES_STEP_S = 0.05
_CASH = "TotalCashValue"


@dataclass(frozen=True, slots=True)
class Parts:
    """The answers, as the library gave them."""

    working: list[Any]
    completed: list[Any]
    executions: list[ExecutionRow]
    positions: list[Any]
    cash: Decimal


class Inquiry:
    """Asks the questions of one session."""

    def __init__(self, session: Session, memory: Memory) -> None:
        """Ask in `session`; charges are kept in `memory`."""
        self._session = session
        self._memory = memory
        self._asked: dict[int, list[ExecutionRow]] = {}
        self.account = ""

    def execution(self, row: ExecutionRow) -> None:
        """See every execution that was asked for."""
        if row.request in self._asked:
            self._asked[row.request].append(row)

    async def ask(self) -> Parts | Incomplete:
        """Ask everything once; what does not reach its end mark says nothing.

        Raises:
            BrokerUnreachable: the link went down.
        """
        ib, seconds = self._session.ib, self._session.connection.answer_timeout_s
        parts: dict[str, Awaitable[Any]] = {
            "open orders": self._session.ask_keyed("openOrders", ib.reqAllOpenOrdersAsync, seconds),
            "completed orders": self._session.ask_keyed(
                "completedOrders", lambda: ib.reqCompletedOrdersAsync(apiOnly=False), seconds
            ),
            "executions": self._executions(seconds),
            "positions": self._session.ask_keyed("positions", ib.reqPositionsAsync, seconds),
            "account": self._cash(seconds),
        }
        answers: list[Any] = await asyncio.gather(*parts.values(), return_exceptions=True)
        self._session.life.check()
        for name, answer in zip(parts, answers, strict=True):
            if isinstance(answer, TimeoutError):
                return Incomplete(f"{name}: no end mark within {seconds:g} s")
            if isinstance(answer, Refused | BrokerUnreachable | DataError):
                return Incomplete(f"{name}: {answer}")
            if isinstance(answer, BaseException):
                raise answer
        return Parts(*answers)

    async def _executions(self, seconds: float) -> list[ExecutionRow]:
        """Return today's executions of the account, of every client."""
        await self._session.pacer.turn(Lane.LINK)
        wanted = self._session.api.ExecutionFilter(acctCode=self.account)
        request, future = self._session.question(
            lambda number: self._session.ib.client.reqExecutions(number, wanted)
        )
        rows = self._asked.setdefault(request, [])
        try:
            await self._session.answer(future, seconds)
        finally:
            del self._asked[request]
        return rows

    async def charges(self, rows: list[ExecutionRow]) -> None:
        """Wait a moment for charges that trail the end mark."""
        waited = 0.0
        known = self._memory.charges
        while waited < _CHARGES_S and any(
            row.terms.sec_type != "BAG" and row.exec_id not in known for row in rows
        ):
            await self._session.life.pause(_CHARGES_STEP_S)
            self._session.life.check()
            waited += _CHARGES_STEP_S

    async def _cash(self, seconds: float) -> Decimal:
        """Return the account's cash in dollars.

        Raises:
            DataError: the answer ended without it.
        """
        await self._session.pacer.turn(Lane.LINK)
        ib = self._session.ib
        summary = ib.wrapper.acctSummary
        for key in [one for one in summary if one[:2] == (self.account, _CASH)]:
            del summary[key]
        request, future = self._session.question(
            lambda number: ib.client.reqAccountSummary(number, "All", _CASH)
        )
        try:
            await self._session.answer(future, seconds)
        finally:
            # Also of a question without an end: TWS keeps few of them open and refuses more.
            if self._session.life.alive:
                await self._session.pacer.turn(Lane.LINK)
                self._session.life.check()
                ib.client.cancelAccountSummary(request)
        values = {key[2]: exact(one.value) for key, one in summary.items()
                  if key[:2] == (self.account, _CASH)}  # fmt: skip
        cash = values.get("USD") or next(iter(values.values()), None)
        if cash is None:
            raise DataError(f"no {_CASH} of {self.account}")
        return cash
