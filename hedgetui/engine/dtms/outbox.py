"""From a wish to its proof: the one door through which the defence acts at the broker.

One errand a symbol at a time, whoever asks. A wish is a target, so asking again is harmless: what
holds already is not sent, what may be on its way is looked for first, and the state of a trade
moves in the same write as the proof.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from hedgetui.domain.dtms import actions
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.actions import Plan, Skip
from hedgetui.domain.dtms.machine import Move, Wish
from hedgetui.domain.dtms.model import ActionKind, ActionRecord, ActionState, State, Trade
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.records import PositionId
from hedgetui.domain.text import safe
from hedgetui.engine.dtms.closing import Closing
from hedgetui.engine.dtms.errands import Acted, Errand, Refused, Scene, acted
from hedgetui.engine.dtms.gate import Gate
from hedgetui.engine.dtms.hedging import Hedging
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.resolving import Resolver
from hedgetui.engine.dtms.scenes import Scenes
from hedgetui.engine.dtms.sending import Sender
from hedgetui.engine.dtms.settling import Settler
from hedgetui.engine.dtms.stops import Stops
from hedgetui.engine.dtms.trying import Trying
from hedgetui.engine.dtms.witness import Witness
from hedgetui.ports.journal import SlotTaken

__all__ = ["Acted", "Outbox"]

IN_FLIGHT, MACHINE = "in-flight", "dtms"
_ORPHANED = Wish(
    ActionKind.CLOSE_HEDGE, "T14", "main closed while hedging: close the hedge at once"
)
_NO_LINE = frozenset({"holds", "done", "off", "too-near", "frozen", "changed"})
"""Skips that are part of a quiet day and need no line in the journal."""


class Outbox:
    """Acts for the machine and for people; safe to call from several tasks."""

    def __init__(self, parts: DefenceParts) -> None:
        self._parts = parts
        self._gate = gate = Gate(parts)
        self._witness = witness = Witness(parts)
        self._settler = settler = Settler(parts, witness)
        self._resolver = Resolver(parts, witness, settler)
        self._scenes = scenes = Scenes(parts, gate)
        sender = Sender(parts, gate, witness, settler, self._resolver)
        self._trying = trying = Trying(parts, gate, scenes, sender)
        self._hedging = Hedging(parts, gate, scenes, trying, settler)
        self._closing = Closing(parts, trying, settler)
        self._stops = Stops(parts, gate, trying)
        self._denied: dict[tuple[PositionId, ActionKind], str] = {}

    # --- for whoever looks -------------------------------------------------------------------

    @property
    def halted(self) -> str:
        """Why the machine sends nothing until a person acts; empty when it may."""
        return self._gate.halted

    def busy(self, symbol: str) -> ActionRecord | None:
        """Return the action that holds a symbol."""
        return self._parts.book.live_action(symbol)

    def missing(self, action_id: str) -> str:
        """Return in words what the proof of an unknown action lacks."""
        return self._resolver.missing(action_id)

    async def plan(self, trade_id: PositionId, wish: Wish) -> Plan | Skip:
        """Return what would be sent now; nothing is written, nothing is sent."""
        trade = self._parts.book.trades.get(trade_id)
        if trade is None:
            return Skip("no-trade", f"position {trade_id} is not watched")
        scene = await self._scenes.read(_errand(trade, wish))
        if isinstance(scene, Refused):
            return Skip(scene.code, scene.words)
        return self._plan(scene, wish.kind, by_hand=True)

    # --- acting ------------------------------------------------------------------------------

    async def act(
        self,
        trade_id: PositionId,
        wish: Wish,
        *,
        by: str = MACHINE,
        move: Move | None = None,
        by_hand: bool = False,
    ) -> Acted:
        """Make one wish true, or say why it is not.

        `move` is the change of state that waits for the proof; what the kind implies is made
        without it too, so that a state never differs from the positions. Returns when the effect
        is proven, refused, deferred, or still unknown after looking for it.

        Raises:
            StoreError: the journal cannot be written; nothing is sent after that.
        """
        trade = self._parts.book.trades.get(trade_id)
        if trade is None:
            return Acted(None, "no-trade", f"position {trade_id} is not watched")
        busy = self._parts.book.live_action(trade.symbol)
        if busy is not None or self._gate.flying(trade.symbol):
            what = "an errand" if busy is None else f"{busy.kind} {busy.state}"
            return Acted(None, IN_FLIGHT, f"{what} of {safe(trade.symbol)} is not over")
        rule = wish.rule if move is None else move.rule
        errand = replace(_errand(trade, wish), by=by, by_hand=by_hand, rule=rule)
        with self._gate.flight(trade.symbol):
            return await self._carry_out(errand)

    async def _carry_out(self, errand: Errand) -> Acted:
        refused = self._gate.refusal(errand)
        if refused is not None:
            await self._deny(errand, acted(refused), lasting=refused.lasting)
            return acted(refused)
        try:
            outcome = await self._do(errand)
            await self._follow_up(errand, outcome)
        except SlotTaken as error:
            return Acted(None, IN_FLIGHT, error.message)
        if outcome.state is None:
            await self._deny(errand, outcome, lasting=errand.kind.opens or _halves(errand))
        else:
            self._denied.pop((errand.trade, errand.kind), None)
        return outcome

    async def _do(self, errand: Errand) -> Acted:
        match errand.kind:
            case ActionKind.OPEN_HEDGE:
                return await self._hedging.open(errand)
            case ActionKind.CLOSE_ALL:
                return await self._closing.close_all(errand)
            case ActionKind.CLOSE_HEDGE:
                return await self._closing.close_hedge(errand)
            case ActionKind.SET_STOP:
                return await self._stops.set_stop(errand)
            case _:
                return await self._simple(errand)

    async def _simple(self, errand: Errand) -> Acted:
        """One request, no other way."""

        async def make(scene: Scene) -> Plan | Skip:
            return self._plan(scene, errand.kind, by_hand=errand.by_hand)

        ended = await self._trying.run(errand, make)
        outcome = acted(ended)
        if _halves(errand) and outcome.code in {"too-small", "holds"} and not errand.by_hand:
            await self._never_halved(errand, outcome)
        return outcome

    def _plan(self, scene: Scene, kind: ActionKind, *, by_hand: bool) -> Plan | Skip:
        rules = self._parts.settings.rules
        match kind:
            case ActionKind.OPEN_HEDGE:
                return self._hedging.plan(scene)
            case ActionKind.CLOSE_ALL:
                return self._closing.plan_all(scene)
            case ActionKind.CLOSE_HEDGE:
                return self._closing.plan_hedge(scene)
            case ActionKind.RE_ADD:
                account = scene.look.account
                return actions.re_add(scene.trade, scene.spec, scene.tick, rules, account)
            case ActionKind.PARTIAL_CLOSE:
                if scene.position is None:
                    return Skip("gone", "the position is not there")
                return actions.halve(
                    scene.trade, scene.position, scene.spec, scene.tick, rules, by_hand=by_hand
                )
            case _:
                return self._stops.plan(scene, kind)

    async def _never_halved(self, errand: Errand, outcome: Acted) -> None:
        """Keep that the partial close can never be, or is not needed: it is not wished again."""
        trade = self._parts.book.trades[errand.trade]
        if trade.halved:
            return
        amended = fx.DefenceAmended(
            trade.identifier, trade.ticket, trade.volume, trade.sl, trade.tp,
            outcome.message, halved=True,
        )  # fmt: skip
        await self._parts.recorder.record(amended)

    async def _follow_up(self, errand: Errand, outcome: Acted) -> None:
        """What a hedge that stands may still need: its stop, or its end without a trade."""
        trade = self._parts.book.trades[errand.trade]
        if outcome.state is not ActionState.DONE or errand.kind is not ActionKind.OPEN_HEDGE:
            return
        if _orphaned(trade):
            orphan = replace(_errand(trade, _ORPHANED), by_hand=errand.by_hand)
            await self._closing.close_hedge(orphan)
        elif trade.hedge is not None and trade.hedge.soft_sl:
            wish = Wish(ActionKind.SET_STOP, errand.rule, "the hedge was opened without its stop")
            await self._stops.set_stop(
                replace(_errand(trade, wish), by=errand.by, by_hand=errand.by_hand)
            )

    # --- what was begun ----------------------------------------------------------------------

    async def resume(self) -> None:
        """After a start and after every reconnection: settle whatever was under way.

        Raises:
            StoreError: the journal cannot be written.
        """
        self._gate.forget()
        await self.resolve()

    async def resolve(self) -> None:
        """Find out what became of actions nobody is following, and draw the consequences.

        Raises:
            StoreError: the journal cannot be written.
        """
        with ExitStack() as flights:
            mine: list[str] = []
            for action in tuple(self._parts.book.actions.values()):
                if not action.state.live or self._gate.flying(action.symbol):
                    continue
                flights.enter_context(self._gate.flight(action.symbol))
                if await self._is_open(action):
                    mine.append(action.action_id)
            if mine:
                await self._resolver.pursue(mine)
            for action_id in mine:
                await self._resolved(self._parts.book.actions[action_id])

    async def _is_open(self, action: ActionRecord) -> bool:
        """Whether nobody knows what became of it; what was never sent ends here."""
        if action.state is ActionState.PLANNED:
            await self._settler.move(action, ActionState.FAILED, "never sent: interrupted")
            return False
        if action.state is ActionState.SENT:
            cause = "interrupted while it was on its way"
            await self._settler.move(action, ActionState.UNKNOWN, cause)
        return True

    async def _resolved(self, action: ActionRecord) -> None:
        trade = self._parts.book.trades.get(action.trade)
        if trade is None:
            return
        wish = Wish(action.kind, action.rule, action.why)
        by_hand = not action.by.startswith(MACHINE)
        errand = replace(_errand(trade, wish), by=action.by, by_hand=by_hand)
        try:
            await self._follow_up(errand, Acted(action.state, "resolved", action.message))
        except SlotTaken:
            return  # somebody else was faster; the next look finds what is left

    async def keep_stops(self) -> None:
        """Each fast loop: software stops, closings that broke off, actions nobody follows.

        Raises:
            StoreError: the journal cannot be written.
        """
        if any(self._strayed(action) for action in self._parts.book.actions.values()):
            await self.resolve()
        try:
            wishes = await self._stops.soft()
        except BrokerUnreachable:
            return
        for trade in tuple(self._parts.book.trades.values()):
            unfinished = self._unfinished(trade)
            if unfinished is not None:
                wishes.append((trade.identifier, unfinished))
        for identifier, wish in wishes:
            await self.act(identifier, wish)

    def _strayed(self, action: ActionRecord) -> bool:
        """Whether the task that followed an action is gone."""
        begun = action.state in {ActionState.PLANNED, ActionState.SENT}
        return begun and not self._gate.flying(action.symbol)

    def _unfinished(self, trade: Trade) -> Wish | None:
        """Return the closing that closed the hedge and not yet the trade, if there is one."""
        if trade.state is not State.HEDGED or trade.hedge is not None:
            return None
        for action in reversed(self._parts.book.actions_of(trade.identifier)):
            if action.planned_at < trade.since:
                return None
            if action.kind is ActionKind.CLOSE_ALL and action.state is ActionState.DONE:
                return Wish(ActionKind.CLOSE_ALL, action.rule, action.why)
        return None

    # --- refusals ----------------------------------------------------------------------------

    async def _deny(self, errand: Errand, outcome: Acted, *, lasting: bool) -> None:
        """Journal a refusal once, until something else is said of the same wish."""
        if not lasting or outcome.code in _NO_LINE or self._parts.recorder.failed:
            return
        key = errand.trade, errand.kind
        if self._denied.get(key) == outcome.code:
            return
        self._denied[key] = outcome.code
        denied = fx.DefenceDenied(errand.trade, errand.kind, outcome.code, outcome.message)
        await self._parts.recorder.record(denied)
        hedge = errand.kind is ActionKind.OPEN_HEDGE
        what = "Failed to place hedge order" if hedge else f"{errand.kind} not made"
        ticket = self._parts.book.trades[errand.trade].ticket
        line = f"⚠️ {what}: #{ticket} {safe(errand.symbol)}: {outcome.message}"
        self._parts.recorder.say("warn", line, errand.why)


def _errand(trade: Trade, wish: Wish) -> Errand:
    return Errand(
        trade.identifier, trade.symbol, wish.kind, wish.rule, wish.why, MACHINE, by_hand=False
    )


def _halves(errand: Errand) -> bool:
    return errand.kind is ActionKind.PARTIAL_CLOSE


def _orphaned(trade: Trade) -> bool:
    """Whether a hedge stands that hedges nothing: its trade closed before it was filled."""
    hedge = trade.hedge
    return hedge is not None and not hedge.virtual and trade.state is not State.HEDGED
