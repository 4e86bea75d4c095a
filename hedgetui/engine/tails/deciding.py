"""When tails are decided, and what is done about the answer.

Facts and prices make keys due; one worker decides them one after another. What cannot be done now
is looked at again after a while, so nothing is ever decided in a tight loop: an order that ended
unfilled leaves its key alone for the cooldown, a refusal is said once.
"""

from __future__ import annotations

import asyncio

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.risk import Denial, Refusal
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.contracts import price_words, terms
from hedgetui.domain.tails.exposure import RULE
from hedgetui.domain.tails.items import HedgeItem
from hedgetui.domain.tails.model import Instance, Key, Proposal
from hedgetui.domain.tails.rules import propose
from hedgetui.domain.text import safe
from hedgetui.engine.tails.mending import Mending
from hedgetui.engine.tails.parts import TailParts
from hedgetui.engine.tails.placing import Placing
from hedgetui.engine.tails.waiting import Waiting

_PASSES = frozenset(
    {
        Denial.FROZEN, Denial.DISARMED, Denial.LINK, Denial.UNSYNCED, Denial.VENUE,
        Denial.NO_QUOTE, Denial.STALE, Denial.DELAYED, Denial.COLLAR, Denial.RATE, Denial.IN_FLIGHT,
    }
)  # fmt: skip
"""Refusals that pass by themselves or by a person's switch: waited for and not journalled."""


