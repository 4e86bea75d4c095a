"""The outside checker: reads facts and broker history, trusts nothing the program remembers.

It follows the journal fact by fact and at the end lays the broker's own history beside it. A
violation is a sentence with the number of the invariant, so that a run that says zero has really
been looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hedgetui.domain import events as ev
from hedgetui.domain.balance.audit import TicketAuditor
from hedgetui.domain.dtms.audit import DefenceAuditor, VenueHistory
from hedgetui.domain.instruments import is_security, leg_keys, parse_key
from hedgetui.domain.orders import (
    LIVE,
    TERMINAL,
    Intent,
    IntentState,
    Purpose,
    executed_by_leg,
    units_filled,
)
from hedgetui.domain.tails.audit import TailAuditor
from hedgetui.domain.tails.exposure import TAILS_LATCH
from hedgetui.domain.tails.policy import Levels

_HALF = 0.5
_NOISE = 1e-6


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise: invariant number, place in the journal, words."""

    invariant: int
    seq: int
    words: str


@dataclass(frozen=True, slots=True)
class BrokerHistory:
    """What the broker says happened, in the plainest form."""

    orders: Iterable[tuple[str, str]]
    """(client key, broker order id) of every order with our mark."""
    executions: Iterable[tuple[str, str]]
    """(client key, exec id)."""
    positions: Mapping[str, int]


