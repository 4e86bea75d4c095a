"""Everything one session needs, wired: what arrives is given to whom it concerns.

Made for each session and thrown away with it, so that nothing of an old session can be taken for
something of the new.
"""

from __future__ import annotations

from hedgetui.adapters.ibkr import codes, terms
from hedgetui.adapters.ibkr.chores import Chores
from hedgetui.adapters.ibkr.codes import Meaning
from hedgetui.adapters.ibkr.contracts import ContractBook
from hedgetui.adapters.ibkr.feed import Feed
from hedgetui.adapters.ibkr.glance import Glances
from hedgetui.adapters.ibkr.heartbeat import Heartbeat
from hedgetui.adapters.ibkr.holdings import Holdings
from hedgetui.adapters.ibkr.level import Level
from hedgetui.adapters.ibkr.levels import Levels, Underlyings
from hedgetui.adapters.ibkr.lines import Lines, Use
from hedgetui.adapters.ibkr.listings import Listings
from hedgetui.adapters.ibkr.memory import Memory
from hedgetui.adapters.ibkr.notes import Notes
from hedgetui.adapters.ibkr.orders import OrderBook, WorkingOrder
from hedgetui.adapters.ibkr.parse import (
    COMMISSION,
    EXECUTION,
    LIVE_REQUEST,
    OPEN_ORDER,
    STATUS,
    ErrorRow,
    commission,
    execution_row,
    status_row,
)
from hedgetui.adapters.ibkr.portfolio import ACCOUNT_VALUE, PORTFOLIO, PortfolioReader
from hedgetui.adapters.ibkr.reasons import Reasons
from hedgetui.adapters.ibkr.scan import Scanner
from hedgetui.adapters.ibkr.security_chain import SecurityChains
from hedgetui.adapters.ibkr.servers import Servers
from hedgetui.adapters.ibkr.session import Session
from hedgetui.adapters.ibkr.subscriptions import Subscription, Subscriptions
from hedgetui.adapters.ibkr.truth import TruthReader
from hedgetui.adapters.ibkr.venue import Venues
from hedgetui.adapters.ibkr.watchlist import INDEX_KEY, Watchlist
from hedgetui.domain.errors import BrokerUnreachable
from hedgetui.domain.events import LinkState
from hedgetui.domain.instruments import Instrument, Kind, is_security, parse_key
from hedgetui.domain.units import Contracts
from hedgetui.ports.broker import (
    BrokerMessage,
    LinkReport,
    MessageSink,
    OrderEnded,
    OrderListed,
    OrderNotice,
)

_AGAIN_S = 5.0
_REASON_S = 0.2
"""Seconds that the words of a refusal may trail the status it causes."""

_READ_ONLY = (
    "the API of TWS is read-only: no order will be taken until that is switched off under Global "
    "Configuration, API, Settings"
)


