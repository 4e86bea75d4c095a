"""The tail ledger: what is unhedged, and which hedge covers which cash, as far as the facts go.

Links follow from the order of the facts, so they are not journalled and a restart finds the same
ones. `folding` says what a fact does, `linking` how orders are tied.
"""

from __future__ import annotations

from collections.abc import Iterable

from hedgetui.domain import events as ev
from hedgetui.domain.tails.folding import STEPS, Records
from hedgetui.domain.tails.items import CashItem, HedgeItem
from hedgetui.domain.tails.linking import KeyBook
from hedgetui.domain.tails.model import (
    CashId,
    HedgeId,
    Instance,
    Key,
    Link,
    Linking,
    Policy,
    Units,
)
from hedgetui.domain.tails.policy import Levels


class Ledger:
    """Cash, hedges, offsets and policies of every key: a fold that changes in place.

    Args:
        levels: the configured policies, on which `PolicySet` facts are laid.
        linking: to which cash a hedge of ours links first.
        facts: those to fold at once.
    """

    def __init__(
        self,
        levels: Levels | None = None,
        linking: Linking = Linking.DIRECT,
        facts: Iterable[ev.Fact] = (),
    ) -> None:
        self._records = Records(Levels() if levels is None else levels, linking)
        for fact in facts:
            self.take(fact)

    def take(self, fact: ev.Fact) -> None:
        """Fold one fact; one that does not concern hedge accounts changes nothing."""
        step = STEPS.get(type(fact.event))
        if step is not None:
            step(self._records, fact.event, fact.at)

    @property
    def version(self) -> int:
        """A number that grows with every fact of hedge accounts."""
        return self._records.version

    @property
    def level_version(self) -> int:
        """A number that grows when a policy changes, which may concern every key."""
        return self._records.level_version

    @property
    def levels(self) -> Levels:
        """The policies as they stand."""
        return self._records.levels

    @property
    def instance(self) -> Instance:
        """ONLINE or SUSPENDED as a person set it; whether a broker answers is not known here."""
        return self._records.instance

    @property
    def instance_why(self) -> str:
        """Why a person suspended or resumed."""
        return self._records.instance_why

    @property
    def keys(self) -> tuple[Key, ...]:
        """Keys of which something is known, sorted."""
        return tuple(sorted(self._records.books))

    def book(self, key: Key) -> KeyBook | None:
        """Return everything of a key, to be read only; None where nothing is known."""
        return self._records.books.get(key)

    def balance(self, key: Key) -> Units:
        """Return B: fills and offsets; positive is cash that nobody covers."""
        book = self.book(key)
        return Units(0 if book is None else book.balance)

    def tail(self, key: Key) -> Units:
        """Return unlinked cash and unlinked hedges, without offsets."""
        book = self.book(key)
        return Units(0 if book is None else book.unlinked)

    def pending(self, key: Key) -> Units:
        """Return the signed units of hedges that may still fill."""
        book = self.book(key)
        return Units(0 if book is None else book.pending)

    def e(self, key: Key) -> Units:
        """Return E, the balance that decides: B and what is pending."""
        return Units(self.balance(key) + self.pending(key))

    def position(self, key: Key) -> int:
        """Return the net futures held for a key, in lots, roll legs included."""
        book = self.book(key)
        return 0 if book is None else book.lots

    def policy(self, key: Key) -> Policy:
        """Return how a key is hedged.

        Raises:
            DataError: its contract is not known.
        """
        return self.levels.policy(key)

    def cash(self, cash_id: CashId) -> CashItem | None:
        """Return a cash order, to be read only."""
        return self._records.cash.get(cash_id)

    def hedge(self, hedge_id: HedgeId) -> HedgeItem | None:
        """Return a hedge order, to be read only."""
        return self._records.hedges.get(hedge_id)

    def hedge_of(self, intent_id: str) -> HedgeItem | None:
        """Return the hedge order that an intent sent."""
        return self._records.by_intent.get(intent_id)

    def working(self, key: Key) -> tuple[HedgeItem, ...]:
        """Return the hedges of a key that may still fill, roll legs included, oldest first."""
        book = self.book(key)
        return () if book is None else tuple(one for one in book.hedges.values() if one.working)

    def links(self, key: Key) -> tuple[Link, ...]:
        """Return which hedge covers which cash, in order of making."""
        book = self.book(key)
        if book is None:
            return ()
        found = (
            Link(cash.cash_id, hedge.hedge_id, Units(tie.units), tie.at, tie.place)
            for cash in book.cash.values()
            for tie in cash.ties
            if isinstance(hedge := tie.beyond(cash), HedgeItem)
        )
        return tuple(sorted(found, key=lambda link: link.place))
