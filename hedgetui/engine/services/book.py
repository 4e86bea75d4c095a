"""Measuring the book: which greeks may be used, and what the strangles and their hedge amount to.

Broker greeks count while they are young; then the console computes its own from a fresh mid and
says so; then the leg is stale and the book's delta is unknown. Nothing here guesses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hedgetui.domain import parity
from hedgetui.domain.instruments import Instrument, Kind, parse_key
from hedgetui.domain.orders import Intent, IntentState, Purpose
from hedgetui.domain.quotes import Greeks
from hedgetui.domain.units import Timestamp
from hedgetui.domain.vega import exposure as ex
from hedgetui.domain.vega import strangle as st
from hedgetui.domain.vega.decide import BookDelta
from hedgetui.engine.board import Board
from hedgetui.engine.settings import VegaRules
from hedgetui.engine.state import DeskState

_NO_VOL = 1e-4


@dataclass(frozen=True, slots=True)
class LegReading:
    """Greeks of one leg as they may be used, or why not."""

    greeks: Greeks | None
    age: float | None
    """Seconds since the broker's greeks; None when there never were any."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """The whole book at one moment."""

    readings: dict[str, LegReading]
    exposure: ex.Exposure
    problem: str
    """Why the delta is not known; empty when it is."""

    @property
    def greeks(self) -> dict[str, Greeks]:
        """Usable greeks by instrument key."""
        found = ((key, reading.greeks) for key, reading in self.readings.items())
        return {key: greeks for key, greeks in found if greeks is not None}

    @property
    def oldest_s(self) -> float | None:
        """Age of the oldest broker greeks in the book."""
        ages = [reading.age for reading in self.readings.values() if reading.age is not None]
        return max(ages) if ages else None


def held_legs(trades: Iterable[st.Strangle]) -> tuple[ex.OptionLeg, ...]:
    """Return every held leg of every trade."""
    return tuple(leg for trade in trades for leg in trade.open_legs())


def exposed(trades: Iterable[st.Strangle], now: Timestamp) -> int:
    """Return how many trades hold an option that still moves; expired ones wait for their cash."""
    return sum(
        any(leg.held and leg.instrument.expires_at > now for leg in trade.legs) for trade in trades
    )


def read_leg(
    instrument: Instrument,
    board: Board,
    now: Timestamp,
    rules: VegaRules,
    *,
    accept_stale: bool = False,
) -> LegReading:
    """Return the greeks of one leg; `accept_stale` lets the own model use an old mid."""
    if instrument.expires_at <= now:
        # Settled at a price already known: whatever it was worth, it moves with nothing now.
        return LegReading(Greeks(instrument.key, now, 0.0, 0.0, 0.0, 0.0, _NO_VOL), None)
    broker = board.greeks.get(instrument.key)
    if broker is not None and not broker.usable:
        broker = None
    age = None if broker is None else float(broker.age(now))
    if broker is not None and age is not None and age <= rules.greeks_max_age:
        return LegReading(broker, age)
    if broker is None and not accept_stale and now - board.greeks_asked_at <= rules.greeks_max_age:
        # A new session's first quotes come before its greeks: another model's opinion would trade
        # a moment before the broker's trades back.
        return LegReading(None, None, f"no greeks yet for {instrument.short}")
    quote = board.quotes.get(instrument.key)
    mid = None if quote is None else quote.mid
    fresh = quote is not None and quote.age(now) <= rules.greeks_max_age
    level_age = math.inf if board.index_at is None else now - board.index_at
    fresh = fresh and level_age <= rules.greeks_max_age
    if mid is not None and (fresh or accept_stale) and board.index_level is not None:
        level = board.index_level * instrument.index_ratio
        own = ex.model_greeks(instrument, mid, level, level, now)
        if own is not None:
            return LegReading(own, age)
    words = f"greeks stale {age:.0f} s" if age is not None else "no greeks yet for"
    return LegReading(None, age, f"{words} {instrument.short}")


def measure(
    state: DeskState,
    board: Board,
    now: Timestamp,
    rules: VegaRules,
    *,
    accept_stale: bool = False,
) -> Measured:
    """Measure every held leg."""
    legs = held_legs(state.open_strangles)
    readings = {
        leg.instrument.key: read_leg(leg.instrument, board, now, rules, accept_stale=accept_stale)
        for leg in legs
    }
    greeks = {key: r.greeks for key, r in readings.items() if r.greeks is not None}
    problem = next((r.problem for r in readings.values() if r.problem), "")
    return Measured(readings, ex.exposure(legs, greeks), problem)


def book_delta(state: DeskState, measured: Measured, symbol: str) -> BookDelta:
    """Return the book as the hedge rule takes it."""
    live = [i for i in state.live_intents if i.draft.purpose.is_hedge]
    return BookDelta(
        options=None if measured.problem else measured.exposure.delta,
        filled=state.hedge_position(symbol),
        working=state.hedge_working(symbol),
        problem=measured.problem,
        live=len(live),
        unknown=any(i.state is IntentState.UNKNOWN for i in live),
        rolling=_rolling(state, live),
    )


def _rolling(state: DeskState, live: list[Intent]) -> bool:
    """Whether live hedge orders belong to a roll that still adds up to no contracts.

    A first order whose other half has not been recorded yet counts as one; a roll of which one
    half has ended early does not: what is left of it is an order like any other.
    """
    rolls = {one.draft.trade_id for one in live if one.draft.purpose is Purpose.ROLL}
    for roll_id in rolls:
        both = roll_orders(state, roll_id)
        if len(both) > 1 and roll_balance(both) != 0:
            return False
    return len(rolls) > 0


def roll_orders(state: DeskState, roll_id: str | None) -> tuple[Intent, ...]:
    """Return the orders of one roll, the one out of the old month first."""
    return tuple(
        one for one in state.intents.values()
        if one.draft.purpose is Purpose.ROLL and one.draft.trade_id == roll_id
    )  # fmt: skip


def roll_balance(orders: Iterable[Intent]) -> int:
    """Return by how many contracts, signed, a roll changes the hedge once what works is filled."""
    return sum(one.draft.side.sign * one.filled + one.working_signed for one in orders)


def price_exposure(
    state: DeskState, board: Board, measured: Measured, hedge: Instrument, target: float = 0.0
) -> parity.Exposure | None:
    """Return the book's exposure by the independent, price-based path; None when not known.

    Options are valued at their underlying's level, futures held and working at their own mid.
    """
    level = board.index_level
    quote = board.quotes.get(hedge.key)
    mid = None if quote is None else quote.mid
    if level is None or mid is None or measured.problem:
        return None
    greeks = measured.greeks
    holdings = [
        parity.Holding(
            leg.instrument, leg.quantity, greeks[leg.instrument.key].delta,
            level * leg.instrument.index_ratio,
        )
        for leg in held_legs(state.open_strangles)
    ]  # fmt: skip
    for key, held in state.positions.items():
        instrument = parse_key(key)
        if instrument.kind is Kind.FUTURE and instrument.index_ratio > 0:
            holdings.append(parity.Holding(instrument, held, 1.0, board.mark(key) or mid))
    holdings.extend(
        parity.Holding(hedge, intent.working_signed, 1.0, mid)
        for intent in state.live_intents
        if intent.draft.purpose.is_hedge
    )
    return parity.exposure_of(holdings, parity.Holding(hedge, 1, 1.0, mid), level, target)
