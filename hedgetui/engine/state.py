"""The fold that makes the state of the desk: `reduce(state, fact) -> state`.

Folding the journal from its first fact rebuilds exactly the state the process had, which is what
a restart does. The fold is pure; a fact it cannot place changes nothing but is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hedgetui.domain import events as ev
from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import Kind, is_security, parse_key
from hedgetui.domain.risk import Sent
from hedgetui.domain.tails.exposure import TAILS_LATCH
from hedgetui.domain.units import SECONDS_PER_DAY, Contracts, Timestamp
from hedgetui.domain.vega import pool
from hedgetui.domain.vega import strangle as st
from hedgetui.engine.desk_state import DeskState, Venue, of_book

__all__ = ["DeskState", "reduce"]


def reduce(state: DeskState, fact: ev.Fact) -> DeskState:
    """Return the state after `fact`."""
    fold = _FOLDS.get(type(fact.event))
    return state if fold is None else fold(state, fact.event, fact.at)


def _with(mapping: Mapping[str, Any], key: str, value: object) -> dict[str, Any]:
    return {**mapping, key: value}


def _started(state: DeskState, event: ev.EngineStarted, _: Timestamp) -> DeskState:
    return replace(
        state, profile=event.profile, account=event.account, epoch=event.epoch, running=True,
        link=ev.LinkState.DOWN, link_reason="starting", session=0, synced_session=-1, armed=False,
        venue_open=False, venue_reason="not known yet", venue_until=None, venues={},
    )  # fmt: skip


def _stopped(state: DeskState, _: ev.EngineStopped, __: Timestamp) -> DeskState:
    return replace(state, running=False)


def _link(state: DeskState, event: ev.LinkChanged, _: Timestamp) -> DeskState:
    session = max(state.session, event.session)
    return replace(state, link=event.state, link_reason=event.reason, session=session)


def _reconciled(state: DeskState, event: ev.Reconciled, _: Timestamp) -> DeskState:
    return replace(state, synced_session=event.session, differences=event.differences)


def _accepted(state: DeskState, event: ev.DifferencesAccepted, at: Timestamp) -> DeskState:
    """Take what the broker holds for expected; a security that has expired there is gone here."""
    foreign, positions = dict(state.foreign), dict(state.positions)
    for item in event.accepted:
        key = item.instrument_key
        if not item.broker and _has_expired(key, at):
            positions.pop(key, None)
        foreign[key] = item.broker - positions.get(key, 0)
    taken = {item.instrument_key for item in event.accepted}
    return replace(
        state,
        differences=tuple(one for one in state.differences if one.instrument_key not in taken),
        positions=positions,
        foreign={key: count for key, count in foreign.items() if count},
    )


def _has_expired(key: str, at: Timestamp) -> bool:
    """Whether a key is a security that trades no more; shares never expire."""
    try:
        instrument = parse_key(key)
    except DataError:
        return False
    if not is_security(key):
        return False
    return instrument.expiry is not None and instrument.expires_at <= at


def _enabled(state: DeskState, event: ev.StrategyEnabled, _: Timestamp) -> DeskState:
    return replace(state, enabled=event.on)


def _auto(state: DeskState, event: ev.AutoSwitched, _: Timestamp) -> DeskState:
    return replace(state, auto=event.on)


def _band(state: DeskState, event: ev.BandSet, _: Timestamp) -> DeskState:
    return replace(state, preset=event.preset, max_delta=event.max_delta)


def _armed(state: DeskState, event: ev.ArmSwitched, _: Timestamp) -> DeskState:
    return replace(state, armed=event.armed)


def _latch(state: DeskState, event: ev.LatchSet, _: Timestamp) -> DeskState:
    if event.name == TAILS_LATCH:
        return replace(state, tails_stopped=event.why if event.on else "")
    latches = {name: why for name, why in state.latches.items() if name != event.name}
    if event.on:
        latches[event.name] = event.why
    return replace(state, latches=latches)


def _intent(state: DeskState, event: ev.IntentRecorded, at: Timestamp) -> DeskState:
    intent = event.intent
    instrument = parse_key(intent.draft.instrument_key)
    sent = Sent(
        at, intent.draft.purpose, intent.draft.instrument_key, intent.draft.side,
        intent.draft.quantity, event.notional, future=instrument.kind is Kind.FUTURE,
        strategy=intent.strategy,
    )  # fmt: skip
    recent = tuple(item for item in state.sent if at - item.at < SECONDS_PER_DAY)
    return replace(
        state,
        intents=_with(state.intents, intent.intent_id, intent),
        by_key=_with(state.by_key, intent.client_key, intent.intent_id),
        sent=(*recent, sent),
        numbers=max(state.numbers, intent.number),
        last_hedge_at=at if intent.draft.purpose.changes_delta else state.last_hedge_at,
    )


def _moved(state: DeskState, event: ev.IntentMoved, _: Timestamp) -> DeskState:
    intent = state.intents.get(event.intent_id)
    if intent is None:
        return state
    moved = replace(
        intent, state=event.after, filled=event.filled, cancel_wanted=event.cancel_wanted,
        broker_order=event.broker_order or intent.broker_order,
    )  # fmt: skip
    return replace(state, intents=_with(state.intents, moved.intent_id, moved))


def _filled(state: DeskState, event: ev.FillBooked, _: Timestamp) -> DeskState:
    known = state.fills.get(event.exec_id)
    if known is not None and known.revision >= event.revision:
        return state
    state = replace(state, fills=_with(state.fills, event.exec_id, event))
    intent = state.intents.get(event.intent_id)
    if intent is None:
        return _settled(state, event) if known is None else state
    before = 0 if known is None else known.side.sign * known.quantity
    change = event.side.sign * event.quantity - before
    state = _held(state, event.instrument_key, change)
    if intent.draft.purpose.is_hedge:
        return state if known is None else _repriced(state, known, event)
    trade = state.strangles.get(intent.draft.trade_id or "")
    if trade is None:
        return state
    left = trade.state is st.TradeState.CLOSED
    if known is not None:
        trade = st.retract_fill(trade, _option_fill(known))
    trade = st.apply_fill(trade, _option_fill(event))
    ended = trade.trade_id in state.results
    if left and not ended and trade.state is st.TradeState.OPEN:
        trade = st.begin_close(trade, event.executed_at)  # the exit was asked for: it goes on
    state = replace(state, strangles=_with(state.strangles, trade.trade_id, trade))
    return _on_the_book_again(state, trade.trade_id) if ended and not trade.flat else state


def _held(state: DeskState, key: str, change: int) -> DeskState:
    """Return the state after a position changed; flat instruments are absent."""
    held = state.positions.get(key, 0) + change
    positions = {k: v for k, v in state.positions.items() if k != key}
    if held:
        positions[key] = held
    return replace(state, positions=positions)


def _on_the_book_again(state: DeskState, trade_id: str) -> DeskState:
    """A late fill left a finished trade holding something: it must be seen, hedged and closed."""
    results = {key: end for key, end in state.results.items() if key != trade_id}
    return replace(state, results=results)


def _repriced(state: DeskState, old: ev.FillBooked, new: ev.FillBooked) -> DeskState:
    """Book a corrected price of a hedge fill with the trades whose shares it moved."""
    moves = state.share_moves.get(new.exec_id, {})
    if old.price == new.price or not moves:
        return state
    step = (new.price - old.price) * parse_key(new.instrument_key).multiplier
    shares = dict(state.shares)
    for trade_id, contracts in moves.items():
        share = shares[trade_id]
        shares[trade_id] = replace(share, cash=share.cash - contracts * step)
    return replace(state, shares=shares)


def _settled(state: DeskState, event: ev.FillBooked) -> DeskState:
    """Take a cash settlement: nobody's order, after expiry, against a position of ours.

    Any other execution without an order of ours is somebody else's and changes nothing here.
    """
    held = state.positions.get(event.instrument_key, 0)
    if not held:
        return state
    instrument = parse_key(event.instrument_key)
    if instrument.expiry is None or instrument.expires_at > event.executed_at:
        return state
    signed = event.side.sign * event.quantity
    if signed * held > 0:
        return state
    taken = Contracts(min(abs(signed), abs(held)) * event.side.sign)
    state = _held(state, event.instrument_key, taken)
    strangles, left = dict(state.strangles), int(taken)
    for trade in state.open_strangles:
        mine = sum(leg.held for leg in trade.legs if leg.instrument.key == event.instrument_key)
        part = min(abs(mine), abs(left)) * event.side.sign
        if part:
            fill = replace(_option_fill(event), quantity=Contracts(part))
            entered = st.settle_entry(trade, event.executed_at)
            strangles[trade.trade_id] = st.apply_fill(entered, fill)
            left -= part
    return replace(state, strangles=strangles)


def _option_fill(event: ev.FillBooked) -> st.OptionFill:
    """Return the fill as the trade takes it."""
    signed = Contracts(event.side.sign * event.quantity)
    return st.OptionFill(event.instrument_key, signed, event.price, event.executed_at)


def _commission(state: DeskState, event: ev.CommissionBooked, _: Timestamp) -> DeskState:
    if event.exec_id in state.commissions:
        return state
    state = replace(state, commissions=_with(state.commissions, event.exec_id, event.amount))
    fill = state.fills.get(event.exec_id)
    intent = state.intents.get(fill.intent_id) if fill else None
    if intent is None:
        return state
    if intent.draft.purpose.is_hedge:
        return _charge_shares(state, event.exec_id)
    trade = state.strangles.get(intent.draft.trade_id or "")
    if trade is None:
        return state
    trade = st.charge(trade, event.amount)
    return replace(state, strangles=_with(state.strangles, trade.trade_id, trade))


def _charge_shares(state: DeskState, exec_id: str) -> DeskState:
    """Give a hedge fill's commission to the trades it was for, once both are known."""
    moves = state.share_moves.get(exec_id)
    amount = state.commissions.get(exec_id)
    if not moves or amount is None:
        return state
    shares = dict(state.shares)
    for trade_id, part in pool.split_fees(amount, moves).items():
        share = shares.get(trade_id, pool.HedgeShare())
        shares[trade_id] = replace(share, fees=share.fees + part)
    return replace(state, shares=shares)


