"""Intents and their life: one decision is at most one order, and unknown is a state.

An `Intent` is written durably before the first byte leaves. Afterwards only evidence moves it:
`step` is the whole automaton, a pure function without time or input/output, so that every
interleaving of messages and crashes can be enumerated in a test. A broker's error code alone never
makes a terminal state, and a fill is accepted in any state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from hedgetui.domain.instruments import leg_keys, share_a_leg
from hedgetui.domain.purposes import Purpose
from hedgetui.domain.units import Contracts, Timestamp

__all__ = [
    "LIVE", "TERMINAL", "CancelAsked", "Effect", "Ended", "Evidence", "Executed", "HumanVerdict",
    "Intent", "IntentState", "Listed", "NeverSent", "Noticed", "OrderDraft", "OrderType",
    "ProvenAbsent", "Purpose", "Side", "Step", "TimeInForce", "WentDark", "executed_by_leg",
    "leg_step", "step", "units_filled",
]  # fmt: skip


class Side(StrEnum):
    """Direction of an order or a fill."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @classmethod
    def of(cls, signed: int) -> Side:
        """Return the side that makes a position change by `signed`."""
        return cls.BUY if signed > 0 else cls.SELL


class OrderType(StrEnum):
    """How an order is priced."""

    MARKET = "MKT"
    LIMIT = "LMT"


class TimeInForce(StrEnum):
    """How long the broker keeps an order."""

    DAY = "DAY"
    IMMEDIATE = "IOC"
    GOOD_TILL = "GTD"


class IntentState(StrEnum):
    """Where an intent stands; see `LIVE` and `TERMINAL`."""

    SENDING = "SENDING"
    WORKING = "WORKING"
    PARTIAL = "PARTIAL"
    CANCELLING = "CANCELLING"
    UNKNOWN = "UNKNOWN"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    ABANDONED = "ABANDONED"
    ABSENT = "ABSENT"
    RESOLVED_BY_HUMAN = "RESOLVED_BY_HUMAN"


LIVE = frozenset(
    {
        IntentState.SENDING,
        IntentState.WORKING,
        IntentState.PARTIAL,
        IntentState.CANCELLING,
        IntentState.UNKNOWN,
    }
)
"""States that hold the one slot of an (account, strategy, instrument)."""

TERMINAL = frozenset(IntentState) - LIVE


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order as decided, before the gates and before it has an identity."""

    purpose: Purpose
    instrument_key: str
    side: Side
    quantity: Contracts
    order_type: OrderType
    tif: TimeInForce = TimeInForce.DAY
    limit_price: Decimal | None = None
    good_till: Timestamp | None = None
    trade_id: str | None = None
    """The trade it is for, or the roll it is half of."""
    reason: str = ""
    """One line for the log and the why-chain: the numbers that led here."""

    @property
    def signed(self) -> int:
        """Quantity with the sign of the position change."""
        return self.side.sign * self.quantity

    def describe(self) -> str:
        """Return `SELL 5 MES 202512 MKT`."""
        price = self.order_type if self.limit_price is None else f"LMT {self.limit_price}"
        return f"{self.side} {self.quantity} {self.instrument_key} {price}"


@dataclass(frozen=True, slots=True)
class Intent:
    """One journalled decision to send one order."""

    intent_id: str
    client_key: str
    """Order reference at the broker, at most 40 ASCII characters, unique for ever."""
    number: int
    """Short number for people: the #123 of the log."""
    account: str
    strategy: str
    draft: OrderDraft
    created_at: Timestamp
    epoch: int
    session: int
    """Link generation at the decision; frames of an older one are ignored."""
    position_before: int
    state: IntentState = IntentState.SENDING
    filled: Contracts = Contracts(0)
    """Contracts filled; of a combo the units of which every leg is filled."""
    broker_order: str = ""
    cancel_wanted: bool = False

    @property
    def live(self) -> bool:
        """Whether the intent still holds its slot."""
        return self.state in LIVE

    @property
    def remaining(self) -> Contracts:
        """Contracts not filled, never negative."""
        return Contracts(max(0, self.draft.quantity - self.filled))

    @property
    def working_signed(self) -> int:
        """Signed contracts that may still fill: counted as working in the net delta."""
        return self.draft.side.sign * self.remaining if self.live else 0

    @property
    def slots(self) -> tuple[tuple[str, str, str], ...]:
        """What at most one live intent may hold: one for every contract the order trades."""
        keys = leg_keys(self.draft.instrument_key)
        return tuple((self.account, self.strategy, key) for key in keys)

    def trades(self, instrument_key: str) -> bool:
        """Whether the order trades a contract that an order for `instrument_key` would trade."""
        return share_a_leg(self.draft.instrument_key, instrument_key)


# Evidence: what may be learnt about an intent. Each is a fact somebody can point at.


@dataclass(frozen=True, slots=True)
class Listed:
    """The broker lists the order as alive."""

    broker_order: str


@dataclass(frozen=True, slots=True)
class Executed:
    """The broker executed `quantity` more (already deduplicated by execution id)."""

    quantity: Contracts


