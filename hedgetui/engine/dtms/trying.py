"""Trying one thing until it is done, refused for good, or for the next evaluation to decide.

Every try reads everything anew, plans anew and is an action of its own. What may be tried again,
how often and how fast is said by the class of the answer; everything else ends here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hedgetui.domain.dtms.actions import Plan, Skip
from hedgetui.domain.dtms.model import ActionKind, ActionState
from hedgetui.domain.mt5.records import SymbolSpec
from hedgetui.domain.mt5.retcodes import Meaning
from hedgetui.engine.dtms import words
from hedgetui.engine.dtms.errands import Attempt, Ended, Errand, Refused, Scene
from hedgetui.engine.dtms.gate import Gate
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.scenes import Scenes
from hedgetui.engine.dtms.sending import Sender

Planner = Callable[[Scene], Awaitable[Plan | Skip]]
"""Makes the request of a try from the present."""

COLLAR_DEVIATIONS, COLLAR_SPREADS = 3, 3
"""A new price may be so many deviations or spreads from the first one, whichever is more."""
_ONCE = frozenset({Meaning.STALE_VIEW, Meaning.BAD_FILL})
"""Refusals after which one more try with a fresh view makes sense."""


@dataclass
class _Tries:
    """What earlier tries of the same errand showed."""

    first_price: float | None = None
    once: set[Meaning] = field(default_factory=set)


class Trying:
    """Runs the tries of an errand."""

    def __init__(self, parts: DefenceParts, gate: Gate, scenes: Scenes, sender: Sender) -> None:
        self._parts = parts
        self._gate = gate
        self._scenes = scenes
        self._sender = sender

    async def run(self, errand: Errand, planner: Planner) -> Ended:
        """Try until there is nothing more to try now.

        Raises:
            SlotTaken: another action of the symbol is not over.
            StoreError: the journal cannot be written.
        """
        tries = _Tries()
        while True:
            refused = self._gate.refusal(errand)
            if refused is not None:
                return refused
            scene = await self._scenes.read(errand)
            if isinstance(scene, Refused):
                return scene
            plan = await planner(scene)
            if isinstance(plan, Skip):
                return plan
            strayed = self._strayed(tries, plan, scene.spec, scene.tick.spread)
            if strayed:
                return Refused("price-moved", strayed)
            attempt = await self._sender.send(errand, plan, scene)
            self._learn(errand, attempt, scene)
            wait = self._again(errand, attempt, tries)
            if wait is None:
                return attempt
            await self._parts.clock.sleep(wait)

    def _strayed(self, tries: _Tries, plan: Plan, spec: SymbolSpec, spread: float) -> str:
        """Return why a new price is too far from the one the decision was made on."""
        if plan.request.price is None:
            return ""
        price = float(plan.request.price)
        if tries.first_price is None:
            tries.first_price = price
            return ""
        deviation = self._parts.settings.deviation * spec.point
        collar = max(COLLAR_DEVIATIONS * deviation, COLLAR_SPREADS * spread)
        away = abs(price - tries.first_price)
        if away <= collar:
            return ""
        first = f"{tries.first_price:.{spec.digits}f}"
        return f"the price went from {first} to {price:.{spec.digits}f}: decide anew"

    def _again(self, errand: Errand, attempt: Attempt, tries: _Tries) -> float | None:
        """Return how long to wait for the next try; None when this was the last one."""
        judgement = attempt.judgement
        if judgement is None or attempt.state is not ActionState.FAILED:
            return None
        meaning = judgement.meaning
        if meaning is Meaning.REQUOTE:
            return self._gate.price_refused(errand)
        if meaning is Meaning.TOO_MANY:
            return self._gate.throttle()
        absent_once = meaning is Meaning.UNCLEAR and judgement.retry_once
        level_once = meaning is Meaning.BAD_LEVEL and errand.kind is not ActionKind.OPEN_HEDGE
        if (meaning in _ONCE or absent_once or level_once) and meaning not in tries.once:
            tries.once.add(meaning)
            return 0.0
        return None

    def _learn(self, errand: Errand, attempt: Attempt, scene: Scene) -> None:
        """Remember what an answer says about the symbol and the account."""
        if attempt.done and errand.by_hand:
            self._gate.halted = ""
        match attempt.meaning:
            case Meaning.MARKET_CLOSED:
                self._gate.market_closed(scene.tick)
            case Meaning.PERMISSION if not self._gate.halted:
                self._gate.halted = f"trading stopped: {attempt.action.message}"
                line = f"🛑 {self._gate.halted}; {words.name(scene.trade)} is not defended"
                hint = "a person must act; a new session or an action by hand starts it again"
                self._parts.recorder.say("alarm", line, hint)
            case _:
                pass
