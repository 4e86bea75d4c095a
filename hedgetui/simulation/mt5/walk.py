"""What happens at the broker by itself between two moments, in order of time.

A stop between two looks fires at the tick that reached it and at that tick's price, a gap included;
so do stop-outs, accepted orders, the night's swap, and what a person does by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hedgetui.domain.mt5.records import DealReason
from hedgetui.simulation.mt5.hours import CELL_S, DAY_S, rollover
from hedgetui.simulation.mt5.market import Quoted
from hedgetui.simulation.mt5.orders import Act, Holding, Instruction

if TYPE_CHECKING:
    from hedgetui.simulation.mt5.venue import Venue

_WEDNESDAY, _SATURDAY = 2, 5
_THURSDAY_1970 = 3


@dataclass(frozen=True, slots=True)
class Event:
    """Something due at a moment; of two at the same one the lower rank comes first."""

    at: float
    rank: int
    do: Callable[[float], None]


class Walker:
    """Finds what is due next."""

    def __init__(self, venue: Venue) -> None:
        """Look at `venue`, later."""
        self._venue = venue

    def next(self, after: float, upto: float) -> Event | None:
        """Return the first event later than `after` (or overdue then) and not after `upto`."""
        found = [*self._hands(after, upto), *self._orders(after, upto), *self._nights(upto)]
        if self._venue.ledger.holdings and after // CELL_S != upto // CELL_S:
            found += [*self._triggers(after, upto), *self._stop_out(after, upto)]
        return min(found, key=lambda event: (event.at, event.rank), default=None)

    def _triggers(self, after: float, upto: float) -> Iterator[Event]:
        """Yield the first stop or target that each position meets."""
        for symbol in {holding.symbol for holding in self._venue.ledger.holdings.values()}:
            held = [h for h in self._venue.ledger.of(symbol) if h.sl or h.tp]
            if not held or self._venue.control.is_halted(symbol):
                continue
            window = self._venue.markets[symbol].window(after, upto)
            for holding in held:
                prices = window.bid if holding.sign > 0 else window.ask
                stopped = holding.sl and holding.sign * (prices - holding.sl) <= 0
                reached = holding.tp and holding.sign * (prices - holding.tp) >= 0
                hits = np.flatnonzero(np.logical_or(stopped, reached))
                if len(hits):
                    first = int(hits[0])
                    price = float(prices[first])
                    by_stop = bool(holding.sl) and holding.sign * (price - holding.sl) <= 0
                    fire = partial(self._fire, holding, price if by_stop else holding.tp, by_stop)
                    yield Event(float(window.at[first]), 1, fire)

    def _fire(self, holding: Holding, price: float, by_stop: bool, at: float) -> None:  # noqa: FBT001 - bound by partial
        level, word = (holding.sl, "sl") if by_stop else (holding.tp, "tp")
        reason = DealReason.STOP_LOSS if by_stop else DealReason.TAKE_PROFIT
        digits = self._venue.markets[holding.symbol].terms.digits
        asked = Instruction(
            Act.DEAL, holding.symbol, -holding.sign, magic=holding.magic,
            comment=f"[{word} {level:.{digits}f}]", reason=int(reason),
        )  # fmt: skip
        self._venue.dealer.close(holding, asked, holding.volume, price, at)

    def _stop_out(self, after: float, upto: float) -> Iterator[Event]:
        venue = self._venue
        margin = venue.valuation.margin(venue.ledger.holdings.values(), after)
        if not margin:
            return
        first = (after // CELL_S + 1) * CELL_S
        times = np.arange(first, upto + 1e-6, CELL_S)
        levels = venue.valuation.equity_along(venue.ledger, times, after) / margin * 100.0
        low = np.flatnonzero(levels < venue.ledger.terms.stop_out)
        for cell in low:
            at = float(times[cell])
            if self._victim(at) is not None:
                yield Event(at, 2, partial(self._close_out, float(levels[cell])))
                return

    def _victim(self, at: float) -> tuple[Holding, Quoted] | None:
        """Return the position that loses most among those that can be closed."""
        worst: tuple[float, Holding, Quoted] | None = None
        for holding in self._venue.ledger.holdings.values():
            quote = self._venue.tradable(holding.symbol, at)
            if quote is None:
                continue
            loss = self._venue.valuation.profit(holding, quote.closing(holding.sign), at)
            if worst is None or loss < worst[0]:
                worst = (loss, holding, quote)
        return worst[1:] if worst is not None else None

    def _close_out(self, level: float, at: float) -> None:
        found = self._victim(at)
        if found is None:
            return
        holding, quote = found
        asked = Instruction(
            Act.DEAL, holding.symbol, -holding.sign, magic=holding.magic,
            comment=f"[so {level:.1f}%]", reason=int(DealReason.STOP_OUT),
        )  # fmt: skip
        price = quote.closing(holding.sign)
        self._venue.dealer.close(holding, asked, holding.volume, price, at)

    def _orders(self, after: float, upto: float) -> Iterator[Event]:
        for order in self._venue.ledger.waiting:
            if order.due_at <= upto:
                yield Event(max(after, order.due_at), 0, partial(self._venue.release, order))

    def _hands(self, after: float, upto: float) -> Iterator[Event]:
        """Yield the next thing a person does with each symbol, once it trades."""
        busy: set[str] = set()
        for number, trade in enumerate(self._venue.world.hands):
            if number in self._venue.hands_done or trade.symbol in busy:
                continue
            busy.add(trade.symbol)
            due = max(after, self._venue.start + trade.at_s)
            if due > upto or self._venue.control.is_halted(trade.symbol):
                continue
            if not self._venue.markets[trade.symbol].is_open(due):
                later = self._venue.markets[trade.symbol].window(due, upto).at
                if not len(later):
                    continue
                due = float(later[0])
            yield Event(due, 3, partial(self._venue.by_plan, number, trade))

    def _nights(self, upto: float) -> Iterator[Event]:
        """Yield the next 17:00 New York."""
        day = int(self._venue.rolled_at // DAY_S)
        for candidate in (day, day + 1, day + 2):
            at = float(rollover(candidate))
            if at > self._venue.rolled_at:
                if at <= upto:
                    yield Event(at, 4, partial(self._roll, candidate))
                return

    def _roll(self, day: int, at: float) -> None:
        venue = self._venue
        venue.rolled_at = at
        weekday = (day + _THURSDAY_1970) % 7
        for holding in tuple(venue.ledger.holdings.values()):
            terms = venue.markets[holding.symbol].terms
            always = terms.hours == "always"
            if weekday >= _SATURDAY and not always:
                continue
            nights = 3 if weekday == _WEDNESDAY and not always else 1
            points = terms.swap_long if holding.sign > 0 else terms.swap_short
            a_point = venue.valuation.tick_value(terms, at) * terms.point / terms.tick_size
            swap = nights * points * a_point * float(holding.volume)
            holding.swap = round(holding.swap + swap, 2)
            if venue.control.swap_reopen:
                venue.ledger.renumber(holding, at)
