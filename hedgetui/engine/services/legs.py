"""Working the options of entries and exits: limit at mid, stepped to the touch.

Each price is a fresh intent: the old order is cancelled, its end is awaited, and only what is
still missing is sent again, so that a fill crossing the cancel can never be bought twice. An entry
gives up after the last step; an exit stays at the touch until it is filled. An entry may be one
combo order for both legs: whatever that leaves open, a leg that is behind or all of it when the
broker refuses combos, is bought by single legs.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.instruments import Instrument, combo
from hedgetui.domain.risk import Refusal
from hedgetui.domain.units import Contracts, Timestamp
from hedgetui.domain.vega import messages
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.chase import EntryStyle, leg_price
from hedgetui.engine.executor import ContextOf, Placed
from hedgetui.engine.parts import Parts

_RETRY_S = 1.0
_LONGEST_WAIT_S = 300.0
_LONGEST_REFUSED_S = 30.0
_LEAST_ENTRY_S = 30.0
"""An entry of which no order can be placed for this long (or all its steps) is given up: nobody
wants the strangle of this morning bought when a freeze ends at night."""


@dataclass(slots=True)
class _Work:
    """Progress of one leg or of a combo; kept in memory only, a restart begins the steps anew."""

    step: int = 0
    placed_at: Timestamp = Timestamp(0.0)
    retry_at: Timestamp = Timestamp(0.0)
    last_refusal: str = ""
    refusals: int = 0
    """Times in a row the gates said the same; each doubles the wait."""
    number: int = 0
    """Short number of the last order."""
    rejections: int = 0
    """Orders the broker refused in a row; each doubles the wait."""


class LegWorker:
    """Works legs towards what their trades want."""

    def __init__(self, parts: Parts, context_of: ContextOf) -> None:
        self._recorder = parts.recorder
        self._executor = parts.executor
        self._tracker = parts.tracker
        self._board = parts.board
        self._clock = parts.clock
        self._rules = parts.rules
        self._context_of = context_of
        self._work: dict[tuple[str, str, str], _Work] = {}
        self._apart: set[str] = set()
        """Entries whose legs go one by one from here on."""
        self.resumed: set[str] = set()
        """Entries found half done at start: they are settled, not continued."""
        self.flattening: set[str] = set()
        """Trades a person is flattening: their exits pass the freeze."""
        parts.recorder.listen(self._on_fact)

    def _on_fact(self, fact: ev.Fact) -> None:
        """A freeze stops a flattening as well: the last word of a person counts."""
        if isinstance(fact.event, ev.LatchSet) and fact.event.name == "freeze" and fact.event.on:
            self.flattening.clear()

    async def turn(self) -> float:
        """Advance every leg as far as possible; returns seconds until the next turn is due."""
        for trade_id in [trade.trade_id for trade in self._recorder.state.open_strangles]:
            trade = self._recorder.state.strangles[trade_id]
            if trade.state is st.TradeState.ENTERING:
                await self._enter(trade_id)
            elif trade.state is st.TradeState.CLOSING:
                for leg in trade.legs:
                    await self._exit(trade_id, leg.instrument)
        return self._next_turn()

    def _next_turn(self) -> float:
        """Return when a leg may need attention; an idle desk is looked at rarely."""
        busy = any(
            trade.state in {st.TradeState.ENTERING, st.TradeState.CLOSING}
            for trade in self._recorder.state.open_strangles
        )
        return _RETRY_S if busy else 60.0

    async def _enter(self, trade_id: str) -> None:
        trade = self._recorder.state.strangles[trade_id]
        exhausted = trade_id in self.resumed or self._given_up(trade)
        for instrument in () if exhausted else self._units(trade):
            # Read anew: while the other leg was placed a fill may have come, or a close begun.
            trade = self._recorder.state.strangles[trade_id]
            missing = self._missing(trade, instrument)
            if missing > 0 and not exhausted and trade.state is st.TradeState.ENTERING:
                exhausted = await self._step(trade_id, instrument, missing, od.Purpose.ENTRY)
        if exhausted:
            await self._settle_entry(trade_id)

    async def _exit(self, trade_id: str, instrument: Instrument) -> None:
        trade = self._recorder.state.strangles[trade_id]
        held = sum(leg.held for leg in trade.legs if leg.instrument == instrument)
        await self._step(trade_id, instrument, -held, od.Purpose.EXIT)

    def _missing(self, trade: st.Strangle, instrument: Instrument) -> int:
        """Return what an entry still lacks of one leg, or of the leg of a combo that is behind."""
        wanted = instrument.legs or (instrument,)
        return max(trade.quantity - leg.held for leg in trade.legs if leg.instrument in wanted)

    def _units(self, trade: st.Strangle) -> tuple[Instrument, ...]:
        """Return what an entry orders: both legs as one, or each by itself."""
        legs = tuple(leg.instrument for leg in trade.legs)
        if self._rules.entry_style is not EntryStyle.COMBO or trade.trade_id in self._apart:
            return legs
        both = combo(*legs)
        if self._live(trade.trade_id, both.key):
            return (both,)
        work = self._work.get((trade.trade_id, both.key, od.Purpose.ENTRY), _Work())
        last = self._order(work.number)
        held = {leg.held for leg in trade.legs}
        if len(held) == 1 and (last is None or last.state is not od.IntentState.REJECTED):
            return (both,)
        why = "one leg is ahead" if len(held) > 1 else f"combo #{work.number} refused by the broker"
        self._recorder.say("warn", f"⚠ {why}: single legs for what is missing of {trade.name}")
        self._apart.add(trade.trade_id)
        for leg in legs:
            # A leg goes on where the combo stood: what is held alone is a risk already.
            self._work[trade.trade_id, leg.key, od.Purpose.ENTRY] = _Work(step=work.step)
        return legs

    def _order(self, number: int) -> od.Intent | None:
        orders = self._recorder.state.intents.values()
        return next((one for one in orders if one.number == number), None)

    def _given_up(self, trade: st.Strangle) -> bool:
        """Whether nothing of an entry works and nothing could be placed for too long."""
        if self._live(trade.trade_id):
            return False
        placed = [
            work.placed_at for key, work in self._work.items()
            if (key[0], key[2]) == (trade.trade_id, od.Purpose.ENTRY)
        ]  # fmt: skip
        steps = self._rules.chase_interval * (self._rules.chase_steps + 2)
        patience = max(_LEAST_ENTRY_S, steps)
        return self._clock.now() - max([trade.opened_at, *placed]) > patience

    async def _settle_entry(self, trade_id: str) -> None:
        """End an entry with what was filled, once nothing of it is alive any more."""
        if self._recorder.state.strangles[trade_id].state is not st.TradeState.ENTERING:
            return
        for intent in self._live(trade_id):
            await self._tracker.cancel(intent, "the entry is given up")
        if self._live(trade_id):
            return
        trade = self._recorder.state.strangles[trade_id]
        if trade.state is not st.TradeState.ENTERING:
            return
        if trade.flat:
            why = "no fill within the steps"
            await self._recorder.record(ev.TradeAbandoned(trade_id, why))
            self._recorder.say("warn", f"🟡 Entry {trade_id} ended: {why}")
            return
        await self._recorder.record(ev.TradeOpened(trade_id, trade.cost))
        held = " and ".join(f"{leg.held} {leg.instrument.short}" for leg in trade.legs)
        self._recorder.say("warn", f"⚠ Entry {trade_id} is incomplete: holds {held}")

    def _live(self, trade_id: str, key: str = "") -> list[od.Intent]:
        return [
            intent
            for intent in self._recorder.state.live_intents
            if intent.draft.trade_id == trade_id
            and not intent.draft.purpose.is_hedge
            and (not key or intent.trades(key))
        ]

    async def _step(
        self, trade_id: str, instrument: Instrument, wanted: int, purpose: od.Purpose
    ) -> bool:
        """Move one leg, or a combo, on; True when an entry has used up its steps."""
        work = self._work.setdefault((trade_id, instrument.key, purpose), _Work())
        now = self._clock.now()
        live = self._live(trade_id, instrument.key)
        if live:
            if now - work.placed_at >= self._rules.chase_interval and self._may_step(work, purpose):
                await self._tracker.cancel(live[0], "re-priced")
            return False
        self._note_rejection(work)
        if not wanted or now < work.retry_at:
            return False
        if work.placed_at:
            if purpose is od.Purpose.ENTRY and work.step >= self._rules.chase_steps:
                return True
            if now - work.placed_at >= self._rules.chase_interval:
                work.step += 1
        await self._place(trade_id, instrument, wanted, purpose, work)
        return False

    def _note_rejection(self, work: _Work) -> None:
        """Wait longer after each order the broker refused; say it the first time."""
        last = self._order(work.number)
        if last is None or last.live:
            return
        work.number = 0
        if last.state is not od.IntentState.REJECTED:
            work.rejections = 0
            return
        work.rejections += 1
        wait = min(_LONGEST_WAIT_S, self._rules.chase_interval * 2**work.rejections)
        work.retry_at = Timestamp(self._clock.now() + wait)
        words = f"❌ Order #{last.number} refused by the broker; next try in {wait:.0f} s"
        self._recorder.say("warn", words, last.draft.describe())

    def _may_step(self, work: _Work, purpose: od.Purpose) -> bool:
        """An exit at the touch is re-priced as well, since the touch moves."""
        return purpose is od.Purpose.EXIT or work.step <= self._rules.chase_steps

    async def _place(
        self,
        trade_id: str,
        instrument: Instrument,
        wanted: int,
        purpose: od.Purpose,
        work: _Work,
    ) -> None:
        now = self._clock.now()
        work.retry_at = Timestamp(now + _RETRY_S)
        quote = self._board.quote(instrument.key)
        if quote is None or quote.bid is None or quote.ask is None:
            return
        side = od.Side.of(wanted)
        price = leg_price(
            side, quote.bid, quote.ask, instrument.tick,
            step=work.step, steps=self._rules.chase_steps,
        )  # fmt: skip
        draft = od.OrderDraft(
            purpose=purpose,
            instrument_key=instrument.key,
            side=side,
            quantity=Contracts(abs(wanted)),
            order_type=od.OrderType.LIMIT,
            limit_price=price,
            trade_id=trade_id,
            reason=f"step {work.step}: {quote.bid:.2f}/{quote.ask:.2f}",
        )
        flattening = trade_id in self.flattening
        outcome = await self._executor.place(draft, self._context_of, flattening=flattening)
        if isinstance(outcome, Placed):
            work.placed_at = now
            work.retry_at = Timestamp(now + self._rules.chase_interval)
            work.last_refusal, work.refusals = "", 0
            work.number = outcome.intent.number
            text = f"🎯 Order #{work.number}: {draft.describe()}"
            self._recorder.say("info", text, draft.reason)
            return
        self._say_refusal(outcome, work, draft)

    def _say_refusal(self, refusal: Refusal, work: _Work, draft: od.OrderDraft) -> None:
        work.refusals = work.refusals + 1 if refusal.code == work.last_refusal else 0
        wait = min(_LONGEST_REFUSED_S, _RETRY_S * 2.0**work.refusals)
        work.retry_at = Timestamp(self._clock.now() + wait)
        if refusal.code != work.last_refusal:
            work.last_refusal = refusal.code
            words = f"{draft.describe()} not sent: {refusal.message}"
            self._recorder.say("warn", f"❌ {words}", refusal.code)

    async def begin_close(self, trade_id: str, by: str) -> None:
        """Start an exit: whatever still enters is cancelled, both legs sell."""
        await self._recorder.record(ev.TradeClosing(trade_id, by))
        self._recorder.say("info", messages.closing(trade_id))
        for key in [key for key in self._work if (key[0], key[2]) == (trade_id, od.Purpose.EXIT)]:
            del self._work[key]  # asked anew: no waiting for what an older exit was refused
        for intent in self._live(trade_id):
            if intent.draft.purpose is od.Purpose.ENTRY:
                await self._tracker.cancel(intent, "closing")
