"""What each command does. A refusal is an `Outcome` with words and a hint, never an exception."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.errors import HedgetuiError, StoreError
from hedgetui.domain.ids import key_tail, names_order
from hedgetui.domain.risk import Denial, Refusal
from hedgetui.domain.units import Contracts
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.bands import PRESETS
from hedgetui.domain.vega.decide import Trigger
from hedgetui.engine import arming
from hedgetui.engine.context import Contexts
from hedgetui.engine.executor import Placed
from hedgetui.engine.market import Market, option_keys
from hedgetui.engine.previews import Planned, Planner
from hedgetui.engine.reconcile import Reconciler
from hedgetui.engine.recorder import Recorder
from hedgetui.engine.services.legs import LegWorker
from hedgetui.engine.views import Sources
from hedgetui.ports.desk import Outcome
from hedgetui.ports.ids import IdSource

_DIGITS_TO_TYPE = 4
_PREVIEWS_KEPT = 8


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
            ev.LatchSet(name, on=False, by=by, why=why) for name in state.latches
        ]
        words = list(state.latches)
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


class Trading:
    """Commands that lead to orders: preview, then confirm."""

    def __init__(
        self,
        sources: Sources,
        contexts: Contexts,
        legs: LegWorker,
        market: Market,
        identities: IdSource,
        wake: Callable[[], None],
    ) -> None:
        self._src = sources
        self._planner = Planner(sources, contexts)
        self._legs = legs
        self._market = market
        self._contexts = contexts
        self._identities = identities
        self._wake = wake
        self._plans: dict[str, Planned] = {}

    async def scan(self, _: cm.Scan, __: str) -> Outcome:
        """Rank the chain."""
        count = await self._market.scan()
        self._src.parts.recorder.say("info", f"🔍 Scanned the chain: {count} strangles")
        return done(f"{count} strangles")

    async def preview_hedge(self, command: cm.PreviewHedge, _: str) -> Outcome:
        """Plan a hedge by hand."""
        plan = self._planner.hedge(accept_stale=command.accept_stale)
        if isinstance(plan, str):
            stale = plan.startswith(("greeks stale", "no greeks"))
            hint = "accept own model greeks (≈) to hedge all the same" if stale else ""
            code = "stale-greeks" if stale else "nothing-to-do"
            if not stale:
                self._src.parts.recorder.say("info", f"🟢 {plan}")
            return refused(code, plan, hint)
        return self._show(plan)

    async def preview_entry(self, command: cm.PreviewEntry, _: str) -> Outcome:
        """Plan an entry into a scanned candidate."""
        if not self._market.chain_fresh:
            await self._market.scan()
        count = len(self._market.candidates)
        if not 1 <= command.candidate <= count:
            return refused("usage", f"no candidate {command.candidate}", f"1…{count}, `c` rescans")
        if command.lots < 1:
            return refused("usage", "lots must be 1 or more")
        candidate = self._market.candidates[command.candidate - 1]
        await self._market.watch_also(option_keys(candidate))
        await self._quotes_of(option_keys(candidate))
        return self._show(await self._planner.entry(candidate, command.lots))

    async def _quotes_of(self, keys: frozenset[str]) -> None:
        """Wait a moment for the first quotes of freshly watched legs."""
        for _ in range(20):
            if all(key in self._src.parts.board.quotes for key in keys):
                return
            await self._src.parts.clock.sleep(0.1)

    async def preview_close(self, command: cm.PreviewClose, _: str) -> Outcome:
        """Plan the exit from one trade."""
        trade = self._open_trade(command.trade_id)
        if trade is None:
            known = ", ".join(t.trade_id for t in self._src.parts.recorder.state.open_strangles)
            return refused("no-such-trade", f"no open trade {command.trade_id!r}", known)
        if trade.state is st.TradeState.CLOSING:
            return refused("nothing-to-do", f"{trade.name} is closing already")
        return self._show(self._planner.close((trade,), flatten=False))

    async def preview_flatten(self, _: cm.PreviewFlatten, __: str) -> Outcome:
        """Plan the exit from everything."""
        state = self._src.parts.recorder.state
        trades = state.open_strangles
        if not trades and not state.hedge_position(self._src.parts.symbol):
            return refused("nothing-to-do", "no open trades and no hedge")
        return self._show(self._planner.close(trades, flatten=True))

    def _open_trade(self, trade_id: str) -> st.Strangle | None:
        """Find a trade by its id or the end of it."""
        found = [
            trade
            for trade in self._src.parts.recorder.state.open_strangles
            if trade_id and trade.trade_id.endswith(trade_id)
        ]
        return found[0] if len(found) == 1 else None

    def _show(self, plan: Planned) -> Outcome:
        self._keep(plan)
        return Outcome(ok=True, code="preview", message=plan.view.title, preview=plan.view)

    def _keep(self, plan: Planned) -> None:
        """Remember a preview; the screen and a console verb may each have one open."""
        self._plans[plan.view.preview_id] = plan
        while len(self._plans) > _PREVIEWS_KEPT:
            del self._plans[next(iter(self._plans))]

    async def confirm(self, command: cm.Confirm, by: str) -> Outcome:
        """Do what the last preview showed, if it still is what would be shown."""
        plan = self._plans.pop(command.preview_id, None)
        if plan is None or self._src.parts.clock.now() > plan.view.expires_at:
            return refused("preview-expired", "the preview is no longer valid", "preview again")
        if not plan.view.sendable:
            bad = next(check for check in plan.view.checks if not check.ok)
            return refused(plan.denial or bad.name, bad.detail)
        if plan.view.ask_typed and command.typed != plan.view.ask_typed:
            return refused("not-typed", f"type {plan.view.ask_typed} to go on")
        match plan.view.kind:
            case "hedge":
                return await self._confirm_hedge(plan)
            case "enter":
                return await self._confirm_entry(plan, by)
            case _:
                return await self._confirm_close(plan, by)

    async def _confirm_hedge(self, plan: Planned) -> Outcome:
        again = self._planner.hedge(accept_stale=plan.accept_stale)
        if isinstance(again, str):
            return refused("book-moved", again, "preview again")
        if _terms(again.orders) != _terms(plan.orders):
            self._keep(again)
            return Outcome(ok=False, code="book-moved", message="the book moved: look again",
                           preview=again.view)  # fmt: skip
        decision = self._src.orders.decision(Trigger.MANUAL, accept_stale=plan.accept_stale)
        self._contexts.accept_stale = plan.accept_stale
        try:
            outcome = await self._src.orders.place(again.orders[0], Trigger.MANUAL, decision)
        finally:
            self._contexts.accept_stale = False
        return _placed(outcome)

    async def _confirm_entry(self, plan: Planned, by: str) -> Outcome:
        recorder, candidate = self._src.parts.recorder, plan.candidate
        if candidate is None:
            return refused("preview-expired", "the preview is no longer valid")
        # The feed first: a lost link must refuse the entry before it is on record.
        await self._market.watch_also(option_keys(candidate))
        trade_id = self._identities.next()[-8:]
        await recorder.record(
            ev.TradeEntering(
                trade_id, candidate.put.instrument.key, candidate.call.instrument.key,
                Contracts(plan.lots), by,
            )
        )  # fmt: skip
        recorder.say("info", f"🚀 Entering {plan.view.title.removeprefix('ENTER ')} as {trade_id}")
        self._wake()
        return done(f"entering {trade_id}")

    async def _confirm_close(self, plan: Planned, by: str) -> Outcome:
        flatten = plan.view.kind == "flatten"
        for trade_id in plan.trade_ids:
            if self._open_trade(trade_id) is None:
                continue
            if flatten:
                self._legs.flattening.add(trade_id)
            await self._legs.begin_close(trade_id, by)
        if flatten:
            self._src.hedger.flatten()
        self._wake()
        return done(f"closing {', '.join(plan.trade_ids) or 'the hedge'}")


def _terms(orders: tuple[od.OrderDraft, ...]) -> list[tuple[str, str, int]]:
    return [(order.instrument_key, order.side.value, order.quantity) for order in orders]


def _placed(outcome: Placed | Refusal) -> Outcome:
    if isinstance(outcome, Refusal):
        hint = "wait for its end" if outcome.code is Denial.IN_FLIGHT else ""
        return refused(outcome.code.value, outcome.message, hint)
    intent = outcome.intent
    if intent.state is od.IntentState.ABANDONED:
        return refused("not-sent", f"#{intent.number} was not sent: the desk changed meanwhile")
    return done(f"#{intent.number} {intent.draft.describe()} {intent.state.value}")


Handler = Callable[[Any, str], Awaitable[Outcome]]


def handlers(switches: Switches, trading: Trading) -> dict[type, Handler]:
    """Return the handler of every command type."""
    return {
        cm.EnableStrategy: switches.enable,
        cm.SwitchAuto: switches.auto,
        cm.SetBand: switches.band,
        cm.Arm: switches.arm,
        cm.Disarm: switches.disarm,
        cm.Freeze: switches.freeze,
        cm.Unfreeze: switches.unfreeze,
        cm.CancelOrder: switches.cancel,
        cm.CancelAll: switches.cancel_all,
        cm.Reconcile: switches.reconcile,
        cm.ResolveUnknown: switches.resolve,
        cm.Scan: trading.scan,
        cm.PreviewHedge: trading.preview_hedge,
        cm.PreviewEntry: trading.preview_entry,
        cm.PreviewClose: trading.preview_close,
        cm.PreviewFlatten: trading.preview_flatten,
        cm.Confirm: trading.confirm,
    }


async def guarded(work: Awaitable[Outcome]) -> Outcome:
    """Turn a lost broker, a lost journal or impossible data into a refusal."""
    try:
        return await work
    except HedgetuiError as error:
        return refused(error.code, error.message, error.hint or "the desk goes on by itself")
