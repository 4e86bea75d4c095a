"""The state machine of a defended trade: T1 to T15 as data, and one pure step.

`evaluate` looks at one trade at one moment and says what changes and what is wished. A transition
whose truth lies at the broker (a hedge that stands, legs that are gone) is named with what it
needs: the state follows the proof, never the wish, and the wish is repeated until the proof is
there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hedgetui.domain.dtms.guards import Check, Counters, Guard, Scene, View
from hedgetui.domain.dtms.model import ActionKind, Rules, State, Trade
from hedgetui.domain.units import Timestamp

__all__ = [
    "TRANSITIONS", "Counters", "Guard", "Move", "Transition", "Verdict", "View", "Wish",
    "deadlines", "evaluate", "guards_of", "operator_move",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """An action the machine wants; the outbox makes a target of it."""

    kind: ActionKind
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Move:
    """A change of state."""

    rule: str
    after: State
    why: str
    needs: ActionKind | None = None
    """None: made at once. Else made when this action's effect is proven at the broker."""
    arms_breakeven: bool = False
    """The stop goes to break-even once the trade has come back far enough."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one evaluation says."""

    counters: Counters
    move: Move | None
    wishes: tuple[Wish, ...]
    guards: tuple[Guard, ...]
    """Of the transitions that could come next."""
    refused: str = ""
    """Why an opening that was due is not made."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table; `checks` is all that must hold."""

    rule: str
    before: tuple[State, ...]
    after: State
    words: str
    checks: Callable[[Scene], tuple[Check, ...]]
    needs: ActionKind | None = None
    action: ActionKind | None = None
    """What follows a move that is made at once."""
    factual: bool = False
    """A timer or a fact: goes on without a score and within the grace after adoption."""
    by_operator: bool = False


_OPEN = (
    State.HEALTHY, State.WARNING_L1, State.WARNING_L2, State.HEDGED, State.RECOVERING,
)  # fmt: skip
_UNHEDGED = (State.HEALTHY, State.WARNING_L1, State.WARNING_L2, State.RECOVERING)


def _t1(scene: Scene) -> tuple[Check, ...]:
    level = scene.at_most(scene.rules.l1_score, scene.counters.l1)
    return (level,) if scene.bare else (level, scene.u_below(scene.rules.l1_u))


def _t2(scene: Scene) -> tuple[Check, ...]:
    return (scene.at_least(scene.rules.calm_score, scene.counters.calm),)


def _t3(scene: Scene) -> tuple[Check, ...]:
    level = scene.at_most(scene.rules.l2_score, scene.counters.l2)
    if scene.bare:
        return (level,)
    return level, scene.dwell(), scene.u_at_most(scene.rules.l2_u)


def _t4(scene: Scene) -> tuple[Check, ...]:
    return (scene.at_least(scene.rules.ease_score, scene.counters.ease),)


def _t5(scene: Scene) -> tuple[Check, ...]:
    level, left = scene.against(), scene.hedges_left()
    if scene.bare:
        return level, left
    return level, scene.dwell(), scene.u_at_most(scene.rules.hedge_u), left, scene.spread()


def _t6(scene: Scene) -> tuple[Check, ...]:
    return (scene.deadline("flat deadline", scene.trade.flat_at),)


def _t7(scene: Scene) -> tuple[Check, ...]:
    return (scene.broken_against(),)


def _t8(scene: Scene) -> tuple[Check, ...]:
    return scene.hedge_stands(), scene.turned()


def _t9(scene: Scene) -> tuple[Check, ...]:
    return (scene.hedge_gone(),)


def _t10(scene: Scene) -> tuple[Check, ...]:
    return (scene.at_least(scene.rules.recovered_score, scene.counters.recovered),)


def _t11(scene: Scene) -> tuple[Check, ...]:
    level = scene.at_most(scene.rules.l2_score, scene.counters.l2)
    # Past the deadline a hedge that cannot be opened must not keep T13 from closing.
    rest = (scene.hedges_left(), scene.before("recovery deadline", scene.trade.recover_by))
    return (level, *rest) if scene.bare else (level, scene.dwell(), *rest)


def _t12(scene: Scene) -> tuple[Check, ...]:
    late = scene.deadline("recovery deadline", scene.trade.recover_by)
    return late, scene.overdue_score(good=True)


