"""One trade walked through recorded bars, defended by the real machine or left alone.

Bars are of the bid, as MT5 keeps them; a long trade opens at the ask and closes at the bid. Within
a bar nobody knows what came first, so the worse is taken: the hedge's stop, then the trade's stop,
then its target. A stop that a gap jumps over fills at the open. Volumes are shares of the first
one and are not rounded: the broker's steps are not what is asked here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from hedgetui.domain.dtms.machine import (
    Counters,
    Move,
    View,
    Wish,
    deadlines,
    evaluate,
)
from hedgetui.domain.dtms.model import ActionKind, Automation, Hedge, Rules, State, Trade
from hedgetui.domain.dtms.reading import Reading
from hedgetui.domain.dtms.score import Readings
from hedgetui.domain.mt5.lots import share_of
from hedgetui.domain.mt5.records import Lots, PositionId, Ticket
from hedgetui.domain.orders import Side
from hedgetui.domain.units import Timestamp

STOP_ATR = 2.0
"""The first stop, in A15: what a trade without one is given as its R."""
TARGET_R = 1.5
_NO_POSITION = PositionId(0)


class Bar(NamedTuple):
    """One bar as the walk needs it; prices of the bid."""

    closed_at: float
    open: float
    high: float
    low: float
    close: float
    spread: float
    spread_ratio: float
    """To its median."""
    moved: float
    """Change of the close within a quarter of an hour, in A15."""
    atr15: float
    hedge_atr: float


class Market:
    """Bars and the readings at their closes; a reading is made once for each side."""

    def __init__(self, bars: Sequence[Bar], readings: Readings) -> None:
        self.bars = bars
        self._readings = readings
        self._made: dict[tuple[int, Side], Reading] = {}

    def reading(self, place: int, side: Side) -> Reading:
        """Return what a trade of `side` reads at the close of a bar."""
        found = self._made.get((place, side))
        if found is None:
            found = self._readings.at(place).seen_by(side)
            self._made[place, side] = found
        return found


@dataclass(frozen=True, slots=True)
class Walked:
    """What became of one trade; results in R of the whole first volume."""

    managed: float
    unmanaged: float
    states: frozenset[State]
    """Every state it was in."""
    rules: Counter[str]
    """How often each transition was made."""
    path: tuple[tuple[int, str], ...]
    """Bar and rule of each transition, in order."""


def walk(market: Market, place: int, side: Side, bars: int, rules: Rules) -> Walked:
    """Enter at the close of bar `place` and follow the trade over at most `bars` bars."""
    defended = _Defended(market, place, side, rules)
    last = place + bars
    for at in range(place + 1, last + 1):
        if defended.live(at):
            break
    else:
        defended.leave(last)
    return Walked(
        defended.cash / defended.trade.risk,
        _alone(market, place, side, last),
        frozenset(defended.states),
        Counter(rule for _, rule in defended.path),
        tuple(defended.path),
    )


def _closing(side: Side, bid: float, bar: Bar) -> float:
    """Return the price at which a position of `side` closes while the bid is `bid`."""
    return bid if side is Side.BUY else bid + bar.spread


def _stopped(side: Side, level: float, bar: Bar) -> float | None:
    """Return the fill of a stop within the bar, None when it was not reached."""
    sign = side.sign
    worst = _closing(side, bar.low if side is Side.BUY else bar.high, bar)
    if sign * (worst - level) > 0:
        return None
    opened = _closing(side, bar.open, bar)
    return opened if sign * (opened - level) <= 0 else level


def _reached(side: Side, level: float, bar: Bar) -> bool:
    """Whether a target was reached within the bar."""
    best = _closing(side, bar.high if side is Side.BUY else bar.low, bar)
    return side.sign * (best - level) >= 0


def _entry(bar: Bar, side: Side) -> tuple[float, float]:
    """Return the price of the entry and R."""
    touch = bar.close + bar.spread if side is Side.BUY else bar.close
    return touch, STOP_ATR * bar.atr15


def _alone(market: Market, place: int, side: Side, last: int) -> float:
    """Return the result in R of the same trade with its first stop and target only."""
    entry, risk = _entry(market.bars[place], side)
    sl, tp = entry - side.sign * risk, entry + side.sign * TARGET_R * risk
    for bar in market.bars[place + 1 : last + 1]:
        fill = _stopped(side, sl, bar)
        if fill is not None:
            return side.sign * (fill - entry) / risk
        if _reached(side, tp, bar):
            return TARGET_R
    bar = market.bars[last]
    return side.sign * (_closing(side, bar.close, bar) - entry) / risk


class _Defended:
    """A trade, its hedge and its cash, moved by nothing but the machine and the bars."""

    def __init__(self, market: Market, place: int, side: Side, rules: Rules) -> None:
        self._market = market
        self._rules = rules
        self._counters = Counters()
        bar = market.bars[place]
        entry, risk = _entry(bar, side)
        at = Timestamp(bar.closed_at)
        self.trade = Trade(
            PositionId(1), Ticket(1), "", side, entry, Lots(Decimal(1)), Lots(Decimal(1)), risk,
            entry - side.sign * risk, entry + side.sign * TARGET_R * risk, at, at, State.HEALTHY,
            at, Automation.AUTO,
        )  # fmt: skip
        self.cash = 0.0
        self.states = {State.HEALTHY}
        self.path: list[tuple[int, str]] = []

    def live(self, place: int) -> bool:
        """Take one bar; True when the trade is over."""
        bar = self._market.bars[place]
        hedge_gone = self._hedge_stopped(bar)
        if self._ended(bar):
            return True
        if hedge_gone and self._look(place, bar, deep=False, hedge_gone=hedge_gone):
            return True
        return self._look(place, bar, deep=True)

    def leave(self, place: int) -> None:
        """Close whatever is open at the close of a bar."""
        bar = self._market.bars[place]
        self._close_hedge(bar)
        self._close(self.trade.volume, _closing(self.trade.side, bar.close, bar))

    def _hedge_stopped(self, bar: Bar) -> str:
        hedge = self.trade.hedge
        if hedge is None or hedge.sl is None:
            return ""
        fill = _stopped(hedge.side, hedge.sl, bar)
        if fill is None:
            return ""
        self._realise_hedge(hedge, fill)
        return "stop"

    def _ended(self, bar: Bar) -> bool:
        """Whether the trade met its stop or target; its hedge is then closed with it."""
        trade = self.trade
        fill = None if trade.sl is None else _stopped(trade.side, trade.sl, bar)
        if fill is None and trade.tp is not None and _reached(trade.side, trade.tp, bar):
            fill = trade.tp
        if fill is None:
            return False
        self._close(trade.volume, fill)
        if trade.hedge is not None:
            # The hedge's closing side is the spread away from the trade's.
            self._realise_hedge(trade.hedge, fill + trade.side.sign * bar.spread)
        return True

    def _look(self, place: int, bar: Bar, *, deep: bool, hedge_gone: str = "") -> bool:
        trade = self.trade
        closing = _closing(trade.side, bar.close, bar)
        u = trade.u(closing)
        against = -trade.side.sign * bar.moved
        view = View(
            now=Timestamp(bar.closed_at),
            reading=self._market.reading(place, trade.side) if deep else None,
            deep=deep,
            u=u,
            spread_ratio=bar.spread_ratio,
            emergency=u <= self._rules.emergency_u or against >= self._rules.emergency_atr,
            hedge_gone=hedge_gone,
        )
        verdict = evaluate(trade, self._counters, view, self._rules)
        self._counters = verdict.counters
        done = any(self._do(wish, bar) for wish in verdict.wishes)
        if verdict.move is not None:
            self._move(place, bar, verdict.move)
        return done

    def _do(self, wish: Wish, bar: Bar) -> bool:
        """Do at the close of the bar what is wished; True when nothing is left open."""
        trade, rules = self.trade, self._rules
        closing = _closing(trade.side, bar.close, bar)
        match wish.kind:
            case ActionKind.TIGHTEN_SL:
                self._tighten(closing - trade.side.sign * rules.tighten_r * trade.risk)
            case ActionKind.BREAKEVEN_SL:
                self._tighten(trade.entry)
                self.trade = replace(self.trade, breakeven_armed=False)
            case ActionKind.PARTIAL_CLOSE:
                self._close(Lots(share_of(trade.initial_volume, rules.partial_ratio)), closing)
                self.trade = replace(self.trade, halved=True)
            case ActionKind.OPEN_HEDGE:
                self._hedge(bar)
            case ActionKind.CLOSE_HEDGE:
                self._close_hedge(bar)
            case ActionKind.CLOSE_ALL:
                self._close_hedge(bar)
                self._close(trade.volume, closing)
                return True
            case _:
                pass
        return False

    def _move(self, place: int, bar: Bar, move: Move) -> None:
        at = Timestamp(bar.closed_at)
        flat_at, recover_by = deadlines(move.after, at, self._rules)
        self.trade = replace(
            self.trade, state=move.after, since=at, flat_at=flat_at, recover_by=recover_by,
            breakeven_armed=self.trade.breakeven_armed or move.arms_breakeven,
        )  # fmt: skip
        self.states.add(move.after)
        self.path.append((place, move.rule))

    def _tighten(self, level: float) -> None:
        trade = self.trade
        if trade.sl is None or trade.side.sign * (level - trade.sl) > 0:
            self.trade = replace(trade, sl=level)

    def _hedge(self, bar: Bar) -> None:
        trade, rules = self.trade, self._rules
        side = Side.of(-trade.side.sign)
        touch = bar.close if side is Side.SELL else bar.close + bar.spread
        base = trade.initial_volume if rules.hedge_of_initial else trade.volume
        volume = Lots(min(share_of(base, rules.hedge_ratio), trade.volume))
        sl = touch - side.sign * rules.hedge_sl_atr * bar.hedge_atr
        hedge = Hedge(
            _NO_POSITION, Ticket(0), side, volume, touch, sl, soft_sl=False,
            at=Timestamp(bar.closed_at),
        )  # fmt: skip
        self.trade = replace(trade, hedge=hedge, hedges=trade.hedges + 1)

    def _close_hedge(self, bar: Bar) -> None:
        hedge = self.trade.hedge
        if hedge is not None:
            self._realise_hedge(hedge, _closing(hedge.side, bar.close, bar))

    def _realise_hedge(self, hedge: Hedge, price: float) -> None:
        self.cash += hedge.side.sign * float(hedge.volume) * (price - hedge.price)
        self.trade = replace(self.trade, hedge=None)

    def _close(self, volume: Lots, price: float) -> None:
        trade = self.trade
        self.cash += trade.side.sign * float(volume) * (price - trade.entry)
        self.trade = replace(
            trade, volume=Lots(trade.volume - volume),
            closed_volume=Lots(trade.closed_volume + volume),
        )  # fmt: skip
