"""What forbids or delays a hedge of a tail now, in a trader's words, dearest reason first."""

from __future__ import annotations

from hedgetui.domain.events import LinkState
from hedgetui.domain.orders import IntentState
from hedgetui.domain.quotes import DataType
from hedgetui.domain.tails.model import Instance, Key
from hedgetui.domain.units import Seconds, Timestamp
from hedgetui.engine.tails.parts import TailParts

_LONGEST_S = 300.0
"""The longest pause between orders that a broker rejects again and again."""


class Waiting:
    """Looks; decides nothing and changes nothing but its cooldowns."""

    def __init__(self, parts: TailParts) -> None:
        self._parts = parts
        self.cooling: dict[Key, Timestamp] = {}
        """Key to when it may be decided again."""
        self._rejections: dict[Key, int] = {}
        self.refused: dict[Key, str] = {}
        """Key to what a gate said last; until an order is placed."""

    def for_all(self) -> str:
        """Return why no tail at all may be hedged now, empty when tails may."""
        desk = self._parts.desk
        state, ledger = desk.state, self._parts.ledger
        reasons = (
            (desk.recorder.failed, bool(desk.recorder.failed)),
            (f"suspended: {ledger.instance_why}", ledger.instance is Instance.SUSPENDED),
            (f"frozen: {'; '.join(state.latches.values())}", bool(state.latches)),
            (f"stopped: {state.tails_stopped}", bool(state.tails_stopped)),
            ("orders are disarmed", not state.armed),
            (f"link {state.link}: {state.link_reason}", state.link is not LinkState.READY),
            ("broker truth not read yet", state.synced_session != state.session),
        )
        return next((words for words, holds in reasons if holds), "")

    def for_key(self, key: Key) -> str:
        """Return why this tail may not be hedged now, though others may."""
        parts, contract = self._parts, key.contract
        state = parts.desk.state
        if parts.ended(contract):
            return "contract has expired"
        venue = state.venue(contract.partition(" ")[0])
        doubtful = [
            f"{one.hedge_id} in doubt" for one in parts.ledger.working(key)
            if one.state is IntentState.UNKNOWN
        ]  # fmt: skip
        rolling = any(one.roll for one in parts.ledger.working(key))
        differs = any(one.instrument_key == contract for one in state.differences)
        left = self.cooling.get(key, Timestamp(0.0)) - parts.now()
        reasons = (
            (venue.reason or "closed", not venue.open),
            ("position differs from the broker: unfreeze accepts it", differs),
            (doubtful[0] if doubtful else "", bool(doubtful)),
            ("a roll is working", rolling),
            (f"cooling down {left:.0f} s", left > 0),
            (self.for_price(contract), True),
        )
        return next((words for words, holds in reasons if holds), "")

    def for_price(self, contract: str) -> str:
        """Return why an order cannot be priced, empty when it can."""
        quote = self._parts.quote(contract)
        if quote is None or quote.mid is None:
            return "no price"
        age = quote.age(self._parts.now())
        if age > self._parts.desk.settings.limits.quote_max_age:
            return "price is stale"
        return "" if quote.data_type is DataType.LIVE else f"{quote.data_type} price"

    def why(self, key: Key) -> str:
        """Return the first reason of both kinds, then what a gate said; empty when none holds."""
        return self.for_all() or self.for_key(key) or self.refused.get(key, "")

    def cool(self, key: Key, *, rejected: bool) -> Seconds:
        """Leave a key alone for a while, longer with each rejection in a row; returns how long."""
        again = self._rejections.get(key, 0) if rejected else 0
        self._rejections[key] = again + rejected
        wait = Seconds(min(_LONGEST_S, self._parts.settings.cooldown * 2**again))
        self.cooling[key] = Timestamp(self._parts.now() + wait)
        return wait

    def filled(self, key: Key) -> None:
        """An order of a key was taken: the broker wants its orders."""
        self._rejections.pop(key, None)
