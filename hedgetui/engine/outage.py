"""While nothing can be hedged: say again and again what is not hedged.

An outage may last from seconds to a weekend, and the book moves all the while. The first word comes
once a quick reconnection has had its chance, then one every quarter of an hour for as long as it
lasts: an alarm while the net is outside the band or not known, else a quieter line.
"""

from __future__ import annotations

from hedgetui.domain import events as ev
from hedgetui.domain.units import DollarsPerPoint, Timestamp
from hedgetui.domain.vega import messages
from hedgetui.domain.vega.decide import Trigger
from hedgetui.domain.vega.sizing import breached
from hedgetui.engine.link import Link
from hedgetui.engine.parts import Parts
from hedgetui.engine.services.hedge_orders import HedgeOrders

_LOOK_S = 5.0
_FIRST_WORD_S = 60.0
_EVERY_S = 900.0
_STALE_S = 30.0
"""A net older than this is told with its age."""


class Outage:
    """Watches how long the link has not been ready."""

    def __init__(self, parts: Parts, orders: HedgeOrders, link: Link) -> None:
        self._parts = parts
        self._orders = orders
        self._link = link
        self._since: Timestamp | None = None
        self._due = Timestamp(0.0)
        self._net: DollarsPerPoint | None = None
        self._net_at = Timestamp(0.0)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self._look()
            await self._parts.clock.sleep(_LOOK_S)

    def _look(self) -> None:
        now = self._parts.clock.now()
        net = self._orders.decision(Trigger.MONITOR).net
        if net is not None:
            self._net, self._net_at = net, now
        if self._parts.state.link is ev.LinkState.READY:
            self._since = None
            return
        if self._since is None:
            self._since, self._due = now, Timestamp(now + _FIRST_WORD_S)
        if now >= self._due:
            self._due = Timestamp(now + _EVERY_S)
            self._say(now, now - self._since)

    def _say(self, now: Timestamp, lasted: float) -> None:
        state, shown = self._parts.state, self._link.shown
        what = messages.outage(shown.state.value, shown.reason, lasted)
        if not state.open_strangles and not state.hedge_position(self._parts.symbol):
            self._parts.recorder.say("warn", f"🟠 {what}; nothing is held")
            return
        rule = self._parts.bands.rule(state, self._orders.measured())
        old = now - self._net_at
        age = old if old > _STALE_S else None
        words = messages.unhedged(self._net, rule.band, age)
        if self._net is not None and not breached(self._net, rule.target, rule.band):
            self._parts.recorder.say("warn", f"🟠 {what}; {words}")
            return
        self._parts.recorder.say("alarm", f"🛑 UNHEDGED {words}: {what}; hedge in TWS by hand")