class Decider:
    """Hedges tails by rule."""

    def __init__(self, parts: TailParts, placing: Placing, waiting: Waiting) -> None:
        self._parts = parts
        self._placing = placing
        self._waiting = waiting
        self._mending = Mending(parts)
        self._due: set[Key] = set()
        self._wake = asyncio.Event()
        self._unmet: set[Key] = set()
        """Keys of which something is due that could not be done."""
        self._priceless: set[Key] = set()
        """Those of them that only wait for a price."""
        self._said = ""
        parts.desk.recorder.listen(self._on_fact)

    # --- reasons -----------------------------------------------------------------------------

    def ask(self, *keys: Key) -> None:
        """Decide some keys soon."""
        self._due.update(keys)
        self._wake.set()

    def ask_all(self) -> None:
        """Decide every key soon."""
        self.ask(*self._parts.ledger.keys)

    def on_tick(self) -> None:
        """Market data came in: keys that waited for a price may have one now."""
        priced = [key for key in self._priceless if not self._waiting.for_price(key.contract)]
        if priced:
            self._priceless.difference_update(priced)
            self.ask(*priced)

    def _on_fact(self, fact: ev.Fact) -> None:
        event, ledger = fact.event, self._parts.ledger
        match event:
            case tf.CashFilled(cash=cash):
                self._ask_of(ledger.cash(cash))
            case tf.HedgeFilled(hedge=hedge):
                self._ask_of(ledger.hedge(hedge))
            case ev.IntentMoved(intent_id=intent_id) | ev.FillBooked(intent_id=intent_id):
                self._on_order(event, ledger.hedge_of(intent_id))
            case tf.OffsetBooked(key=key) | tf.TailHedgePlaced(key=key):
                self.ask(key)
            case tf.PolicySet() | tf.InstanceSet() | ev.Reconciled() | ev.DifferencesAccepted():
                self.ask_all()
            case ev.LinkChanged(state=ev.LinkState.READY) | ev.LatchSet(on=False):
                self.ask_all()
            case ev.ArmSwitched(armed=True) | ev.VenueChanged(open=True):
                self.ask_all()

    def _ask_of(self, item: object) -> None:
        key = getattr(item, "key", None)
        if key is not None:
            self.ask(key)

    def _on_order(self, event: ev.IntentMoved | ev.FillBooked, item: HedgeItem | None) -> None:
        """An order of ours moved: tell its end, and leave its key alone if it was not filled."""
        if item is None:
            return
        if isinstance(event, ev.IntentMoved) and event.after in od.TERMINAL:
            self._tell(event, item)
            if event.after is not od.IntentState.FILLED:
                self._cool(item.key, rejected=event.after is od.IntentState.REJECTED)
        if isinstance(event, ev.FillBooked):
            self._waiting.filled(item.key)
        self.ask(item.key)

    def _cool(self, key: Key, *, rejected: bool) -> None:
        wait = self._waiting.cool(key, rejected=rejected)
        self._parts.desk.clock.call_later(wait, lambda: self.ask(key))

    def _tell(self, event: ev.IntentMoved, item: HedgeItem) -> None:
        price = "" if item.average is None else f" @ {price_words(item.average)}"
        order = f"{item.hedge_id} {item.side} {item.filled_lots} of {item.lots} {item.key.contract}"
        balance = f"{item.key.account}: balance {self._parts.ledger.balance(item.key):+,}"
        if event.after is od.IntentState.FILLED:
            self._parts.desk.recorder.say("ok", f"✅ {order} filled{price}; {balance}", item.why)
            return
        words = f"{order} ended {event.after.value.lower()}{price}: {safe(event.cause)}; {balance}"
        level = "alarm" if item.roll else "warn"
        half = "half a roll, look at both contracts: " if item.roll else ""
        self._parts.desk.recorder.say(level, f"⚠ {half}{words}", item.why)

    # --- the worker --------------------------------------------------------------------------

    async def run(self) -> None:
        """Decide what is due, for ever."""
        self._mending.unsafe()
        self.ask_all()
        while True:
            again = self._parts.desk.clock.call_later(
                self._parts.settings.look_every, lambda: self.ask(*self._unmet)
            )
            try:
                await self._wake.wait()
            finally:
                again.cancel()
            self._wake.clear()
            await self._turn()

    async def _turn(self) -> None:
        due, self._due = sorted(self._due), set()
        known = set(self._parts.ledger.keys)
        for key in due:
            if key in known:
                await self._decide(key)
        if not self._unmet:
            self._said = ""

    async def _decide(self, key: Key) -> None:
        """Ask the rule about one key and act on its answer."""
        async with self._parts.turn:
            self._unmet.discard(key)
            self._priceless.discard(key)
            await self._mending.rolls(key)
            if self._parts.ledger.instance is Instance.SUSPENDED:
                await self.take_back(key, "hedging of tails is suspended")
            for intent, why in self._mending.baseless(key):
                await self._parts.desk.tracker.cancel(intent, why)
            proposal = self._proposal(key)
            if proposal is None:
                self._waiting.refused.pop(key, None)
                return
            self._unmet.add(key)
            if self._blocked(key):
                return
            if not self._parts.ledger.working(key):
                await self._place(key, proposal)

    def _proposal(self, key: Key) -> Proposal | None:
        ledger = self._parts.ledger
        return propose(ledger.e(key), terms(key.contract).size, ledger.policy(key))

    def _blocked(self, key: Key) -> bool:
        """Whether something forbids acting; what concerns every tail is said once."""
        forbidden = self._waiting.for_all()
        if forbidden and forbidden != self._said:
            self._said = forbidden
            self._parts.desk.recorder.say("warn", f"🟡 No tail is hedged: {forbidden}")
        if self._waiting.for_price(key.contract):
            self._priceless.add(key)
        return bool(forbidden or self._waiting.for_key(key))

    async def take_back(self, key: Key, why: str) -> int:
        """Ask to cancel what of ours works for a key; returns how many were asked."""
        state = self._parts.desk.state
        orders = [state.intents[one.intent_id] for one in self._parts.ledger.working(key)]
        for intent in orders:
            await self._parts.desk.tracker.cancel(intent, why)
        return len(orders)

    async def _place(self, key: Key, proposal: Proposal) -> None:
        hedge = self._placing.hedge(key, proposal, RULE)
        if isinstance(hedge, str):
            self._waiting.refused[key] = hedge
            return
        refused = self._placing.refusal(hedge)
        if refused is not None and (refused.code in _PASSES or self._same(key, refused)):
            self._waiting.refused[key] = refused.message
            return
        outcome = await self._placing.send(hedge)
        if isinstance(outcome, Refusal):
            self._waiting.refused[key] = outcome.message
            self._cool(key, rejected=True)
            return
        self._unmet.discard(key)
        self._waiting.refused.pop(key, None)

    def _same(self, key: Key, refused: Refusal) -> bool:
        """Whether a gate said this of the key already; numbers in it alone are nothing new."""
        known = self._waiting.refused.get(key, "")
        return _letters(known) == _letters(refused.message)


def _letters(words: str) -> str:
    return "".join(letter for letter in words if not letter.isdigit())