class Conversation:
    """One session and its parts."""

    def __init__(
        self, session: Session, number: int, sink: MessageSink, book: ContractBook, memory: Memory
    ) -> None:
        """Report session `number` to `sink` until the session ends."""
        self.session = session
        self.number = number
        self._sink = sink
        self._memory = memory
        self._begun = False
        self._early: list[BrokerMessage] = []
        lines = Lines(session.connection.market_data_lines)
        self.notes = Notes(self.tell)
        self.reasons = Reasons(number, self.tell)
        self.listings = Listings(session, book)
        self.subscriptions = Subscriptions(session, lines)
        self.orders = OrderBook(session.connection.client_id)
        self.watchlist = Watchlist(
            session, self.subscriptions, self.listings, self.reasons, self.notes
        )
        self.level = Level(self.watchlist, self.tell, self.notes)
        self.feed = Feed(session.life, self.watchlist, self.level, self.tell, self.reasons)
        self.venues = Venues(session, self.listings, self.tell)
        self.venue = self.venues.hedge
        self.glances = Glances(session, self.subscriptions)
        self.scanner = Scanner(session, self.glances, self.listings, self.watchlist, self.level)
        self.portfolio = PortfolioReader(session, self.listings)
        self.underlyings = Underlyings(session, self.listings)
        self.levels = Levels(session, self.underlyings, self.glances, self.watchlist)
        self.chains = SecurityChains(
            session, self.glances, self.listings, self.underlyings, self.levels
        )
        self.truth = TruthReader(session, self.listings, self.orders, memory, self.notes)
        self.truth.number = number
        self.holdings = Holdings(session, self.listings, self.tell)
        self.heartbeat = Heartbeat(session, self.reasons)
        self.servers = Servers(session, self.watchlist, self.reasons, self.venue)
        self._chores = Chores(
            session,
            self.watchlist,
            self.venue,
            self.servers,
            self.orders,
            reasons=self.reasons,
            notes=self.notes,
        )
        self._listen()

    def _listen(self) -> None:
        session, subscriptions = self.session, self.subscriptions
        session.on_frame = self._frame
        session.on_error = self._error
        session.on_packet = subscriptions.packet
        session.on_lost = self._lost
        session.life.on_defect = self._defect
        subscriptions.on_tick = self._tick
        subscriptions.on_refused = self._refused
        subscriptions.reference = self._reference

    def begin(self) -> None:
        """Report the session and start its tasks."""
        latency = self.heartbeat.latency
        self._sink(LinkReport(LinkState.READY, "connected", self.number, latency))
        self._begun = True
        for message in self._early:
            self.tell(message)
        self._early.clear()
        self.reasons.open()
        life = self.session.life
        life.spawn(self._open_eyes(), "opening")
        life.spawn(self.heartbeat.run(), "heartbeat")
        life.spawn(self._chores.run(), "chores")

    def tell(self, message: BrokerMessage) -> None:
        """Pass a message on while the session stands; what comes before READY waits for it."""
        if not self._begun:
            self._early.append(message)
        elif self.session.life.alive:
            self._sink(message)

    def _lost(self, reason: str) -> None:
        if self._begun:
            self._sink(LinkReport(LinkState.DOWN, reason, self.number))

    def _defect(self, error: BaseException) -> None:
        """A part of the adapter failed: said aloud, since silence would look like peace."""
        words = f"defect in the broker adapter: {type(error).__name__}: {error}"
        self.notes.hint("defect", words, aloud=True)

    def use_account(self, account: str) -> None:
        """Read and follow one account."""
        self.truth.account = self.holdings.account = self.portfolio.account = account

    def _reference(self, key: str) -> float | None:
        """Return what a future without a price of its own is compared with: its index, if any."""
        return self.level.points if parse_key(key).index_ratio else None

    # --- tasks

    async def _open_eyes(self) -> None:
        """Learn the venue and subscribe to what the adapter itself needs."""
        while True:
            month = await self._month()
            await self.watchlist.keep(INDEX_KEY, *([month.key] if month else []))
            if month is not None:
                self.notes.drop("venue")
                return
            await self.session.life.pause(_AGAIN_S)

    async def _month(self) -> Instrument | None:
        try:
            return await self.venue.learn()
        except BrokerUnreachable as error:
            self.session.life.check()
            self.notes.hint("venue", str(error))
            self.venue.report()
            return None

    # --- what arrives

    def _frame(self, number: int, fields: list[str]) -> bool:
        """Note what concerns orders and keep market data; the library gets the rest."""
        if self.subscriptions.frame(number, fields):
            return True
        if number == STATUS:
            self._status(fields)
        elif number == OPEN_ORDER:
            self._terms(fields)
        elif number == EXECUTION:
            self._execution(fields)
        elif number == COMMISSION:
            self._commission(fields)
        elif number in {ACCOUNT_VALUE, PORTFOLIO}:
            self.portfolio.frame(number, fields)
        return False

    def _status(self, fields: list[str]) -> None:
        row = status_row(fields)
        if row is None:
            self.session.unreadable += 1
            return
        self.truth.status(row)
        order = self.orders.of(row, self._memory.known(row.perm_id))
        if order is None:
            return
        self._memory.met(row.perm_id, order.client_key)
        self.notes.drop("precautions")
        message = self.orders.status(order, row)
        if message is not None:
            self.tell_order(message)
        elif order.inactive and order.told is None:
            self.session.life.call_later(_REASON_S, lambda: self._inactive(order))

    def _terms(self, fields: list[str]) -> None:
        """Say once what the broker, or somebody there, made of an order of ours."""
        row = terms.listed(fields)
        known = self._memory.terms.get(row[0]) if row is not None else None
        if row is None or known is None:
            return
        key, now = row
        words = terms.changes(known, now)
        if words:
            self._memory.terms[key] = now
            self.notes.say(f"changed at the broker: {words}", client_key=key)

    def _inactive(self, order: WorkingOrder) -> None:
        message = self.orders.inactive(order)
        if message is not None:
            self.tell_order(message)

    def tell_order(self, message: BrokerMessage) -> None:
        """Pass evidence about an order on, and remember its end."""
        if isinstance(message, OrderEnded):
            order = self.orders.get(message.client_key)
            self._memory.ended(message, order.filled if order else Contracts(0))
        elif isinstance(message, OrderListed):
            self._memory.revived(message.client_key)
        self.tell(message)

    def _execution(self, fields: list[str]) -> None:
        row = execution_row(fields)
        if row is None:
            self.session.unreadable += 1
            return
        if row.request != LIVE_REQUEST:
            self.truth.execution(row)
            return
        self.truth.moved()
        owner = self._memory.owner_of(row)
        order = self.orders.get(owner)
        of_combo = order is not None and parse_key(order.instrument_key).kind is Kind.COMBO
        if row.revision == 1 and of_combo == (row.terms.sec_type == "BAG"):
            self.orders.executed(owner, row.quantity)
        execution = self.truth.named(row)
        if execution is not None:
            self.holdings.executed(execution)
            self.tell(execution)

    def _commission(self, fields: list[str]) -> None:
        charge = commission(fields)
        if charge is not None and self._memory.charges.get(charge.exec_id) != charge:
            self._memory.charges[charge.exec_id] = charge
            self.tell(charge)

    def _error(self, row: ErrorRow) -> None:
        """Give a code to whom it concerns."""
        if row.code == 321 and codes.READ_ONLY_WORDS in row.text.lower():
            self.notes.hint("read-only", _READ_ONLY, aloud=True)
        if self.subscriptions.error(row):
            self._market_data(row)
            return
        order = self.orders.numbered(row.about)
        if order is not None:
            for message in self.orders.error(order, row):
                self.tell_order(message)
            return
        if not self.servers.error(row) and row.about < 0:
            self._aside(row)

    def _aside(self, row: ErrorRow) -> None:
        """A code about the session that changes nothing by itself."""
        what = codes.meaning(row.code)
        if what is Meaning.COMPETING:
            self._market_data(row)
        elif what not in {Meaning.INFORMATION, Meaning.NO_HISTORY, Meaning.NO_CONTRACT}:
            self.tell(OrderNotice("", row.code, row.text))

    def _market_data(self, row: ErrorRow) -> None:
        what = codes.meaning(row.code)
        if what is Meaning.COMPETING:
            words = "another session of this user takes the market data; use one login at a time"
            self.notes.hint("competing", words, aloud=True)
        elif what is Meaning.DELAYED:
            self.notes.hint("delayed", f"delayed data: {row.text}", aloud=True)

    def _tick(self, one: Subscription) -> None:
        if one.use is Use.SCAN:
            self.glances.tick(one)
            return
        self.reasons.drop("silent")
        month = self.venue.month
        if month is not None and one.key == month.key:
            self.venue.halted(one.fold.halted)
        elif is_security(one.key):
            self.venues.securities.halted(one.key, one.fold.halted)
        self.feed.tick(one)

    def _refused(self, one: Subscription, row: ErrorRow) -> None:
        if one.use is Use.SCAN:
            self.glances.refused(one)
        else:
            self.watchlist.refused(one, row)
