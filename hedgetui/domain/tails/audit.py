"""The outside checker of hedge accounts: every order has its reason, and its reason holds.

It follows the journal with its own count of balances and, at the end, lays the ledger's beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from hedgetui.domain.events import Event, Fact, IntentMoved, IntentRecorded, LatchSet
from hedgetui.domain.orders import Intent, IntentState, Purpose, Side
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.contracts import terms
from hedgetui.domain.tails.exposure import RULE, TAILS_LATCH
from hedgetui.domain.tails.ledger import Ledger
from hedgetui.domain.tails.model import Instance, Key, Mode
from hedgetui.domain.tails.policy import Levels
from hedgetui.domain.tails.recount import Recount

Say = Callable[[int, int, str], None]
"""Takes the number of an invariant, the place in the journal, words."""

_ALLOWED = {
    Mode.AUTO: {Side.SELL, Side.BUY},
    Mode.SELL: {Side.SELL},
    Mode.BUY: {Side.BUY},
    Mode.MANUAL: set[Side](),
}
_HALF = 50
_NEVER_WORKED = {IntentState.ABANDONED, IntentState.ABSENT, IntentState.REJECTED}


class TailAuditor:
    """Follows facts; calls `say` for every broken promise.

    Args:
        say: takes what is broken.
        levels: the configured policies; without them modes and thresholds are not judged.
    """

    def __init__(self, say: Say, levels: Levels | None = None) -> None:
        self._say = say
        self._levels = levels
        self._recount = Recount()
        self._ledger = Ledger(levels)
        self._placed: tf.TailHedgePlaced | None = None
        """The newest fact, if it placed a hedge: its intent has to follow at once."""
        self._suspended = self._stopped = False
        self._unwanted: set[str] = set()
        """Intents recorded while suspended; they have to be taken back."""
        self._seq = 0

    def take(self, fact: Fact) -> None:
        """Judge one fact."""
        self._seq = fact.seq
        placed, self._placed = self._placed, None
        if placed is not None and not _sends(fact.event, placed):
            self._say(14, fact.seq, f"hedge {placed.hedge} without its order")
        match fact.event:
            case tf.TailHedgePlaced():
                self._judge(fact.event)
                self._placed = fact.event
            case IntentRecorded(intent=intent) if intent.draft.purpose is Purpose.TAIL:
                self._recorded(intent, placed)
            case IntentMoved(intent_id=key, after=after, cancel_wanted=wanted):
                if wanted or after in _NEVER_WORKED:
                    self._unwanted.discard(key)
            case tf.InstanceSet(instance=instance):
                self._suspended = instance is Instance.SUSPENDED
            case LatchSet(name=name, on=on) if name == TAILS_LATCH:
                self._stopped = on
            case _:
                pass
        if self._recount.orphan(fact.event):
            self._say(28, fact.seq, "a fill of an order that nobody entered")
        self._recount.take(fact)
        self._ledger.take(fact)

    def _recorded(self, intent: Intent, placed: tf.TailHedgePlaced | None) -> None:
        if placed is None or placed.intent_id != intent.intent_id:
            self._say(14, self._seq, f"tail order #{intent.number} without its hedge")
        if self._stopped:
            self._say(13, self._seq, f"#{intent.number} recorded while tails are stopped")

    def _judge(self, event: tf.TailHedgePlaced) -> None:
        key, seq = event.key, self._seq
        if self._recount.live(key):
            self._say(1, seq, f"hedge {event.hedge} beside a live one of {key}")
        if event.roll:
            self._judge_roll(event)
            return
        if self._suspended:
            self._unwanted.add(event.intent_id)
        before = self._recount.effective(key)
        if event.balance + event.pending != before:
            told = f"{event.balance + event.pending:+,}"
            self._say(28, seq, f"hedge {event.hedge} decided on {told}, counted {before:+,}")
        after = before + event.side.sign * event.lots * terms(key.contract).size
        if not self._shrinks(key, before, after):
            self._say(21, seq, f"hedge {event.hedge} takes {key} from {before:+,} to {after:+,}")
        if event.by == RULE and self._levels is not None:
            mode = self._ledger.policy(key).mode
            if event.side not in _ALLOWED[mode]:
                self._say(13, seq, f"hedge {event.hedge}: {event.side} by rule in mode {mode}")

    def _shrinks(self, key: Key, before: int, after: int) -> bool:
        """Whether an order takes off balance: a low threshold may cross zero by the last lot."""
        if abs(after) < abs(before):
            return True
        low = self._levels is None or self._ledger.policy(key).threshold_pct <= _HALF
        return low and before * after < 0 and abs(after) < terms(key.contract).size

    def _judge_roll(self, event: tf.TailHedgePlaced) -> None:
        earlier = self._recount.rolling(event.roll)
        signed = event.side.sign * event.lots
        if not earlier:
            held = self._recount.lots(event.key)
            if held * signed >= 0 or abs(signed) > abs(held):
                self._say(21, self._seq, f"roll {event.roll}: {signed:+d} on {held:+d} held")
            return
        first = earlier[0]
        follows = len(earlier) == 1 and first.key.account == event.key.account
        if not follows or first.key == event.key or first.sign * first.lots + signed:
            self._say(21, self._seq, f"orders of roll {event.roll} that are no pair")

    def finish(self) -> None:
        """Compare at the end of a run, all quiet."""
        for intent_id in sorted(self._unwanted):
            self._say(13, self._seq, f"order {intent_id} was left although hedging is suspended")
        for roll in self._recount.rolls:
            if lost := self._recount.lost_by(roll):
                self._say(28, self._seq, f"{roll}: {lost:+,} units in no balance")
        for key in self._recount.keys:
            told, counted = self._ledger.balance(key), self._recount.balance(key)
            if told != counted:
                self._say(28, self._seq, f"{key}: ledger {told:+,}, counted {counted:+,}")
            if self._ledger.position(key) != self._recount.lots(key):
                self._say(28, self._seq, f"{key}: futures of ledger and count differ")


def _sends(event: Event, placed: tf.TailHedgePlaced) -> bool:
    """Whether a fact is the intent that a placed hedge announces, of the same order."""
    if not isinstance(event, IntentRecorded) or event.intent.intent_id != placed.intent_id:
        return False
    draft = event.intent.draft
    told = (placed.key.contract, placed.side, int(placed.lots))
    return (draft.instrument_key, draft.side, int(draft.quantity)) == told
