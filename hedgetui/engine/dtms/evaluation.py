"""Asking the machine about each trade, and carrying out what it answers.

A move that needs no action is recorded at once; one that does is handed to the outbox with the
action and becomes true when its effect is proven. In alert mode, disarmed or frozen, the same
wishes become one line each.
"""

from __future__ import annotations

from collections.abc import Iterable

from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.machine import Counters, Move, Verdict, View, Wish, deadlines, evaluate
from hedgetui.domain.dtms.model import (
    ActionKind,
    ActionRecord,
    ActionState,
    Automation,
    State,
    Trade,
)
from hedgetui.domain.events import Fact
from hedgetui.domain.mt5.records import PositionId
from hedgetui.engine.dtms import words
from hedgetui.engine.dtms.errands import Acted
from hedgetui.engine.dtms.market import Market
from hedgetui.engine.dtms.memory import Memories, Memory
from hedgetui.engine.dtms.outbox import Outbox
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.rails import RailKeeper
from hedgetui.engine.dtms.truth import Findings, ended_hedge

TRIGGERED = "Hedge trigger conditions met"
_PROOF = frozenset({"T9", "T14"})
"""Rules that say what is proven to have happened; they hold in every mode."""
_TIMERS = frozenset({"T6", "T13", "T14"})
"""Rules whose wishes are said even of a trade that is only looked at."""

_CLOSING = frozenset({ActionKind.CLOSE_ALL, ActionKind.CLOSE_HEDGE})
_TIGHTEN = Wish(ActionKind.TIGHTEN_SL, "T1", "the tighter stop of WARNING_L1 is not set yet")


