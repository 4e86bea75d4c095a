"""What is put right after things went another way: half a roll, an order whose reason is gone."""

from __future__ import annotations

from hedgetui.domain import orders as od
from hedgetui.domain.events import LinkState
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.contracts import terms
from hedgetui.domain.tails.exposure import RULE
from hedgetui.domain.tails.items import HedgeItem
from hedgetui.domain.tails.model import Key, Mode, Units
from hedgetui.domain.tails.rules import ALLOWED, check_policy, offer, propose
from hedgetui.engine.tails.parts import TailParts


class Mending:
    """Looks at one key after each of its facts; sends nothing but cancels."""

    def __init__(self, parts: TailParts) -> None:
        self._parts = parts

    async def rolls(self, key: Key) -> None:
        """Count what a roll's orders did not do: its balance was kept as if both had filled.

        What lost its hedge is a balance again, where the hedge should have been opened, so that
        everybody sees it and the rule covers it.
        """
        recount, recorder = self._parts.books.recount, self._parts.desk.recorder
        for roll in recount.rolls:
            legs = recount.rolling(roll)
            units = recount.lost_by(roll) if any(leg.key == key for leg in legs) else 0
            if not units:
                continue
            where = legs[-1].key
            words = "lost their hedge" if units > 0 else "are hedged twice"
            comment = f"half of {roll}: {abs(units):,} {terms(where.contract).unit} {words}"
            await recorder.record(tf.OffsetBooked(where, Units(units), RULE, comment, roll))
            balance = f"balance {self._parts.ledger.balance(where):+,}"
            recorder.say("alarm", f"🛑 {where}: {comment} and count in it; {balance}")

    def baseless(self, key: Key) -> tuple[tuple[od.Intent, str], ...]:
        """Return the working orders that nobody would send now, and why; none without a link.

        They are taken back whatever holds new orders back: a one-sided or manual key would never
        correct what they do too much.
        """
        if self._parts.desk.state.link is not LinkState.READY:
            return ()
        found = ((one, self._why_baseless(key, one)) for one in self._parts.ledger.working(key))
        intents = self._parts.desk.state.intents
        return tuple((intents[one.intent_id], why) for one, why in found if why)

    def _why_baseless(self, key: Key, one: HedgeItem) -> str:
        ledger = self._parts.ledger
        policy = ledger.policy(key)
        if one.roll or one.state is od.IntentState.UNKNOWN:
            return ""
        size = terms(key.contract).size
        due = propose(ledger.e(key), size, policy)
        if due is not None and due.side is not one.side:
            return "the balance has turned"
        if one.by == RULE and one.side not in ALLOWED[policy.mode]:
            return f"mode {policy.mode} places no {one.side}"
        if policy.mode not in {Mode.SELL, Mode.BUY}:
            return ""
        wanted = offer(ledger.balance(key), size, policy)
        if wanted is None or wanted.side is not one.side or wanted.lots < one.working:
            return "the cash it was made for is gone"
        return ""

    def unsafe(self) -> None:
        """Say which keys nobody hedges because settings and facts add up to no policy."""
        levels, recorder = self._parts.ledger.levels, self._parts.desk.recorder
        for key in self._parts.ledger.keys:
            wanted = levels.wanted(key)
            if why := check_policy(wanted.mode, wanted.threshold_pct):
                recorder.say("alarm", f"🛑 {key} is not hedged by rule: {why}")
