"""The defence as front ends see it, made anew for each snapshot from what is known already."""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain.dtms.book import Past
from hedgetui.domain.dtms.machine import Guard
from hedgetui.domain.dtms.model import ActionRecord, ActionState, Hedge, Trade
from hedgetui.domain.dtms.reading import Reading
from hedgetui.domain.mt5.records import Account, Position, PositionId
from hedgetui.domain.text import safe
from hedgetui.domain.units import SECONDS_PER_DAY
from hedgetui.engine.dtms import adoption
from hedgetui.engine.dtms.memory import Memory
from hedgetui.engine.dtms.parts import DefenceParts
from hedgetui.engine.dtms.watch import Tools, Watch
from hedgetui.ports import dtms as dv

_MOST_CLOSED = 20
_MOST_ACTIONS = 100
_PRICE_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Sight:
    """Where the view takes its numbers from."""

    parts: DefenceParts
    tools: Tools
    watch: Watch


def defence_view(sight: Sight) -> dv.DefenceView:
    """Return the whole screen at this moment."""
    parts, watch = sight.parts, sight.watch
    book, now = parts.book, parts.clock.now()
    frozen = watch.frozen()
    closed = [
        trade
        for trade in book.trades.values()
        if not trade.open and now - trade.since <= SECONDS_PER_DAY
    ]
    closed.sort(key=lambda trade: trade.since, reverse=True)
    return dv.DefenceView(
        mt5=_mt5(sight),
        rows=tuple(_row(sight, trade) for trade in book.open_trades),
        closed=tuple(_row(sight, trade) for trade in closed[:_MOST_CLOSED]),
        unwatched=_unwatched(sight),
        actions=_actions(sight),
        rails=sight.tools.rails.words(),
        frozen=frozen,
        next_check_at=watch.next_at if sight.tools.link.ready else None,
        last_cycle_at=watch.last_cycle_at,
        rule_set=parts.settings.rules.rule_set.value,
        monitoring=sight.tools.link.ready and not frozen,
        held=_held(sight),
        held_at=None if parts.board.look is None else parts.board.looked_at,
    )


def _held(sight: Sight) -> tuple[dv.TerminalLine, ...] | None:
    board = sight.parts.board
    if board.look is None:
        return None
    return tuple(
        dv.TerminalLine(
            symbol=safe(one.symbol),
            side=one.side.value,
            volume=float(one.volume),
            price=one.price_current,
            contract_size=None if spec is None else spec.contract_size,
            currency="" if spec is None else safe(spec.currency_profit),
        )
        for one in board.look.positions
        for spec in (board.specs.get(one.symbol),)
    )


def _mt5(sight: Sight) -> dv.Mt5View:
    parts, link, board = sight.parts, sight.tools.link, sight.parts.board
    health = parts.port.health()
    seen, account = board.looked_at, _account(sight)
    return dv.Mt5View(
        link=link.state.value,
        reason=link.reason,
        backend=health.backend,
        peer=safe(health.peer),
        version=safe(health.version),
        login=str(account.login) if account else "",
        server=safe(account.server) if account else "",
        kind=account.kind.value if account else "",
        margin_mode=account.margin_mode.name.lower() if account else "",
        currency=safe(account.currency) if account else "",
        balance=account.balance if account else None,
        equity=account.equity if account else None,
        margin_level=account.margin_level if account else None,
        latency_ms=None if health.latency is None else health.latency * 1000,
        server_offset_s=None if health.server_offset is None else float(health.server_offset),
        last_answer_age_s=None if seen is None else max(0.0, float(parts.clock.now() - seen)),
        next_try_at=link.next_try_at,
        reconnects=health.reconnects,
        hints=tuple(safe(hint) for hint in health.hints),
    )


def _account(sight: Sight) -> Account | None:
    board = sight.parts.board
    if board.look is not None:
        return board.look.account
    return None if board.session is None else board.session.account


def _position(sight: Sight, identifier: PositionId) -> Position | None:
    look = sight.parts.board.look
    return None if look is None else look.position(identifier)


# --- a trade ---------------------------------------------------------------------------------


def _row(sight: Sight, trade: Trade) -> dv.DefenceRow:
    market, board = sight.tools.market, sight.parts.board
    memory = sight.tools.memories.of(trade.identifier)
    price = market.closing(trade) if trade.open else None
    reading = market.reading(trade.symbol) if trade.open else None
    seen = None if reading is None else reading.seen_by(trade.side)
    spec = board.specs.get(trade.symbol)
    lane = sight.parts.book.past.get(trade.identifier, ())
    return dv.DefenceRow(
        ticket=trade.ticket,
        identifier=trade.identifier,
        symbol=safe(trade.symbol),
        side=trade.side.value,
        volume=float(trade.volume),
        initial_volume=float(trade.initial_volume),
        entry=trade.entry,
        price=price,
        digits=_PRICE_DIGITS if spec is None else spec.digits,
        sl=trade.sl,
        tp=trade.tp,
        u=None if price is None else trade.u(price),
        pnl=_pnl(sight, trade),
        state=trade.state.value,
        since=trade.since,
        score=None if seen is None else seen.score,
        components=None if seen is None or seen.score is None else _components(seen),
        flags=() if seen is None else tuple(safe(flag) for flag in seen.flags),
        regime=_regime(seen),
        flat_at=trade.flat_at,
        recover_by=trade.recover_by,
        hedge=None if trade.hedge is None else _hedge(sight, trade.hedge),
        automation=trade.automation.value,
        degraded=safe(trade.degraded),
        pending=_pending(sight, trade),
        why=safe(_why(sight, trade, memory, lane)),
        guards=_guards(trade, memory),
        lane=tuple(dv.LaneStep(p.at, p.state.value, p.rule, safe(p.why)) for p in lane),
        hedges=trade.hedges,
        breakeven_armed=trade.breakeven_armed,
        adopted_at=trade.adopted_at,
    )