@dataclass(frozen=True, slots=True)
class Ended:
    """The broker lists the order as done: cancelled or refused, with its own record of it."""

    rejected: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """An error code that names the order. A hint to ask, never proof of an end."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """We asked the broker to cancel."""


@dataclass(frozen=True, slots=True)
class WentDark:
    """No answer in time, the link is gone, or the process restarted."""

    why: str


@dataclass(frozen=True, slots=True)
class NeverSent:
    """Proven by us: the write was not called (latch, new session, expired decision)."""

    why: str


@dataclass(frozen=True, slots=True)
class ProvenAbsent:
    """Proven at the broker: complete looks show it neither open, done nor executed."""

    proof: str


@dataclass(frozen=True, slots=True)
class HumanVerdict:
    """A person typed what became of the order."""

    reason: str


Evidence = (
    Listed | Executed | Ended | Noticed | CancelAsked | WentDark | NeverSent | ProvenAbsent
    | HumanVerdict
)  # fmt: skip


class Effect(StrEnum):
    """What the engine must do because of a step."""

    SLOT_FREED = "slot freed"
    ASK_BROKER = "ask broker"
    LATE_FILL = "late fill"
    OVERFILL = "overfill"


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one piece of evidence."""

    intent: Intent
    effects: frozenset[Effect] = field(default_factory=frozenset)


_SILENT = frozenset({IntentState.SENDING, IntentState.UNKNOWN})


def step(intent: Intent, evidence: Evidence) -> Step:
    """Return where `evidence` takes `intent`; evidence that proves nothing changes nothing."""
    match evidence:
        case Executed(quantity):
            return _executed(intent, quantity)
        case NeverSent() | ProvenAbsent() | HumanVerdict():
            return _proven(intent, evidence)
    if not intent.live:
        return Step(intent)
    match evidence:
        case Listed(broker_order):
            return _listed(intent, broker_order)
        case Ended(rejected, _):
            return _ended(intent, rejected=rejected)
        case Noticed():
            return Step(intent, frozenset({Effect.ASK_BROKER}))
        case CancelAsked():
            return _cancel_asked(intent)
        case WentDark():
            unknown = replace(intent, state=IntentState.UNKNOWN)
            return Step(unknown, frozenset({Effect.ASK_BROKER}))
        case _ as unreachable:
            assert_never(unreachable)


def executed_by_leg(fills: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add up fills, each (instrument key, contracts), by instrument key."""
    total: Counter[str] = Counter()
    for key, quantity in fills:
        total[key] += quantity
    return dict(total)


def units_filled(draft: OrderDraft, executed: Mapping[str, int]) -> int:
    """Return how much of an order is filled, from what was executed of it by instrument key.

    A combo counts the units of which every leg is executed.
    """
    legs = leg_keys(draft.instrument_key)
    if len(legs) == 1:
        return sum(executed.values())
    return min(executed.get(leg, 0) for leg in legs)


def leg_step(intent: Intent, executed: Mapping[str, int], leg: str, change: int) -> Step:
    """Return where `change` more contracts of one leg take a combo's intent.

    `executed` is what was executed of the order before, by instrument key. A leg that fills after
    the end, or beyond the order's quantity, has that effect even while no unit is complete.
    """
    after = {**executed, leg: executed.get(leg, 0) + change}
    units = units_filled(intent.draft, after) - units_filled(intent.draft, executed)
    outcome = _executed(intent, Contracts(units))
    effects, moved = set(outcome.effects), outcome.intent
    if change and not intent.live:
        effects.add(Effect.LATE_FILL)
    if change > 0 and after[leg] > intent.draft.quantity:
        effects.add(Effect.OVERFILL)
    if change and moved.state is IntentState.SENDING:
        moved = _listed(moved, "").intent  # what executes has arrived
    return Step(moved, frozenset(effects))


def _proven(intent: Intent, evidence: NeverSent | ProvenAbsent | HumanVerdict) -> Step:
    """End an intent by proof; a proof that contradicts what is known proves nothing."""
    match evidence:
        case NeverSent():
            allowed = intent.state is IntentState.SENDING and intent.filled == 0
            state = IntentState.ABANDONED
        case ProvenAbsent():
            allowed = intent.state in _SILENT and intent.filled == 0
            state = IntentState.ABSENT
        case HumanVerdict():
            allowed = intent.state is IntentState.UNKNOWN
            state = IntentState.RESOLVED_BY_HUMAN
    if not allowed:
        return Step(intent)
    return Step(replace(intent, state=state), frozenset({Effect.SLOT_FREED}))


def _executed(intent: Intent, quantity: Contracts) -> Step:
    if not quantity:
        return Step(intent)  # a correction of the price alone
    filled = Contracts(intent.filled + quantity)
    effects: set[Effect] = set()
    if not intent.live:
        effects.add(Effect.LATE_FILL)
    if filled > intent.draft.quantity:
        effects.add(Effect.OVERFILL)
    if filled >= intent.draft.quantity:
        state = IntentState.FILLED
        if intent.live:
            effects.add(Effect.SLOT_FREED)
    elif intent.state in {IntentState.CANCELLING, IntentState.UNKNOWN}:
        state = intent.state
    else:
        working = IntentState.PARTIAL if filled > 0 else IntentState.WORKING
        state = working if intent.live else intent.state
    return Step(replace(intent, state=state, filled=filled), frozenset(effects))


def _listed(intent: Intent, broker_order: str) -> Step:
    state = IntentState.PARTIAL if intent.filled else IntentState.WORKING
    if intent.cancel_wanted:
        state = IntentState.CANCELLING
    return Step(replace(intent, state=state, broker_order=broker_order or intent.broker_order))


def _ended(intent: Intent, *, rejected: bool) -> Step:
    refused = rejected and intent.filled == 0
    state = IntentState.REJECTED if refused else IntentState.CANCELLED
    return Step(replace(intent, state=state), frozenset({Effect.SLOT_FREED}))


def _cancel_asked(intent: Intent) -> Step:
    state = intent.state if intent.state in _SILENT else IntentState.CANCELLING
    return Step(replace(intent, state=state, cancel_wanted=True))
