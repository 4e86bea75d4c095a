"""What the account holds, with marks: positions and the account window, read in one piece.

How much is held is what the positions say; the account window adds marks and the account's value.
Both must reach their end marks, or nothing is said. The window is subscribed for the answer only:
its pushes come every few minutes and would be taken for fresh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.contracts import terms_of
from hedgetui.adapters.ibkr.held import AccountLine, account_line, holding
from hedgetui.adapters.ibkr.listings import Listings
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.parse import exact, real
from hedgetui.adapters.ibkr.securities import CURRENCY
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.balance.positions import Unparsed
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.text import safe
from hedgetui.ports.broker import Incomplete
from hedgetui.ports.portfolio import Holding, Holdings

ACCOUNT_VALUE, PORTFOLIO = 6, 7
"""Message numbers this module reads."""
_WORTH = "NetLiquidation"
_VALUE_FIELDS = 6
_LEAST_HIDDEN = 6


class PortfolioReader:
    """Reads the account's lines in one session."""

    def __init__(self, session: Session, listings: Listings) -> None:
        """Ask in `session`; `listings` knows keys of contracts met before."""
        self._session = session
        self._listings = listings
        self._one_at_a_time = asyncio.Lock()
        self._lines: dict[int, AccountLine] = {}
        self._worth: dict[str, Decimal] = {}
        self.account = ""

    def frame(self, number: int, fields: list[str]) -> None:
        """See every message of the account window."""
        if number == PORTFOLIO:
            found = account_line(fields)
            if found is None:
                self._session.unreadable += 1
            elif found[0] == self.account:
                self._lines[found[1].terms.con_id] = found[1]
        elif number == ACCOUNT_VALUE and len(fields) >= _VALUE_FIELDS and fields[2] == _WORTH:
            worth = exact(fields[3])
            if worth is not None and fields[5] == self.account:
                self._worth[fields[4]] = worth

    async def read(self) -> Holdings | Incomplete:
        """Read everything once.

        Raises:
            BrokerUnreachable: there is no link, or it went down.
        """
        async with self._one_at_a_time:
            seconds = self._session.connection.answer_timeout_s
            ask = self._session.ib.reqPositionsAsync
            parts: list[Awaitable[Any]] = [
                self._session.ask_keyed("positions", ask, seconds),
                self._window(seconds),
            ]
            answers: list[Any] = await asyncio.gather(*parts, return_exceptions=True)
            self._session.life.check()
            for name, answer in zip(("positions", "account window"), answers, strict=True):
                if isinstance(answer, TimeoutError):
                    return Incomplete(f"{name}: no end mark within {seconds:g} s")
                if isinstance(answer, Refused | BrokerUnreachable):
                    return Incomplete(f"{name}: {answer}")
                if isinstance(answer, BaseException):
                    raise answer
            return self._together(answers[0])

    async def _window(self, seconds: float) -> None:
        """Fill in the account window.

        Raises:
            Refused: the broker answered with a code.
            TimeoutError: no end mark in time.
            BrokerUnreachable: there is no link, or it went down.
        """
        ib = self._session.ib
        self._lines, self._worth = {}, {}
        try:
            await self._session.ask_keyed(
                "accountValues", lambda: ib.reqAccountUpdatesAsync(self.account), seconds
            )
        finally:
            if self._session.life.alive:
                await self._session.pacer.turn(Lane.LINK)
                self._session.life.check()
                ib.client.reqAccountUpdates(False, self.account)  # noqa: FBT003 - its own signature

    def _together(self, positions: list[Any]) -> Holdings:
        # The library lists a change that arrives meanwhile beside the old number: the last counts.
        newest = {int(one.contract.conId): one for one in positions if one.account == self.account}
        lines = [self._line(one) for one in newest.values()]
        lines += [
            line for number, line in self._lines.items()
            if number not in newest and line.terms.sec_type == "CASH"
        ]  # fmt: skip
        source = f"IBKR {masked(self.account)}"
        found = [holding(one, self._key(one), source) for one in lines if one.quantity]
        unparsed = [one for one in found if isinstance(one, Unparsed)]
        if self._worth and CURRENCY not in self._worth:
            words = f"said in {safe(next(iter(self._worth)), 10)}, not in dollars"
            unparsed.append(Unparsed(0, "net liquidation value", words))
        return Holdings(
            at=self._session.clock.now(),
            held=tuple(one for one in found if isinstance(one, Holding)),
            unparsed=tuple(unparsed),
            nav=self._worth.get(CURRENCY),
        )

    def _line(self, position: Any) -> AccountLine:  # noqa: ANN401 - the library's position
        """Return a position with its mark, as far as the account window has one."""
        terms, quantity = terms_of(position.contract), real(position.position) or 0.0
        marked = self._lines.get(terms.con_id)
        local = str(position.contract.localSymbol or "")
        if marked is None:
            return AccountLine(terms, quantity, local)
        same = marked.quantity == quantity
        return AccountLine(
            terms, quantity, local, marked.price,
            marked.value if same else _scaled(marked, quantity),
        )  # fmt: skip

    def _key(self, line: AccountLine) -> str | None:
        return self._listings.book.named(line.terms)


def _scaled(line: AccountLine, quantity: float) -> float | None:
    """Return a line's value for another quantity: it was traded between the two answers."""
    return line.value / line.quantity * quantity if line.value and line.quantity else None


def masked(account: str) -> str:
    """Return an account with its middle hidden, as everywhere on the screen: `U•••4821`."""
    if sum(character.isdigit() for character in account) < _LEAST_HIDDEN:
        return safe(account, 20)
    return safe(f"{account[0]}•••{account[-4:]}", 20)