def _guards(trade: Trade, memory: Memory) -> tuple[dv.GuardView, ...]:
    """Return the guards of the state the trade is in; those of an earlier one say nothing.

    That the position may go at any moment (T14) is worth a line only when it has.
    """
    if memory.verdict is None:
        return ()
    return tuple(
        _guard(one)
        for one in memory.verdict.guards
        if one.before is trade.state and (one.ok or one.rule != "T14")
    )


def _pnl(sight: Sight, trade: Trade) -> float | None:
    """Return profit and swap of both legs; None while one of them is not shown."""
    legs = [trade.identifier]
    if trade.hedge is not None and not trade.hedge.virtual:
        legs.append(trade.hedge.position)
    found = [_position(sight, leg) for leg in legs]
    if not trade.open or any(one is None for one in found):
        return None
    return sum(one.profit + one.swap for one in found if one is not None)


def _components(seen: Reading) -> dv.ComponentsView:
    parts = seen.components
    return dv.ComponentsView(
        parts.structure, parts.vwap_volume, parts.momentum, parts.ema, parts.conviction, parts.delta
    )


def _regime(seen: Reading | None) -> str:
    if seen is None or seen.regime is None:
        return ""
    regime = seen.regime
    return f"{regime.session} · vol {regime.volatility} · {regime.structure}"


def _hedge(sight: Sight, hedge: Hedge) -> dv.HedgeView:
    position = None if hedge.virtual else _position(sight, hedge.position)
    return dv.HedgeView(
        ticket=hedge.ticket,
        side=hedge.side.value,
        volume=float(hedge.volume),
        price=hedge.price,
        sl=hedge.sl,
        soft_sl=hedge.soft_sl,
        virtual=hedge.virtual,
        profit=None if position is None else position.profit + position.swap,
        at=hedge.at,
    )


def _guard(guard: Guard) -> dv.GuardView:
    return dv.GuardView(guard.title, guard.words, guard.ok)


def _pending(sight: Sight, trade: Trade) -> str:
    action = sight.parts.book.live_action(trade.symbol)
    if action is None or action.trade != trade.identifier:
        return ""
    return f"{action.kind} {action.state}"


def _why(sight: Sight, trade: Trade, memory: Memory, lane: tuple[Past, ...]) -> str:
    """Return what is most worth knowing: what is in doubt, what is waited for, what happened."""
    if trade.open:
        unproven = sight.tools.truth.findings.unproven.get(trade.identifier)
        doubts = (unproven, sight.tools.market.quiet(trade.symbol), memory.waiting)
        if any(doubts):
            return "; ".join(words for words in doubts if words)
    if not lane:
        return ""
    last = lane[-1]
    return f"{last.rule}: {last.why}" if last.rule else last.why


# --- beside the trades -----------------------------------------------------------------------


def _unwatched(sight: Sight) -> tuple[dv.UnwatchedRow, ...]:
    look, book = sight.parts.board.look, sight.parts.book
    if look is None:
        return ()
    watched = {trade.identifier for trade in book.open_trades}
    hedges = {trade.hedge.position for trade in book.trades.values() if trade.hedge}
    return tuple(
        dv.UnwatchedRow(
            ticket=one.ticket,
            identifier=one.identifier,
            symbol=safe(one.symbol),
            side=one.side.value,
            volume=float(one.volume),
            profit=one.profit + one.swap,
            why=adoption.objection(one, sight.parts.settings, book) or _waits(sight, one),
        )
        for one in look.positions
        if one.identifier not in watched and one.identifier not in hedges
    )


def _waits(sight: Sight, position: Position) -> str:
    if not sight.parts.settings.enabled:
        return "dtms is switched off"
    return "" if adoption.risk_of(position, None) else adoption.NO_RISK


def _actions(sight: Sight) -> tuple[dv.ActionView, ...]:
    """Return the newest actions first; live ones always, however old."""
    newest = tuple(reversed(tuple(sight.parts.book.actions.values())))
    kept = [
        action for place, action in enumerate(newest)
        if place < _MOST_ACTIONS or action.state.live
    ]  # fmt: skip
    return tuple(_action(sight, action) for action in kept)


def _action(sight: Sight, action: ActionRecord) -> dv.ActionView:
    trade = sight.parts.book.trades.get(action.trade)
    return dv.ActionView(
        action_id=action.action_id,
        at=action.planned_at,
        ticket=trade.ticket if trade is not None else action.trade,
        symbol=safe(action.symbol),
        kind=action.kind.value,
        state=action.state.value,
        text=safe(action.request),
        result=safe(action.message),
        retcode=action.retcode,
        rule=action.rule,
        why=safe(action.why),
        by=safe(action.by),
        sent_at=action.sent_at,
        ended_at=action.ended_at,
        missing=safe(_missing(sight, action)),
    )


def _missing(sight: Sight, action: ActionRecord) -> str:
    unknown = action.state is ActionState.UNKNOWN
    return sight.tools.outbox.missing(action.action_id) if unknown else ""
