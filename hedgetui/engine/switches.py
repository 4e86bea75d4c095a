"""Commands that send no order: switches, latches, cancels, and a look at the broker."""

from __future__ import annotations

import hmac

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.errors import StoreError
from hedgetui.domain.ids import key_tail, names_order
from hedgetui.domain.vega.bands import PRESETS
from hedgetui.engine import arming
from hedgetui.engine.reconcile import Reconciler
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.views import Sources
from hedgetui.ports.desk import Outcome

_DIGITS_TO_TYPE = 4


def done(message: str) -> Outcome:
    """Return a success."""
    return Outcome(ok=True, code="done", message=message)


def refused(code: str, message: str, hint: str = "") -> Outcome:
    """Return a refusal."""
    return Outcome(ok=False, code=code, message=message, hint=hint)


class Switches:
    """Commands that change how the desk behaves; none of them sends an order."""

    def __init__(self, sources: Sources, reconciler: Reconciler) -> None:
        self._src = sources
        self._tracker = sources.parts.tracker
        self._reconciler = reconciler

    @property
    def _recorder(self) -> Recorder:
        return self._src.parts.recorder

    async def enable(self, command: cm.EnableStrategy, by: str) -> Outcome:
        """Switch the strategy."""
        if self._recorder.state.enabled != command.on:
            await self._recorder.record(ev.StrategyEnabled(command.on, by))
            words = "on" if command.on else "off"
            self._recorder.say("info", f"🟢 Strategy {words}" if command.on else "🔴 Strategy off")
            return done(f"strategy {words}")
        return done("nothing changed")

    async def auto(self, command: cm.SwitchAuto, by: str) -> Outcome:
        """Switch auto-hedging."""
        state = self._recorder.state
        if state.auto != command.on:
            await self._recorder.record(ev.AutoSwitched(command.on, by))
            words = "🟢 AUTO on" if command.on else "🔴 AUTO off: nothing is hedged by itself"
            self._recorder.say("ok" if command.on else "warn", words)
        return done(f"auto {'on' if command.on else 'off'}")

    async def band(self, command: cm.SetBand, by: str) -> Outcome:
        """Choose the band; a preset also says whether auto goes with it."""
        preset = PRESETS.get(command.preset)
        if preset is None and command.preset != "custom":
            names = ", ".join([*PRESETS, "custom"])
            return refused("usage", f"no preset {command.preset!r}", f"one of: {names}")
        value = command.max_delta if preset is None else preset.max_delta
        if value is None or not 0 < value <= 10_000:
            return refused("usage", "a band needs a number of $/pt above 0")
        await self._recorder.record(ev.BandSet(command.preset, value, by))
        self._recorder.say("info", f"🎯 Band ±{value:g} $/pt ({command.preset})")
        if preset is not None and preset.auto != self._recorder.state.auto and not preset.auto:
            await self.auto(cm.SwitchAuto(on=False), by)
        return done(f"band ±{value:g}")

    async def arm(self, command: cm.Arm, by: str) -> Outcome:
        """Allow orders; live money needs a session and the account's last characters."""
        broker, settings = self._src.parts.broker, self._src.parts.settings
        state = self._recorder.state
        standing = state.link is not ev.LinkState.DOWN
        words, hint = arming.refusal(
            settings, broker, state, met=state.session > 0, standing=standing
        )
        if words:
            return refused("not-armed", words, hint)
        if arming.is_live(settings, broker):
            wanted = broker.account[-_DIGITS_TO_TYPE:]
            if not hmac.compare_digest(command.typed.encode(), wanted.encode()):
                return refused("not-armed", "that is not the end of the account's number",
                               "type its last four characters")  # fmt: skip
        if not state.armed:
            await self._recorder.record(ev.ArmSwitched(armed=True, by=by))
            self._recorder.say("warn", f"🔔 ARMED: orders go to {broker.environment.value}")
        return done("armed")

    async def disarm(self, _: cm.Disarm, by: str) -> Outcome:
        """Refuse every new order."""
        if self._recorder.state.armed:
            await self._recorder.record(ev.ArmSwitched(armed=False, by=by))
            self._recorder.say("warn", "🔒 DISARMED: no new orders")
        return done("disarmed")

    async def freeze(self, command: cm.Freeze, by: str) -> Outcome:
        """Latch first, then cancel: nothing new can slip in between."""
        latch = ev.LatchSet("freeze", on=True, by=by, why=command.why)
        try:
            await self._recorder.record(latch)
        except StoreError as error:
            cancelled = await self._tracker.cancel_all("frozen")
            words = f"halted, {cancelled} working orders asked to cancel, but not journalled"
            return refused(error.code, f"{words}: {error.message}", "restart, then freeze again")
        self._recorder.say("alarm", f"🛑 FROZEN by {by}: {command.why}")
        cancelled = await self._tracker.cancel_all("frozen")
        return done(f"frozen, {cancelled} working orders asked to cancel")

    async def unfreeze(self, command: cm.Unfreeze, by: str) -> Outcome:
        """Release every latch and accept positions that are not ours."""
        state, why = self._recorder.state, command.why
        events: list[ev.Event] = [
            ev.LatchSet(name, on=False, by=by, why=why) for name in state.all_latches
        ]
        words = list(state.all_latches)
        if state.differences:
            events.append(ev.DifferencesAccepted(state.differences, by, why))
            words += [f"{item.broker:+d} {item.instrument_key}" for item in state.differences]
        if not events:
            return done("nothing was frozen")
        await self._recorder.record(*events)
        self._recorder.say("ok", f"🟢 Released by {by}: {', '.join(words)}")
        if state.differences:
            warning = "⚠ Accepted positions are not counted: the desk hedges its own book only"
            self._recorder.say("warn", warning)
        return done(f"released: {', '.join(words)}")

    async def cancel(self, command: cm.CancelOrder, _: str) -> Outcome:
        """Cancel one working order."""
        for intent in self._recorder.state.live_intents:
            if intent.number == command.number:
                await self._tracker.cancel(intent, "cancelled by hand")
                return done(f"cancel of #{command.number} asked for")
        return refused("no-such-order", f"no working order #{command.number}")

    async def cancel_all(self, _: cm.CancelAll, __: str) -> Outcome:
        """Cancel every working order."""
        count = await self._tracker.cancel_all("cancelled by hand")
        return done(f"cancel of {count} orders asked for")

    async def reconcile(self, _: cm.Reconcile, __: str) -> Outcome:
        """Read broker truth now."""
        incomplete = await self._reconciler.run()
        if incomplete:
            return refused("incomplete", f"broker truth incomplete: {incomplete}", "try again")
        if self._recorder.state.link is ev.LinkState.DEGRADED:
            why = self._recorder.state.link_reason
            return refused("incomplete", f"nothing compared, the link is degraded: {why}",
                           "it is compared once the link is ready")  # fmt: skip
        count = len(self._recorder.state.differences)
        return done(f"{count} positions differ" if count else "broker equals journal")

    async def resolve(self, command: cm.ResolveUnknown, by: str) -> Outcome:
        """Take a person's word about an unknown order, if they typed which one."""
        for intent in self._recorder.state.live_intents:
            if intent.number != command.number or intent.state is not od.IntentState.UNKNOWN:
                continue
            if not names_order(command.typed_key, intent.client_key):
                return refused("not-typed", "the typed reference is not this order's",
                               f"it ends in …{key_tail(intent.client_key)}")  # fmt: skip
            reason = f"{by}: {command.reason}"
            await self._tracker.prove(intent.intent_id, od.HumanVerdict(reason), reason)
            order = f"#{intent.number} {intent.draft.describe()}"
            self._recorder.say("warn", f"⚠ {order} resolved by {reason}")
            return done(f"#{command.number} resolved by {by}")
        return refused("no-such-order", f"no unknown order #{command.number}")
