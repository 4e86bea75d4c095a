"""One deterministic exchange behind every simulated door: it takes orders and tells what happened.

Synchronous and without a clock of its own: whoever drives it says what time it is (`advance`), and
everything up to that moment happens in order: market ticks, arriving orders, fills, settlements,
outages, messages reaching the client. It keeps its promises the way a broker does. An order is
durable before it is acknowledged, an execution before it is reported; a client key trades once;
what a dead session missed is never replayed, but `truth` shows all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeVar

from hedgetui.domain.balance.closes import Closes
from hedgetui.domain.errors import BrokerUnreachable, DataError
from hedgetui.domain.events import LinkState
from hedgetui.domain.orders import OrderDraft
from hedgetui.domain.quotes import VolatilityHistory
from hedgetui.domain.units import Timestamp
from hedgetui.ports.broker import BrokerMessage, BrokerTruth, LinkReport, Margin, MessageSink
from hedgetui.simulation.account import OPENING_CASH
from hedgetui.simulation.agenda import Agenda
from hedgetui.simulation.broker_book import BrokerBook, Fees
from hedgetui.simulation.chain import QuoteBoard
from hedgetui.simulation.closes import Histories
from hedgetui.simulation.faults import Faults, Interval
from hedgetui.simulation.grains import GrainMarket
from hedgetui.simulation.market import Market
from hedgetui.simulation.matching import FillModel
from hedgetui.simulation.order_store import OrderStore
from hedgetui.simulation.security_chain import SecurityBoard
from hedgetui.simulation.streams import stream
from hedgetui.simulation.trading_floor import FloorTerms, TradingFloor
from hedgetui.simulation.volatility import VolatilityDynamics
from hedgetui.simulation.wire import Latency, Wire

_T = TypeVar("_T")

ACCOUNT = "DU-SIM-01"
MARKET_RECORD_S = 60.0
HISTORY_DAYS = 252


class Exchange:
    """A market, a book and one client session at a time."""

    def __init__(  # noqa: PLR0913 - settings that are independent, each by its name
        self,
        market: Market,
        *,
        seed: int = 0,
        fees: Fees | None = None,
        faults: Faults | None = None,
        fills: FillModel | None = None,
        latency: Latency | None = None,
        state_path: Path | None = None,
        cash: Decimal = OPENING_CASH,
        holdings: Mapping[str, int] | None = None,
    ) -> None:
        """Open on `market`; with a `state_path` come back to what an earlier process had told.

        `holdings` (shares and options, signed, by key) are in a new account from the start.

        Raises:
            DataError: the state file holds something else, or such holdings cannot be.
            StoreError: the state file cannot be read or written.
        """
        self.account = ACCOUNT
        self.market = market
        self.board = QuoteBoard(market, GrainMarket(seed), SecurityBoard(market, seed))
        self.faults = faults or Faults()
        self._latency = latency or Latency()
        self._agenda = Agenda()
        unlisted = [key for key in holdings or () if self.board.quote(key).last is None]
        if unlisted:
            raise DataError(f"an account cannot open with {unlisted[0]}: it is not listed")
        self._book = BrokerBook(OrderStore(state_path), cash, market.state, holdings)
        if self._book.resumed is not None:
            market.resume(self._book.resumed)
        self._at = market.at
        self._seed = seed
        self._wire: Wire | None = None
        self._history = VolatilityDynamics(mean=market.iv30).daily_history(
            market.iv30, HISTORY_DAYS, stream(seed, "history")
        )
        self._closes = Histories(self.board.securities.prices, self._history)
        epoch = self._book.sessions
        self._floor = TradingFloor(
            self.board, self._book, self._agenda,
            terms=FloorTerms(fees or Fees(), fills or FillModel(), self.faults),
            random=lambda cause: stream(seed, cause, epoch),
            now=lambda: self._at, tell=self._tell,
        )  # fmt: skip
        self.matcher = self._floor.matcher
        self._plan()

    @property
    def at(self) -> Timestamp:
        """How far the exchange has come; a resumed one starts where the last record stood."""
        return self._at

    @property
    def session(self) -> int:
        """Number of the newest session."""
        return self._book.sessions

    @property
    def book(self) -> BrokerBook:
        """Orders, executions and the account, to look at."""
        return self._book

    @property
    def cash(self) -> Decimal:
        """Dollars in the account."""
        return self._book.account.cash

    @property
    def net_liquidation(self) -> Decimal:
        """Dollars the account is worth at fair marks."""
        return self._book.account.net_liquidation(self.board.mark)

    def next_event_at(self) -> Timestamp:
        """Return the moment at which `advance` has something to do next."""
        session = self.market.session
        tick = self.market.next_tick_at if session.futures_open else session.until
        return Timestamp(min(tick, self._agenda.next_at))

    def advance(self, now: Timestamp) -> None:
        """Let everything up to `now` happen, in order."""
        while True:
            tick, event = self.market.next_tick_at, self._agenda.next_at
            if min(tick, event) > now:
                break
            if event < tick:
                self._at = Timestamp(max(self._at, event))
                self._agenda.run_first()
            elif self._floor.has_orders:
                self.market.step(tick)
                self._at = Timestamp(max(self._at, tick))
                self._floor.tick()
            else:
                self.market.step(Timestamp(min(now, event)))
                self._at = Timestamp(max(self._at, self.market.at))
        self._at = Timestamp(max(self._at, now))

    def attach(self, sink: MessageSink) -> int:
        """Open a session that delivers to `sink` and return its number; the old one ends.

        Raises:
            BrokerUnreachable: an outage is on.
        """
        outage = self.faults.outage(self._at - self.market.start)
        if outage is not None:
            raise BrokerUnreachable(
                f"the simulated broker does not answer: {outage.reason or 'outage'}",
                hint="the engine tries again by itself",
            )
        self.detach(self.session)
        number = self._book.open_session()
        self._wire = Wire(
            number, sink, agenda=self._agenda, now=lambda: self._at, latency=self._latency,
            faults=self.faults, random=stream(self._seed, "latency", number),
            aside=stream(self._seed, "aside latency", number),
        )  # fmt: skip
        return number

    def detach(self, session: int) -> None:
        """End a session in order; one that is not open is ignored."""
        if self._wire is not None and self._wire.session == session:
            wire, self._wire = self._wire, None
            wire.close()

    def submit(self, session: int, client_key: str, draft: OrderDraft) -> None:
        """Send an order; it arrives after the link's latency.

        Raises:
            BrokerUnreachable: the session is not open.
        """
        self._open(session).up(partial(self._floor.receive, client_key, draft))

    def cancel(self, session: int, client_key: str) -> None:
        """Send a request to cancel.

        Raises:
            BrokerUnreachable: the session is not open.
        """
        self._open(session).up(partial(self._floor.cancel, client_key))

    def modify(self, session: int, client_key: str, draft: OrderDraft) -> None:
        """Send other terms for a working order; they arrive after the link's latency.

        Price, quantity, time in force and its end may change; what is traded, the side and the
        order type may not, and `draft.quantity` counts what is filled already. The answer is
        `OrderListed`. A refusal is an `OrderNotice` (104 done, 105 another order, 110 off the
        tick, 135 unknown, 201 anything else); where the order works it stands as it was, which
        an `OrderListed` says after the notice.

        Raises:
            BrokerUnreachable: the session is not open.
        """
        self._open(session).up(partial(self._floor.modify, client_key, draft))

    def ask(
        self,
        session: int,
        question: Callable[[], _T],
        answer: Callable[[_T], None],
        *,
        aside: bool = False,
    ) -> None:
        """Ask over the link: `question` runs at the exchange, `answer` at the client.

        What is asked `aside` has a lane of its own: it delays no order and waits for none.

        Raises:
            BrokerUnreachable: the session is not open.
        """
        wire = self._open(session)
        (wire.ask_aside if aside else wire.ask)(question, answer)

    def truth(self, now: Timestamp) -> BrokerTruth:
        """Return positions, orders, executions and cash at `now`."""
        self.advance(now)
        return BrokerTruth(
            session=self.session,
            at=self._at,
            positions=dict(self._book.account.positions),
            open_orders=self._book.open_orders(),
            ended_orders=self._book.ended_orders(),
            executions=tuple(self._book.executions.values()),
            commissions=tuple(self._book.commissions.values()),
            executions_since=self.market.start,
            cash=self.cash,
        )

    def margin(self, draft: OrderDraft) -> Margin:
        """Return what an order would do to margin and to the money left for others."""
        return self._floor.margin(draft)

    def volatility_history(self) -> VolatilityHistory:
        """Return a synthetic year of daily implied volatility and today's."""
        return VolatilityHistory(self._history, self.market.iv30)

    def closes(self, symbols: frozenset[str], days: int) -> Closes:
        """Return daily closes of the last `days` trading days; unknown names lack."""
        return self._closes.closes(symbols, days)

    def correct(self, exec_id: str, price: Decimal) -> None:
        """Correct the price of an execution, as exchanges do after an erroneous trade.

        Raises:
            DataError: there is no such execution.
        """
        self._tell(self._book.correct(exec_id, price))

    def close(self) -> None:
        """End the session and close the state file."""
        self.detach(self.session)
        self._book.close()

    def _plan(self) -> None:
        """Put what is known today on the agenda."""
        self._floor.resume()
        start = self.market.start
        for outage in self.faults.outages:
            if start + outage.at_s >= self._at:
                self._agenda.add(start + outage.at_s, partial(self._drop, outage))
        if self._book.keeps:
            self._record_market()

    def _record_market(self) -> None:
        self._book.mark_market()
        self._agenda.add(self._at + MARKET_RECORD_S, self._record_market)

    def _open(self, session: int) -> Wire:
        if self._wire is None or self._wire.session != session:
            raise BrokerUnreachable(f"session {session} is not open")
        return self._wire

    def _drop(self, outage: Interval) -> None:
        if self._wire is not None:
            wire, self._wire = self._wire, None
            reason = outage.reason or "connection lost"
            wire.drop(LinkReport(LinkState.DOWN, reason, wire.session))

    def _tell(self, message: BrokerMessage) -> None:
        if self._wire is not None:
            self._wire.down(message)
