"""What each command of hedge accounts does. A refusal names the field and changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hedgetui.domain import commands as cm
from hedgetui.domain import orders as od
from hedgetui.domain.commands import Command
from hedgetui.domain.errors import DataError
from hedgetui.domain.risk import Refusal
from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.checks import objection
from hedgetui.domain.tails.model import Instance, Mode
from hedgetui.domain.tails.policy import KEY
from hedgetui.domain.text import safe
from hedgetui.engine.executor import Placed
from hedgetui.engine.switches import done, refused
from hedgetui.engine.tails.deciding import Decider
from hedgetui.engine.tails.entering import Entering
from hedgetui.engine.tails.parts import TailParts
from hedgetui.engine.tails.placing import Placing
from hedgetui.engine.tails.previews import ADJUST, KINDS, TAIL, Planned, TailPlanner
from hedgetui.engine.tails.views import TailViews
from hedgetui.ports.desk import Outcome

COMMANDS = (
    cm.PreviewTail, cm.PreviewAdjust, cm.PreviewTailRoll, cm.SetTailMode, cm.SuspendTails,
    cm.ResumeTails, cm.EnterCash, cm.ImportTails,
)  # fmt: skip
_PREVIEWS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts that commands work with."""

    placing: Placing
    decider: Decider
    entering: Entering
    views: TailViews