def _t13(scene: Scene) -> tuple[Check, ...]:
    late = scene.deadline("recovery deadline", scene.trade.recover_by)
    return late, scene.overdue_score(good=False)


def _t14(scene: Scene) -> tuple[Check, ...]:
    gone = scene.view.main_gone
    return ((f"position gone: {gone}", True) if gone else ("position gone", False),)


def _t15(_: Scene) -> tuple[Check, ...]:
    return (("operator's key", False),)


TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        "T14", _OPEN, State.CLOSED, "main leg gone, proven by an OUT deal", _t14, factual=True
    ),
    Transition(
        "T6", (State.HEDGED,), State.CLOSED, "flat deadline", _t6, ActionKind.CLOSE_ALL,
        factual=True,
    ),
    Transition(
        "T7", (State.HEDGED,), State.CLOSED, "structure broke against, after the hedge", _t7,
        ActionKind.CLOSE_ALL,
    ),
    Transition(
        "T1", (State.HEALTHY,), State.WARNING_L1, "score ≤ -2 twice, u < 0.5", _t1,
        action=ActionKind.TIGHTEN_SL,
    ),
    Transition("T2", (State.WARNING_L1,), State.HEALTHY, "score ≥ 0 twice", _t2),
    Transition(
        "T3", (State.WARNING_L1,), State.WARNING_L2, "score ≤ -4 twice, 10 min, u ≤ -0.10", _t3,
        action=ActionKind.PARTIAL_CLOSE,
    ),
    Transition("T4", (State.WARNING_L2,), State.WARNING_L1, "score ≥ -2 twice", _t4),
    Transition(
        "T5", (State.WARNING_L2,), State.HEDGED,
        "score ≤ -6 or confluence, 10 min, u ≤ -0.25, hedges < 2, spread ≤ 2× median", _t5,
        ActionKind.OPEN_HEDGE,
    ),
    Transition(
        "T8", (State.HEDGED,), State.RECOVERING,
        "structure broke in favour, or score ≥ -1 after ≥ -2", _t8, ActionKind.CLOSE_HEDGE,
    ),
    Transition(
        "T9", (State.HEDGED,), State.RECOVERING, "hedge closed by its own stop or target", _t9,
        factual=True,
    ),
    Transition(
        "T10", (State.RECOVERING,), State.HEALTHY, "score ≥ +1 twice", _t10,
        action=ActionKind.RE_ADD,
    ),
    Transition(
        "T11", (State.RECOVERING,), State.HEDGED, "score ≤ -4 twice, 10 min, hedges < 2", _t11,
        ActionKind.OPEN_HEDGE,
    ),
    Transition(
        "T12", (State.RECOVERING,), State.WARNING_L1, "recovery deadline, score > -2", _t12,
        factual=True,
    ),
    Transition(
        "T13", (State.RECOVERING,), State.CLOSED, "recovery deadline, score ≤ -2", _t13,
        ActionKind.CLOSE_ALL, factual=True,
    ),
    Transition(
        "T15", _OPEN, State.CLOSED, "operator: close", _t15, ActionKind.CLOSE_ALL,
        by_operator=True,
    ),
    Transition(
        "T15", _UNHEDGED, State.HEDGED, "operator: hedge now", _t15, ActionKind.OPEN_HEDGE,
        by_operator=True,
    ),
    Transition(
        "T15", (State.HEDGED,), State.RECOVERING, "operator: unhedge", _t15,
        ActionKind.CLOSE_HEDGE, by_operator=True,
    ),
)  # fmt: skip
"""In the order in which they are tried: T14, T6, T7, then the rows."""

_FROM: dict[State, tuple[Transition, ...]] = {
    state: tuple(row for row in TRANSITIONS if state in row.before and not row.by_operator)
    for state in State
}
_ACTIONS = {row.rule: row.action for row in TRANSITIONS if row.action is not None}


