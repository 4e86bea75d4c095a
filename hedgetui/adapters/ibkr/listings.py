"""Asking the broker what contracts there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from hedgetui.adapters.ibkr.asking import Refused
from hedgetui.adapters.ibkr.codes import Meaning, meaning
from hedgetui.adapters.ibkr.contracts import ContractBook, Listing
from hedgetui.adapters.ibkr.pacing import Lane
from hedgetui.adapters.ibkr.session import Session
from hedgetui.domain.errors import BrokerUnreachable, DataError
from hedgetui.domain.instruments import Instrument, Kind, is_security, leg_keys, parse_key


class NoContract(DataError):  # noqa: N818 - the answer is named
    """The broker lists no such contract."""


class Listings:
    """Contract details, asked for once and kept."""

    def __init__(self, session: Session, book: ContractBook) -> None:
        """Ask in `session`, keep in `book`."""
        self._session = session
        self.book = book

    async def details(self, contract: Any, lane: Lane = Lane.LINK) -> list[Any]:  # noqa: ANN401
        """Return the details of every contract that fits; none when there is none.

        Raises:
            Refused: the broker answered with a code that says something else.
            TimeoutError: no answer in time.
            BrokerUnreachable: there is no link, or it went down.
        """
        try:
            found = await self._session.ask(
                lambda: self._session.ib.reqContractDetailsAsync(contract),
                self._session.connection.answer_timeout_s,
                lane,
            )
        except Refused as error:
            if meaning(error.number) is Meaning.NO_CONTRACT:
                return []
            raise
        return list(found)

    async def one(self, key: str, lane: Lane = Lane.LINK) -> Listing:
        """Return the listing of an instrument, or of a combo made of its legs.

        Raises:
            NoContract: the broker lists none, or the key is none.
            BrokerUnreachable: there is no link, it went down, or no answer came in time.
        """
        known = self.book.get(key)
        if known is not None:
            return known
        if len(leg_keys(key)) > 1:
            legs = await asyncio.gather(*(self.one(leg, lane) for leg in leg_keys(key)))
            return self._bag(key, tuple(legs))
        try:
            contract = self.book.describe(key)
            found = [self.book.learn(one) for one in await self.details(contract, lane)]
        except DataError as error:
            raise NoContract(str(error)) from None
        except Refused as error:
            raise BrokerUnreachable(f"no contract details of {key}: {error}") from None
        except TimeoutError:
            raise BrokerUnreachable(f"no contract details of {key} in time") from None
        exact = [listing for listing in found if listing is not None and listing.key == key]
        if not exact:
            objection = self.book.objection(parse_key(key).symbol) if found else ""
            raise NoContract(objection or f"no security definition for {key}")
        if is_security(key) and len({int(one.contract.conId) for one in exact}) > 1:
            self.book.forget(key)
            raise NoContract(f"more than one contract is called {key}")
        return exact[0]

    async def again(self, key: str) -> bool:
        """Read the details of an instrument anew; returns whether the broker still lists it.

        Raises:
            BrokerUnreachable: there is no link, it went down, or no answer came in time.
        """
        try:
            found = [self.book.learn(one) for one in await self.details(self.book.describe(key))]
        except Refused as error:
            raise BrokerUnreachable(f"no contract details of {key}: {error}") from None
        except TimeoutError:
            raise BrokerUnreachable(f"no contract details of {key} in time") from None
        return any(one is not None and one.key == key for one in found)

    def ready(self, key: str) -> Listing | None:
        """Return the listing of an instrument or a combo if no question is needed for it."""
        legs = tuple(self.book.get(leg) for leg in leg_keys(key))
        if len(legs) == 1:
            return legs[0]
        known = tuple(leg for leg in legs if leg is not None)
        if len(known) < len(legs):
            return None
        return self._bag(key, known)

    def _bag(self, key: str, legs: tuple[Listing, ...]) -> Listing:
        contract = self.book.bag(legs, str(legs[0].contract.symbol))
        return Listing(key, contract, legs[0].trading, legs[0].liquid)

    async def months(self, symbol: str) -> tuple[Instrument, ...]:
        """Return the listed months of a future, nearest first; an unknown symbol has none.

        Raises:
            BrokerUnreachable: there is no link, it went down, or no answer came in time.
        """
        try:
            found = await self.details(self.book.series(symbol))
        except Refused:
            return ()
        except TimeoutError:
            raise BrokerUnreachable(f"no contract details of {symbol} in time") from None
        listings = [self.book.learn(one) for one in found]
        months = {parse_key(one.key) for one in listings if one is not None}
        futures = [one for one in months if one.kind is Kind.FUTURE and one.symbol == symbol]
        return tuple(sorted(futures, key=lambda one: one.expires_at))

    async def numbers(self, con_ids: Iterable[int]) -> None:
        """Learn what contract numbers mean, as far as the desk has names.

        Raises:
            BrokerUnreachable: there is no link, it went down, or no answer came in time.
        """
        for con_id in {one for one in con_ids if self.book.key(one) is None}:
            try:
                for one in await self.details(self.book.by_number(con_id)):
                    self.book.learn(one)
            except Refused:
                continue
            except TimeoutError:
                raise BrokerUnreachable(f"no details of contract {con_id} in time") from None
