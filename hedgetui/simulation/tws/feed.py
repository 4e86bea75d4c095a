"""Market data for subscribed lines: quotes when they change, computations every second.

A quiet quote is sent again after a while with another size, because clients drop what is equal to
the last and a trader must see that the line lives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from hedgetui.domain.instruments import GRAINS, Right, parse_key
from hedgetui.domain.quotes import Greeks, Quote
from hedgetui.simulation.tws.contracts import Listed
from hedgetui.simulation.tws.desk import NO_DEFINITION
from hedgetui.simulation.tws.fields import BadMessage, Cursor, WireContract, WireLeg
from hedgetui.simulation.tws.framing import UNSET_DOUBLE, Field
from hedgetui.simulation.tws.session import ClientSession, Handler
from hedgetui.simulation.tws.site import Site

_PRICE, _SIZE, _COMPUTATION, _GENERIC = 1, 2, 21, 45
_VOLUME, _DELAYED_VOLUME, _CALLS, _PUTS = 8, 74, 27, 28
_INDEX_IV = frozenset({"XSP", "SPX", "SPY"})
"""What has an implied volatility of 30 days here: the index, in its forms."""
_SNAPSHOT_END, _DATA_TYPE, _PARAMETERS = 57, 58, 81
_BID, _ASK, _LAST, _IMPLIED, _HALTED = 1, 2, 4, 24, 49
_DELAYED_PRICES = {_BID: 66, _ASK: 67, _LAST: 68}
_DELAYED_COMPUTATION = 70
_MODEL = 13
_ATTRIBUTE = 156
LIVE, FROZEN, DELAYED = 1, 2, 3
LINES_USED_UP, DUPLICATE_LINE, NO_LINE = 101, 322, 300
NOT_SUBSCRIBED, SHOWN_DELAYED = 354, 10167

QUIET_S = 2.0
GREEKS_S = 1.0
_CLOSED_EXCEPT = frozenset({"IND", "STK"})
_FARMS = {"FUT": "usfuture", "OPT": "usopt", "BAG": "usopt"}
_SENTINELS: dict[str, tuple[Field, Field]] = {
    "unset": ("-1", "-2"), "minus": ("-1", "-1"), "nan": ("NaN", "NaN"),
    "inf": ("Infinity", "Infinity"), "max": (UNSET_DOUBLE, UNSET_DOUBLE),
}  # fmt: skip


@dataclass(slots=True)
class Line:
    """One subscription and what was sent on it last."""

    request: int
    contract: Listed
    generics: frozenset[str] = frozenset()
    data_type: int = LIVE
    sent: Quote | None = None
    sent_at: float = -math.inf
    greeks_at: float = -math.inf
    halted: bool | None = None
    counted: bool = False
    """Whether volume and open interest were told."""
    turns: int = field(default=0)
    """How often the quote was sent; sizes change with it."""


def farm_of(contract: Listed) -> str:
    """Return the data farm a contract's quotes come from."""
    return _FARMS.get(contract.sec_type, "usfarm")