def evaluate(trade: Trade, counters: Counters, view: View, rules: Rules) -> Verdict:
    """Look at one trade once.

    At most one transition, in the order of `TRANSITIONS`. Transitions that need a score are made
    only by a deep evaluation, and not within the grace after adoption; timers and facts always.

    Args:
        trade: as the journal has it.
        counters: what the previous evaluation of this trade returned, `Counters()` after a doubt.
        view: the moment.
        rules: the thresholds.
    """
    scene = Scene(trade, counters, view, rules)
    guards: list[Guard] = []
    move: Move | None = None
    refused = ""
    for row in _FROM[trade.state]:
        checks = row.checks(scene)
        guards += [Guard(row.rule, trade.state, row.after, words, ok) for words, ok in checks]
        if move is not None or not (_allowed(row, scene) and all(ok for _, ok in checks)):
            continue
        needs = _need(scene, row)
        if needs is not None and needs.opens and view.opening_blocked:
            refused = f"{row.rule} to {row.after} held back: {view.opening_blocked}"
            continue
        why = "; ".join(words for words, _ in checks)
        move = Move(row.rule, row.after, why, needs, row.after is State.WARNING_L2)
    wishes = _standing(scene) if move is None else _following(scene, move)
    if view.opening_blocked and any(wish.kind.opens for wish in wishes):
        refused = f"re_add held back: {view.opening_blocked}"
        wishes = tuple(wish for wish in wishes if not wish.kind.opens)
    return Verdict(scene.counters, move, wishes, tuple(guards), refused)


def guards_of(trade: Trade, counters: Counters, view: View, rules: Rules) -> tuple[Guard, ...]:
    """Return the guards of the transitions that could come next, for the screen."""
    scene = Scene(trade, counters, view, rules)
    return tuple(
        Guard(row.rule, trade.state, row.after, words, ok)
        for row in _FROM[trade.state]
        for words, ok in row.checks(scene)
    )


def deadlines(
    after: State, at: Timestamp, rules: Rules
) -> tuple[Timestamp | None, Timestamp | None]:
    """Return the flat and the recovery deadline of a state entered at `at`.

    Absolute moments: a restart neither stretches nor forgets them.
    """
    if after is State.HEDGED:
        return Timestamp(at + rules.flat_after), None
    if after is State.RECOVERING:
        return None, Timestamp(at + rules.recover_within)
    return None, None


def operator_move(trade: Trade, kind: ActionKind) -> Move | None:
    """Return the T15 transition an operator's action makes when proven; None for no change."""
    for row in TRANSITIONS:
        if row.by_operator and row.needs is kind and trade.state in row.before:
            return Move(row.rule, row.after, row.words, kind)
    return None


def _allowed(row: Transition, scene: Scene) -> bool:
    return row.factual or (scene.view.deep and not scene.in_grace)


def _need(scene: Scene, row: Transition) -> ActionKind | None:
    """Return what must be proven before the state changes."""
    hedge = scene.trade.hedge
    orphan = hedge is not None and not hedge.virtual and not scene.view.hedge_gone
    if row.rule == "T14" and orphan:
        # The trade stays watched until its orphan is gone, or nobody would close it.
        return ActionKind.CLOSE_HEDGE
    return row.needs


def _following(scene: Scene, move: Move) -> tuple[Wish, ...]:
    """Return what a move needs, or what follows from it."""
    if move.needs is not None:
        return (Wish(move.needs, move.rule, move.why),)
    kind = _ACTIONS.get(move.rule)
    trade = scene.trade
    done = {
        ActionKind.PARTIAL_CLOSE: trade.halved,
        ActionKind.RE_ADD: not scene.rules.re_add or trade.closed_volume <= 0,
    }
    if kind is None or done.get(kind, False):
        return ()
    return (Wish(kind, move.rule, move.why),)


def _standing(scene: Scene) -> tuple[Wish, ...]:
    """Return what a state wishes for as long as it is not done."""
    trade, view = scene.trade, scene.view
    if trade.state is State.WARNING_L2 and not trade.halved and view.deep:
        why = "the partial close of WARNING_L2 is not done yet"
        return (Wish(ActionKind.PARTIAL_CLOSE, "T3", why),)
    if trade.breakeven_armed and view.u is not None and view.u >= scene.rules.breakeven_u:
        stop = trade.sl
        secured = stop is not None and trade.side.sign * (stop - trade.entry) >= 0
        if not secured:
            why = f"u {view.u:+.2f} ≥ {scene.rules.breakeven_u:+.2f}, armed in WARNING_L2"
            return (Wish(ActionKind.BREAKEVEN_SL, "T3", why),)
    return ()
