"""The defended trades and their actions: a fold over the journal, apart from the Vega desk's state.

Folding the journal from its first fact rebuilds what the process had, deadlines included. A fact
that cannot be placed changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hedgetui.domain.dtms import facts as fx
from hedgetui.domain.dtms.model import ActionKind, ActionRecord, ActionState, State, Trade
from hedgetui.domain.events import Fact, LinkState
from hedgetui.domain.mt5.records import PositionId
from hedgetui.domain.units import Timestamp


@dataclass(frozen=True, slots=True)
class Past:
    """A state a trade was in, for the lane."""

    at: Timestamp
    state: State
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class DefenceBook:
    """Everything that follows from the journal about defended trades."""

    link: LinkState = LinkState.DOWN
    link_reason: str = "not started"
    session: int = 0
    login: int = 0
    server: str = ""
    trades: Mapping[PositionId, Trade] = field(default_factory=dict)
    """By position identifier, oldest first, closed ones included."""
    past: Mapping[PositionId, tuple[Past, ...]] = field(default_factory=dict)
    actions: Mapping[str, ActionRecord] = field(default_factory=dict)
    """By action id, oldest first."""
    dropped: frozenset[PositionId] = frozenset()
    """Positions a person does not want watched."""

    @property
    def open_trades(self) -> tuple[Trade, ...]:
        """Trades still watched, oldest first."""
        return tuple(trade for trade in self.trades.values() if trade.open)

    def live_action(self, symbol: str) -> ActionRecord | None:
        """Return the one action of a symbol that is not over."""
        for action in reversed(tuple(self.actions.values())):
            if action.symbol == symbol and action.state.live:
                return action
        return None

    def actions_of(self, trade: PositionId) -> tuple[ActionRecord, ...]:
        """Return a trade's actions, oldest first."""
        return tuple(one for one in self.actions.values() if one.trade == trade)


def fold(book: DefenceBook, fact: Fact) -> DefenceBook:
    """Return the book after `fact`."""
    step = _FOLDS.get(type(fact.event))
    return book if step is None else step(book, fact.event, fact.at)


def _changed(book: DefenceBook, identifier: PositionId, **values: object) -> DefenceBook:
    trade = book.trades.get(identifier)
    if trade is None:
        return book
    changed = replace(trade, **values)  # type: ignore[arg-type]
    return replace(book, trades={**book.trades, identifier: changed})


def _link(book: DefenceBook, event: fx.Mt5LinkChanged, _: Timestamp) -> DefenceBook:
    return replace(
        book, link=LinkState(event.state), link_reason=event.reason,
        session=max(book.session, event.session), login=event.login or book.login,
        server=event.server or book.server,
    )  # fmt: skip


def _adopted(book: DefenceBook, event: fx.DefenceAdopted, at: Timestamp) -> DefenceBook:
    trade, known = event.trade, book.trades.get(event.trade.identifier)
    if known is not None:
        # Adopted again: the numbers of its actions go on, since each may be planned once only.
        trade = replace(trade, cycle=max(trade.cycle, known.cycle))
    first = Past(at, trade.state, "", f"adopted by {event.by}")
    return replace(
        book,
        trades={**book.trades, trade.identifier: trade},
        past={**book.past, trade.identifier: (first,)},
        dropped=book.dropped - {trade.identifier},
    )


def _dropped(book: DefenceBook, event: fx.DefenceDropped, at: Timestamp) -> DefenceBook:
    closed = _past(book, event.trade, Past(at, State.CLOSED, "", f"ignored by {event.by}"))
    closed = _changed(closed, event.trade, state=State.CLOSED, since=at, hedge=None)
    return replace(closed, dropped=closed.dropped | {event.trade})


def _past(book: DefenceBook, identifier: PositionId, entry: Past) -> DefenceBook:
    lane = (*book.past.get(identifier, ()), entry)
    return replace(book, past={**book.past, identifier: lane})


def _moved(book: DefenceBook, event: fx.DefenceMoved, at: Timestamp) -> DefenceBook:
    book = _past(book, event.trade, Past(at, event.after, event.rule, event.why))
    return _changed(
        book, event.trade, state=event.after, since=at, flat_at=event.flat_at,
        recover_by=event.recover_by,
    )  # fmt: skip


def _amended(book: DefenceBook, event: fx.DefenceAmended, _: Timestamp) -> DefenceBook:
    values: dict[str, object] = {
        "ticket": event.ticket, "volume": event.volume, "sl": event.sl, "tp": event.tp,
    }  # fmt: skip
    for name in ("closed_volume", "halved", "breakeven_armed"):
        if getattr(event, name) is not None:
            values[name] = getattr(event, name)
    return _changed(book, event.trade, **values)


def _hedged(book: DefenceBook, event: fx.HedgeOpened, _: Timestamp) -> DefenceBook:
    trade = book.trades.get(event.trade)
    count = 0 if trade is None else trade.hedges + 1
    return _changed(book, event.trade, hedge=event.hedge, hedges=count)


def _hedge_amended(book: DefenceBook, event: fx.HedgeAmended, _: Timestamp) -> DefenceBook:
    return _changed(book, event.trade, hedge=event.hedge)


def _hedge_gone(book: DefenceBook, event: fx.HedgeGone, _: Timestamp) -> DefenceBook:
    return _changed(book, event.trade, hedge=None)


def _automation(book: DefenceBook, event: fx.AutomationSet, _: Timestamp) -> DefenceBook:
    return _changed(book, event.trade, automation=event.automation)


def _degraded(book: DefenceBook, event: fx.DefenceDegraded, _: Timestamp) -> DefenceBook:
    return _changed(book, event.trade, degraded=event.why)


def _planned(book: DefenceBook, event: fx.ActionPlanned, _: Timestamp) -> DefenceBook:
    action = event.action
    book = replace(book, actions={**book.actions, action.action_id: action})
    trade = book.trades.get(action.trade)
    cycle = action.cycle if trade is None else max(trade.cycle, action.cycle)
    return _changed(book, action.trade, cycle=cycle)


def _action_moved(book: DefenceBook, event: fx.ActionMoved, at: Timestamp) -> DefenceBook:
    action = book.actions.get(event.action_id)
    if action is None:
        return book
    values: dict[str, Any] = {"state": event.after, "message": event.cause}
    for name in ("retcode", "price", "filled"):
        if getattr(event, name) is not None:
            values[name] = getattr(event, name)
    if event.ticket:
        values["ticket"] = event.ticket
    if event.after is ActionState.SENT:
        values["sent_at"] = at
    if not event.after.live:
        values["ended_at"] = at
    moved = replace(action, **values)
    book = replace(book, actions={**book.actions, action.action_id: moved})
    if moved.kind is ActionKind.PARTIAL_CLOSE and event.after is ActionState.DONE:
        return _changed(book, moved.trade, halved=True)
    return book


_FOLDS: dict[type, Callable[[DefenceBook, Any, Timestamp], DefenceBook]] = {
    fx.Mt5LinkChanged: _link,
    fx.DefenceAdopted: _adopted,
    fx.DefenceDropped: _dropped,
    fx.DefenceMoved: _moved,
    fx.DefenceAmended: _amended,
    fx.HedgeOpened: _hedged,
    fx.HedgeAmended: _hedge_amended,
    fx.HedgeGone: _hedge_gone,
    fx.AutomationSet: _automation,
    fx.DefenceDegraded: _degraded,
    fx.ActionPlanned: _planned,
    fx.ActionMoved: _action_moved,
}
