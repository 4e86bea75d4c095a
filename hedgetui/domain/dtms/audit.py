"""The outside checker of the defence: its own table of edges, its own count of legs.

It follows the journal and at the end lays the broker's deals and positions beside it. It shares no
rule with the machine on purpose, so that a run that says zero has been looked at twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.book import DefenceBook, fold
from hedgetui.domain.dtms.model import ActionKind, ActionState, State, Trade
from hedgetui.domain.events import Fact
from hedgetui.domain.mt5.identity import is_ours
from hedgetui.domain.mt5.records import Deal, DealEntry, Magic, Position, PositionId

Say = Callable[[int, int, str], None]
"""Takes the number of an invariant, the place in the journal, words."""

_H, _1, _2 = State.HEALTHY, State.WARNING_L1, State.WARNING_L2
_G, _R, _X = State.HEDGED, State.RECOVERING, State.CLOSED

EDGES: frozenset[tuple[str, State, State]] = frozenset(
    {
        ("T1", _H, _1), ("T2", _1, _H), ("T3", _1, _2), ("T4", _2, _1), ("T5", _2, _G),
        ("T6", _G, _X), ("T7", _G, _X), ("T8", _G, _R), ("T9", _G, _R), ("T10", _R, _H),
        ("T11", _R, _G), ("T12", _R, _1), ("T13", _R, _X),
        *(("T14", state, _X) for state in (_H, _1, _2, _G, _R)),
        *(("T15", state, goal) for state in (_H, _1, _2, _G, _R) for goal in (_G, _R, _X)),
    }
)  # fmt: skip
"""Every way a trade may go, written down a second time."""

_STEPS = {
    ActionState.PLANNED: {ActionState.SENT, ActionState.FAILED},
    ActionState.SENT: {ActionState.DONE, ActionState.FAILED, ActionState.UNKNOWN},
    ActionState.UNKNOWN: {ActionState.DONE, ActionState.FAILED},
}


@dataclass(frozen=True, slots=True)
class VenueHistory:
    """What the broker says happened."""

    deals: Iterable[Deal]
    positions: Iterable[Position]


class DefenceAuditor:
    """Follows facts; calls `say` for every broken promise."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._book = DefenceBook()
        self._kinds: set[tuple[PositionId, ActionKind, int]] = set()
        self._magics: dict[Magic, str] = {}
        self._seq = 0

    def take(self, fact: Fact) -> None:
        """Judge one fact; those of the other half of the desk are none of its business."""
        if not isinstance(fact.event, fx.DEFENCE_TYPES):
            return
        self._seq = fact.seq
        match fact.event:
            case fx.ActionPlanned():
                self._planned(fact.event)
            case fx.ActionMoved():
                self._action_moved(fact.event)
            case fx.DefenceMoved():
                self._moved(fact.event)
            case fx.HedgeOpened():
                self._hedged(fact.event)
            case _:
                pass
        self._book = fold(self._book, fact)

    def _planned(self, event: fx.ActionPlanned) -> None:
        action = event.action
        busy = self._book.live_action(action.symbol)
        if busy is not None:
            words = f"{action.kind} of {action.trade} beside {busy.kind} of {busy.trade}"
            self._say(1, self._seq, f"second live action in {action.symbol}: {words}")
        key = (action.trade, action.kind, action.cycle)
        if key in self._kinds or action.action_id in self._book.actions:
            self._say(4, self._seq, f"{action.kind} of {action.trade} planned twice as one")
        self._kinds.add(key)
        if action.magic:
            self._magics[action.magic] = action.action_id
        trade = self._book.trades.get(action.trade)
        orphan = trade is not None and trade.hedge is not None
        unhedges = orphan and action.kind is ActionKind.CLOSE_HEDGE
        if trade is None or not (trade.open or unhedges):
            self._say(23, self._seq, f"{action.kind} for {action.trade}, which is not watched")
            return
        self._fits(trade, event)

    def _fits(self, trade: Trade, event: fx.ActionPlanned) -> None:
        """I-25 to I-27: no over-hedging, no looser stop, one partial close."""
        action = event.action
        if action.kind is ActionKind.OPEN_HEDGE:
            held = trade.hedge.volume if trade.hedge is not None else 0
            if action.volume + held > trade.volume:
                words = f"{action.volume} beside {held} on {trade.volume}"
                self._say(25, self._seq, f"hedge of {trade.ticket} larger than the trade: {words}")
        if action.kind is ActionKind.PARTIAL_CLOSE and trade.halved and action.by == "dtms":
            self._say(26, self._seq, f"{trade.ticket} halved a second time")
        stops = {ActionKind.TIGHTEN_SL, ActionKind.BREAKEVEN_SL}
        if action.kind in stops and action.level is not None and trade.sl is not None:
            better = trade.side.sign * (action.level - trade.sl)
            if better <= 0 and action.by == "dtms":
                self._say(27, self._seq, f"stop of {trade.ticket} loosened to {action.level}")

    def _action_moved(self, event: fx.ActionMoved) -> None:
        action = self._book.actions.get(event.action_id)
        if action is None:
            self._say(5, self._seq, f"unknown action {event.action_id} moved")
            return
        legal = event.after in _STEPS.get(action.state, set())
        if action.state is not event.before or not legal:
            words = f"{action.state} said to be {event.before} → {event.after}"
            self._say(5, self._seq, f"{action.kind} of {action.trade}: {words}")

    def _moved(self, event: fx.DefenceMoved) -> None:
        trade = self._book.trades.get(event.trade)
        if trade is None:
            self._say(23, self._seq, f"{event.trade} moved and is not watched")
            return
        if trade.state is not event.before or (event.rule, event.before, event.after) not in EDGES:
            words = f"{event.rule} {event.before} → {event.after}, was {trade.state}"
            self._say(23, self._seq, f"{trade.ticket}: {words}")
        if event.after is State.HEDGED and trade.hedge is None:
            self._say(24, self._seq, f"{trade.ticket} HEDGED without a hedge")

    def _hedged(self, event: fx.HedgeOpened) -> None:
        trade = self._book.trades.get(event.trade)
        if trade is None:
            return
        hedge = event.hedge
        if hedge.side is trade.side:
            self._say(25, self._seq, f"hedge of {trade.ticket} is on its own side")
        if trade.hedge is not None and not trade.hedge.virtual:
            self._say(24, self._seq, f"{trade.ticket} hedged twice")

    def compare(self, venue: VenueHistory) -> None:
        """Lay the broker's deals and positions beside the journal: the end of a run, all quiet."""
        opened: dict[Magic, set[PositionId]] = defaultdict(set)
        for deal in venue.deals:
            if not is_ours(deal.magic):
                continue
            if deal.magic not in self._magics:
                self._say(3, self._seq, f"deal {deal.ticket} has our magic and no action")
            if deal.entry is DealEntry.IN:
                opened[deal.magic].add(deal.position_id)
        for magic, positions in opened.items():
            if len(positions) > 1:
                self._say(4, self._seq, f"{len(positions)} positions of one action ({magic})")
        hedges = {
            trade.hedge.position for trade in self._book.trades.values() if trade.hedge is not None
        }
        watched = {trade.identifier for trade in self._book.open_trades}
        for position in venue.positions:
            ours = is_ours(position.magic)
            if ours and position.identifier not in hedges | watched:
                self._say(9, self._seq, f"position {position.ticket} is ours and in no trade")
