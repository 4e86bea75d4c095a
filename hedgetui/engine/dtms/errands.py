"""What the outbox works on: the errand, the fresh view it is planned from, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgetui.domain.dtms.actions import Plan, Skip
from hedgetui.domain.dtms.model import ActionKind, ActionRecord, ActionState, Trade
from hedgetui.domain.mt5.records import Look, Lots, Position, PositionId, SymbolSpec, Tick
from hedgetui.domain.mt5.retcodes import Judgement, Meaning
from hedgetui.domain.units import Timestamp


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of one wish."""

    state: ActionState | None
    """None: nothing was planned (skipped, refused, deferred)."""
    code: str
    """Stable: `done`, `adopted`, `in-flight`, `too-small`, `no-money`, …"""
    message: str
    action_id: str = ""


@dataclass(frozen=True, slots=True)
class Errand:
    """One wish on its way to becoming true."""

    trade: PositionId
    symbol: str
    kind: ActionKind
    rule: str
    why: str
    by: str
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a plan is made from, read a moment ago."""

    look: Look
    trade: Trade
    position: Position | None
    hedge: Position | None
    spec: SymbolSpec
    tick: Tick
    at: Timestamp
    """When the price was read; from here on the decision ages."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing may be planned now."""

    code: str
    words: str
    lasting: bool = False
    """A rule or a gate, worth a line in the journal; else it is a matter of seconds."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that was written down, and what became of it."""

    action: ActionRecord
    judgement: Judgement | None
    """None when it never left."""

    @property
    def state(self) -> ActionState:
        """Where the action stands."""
        return self.action.state

    @property
    def meaning(self) -> Meaning | None:
        """How it was refused; None when it was not, or when that is not what failed."""
        if self.judgement is None or not self.judgement.meaning.refused:
            return None
        return self.judgement.meaning

    @property
    def done(self) -> bool:
        """Whether its effect is proven."""
        return self.action.state is ActionState.DONE

    def acted(self) -> Acted:
        """Return it for whoever wished."""
        action = self.action
        code = action.state.value.lower() if self.meaning is None else self.meaning.name.lower()
        return Acted(action.state, code.replace("_", "-"), action.message, action.action_id)


Ended = Attempt | Refused | Skip
"""How trying ended."""


def acted(ended: Ended) -> Acted:
    """Return an end for whoever wished."""
    if isinstance(ended, Attempt):
        return ended.acted()
    return Acted(None, ended.code, ended.words)


def acts_on(plan: Plan, scene: Scene) -> tuple[PositionId, Lots]:
    """Return the position a plan acts on and its volume now; 0 for one that opens."""
    for position in (scene.position, scene.hedge):
        if position is not None and plan.request.position == position.ticket:
            return position.identifier, position.volume
    return PositionId(0), Lots(Decimal(0))
