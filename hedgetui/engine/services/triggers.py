"""Every reason to look at the delta, collected and not queued: ten ticks are one decision."""

from __future__ import annotations

import asyncio

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.instruments import is_security
from hedgetui.domain.units import DollarsPerPoint, Timestamp
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.decide import Trigger
from hedgetui.domain.vega.sizing import breached
from hedgetui.engine.desk_state import of_book
from hedgetui.engine.parts import Parts
from hedgetui.engine.services import book


class Triggers:
    """Notes reasons from facts, ticks and timers, and hands out the strongest."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reasons: set[Trigger] = set()
        self._reasons_to_retry: set[Trigger] = set()
        self._wake = asyncio.Event()
        self._outside = False
        self._entry_due: dict[str, Timestamp] = {}
        self._retrying = False
        self._venue_was_open: bool | None = None
        self.venue_ready_at = Timestamp(float("-inf"))
        """Before this moment a venue that has just opened is left alone."""
        parts.recorder.listen(self._on_fact)

    def ask(self, reason: Trigger) -> None:
        """Note a reason."""
        self._reasons.add(reason)
        self._wake.set()

    def ask_later(self, reason: Trigger, seconds: float) -> None:
        """Note a reason after a while."""
        self._parts.clock.call_later(seconds, lambda: self.ask(reason))

    def retry(self, reason: Trigger, seconds: float) -> None:
        """Note a reason after a while, at most one at a time: retries must not multiply."""
        self._reasons_to_retry.add(reason)
        if self._retrying:
            return
        self._retrying = True

        def again() -> None:
            self._retrying = False
            reasons, self._reasons_to_retry = self._reasons_to_retry, set()
            for one in reasons:
                self.ask(one)

        self._parts.clock.call_later(seconds, again)

    async def wait(self, monitor_interval: float) -> set[Trigger]:
        """Return the reasons that came up; after the interval there always is one."""
        monitor = self._parts.clock.call_later(monitor_interval, lambda: self.ask(Trigger.MONITOR))
        try:
            await self._wake.wait()
        finally:
            monitor.cancel()
        self._wake.clear()
        reasons, self._reasons = self._reasons, set()
        return reasons

    def _on_fact(self, fact: ev.Fact) -> None:
        match fact.event:
            case ev.FillBooked(intent_id=key) | ev.IntentMoved(intent_id=key) if self._apart(key):
                return
            case ev.FillBooked(instrument_key=traded) if is_security(traded):
                return  # somebody else traded it: no business of the book's
            case ev.FillBooked(intent_id=intent_id):
                # The next tick is judged afresh: a breach may follow a hedge without a tick
                # inside the band between them.
                self._outside = False
                self._on_fill(intent_id, fact.at)
            case ev.VenueChanged(symbol=symbol, open=opened) if of_book(symbol):
                self._on_venue(fact.at, opened=opened)
            case ev.AutoSwitched(on=True) | ev.LatchSet(on=False) | ev.BandSet():
                self.ask(Trigger.MONITOR)
            case ev.ArmSwitched(armed=True) | ev.StrategyEnabled(on=True):
                self.ask(Trigger.MONITOR)
            case ev.IntentMoved(after=after) if after in od.TERMINAL:
                self.ask(Trigger.FILL)
            case _:
                return

    def _apart(self, intent_id: str) -> bool:
        """Whether an order is of a tail or a ticket, which is no business of the book's."""
        intent = self._parts.state.intents.get(intent_id)
        if intent is None:
            return False
        return intent.draft.purpose is od.Purpose.TAIL or intent.draft.purpose.is_ticket

    def _on_venue(self, at: Timestamp, *, opened: bool) -> None:
        """A venue that opens is given a while; one that was open when we came is not."""
        before, self._venue_was_open = self._venue_was_open, opened
        if not opened:
            return
        delay = self._parts.rules.delay_after_open if before is False else 0.0
        self.venue_ready_at = Timestamp(at + delay)
        self.ask_later(Trigger.VENUE_OPEN, delay)

    def _on_fill(self, intent_id: str, at: Timestamp) -> None:
        intent = self._parts.state.intents.get(intent_id)
        if intent is None or intent.draft.purpose is not od.Purpose.ENTRY:
            self.ask(Trigger.FILL)
            return
        trade_id = intent.draft.trade_id or ""
        if trade_id not in self._entry_due:
            delay = self._parts.rules.initial_hedge_delay
            self._entry_due[trade_id] = Timestamp(at + delay)
            self.ask_later(Trigger.INITIAL, delay)
            self.ask_later(Trigger.INITIAL, self._parts.rules.leg_grace)

    def on_tick(self) -> None:
        """Look whether |net| crossed the band; a crossing is decided after the debounce."""
        parts = self._parts
        if not parts.state.open_strangles:
            self._outside = False
            return
        measured = book.measure(parts.state, parts.board, parts.clock.now(), parts.rules)
        if measured.problem:
            return
        delta = book.book_delta(parts.state, measured, parts.symbol)
        rule = parts.bands.rule(parts.state, measured)
        net = measured.exposure.delta + rule.per_contract * (delta.filled + delta.working)
        outside = breached(DollarsPerPoint(net), rule.target, rule.band)
        if outside and not self._outside:
            self.ask_later(Trigger.BREACH, parts.rules.debounce)
        self._outside = outside

    # --- entries -----------------------------------------------------------------------------

    def forget_entries(self) -> None:
        """With auto off nothing is owed to a new entry."""
        self._entry_due.clear()

    def hedged(self, entries: tuple[str, ...]) -> None:
        """The first hedge of these entries is on, or there is none to put on."""
        for trade_id in entries:
            self._entry_due.pop(trade_id, None)

    def strongest(self, reasons: set[Trigger]) -> tuple[Trigger | None, tuple[str, ...]]:
        """Return the reason to decide by, and the entries whose first hedge it is.

        An entry that is still settling holds everything else back, so that a half-filled strangle
        is not hedged leg by leg.
        """
        now = self._parts.clock.now()
        due = tuple(key for key in self._entry_due if self._settled(key, now))
        if due:
            return Trigger.INITIAL, due
        if self._entry_due:
            return None, ()
        return min(reasons - {Trigger.INITIAL}, key=_rank, default=None), ()

    def _settled(self, trade_id: str, now: Timestamp) -> bool:
        """Whether an entry may be hedged: both legs filled, or the grace for the other is over."""
        rules = self._parts.rules
        due = self._entry_due[trade_id]
        if self._parts.state.strangles[trade_id].state is st.TradeState.ENTERING:
            return now >= due - rules.initial_hedge_delay + rules.leg_grace
        return now >= due


def _rank(reason: Trigger) -> tuple[bool, str]:
    """Order reasons by strength: what ignores the band decides more."""
    return not reason.ignores_band, reason
