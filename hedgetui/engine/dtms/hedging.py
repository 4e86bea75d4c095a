"""Opening a hedge: adopt the one that stands, or the ladder down to what the broker allows.

First the plan, then a half and a quarter of it while money is short, then the position itself is
reduced. Where opposite positions are refused the position is reduced at once. A stop that is
refused comes after the fill; until the broker has it, the desk watches it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from hedgetui.domain.dtms import actions
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.actions import Plan, Skip
from hedgetui.domain.dtms.model import ActionKind, ActionState, HedgeMode, State, Trade
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.mt5.identity import label, magic_of, parse_magic
from hedgetui.domain.mt5.records import Incomplete, Lots, MarginCheck, Position
from hedgetui.domain.mt5.retcodes import CODES, Meaning
from hedgetui.domain.text import safe
from hedgetui.engine.dtms import words
from hedgetui.engine.dtms.adoption import hedge_found
from hedgetui.engine.dtms.consequences import IN_PART, NOT_HEDGED
from hedgetui.engine.dtms.errands import Acted, Attempt, Ended, Errand, Refused, Scene, acted
from hedgetui.engine.dtms.gate import Gate
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.scenes import Scenes
from hedgetui.engine.dtms.settling import Settler
from hedgetui.engine.dtms.trying import Trying

RUNGS = (1.0, 0.5, 0.25)
"""Shares of the planned hedge that are tried while money is short."""
_PASSES = frozenset({0, 10009})


@dataclass
class _Rung:
    """What became of one step of the ladder before it was sent."""

    short: str = ""
    """Why money is short for it."""
    planned: Plan | None = None


class Hedging:
    """Opens hedges."""

    def __init__(
        self, parts: DefenceParts, gate: Gate, scenes: Scenes, trying: Trying, settler: Settler
    ) -> None:
        self._parts = parts
        self._gate = gate
        self._scenes = scenes
        self._trying = trying
        self._settler = settler

    async def open(self, errand: Errand) -> Acted:
        """Make one hedge stand, or say why none does."""
        standing = await self._adopted(errand)
        if standing is not None:
            return standing
        first: Plan | None = None
        short = ""
        for ratio in RUNGS[:1] if errand.by_hand else RUNGS:
            rung = _Rung()
            ended = await self._trying.run(errand, self._planner(ratio, rung))
            first = first or rung.planned
            if short and isinstance(ended, Skip) and ended.code == "too-small":
                break
            now_short = rung.short or _no_money(ended)
            if not now_short:
                return await self._after(errand, ended, ratio, first)
            short = now_short
            self._parts.recorder.say(
                "warn",
                f"💸 {safe(errand.symbol)} hedge at {ratio:.0%} of plan: {short}",
                errand.why,
            )
        if errand.by_hand:
            # What a person confirmed is this volume as a hedge, and nothing else.
            return Acted(None, "no-money", short)
        return await self._reduce_instead(errand, first, short)

    def plan(self, scene: Scene, ratio: float = 1.0, *, stop: bool = True) -> Plan | Skip:
        """Return the hedge of a trade as it is now."""
        trade, position = scene.trade, scene.position
        if position is None:
            return Skip("gone", "the position is not there")
        if trade.hedge is not None or _standing(scene) is not None:
            # Asked before every try: a refusal is the server's word, the position is a fact.
            return Skip("holds", "a hedge stands")
        if position.volume != trade.volume:
            words_ = f"the position holds {position.volume}, not {trade.volume}: look again"
            return Skip("changed", words_)
        rules = self._parts.settings.rules
        if trade.symbol in self._gate.no_hedge:
            rules = replace(rules, hedge_mode=HedgeMode.REDUCE)
        plan = actions.hedge(
            trade, position, scene.spec, scene.tick,
            self._parts.board.hedge_atr.get(trade.symbol), rules, scene.look.account, ratio,
        )  # fmt: skip
        if isinstance(plan, Skip) or stop or plan.request.sl is None:
            return plan
        note = "opened without a stop, which follows"
        return replace(plan, request=replace(plan.request, sl=None), note=note)

    # --- what stands already -----------------------------------------------------------------

    async def _adopted(self, errand: Errand) -> Acted | None:
        """Take over a hedge of ours that the journal does not know; None when there is none."""
        scene = await self._scenes.read(errand)
        if isinstance(scene, Refused):
            return acted(scene)
        found = _standing(scene)
        if found is None or scene.trade.hedge is not None:
            return None
        trade, rule = scene.trade, errand.rule
        hedge = hedge_found(found, self._parts.book.actions_of(trade.identifier))
        why = f"a hedge of ours stands already: #{found.ticket}"
        consequences = self._settler.consequences
        events = [
            fx.HedgeOpened(trade.identifier, hedge),
            *consequences.moved(trade, State.HEDGED, rule, f"{errand.why}; {why}", hedge.at),
        ]
        await self._parts.recorder.record(*events)
        self._settler.tell(None, events)
        return Acted(ActionState.DONE, "adopted", why)

    # --- the ladder --------------------------------------------------------------------------

    def _planner(
        self, ratio: float, rung: _Rung, *, stop: bool = True
    ) -> Callable[[Scene], Awaitable[Plan | Skip]]:
        async def make(scene: Scene) -> Plan | Skip:
            plan = self.plan(scene, ratio, stop=stop)
            if isinstance(plan, Skip):
                return plan
            if rung.planned is None:
                rung.planned = plan
            if plan.request.position:
                return plan  # a reduction needs no money
            refusal = await self._money(plan, rung)
            return plan if refusal is None else refusal

        return make

    async def _money(self, plan: Plan, rung: _Rung) -> Skip | None:
        """Ask what the hedge does to the margin; not knowing is a no."""
        try:
            check = await self._parts.port.check(plan.request)
        except BrokerUnreachable as error:
            return Skip("margin-unknown", f"margin unknown: {error.message}")
        if isinstance(check, Incomplete):
            return Skip("margin-unknown", f"margin unknown: {check.why}")
        rung.short = _short(check, self._parts.settings.rules.min_margin_level)
        return Skip("no-money", rung.short) if rung.short else None

    async def _reduce_instead(self, errand: Errand, first: Plan | None, short: str) -> Acted:
        """Take the planned volume off the position itself, once a trade; say it is not hedged."""
        trade = self._parts.book.trades[errand.trade]
        if first is None or self._reduced_before(trade):
            if not trade.degraded.startswith(NOT_HEDGED):
                await self._degrade(errand, f"{NOT_HEDGED}: {short}")
            return Acted(None, "no-money", short)
        instead = replace(
            errand, kind=ActionKind.PARTIAL_CLOSE, by=f"{errand.by} (no money)",
            why=f"no money for a hedge: {short}; {errand.why}",
        )  # fmt: skip
        ended = await self._trying.run(instead, _reducer(first.volume))
        reduced = isinstance(ended, Attempt) and ended.done
        done = f"reduced by {ended.action.filled}" if isinstance(ended, Attempt) else ""
        await self._degrade(errand, f"{NOT_HEDGED}: {short}; {done if reduced else 'not reduced'}")
        return replace(acted(ended), code="no-money")

    def _reduced_before(self, trade: Trade) -> bool:
        """Whether a want of money reduced it before; a wish of the machine comes again and again.

        A partial close under a hedge's rule is nothing else.
        """
        return any(
            action.kind is ActionKind.PARTIAL_CLOSE
            and action.rule in {"T5", "T11"}
            and action.state is ActionState.DONE
            for action in self._parts.book.actions_of(trade.identifier)
        )

    # --- refusals that have another way ------------------------------------------------------

    async def _after(self, errand: Errand, ended: Ended, ratio: float, first: Plan | None) -> Acted:
        if not isinstance(ended, Attempt):
            return acted(ended)
        if ended.done and ratio < 1.0 and first is not None:
            line = f"{IN_PART}: {ended.action.filled} of {first.volume}, money is short"
            await self._degrade(errand, line)
        match ended.meaning:
            case Meaning.LIMITS | Meaning.RULE:
                return await self._where_not_allowed(errand, ended)
            case Meaning.BAD_LEVEL:
                planner = self._planner(ratio, _Rung(), stop=False)
                return acted(await self._trying.run(errand, planner))
            case _:
                return ended.acted()

    async def _where_not_allowed(self, errand: Errand, ended: Attempt) -> Acted:
        """Mark the symbol and reduce instead: the virtual hedge counts as one."""
        if errand.symbol in self._gate.no_hedge:
            return ended.acted()
        self._gate.no_hedge[errand.symbol] = ended.action.message
        if errand.by_hand:
            return ended.acted()
        self._parts.recorder.say(
            "warn",
            f"↩️ {safe(errand.symbol)}: no opposite positions here ({ended.action.message}): "
            f"the position is reduced instead",
            errand.why,
        )
        return acted(await self._trying.run(errand, self._planner(1.0, _Rung())))

    async def _degrade(self, errand: Errand, why: str) -> None:
        trade = self._parts.book.trades[errand.trade]
        if trade.degraded == why:
            return
        await self._parts.recorder.record(fx.DefenceDegraded(errand.trade, why))
        self._parts.recorder.say("alarm", f"🛑 {words.name(trade)}: {why}", errand.why)


def _reducer(volume: Lots) -> Callable[[Scene], Awaitable[Plan | Skip]]:
    """Return a planner that closes `volume` of the position in place of a hedge."""

    async def make(scene: Scene) -> Plan | Skip:
        if scene.position is None:
            return Skip("gone", "the position is not there")
        trade, kind = scene.trade, ActionKind.PARTIAL_CLOSE
        made = actions.reduce(trade, scene.position, scene.spec, scene.tick, volume)
        if isinstance(made, Skip):
            return made
        magic = magic_of(kind, trade.cycle + 1, trade.identifier)
        request = replace(made.request, magic=magic, comment=label(kind, trade.ticket))
        return replace(made, kind=kind, request=request, note="in place of a hedge")

    return make


def _standing(scene: Scene) -> Position | None:
    """Return a position that is a hedge of the trade by its magic number, whatever its cycle."""
    if not scene.look.account.hedging:
        return None
    trade = scene.trade
    for position in scene.look.positions:
        mark = parse_magic(position.magic)
        if mark is None or mark.kind is not ActionKind.OPEN_HEDGE:
            continue
        opposite = position.side is not trade.side and position.symbol == trade.symbol
        if mark.of(trade.identifier) and opposite:
            return position
    return None


def _no_money(ended: Ended) -> str:
    if isinstance(ended, Attempt) and ended.meaning is Meaning.NO_MONEY:
        return ended.action.message
    return ""


def _short(check: MarginCheck, least: float) -> str:
    """Return why money is short; other objections are left to the server's own answer."""
    if CODES.get(check.retcode, ("", None, ""))[1] is Meaning.NO_MONEY:
        return f"{check.retcode} not enough money, {check.margin_free:.2f} would be free"
    if check.retcode not in _PASSES or check.margin_level is None:
        return ""
    if check.margin_level < least:
        return f"margin level after would be {check.margin_level:.0f} %, below {least:.0f} %"
    return ""