class MarketFeed:
    """Keeps the lines of all clients supplied."""

    def __init__(self, site: Site) -> None:
        """Quote what `site`'s exchange quotes."""
        self._site = site

    def handlers(self) -> dict[int, Handler]:
        """Return what answers which message."""
        return {1: self._subscribe, 2: self._cancel, 59: self._set_type}

    def publish(self) -> None:
        """Send what changed to every line."""
        if self._site.cut_off or self._site.switches.no_data:
            return
        for session in self._site.clients():
            for line in tuple(session.lines.values()):
                self._supply(session, line)

    # --- requests

    def _set_type(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        session.data_type = cursor.integer("type")

    def _cancel(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        request = cursor.integer("reqId")
        if session.lines.pop(request, None) is None:
            session.error(request, NO_LINE, f"Can't find EId with tickerId:{request}")

    def _subscribe(self, session: ClientSession, cursor: Cursor) -> None:
        cursor.integer("version")
        request, wanted = cursor.integer("reqId"), cursor.contract()
        if wanted.sec_type == "BAG":
            wanted = replace(wanted, legs=tuple(_leg(cursor) for _ in range(cursor.integer("n"))))
        if cursor.flag("deltaNeutralContract"):
            raise BadMessage("delta neutral contracts are not supported")
        generics = frozenset(filter(None, cursor.text("genericTicks").split(",")))
        snapshot = cursor.flag("snapshot")
        line = self._open(session, request, wanted)
        if line is None:
            return
        line.generics = generics
        if not snapshot:
            session.lines[request] = line
        session.send(_DATA_TYPE, 1, request, line.data_type)
        session.send(_PARAMETERS, request, line.contract.min_tick, "a60001", 3)
        if not self._site.cut_off:
            self._supply(session, line)
        if snapshot:
            session.send(_SNAPSHOT_END, 1, request)

    def _open(self, session: ClientSession, request: int, wanted: WireContract) -> Line | None:
        """Return the line asked for; without one the client has been told why."""
        contracts = self._site.contracts
        if wanted.sec_type == "BAG":
            found = [one for one in (contracts.combination(wanted),) if one is not None]
        else:
            found = contracts.find(wanted)
        if len(found) != 1:
            words = (
                f"The contract description specified for {wanted.symbol} is ambiguous."
                if found else "No security definition has been found for the request"
            )  # fmt: skip
            session.error(request, NO_DEFINITION, words)
            return None
        if request in session.lines:
            session.error(request, DUPLICATE_LINE, f"Duplicate ticker id {request}")
            return None
        used = sum(len(one.lines) for one in self._site.clients())
        if used >= (self._site.switches.line_limit or self._site.max_lines):
            session.error(request, LINES_USED_UP, "Max number of tickers has been reached")
            return None
        data_type = self._type_of(session)
        if self._site.switches.no_data and data_type != DELAYED:
            session.error(
                request, NOT_SUBSCRIBED, "Requested market data is not subscribed.Displaying "
                "delayed market data is available.",
            )  # fmt: skip
            return None
        if data_type == DELAYED:
            session.error(
                request, SHOWN_DELAYED,
                "Requested market data is not subscribed. Displaying delayed market data.",
            )  # fmt: skip
        return Line(request, found[0], data_type=data_type)

    def _type_of(self, session: ClientSession) -> int:
        switches = self._site.switches
        wants_delayed = session.data_type >= DELAYED
        if switches.delayed_data or (switches.no_data and wants_delayed):
            return DELAYED
        return FROZEN if switches.frozen_data else LIVE

    # --- supply

    def _supply(self, session: ClientSession, line: Line) -> None:
        if farm_of(line.contract) in self._site.switches.silent_farms:
            return
        data_type = self._type_of(session)
        if data_type != line.data_type:
            line.data_type = data_type
            session.send(_DATA_TYPE, 1, line.request, data_type)
        if data_type == FROZEN and line.sent is not None:
            return
        market, faults = self._site.exchange.market, self._site.exchange.faults
        elapsed = market.at - market.start
        if not any(one.covers(elapsed) for one in faults.quotes_silent):
            self._supply_quote(session, line)
        self._supply_halt(session, line)
        if market.at - line.greeks_at < GREEKS_S:
            return
        line.greeks_at = market.at
        if not any(one.covers(elapsed) for one in faults.greeks_silent):
            self._supply_computation(session, line)

    def _supply_quote(self, session: ClientSession, line: Line) -> None:
        quote, old = self._quote(line.contract), line.sent
        now = self._site.exchange.market.at
        closed = quote.bid is quote.ask is None and line.contract.sec_type not in _CLOSED_EXCEPT
        quiet = now - line.sent_at < QUIET_S or closed
        if old is not None and quiet and _prices(old) == _prices(quote):
            return
        line.turns += 1
        line.sent, line.sent_at = quote, now
        kinds = _DELAYED_PRICES if line.data_type == DELAYED else {}
        for number, price, before in zip(
            (_BID, _ASK, _LAST), _prices(quote), _prices(old) if old else (None,) * 3, strict=True
        ):
            if price is not None:
                size = 1 + (round(price * 4) + line.turns) % 37
                session.send(_PRICE, 6, line.request, kinds.get(number, number), price, size, 0)
            elif before is not None:
                session.send(_PRICE, 6, line.request, kinds.get(number, number), -1, 0, 0)

    def _supply_halt(self, session: ClientSession, line: Line) -> None:
        halted = self._site.exchange.market.halted and line.contract.symbol not in GRAINS
        if line.contract.sec_type in {"FUT", "OPT", "STK"} and halted != line.halted:
            line.halted = halted
            session.send(_GENERIC, 1, line.request, _HALTED, int(halted))

    def _supply_computation(self, session: ClientSession, line: Line) -> None:
        one, exchange = line.contract, self._site.exchange
        if one.symbol in _INDEX_IV and one.sec_type != "OPT" and "106" in line.generics:
            session.send(_GENERIC, 1, line.request, _IMPLIED, round(exchange.market.iv30, 6))
        if one.sec_type != "OPT":
            return
        self._supply_counts(session, line)
        kind = self._site.switches.greeks_sentinels
        if kind == "none":
            return
        (greeks,) = exchange.board.greeks((one.key,))
        quote = line.sent or self._quote(one)
        shift = _DELAYED_COMPUTATION if line.data_type == DELAYED else 0
        attribute: tuple[Field, ...] = (0,) if session.version >= _ATTRIBUTE else ()
        head: tuple[Field, ...] = () if session.version >= _ATTRIBUTE else (6,)
        prices = {10: quote.bid, 11: quote.ask, 12: quote.last, _MODEL: quote.mid or quote.last}
        for number, price in prices.items():
            values = _SENTINELS.get(kind)
            if values is not None:
                level, greek = values
                numbers: tuple[Field, ...] = (
                    level, greek, level, level, greek, greek, greek, level,
                )  # fmt: skip
            else:
                numbers = self._numbers(greeks, price)
            session.send(_COMPUTATION, *head, line.request, number + shift, *attribute, *numbers)

    def _numbers(self, greeks: Greeks, price: float | None) -> tuple[Field, ...]:
        """Return volatility, delta, price, dividends, gamma, vega, theta and the underlying."""
        exchange = self._site.exchange
        delta, stuck = greeks.delta, exchange.faults.stuck_deltas
        if stuck is not None:
            put, call = stuck
            delta = put if parse_key(greeks.key).right is Right.PUT else call
        return (
            greeks.iv, delta, -1 if price is None else price, 0, greeks.gamma, greeks.vega,
            greeks.theta, round(self._underlying(greeks.key), 4),
        )  # fmt: skip

    def _underlying(self, key: str) -> float:
        """Return the price an option's model starts from."""
        board, option = self._site.exchange.board, parse_key(key)
        if option.symbol == board.market.root.symbol:
            return board.spot
        return board.securities.prices.price(option.symbol)

    def _supply_counts(self, session: ClientSession, line: Line) -> None:
        """Tell an option's volume and, to whom asked for it, its open interest; once each."""
        option = parse_key(line.contract.key)
        securities = self._site.exchange.board.securities
        if line.counted or not securities.covers(option):
            return
        line.counted = True
        interest, volume = securities.interest(option)
        delayed = line.data_type == DELAYED
        session.send(_SIZE, 6, line.request, _DELAYED_VOLUME if delayed else _VOLUME, int(volume))
        if "101" in line.generics:
            is_put = option.right is Right.PUT
            for number, count in ((_CALLS, 0 if is_put else interest),
                                  (_PUTS, interest if is_put else 0)):  # fmt: skip
                session.send(_SIZE, 6, line.request, number, int(count))

    def _quote(self, one: Listed) -> Quote:
        """Return the quote of a contract, or what is switched on to be shown instead."""
        switches, board = self._site.switches, self._site.exchange.board
        key = switches.swapped.get(one.key, one.key)
        quote = board.quote(key)
        if one.key in switches.bad_ticks:
            bad = switches.bad_ticks.pop(one.key)
            quote = replace(quote, bid=bad, ask=bad + float(one.min_tick) * one.magnifier, last=bad)
        return quote


def _prices(quote: Quote) -> tuple[float | None, float | None, float | None]:
    return quote.bid, quote.ask, quote.last


def _leg(cursor: Cursor) -> WireLeg:
    con_id, ratio = cursor.integer("conId"), cursor.integer("ratio")
    return WireLeg(con_id, ratio, cursor.text("action"), cursor.text("exchange"))
