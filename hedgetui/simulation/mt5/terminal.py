"""The MetaTrader5 module's functions over a simulated broker.

Names, arguments, results and silences are the vendor's: `None` is an error, `()` is nothing, times
are the server's, and `last_error` tells about the call before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hedgetui.domain.dtms.bars import Timeframe
from hedgetui.simulation.mt5 import listing
from hedgetui.simulation.mt5.arguments import BadArguments, instruction, read_request
from hedgetui.simulation.mt5.codes import words
from hedgetui.simulation.mt5.faults import Ambush, How, Lost
from hedgetui.simulation.mt5.grid import Ints
from hedgetui.simulation.mt5.orders import Instruction, Outcome
from hedgetui.simulation.mt5.structs import OrderCheckResult, OrderSendResult
from hedgetui.simulation.mt5.terminal_link import MOST_BARS, TerminalLink

_FAIL, _PARAMS, _NOT_FOUND, _NO_API = -1, -2, -4, -8
_SUMMER_S = 90 * 86_400
"""Shorter than summer time or winter time: equal offsets at both ends are equal between."""
_CONNECTION, _CLIENT_DISABLES, _TRADE_DISABLED, _SERVER_DISABLES = 10031, 10027, 10017, 10026


class TerminalBroken(ConnectionError):  # noqa: N818 - the state is named
    """The way to the terminal broke during a call."""


class Terminal(TerminalLink):
    """Everything a program may ask of a terminal."""

    def symbols_total(self) -> int:
        """Return the number of symbols."""
        return len(self.venue.markets) if self._ready() else 0

    def symbol_select(self, symbol: str, enable: bool = True) -> bool:  # noqa: FBT001, FBT002 - the vendor's signature
        """Show a symbol in the market watch; every one is there already."""
        if not self._ready() or not self._known(symbol):
            return False
        return bool(self._ok(value=enable or True))

    def symbol_info(self, symbol: str) -> Any:  # noqa: ANN401 - the vendor's type
        """Return how a symbol trades."""
        if not self._ready() or not self._known(symbol):
            return None
        seen = self.venue.control.seen_at(symbol)
        return self._ok(listing.symbol(self.venue, symbol, seen, self._offset(seen)))

    def symbol_info_tick(self, symbol: str) -> Any:  # noqa: ANN401 - the vendor's type
        """Return the newest tick of a symbol."""
        if not self._ready() or not self._known(symbol):
            return None
        quote = self.venue.markets[symbol].quote(self.venue.control.seen_at(symbol))
        if quote is None:
            return self._fail(_NOT_FOUND, "Terminal: Not found")
        return self._ok(listing.tick(quote, self._offset(quote.at)))

    def positions_total(self) -> Any:  # noqa: ANN401 - the vendor's type
        """Return the number of open positions."""
        found = self.positions_get()
        return None if found is None else len(found)

    def positions_get(self, *, symbol: str = "", ticket: int = 0, group: str = "") -> Any:  # noqa: ANN401 - the vendor's type
        """Return open positions; `()` for none, None for an error."""
        if not self._ready():
            return None
        if self.venue.control.use("positions_fail"):
            return self._fail(_FAIL, "Terminal: Call failed")
        held = (
            holding
            for holding in self._shown().holdings
            if symbol in {"", holding.symbol}
            and ticket in {0, holding.ticket}
            and listing.in_group(holding.symbol, group)
        )
        return self._ok(tuple(listing.position(self.venue, one, self._offset) for one in held))

    def orders_total(self) -> Any:  # noqa: ANN401 - the vendor's type
        """Return the number of working orders."""
        found = self.orders_get()
        return None if found is None else len(found)

    def orders_get(self, *, symbol: str = "", ticket: int = 0, group: str = "") -> Any:  # noqa: ANN401 - the vendor's type
        """Return orders that are still under way."""
        if not self._ready():
            return None
        orders = (
            order
            for order in self.venue.ledger.waiting
            if symbol in {"", order.instruction.symbol}
            and ticket in {0, order.ticket}
            and listing.in_group(order.instruction.symbol, group)
        )
        return self._ok(tuple(listing.order(self.venue, one, self._offset) for one in orders))

    def history_deals_get(
        self, date_from: Any = None, date_to: Any = None, *, group: str = "", ticket: int = 0,  # noqa: ANN401 - a datetime or seconds, as the vendor takes them
        position: int = 0,
    ) -> Any:  # fmt: skip  # noqa: ANN401 - the vendor's type
        """Return deals between two server times, of an order, or of a position."""
        if not self._ready():
            return None
        if self.venue.control.use("deals_fail"):
            return self._fail(_FAIL, "Terminal: Call failed")
        asked = listing.History(date_from, date_to, group, ticket, position)
        if not asked.complete:
            return self._fail(_PARAMS, "Invalid arguments")
        deals = (
            listing.deal(one, self._offset)
            for one in self.venue.told_deals()
            if asked.wants(one, one.at + self._offset(one.at))
        )
        return self._ok(tuple(deals))

    def history_orders_get(
        self, date_from: Any = None, date_to: Any = None, *, group: str = "", ticket: int = 0,  # noqa: ANN401 - as for the deals
        position: int = 0,
    ) -> Any:  # fmt: skip  # noqa: ANN401 - the vendor's type
        """Return executed orders, asked for as deals are."""
        if not self._ready():
            return None
        asked = listing.History(date_from, date_to, group, ticket, position)
        if not asked.complete:
            return self._fail(_PARAMS, "Invalid arguments")
        orders = (
            listing.executed(one, self._offset)
            for one in self.venue.told_deals()
            if one.order and asked.wants(one, one.at + self._offset(one.at))
        )
        return self._ok(tuple(orders))

    def copy_rates_from_pos(self, symbol: str, timeframe: int, start_pos: int, count: int) -> Any:  # noqa: ANN401 - the vendor's type
        """Return bars oldest first as a structured array; the newest is unfinished."""
        if not self._ready() or not self._known(symbol):
            return None
        if self.venue.control.use("rates_fail"):
            return self._fail(_FAIL, "Terminal: Call failed")
        try:
            length = Timeframe(timeframe)
        except ValueError:
            return self._fail(_PARAMS, "Invalid params")
        if start_pos < 0 or not 0 < count <= MOST_BARS:
            return self._fail(_PARAMS, "Invalid params")
        seen = self.venue.control.seen_at(symbol)
        bars = self.venue.markets[symbol].bars(length, seen, count, start_pos).copy()
        bars["time"] += self._offsets(bars["time"].tolist())
        # A server's clock that goes back in autumn lives through an hour twice and keeps one.
        newest = np.maximum.accumulate(np.r_[0, bars["time"][:-1]]) if len(bars) else 0
        return self._ok(bars[bars["time"] > newest])

    def order_calc_margin(self, action: int, symbol: str, volume: float, price: float) -> Any:  # noqa: ANN401 - the vendor's type
        """Return the margin of a trade by itself, what is held already left out."""
        if not self._ready() or not self._known(symbol):
            return None
        del action
        return self._ok(self.venue.valuation.alone(symbol, volume, price, self.venue.at))

    def order_check(self, request: object) -> Any:  # noqa: ANN401 - the vendor's type
        """Return what the server says of a request before it is sent; 0 when it would pass."""
        if not self._ready():
            return None
        try:
            read = read_request(request)
        except BadArguments as error:
            return self._fail(_PARAMS, str(error))
        code, after = self.venue.check(instruction(read))
        code = self._objection() or code
        return self._ok(OrderCheckResult(
            int(code), after.balance, after.equity, after.profit, after.margin, after.margin_free,
            after.margin_level, words(code), read,
        ))  # fmt: skip

    def order_send(self, request: object) -> Any:  # noqa: ANN401 - the vendor's type
        """Send a request.

        Raises:
            TerminalBroken: the call broke; whether the request arrived nobody is told.
        """
        if not self._ready():
            return None
        try:
            read = read_request(request)
        except BadArguments as error:
            return self._fail(_PARAMS, str(error))
        if self.venue.control.api_disabled:
            return self._fail(_NO_API, "Auto-trading via Python API disabled")
        asked = instruction(read)
        code = self._objection()
        if code:
            return self._answered(Outcome(code), read)
        ambush = self.venue.control.ambush(asked)
        if ambush is None:
            return self._answered(self.venue.submit(asked), read)
        if ambush.retcode:
            if ambush.lost is Lost.LANDED:
                self.venue.submit(asked)
            return self._answered(Outcome(ambush.retcode), read)
        return self._lose(ambush, asked)

    def _offsets(self, times: list[int]) -> Ints:
        """Return the server's offset at each of growing times."""
        ends = {self._offset(at) for at in (*times[:1], *times[-1:])}
        steady = len(ends) <= 1 and times[-1:] <= [at + _SUMMER_S for at in times[:1]]
        each = list(ends) * len(times) if steady else [self._offset(at) for at in times]
        return np.array(each, np.int64)

    def _lose(self, ambush: Ambush, asked: Instruction) -> Any:  # noqa: ANN401 - the vendor's type
        if ambush.lost is Lost.LANDED:
            self.venue.submit(asked)
        if ambush.how is How.BROKEN:
            raise TerminalBroken("the connection to the terminal was lost")
        return self._fail(ambush.error, "IPC timeout")

    def _answered(self, outcome: Outcome, request: Any) -> Any:  # noqa: ANN401 - the vendor's type
        self._requests += 1
        return self._ok(OrderSendResult(
            int(outcome.retcode), outcome.deal, outcome.order, float(outcome.volume),
            outcome.price, outcome.bid, outcome.ask, words(outcome.retcode), self._requests, 0,
            request,
        ))  # fmt: skip

    def _objection(self) -> int:
        """Return why terminal or account let no request through; 0 when they do."""
        faults = self.venue.control
        if not faults.connected:
            return _CONNECTION
        if not faults.autotrading:
            return _CLIENT_DISABLES
        if not faults.trade_allowed:
            return _TRADE_DISABLED
        return 0 if faults.expert_allowed else _SERVER_DISABLES
