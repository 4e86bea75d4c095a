"""What the parts of hedge accounts share: settings, the folded ledger, a second count."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hedgetui.domain.events import Fact, IntentMoved
from hedgetui.domain.instruments import parse_key
from hedgetui.domain.quotes import Quote
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.contracts import terms
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import CashId, Key, Linking
from hedgetui.domain.tails.policy import Levels
from hedgetui.domain.tails.recount import Recount
from hedgetui.domain.tails.rules import offer
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.engine.parts import Parts
from hedgetui.ports.ids import IdSource


@dataclass(frozen=True, slots=True)
class TailSettings:
    """The configuration of hedge accounts in plain values; the limits are with the gates."""

    levels: Levels = field(default_factory=Levels)
    """Modes and thresholds: of the instance, by exchange, by key."""
    linking: Linking = Linking.DIRECT
    cooldown: Seconds = Seconds(5.0)
    """After an order that ended unfilled, before its key is decided again."""
    look_back_days: int = 30
    daily_moves: Mapping[str, float] = field(default_factory=dict)
    """Symbol to the fraction its price moves on an ordinary day; a missing one is not known."""
    look_every: Seconds = Seconds(5.0)
    """How often a tail that is due but waits for something is looked at again."""


class Books:
    """The ledger, the second count, and the cash that made each tail due: one fold of the journal.

    `load` and the recorder's listener feed it; whoever else listens does so afterwards.
    """

    def __init__(self, settings: TailSettings) -> None:
        self.ledger = Ledger(settings.levels, settings.linking)
        self.recount = Recount()
        self.crossed: dict[Key, CashId] = {}
        """Key to the cash fill that took its effective balance over the threshold."""

    def load(self, facts: Sequence[Fact]) -> None:
        """Fold an existing journal."""
        for fact in facts:
            self.take(fact)

    def take(self, fact: Fact) -> None:
        """Fold one fact."""
        key = self._key(fact)
        was_due = key is not None and self.due(key)
        self.ledger.take(fact)
        self.recount.take(fact)
        if key is None:
            return
        if not self.due(key):
            self.crossed.pop(key, None)
        elif not was_due and isinstance(fact.event, tf.CashFilled):
            self.crossed[key] = fact.event.cash
        elif not was_due and isinstance(fact.event, IntentMoved):
            self._uncovered(key, fact.event)

    def _uncovered(self, key: Key, event: IntentMoved) -> None:
        """A hedge ended without covering its cash: the next one is made for the same."""
        hedge = self.ledger.hedge_of(event.intent_id)
        if hedge is not None and hedge.first:
            self.crossed[key] = hedge.first

    def due(self, key: Key) -> bool:
        """Whether the effective balance is at the threshold or over it, whatever the mode."""
        size = terms(key.contract).size
        return offer(self.ledger.e(key), size, self.ledger.policy(key)) is not None

    def _key(self, fact: Fact) -> Key | None:
        """Return whose balance a fact moves, of those that make a tail due or settle it."""
        match fact.event:
            case tf.CashFilled(cash=cash):
                item = self.ledger.cash(cash)
                return None if item is None else item.key
            case tf.TailHedgePlaced(key=key) | tf.OffsetBooked(key=key):
                return key
            case tf.HedgeFilled(hedge=hedge):
                foreign = self.ledger.hedge(hedge)
                return None if foreign is None else foreign.key
            case IntentMoved(intent_id=intent_id):
                own = self.ledger.hedge_of(intent_id)
                return None if own is None else own.key
        return None


@dataclass(frozen=True, slots=True)
class TailParts:
    """Made once, handed to every part."""

    desk: Parts
    """Broker, recorder, executor, tracker, board, clock and settings of the whole desk."""
    books: Books
    settings: TailSettings
    identities: IdSource
    turn: asyncio.Lock
    """Held while a key is decided, so that a rule and a person never decide one balance twice."""

    @property
    def ledger(self) -> Ledger:
        """The present cash, hedges and policies."""
        return self.books.ledger

    def now(self) -> Timestamp:
        """Return the desk's time."""
        return self.desk.clock.now()

    def quote(self, contract: str) -> Quote | None:
        """Return the newest quote of a contract, however old."""
        return self.desk.board.quote(contract)

    def ended(self, contract: str) -> bool:
        """Whether a contract trades no more."""
        return parse_key(contract).expires_at <= self.now()

    def contracts(self) -> frozenset[str]:
        """Return the contracts that are to be watched: those of known keys that still trade."""
        return frozenset(k.contract for k in self.ledger.keys if not self.ended(k.contract))
