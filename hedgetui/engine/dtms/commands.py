"""What a person may ask of the defence; a refusal is an `Outcome` with words and a hint.

Keys work in every mode of automation: the machine's guards are waived, the margin, the size, the
link, the arming and the latches are not. Confirming plans again; when the book has moved so that
other volumes or legs would be sent, nothing is sent and the new preview is shown.
"""

from __future__ import annotations

import asyncio

from hedgetui.domain import commands as cm
from hedgetui.domain.commands import Command
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.actions import Skip
from hedgetui.domain.dtms.machine import operator_move
from hedgetui.domain.dtms.model import ActionState, Automation, Trade
from hedgetui.domain.ids import key_tail, names_order
from hedgetui.domain.mt5.records import Look, Position
from hedgetui.domain.text import safe
from hedgetui.engine.dtms import adoption
from hedgetui.engine.dtms.errands import Acted
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.previews import KIND, VERBS, DefencePlanner, Planned
from hedgetui.engine.dtms.watch import Tools, Watch
from hedgetui.engine.dtms.words import name
from hedgetui.engine.switches import done, refused
from hedgetui.ports.desk import Outcome

_PREVIEWS_KEPT = 8
VERDICT = "resolved by you"
"""How the words begin that end an action by a person's word."""


class Hands:
    """The operator's hands."""

    def __init__(self, parts: DefenceParts, tools: Tools, watch: Watch, turn: asyncio.Lock) -> None:
        self._parts = parts
        self._tools = tools
        self._watch = watch
        self._turn = turn
        self._planner = DefencePlanner(parts, tools)
        self._plans: dict[str, Planned] = {}

    def owns(self, preview_id: str) -> bool:
        """Return whether a preview is one of ours."""
        return preview_id.startswith(f"{KIND}-")

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Carry out one command.

        Raises:
            HedgetuiError: the link or the journal failed.
        """
        match command:
            case cm.PreviewDefence():
                return await self._preview(command)
            case cm.Confirm():
                return await self._confirm(command, by)
            case cm.SetAutomation():
                return await self._automation(command, by)
            case cm.Adopt():
                return await self._adopt(command, by)
            case cm.Ignore():
                return await self._ignore(command, by)
            case cm.ResolveDefence():
                return await self._resolve(command, by)
            case _:
                return refused("usage", "not a command of the defence")

    # --- preview and confirm -----------------------------------------------------------------

    async def _preview(self, command: cm.PreviewDefence) -> Outcome:
        trade = self._trade(command.ticket)
        if trade is None:
            return self._no_trade(command.ticket)
        if command.verb not in VERBS:
            return refused("usage", f"no action {command.verb!r}", f"one of: {', '.join(VERBS)}")
        if not self._tools.link.ready:
            return self._no_link()
        plan = await self._planner.plan(trade, command.verb)
        if isinstance(plan, Skip):
            return refused(plan.code, plan.words)
        return self._show(plan)

    def _show(self, plan: Planned, words: str = "") -> Outcome:
        self._plans[plan.view.preview_id] = plan
        while len(self._plans) > _PREVIEWS_KEPT:
            self._plans.pop(next(iter(self._plans)))
        if words:
            return Outcome(ok=False, code="book-moved", message=words, preview=plan.view)
        return Outcome(ok=True, code="preview", message=plan.view.title, preview=plan.view)

    async def _confirm(self, command: cm.Confirm, by: str) -> Outcome:
        plan = self._plans.pop(command.preview_id, None)
        if plan is None or self._parts.clock.now() > plan.view.expires_at:
            return refused("preview-expired", "the preview is no longer valid", "preview again")
        if not plan.view.sendable:
            bad = next(check for check in plan.view.checks if not check.ok)
            return refused(bad.name.replace(" ", "-"), f"{bad.name}: {bad.detail}")
        async with self._turn:
            return await self._send(plan, by)

    async def _send(self, plan: Planned, by: str) -> Outcome:
        trade = self._parts.book.trades.get(plan.trade)
        if trade is None or not trade.open:
            return refused("book-moved", "the trade is closed meanwhile")
        verb = next(verb for verb, kind in VERBS.items() if kind is plan.wish.kind)
        again = await self._planner.plan(trade, verb)
        if isinstance(again, Skip):
            return refused("book-moved", again.words, "preview again")
        if again.terms != plan.terms or not again.view.sendable:
            return self._show(again, "the book moved: look again")
        move = operator_move(trade, plan.wish.kind)
        acted = await self._tools.outbox.act(
            trade.identifier, plan.wish, by=by, move=move, by_hand=True
        )
        self._watch.wake()
        return _outcome(plan, acted)

    # --- switches ----------------------------------------------------------------------------

    async def _automation(self, command: cm.SetAutomation, by: str) -> Outcome:
        trade = self._trade(command.ticket)
        if trade is None:
            return self._no_trade(command.ticket)
        if command.automation not in set(Automation):
            known = ", ".join(Automation)
            return refused("usage", f"no automation {command.automation!r}", f"one of: {known}")
        wanted = Automation(command.automation)
        if trade.automation is wanted:
            return done("nothing changed")
        await self._parts.recorder.record(fx.AutomationSet(trade.identifier, wanted, by))
        self._tools.memories.moved(trade.identifier)
        level = "ok" if wanted is Automation.AUTO else "warn"
        self._parts.recorder.say(level, f"🤖 {name(trade)}: automation {wanted}, by {safe(by)}")
        return done(f"#{trade.ticket} automation {wanted}")

    async def _adopt(self, command: cm.Adopt, by: str) -> Outcome:
        if self._trade(command.ticket) is not None:
            return done("it is under watch already")
        if not self._tools.link.ready:
            return self._no_link()
        async with self._turn:
            look = await self._parts.port.look()
            if not isinstance(look, Look):
                return refused("incomplete", f"positions unknown: {safe(look.why)}", "try again")
            position = _position(look, command.ticket)
            if position is None:
                return refused("no-such-trade", f"no open position #{command.ticket}")
            own = adoption.own_objection(position)
            if own:
                return refused("own-position", f"#{command.ticket} is {own}")
            if not await self._watch.adopt(position, by):
                return refused("no-risk", adoption.NO_RISK, "set a stop, or wait for bars")
        return done(f"#{command.ticket} is under watch")

    async def _ignore(self, command: cm.Ignore, by: str) -> Outcome:
        trade = self._trade(command.ticket)
        if trade is None:
            return self._no_trade(command.ticket)
        if trade.hedge is not None and not trade.hedge.virtual:
            words = f"#{trade.ticket} has a hedge, and nobody would watch it"
            return refused("hedged", words, "unhedge first")
        if self._parts.book.live_action(trade.symbol) is not None:
            return refused("in-flight", f"an action of {safe(trade.symbol)} is under way")
        await self._parts.recorder.record(fx.DefenceDropped(trade.identifier, by))
        self._tools.memories.forget(trade.identifier)
        self._parts.recorder.say("warn", f"🙈 {name(trade)} is no longer watched, by {safe(by)}")
        return done(f"#{trade.ticket} is no longer watched")

    # --- a verdict ---------------------------------------------------------------------------

    async def _resolve(self, command: cm.ResolveDefence, by: str) -> Outcome:
        """Take a person's word that an unknown action is over, if they typed which one.

        Evidence may come while they type, and whoever reads it holds the turn: so it is judged
        under the turn, and only what is unknown then can be ended.
        """
        reason = safe(command.reason.strip())
        if not reason:
            return refused("usage", "say what became of it", "the reason is journalled")
        async with self._turn:
            action = self._parts.book.actions.get(command.action_id)
            if action is None or action.state is not ActionState.UNKNOWN:
                now = "" if action is None else f"it is {action.state} by now"
                return refused("no-such-action", "no unknown action of that id", now)
            if not names_order(command.typed, action.action_id):
                return refused("not-typed", "the typed reference is not this action's",
                               f"it ends in …{key_tail(action.action_id)}")  # fmt: skip
            await self._parts.recorder.record(
                fx.ActionMoved(
                    action.action_id, action.state, ActionState.FAILED, f"{VERDICT}: {reason}"
                )
            )
        trade = self._parts.book.trades.get(action.trade)
        what = f"{action.kind} of {safe(action.symbol) if trade is None else name(trade)}"
        self._parts.recorder.say("warn", f"⚠ {what} resolved by {safe(by)}: {reason}", action.why)
        # Whatever came of it after all is found and taken over before anything is decided.
        self._watch.wake()
        return done(f"{what} resolved by {safe(by)}")

    # --- who is meant ------------------------------------------------------------------------

    def _trade(self, ticket: int) -> Trade | None:
        """Return the open trade with this ticket or identifier."""
        trades = self._parts.book.open_trades
        by_ticket = next((trade for trade in trades if trade.ticket == ticket), None)
        return by_ticket or next((trade for trade in trades if trade.identifier == ticket), None)

    def _no_trade(self, ticket: int) -> Outcome:
        known = ", ".join(str(trade.ticket) for trade in self._parts.book.open_trades)
        return refused("no-such-trade", f"no watched trade #{ticket}", known)

    def _no_link(self) -> Outcome:
        link = self._tools.link
        return refused("link", f"MT5 is {link.state.value.lower()}: {link.reason}")


def _position(look: Look, ticket: int) -> Position | None:
    wanted = [one for one in look.positions if ticket in {one.ticket, one.identifier}]
    return wanted[0] if wanted else None


def _outcome(plan: Planned, acted: Acted) -> Outcome:
    match acted.state:
        case ActionState.DONE:
            return done(f"{plan.view.title}: {acted.message}")
        case None | ActionState.FAILED:
            return refused(acted.code, acted.message)
        case _:
            words = f"{plan.view.title}: {acted.state}, {acted.message}"
            return refused("unknown", words, "the desk asks the broker what became of it")