def _shared(state: DeskState, event: ev.HedgeShared, _: Timestamp) -> DeskState:
    wanted = {key: Contracts(count) for key, count in event.shares.items()}
    shares = pool.rebook(state.shares, wanted, price=event.price, multiplier=event.multiplier)
    moves = {
        key: share.contracts - state.shares.get(key, pool.HedgeShare()).contracts
        for key, share in shares.items()
    }
    state = replace(state, shares=shares)
    if not event.exec_id:
        return state
    known = _with(state.share_moves, event.exec_id, {k: m for k, m in moves.items() if m})
    return _charge_shares(replace(state, share_moves=known), event.exec_id)


def _entering(state: DeskState, event: ev.TradeEntering, at: Timestamp) -> DeskState:
    put, call = parse_key(event.put_key), parse_key(event.call_key)
    trade = st.begin(event.trade_id, put, call, event.quantity, at)
    return replace(state, strangles=_with(state.strangles, trade.trade_id, trade))


def _opened(state: DeskState, event: ev.TradeOpened, at: Timestamp) -> DeskState:
    trade = state.strangles.get(event.trade_id)
    if trade is None:
        return state
    trade = st.settle_entry(trade, at)
    return replace(
        state,
        strangles=_with(state.strangles, trade.trade_id, trade),
        opened=state.opened | {trade.trade_id},
    )


