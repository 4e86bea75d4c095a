"""What broker truth proves about orders whose fate is not known, and what it does not.

Absence is the hardest thing to prove and the costliest to assume: "not found, so it was rejected,
so send again" is how a hedge is doubled. An order is absent only when every premise of
`absence_gap` holds; otherwise it stays unknown and says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hedgetui.domain.events import Difference
from hedgetui.domain.instruments import leg_keys
from hedgetui.domain.orders import (
    Ended,
    Evidence,
    Intent,
    IntentState,
    Listed,
    ProvenAbsent,
    WentDark,
)
from hedgetui.domain.units import Contracts, Seconds, Timestamp


@dataclass(frozen=True, slots=True)
class Alive:
    """The broker lists the order as open."""

    broker_order: str
    filled: Contracts


@dataclass(frozen=True, slots=True)
class Done:
    """The broker lists the order as ended."""

    rejected: bool
    filled: Contracts
    reason: str


@dataclass(frozen=True, slots=True)
class Look:
    """One complete reading of broker truth, reduced to what orders need."""

    session: int
    at: Timestamp
    executions_since: Timestamp
    alive: Mapping[str, Alive]
    """Client key to an open order."""
    done: Mapping[str, Done]
    executed: Mapping[str, int]
    """Client key to contracts executed, over all executions in the answer."""
    positions: Mapping[str, int]
    seen: frozenset[str] = frozenset()
    """Client keys that reached the broker for sure: their orders may be held there unlisted."""
    may_hold: bool = False
    """Whether the broker may hold an order back that it lists nowhere, as behind a dialog."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look says about one intent."""

    intent_id: str
    evidence: Evidence | None
    words: str
    """The proof, or what is missing for one."""


def judge(
    intent: Intent,
    look: Look,
    earlier: Look | None,
    *,
    own: Mapping[str, int],
    gap: Seconds,
    epoch: int,
    booked: int = 0,
) -> Verdict:
    """Judge one live intent; executions of `look` must have been booked before.

    `earlier` is an older complete look of the same session, `own` the journal's positions by
    instrument key after those bookings, `booked` the contracts of the order that the journal holds
    (of a combo also those of a single leg), `epoch` counts the processes: a session of a later
    process is a newer one whatever its number.
    """
    key = intent.client_key
    alive, done = look.alive.get(key), look.done.get(key)
    if alive is not None:
        return Verdict(intent.intent_id, Listed(alive.broker_order), "broker lists it as open")
    if done is not None:
        if done.filled > intent.filled:
            return Verdict(intent.intent_id, None, "ended, but executions are missing")
        return Verdict(intent.intent_id, Ended(done.rejected, done.reason), f"ended: {done.reason}")
    if intent.filled or booked or look.executed.get(key, 0):
        words = "partly executed and no longer listed; waiting for its end"
        return Verdict(intent.intent_id, _dark(intent, words), words)
    missing = absence_gap(
        intent, look, earlier, own=own, gap=gap, epoch=epoch
    )  # fmt: skip
    if missing:
        return Verdict(intent.intent_id, _dark(intent, missing), missing)
    proof = f"absent in complete looks at {earlier.at if earlier else 0:.0f} and {look.at:.0f}"
    if intent.state not in {IntentState.SENDING, IntentState.UNKNOWN}:
        return Verdict(intent.intent_id, WentDark("was listed, now gone"), "was listed, now gone")
    return Verdict(intent.intent_id, ProvenAbsent(proof), proof)


def _dark(intent: Intent, words: str) -> Evidence | None:
    return None if intent.state is IntentState.UNKNOWN else WentDark(words)


def absence_gap(
    intent: Intent,
    look: Look,
    earlier: Look | None,
    *,
    own: Mapping[str, int],
    gap: Seconds,
    epoch: int,
) -> str:
    """Return the first premise of an absence proof that does not hold, or an empty text.

    The premises: a newer session than the one that sent it, two complete looks far enough apart
    in that session, both reaching back before the order, no sign that the broker has taken it, and
    a position in everything the order trades that equals the journal's. Which orders a broker has
    taken only the process that sent them can tell: what an earlier one sent is never absent at a
    broker that may hold orders back.
    """
    if intent.epoch == epoch and look.session <= intent.session:
        return "needs a new session to be proven absent"
    if earlier is None or earlier.session != look.session or look.at - earlier.at < gap:
        return f"needs a second complete look {gap:g} s after the first"
    if look.executions_since > intent.created_at:
        return "sent before the broker's execution history begins; ask the broker, then resolve"
    key = intent.client_key
    if key in look.seen or (intent.broker_order and look.may_hold):
        return "the broker has it and does not list it: look for a dialog there, then resolve"
    if look.may_hold and intent.epoch != epoch:
        return "sent before a restart and listed nowhere: look for a dialog there, then resolve"
    if key in earlier.alive or key in earlier.done or key in earlier.executed:
        return "the first look still knew it"
    for traded in leg_keys(intent.draft.instrument_key):
        held, mine = look.positions.get(traded, 0), own.get(traded, 0)
        if held != mine:
            return f"position {held:+d} at the broker, {mine:+d} in the journal"
    return ""


def differences(own: Mapping[str, int], broker: Mapping[str, int]) -> tuple[Difference, ...]:
    """Return every instrument on which journal and broker disagree, sorted by key."""
    keys: Iterable[str] = sorted(set(own) | set(broker))
    return tuple(
        Difference(key, own.get(key, 0), broker.get(key, 0))
        for key in keys
        if own.get(key, 0) != broker.get(key, 0)
    )