class Auditor:
    """Follows facts; `violations` grows as promises break."""

    def __init__(self, levels: Levels | None = None) -> None:
        """Begin at the journal's start; `levels` are the configured policies of tails."""
        self.violations: list[Violation] = []
        self._intents: dict[str, Intent] = {}
        self._by_key: dict[str, str] = {}
        self._live: dict[tuple[str, str, str], str] = {}
        self._fills: dict[str, ev.FillBooked] = {}
        self._calculated: ev.HedgeCalculated | None = None
        self._foreign: dict[str, int] = {}
        """Contracts at the broker that a person accepted, beyond everything booked."""
        self._latched: set[str] = set()
        self._rolls: dict[str, list[Intent]] = {}
        """The orders of each roll, in the order they were recorded."""
        self._seq = 0
        self._defence = DefenceAuditor(self._say)
        self._tails = TailAuditor(self._say, levels)
        self._tickets = TicketAuditor(self._say)

    def take(self, fact: ev.Fact) -> None:
        """Judge one fact."""
        if fact.seq != self._seq + 1 and self._seq:
            self._say(22, fact.seq, f"follows {self._seq}")
        self._seq = fact.seq
        self._defence.take(fact)
        self._tails.take(fact)
        self._tickets.take(fact)
        match fact.event:
            case ev.HedgeCalculated():
                self._calculated = fact.event
            case ev.IntentRecorded(intent=intent):
                self._recorded(fact.seq, intent)
            case ev.IntentMoved():
                self._moved(fact.seq, fact.event)
            case ev.FillBooked():
                self._filled(fact.seq, fact.event)
            case ev.DifferencesAccepted(accepted=accepted):
                booked = self._booked()
                for one in accepted:
                    self._foreign[one.instrument_key] = one.broker - booked[one.instrument_key]
            case ev.LatchSet(name=name, on=on) if name != TAILS_LATCH:
                (self._latched.add if on else self._latched.discard)(name)
            case _:
                return

    def _say(self, invariant: int, seq: int, words: str) -> None:
        self.violations.append(Violation(invariant, seq, words))

    def _recorded(self, seq: int, intent: Intent) -> None:
        for slot in intent.slots:
            holder = self._live.get(slot)
            if holder is not None:
                self._say(1, seq, f"second live intent beside {holder} in {slot}")
            self._live[slot] = intent.intent_id
        if intent.client_key in self._by_key:
            self._say(4, seq, f"client key {intent.client_key} used twice")
        if intent.state is not IntentState.SENDING or intent.filled:
            self._say(5, seq, f"intent begins as {intent.state}")
        if self._latched and not intent.draft.purpose.reduces:
            self._say(13, seq, f"#{intent.number} recorded while {sorted(self._latched)} latched")
        if intent.draft.purpose is Purpose.ROLL:
            self._roll(seq, intent)
        elif intent.draft.purpose.is_hedge:
            self._hedge(seq, intent)
        self._intents[intent.intent_id] = intent
        self._by_key[intent.client_key] = intent.intent_id

    def _hedge(self, seq: int, intent: Intent) -> None:
        """I-14 and I-21: a hedge has its numbers, and they say it shrinks the exposure."""
        calculated, self._calculated = self._calculated, None
        if calculated is None or calculated.contracts != intent.draft.quantity:
            self._say(14, seq, f"hedge #{intent.number} without its calculation")
            return
        try:
            before = float(calculated.inputs["net"]) - float(calculated.inputs.get("target", 0.0))
        except (KeyError, ValueError):
            self._say(14, seq, f"hedge #{intent.number} computed without a net delta")
            return
        unit = parse_key(intent.draft.instrument_key).delta_per_unit
        order = unit * intent.draft.signed
        after = before + order
        too_large = abs(order) > abs(before) + _HALF * unit + _NOISE
        if abs(after) >= abs(before) + _NOISE or too_large:
            words = f"hedge #{intent.number} {order:+.1f} on a net of {before:+.1f}"
            self._say(21, seq, words)

    def _roll(self, seq: int, intent: Intent) -> None:
        """I-21 for a roll, which shrinks nothing: its two orders follow each other and add to zero.

        The first one takes no more off a month than is held there, so that a roll whose second
        order never left is a smaller hedge and never a larger one.
        """
        draft, orders = intent.draft, self._rolls.setdefault(intent.draft.trade_id or "", [])
        orders.append(intent)
        if len(orders) == 1:
            held = sum(
                fill.side.sign * fill.quantity for fill in self._fills.values()
                if fill.intent_id and fill.instrument_key == draft.instrument_key
            )  # fmt: skip
            if held * draft.signed >= 0 or abs(draft.signed) > abs(held):
                self._say(21, seq, f"roll #{intent.number} {draft.signed:+d} on {held:+d} held")
            return
        first = orders[0]
        follows = len(orders) == 2 and intent.number == first.number + 1
        symbols = {parse_key(one.draft.instrument_key).symbol for one in orders}
        apart = first.draft.instrument_key != draft.instrument_key and len(symbols) == 1
        if not follows or not apart or first.draft.signed + draft.signed:
            words = f"#{first.number} {first.draft.signed:+d}, #{intent.number} {draft.signed:+d}"
            self._say(21, seq, f"orders of one roll that are no pair: {words}")

    def _moved(self, seq: int, event: ev.IntentMoved) -> None:
        intent = self._intents.get(event.intent_id)
        if intent is None:
            self._say(5, seq, f"unknown intent {event.intent_id} moved")
            return
        if intent.state is not event.before:
            self._say(5, seq, f"#{intent.number} moved from {event.before}, was {intent.state}")
        if (
            intent.state in TERMINAL
            and event.filled <= intent.filled
            and (event.after is not intent.state)
        ):
            self._say(5, seq, f"#{intent.number} left {intent.state} without a fill")
        booked = units_filled(intent.draft, executed_by_leg(
            (fill.instrument_key, fill.quantity)
            for fill in self._fills.values() if fill.intent_id == event.intent_id
        ))  # fmt: skip
        if booked != event.filled:
            self._say(6, seq, f"#{intent.number} says {event.filled} filled, booked {booked}")
        moved = replace(intent, state=event.after, filled=event.filled)
        self._intents[intent.intent_id] = moved
        for slot in intent.slots:
            if event.after in LIVE:
                self._live[slot] = intent.intent_id
            elif self._live.get(slot) == intent.intent_id:
                del self._live[slot]

    def _filled(self, seq: int, event: ev.FillBooked) -> None:
        if event.intent_id and event.intent_id not in self._intents:
            self._say(6, seq, f"fill {event.exec_id} of an unknown intent")
        if len(leg_keys(event.instrument_key)) > 1:
            self._say(6, seq, f"fill {event.exec_id} is of a combo, not of its legs")
        known = self._fills.get(event.exec_id)
        if known is not None and known.revision >= event.revision:
            self._say(6, seq, f"fill {event.exec_id} booked twice")
        self._fills[event.exec_id] = event

    def compare(self, broker: BrokerHistory) -> None:
        """Lay the broker's history beside the journal: the end of a run, all quiet."""
        self._tails.finish()
        orders = Counter(key for key, _ in set(broker.orders))
        for key, count in orders.items():
            if key not in self._by_key:
                self._say(3, self._seq, f"broker order {key} has no intent")
            if count > 1:
                self._say(4, self._seq, f"{count} broker orders for {key}")
        for key, exec_id in broker.executions:
            if key and exec_id not in self._fills:
                self._say(6, self._seq, f"execution {exec_id} of {key} is not booked")
        booked = self._booked()
        for instrument in sorted(set(booked) | set(self._foreign) | set(broker.positions)):
            if is_security(instrument) and not self._tickets.traded(instrument):
                continue  # the account may hold and move it without us
            held = booked[instrument] + self._foreign.get(instrument, 0)
            told = broker.positions.get(instrument, 0)
            if held != told:
                self._say(9, self._seq, f"{instrument}: journal {held:+d}, broker {told:+d}")

    def compare_mt5(self, venue: VenueHistory) -> None:
        """Lay the MT5 side's deals and positions beside the journal."""
        self._defence.compare(venue)

    def _booked(self) -> Counter[str]:
        """Return signed contracts of every execution on record, by instrument."""
        booked: Counter[str] = Counter()
        for fill in self._fills.values():
            booked[fill.instrument_key] += fill.side.sign * fill.quantity
        return booked