def _closing(state: DeskState, event: ev.TradeClosing, at: Timestamp) -> DeskState:
    trade = state.strangles.get(event.trade_id)
    if trade is None:
        return state
    trade = st.begin_close(trade, at)
    return replace(state, strangles=_with(state.strangles, trade.trade_id, trade))


def _ended(state: DeskState, event: ev.TradeClosed | ev.TradeAbandoned, at: Timestamp) -> DeskState:
    trade = state.strangles.get(event.trade_id)
    strangles = state.strangles
    if trade is not None:
        strangles = _with(strangles, trade.trade_id, st.settle_entry(trade, at))
    return replace(
        state,
        strangles=strangles,
        results=_with(state.results, event.trade_id, event),
        ended_at=_with(state.ended_at, event.trade_id, at),
    )


def _venue(state: DeskState, event: ev.VenueChanged, _: Timestamp) -> DeskState:
    if not of_book(event.symbol):
        venue = Venue(event.open, event.reason)
        return replace(state, venues=_with(state.venues, event.symbol, venue))
    return replace(state, venue_open=event.open, venue_reason=event.reason, venue_until=event.until)


_FOLDS: dict[type, Callable[[DeskState, Any, Timestamp], DeskState]] = {
    ev.EngineStarted: _started,
    ev.EngineStopped: _stopped,
    ev.LinkChanged: _link,
    ev.Reconciled: _reconciled,
    ev.DifferencesAccepted: _accepted,
    ev.StrategyEnabled: _enabled,
    ev.AutoSwitched: _auto,
    ev.BandSet: _band,
    ev.ArmSwitched: _armed,
    ev.LatchSet: _latch,
    ev.IntentRecorded: _intent,
    ev.IntentMoved: _moved,
    ev.FillBooked: _filled,
    ev.CommissionBooked: _commission,
    ev.HedgeShared: _shared,
    ev.TradeEntering: _entering,
    ev.TradeOpened: _opened,
    ev.TradeClosing: _closing,
    ev.TradeClosed: _ended,
    ev.TradeAbandoned: _ended,
    ev.VenueChanged: _venue,
}