class TailCommands:
    """Previews, confirmations, switches and entries."""

    def __init__(self, parts: TailParts, tools: Tools) -> None:
        self._parts = parts
        self._tools = tools
        self._planner = TailPlanner(parts, tools.placing)
        self._plans: dict[str, Planned] = {}
        self._handlers: dict[type, Callable[[Any, str], Awaitable[Outcome]]] = {
            cm.PreviewTail: self._preview_tail,
            cm.PreviewAdjust: self._preview_adjust,
            cm.PreviewTailRoll: self._preview_roll,
            cm.SetTailMode: self._mode,
            cm.SuspendTails: self._suspend,
            cm.ResumeTails: self._resume,
            cm.EnterCash: tools.entering.cash,
            cm.ImportTails: tools.entering.file,
            cm.Confirm: self._confirm,
        }

    def owns(self, command: Command) -> bool:
        """Whether a command is about hedge accounts."""
        if isinstance(command, cm.Confirm):
            return command.preview_id.rpartition("-")[0] in KINDS
        return isinstance(command, COMMANDS)

    async def dispatch(self, command: Command, by: str) -> Outcome:
        """Judge and carry out one command.

        Raises:
            HedgetuiError: the journal or the link failed.
        """
        handler = self._handlers[type(command)]
        try:
            if isinstance(command, cm.SuspendTails):  # what stops things never waits
                return await handler(command, by)
            async with self._parts.turn:
                return await handler(command, by)
        except DataError as error:
            return refused("usage", error.message, error.hint)

    # --- previews ----------------------------------------------------------------------------

    async def _preview_tail(self, command: cm.PreviewTail, by: str) -> Outcome:
        key = self._tools.entering.key(command.account, command.contract)
        return self._show(self._planner.hedge(key, by), "nothing-to-do")

    async def _preview_adjust(self, command: cm.PreviewAdjust, by: str) -> Outcome:
        key = self._tools.entering.key(command.account, command.contract)
        plan = self._planner.adjust(key, command.units, safe(command.comment), by)
        return self._show(plan, "usage")

    async def _preview_roll(self, command: cm.PreviewTailRoll, by: str) -> Outcome:
        key = self._tools.entering.key(command.account, command.contract)
        into = self._tools.entering.key(command.account, command.into).contract
        return self._show(self._planner.roll(key, into, by), "nothing-to-do")

    def _show(self, plan: Planned | str, code: str) -> Outcome:
        if isinstance(plan, str):
            return refused(code, plan)
        self._keep(plan)
        return Outcome(ok=True, code="preview", message=plan.view.title, preview=plan.view)

    def _keep(self, plan: Planned) -> None:
        self._plans[plan.view.preview_id] = plan
        while len(self._plans) > _PREVIEWS_KEPT:
            del self._plans[next(iter(self._plans))]

    async def _confirm(self, command: cm.Confirm, by: str) -> Outcome:
        """Do what a preview showed, if it still is what would be shown."""
        plan = self._plans.pop(command.preview_id, None)
        if plan is None or self._parts.now() > plan.view.expires_at:
            return refused("preview-expired", "the preview is no longer valid", "preview again")
        if not plan.view.sendable:
            bad = next(check for check in plan.view.checks if not check.ok)
            return refused(plan.denial or bad.name, bad.detail)
        again = self._again(plan, by)
        if isinstance(again, str):
            return refused("book-moved", again, "preview again")
        if again.terms != plan.terms or not again.view.sendable:
            self._keep(again)
            return Outcome(ok=False, code="book-moved", message="the tail moved: look again",
                           preview=again.view)  # fmt: skip
        if plan.view.kind == TAIL:
            return placed_words(await self._tools.placing.send(again.hedges[0]))
        if plan.view.kind == ADJUST:
            return await self._adjusted(again)
        return await self._rolled(again)

    def _again(self, plan: Planned, by: str) -> Planned | str:
        if plan.view.kind == TAIL:
            return self._planner.hedge(plan.key, by)
        if plan.view.kind == ADJUST:
            event = plan.events[0]
            return self._planner.adjust(event.key, event.units, event.comment, by)
        return self._planner.roll(plan.key, plan.into, by)

    async def _adjusted(self, plan: Planned) -> Outcome:
        event = plan.events[0]
        await self._parts.desk.recorder.record(event)
        words = f"{event.key} adjusted by {event.units:+,}"
        balance = f"balance {self._parts.ledger.balance(event.key):+,}"
        why = f"{safe(event.user)}: {safe(event.comment)}"
        self._parts.desk.recorder.say("info", f"✏ {words}; {balance}", why)
        return done(f"{words}; {balance}")

    async def _rolled(self, plan: Planned) -> Outcome:
        """Book both offsets, then send the closing leg and, once that one left, the opening one."""
        recorder = self._parts.desk.recorder
        if plan.events:
            await recorder.record(*plan.events)
        sent: list[str] = []
        for hedge in plan.hedges:
            outcome = await self._tools.placing.send(hedge)
            answer = placed_words(outcome)
            if not answer.ok:
                if sent:
                    words = f"half a roll of {plan.key}: {sent[0]} left alone: {answer.message}"
                    recorder.say("alarm", f"🛑 {words}")
                    return refused("half-roll", words, "what lost its hedge counts in the balance")
                return answer
            sent.append(answer.message)
        moved = ", ".join(f"{one.units:+,} in {one.key.contract}" for one in plan.events)
        recorder.say("info", f"🔁 {plan.view.title}: {moved or 'no tail'}")
        return done(", ".join([*sent, f"tail moved: {moved or 'none'}"]))

    # --- switches ----------------------------------------------------------------------------

    async def _mode(self, command: cm.SetTailMode, by: str) -> Outcome:
        key = self._tools.entering.key(command.account, command.contract)
        try:
            mode = Mode(command.mode.strip().lower())
        except ValueError as error:
            known = ", ".join(Mode)
            raise DataError(f"mode: {safe(command.mode, 20)!r} is none of {known}") from error
        event = tf.PolicySet(KEY, key, mode, command.threshold_pct, None, by)
        why = objection(self._parts.ledger, event)
        if why:
            return refused("usage", why)
        await self._parts.desk.recorder.record(event)
        policy = self._parts.ledger.policy(key)
        words = f"{key}: {policy.mode} at {policy.threshold_pct} %"
        self._parts.desk.recorder.say("info", f"🎯 {words}, by {safe(by)}")
        return done(words)

    async def _suspend(self, command: cm.SuspendTails, by: str) -> Outcome:
        """Latch first, then cancel: nothing new can slip in between."""
        recorder = self._parts.desk.recorder
        if self._parts.ledger.instance is not Instance.SUSPENDED:
            await recorder.record(tf.InstanceSet(Instance.SUSPENDED, by, command.why))
            recorder.say("warn", f"⏸ Hedging of tails suspended by {safe(by)}: {safe(command.why)}")
        asked = 0
        for key in self._parts.ledger.keys:
            asked += await self._tools.decider.take_back(key, "hedging of tails is suspended")
        return done(f"suspended, {asked} working orders asked to cancel; tracking goes on")

    async def _resume(self, _: cm.ResumeTails, by: str) -> Outcome:
        recorder = self._parts.desk.recorder
        if self._parts.ledger.instance is not Instance.SUSPENDED:
            return done("hedging of tails was not suspended")
        coming = self._tools.views.catch_up()
        words = "; ".join(coming) or "nothing is due"
        recorder.say("ok", f"▶ Hedging of tails resumed by {safe(by)}: {words}")
        await recorder.record(tf.InstanceSet(Instance.ONLINE, by, "resumed"))
        return done(f"resumed: {words}")


def placed_words(outcome: Placed | Refusal) -> Outcome:
    """Return what became of an order."""
    if isinstance(outcome, Refusal):
        return refused(outcome.code.value, outcome.message)
    intent = outcome.intent
    if intent.state is od.IntentState.ABANDONED:
        return refused("not-sent", f"#{intent.number} was not sent: the desk changed meanwhile")
    return done(f"#{intent.number} {intent.draft.describe()} {intent.state.value}")
