"""What follows from a proof: the facts of hedge, volume, stop and state.

Nothing is read or written here; the records come back in the order in which they must be folded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from hedgetui.domain import events as ev
from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.actions import opposite
from hedgetui.domain.dtms.machine import TRANSITIONS, deadlines
from hedgetui.domain.dtms.model import ActionKind, ActionRecord, Hedge, State, Trade
from hedgetui.domain.mt5.records import Deal, Look, Lots, PositionId, Ticket
from hedgetui.domain.units import Timestamp
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.weighing import NOTHING, Evidence, opens
from hedgetui.engine.dtms.witness import Sighting

NOT_HEDGED = "not hedged"
"""How the degraded words begin that a later hedge ends."""
IN_PART = "hedged in part"
"""How those begin that end with the hedge."""
_CLOCKS_DIFFER_S = 120.0
"""A fill told to be earlier or later than this is dated by our own clock."""


class Legs(NamedTuple):
    """Which legs of a trade are proven closed, by which deals."""

    main: tuple[Deal, ...] | None
    hedge: tuple[Deal, ...] | None


class Consequences:
    """Makes facts out of proofs."""

    def __init__(self, parts: DefenceParts) -> None:
        self._parts = parts

    def of(
        self, trade: Trade, action: ActionRecord, sighting: Sighting, legs: Legs
    ) -> list[ev.Event]:
        """Return what follows from the proven effect of an action."""
        evidence, look = sighting.evidence, sighting.look
        match action.kind:
            case ActionKind.OPEN_HEDGE if opens(action):
                return self._hedged(trade, action, sighting, legs)
            case ActionKind.OPEN_HEDGE:
                return self._reduced(trade, action, sighting)
            case ActionKind.PARTIAL_CLOSE:
                return [self._amended(trade, look, action.why, evidence, halved=True)]
            case ActionKind.TIGHTEN_SL | ActionKind.BREAKEVEN_SL:
                armed = False if action.kind is ActionKind.BREAKEVEN_SL else None
                return [self._amended(trade, look, action.why, breakeven_armed=armed)]
            case ActionKind.SET_STOP:
                return self._stopped(trade, action, evidence)
            case ActionKind.CLOSE_HEDGE if opens(action):
                return self._bought_back(trade, action, sighting)
            case ActionKind.CLOSE_ALL | ActionKind.CLOSE_HEDGE:
                return self.closed(trade, look, legs, action.kind, action.rule, action.why)
            case ActionKind.RE_ADD:
                return [self._added(trade, look)]

    def _hedged(
        self, trade: Trade, action: ActionRecord, sighting: Sighting, legs: Legs
    ) -> list[ev.Event]:
        evidence = sighting.evidence
        if trade.hedge is not None and trade.hedge.position != evidence.position:
            words_ = f"a second hedge stands: position {evidence.position}"
            return [fx.DefenceDegraded(trade.identifier, words_)]
        position = sighting.look.position(evidence.position)
        broker_stop = None if position is None else position.sl
        level = broker_stop if broker_stop is not None else action.level
        at = self._filled_at(action, evidence)
        hedge = Hedge(
            position=evidence.position,
            ticket=ticket_of(action, sighting),
            side=opposite(trade.side),
            volume=evidence.filled,
            price=evidence.price or 0.0,
            sl=level,
            # Watched here until a look shows that the broker does.
            soft_sl=broker_stop is None and level is not None,
            at=at,
        )
        events: list[ev.Event] = [fx.HedgeOpened(trade.identifier, hedge)]
        if trade.degraded.startswith(NOT_HEDGED):
            events.append(fx.DefenceDegraded(trade.identifier, ""))
        if legs.main is not None:
            return events  # main closed while hedging: nothing is hedged by it
        return events + self.moved(trade, State.HEDGED, action.rule, action.why, at)

    def _reduced(self, trade: Trade, action: ActionRecord, sighting: Sighting) -> list[ev.Event]:
        evidence = sighting.evidence
        at = self._filled_at(action, evidence)
        hedge = Hedge(
            PositionId(0), Ticket(0), opposite(trade.side), evidence.filled,
            evidence.price or 0.0, None, soft_sl=False, at=at, virtual=True,
        )  # fmt: skip
        events: list[ev.Event] = [
            fx.HedgeOpened(trade.identifier, hedge),
            self._amended(trade, sighting.look, action.why, evidence),
        ]
        if trade.degraded.startswith(NOT_HEDGED):
            events.append(fx.DefenceDegraded(trade.identifier, ""))
        return events + self.moved(trade, State.HEDGED, action.rule, action.why, at)

    def _stopped(self, trade: Trade, action: ActionRecord, evidence: Evidence) -> list[ev.Event]:
        if trade.hedge is None or trade.hedge.position != action.position:
            return []
        hedge = replace(trade.hedge, sl=evidence.level, soft_sl=False)
        return [fx.HedgeAmended(trade.identifier, hedge, "the broker holds its stop")]

    def _bought_back(
        self, trade: Trade, action: ActionRecord, sighting: Sighting
    ) -> list[ev.Event]:
        price = sighting.evidence.price
        events: list[ev.Event] = [
            fx.HedgeGone(trade.identifier, "bought back", price),
            self._amended(trade, sighting.look, "virtual hedge bought back"),
        ]
        at = self._filled_at(action, sighting.evidence)
        return events + self.moved(trade, State.RECOVERING, action.rule, action.why, at)

    def closed(
        self, trade: Trade, look: Look, legs: Legs, kind: ActionKind, rule: str, why: str
    ) -> list[ev.Event]:
        """Return what follows for both legs and the state, from what is proven of them."""
        hedge, now = trade.hedge, self._parts.clock.now()
        events: list[ev.Event] = []
        if hedge is not None and legs.hedge is not None:
            events.append(fx.HedgeGone(trade.identifier, why, average(legs.hedge)))
        elif hedge is not None and not hedge.virtual:
            left = look.position(hedge.position)
            if left is not None and left.volume != hedge.volume:
                smaller = replace(hedge, volume=left.volume, ticket=left.ticket)
                events.append(fx.HedgeAmended(trade.identifier, smaller, "closed in part"))
        main = look.position(trade.identifier)
        if main is not None and main.volume != trade.volume:
            events.append(self._amended(trade, look, "closed in part"))
        unhedged = hedge is None or hedge.virtual or legs.hedge is not None
        if legs.main is not None and unhedged and (kind is ActionKind.CLOSE_ALL or rule == "T14"):
            if hedge is not None and hedge.virtual:
                events.append(fx.HedgeGone(trade.identifier, "the trade is closed", None))
            return events + self.moved(trade, State.CLOSED, rule, why, now)
        if kind is ActionKind.CLOSE_HEDGE and legs.hedge is not None and legs.main is None:
            return events + self.moved(trade, State.RECOVERING, rule, why, now)
        return events

    def virtual_ended(self, trade: Trade, rule: str, why: str) -> list[ev.Event]:
        """Return the facts of a virtual hedge that is given up: nothing is sent for it."""
        return [
            fx.HedgeGone(trade.identifier, f"virtual hedge given up: {why}", None),
            *self.moved(trade, State.RECOVERING, rule, why, self._parts.clock.now()),
        ]

    def moved(
        self, trade: Trade, after: State, rule: str, why: str, at: Timestamp
    ) -> list[ev.Event]:
        """Return the change of state, if there is one.

        When the machine has gone on meanwhile and the rule's edge is no longer there, the state
        still follows the proof, by the operator's edge.
        """
        if trade.state in {after, State.CLOSED}:
            return []
        if after is State.RECOVERING and trade.state is not State.HEDGED:
            return []
        if not _legal(rule, trade.state, after):
            rule, why = "T15", f"{rule} proven late: {why}"
        flat_at, recover_by = deadlines(after, at, self._parts.settings.rules)
        board = self._parts.board
        reading, tick = board.readings.get(trade.symbol), board.ticks.get(trade.symbol)
        score = None if reading is None else reading.seen_by(trade.side).score
        u = None if tick is None else trade.u(tick.closing(trade.side))
        return [
            fx.DefenceMoved(
                trade.identifier, trade.state, after, rule, why, score, u, flat_at, recover_by
            )
        ]

    def _amended(
        self,
        trade: Trade,
        look: Look,
        why: str,
        evidence: Evidence | None = None,
        *,
        halved: bool | None = None,
        breakeven_armed: bool | None = None,
    ) -> fx.DefenceAmended:
        """Return the position as the look shows it, less what the deals prove if it is behind."""
        position = look.position(trade.identifier)
        filled = NOTHING if evidence is None else evidence.filled
        closed = Lots(trade.closed_volume + filled) if filled else None
        left = Lots(max(trade.volume - filled, NOTHING))
        if position is None:
            return fx.DefenceAmended(
                trade.identifier, trade.ticket, left, trade.sl, trade.tp, why,
                closed, halved, breakeven_armed,
            )  # fmt: skip
        behind = filled and position.volume >= trade.volume
        return fx.DefenceAmended(
            trade.identifier, position.ticket, left if behind else position.volume, position.sl,
            position.tp, why, closed, halved, breakeven_armed,
        )  # fmt: skip

    def _added(self, trade: Trade, look: Look) -> fx.DefenceAmended:
        """Return that what was closed is added again: it is not added a second time."""
        return replace(self._amended(trade, look, "added again"), closed_volume=NOTHING)

    def _filled_at(self, action: ActionRecord, evidence: Evidence) -> Timestamp:
        """Return when it was filled: the broker's word, if it fits our clock."""
        now, sent = self._parts.clock.now(), action.sent_at or action.planned_at
        at = evidence.at
        if at is None or not sent - _CLOCKS_DIFFER_S <= at <= now + _CLOCKS_DIFFER_S:
            return sent
        return Timestamp(min(at, now))


def ticket_of(action: ActionRecord, sighting: Sighting) -> Ticket:
    """Return the ticket of the position an action opened or acted on, as far as it is known."""
    position = sighting.look.position(sighting.evidence.position)
    return action.ticket if position is None else position.ticket


def average(deals: tuple[Deal, ...]) -> float | None:
    """Return the average price of deals, by volume."""
    volume = sum(float(deal.volume) for deal in deals)
    return sum(float(deal.volume) * deal.price for deal in deals) / volume if volume else None


def _legal(rule: str, before: State, after: State) -> bool:
    return any(
        row.rule == rule and before in row.before and row.after is after for row in TRANSITIONS
    )
