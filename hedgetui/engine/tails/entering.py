"""Cash and hedges that somebody tells the desk about: typed, from a file, or pushed by a source.

Everything is checked before it becomes a fact. A refusal names the field, and the ledger is as it
was; what is known already is no fault and makes no fact.
"""

from __future__ import annotations

from collections.abc import Sequence

from hedgetui.domain import commands as cm
from hedgetui.domain.errors import DataError
from hedgetui.domain.orders import Side
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.checks import SAME, objection
from hedgetui.domain.tails.contracts import contract_key, parse_price, price_words
from hedgetui.domain.tails.csv_file import read_orders
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import CashId, Key, Units
from hedgetui.domain.text import safe
from hedgetui.domain.units import utc_date
from hedgetui.engine.switches import done, refused
from hedgetui.engine.tails.parts import TailParts
from hedgetui.ports.desk import Outcome

_FILL = "entered"
_ID_DIGITS = 8


class Entering:
    """Checks and records."""

    def __init__(self, parts: TailParts) -> None:
        self._parts = parts

    def key(self, account: str, contract: str) -> Key:
        """Return the key that a person means, whatever the contract's spelling.

        Raises:
            DataError: the contract is not known, or no account is named.
        """
        if not account.strip():
            raise DataError("account: a name is needed")
        try:
            return Key(account.strip(), contract_key(contract, utc_date(self._parts.now())))
        except DataError as error:
            raise DataError(f"contract: {error.message}", hint=error.hint) from error

    async def cash(self, command: cm.EnterCash, by: str) -> Outcome:
        """Book a cash order that is done.

        Raises:
            DataError: a field is wrong.
        """
        key = self.key(command.account, command.contract)
        try:
            side = Side(command.side.strip().upper())
        except ValueError as error:
            raise DataError(f"side: {safe(command.side, 20)!r} is neither BUY nor SELL") from error
        try:
            price = parse_price(command.price)
        except DataError as error:
            raise DataError(f"price: {error.message}") from error
        cash = CashId(command.cash_id.strip() or f"C-{self._parts.identities.next()[-_ID_DIGITS:]}")
        known = self._parts.ledger.cash(cash)
        at = self._parts.now() if known is None else known.at
        units = Units(command.units)
        comment = safe(command.comment)
        entered = tf.CashEntered(cash, key, side, units, price, at, by, comment)
        why = objection(self._parts.ledger, entered)
        if why == SAME:
            return done(f"{cash} is known already: nothing changed")
        if why:
            return refused("usage", why)
        await self._parts.desk.recorder.record(
            entered, tf.CashFilled(cash, _FILL, 1, units, price, at)
        )
        words = f"{cash} {side} {units:,} {key.contract} @ {price_words(price)} for {key.account}"
        self._parts.desk.recorder.say("info", f"🌾 {words}, by {safe(by)}", safe(command.comment))
        return done(f"{words}; balance {self._parts.ledger.balance(key):+,}")

    async def file(self, command: cm.ImportTails, by: str) -> Outcome:
        """Book the orders of a file, all or none.

        Raises:
            DataError: rows are bad; each is named with line and reason.
        """
        lines = command.text.splitlines(keepends=True)
        found = read_orders(lines, self._parts.ledger, name=command.name, by=by)
        if found.facts:
            await self._parts.desk.recorder.record(*found.facts)
        words = f"{found.cash} cash and {found.hedges} hedge orders, {found.known} known already"
        self._parts.desk.recorder.say("info", f"🌾 Imported {safe(command.name)}: {words}")
        return done(f"imported {words}")

    async def events(self, events: Sequence[tf.TailEvent]) -> int:
        """Book what a source pushes, in one write; returns how many facts were new.

        What is known is skipped.

        Raises:
            DataError: one of them is refused; none is booked.
        """
        trial = _Trial(self._parts.ledger)
        fresh = [event for event in events if trial.is_new(event)]
        if fresh:
            await self._parts.desk.recorder.record(*fresh)
        return len(fresh)


class _Trial:
    """Judges events of which later ones may build on earlier ones that are not booked yet."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._coming: dict[str, int] = {}
        """Units or lots of orders in front of it that may still be filled."""

    def is_new(self, event: tf.TailEvent) -> bool:
        """Return whether an event is to be booked.

        Raises:
            DataError: it is refused.
        """
        if isinstance(event, tf.CashFilled) and event.cash in self._coming:
            self._fill(event.cash, "units", event.units)
            return True
        if isinstance(event, tf.HedgeFilled) and event.hedge in self._coming:
            self._fill(event.hedge, "lots", event.lots)
            return True
        if isinstance(event, tf.HedgeEntered) and event.covers in self._coming:
            self._coming[event.hedge] = event.lots
            return True
        why = objection(self._ledger, event)
        if why == SAME:
            return False
        if why:
            raise DataError(why)
        if isinstance(event, tf.CashEntered):
            self._coming[event.cash] = event.units
        elif isinstance(event, tf.HedgeEntered):
            self._coming[event.hedge] = event.lots
        return True

    def _fill(self, order: str, field: str, amount: int) -> None:
        left = self._coming[order] - amount
        if amount < 0 or left < 0:
            raise DataError(f"{field}: {amount:,} of {self._coming[order]:,} left of {safe(order)}")
        self._coming[order] = left
