"""The desk's state as its front ends show it: one snapshot, built from state, board and rules.

Nothing here decides; a number that is not known is None, and the screen says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from hedgetui.domain import events as ev
from hedgetui.domain import orders as od
from hedgetui.domain.instruments import Instrument
from hedgetui.domain.units import Timestamp, utc_date
from hedgetui.domain.vega import exposure as ex
from hedgetui.domain.vega import pool, roll
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.decide import Action, Decision, Trigger
from hedgetui.domain.vega.exposure import strike
from hedgetui.domain.vega.scanner import Candidate
from hedgetui.domain.vega.sizing import level
from hedgetui.engine import arming
from hedgetui.engine.link import Shown
from hedgetui.engine.parts import Parts
from hedgetui.engine.services import book, results
from hedgetui.engine.services.hedge_orders import HedgeOrders
from hedgetui.engine.services.hedger import Hedger
from hedgetui.engine.state import DeskState
from hedgetui.ports import desk as dk

_ORDERS_SHOWN = 50
_EXPIRY_REMINDER_DAYS = 2


@dataclass(frozen=True, slots=True)
class Sources:
    """What a snapshot is read from."""

    parts: Parts
    orders: HedgeOrders
    hedger: Hedger


def status_view(src: Sources, link: Shown, log_failed: str) -> dk.StatusView:
    """Return the status row; before the first session the profile says whose money it is."""
    state, broker = src.parts.state, src.parts.broker
    active = src.orders.active_month()
    key = active.key if active else ""
    running = results.open_profit(state, src.parts.board, key)
    since = Timestamp(src.parts.clock.now() - 86_400.0)
    latches = tuple(state.latches.values())
    if state.tails_stopped:
        latches = (*latches, f"tails only: {state.tails_stopped}")
    if src.parts.recorder.failed:
        latches = (*latches, src.parts.recorder.failed)
    return dk.StatusView(
        mode=(broker.environment.value if state.session else src.parts.settings.profile).upper(),
        account=broker.account,
        link=link.state.value,
        link_reason=link.reason,
        latency_ms=link.latency_ms,
        now=src.parts.clock.now(),
        session=_session(state),
        venue_reason=state.venue_reason,
        armed=state.armed,
        auto=state.auto,
        enabled=state.enabled,
        latches=latches,
        unknown_orders=sum(i.state is od.IntentState.UNKNOWN for i in state.live_intents),
        working_orders=len(state.live_intents),
        net_pnl=None if running is None else running + results.closed_profit(state, since),
        log_failed=log_failed,
    )


def _session(state: DeskState) -> str:
    if state.venue_open:
        return "OPEN"
    return "HALT" if "halt" in state.venue_reason.lower() else "CLOSED"


def book_view(src: Sources, measured: book.Measured, ladder: str) -> dk.BookView:
    """Return the delta of the book and what follows from it."""
    state, now = src.parts.state, src.parts.clock.now()
    symbol = src.parts.symbol
    decision = src.orders.decision(Trigger.MANUAL)
    rule = src.parts.bands.rule(state, measured)
    known = not measured.problem
    active = src.orders.active_month()
    quote = src.parts.board.quotes.get(active.key) if active else None
    held = bool(book.held_legs(state.open_strangles))
    blocked = src.hedger.forbidden() or measured.problem
    return dk.BookView(
        option_delta=measured.exposure.delta if known else None,
        share_delta=measured.exposure.shares if known else None,
        gamma=measured.exposure.gamma if known else None,
        vega=measured.exposure.vega if known else None,
        theta=measured.exposure.theta if known else None,
        hedge_contracts=state.hedge_position(symbol),
        hedge_working=state.hedge_working(symbol),
        net_delta=decision.net,
        target=rule.target,
        band=rule.band,
        theory_band=src.parts.bands.theory(state, measured),
        preset=state.preset,
        level="unknown" if decision.net is None
        else level(decision.net, rule.band, rule.target).value,
        order=_order_words(src, decision),
        blocked=blocked if held or state.hedge_position(symbol) else src.hedger.forbidden(),
        greeks_age_s=measured.oldest_s,
        estimated=measured.exposure.approximate,
        hedge_month=active.key if active else "",
        hedge_bid=quote.bid if quote else None,
        hedge_ask=quote.ask if quote else None,
        hedge_age_s=float(quote.age(now)) if quote else None,
        index_level=src.parts.board.index_level,
        last_hedge_at=state.last_hedge_at,
        ladder=ladder,
        proof=_proof(measured, rule.per_contract, state, symbol) if known and held else "",
        roll_note=_roll_note(src, state),
    )  # fmt: skip


def _order_words(src: Sources, decision: Decision) -> str:
    if decision.action is not Action.ORDER:
        return ""
    side = "BUY" if decision.contracts > 0 else "SELL"
    return f"{side} {abs(decision.contracts)} {src.parts.symbol}"


def proof_line(options: float, hedge: float) -> str:
    """Return what one index point up earns: the check a person can do in the head."""
    total = options + hedge
    return f"+1 pt: options {options:+.2f}, hedge {hedge:+.2f}, net {total:+.2f}"


def _proof(measured: book.Measured, per: float, state: DeskState, symbol: str) -> str:
    hedge = per * (state.hedge_position(symbol) + state.hedge_working(symbol))
    return proof_line(measured.exposure.delta, hedge)


def _roll_note(src: Sources, state: DeskState) -> str:
    held = dict(state.hedges_held(src.parts.symbol))
    active = src.orders.active_month()
    if not held or active is None:
        return ""
    today = utc_date(src.parts.clock.now())
    late = roll.overdue(held, today)
    if late:
        return f"🔴 {late[0].key} expires {late[0].expiry}: roll it"
    if roll.roll_due(held, active, today, src.parts.settings.vega.roll_days):
        return f"roll into {active.key} is due"
    return ""


def reminders(src: Sources) -> tuple[str, ...]:
    """Return what a trader would rather not be surprised by.

    A wrong account, once a session has told it, and trades about to expire.
    """
    now = src.parts.clock.now()
    wrong, _ = arming.objection(src.parts.settings, src.parts.broker, src.parts.state)
    found = [f"🔴 {wrong}"] if wrong and src.parts.state.session else []
    for trade in src.parts.state.open_strangles:
        days = trade.put.instrument.dte(now)
        if days <= _EXPIRY_REMINDER_DAYS and not trade.flat:
            when = "today" if days <= 0 else f"in {days} day{'s' if days > 1 else ''}"
            found.append(f"{trade.name} expires {when}")
    return tuple(found)


def strangle_views(src: Sources, measured: book.Measured) -> tuple[dk.StrangleView, ...]:
    """Return the positions table, oldest trade first."""
    state = src.parts.state
    active = src.orders.active_month()
    mark = results.hedge_mark(state, src.parts.board, active.key if active else "")
    return tuple(_strangle(src, measured, trade, mark) for trade in state.open_strangles)


def _strangle(
    src: Sources, measured: book.Measured, trade: st.Strangle, mark: object
) -> dk.StrangleView:
    state, now = src.parts.state, src.parts.clock.now()
    own = ex.exposure(trade.open_legs(), measured.greeks)
    readings = [measured.readings[leg.instrument.key] for leg in trade.open_legs()]
    ages = [reading.age for reading in readings if reading.age is not None]
    share = state.shares.get(trade.trade_id, pool.HedgeShare())
    hedge = results.hedge_mark(state, src.parts.board, "") if mark is None else mark
    ledger = results.trade_ledger(state, src.parts.board, trade, hedge)  # type: ignore[arg-type]
    per = src.parts.bands.per_contract
    ivs = [reading.greeks.iv for reading in readings if reading.greeks is not None]
    note = next((reading.problem for reading in readings if reading.problem), "")
    if not note and trade.single_leg:
        note = "one leg"
    known = own.complete
    return dk.StrangleView(
        trade_id=trade.trade_id,
        label=trade.name,
        state=trade.state.value,
        quantity=trade.quantity,
        dte=trade.put.instrument.dte(now),
        cost=float(trade.cost),
        pnl=None if ledger is None else float(ledger.net),
        pnl_options=None if ledger is None else float(ledger.options),
        pnl_hedge=None if ledger is None else float(ledger.hedge),
        fees=float(trade.commissions + share.fees),
        option_delta=own.delta if known else None,
        share_delta=own.shares if known else None,
        net_delta=own.delta + per * share.contracts if known else None,
        hedge_contracts=share.contracts,
        gamma=own.gamma if known else None,
        vega=own.vega if known else None,
        theta=own.theta if known else None,
        iv=sum(ivs) / len(ivs) if ivs else None,
        put_strike=strike(trade.put.instrument),
        call_strike=strike(trade.call.instrument),
        greeks_age_s=max(ages) if ages else None,
        estimated=own.approximate,
        note=note,
    )


def candidate_view(number: int, row: Candidate) -> dk.CandidateView:
    """Return one scanner row."""
    put, call = row.put, row.call
    expiry = put.instrument.expiry
    low, high = row.break_evens
    day = f" {expiry.day}{expiry:%b}" if expiry else ""
    right = call.instrument.short.removeprefix(f"{call.instrument.symbol} ")
    return dk.CandidateView(
        number=number,
        label=f"{put.instrument.short}/{right}{day}",
        expiry=expiry.isoformat() if expiry else "",
        dte=row.dte,
        iv_rank=row.iv.rank,
        iv_label=row.label.value,
        put_strike=put.strike,
        put_iv=put.vol,
        put_delta=put.delta,
        call_strike=call.strike,
        call_iv=call.vol,
        call_delta=call.delta,
        width_pct=row.width_pct,
        cost=row.cost,
        vega=row.vega,
        theta=row.theta,
        vega_per_theta=row.vega_per_theta,
        break_even_low=low,
        break_even_high=high,
        entry_delta=row.entry_delta,
        spread_pct=row.spread_pct,
    )


def order_views(state: DeskState) -> tuple[dk.OrderView, ...]:
    """Return the newest orders, newest first; live ones always."""
    newest = sorted(state.intents.values(), key=lambda i: i.number, reverse=True)
    shown = [i for n, i in enumerate(newest) if n < _ORDERS_SHOWN or i.live]
    return tuple(
        dk.OrderView(
            intent.number, intent.created_at, intent.draft.describe(), intent.state.value,
            intent.filled, intent.draft.quantity, intent.draft.purpose.value, intent.client_key,
            intent.draft.reason,
        )
        for intent in shown
    )  # fmt: skip


def preflight(src: Sources, *, chain_fresh: bool) -> tuple[dk.Check, ...]:
    """Return the live checks that must hold before the first trade."""
    state, now = src.parts.state, src.parts.clock.now()
    active = src.orders.active_month()
    quote = src.parts.board.quotes.get(active.key) if active else None
    age = quote.age(now) if quote else None
    live = age is not None and age <= src.parts.settings.limits.quote_max_age
    symbol = src.parts.symbol
    ready = state.link is ev.LinkState.READY
    lots = src.parts.settings.vega.first_trade_lots
    return (
        dk.Check("connected", ready, "broker truth read" if ready else state.link_reason),
        dk.Check(f"{symbol} data live", live, _month_words(active, age)),
        dk.Check("strategy enabled", state.enabled, "on" if state.enabled else "off: b switches"),
        dk.Check("orders armed", state.armed, "armed" if state.armed else "A arms"),
        dk.Check("chain fresh", chain_fresh, "scanned" if chain_fresh else "c scans"),
        dk.Check("direction", ok=True, detail=f"SELL {symbol} for +Δ, BUY for -Δ"),
        dk.Check("small size", lots <= 1, f"first trade {lots} lot{'s' if lots > 1 else ''}"),
    )


def _month_words(active: Instrument | None, age: float | None) -> str:
    if active is None:
        return "not initialized"
    return active.key if age is None else f"{active.key}, {age:.1f} s old"