class Evaluation:
    """One trade at a time: view, verdict, consequences."""

    def __init__(
        self,
        parts: DefenceParts,
        market: Market,
        outbox: Outbox,
        rails: RailKeeper,
        memories: Memories,
    ) -> None:
        self._parts = parts
        self._market = market
        self._outbox = outbox
        self._rails = rails
        self._memories = memories
        parts.recorder.listen(self._on_fact)

    async def run(self, findings: Findings) -> None:
        """Evaluate every open trade once, then close hedges that have outlived theirs.

        Raises:
            BrokerUnreachable: the link broke meanwhile.
            StoreError: the journal cannot be written.
        """
        for identifier in [trade.identifier for trade in self._parts.book.open_trades]:
            if self._parts.book.link is not ev.LinkState.READY:
                return  # it broke since the look: what that showed is no ground any more
            # An action of the trade before takes seconds: a person may have said something.
            trade = self._parts.book.trades[identifier]
            if trade.open and identifier not in findings.unproven:
                await self._one(trade, findings)
        await self._orphans()

    async def _one(self, trade: Trade, findings: Findings) -> None:
        memory = self._memories.of(trade.identifier)
        view = self.view(trade, memory, findings)
        verdict = evaluate(trade, memory.counters, view, self._parts.settings.rules)
        memory.verdict = verdict
        if view.deep and view.reading is not None and view.reading.at > memory.counted:
            # An emergency looks at one bar more than once; it counts once.
            memory.counters, memory.counted = verdict.counters, view.reading.at
        await self._record(trade, findings, verdict, view)
        await self._wishes(trade, memory, verdict, view)

    # --- what the machine looks at -----------------------------------------------------------

    def view(self, trade: Trade, memory: Memory, findings: Findings) -> View:
        """Return everything one evaluation looks at; a stale symbol leaves its timers only."""
        price = self._market.closing(trade)
        if price is None:
            memory.counters = Counters()
        reading = None if price is None else self._market.reading(trade.symbol)
        u = None if price is None else trade.u(price)
        emergency = u is not None and self._emergency(trade, u)
        fresh = reading is not None and reading.at > memory.counted
        hedge = findings.hedge_gone.get(trade.identifier)
        main = findings.main_gone.get(trade.identifier)
        return View(
            now=self._parts.clock.now(),
            reading=None if reading is None else reading.seen_by(trade.side),
            deep=reading is not None and (fresh or emergency),
            u=u,
            spread_ratio=self._market.spread_ratio(trade.symbol),
            emergency=emergency,
            main_gone="" if main is None else main.why,
            hedge_gone="" if hedge is None else hedge.why,
            opening_blocked=self._rails.blocked(trade.symbol),
        )

    def _emergency(self, trade: Trade, u: float) -> bool:
        rules = self._parts.settings.rules
        if u <= rules.emergency_u:
            return True
        reading = self._market.reading(trade.symbol)
        if reading is None or not reading.atr15 > 0:
            return False
        limit = rules.emergency_atr * reading.atr15
        return self._market.against(trade.symbol, trade.side) >= limit

    # --- what follows ------------------------------------------------------------------------

    async def _record(self, trade: Trade, findings: Findings, verdict: Verdict, view: View) -> None:
        """Record what is proven and what needs no action to be true, in one piece."""
        events: list[ev.Event] = []
        proof = findings.hedge_gone.get(trade.identifier)
        if proof is not None and trade.hedge is not None:
            events += ended_hedge(trade, proof)
        move = verdict.move
        if move is not None and move.needs is None and _may_move(trade, move):
            if move.after is State.CLOSED and trade.hedge is not None and trade.hedge.virtual:
                events.append(fx.HedgeGone(trade.identifier, "the trade is closed", None))
            events += self._moved(trade, move, view)
        if not events:
            return
        await self._parts.recorder.record(*events)
        for event in events:
            self._say(trade, event)

    def _say(self, trade: Trade, event: ev.Event) -> None:
        say = self._parts.recorder.say
        match event:
            case fx.DefenceMoved():
                why = f"{event.why} ({event.rule})"
                line = words.moved(trade, event.before, event.after, why, event.score, event.u)
                say(words.level_of(event.after), line, self._why(trade))
            case fx.HedgeGone():
                say("warn", f"🛡️ {words.name(trade)} hedge gone: {event.why}")
            case fx.AutomationSet():
                say("warn", f"🤖 {words.name(trade)} automation {event.automation}: {event.by}")
            case _:
                pass

    def _moved(self, trade: Trade, move: Move, view: View) -> list[ev.Event]:
        flat_at, recover_by = deadlines(move.after, view.now, self._parts.settings.rules)
        score = None if view.reading is None else view.reading.score
        events: list[ev.Event] = [
            fx.DefenceMoved(
                trade.identifier, trade.state, move.after, move.rule, move.why, score, view.u,
                flat_at, recover_by,
            )
        ]  # fmt: skip
        if move.arms_breakeven and not trade.breakeven_armed:
            events.append(_armed(trade))
        return events

    async def _wishes(self, trade: Trade, memory: Memory, verdict: Verdict, view: View) -> None:
        self._say_trigger(trade, memory, verdict, view)
        memory.waiting = verdict.refused
        for wish in (*verdict.wishes, *self._owed(trade.identifier, memory, verdict, view)):
            held = self.held_back(self._parts.book.trades[trade.identifier])
            if held:
                self._would(trade, memory, wish, held)
                continue
            if memory.failed.get(wish.kind) == self._market.slot():
                memory.waiting = f"{wish.kind} failed: again with the next bar"
                continue
            move = verdict.move
            needed = move if move is not None and move.needs is wish.kind else None
            acted = await self._outbox.act(trade.identifier, wish, move=needed)
            self._learn(memory, wish, acted)

    def _owed(
        self, identifier: PositionId, memory: Memory, verdict: Verdict, view: View
    ) -> tuple[Wish, ...]:
        """Return the tighter stop of T1 if it could not be set; it is set once and never trails."""
        book = self._parts.book
        trade = book.trades[identifier]
        waits = view.deep and verdict.move is None and trade.state is State.WARNING_L1
        if not waits or ActionKind.TIGHTEN_SL in memory.held:
            return ()
        return (_TIGHTEN,) if _stop_missing(trade, book.actions_of(identifier)) else ()

    def _learn(self, memory: Memory, wish: Wish, acted: Acted) -> None:
        """Show what a wish waits for; what was refused waits for a bar, unless it closes."""
        if acted.state is not ActionState.DONE:
            memory.waiting = f"{wish.kind}: {acted.message}"
        if acted.code == "holds":
            memory.held.add(wish.kind)
        if acted.state is ActionState.FAILED and wish.kind not in _CLOSING:
            memory.failed[wish.kind] = self._market.slot()

    def held_back(self, trade: Trade) -> str:
        """Return why the machine may only speak about a trade now; empty when it may act."""
        if trade.automation is not Automation.AUTO:
            return f"automation is {trade.automation}"
        return self._parts.forbidden

    def _would(self, trade: Trade, memory: Memory, wish: Wish, held: str) -> None:
        """Say once what would be done; a trade that is off is told only its deadlines."""
        if trade.automation is Automation.OFF and wish.rule not in _TIMERS:
            return
        memory.waiting = f"would {wish.kind}: {held}"
        if memory.first(f"would {wish.kind}", f"{wish.rule} {held}"):
            line = f"🔔 {words.name(trade)} would {wish.kind} ({wish.rule}: {wish.why}): {held}"
            self._parts.recorder.say("warn", line, self._why(trade))

    def _say_trigger(self, trade: Trade, memory: Memory, verdict: Verdict, view: View) -> None:
        """Announce a hedge that is due, once, whatever becomes of it."""
        move = verdict.move
        due = move is not None and move.needs is ActionKind.OPEN_HEDGE
        if not due and not verdict.refused:
            if view.deep:
                memory.said.pop("trigger", None)
            return
        if trade.automation is Automation.OFF or not memory.first("trigger", verdict.refused):
            return
        score = None if view.reading is None else view.reading.score
        ratio = "?" if view.spread_ratio is None else f"{view.spread_ratio:.1f}"
        line = (
            f"⚡ {words.name(trade)} {TRIGGERED}: score {words.number(score)}, "
            f"u {words.number(view.u, 2)} R, spread {ratio}× median"
        )
        reason = verdict.refused or (move.why if move else "")
        level = "alarm" if verdict.refused else "warn"
        line += f": {reason}" if verdict.refused else ""
        self._parts.recorder.say(level, line, f"{reason}\n{self._why(trade)}")

    def _why(self, trade: Trade) -> str:
        return words.reasons(trade, self._market.reading(trade.symbol))

    async def _orphans(self) -> None:
        """Close hedges whose trade is over already: found after a crash, or landed too late."""
        for trade in tuple(self._parts.book.trades.values()):
            if trade.open or trade.hedge is None or trade.hedge.virtual:
                continue
            memory = self._memories.of(trade.identifier)
            wish = Wish(ActionKind.CLOSE_HEDGE, "T14", "its trade is closed")
            held = self.held_back(trade)
            if held:
                self._would(trade, memory, wish, held)
            else:
                acted = await self._outbox.act(trade.identifier, wish)
                memory.waiting = "" if acted.state is not None else acted.message

    def _on_fact(self, fact: Fact) -> None:
        """Whoever recorded a transition: what was counted and said before it is over."""
        if not isinstance(fact.event, fx.DefenceMoved):
            return
        if fact.event.after is State.CLOSED:
            self._memories.forget(fact.event.trade)
        else:
            self._memories.moved(fact.event.trade)


def _armed(trade: Trade) -> fx.DefenceAmended:
    """Return the fact that the stop goes to break-even once the trade has come back."""
    why = "break-even armed in WARNING_L2"
    return fx.DefenceAmended(
        trade.identifier, trade.ticket, trade.volume, trade.sl, trade.tp, why, breakeven_armed=True
    )


def _stop_missing(trade: Trade, actions: Iterable[ActionRecord]) -> bool:
    """Whether the newest tightening since the trade came into its state failed, and is missing.

    A stop that stands where that one wanted it, whoever set it, leaves nothing to be done.
    """
    ended = [
        action for action in actions
        if action.kind is ActionKind.TIGHTEN_SL
        and action.ended_at is not None and action.ended_at >= trade.since
    ]  # fmt: skip
    if not ended or any(action.state is ActionState.DONE for action in ended):
        return False
    wanted = ended[-1].level
    if wanted is None or trade.sl is None:
        return True
    return trade.side.sign * (wanted - trade.sl) > 0


def _may_move(trade: Trade, move: Move) -> bool:
    return trade.automation is not Automation.OFF or move.rule in _PROOF
