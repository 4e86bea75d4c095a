"""What each command does. A refusal is an `Outcome` with words and a hint, never an exception.

Here are those that lead to orders; the others are in `switches`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hedgetui.domain import commands as cm
from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.errors import HedgetuiError
from hedgetui.domain.risk import Denial, Refusal
from hedgetui.domain.units import Contracts
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.decide import Trigger
from hedgetui.engine.context import Contexts
from hedgetui.engine.executor import Placed
from hedgetui.engine.market import Market, option_keys
from hedgetui.engine.previews import Planned, Planner
from hedgetui.engine.services.legs import LegWorker
from hedgetui.engine.services.roller import Roller
from hedgetui.engine.switches import Switches, done, refused
from hedgetui.engine.views import Sources
from hedgetui.ports.desk import Outcome
from hedgetui.ports.ids import IdSource

_PREVIEWS_KEPT = 8


class Trading:
    """Commands that lead to orders: preview, then confirm."""

    def __init__(
        self,
        sources: Sources,
        contexts: Contexts,
        legs: LegWorker,
        roller: Roller,
        market: Market,
        *,
        identities: IdSource,
        wake: Callable[[], None],
    ) -> None:
        self._src = sources
        self._planner = Planner(sources, contexts)
        self._legs = legs
        self._roller = roller
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
        plan = await self._planner.hedge(accept_stale=command.accept_stale)
        if isinstance(plan, str):
            stale = plan.startswith(("greeks stale", "no greeks"))
            hint = "accept own model greeks (≈) to hedge all the same" if stale else ""
            code = "stale-greeks" if stale else "nothing-to-do"
            if not stale:
                self._src.parts.recorder.say("info", f"🟢 {plan}")
            return refused(code, plan, hint)
        return self._show(plan)

    async def preview_roll(self, _: cm.PreviewRoll, __: str) -> Outcome:
        """Plan the way out of a month that ends."""
        await self._market.watch()
        steps = self._src.orders.roll_steps()
        months = (month.key for step in steps for month in (step.out_of, step.into))
        await self._quotes_of(frozenset(months))
        plan = await self._planner.roll()
        if isinstance(plan, Planned):
            return self._show(plan)
        if isinstance(plan, Refusal):
            return _placed(plan)
        return refused("nothing-to-do", plan)

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
            case "roll":
                return await self._confirm_roll(plan)
            case "enter":
                return await self._confirm_entry(plan, by)
            case _:
                return await self._confirm_close(plan, by)

    async def _confirm_hedge(self, plan: Planned) -> Outcome:
        again = await self._planner.hedge(accept_stale=plan.accept_stale)
        if isinstance(again, str):
            return refused("book-moved", again, "preview again")
        if _terms(again.orders) != _terms(plan.orders):
            return self._look_again(again)
        decision = self._src.orders.decision(Trigger.MANUAL, accept_stale=plan.accept_stale)
        self._contexts.accept_stale = plan.accept_stale
        try:
            outcome = await self._src.orders.place(again.orders[0], Trigger.MANUAL, decision)
        finally:
            self._contexts.accept_stale = False
        return _placed(outcome)

    async def _confirm_roll(self, plan: Planned) -> Outcome:
        again = await self._planner.roll()
        if not isinstance(again, Planned):
            words = again if isinstance(again, str) else again.message
            return refused("book-moved", words, "preview again")
        if _terms(again.orders) != _terms(plan.orders):
            return self._look_again(again)
        outcome = await self._roller.begin(again.steps)
        if isinstance(outcome, Refusal):
            return _placed(outcome)
        first, second = outcome
        if isinstance(second, Refusal) or second.intent.state is od.IntentState.ABANDONED:
            return _half_sent(first, second)
        return done(f"{_placed(first).message}, {_placed(second).message}")

    def _look_again(self, plan: Planned) -> Outcome:
        self._keep(plan)
        return Outcome(ok=False, code="book-moved", message="the book moved: look again",
                       preview=plan.view)  # fmt: skip

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


def _half_sent(first: Placed, second: Placed | Refusal) -> Outcome:
    """Return what is to be said about a roll of which at most one order left."""
    if first.intent.state is od.IntentState.ABANDONED:
        return _placed(first)
    why = second.message if isinstance(second, Refusal) else _placed(second).message
    message = f"half a roll: #{first.intent.number} {first.intent.draft.describe()} left alone"
    return refused("half-roll", f"{message}: {why}", "see the log for what mends it")


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
        cm.PreviewRoll: trading.preview_roll,
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
